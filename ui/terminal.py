"""Answers and hits for people at a terminal; plain text without colours in a pipe.

Text from the shop's data is stripped of control characters, so that it cannot steer the terminal.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from bot.answer import Answer
from bot.words import plain_text
from retrieval.types import Hit
from sql.types import Table, Value
from ui import present

MAX_ROWS = 30
"""Rows printed at most; ``--json`` prints all."""
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def safe_terminal(text: str) -> str:
    """``text`` without control characters (line breaks and tabs stay) and changes of its direction."""
    return _CONTROL.sub("", text.replace("\r\n", "\n"))


def show_answer(answer: Answer, console: Console | None = None) -> None:
    """The words, the rows, the SQL and the quotes; to standard output unless told otherwise."""
    out = console or _console()
    out.print(safe_terminal(plain_text(answer.text)), markup=False)
    for option in answer.options:
        if option not in answer.text:
            out.print(f"  - {safe_terminal(option)}", markup=False)
    for table in answer.tables:
        out.print()
        out.print(_grid(table))
        out.print(_count(table, answer.language), style="dim", markup=False)
    for table in answer.tables:
        out.print()
        out.print(safe_terminal(table.query.sql), style="dim", markup=False, soft_wrap=True)
    if answer.citations:
        out.print()
        show_hits(answer.citations, out)
    for warning in answer.warnings:
        out.print(f"! {safe_terminal(warning)}", style="yellow", markup=False)
    out.print()
    seconds = present.word("seconds", answer.language, n=f"{answer.seconds.get('total', 0.0):.1f}")
    out.print(f"{present.confidence_words(answer)} · {seconds}", style="dim", markup=False)


def show_hits(hits: Sequence[Hit], console: Console | None = None) -> None:
    """Texts with their sources, best first."""
    out = console or _console()
    if not hits:
        out.print("Nothing found.")
    for number, hit in enumerate(hits, start=1):
        out.print(
            f"{number}. {safe_terminal(hit.document.text)}", markup=False, highlight=False, soft_wrap=True
        )
        out.print(
            f"   {safe_terminal(present.quote_source(hit))}", style="dim", markup=False, highlight=False
        )


def _console() -> Console:
    is_terminal = sys.stdout.isatty()
    return Console(file=sys.stdout, width=None if is_terminal else 160, highlight=False, emoji=False)


def _grid(table: Table) -> Grid:
    grid = Grid(box=None, pad_edge=False, header_style="bold")
    for column, name in zip(table.columns, present.headers(table), strict=True):
        is_number = column.type in ("integer", "number")
        grid.add_column(Text(safe_terminal(name)), justify="right" if is_number else "left", overflow="fold")
    for row in table.rows[:MAX_ROWS]:
        grid.add_row(*(Text(_cell(value)) for value in row))
    return grid


def _cell(value: Value) -> str:
    return safe_terminal(present.shown(present.cell(value)))


def _count(table: Table, language: str) -> str:
    words = present.row_count(table, language)
    hidden = len(table.rows) - MAX_ROWS
    return f"{words} ({hidden:,} more with --json)" if hidden > 0 else words
