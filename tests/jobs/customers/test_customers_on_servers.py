"""The same rows on PostgreSQL and MariaDB: every figure is that of DuckDB."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from buying_shop import BOUND, SHOP, TABLES, TODAY, Bought, Talk, build, living_rows, random_rows

from bench.servers import Server

pytestmark = pytest.mark.slow
OTHERS = [
    row._replace(order=row.order + 100_000, customer=row.customer + 1_000 if row.customer else None)
    for row in random_rows(3, customers=40, orders=150)
]
ROWS = [*living_rows(3, customers=130, days=480), *OTHERS]
QUESTIONS = (
    "cohorts",
    "cohorts unit=quarter",
    "order_gaps",
    "bought_together least=3",
    'bought_together per=customer least=3 of="Thing 1"',
    "churn top=30",
    "churn by=country",
)


def fill(server: Server, rows: list[Bought]) -> str:
    """Make the tables on a server; the reader's address."""
    made = server.create_database("buyers")
    made.execute(TABLES.replace("VARCHAR", "VARCHAR(80)"))
    values = ", ".join(
        f"({r.order}, {r.customer if r.customer is not None else 'NULL'}, '{r.at}', '{r.product}', "
        f"'{r.country}', {r.amount})"
        for r in rows
    )
    made.execute(f"INSERT INTO sales VALUES {values}")
    return made.reader_url


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    about = Talk(build(tmp_path_factory.mktemp("duckdb"), ROWS))
    yield {question: about.ask(question) for question in QUESTIONS}
    about.workspace.close()


@pytest.mark.parametrize("dialect", ["postgres", "mysql"])
def test_every_figure_is_that_of_duckdb(
    dialect: str, expected: dict[str, Any], tmp_path: Path, request: pytest.FixtureRequest
):
    url = fill(request.getfixturevalue(f"{dialect}_server"), ROWS)
    path = tmp_path / "shop.yml"
    path.write_text(SHOP.format(database=url, today=TODAY, bindings=BOUND), encoding="utf-8")
    about = Talk(path)
    try:
        for question in QUESTIONS:
            answer = about.ask(question)
            assert answer.status == "answered", (question, answer.text)
            for table, wanted in zip(answer.tables, expected[question].tables, strict=True):
                assert len(table.rows) == len(wanted.rows), question
                for row, right in zip(table.rows, wanted.rows, strict=True):
                    assert all(map(_is_same, row, right)), (question, row, right)
    finally:
        about.workspace.close()


def _is_same(cell: Any, wanted: Any) -> bool:
    """Numbers to three places, for the model is fitted by steps; all else as it is written."""
    try:
        return float(str(cell)) == pytest.approx(float(str(wanted)), abs=2e-3, rel=1e-3)
    except ValueError:
        return str(cell) == str(wanted)
