"""Tables with a row for each attribute of a thing, as WordPress and Magento keep them, on four databases."""

from __future__ import annotations

from pathlib import Path

import pytest
from places import KINDS, make_place

from sql.databases import open_database
from sql.semantics import Shop
from sql.shop.describe import Described, describe_database
from sql.shop.shopfile import dump_shop, load_shop
from sql.shop.workspace import open_workspace
from sql.statement.compile import compile_statement
from sql.statement.parse import parse

pytestmark = pytest.mark.slow

TABLES = """
CREATE TABLE wp_posts (ID INTEGER PRIMARY KEY, post_date TIMESTAMP, post_title VARCHAR(80),
  post_name VARCHAR(80), post_status VARCHAR(20), post_type VARCHAR(20));
CREATE TABLE wp_postmeta (meta_id INTEGER PRIMARY KEY, post_id INTEGER, meta_key VARCHAR(80),
  meta_value VARCHAR(900));
CREATE TABLE wp_users (ID INTEGER PRIMARY KEY, display_name VARCHAR(40));
CREATE TABLE wp_order_items (order_item_id INTEGER PRIMARY KEY, order_item_name VARCHAR(80),
  order_item_type VARCHAR(20), order_id INTEGER);
CREATE TABLE wp_order_itemmeta (meta_id INTEGER PRIMARY KEY, order_item_id INTEGER, meta_key VARCHAR(80),
  meta_value VARCHAR(900));
CREATE TABLE wp_options (option_id INTEGER PRIMARY KEY, option_name VARCHAR(80), option_value VARCHAR(900));
CREATE TABLE wp_terms (term_id INTEGER PRIMARY KEY, name VARCHAR(80));
CREATE TABLE wp_term_taxonomy (term_taxonomy_id INTEGER PRIMARY KEY, term_id INTEGER, taxonomy VARCHAR(32));
CREATE TABLE wp_term_relationships (object_id INTEGER, term_taxonomy_id INTEGER);
CREATE TABLE eav_attribute (attribute_id INTEGER PRIMARY KEY, attribute_code VARCHAR(40));
CREATE TABLE warehouse (warehouse_id INTEGER PRIMARY KEY, city VARCHAR(40));
CREATE TABLE warehouse_decimal (value_id INTEGER PRIMARY KEY, attribute_id INTEGER, warehouse_id INTEGER,
  value DECIMAL(12,4));
CREATE TABLE warehouse_varchar (value_id INTEGER PRIMARY KEY, attribute_id INTEGER, warehouse_id INTEGER,
  value VARCHAR(80))
"""
PRODUCTS = {11: ("Ale", "4.50"), 12: ("Bread", "3.20"), 13: ("Cake", "18.00"), 14: ("Dates", "7.00")}
STATES = ("wc-completed", "wc-completed", "wc-completed", "wc-cancelled")
ORDERS = 60


