"""Statements of the question language over the demonstration shop give what plain SQL gives."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.language import same
from sql.shop.shopfile import load_shop
from sql.shop.workspace import Workspace
from sql.statement.compile import compile_statement
from sql.statement.parse import parse

SHOP = Path(__file__).resolve().parents[2] / "demo" / "shop.yml"

PAIRS = [
    (
        "SELECT category, return_rate FROM sales WHERE DURING('2025') GROUP BY category",
        "SELECT s.category, CAST(r.n AS DOUBLE) / s.n FROM (SELECT category, SUM(quantity) AS n FROM sales "
        "WHERE ordered_at >= '2025-01-01' AND ordered_at < '2026-01-01' GROUP BY category) AS s JOIN "
        "(SELECT category, SUM(quantity) AS n FROM returns WHERE returned_at >= '2025-01-01' AND "
        "returned_at < '2026-01-01' GROUP BY category) AS r ON r.category = s.category ORDER BY s.category",
    ),
    (
        "SELECT COUNT(customer_id) FROM customers WHERE customer_id HAS NO sales",
        "SELECT COUNT(*) FROM customers WHERE orders = 0",
    ),
    (
        "SELECT SHARE(buyers, customer_id HAS orders (status <> 'cancelled' AND status <> 'payment_failed') "
        "COUNT >= 2) FROM sales",
        "SELECT AVG(CASE WHEN orders >= 2 THEN 1.0 ELSE 0.0 END) FROM customers WHERE orders > 0",
    ),
    (
        "SELECT MEDIAN(delivery_days) FROM orders",
        "SELECT MEDIAN(delivery_days) FROM orders",
    ),
    (
        "SELECT supplier, revenue FROM sales GROUP BY supplier ORDER BY revenue DESC LIMIT 3",
        "SELECT p.supplier, SUM(s.amount) FROM sales AS s JOIN products AS p ON p.product_id = s.product_id "
        "GROUP BY p.supplier ORDER BY SUM(s.amount) DESC LIMIT 3",
    ),
    (
        "SELECT revenue, refund_rate, orders_per_visit, revenue_per_visit FROM sales",
        "SELECT (SELECT SUM(amount) FROM sales), (SELECT SUM(refund_amount) FROM returns) / "
        "(SELECT SUM(amount) "
        "FROM sales), (SELECT COUNT(DISTINCT order_id) FROM sales) / CAST((SELECT COUNT(*) FROM "
        "sessions) AS DOUBLE), "
        "(SELECT SUM(amount) FROM sales) / (SELECT COUNT(*) FROM sessions)",
    ),
    (
        "SELECT stock_on_hand FROM stock_history",
        "SELECT SUM(on_hand) FROM stock",
    ),
]


def test_the_demonstration_shop_says_how_its_views_hang_together() -> None:
    shop = load_shop(SHOP)
    assert all(view.key for view in shop.views if view.name != "sales")
    assert {m.name for m in shop.metrics if m.is_composed} >= {
        "return_rate",
        "refund_rate",
        "orders_per_visit",
    }


@pytest.mark.slow
@pytest.mark.parametrize(("statement", "sql"), PAIRS, ids=[s[:60] for s, _ in PAIRS])
def test_a_statement_gives_what_plain_sql_gives(demo_workspace: Workspace, statement: str, sql: str) -> None:
    made = compile_statement(
        parse(statement), demo_workspace.shop, "duckdb", demo_workspace.today, demo_workspace.role
    )
    assert same(demo_workspace.run(made.sql).rows, demo_workspace.run(sql).rows)
