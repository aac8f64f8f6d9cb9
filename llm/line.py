"""A line in front of a few places: first come, first served; whoever waits is told where they stand.

Not covered: priorities. One conversation asks one thing at a time, so a turn each is fair.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from llm.waiting import Wait, tell

_LOOK_S = 0.05
"""Seconds between two looks at ``cancel`` while waiting."""


class Line:
    """Gives out numbered places.

    Args:
        places: how many there are, at least 1.
    """

    def __init__(self, places: int) -> None:
        if places < 1:
            raise ValueError(f"places must be at least 1, got {places}")
        self.places = places
        self._free = list(range(places))
        self._waiting: deque[object] = deque()
        self._changed = threading.Condition()

    @contextmanager
    def take(
        self,
        count: int = 1,
        cancel: threading.Event | None = None,
        prefer: Callable[[int], int] = lambda place: 0,
    ) -> Iterator[list[int]]:
        """Wait for ``count`` places and hold them inside the block.

        Who waits is told the place in line (``llm.waiting``) whenever that changes; 1 is the next one.

        Args:
            count: at most ``places``.
            cancel: set, the wait ends and the block gets no place: ``[]``.
            prefer: the free places for which this is highest are given.
        """
        if not 1 <= count <= self.places:
            raise ValueError(f"count must be between 1 and {self.places}, got {count}")
        held = self._wait(count, cancel, prefer)
        try:
            yield held
        finally:
            with self._changed:
                self._free += held
                self._changed.notify_all()

    def _wait(self, count: int, cancel: threading.Event | None, prefer: Callable[[int], int]) -> list[int]:
        ticket, last = object(), 0
        with self._changed:
            self._waiting.append(ticket)
        try:
            while True:
                with self._changed:
                    ahead = self._waiting.index(ticket)
                    if ahead == 0 and len(self._free) >= count and not (cancel and cancel.is_set()):
                        held = sorted(self._free, key=prefer, reverse=True)[:count]
                        self._free = [place for place in self._free if place not in held]
                        break
                # Outside the lock: whoever hears may take their time.
                if cancel is not None and cancel.is_set():
                    return []
                if ahead + 1 != last:
                    last = ahead + 1
                    tell(Wait(what="line", values={"place": str(last)}))
                with self._changed:
                    self._changed.wait(_LOOK_S)
        finally:
            with self._changed:
                self._waiting.remove(ticket)
                self._changed.notify_all()
        return held
