"""Days and months that are written as whole numbers, on every database."""

from __future__ import annotations

from pathlib import Path

import pytest
from places import KINDS, make_place

from sql.databases import open_database
from sql.shop.describe import describe_database
from sql.shop.workspace import open_workspace
from sql.statement.compile import compile_statement
from sql.statement.parse import parse

DAYS = ["20250131", "20250201", "20250228", "20250315", "20240229", "0", "NULL", *["20250401"] * 20]
TABLE = (
    "CREATE TABLE inv (inv_no INTEGER, inv_dt INTEGER, per INTEGER, net_amt INTEGER, sku_cd INTEGER, "
    "shp_amt_dt INTEGER)"
)
QUESTIONS = [
    ("SELECT COUNT(*) FROM inv WHERE DURING('February 2025')", [(2,)]),
    ("SELECT SUM(net_amt) FROM inv WHERE DURING('2024')", [(50,)]),
    ("SELECT COUNT(*) FROM inv WHERE inv_dt IS NULL", [(2,)]),
]


@pytest.mark.parametrize("kind", KINDS)
def test_days_are_read_and_asked_about(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    rows = ", ".join(
        f"({n}, {day}, 20250{n % 3 + 1}, {10 * n}, 2025{n:04d}, {20250101 + n})"
        for n, day in enumerate(DAYS, 1)
    )
    place = make_place(request, kind, tmp_path, [TABLE, f"INSERT INTO inv VALUES {rows}"])
    database = open_database(place)
    try:
        found = describe_database(database, name="x", location=place)
        (view,) = found.shop.views
        types = {column.name.lower(): column.type for column in view.columns}
        assert (types["inv_dt"], types["per"], types["sku_cd"]) == ("date", "date", "integer")
        # what was a number to the catalogue is summed no longer, whatever its name says
        assert not [m.name for m in found.shop.metrics if "shp" in m.sql.lower() or "inv_dt" in m.sql.lower()]
        assert view.time is not None and view.time.lower() == "inv_dt"
        workspace = open_workspace(found.shop, database=database)
        for statement, right in QUESTIONS:
            compiled = compile_statement(
                parse(statement), found.shop, workspace.catalog.dialect, workspace.today, workspace.role
            )
            assert [tuple(map(int, row)) for row in workspace.run(compiled.sql).rows] == right, statement
    finally:
        database.close()
    assert any("writes days (yyyymmdd)" in decision.text for decision in found.decisions)
