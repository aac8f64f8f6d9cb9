"""A small shop for random statements: NULLs, ties, months without rows, two facts, two ways to one thing.

``rows`` makes its tables from a seed, as dicts; ``build_file`` and ``build_on`` write them into a database,
and ``language_shop`` describes them. Texts are small letters only, so that every database sorts them alike.
"""

from __future__ import annotations

import datetime as dt
import random
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from sql.semantics import Metric, Role, Shop, View, ViewColumn
from sql.types import ColumnType, Dialect, QueryLimits

if TYPE_CHECKING:
    from bench.servers import Server

TODAY = dt.date(2026, 6, 17)
Row = dict[str, Any]
Tables = dict[str, list[Row]]

COLUMNS: dict[str, dict[str, ColumnType]] = {
    "customers": {"customer_id": "integer", "country": "text", "joined_at": "timestamp"},
    "products": {"product_id": "integer", "category": "text", "brand": "text", "price": "number"},
    "orders": {
        "order_id": "integer",
        "customer_id": "integer",
        "payer_id": "integer",
        "ordered_at": "timestamp",
        "channel": "text",
        "total": "number",
        "is_gift": "boolean",
    },
    "lines": {
        "line_id": "integer",
        "order_id": "integer",
        "product_id": "integer",
        "wrap_id": "integer",
        "quantity": "integer",
        "amount": "number",
    },
    "returns": {
        "return_id": "integer",
        "line_id": "integer",
        "product_id": "integer",
        "returned_at": "timestamp",
        "pieces": "integer",
        "reason": "text",
    },
    "visits": {"visit_id": "integer", "customer_id": "integer", "visited_at": "timestamp", "source": "text"},
    "stock": {"stock_id": "integer", "product_id": "integer", "taken_on": "date", "on_hand": "integer"},
}
_TYPES = {"integer": "INTEGER", "number": "DECIMAL(10,2)", "text": "VARCHAR(20)", "date": "DATE"}


def rows(seed: int = 7) -> Tables:
    """The tables: about 30 customers, 12 products, 150 orders, 300 lines."""
    dice = random.Random(seed)

    def sometimes(value: Any, share: float = 0.1) -> Any:
        return None if dice.random() < share else value

    def moment(first: dt.date, last: dt.date) -> dt.datetime:
        day = first + dt.timedelta(days=dice.randrange((last - first).days + 1))
        return dt.datetime(day.year, day.month, day.day, dice.randrange(24), dice.randrange(60))

    start = dt.date(2024, 1, 10)
    customers = [
        {
            "customer_id": i,
            "country": sometimes(dice.choice(["spain", "italy", "france"])),
            "joined_at": sometimes(moment(start, TODAY)),
        }
        for i in range(1, 31)
    ]
    products = [
        {
            "product_id": i,
            "category": sometimes(dice.choice(["audio", "bags", "toys"]), 0.15),
            "brand": sometimes(dice.choice(["acme", "zen"]), 0.2),
            "price": dice.choice([5, 10, 10, 20, 35]),
        }
        for i in range(1, 13)
    ]
    orders: list[Row] = []
    for i in range(1, 151):
        at = moment(start, TODAY)
        while (at.year, at.month) in ((2024, 8), (2025, 3), (2026, 2)):  # months without an order
            at = moment(start, TODAY)
        buyer = dice.randint(1, 26)  # some customers never buy
        orders.append(
            {
                "order_id": i,
                "customer_id": sometimes(buyer, 0.05),
                "payer_id": sometimes(dice.randint(1, 30), 0.2),
                "ordered_at": sometimes(at, 0.04),
                "channel": sometimes(dice.choice(["web", "app", "shop"])),
                "total": sometimes(dice.choice([10, 20, 20, 50, 75, 120]), 0.05),
                "is_gift": sometimes(dice.random() < 0.3),
            }
        )
    lines: list[Row] = []
    for order in orders:
        for _ in range(dice.choice([0, 1, 1, 2, 2, 3, 5])):
            product = dice.randint(1, 12)
            quantity = dice.randint(1, 4)
            lines.append(
                {
                    "line_id": len(lines) + 1,
                    "order_id": sometimes(order["order_id"], 0.02),
                    "product_id": sometimes(product, 0.03),
                    "wrap_id": sometimes(dice.randint(1, 12), 0.6),
                    "quantity": quantity,
                    "amount": sometimes(quantity * dice.choice([5, 10, 10, 20]), 0.05),
                }
            )
    returns = [
        {
            "return_id": i,
            "line_id": sometimes((line := dice.choice(lines))["line_id"], 0.1),
            "product_id": sometimes(line["product_id"], 0.1),
            "returned_at": sometimes(moment(dt.date(2024, 3, 1), TODAY), 0.05),
            "pieces": dice.randint(1, 3),
            "reason": sometimes(dice.choice(["broken", "size"])),
        }
        for i in range(1, 41)
    ]
    visits = [
        {
            "visit_id": i,
            "customer_id": sometimes(dice.randint(1, 30), 0.3),
            "visited_at": sometimes(moment(start, TODAY), 0.03),
            "source": sometimes(dice.choice(["ads", "mail"])),
        }
        for i in range(1, 121)
    ]
    stock: list[Row] = []
    day = dt.date(2025, 1, 6)
    while day <= TODAY:
        if day.month != 4:  # nobody counted in April
            for product in dice.sample(range(1, 13), 5):
                stock.append(
                    {
                        "stock_id": len(stock) + 1,
                        "product_id": product,
                        "taken_on": day,
                        "on_hand": dice.randint(0, 9),
                    }
                )
        day += dt.timedelta(days=dice.choice([5, 7, 12]))
    return {
        "customers": customers,
        "products": products,
        "orders": orders,
        "lines": lines,
        "returns": returns,
        "visits": visits,
        "stock": stock,
    }


