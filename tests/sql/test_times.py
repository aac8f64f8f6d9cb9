"""Times and divisions are the same rows on every real database: the cases are ``time_cases.yml``."""

from __future__ import annotations

import datetime as dt
import decimal
import math
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
import sqlglot
import yaml
from sqlglot import exp

from llm.scripted import ScriptedEngine
from sql.ask import open_asker
from sql.databases import open_database
from sql.question.linking import Vocabulary
from sql.semantics import Metric, Shop, View, ViewColumn
from sql.shop.workspace import Workspace, open_workspace
from sql.statement.compile import compile_statement
from sql.statement.parse import parse
from sql.times import (
    PARTS,
    UNITS,
    add_units,
    day_value,
    grain_start,
    part_of,
    ratio,
    told_as,
    units_between,
)
from sql.types import Dialect, Table

CASES: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "time_cases.yml").read_text("utf-8"))
DIALECTS: tuple[Dialect, ...] = ("duckdb", "sqlite", "postgres", "mysql")
SERVERS = [pytest.param(name, marks=pytest.mark.slow) for name in ("postgres", "mysql")]

EVENTS = View(
    name="events",
    time="paid_at",
    columns=(
        ViewColumn(name="id", type="integer"),
        ViewColumn(name="paid_at", type="timestamp", synonyms=("paid",)),
        ViewColumn(name="sent_on", type="date"),
        ViewColumn(name="units", type="integer"),
        ViewColumn(name="returned", type="integer"),
        ViewColumn(name="amount", type="number"),
    ),
)
METRICS = (Metric(name="sold", view="events", sql="SUM(units)", synonyms=("units sold", "销量")),)


def tables() -> str:
    """The table of the cases, as every database reads it."""

    def value(cell: object) -> str:
        return "NULL" if cell is None else f"'{cell}'" if isinstance(cell, (dt.date, str)) else str(cell)

    rows = ", ".join(f"({', '.join(map(value, row))})" for row in CASES["events"]["rows"])
    return (
        "CREATE TABLE events (id INTEGER, paid_at TIMESTAMP NULL, sent_on DATE, units INTEGER, "
        f"returned INTEGER, amount DECIMAL(10, 2)); INSERT INTO events VALUES {rows};"
    )


@pytest.fixture(scope="module", params=["duckdb", "sqlite", *SERVERS])
def workspace(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Workspace]:
    kind: str = request.param
    if kind in ("postgres", "mysql"):
        server = request.getfixturevalue(f"{kind}_server").create_database("times")
        server.execute(tables())
        location = server.reader_url
    else:
        location = str(tmp_path_factory.mktemp("times") / f"shop.{kind}")
        if kind == "duckdb":
            with duckdb.connect(location) as connection:
                connection.execute(tables())
        else:
            with sqlite3.connect(location) as file:
                file.executescript(tables())
            file.close()
    shop = Shop(name="times", database=location, views=(EVENTS,), metrics=METRICS, today=dt.date(2026, 2, 10))
    opened = open_workspace(shop, database=open_database(location))
    yield opened
    opened.close()


def plain(value: object) -> object:
    """Numbers of any type as floats, to compare with those written in the cases."""
    return float(value) if isinstance(value, decimal.Decimal) else value


def assert_same(table: Table, rows: list[list[Any]], types: list[str]) -> None:
    found = [[plain(value) for value in row] for row in table.rows]
    assert len(found) == len(rows), found
    for mine, right in zip(found, rows, strict=True):
        assert len(mine) == len(right)
        for value, wanted in zip(mine, right, strict=True):
            assert (value is None) == (wanted is None), found
            assert not isinstance(value, dt.datetime) and isinstance(value, dt.date) == isinstance(
                wanted, dt.date
            )
            same = (
                math.isclose(value, wanted, rel_tol=1e-12) if isinstance(wanted, float) else value == wanted
            )
            assert same, found
    empty = [all(row[i] is None for row in table.rows) for i in range(len(table.columns))]
    told = [column.type for column in table.columns]
    assert [t for t, e in zip(told, empty, strict=True) if not e] == [
        t for t, e in zip(types, empty, strict=True) if not e
    ]


@pytest.mark.parametrize("case", CASES["statements"], ids=lambda case: case["ask"][:90])
def test_a_statement_gives_the_same_rows_and_types_on_every_database(
    workspace: Workspace, case: dict[str, Any]
) -> None:
    compiled = compile_statement(
        parse(case["ask"]), workspace.shop, workspace.catalog.dialect, workspace.today, workspace.role
    )
    assert_same(workspace.run(compiled.sql), case["rows"], case["types"])


@pytest.mark.parametrize("case", CASES["questions"], ids=lambda case: case["question"])
def test_a_question_gives_the_same_rows_and_types_on_every_database(
    workspace: Workspace, case: dict[str, Any]
) -> None:
    asker = open_asker(workspace, ScriptedEngine([]), Vocabulary.build(workspace))
    assert_same(asker.ask(case["question"]).table, case["rows"], case["types"])


@pytest.mark.parametrize("case", CASES["calls"], ids=lambda case: case["of"])
def test_a_helper_gives_the_same_values_on_every_database(workspace: Workspace, case: dict[str, Any]) -> None:
    dialect = workspace.catalog.dialect
    made = called(case["of"], dialect).sql(dialect=dialect)
    table = workspace.run(f"SELECT id, {made} AS made FROM events ORDER BY id")
    assert_same(table, [[i + 1, value] for i, value in enumerate(case["rows"])], ["integer", case["type"]])


HELPERS = {
    "grain_start": grain_start,
    "add_units": add_units,
    "units_between": units_between,
    "part_of": part_of,
    "ratio": ratio,
    "day_value": lambda day, dialect: day_value(dt.date.fromisoformat(day), dialect),
}


def called(text: str, dialect: Dialect) -> Any:
    """A call of the cases: names are helpers, their texts columns, units or days."""
    return called_node(sqlglot.parse_one(text, read="duckdb"), dialect)


def called_node(node: exp.Expr, dialect: Dialect) -> Any:
    if isinstance(node, exp.Anonymous):
        helper: Any = HELPERS[node.name]
        return helper(*(called_node(argument, dialect) for argument in node.expressions), dialect)
    if isinstance(node, exp.Neg):
        return -int(node.this.name)
    return int(node.name) if isinstance(node, exp.Literal) and not node.is_string else node.name


@pytest.mark.parametrize("dialect", DIALECTS)
def test_what_was_written_is_read_back(dialect: Dialect) -> None:
    for unit in UNITS:
        text = grain_start("e.paid_at", unit, dialect).sql(dialect=dialect)
        assert told_as(sqlglot.parse_one(text, read=dialect), dialect) == unit
    for part in PARTS:
        text = part_of("e.paid_at", part, dialect).sql(dialect=dialect)
        assert told_as(sqlglot.parse_one(f"({text})", read=dialect), dialect) == part
    for other in ("paid_at", "COUNT(*)", "amount + 1", "'2026-05-01'"):
        assert told_as(sqlglot.parse_one(other, read=dialect), dialect) is None


@pytest.mark.parametrize("dialect", DIALECTS)
def test_an_argument_that_is_an_operation_keeps_its_brackets(dialect: Dialect) -> None:
    made = ratio("units - returned", "units + 1", dialect)
    assert "units - returned AS" in made.sql(dialect=dialect) and "NULLIF(units + 1, 0)" in made.sql(
        dialect=dialect
    )
    assert (made - 1).sql(dialect=dialect).startswith("(CAST("), "sqlglot's operators set brackets"
