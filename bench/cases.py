"""Hand-written questions with gold SQL: reading the files of ``bench/questions``.

One JSON object a line::

    {"id": "stock-03", "language": "en", "topic": "stock", "turns": ["first question", "follow-up"],
     "sql": "SELECT …" or null, "status": "answered", "ordered": false, "also": ["SELECT …"]}

The last turn is judged. ``sql`` is DuckDB over the views of the shop's ``shop.yml``. ``ordered`` says that
the question asks for an order of rows. ``also`` (may be left out) holds other results that answer the
question as well: the label without its figure, a share in percent, a month spelt another way.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlglot
from sqlglot import exp

FOLDER = Path(__file__).parent / "questions"
STATUSES = ("answered", "clarify", "declined")
_REQUIRED = {"id", "language", "topic", "turns", "sql", "status", "ordered"}
_OPTIONAL = {"also"}


class QuestionFileError(Exception):
    """A line of a question file that cannot be used: file, line and reason."""

    def __init__(self, path: Path, line: int, reason: str) -> None:
        super().__init__(f"{path}, line {line}: {reason}")
        self.path = path
        self.line = line
        self.reason = reason


@dataclass(frozen=True, kw_only=True)
class Question:
    """One question with what should come of it."""

    id: str
    language: str
    topic: str
    turns: tuple[str, ...]
    sql: str | None
    """``None`` when there is nothing to run: the question cannot be answered or is ambiguous."""
    status: str
    ordered: bool
    also: tuple[str, ...] = ()

    @property
    def is_follow_up(self) -> bool:
        """Whether the last turn only makes sense after the ones before it."""
        return len(self.turns) > 1

    @property
    def golds(self) -> tuple[str, ...]:
        """Every statement whose result is a right answer, the most natural first."""
        return () if self.sql is None else (self.sql, *self.also)


def load_questions(path: Path) -> list[Question]:
    """Read a question file.

    Raises:
        QuestionFileError: a line is no JSON object, lacks or adds a field, or repeats an id.
        OSError: the file cannot be read.
    """
    questions: list[Question] = []
    seen: dict[str, int] = {}
    for line, text in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not text.strip():
            continue
        try:
            record = json.loads(text)
        except json.JSONDecodeError as error:
            raise QuestionFileError(path, line, f"is no JSON ({error.msg}, column {error.colno})") from error
        problem = _problem(record)
        if problem:
            raise QuestionFileError(path, line, problem)
        if record["id"] in seen:
            raise QuestionFileError(path, line, f"id {record['id']!r} was used on line {seen[record['id']]}")
        seen[record["id"]] = line
        questions.append(
            Question(**{**record, "turns": tuple(record["turns"]), "also": tuple(record.get("also", ()))})
        )
    return questions


def _problem(record: Any) -> str | None:
    """What is wrong with one record, or ``None``."""
    if not isinstance(record, Mapping):
        return "is no JSON object"
    missing, extra = _REQUIRED - set(record), set(record) - _REQUIRED - _OPTIONAL
    if missing or extra:
        return f"fields missing: {sorted(missing) or 'none'}, unknown: {sorted(extra) or 'none'}"
    turns, also = record["turns"], record.get("also", [])
    if not isinstance(turns, list) or not turns or not all(isinstance(t, str) and t.strip() for t in turns):
        return "turns must be a list of at least one question"
    if record["status"] not in STATUSES:
        return f"status must be one of {', '.join(STATUSES)}, got {record['status']!r}"
    if (record["sql"] is not None) != (record["status"] == "answered"):
        return "sql must be given for answered questions, and null for the others"
    if not isinstance(record["ordered"], bool):
        return "ordered must be true or false"
    if not isinstance(also, list) or not all(isinstance(s, str) for s in also):
        return "also must be a list of statements"
    if also and record["sql"] is None:
        return "also needs sql"
    return None


def bare(sql: str) -> str:
    """A statement without the names of its result's columns, its order of rows and its spelling."""
    tree = sqlglot.parse_one(sql, read="duckdb")
    names = {e.alias.lower(): e.this for e in tree.find_all(exp.Alias)}
    for cast in list(tree.find_all(exp.Cast)):
        if cast.is_type("date") and isinstance(cast.this, exp.Literal):
            cast.replace(cast.this)
    for alias in list(tree.find_all(exp.Alias)):
        alias.replace(alias.this.copy())
    for column in list(tree.find_all(exp.Column)):
        if column.name.lower() in names and not column.table and column.find_ancestor(exp.Order):
            column.replace(names[column.name.lower()].copy())
    if tree.args.get("limit") is None:
        tree.set("order", None)
    tree.set("group", None)
    return tree.sql(dialect="duckdb", normalize=True).lower()
