"""Opening a shop in Python and asking it: a thin way to the same house and assistant as every surface."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from app.errors import WrongUse
from app.person import Person, account
from app.settings import Settings, prepare_process
from bot.memory import Conversation as Memory
from shoptalk.compiled import Compiled
from shoptalk.errors import ShopClosed, one_family
from shoptalk.shown_answer import Answer
from ui.command import readable

if TYPE_CHECKING:
    from app.house import House, Seat
    from retrieval.types import Filters, Hit

Place = str | os.PathLike[str]


def open(
    shop: Place | Sequence[Place] | None = None, *, role: str | None = None, person: Person | None = None
) -> Shop:
    """Open a shop, for reading only. The language model is loaded at the first question that needs it.

    Args:
        shop: a ``shop.yml``; a database file or address; a folder or file of tables; several such files as
            a list; ``None`` for the demonstration shop, which is built when it is missing.
        role: a role of ``shop.yml``, with whose eyes to look; ``None`` for the person's, else the default.
        person: who asks, with the attributes that the role's rules about rows name; ``None`` for the
            account that runs this.
    Raises:
        WrongArgument: no such shop or role, or the person lacks what the role needs; a setting is wrong.
        CannotOpen: the description or the database is at fault.
    """
    with one_family(), ExitStack() as opening:
        if role is not None and person is not None and person.role not in (None, role):
            raise WrongUse(f"role is {role!r} and the person's is {person.role!r}; name one of them.")
        who = person or Person(id=account())
        who = replace(who, role=role or who.role)
        settings = Settings.from_environment()
        prepare_process(settings)
        house = opening.enter_context(_houses.lent(settings))
        if shop is None or isinstance(shop, str | os.PathLike):
            seat = house.at(None if shop is None else os.fspath(shop), who)
        elif isinstance(shop, Sequence) and all(isinstance(file, str | os.PathLike) for file in shop):
            seat = opening.enter_context(_brought(house, [Path(file) for file in shop], who))
        else:
            raise WrongUse(f"shop is {shop!r}; expected a path, an address or a list of files.")
        with seat.room() as room:
            name, as_role = room.workspace.shop.name, room.workspace.role.name
        return Shop(name, as_role, seat, opening.pop_all().close)


class Shop:
    """One shop, seen with one role's eyes; made by :func:`open`. Several threads may ask at once.

    Close it, or use it in a ``with`` block; a shop that nothing refers to any more closes itself.
    """

    def __init__(self, name: str, role: str, seat: Seat, close: Callable[[], None]) -> None:
        self.name = name
        self.role = role
        """Name of the role that is looked with."""
        self._seat = seat
        self._close = weakref.finalize(self, close)

    def __enter__(self) -> Shop:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<shoptalk.Shop {self.name!r} as {self.role!r}{'' if self._close.alive else ', closed'}>"

    def close(self) -> None:
        """Free the database and, with the last open shop, the model; a second call does nothing."""
        self._close()

    def ask(self, question: str) -> Answer:
        """Answer one question, in English or Chinese, that stands alone.

        Raises:
            ShopClosed: after :meth:`close`.
            NotDone: the audit log cannot be written, or the database has gone; nothing was asked.
        """
        return self._ask(question, None, threading.Event())

    async def ask_async(self, question: str) -> Answer:
        """The same without holding up the event loop; cancelling the task stops model and database."""
        return await _stoppable(lambda cancel: self._ask(question, None, cancel))

    def conversation(self) -> Conversation:
        """A conversation, in which a question may follow up the one before."""
        return Conversation(self)

    def compile(self, statement: str, *, run: bool = False) -> Compiled:
        """A statement of the question language as SQL, without any model.

        Args:
            run: whether its rows are wanted too.
        Raises:
            WrongStatement: it cannot be read or compiled.
            Refused: the role may not ask it.
            NotDone: it ran over its budget, or failed.
        """
        from shoptalk.frames import frame_of
        from ui.compiling import compiled_for

        with one_family():
            statement = self._readable("statement", statement)
            with self._seat.audited_room("question", statement) as room:
                found, table = compiled_for(room.workspace, statement, is_run=run)
            return Compiled(found, None if table is None else frame_of(table))

    def search(self, text: str, k: int = 10, filters: Filters | None = None) -> list[Hit]:
        """The customers' reviews and past reports that are nearest to ``text``, best first.

        Args:
            k: hits at most.
            filters: which texts may be found; ``None`` for all that the role may read.
        Raises:
            WrongArgument: ``text`` is empty, ``k`` below 1, or there is no text that the role may read.
            NotDone: the index cannot be built or written.
        """
        with one_family():
            text = self._readable("text", text)
            if not text.strip() or k < 1:
                raise WrongUse(f"text is {text!r} and k {k}; say what to look for, and k from 1 on.")
            with self._seat.audited_room("search", text) as room:
                return room.shared.library.everything(room.workspace).search(text, k, filters)

    def _ask(self, question: str, memory: Memory | None, cancel: threading.Event) -> Answer:
        from app.house import last_answer

        with one_family():
            question = self._readable("question", question)
            return Answer(last_answer(self._seat.answer(question, memory, cancel)))

    def _readable(self, name: str, text: str) -> str:
        if not self._close.alive:
            raise ShopClosed("The shop was closed; open it again with shoptalk.open(…).")
        if not isinstance(text, str):
            raise WrongUse(f"{name} is {text!r}; expected text.")
        return readable(text)


class Conversation:
    """Questions that follow up one another; made by :meth:`Shop.conversation`.

    A second question asked meanwhile, from another thread or task, waits for the first.
    """

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._memory = Memory()
        self._turn = threading.Lock()

    def ask(self, question: str) -> Answer:
        """Answer a question that may change the one before, such as "and by month?"; see :meth:`Shop.ask`."""
        return self._ask(question, threading.Event())

    async def ask_async(self, question: str) -> Answer:
        """The same without holding up the event loop; see :meth:`Shop.ask_async`."""
        return await _stoppable(lambda cancel: self._ask(question, cancel))

    def _ask(self, question: str, cancel: threading.Event) -> Answer:
        with self._turn:
            return self._shop._ask(question, self._memory, cancel)


async def _stoppable(ask: Callable[[threading.Event], Answer]) -> Answer:
    cancel = threading.Event()
    try:
        return await asyncio.to_thread(ask, cancel)
    finally:
        cancel.set()


@contextmanager
def _brought(house: House, files: Sequence[Path], person: Person) -> Iterator[Seat]:
    """A shop of files that are opened together, by their owner; they stay where they are."""
    from app.uploads import Uploads

    if person.role is not None:
        raise WrongUse(f"role is {person.role!r}; files have no roles. Describe them in a shop.yml.")
    missing = [str(file) for file in files if not file.is_file()]
    if missing:
        raise WrongUse(f"shop names {', '.join(missing)}, which is no file; name existing files.")
    folder = Path(tempfile.mkdtemp(prefix="shoptalk-"))
    try:
        brought = Uploads(house=house, folder=folder).open_kept(files, {})
        try:
            yield brought.seat
        finally:
            brought.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@dataclass
class _Lent:
    house: House
    shops: int = 0


class _Houses:
    """One house for all shops that are open under the same settings, so that the model is loaded once."""

    def __init__(self) -> None:
        # Re-entrant: a shop that is collected as garbage may be given back while another is opened.
        self._lock = threading.RLock()
        self._open: list[_Lent] = []

    @contextmanager
    def lent(self, settings: Settings) -> Iterator[House]:
        """The house for the block; the last one to leave it closes it."""
        from app.house import House

        with self._lock:
            lent = next((each for each in self._open if each.house.settings == settings), None)
            if lent is None:
                lent = _Lent(House(settings))
                self._open.append(lent)
            lent.shops += 1
        try:
            yield lent.house
        finally:
            with self._lock:
                lent.shops -= 1
                is_last = lent.shops == 0
                if is_last:
                    self._open.remove(lent)
            if is_last:
                lent.house.close()


_houses = _Houses()
