"""Where thumbs are kept: in the store, one row a verdict; a change of mind is a further row."""

from __future__ import annotations

import datetime as dt
import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from app.settings import Settings
from app.team_store import Store
from bot.answer import Answer
from bot.feedback import Feedback, Told, Verdict, judged
from sql.traces import Traces

if TYPE_CHECKING:
    from sqlalchemy import Connection

logger = logging.getLogger(__name__)


class FeedbackLog:
    """All verdicts of an installation. Several threads and processes may write to it at once.

    Args:
        forgotten: how many customers have been forgotten by now. Of an answer from before the last of them
            only the verdict is kept, for its words may name them.
        older: file of an earlier version, JSON lines; taken over, and deleted, at the first use.
    """

    def __init__(
        self, store: Store, forgotten: Callable[[], int] = lambda: 0, *, older: Path | None = None
    ) -> None:
        self._store = store
        self._forgotten = forgotten
        self._older = older

    @classmethod
    def of(
        cls, settings: Settings, store: Store | None = None, forgotten: Callable[[], int] = lambda: 0
    ) -> FeedbackLog:
        """That of an installation; see :meth:`app.keyring.Keyring.of`."""
        return cls(store or Store.of(settings), forgotten, older=settings.home / "feedback.jsonl")

    def add(self, answer: Answer, verdict: Verdict, comment: str = "") -> Feedback:
        """Keep a verdict on ``answer``; see :meth:`judge`."""
        return self.judge(Told.of(answer), verdict, comment)

    def judge(self, told: Told, verdict: Verdict, comment: str = "") -> Feedback:
        """Keep a verdict on an answer, and return what was kept.

        Raises:
            ValueError: ``verdict`` is none of the known ones.
            StoreAway: nothing was kept.
        """
        feedback = judged(told, verdict, comment, has_words=told.forgotten >= self._forgotten())
        with self._store.begin() as connection:
            self._take_over(connection)
            _insert(connection, [feedback])
        self._drop_older()
        return feedback

    def read(self) -> list[Feedback]:
        """The last verdict on each answer, oldest answer first; verdicts that were taken back are left out.

        Raises:
            StoreAway: it cannot be read now.
        """
        from app.store_tables import FEEDBACK

        if not self._is_there:
            return []
        latest: dict[str, Feedback] = {}
        with self._store.begin() as connection:
            self._take_over(connection)
            for row in connection.execute(FEEDBACK.select().order_by(FEEDBACK.c.at, FEEDBACK.c.number)):
                latest[row.answer] = _parse(row.body)
        self._drop_older()
        return [feedback for feedback in latest.values() if feedback.verdict != "none"]

    def forget(self, traces: Traces, *, is_dry: bool) -> int:
        """Take out every verdict that names a person; see ``CanForget``.

        Raises:
            StoreAway: it cannot be read or written now; what was there is unchanged.
        """
        from app.store_tables import FEEDBACK

        if not self._is_there:
            return 0
        with self._store.begin() as connection:
            self._take_over(connection)
        self._drop_older()
        return self._store.forget(FEEDBACK, traces, is_dry=is_dry)

    def forget_before(self, moment: dt.datetime, *, is_dry: bool) -> int:
        """Take out every verdict that was given before ``moment``, or only count them.

        Args:
            moment: with its zone.
        Raises:
            StoreAway: it cannot be read or written now; what was there is unchanged.
        """
        from app.store_tables import FEEDBACK

        if not self._is_there:
            return 0
        with self._store.begin() as connection:
            self._take_over(connection)
        self._drop_older()
        at = moment.astimezone(dt.UTC).isoformat(timespec="seconds")
        return self._store.forget_before(FEEDBACK, "at", at, is_dry=is_dry)

    @property
    def _is_there(self) -> bool:
        return self._store.exists or (self._older is not None and self._older.exists())

    def _take_over(self, connection: Connection) -> None:
        """Bring in the file of an earlier version; what is no verdict in it is passed over."""
        if self._older is None or not self._older.exists():
            return
        found = []
        for number, line in enumerate(self._older.read_text("utf-8", "replace").splitlines(), start=1):
            try:
                found.append(_parse(line))
            except (TypeError, KeyError, ValueError) as error:
                kind = type(error).__name__
                logger.warning("%s, line %d is no verdict and was passed over: %s", self._older, number, kind)
        _insert(connection, found)

    def _drop_older(self) -> None:
        """After it was taken over; cut off before, it is taken over once more, which changes no verdict."""
        if self._older is not None:
            self._older.unlink(missing_ok=True)


def _insert(connection: Connection, found: list[Feedback]) -> None:
    from app.store_tables import FEEDBACK

    rows = [
        {"answer": each.answer, "at": each.at, "body": json.dumps(asdict(each), ensure_ascii=False)}
        for each in found
    ]
    if rows:
        connection.execute(FEEDBACK.insert(), rows)


def _parse(text: str) -> Feedback:
    data: Mapping[str, Any] = json.loads(text)
    feedback = Feedback(**{**data, "sql": tuple(data["sql"])})
    if feedback.verdict not in get_args(Verdict):
        raise ValueError(f"unknown verdict {feedback.verdict!r}")
    return feedback
