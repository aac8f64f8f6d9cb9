"""Who wants to know which statements ran, were refused or failed: one recorder per question.

``sql`` reports and keeps nothing; what is done with the reports is the caller's matter (``bot.audit``). The
recorder belongs to the running thread and the tasks that inherit its context, so that questions that are
answered side by side do not mix. Rows never get here, and neither do a database's own words: a message such
as "could not convert string 'ana@example.com'" quotes a cell, perhaps one of a row or column that the role
may not see, so of an error only its kind is told.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast

from llm.traced import span, tell
from sql.errors import (
    QueryCancelled,
    QueryFailed,
    QueryTimeout,
    QueryTooLarge,
    SqlError,
    UnsafeQuery,
)

if TYPE_CHECKING:
    from sql.lock.guard import CheckedQuery, Guard
    from sql.types import Table

StatementVerdict = Literal["ran", "refused", "failed", "timeout", "too large", "stopped"]


@dataclass(frozen=True, kw_only=True)
class Statement:
    """One statement and what became of it."""

    sql: str
    """The checked text as it ran; of a refused one the text that was refused."""
    verdict: StatementVerdict
    reason: str = ""
    """Why it was refused or ended; without any value of the database. Empty when it ran."""
    rows: int = 0
    """Rows that were passed on."""
    seconds: float = 0.0
    """Wall-clock seconds in the database."""


Recorder = Callable[[Statement], None]

_recorder: ContextVar[Recorder | None] = ContextVar("sql_recorder", default=None)
Run = TypeVar("Run", bound="Callable[..., Table]")


@contextmanager
def recording(recorder: Recorder) -> Iterator[None]:
    """Tell ``recorder`` of every statement that this thread checks or runs inside the block.

    A new thread starts without a recorder: enter the block again in it.
    """
    token = _recorder.set(recorder)
    try:
        yield
    finally:
        _recorder.reset(token)


def note(statement: Statement) -> None:
    """Tell the recorder of this thread, if there is one."""
    recorder = _recorder.get()
    if recorder is not None:
        recorder(statement)


def checked(guard: Guard, sql: str) -> CheckedQuery:
    """``guard.check(sql)``, and the recorder is told of a refusal; raises what ``Guard.check`` raises."""
    try:
        with span("guard"):
            return guard.check(sql)
    except UnsafeQuery as error:
        note(Statement(sql=sql, verdict="refused", reason=error.reason))
        raise


def recorded(run: Run) -> Run:
    """``run``, and the recorder is told what became of each query."""

    @wraps(run)
    @span("run")
    def run_and_tell(query: CheckedQuery, *args: Any, **kwargs: Any) -> Table:
        started = time.perf_counter()
        try:
            table: Table = run(query, *args, **kwargs)
        except SqlError as error:
            seconds = time.perf_counter() - started
            note(Statement(sql=query.sql, verdict=_verdict(error), reason=kind_of(error), seconds=seconds))
            raise
        tell(rows=len(table.rows))
        note(Statement(sql=query.sql, verdict="ran", rows=len(table.rows), seconds=table.seconds))
        return table

    return cast(Run, run_and_tell)


_VERDICTS: tuple[tuple[type[SqlError], StatementVerdict], ...] = (
    (UnsafeQuery, "refused"),
    (QueryTimeout, "timeout"),
    (QueryTooLarge, "too large"),
    (QueryCancelled, "stopped"),
)
_KIND = re.compile(r"\s*((?:[A-Z][A-Za-z]* ){0,4}(?:Error|Exception)(?=:|$))|.*\b(SQLSTATE [0-9A-Z]{5})\b")


def _verdict(error: SqlError) -> StatementVerdict:
    return next((verdict for kind, verdict in _VERDICTS if isinstance(error, kind)), "failed")


def kind_of(error: SqlError) -> str:
    """What may be told of an error: its kind, and none of the database's own words.

    Nothing inside the words marks where a quoted value ends (a value may hold quotes itself), so they are
    left out whole.

    >>> kind_of(QueryFailed("Conversion Error: Could not convert string 'ana@example.com' to INT32"))
    'the database refused it: Conversion Error'
    """
    if isinstance(error, UnsafeQuery):
        return error.reason
    if isinstance(error, QueryFailed):
        match = _KIND.match(str(error).split("\n")[0])
        name = (match.group(1) or match.group(2)) if match else ""
        return "the database refused it" + (f": {name}" if name else "")
    names = {QueryTimeout: "its time was up", QueryTooLarge: "it needs more than its budget"}
    for kind, words in names.items():
        if isinstance(error, kind):
            return words
    return "it was stopped" if isinstance(error, QueryCancelled) else f"it failed: {type(error).__name__}"
