"""Databases behind one protocol: the only place of ``sql`` that touches a connection.

Each database brings its own lock below the guard (read-only, no external access) and enforces the budget
in seconds, rows and memory. Nothing here decides what a role may see.
"""

from __future__ import annotations

import threading
from typing import Protocol

from sql.databases.addresses import without_password
from sql.databases.connect import file_of, open_database
from sql.databases.reading import Told
from sql.databases.rights import Right
from sql.lock.guard import CheckedQuery
from sql.types import Catalog, Dialect, Plan, QueryLimits, Table

__all__ = ["Database", "Right", "file_of", "open_database", "without_password"]


class Database(Protocol):
    """A shop's database, opened for reading only. Safe to use from several threads."""

    notes: tuple[Told, ...]
    """What was decided while files were read; nothing of a database's own types."""

    @property
    def dialect(self) -> Dialect:
        """The language of the statements that it runs."""

    def catalog(self) -> Catalog:
        """Tables, columns, keys and row counts; read once and kept."""

    def execute(
        self, query: CheckedQuery, limits: QueryLimits, cancel: threading.Event | None = None
    ) -> Table:
        """Run a checked query.

        Raises:
            QueryFailed: the database refused it; the message is the database's own.
            QueryTimeout, QueryTooLarge, QueryCancelled: a budget was spent or ``cancel`` was set.
        """

    def explain(
        self, query: CheckedQuery, limits: QueryLimits | None = None, cancel: threading.Event | None = None
    ) -> Plan:
        """Let the database plan ``query`` without running it, and say what it expects it to cost.

        Args:
            limits: planning has the same budget of time as running; ``None``: that of the opened database.
        Raises:
            QueryFailed, QueryTimeout, QueryTooLarge, QueryCancelled: as ``execute`` does.
        """

    def rights(self) -> tuple[Right, ...]:
        """What the connection could do beyond reading, were it not for our own locks; best is nothing."""

    def close(self) -> None:
        """Free the connection; further calls raise ``DatabaseUnavailable``."""
