"""Conversations between requests, each one person's; bounded, in memory, forgotten when the process ends."""

from __future__ import annotations

import hashlib
import json
import threading
import uuid
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Generic, TypeVar

from app.person import Person
from bot.answer import Answer
from bot.memory import Conversation
from ui.http.problems import Problem

MOST_EACH = 100
"""Conversations that are kept for one person; the one unused for longest is forgotten first."""
MOST_ALL = 10_000
"""The same for all together."""
MOST_ANSWERS = 200
"""Answers of one person that feedback can still be about."""

V = TypeVar("V")


class Shelf(Generic[V]):
    """Things by person and id. One person finds, and pushes out, only their own, until all are too many."""

    def __init__(self, each: int = MOST_EACH, all: int = MOST_ALL) -> None:
        self._each = each
        self._all = all
        self._lock = threading.Lock()
        self._things: OrderedDict[tuple[str, str], V] = OrderedDict()
        self._of: dict[str, OrderedDict[str, None]] = {}

    def put(self, person: Person, id: str, thing: V) -> None:
        """Keep it under that id, in place of what was there."""
        with self._lock:
            own = self._of.setdefault(person.id, OrderedDict())
            own[id] = None
            own.move_to_end(id)
            self._things[person.id, id] = thing
            self._things.move_to_end((person.id, id))
            if len(own) > self._each:
                self._forget(person.id, next(iter(own)))
            if len(self._things) > self._all:
                self._forget(*next(iter(self._things)))

    def get(self, person: Person, id: str) -> V | None:
        """What is kept, now used last; ``None`` for nothing of that person."""
        with self._lock:
            thing = self._things.get((person.id, id))
            if thing is not None:
                self._things.move_to_end((person.id, id))
                self._of[person.id].move_to_end(id)
            return thing

    def __len__(self) -> int:
        with self._lock:
            return len(self._things)

    def _forget(self, person: str, id: str) -> None:
        del self._things[person, id]
        del self._of[person][id]
        if not self._of[person]:
            del self._of[person]


@dataclass(kw_only=True)
class Talk:
    """One conversation and whether a question of it is being answered."""

    id: str
    memory: Conversation = field(default_factory=Conversation)
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)


class Talks:
    """All conversations, and the last answers, of all people."""

    def __init__(self) -> None:
        self._talks: Shelf[Talk] = Shelf()
        self._remembered: Shelf[Conversation] = Shelf()
        self._answers: Shelf[Answer] = Shelf(MOST_ANSWERS)

    def begin(self, person: Person, id: str | None) -> Talk:
        """The conversation of that id, or a new one; held until its ``lock`` is released.

        Raises:
            Problem: the person has no such conversation, or another question of it is being answered.
        """
        if id is None:
            talk = Talk(id=uuid.uuid4().hex)
            self._talks.put(person, talk.id, talk)
        else:
            found = self._talks.get(person, id)
            if found is None:
                raise Problem("conversation_missing", 404)
            talk = found
        if not talk.lock.acquire(blocking=False):
            raise Problem("conversation_busy", 409)
        return talk

    def recall(self, person: Person, questions: Sequence[str]) -> Conversation | None:
        """A copy of the conversation in which these were asked, in order; ``None`` when it is not known."""
        kept = self._remembered.get(person, _digest(questions))
        return None if kept is None else replace(kept, turns=list(kept.turns))

    def remember(self, person: Person, questions: Sequence[str], memory: Conversation) -> None:
        """Keep a copy of a conversation under what was asked in it."""
        self._remembered.put(person, _digest(questions), replace(memory, turns=list(memory.turns)))

    def keep(self, person: Person, answer: Answer) -> None:
        """Keep what feedback needs of an answer: no rows and no quotes."""
        tables = tuple(replace(table, rows=()) for table in answer.tables)
        self._answers.put(person, answer.id, replace(answer, tables=tables, citations=(), chart=None))

    def answer(self, person: Person, id: str) -> Answer:
        """One of the person's last answers.

        Raises:
            Problem: none of them has that id.
        """
        found = self._answers.get(person, id)
        if found is None:
            raise Problem("answer_missing", 404)
        return found


def _digest(questions: Sequence[str]) -> str:
    return hashlib.sha256(json.dumps(list(questions)).encode()).hexdigest()