def language_shop(location: Path | str) -> Shop:
    """Its description. ``orders`` is a view of its own, the others are tables."""

    def view(name: str, **more: Any) -> View:
        columns = tuple(ViewColumn(name=c, type=kind) for c, kind in COLUMNS[name].items())
        return View(name=name, columns=columns, key=(next(iter(COLUMNS[name])),), **more)

    names = ", ".join(COLUMNS["orders"])
    views = (
        view("customers", time="joined_at", prefer={"orders": "customer_id"}),
        view("products", prefer={"lines": "product_id"}),
        view(
            "orders",
            time="ordered_at",
            sql=f"SELECT {names} FROM all_orders WHERE order_id > 0",
            refs={"customer_id": "customers", "payer_id": "customers"},
            prefer={"customers": "customer_id"},
        ),
        view(
            "lines",
            refs={"order_id": "orders", "product_id": "products", "wrap_id": "products"},
            prefer={"products": "product_id"},
        ),
        view("returns", time="returned_at", refs={"line_id": "lines", "product_id": "products"}),
        view("visits", time="visited_at", refs={"customer_id": "customers"}),
        view("stock", time="taken_on", refs={"product_id": "products"}),
    )
    metrics = (
        Metric(name="revenue", view="lines", sql="SUM(amount)", unit="EUR"),
        Metric(name="units", view="lines", sql="SUM(quantity)"),
        Metric(name="order_count", view="orders", sql="COUNT(*)"),
        Metric(name="order_value", view="orders", sql="SUM(total)", unit="EUR"),
        Metric(name="average_total", view="orders", sql="SUM(total) / COUNT(*)", unit="EUR"),
        Metric(name="buyers", view="orders", sql="COUNT(DISTINCT customer_id)"),
        Metric(name="returned", view="returns", sql="SUM(pieces)"),
        Metric(name="visits", view="visits", sql="COUNT(*)"),
        Metric(name="in_stock", view="stock", sql="SUM(on_hand)", last="taken_on"),
        Metric(name="return_rate", view="", sql="returned / units", unit="%"),
        Metric(name="joined", view="customers", sql="COUNT(*)"),
    )
    return Shop(
        name="Language",
        database=str(location),
        views=views,
        metrics=metrics,
        roles=(Role(name="owner", limits=QueryLimits(max_rows=5_000, timeout_s=60, max_cost=1e14)),),
        today=TODAY,
        fiscal_year_starts=4,
    )


# ---- writing it into a database -------------------------------------------------------------------------


def _script(tables: Tables, dialect: Dialect) -> list[str]:
    moment = {"mysql": "DATETIME", "sqlite": "TEXT"}.get(dialect, "TIMESTAMP")
    kinds = {**_TYPES, "timestamp": moment, "boolean": "INTEGER" if dialect == "sqlite" else "BOOLEAN"}
    statements = []
    for name, columns in COLUMNS.items():
        table = "all_orders" if name == "orders" else name
        written = ", ".join(
            f"{c} {kinds[kind]}{' PRIMARY KEY' if i == 0 else ''}"
            for i, (c, kind) in enumerate(columns.items())
        )
        lines_ = "`lines`" if dialect == "mysql" and name == "lines" else table
        statements.append(f"CREATE TABLE {lines_} ({written})")
        if dialect == "mysql":  # as foreign keys make them; without, its joins are nested loops
            links = [c for c in columns if c.endswith("_id")][1:]
            statements += [f"CREATE INDEX by_{c} ON {lines_} ({c})" for c in links]
        for row in tables[name]:
            values = ", ".join(_value(row[c], dialect) for c in columns)
            statements.append(f"INSERT INTO {lines_} VALUES ({values})")
    return statements


def _value(value: Any, dialect: Dialect) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return str(int(value)) if dialect == "sqlite" else str(value).upper()
    return str(value) if isinstance(value, int | float) else f"'{value}'"


def build_file(folder: Path, dialect: Dialect, tables: Tables) -> Path:
    """Write a DuckDB or SQLite file."""
    path = folder / f"language.{dialect}"
    script = _script(tables, dialect)
    if dialect == "duckdb":
        with duckdb.connect(str(path)) as connection:
            for statement in script:
                connection.execute(statement)
        return path
    connection = sqlite3.connect(path)
    for statement in script:
        connection.execute(statement)
    connection.commit()
    connection.close()
    return path


def build_on(server: Server, tables: Tables) -> None:
    """Write it into an empty database of a server."""
    server.execute("; ".join(_script(tables, server.dialect)))
    server.make_reader()
