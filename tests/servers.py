"""The servers that tests of databases run against, started once a session; see ``bench/servers.py``.

Where the programs are missing the tests fail with the command that brings them: they do not skip.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bench.servers import Server, ServerMissing, mysql, postgres

__all__ = ["Server", "mysql", "mysql_server", "postgres", "postgres_server"]


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    """A PostgreSQL with one empty database; ask ``create_database`` for one of your own."""
    try:
        with postgres() as server:
            yield server
    except ServerMissing as error:
        pytest.fail(str(error), pytrace=False)


@pytest.fixture(scope="session")
def mysql_server() -> Iterator[Server]:
    """A MariaDB, else a MySQL, with one empty database; ask ``create_database`` for one of your own."""
    try:
        with mysql() as server:
            yield server
    except ServerMissing as error:
        pytest.fail(str(error), pytrace=False)
