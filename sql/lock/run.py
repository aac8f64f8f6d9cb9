"""Plans and runs checked queries, and nothing else: the type of the argument is the lock.

Cells that the role sees through a veil are changed here, so that nothing beyond has them as they are.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from sql.errors import QueryTooLarge
from sql.lock.guard import CheckedQuery
from sql.record import recorded
from sql.types import QueryLimits, Table

if TYPE_CHECKING:
    from sql.databases import Database


@recorded
def run(
    query: CheckedQuery,
    database: Database,
    limits: QueryLimits,
    cancel: threading.Event | None = None,
    *,
    on_start: Callable[[], object] | None = None,
) -> Table:
    """Plan ``query``, refuse it when it would cost too much, and run it within ``limits``.

    Args:
        query: made by ``Guard.check``.
        limits: the budget; planning and running share its seconds.
        cancel: set it, from any thread, to stop the query.
        on_start: called when the plan is made and allowed, before the query runs.
    Raises:
        TypeError: ``query`` is not a ``CheckedQuery``, or speaks another dialect than ``database`` (a bug).
        QueryFailed: the database refused it.
        QueryTooLarge: its plan costs more than ``limits.max_cost``, before it ran; or memory, while it ran.
        QueryTimeout, QueryCancelled: the seconds were spent, or ``cancel`` was set.
    """
    if not isinstance(query, CheckedQuery):
        raise TypeError(f"only a CheckedQuery runs, not {type(query).__name__}; pass the text to Guard.check")
    if query.dialect != database.dialect:
        raise TypeError(f"the query is written for {query.dialect}, the database speaks {database.dialect}")
    started = time.monotonic()
    cost = database.explain(query, limits, cancel).cost
    if cost is not None and cost > limits.max_cost:
        raise QueryTooLarge(
            f"The query was not run: the database expects to handle about {_about(cost)} rows for it, and "
            f"{_about(limits.max_cost)} are allowed. Ask for a shorter period or fewer things at once; the "
            "usual cause is a join without a condition, which pairs every row with every other."
        )
    if on_start is not None:
        on_start()
    planned_s = time.monotonic() - started
    if planned_s > 0.02 * limits.timeout_s:
        limits = replace(limits, timeout_s=max(0.05, limits.timeout_s - planned_s))
    return query.veil.over(database.execute(query, limits, cancel), query.veiled)


def _about(count: float) -> str:
    """A large count as people read it: ``12,000``, ``3.4 million``, ``10 billion``, ``2e+14``."""
    for size, word in ((1e9, "billion"), (1e6, "million")):
        if size <= count < 1e13:
            return f"{count / size:.2g} {word}" if count < 100 * size else f"{count / size:,.0f} {word}"
    return f"{count:,.0f}" if count < 1e6 else f"{count:.0e}"
