"""How much one person may ask: questions a minute and a day, counted in this process."""

from __future__ import annotations

import math
import threading
import time

from limits import RateLimitItem, RateLimitItemPerDay, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from app.errors import TooManyQuestions


class Allowance:
    """Counts questions by person over the last minute and the last 24 hours; for several threads at once.

    Args:
        a_minute: questions of one person in 60 s; 0 for as many as they like.
        a_day: the same in 24 hours.
    """

    def __init__(self, a_minute: int, a_day: int) -> None:
        self._items: list[RateLimitItem] = []
        if a_minute:
            self._items.append(RateLimitItemPerMinute(a_minute))
        if a_day:
            self._items.append(RateLimitItemPerDay(a_day))
        self._lock = threading.Lock()
        self._windows = MovingWindowRateLimiter(MemoryStorage())

    def take(self, person: str) -> None:
        """Count one more question of ``person``; one that is refused does not count.

        Raises:
            TooManyQuestions: says when the next one may come.
        """
        with self._lock:
            for item in self._items:
                if not self._windows.test(item, person):
                    reset = self._windows.get_window_stats(item, person).reset_time
                    raise TooManyQuestions(
                        most=item.amount,
                        is_day=isinstance(item, RateLimitItemPerDay),
                        retry_after_s=max(1, math.ceil(reset - time.time())),
                    )
            for item in self._items:
                self._windows.hit(item, person)
