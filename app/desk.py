"""Where every question to a serving process passes, on every surface: allowance, figures, a graceful end."""

from __future__ import annotations

import threading
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from app.allowance import Allowance
from app.errors import AppError, Stopping
from app.house import House
from app.person import Person
from bot.answer import Event
from bot.errors import NotRecorded
from bot.request_id import steps_in_request
from sql.errors import SqlError

if TYPE_CHECKING:
    from bot.memory import Conversation

SECONDS = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 40.0, 80.0)
"""Upper ends of the histogram's classes."""

State = Literal["starting", "ready", "failed", "stopping"]


class Desk:
    """One shop of a house, asked by many people over a network. Safe to use from several threads.

    Args:
        shop: see :func:`app.finding.find_shop`.
        allowance: what one person may ask; whoever has no key is not counted.
    """

    def __init__(self, house: House, shop: str | None, allowance: Allowance) -> None:
        self.house = house
        self.shop = shop
        self.state: State = "starting"
        """``ready`` once the model is in memory, ``failed`` when it cannot be."""
        self._allowance = allowance
        self._changed = threading.Condition()
        self._under_way = 0
        self._cancels: set[threading.Event] = set()
        self.registry = CollectorRegistry()
        self._questions = Counter(
            "shoptalk_questions",
            "Questions by how they ended: answered, clarify, declined, failed, stopped, refused, crashed.",
            ["status"],
            registry=self.registry,
        )
        self._seconds = Histogram(
            "shoptalk_question_seconds",
            "Seconds from a question's start to its end.",
            buckets=SECONDS,
            registry=self.registry,
        )
        self._running = Gauge(
            "shoptalk_questions_running", "Questions being answered now.", registry=self.registry
        )
        self.queued = Gauge(
            "shoptalk_questions_queued",
            "Questions over HTTP that wait for one of the workers.",
            registry=self.registry,
        )

    def admit(self, person: Person) -> None:
        """Let one more question in, before anything of it is done.

        Raises:
            TooManyQuestions: the person has asked as much as they may for now.
            Stopping: after :meth:`stop`.
        """
        if self.state == "stopping":
            raise Stopping("The server is stopping; ask again in a moment.")
        if person.id:
            self._allowance.take(person.id)

    def answer(
        self,
        person: Person,
        question: str,
        conversation: Conversation | None = None,
        cancel: threading.Event | None = None,
    ) -> Iterator[Event]:
        """The steps of one answer; see :meth:`app.house.Seat.answer`. The question was admitted.

        They belong to the request at hand, or to a new one.
        """
        return steps_in_request(self._answer(person, question, conversation, cancel))

    def _answer(
        self,
        person: Person,
        question: str,
        conversation: Conversation | None,
        cancel: threading.Event | None,
    ) -> Generator[Event, None, None]:
        asked = cancel if cancel is not None else threading.Event()
        started, status = time.monotonic(), "crashed"
        with self.busy(asked), self._running.track_inprogress():
            try:
                for event in self.house.at(self.shop, person).answer(question, conversation, asked):
                    if event.name == "done":
                        status = "stopped" if asked.is_set() else event.data.status
                    yield event
            except GeneratorExit:
                status = "stopped"
                raise
            except (AppError, SqlError, NotRecorded):
                status = "refused"
                raise
            finally:
                self._questions.labels(status).inc()
                self._seconds.observe(time.monotonic() - started)

    def seat(self, person: Person) -> DeskSeat:
        """One person's place, for surfaces that admit their questions themselves."""
        return DeskSeat(self, person)

    # --- the end ---

    @contextmanager
    def busy(self, cancel: threading.Event | None = None) -> Iterator[None]:
        """Hold back the end for the block; ``cancel`` is set when it cannot be held back longer."""
        with self._changed:
            self._under_way += 1
            if cancel is not None:
                self._cancels.add(cancel)
        try:
            yield
        finally:
            with self._changed:
                self._under_way -= 1
                if cancel is not None:
                    self._cancels.discard(cancel)
                self._changed.notify_all()

    def stop(self, wait_s: float) -> None:
        """Take no more questions, and wait for what is under way; what has not ended then is stopped."""
        self.state = "stopping"
        with self._changed:
            if not self._changed.wait_for(lambda: self._under_way == 0, wait_s):
                for cancel in self._cancels:
                    cancel.set()


class DeskSeat:
    """One person's place at a desk."""

    def __init__(self, desk: Desk, person: Person) -> None:
        self._desk = desk
        self._person = person

    def answer(
        self, question: str, conversation: Conversation | None = None, cancel: threading.Event | None = None
    ) -> Iterator[Event]:
        """See :meth:`Desk.answer`."""
        return self._desk.answer(self._person, question, conversation, cancel)
