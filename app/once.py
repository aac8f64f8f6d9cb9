"""Something slow that is made at its first use, and work that is done one at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

from llm.waiting import Wait, listening, tell

T = TypeVar("T")
POLL_S = 0.05
"""How often whoever waits for another looks what that one is at."""


class OneAtATime:
    """Slow work of which only one is done at a time; who waits is told what the one before is at."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._step: Wait | None = None

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for one's turn, and hold it for the block."""
        heard: Wait | None = None
        while not self._lock.acquire(timeout=POLL_S):
            step = self._step
            if step is not None and step is not heard:
                tell(step)
                heard = step
        try:
            with listening(self._note):
                yield
        finally:
            self._step = None
            self._lock.release()

    def _note(self, wait: Wait) -> None:
        self._step = wait


class Once(Generic[T]):
    """Made by the first who asks for it; those who ask meanwhile wait for that.

    When making it fails, whoever made it hears why, and the next one who asks tries again.
    """

    def __init__(self) -> None:
        self._making = OneAtATime()
        self._made: list[T] = []

    @property
    def is_made(self) -> bool:
        """Whether the first use is over."""
        return bool(self._made)

    def get(self, make: Callable[[], T]) -> T:
        """The thing, made by ``make`` unless it was made already; raises what ``make`` raises."""
        if self._made:
            return self._made[0]
        with self._making.turn():
            if not self._made:
                self._made.append(make())
            return self._made[0]
