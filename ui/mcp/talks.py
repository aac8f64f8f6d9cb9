"""Conversations of many people, each its person's alone; those unused for longest are forgotten."""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from app.person import Person
from bot.memory import Conversation
from ui.mcp.errors import ToolFault

MOST = 2_000
"""Conversations that are remembered."""
MOST_OF_ONE = 100
"""〃 of one person, so that nobody can have those of others forgotten."""

Key = tuple[object, ...]


@dataclass(frozen=True)
class Talk:
    """One conversation; one question at a time."""

    id: str
    memory: Conversation = field(default_factory=Conversation)
    turn: threading.Lock = field(default_factory=threading.Lock)


class Talks:
    """Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_person: OrderedDict[Key, OrderedDict[str, Talk]] = OrderedDict()
        self._count = 0

    @contextmanager
    def going_on(self, person: Person, id: str) -> Iterator[Talk]:
        """The conversation ``id`` of that person for one question; a new one when ``id`` is empty.

        Raises:
            ToolFault: it is not there, or another question in it is being answered.
        """
        talk = self._find(_key_of(person), id)
        if not talk.turn.acquire(blocking=False):
            raise ToolFault("mcp_busy")
        try:
            yield talk
        finally:
            talk.turn.release()

    def _find(self, key: Key, id: str) -> Talk:
        with self._lock:
            own = self._by_person.setdefault(key, OrderedDict())
            self._by_person.move_to_end(key)
            if id:
                if id not in own:
                    raise ToolFault("mcp_no_conversation")
                own.move_to_end(id)
                return own[id]
            talk = Talk(secrets.token_urlsafe(12))
            own[talk.id] = talk
            self._count += 1
            if len(own) > MOST_OF_ONE:
                own.popitem(last=False)
                self._count -= 1
            while self._count > MOST:
                _, forgotten = self._by_person.popitem(last=False)
                self._count -= len(forgotten)
            return talk

    def __len__(self) -> int:
        return self._count


def _key_of(person: Person) -> Key:
    attributes = sorted((name, repr(value)) for name, value in person.attributes.items())
    return (person.id, person.role, *attributes)
