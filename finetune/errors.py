"""Errors of ``finetune``.

Tree::

    FinetuneError
    ├── EvaluationError      the questions or databases of an evaluation cannot be used: file, line and reason
    ├── ShopSetError         a recipe or a pair to learn from is wrong: file, place and reason
    └── TrainingError        examples, settings or a checkpoint cannot be used; nothing of earlier is lost
"""

from __future__ import annotations

from pathlib import Path


class FinetuneError(Exception):
    """Base of everything ``finetune`` raises on purpose."""


class EvaluationError(FinetuneError):
    """An evaluation cannot start or go on; no question was asked because of this line.

    Args:
        path: the file at fault.
        line: its 1-based line, or ``None`` when the fault has no place.
        reason: what is wrong, what was expected, and the way out.
    """

    def __init__(self, path: Path, line: int | None, reason: str) -> None:
        super().__init__(f"{path}{f', line {line}' if line else ''}: {reason}")
        self.path = path
        self.line = line
        self.reason = reason


class ShopSetError(FinetuneError):
    """A shop or a pair to learn from that cannot be read or made.

    Args:
        path: the file at fault.
        place: line, table or column in it, in words; empty when it is the whole.
        reason: what is wrong, what was expected, and the way out.
    """

    def __init__(self, path: Path, place: str, reason: str) -> None:
        super().__init__(f"{path}{f', {place}' if place else ''}: {reason}")
        self.path = path
        self.place = place
        self.reason = reason


class TrainingError(FinetuneError):
    """Training cannot start or go on; the message says why, and what is kept."""
