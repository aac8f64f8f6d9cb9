"""A shop that nobody described, or ``init`` did, is asked on every real database: by its tables and by the
metrics that were guessed."""

from __future__ import annotations

import dataclasses
import datetime as dt
import sqlite3
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from llm.scripted import ScriptedEngine
from sql.ask import open_asker
from sql.databases import Database, open_database
from sql.names import quoted
from sql.question.linking import Vocabulary
from sql.semantics import Metric, Shop
from sql.shop.drafting import shop_from_catalog
from sql.shop.shopfile import dump_shop, load_shop
from sql.shop.workspace import open_workspace
from sql.statement.doubt import UNDESCRIBED
from sql.types import Dialect, Table

SERVERS = [pytest.param(name, marks=pytest.mark.slow) for name in ("postgres", "mysql")]
TABLES = """
CREATE TABLE payments (payment_id INTEGER PRIMARY KEY, paid_at TIMESTAMP NULL, method VARCHAR(20),
  amount DECIMAL(10, 2), {total} DECIMAL(10, 2), unit_cost DECIMAL(10, 2));
INSERT INTO payments VALUES (1, '2026-05-01 10:00:00', 'card', 10.00, 11.00, 4.00),
  (2, '2026-05-02 10:00:00', 'cash', 20.00, 22.00, 5.00), (3, NULL, 'card', 5.50, 6.50, 1.00);
"""


def odd(dialect: Dialect) -> str:
    """A name that cannot stand without quotes."""
    return quoted("Grand Total", dialect)


@pytest.fixture(scope="module", params=["duckdb", "sqlite", *SERVERS])
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    kind: Dialect = request.param
    tables = TABLES.format(total=odd(kind))
    if kind in ("postgres", "mysql"):
        server = request.getfixturevalue(f"{kind}_server").create_database("guessed")
        server.execute(tables)
        location = server.reader_url
    else:
        location = str(tmp_path_factory.mktemp("guessed") / f"shop.{kind}")
        if kind == "duckdb":
            with duckdb.connect(location) as connection:
                connection.execute(tables)
        else:
            with sqlite3.connect(location) as file:
                file.executescript(tables)
            file.close()
    opened = open_database(location)
    yield opened
    opened.close()


@pytest.fixture(params=["not described", "described by init"])
def shop(request: pytest.FixtureRequest, database: Database, tmp_path: Path) -> Shop:
    made = shop_from_catalog(database.catalog(), name="guessed", database="x")
    if request.param == "described by init":
        path = tmp_path / "shop.yml"
        path.write_text(dump_shop(made), encoding="utf-8")
        made = load_shop(path)
    return dataclasses.replace(made, today=dt.date(2026, 6, 1))


def plain(table: Table) -> list[tuple[object, ...]]:
    return [tuple(float(v) if isinstance(v, Decimal) else v for v in row) for row in table.rows]


@pytest.mark.parametrize(
    ("question", "statement", "rows"),
    [
        # its tables
        (
            "total amount and grand total of the payments",
            'SELECT SUM(amount), SUM("Grand Total") FROM payments',
            [(35.5, 39.5)],
        ),
        (
            "which payments were by card",
            "SELECT payment_id, amount FROM payments WHERE method = 'card'",
            [(1, 10), (3, 5.5)],
        ),
        ("payments in May 2026", "SELECT COUNT(*) FROM payments WHERE DURING('May 2026')", [(2,)]),
        ("payments without a day", "SELECT payment_id FROM payments WHERE paid_at IS NULL", [(3,)]),
        # its metrics
        ("total amount", "SELECT total_payments_amount FROM payments", [(35.5,)]),
        (
            "grand total by card",
            "SELECT total_payments_grand_total FROM payments WHERE method = 'card'",
            [(17.5,)],
        ),
        (
            "share of the amount that was cash",
            "SELECT SHARE(total_payments_amount, method = 'cash') FROM payments",
            [(20 / 35.5,)],
        ),
        (
            "unit cost of the method with the highest grand total",
            "SELECT method, SUM(unit_cost) FROM payments GROUP BY method "
            "ORDER BY total_payments_grand_total DESC LIMIT 1",
            [("cash", 5)],
        ),
    ],
)
def test_a_shop_that_was_guessed_can_be_asked(
    shop: Shop, database: Database, question: str, statement: str, rows: list[tuple[object, ...]]
) -> None:
    workspace = open_workspace(shop, database=database)
    asker = open_asker(workspace, ScriptedEngine([statement]), Vocabulary.build(workspace), asks_always=True)
    answer = asker.ask(question)
    assert answer.compiled is not None and str(answer.compiled.statement) == statement
    assert plain(answer.table) == rows


def test_what_its_guessed_words_say_needs_no_model(shop: Shop, database: Database) -> None:
    workspace = open_workspace(shop, database=database)
    asker = open_asker(workspace, ScriptedEngine([]), Vocabulary.build(workspace))
    for question, rows in (
        ("How many payments in May 2026?", [(2,)]),
        ("total amount by method", [("card", 15.5), ("cash", 20)]),
    ):
        answer = asker.ask(question)
        assert sorted(plain(answer.table)) == rows
        assert answer.confidence <= UNDESCRIBED, "nobody has said what counts as a sale"


@pytest.mark.parametrize(
    ("dialect", "sql"),
    [
        ("duckdb", 'SUM("Grand Total")'),
        ("sqlite", 'SUM("Grand Total")'),
        ("postgres", 'SUM("Grand Total")'),
        ("mysql", "SUM(`Grand Total`)"),
    ],
)
def test_a_metric_is_read_as_its_database_writes_it(dialect: Dialect, sql: str) -> None:
    tree = Metric(name="total", view="payments", sql=sql).tree(dialect)
    assert tree.this.name == "Grand Total" and type(tree.this).__name__ == "Column"
