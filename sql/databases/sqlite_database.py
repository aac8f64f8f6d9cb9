"""SQLite: a file opened read-only, a connection of its own for every call.

The second lock: ``mode=ro``, ``query_only``, an authorizer that lets through reading of the file's own tables
and a list of functions and nothing else, no extensions, limits on the length of values and statements. A
progress handler ends a statement whose time is up; a timer from outside covers what it cannot see.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
import urllib.parse
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from sql.databases.budget import Budget, Leaver
from sql.databases.cost import sqlite_cost
from sql.databases.messages import without_values
from sql.databases.reading import Told
from sql.databases.rights import Right
from sql.databases.values import column_type, columns_by_values, dated_rows, plain_rows, size_of
from sql.errors import DatabaseUnavailable, QueryFailed, QueryTooLarge
from sql.lock.functions import function_names
from sql.lock.guard import CheckedQuery
from sql.types import Catalog, CatalogColumn, CatalogTable, Dialect, ForeignKey, Plan, QueryLimits, Table

Result = TypeVar("Result")

MAGIC = b"SQLite format 3\0"
STEPS = 20_000
"""Steps of SQLite's machine between two looks at the clock: about a millisecond."""
COUNT_S = 2.0
"""Seconds spent on counting the rows of all tables; tables not counted by then have ``rows=None``."""
MAX_VALUE_BYTES = 1_000_000
"""Longest text or blob, and longest row: nothing stops a call over one value; over such a one it takes less
than a second."""
MAX_PATTERN = 100
"""Longest pattern of LIKE and GLOB, which compare it at every place of a text."""
HEAP_MB = 1_024
"""What all of SQLite in this process may take: a last resort, since SQLite can lower it only, and not per
connection. Sorts and temporary tables go to files beyond ``MAX_CACHE_MB``, so nothing honest comes near."""
MAX_CACHE_MB = 16
"""Pages kept, and rows collected before a sort writes them out: nothing stops the sorting of so many."""

_BEYOND = """
-> ->> char current_date current_time current_timestamp json_array_length json_extract json_type json_valid
like likelihood likely quote unlikely
"""
_FUNCTIONS = frozenset(name.lower() for name in function_names("sqlite")) | frozenset(_BEYOND.split())
"""What the guard allows, and what the shop's own views may use beyond it: all compute values from values."""


