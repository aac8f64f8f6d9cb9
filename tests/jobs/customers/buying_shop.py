"""Small shops whose customers buy as a test says, on DuckDB or SQLite."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import numpy as np

from bot.answer import Answer
from bot.assistant import Assistant
from bot.memory import Conversation
from jobs import JOBS
from llm.scripted import ScriptedEngine
from sql.ask import open_asker
from sql.databases import open_database
from sql.question.linking import Vocabulary
from sql.shop.describe import describe_database
from sql.shop.shopfile import dump_shop, load_shop
from sql.shop.workspace import Workspace, open_workspace
from telling.writer import Composed, numbers_without_receipt

TODAY = dt.date(2026, 6, 30)


class Bought(NamedTuple):
    """One row of what was sold."""

    order: int
    customer: int | None
    at: dt.datetime | dt.date
    product: str = "Lamp"
    country: str = "Germany"
    amount: float = 10.0


SHOP = """\
name: Buyers
database: {database}
currency: EUR
today: {today}
views:
  sales:
    time: ordered_at
    columns:
      order_id: {{type: integer, synonyms: [订单号]}}
      customer_id: {{type: integer, synonyms: [customer, 顾客编号]}}
      ordered_at: {{type: timestamp}}
      product: {{type: text, sampled: true, synonyms: [products, 商品]}}
      country: {{type: text, sampled: true, synonyms: [countries, 国家]}}
      amount: {{type: number, unit: EUR, synonyms: [金额]}}
  people:
    key: [customer_id]
    columns:
      customer_id: {{type: integer}}
      name: {{type: text}}
      email: {{type: text}}
metrics:
  revenue: {{view: sales, sql: SUM(amount), unit: EUR, synonyms: [销售额]}}
  orders: {{view: sales, sql: COUNT(DISTINCT order_id), synonyms: [订单数]}}
roles:
  owner: {{limits: {{timeout_s: 60}}}}
  narrow: {{limits: {{max_rows: 150, timeout_s: 60}}}}
  blind: {{masked: [sales.customer_id]}}
  penniless: {{masked: [sales.amount]}}
  german: {{rows: {{sales: "country = 'Germany'"}}}}
  partner: {{minimum_group: 5}}
default_role: owner
{bindings}
"""
BOUND = (
    "bindings: {order_date: sales.ordered_at, customer: sales.customer_id, order: sales.order_id, "
    "product: sales.product, amount: sales.amount, country: sales.country}"
)
TABLES = """
CREATE TABLE sales (order_id INTEGER, customer_id INTEGER, ordered_at TIMESTAMP, product VARCHAR,
  country VARCHAR, amount DOUBLE PRECISION);
