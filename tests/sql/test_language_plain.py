"""A database that nobody described, asked in the question language: found links, names of all kinds."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Iterator
from typing import Any

import duckdb
import pytest

from sql.databases import open_database
from sql.shop.drafting import shop_from_catalog
from sql.shop.workspace import Workspace, open_workspace
from sql.statement.compile import compile_statement
from sql.statement.parse import parse

TABLES = """
CREATE TABLE "user" (id INTEGER PRIMARY KEY, "full Name" VARCHAR(20), country VARCHAR(20));
CREATE TABLE "order" (id INTEGER PRIMARY KEY, user_id INTEGER REFERENCES "user"(id), "createdAt" TIMESTAMP,
  "group" VARCHAR(10), total INTEGER);
CREATE TABLE item (id INTEGER PRIMARY KEY, order_id INTEGER REFERENCES "order"(id), name VARCHAR(10),
  qty INTEGER);
INSERT INTO "user" VALUES (1, 'a', 'de'), (2, 'b', 'fr'), (3, 'c', 'de');
INSERT INTO "order" VALUES (10, 1, '2026-05-01 10:00:00', 'x', 5), (11, 1, '2026-06-01 10:00:00', 'y', 7),
  (12, 2, '2026-06-02 10:00:00', 'x', 9);
INSERT INTO item VALUES (1, 10, 'p', 1), (2, 10, 'q', 2), (3, 11, 'p', 1), (4, 12, 'q', 5);
"""

ASKED: list[tuple[str, list[tuple[Any, ...]]]] = [
    ('SELECT country, COUNT(*) FROM "order" GROUP BY country', [("de", 2), ("fr", 1)]),
    ('SELECT SUM(total) FROM "order" WHERE "group" = \'x\'', [(14,)]),
    ("SELECT country, SUM(qty), COUNT(*) FROM item GROUP BY country", [("de", 4, 3), ("fr", 5, 1)]),
    ('SELECT name, SUM(total) FROM "order" GROUP BY name', [("p", 12), ("q", 14)]),
    ('SELECT COUNT(id) FROM "user" WHERE id HAS NO "order"', [(1,)]),
    ('SELECT "full Name" FROM "user" WHERE id HAS "order" COUNT >= 2', [("a",)]),
    ('SELECT AVG(SUM(total) PER user_id), AVG(COUNT(*) PER ALL user_id) FROM "order"', [(10.5, 1.0)]),
    ("SELECT SUM(total), GROWTH(SUM(total)) FROM \"order\" WHERE DURING('June 2026')", [(16, 2.2)]),
    ("SELECT SUM(qty) FROM item WHERE DURING('June 2026')", [(6,)]),  # by the order's time
]


@pytest.fixture(scope="module", params=["duckdb", "sqlite"])
def workspace(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Workspace]:
    path = tmp_path_factory.mktemp("plain") / f"plain.{request.param}"
    connection: Any = duckdb.connect(str(path)) if request.param == "duckdb" else sqlite3.connect(path)
    for statement in TABLES.split(";"):
        connection.execute(statement)
    connection.commit()
    connection.close()
    database = open_database(str(path))
    shop = shop_from_catalog(database.catalog(), name="plain", database=str(path))
    opened = open_workspace(shop, database=database)
    yield opened
    opened.close()


@pytest.mark.parametrize(("text", "rows"), ASKED, ids=[text[:60] for text, _ in ASKED])
def test_plain_tables_are_asked_by_their_own_keys(
    workspace: Workspace, text: str, rows: list[tuple[Any, ...]]
) -> None:
    made = compile_statement(parse(text), workspace.shop, workspace.catalog.dialect, dt.date(2026, 6, 30))
    assert [
        tuple(v if isinstance(v, str) else round(float(v), 9) for v in row)
        for row in workspace.run(made.sql).rows
    ] == rows
