"""Conversations between requests, each one person's, in the store: any process goes on with them.

What follow-ups need is kept (``bot.memory``), and of the last answers what feedback needs; no rows. Those of
the page (``app.page_talks``) have an audience and a title, and are no part of what programs go on with.
Whoever answers a question holds its conversation meanwhile. A process that ends holds nothing for longer than
:data:`HELD_S`.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import re
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from app.errors import ConversationBusy, ConversationMissing, StoreAway
from app.person import Person
from app.team_store import Store
from bot.answer import Answer
from bot.errors import CorruptConversation
from bot.feedback import Told
from bot.memory import Conversation
from sql.traces import Traces

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection, Table

logger = logging.getLogger(__name__)

MOST_EACH = 100
"""Conversations that are kept for one person, of the page and of programs each; the one unused for longest is
forgotten first."""
MOST_ALL = 10_000
"""The same for all together."""
MOST_ANSWERS = 200
"""Answers of one person that feedback can still be about."""
MOST_ALL_ANSWERS = 100_000
"""The same for all together."""
MOST_TITLE = 120
"""Characters of a conversation's name."""
HELD_S = 15.0
"""Seconds that a conversation stays held after the last sign of life of who holds it."""
LONGEST_S = 600.0
"""Seconds that a question may hold its conversation at most."""


IDS = re.compile(r"[0-9a-f]{12,64}")
"""Of what this program made; anything else is not looked for, for a database may not take it."""
_FREE = {"held_by": None, "held_until": None}


@dataclass(kw_only=True)
class Talk:
    """One conversation, for one question."""

    person: str
    id: str
    memory: Conversation = field(default_factory=Conversation)
    hold: str = ""
    """Names who holds it in the store; empty where nobody needs to."""
    audience: str | None = None
    """Who may be shown it, for those of the page."""


