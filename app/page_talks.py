"""The conversations that one person has on the page, in the store: listed, opened, renamed, shared, deleted.

Kept of a question is what a follow-up needs (``bot.memory``) and nothing that was answered: an opened
conversation is asked again, under what the role may see then. Every call looks at who sees what now: what was
said in another role, with other attributes or under other limits of the role is as if it had never been.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.conversations import IDS, Conversations, Talk, memory_of, titled
from app.errors import ConversationMissing, StoreAway
from app.house import House
from app.person import Person
from bot.answer import Answer
from bot.memory import Conversation

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Listed:
    """What the list tells of a conversation."""

    id: str
    title: str
    used_at: float
    """Seconds since 1970."""
    is_shared: bool


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A conversation to be read."""

    listed: Listed
    memory: Conversation
    is_own: bool
    """Whether whoever reads it may go on with it."""


class PageTalks:
    """Those of one person about one shop. Several threads may use it at once.

    Every method raises ``StoreAway`` where the store cannot be used now, and ``AppError`` or ``SqlError``
    where the shop is not there for the person.
    """

    def __init__(self, talks: Conversations, house: House, shop: str | None, person: Person) -> None:
        self._talks = talks
        self._house = house
        self._shop = shop
        self._person = person

    @property
    def audience(self) -> str:
        """Whoever has the same sees the same."""
        return self._house.audience(self._shop, self._person)

    @property
    def forgotten(self) -> int:
        """How many customers have been forgotten by now."""
        return self._house.shared.forgotten.times()

    def begin(self, id: str) -> Talk:
        """See :meth:`app.conversations.Conversations.begin`; an empty id begins a new one."""
        return self._talks.begin(self._person, id or None, audience=self.audience)

    def keep(self, talk: Talk, answer: Answer) -> None:
        """See :meth:`app.conversations.Conversations.keep`."""
        self._talks.keep(talk, answer)

    def release(self, talk: Talk) -> None:
        """See :meth:`app.conversations.Conversations.release`."""
        self._talks.release(talk)

    def listed(self, text: str = "") -> list[Listed]:
        """The person's own, newest first; with a ``text`` those in whose title or questions each word is."""
        from app.store_tables import CONVERSATIONS

        words = text.casefold().split()
        newest = CONVERSATIONS.select().where(*self._own).order_by(CONVERSATIONS.c.used_at.desc())
        with self._talks.store.begin() as connection:
            rows = connection.execute(newest).all()
        return [_listed(row) for row in rows if not words or _has(row, words)]

    def read(self, id: str) -> Opened:
        """One of the person's own, or one that was shared with those who see the same.

        Raises:
            ConversationMissing: there is none that they may read.
        """
        from app.store_tables import CONVERSATIONS

        if not IDS.fullmatch(id):
            raise ConversationMissing(id)
        columns = CONVERSATIONS.c
        mine = columns.person == self._person.id
        readable = (
            (columns.id == id) & (columns.audience == self.audience) & (mine | (columns.is_shared == 1))
        )
        with self._talks.store.begin() as connection:
            row = connection.execute(CONVERSATIONS.select().where(readable)).first()
        if row is None:
            raise ConversationMissing(id)
        is_own = row.person == self._person.id
        return Opened(listed=_listed(row), memory=memory_of(row.body), is_own=is_own)

    def rename(self, id: str, title: str) -> Listed:
        """Give it another name.

        Raises:
            ConversationMissing: the person has no such conversation.
            ValueError: the name is empty.
        """
        title = titled(title)
        if not title:
            raise ValueError("a conversation's name is empty")
        return self._change(id, title=title)

    def share(self, id: str, is_shared: bool) -> Listed:
        """Let those who see the same read it, or no more; raises what :meth:`rename` does."""
        return self._change(id, is_shared=int(is_shared))

    def delete(self, id: str) -> None:
        """Delete it for good.

        Raises:
            ConversationMissing: the person has no such conversation.
        """
        from app.store_tables import CONVERSATIONS

        if not IDS.fullmatch(id):
            raise ConversationMissing(id)
        with self._talks.store.begin() as connection:
            gone = CONVERSATIONS.delete().where(CONVERSATIONS.c.id == id, *self._own)
            if connection.execute(gone).rowcount == 0:
                raise ConversationMissing(id)
        with suppress(StoreAway):  # it is gone; only free pages of the file may still hold it
            self._talks.store.sweep([CONVERSATIONS])

    @property
    def _own(self) -> tuple[ColumnElement[bool], ...]:
        from app.store_tables import CONVERSATIONS

        columns = CONVERSATIONS.c
        return columns.person == self._person.id, columns.audience == self.audience

    def _change(self, id: str, **values: str | int) -> Listed:
        from app.store_tables import CONVERSATIONS

        if not IDS.fullmatch(id):
            raise ConversationMissing(id)
        its = (CONVERSATIONS.c.id == id, *self._own)
        with self._talks.store.begin() as connection:
            connection.execute(CONVERSATIONS.update().where(*its).values(values))
            row = connection.execute(CONVERSATIONS.select().where(*its)).first()
        if row is None:
            raise ConversationMissing(id)
        return _listed(row)


def _listed(row: object) -> Listed:
    id, title, used_at, is_shared = (getattr(row, name) for name in ("id", "title", "used_at", "is_shared"))
    return Listed(id=str(id), title=str(title or ""), used_at=float(used_at), is_shared=bool(is_shared))


def _has(row: object, words: list[str]) -> bool:
    title, body = str(getattr(row, "title", "")), str(getattr(row, "body", ""))
    asked = [turn.question for turn in memory_of(body).turns]
    text = "\n".join((title, *asked)).casefold()
    return all(word in text for word in words)
