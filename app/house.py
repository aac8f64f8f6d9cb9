"""One process that serves many people, in many roles, about many shops.

What is shared is shared by what it depends on: the language model and the embedder by all, an index by those
who may read the same texts, a shop's words and database by those who see the same of it (a
:class:`app.rooms.Room`). Rooms are made at the first question, kept in a bounded cache, closed when they are
neither in use nor among those used last, and all of them when the house is closed.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from app import engines
from app.engines import EngineFactory, LazyEngine
from app.finding import Found, Review, Shops, find_shop, folder_of
from app.forgotten import Forgotten
from app.kept import Kept
from app.library import Library, audience_folder
from app.person import Person, role_of, seen_by
from app.rooms import Room, Shared, furnish
from app.salts import salt_in
from app.settings import Settings
from app.team_store import Store
from bot.answer import Answer, Event
from bot.audit import AuditLog, Kind, audited
from llm.waiting import Wait

if TYPE_CHECKING:
    import threading

    from bot.memory import Conversation
    from sql.semantics import Role, Shop
    from sql.shop.review import Answers
    from sql.shop.workspace import Workspace

MOST_ROOMS = 16
"""Rooms kept open at once: each holds a database and the values that words are linked to."""
RENEW_S = 3_600.0
"""Seconds after which a room is made anew at its next question, with the day, values and texts of then."""

Key = tuple[object, ...]
Lend = Callable[[], AbstractContextManager[Room]]


class House:
    """Shops, people and models of one process, each made at its first use. Safe to use from several threads.

    Args:
        settings: where things are kept and which model.
        load: how the engine is loaded; ``None`` is :func:`app.engines.load_engine`.
        most_rooms: see :data:`MOST_ROOMS`.
        clock: seconds that only grow.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        load: EngineFactory | None = None,
        most_rooms: int = MOST_ROOMS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        from bot.route import Nearest
        from jobs import JOBS
        from retrieval.embed import load_embedder

        self.settings = settings
        embedder = load_embedder()
        self.shared = Shared(
            settings=settings,
            engine=LazyEngine(settings, load or engines.load_engine),
            library=Library(settings, embedder),
            nearest=Nearest(embedder, JOBS),
            log=AuditLog(settings.audit),
            forgotten=Forgotten(settings.forgotten),
        )
        self.store = Store.of(settings)
        """Of people, conversations and feedback."""
        self._shops = Shops(settings, clock)
        self._rooms: Kept[Key, Room] = Kept(most_rooms, renew_s=RENEW_S, clock=clock)

    def __enter__(self) -> House:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def at(self, shop: str | None, person: Person) -> Seat:
        """The place from which ``person`` asks ``shop``; nothing slow is begun, and no database opened.

        Args:
            shop: see :func:`app.finding.find_shop`.
        Raises:
            WrongUse, SqlError: there is no such shop or role, or the person lacks what the role needs.
        """
        self._entrance(shop, person)
        return Seat(
            person, lambda: self.room(shop, person), lambda: self._rooms.has(self._entrance(shop, person)[2])
        )

    @contextmanager
    def room(self, shop: str | None, person: Person) -> Iterator[Room]:
        """The room of those who see the same of ``shop`` as ``person``; it stays open for the block.

        Raises:
            WrongUse, SqlError: see :meth:`at`, and the database cannot be opened.
            NotRecorded: the audit log cannot be written.
            HouseClosed: after :meth:`close`.
        """
        found, role, key = self._entrance(shop, person)
        with self._rooms.lent(key, lambda: self._open(found, role, person)) as room:
            yield room

    def audience(self, shop: str | None, person: Person) -> str:
        """Names those who see the same of ``shop`` in the same role: what one of them said another may read.

        Other limits of the role are another audience, and so are other attributes that they name.

        Raises:
            WrongUse, SqlError: see :meth:`at`.
        """
        found, role, _ = self._entrance(shop, person)
        folder = audience_folder(folder_of(self.settings, found.shop), role, person.attributes)
        seen = sorted((name, repr(value)) for name, value in seen_by(role, person).items())
        said = json.dumps([folder.parent.name, folder.name, role.name, seen])
        return hashlib.sha256(said.encode()).hexdigest()[:32]

    def described(self, shop: str | None) -> Shop:
        """The shop as it is described now; its description is read again only when it has changed.

        Raises:
            WrongUse, SqlError: see :func:`app.finding.find_shop`.
        """
        return self._shops.find(shop).shop

    def review(self, shop: str | None) -> Review | None:
        """What only its owner knows of a shop that nobody described; ``None`` for one with a description.

        Raises:
            WrongUse, SqlError: see :func:`app.finding.find_shop`.
        """
        return self._shops.find(shop).review

    def take_answers(self, shop: str, answers: Answers) -> Review:
        """Answer it, for everybody who asks that shop; see :meth:`app.finding.Shops.answer`."""
        return self._shops.answer(shop, answers)

    def close(self) -> None:
        """Close every room, those in use when their question ends."""
        self._rooms.close()
        self.store.close()

    def _entrance(self, shop: str | None, person: Person) -> tuple[Found, Role, Key]:
        """The shop as it is described now, the person's role in it, and which room that is."""
        found = self._shops.find(shop)
        role = role_of(found.shop, person)
        seen = sorted((name, repr(value)) for name, value in seen_by(role, person).items())
        return found, role, (*self._state(found), role.name, *seen)  # repr: 7, 7.0 and "7" are three values

    def _state(self, found: Found) -> Key:
        """What a room was opened after: the shop's description, and whom to remember no more."""
        return (*found.state, self.shared.forgotten.times())

    def _open(self, found: Found, role: Role, person: Person) -> Room:
        from sql.shop.workspace import open_workspace

        state = self._state(found)
        # What was opened after an older description may hold the database with other settings.
        self._rooms.give_up(lambda key: key[0] == state[0] and key[: len(state)] != state)
        with audited(
            self.shared.log, "open", "",
            shop=found.shop.name, role=role.name, user=person.attributes, person=person.id,
        ):  # fmt: skip
            workspace = open_workspace(
                found.shop,
                role=role.name,
                user=seen_by(role, person),
                salt=partial(salt_in, folder_of(self.settings, found.shop)),
            )
            try:
                return furnish(workspace, self.shared)
            except BaseException:
                workspace.close()
                raise


