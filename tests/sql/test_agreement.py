"""What a statement leaves out of its question, and what the wording leaves no doubt about."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace

import asking_shop
import pytest

from sql.question.linking import Vocabulary, link
from sql.shop.workspace import open_workspace
from sql.statement.agreement import (
    misfits,
    order_of,
    order_of_times,
    unused_links,
)

TODAY = dt.date(2026, 6, 30)


@pytest.fixture(scope="module")
def vocabulary(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vocabulary]:
    shop = asking_shop.asking_shop(asking_shop.build(tmp_path_factory.mktemp("agreement")))
    workspace = open_workspace(shop)
    yield Vocabulary.build(workspace)
    workspace.close()


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
