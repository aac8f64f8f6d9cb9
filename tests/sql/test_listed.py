"""A question that wants things listed is not answered by their number."""

from __future__ import annotations

import pytest

from sql.semantics import Metric, Shop, View
from sql.statement.listed import counted_instead, listed
from sql.statement.parse import parse

SHOP = Shop(
    name="x",
    database="x.duckdb",
    views=(View(name="orders", columns=()),),
    metrics=(
        Metric(name="orders", view="orders", sql="COUNT(DISTINCT order_id)"),
        Metric(name="revenue", view="orders", sql="SUM(amount)"),
    ),
)
WRONG = [
    ("Show all the distinct districts", "SELECT COUNT(district) FROM orders"),
    ("which orders are late", "SELECT orders FROM orders WHERE state = 'late'"),
    ("哪些城市有订单", "SELECT COUNT(city) FROM orders"),
    ("orders with a gift note that still have to go out", "SELECT orders FROM orders WHERE state = 'late'"),
]
RIGHT = [
    ("Show all the distinct districts", "SELECT district FROM orders"),
    ("show the number of districts", "SELECT COUNT(district) FROM orders"),
    ("orders last week", "SELECT orders FROM orders"),
    ("orders in May", "SELECT orders FROM orders"),
    ("show revenue", "SELECT revenue FROM orders"),
    (
        "which city has most orders",
        "SELECT city, orders FROM orders GROUP BY city ORDER BY orders DESC LIMIT 1",
    ),
    ("有多少城市有订单", "SELECT COUNT(city) FROM orders"),
]


@pytest.mark.parametrize(("question", "statement"), WRONG)
def test_a_count_is_no_list(question: str, statement: str) -> None:
    assert counted_instead(parse(statement), question, SHOP) is not None


def test_a_counted_column_is_listed() -> None:
    counted = parse("SELECT COUNT(district) FROM orders WHERE state = 'late'")
    shown = "SELECT district FROM orders WHERE state = 'late' GROUP BY district"
    assert str(listed(counted, "Show all districts with late orders")) == shown
    assert listed(counted, "how many districts have late orders") == counted


@pytest.mark.parametrize(("question", "statement"), RIGHT)
def test_what_was_asked_for_stands(question: str, statement: str) -> None:
    assert counted_instead(parse(statement), question, SHOP) is None
