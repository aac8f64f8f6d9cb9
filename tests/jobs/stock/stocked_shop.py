"""Small shops whose products are sold, counted and delivered as a test says, on DuckDB or SQLite."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

TODAY = dt.date(2026, 6, 28)
SHOP = """\
name: Shelves
database: {database}
currency: EUR
today: {today}
views:
  sales:
    time: ordered_on
    columns:
      ordered_on: {{type: date}}
      product: {{type: text, sampled: true, synonyms: [products, 商品]}}
      category: {{type: text, sampled: true, synonyms: [categories, 品类]}}
      country: {{type: text, sampled: true, synonyms: [countries, 国家]}}
      quantity: {{type: integer}}
      amount: {{type: number, unit: EUR}}
  stock:
    synonyms: [库存]
    columns:
      product: {{type: text, sampled: true}}
      category: {{type: text, sampled: true, synonyms: [品类]}}
      on_hand: {{type: integer, synonyms: [stock level], values: {{'0': [out of stock, 断货]}}}}
      on_order: {{type: integer}}
      lead_time_days: {{type: integer}}
      unit_cost: {{type: number, unit: EUR}}
  counts:
    time: counted_on
    columns:
      product: {{type: text}}
      counted_on: {{type: date}}
      on_hand: {{type: integer}}
  supply:
    columns:
      product: {{type: text}}
      asked_on: {{type: date}}
      came_on: {{type: date}}
metrics:
  revenue: {{view: sales, sql: SUM(amount), unit: EUR}}
roles:
  owner: {{limits: {{timeout_s: 60}}}}
  costless: {{masked: [stock.unit_cost]}}
  blind: {{masked: [stock.on_hand]}}
  local: {{rows: {{sales: "country = 'France'"}}}}
  kitchen: {{rows: {{sales: &own "category = 'Kitchen'", stock: *own, counts: "product LIKE 'P%'"}}}}
  partner: {{minimum_group: 5}}
default_role: owner
{bindings}
"""
LEVEL = (
    "on_hand: stock.on_hand, product: sales.product, order_date: sales.ordered_on, quantity: sales.quantity, "
    "amount: sales.amount"
)
BESIDE = "on_order: stock.on_order, lead_time: stock.lead_time_days, unit_cost: stock.unit_cost"
PAST = "past_on_hand: counts.on_hand, stock_date: counts.counted_on"
SUPPLY = "supply_ordered: supply.asked_on, supply_received: supply.came_on"
BOUND = f"bindings: {{{LEVEL}, {BESIDE}, {PAST}}}"
TABLES = """
CREATE TABLE sales (ordered_on DATE, product VARCHAR, category VARCHAR, country VARCHAR, quantity INTEGER,
  amount DOUBLE PRECISION);
CREATE TABLE stock (product VARCHAR, category VARCHAR, on_hand INTEGER, on_order INTEGER,
  lead_time_days INTEGER, unit_cost DOUBLE PRECISION);
CREATE TABLE counts (product VARCHAR, counted_on DATE, on_hand INTEGER);
CREATE TABLE supply (product VARCHAR, asked_on DATE, came_on DATE);
"""


def day(age: int) -> dt.date:
    """So many days before the shop's day."""
    return TODAY - dt.timedelta(days=age)


@dataclass
class Stocked:
    """Rows of each table."""

    sales: list[tuple[Any, ...]] = field(default_factory=list)
    stock: list[tuple[Any, ...]] = field(default_factory=list)
    counts: list[tuple[Any, ...]] = field(default_factory=list)
    supply: list[tuple[Any, ...]] = field(default_factory=list)

    def product(
        self,
        name: str,
        *,
        sold: dict[int, int] | None = None,
        on_hand: int = 0,
        on_order: int = 0,
        lead: int | None = 14,
        cost: float = 3.0,
        category: str = "Kitchen",
        counts: dict[int, int] | None = None,
        deliveries: Iterable[tuple[int, int]] = (),
    ) -> Stocked:
        """A product: pieces sold and levels counted by age in days, deliveries as ages of both ends."""
        self.stock.append((name, category, on_hand, on_order, lead, cost))
        for age, units in (sold or {}).items():
            country = ("Germany", "France")[age % 2]
            self.sales.append((day(age), name, category, country, units, units * 10.0))
        self.counts += [(name, day(age), level) for age, level in (counts or {}).items()]
        self.supply += [(name, day(asked), day(came)) for asked, came in deliveries]
        return self


def build(
    folder: Path,
    stocked: Stocked,
    *,
    bindings: str = BOUND,
    engine: str = "duckdb",
    today: str = TODAY.isoformat(),
) -> Path:
    """Write the database and its ``shop.yml``; the path of the latter."""
    path = folder / f"shop.{engine}"
    tables = {name: getattr(stocked, name) for name in ("sales", "stock", "counts", "supply")}
    if engine == "sqlite":
        with sqlite3.connect(path) as connection:
            connection.executescript(TABLES)
            for name, rows in tables.items():
                if rows:
                    places = ", ".join("?" * len(rows[0]))
                    told = [tuple(str(c) if isinstance(c, dt.date) else c for c in row) for row in rows]
                    connection.executemany(f"INSERT INTO {name} VALUES ({places})", told)
        connection.close()
    else:
        import pandas as pd

        with duckdb.connect(str(path)) as opened:
            opened.execute(TABLES)
            for name, rows in tables.items():
                if rows:
                    frame = pd.DataFrame(rows, columns=[f"c{i}" for i in range(len(rows[0]))])
                    opened.register("frame", frame)
                    opened.execute(f"INSERT INTO {name} SELECT * FROM frame")
    shop = folder / "shop.yml"
    shop.write_text(SHOP.format(database=path.name, today=today, bindings=bindings), encoding="utf-8")
    return shop
