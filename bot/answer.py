"""The answer that every surface shows, and the events that lead to it. Its JSON is a public contract."""

from __future__ import annotations

import datetime as dt
import decimal
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from retrieval.types import Hit
from sql.types import Table, Value

Status = Literal["answered", "clarify", "declined", "failed"]


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A number in the text and the cell it came from: the receipt."""

    text: str
    """The number as it stands in the text, e.g. ``12,345``."""
    table: int
    row: int
    column: str


@dataclass(frozen=True, kw_only=True)
class Scope:
    """What the rows behind an answer are really limited to; only that may be repeated in its words."""

    values: tuple[str, ...] = ()
    """Values that rows were filtered by, as the database spells them."""
    period_text: str = ""
    """The asker's words for the period; empty when the query is not limited to it."""
    period_first: dt.date | None = None
    """First day; ``None`` when open."""
    period_last: dt.date | None = None
    """Last day, inclusive; ``None`` when open."""
    min_stars: int | None = None
    max_stars: int | None = None
    """Both inclusive, of reviews."""


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What a skill found; never prose."""

    tables: tuple[Table, ...] = ()
    scope: Scope = Scope()
    hits: tuple[Hit, ...] = ()
    parts: Mapping[str, int] = field(default_factory=dict)
    """What a table other than the first is for → its position: ``total``, ``coverage`` or ``reviews``
    (-1 when there are quotes and no table)."""
    about: str = ""
    """The view that the tables are about."""
    facts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """What the shop's description says (views, metrics, …), for answers that need no data."""
    confidence: float = 0.0
    """Probability in [0, 1] that the evidence answers the question."""
    warnings: tuple[tuple[str, Mapping[str, str]], ...] = ()
    """Sentences of ``bot/texts`` to warn with: key and values. Values are not escaped yet."""
    sql: str = ""
    """The statement over the shop's views as it was drafted, before the guard expanded it."""
    seconds: Mapping[str, float] = field(default_factory=dict)
    """Step → seconds, for ``Answer.seconds``."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One answer, the same for page, terminal, Slack, HTTP and MCP."""

    question: str
    standalone_question: str
    language: str
    skill: str
    status: Status
    text: str
    """Markdown without HTML; figures and quotes in it have receipts."""
    tables: tuple[Table, ...] = ()
    chart: dict[str, Any] | None = None
    """A Vega-Lite specification with its data inline, or ``None``."""
    citations: tuple[Hit, ...] = ()
    figures: tuple[Figure, ...] = ()
    restated: tuple[str, ...] = ()
    """Parts of ``text`` that repeat the question (a period, a limit): numbers in them come from the asker,
    not from the data, and carry no receipt."""
    options: tuple[str, ...] = ()
    """Questions to choose from when ``status`` is "clarify"; each can be sent as it stands."""
    id: str = ""
    """Names this answer in feedback and logs; not part of the JSON, which is equal for equal answers."""
    confidence: float = 0.0
    warnings: tuple[str, ...] = ()
    seconds: dict[str, float] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The public contract: plain JSON types, ISO dates, decimals as numbers."""
        return {
            "question": self.question,
            "standalone_question": self.standalone_question,
            "language": self.language,
            "skill": self.skill,
            "status": self.status,
            "text": self.text,
            "sql": [table.query.sql for table in self.tables],
            "tables": [
                {
                    "columns": [{"name": c.name, "type": c.type} for c in table.columns],
                    "rows": [[json_value(v) for v in row] for row in table.rows],
                    "truncated": table.is_truncated,
                }
                for table in self.tables
            ],
            "chart": self.chart,
            "citations": [
                {"id": h.document.id, "kind": h.document.kind, "text": h.document.text, "score": h.score}
                for h in self.citations
            ],
            "figures": [
                {"text": f.text, "table": f.table, "row": f.row, "column": f.column} for f in self.figures
            ],
            "restated": list(self.restated),
            "options": list(self.options),
            "confidence": self.confidence,
            "warnings": list(self.warnings),
            "seconds": {"understand": 0.0, "draft": 0.0, "run": 0.0, "total": 0.0} | self.seconds,
        }


@dataclass(frozen=True, kw_only=True)
class Event:
    """A step of an answer, in order: understood, sql, rows, text, chart, done. Every surface shows the same.

    ``understood`` carries ``{"standalone_question", "language", "skill"}``, ``sql`` ``{"sql"}``, ``rows`` the
    ``Table``, ``text`` the words so far, ``chart`` the specification, ``done`` the :class:`Answer`.
    Steps that do not apply are left out; ``done`` always comes last.
    """

    name: Literal["understood", "sql", "rows", "text", "chart", "done"]
    data: Any


def json_value(value: Value) -> bool | int | float | str | None:
    """One cell as plain JSON: decimals become numbers, dates ISO text, bytes hexadecimal."""
    if isinstance(value, decimal.Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, dt.datetime | dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, dt.timedelta):
        return value.total_seconds()
    if isinstance(value, bytes):
        return value.hex()
    return value
