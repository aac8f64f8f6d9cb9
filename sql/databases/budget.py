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
        self._thread = threading.Thread(target=self._watch, name="query-budget", daemon=True)

    @property
    def seconds(self) -> float:
        """Seconds since the call began."""
        return time.monotonic() - self._start

    def is_spent(self) -> bool:
        """Whether the call must end now."""
        return self.seconds >= self._limits.timeout_s or (self._cancel is not None and self._cancel.is_set())

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
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._done.wait(POLL_S):
            # An interrupt that comes between two steps of the database is lost: repeat it.
            if self.is_spent():
                self._interrupt()
