"""The budget in seconds, and the stop button, for one call into a database."""

from __future__ import annotations

import atexit
import contextlib
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import TypeVar

from sql.errors import DatabaseUnavailable, QueryCancelled, QueryTimeout
from sql.types import QueryLimits

Result = TypeVar("Result")

POLL_S = 0.02
"""How often the stop button is looked at."""
ASK_AGAIN_S = 0.15
"""A server asked to cancel is asked again after so long: the first may have come between two steps."""
MAX_LEFT = 4
"""Calls that may go on after they were stopped, before nothing new is begun."""
LEAVE_S = 10.0
"""How long closing a database, or ending the process, waits for calls that were left behind."""
CUT_S = 0.6
"""A server that has not ended a call so long after it was asked is not waited for."""


class Budget:
    """Calls ``interrupt``, from a thread of its own, once time is up or ``cancel`` is set, until the end.

    Use it as a context manager around the call; afterwards ``raise_if_spent`` says why the call ended.

    Args:
        has_watch: False where whoever waits for the call looks at the budget meanwhile, as ``Leaver`` does:
            then no thread is started.
    """

    def __init__(
        self,
        limits: QueryLimits,
        cancel: threading.Event | None,
        interrupt: Callable[[], object],
        *,
        has_watch: bool = True,
    ) -> None:
        self._limits = limits
        self._cancel = cancel
        self._interrupt = interrupt
        self._start = time.monotonic()
        self._done = threading.Event()
        self._has_interrupted = False
        self._thread: threading.Thread | None = None
        if has_watch:
            self._thread = threading.Thread(target=self._watch, name="query-budget", daemon=True)

    @property
    def seconds(self) -> float:
        """Seconds since the call began."""
        return time.monotonic() - self._start

    def is_spent(self) -> bool:
        """Whether the call must end now."""
        return self.seconds >= self._limits.timeout_s or (self._cancel is not None and self._cancel.is_set())

    @property
    def has_interrupted(self) -> bool:
        """Whether the call was asked to end, so that its connection may still have an interrupt under way."""
        return self._has_interrupted

    @property
    def left_s(self) -> float:
        """Seconds left, never less than a little."""
        return max(0.05, self._limits.timeout_s - self.seconds)

    def raise_if_spent(self) -> None:
        """Raise ``QueryCancelled`` or ``QueryTimeout`` when that is why the call ended."""
        if self._cancel is not None and self._cancel.is_set():
            raise QueryCancelled("The query was stopped. Nothing was changed.")
        if self.seconds >= self._limits.timeout_s:
            raise QueryTimeout(
                f"The query took longer than {self._limits.timeout_s:g} s and was stopped. "
                "Nothing was changed. Ask for a shorter period or fewer columns."
            )

    def keep_interrupting(self, call: threading.Thread) -> None:
        """Go on asking a call to end that was left behind, until it has: it may look up once in a while."""

        def ask() -> None:
            while call.is_alive():
                with contextlib.suppress(Exception):
                    self._interrupt()
                call.join(ASK_AGAIN_S)

        threading.Thread(target=ask, name="query-left-behind", daemon=True).start()

    def __enter__(self) -> Budget:
        self.raise_if_spent()
        if self._thread is not None:
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End the watch: afterwards nothing is interrupted any more. Again is harmless."""
        self._done.set()
        if self._thread is not None and self._thread.ident is not None:
            self._thread.join()

    def look(self) -> None:
        """Ask the call to end when the budget is spent.

        To be repeated: an interrupt that comes between two steps of the database is lost.
        """
        if self.is_spent():
            self._has_interrupted = True
            with contextlib.suppress(Exception):  # the call ended, and its connection closed, just now
                self._interrupt()

    def _watch(self) -> None:
        while not self._done.wait(POLL_S):
            self.look()


class Leaver:
    """Runs calls into a database of this process, and leaves one behind that no interrupt reaches.

    DuckDB and SQLite look at an interrupt between the steps of a query: while a plan is made, and inside one
    call of one function, they do not. Whoever asked is then answered in time all the same; the call ends by
    itself some time later, and what it holds is freed then. While ``MAX_LEFT`` of them are alive, nothing new
    is begun.
    """

    def __init__(self) -> None:
        self._left: list[threading.Thread] = []
        self._lock = threading.Lock()

    def call(self, work: Callable[[], Result], budget: Budget) -> Result:
        """What ``work`` returns or raises, unless it goes on for ``CUT_S`` after ``budget`` is spent.

        ``budget`` is looked at while waiting, and needs no watch of its own.

        Raises:
            QueryTimeout, QueryCancelled: it was left behind.
            DatabaseUnavailable: too many that were left behind still run; nothing was begun.
        """
        with self._lock:
            self._left = [thread for thread in self._left if thread.is_alive()]
            if len(self._left) >= MAX_LEFT:
                raise DatabaseUnavailable(
                    f"{MAX_LEFT} queries that were stopped have not ended yet; nothing was run. "
                    "Ask again in a minute."
                )
        results: list[Result] = []
        errors: list[BaseException] = []

        def run() -> None:
            try:
                results.append(work())
            except BaseException as error:
                errors.append(error)

        thread = threading.Thread(target=run, name="query", daemon=True)
        thread.start()
        spent_at: float | None = None
        while True:
            thread.join(POLL_S)
            if not thread.is_alive():
                break
            budget.look()
            if spent_at is None and budget.is_spent():
                spent_at = time.monotonic()
            if spent_at is not None and time.monotonic() - spent_at > CUT_S:
                with self._lock:
                    self._left.append(thread)
                atexit.register(thread.join, LEAVE_S)  # a process that ends under it would crash
                budget.keep_interrupting(thread)
                budget.raise_if_spent()
        if errors:
            raise errors[0]
        return results[0]

    def wait(self) -> bool:
        """Wait a while for those that were left behind; whether all have ended."""
        with self._lock:
            left = list(self._left)
        deadline = time.monotonic() + LEAVE_S
        for thread in left:
            thread.join(max(0.0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in left)


class Escalation:
    """Ends a call on a server: asks the server first, again and again; then cuts the connection.

    Called from the budget's thread only. Asking has a thread of its own, so that a server that is slow to
    answer does not put off the cut; one under way may come to its end afterwards, and finds the connection
    gone.
    """

    def __init__(self, ask: Callable[[], object], cut: Callable[[], object]) -> None:
        self._ask = ask
        self._cut = cut
        self._asking: threading.Thread | None = None
        self._first: float | None = None
        self._last = 0.0
        self._is_cut = False

    def __call__(self) -> None:
        """One more push; what goes wrong in it is left to the next."""
        now = time.monotonic()
        if self._first is None:
            self._first = now
        if self._is_cut:
            return
        if now - self._first > CUT_S:
            self._is_cut = True
            self._cut()
        elif now - self._last > ASK_AGAIN_S and (self._asking is None or not self._asking.is_alive()):
            self._last = now
            self._asking = threading.Thread(target=self._ask, name="query-cancel", daemon=True)
            self._asking.start()
