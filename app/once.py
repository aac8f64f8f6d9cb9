"""Something slow that is made at its first use, and not before."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from llm.waiting import Wait, listening, tell

T = TypeVar("T")
POLL_S = 0.05
"""How often whoever waits for another's making looks what it is at."""


class Once(Generic[T]):
    """Made by the first who asks for it; those who ask meanwhile wait for that, and are told what it is at.

    When making it fails, whoever made it hears why, and the next one who asks tries again.
    """

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._making = threading.Lock()
        self._made: list[T] = []
        self._step: Wait | None = None

    @property
    def is_made(self) -> bool:
        """Whether the first use is over."""
        return bool(self._made)

    def get(self) -> T:
        """The thing; raises what making it raises."""
        if self._made:
            return self._made[0]
        heard: Wait | None = None
        while not self._making.acquire(timeout=POLL_S):
            step = self._step
            if step is not None and step is not heard:
                tell(step)
                heard = step
        try:
            if not self._made:
                with listening(self._note):
                    self._made.append(self._make())
            return self._made[0]
        finally:
            self._step = None
            self._making.release()

    def _note(self, wait: Wait) -> None:
        self._step = wait
