"""Which columns of orders ``init`` proposes for the parts that jobs need, from names alone."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import pytest

from sql.semantics import Metric, Shop, View, ViewColumn
from sql.shop.bindings import bindings_line, find_bindings, played_by
from sql.types import ColumnType


def view(name: str, columns: str) -> View:
    """A view of ``name type`` columns; the first is its key, the second its time."""
    made = [each.split() for each in columns.split(", ")]
    kinds = tuple(ViewColumn(name=column, type=cast("ColumnType", kind)) for column, kind in made)
    return View(name=name, time=kinds[1].name, key=(kinds[0].name,), columns=kinds)


@pytest.mark.parametrize(
    ("name", "columns", "bound"),
    [
        (
            "orders",
            "id integer, placed date, order_number text, state text",
            {"order": "order_number", "order_state": "state"},
        ),
        ("orders", "id integer, placed date, parent_order_no text, invoice_no text", {"order": "id"}),
        ("invoices", "id integer, at date, invoice_no text, payment_status text", {"order": "invoice_no"}),
        (
            "orders",
            "order_id integer, at date, expected_delivery date, delivered_on date, shipped_on date",
            {"order": "order_id", "delivered_date": "delivered_on", "shipped_date": "shipped_on"},
        ),
        ("sales_lines", "line_id integer, at date, order_id integer", {"order": "order_id"}),
        (
            "订单",
            "编号 integer, 下单时间 date, 订单号 text, 签收时间 date, 订单状态 text",
            {"order": "订单号", "delivered_date": "签收时间", "order_state": "订单状态"},
        ),
    ],
)
def test_what_orders_are_known_by_is_proposed(name: str, columns: str, bound: dict[str, str]):
    found = find_bindings(Shop(name="x", database="x", views=(view(name, columns),)), "duckdb")
    parts = ("order", "order_state", "shipped_date", "delivered_date")
    assert {part: found[part] for part in parts if part in found} == {
        part: f"{name}.{column}" for part, column in bound.items()
    }


@pytest.mark.parametrize(
    ("columns", "bound"),
    [
        ("id integer, placed date, user_id integer, customer_id integer", "customer_id"),
        ("id integer, placed date, partner_id integer, customer_id integer", "customer_id"),  # an affiliate
        ("id integer, placed date, user_id integer, partner_id integer", "partner_id"),
        ("id integer, placed date, user_phone text, user_id integer", "user_id"),
        ("id integer, placed date, user_id integer", "user_id"),
    ],
)
def test_a_customer_is_rather_whom_a_column_names_so(columns: str, bound: str):
    found = find_bindings(Shop(name="x", database="x", views=(view("orders", columns),)), "duckdb")
    assert found["customer"] == f"orders.{bound}"


def test_an_amount_is_bound_also_where_its_metric_leaves_rows_out():
    orders = view("orders", "id integer, placed date, total number, status text")
    sold = "SUM(CASE WHEN (status IS NULL OR status NOT IN ('void')) THEN total END)"
    shop = Shop(
        name="x",
        database="x",
        views=(orders,),
        metrics=(Metric(name="revenue", view="orders", sql=sold),),
    )
    assert find_bindings(shop, "duckdb")["amount"] == "orders.total"


def test_what_lines_link_to_and_has_a_price_is_the_product_and_a_suppliers_country_is_none_of_orders():
    drugs = replace(view("药品", "药品编号 text, 通用名 text, 零售价 number, 厂家编号 integer"), time=None)
    makers = replace(view("suppliers", "id integer, name text, country text"), time=None)
    lines = view("销售明细", "行号 integer, 日期 date, 药品编号 text, 数量 integer, 金额 number")
    shop = Shop(
        name="x",
        database="x",
        views=(
            replace(lines, refs={"药品编号": "药品"}),
            replace(drugs, refs={"厂家编号": "suppliers"}),
            makers,
        ),
        metrics=(
            Metric(name="revenue", view="销售明细", sql='SUM("金额")'),
            Metric(name="units_sold", view="销售明细", sql='SUM("数量")'),
        ),
    )
    found = find_bindings(shop, "duckdb")
    assert found["product"] == "销售明细.药品编号"
    assert "country" not in found


@pytest.mark.parametrize(
    ("part", "bindings", "column"),
    [
        ("country", {"country": "orders.land"}, "land"),
        ("country", {"country": "customers.land"}, "ship_country"),
        ("order_date", {}, "at"),
        ("delivered_date", {}, None),
    ],
)
def test_a_part_is_played_as_bound_and_else_by_name(part: str, bindings: dict[str, str], column: str | None):
    orders = view("orders", "id integer, at date, land text, ship_country text")
    played = played_by(part, orders, bindings)
    assert (played.name if played is not None else None) == column


def test_the_line_to_write_has_a_column_that_could_play_the_part():
    orders = view("orders", "id integer, at date, order_no text")
    assert bindings_line(["order"], [orders]) == "bindings: {order: orders.order_no}"
    assert bindings_line(["order"], []) == "bindings: {order: VIEW.COLUMN}"


SALES = view("sales", "sale_id integer, sold_at date, customer_id integer, product text, quantity integer")


@pytest.mark.parametrize(
    ("views", "bound"),
    [
        (
            [
                (
                    "stock_snapshots",
                    "sku text, snapshot_on date, product text, on_hand integer, on_order integer",
                )
            ],
            {
                "on_hand": "stock_snapshots.on_hand",
                "stock_date": "stock_snapshots.snapshot_on",
                "on_order": "stock_snapshots.on_order",
            },
        ),
        (
            [
                ("levels", "id integer, counted_on date, product text, on_hand integer"),
                (
                    "stock",
                    "id integer, created_on date, product text, on_hand integer, lead_time_days integer",
                ),
            ],
            {
                "on_hand": "stock.on_hand",
                "past_on_hand": "levels.on_hand",
                "stock_date": "levels.counted_on",
                "lead_time": "stock.lead_time_days",
            },
        ),
        (
            [
                (
                    "products",
                    "id integer, created_on date, title text, stock_quantity integer, cost_price number",
                )
            ],
            {"on_hand": "products.stock_quantity", "unit_cost": "products.cost_price"},
        ),
        (
            [("库存", "编号 integer, 盘点日期 date, 商品名称 text, 库存数量 integer, 安全库存 integer")],
            {"on_hand": "库存.库存数量", "stock_date": "库存.盘点日期"},
        ),
        ([("products", "id integer, made date, title text, safety_stock integer, stock_status text")], {}),
        (
            [("returns", "return_id integer, returned_on date, customer_id integer, product text")],
            {"returned": "returns.product"},
        ),
        ([("returns", "return_id integer, returned_on date, reason text")], {}),
    ],
)
def test_stock_and_returns_are_proposed_by_what_columns_are_called(
    views: list[tuple[str, str]], bound: dict[str, str]
):
    shop = Shop(name="x", database="x", views=(SALES, *(view(name, columns) for name, columns in views)))
    parts = ("on_hand", "past_on_hand", "stock_date", "on_order", "lead_time", "unit_cost", "returned")
    found = find_bindings(shop, "duckdb")
    assert {part: found[part] for part in parts if part in found} == bound
