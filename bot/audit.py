"""The audit log: who asked what as which role, and every statement that ran, was refused or failed for it.

One JSON object a line, appended and never changed. When a question comes, a short line (``kind: begun``) is
written and flushed to disk before anything runs; when that cannot be done the question is refused. When it
ends, one line tells all of it. A question that began and never ended (a crash, a power cut) is thereby seen.

Every line carries the SHA-256 of the line before it, and a small file beside the log (the head) the number
and hash of the last one: :meth:`AuditLog.verify` finds a line that was changed, removed, put in or moved, and
lines that were cut off at the end. Who may write both files can forge both: keep a head's hash elsewhere now
and then (``verify(known=…)``), or give the folder to another account. No rows, no cells and no words of the
database get into the log (``sql.record``); the asker's own words and attributes do.

When a customer is forgotten (:meth:`AuditLog.forget`), each line that names them stays, with a pseudonym in
their place. It keeps the hash that it had (``was``), so that the chain and every known hash hold, and loses
its salt, so that this hash tells nobody what stood there; a line further on names the hash that it has since.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import json
import logging
import os
import re
import secrets
import sys
import threading
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from bot.errors import NotRecorded
from bot.request_id import current_request
from sql.record import Statement, recording
from sql.semantics import Attributes
from sql.traces import Traces

logger = logging.getLogger(__name__)

Kind = Literal["question", "search", "report", "index", "open", "watch", "forget"]
"""What was done: ``open`` reads the shop's day and the values that words are linked to."""

MAX_BYTES = 64 * 2**20
"""Size from which the log is continued in a new file; the chain goes on through it."""
LOCK_S = 10.0
"""Seconds that a writer waits for others."""
_BEGINNING = "0" * 64
"""What the first line names as the hash before it."""
_NUMBERED = re.compile(r"-(\d{6})$")


@dataclass(frozen=True, kw_only=True)
class Verification:
    """What checking the whole log found."""

    lines: int
    """Lines in all files."""
    head: str
    """Hash of the last line: worth keeping elsewhere."""
    problems: tuple[str, ...]
    """What was changed, removed, put in or moved, with file and line; empty when nothing was."""
    unfinished: tuple[str, ...]
    """Ids of what began and never ended: a crash, or still under way."""
    broken_off: int
    """Lines that a crash cut short while they were written; not a problem."""


@dataclass(frozen=True)
class _Head:
    lines: int
    hash: str


