"""Every word of the question language on four databases, against answers worked out by hand."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from bench.language import answer, same
from bench.language_shop import COLUMNS, Tables, build_file, build_on, language_shop
from sql.databases import open_database
from sql.semantics import Metric
from sql.shop.workspace import Workspace, open_workspace
from sql.statement.parse import parse

WRITTEN = yaml.safe_load((Path(__file__).parent / "language_cases.yml").read_text(encoding="utf-8"))
TABLES: Tables = {
    name: [dict(zip(columns, row, strict=True)) for row in WRITTEN["tables"][name]]
    for name, columns in COLUMNS.items()
}

SALES = Metric(
    name="sales",
    view="orders",
    sql="SUM(total)",
    parts=Metric(name="sales", view="lines", sql="SUM(amount)"),
)


@pytest.fixture(scope="module", params=["duckdb", "sqlite", "postgres", "mysql"])
def workspace(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Workspace]:
    if request.param in ("duckdb", "sqlite"):
        location = str(build_file(tmp_path_factory.mktemp("language"), request.param, TABLES))
    else:
        server = request.getfixturevalue(f"{request.param}_server").create_database("language")
        build_on(server, TABLES)
        location = server.reader_url
    shop = language_shop(location)
    shop = replace(shop, metrics=(*shop.metrics, SALES))
    opened = open_workspace(shop, database=open_database(location))
    yield opened
    opened.close()


@pytest.mark.parametrize("case", WRITTEN["cases"], ids=lambda case: case["ask"][:80])
def test_each_word_gives_the_rows_worked_out_by_hand(workspace: Workspace, case: dict[str, Any]) -> None:
    rows, sql = answer(workspace, parse(case["ask"]))
    found: Any = sorted(rows) if case.get("is_set") else rows
    assert same([[_rounded(v) for v in row] for row in found], case["rows"]), (found, sql)


def _rounded(value: Any) -> Any:
    return (
        value if isinstance(value, bool | int | str | dt.date) or value is None else round(float(value), 10)
    )
