"""Rules of the watch as files, each written whole under a lock; one shop's in one folder."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.errors import WrongUse
from app.write import write_whole
from jobs.notify.rule import Rule
from sql.semantics import Attributes

if TYPE_CHECKING:
    from pydantic import TypeAdapter

    from sql.traces import Traces

logger = logging.getLogger(__name__)

FORMAT = 1
LOCK_S = 10.0
"""Seconds that a writer waits for others."""
_ID = re.compile(r"[0-9a-f]{8}")


@dataclass(frozen=True, kw_only=True)
class KeptRule:
    """A rule, in whose name it is looked at, and how far that went."""

    rule: Rule
    language: str
    """``en`` or ``zh``: in what targets are written to."""
    person: str
    role: str | None
    attributes: Attributes = field(default_factory=dict)
    has_key: bool = False
    """Whether role and attributes are those that the person's keys have when it is looked at."""
    to: tuple[str, ...] = ()
    """Targets as :func:`app.schedules.targets.read_target` reads them, besides the inbox."""
    judged: dt.date
    """First day of the last period that was judged."""
    holding: tuple[str, ...] = ()
    """Values for which it held then."""
    pending: tuple[tuple[str, str], ...] = ()
    """Messages that a target has not got yet: id, and target."""
    failed: str = ""
    """Why it could not be looked at the last time; empty where it could."""

    @property
    def id(self) -> str:
        """The same for the same rule of the same person, sent to the same places."""
        seen = sorted((name, repr(value)) for name, value in self.attributes.items())
        said = [self.rule.id, self.person, self.role, self.has_key, seen, sorted(self.to)]
        return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:8]

    def to_json(self) -> dict[str, Any]:
        """Plain JSON types."""
        return {"id": self.id, **_shape().dump_python(self, mode="json")}


@cache
def _shape() -> TypeAdapter[KeptRule]:
    from pydantic import TypeAdapter

    return TypeAdapter(KeptRule)


class Rules:
    """The rules of one shop, in a folder that is made at the first one. Several processes may use it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def all(self) -> list[KeptRule]:
        """Those that can be read, by id; others are logged."""
        found = []
        for path in sorted(self.folder.glob("*.json")):
            try:
                found.append(self._read(path))
            except FileNotFoundError:  # removed meanwhile
                pass
            except WrongUse as error:
                logger.warning("%s", error)
        return found

    def get(self, id: str) -> KeptRule | None:
        """The rule of that id."""
        try:
            return self._read(self._path(id)) if _ID.fullmatch(id) else None
        except FileNotFoundError:
            return None

    def add(self, kept: KeptRule) -> bool:
        """Keep a new one; whether it was not there already.

        Raises:
            WrongUse: another process holds the folder.
            OSError: it cannot be written; nothing was kept.
        """
        with self._locked():
            if self._path(kept.id).exists():
                return False
            self._write(kept)
            return True

    def remove(self, id: str) -> bool:
        """Take one out; whether it was there. What it told stays in the inbox."""
        with self._locked():
            is_there = bool(_ID.fullmatch(id)) and self._path(id).exists()
            if is_there:
                self._path(id).unlink(missing_ok=True)
            return is_there

    def change(self, id: str, change: Callable[[KeptRule], KeptRule]) -> KeptRule | None:
        """Change one as it is now, and return it; ``None`` where it was removed."""
        with self._locked():
            kept = self.get(id)
            if kept is not None:
                kept = change(kept)
                self._write(kept, id)
            return kept

    @contextmanager
    def checking(self) -> Iterator[bool]:
        """Whether nobody else looks at them now; then they are this block's alone, in all processes."""
        from filelock import FileLock, Timeout

        self.folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self.folder / "checking.lock", timeout=0)
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
        """Take out every rule that names a person, or is in their name; see ``CanForget``.

        Raises:
            WrongUse, OSError: a file cannot be read or deleted.
        """
        if not self.folder.is_dir():
            return 0
        with self._locked():
            named = [path for path in self.folder.glob("*.json") if self._names(path, traces)]
            for path in () if is_dry else named:
                path.unlink(missing_ok=True)
        return len(named)

    def _names(self, path: Path, traces: Traces) -> bool:
        kept = self._read(path)
        cells = [(column, one) for column, values in kept.rule.only.items() for one in values]
        cells += [(kept.rule.by, one) for one in kept.holding]
        cells += [(name, str(one)) for name, value in kept.attributes.items()
                  for one in (value if isinstance(value, tuple) else (value,))]  # fmt: skip
        is_told = traces.names(json.dumps(kept.to_json(), ensure_ascii=False))
        return is_told or any(traces.names_cell(*cell) for cell in cells)

    def _path(self, id: str) -> Path:
        return self.folder / f"{id}.json"

    def _read(self, path: Path) -> KeptRule:
        try:
            kept = json.loads(path.read_bytes())
            if kept["format"] != FORMAT:
                raise ValueError(f"format {kept['format']}")
            return _shape().validate_python({k: v for k, v in kept.items() if k not in ("id", "format")})
        except FileNotFoundError:
            raise
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise WrongUse(
                f"{path} holds a rule of the watch and cannot be read; delete it and add the rule again."
            ) from error

    def _write(self, kept: KeptRule, id: str = "") -> None:
        text = json.dumps({"format": FORMAT, **kept.to_json()}, ensure_ascii=False, indent=1)
        write_whole(self._path(id or kept.id), text.encode())

    @contextmanager
    def _locked(self) -> Iterator[None]:
        from filelock import FileLock, Timeout

        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(self.folder / "rules.lock", timeout=LOCK_S):
                yield
        except Timeout as error:
            raise WrongUse(
                f"Another process has held {self.folder} for {LOCK_S:.0f} s; try again."
            ) from error