CREATE TABLE people (customer_id INTEGER PRIMARY KEY, name VARCHAR, email VARCHAR);
"""


def build(
    folder: Path,
    rows: Iterable[Bought],
    *,
    today: dt.date = TODAY,
    bindings: str = BOUND,
    engine: str = "duckdb",
) -> Path:
    """Write the database and its ``shop.yml``; the path of the latter."""
    values = [(r.order, r.customer, str(r.at), r.product, r.country, r.amount) for r in rows]
    people = sorted({r[1] for r in values if r[1] is not None})
    named = [(who, f"Person {who}", f"person{who}@example.org") for who in people]
    path = folder / f"shop.{engine}"
    if engine == "sqlite":
        with sqlite3.connect(path) as connection:
            connection.executescript(TABLES)
            connection.executemany("INSERT INTO sales VALUES (?, ?, ?, ?, ?, ?)", values)
            connection.executemany("INSERT INTO people VALUES (?, ?, ?)", named)
        connection.close()
    else:
        _fill(path, values, named)
    shop = folder / "shop.yml"
    shop.write_text(SHOP.format(database=path.name, today=today, bindings=bindings), encoding="utf-8")
    return shop


def _fill(path: Path, values: list[tuple[Any, ...]], named: list[tuple[Any, ...]]) -> None:
    import pandas as pd

    with duckdb.connect(str(path)) as connection:
        connection.execute(TABLES)
        if values:
            frame = pd.DataFrame(values, columns=["a", "b", "c", "d", "e", "f"])
            frame["b"] = frame["b"].astype("Int64")
            connection.register("frame", frame)
            connection.execute("INSERT INTO sales SELECT a, b, CAST(c AS TIMESTAMP), d, e, f FROM frame")
        if named:
            connection.register("named", pd.DataFrame(named, columns=["a", "b", "c"]))
            connection.execute("INSERT INTO people SELECT * FROM named")


def opened_by_init(folder: Path, rows: Iterable[Bought]) -> Path:
    """The same database with the description that ``shoptalk init`` writes."""
    path = build(folder, rows)
    database = open_database(str(folder / "shop.duckdb"))
    try:
        shop = describe_database(database, name="found", location="shop.duckdb").shop
    finally:
        database.close()
    path.write_text(dump_shop(shop), encoding="utf-8")
    return path


class Talk:
    """A conversation with the jobs over one shop; no model is there."""

    def __init__(self, shop: Path | Workspace, role: str | None = None) -> None:
        self.workspace = shop if isinstance(shop, Workspace) else open_workspace(load_shop(shop), role=role)
        vocabulary = Vocabulary.build(self.workspace)
        asker = open_asker(self.workspace, ScriptedEngine([]), vocabulary)
        self.assistant = Assistant(self.workspace, asker, None, jobs=JOBS, vocabulary=vocabulary)
        self.conversation = Conversation()

    def ask(self, question: str) -> Answer:
        """The answer; every number in it has a receipt."""
        answer = list(self.assistant.answer(question, self.conversation))[-1].data
        assert isinstance(answer, Answer)
        composed = Composed(text=answer.text, figures=answer.figures, restated=answer.restated)
        assert numbers_without_receipt(composed) == [], answer.text
        return answer


def random_rows(
    seed: int, *, customers: int = 60, orders: int = 400, days: int = 500, products: int = 6
) -> list[Bought]:
    """Orders of one to four products each, some without a customer, some returns, some of one day."""
    draw = np.random.default_rng(seed)
    rows = []
    for order in range(1, orders + 1):
        who = None if draw.random() < 0.1 else int(draw.integers(1, customers + 1))
        at = dt.datetime.combine(TODAY, dt.time(int(draw.integers(0, 24)))) - dt.timedelta(
            days=int(draw.integers(0, days))
        )
        country = ("Germany", "France")[(who or 0) % 2]
        for product in draw.choice(products, int(draw.integers(1, 5)), replace=False):
            amount = float(np.round(draw.gamma(2, 10), 2)) * (-1 if draw.random() < 0.1 else 1)
            rows.append(Bought(order, who, at, f"Thing {product}", country, amount))
    return rows


def living_rows(
    seed: int = 1, *, customers: int = 400, days: int = 720, leaving: str = "", share: float = 0.7
) -> list[Bought]:
    """Customers who buy at their own pace and leave at random; of one country most leave half a year ago."""
    draw = np.random.default_rng(seed)
    rows: list[Bought] = []
    countries = ("Germany", "France", "Spain")
    start = TODAY - dt.timedelta(days=days)
    for who in range(1, customers + 1):
        country = countries[who % 3]
        began = float(draw.uniform(0, days * 0.7))
        pace = float(draw.gamma(1.2, 45)) + 5
        end = began + float(draw.exponential(500))
        if country == leaving and draw.random() < share:
            end = min(end, days - 180.0)
        at = began
        while at < days and (at <= end or at == began):
            day = start + dt.timedelta(days=int(at))
            rows.append(
                Bought(len(rows) + 1, who, day, "Lamp", country, float(np.round(draw.gamma(2, 20), 2)))
            )
            at += max(1.0, float(draw.exponential(pace)))
    return rows
