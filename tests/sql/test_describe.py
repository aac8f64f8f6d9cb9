"""A database that nobody described: what init finds in it, on files of DuckDB and SQLite and on servers."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from places import KINDS, make_place

from finetune.shops.question_pairs import SET
from finetune.shops.recipe import build
from sql.databases import open_database
from sql.names import literal
from sql.semantics import Shop
from sql.shop.describe import Described, describe_database
from sql.shop.drafting import looks_personal
from sql.shop.shopfile import dump_shop, load_shop
from sql.shop.workspace import open_workspace
from sql.statement.compile import compile_statement
from sql.statement.parse import parse
from sql.types import Dialect

TABLES = """
CREATE TABLE cust_mst (cust_no INTEGER PRIMARY KEY, cust_nm VARCHAR(40), ctry VARCHAR(20));
CREATE TABLE ord_hdr (ord_no INTEGER PRIMARY KEY, cust_no INTEGER, ord_dt VARCHAR(20), sts VARCHAR(20));
CREATE TABLE ord_dtl (ord_no INTEGER, itm_no INTEGER, qty INTEGER, unt_prc DECIMAL(10,2), disc_pct INTEGER);
CREATE TABLE itm_mst (itm_no INTEGER PRIMARY KEY, itm_desc VARCHAR(40), launched DATE);
CREATE TABLE whs_stk (itm_no INTEGER, qty_on_hand INTEGER);
CREATE TABLE shelf_labels (label VARCHAR(20));
"""
LABELS = ("tea\\", "tea\\", " tea\\", "b's")


def statements(dialect: Dialect) -> list[str]:
    rows = [s for s in TABLES.split(";") if s.strip()]
    countries = ("Germany", "France", "China")
    rows += [f"INSERT INTO cust_mst VALUES ({n}, 'c{n}', '{countries[n % 3]}')" for n in range(1, 31)]
    for n in range(1, 61):
        state = "completed" if n % 4 else "cancelled"
        rows.append(
            f"INSERT INTO ord_hdr VALUES ({5000 + n}, {n % 30 + 1}, "
            f"'{n % 28 + 1:02d}/0{n % 5 + 1}/2024', '{state}')"
        )
    rows += [f"INSERT INTO itm_mst VALUES ({n}, 'item {n}', '2023-01-0{n}')" for n in range(1, 8)]
    rows += [
        f"INSERT INTO ord_dtl VALUES ({5001 + n % 60}, {n % 7 + 1}, 2, 10, {(n % 3) * 10})"
        for n in range(120)
    ]
    rows += [f"INSERT INTO whs_stk VALUES ({n}, {n * 5})" for n in range(1, 8)]
    rows += [f"INSERT INTO shelf_labels VALUES ({literal(text, dialect)})" for text in LABELS]
    rows.append("CREATE VIEW old_orders AS SELECT ord_no FROM ord_hdr")
    return rows


@pytest.fixture(scope="module", params=KINDS)
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("described")
    return make_place(request, request.param, folder, statements(request.param))


def described(place: str, *, with_views: bool = False) -> Described:
    database = open_database(place)
    try:
        return describe_database(database, name="found", location=place, with_views=with_views)
    finally:
        database.close()


def rows_of(shop: Shop, statement: str) -> list[tuple[object, ...]]:
    workspace = open_workspace(shop)
    try:
        compiled = compile_statement(
            parse(statement), shop, workspace.catalog.dialect, workspace.today, workspace.role
        )
        return list(workspace.run(compiled.sql).rows)
    finally:
        workspace.close()


def test_spellings_with_a_backslash_are_one_value(place: str) -> None:
    found = described(place)
    counted = rows_of(found.shop, "SELECT COUNT(*), label FROM shelf_labels GROUP BY label")
    assert {row[:2] for row in counted} in ({(3, "tea\\"), (1, "b's")}, {("tea\\", 3), ("b's", 1)})


def test_money_pieces_and_stock_are_found_and_told(place: str) -> None:
    found = described(place)
    metrics = {m.name: m for m in found.shop.metrics}
    ((revenue,),) = rows_of(found.shop, "SELECT revenue FROM ord_dtl")
    lines = [(5001 + n % 60, (n % 3) * 10) for n in range(120)]
    kept = [disc for order, disc in lines if (order - 5000) % 4]  # every fourth order was cancelled
    assert round(float(str(revenue)), 2) == sum(20 * (1 - disc / 100) for disc in kept)
    ((given,),) = rows_of(found.shop, "SELECT discount_given FROM ord_dtl")
    assert round(float(str(given)), 2) == sum(20 * disc / 100 for disc in kept)
    ((value,),) = rows_of(found.shop, "SELECT average_order_value FROM ord_dtl")
    assert round(float(str(value)), 2) == round(float(str(revenue)) / 45, 2)
    assert rows_of(found.shop, "SELECT units_sold FROM ord_dtl") == [(180,)]
    assert "销售额" in metrics["revenue"].synonyms and "turnover" in metrics["revenue"].synonyms
    assert any("in stock" in m.synonyms and m.view == "whs_stk" for m in found.shop.metrics)
    sums = {m.sql.replace('"', "").replace("`", "") for m in found.shop.metrics}
    assert not sums & {"SUM(disc_pct)"}, "a sum of per cents means nothing"
    assert not any(m.view == "ord_dtl" and m.sql == "COUNT(*)" for m in found.shop.metrics)
    (unsure,) = [d for d in found.decisions if d.place == "metrics.revenue"]
    assert not unsure.is_sure and "without ord_hdr whose sts is cancelled" in unsure.text


def test_dates_in_texts_are_dates_and_the_orders_are_the_clock(place: str) -> None:
    found = described(place)
    orders = found.shop.view("ord_hdr")
    assert orders is not None and orders.time == "ord_dt"
    assert found.shop.today == "max(ord_hdr.ord_dt)"
    workspace = open_workspace(found.shop)
    assert workspace.today.isoformat() == "2024-05-27"
    workspace.close()
    # the lines have no time of their own: their orders' is taken, and not the day an item was launched
    asked = "SELECT MONTH, SUM(qty) FROM ord_dtl WHERE DURING('2024') GROUP BY MONTH"
    months = rows_of(found.shop, asked)
    assert [str(month)[:7] for month, _ in months] == [f"2024-0{n}" for n in range(1, 6)]
    assert sum(int(str(units)) for _, units in months) == 240


def test_links_by_abbreviated_names_and_words_in_both_languages(place: str) -> None:
    shop = described(place).shop
    refs = {(v.name, column): target for v in shop.views for column, target in v.refs.items()}
    assert refs == {
        ("ord_hdr", "cust_no"): "cust_mst",
        ("ord_dtl", "ord_no"): "ord_hdr",
        ("ord_dtl", "itm_no"): "itm_mst",
        ("whs_stk", "itm_no"): "itm_mst",
    }
    words = {v.name: set(v.synonyms) for v in shop.views}
    assert {"order", "订单"} <= words["ord_hdr"] and {"customer", "客户"} <= words["cust_mst"]
    country = next(c for v in shop.views for c in v.columns if c.name == "ctry")
    assert {"德国"} <= set(country.values["Germany"]) and "country" in country.synonyms
    state = next(c for v in shop.views for c in v.columns if c.name == "sts")
    assert "已取消" in state.values["cancelled"]


def test_the_databases_own_views_are_left_out_and_told_and_taken_when_asked(place: str) -> None:
    found = described(place)
    assert found.shop.view("old_orders") is None
    assert any("old_orders" in d.text for d in found.decisions)
    assert described(place, with_views=True).shop.view("old_orders") is not None


def test_the_draft_says_that_nobody_has_read_it_and_survives_the_file(place: str, tmp_path: Path) -> None:
    shop = described(place).shop
    file = tmp_path / "shop.yml"
    file.write_text(dump_shop(shop), encoding="utf-8")
    read = load_shop(file)
    assert read.is_drafted and "drafted: true" in file.read_text("utf-8")
    assert [(v.name, v.sql, v.time, v.columns) for v in read.views] == [
        (v.name, v.sql, v.time, v.columns) for v in shop.views
    ]
    assert [(m.name, m.view, m.sql) for m in read.metrics] == [(m.name, m.view, m.sql) for m in shop.metrics]


MADE_UP = {
    "bare_food_trader": "SUM(Quantity * UnitPrice * (1 - Discount))",
    "bare_record_store": "SUM(Quantity * UnitPrice)",
    "bare_star_schema": "SUM(net_amount)",
    "bare_subscriptions": "SUM(total)",
    "bare_woo_hpos": "SUM(product_net_revenue)",
    "bare_electronics_chain": "SUM(qty * unit_px - disc_amt)",
    "bare_cn_fresh": 'SUM("数量" * "成交价")',
}
"""Shops of the training set as their authors count revenue."""


@pytest.mark.parametrize("name", MADE_UP)
def test_revenue_of_made_up_shops_is_found_as_their_authors_count_it(name: str, tmp_path: Path) -> None:
    path = tmp_path / name / "shop.duckdb"
    build(SET / name / "tables.yml", path)
    shop = described(str(path)).shop
    (revenue,) = [(m.parts or m).sql for m in shop.metrics if m.name == "revenue"]
    # in some of them what was cancelled is left out besides
    assert re.sub(r"CASE WHEN .*? THEN (.*) END", r"\1", revenue) == MADE_UP[name]


_HAN = re.compile(r"[\u4e00-\u9fff]")


def test_what_was_decided_is_told_in_both_languages(place: str) -> None:
    found = described(place)
    assert len(found.decisions) > 5
    for each in found.decisions:
        assert each.told("en") == each.text and not _HAN.search(each.text)
        assert _HAN.search(each.told("zh")), each.text
        names = re.findall(r"[a-z]+_[a-z_]+(?:\.[a-z_]+)?", each.text)
        assert all(name in each.told("zh") for name in names), (each.text, each.text_zh)


KINDS_OF_PEOPLE = [
    # what a customers' table says of people and tells nobody apart
    ("会员", "卡类型"), ("会员", "卡状态"), ("会员", "办卡门店"), ("会员", "性别"), ("customers", "gender"),
    ("payments", "card_type"), ("customers", "customer_segment"), ("users", "user_source"), ("staff", "role"),
    ("客户", "客户来源"), ("customers", "email_status"), ("会员等级", "等级名称"), ("hy_dengji", "dj_mc"),
    ("customer_group", "customer_group_code"), ("employees", "Title"),
]  # fmt: skip
WHO_THEY_ARE = [
    ("members", "card_no"), ("members", "card_number"), ("payments", "card"), ("payments", "cardholder"),
    ("payments", "card last4"), ("reviews", "comment_title"), ("users", "user_name"), ("users", "name"),
    ("会员", "卡号"), ("会员", "会员卡号"), ("会员", "身份证号"), ("customers", "email"),
    ("orders", "gift_card_code"),
]  # fmt: skip


@pytest.mark.parametrize(("table", "column"), KINDS_OF_PEOPLE)
def test_kinds_of_people_are_read_so_that_they_can_be_asked_for(table: str, column: str) -> None:
    assert not looks_personal(table, column)


@pytest.mark.parametrize(("table", "column"), WHO_THEY_ARE)
def test_what_tells_who_somebody_is_is_not_read(table: str, column: str) -> None:
    assert looks_personal(table, column)
