"""From an account to a question, and from a button to what it does: the same in every chat program."""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Protocol

from app.errors import WrongUse
from app.person import Person
from ui import present
from ui.chats.repeats import Once
from ui.chats.replies import words_in
from ui.chats.seam import Asked, Chat, Message

logger = logging.getLogger(__name__)

REFUSED_S = 30.0
"""Seconds in which somebody unknown is told once in a room: else they could keep the others waiting."""


class Place(Protocol):
    """Where somebody wrote or pressed a button; an adapter writes there, and logs what it cannot."""

    def message(self) -> Message:
        """A new message, for all who read there."""

    def tell(self, sentence: str, /) -> None:
        """Say something to them alone, where the program can."""

    def show_sql(self, statements: Sequence[str]) -> None:
        """Show statements to them alone."""


class Reception:
    """Who may ask, and what is asked. Safe to use from several threads.

    Args:
        person_of: who an account is, by its id; ``None`` for somebody whom nobody has named; raises
            ``WrongUse`` where ``people.yml`` cannot be read.
        account: what an account is called in ``people.yml``.
    """

    def __init__(self, chat: Chat, person_of: Callable[[str], Person | None], account: str) -> None:
        self._chat = chat
        self._person_of = person_of
        self._account = account
        self._refused = Once(for_s=REFUSED_S)

    def person(self, user: str, language: str, refuse: Callable[[str], None]) -> Person | None:
        """Who asks; somebody unknown is told how to become known, and nothing else."""
        words = words_in(language)
        try:
            person = self._person_of(user)
        except WrongUse as error:
            logger.error("%s", error)
            refuse(words.say("people_unreadable"))
            return None
        if person is None:
            refuse(words.say("unknown", line=f"NAME: {{role: ROLE, {self._account}: {user}}}"))
        return person

    def ask(
        self,
        user: str,
        question: str,
        place: Place,
        *,
        room: str,
        thread: Hashable,
        language: str,
        is_foreign: bool = False,
    ) -> None:
        """Answer a message, or say why not.

        Args:
            question: what was written, without mentions.
            room: where; names the place in which somebody unknown is told once.
            thread: names the conversation.
            is_foreign: whether people of another organisation read there.
        """

        def refuse_stranger(sentence: str) -> None:
            if self._refused.is_new(f"{room} {user}"):
                place.tell(sentence)

        person = self.person(user, language, refuse_stranger)
        if person is None:
            return
        words = words_in(language)
        if is_foreign:
            place.tell(words.say("foreign_channel"))
        elif not question:
            place.tell(words.say("question_empty", example=words.say("question_example")))
        else:
            self._chat.ask(person, thread, question, place.message())

    def press(
        self,
        user: str,
        id: str,
        kind: str,
        place: Place,
        *,
        language: str,
        more: Mapping[str, Callable[[Asked], None]] | None = None,
    ) -> None:
        """Do what a button says; only who asked may press it.

        Args:
            id: of the answer.
            kind: see :class:`ui.chats.layout.Button`, or ``option:NUMBER``, from 0.
            language: of what is told to somebody who did not ask.
            more: buttons that only this program has.
        """
        person = self.person(user, language, place.tell)
        if person is None:
            return
        asked = self._chat.asked(id, person)
        if asked is None:
            place.tell(words_in(language).say("forgotten"))
            return
        kind, _, number = kind.partition(":")
        if kind == "sql":
            place.show_sql(asked.sql)
        elif kind in ("up", "down"):
            self._judge(asked, is_good=kind == "up", tell=place.tell)
        elif kind == "before" and asked.period_before:
            self._chat.ask(person, asked.thread, asked.period_before, place.message(), after=asked.memory)
        elif kind == "option" and number.isdecimal() and int(number) < len(asked.options):
            self._chat.ask(person, asked.thread, asked.options[int(number)], place.message())
        elif more is not None and kind in more:
            more[kind](asked)

    def _judge(self, asked: Asked, *, is_good: bool, tell: Callable[[str], None]) -> None:
        language = asked.answer.language
        try:
            self._chat.judge(asked, "up" if is_good else "down")
        except OSError as error:
            logger.error("A verdict could not be kept: %s", error)
            tell(words_in(language).say("not_kept"))
        else:
            tell(present.word("saved_up" if is_good else "saved_down", language))