class Seat:
    """One person's place in one shop: what every surface asks through.

    Args:
        lend: lends the room for as long as a question takes.
        is_open: whether the room is there and need not be made.
    """

    def __init__(self, person: Person, lend: Lend, is_open: Callable[[], bool]) -> None:
        self.person = person
        self._lend = lend
        self._is_open = is_open

    def answer(
        self, question: str, conversation: Conversation | None = None, cancel: threading.Event | None = None
    ) -> Iterator[Event]:
        """The steps of one answer; see :meth:`bot.assistant.Assistant.answer`.

        Raises:
            AppError, SqlError, NotRecorded: the room cannot be opened, and nothing was asked.
        """
        if not self._is_open():
            yield Event(name="waiting", data=Wait(what="values"))
        with self._lend() as room:
            yield from room.assistant(self.person).answer(question, conversation, cancel)

    def room(self) -> AbstractContextManager[Room]:
        """The room, for the block."""
        return self._lend()

    @contextmanager
    def audited_room(self, kind: Kind, text: str) -> Iterator[Room]:
        """The room for what needs no assistant; every statement of the block is logged.

        Args:
            kind: what the block does.
            text: what is searched or compiled.
        Raises:
            AppError, SqlError: the room cannot be opened.
            NotRecorded: the audit log cannot be written. Show what was found only after the block.
        """
        with self._lend() as room:
            names = {"shop": room.workspace.shop.name, "role": room.workspace.role.name}
            person = self.person
            with audited(room.shared.log, kind, text, **names, user=person.attributes, person=person.id):
                yield room

    def warm(self) -> None:
        """See :meth:`app.rooms.Room.warm`."""
        with self._lend() as room:
            room.warm(self.person)


@contextmanager
def audited_role(
    settings: Settings, kind: Kind, text: str, *, shop: str | None, person: Person
) -> Iterator[Workspace]:
    """A shop's database under the person's role, for what needs no assistant; closed after the block.

    Every statement from opening to the end is logged.

    Args:
        kind: what the block does.
        text: what is searched, or which report.
    Raises:
        WrongUse, SqlError: see :meth:`House.at`, and the database cannot be opened.
        NotRecorded: the audit log cannot be written. Show what was found only after the block.
    """
    from sql.shop.workspace import open_workspace

    description = find_shop(settings, shop)
    role = role_of(description, person)
    who = {"shop": description.name, "role": role.name, "person": person.id}
    with audited(AuditLog(settings.audit), kind, text, **who, user=person.attributes):
        workspace = open_workspace(
            description,
            role=role.name,
            user=person.attributes,
            salt=partial(salt_in, folder_of(settings, description)),
        )
        try:
            yield workspace
        finally:
            workspace.close()


def last_answer(events: Iterator[Any]) -> Answer:
    """Run a question to its end and return the answer; ``done`` always comes last."""
    answer: Answer | None = None
    for event in events:
        if event.name == "done":
            answer = event.data
    if answer is None:
        raise RuntimeError("the assistant ended without an answer")
    return answer
