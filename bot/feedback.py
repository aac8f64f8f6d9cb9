"""Thumbs up and down, kept as JSON lines that are only ever appended to.

A change of mind is a further line; reading keeps the last verdict for each answer. The file holds the asker's
own words and the SQL, never rows of the database.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from bot.answer import Answer
from sql.traces import Traces

logger = logging.getLogger(__name__)

Verdict = Literal["up", "down", "none"]
"""``none`` takes an earlier verdict back."""

MAX_COMMENT = 2_000
"""Characters of a comment that are kept."""
LOCK_S = 10.0
"""Seconds that a writer waits for others."""


@dataclass(frozen=True, kw_only=True)
class Feedback:
    """What one person thought of one answer."""

    answer: str
    """The answer's id; two askings of one question are two answers."""
    question: str
    standalone_question: str
    skill: str
    sql: tuple[str, ...]
    verdict: Verdict
    comment: str = ""
    at: str
    """UTC, ISO 8601."""


class FeedbackLog:
    """A file of verdicts. Several threads and processes may write to it at once.

    Args:
        path: of the file; made at the first verdict.
        forgotten: how many customers have been forgotten by now. Of an answer from before the last of them
            only the verdict is kept, for its words may name them.
    """

    def __init__(self, path: Path, forgotten: Callable[[], int] = lambda: 0) -> None:
        self.path = path
        self._forgotten = forgotten
        self._lock = threading.Lock()

    def add(self, answer: Answer, verdict: Verdict, comment: str = "") -> Feedback:
        """Append a verdict on ``answer`` and return what was written.

        Raises:
            ValueError: ``verdict`` is none of the known ones.
            OSError: the file cannot be written; nothing was kept.
        """
        if verdict not in get_args(Verdict):
            raise ValueError(f"verdict must be one of {', '.join(get_args(Verdict))}, got {verdict!r}")
        with self._locked():
            has_words = answer.forgotten >= self._forgotten()
            feedback = Feedback(
                answer=answer.id,
                question=answer.question if has_words else "",
                standalone_question=answer.standalone_question if has_words else "",
                skill=answer.skill,
                sql=tuple(table.query.sql for table in answer.tables) if has_words else (),
                verdict=verdict,
                comment=comment[:MAX_COMMENT],
                at=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
            )
            self._append(json.dumps(asdict(feedback), ensure_ascii=False))
        return feedback

    def forget(self, traces: Traces, *, is_dry: bool) -> int:
        """Take out every verdict that names a person; see ``CanForget``.

        Raises:
            OSError: the file cannot be read or written; what was there is unchanged.
        """
        if not self.path.exists():
            return 0
        with self._locked():
            return self._keep(lambda line: not traces.names(line), is_dry=is_dry)

    def forget_before(self, moment: dt.datetime, *, is_dry: bool) -> int:
        """Take out every verdict that was given before ``moment``, or only count them; damaged lines stay.

        Args:
            moment: with its zone.
        Raises:
            OSError: the file cannot be read or written; what was there is unchanged.
        """

        def is_kept(line: str) -> bool:
            try:
                return dt.datetime.fromisoformat(_parse(line).at) >= moment
            except (TypeError, KeyError, ValueError):
                return True

        if not self.path.exists():
            return 0
        with self._locked():
            return self._keep(is_kept, is_dry=is_dry)

    def _keep(self, is_kept: Callable[[str], bool], *, is_dry: bool) -> int:
        """Write the file anew with those lines alone; how many the others are."""
        lines = self.path.read_bytes().splitlines(keepends=True)
        kept = [line for line in lines if is_kept(line.decode("utf-8", "replace"))]
        if len(kept) < len(lines) and not is_dry:
            unfinished = self.path.with_name(f".{self.path.name}.unfinished")
            descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(b"".join(kept))
                file.flush()
                os.fsync(file.fileno())
            os.replace(unfinished, self.path)
        return len(lines) - len(kept)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold the file against other threads and processes; ``OSError`` when it cannot be had."""
        from filelock import FileLock, Timeout

        self.path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with self._lock, FileLock(self.path.with_suffix(".lock"), timeout=LOCK_S):
                yield
        except Timeout as error:
            raise OSError(f"another program has held {self.path} for {LOCK_S:.0f} s") from error

    def _append(self, line: str) -> None:
        """One write call of one whole line to a file opened for appending: lines of two writers never mix."""
        descriptor = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            # A line that a crash left unfinished must not swallow this one.
            size = os.fstat(descriptor).st_size
            start = "\n" if size and os.pread(descriptor, 1, size - 1) != b"\n" else ""
            data = f"{start}{line}\n".encode()
            written = os.write(descriptor, data)
        finally:
            os.close(descriptor)
        if written != len(data):
            raise OSError(
                f"only {written} of {len(data)} bytes were written to {self.path}: is the disk full?"
            )

    def read(self) -> list[Feedback]:
        """The last verdict on each answer, oldest answer first; verdicts that were taken back are left out.

        A line that is no verdict (a crash, a full disk, an edit by hand) is passed over with a
        warning in the log that names it; the file is left as it is.
        """
        try:
            text = self.path.read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return []
        latest: dict[str, Feedback] = {}
        for number, line in enumerate(text.splitlines(keepends=True), start=1):
            if not line.strip():
                continue
            try:
                feedback = _parse(line)
            except (TypeError, KeyError, ValueError) as error:
                logger.warning("%s, line %d is no verdict and was passed over: %s", self.path, number, error)
                continue
            latest[feedback.answer] = feedback
        return [feedback for feedback in latest.values() if feedback.verdict != "none"]


def _parse(line: str) -> Feedback:
    data: Mapping[str, Any] = json.loads(line)
    feedback = Feedback(**{**data, "sql": tuple(data["sql"])})
    if feedback.verdict not in get_args(Verdict):
        raise ValueError(f"unknown verdict {feedback.verdict!r}")
    return feedback
