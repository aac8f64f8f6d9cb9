"""A server that ends gracefully: asked to terminate, it lets what is under way finish, for a bounded time."""

from __future__ import annotations

import signal
import threading
from types import FrameType

import uvicorn

from app.desk import Desk

WAIT_S = 30.0
"""Seconds that answers under way get after SIGTERM; a second signal ends at once."""


class GracefulServer(uvicorn.Server):
    """On SIGTERM takes no more questions and ends when those under way have; on Ctrl-C ends at once."""

    def __init__(self, config: uvicorn.Config, desk: Desk, *, wait_s: float = WAIT_S) -> None:
        super().__init__(config)
        self._desk = desk
        self._wait_s = wait_s

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Hear a signal."""
        if sig != signal.SIGTERM:
            super().handle_exit(sig, frame)
        elif self._desk.state == "stopping":
            self.should_exit = True
        else:
            # Not in a signal's own frame: the main thread may hold the lock that stopping needs.
            threading.Thread(target=self._end, daemon=True).start()

    def _end(self) -> None:
        self._desk.stop(self._wait_s)
        self.should_exit = True
