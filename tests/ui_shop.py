"""A shop small enough to check by hand, as files: shop.duckdb and shop.yml."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import duckdb

from llm.engine import Completion, Request
from llm.scripted import ReplyNotInGrammar, ScriptedEngine

SHOP = """\
name: Tiny
database: shop.duckdb
currency: EUR
today: 2026-06-30
views:
  sales:
    description: one row per sale
    time: sold_at
    sql: SELECT sale_id, sold_at, country, product, amount FROM raw_sales
    columns:
      sale_id: {type: integer}
      sold_at: {type: timestamp, synonyms: [date]}
      country: {type: text, sampled: true, synonyms: [countries]}
      product: {type: text, sampled: true, synonyms: [products]}
      amount: {type: number, unit: EUR}
  reviews:
    description: one row per review
    time: written_at
    sql: SELECT review_id, written_at, rating, language, product, body FROM raw_reviews
    columns:
      review_id: {type: integer}
      written_at: {type: timestamp}
      rating: {type: integer}
      language: {type: text}
      product: {type: text, sampled: true}
      body: {type: text}
  stock:
    description: one row per product
    sql: SELECT DISTINCT product FROM raw_sales
    columns:
      product: {type: text}
metrics:
  revenue: {view: sales, sql: SUM(amount), unit: EUR, synonyms: [turnover, 销售额]}
  sales_count: {view: sales, sql: COUNT(*), synonyms: [number of sales]}
roles:
  owner: {}
  seller: {views: [sales]}
  clerk: {views: [stock]}
default_role: owner
reviews:
  {view: reviews, id: review_id, text: [body], product: product, rating: rating, written_at: written_at,
   language: language}
suggestions: [What was the revenue last month?]
"""
SALES = [
    (1, "2026-05-02", "Germany", "Lamp", 100), (2, "2026-05-09", "France", "Lamp", 50),
    (3, "2026-04-09", "France", "Chair", 70), (4, "2026-06-09", "France", "Chair", 30),
]  # fmt: skip
REVIEWS = [
    (1, "2026-05-03", 5, "en", "Lamp", "Bright and warm light, I love this lamp."),
    (2, "2026-05-10", 1, "en", "Lamp", "The switch broke after two days."),
    (3, "2026-04-11", 4, "zh", "Chair", "椅子很舒服，坐一整天也不累。"),
    (4, "2026-06-01", 2, "en", "Chair", "A wobbly chair with sharp edges."),
]
MAY = "SELECT SUM(amount) AS revenue FROM sales WHERE sold_at >= '2026-05-01' AND sold_at < '2026-06-01'"
BY_COUNTRY = (
    "SELECT country, SUM(amount) AS revenue FROM sales "
    "WHERE sold_at >= '2026-05-01' AND sold_at < '2026-06-01' GROUP BY 1 ORDER BY SUM(amount) DESC"
)


def build_shop(folder: Path, *, description: str = SHOP) -> Path:
    """Write the shop into ``folder`` and return its shop.yml."""
    folder.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(folder / "shop.duckdb")) as database:
        database.execute(
            "CREATE TABLE raw_sales (sale_id INTEGER, sold_at TIMESTAMP, country VARCHAR, product VARCHAR, "
            "amount DECIMAL(10,2))"
        )
        database.executemany("INSERT INTO raw_sales VALUES (?, ?, ?, ?, ?)", SALES)
        database.execute(
            "CREATE TABLE raw_reviews (review_id INTEGER, written_at TIMESTAMP, rating INTEGER, "
            "language VARCHAR, product VARCHAR, body VARCHAR)"
        )
        database.executemany("INSERT INTO raw_reviews VALUES (?, ?, ?, ?, ?, ?)", REVIEWS)
    (folder / "shop.yml").write_text(description, encoding="utf-8")
    return folder / "shop.yml"


def add_review(shop: Path, row: tuple[object, ...]) -> None:
    """A customer wrote another one."""
    with duckdb.connect(str(shop.parent / "shop.duckdb")) as database:
        database.execute("INSERT INTO raw_reviews VALUES (?, ?, ?, ?, ?, ?)", row)


class Writer(ScriptedEngine):
    """A model, with any adapter, that writes the first of some texts that the grammar of the step allows."""

    def __init__(self, *statements: str) -> None:
        super().__init__(())
        self.statements = statements

    def complete(self, request: Request, cancel: threading.Event | None = None) -> list[Completion]:
        bare = replace(request, adapter=None)
        for statement in self.statements:
            try:
                return ScriptedEngine([[statement] * request.samples]).complete(bare, cancel)
            except ReplyNotInGrammar:
                continue
        raise ReplyNotInGrammar(f"none of {self.statements} fits {request.grammar}")


def count_of(table: str) -> tuple[str, ...]:
    """The two steps of counting the rows of ``table``."""
    return f"-- {table}\n", f"SELECT COUNT(*) FROM {table}"
