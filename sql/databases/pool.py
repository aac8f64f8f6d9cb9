"""Connections to a server, kept open between questions: a few, each used by one call at a time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from sql.errors import DatabaseUnavailable

Connection = TypeVar("Connection")

MAX_CONNECTIONS = 8
"""Questions that run at the same time; more wait for one to finish."""
MAX_IDLE = 3
IDLE_S = 300.0
"""Seconds after which an idle connection is not trusted any more: routers and servers drop silent ones."""


class Pool(Generic[Connection]):
    """Hands out connections, the one used last first. Safe between threads."""

    def __init__(self, open_one: Callable[[], Connection], close_one: Callable[[Connection], None]) -> None:
        self._open_one = open_one
        self._close_one = close_one
        self._idle: list[tuple[float, Connection]] = []
        self._lock = threading.Lock()
        self._places = threading.BoundedSemaphore(MAX_CONNECTIONS)
        self._is_open = True

    def take(self, timeout_s: float) -> tuple[Connection, bool]:
        """A connection, and whether it was used before and may have been lost since.

        Raises:
            DatabaseUnavailable: the pool is closed, the server cannot be reached, or all connections stayed
                busy for ``timeout_s`` seconds.
        """
        if not self._places.acquire(timeout=timeout_s):
            raise DatabaseUnavailable(
                f"{MAX_CONNECTIONS} questions are running already; nothing was run. Ask again in a moment."
            )
        try:
            while True:
                with self._lock:
                    if not self._is_open:
                        raise DatabaseUnavailable("the database is closed; open it again")
                    if not self._idle:
                        break
                    since, connection = self._idle.pop()
                if time.monotonic() - since < IDLE_S:
                    return connection, True
                self._close_one(connection)
            return self._open_one(), False
        except BaseException:
            self._places.release()
            raise

    def give_back(self, connection: Connection, *, is_good: bool) -> None:
        """Take ``connection`` back; one that is not good is closed."""
        try:
            with self._lock:
                keeps = is_good and self._is_open and len(self._idle) < MAX_IDLE
                if keeps:
                    self._idle.append((time.monotonic(), connection))
            if not keeps:
                self._close_one(connection)
        finally:
            self._places.release()

    def close(self) -> None:
        """Close what is idle; what is in use is closed when it comes back."""
        with self._lock:
            self._is_open = False
            idle, self._idle = self._idle, []
        for _, connection in idle:
            self._close_one(connection)
