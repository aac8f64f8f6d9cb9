"""The page's shop as each of the people sees it who are let in, by who sent a request."""

from __future__ import annotations

import json
import logging
import threading
from collections import OrderedDict
from dataclasses import replace
from typing import TYPE_CHECKING

from app.conversations import Conversations
from app.desk import Desk
from app.errors import AppError
from app.page_talks import PageTalks
from app.person import Person
from bot.errors import NotRecorded
from bot.offers import offers
from sql.errors import SqlError
from ui.http.identity import is_signed_in, person_of
from ui.talk import Talk

if TYPE_CHECKING:
    import gradio as gr

logger = logging.getLogger(__name__)

MOST = 1_000
"""People whose suggestions are kept."""


class ServedTalks:
    """Makes a :class:`ui.talk.Talk` for each person, once.

    Args:
        anybody: what is the same for all of them.
        conversations: where theirs are kept; ``None`` keeps none.
    """

    def __init__(self, desk: Desk, anybody: Talk, conversations: Conversations | None = None) -> None:
        self._desk = desk
        self._anybody = anybody
        self._conversations = conversations
        self._lock = threading.Lock()
        self._talks: OrderedDict[tuple[str, ...], Talk] = OrderedDict()

    def of_request(self, request: gr.Request) -> Talk:
        """That of whoever sent it."""
        assert request.request is not None  # it came over HTTP
        scope = request.request.scope
        return replace(self.of(person_of(scope)), is_signed_in=is_signed_in(scope))

    def of(self, person: Person) -> Talk:
        """The shop as ``person`` sees it; without role and suggestions where it cannot be opened for them."""
        key = (person.id, str(person.role), repr(sorted(person.attributes.items())), *person.roles)
        with self._lock:
            talk = self._talks.get(key)
        if talk is None:
            try:
                talk = self._opened(person)
            except (AppError, SqlError, NotRecorded) as error:
                logger.error("The shop could not be opened for %s: %s", person.id, type(error).__name__)
                return self._shut(person)
            with self._lock:
                self._talks[key] = talk
                while len(self._talks) > MOST:
                    self._talks.popitem(last=False)
        return talk

    def _opened(self, person: Person) -> Talk:
        with self._desk.house.room(self._desk.shop, person) as room:
            return replace(
                self._shut(person),
                role=room.workspace.role.name,
                suggestions=offers(room.assistant(person).tools),
            )

    def _shut(self, person: Person) -> Talk:
        return replace(
            self._anybody,
            assistant=self._desk.seat(person),
            person=person.id,
            seen=json.dumps([str(person.role), repr(sorted(person.attributes.items()))]),
            roles=person.roles,
            talks=None
            if self._conversations is None
            else PageTalks(self._conversations, self._desk.house, self._desk.shop, person),
            admit=lambda: self._desk.admit(person),
        )
