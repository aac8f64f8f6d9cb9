"""Keys and links that no database declares: found in its values, never where they would mislead."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import duckdb
import pytest

from sql.databases import open_database
from sql.shop.drafting import shop_from_catalog
from sql.shop.relations import Found, find_relations
from sql.shop.shopfile import dump_shop, load_shop
from sql.shop.workspace import open_workspace
from sql.statement.compile import compile_statement
from sql.statement.parse import parse

TABLES = """
CREATE TABLE customers (id INTEGER, name VARCHAR(40), city VARCHAR(40), "vip card no" VARCHAR(20));
CREATE TABLE orders (order_no VARCHAR(20), customer_id INTEGER, status VARCHAR(20), placed DATE);
CREATE TABLE order_lines (line INTEGER, order_no VARCHAR(20), sku VARCHAR(20), qty INTEGER, amount INTEGER);
CREATE TABLE products (sku VARCHAR(20), title VARCHAR(40), category VARCHAR(40));
CREATE TABLE shipments (order_no VARCHAR(20), carrier VARCHAR(20));
CREATE TABLE visits (visitor_id INTEGER, pages INTEGER);
CREATE TABLE "退款" ("退款编号" VARCHAR(20), "订单" VARCHAR(20), "金额" INTEGER);
"""


def statements() -> list[str]:
    rows = [s for s in TABLES.split(";") if s.strip()]
    rows += [
        f"INSERT INTO customers VALUES ({n}, 'c{n}', '{'Rome' if n % 3 else 'Oslo'}', NULL)"
        for n in range(1, 31)
    ]
    for n in range(1, 61):
        customer, day = n % 28 + 1 if n % 9 else "NULL", f"2026-05-{n % 28 + 1:02d}"
        rows.append(f"INSERT INTO orders VALUES ('SO-{n}', {customer}, 'paid', '{day}')")
    rows += [
        f"INSERT INTO order_lines VALUES ({n}, 'SO-{n % 60 + 1}', 'P{n % 7}', 1, {n})" for n in range(1, 121)
    ]
    rows += [f"INSERT INTO products VALUES ('P{n}', 't{n}', '{'a' if n % 2 else 'b'}')" for n in range(7)]
    rows += [f"INSERT INTO shipments VALUES ('SO-{n}', 'dhl')" for n in range(1, 41)]
    rows += [f"INSERT INTO visits VALUES ({n % 40}, {n})" for n in range(1, 90)]
    rows += [f"INSERT INTO \"退款\" VALUES ('R{n}', 'SO-{n}', {n})" for n in range(1, 26)]
    return rows


@pytest.fixture(params=["duckdb", "sqlite"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / f"shop.{request.param}"
    if request.param == "duckdb":
        with duckdb.connect(str(path)) as connection:
            for statement in statements():
                connection.execute(statement)
    else:
        with sqlite3.connect(path) as plain:
            for statement in statements():
                plain.execute(statement)
        plain.close()
    return path


def found_in(path: Path) -> Found:
    database = open_database(str(path))
    try:
        shop = shop_from_catalog(database.catalog(), name="found", database=str(path))
        return find_relations(open_workspace(shop, database=database))
    finally:
        database.close()


def test_keys_are_what_tells_rows_apart(place: Path) -> None:
    found = found_in(place)
    assert {view.name: view.key for view in found.shop.views} == {
        "customers": ("id",),
        "orders": ("order_no",),
        "order_lines": ("line",),
        "products": ("sku",),
        "shipments": ("order_no",),
        "visits": (),
        "退款": ("退款编号",),
    }


def test_links_lead_to_one_row_and_say_how_many_values_match(place: Path) -> None:
    found = found_in(place)
    links = {(r.view, r.column): (r.target, r.matched, r.total) for r in found.relations}
    assert links == {
        ("orders", "customer_id"): ("customers", 28, 28),
        ("order_lines", "order_no"): ("orders", 60, 60),
        ("order_lines", "sku"): ("products", 7, 7),
        ("shipments", "order_no"): ("orders", 40, 40),
        ("退款", "订单"): ("orders", 25, 25),
    }
    # visitor_id names nobody of the tables, and numbers that happen to be customers' prove nothing


def test_a_question_across_tables_is_answered_at_once_and_counts_no_row_twice(place: Path) -> None:
    workspace = open_workspace(found_in(place).shop)
    try:
        statement = parse(
            "SELECT category, SUM(amount) FROM order_lines WHERE city = 'Oslo' GROUP BY category"
        )
        compiled = compile_statement(
            statement, workspace.shop, workspace.catalog.dialect, workspace.today, workspace.role
        )
        found = {row[0]: int(str(row[1])) for row in workspace.run(compiled.sql).rows}
        plain = workspace.run(
            "SELECT p.category, SUM(l.amount) FROM order_lines l JOIN products p ON p.sku = l.sku "
            "JOIN orders o ON o.order_no = l.order_no JOIN customers c ON c.id = o.customer_id "
            "WHERE c.city = 'Oslo' GROUP BY 1"
        )
        assert found == {row[0]: int(str(row[1])) for row in plain.rows} and len(found) == 2
    finally:
        workspace.close()


def test_what_was_found_is_written_and_read_again(place: Path, tmp_path: Path) -> None:
    found = found_in(place)
    file = tmp_path / "shop.yml"
    file.write_text(dump_shop(found.shop), encoding="utf-8")
    read = load_shop(file)
    assert [(v.key, v.refs) for v in read.views] == [(v.key, v.refs) for v in found.shop.views]


@pytest.mark.parametrize(
    ("change", "lost"),
    [
        ("UPDATE orders SET customer_id = customer_id + 500", ("orders", "customer_id")),
        ("INSERT INTO products VALUES ('P1', 'again', 'a')", ("order_lines", "sku")),
        ("INSERT INTO orders VALUES (NULL, 1, 'paid', '2026-05-01')", ("order_lines", "order_no")),
    ],
    ids=["values that are no keys there", "a key that occurs twice", "a key that is missing"],
)
def test_what_would_lose_or_double_rows_is_no_link(place: Path, change: str, lost: tuple[str, str]) -> None:
    if place.suffix == ".duckdb":
        with duckdb.connect(str(place)) as connection:
            connection.execute(change)
    else:
        with sqlite3.connect(place) as plain:
            plain.execute(change)
        plain.close()
    assert lost not in {(r.view, r.column) for r in found_in(place).relations}


def test_a_0_that_is_no_key_is_nobody_and_one_that_is_a_key_counts(tmp_path: Path) -> None:
    path = tmp_path / "shop.duckdb"
    with duckdb.connect(str(path)) as connection:
        # short names in capitals, as old systems have them: they stand inside the words of SQL
        connection.execute("CREATE TABLE customers (N INTEGER, city VARCHAR)")
        connection.execute("CREATE TABLE states (state INTEGER, label VARCHAR)")
        connection.execute("CREATE TABLE orders (order_id INTEGER, customer_n INTEGER, state INTEGER)")
        connection.execute("INSERT INTO customers SELECT n, 'x' FROM range(1, 6) AS t(n)")
        connection.execute("INSERT INTO states VALUES (0, 'open'), (1, 'sent')")
        connection.execute("INSERT INTO orders SELECT 100 + n, n % 6, n % 2 FROM range(40) AS t(n)")
    database = open_database(str(path))
    try:
        shop = shop_from_catalog(database.catalog(), name="shop", database=str(path))
        found = find_relations(open_workspace(shop, database=database))
        told = {each.column: (each.target, each.matched, each.total) for each in found.relations}
    finally:
        database.close()
    assert told == {"customer_n": ("customers", 5, 5), "state": ("states", 2, 2)}


def test_a_person_is_referred_to_as_a_user_and_pieces_refer_to_nothing(tmp_path: Path) -> None:
    path = tmp_path / "shop.duckdb"
    with duckdb.connect(str(path)) as connection:
        for table, columns, rows in (
            ("customers", "n AS customer_id", "1, 60"),
            ("stock", "n AS seq, n % 9 AS pieces", "1, 60"),
            ("orders", "n AS order_id, n % 50 AS customer_user", "100, 190"),
            ("products", "1000 + n AS product_id, n AS minimum_stock", "1, 40"),
        ):
            connection.execute(f"CREATE TABLE {table} AS SELECT {columns} FROM range({rows}) AS t(n)")
    database = open_database(str(path))
    try:
        shop = shop_from_catalog(database.catalog(), name="shop", database=str(path))
        found = find_relations(open_workspace(shop, database=database))
    finally:
        database.close()
    assert {(each.view, each.column): each.target for each in found.relations} == {
        ("orders", "customer_user"): "customers"
    }


LINKS_BY_NAME = [
    # tables, the view and column of the link, what it leads to
    (
        "CREATE TABLE sales_order (entity_id INTEGER, increment_id VARCHAR(20));"
        "CREATE TABLE sales_order_address (entity_id INTEGER, parent_id INTEGER, country_id VARCHAR(2));"
        "INSERT INTO sales_order SELECT n, CAST(1000 + n AS VARCHAR(20)) FROM range(1, 41) t(n);"
        "INSERT INTO sales_order_address SELECT n, (n + 1) // 2, 'DE' FROM range(1, 81) t(n)",
        ("sales_order_address", "parent_id"),
        "sales_order",
    ),
    (
        "CREATE TABLE employee (employee_id INTEGER, title VARCHAR(20));"
        "CREATE TABLE customer (customer_id INTEGER, support_rep_id INTEGER);"
        "INSERT INTO employee SELECT n, 'agent' FROM range(1, 9) t(n);"
        "INSERT INTO customer SELECT n, 3 + n % 3 FROM range(1, 61) t(n)",
        ("customer", "support_rep_id"),
        "employee",
    ),
    (
        "CREATE TABLE yp (ypid INTEGER, ypbm VARCHAR(20), ypmc VARCHAR(20));"
        "CREATE TABLE xsmx (mxid INTEGER, ypid INTEGER, sl INTEGER);"
        "INSERT INTO yp SELECT n, 'YP' || n, 'm' || n FROM range(1, 31) t(n);"
        "INSERT INTO xsmx SELECT n, 1 + n % 30, 2 FROM range(1, 91) t(n)",
        ("xsmx", "ypid"),
        "yp",
    ),
    (  # by what it does
        "CREATE TABLE shippers (shipper_id INTEGER, company VARCHAR(20));"
        "CREATE TABLE employees (employee_id INTEGER, last_name VARCHAR(20), reports_to INTEGER);"
        "CREATE TABLE orders (order_id INTEGER, ship_via INTEGER, created_by INTEGER);"
        "INSERT INTO shippers SELECT n, 's' || n FROM range(1, 4) t(n);"
        "INSERT INTO employees SELECT n, 'e' || n, CASE WHEN n > 1 THEN 1 + n % 2 END FROM range(1, 9) t(n);"
        "INSERT INTO orders SELECT 100 + n, 1 + n % 3, 1 + n % 8 FROM range(1, 91) t(n)",
        ("orders", "ship_via"),
        "shippers",
    ),
    (  # the manager of a customer works there
        "CREATE TABLE customers (id INTEGER, last_name VARCHAR(20), manager_id INTEGER);"
        "CREATE TABLE employees (id INTEGER, last_name VARCHAR(20));"
        "INSERT INTO customers SELECT n, 'c' || n, 1 + n % 9 FROM range(1, 61) t(n);"
        "INSERT INTO employees SELECT n, 'e' || n FROM range(1, 41) t(n)",
        ("customers", "manager_id"),
        "employees",
    ),
    (  # the number of an order, though "num" may be one of pieces
        "CREATE TABLE orders (order_num INTEGER, placed DATE);"
        "CREATE TABLE orderitems (order_num INTEGER, order_item INTEGER, quantity INTEGER);"
        "INSERT INTO orders SELECT 20000 + n, DATE '2026-05-01' FROM range(1, 41) t(n);"
        "INSERT INTO orderitems SELECT 20001 + n % 40, 1 + n // 40, 2 FROM range(0, 80) t(n)",
        ("orderitems", "order_num"),
        "orders",
    ),
    (  # to the row above, of its own table
        "CREATE TABLE staff (staff_id INTEGER, last_name VARCHAR(20), manager_id INTEGER);"
        "INSERT INTO staff SELECT n, 'e' || n, CASE WHEN n > 1 THEN 1 + n % 2 END FROM range(1, 9) t(n)",
        ("staff", "manager_id"),
        "staff",
    ),
    (  # of two columns that tell its rows apart the key is the one that is held elsewhere
        "CREATE TABLE listings (listing_no VARCHAR(20), seller_code VARCHAR(20), title VARCHAR(20));"
        "CREATE TABLE sold (line INTEGER, seller_code VARCHAR(20));"
        "INSERT INTO listings SELECT 'L' || n, 'S' || n, 't' || n FROM range(1, 41) t(n);"
        "INSERT INTO sold SELECT n, 'S' || (1 + n % 40) FROM range(1, 91) t(n)",
        ("sold", "seller_code"),
        "listings",
    ),
    (  # numbers that begin far from 1 are found in one table by no accident
        "CREATE TABLE t_Organization (FItemID INTEGER, FName VARCHAR(20));"
        "CREATE TABLE SEOrder (FInterID INTEGER, FCustID INTEGER);"
        "INSERT INTO t_Organization SELECT 1000 + n, 'o' || n FROM range(1, 41) t(n);"
        "INSERT INTO SEOrder SELECT 9000 + n, 1001 + n % 40 FROM range(1, 91) t(n)",
        ("SEOrder", "FCustID"),
        "t_Organization",
    ),
    (  # a product is in the table with all of its attributes
        "CREATE TABLE catalog_product_flat_1 (entity_id INTEGER, sku VARCHAR(20));"
        "CREATE TABLE sales_order_item (item_id INTEGER, product_id INTEGER);"
        "INSERT INTO catalog_product_flat_1 SELECT n, 'k' || n FROM range(1, 41) t(n);"
        "INSERT INTO sales_order_item SELECT n, 1 + n % 40 FROM range(1, 91) t(n)",
        ("sales_order_item", "product_id"),
        "catalog_product_flat_1",
    ),
    (  # one more row of columns for each order
        "CREATE TABLE sales_order (entity_id INTEGER, total INTEGER);"
        "CREATE TABLE sales_order_grid (entity_id INTEGER, payment_method VARCHAR(20));"
        "INSERT INTO sales_order SELECT n, n FROM range(1, 41) t(n);"
        "INSERT INTO sales_order_grid SELECT n, 'card' FROM range(1, 41) t(n)",
        ("sales_order_grid", "entity_id"),
        "sales_order",
    ),
    (  # a line's item is one of the menu, whatever the line is called
        "CREATE TABLE menu_items (item_id INTEGER, title VARCHAR(20));"
        "CREATE TABLE order_items (order_id INTEGER, item_id INTEGER);"
        "INSERT INTO menu_items SELECT n, 'm' || n FROM range(1, 41) t(n);"
        "INSERT INTO order_items SELECT n, 1 + n % 40 FROM range(1, 91) t(n)",
        ("order_items", "item_id"),
        "menu_items",
    ),
    (  # the card is what tells customers apart
        "CREATE TABLE customers (customer_card_no VARCHAR(20), email VARCHAR(20));"
        "CREATE TABLE receipts (receipt_no INTEGER, customer_card_no VARCHAR(20));"
        "INSERT INTO customers SELECT 'C' || n, 'e' || n FROM range(1, 41) t(n);"
        "INSERT INTO receipts SELECT n, 'C' || (1 + n % 40) FROM range(1, 91) t(n)",
        ("receipts", "customer_card_no"),
        "customers",
    ),
    (  # the coupon that a customer holds
        "CREATE TABLE coupon_issue (id INTEGER, title VARCHAR(20));"
        "CREATE TABLE coupon_user (id INTEGER, cid INTEGER);"
        "INSERT INTO coupon_issue SELECT n, 'c' || n FROM range(1, 9) t(n);"
        "INSERT INTO coupon_user SELECT n, 1 + n % 8 FROM range(1, 91) t(n)",
        ("coupon_user", "cid"),
        "coupon_issue",
    ),
]
NO_LINKS = [
    # tables, and a view's column that leads nowhere
    (  # a customer's group
        "CREATE TABLE customer (customer_id INTEGER, email VARCHAR(20));"
        "CREATE TABLE sales_order (order_id INTEGER, customer_group_id INTEGER);"
        "INSERT INTO customer SELECT n, 'e' || n FROM range(1, 41) t(n);"
        "INSERT INTO sales_order SELECT n, 1 + n % 4 FROM range(1, 91) t(n)",
        ("sales_order", "customer_group_id"),
    ),
    (  # a row of stock has a number of its own
        "CREATE TABLE sales_order_item (item_id INTEGER, qty INTEGER);"
        "CREATE TABLE stock_item (item_id INTEGER, on_hand INTEGER);"
        "INSERT INTO sales_order_item SELECT n, 1 FROM range(1, 91) t(n);"
        "INSERT INTO stock_item SELECT n, 5 FROM range(1, 41) t(n)",
        ("stock_item", "item_id"),
    ),
    (  # what sellers ask for it
        "CREATE TABLE sellers (seller_id INTEGER, seller_name VARCHAR(20));"
        "CREATE TABLE offers (offer_id INTEGER, sell_price INTEGER);"
        "INSERT INTO sellers SELECT n, 's' || n FROM range(1, 41) t(n);"
        "INSERT INTO offers SELECT 700 + n, 5 + n % 30 FROM range(1, 91) t(n)",
        ("offers", "sell_price"),
    ),
    (  # how many levels there are above somebody
        "CREATE TABLE staff (staff_id INTEGER, last_name VARCHAR(20), manager_level INTEGER);"
        "INSERT INTO staff SELECT n, 'e' || n, 1 + n % 3 FROM range(1, 31) t(n)",
        ("staff", "manager_level"),
    ),
    (  # receipts and customers are both numbered from 1001
        "CREATE TABLE customers (customer_no INTEGER, city VARCHAR(20));"
        "CREATE TABLE payments (receipt_no INTEGER, amount INTEGER);"
        "INSERT INTO customers SELECT 1000 + n, 'c' FROM range(1, 301) t(n);"
        "INSERT INTO payments SELECT 1000 + n, n FROM range(1, 151) t(n)",
        ("payments", "receipt_no"),
    ),
    (  # so are orders
        "CREATE TABLE customers (customer_no INTEGER, city VARCHAR(20));"
        "CREATE TABLE orders (id INTEGER, order_no INTEGER);"
        "INSERT INTO customers SELECT 1000 + n, 'c' FROM range(1, 301) t(n);"
        "INSERT INTO orders SELECT n, 1000 + n FROM range(1, 151) t(n)",
        ("orders", "order_no"),
    ),
    (  # packs of so many
        "CREATE TABLE packers (packer_id INTEGER, last_name VARCHAR(20));"
        "CREATE TABLE products (product_id INTEGER, pack_code INTEGER);"
        "INSERT INTO packers SELECT n, 'p' || n FROM range(1, 31) t(n);"
        "INSERT INTO products SELECT 100 + n, 1 + n % 12 FROM range(1, 61) t(n)",
        ("products", "pack_code"),
    ),
    (  # a number of pieces
        "CREATE TABLE refund (id INTEGER, reason VARCHAR(20));"
        "CREATE TABLE cart_info (id INTEGER, refund_num INTEGER);"
        "INSERT INTO refund SELECT n, 'r' FROM range(1, 41) t(n);"
        "INSERT INTO cart_info SELECT n, 1 + n % 3 FROM range(1, 91) t(n)",
        ("cart_info", "refund_num"),
    ),
    (  # numbers from 1 upwards, of a name that says nothing
        "CREATE TABLE visits (visit_id INTEGER, pages INTEGER);"
        "CREATE TABLE log (log_id INTEGER, session_no INTEGER);"
        "INSERT INTO visits SELECT n, 1 FROM range(1, 91) t(n);"
        "INSERT INTO log SELECT 500 + n, 1 + n % 60 FROM range(1, 91) t(n)",
        ("log", "session_no"),
    ),
    (  # numbers that two tables count from 1
        "CREATE TABLE orders (id INTEGER, total INTEGER);"
        "CREATE TABLE orders_refunds (id INTEGER, amount INTEGER);"
        "INSERT INTO orders SELECT n, n FROM range(1, 91) t(n);"
        "INSERT INTO orders_refunds SELECT n, n FROM range(1, 41) t(n)",
        ("orders_refunds", "id"),
    ),
]


@pytest.mark.parametrize(("tables", "column"), NO_LINKS, ids=[column[1] for _, column in NO_LINKS])
def test_numbers_that_agree_by_accident_are_no_links(
    tables: str, column: tuple[str, str], tmp_path: Path
) -> None:
    path = tmp_path / "shop.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(tables)
    assert column not in {(r.view, r.column) for r in found_in(path).relations}


@pytest.mark.parametrize(
    ("tables", "link", "target"), LINKS_BY_NAME, ids=[".".join(link[1]) for link in LINKS_BY_NAME]
)
def test_links_are_found_by_what_trades_call_them(
    tables: str, link: tuple[str, str], target: str, tmp_path: Path
) -> None:
    path = tmp_path / "shop.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(tables)
    view, column = link
    assert found_in(path).shop.view(view).refs[column] == target
