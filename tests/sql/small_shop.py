"""A shop of twelve rows, the same in every database, for tests of the guard and of databases."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from sql.semantics import Role, Shop, View, ViewColumn
from sql.types import ColumnType, Dialect, QueryLimits

if TYPE_CHECKING:
    from bench.servers import Server

TABLES = """
CREATE TABLE customers (
  customer_id INTEGER PRIMARY KEY, name VARCHAR(80) NOT NULL, email VARCHAR(80), country VARCHAR(40),
  "born in" INTEGER);
CREATE TABLE orders (
  order_id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL REFERENCES customers(customer_id),
  ordered_at TIMESTAMP, status VARCHAR(20));
CREATE TABLE order_lines (
  order_id INTEGER NOT NULL REFERENCES orders(order_id), product VARCHAR(40), quantity INTEGER,
  price DECIMAL(10,2));
CREATE TABLE secrets (password VARCHAR(40));
INSERT INTO customers VALUES
  (1, 'Ana', 'ana@example.com', 'Germany', 1980), (2, 'Bo', 'bo@example.com', 'China', 1990),
  (3, '李雷', NULL, 'China', NULL);
INSERT INTO orders VALUES
  (10, 1, '2025-01-05 10:00:00', 'delivered'), (11, 1, '2025-02-07 11:30:00', 'cancelled'),
  (12, 2, '2025-02-20 09:00:00', 'delivered'), (13, 3, '2025-03-31 23:59:59', 'shipped');
INSERT INTO order_lines VALUES
  (10, 'Lamp', 2, 10.50), (10, 'Mug', 1, 4.00), (11, 'Lamp', 1, 10.50), (12, 'Bag', 3, 20.00),
  (13, 'Mug', 5, 4.00);
INSERT INTO secrets VALUES ('honey');
"""

SALES = """
SELECT o.order_id, o.ordered_at, c.country, l.product, l.quantity, l.quantity * l.price AS amount
FROM order_lines AS l
JOIN orders AS o ON o.order_id = l.order_id
JOIN customers AS c ON c.customer_id = o.customer_id
WHERE o.status <> 'cancelled'
"""


def column(name: str, kind: ColumnType = "integer") -> ViewColumn:
    return ViewColumn(name=name, type=kind, sampled=name in ("country", "product", "status"))


VIEWS = (
    View(
        name="sales",
        sql=SALES,
        time="ordered_at",
        columns=(
            column("order_id"),
            column("ordered_at", "timestamp"),
            column("country", "text"),
            column("product", "text"),
            column("quantity"),
            column("amount", "number"),
        ),
    ),
    View(
        name="orders",  # the same name as the table that it reads
        sql="SELECT order_id, customer_id, ordered_at, status FROM orders",
        time="ordered_at",
        columns=(
            column("order_id"),
            column("customer_id"),
            column("ordered_at", "timestamp"),
            column("status", "text"),
        ),
    ),
    View(
        name="customers",  # a table read as it is
        columns=(
            column("customer_id"),
            column("name", "text"),
            column("email", "text"),
            column("country", "text"),
            column("born in"),
        ),
    ),
)

ROLES = (
    Role(name="owner", limits=QueryLimits(max_rows=100, timeout_s=5)),
    Role(
        name="analyst",
        masked=frozenset({("customers", "email"), ("customers", "name")}),
        limits=QueryLimits(max_rows=100, timeout_s=5),
    ),
    Role(
        name="china",
        views=frozenset({"sales", "customers"}),
        rows={"sales": "country = 'China'", "customers": "country = 'China' AND name <> 'Bo'"},
        masked=frozenset({("customers", "name"), ("sales", "country")}),
        limits=QueryLimits(max_rows=100, timeout_s=5),
    ),
)


def build(folder: Path, dialect: Dialect) -> Path:
    """Write the database file."""
    if dialect == "duckdb":
        path = folder / "small.duckdb"
        with duckdb.connect(str(path)) as connection:
            connection.execute(TABLES)
        return path
    path = folder / "small.sqlite"
    connection = sqlite3.connect(path)
    connection.executescript(TABLES)
    connection.commit()
    connection.close()
    return path


def build_on(server: Server) -> None:
    """Write the tables into an empty database of a server, and let its reader read them."""
    tables = TABLES
    if server.dialect == "mysql":
        tables = tables.replace('"', "`").replace("TIMESTAMP", "DATETIME")
    server.execute(tables)
    server.make_reader()


def small_shop(path: Path | str) -> Shop:
    """Its description."""
    return Shop(name="Small", database=str(path), views=VIEWS, roles=ROLES, today="max(sales.ordered_at)")
