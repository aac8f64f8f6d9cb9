"""What a follow-up puts beside what was shown stays beside it, and what takes its place does not."""

from __future__ import annotations

import pytest

from sql.semantics import Metric, Shop, View, ViewColumn
from sql.statement.added_columns import with_added
from sql.statement.parse import parse

SHOP = Shop(
    name="x",
    database="",
    views=(View(name="orders", columns=(ViewColumn(name="country", type="text"),)),),
    metrics=(
        Metric(name="revenue", view="orders", sql="SUM(total)"),
        Metric(name="order_count", view="orders", sql="COUNT(*)"),
    ),
)
BY_COUNTRY = "SELECT country, revenue FROM orders GROUP BY country"
TOP = "SELECT country, revenue FROM orders GROUP BY country ORDER BY revenue DESC LIMIT 3"
COUNTED = "SELECT country, order_count FROM orders GROUP BY country"
KEPT = "SELECT country, revenue, order_count FROM orders GROUP BY country"
CITY = "SELECT city FROM orders"
WITH_FEE = "SELECT SUM(paid + fee) FROM orders"
CASES = [
    ("and how many orders each?", BY_COUNTRY, COUNTED, KEPT),
    ("the orders too", BY_COUNTRY, COUNTED, KEPT),
    ("订单数也加上", BY_COUNTRY, COUNTED, KEPT),
    ("put the orders next to it", BY_COUNTRY, COUNTED, KEPT),
    (
        "add the orders",
        TOP,
        f"{COUNTED} ORDER BY order_count DESC LIMIT 3",
        f"{KEPT} ORDER BY revenue DESC LIMIT 3",
    ),
    ("city too", "SELECT email FROM orders", "SELECT city FROM orders", "SELECT email, city FROM orders"),
    # what takes its place, or tells of other rows
    ("orders instead", BY_COUNTRY, COUNTED, COUNTED),
    ("how many orders", BY_COUNTRY, COUNTED, COUNTED),
    ("and the orders of 2025 too", BY_COUNTRY, f"{COUNTED} LIMIT 5", f"{COUNTED} LIMIT 5"),
    (
        "France too",
        "SELECT revenue FROM orders WHERE country = 'DE'",
        "SELECT order_count FROM orders WHERE country IN ('DE', 'FR')",
        "SELECT order_count FROM orders WHERE country IN ('DE', 'FR')",
    ),
    ("who are they, the city too", "SELECT order_count FROM orders", CITY, CITY),
    ("add the shipping", "SELECT SUM(paid) FROM orders", WITH_FEE, WITH_FEE),
]  # fmt: skip


@pytest.mark.parametrize(("message", "before", "written", "meant"), CASES, ids=[case[0] for case in CASES])
def test_it_keeps_what_was_shown_where_it_adds_to_it(
    message: str, before: str, written: str, meant: str
) -> None:
    assert str(with_added(parse(before), parse(written), message, SHOP)) == meant