class SqliteDatabase:
    """A SQLite file behind the ``Database`` protocol.

    Raises:
        DatabaseUnavailable: it is missing, not a SQLite file, damaged, or cannot be read now.
    """

    notes: tuple[Told, ...] = ()

    def __init__(self, path: Path, limits: QueryLimits | None = None) -> None:
        self._path = path
        self._limits = limits or QueryLimits()
        self._catalog: Catalog | None = None
        self._lock = threading.Lock()
        self._leaver = Leaver()
        self._is_open = True
        with self._connect() as connection:
            connection.execute("SELECT name FROM sqlite_master LIMIT 1").fetchall()

    @property
    def dialect(self) -> Dialect:
        """Always ``sqlite``."""
        return "sqlite"

    def catalog(self) -> Catalog:
        """Tables and views of the file, with exact row counts where they could be counted in time."""
        with self._lock:
            if self._catalog is None:
                with self._connect() as connection:
                    self._catalog = _read_catalog(connection)
            return self._catalog

    def execute(
        self, query: CheckedQuery, limits: QueryLimits, cancel: threading.Event | None = None
    ) -> Table:
        """Run a checked query; see ``Database.execute``.

        The columns' types are those of the values found; texts that are all ISO dates are dates.
        """

        def fetch(
            connection: sqlite3.Connection, budget: Budget
        ) -> tuple[list[str], list[tuple[object, ...]], float]:
            cursor = connection.execute(query.sql)
            names = [d[0] for d in cursor.description or ()]
            rows: list[tuple[object, ...]] = []
            size = 0
            for row in cursor:
                rows.append(row)
                size += size_of(row)
                budget.raise_if_spent()
                if size > limits.max_memory_mb * 1_000_000:
                    raise MemoryError("the result")
                if len(rows) > limits.max_rows:
                    break
            return names, rows, budget.seconds

        names, rows, seconds = self._call(limits, cancel, fetch)
        plain = dated_rows(plain_rows(rows))
        return Table(
            columns=columns_by_values(names, plain),
            rows=plain[: limits.max_rows],
            is_truncated=len(plain) > limits.max_rows,
            query=query,
            seconds=seconds,
        )

    def explain(
        self, query: CheckedQuery, limits: QueryLimits | None = None, cancel: threading.Event | None = None
    ) -> Plan:
        """Plan ``query``; the cost is counted by ``cost.sqlite_cost``. See ``Database.explain``."""
        import sqlglot
        from sqlglot.errors import SqlglotError

        catalog = self.catalog()

        def plan(connection: sqlite3.Connection, budget: Budget) -> list[Any]:
            return connection.execute(f"EXPLAIN QUERY PLAN {query.sql}").fetchall()

        steps = self._call(limits or self._limits, cancel, plan)
        try:
            tree = sqlglot.parse_one(query.sql, read="sqlite")
        except (SqlglotError, RecursionError):
            tree = None
        return Plan(cost=sqlite_cost(steps, tree, catalog))

    def rights(self) -> tuple[Right, ...]:
        """Nothing: the file is opened for reading, and the authorizer lets nothing else through."""
        return ()

    def _call(
        self,
        limits: QueryLimits,
        cancel: threading.Event | None,
        work: Callable[[sqlite3.Connection, Budget], Result],
    ) -> Result:
        """``work`` with a connection that only reads and ends when its budget is spent."""
        current: list[sqlite3.Connection] = []

        def interrupt() -> None:
            for connection in current:
                with contextlib.suppress(sqlite3.ProgrammingError):  # closed in the meantime
                    connection.interrupt()

        def held() -> Result:
            with self._connect() as connection:
                connection.set_authorizer(_authorize)
                connection.set_progress_handler(lambda: int(budget.is_spent()), STEPS)
                current.append(connection)
                try:
                    return work(connection, budget)
                except (sqlite3.Error, OverflowError) as error:
                    budget.raise_if_spent()
                    raise _query_error(error) from None
                except MemoryError:
                    raise _too_large() from None
                finally:
                    current.clear()

        with Budget(limits, cancel, interrupt, has_watch=False) as budget:
            return self._leaver.call(held, budget)

    def close(self) -> None:
        """Forbid further calls; there is no connection to free between calls."""
        self._is_open = False

    @contextlib.contextmanager
    def _connect(self) -> Iterator[sqlite3.Connection]:
        if not self._is_open:
            raise DatabaseUnavailable(f"{self._path} is closed; open it again")
        if not self._path.is_file():
            raise DatabaseUnavailable(f"{self._path} does not exist; nothing was opened")
        uri = f"file:{urllib.parse.quote(str(self._path.resolve()))}?mode=ro"
        try:
            connection = sqlite3.connect(uri, uri=True, check_same_thread=False, timeout=2.0)
        except sqlite3.Error as error:
            raise DatabaseUnavailable(_open_failure(self._path, error)) from error
        try:
            self._prepare(connection)
            yield connection
        except sqlite3.DatabaseError as error:
            raise DatabaseUnavailable(_open_failure(self._path, error)) from error
        finally:
            connection.close()

    def _prepare(self, connection: sqlite3.Connection) -> None:
        connection.text_factory = lambda raw: raw.decode("utf-8", errors="replace")
        connection.execute("PRAGMA query_only = ON")
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute(f"PRAGMA hard_heap_limit = {HEAP_MB * 1_000_000}")
        connection.execute(f"PRAGMA cache_size = {-min(self._limits.max_memory_mb, MAX_CACHE_MB) * 1024}")
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_VALUE_BYTES)
        connection.setlimit(sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH, MAX_PATTERN)
        connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)


def _authorize(action: int, first: str | None, second: str | None, where: str | None, by: str | None) -> int:
    if action in (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_RECURSIVE):
        return sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_READ:
        is_own = not (first or "").lower().startswith(("sqlite_", "pragma_"))
        return sqlite3.SQLITE_OK if is_own else sqlite3.SQLITE_DENY
    if action == sqlite3.SQLITE_FUNCTION:
        return sqlite3.SQLITE_OK if (second or "").lower() in _FUNCTIONS else sqlite3.SQLITE_DENY
    return sqlite3.SQLITE_DENY