def statements() -> list[str]:
    rows = [text for text in TABLES.split(";") if text.strip()]
    meta: list[tuple[str, int, str, object]] = []
    posts = [
        (n, "2025-01-01 08:00:00", name, f"best-{name.lower()}-{n}", "publish", "product")
        for n, (name, _) in PRODUCTS.items()
    ]
    for n, (_, price) in PRODUCTS.items():
        meta += [("wp_postmeta", n, "_price", price), ("wp_postmeta", n, "_sku", f"00{n}")]
        meta += [
            ("wp_postmeta", n, "_stock", n - 11),
            ("wp_postmeta", n, "_attributes", 'a:1:{i:0;s:1:"x";}'),
        ]
    posts += [(n, "2025-01-01 08:00:00", f"Page {n}", f"page-{n}-a", "publish", "page") for n in (21, 22, 23)]
    meta += [("wp_postmeta", n, "_template", "default") for n in (21, 22, 23)]
    items = []
    for n in range(100, 100 + ORDERS):
        day = f"2026-0{n % 3 + 1}-{n % 27 + 1:02d} 10:00:00"
        posts.append((n, day, f"Order {n}", f"order-{n}", STATES[n % 4], "shop_order"))
        first, second = 11 + n % 4, 11 + (n + 1) % 4
        lines = [(2 * n, first, 2), (2 * n + 1, second, 1)]
        total = sum(float(PRODUCTS[product][1]) * count for _, product, count in lines) + 4.9
        meta += [
            ("wp_postmeta", n, "_order_total", f"{total:.2f}"),
            ("wp_postmeta", n, "_order_currency", "EUR"),
        ]
        meta += [("wp_postmeta", n, "_customer_user", n % 6), ("wp_postmeta", n, "_billing_phone", f"0{n}55")]
        meta += [("wp_postmeta", n, "_billing_country", ("DE", "FR")[n % 2])]
        for item, product, count in lines:
            items.append((item, PRODUCTS[product][0], "line_item", n))
            meta += [
                ("wp_order_itemmeta", item, "_product_id", product),
                ("wp_order_itemmeta", item, "_qty", count),
            ]
            meta += [("wp_order_itemmeta", item, "_line_total", f"{float(PRODUCTS[product][1]) * count:.2f}")]
        items.append((1000 + n, "Parcel", "shipping", n))
        meta += [("wp_order_itemmeta", 1000 + n, "cost", "4.90")]
        meta += [("wp_order_itemmeta", 1000 + n, "method_id", "parcel")]
    rows += [f"INSERT INTO wp_posts VALUES {post}" for post in posts]
    rows += [f"INSERT INTO wp_order_items VALUES {item}" for item in items]
    for at, (table, owner, key, value) in enumerate(meta, 1):
        rows.append(f"INSERT INTO {table} VALUES ({at}, {owner}, '{key}', '{value}')")
    rows += [f"INSERT INTO wp_users VALUES ({n}, 'User {n}')" for n in range(1, 6)]
    rows += [f"INSERT INTO wp_options VALUES ({n}, 'option_{n}', 'v{n}')" for n in range(1, 40)]
    for n, (name, kind) in enumerate(
        (("Drinks", "cat"), ("Food", "cat"), ("new", "tag"), ("local", "tag")), 1
    ):
        rows.append(f"INSERT INTO wp_terms VALUES ({n}, '{name}')")
        rows.append(f"INSERT INTO wp_term_taxonomy VALUES ({n + 50}, {n}, 'product_{kind}')")
    hung = [(11, 51), (12, 52), (13, 52), (11, 53), (11, 54), (12, 53), (12, 54)]
    rows += [f"INSERT INTO wp_term_relationships VALUES {pair}" for pair in hung]
    rows += [
        f"INSERT INTO eav_attribute VALUES ({n}, '{code}')"
        for n, code in ((7, "area"), (8, "rent"), (9, "manager"))
    ]
    for n in range(1, 13):
        rows.append(f"INSERT INTO warehouse VALUES ({n}, 'City {n % 3}')")
        rows.append(f"INSERT INTO warehouse_decimal VALUES ({2 * n}, 7, {n}, {n * 100})")
        rows.append(f"INSERT INTO warehouse_decimal VALUES ({2 * n + 1}, 8, {n}, {n}.5)")
        rows += [
            f"INSERT INTO warehouse_varchar VALUES ({3 * n + a}, {8 + a}, {n}, 'M{n % 4}')" for a in (0, 1)
        ]
    return rows


@pytest.fixture(scope="module", params=KINDS)
def found(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Described]:
    place = make_place(request, request.param, tmp_path_factory.mktemp("attributes"), statements())
    database = open_database(place)
    try:
        return place, describe_database(database, name="shop", location=place)
    finally:
        database.close()


def ask(place: str, shop: Shop, text: str) -> list[tuple[object, ...]]:
    workspace = open_workspace(shop, database=open_database(place))
    try:
        compiled = compile_statement(
            parse(text), workspace.shop, workspace.catalog.dialect, workspace.today, workspace.role
        )
        return list(workspace.run(compiled.sql).rows)
    finally:
        workspace.close()


