"""Words of a question that a statement has a part for, as people who know no statement say them; and those
that it leaves out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from described_shop import described, inserted

from sql.question.linking import Vocabulary, link
from sql.shop.workspace import Workspace, open_workspace
from sql.statement.compile import compile_statement
from sql.statement.heard import unheard
from sql.statement.parse import parse

STATES = ("open", "paid", "shipped", "pending_payment", "cancelled")
SCRIPT = "\n".join(
    [
        "CREATE TABLE customers (customer_id INTEGER PRIMARY KEY, full_name VARCHAR, opened_at DATE);",
        inserted("customers", [f"({n}, 'Ann Lee {n}', '2024-05-0{n}')" for n in range(1, 9)]),
        "CREATE TABLE products (product_id INTEGER PRIMARY KEY, title VARCHAR, is_active BOOLEAN,"
        " is_sent BOOLEAN, stock_quantity INTEGER);",
        inserted("products", [f"({n}, 'Thing {n}', {n % 3 > 0}, {n % 2 > 0}, {n})" for n in range(1, 9)]),
        "CREATE TABLE orders (order_id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers,"
        " ordered_at DATE, status VARCHAR, total INTEGER);",
        inserted(
            "orders",
            [f"({n}, {n % 8 + 1}, '2025-0{n % 9 + 1}-10', '{STATES[n % 5]}', {n})" for n in range(1, 41)],
        ),
    ]
)
HEARD = [
    ("orders that are not paid yet", "SELECT order_id FROM orders WHERE status = 'pending_payment'"),
    ("orders not yet shipped", "SELECT order_id FROM orders WHERE status = 'open'"),
    ("还没付款的订单", "SELECT order_id FROM orders WHERE status = 'pending_payment'"),
    ("without those that are switched off", "SELECT title FROM products WHERE is_active"),
    ("which things are we still running", "SELECT title FROM products WHERE is_active"),
    ("when did we open it for Ann Lee 3", "SELECT opened_at FROM customers WHERE full_name = 'Ann Lee 3'"),
    ("how many were wanted by the customer", "SELECT COUNT(*) FROM orders"),
    ("how many customers ordered", "SELECT COUNT(customer_id) FROM orders"),
    ("which have dropped below 5", "SELECT title FROM products WHERE stock_quantity < 5"),
    ("those above 20, odd, isn't it", "SELECT order_id FROM orders WHERE total > 20"),
    ("orders older than 30 days", "SELECT order_id FROM orders WHERE DURING('before the last 30 days')"),
    ("orders more than 30 days ago", "SELECT order_id FROM orders WHERE ordered_at < '2025-08-11'"),
    (
        "who was not seen for 90 days",
        "SELECT full_name FROM customers WHERE customer_id HAS NO orders DURING('last 90 days')",
    ),
    (
        "2024 and 2025, how many each",
        "SELECT YEAR, COUNT(*) FROM orders WHERE DURING('2024 to 2025') GROUP BY YEAR",
    ),
    ("March to May, this year", "SELECT COUNT(*) FROM orders WHERE DURING('March to May')"),
    ("total and number of orders, compared", "SELECT SUM(total), COUNT(*) FROM orders"),
    ("things in stock", "SELECT COUNT(*) FROM products WHERE stock_quantity > 0"),
    ("多少件", "SELECT SUM(stock_quantity) FROM products"),
    (
        "orders that should be out by now",
        "SELECT order_id FROM orders WHERE status = 'open' AND ordered_at < '2025-08-11'",
    ),
    ("things with nothing left", "SELECT title FROM products WHERE stock_quantity = 0"),
    ("customers nobody sold to", "SELECT full_name FROM customers WHERE customer_id HAS NO orders"),
    ("nothing fancy, how many orders", "SELECT COUNT(*) FROM orders"),
    ("things, nothing under 5", "SELECT title FROM products WHERE stock_quantity >= 5"),
    ("on how many days did no one order", "SELECT COUNT(DAY) FROM orders HAVING COUNT(*) = 0"),
]
LEFT_OUT = [
    ("orders that are not open", "SELECT order_id FROM orders WHERE status = 'open'", "not"),
    ("things that are not active", "SELECT title FROM products WHERE is_active", "not"),
    ("how did money and orders grow", "SELECT SUM(total), COUNT(*) FROM orders", "grow"),
    ("in 2024 and in March 2025", "SELECT SUM(total) FROM orders WHERE DURING('March 2025')", "2024"),
    ("how many paid orders", "SELECT COUNT(*) FROM orders", "paid"),
    ("orders by status", "SELECT COUNT(*) FROM orders", "status"),
    ("split by the status", "SELECT COUNT(*) FROM orders", "status"),
    ("unpaid for more than 30 days", "SELECT order_id FROM orders WHERE status = 'pending_payment'",
     "for more than 30 days"),
    ("open ones without a customer", "SELECT order_id FROM orders WHERE status = 'open'", "without"),
    ("who never came and gets our letter", "SELECT title FROM products WHERE is_sent", "never"),
    ("orders until 1 May", "SELECT COUNT(*) FROM orders WHERE DURING('before 1 May')", "until 1 May"),
    ("this year, this month", "SELECT COUNT(*) FROM orders WHERE DURING('this month')", "this year"),
    ("how many in March", "SELECT MONTH, COUNT(*) FROM orders WHERE DURING('2025') GROUP BY MONTH", "March"),
    ("nothing left of what", "SELECT SUM(stock_quantity) FROM products", "nothing"),
    ("things nobody has", "SELECT title FROM products", "nobody"),
    ("total per status", "SELECT SUM(total), COUNT(*) FROM orders", "per"),
    ("orders not paid", "SELECT COUNT(*) FROM orders WHERE status = 'shipped'", "paid"),
    ("things never sold", "SELECT title FROM products WHERE is_active", "never"),
    ("which customer no orders", "SELECT full_name FROM customers", "no"),
    ("orders received by status", "SELECT COUNT(*) FROM orders", "status"),
    ("stock value by customer", "SELECT full_name, SUM(total) FROM orders GROUP BY full_name", "stock value"),
    ("total, net of tax", "SELECT SUM(total) FROM orders", "net of tax"),
    ("total without shipping costs", "SELECT SUM(total) FROM orders", "without shipping costs"),
    ("去年同一时候呢", "SELECT COUNT(*) FROM orders WHERE DURING('去年')", "去年同一时候"),
    ("orders that fell", "SELECT COUNT(*) FROM orders", "fell"),
    ("no orders", "SELECT full_name FROM customers", "no"),
    ("orders that should be out by now", "SELECT order_id FROM orders WHERE status = 'open'",
     "should be out by now"),
]  # fmt: skip


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    found = described("duckdb", SCRIPT, tmp_path_factory.mktemp("heard"))
    workspace = open_workspace(replace(found.shop, metrics=()))
    yield workspace
    workspace.close()


@pytest.fixture(scope="module")
def vocabulary(workspace: Workspace) -> Vocabulary:
    return Vocabulary.build(workspace)


def left_out(question: str, statement: str, workspace: Workspace, vocabulary: Vocabulary) -> tuple[str, ...]:
    links = link(question, vocabulary, workspace.today)
    compiled = compile_statement(
        parse(statement), workspace.shop, workspace.catalog.dialect, workspace.today, workspace.role
    )
    return unheard(links, compiled, workspace.shop)


@pytest.mark.parametrize(("question", "statement"), HEARD)
def test_it_has_a_part_for_each_word(
    question: str, statement: str, workspace: Workspace, vocabulary: Vocabulary
) -> None:
    assert left_out(question, statement, workspace, vocabulary) == ()


@pytest.mark.parametrize(("question", "statement", "word"), LEFT_OUT)
def test_what_it_leaves_out_is_told(
    question: str, statement: str, word: str, workspace: Workspace, vocabulary: Vocabulary
) -> None:
    assert word in left_out(question, statement, workspace, vocabulary)


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("SELECT title, price FROM items WHERE price < 40 ORDER BY price", ("tyres",)),
        ("SELECT title, price FROM items WHERE title LIKE '%Tyre%' AND price < 40 ORDER BY price", ()),
    ],
)
def test_a_word_that_is_part_of_several_names_is_a_condition(
    statement: str, told: tuple[str, ...], tmp_path: Path
) -> None:
    names = [f"{kind} {n}" for kind in ("Road Tyre", "Gravel Tyre", "Chain", "Pump") for n in range(9)]
    values = [f"({n}, '{name}', {10 + n})" for n, name in enumerate(names)]
    script = "CREATE TABLE items (item_id INTEGER, title VARCHAR, price INTEGER);" + inserted("items", values)
    opened = open_workspace(described("duckdb", script, tmp_path).shop)
    try:
        assert left_out("tyres under 40, cheapest first", statement, opened, Vocabulary.build(opened)) == told
    finally:
        opened.close()
