"""The same rows on PostgreSQL and MariaDB: every figure is that of DuckDB."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from buying_shop import Talk
from stocked_shop import BESIDE, LEVEL, PAST, SHOP, SUPPLY, TABLES, TODAY, Stocked, build

from bench.servers import Server

pytestmark = pytest.mark.slow
BOUND = f"bindings: {{{LEVEL}, {BESIDE}, {PAST}, {SUPPLY}, category: sales.category}}"
QUESTIONS = (
    "stock",
    "stock by=category service=90",
    "stock what=days_left",
    'stock what=dead unsold="20 days"',
    "stock what=lost",
    "stock what=lost by=category",
)


def stocked() -> Stocked:
    """A dozen products of two categories over half a year, some empty for a while."""
    draw, shop = np.random.default_rng(4), Stocked()
    for number in range(12):
        gone = range(20 + number, 20 + 4 * number)
        sold = {
            age: int(units)
            for age, units in enumerate(draw.poisson(0.2 * number, 180))
            if units and age not in gone
        }
        counts = {age: 0 if age in gone else 7 for age in range(0, 180, 5)}
        shop.product(
            f"Thing {number}",
            sold=sold,
            on_hand=3 * number - 2,
            on_order=number % 3,
            category=("Kitchen", "Light")[number % 2],
            counts=counts,
            deliveries=[(100 + n, 95 - n) for n in range(number % 5)],
        )
    return shop


def fill(server: Server, rows: Stocked) -> str:
    """Make the tables on a server; the reader's address."""
    made = server.create_database("shelves")
    made.execute(TABLES.replace("VARCHAR", "VARCHAR(80)"))
    for name in ("sales", "stock", "counts", "supply"):
        values = ", ".join(
            "(" + ", ".join(str(c) if isinstance(c, int | float) else f"'{c}'" for c in row) + ")"
            for row in getattr(rows, name)
        )
        made.execute(f"INSERT INTO {name} VALUES {values}")
    return made.reader_url


@pytest.mark.parametrize("dialect", ["postgres", "mysql"])
def test_every_figure_is_that_of_duckdb(dialect: str, tmp_path: Path, request: pytest.FixtureRequest):
    rows = stocked()
    url = fill(request.getfixturevalue(f"{dialect}_server"), rows)
    here = Talk(build(tmp_path, rows, bindings=BOUND))
    path = tmp_path / "server.yml"
    path.write_text(SHOP.format(database=url, today=TODAY, bindings=BOUND), encoding="utf-8")
    there = Talk(path)
    try:
        for question in QUESTIONS:
            wanted, answer = here.ask(question), there.ask(question)
            assert (answer.status, wanted.status) == ("answered", "answered"), (question, answer.text)
            for table, right in zip(answer.tables, wanted.tables, strict=True):
                for row, told in zip(table.rows, right.rows, strict=True):
                    assert all(map(_is_same, row, told)), (question, row, told)
    finally:
        here.workspace.close()
        there.workspace.close()


def _is_same(cell: Any, wanted: Any) -> bool:
    """Numbers to two places, for they are rounded to one; all else as it is written."""
    try:
        return float(str(cell)) == pytest.approx(float(str(wanted)), abs=0.11)
    except ValueError:
        return str(cell) == str(wanted)
