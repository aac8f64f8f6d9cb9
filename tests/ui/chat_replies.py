"""Replies of a chat program with tables as large as a test says."""

from __future__ import annotations

from typing import Any

from bot.answer import Answer
from sql.types import Column, Table
from ui.chats import Reply
from ui.chats.replies import reply_of


def table(rows: int, columns: int = 2, cell: str = "x") -> Table:
    class Query:
        sql = written = "SELECT " + ", ".join(f"column_{n}" for n in range(2_000))

    return Table(
        columns=tuple(Column(name=f"c{n}", type="text") for n in range(columns)),
        rows=tuple((cell,) * columns for _ in range(rows)),
        is_truncated=False,
        query=Query(),  # type: ignore[arg-type]
        seconds=0.0,
    )


def reply(text: str = "Yes.", **parts: Any) -> Reply:
    answer = Answer(
        question="q", standalone_question="q", language="en", skill="ask_sql", id="a1",
        **({"status": "answered", "text": text, "confidence": 0.9} | parts),
    )  # fmt: skip
    return reply_of(answer, ("2026-05-01", "2026-06-01"))
