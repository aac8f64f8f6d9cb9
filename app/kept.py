"""Things that cost memory and connections: made on demand, kept while they are used, closed in the end.

Nothing is closed under somebody who uses it: what is given up is closed by the last one who gives it back.
"""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, Protocol, TypeVar

from app.errors import HouseClosed
from app.once import Once


class CanClose(Protocol):
    """What can be kept."""

    def close(self) -> None:
        """Free what it holds; called once."""


K = TypeVar("K")
V = TypeVar("V", bound=CanClose)


class Held(Generic[V]):
    """One thing, and how many use it."""

    def __init__(self) -> None:
        self._thing: Once[V] = Once()
        self._lock = threading.Lock()
        self._users = 0
        self._is_given_up = False
        self._made: V | None = None
        self.made_at = -math.inf
        """Set by whoever keeps it."""

    @property
    def is_made(self) -> bool:
        """Whether there is a thing to close."""
        return self._thing.is_made

    @property
    def is_idle(self) -> bool:
        """Whether nobody uses it now."""
        return self._users == 0

    def take(self) -> bool:
        """Count one more user; ``False`` when it was given up."""
        with self._lock:
            if self._is_given_up:
                return False
            self._users += 1
            return True

    def get(self, make: Callable[[], V]) -> V:
        """The thing; for whoever has taken it."""
        thing = self._made = self._thing.get(make)
        return thing

    def give_back(self) -> None:
        """Count one user less."""
        with self._lock:
            self._users -= 1
            last = self._is_given_up and self._users == 0
        if last:
            self._close()

    def give_up(self) -> None:
        """Nobody takes it any more; it is closed when the last one gives it back, now when nobody has it."""
        with self._lock:
            is_first, self._is_given_up = not self._is_given_up, True
            is_idle = self._users == 0
        if is_first and is_idle:
            self._close()

    @contextmanager
    def used(self, make: Callable[[], V]) -> Iterator[V]:
        """Use it for the block.

        Raises:
            HouseClosed: it was given up.
        """
        if not self.take():
            raise HouseClosed("It was closed; open it again.")
        try:
            yield self.get(make)
        finally:
            self.give_back()

    def _close(self) -> None:
        if self._made is not None:
            self._made.close()


class Kept(Generic[K, V]):
    """Things by key, made on demand. Safe to use from several threads.

    Args:
        most: kept at once; beyond it the one unused for longest is closed. While more than so many are in
            use, more are open.
        renew_s: seconds after which one is made anew at its next use; the old one is closed when idle.
        clock: seconds that only grow.
    """

    def __init__(
        self, most: int, *, renew_s: float = math.inf, clock: Callable[[], float] = time.monotonic
    ) -> None:
        if most < 1:
            raise ValueError(f"most must be at least 1, got {most}")
        self._most = most
        self._renew_s = renew_s
        self._clock = clock
        self._lock = threading.Lock()
        self._held: OrderedDict[K, Held[V]] = OrderedDict()
        self._is_closed = False

    @contextmanager
    def lent(self, key: K, make: Callable[[], V]) -> Iterator[V]:
        """The thing of ``key`` for the block, made by ``make`` when it is not there.

        Raises:
            HouseClosed: after :meth:`close`.
        """
        held = self._take(key)
        try:
            self._trim()
            yield held.get(make)
        finally:
            held.give_back()
            self._trim()

    def has(self, key: K) -> bool:
        """Whether it is there and need not be made."""
        with self._lock:
            held = self._held.get(key)
            return held is not None and held.is_made and not self._is_old(held)

    def give_up(self, which: Callable[[K], bool]) -> None:
        """Close those whose key is one of ``which``, those in use when they are given back."""
        with self._lock:
            gone = [self._held.pop(key) for key in list(self._held) if which(key)]
        for held in gone:
            held.give_up()

    def close(self) -> None:
        """Close everything; what is in use when it is given back. Nothing is lent afterwards."""
        with self._lock:
            self._is_closed = True
            every, self._held = list(self._held.values()), OrderedDict()
        for held in every:
            held.give_up()

    def __len__(self) -> int:
        with self._lock:
            return len(self._held)

    def _take(self, key: K) -> Held[V]:
        old: Held[V] | None = None
        with self._lock:
            if self._is_closed:
                raise HouseClosed("Everything was closed; nothing can be asked any more.")
            held = self._held.get(key)
            if held is None or self._is_old(held):
                old, held = held, Held()
                held.made_at = self._clock()
                self._held[key] = held
            held.take()  # what stands here was not given up
            self._held.move_to_end(key)
        if old is not None:
            old.give_up()
        return held

    def _is_old(self, held: Held[V]) -> bool:
        return held.is_made and self._clock() - held.made_at > self._renew_s

    def _trim(self) -> None:
        """Give up what is too much, and what could not be made; nobody takes what does not stand here."""
        gone: list[Held[V]] = []
        with self._lock:
            for key, held in list(self._held.items()):
                if held.is_idle and (not held.is_made or len(self._held) > self._most):
                    gone.append(self._held.pop(key))
        for held in gone:
            held.give_up()
