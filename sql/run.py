"""Runs checked queries, and nothing else: the type of the argument is the lock."""

from __future__ import annotations

import threading

from sql.databases import Database
from sql.guard import CheckedQuery
from sql.record import recorded
from sql.types import QueryLimits, Table


@recorded
def run(
    query: CheckedQuery, database: Database, limits: QueryLimits, cancel: threading.Event | None = None
) -> Table:
    """Run ``query`` within ``limits``.

    Args:
        query: made by ``Guard.check``.
        cancel: set it, from any thread, to stop the query.
    Raises:
        TypeError: ``query`` is not a ``CheckedQuery``, or speaks another dialect than ``database`` (a bug).
        QueryFailed: the database refused it.
        QueryTimeout, QueryTooLarge, QueryCancelled: a budget was spent or ``cancel`` was set.
    """
    if not isinstance(query, CheckedQuery):
        raise TypeError(f"only a CheckedQuery runs, not {type(query).__name__}; pass the text to Guard.check")
    if query.dialect != database.dialect:
        raise TypeError(f"the query is written for {query.dialect}, the database speaks {database.dialect}")
    return database.execute(query, limits, cancel)
