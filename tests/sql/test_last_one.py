"""The last one of several is one row."""

from __future__ import annotations

import pytest

from sql.question.linking import Links
from sql.semantics import Metric, Shop, View, ViewColumn
from sql.statement.last_one import last_one
from sql.statement.parse import parse
from sql.statement.routes import Routes

SHOP = Shop(
    name="x",
    database="x.duckdb",
    views=(
        View(
            name="orders",
            key=("order_id",),
            time="placed",
            refs={"customer_id": "customers"},
            columns=(
                ViewColumn(name="order_id", type="integer"),
                ViewColumn(name="customer_id", type="integer"),
                ViewColumn(name="placed", type="timestamp"),
                ViewColumn(name="amount", type="number"),
                ViewColumn(name="state", type="text"),
            ),
        ),
        View(
            name="customers",
            key=("customer_id",),
            columns=(
                ViewColumn(name="customer_id", type="integer"),
                ViewColumn(name="name", type="text"),
            ),
        ),
    ),
    metrics=(
        Metric(name="revenue", view="orders", sql="SUM(CASE WHEN state <> 'x' THEN amount END)"),
        Metric(name="buyers", view="orders", sql="COUNT(DISTINCT customer_id)"),
    ),
)
LAST = "ORDER BY placed DESC LIMIT 1"
CASES = [
    (
        "查一下Hollins最近一次下单是哪天、金额多少",
        "SELECT MAX(placed), revenue FROM orders WHERE name = 'Hollins'",
        f"SELECT placed, amount FROM orders WHERE name = 'Hollins' {LAST}",
    ),
    (
        "when was their last order and what state is it in",
        "SELECT MAX(placed), state FROM orders WHERE name = 'Hollins' GROUP BY state",
        f"SELECT placed, state FROM orders WHERE name = 'Hollins' {LAST}",
    ),
    # all customers, a total beside the last order, an order of its own
    ("list the customers with their last order", "SELECT name, MAX(placed) FROM orders GROUP BY name", ""),
    ("客户最近一次下单时间", "SELECT name, MAX(placed) FROM orders GROUP BY name", ""),
    (
        "Hollins最近一次下单是什么时候，今年一共花了多少",
        "SELECT MAX(placed), revenue FROM orders WHERE name = 'Hollins'",
        "",
    ),
    (
        "the last order and what was spent",
        "SELECT name, MAX(placed), revenue FROM orders WHERE state = 'a' GROUP BY name ORDER BY revenue DESC",
        "",
    ),
    # of each customer, the day alone, something that no single order has, and what is asked of all
    ("each customer's last order", "SELECT name, MAX(placed) FROM orders GROUP BY name", ""),
    ("when was the last order", "SELECT MAX(placed) FROM orders", ""),
    ("buyers and the last order", "SELECT MAX(placed), buyers FROM orders", ""),
    ("newest day and revenue", "SELECT MAX(placed), revenue FROM orders", ""),
    ("their last order", "SELECT MAX(amount), revenue FROM orders", ""),
]


@pytest.mark.parametrize(("question", "written", "meant"), CASES, ids=[q for q, _, _ in CASES])
def test_the_last_order_is_one_row(question: str, written: str, meant: str) -> None:
    links = Links(question=question, mentions=())
    assert str(last_one(parse(written), links, SHOP, Routes(SHOP))) == (meant or written)
