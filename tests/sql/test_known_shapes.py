"""Tables in the shape of samples and systems that many know: what init makes of their names and values."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest

from sql.databases import open_database
from sql.semantics import Shop
from sql.shop.describe import describe_database
from sql.shop.workspace import open_workspace
from sql.statement.compile import compile_statement
from sql.statement.parse import parse

ONE_TABLE = """
CREATE TABLE "Orders" ("Order ID" TEXT, "Order Date" DATE, "Ship Date" DATE, "Customer Name" TEXT,
  "Region" TEXT, "Category" TEXT, "Product Name" TEXT, "Sales" DOUBLE, "Quantity" INTEGER, "Discount" DOUBLE,
  "Profit" DOUBLE);
INSERT INTO "Orders" SELECT 'CA-' || (i // 3), DATE '2024-01-01' + CAST(i // 3 AS INTEGER), DATE '2024-01-04'
  + CAST(i // 3 AS INTEGER), 'customer ' || (i // 3 % 20), CASE i // 3 % 2 WHEN 0 THEN 'East' ELSE 'West' END,
  'c' || (i % 4), 'p' || (i % 11), 10 + i % 7, 1 + i % 3, 0.1, 2 + i % 5 FROM range(180) AS t(i);
"""
LINES = """
CREATE TABLE orders (order_id TEXT, customer_id INTEGER, order_purchase_timestamp TIMESTAMP,
  order_status TEXT);
INSERT INTO orders SELECT 'o' || i, i % 40, TIMESTAMP '2025-01-01' + to_days(CAST(i AS INTEGER)),
  CASE WHEN i % 9 = 0 THEN 'canceled' ELSE 'delivered' END FROM range(120) AS t(i);
CREATE TABLE order_items (order_id TEXT, order_item_id INTEGER, product_id TEXT, shipping_limit_date DATE,
  price DOUBLE, ModifiedDate DATE);
INSERT INTO order_items SELECT 'o' || (i % 120), 1 + i // 120, 'p' || (i % 13),
  DATE '2025-03-01' + CAST(i % 120 AS INTEGER), 5 + i % 4, DATE '2026-02-01' FROM range(240) AS t(i);
"""
PREFIXED = """
CREATE TABLE lm_user (id INTEGER, nickname TEXT, last_login_time DATE, add_time DATE);
INSERT INTO lm_user SELECT i, 'n' || i, DATE '2026-04-01', DATE '2025-01-01' + CAST(i AS INTEGER)
  FROM range(1, 61) AS t(i);
CREATE TABLE lm_coupon_user (id INTEGER, user_id INTEGER, coupon_id INTEGER, add_time DATE);
INSERT INTO lm_coupon_user SELECT i, 1 + i % 60, 1 + i % 3, DATE '2025-02-01' FROM range(1, 81) AS t(i);
CREATE TABLE lm_category (id INTEGER, name TEXT, pid INTEGER, sort_order INTEGER);
INSERT INTO lm_category VALUES (1, '厨房', 0, 1), (2, '零食', 0, 2), (3, '锅具', 1, 3), (4, '饼干', 2, 4),
  (5, '坚果', 2, 5), (6, '炒锅', 3, 6);
CREATE TABLE lm_goods (id INTEGER, name TEXT, category_id INTEGER, retail_price DOUBLE);
INSERT INTO lm_goods SELECT i, 'g' || i, 3 + i % 4, 9.9 FROM range(1, 13) AS t(i);
CREATE TABLE lm_order (id INTEGER, order_sn TEXT, user_id INTEGER, order_price DOUBLE, actual_price DOUBLE,
  add_time DATE);
INSERT INTO lm_order SELECT i, '2026' || (1000 + i), 1 + i % 60, 20, 18,
  DATE '2025-03-01' + CAST(i AS INTEGER) FROM range(1, 101) AS t(i);
CREATE TABLE lm_order_goods (id INTEGER, order_id INTEGER, goods_id INTEGER, number INTEGER, price DOUBLE);
INSERT INTO lm_order_goods SELECT i, 1 + i % 100, 1 + i % 12, 2, 5 FROM range(1, 201) AS t(i);
"""
ONE_ROOT = """
CREATE TABLE Category (CategoryID INTEGER, ParentCategoryID INTEGER, Name TEXT);
INSERT INTO Category VALUES (1, NULL, 'Root'), (2, 1, 'Home'), (3, 2, 'Bikes'), (4, 2, 'Clothing'),
  (5, 3, 'Road Bikes'), (6, 5, 'Race'), (7, 4, 'Socks');
"""
CODES = """
CREATE TABLE "SalesOrderHeader" ("SalesOrderID" INTEGER, "OrderDate" DATE, "Status" INTEGER,
  "SubTotal" DOUBLE, "TaxAmt" DOUBLE, "TotalDue" DOUBLE);
INSERT INTO "SalesOrderHeader" SELECT i, DATE '2025-01-01' + CAST(i AS INTEGER),
  [5, 5, 3, 6, 4][1 + i % 5], 10, 1, 11 FROM range(1, 101) AS t(i);
"""
ANEW = """
CREATE TABLE customers (customer_id TEXT, customer_unique_id TEXT, customer_zip_code_prefix INTEGER);
INSERT INTO customers SELECT 'c' || i, 'p' || (i % 80), i % 9 FROM range(100) AS t(i);
CREATE TABLE orders (order_id TEXT, customer_id TEXT, order_purchase_timestamp TIMESTAMP, price DOUBLE);
INSERT INTO orders SELECT 'o' || i, 'c' || i, TIMESTAMP '2025-01-01' + to_days(CAST(i AS INTEGER)), 5
  FROM range(100) AS t(i);
"""
ONCE = ANEW.replace("i % 80", "i").replace("customer_unique_id", "email")
"""Everybody ordered once, and nobody is there twice."""
OFTEN = ANEW.replace("'c' || i, TIMESTAMP", "'c' || (i % 40), TIMESTAMP")
"""Customers have one row however often they order."""
SECTIONS = {
    "anew": ANEW,
    "once": ONCE,
    "often": OFTEN,
    "codes": CODES,
    "one table": ONE_TABLE,
    "lines": LINES,
    "prefixed": PREFIXED,
    "one root": ONE_ROOT,
}


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder, kept = tmp_path_factory.mktemp("shapes"), {}

    def described(kind: str) -> tuple[Shop, Any]:
        if kind not in kept:
            file = folder / f"{kind.replace(' ', '_')}.duckdb"
            with duckdb.connect(str(file)) as connection:
                connection.execute(SECTIONS[kind])
            database = open_database(str(file))
            shop = describe_database(database, name="x", location=str(file)).shop
            kept[kind] = shop, open_workspace(shop, database=database)
        return kept[kind]

    yield described
    for _, workspace in kept.values():
        workspace.close()


ROWS = [
    # what "sales" are in one table of lines, and how many orders it holds
    ("one table", "SELECT revenue FROM Orders", [(2335.0,)]),
    ("one table", "SELECT number_of_orders FROM Orders", [(60,)]),
    ("one table", "SELECT average_order_value FROM Orders", [(2335.0 / 60,)]),
    ("one table", "SELECT Region, profit_margin FROM Orders WHERE Region = 'East' GROUP BY Region", None),
    # a line is placed in time by its order, and neither by when it must be sent nor by when it was changed
    ("lines", "SELECT revenue FROM order_items WHERE DURING('January 2025')", [(348.0,)]),
    # 炒锅 is under 锅具 under 厨房
    ("prefixed", "SELECT main_category, COUNT(*) FROM lm_category GROUP BY main_category",
     [("厨房", 3), ("零食", 3)]),
    ("prefixed", "SELECT units_sold FROM lm_order_goods", [(400,)]),
    ("prefixed", "SELECT revenue FROM lm_order", [(1800.0,)]),
    # 5 is shipped and 3 on backorder; 4 was rejected, 6 cancelled
    ("codes", "SELECT revenue FROM SalesOrderHeader", [(660.0,)]),
    ("codes", "SELECT COUNT(*) FROM SalesOrderHeader WHERE Status = 'cancelled'", [(20,)]),
    ("one root", "SELECT main_category, COUNT(*) FROM Category GROUP BY main_category",
     [("Bikes", 3), ("Clothing", 2), ("Home", 1), ("Root", 1)]),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "statement", "rows"), ROWS, ids=[f"{r[0]}: {r[1][:40]}" for r in ROWS])
def test_a_statement_over_the_draft_gives_what_is_meant(
    opened: Any, kind: str, statement: str, rows: list[Any] | None
) -> None:
    shop, workspace = opened(kind)
    compiled = compile_statement(parse(statement), shop, "duckdb", workspace.today)
    found = sorted(tuple(map(_plain, row)) for row in workspace.run(compiled.sql).rows)
    if rows is None:
        sales, profit = workspace.run(
            'SELECT SUM("Sales"), SUM("Profit") FROM "Orders" WHERE "Region" = \'East\''
        ).rows[0]
        rows = [("East", pytest.approx(float(profit) / float(sales)))]
    assert found == [tuple(pytest.approx(v) if isinstance(v, float) else v for v in r) for r in rows]


def _plain(value: Any) -> Any:
    return value if isinstance(value, str | int) else float(value)


def test_whose_a_number_is_and_what_is_no_number_of_anything(opened: Any) -> None:
    shop, _ = opened("prefixed")
    refs = {view.name: dict(view.refs) for view in shop.views}
    assert refs["lm_order"] == {"user_id": "lm_user"} and refs["lm_coupon_user"]["user_id"] == "lm_user"
    assert "sort_order" not in refs["lm_category"]
    user, goods = shop.view("lm_user"), shop.view("lm_order_goods")
    assert user is not None and user.time == "add_time"
    assert goods is not None and "数量" in goods.column("number").synonyms


@pytest.mark.parametrize(
    ("kind", "customers", "bound"),
    [
        ("anew", 80, "customers.customer_unique_id"),
        ("once", 100, "orders.customer_id"),
        ("often", 100, "orders.customer_id"),
    ],
)
def test_customers_that_are_written_down_at_each_order_are_told_by_who_they_are(
    opened: Any, kind: str, customers: int, bound: str
) -> None:
    shop, workspace = opened(kind)
    compiled = compile_statement(
        parse("SELECT number_of_customers FROM customers"), shop, "duckdb", workspace.today
    )
    assert workspace.run(compiled.sql).rows == ((customers,),) and shop.bindings["customer"] == bound


def test_an_order_is_asked_for_by_its_serial_number(opened: Any) -> None:
    shop, _ = opened("prefixed")
    assert shop.bindings["order"] == "lm_order.order_sn"


def test_the_clock_is_the_last_order_and_not_a_limit(opened: Any) -> None:
    shop, workspace = opened("lines")
    assert shop.today == "max(orders.order_purchase_timestamp)" and str(workspace.today) == "2025-04-30"
