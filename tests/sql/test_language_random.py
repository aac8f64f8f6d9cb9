"""Random statements against brute force on real databases; ``python -m bench.language`` runs thousands."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bench.language import differs
from bench.language_shop import Tables, build_file, build_on, language_shop, rows
from bench.language_statements import Maker
from sql.databases import open_database
from sql.shop.workspace import Workspace, open_workspace

COUNTS = {"duckdb": 150, "sqlite": 150, "postgres": 50, "mysql": 50}


@pytest.fixture(scope="module")
def tables() -> Tables:
    return rows()


@pytest.fixture(scope="module", params=list(COUNTS))
def workspace(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, tables: Tables
) -> Iterator[Workspace]:
    if request.param in ("duckdb", "sqlite"):
        location = str(build_file(tmp_path_factory.mktemp("random"), request.param, tables))
    else:
        server = request.getfixturevalue(f"{request.param}_server").create_database("random")
        build_on(server, tables)
        location = server.reader_url
    opened = open_workspace(language_shop(location), database=open_database(location))
    yield opened
    opened.close()


def test_random_statements_give_the_rows_that_brute_force_gives(workspace: Workspace, tables: Tables) -> None:
    dialect = workspace.catalog.dialect
    maker = Maker(sorted(COUNTS).index(dialect) + 20)
    wrong = [
        found for _ in range(COUNTS[dialect]) if (found := differs(workspace, tables, maker.statement()))
    ]
    assert not wrong, "\n\n".join(wrong[:3])
