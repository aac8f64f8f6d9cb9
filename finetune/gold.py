"""Run gold statements on a database file as they stand.

A gold statement is part of the measure: it runs without our guard, views and row limit, or the guard would
mark its own work. The database is opened for reading only and closed to the outside, so that a wrong
question file can neither change nor reach anything. Not for statements of a model: they go through
``sql.lock.guard``.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sql.types import Value

TIMEOUT_S = 30.0
"""Seconds for one gold statement."""
MAX_ROWS = 100_000
"""A gold result beyond this is reported as failed: it could not be compared whole."""
_READS = {
    sqlite3.SQLITE_SELECT,
    sqlite3.SQLITE_READ,
    sqlite3.SQLITE_FUNCTION,
    sqlite3.SQLITE_RECURSIVE,
}
_STEPS_BETWEEN_CLOCK_CHECKS = 10_000


@dataclass(frozen=True, kw_only=True)
class Gold:
    """The rows of one gold statement, or why there are none."""

    rows: tuple[tuple[Value, ...], ...] = ()
    columns: tuple[str, ...] = ()
    problem: str | None = None


def run_golds(
    database: Path,
    statements: Sequence[str],
    *,
    timeout_s: float = TIMEOUT_S,
    max_rows: int = MAX_ROWS,
) -> list[Gold]:
    """Run every statement on one SQLite or DuckDB file, told apart by the file's first bytes.

    A statement that fails, takes too long or gives too many rows yields a :class:`Gold` with a ``problem``.

    Raises:
        OSError: the file itself cannot be opened.
    """
    runner = _run_sqlite if is_sqlite(database) else _run_duckdb
    return runner(database, statements, timeout_s, max_rows)


def is_sqlite(database: Path) -> bool:
    """Whether the file begins like an SQLite database."""
    with database.open("rb") as file:
        return file.read(16) == b"SQLite format 3\x00"


def _run_sqlite(database: Path, statements: Sequence[str], timeout_s: float, max_rows: int) -> list[Gold]:
    connection = sqlite3.connect(f"{database.resolve().as_uri()}?mode=ro", uri=True)
    connection.text_factory = lambda raw: raw.decode("utf-8", errors="replace")
    connection.set_authorizer(
        lambda action, *_: sqlite3.SQLITE_OK if action in _READS else sqlite3.SQLITE_DENY
    )

    def run(statement: str) -> Gold:
        deadline = time.monotonic() + timeout_s
        connection.set_progress_handler(lambda: int(time.monotonic() > deadline), _STEPS_BETWEEN_CLOCK_CHECKS)
        try:
            cursor = connection.execute(statement)
            rows = cursor.fetchmany(max_rows + 1)
        except (sqlite3.Error, sqlite3.Warning, ValueError) as error:
            is_late = time.monotonic() > deadline
            return Gold(problem=f"took more than {timeout_s:g} s" if is_late else str(error))
        return _bounded(rows, max_rows, cursor.description)

    try:
        return [run(statement) for statement in statements]
    finally:
        connection.close()


def _run_duckdb(database: Path, statements: Sequence[str], timeout_s: float, max_rows: int) -> list[Gold]:
    import duckdb

    settings: dict[str, str | bool | int | float | list[str]] = {
        "enable_external_access": "false",
        "lock_configuration": "true",
    }
    try:
        connection = duckdb.connect(str(database), read_only=True, config=settings)
    except duckdb.Error as error:
        raise OSError(str(error).splitlines()[0]) from error

    def run(statement: str) -> Gold:
        timer = threading.Timer(timeout_s, connection.interrupt)
        timer.start()
        try:
            cursor = connection.execute(statement)
            rows = cursor.fetchmany(max_rows + 1)
        except duckdb.InterruptException:
            return Gold(problem=f"took more than {timeout_s:g} s")
        except duckdb.Error as error:
            return Gold(problem=str(error).splitlines()[0])
        finally:
            timer.cancel()
        return _bounded(rows, max_rows, cursor.description)

    try:
        return [run(statement) for statement in statements]
    finally:
        connection.close()


def _bounded(rows: list[Any], max_rows: int, description: Sequence[Sequence[Any]] | None) -> Gold:
    if len(rows) > max_rows:
        return Gold(problem=f"gives more than {max_rows:,} rows")
    return Gold(rows=tuple(map(tuple, rows)), columns=tuple(str(column[0]) for column in description or ()))
