"""Calls of several threads, gathered and decoded in one batch: many questions at once, each as if alone.

A question's way to its answer is ordinary code that calls an engine a few times. Here several such tasks run
in a thread each; once all of them wait for a reply, what they asked for goes to the engine together. Which
calls meet in a batch depends on the tasks alone, never on the clock, so that a run can be repeated.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Generic, TypeVar

from llm.engine import CanBatch, Completion, Engine, Piece, Prompt, Request
from llm.errors import LlmError

logger = logging.getLogger(__name__)

T = TypeVar("T")


class Gathering:
    """Fulfils ``llm.engine.Engine``; outside :meth:`run` every call passes straight through."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._here = threading.local()

    @property
    def name(self) -> str:
        """The engine's own name."""
        return self.engine.name

    @property
    def adapters(self) -> tuple[str, ...]:
        """The engine's own adapters."""
        return self.engine.adapters

    def run(self, tasks: Iterable[Callable[[], T]], *, together: int) -> Iterator[T]:
        """Run every task, ``together`` at a time, and yield what they return as they end.

        Args:
            tasks: each is called in a thread of its own; engine calls inside it are gathered.
            together: at least 1.
        Raises:
            BaseException: what a task raised; the others are given up.
        """
        if together < 1:
            raise ValueError(f"together must be at least 1, got {together}")
        waiting = deque(tasks)
        live: list[_Task[T]] = []
        try:
            while waiting or live:
                while waiting and len(live) < together:
                    live.append(_Task(waiting.popleft(), self._here))
                for task in live:
                    task.has_arrived.wait()
                ended = [task for task in live if task.is_done]
                live = [task for task in live if not task.is_done]
                for task in ended:
                    yield task.result()
                if live and not (ended and waiting):
                    self._answer(live)
        finally:
            for task in live:
                task.give(_GivenUp())

    def _answer(self, tasks: Sequence[_Task[T]]) -> None:
        for task, reply in zip(tasks, self._replies([task.request for task in tasks]), strict=True):
            task.give(reply)

    def _replies(self, requests: Sequence[Request]) -> Sequence[list[Completion] | BaseException]:
        if isinstance(self.engine, CanBatch):
            try:
                return self.engine.complete_batch(requests)
            except (LlmError, ValueError) as error:  # one is wrong: only its own task should hear of it
                logger.info("a batch is decoded one by one: %s", error)
        return [self._alone(request) for request in requests]

    def _alone(self, request: Request) -> list[Completion] | BaseException:
        try:
            return self.engine.complete(
                request.prompt,
                grammar=request.grammar,
                adapter=request.adapter,
                samples=request.samples,
                temperature=request.temperature,
                max_tokens=request.max_tokens,
            )
        except (LlmError, ValueError) as error:
            return error

    def complete(
        self,
        prompt: Prompt,
        *,
        grammar: str | None = None,
        adapter: str | None = None,
        samples: int = 1,
        temperature: float = 0.0,
        max_tokens: int = 256,
        cancel: threading.Event | None = None,
    ) -> list[Completion]:
        """See ``llm.engine.Engine.complete``; a call that can be cancelled is never gathered."""
        task = getattr(self._here, "task", None)
        if task is None or cancel is not None:
            return self.engine.complete(
                prompt,
                grammar=grammar,
                adapter=adapter,
                samples=samples,
                temperature=temperature,
                max_tokens=max_tokens,
                cancel=cancel,
            )
        request = Request(
            prompt=prompt,
            grammar=grammar,
            adapter=adapter,
            samples=samples,
            temperature=temperature,
            max_tokens=max_tokens,
        )
        completions: list[Completion] = task.ask(request)
        return completions

    def stream(
        self,
        prompt: Prompt,
        *,
        grammar: str | None = None,
        adapter: str | None = None,
        temperature: float = 0.0,
        max_tokens: int = 256,
        cancel: threading.Event | None = None,
    ) -> Iterator[Piece]:
        """See ``llm.engine.Engine.stream``; never gathered."""
        return self.engine.stream(
            prompt,
            grammar=grammar,
            adapter=adapter,
            temperature=temperature,
            max_tokens=max_tokens,
            cancel=cancel,
        )


class _GivenUp(BaseException):
    """Ends the thread of a task that nobody waits for any more."""


class _Task(Generic[T]):
    """One task in its thread: either it waits for a reply, or it is done."""

    def __init__(self, work: Callable[[], T], here: threading.local) -> None:
        self.request: Request
        self.is_done = False
        self.has_arrived = threading.Event()
        """Set while the task waits, and when it is done."""
        self._go = threading.Event()
        self._reply: list[Completion] | BaseException = []
        self._outcome: T | None = None
        self._error: BaseException | None = None
        threading.Thread(target=self._work, args=(work, here), name="gathered", daemon=True).start()

    def _work(self, work: Callable[[], T], here: threading.local) -> None:
        here.task = self
        try:
            self._outcome = work()
        except BaseException as error:
            self._error = error
        finally:
            self.is_done = True
            self.has_arrived.set()

    def ask(self, request: Request) -> list[Completion]:
        """Wait for the reply; called in the task's own thread."""
        self.request = request
        self.has_arrived.set()
        self._go.wait()
        self._go.clear()
        if isinstance(self._reply, BaseException):
            raise self._reply
        return self._reply

    def give(self, reply: list[Completion] | BaseException) -> None:
        """Let the task go on."""
        self._reply = reply
        self.has_arrived.clear()
        self._go.set()

    def result(self) -> T:
        """What the task returned; raises what it raised."""
        if self._error is not None:
            raise self._error
        return self._outcome  # type: ignore[return-value]
