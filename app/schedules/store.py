"""Schedules as files, each written whole; a lock of the system's says which of them runs.

A lock goes with the process that holds it, however that ends. Moments are UTC.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from zoneinfo import ZoneInfo

from app.errors import WrongUse
from app.schedules.targets import Form
from app.schedules.timetable import Timetable
from app.write import write_whole
from sql.semantics import Attributes

if TYPE_CHECKING:
    from filelock import BaseFileLock
    from pydantic import TypeAdapter

    from sql.traces import Traces

logger = logging.getLogger(__name__)

FORMAT = 1
LOCK_S = 10.0
"""Seconds that a writer waits for others."""
_ID = re.compile(r"[0-9a-f]{8}")

Outcome = Literal["delivered", "not delivered", "not allowed"]


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a run ended."""

    due: dt.datetime
    at: dt.datetime
    outcome: Outcome
    reason: str = ""
    """Why it was not delivered; empty when it was."""


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """What is asked when, in whose name, and where it goes."""

    what: str
    """As it was written."""
    message: str
    """What is asked; empty for a report."""
    language: str
    """Of the report: ``en`` or ``zh``."""
    timetable: Timetable
    to: tuple[str, ...]
    """Targets as :func:`app.schedules.targets.read_target` reads them."""
    shop: str | None
    """As ``--shop`` names it, from any folder; ``None`` for the demonstration shop."""
    zone: str
    """IANA name of the shop's time zone; empty for this computer's own."""
    person: str
    role: str | None
    attributes: Attributes = field(default_factory=dict)
    report: str = "monthly"
    """Name of the report, where nothing is asked."""
    form: Form = "html"
    """What targets get."""
    has_key: bool = False
    """Whether role and attributes are those that the person's keys have when it runs."""
    due: dt.datetime
    """The next run that was not delivered and not given up."""
    is_paused: bool = False
    tries: int = 0
    """How often that run was tried in vain."""
    retry_at: dt.datetime | None = None
    sent: tuple[str, ...] = ()
    """Those of ``to`` that got that run already."""
    last: Ended | None = None

    @property
    def id(self) -> str:
        """The same for the same words."""
        seen = sorted((name, repr(value)) for name, value in self.attributes.items())
        asked = [self.message.casefold(), self.language, self.timetable.words(), sorted(self.to)]
        said = [*asked, self.shop, self.person, self.role, self.has_key, seen]
        # behind the others, and only where they are not the usual: ids from before stay what they are
        said += [[self.report, self.form]] if (self.report, self.form) != ("monthly", "html") else []
        return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:8]

    @property
    def tzinfo(self) -> dt.tzinfo | None:
        """The zone whose clocks count; ``None`` for this computer's own."""
        return zone_of(self.zone)

    @property
    def next_at(self) -> dt.datetime:
        """When it is tried next."""
        return self.retry_at or self.due

    def is_due(self, now: dt.datetime) -> bool:
        """Whether it is to run."""
        return not self.is_paused and self.next_at <= now

    def over(self, ended: Ended) -> Schedule:
        """With its run ended for good; whatever else fell due meanwhile is made up for by that one."""
        due = self.timetable.next_after(ended.at, self.tzinfo)
        return replace(self, due=due, tries=0, retry_at=None, sent=(), last=ended)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON types."""
        return {"id": self.id, "every": self.timetable.words(), **_shape().dump_python(self, mode="json")}

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> Schedule:
        """The schedule that :meth:`to_json` described; ``ValueError`` for what is none."""
        return _shape().validate_python(kept)


@cache
def _shape() -> TypeAdapter[Schedule]:
    from pydantic import TypeAdapter

    return TypeAdapter(Schedule)


def zone_of(name: str) -> ZoneInfo | None:
    """The zone of that IANA name; ``None`` for none, which is this computer's own."""
    return ZoneInfo(name) if name else None


