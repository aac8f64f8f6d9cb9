"""One database of any kind, made of statements: a file, or a database of its own on the session's server."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from pathlib import Path

import duckdb
import pytest

KINDS = ("duckdb", "sqlite", "postgres", "mysql")


def make_place(request: pytest.FixtureRequest, kind: str, folder: Path, statements: Iterable[str]) -> str:
    """Where it is; for a server under the role that only reads."""
    if kind in ("postgres", "mysql"):
        server = request.getfixturevalue(f"{kind}_server").create_database(folder.name.strip("0123456789"))
        server.execute("; ".join(statements))
        server.make_reader()
        return str(server.reader_url)
    path = folder / f"shop.{kind}"
    if kind == "duckdb":
        with duckdb.connect(str(path)) as connection:
            for statement in statements:
                connection.execute(statement)
    else:
        plain = sqlite3.connect(path)
        for statement in statements:
            plain.execute(statement)
        plain.commit()
        plain.close()
    return str(path)
