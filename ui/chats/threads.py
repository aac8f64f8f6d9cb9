"""Conversations by thread, and their questions in the order in which they came."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from bot.memory import Conversation

logger = logging.getLogger(__name__)

WORKERS = 16
"""Threads that are answered side by side; the language model has a line of its own."""
MOST_THREADS = 10_000
"""Threads that are remembered; the one unused for longest is forgotten first."""
MOST_WAITING = 5
"""Questions that wait in one thread."""

Job = Callable[["Thread"], None]


@dataclass(kw_only=True)
class Thread:
    """One conversation; only the job that runs may touch its memory."""

    memory: Conversation = field(default_factory=Conversation)
    waiting: deque[Job] = field(default_factory=deque)
    is_running: bool = False


class Threads:
    """Runs jobs beside whoever brings them: of one thread one after the other, of several side by side."""

    def __init__(self, *, most: int = MOST_THREADS, most_waiting: int = MOST_WAITING) -> None:
        self._most = most
        self._most_waiting = most_waiting
        self._lock = threading.Lock()
        self._threads: OrderedDict[Hashable, Thread] = OrderedDict()
        self._is_closed = False
        self._workers = ThreadPoolExecutor(WORKERS, thread_name_prefix="chat")

    def put(self, key: Hashable, job: Job) -> bool:
        """Run ``job`` when those of its thread that came before have ended.

        Returns:
            ``False`` when too many wait, and after :meth:`close`.
        """
        with self._lock:
            if self._is_closed:
                return False
            thread = self._threads.setdefault(key, Thread())
            self._threads.move_to_end(key)
            if len(thread.waiting) >= self._most_waiting:
                return False
            thread.waiting.append(job)
            if not thread.is_running:
                thread.is_running = True
                self._workers.submit(self._run, thread)
            self._forget_some()
        return True

    def __len__(self) -> int:
        with self._lock:
            return len(self._threads)

    def close(self) -> None:
        """Take no more jobs; those that wait are dropped, those that run are not waited for."""
        with self._lock:
            self._is_closed = True
            for thread in self._threads.values():
                thread.waiting.clear()
        self._workers.shutdown(wait=False, cancel_futures=True)

    def _run(self, thread: Thread) -> None:
        while True:
            with self._lock:
                if not thread.waiting:
                    thread.is_running = False
                    return
                job = thread.waiting.popleft()
            try:
                job(thread)
            except Exception:
                logger.exception("A question of a chat could not be answered")

    def _forget_some(self) -> None:
        while len(self._threads) > self._most:
            idle = next((key for key, each in self._threads.items() if not each.is_running), None)
            if idle is None:
                return
            del self._threads[idle]
