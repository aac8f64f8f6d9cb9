"""The answer that every surface shows, and the events that lead to it. Its JSON is a public contract."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from llm.waiting import Wait
from retrieval.types import Hit
from sql.types import Table
from telling.cells import json_value
from telling.evidence import Figure

Status = Literal["answered", "clarify", "declined", "failed"]


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
    forgotten: int = 0
    """How many customers had been forgotten when it was made: an older one may name them. Not part of the
    JSON."""
    parameters: Mapping[str, str] = field(default_factory=dict)
    """What a job ran with, each as it is written behind ``name=``; empty where it takes nothing."""
    statement: str = ""
    """The statement of the question language behind the first table; empty where there is none."""
    read_as: str = ""
    """That statement in words: what was computed."""
    unheard: tuple[str, ...] = ()
    """Words of the question that it has no part for."""
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
            "tables": [_table_json(table) for table in self.tables],
            "chart": self.chart,
            "citations": [
                {"id": h.document.id, "kind": h.document.kind, "text": h.document.text, "score": h.score}
                for h in self.citations
            ],
            "figures": [_figure_json(figure) for figure in self.figures],
            "restated": list(self.restated),
            "options": list(self.options),
            "parameters": dict(self.parameters),
            "statement": self.statement,
            "read_as": self.read_as,
            "unheard": list(self.unheard),
            "confidence": self.confidence,
            "warnings": list(self.warnings),
            "seconds": {"understand": 0.0, "draft": 0.0, "run": 0.0, "total": 0.0} | self.seconds,
        }


@dataclass(frozen=True, kw_only=True)
class Event:
    """A step of an answer, in order: understood, sql, rows, text, chart, done. Every surface shows the same.

    ``understood`` carries ``{"standalone_question", "language", "skill"}``, ``sql`` ``{"sql"}``, ``rows`` the
    ``Table``, ``text`` the words so far, ``chart`` the specification, ``done`` the :class:`Answer`.
    ``waiting`` may come anywhere before ``text``, with the :class:`llm.waiting.Wait`: something slow is made
    at its first use. Steps that do not apply are left out; ``done`` always comes last.
    """

    name: Literal["waiting", "understood", "sql", "rows", "text", "chart", "done"]
    data: Any

    def to_json(self) -> dict[str, Any]:
        """Its data as plain JSON types, for surfaces that pass events on."""
        if self.name == "done":
            answer: Answer = self.data
            return answer.to_json()
        if self.name == "rows":
            return _table_json(self.data)
        if self.name == "text":
            return {"text": self.data}
        if self.name == "waiting":
            wait: Wait = self.data
            return {"what": wait.what, "values": dict(wait.values)}
        return dict(self.data)


def _table_json(table: Table) -> dict[str, Any]:
    return {
        "columns": [{"name": c.name, "type": c.type} for c in table.columns],
        "rows": [[json_value(v) for v in row] for row in table.rows],
        "truncated": table.is_truncated,
    }


def _figure_json(figure: Figure) -> dict[str, Any]:
    """The cell behind a figure; of a comparison also how it was made and from what other cell."""
    cell = {"text": figure.text, "table": figure.table, "row": figure.row, "column": figure.column}
    return cell if figure.base is None else {**cell, "how": figure.how, "base": asdict(figure.base)}
