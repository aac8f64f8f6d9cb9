"""One figure that is asked for is summed, and rows that are asked for stay rows."""

from __future__ import annotations

import pytest

from sql.question.linking import Links
from sql.semantics import Metric, Shop, View, ViewColumn
from sql.statement.parse import parse
from sql.statement.routes import Routes
from sql.statement.summed import summed

SHOP = Shop(
    name="x",
    database="x.duckdb",
    views=(
        View(
            name="orders",
            key=("order_id",),
            columns=(
                ViewColumn(name="order_id", type="integer"),
                ViewColumn(name="number", type="text"),
                ViewColumn(name="tax", type="number"),
                ViewColumn(name="paid", type="number"),
                ViewColumn(name="state", type="text"),
            ),
        ),
        View(
            name="fees",
            key=("fee_id",),
            refs={"order_id": "orders"},
            columns=(
                ViewColumn(name="fee_id", type="integer"),
                ViewColumn(name="order_id", type="integer"),
                ViewColumn(name="fee", type="number"),
            ),
        ),
    ),
    metrics=(Metric(name="taxes", view="orders", sql="SUM(tax)"),),
)
CASES = [
    ("how much VAT did we charge", "SELECT tax FROM orders", "SELECT taxes FROM orders"),
    ("今年一共付了多少", "SELECT paid, tax FROM orders", "SELECT SUM(paid), taxes FROM orders"),
    (
        "how much is in state open",
        "SELECT paid FROM orders WHERE state = 'open'",
        "SELECT SUM(paid) FROM orders WHERE state = 'open'",
    ),
    (
        "还有多少没付",
        "SELECT paid FROM orders WHERE state = 'open'",
        "SELECT SUM(paid) FROM orders WHERE state = 'open'",
    ),
    (
        "which states still owe fees, and how much does each of them owe? biggest first",
        "SELECT state, fee FROM fees ORDER BY fee DESC",
        "SELECT state, SUM(fee) FROM fees GROUP BY state ORDER BY SUM(fee) DESC",
    ),
    ("各欠了多少", "SELECT state, fee FROM fees", "SELECT state, SUM(fee) FROM fees GROUP BY state"),
    ("how much was each refund and who got it", "SELECT state, fee FROM fees", "SELECT state, fee FROM fees"),
    # of one order by its number, a price, each fee by itself, and amounts beside what is the fees' own
    (
        "what is in A-700, and how much of each",
        "SELECT state, fee FROM fees WHERE number = 'A-700'",
        "SELECT state, fee FROM fees WHERE number = 'A-700'",
    ),
    ("标价是多少", "SELECT tax FROM orders", "SELECT tax FROM orders"),
    ("list the fees with their states", "SELECT state, fee FROM fees", "SELECT state, fee FROM fees"),
    ("how much does each of them owe", "SELECT fee_id, fee FROM fees", "SELECT fee_id, fee FROM fees"),
    # of one order, beside something else, of each, in an order, and what is no total
    *(
        (question, statement, statement)
        for question, statement in (
            ("how much was order 7", "SELECT paid FROM orders WHERE order_id = 7"),
            ("how much was A-700", "SELECT paid FROM orders WHERE number = 'A-700'"),
            ("how much did they pay", "SELECT number, paid FROM orders"),
            ("how much was paid for each", "SELECT paid FROM orders"),
            ("how much at most", "SELECT paid FROM orders ORDER BY paid DESC LIMIT 1"),
            ("what was paid", "SELECT paid FROM orders"),
            ("how much is the number", "SELECT number FROM orders"),
        )
    ),
]


@pytest.mark.parametrize(("question", "written", "meant"), CASES, ids=[q for q, _, _ in CASES])
def test_a_total_is_one_figure(question: str, written: str, meant: str) -> None:
    links = Links(question=question, mentions=())
    assert str(summed(parse(written), links, SHOP, Routes(SHOP))) == meant
