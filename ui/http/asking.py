"""Questions on threads, for the assistant waits and the event loop must not; their events come back on it."""

from __future__ import annotations

import asyncio
import contextlib
import math
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context

from starlette.requests import Request

from app.desk import Desk
from bot.answer import Answer, Event
from llm.waiting import Wait
from ui.http.problems import ClientGone, Problem

WORKERS = 16
"""Questions over HTTP that are answered side by side; the language model has a line of its own."""
MOST_WAITING = 1_000
"""Questions that wait for a worker at most; further ones are refused at once."""
IN_LINE_S = 0.25
"""Seconds after which a question that waits for a worker is told its place."""
LONGEST_RETRY_S = 600
HEARTBEAT_S = 15.0
"""Seconds of silence after which a stream gives a sign of life: proxies close what is silent."""

Ask = Callable[[threading.Event], Iterator[Event]]


class Questions:
    """Runs questions beside the event loop."""

    def __init__(self, desk: Desk, *, workers: int = WORKERS, most_waiting: int = MOST_WAITING) -> None:
        self._desk = desk
        self._workers = ThreadPoolExecutor(workers, thread_name_prefix="question")
        self._most_waiting = most_waiting
        self._many = workers
        self._line: list[object] = []
        self._usual_s = 1.0
        """Seconds of a question, of the last ones more than of earlier ones."""

    async def events(
        self, request: Request, ask: Ask, on_end: Callable[[], None] = lambda: None
    ) -> AsyncIterator[Event | None]:
        """The steps of one answer; ``None`` is a sign of life. A client that goes away stops the question.

        While no worker is free the place in line comes as an event, again with every sign of life.

        Args:
            ask: asks, on a worker's thread; stops when the event that it is given is set.
            on_end: called once when the question is over, not on the loop's thread; before ``done`` is passed
                on where there is an answer.
        Raises:
            ClientGone: see there.
            Exception: what ``ask`` raises.
        """
        loop = asyncio.get_running_loop()
        if len(self._line) >= self._most_waiting:
            loop.run_in_executor(None, on_end)
            raise Problem("busy", 503, headers={"Retry-After": str(self._retry_after_s())})
        ticket = object()
        cancel = threading.Event()
        steps: asyncio.Queue[Event | BaseException] = asyncio.Queue()

        def pass_on(step: Event | BaseException) -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody listens
                loop.call_soon_threadsafe(steps.put_nowait, step)

        def left_the_line() -> None:
            self._line.remove(ticket)
            self._desk.queued.dec()

        def work() -> None:
            started = time.monotonic()
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(left_the_line)
            done: Event | BaseException = RuntimeError("the assistant ended without an answer")
            try:
                for event in ask(cancel):
                    if event.name == "done":
                        done = event  # after what follows it: the next question may come at once
                    else:
                        pass_on(event)
            except BaseException as error:
                done = error
            finally:
                on_end()
                self._usual_s += 0.1 * (time.monotonic() - started - self._usual_s)
            pass_on(done)

        self._line.append(ticket)
        self._desk.queued.inc()
        running: Future[None] = self._workers.submit(copy_context().run, work)
        gone = asyncio.ensure_future(_gone(request))
        patience_s = IN_LINE_S
        try:
            while True:
                step = asyncio.ensure_future(steps.get())
                try:
                    await asyncio.wait({step, gone}, timeout=patience_s, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    if not step.done():
                        step.cancel()
                if step.done() and not step.cancelled():
                    found = step.result()
                    if isinstance(found, BaseException):
                        raise found
                    yield found
                    if found.name == "done":
                        return
                elif gone.done():
                    raise ClientGone
                elif ticket in self._line:
                    place = self._line.index(ticket) + 1
                    yield Event(name="waiting", data=Wait(what="line", values={"place": str(place)}))
                elif patience_s == HEARTBEAT_S:
                    yield None
                patience_s = HEARTBEAT_S
        finally:
            cancel.set()
            gone.cancel()
            if running.cancel():  # it had not begun
                left_the_line()
                loop.run_in_executor(None, on_end)

    def _retry_after_s(self) -> int:
        """Seconds after which most of those who wait now will have been answered."""
        return min(LONGEST_RETRY_S, max(1, math.ceil(len(self._line) / self._many * self._usual_s)))

    async def answer(self, request: Request, ask: Ask, on_end: Callable[[], None] = lambda: None) -> Answer:
        """The answer alone; raises what :meth:`events` does."""
        async for event in self.events(request, ask, on_end):
            if event is not None and event.name == "done":
                answer: Answer = event.data
        return answer

    def close(self) -> None:
        """Let the workers end; whoever is still asking has been stopped."""
        self._workers.shutdown(wait=False, cancel_futures=True)


async def _gone(request: Request) -> None:
    """Return when the client has closed the connection."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