def test_things_of_several_types_become_views_with_their_attributes(found: tuple[str, Described]) -> None:
    shop = found[1].shop
    columns = {view.name: {c.name.lower(): c.type for c in view.columns} for view in shop.views}
    parts = {"shop_order", "product", "line_item", "shipping"}
    terms = {"wp_terms", "wp_term_taxonomy", "wp_term_relationships"}
    assert set(columns) == parts | terms | {
        "wp_users",
        "wp_options",
        "eav_attribute",
        "warehouse",
        "product_tag",
    }
    # the whole table's columns are called after the part, what is empty or the same everywhere is left out
    assert columns["product"] == {
        "id": "integer",
        "product_title": "text",
        "product_slug": "text",
        "price": "number",
        "sku": "text",
        "stock": "integer",
        "product_cat": "text",
    }
    assert (
        columns["shop_order"] | {"order_total": "number", "customer_user": "integer"} == columns["shop_order"]
    )
    assert columns["shop_order"]["billing_phone"] == "text", "a telephone number is no number"
    assert columns["line_item"] | {"qty": "integer", "line_total": "number"} == columns["line_item"]
    assert columns["shipping"]["cost"] == "number"
    orders = shop.view("shop_order")
    assert orders is not None and orders.time == "order_date" and orders.refs == {"customer_user": "wp_users"}
    lines = shop.view("line_item")
    assert lines is not None and lines.refs == {"order_id": "shop_order", "product_id": "product"}
    assert not {m.view for m in shop.metrics} - set(columns)


CASES: list[tuple[str, list[tuple[object, ...]]]] = [
    ("SELECT number_of_shop_order FROM shop_order", [(ORDERS,)]),
    ("SELECT number_of_shop_order FROM shop_order WHERE order_status = 'wc-cancelled'", [(15,)]),
    ("SELECT product_title, stock FROM product WHERE sku = '0013'", [("Cake", 2)]),
    ("SELECT SUM(qty) FROM line_item WHERE product_title = 'Ale'", [(45,)]),
    # two tags hang on each product that has some: they are a list, a category is a column
    ("SELECT SUM(line_total) FROM line_item WHERE product_title IN ('Ale', 'Bread')", [(346.5,)]),
    (
        "SELECT product_tag, SUM(line_total) FROM line_item GROUP BY product_tag ORDER BY product_tag",
        [("local", 346.5), ("new", 346.5), (None, 1125.0)],
    ),
    ("SELECT SUM(line_total) FROM line_item WHERE product_tag IN ('new', 'local')", [(346.5,)]),
    (
        "SELECT product_cat, SUM(line_total) FROM line_item GROUP BY product_cat ORDER BY product_cat",
        [("Drinks", 202.5), ("Food", 954.0), (None, 315.0)],
    ),
    ("SELECT warehouse_id FROM warehouse WHERE area > 1000 AND rent > 11.6", [(12,)]),
    ("SELECT SUM(rent) FROM warehouse WHERE manager = 'M1'", [(16.5,)]),
]


@pytest.mark.parametrize(("statement", "rows"), CASES)
def test_they_are_asked_like_any_column(
    found: tuple[str, Described], statement: str, rows: list[tuple[object, ...]]
) -> None:
    place, described = found
    assert [tuple(map(_plain, row)) for row in ask(place, described.shop, statement)] == rows


def test_income_is_that_of_orders_that_were_not_cancelled(found: tuple[str, Described]) -> None:
    place, described = found
    total = sum(
        float(PRODUCTS[11 + n % 4][1]) * 2 + float(PRODUCTS[11 + (n + 1) % 4][1]) + 4.9
        for n in range(100, 100 + ORDERS)
        if STATES[n % 4] != "wc-cancelled"
    )
    ((revenue,),) = ask(place, described.shop, "SELECT revenue FROM shop_order")
    assert float(str(revenue)) == pytest.approx(total)


def test_the_description_is_read_back_as_it_was_written(found: tuple[str, Described], tmp_path: Path) -> None:
    shop = found[1].shop
    path = tmp_path / "shop.yml"
    path.write_text(dump_shop(shop), "utf-8")
    again = load_shop(path)
    assert [(v.name, v.sql, v.columns) for v in again.views] == [
        (v.name, v.sql, v.columns) for v in shop.views
    ]


def _plain(value: object) -> object:
    return value if value is None or isinstance(value, str | int) else round(float(str(value)), 6)