class Schedules:
    """The schedules of one shop, in a folder that is made at the first one.

    Several threads and processes may use it at once.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def all(self) -> list[Schedule]:
        """Those that can be read, the next to run first; others are logged."""
        found = []
        for path in self.folder.glob("*.json"):
            try:
                found.append(self._read(path))
            except FileNotFoundError:  # removed meanwhile
                pass
            except WrongUse as error:
                logger.warning("%s", error)
        return sorted(found, key=lambda each: (each.next_at, each.id))

    def get(self, id: str) -> Schedule | None:
        """The schedule of that id."""
        path = self._path(id)
        try:
            return self._read(path) if _ID.fullmatch(id) else None
        except FileNotFoundError:
            return None

    def add(self, schedule: Schedule) -> None:
        """Keep a new one.

        Raises:
            WrongUse: it is there already, or another process holds the folder.
            OSError: it cannot be written; nothing was kept.
        """
        with self._locked():
            if self._path(schedule.id).exists():
                raise WrongUse(
                    f"That is scheduled already, as {schedule.id}; nothing was added. shoptalk schedule list "
                    "shows it."
                )
            self._write(schedule)

    def remove(self, id: str) -> None:
        """Take one out; a run under way ends, and is not noted."""
        with self._locked():
            self._path(id).unlink(missing_ok=True)

    def change(self, id: str, change: Callable[[Schedule], Schedule]) -> Schedule | None:
        """Change one as it is now, and return it; ``None`` where it was removed.

        Raises:
            OSError: it cannot be written; it stays as it was.
        """
        with self._locked():
            schedule = self.get(id)
            if schedule is not None:
                schedule = change(schedule)
                self._write(schedule)
            return schedule

    @contextmanager
    def running(self, id: str) -> Iterator[bool]:
        """Whether nobody else runs it; then it is this block's alone, in all processes."""
        from filelock import Timeout

        lock = self._lock(f"{id}.running", 0)
        try:
            lock.acquire()
        except Timeout:
            yield False
            return
        try:
            yield True
        finally:
            lock.release()

    def forget(self, traces: Traces, *, is_dry: bool) -> int:
        """Take out every schedule that names a person, or is in their name; see ``CanForget``.

        Raises:
            WrongUse, OSError: a file cannot be read or deleted.
        """
        if not self.folder.is_dir():
            return 0
        with self._locked():
            named = [path for path in self.folder.glob("*.json") if self._names(path, traces)]
            for path in () if is_dry else named:
                path.unlink(missing_ok=True)
            for path in () if is_dry else self.folder.glob(".*.json.*"):  # of a writer that was killed
                path.unlink(missing_ok=True)
        return len(named)

    def _names(self, path: Path, traces: Traces) -> bool:
        schedule = self._read(path)
        cells = [(name, one) for name, value in schedule.attributes.items()
                 for one in (value if isinstance(value, tuple) else (value,))]  # fmt: skip
        is_told = traces.names(json.dumps(schedule.to_json(), ensure_ascii=False))
        return is_told or any(traces.names_cell(*cell) for cell in cells)

    def _path(self, id: str) -> Path:
        return self.folder / f"{id}.json"

    def _read(self, path: Path) -> Schedule:
        try:
            kept = json.loads(path.read_bytes())
            if kept["format"] != FORMAT:
                raise ValueError(f"format {kept['format']}")
            found = Schedule.from_json(kept)
            zone_of(found.zone)
            return found
        except FileNotFoundError:
            raise
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise WrongUse(
                f"{path} holds a schedule and cannot be read; delete it and add the schedule again."
            ) from error

    def _write(self, schedule: Schedule) -> None:
        kept = {"format": FORMAT, **schedule.to_json()}
        write_whole(self._path(schedule.id), json.dumps(kept, ensure_ascii=False, indent=1).encode())

    @contextmanager
    def _locked(self) -> Iterator[None]:
        from filelock import Timeout

        try:
            with self._lock("schedules.lock", LOCK_S):
                yield
        except Timeout as error:
            raise WrongUse(
                f"Another process has held {self.folder} for {LOCK_S:.0f} s; try again."
            ) from error

    def _lock(self, name: str, timeout_s: float) -> BaseFileLock:
        from filelock import FileLock

        self.folder.mkdir(parents=True, exist_ok=True)
        return FileLock(self.folder / name, timeout=timeout_s)
