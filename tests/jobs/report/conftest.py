"""A shop of 14 months whose figures can be worked out by hand."""

from __future__ import annotations

import datetime as dt

import duckdb
import pytest

from sql.databases import open_database
from sql.semantics import Metric, Role, Shop, View, ViewColumn
from sql.shop.workspace import open_workspace

HOSTILE = "Pan <script>alert(1)</script> | *x*"
"""A product name as a stranger might write it."""


def sales():
    """Per month one order of 100 (lamp, Germany) and n of 10 (pan, France or no country); n grows by one."""
    number = 0
    for month in range(14):
        day = dt.datetime(2025 + (month + 3) // 12, (month + 3) % 12 + 1, 15)  # April 2025 to May 2026
        rows = [("Lamp", "Germany", 100)]
        rows += [(HOSTILE, "France" if i % 2 else None, 10) for i in range(month + 1)]
        for product, country, amount in rows:
            number += 1
            yield number, day, product, country, amount


@pytest.fixture(scope="session")
def sales_rows():
    return list(sales())


@pytest.fixture(scope="session")
def shop(tmp_path_factory):
    path = tmp_path_factory.mktemp("shop") / "shop.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            "CREATE TABLE sales (order_id INT, ordered_at TIMESTAMP, product TEXT, country TEXT, "
            "amount DECIMAL(10, 2))"
        )
        connection.executemany("INSERT INTO sales VALUES (?, ?, ?, ?, ?)", list(sales()))
        connection.execute("CREATE TABLE reviews (review_id INT, day DATE, product TEXT, rating INT)")
        ratings = [(1, "2026-04-03", "Lamp", 5), (2, "2026-05-03", "Lamp", 4), (3, "2026-05-31", "Lamp", 1)]
        connection.executemany("INSERT INTO reviews VALUES (?, ?, ?, ?)", ratings)
        connection.execute("CREATE TABLE notes (text TEXT)")

    def column(name, type, **more):
        return ViewColumn(name=name, type=type, **more)

    return Shop(
        name="Corner & shop",
        database=str(path),
        currency="EUR",
        today=dt.date(2026, 6, 10),
        views=(
            View(name="notes", columns=(column("text", "text"),)),
            View(
                name="sales",
                time="ordered_at",
                columns=(
                    column("order_id", "integer"),
                    column("ordered_at", "timestamp"),
                    column("product", "text", sampled=True, synonyms=("商品",)),
                    column("country", "text", sampled=True, synonyms=("国家",)),
                    column("amount", "number", unit="EUR"),
                ),
            ),
            View(
                name="reviews",
                time="day",
                synonyms=("评论",),
                columns=(
                    column("review_id", "integer"),
                    column("day", "date"),
                    column("product", "text", sampled=True),
                    column("rating", "integer"),
                ),
            ),
        ),
        metrics=(
            Metric(name="revenue", view="sales", sql="SUM(amount)", unit="EUR", synonyms=("销售额",)),
            Metric(name="orders", view="sales", sql="COUNT(DISTINCT order_id)", synonyms=("订单数",)),
            Metric(
                name="average_order_value",
                view="sales",
                sql="SUM(amount) / COUNT(DISTINCT order_id)",
                unit="EUR",
                synonyms=("客单价",),
            ),
            Metric(
                name="german_share",
                view="sales",
                sql="AVG(CASE WHEN country = 'Germany' THEN 1.0 ELSE 0.0 END)",
                unit="%",
            ),
            Metric(name="average_rating", view="reviews", sql="AVG(rating)", synonyms=("平均评分",)),
            Metric(name="reviews", view="reviews", sql="COUNT(*)", synonyms=("评论数",)),
        ),
        roles=(
            Role(name="owner"),
            Role(name="no_money", masked=frozenset({("sales", "amount")})),
            Role(name="reader", views=frozenset({"reviews"})),
            Role(name="notes", views=frozenset({"notes"})),
        ),
        bindings={"amount": "sales.amount", "product": "sales.product"},
    )


@pytest.fixture(scope="session")
def open_as(shop):
    """Opens the shop for a role; all roles share one connection."""
    database = open_database(shop.database)
    yield lambda role="owner", shop=shop: open_workspace(shop, role=role, database=database)
    database.close()


@pytest.fixture(scope="session")
def workspace(open_as):
    return open_as()
