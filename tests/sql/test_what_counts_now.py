"""What a statement over a drafted shop leaves out by itself: days before the last, lines not sold."""
# ruff: noqa: E501

from __future__ import annotations

from collections.abc import Iterator

import pytest
from script_file import write_file

from sql.databases import open_database
from sql.question.linking import Vocabulary, link
from sql.shop.describe import describe_database
from sql.shop.workspace import Workspace, open_workspace
from sql.statement.levels_now import levels_now
from sql.statement.parse import parse
from sql.statement.rehomed import without_itself
from sql.statement.sold_only import sold_only

SCRIPT = (
    "CREATE TABLE products (id INTEGER PRIMARY KEY, product VARCHAR(9), price INTEGER);"
    "CREATE TABLE orders (id INTEGER PRIMARY KEY, placed_at DATE, order_status VARCHAR(9));"
    "CREATE TABLE order_lines (id INTEGER PRIMARY KEY, order_id INTEGER REFERENCES orders (id), product_id INTEGER "
    "REFERENCES products (id), quantity INTEGER, unit_price INTEGER);"
    "CREATE TABLE stock_daily (stock_day DATE, product_id INTEGER REFERENCES products (id), quantity INTEGER);"
    "INSERT INTO products VALUES (1, 'pot', 5), (2, 'cup', 6), (3, 'pin', 7);"
    "INSERT INTO orders VALUES "
    + ", ".join(f"({n}, '2026-05-{n:02d}', '{'cancelled' if n > 20 else 'paid'}')" for n in range(1, 29))
    + ";INSERT INTO order_lines VALUES "
    + ", ".join(f"({n}, {n}, {3 if n > 20 else n % 2 + 1}, 1, {5 + n % 2})" for n in range(1, 29))
    + ";INSERT INTO stock_daily VALUES "
    + ", ".join(f"('2026-05-{d:02d}', {p}, {30 - d + p})" for d in range(1, 29) for p in (1, 2, 3))
    + ";"
)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    path = write_file("duckdb", SCRIPT, tmp_path_factory.mktemp("now"))
    database = open_database(str(path))
    shop = describe_database(database, name="x", location=str(path)).shop
    opened = open_workspace(shop, database=database)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def vocabulary(workspace: Workspace) -> Vocabulary:
    return Vocabulary.build(workspace)


LEVELS = [
    (
        "which products are low?",
        "SELECT product FROM stock_daily WHERE quantity < 5",
        "SELECT product FROM stock_daily WHERE quantity < 5 AND DURING('2026-05-28')",
    ),
    (
        "how many products have less than 5?",
        "SELECT COUNT(product_id) FROM stock_daily WHERE quantity < 5",
        "SELECT COUNT(product_id) FROM stock_daily WHERE quantity < 5 AND DURING('2026-05-28')",
    ),
    ("stock by product", "SELECT product, {stock} FROM stock_daily GROUP BY product", ""),
    ("on which days was it low?", "SELECT stock_day FROM stock_daily WHERE quantity < 5", ""),
    ("average stock per week", "SELECT WEEK, AVG(quantity) FROM stock_daily GROUP BY WEEK", ""),
    (
        "low in the last week",
        "SELECT product FROM stock_daily WHERE DURING('last week') AND quantity < 5",
        "",
    ),
    ("which orders are paid?", "SELECT id FROM orders WHERE order_status = 'paid'", ""),
]


@pytest.mark.parametrize(("question", "statement", "meant"), LEVELS)
def test_levels_are_those_of_the_last_day(
    question: str, statement: str, meant: str, workspace: Workspace, vocabulary: Vocabulary
) -> None:
    stock = next(m.name for m in workspace.shop.metrics if m.last is not None)
    given = parse(statement.format(stock=stock))
    found = levels_now(given, link(question, vocabulary, workspace.today), workspace)
    assert str(found) == (meant or str(given))


SOLD = [
    (
        "what was never sold?",
        "SELECT product FROM products WHERE id HAS NO order_lines",
        "SELECT product FROM products WHERE id HAS NO order_lines (counts_as_sold = 1)",
    ),
    (
        "从来没卖出去过的商品",
        "SELECT product FROM products WHERE id HAS NO order_lines",
        "SELECT product FROM products WHERE id HAS NO order_lines (counts_as_sold = 1)",
    ),
    ("what is in no order?", "SELECT product FROM products WHERE id HAS NO order_lines", ""),
    (
        "never sold in bulk",
        "SELECT product FROM products WHERE id HAS NO order_lines (quantity > 5)",
        "SELECT product FROM products WHERE id HAS NO order_lines (quantity > 5 AND counts_as_sold = 1)",
    ),
    ("never bought in May", "SELECT product FROM products WHERE id HAS NO stock_daily", ""),
]


@pytest.mark.parametrize(("question", "statement", "meant"), SOLD)
def test_what_was_never_sold_may_stand_in_a_cancelled_order(
    question: str, statement: str, meant: str, workspace: Workspace, vocabulary: Vocabulary
) -> None:
    given = parse(statement)
    found = sold_only(given, link(question, vocabulary, workspace.today), workspace.shop, "duckdb")
    assert str(found) == (meant or str(given))


ITSELF = [
    (
        "SELECT product FROM order_lines WHERE product_id HAS NO order_lines",
        "SELECT product FROM products WHERE id HAS NO order_lines",
    ),
    (
        "SELECT product FROM order_lines WHERE quantity > 1 AND product_id HAS NO order_lines LIMIT 3",
        "SELECT product FROM products WHERE id HAS NO order_lines LIMIT 3",
    ),
    ("SELECT product FROM order_lines WHERE product_id HAS NO stock_daily", ""),
    ("SELECT product FROM order_lines WHERE product_id HAS NO order_lines DURING('May 2026')", ""),
    ("SELECT COUNT(product_id) FROM order_lines WHERE product_id HAS NO order_lines", ""),
]


@pytest.mark.parametrize(("statement", "meant"), ITSELF)
def test_things_without_rows_are_not_looked_for_among_these_rows(
    statement: str, meant: str, workspace: Workspace
) -> None:
    given = parse(statement)
    assert str(without_itself(given, workspace.shop)) == (meant or str(given))
