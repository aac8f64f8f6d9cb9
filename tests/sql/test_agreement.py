"""What a statement leaves out of its question, and what the wording leaves no doubt about."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace

import asking_shop
import pytest

from sql.agreement import (
    lacks_order,
    misfits,
    missing_count,
    missing_extreme,
    missing_groups,
    missing_numbers,
    order_of,
    order_of_times,
    unused_links,
)
from sql.linking import Vocabulary, link
from sql.workspace import open_workspace

TODAY = dt.date(2026, 6, 30)


@pytest.fixture(scope="module")
def vocabulary(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vocabulary]:
    shop = asking_shop.asking_shop(asking_shop.build(tmp_path_factory.mktemp("agreement")))
    workspace = open_workspace(shop)
    yield Vocabulary.build(workspace)
    workspace.close()


@pytest.mark.parametrize(
    ("question", "sql", "expected"),
    [
        ("Pieces by brand", "SELECT brand, SUM(amount) FROM sales GROUP BY brand", {"quantity"}),
        ("Pieces by brand", "SELECT brand, SUM(quantity) FROM sales GROUP BY brand", set()),
        ("各品牌的件数", "SELECT brand, SUM(amount) FROM sales GROUP BY brand", {"quantity"}),
        ("How many items of Audio were sold?", "SELECT SUM(quantity) FROM sales", set()),
        ("Which order number is the latest?", "SELECT MAX(ordered_at) FROM sales", set()),
        ("How much money came in?", "SELECT SUM(quantity) FROM sales", {"amount", "profit"}),
        ("How much money came in?", "SELECT SUM(amount) AS revenue FROM sales", set()),
        ("卖了多少钱？", "SELECT COUNT(*) FROM sales", {"amount", "profit"}),
        ("Brands with pieces over 3", "SELECT brand FROM sales WHERE amount > 3", set()),
        ("Pieces for more than 50 euros", "SELECT SUM(profit) FROM sales", {"quantity"}),
        ("Pieces by brand", "SELECT brand, FROM WHERE", set()),
    ],
)
def test_numbers_that_a_statement_misses(
    vocabulary: Vocabulary, question: str, sql: str, expected: set[str]
) -> None:
    view = vocabulary.view("sales")
    assert view is not None
    assert missing_numbers(link(question, vocabulary, TODAY), sql, view, "duckdb") == expected


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("Which brand has the lowest profit?", "asc"),
        ("哪个品牌的利润最高？", "desc"),
        ("Five worst rated products with at least 20 reviews", "asc"),
        ("Customers with at most 3 orders", None),
        ("满意度最低的 3 个产品", "asc"),
        ("最不满意的客户最多的国家", None),
        ("Which brands made the biggest losses?", None),
        ("The most products at the lowest price", None),
        ("Which supplier is the worst?", None),
        ("最多 3 件的订单", None),
    ],
)
def test_which_way_a_ranking_is_sorted(vocabulary: Vocabulary, question: str, expected: str | None) -> None:
    assert order_of(link(question, vocabulary, TODAY)) == expected


@pytest.mark.parametrize(
    ("question", "sql", "expected"),
    [
        ("Revenue in Germany last month", "SELECT SUM(amount) FROM sales", ("Germany", "last month")),
        (
            "Revenue in Germany last month",
            "SELECT SUM(amount) FROM sales WHERE country = 'Germany' AND ordered_at >= '2026-05-01'",
            (),
        ),
        ("德国的销售额", "SELECT SUM(amount) FROM sales WHERE country = 'France'", ("德国",)),
    ],
)
def test_values_and_periods_left_out(
    vocabulary: Vocabulary, question: str, sql: str, expected: tuple[str, ...]
) -> None:
    assert unused_links(link(question, vocabulary, TODAY), sql) == expected


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("Revenue in Germany", {"sales": 0.0, "orders": 2.0, "customers": 1.0}),
        ("Who signed up in France?", {"sales": 1.0, "orders": 2.0, "customers": 0.0}),
        ("Tell me something", {"sales": 0.0, "orders": 0.0, "customers": 0.0}),
    ],
)
def test_what_a_view_has_no_word_for(
    vocabulary: Vocabulary, question: str, expected: dict[str, float]
) -> None:
    assert misfits(link(question, vocabulary, TODAY), vocabulary.views) == expected


def test_a_period_needs_a_time(vocabulary: Vocabulary) -> None:
    timeless = [replace(view, time=None) if view.name == "orders" else view for view in vocabulary.views]
    found = misfits(link("In May 2026", vocabulary, TODAY), timeless)
    assert found == {"sales": 0.0, "orders": 1.5, "customers": 0.0}


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("Which order has been waiting the longest?", "asc"),
        ("The latest order of customer 3", "desc"),
        ("最新的订单", "desc"),
        ("Revenue last month", None),
        ("The highest of the first orders", None),
    ],
)
def test_which_end_of_time_is_asked_for(vocabulary: Vocabulary, question: str, expected: str | None) -> None:
    assert order_of_times(link(question, vocabulary, TODAY)) == expected


TWO = "SELECT SUM(amount) FROM sales WHERE country IN ('Germany', 'France')"


@pytest.mark.parametrize(
    ("question", "sql", "expected"),
    [
        ("Revenue in Germany compared with France", TWO, ("country",)),
        ("Revenue in Germany compared with the neighbours", TWO, ("country",)),
        ("德国和法国的销售额对比", TWO, ("country",)),
        ("Revenue in Germany compared with France", f"{TWO} GROUP BY country", ()),
        ("Revenue in Germany compared with France", TWO.replace("SUM", "country, SUM"), ()),
        ("Revenue in Germany and France", TWO, ()),
        ("Total revenue of each, Germany and France, combined", TWO, ()),
        ("Revenue in Germany compared with last year", "SELECT SUM(amount) FROM sales", ()),
        ("Revenue in Germany compared with France", "SELECT FROM WHERE", ()),
    ],
)
def test_what_is_compared_is_grouped_by(
    vocabulary: Vocabulary, question: str, sql: str, expected: tuple[str, ...]
) -> None:
    view = vocabulary.view("sales")
    assert view is not None
    assert missing_groups(link(question, vocabulary, TODAY), sql, view, "duckdb") == expected


@pytest.mark.parametrize(
    ("question", "sql", "expected"),
    [
        ("When did customer 3 last order?", "SELECT ordered_at FROM orders WHERE customer_id = 3", "desc"),
        ("When did customer 3 first order?", "SELECT ordered_at FROM orders WHERE customer_id = 3", "asc"),
        ("When did customer 3 last order?", "SELECT MAX(ordered_at) FROM orders WHERE customer_id = 3", None),
        (
            "When did customer 3 last order?",
            "SELECT ordered_at FROM orders WHERE customer_id = 3 ORDER BY ordered_at DESC LIMIT 1",
            None,
        ),
        ("When was order 3 placed?", "SELECT ordered_at FROM orders WHERE order_id = 3", None),
        ("The last orders of customer 3", "SELECT ordered_at FROM orders WHERE customer_id = 3", None),
    ],
)
def test_one_time_of_many(vocabulary: Vocabulary, question: str, sql: str, expected: str | None) -> None:
    assert missing_extreme(link(question, vocabulary, TODAY), sql, "duckdb") == expected


@pytest.mark.parametrize(
    ("question", "sql", "expected"),
    [
        ("Which brand has the lowest profit?", "SELECT brand, SUM(profit) FROM sales GROUP BY brand", True),
        ("Which product has the lowest profit?", "SELECT product, profit FROM sales", True),
        (
            "Which brand has the lowest profit?",
            "SELECT brand FROM sales GROUP BY brand ORDER BY SUM(profit) LIMIT 1",
            False,
        ),
        ("What was the lowest profit?", "SELECT MIN(profit) FROM sales", False),
        ("Profit by brand", "SELECT brand, SUM(profit) FROM sales GROUP BY brand", False),
    ],
)
def test_a_ranking_is_sorted(vocabulary: Vocabulary, question: str, sql: str, expected: bool) -> None:
    assert lacks_order(link(question, vocabulary, TODAY), sql, "duckdb") == expected


@pytest.mark.parametrize(
    ("question", "view", "sql", "expected"),
    [
        ("How many brands were sold?", "sales", "SELECT COUNT(*) FROM sales", "brand"),
        ("多少个品牌卖出去了？", "sales", "SELECT COUNT(*) FROM sales", "brand"),
        ("How many brands were sold?", "sales", "SELECT COUNT(DISTINCT brand) FROM sales", None),
        ("How many orders came in?", "orders", "SELECT COUNT(*) FROM orders", None),
        ("How many pieces were sold?", "sales", "SELECT COUNT(*) FROM sales", None),
        ("How many customers are there?", "customers", "SELECT COUNT(*) FROM customers", None),
        ("Which brands were sold how many times?", "sales", "SELECT brand, COUNT(*) FROM sales", None),
        ("How many brands were sold?", "sales", "SELECT FROM WHERE", None),
    ],
)
def test_things_are_counted_and_not_rows(
    vocabulary: Vocabulary, question: str, view: str, sql: str, expected: str | None
) -> None:
    found = vocabulary.view(view)
    assert found is not None
    assert missing_count(link(question, vocabulary, TODAY), sql, found, "duckdb") == expected
