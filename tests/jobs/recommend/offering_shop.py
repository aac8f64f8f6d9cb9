"""Small shops in which each customer's products are told by letters, with stock and returns."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb

TODAY = dt.date(2026, 6, 28)
NAMES = {
    "t": "Green Tea", "p": "Tea Pot", "c": "Cup", "r": "Rug", "l": "Desk Lamp", "b": "Bulb", "m": "Milk Jug",
    "n": "Desk Lamp Nova", "x": "Xylophone",
}  # fmt: skip
SHOP = """\
name: Offers
database: {database}
today: {today}
views:
  sales:
    time: ordered_on
    columns:
      order_id: {{type: integer}}
      customer_id: {{type: {key}}}
      ordered_on: {{type: date}}
      product: {{type: text, sampled: true, synonyms: [products, 商品]}}
      amount: {{type: number}}
  products:
    key: [product]
    columns:
      product: {{type: text, sampled: true}}
      on_hand: {{type: integer}}
  customers:
    key: [customer_id]
    columns:
      customer_id: {{type: {key}}}
      email: {{type: text}}
  sent_back:
    columns:
      customer_id: {{type: {key}}}
      product: {{type: text}}
metrics:
  revenue: {{view: sales, sql: SUM(amount)}}
roles:
  owner: {{limits: {{timeout_s: 60}}}}
  clerk: {{masked: [sales.customer_id, customers.customer_id, sent_back.customer_id]}}
  partner: {{minimum_group: 3}}
default_role: owner
{bindings}
"""
SOLD = (
    "product: sales.product, order_date: sales.ordered_on, customer: sales.customer_id, order: sales.order_id"
)
BOUND = f"bindings: {{{SOLD}, on_hand: products.on_hand, returned: sent_back.product}}"


def build(
    folder: Path,
    bought: Mapping[int, str],
    *,
    returned: Mapping[int, str] | None = None,
    empty: str = "",
    bindings: str = BOUND,
    engine: str = "duckdb",
    key: str = "integer",
) -> Path:
    """Write the database and its ``shop.yml``; the path of the latter.

    Args:
        bought: customer → letters of the products, one order; empty for a customer without purchases.
        returned: customer → letters of what came back.
        empty: letters of what is out of stock.
    """
    name = (lambda who: f"C-{who}") if key == "text" else (lambda who: who)
    sales = [
        (who, name(who), str(TODAY - dt.timedelta(days=who)), NAMES[letter], 10.0)
        for who, letters in bought.items()
        for letter in letters
    ]
    tables: dict[str, list[tuple[Any, ...]]] = {
        "sales": sales,
        "products": [(title, 0 if letter in empty else 5) for letter, title in NAMES.items()],
        "customers": [(name(who), f"person{who}@example.org") for who in bought],
        "sent_back": [
            (name(who), NAMES[letter]) for who, each in (returned or {}).items() for letter in each
        ],
    }
    kind = "VARCHAR" if key == "text" else "INTEGER"
    made = f"""
CREATE TABLE sales (order_id INTEGER, customer_id {kind}, ordered_on DATE, product VARCHAR, amount DOUBLE);
CREATE TABLE products (product VARCHAR, on_hand INTEGER);
CREATE TABLE customers (customer_id {kind}, email VARCHAR);
CREATE TABLE sent_back (customer_id {kind}, product VARCHAR);
"""
    path = folder / f"shop.{engine}"
    connection: Any = sqlite3.connect(path) if engine == "sqlite" else duckdb.connect(str(path))
    for statement in made.strip().split(";\n"):
        connection.execute(statement)
    for table, rows in tables.items():
        if rows:
            places = ", ".join("?" * len(rows[0]))
            connection.executemany(f"INSERT INTO {table} VALUES ({places})", rows)
    connection.commit()
    connection.close()
    shop = folder / "shop.yml"
    text = SHOP.format(database=path.name, today=TODAY, bindings=bindings, key=key)
    shop.write_text(text, encoding="utf-8")
    return shop
