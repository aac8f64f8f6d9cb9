"""Made-up shops whose units answer to prices as a test says: as frames for the model, and as databases."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd

from jobs.price.weeks import Values

TODAY = dt.date(2026, 6, 28)
WEEKS = 104


@dataclass(frozen=True, kw_only=True)
class Making:
    """How the weeks of products come about."""

    elasticity: float = -1.5
    products: int = 5
    base: float = 8.0
    """Units of a week, before season and price."""
    noise: float = 0.15
    """Standard deviation of what moves a product's units beside chance."""
    lasting: float = 0.5
    """Its correlation from week to week."""
    sale: float = 0.0
    """Share that all prices are lower by in the weeks before the season's peak."""
    follows: float = 0.0
    """Share of what moves units that prices follow."""
    apart: float = 0.0
    """Standard deviation of elasticities."""


def made_weeks(seed: int, how: Making) -> tuple[Values, Values, Values]:
    """Units and prices of products in rows, weeks in columns; and their elasticities."""
    draw = np.random.default_rng(seed)
    week = np.arange(WEEKS)
    season = 1 + 0.6 * np.exp(-0.5 * (((week % 52) - 40) / 5) ** 2)
    shape = (how.products, WEEKS)
    noise, prices = np.zeros(shape), np.zeros(shape)
    elasticities = how.elasticity + how.apart * draw.normal(size=how.products)
    for at in range(how.products):
        last = 0.0
        for now in week:
            last = how.lasting * last + np.sqrt(1 - how.lasting**2) * how.noise * draw.normal()
            noise[at, now] = last
        base, change = 20 * np.exp(0.3 * draw.normal()), 0
        for now in week:
            if now == change:
                price, change = base * draw.uniform(0.78, 1.25), now + int(draw.integers(6, 18))
            prices[at, now] = price
    relative = prices / prices.mean(axis=1, keepdims=True)
    moved = np.where((week % 52 > 32) & (week % 52 <= 40), 1 - how.sale, 1.0) * np.exp(how.follows * noise)
    prices, relative = prices * moved, relative * moved
    popular = how.base * np.exp(0.4 * draw.normal(size=(how.products, 1)))
    units = draw.poisson(popular * relative ** elasticities[:, None] * season * np.exp(noise))
    return units.astype(float), np.round(prices, 2), elasticities


def frames(
    units: Values, prices: Values, empty: Mapping[int, range] | None = None
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, dict[Any, Any]]:
    """What :func:`jobs.price.weeks.read_weeks` takes, of one kind.

    Args:
        empty: product → weeks in which it is out of stock and sells nothing.
    """
    units = units.copy()
    for product, weeks in (empty or {}).items():
        units[product, weeks] = 0
    products, weeks = np.nonzero(units)
    sold = pd.DataFrame(
        {
            "product": products,
            "back": WEEKS - 1 - weeks,
            "units": units[products, weeks],
            "lines": units[products, weeks],
            "largest": 1.0,
            "paid": prices[products, weeks],
            "listed": np.nan,
            "cheapest": prices[products, weeks],
            "dearest": prices[products, weeks],
        }
    )
    totals = pd.DataFrame({"kind": "all", "back": WEEKS - 1 - np.arange(WEEKS), "units": units.sum(axis=0)})
    out = [(product, WEEKS - 1 - week) for product, each in (empty or {}).items() for week in each]
    return (
        sold,
        totals,
        pd.DataFrame(out, columns=["product", "back"]),
        dict.fromkeys(range(len(units)), "all"),
    )


# ---- databases --------------------------------------------------------------------------------------------

SHOP = """\
name: Prices
database: {database}
currency: EUR
today: {today}
views:
  sales:
    time: ordered_on
    refs: {{product: products}}
    columns:
      order_id: {{type: integer}}
      ordered_on: {{type: date}}
      product: {{type: text, sampled: true, synonyms: [products, 商品]}}
      category: {{type: text, sampled: true, synonyms: [categories, 品类]}}
      country: {{type: text, sampled: true, synonyms: [countries, 国家]}}
      currency: {{type: text, sampled: true}}
      quantity: {{type: integer, synonyms: [数量]}}
      amount: {{type: number, unit: EUR, synonyms: [金额]}}
      unit_price: {{type: number, unit: EUR, synonyms: [price, 价格, 单价]}}
  products:
    key: [product]
    columns:
      product: {{type: text}}
      unit_cost: {{type: number, unit: EUR}}
  counts:
    time: counted_on
    refs: {{product: products}}
    columns:
      product: {{type: text}}
      counted_on: {{type: date}}
      on_hand: {{type: integer}}
metrics:
  revenue: {{view: sales, sql: SUM(amount), unit: EUR, synonyms: [销售额]}}
  units_sold: {{view: sales, sql: SUM(quantity), synonyms: [units, 销量]}}
roles:
  owner: {{limits: {{timeout_s: 60}}}}
  narrow: {{limits: {{max_rows: 120, timeout_s: 60}}}}
  costless: {{masked: [products.unit_cost]}}
  penniless: {{masked: [sales.amount]}}
  unpriced: {{masked: [sales.unit_price]}}
  german: {{rows: {{sales: "country = 'Germany'"}}}}
  partner: {{minimum_group: 5}}
default_role: owner
bindings: {{{bindings}}}
"""
SOLD = "order_date: sales.ordered_on, product: sales.product, quantity: sales.quantity, amount: sales.amount"
KIND = "category: sales.category"
COST = "unit_cost: products.unit_cost"
LISTED = "list_price: sales.unit_price"
STOCK = "past_on_hand: counts.on_hand, stock_date: counts.counted_on"
BOUND = f"{SOLD}, {KIND}, {COST}, {LISTED}, {STOCK}"
TABLES = """
CREATE TABLE sales (order_id INTEGER, ordered_on DATE, product VARCHAR, category VARCHAR, country VARCHAR,
  currency VARCHAR, quantity INTEGER, amount DOUBLE PRECISION, unit_price DOUBLE PRECISION);
CREATE TABLE products (product VARCHAR PRIMARY KEY, unit_cost DOUBLE PRECISION);
CREATE TABLE counts (product VARCHAR, counted_on DATE, on_hand INTEGER);
"""


