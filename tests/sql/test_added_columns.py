"""What a follow-up puts beside what was shown stays beside it, and what takes its place does not."""

from __future__ import annotations

import pytest

from sql.semantics import Metric, Shop, View, ViewColumn
from sql.statement.added_columns import with_added, with_shares
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
FEWEST = f"{COUNTED} ORDER BY order_count LIMIT 3"
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
    ("also the worst 3 by orders", TOP, FEWEST, FEWEST),
    (
        "also revenue",
        "SELECT country, COUNT(*) FROM orders GROUP BY country",
        "SELECT country, COUNT(*), revenue FROM orders GROUP BY country",
        "SELECT country, COUNT(*), revenue FROM orders GROUP BY country",
    ),
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


SHARES = [
    ("as a share of the total please", "SELECT SHARE(revenue, country = 'DE') FROM orders", True),
    ("in percent", "SELECT SHARE(revenue) FROM orders", True),
    ("换成占比", "SELECT SHARE(revenue) FROM orders", True),
    ("what share is Germany's", "SELECT SHARE(revenue, country = 'DE') FROM orders", False),
    ("as a share of last year", "SELECT SHARE(revenue) FROM orders", False),
]


@pytest.mark.parametrize(("message", "written", "is_of_each"), SHARES, ids=[case[0] for case in SHARES])
def test_shares_are_of_each_group_that_was_shown(message: str, written: str, is_of_each: bool) -> None:
    told = str(with_shares(parse(TOP), parse(written), message, SHOP))
    of_each = "SELECT country, SHARE(revenue) FROM orders GROUP BY country ORDER BY revenue DESC LIMIT 3"
    assert told == (of_each if is_of_each else written)
