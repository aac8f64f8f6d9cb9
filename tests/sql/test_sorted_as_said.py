"""Rankings begin at the end that the question asks for."""

from __future__ import annotations

from pathlib import Path

import asking_shop
import pytest

from sql.question.linking import Links
from sql.statement.parse import parse
from sql.statement.sorted_as_said import all_in_order, another_place, in_its_place, sorted_as_said

PLAIN = "SELECT brand, revenue FROM sales GROUP BY brand ORDER BY revenue{} LIMIT 3"
GROWTH = (
    "SELECT brand, GROWTH(revenue) FROM sales WHERE DURING('May 2026') GROUP BY brand "
    "ORDER BY GROWTH(revenue){} LIMIT 1"
)
LESS = (
    "SELECT brand, revenue - BEFORE(revenue) FROM sales WHERE DURING('May 2026') GROUP BY brand "
    "ORDER BY revenue - BEFORE(revenue){} LIMIT 1"
)
UP, DOWN = "", " DESC"
CASES = [
    ("本月和上个月相比，哪个国家的销售额下降最多？", GROWTH, DOWN, UP),
    ("which brand fell most in May", GROWTH, DOWN, UP),
    ("biggest drop in revenue by brand", LESS, DOWN, UP),
    ("which brand fell least in May", GROWTH, UP, DOWN),
    ("which brand grew most in May", GROWTH, UP, DOWN),
    ("涨幅最大的品牌", GROWTH, UP, DOWN),
    ("which brand grew least", GROWTH, DOWN, UP),
    ("the three brands with the lowest revenue", PLAIN, DOWN, UP),
    ("销售额最低的三个品牌", PLAIN, DOWN, UP),
    # nothing is said, both ends are, or the words may be of something else
    ("revenue growth by brand in May", GROWTH, DOWN, DOWN),
    ("which brands rose and which fell most", GROWTH, DOWN, DOWN),
    ("top 3 brands among the lowest priced", PLAIN, DOWN, DOWN),
    ("brands with at least 3 orders, by revenue", PLAIN, DOWN, DOWN),
    ("top 3 brands", PLAIN, DOWN, DOWN),
    ("worst selling brands", PLAIN, UP, UP),
]


@pytest.mark.parametrize(("question", "statement", "written", "meant"), CASES, ids=[c[0] for c in CASES])
def test_the_order_is_the_one_that_is_said(question: str, statement: str, written: str, meant: str) -> None:
    shop = asking_shop.asking_shop(Path("none.duckdb"))
    links = Links(question=question, mentions=())
    assert str(sorted_as_said(parse(statement.format(written)), links, shop)) == statement.format(meant)


BEST = "SELECT brand, revenue FROM sales GROUP BY brand ORDER BY revenue DESC LIMIT 1"
SECOND = "SELECT brand, revenue FROM sales GROUP BY brand HAVING RANK(revenue) = {}"


@pytest.mark.parametrize(
    ("question", "meant"),
    [
        ("who's our second best brand", SECOND.format(2)),
        ("the 3rd-biggest brand by revenue", SECOND.format(3)),
        ("销售额第二高的品牌", SECOND.format(2)),
        ("排第三名的品牌", SECOND.format(3)),
        ("the best brand", BEST),
        ("the second brand", BEST),
    ],
)
def test_the_second_best_is_not_the_best(question: str, meant: str) -> None:
    shop = asking_shop.asking_shop(Path("none.duckdb"))
    found = in_its_place(parse(BEST), Links(question=question, mentions=()), shop)
    assert str(found) == meant
    assert another_place(found, question) is None


def test_the_first_row_of_a_list_is_no_second() -> None:
    first = parse("SELECT order_id FROM sales ORDER BY quantity DESC LIMIT 1")
    assert another_place(first, "the second largest order") is not None
    assert another_place(first, "the largest order") is None


ROWS = "SELECT order_id, due FROM orders ORDER BY due DESC"


@pytest.mark.parametrize(
    ("question", "before", "is_cut"),
    [
        ("largest first and only those over 200", "", False),
        ("从大到小排", "", False),
        ("the largest", "", True),
        ("the first order ever", "", True),
        ("worst first please", "SELECT order_id FROM orders ORDER BY due LIMIT 10", True),
        ("largest first, just 1", "", True),
        ("which country had the highest growth first quarter", "", True),
        ("which cashier had the most first orders", "", True),
        ("价格从高到低，最贵的是哪个", "", True),
    ],
)
def test_largest_first_is_an_order_and_no_number(question: str, before: str, is_cut: bool) -> None:
    said = {float(c) for c in question if c.isdigit()}
    previous = parse(before) if before else None
    told = str(all_in_order(parse(f"{ROWS} LIMIT 1"), previous, said, question))
    assert told == (f"{ROWS} LIMIT 1" if is_cut else ROWS)