class Conversations:
    """Those of all people. Safe to use from several threads; several processes share them.

    Args:
        forgotten: how many customers have been forgotten by now; what is from before the last of them is not
            written again.
        clock: seconds since 1970; those of the processes must agree within a few seconds.
    """

    def __init__(
        self,
        store: Store,
        forgotten: Callable[[], int] = lambda: 0,
        *,
        most_each: int = MOST_EACH,
        most_all: int = MOST_ALL,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.store = store
        self._forgotten = forgotten
        self._most = (most_each, most_all)
        self._clock = clock
        self._me = uuid.uuid4().hex
        self._closing = threading.Event()
        self._lock = threading.Lock()
        self._renewer: threading.Thread | None = None

    def begin(self, person: Person, id: str | None, *, audience: str | None = None) -> Talk:
        """The conversation of that id, or a new one; held until it is kept or released.

        A new one is nobody's to go on with before it is kept, and nothing is written of it until then.

        Args:
            audience: who may be shown it, for one of the page.
        Raises:
            ConversationMissing: the person has no such conversation.
            ConversationBusy: another question of it is being answered.
            StoreAway: it cannot be read now.
        """
        from sqlalchemy import or_

        from app.store_tables import CONVERSATIONS

        if id is None:
            return Talk(person=person.id, id=uuid.uuid4().hex, audience=audience)
        if not IDS.fullmatch(id):
            raise ConversationMissing(id)
        self._keep_holding()
        columns, now, hold = CONVERSATIONS.c, self._clock(), f"{self._me}-{uuid.uuid4().hex}"
        own = (columns.person == person.id) & (columns.id == id) & _is_for(audience)
        free = or_(columns.held_until.is_(None), columns.held_until < now)
        held = {"held_by": hold, "held_until": now + HELD_S, "used_at": now}
        with self.store.begin() as connection:
            taken = connection.execute(CONVERSATIONS.update().where(own, free).values(held)).rowcount
            found = connection.execute(CONVERSATIONS.select().where(own)).first()
        if found is None:
            raise ConversationMissing(id)
        if not taken:
            raise ConversationBusy(id)
        memory = memory_of(found.body)
        return Talk(person=person.id, id=id, memory=memory, hold=hold, audience=audience)

    def keep(self, talk: Talk, answer: Answer) -> None:
        """Keep the conversation as it stands after ``answer``, and that answer; before anybody is told of it.

        It is not held any more: the next question of it may come.

        Raises:
            ConversationBusy: it was not heard of for so long that another took it; nothing was kept.
            StoreAway: nothing was kept.
        """
        from app.store_tables import CONVERSATIONS

        row = {"body": self._text(talk.memory, answer), "used_at": self._clock()}
        with self.store.begin() as connection:
            if talk.hold:
                kept = CONVERSATIONS.update().where(*_held(talk)).values(**row, **_FREE)
                if connection.execute(kept).rowcount == 0:
                    raise ConversationBusy(talk.id)
            else:
                begun = {"person": talk.person, "id": talk.id, "audience": talk.audience, **row}
                if talk.audience is not None and answer.forgotten >= self._forgotten():
                    begun["title"] = titled(answer.question)
                connection.execute(CONVERSATIONS.insert().values(begun))
                self._prune_talks(connection, talk.person, talk.audience is not None)
            if talk.audience is None:  # the page has its answers at hand while they can be judged
                self._keep_answer(connection, talk.person, answer)
        talk.hold = ""

    def release(self, talk: Talk) -> None:
        """Let the next question of it come; where that cannot be written it may come after :data:`HELD_S`."""
        from app.store_tables import CONVERSATIONS

        if talk.hold:
            with contextlib.suppress(StoreAway), self.store.begin() as connection:
                connection.execute(CONVERSATIONS.update().where(*_held(talk)).values(_FREE))

    # --- conversations that are known by what was asked ---

    def recall(self, person: Person, questions: Sequence[str]) -> Conversation | None:
        """The conversation in which these were asked, in order; ``None`` when it is not known.

        Raises:
            StoreAway: it cannot be read now.
        """
        from app.store_tables import CONVERSATIONS

        own = (CONVERSATIONS.c.person == person.id) & (CONVERSATIONS.c.id == _digest(questions))
        with self.store.begin() as connection:
            found = connection.execute(CONVERSATIONS.select().where(own)).first()
        return None if found is None else memory_of(found.body)

    def remember(
        self, person: Person, questions: Sequence[str], memory: Conversation, answer: Answer
    ) -> None:
        """Keep a conversation under what was asked in it, and the last answer.

        Raises:
            StoreAway: nothing was kept.
        """
        from app.store_tables import CONVERSATIONS

        row = {"body": self._text(memory, answer), "used_at": self._clock()}
        kept = self.store.insert(CONVERSATIONS).values(person=person.id, id=_digest(questions), **row)
        with self.store.begin() as connection:
            connection.execute(kept.on_conflict_do_update(index_elements=["person", "id"], set_=row))
            self._prune_talks(connection, person.id, False)
            self._keep_answer(connection, person.id, answer)

    # --- answers ---

    def answer(self, person: Person, id: str) -> Told | None:
        """One of the person's last answers; ``None`` when none of them has that id.

        Raises:
            StoreAway: it cannot be read now.
        """
        from app.store_tables import ANSWERS

        if not IDS.fullmatch(id):
            return None
        own = (ANSWERS.c.person == person.id) & (ANSWERS.c.id == id)
        with self.store.begin() as connection:
            found = connection.execute(ANSWERS.select().where(own)).first()
        if found is None:
            return None
        said = json.loads(found.body)
        return Told(**{**said, "sql": tuple(said["sql"])})

    def _prune_talks(self, connection: Connection, person: str, is_page: bool) -> None:
        """What programs ask pushes out nothing of the page, and the other way round."""
        from app.store_tables import CONVERSATIONS

        column = CONVERSATIONS.c.audience
        kind = column.is_not(None) if is_page else column.is_(None)
        _prune(connection, CONVERSATIONS, person, *self._most, kind)

    def _keep_answer(self, connection: Connection, person: str, answer: Answer) -> None:
        from app.store_tables import ANSWERS

        told = Told.of(answer)
        body = json.dumps(asdict(told), ensure_ascii=False)
        if answer.forgotten < self._forgotten():
            body = _without_words(body)
        row = {"person": person, "id": told.id, "body": body, "used_at": self._clock()}
        connection.execute(ANSWERS.insert().values(row))
        _prune(connection, ANSWERS, person, MOST_ANSWERS, MOST_ALL_ANSWERS)

    def forget(self, traces: Traces, *, is_dry: bool) -> int:
        """Delete every conversation that names a person, and the words of answers; see ``CanForget``.

        Raises:
            StoreAway: they cannot be read or written now.
        """
        from app.store_tables import ANSWERS, CONVERSATIONS

        store = self.store
        talks = store.forget(CONVERSATIONS, traces, is_dry=is_dry)
        return talks + store.forget(ANSWERS, traces, is_dry=is_dry, without_words=_without_words)

    def close(self) -> None:
        """Hold nothing any more."""
        self._closing.set()

    # --- holding ---

    def _keep_holding(self) -> None:
        """Begin to give signs of life, once."""
        with self._lock:
            if self._renewer is None:
                self._renewer = threading.Thread(target=self._renew, name="conversations", daemon=True)
                self._renewer.start()

    def _renew(self) -> None:
        from app.store_tables import CONVERSATIONS

        while not self._closing.wait(HELD_S / 3):
            columns, now = CONVERSATIONS.c, self._clock()
            mine = columns.held_by.startswith(self._me) & (columns.used_at > now - LONGEST_S)
            longer = CONVERSATIONS.update().where(mine).values(held_until=now + HELD_S)
            with contextlib.suppress(StoreAway), self.store.begin() as connection:
                connection.execute(longer)

    def _text(self, memory: Conversation, answer: Answer) -> str:
        """Of a conversation from before somebody was forgotten nothing is written again."""
        is_old = answer.forgotten < self._forgotten()
        return (Conversation() if is_old else memory).to_text()


def _held(talk: Talk) -> tuple[ColumnElement[bool], ...]:
    from app.store_tables import CONVERSATIONS

    columns = CONVERSATIONS.c
    return columns.person == talk.person, columns.id == talk.id, columns.held_by == talk.hold


def _is_for(audience: str | None) -> ColumnElement[bool]:
    from app.store_tables import CONVERSATIONS

    column = CONVERSATIONS.c.audience
    return column.is_(None) if audience is None else column == audience


def titled(text: str) -> str:
    """``text`` as the name of a conversation: one line, and not too long."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= MOST_TITLE else f"{line[: MOST_TITLE - 1].rstrip()}…"


def _without_words(body: str) -> str:
    """Of an answer what a verdict can still be about."""
    said = {**json.loads(body), "question": "", "standalone_question": "", "sql": []}
    return json.dumps(said, ensure_ascii=False)


def memory_of(text: str) -> Conversation:
    """What was kept of one; what a later version or a hand has written otherwise begins anew."""
    try:
        return Conversation.from_text(text)
    except CorruptConversation as error:
        logger.warning("A conversation cannot be read and begins anew: %s", type(error).__name__)
        return Conversation()


def _prune(
    connection: Connection, table: Table, person: str, each: int, all: int, *kind: ColumnElement[bool]
) -> None:
    """Forget what is beyond the limits, the one unused for longest first; what is held stays."""
    from sqlalchemy import func, select

    own = table.c.person == person
    for most, which in ((each, (own, *kind)), (all, kind)):
        count = connection.execute(select(func.count()).select_from(table).where(*which)).scalar_one()
        if count > most:
            idle: tuple[Any, ...] = (table.c.held_by.is_(None),) if "held_by" in table.c else ()
            oldest = select(table.c.person, table.c.id).where(*which, *idle).order_by(table.c.used_at)
            for row in connection.execute(oldest.limit(count - most)).all():
                connection.execute(table.delete().where(table.c.person == row.person, table.c.id == row.id))


def _digest(questions: Sequence[str]) -> str:
    return hashlib.sha256(json.dumps(list(questions)).encode()).hexdigest()
