"""Thumbs up and down: what one person thought of one answer.

Kept are the asker's own words and the SQL, never rows of the database; ``app.feedback_log`` says where.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal, get_args

from bot.answer import Answer

Verdict = Literal["up", "down", "none"]
"""``none`` takes an earlier verdict back."""

MAX_COMMENT = 2_000
"""Characters of a comment that are kept."""


@dataclass(frozen=True, kw_only=True)
class Told:
    """What feedback needs of an answer."""

    id: str
    question: str
    standalone_question: str
    skill: str
    sql: tuple[str, ...]
    forgotten: int
    """How many customers had been forgotten when it was given."""

    @classmethod
    def of(cls, answer: Answer) -> Told:
        """That of an answer."""
        return cls(
            id=answer.id,
            question=answer.question,
            standalone_question=answer.standalone_question,
            skill=answer.skill,
            sql=tuple(table.query.sql for table in answer.tables),
            forgotten=answer.forgotten,
        )


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


def judged(told: Told, verdict: Verdict, comment: str = "", *, has_words: bool = True) -> Feedback:
    """A verdict on an answer, given now.

    Args:
        has_words: whether question and SQL are kept with it.
    Raises:
        ValueError: ``verdict`` is none of the known ones.
    """
    if verdict not in get_args(Verdict):
        raise ValueError(f"verdict must be one of {', '.join(get_args(Verdict))}, got {verdict!r}")
    return Feedback(
        answer=told.id,
        question=told.question if has_words else "",
        standalone_question=told.standalone_question if has_words else "",
        skill=told.skill,
        sql=told.sql if has_words else (),
        verdict=verdict,
        comment=comment[:MAX_COMMENT],
        at=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
    )
