"""Numbers and lengths of time that a question names, and what of a statement nothing in it stands for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import asking_shop
import pytest

from sql.question.linking import Vocabulary, link
from sql.question.stretches import numbers_in
from sql.shop.workspace import Workspace, open_workspace
from sql.statement.heard import invented
from sql.statement.parse import parse
from sql.statement.sayable import periods_of

NUMBERS: list[tuple[str, set[float]]] = [
    ("等了10分钟以上的来电", {10, 600}),
    ("整箱一公斤装的", {1, 1000}),
    ("粉丝3w+的达人", {30_000}),
    ("充值满5k元的会员", {5_000}),
    ("turnover above 2.5M€", {2_500_000}),
    ("invoices over 1 500 €", {1_500}),
    ("七折以下的订单", {0.7, 0.3}),
    ("打八五折的商品", {0.85, 0.15}),
    ("more than 1/3 of them", {0.333333}),
    ("半价卖的", {0.5}),
    ("bottles of 1.5 litres", {1.5, 1500}),
    ("2斤装的", {2, 1000}),
    ("hosts with 100k to 1m followers", {100_000, 1_000_000}),
    ("原因代码-3的报损", {3, -3}),
    ("calls of more than 2 hours", {2, 120, 7200}),
    ("保修期两年以上的产品", {2, 24, 730}),
    ("customers born in the eighties", {1980, 1989}),
    ("90后的会员有多少", {1990, 1999}),
    ("八零后的会员有多少", {1980, 1989}),
    ("customer deciles by revenue", {10}),
    ("stock bookings for reason -3", {3, -3}),
    ("codes 4 and -4", {4, -4}),
    ("去年有几个月回款超过十万", {100_000.0}),
    ("单价高于一万两千的", {12_000.0}),
    ("orders over 2.5k", {2_500.0}),
    ("closed within a week", {7.0}),
    ("一周内结案", {7.0}),
    ("within two weeks", {14.0}),
    ("shipped within half a day", {12.0}),
    ("两天内发货", {2.0, 48.0}),
    ("less than a tenth of the orders", {0.1}),
    ("超过三成五", {0.3}),
    ("三成半", {0.35}),
    ("half of the customers", {0.5}),
    ("more than 5 per cent", {5.0, 0.05}),
    ("播了超过6个半小时的场次", {6.5}),
    ("longer than two and a half hours, or 3 and a half", {3.5}),
    ("orders placed after 10 at night", {22.0}),
    ("orders after 5pm", {17.0}),
    ("晚上十点以后的订单", {22.0}),
    ("until 12 pm", {12.0}),
]
INVENTED: list[tuple[str, str, int]] = [
    ("Revenue in Germany", "SELECT revenue FROM sales WHERE country = 'Germany'", 0),
    ("Revenue", "SELECT revenue FROM sales WHERE country = 'Germany'", 1),
    ("德国的销售额", "SELECT revenue FROM sales WHERE country = 'Germany'", 0),
    ("Revenue without Kitchen", "SELECT revenue FROM sales WHERE category NOT IN ('Kitchen', 'Audio')", 1),
    ("orders after 3 May", "SELECT order_id FROM orders WHERE ordered_at > '2026-05-03'", 0),
]


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    shop = asking_shop.asking_shop(asking_shop.build(tmp_path_factory.mktemp("shop")))
    opened = open_workspace(shop, role="analyst")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def vocabulary(workspace: Workspace) -> Vocabulary:
    return Vocabulary.build(workspace)


@pytest.mark.parametrize(("question", "numbers"), NUMBERS, ids=[q for q, _ in NUMBERS])
def test_numbers_in_words_tenths_and_lengths_of_time(
    question: str, numbers: set[float], vocabulary: Vocabulary
) -> None:
    assert numbers <= set(numbers_in(link(question, vocabulary, dt.date(2026, 6, 30))))


@pytest.mark.parametrize(("question", "statement", "count"), INVENTED)
def test_a_text_that_nothing_in_the_question_stands_for_is_counted(
    question: str, statement: str, count: int, workspace: Workspace, vocabulary: Vocabulary
) -> None:
    assert invented(link(question, vocabulary, workspace.today), parse(statement)) == count


def test_ranges_and_parts_of_codes_are_not_below_zero(vocabulary: Vocabulary) -> None:
    for question in ("orders of 2024 - 2025", "between 3-5 pieces", "part A-3", "2026-05-03"):
        found = numbers_in(link(question, vocabulary, dt.date(2026, 6, 30)))
        assert min(found) >= 0, question


@pytest.mark.parametrize(
    ("question", "offered"),
    [
        ("revenue in Q1 and Q2 2025", {"Q1 2025", "Q2 2025", "Q1 and Q2 2025"}),
        ("2025年5月和6月的订单", {"2025年5月", "2025-06", "2025年5月和6月"}),
        ("orders in 2024 and 2025 by quarter", {"2024", "2025", "2024 and 2025"}),
        ("去年和前年各卖了多少", {"去年", "前年", "2024-01-01 to 2025-12-31"}),
        ("turnover of nov + dec 2025", {"2025-11-01 to 2025-12-31"}),
    ],
)
def test_two_periods_are_offered_each_by_itself_and_both_together(
    workspace: Workspace, question: str, offered: set[str]
) -> None:
    vocabulary = Vocabulary.build(workspace)
    assert offered <= set(periods_of(link(question, vocabulary, workspace.today), workspace))
