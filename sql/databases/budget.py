"""The budget in seconds, and the stop button, for one call into a database."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import TracebackType

from sql.errors import QueryCancelled, QueryTimeout
from sql.types import QueryLimits

POLL_S = 0.02
"""How often the stop button is looked at."""
ASK_AGAIN_S = 0.15
"""A server asked to cancel is asked again after so long: the first may have come between two steps."""
CUT_S = 0.6
"""A server that has not ended a call so long after it was asked is not waited for."""


class Budget:
    """Calls ``interrupt`` once, from a thread of its own, when time is up or ``cancel`` is set.

    Use it as a context manager around the call; afterwards ``raise_if_spent`` says why the call ended.
    """

    def __init__(
        self, limits: QueryLimits, cancel: threading.Event | None, interrupt: Callable[[], object]
    ) -> None:
        self._limits = limits
        self._cancel = cancel
        self._interrupt = interrupt
        self._start = time.monotonic()
        self._done = threading.Event()
        self._has_interrupted = False
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

    def __enter__(self) -> Budget:
        self.raise_if_spent()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End the watch: afterwards nothing is interrupted any more. Again is harmless."""
        self._done.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _watch(self) -> None:
        while not self._done.wait(POLL_S):
            # An interrupt that comes between two steps of the database is lost: repeat it.
            if self.is_spent():
                self._has_interrupted = True
                self._interrupt()


class Escalation:
    """Ends a call on a server: asks the server first, again and again; then cuts the connection.

    Both are called from the budget's thread only.
    """

    def __init__(self, ask: Callable[[], object], cut: Callable[[], object]) -> None:
        self._ask = ask
        self._cut = cut
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
        elif now - self._last > ASK_AGAIN_S:
            self._ask()
            self._last = time.monotonic()
