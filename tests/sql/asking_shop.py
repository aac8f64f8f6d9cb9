"""A shop of a few rows with words in two languages, for tests of linking, drafting and asking."""

from __future__ import annotations

from pathlib import Path

import duckdb

from sql.semantics import Example, Metric, Role, Shop, View, ViewColumn
from sql.types import QueryLimits

TABLES = """
CREATE TABLE order_items (
  order_id INTEGER, ordered_at TIMESTAMP, customer_id INTEGER, country VARCHAR, product VARCHAR,
  category VARCHAR, brand VARCHAR, channel VARCHAR, quantity INTEGER, amount DOUBLE, profit DOUBLE);
INSERT INTO order_items VALUES
  (1, '2026-05-03 10:00', 7, 'Germany', 'Nordlys Over-Ear Headphones 300', 'Audio', 'Nordlys', 'app', 2, 300,
  90),
  (2, '2026-05-20 12:00', 8, 'France', 'Kestrel Kettle', 'Kitchen', 'Kestrel', 'web', 1, 40, 10),
  (3, '2026-06-02 09:00', 7, 'Germany', 'Kestrel Kettle', 'Kitchen', 'Kestrel', 'web', 1, 40, 10),
  (4, '2025-05-11 18:00', 9, 'China', 'Nordlys Desk Lamp', 'Lighting', 'Nordlys', 'app', 3, 90, 20),
  (5, '2026-06-30 20:00', 8, 'France', 'Nordlys In-Ear Headphones 50', 'Audio', 'Nordlys', 'app', 1, 50, 15);
CREATE TABLE order_states (
  order_id INTEGER, ordered_at TIMESTAMP, status VARCHAR, amount DOUBLE, delivered_at TIMESTAMP);
INSERT INTO order_states VALUES
  (1, '2026-05-03 10:00', 'delivered', 300, '2026-05-06 10:00'),
  (2, '2026-05-20 12:00', 'cancelled', 40, NULL);
CREATE TABLE people (
  customer_id INTEGER, name VARCHAR, email VARCHAR, country VARCHAR, orders INTEGER, registered_at TIMESTAMP);
INSERT INTO people VALUES
  (7, 'Ana', 'ana@example.com', 'Germany', 2, '2024-01-02'),
  (8, 'Bo', 'bo@example.com', 'France', 2, '2025-03-02'),
  (9, 'Li', 'li@example.com', 'China', 0, '2026-01-02');
"""

COUNTRY = ViewColumn(
    name="country",
    type="text",
    sampled=True,
    synonyms=("market", "国家"),
    values={"Germany": ("german", "德国"), "France": ("french", "法国")},
)


def text(name: str, *synonyms: str, sampled: bool = True, **values: tuple[str, ...]) -> ViewColumn:
    return ViewColumn(name=name, type="text", synonyms=synonyms, sampled=sampled, values=values)


def number(name: str, *synonyms: str, unit: str = "") -> ViewColumn:
    return ViewColumn(name=name, type="number", synonyms=synonyms, unit=unit)


def whole(name: str, *synonyms: str) -> ViewColumn:
    return ViewColumn(name=name, type="integer", synonyms=synonyms)


def moment(name: str, *synonyms: str) -> ViewColumn:
    return ViewColumn(name=name, type="timestamp", synonyms=synonyms)


VIEWS = (
    View(
        name="sales",
        description="one row per product in an order",
        synonyms=("销售",),
        sql="SELECT * FROM order_items",
        time="ordered_at",
        columns=(
            whole("order_id", "order number"),
            moment("ordered_at", "order date"),
            whole("customer_id", "customer"),
            COUNTRY,
            text("product", "item", "商品"),
            text("category", "品类", Audio=("音频",), Kitchen=("厨房",), Lighting=("lamps", "灯具")),
            text("brand", "品牌"),
            text("channel", "渠道", app=("mobile app",), web=("website", "网站")),
            whole("quantity", "pieces", "件数"),
            number("amount", "金额", unit="EUR"),
            number("profit", unit="EUR"),
        ),
    ),
    View(
        name="orders",
        synonyms=("订单",),
        sql="SELECT * FROM order_states",
        time="ordered_at",
        columns=(
            whole("order_id", "order number"),
            moment("ordered_at"),
            text(
                "status", "状态", "where is", delivered=("arrived", "已送达"), cancelled=("canceled", "取消")
            ),
            number("amount", "order value", unit="EUR"),
            moment("delivered_at"),
        ),
    ),
    View(
        name="customers",
        synonyms=("clients", "people", "客户"),
        sql="SELECT * FROM people",
        time="registered_at",
        columns=(
            whole("customer_id"),
            text("name", "customer name", sampled=False),
            text("email", "e-mail", "mail address", "邮箱", sampled=False),
            COUNTRY,
            whole("orders", "bought"),
            moment("registered_at", "signed up"),
        ),
    ),
)

METRICS = (
    Metric(
        name="revenue", view="sales", sql="SUM(amount)", unit="EUR", synonyms=("turnover", "sales", "销售额")
    ),
    Metric(
        name="orders",
        view="sales",
        sql="COUNT(DISTINCT order_id)",
        synonyms=("how many orders", "订单数", "多少订单"),
    ),
    Metric(name="units_sold", view="sales", sql="SUM(quantity)", synonyms=("units", "销量")),
    Metric(name="profit", view="sales", sql="SUM(profit)", unit="EUR", synonyms=("利润",)),
    Metric(name="customers", view="customers", sql="COUNT(*)", synonyms=("number of customers", "客户数")),
)

ROLES = (
    Role(name="owner", limits=QueryLimits(max_rows=100, timeout_s=5)),
    Role(
        name="analyst",
        masked=frozenset({("customers", "name"), ("customers", "email")}),
        limits=QueryLimits(max_rows=100, timeout_s=5),
    ),
)

EXAMPLES = (
    Example(
        question="Revenue in April 2026",
        sql=(
            "SELECT SUM(amount) AS revenue FROM sales WHERE ordered_at >= '2026-04-01' AND "
            "ordered_at < '2026-05-01'"
        ),
    ),
)


def build(folder: Path) -> Path:
    """Write the database file."""
    path = folder / "asking.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(TABLES)
    return path


def asking_shop(path: Path) -> Shop:
    """Its description; today is 30 June 2026."""
    return Shop(
        name="Asking",
        database=str(path),
        views=VIEWS,
        metrics=METRICS,
        roles=ROLES,
        default_role="analyst",
        today="max(sales.ordered_at)",
        examples=EXAMPLES,
        bindings={"amount": "sales.amount", "quantity": "sales.quantity"},
    )