def day(back: int, of_week: int = 3) -> dt.date:
    """A day of a week so many weeks before the shop's last."""
    return TODAY - dt.timedelta(days=7 * back + of_week)


@dataclass(frozen=True)
class Priced:
    """Rows of each table."""

    sales: list[tuple[Any, ...]] = field(default_factory=list)
    products: list[tuple[Any, ...]] = field(default_factory=list)
    counts: list[tuple[Any, ...]] = field(default_factory=list)

    def sold(
        self,
        product: str,
        units: Values,
        prices: Values,
        *,
        category: str = "Kitchen",
        cost: float | None = None,
        discount: float = 0.0,
    ) -> Priced:
        """A product's weeks, the oldest first: in each two lines, in two countries."""
        for at, (count, price) in enumerate(zip(units, prices, strict=True)):
            back = len(units) - 1 - at
            half = int(count) // 2
            for pieces, country, of_week in ((int(count) - half, "Germany", 2), (half, "France", 5)):
                if pieces:
                    paid = pieces * float(price) * (1 - discount)
                    row = (len(self.sales) + 1, day(back, of_week), product, category, country, "EUR")
                    self.sales.append((*row, pieces, round(paid, 2), float(price)))
        if cost is not None:
            self.products.append((product, cost))
        return self

    def and_sale(self, product: str, back: int, pieces: int, amount: float, currency: str = "EUR") -> Priced:
        """The same with one line more."""
        row = (len(self.sales) + 1, day(back), product, "Kitchen", "Germany", currency, pieces, amount)
        return replace(self, sales=[*self.sales, (*row, abs(amount / pieces))])


def kitchen() -> Priced:
    """Six pans at −1.5 and five lamps at −0.7, costing half their price; a bowl whose price never moved."""
    made = Priced()
    for category, name, elasticity, count, seed in (
        ("Kitchen", "Pan", -1.5, 6, 1),
        ("Lighting", "Lamp", -0.7, 5, 2),
    ):
        how = Making(elasticity=elasticity, products=count, base=25, noise=0.08)
        units, prices, _ = made_weeks(seed, how)
        for at in range(count):
            cost = round(float(prices[at].mean() / 2), 2)
            made.sold(f"{name} {'ABCDEF'[at]}", units[at], prices[at], category=category, cost=cost)
    bowl = np.random.default_rng(3).poisson(8, WEEKS).astype(float)
    return made.sold("Bowl", bowl, np.full(WEEKS, 12.0), cost=6.0)


def build(
    folder: Path, priced: Priced, *, bindings: str = BOUND, engine: str = "duckdb", today: str = ""
) -> Path:
    """Write the database and its ``shop.yml``; the path of the latter."""
    path = folder / f"shop.{engine}"
    tables = {name: getattr(priced, name) for name in ("sales", "products", "counts")}
    if engine == "sqlite":
        with sqlite3.connect(path) as connection:
            connection.executescript(TABLES)
            for name, rows in tables.items():
                if rows:
                    told = [tuple(str(c) if isinstance(c, dt.date) else c for c in row) for row in rows]
                    places = ", ".join("?" * len(rows[0]))
                    connection.executemany(f"INSERT INTO {name} VALUES ({places})", told)
        connection.close()
    else:
        with duckdb.connect(str(path)) as opened:
            opened.execute(TABLES)
            for name, rows in tables.items():
                if rows:
                    frame = pd.DataFrame(rows, columns=[f"c{i}" for i in range(len(rows[0]))])
                    opened.register("frame", frame)
                    opened.execute(f"INSERT INTO {name} SELECT * FROM frame")
    shop = folder / "shop.yml"
    text = SHOP.format(database=path.name, today=today or TODAY.isoformat(), bindings=bindings)
    shop.write_text(text, encoding="utf-8")
    return shop
