"""Small shops with orders made for one thing each, described by hand or by ``init``."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import duckdb

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

Order = tuple[dt.date, str, str, int, float]
"""Day, product, country, quantity, amount."""

SHOP = """\
name: Rows
database: shop.duckdb
currency: EUR
today: {today}
views:
  sales:
    time: ordered_on
    key: [order_id]
    columns:
      order_id: {{type: integer}}
      ordered_on: {{type: date}}
      product: {{type: text, sampled: true, synonyms: [products, 商品]}}
      country: {{type: text, sampled: true, synonyms: [国家]}}
      quantity: {{type: integer}}
      amount: {{type: number, unit: EUR}}
metrics:
  revenue: {{view: sales, sql: SUM(amount), unit: EUR, synonyms: [sales, 销售额]}}
  units_sold: {{view: sales, sql: SUM(quantity), synonyms: [units, 销量]}}
  orders: {{view: sales, sql: COUNT(*), synonyms: [number of orders, 订单数]}}
  average_order: {{view: sales, sql: AVG(amount), unit: EUR, synonyms: [客单价]}}
roles:
  owner: {{}}
  blind: {{masked: [sales.amount]}}
  timeless: {{masked: [sales.ordered_on]}}
  local: {{rows: {{sales: "country = 'France'"}}}}
  partner: {{minimum_group: 3}}
default_role: owner
{bindings}
"""
BOUND = "bindings: {order_date: sales.ordered_on, amount: sales.amount}"


def daily(days: int, until: dt.date, amount: float = 10.0, product: str = "Lamp") -> list[Order]:
    """One order a day up to ``until``, twice as large on Saturdays."""
    found = []
    for back in range(days - 1, -1, -1):
        day = until - dt.timedelta(days=back)
        size = amount * (2 if day.weekday() == 5 else 1)
        found.append((day, product, ("Germany", "France")[back % 2], 1, size))
    return found


def build(folder: Path, orders: Iterable[Order], *, today: str = "2026-06-28", bindings: str = BOUND) -> Path:
    """Write the database and its ``shop.yml``; the path of the latter."""
    rows: list[tuple[Any, ...]] = [(number, *order) for number, order in enumerate(orders, 1)]
    with duckdb.connect(str(folder / "shop.duckdb")) as connection:
        connection.execute(
            "CREATE TABLE sales (order_id INTEGER PRIMARY KEY, ordered_on DATE, product VARCHAR, "
            "country VARCHAR, quantity INTEGER, amount DOUBLE)"
        )
        if rows:
            import pandas as pd

            frame = pd.DataFrame(rows, columns=["a", "b", "c", "d", "e", "f"])
            connection.register("frame", frame)
            connection.execute("INSERT INTO sales SELECT * FROM frame")
    path = folder / "shop.yml"
    path.write_text(SHOP.format(today=today, bindings=bindings), encoding="utf-8")
    return path


def opened_by_init(folder: Path, orders: Iterable[Order]) -> Path:
    """The same database with the description that ``shoptalk init`` writes."""
    path = build(folder, orders)
    database = open_database(str(folder / "shop.duckdb"))
    try:
        shop = describe_database(database, name="found", location="shop.duckdb").shop
    finally:
        database.close()
    path.write_text(dump_shop(shop), encoding="utf-8")
    return path


class Talk:
    """A conversation with the jobs over one shop; no model is there."""

    def __init__(self, path: Path, role: str | None = None) -> None:
        self.workspace: Workspace = open_workspace(load_shop(path), role=role)
        vocabulary = Vocabulary.build(self.workspace)
        asker = open_asker(self.workspace, ScriptedEngine([]), vocabulary)
        self.assistant = Assistant(self.workspace, asker, None, jobs=JOBS, vocabulary=vocabulary)
        self.conversation = Conversation()

    def ask(self, question: str) -> Answer:
        """The answer; every number in it has a receipt."""
        answer = list(self.assistant.answer(question, self.conversation))[-1].data
        assert isinstance(answer, Answer)
        composed = Composed(text=answer.text, figures=answer.figures, restated=answer.restated)
        assert numbers_without_receipt(composed) == []
        return answer
