"""What came before: chat programs send again what they hold for lost."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from threading import Lock

MOST = 20_000
"""Deliveries that are remembered, so that none is answered twice."""


class Once:
    """What was there before, among the last ones. Safe to use from several threads.

    Args:
        most: how many are remembered.
        for_s: seconds for which each is; for ever without.
    """

    def __init__(self, most: int = MOST, for_s: float = math.inf) -> None:
        self._most = most
        self._for_s = for_s
        self._lock = Lock()
        self._seen: OrderedDict[str, float] = OrderedDict()

    def is_new(self, id: str) -> bool:
        """Whether ``id`` comes for the first time."""
        now = time.monotonic()
        with self._lock:
            seen_at = self._seen.get(id)
            if seen_at is not None and now < seen_at + self._for_s:
                return False
            self._seen[id] = now
            self._seen.move_to_end(id)
            if len(self._seen) > self._most:
                self._seen.popitem(last=False)
            return True
