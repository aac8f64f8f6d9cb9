"""Files that a visitor of the page opens: a shop of their own, for their tab, until it is closed.

The files are copied into a private folder of this run, opened for reading only like every shop, and deleted
when the tab is closed, when other files take their place, or when the page ends. Whoever brought them is
their owner. Nobody else sees them: they hang on the visitor, not on the page. What is kept for the same
browser's next visit is in ``app.kept_uploads``.
"""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from app.errors import UploadRefused
from app.finding import Review, review_of
from app.house import House, Seat
from app.kept import Held
from app.person import Person
from app.rooms import Room, furnish
from bot.audit import audited
from sql.databases.files import KNOWN_ENDINGS
from sql.errors import SqlError
from sql.shop.decisions import Decision

logger = logging.getLogger(__name__)

MAX_MB = 200
"""Megabytes of all files together; larger ones belong into a shop.yml."""
MAX_FILES = 50
MAX_SHOPS = 20
"""Shops of visitors that are open at once: each takes memory."""
TABLES = KNOWN_ENDINGS
"""Endings of files that can be opened together."""
DATABASES = (".sqlite", ".sqlite3", ".db", ".duckdb", ".ddb")
"""Endings of files that are opened alone."""


@dataclass(frozen=True, kw_only=True)
class Brought:
    """A shop made of a visitor's own files; theirs alone."""

    seat: Seat
    shop: str
    role: str
    tables: tuple[str, ...]
    """What can be asked about."""
    decisions: tuple[Decision, ...]
    """How the files were read."""
    review: Review
    """What only their owner knows."""
    files: tuple[Path, ...]
    """The copies; there until it is closed."""
    answered: Callable[[Mapping[str, str]], Brought]
    """The same files opened anew with other answers; raises what :meth:`Uploads.open` raises."""
    close: Callable[[], None]
    """Deletes it; may be called several times."""


@dataclass(kw_only=True)
class Uploads:
    """Opens visitors' files. Safe to use from several threads."""

    house: House
    """Whose models they share."""
    folder: Path
    """Private folder of this run; deleted with it by the caller."""
    _open: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def open(self, files: Sequence[Path]) -> Brought:
        """Copy ``files``, remove the originals, and open the copies.

        Raises:
            UploadRefused: too many, too large, of kinds that do not go together, or unreadable.
            NotRecorded: the audit log cannot be written.
        """
        return self._open_from(files, {}, is_moved=True)

    def open_kept(self, files: Sequence[Path], answers: Mapping[str, str]) -> Brought:
        """The same for files that stay where they are, with what was answered about them."""
        return self._open_from(files, answers, is_moved=False)

    def _open_from(self, files: Sequence[Path], answers: Mapping[str, str], *, is_moved: bool) -> Brought:
        with self._lock:
            if self._open >= MAX_SHOPS:
                raise UploadRefused("upload_crowded")
            self._open += 1
        place = Path(tempfile.mkdtemp(prefix="own-", dir=self.folder))
        person = Person()
        try:
            names = _take(files, place, is_moved=is_moved)
            room, review = self._opened(place, names, person, answers)
        except BaseException:
            self._forget(place)
            raise
        held: Held[_OwnRoom] = Held()
        own = _OwnRoom(room, lambda: self._forget(place))
        with held.used(lambda: own):
            pass  # it is made

        copies = tuple(place / name for name in names)

        @contextmanager
        def lend() -> Iterator[Room]:
            with held.used(lambda: own):
                yield room

        return Brought(
            seat=Seat(person, lend, lambda: True),
            shop=room.workspace.shop.name,
            role=room.workspace.role.name,
            tables=tuple(view.name for view in room.workspace.guard.views),
            decisions=review.decisions,
            review=review,
            files=copies,
            answered=lambda other: self.open_kept(copies, other),
            close=held.give_up,
        )

    def _opened(
        self, place: Path, names: Sequence[str], person: Person, answers: Mapping[str, str]
    ) -> tuple[Room, Review]:
        from sql.shop.workspace import open_workspace

        location = place / names[0] if len(names) == 1 else place
        shown = names[0] if len(names) == 1 else f"{names[0]} + {len(names) - 1}"
        log = self.house.shared.log
        with audited(log, "open", ", ".join(names), shop=shown, role="owner", person=person.id):
            try:
                review = review_of(str(location), answers)
                workspace = open_workspace(replace(review.shop, name=shown))
            except SqlError as error:
                reason = str(error).replace(f"{place}/", "").replace(str(place), "upload")
                raise UploadRefused("upload_unreadable", reason=reason) from error
            try:
                if not workspace.guard.views:
                    raise UploadRefused("upload_unreadable", reason=f"{shown} holds no table")
                return furnish(workspace, self.house.shared), review
            except BaseException:
                workspace.close()
                raise

    def _forget(self, place: Path) -> None:
        shutil.rmtree(place, ignore_errors=True)
        with self._lock:
            self._open -= 1


@dataclass(frozen=True)
class _OwnRoom:
    """A visitor's room, whose files go with it."""

    room: Room
    forget: Callable[[], None]

    def close(self) -> None:
        """Free the database and delete the files."""
        self.room.close()
        self.forget()


def _take(files: Sequence[Path], place: Path, *, is_moved: bool) -> list[str]:
    """Bring files into ``place`` under names of their own; their names, sorted."""
    try:
        if not files:
            raise UploadRefused("upload_none")
        if len(files) > MAX_FILES:
            raise UploadRefused("upload_many", most=str(MAX_FILES))
        names: list[str] = []
        for file in files:
            name = _free(file.name.lstrip("._") or "file", names)
            _check_kind(name, is_alone=len(files) == 1)
            names.append(name)
        if sum(file.stat().st_size for file in files) > MAX_MB * 1_000_000:
            raise UploadRefused("upload_large", most=str(MAX_MB))
        for file, name in zip(files, names, strict=True):
            bring_copy(file, place / name, is_linked=not is_moved)
        return sorted(names)
    except FileNotFoundError as error:  # somebody brought the very same file in the same moment
        raise UploadRefused("upload_again") from error
    finally:
        for file in files if is_moved else ():
            with contextlib.suppress(OSError):
                file.unlink()


def bring_copy(file: Path, to: Path, *, is_linked: bool) -> None:
    """The same file at ``to``; of one that nobody writes a second name is enough, where the disk has them.

    Raises:
        OSError: it is gone, or the disk is full.
    """
    if is_linked:
        with contextlib.suppress(OSError):
            os.link(file, to)
            return
    shutil.copyfile(file, to)


def _check_kind(name: str, *, is_alone: bool) -> None:
    lower = name.lower()
    if lower.endswith(TABLES):
        return
    if not lower.endswith(DATABASES):
        raise UploadRefused("upload_kind", name=name, kinds=", ".join((*TABLES, *DATABASES)))
    if not is_alone:
        raise UploadRefused("upload_alone", name=name)


def _free(name: str, taken: Sequence[str]) -> str:
    stem, dot, ending = name.partition(".")
    number, found = 2, name
    while found.lower() in {t.lower() for t in taken}:
        found, number = f"{stem}_{number}{dot}{ending}", number + 1
    return found