def _read_catalog(connection: sqlite3.Connection) -> Catalog:
    found = connection.execute(
        "SELECT name, type FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' "
        "ESCAPE '\\' ORDER BY rowid"
    ).fetchall()
    deadline = time.monotonic() + COUNT_S
    connection.set_progress_handler(lambda: int(time.monotonic() > deadline), STEPS)
    tables = []
    for name, kind_of in found:
        try:
            columns = connection.execute(
                'SELECT name, type, "notnull", pk FROM pragma_table_xinfo(?) WHERE hidden <> 1', (name,)
            ).fetchall()
        except sqlite3.Error:
            continue  # a view over tables that are gone: it cannot be asked, so it does not exist for us
        tables.append(
            CatalogTable(
                name=name,
                columns=tuple(
                    CatalogColumn(
                        name=column,
                        type=column_type(kind),
                        database_type=kind,
                        is_nullable=not (not_null or key),
                    )
                    for column, kind, not_null, key in columns
                ),
                primary_key=tuple(c[0] for c in sorted(columns, key=lambda c: c[3]) if c[3]),
                foreign_keys=_foreign_keys(connection, name),
                rows=_count(connection, name),
                is_view=kind_of == "view",
            )
        )
    return Catalog(dialect="sqlite", tables=tuple(tables))


def _foreign_keys(connection: sqlite3.Connection, table: str) -> tuple[ForeignKey, ...]:
    keys: dict[int, list[tuple[str, str, str | None]]] = {}
    for number, target, own, theirs in connection.execute(
        'SELECT id, "table", "from", "to" FROM pragma_foreign_key_list(?) ORDER BY id, seq', (table,)
    ).fetchall():
        keys.setdefault(number, []).append((target, own, theirs))
    found = []
    for parts in keys.values():
        target = parts[0][0]
        theirs = tuple(part[2] for part in parts if part[2] is not None)
        if len(theirs) < len(parts):  # REFERENCES target, without columns: its primary key is meant
            rows = connection.execute(
                "SELECT name FROM pragma_table_info(?) WHERE pk > 0 ORDER BY pk", (target,)
            ).fetchall()
            theirs = tuple(row[0] for row in rows)
        if len(theirs) == len(parts):
            own_columns = tuple(part[1] for part in parts)
            found.append(ForeignKey(columns=own_columns, target_table=target, target_columns=theirs))
    return tuple(found)


def _count(connection: sqlite3.Connection, table: str) -> int | None:
    quoted = table.replace('"', '""')
    try:
        return int(connection.execute(f'SELECT COUNT(*) FROM "{quoted}"').fetchone()[0])
    except sqlite3.Error:
        return None


_OF_NAMES = ("no such", "ambiguous", "near ", "misuse", "wrong number", "not authorized")
"""How SQLite's messages begin that are about the statement and quote no value."""


def _query_error(error: Exception) -> QueryFailed | QueryTooLarge:
    if "too big" in str(error) or "out of memory" in str(error):
        return _too_large()
    message = str(error)
    is_of_names = message.startswith(
        ("no such", "ambiguous", "near ", "misuse", "wrong number", "not authorized")
    )
    return QueryFailed(message if is_of_names else without_values(message))


def _too_large() -> QueryTooLarge:
    return QueryTooLarge(
        "The query makes a value that is larger than it may be and was stopped. Nothing was changed. "
        "Ask for a shorter period or fewer columns."
    )


def _open_failure(path: Path, error: sqlite3.Error) -> str:
    message = str(error)
    if "locked" in message or "busy" in message:
        return f"{path} is being written by another program; try again when it has finished"
    if "unable to open" in message:
        return (
            f"{path} cannot be opened for reading: {message}. A file in WAL mode also needs its -wal and "
            "-shm files beside it, in a folder that can be written; else open a copy made with VACUUM INTO"
        )
    return f"{path} cannot be read as a SQLite file; it may be damaged: {message}"
