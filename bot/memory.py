"""What a conversation remembers: its last turns, kept in a JSON file when asked to.

Only what follow-ups need is kept: the questions, what they meant and the SQL. Rows and answers are not, so a
saved conversation holds no customer data beyond what the asker typed.
"""

from __future__ import annotations

import dataclasses
import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

from bot.answer import Status
from bot.errors import CorruptConversation

FORMAT = 1
"""Version of the file; a file of another version is refused, not guessed at."""
MAX_TURNS = 20
"""Turns that are remembered; the oldest is forgotten first."""


@dataclass(frozen=True, kw_only=True)
class Turn:
    """One question and what became of it."""

    question: str
    standalone_question: str
    """Empty when the message was not understood: nothing can follow it."""
    skill: str
    status: Status
    metric: str = ""
    """Name of the metric that was asked for, empty for none."""
    dimensions: tuple[str, ...] = ()
    """Names of columns that were asked for."""
    values: tuple[tuple[str, str], ...] = ()
    """``(column, value)`` that rows were limited to."""
    period: tuple[str, str] | None = None
    """ISO dates: first day, and the day after the last."""
    sql: str = ""
    statement: str = ""
    """In the question language; empty where the answer was none of it."""
    read_as: str = ""
    """That statement in words."""
    confidence: float = 0.0
    """How likely the answer was right, in [0, 1]."""
    options: tuple[str, ...] = ()
    """Questions that were offered when the bot asked back."""


@dataclass(kw_only=True)
class Conversation:
    """The turns of one conversation, oldest first. Not shared between people; one question at a time."""

    turns: list[Turn] = field(default_factory=list)
    readers: str = ""
    """Whose eyes it was had with (shop, role and user); empty before the first question."""

    def enter(self, readers: str) -> None:
        """Go on with it as ``readers``; turns of others are forgotten, for they may name hidden values."""
        if self.readers != readers:
            if self.readers:
                self.clear()
            self.readers = readers

    def add(self, turn: Turn) -> None:
        """Remember ``turn``; beyond ``MAX_TURNS`` the oldest is forgotten."""
        self.turns = [*self.turns, turn][-MAX_TURNS:]

    @property
    def last(self) -> Turn | None:
        """The turn that a follow-up follows: the latest that was understood and answered or asked back."""
        understood = (t for t in reversed(self.turns) if t.standalone_question)
        return next((t for t in understood if t.status in ("answered", "clarify")), None)

    def clear(self) -> None:
        """Forget everything."""
        self.turns = []

    def to_text(self) -> str:
        """All of it as JSON; :meth:`from_text` reads it again."""
        data = {
            "format": FORMAT,
            "readers": self.readers,
            "turns": [dataclasses.asdict(turn) for turn in self.turns],
        }
        return json.dumps(data, ensure_ascii=False, indent=1)

    def save(self, path: Path) -> None:
        """Write to ``path``, whole or not at all."""
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(self.to_text())
            os.replace(name, path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise

    @classmethod
    def load(cls, path: Path) -> Conversation:
        """Read what :meth:`save` wrote; a missing file is an empty conversation.

        Raises:
            CorruptConversation: the file is not a saved conversation; it is left as it is.
        """
        try:
            return cls.from_text(path.read_text(encoding="utf-8"), f" {path}")
        except FileNotFoundError:
            return cls()
        except UnicodeDecodeError as error:
            raise _corrupt(f" {path}", f"it is not JSON ({error})") from error

    @classmethod
    def from_text(cls, text: str, path: str = "") -> Conversation:
        """What :meth:`to_text` gave.

        Args:
            path: where it stands, for the words of an error.
        Raises:
            CorruptConversation: it is no conversation.
        """
        try:
            data = json.loads(text)
        except json.JSONDecodeError as error:
            raise _corrupt(path, f"it is not JSON ({error})") from error
        if not isinstance(data, dict) or data.get("format") != FORMAT:
            raise _corrupt(path, f"expected a conversation of format {FORMAT}")
        turns = data.get("turns")
        if not isinstance(turns, list):
            raise _corrupt(path, "it has no list of turns")
        readers = data.get("readers", "")
        if not isinstance(readers, str):
            raise _corrupt(path, "readers is not text")
        try:
            return cls(turns=[_turn(turn) for turn in turns][-MAX_TURNS:], readers=readers)
        except (KeyError, TypeError, ValueError) as error:
            raise _corrupt(path, f"a turn cannot be read ({error})") from error


def _corrupt(path: str, reason: str) -> CorruptConversation:
    return CorruptConversation(
        f"The saved conversation{path} cannot be read: {reason}. Nothing was changed; "
        "move the file away to start a new conversation."
    )


def _turn(data: Mapping[str, Any]) -> Turn:
    """Check every field by hand: a file may have been edited."""
    names = ("question", "standalone_question", "skill", "metric", "sql")
    texts = {name: _text(data[name]) for name in names}
    status = data["status"]
    if status not in get_args(Status):
        raise ValueError(f"unknown status {status!r}")
    period = data["period"]
    return Turn(
        status=status,
        dimensions=_texts(data["dimensions"]),
        values=tuple(_pair(pair) for pair in data["values"]),
        period=None if period is None else _pair(period),
        options=_texts(data["options"]),
        statement=_text(data.get("statement", "")),
        read_as=_text(data.get("read_as", "")),
        confidence=_share(data.get("confidence", 0.0)),
        **texts,
    )


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("expected a text")
    return value


def _share(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise TypeError("expected a number from 0 to 1")
    return float(value)


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise TypeError("expected a list of texts")
    return tuple(value)


def _pair(value: Any) -> tuple[str, str]:
    first, second = _texts(value)
    return first, second
