"""A database file made by a script, for tests of what is found in it."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import duckdb


def write_file(kind: str, script: str, folder: Path) -> Path:
    """A file of ``duckdb`` or ``sqlite`` in which the statements of ``script`` have run."""
    path = folder / f"shop.{kind}"
    if kind == "duckdb":
        with duckdb.connect(str(path)) as connection:
            connection.execute(script)
    else:
        plain = sqlite3.connect(path)
        plain.executescript(script)
        plain.close()
    return path