class AuditLog:
    """One log of one installation. Several threads and processes may write to it at once.

    Args:
        path: of the file that is written now; older ones stand beside it as ``NAME-000001.jsonl`` and on.
        max_bytes: size from which a new file is begun.
    """

    def __init__(self, path: Path, *, max_bytes: int = MAX_BYTES) -> None:
        self.path = path
        self.max_bytes = max_bytes
        self._head = path.with_suffix(".head")
        self._thread = threading.Lock()

    # --- writing ---

    def begin(
        self,
        kind: Kind,
        text: str,
        *,
        shop: str,
        role: str,
        user: Attributes | None = None,
        person: str = "",
        id: str = "",
    ) -> Entry:
        """Write that something begins, to disk, before any of it is done.

        Args:
            text: the question, or what is searched or reported.
            person: who it is for; empty where that is not known.
            id: names it in the log; empty makes one up.
        Raises:
            NotRecorded: the log cannot be written; nothing may be done.
        """
        common = {
            "id": id or uuid.uuid4().hex[:12],
            "question": text,
            "shop": shop,
            "role": role,
            "person": person,
            "request": current_request(),
            "user": {name: list(v) if isinstance(v, tuple) else v for name, v in (user or {}).items()},
        }
        self.append({"kind": "begun", "of": kind, **common})
        return Entry(self, kind, common)

    def append(self, entry: Mapping[str, Any]) -> None:
        """Add one line and flush it to disk.

        Raises:
            NotRecorded: it is not there, or not whole; what was there before is unchanged.
        """
        try:
            with self._thread, self._locked():
                last, remark = self._last()
                if remark is not None:
                    logger.warning("%s: %s", self.path, remark["reason"])
                    last = self._write(remark, last)
                self._write(entry, last)
        except OSError as error:
            raise NotRecorded(self.path, error.strerror or str(error)) from error

    def _write(self, entry: Mapping[str, Any], last: _Head) -> _Head:
        now = dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")
        n, salt = last.lines + 1, secrets.token_hex(16)
        fields = {"n": n, "time": now, **entry, "salt": salt, "previous": last.hash}
        text = json.dumps(fields, ensure_ascii=False, allow_nan=False, default=str)
        line = text.encode("utf-8", "replace")
        if self.path.exists() and self.path.stat().st_size >= self.max_bytes:
            os.replace(self.path, self._next_name())
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_CLOEXEC", 0)
        descriptor = os.open(self.path, flags, 0o600)
        try:
            status = os.fstat(descriptor)
            if os.name == "posix" and status.st_mode & 0o077:
                os.fchmod(descriptor, 0o600)
            size = status.st_size
            start = b"\n" if size and os.pread(descriptor, 1, size - 1) != b"\n" else b""
            data = start + line + b"\n"
            written = os.write(descriptor, data)
            if written != len(data):
                raise OSError(f"only {written} of {len(data)} bytes were written; is the disk full?")
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        head = _Head(last.lines + 1, _hash(line))
        self._keep_head(head)
        return head

    def _keep_head(self, head: _Head) -> None:
        unfinished = self._head.with_suffix(".head.unfinished")
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            json.dump({"lines": head.lines, "hash": head.hash}, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(unfinished, self._head)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold the log against other processes; a process that ends, however it ends, lets go of it."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self.path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            until = time.monotonic() + LOCK_S
            while not _try_lock(descriptor):
                if time.monotonic() > until:
                    raise OSError(f"another program has held it for {LOCK_S:.0f} s")
                time.sleep(0.005)
            yield
        finally:
            os.close(descriptor)

    def _last(self) -> tuple[_Head, dict[str, str] | None]:
        """What the next line follows; and a remark to write before it when the end is not as it was left."""
        head = self._read_head()
        before, tail, is_whole = self._tail()
        if tail is None:
            if head is None:
                return _Head(0, _BEGINNING), None
            return _Head(head.lines, _BEGINNING), _broken("the whole log was removed")
        found = _parse(tail) if is_whole else None
        number = found["n"] if found is not None else (head.lines if head else 0)
        follows = _Head(number, _chained(tail))
        if head is None:
            return follows, None if number == 1 else _broken("the head was removed")
        if head.hash == follows.hash:
            return follows, None
        if found is not None and found.get("previous") == head.hash and number == head.lines + 1:
            return follows, None  # a crash between the line and the head
        follows = _Head(max(number, head.lines), follows.hash)
        if not is_whole and head.hash == (_BEGINNING if before is None else _chained(before)):
            return follows, {"kind": "remark", "reason": "the line before broke off while it was written"}
        return follows, _broken("the end of the log was changed or cut off")

    def _tail(self) -> tuple[bytes | None, bytes | None, bool]:
        """The last two lines, and whether the last one is whole; ``None`` for lines that are not there."""
        lines: list[bytes] = []
        is_whole = True
        for path in reversed(self.files()):
            text = _end_of(path)
            if not lines:
                is_whole = text.endswith(b"\n")
            lines = [line for line in text.split(b"\n") if line] + lines
            if len(lines) >= 2:
                break
        if not lines:
            return None, None, True
        return (lines[-2] if len(lines) > 1 else None), lines[-1], is_whole

    def _read_head(self) -> _Head | None:
        try:
            data = json.loads(self._head.read_text("ascii"))
            return _Head(int(data["lines"]), str(data["hash"]))
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None

    def _next_name(self) -> Path:
        used = [int(m[1]) for p in self.files() if (m := _NUMBERED.search(p.stem))]
        return self.path.with_stem(f"{self.path.stem}-{max(used, default=0) + 1:06d}")

    # --- forgetting ---

    def forget(self, traces: Traces, *, is_dry: bool) -> int:
        """Put a pseudonym in place of a person, and tell so in a line of its own; see ``CanForget``.

        That line comes first: cut off before the others are changed, the log still verifies.

        Raises:
            NotRecorded: the log cannot be written, or another program holds it.
        """
        if not self.path.parent.is_dir():
            return 0
        try:
            with self._thread, self._locked():
                changed = {path: _forgotten(path, traces) for path in self.files()}
                changed = {path: found for path, found in changed.items() if found}
                if changed and not is_dry:
                    self._replace_lines(changed)
                return sum(map(len, changed.values()))
        except OSError as error:
            raise NotRecorded(self.path, error.strerror or str(error)) from error

    def under_way(self, traces: Traces) -> int:
        """How many questions that name a person have begun and not ended: they will be written once more."""
        begun: dict[str, None] = {}
        named = set()
        for entry in self.entries():
            _follow(begun, entry)
            if entry["kind"] == "begun" and traces.masked_json(entry) != entry:
                named.add(str(entry.get("id")))
        return len(named & begun.keys())

    def _replace_lines(self, changed: Mapping[Path, Mapping[int, bytes]]) -> None:
        last, _ = self._last()
        lines = [line for found in changed.values() for line in found.values()]
        hashes = [[entry["n"], _hash(line)] for line in lines if (entry := _parse(line)) is not None]
        before = self.files()
        self._write({"kind": "forgotten", "reason": "a customer was forgotten", "lines": hashes}, last)
        # a full file is continued in a new one, and has another name since
        now = dict(zip(before, self.files(), strict=False))
        for path, found in changed.items():
            text = now[path].read_bytes().split(b"\n")
            _write_private(now[path], b"\n".join(found.get(at, line) for at, line in enumerate(text)))

    # --- reading ---

    def files(self) -> list[Path]:
        """Files of the log that exist, oldest first."""
        older = [
            p
            for p in self.path.parent.glob(f"{self.path.stem}-*{self.path.suffix}")
            if _NUMBERED.search(p.stem)
        ]
        return [*sorted(older), *([self.path] if self.path.exists() else [])]

    def entries(self) -> Iterator[dict[str, Any]]:
        """Every line that can be read, oldest first, ``begun`` ones too.

        Raises:
            OSError: a file cannot be read.
        """
        for path in self.files():
            with path.open("rb") as file:
                for line in file:
                    entry = _parse(line.rstrip(b"\n"))
                    if entry is not None:
                        yield entry

    def verify(self, known: Sequence[str] = ()) -> Verification:
        """Check every line against the one before it, and the last against the head.

        Args:
            known: hashes that were the head's at earlier times; each must still be that of a line.
        Raises:
            OSError: a file cannot be read.
        """
        with contextlib.ExitStack() as stack:
            if self.path.parent.is_dir():  # a line that is being written now is neither there nor missing
                stack.enter_context(self._thread)
                stack.enter_context(self._locked())
            return self._verify(known)

    def _verify(self, known: Sequence[str]) -> Verification:
        problems: list[str] = []
        begun: dict[str, None] = {}
        missing = dict.fromkeys(known)
        told: set[tuple[str, str]] = set()
        masked: list[tuple[str, tuple[str, str]]] = []
        previous, number, broken_off, torn = _BEGINNING, 0, 0, ""
        for path in self.files():
            with path.open("rb") as file:
                for place, raw in enumerate(file, start=1):
                    line = raw.rstrip(b"\n")
                    if not line:
                        continue
                    where = f"{path.name}, line {place}"
                    entry = _parse(line)
                    if entry is None:
                        if torn:
                            problems.append(torn)
                        torn = f"{where}: this is no entry of the log"
                    else:
                        if torn and entry["kind"] != "remark":
                            problems.append(torn)
                        broken_off += bool(torn) and entry["kind"] == "remark"
                        torn = ""
                        if entry["previous"] != previous:
                            problems.append(f"{where}: the line before it was changed, removed or moved")
                        elif entry["n"] != number + 1:
                            problems.append(f"{where}: it is number {entry['n']} and stands at {number + 1}")
                        if entry["kind"] == "broken":
                            problems.append(f"{where}: {entry.get('reason')} before this was written")
                        number = entry["n"]
                        _follow(begun, entry)
                        if "was" in entry:
                            masked.append((where, (str(number), _hash(line))))
                        if entry["kind"] == "forgotten":
                            told |= {(str(n), str(hash)) for n, hash in entry["lines"]}
                    previous = _chained(line)
                    missing.pop(previous, None)
        if torn:
            broken_off += 1
        problems += [f"{where}: it was changed" for where, line in masked if line not in told]
        problems += self._against_head(number, previous, bool(torn))
        problems += [f"no line has the hash {hash}, which was known" for hash in missing]
        return Verification(
            lines=number,
            head=previous,
            problems=tuple(problems),
            unfinished=tuple(begun),
            broken_off=broken_off,
        )

    def _against_head(self, lines: int, last: str, is_torn: bool) -> list[str]:
        head = self._read_head()
        if head is None:
            return [] if lines == 0 else [f"{self._head.name} is missing; the end may have been cut off"]
        if head.lines > lines:
            return [f"{head.lines} lines were written and {lines} are there: the end was cut off"]
        if head.lines == lines and head.hash != last and not is_torn:
            return [f"the last line is not the one that {self._head.name} names: it was changed"]
        if lines > head.lines + 1:
            return [f"{lines - head.lines} lines at the end were added by something else"]
        return []


class Entry:
    """Something under way: hears of its statements, from any thread, and writes its line at the end."""

    def __init__(self, log: AuditLog, kind: Kind, common: Mapping[str, Any]) -> None:
        self._log = log
        self._kind = kind
        self._common = common
        self._started = time.monotonic()
        self._lock = threading.Lock()
        self._statements: list[Statement] = []
        self._is_over = False

    def note(self, statement: Statement) -> None:
        """Keep a statement for the line; one that ends after the line was written gets a line of its own."""
        with self._lock:
            if not self._is_over:
                self._statements.append(statement)
                return
        with contextlib.suppress(NotRecorded):
            self._log.append({"kind": "late", **self._common, "statements": [_statement(statement)]})

    def end(self, status: str, **facts: str) -> None:
        """Write the line; a second call does nothing.

        Args:
            status: ``answered``, ``clarify``, ``declined``, ``failed``, ``stopped`` or ``done``.
            facts: further texts, such as ``standalone_question`` and ``skill`` (the name of the job).
        Raises:
            NotRecorded: the log cannot be written; what was found must not be shown.
        """
        with self._lock:
            if self._is_over:
                return
            self._is_over = True
            statements = list(self._statements)
        self._log.append(
            {
                "kind": self._kind,
                **self._common,
                **facts,
                "status": status,
                "statements": [_statement(s) for s in statements],
                "rows": sum(s.rows for s in statements),
                "seconds": round(time.monotonic() - self._started, 3),
            }
        )


@contextmanager
def audited(
    log: AuditLog,
    kind: Kind,
    text: str,
    *,
    shop: str,
    role: str,
    user: Attributes | None = None,
    person: str = "",
) -> Iterator[None]:
    """Log what the block does: it begins, its statements, how it ended.

    Raises:
        NotRecorded: the log cannot be written; at the beginning, the block is not entered.
    """
    entry = log.begin(kind, text, shop=shop, role=role, user=user, person=person)
    try:
        with recording(entry.note):
            yield
    except BaseException as error:
        entry.end("stopped" if isinstance(error, KeyboardInterrupt | GeneratorExit) else "failed",
                  reason=type(error).__name__)  # fmt: skip
        raise
    entry.end("done")


def _statement(statement: Statement) -> dict[str, Any]:
    return {
        "sql": statement.sql,
        "verdict": statement.verdict,
        "reason": statement.reason,
        "rows": statement.rows,
        "seconds": round(statement.seconds, 3),
    }


def _broken(reason: str) -> dict[str, str]:
    return {"kind": "broken", "reason": reason}


def _follow(begun: dict[str, None], entry: Mapping[str, Any]) -> None:
    """Keep the ids of what has begun and not ended."""
    if entry["kind"] == "begun":
        begun[str(entry.get("id"))] = None
    elif entry["kind"] != "late":
        begun.pop(str(entry.get("id")), None)


def _parse(line: bytes) -> dict[str, Any] | None:
    """A line's entry; ``None`` when it is none."""
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    is_entry = (
        isinstance(entry, dict)
        and isinstance(entry.get("n"), int)
        and all(isinstance(entry.get(key), str) for key in ("kind", "previous", "time"))
    )
    return entry if is_entry else None


def _hash(line: bytes) -> str:
    return hashlib.sha256(line).hexdigest()


def _chained(line: bytes) -> str:
    """The hash that the next line names: of a line that forgot somebody the one from before."""
    if b'"was"' in line:
        with contextlib.suppress(ValueError):
            entry = json.loads(line)
            if isinstance(entry, dict) and isinstance(entry.get("was"), str):
                return str(entry["was"])
    return _hash(line)


def _forgotten(path: Path, traces: Traces) -> dict[int, bytes]:
    """Place of each line that names the person → the line without them."""
    found = {}
    for place, line in enumerate(path.read_bytes().split(b"\n")):
        entry = _parse(line)
        if entry is None:
            if traces.names(line.decode("utf-8", "replace")):  # it broke off while it was written
                found[place] = json.dumps({"was": _chained(line)}).encode()
            continue
        kept = traces.masked_json(entry)
        if kept != entry:
            kept = {"was": _chained(line)} | {name: value for name, value in kept.items() if name != "salt"}
            found[place] = json.dumps(kept, ensure_ascii=False).encode("utf-8", "replace")
    return found


def _write_private(path: Path, data: bytes) -> None:
    """Put ``data`` in place of a file, whole or not at all."""
    unfinished = path.with_name(f"{path.name}.unfinished")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(unfinished, path)


def _end_of(path: Path) -> bytes:
    """The end of a file from a line's start on, with its last two lines at least where it has them."""
    with path.open("rb") as file:
        position = file.seek(0, os.SEEK_END)
        text = b""
        while position and text.count(b"\n") < 3:
            step = min(65_536, position)
            position -= step
            file.seek(position)
            text = file.read(step) + text
    return text if not position else text[text.index(b"\n") + 1 :]


def _try_lock(descriptor: int) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
