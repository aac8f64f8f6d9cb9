"""What every chat shows of a reply, before its own blocks: words as a tree, the first rows, the buttons."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from sql.types import Table
from ui import present
from ui.chats.lengths import short
from ui.chats.replies import Reply, words_in
from ui.chats.strangers_words import literal

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.tree import SyntaxTreeNode

MOST_ROWS = 15
"""Rows of a table that are shown; the whole is attached."""
MOST_COLUMNS = 10
MOST_CELL = 120
"""Characters of a cell that are shown."""


def tree_of(markdown: str) -> SyntaxTreeNode:
    """The Markdown of an answer as a tree; what looks like HTML in it is text."""
    from markdown_it.tree import SyntaxTreeNode

    return SyntaxTreeNode(_reader().parse(markdown))


@cache
def _reader() -> MarkdownIt:
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark", {"html": False})


@dataclass(frozen=True, kw_only=True)
class Rows:
    """The part of a table that a message has room for; all texts are literal and none is empty."""

    headers: list[str]
    is_number: list[bool]
    """By column."""
    lines: list[list[str]]
    """Rows of cells; may be taken away from the end before :meth:`hidden`."""
    table: Table

    def hidden(self, language: str) -> str:
        """What is not shown, in words; empty for nothing."""
        words, table = words_in(language), self.table
        told = []
        if len(self.lines) < len(table.rows):
            told.append(words.say("more_rows", shown=f"{len(self.lines):,}", count=f"{len(table.rows):,}"))
        if len(self.headers) < len(table.columns):
            told.append(
                words.say("more_columns", shown=str(len(self.headers)), count=str(len(table.columns)))
            )
        if table.is_truncated:
            told.append(present.row_count(table, language))
        return " ".join(told)


def rows_of(table: Table, language: str) -> Rows:
    """The first rows and columns."""
    columns = table.columns[:MOST_COLUMNS]
    return Rows(
        headers=[_cell(text) for text in present.headers(table)[:MOST_COLUMNS]],
        is_number=[column.type in ("integer", "number") for column in columns],
        lines=[
            [_cell(text) for text in present.shown_row(table, row, language)[:MOST_COLUMNS]]
            for row in table.rows[:MOST_ROWS]
        ],
        table=table,
    )


def _cell(text: str) -> str:
    return short(literal(text).strip(), MOST_CELL) or "–"


@dataclass(frozen=True, kw_only=True)
class Button:
    """One button below an answer."""

    kind: str
    """What :meth:`ui.chats.reception.Reception.press` is told."""
    label: str
    hint: str = ""
    """What a screen reader says of it, where the label is a picture."""


def buttons_of(reply: Reply) -> list[Button]:
    """Those that fit the answer."""
    words = words_in(reply.language)
    found = [Button(kind="sql", label=words.say("show_sql"))] if reply.sql else []
    if reply.period_before:
        found.append(Button(kind="before", label=words.say("before")))
    if reply.sql or reply.answer.citations:
        found.append(Button(kind="up", label=words.say("good"), hint=words.say("good_hint")))
        found.append(Button(kind="down", label=words.say("bad"), hint=words.say("bad_hint")))
    return found
