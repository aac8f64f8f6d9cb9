"""Answers and hits for people at a terminal; plain text without colours in a pipe.

Text from the shop's data is stripped of control characters, so that it cannot steer the terminal.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.prompt import IntPrompt
from rich.table import Table as Grid
from rich.text import Text

from bot.answer import Answer
from bot.audit import Verification
from retrieval.types import Hit
from sql.types import Table
from telling.phrases import plain_text
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
        out.print(_grid(table, answer.language))
        out.print(_count(table, answer.language), style="dim", markup=False)
    if answer.statement:
        out.print()
        out.print(safe_terminal(answer.statement), style="dim", markup=False, soft_wrap=True)
    for sql in dict.fromkeys(table.query.written for table in answer.tables):
        out.print()
        out.print(safe_terminal(sql), style="dim", markup=False, soft_wrap=True)
    if answer.citations:
        out.print()
        show_hits(answer.citations, out)
    for warning in answer.warnings:
        out.print(f"! {safe_terminal(warning)}", style="yellow", markup=False)
    out.print()
    seconds = present.word("seconds", answer.language, n=f"{answer.seconds.get('total', 0.0):.1f}")
    out.print(f"{present.confidence_words(answer)} · {seconds}", style="dim", markup=False)


def audit_text(path: Path, entries: Sequence[Mapping[str, Any]], checked: Verification | None) -> str:
    """Entries of the audit log in reading order, then what checking its chain found."""
    lines = [line for entry in entries for line in (*_entry_lines(entry), "")]
    if checked is None:
        lines.append(f"{path}: {len(entries)} entries shown. --verify checks that none was changed.")
    else:
        lines += [f"PROBLEM  {problem}" for problem in checked.problems]
        verdict = "NOT as it was written" if checked.problems else "as it was written"
        lines.append(f"{path}: {checked.lines:,} lines, {verdict}. Last hash: {checked.head}")
        if checked.broken_off:
            lines.append(f"Lines that a crash cut short: {checked.broken_off}")
        if checked.unfinished:
            lines.append(f"Began and not ended (a crash, or under way): {', '.join(checked.unfinished)}")
    return safe_terminal("\n".join(lines))


def _entry_lines(entry: Mapping[str, Any]) -> list[str]:
    if "statements" not in entry:
        return [f"{entry['time']}  {entry['kind'].upper()}: {entry.get('reason', '')}"]
    user = "".join(f" {name}={value}" for name, value in entry.get("user", {}).items())
    who = f"{entry['person']}, " if entry.get("person") else ""
    head = (
        f"{entry['time']}  {entry['kind']}  {entry.get('status', 'late')}  {entry['shop']} as {who}"
        f"{entry['role']}"
    )
    lines = [f"{head}{user}"]
    if entry.get("question"):
        lines.append(f"  “{_one_line(entry['question'])}”")
    if entry.get("standalone_question") not in (None, "", entry.get("question")):
        lines.append(f"  meaning “{_one_line(entry['standalone_question'])}”")
    for statement in entry["statements"]:
        what = f"{statement['verdict']}, {statement['rows']:,} rows, {statement['seconds']:.2f} s"
        reason = f": {_one_line(statement['reason'])}" if statement["reason"] else ""
        lines += [f"  - {what}{reason}", f"      {_one_line(statement['sql'])}"]
    return lines


def _one_line(text: str) -> str:
    return " ".join(text.split())


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


def ask_choice(text: str, choices: Sequence[str], rows: Table | None) -> int:
    """The place of the choice that is picked at the terminal, from 0; Enter picks the first."""
    out = Console(stderr=True, highlight=False, emoji=False)
    if rows is not None:
        out.print(_grid(rows, "en"))
    out.print(safe_terminal(text), markup=False)
    for number, choice in enumerate(choices, start=1):
        out.print(f"  {number}. {safe_terminal(choice)}", markup=False)
    numbers = [str(number) for number in range(1, len(choices) + 1)]
    picked = IntPrompt.ask("Your choice", choices=numbers, default=1, console=out)
    return int(picked) - 1


def _console() -> Console:
    is_terminal = sys.stdout.isatty()
    return Console(file=sys.stdout, width=None if is_terminal else 160, highlight=False, emoji=False)


def _grid(table: Table, language: str) -> Grid:
    grid = Grid(box=None, pad_edge=False, header_style="bold")
    for column, name in zip(table.columns, present.headers(table), strict=True):
        is_number = column.type in ("integer", "number")
        grid.add_column(Text(safe_terminal(name)), justify="right" if is_number else "left", overflow="fold")
    for row in table.rows[:MAX_ROWS]:
        grid.add_row(*(Text(safe_terminal(cell)) for cell in present.shown_row(table, row, language)))
    return grid


def _count(table: Table, language: str) -> str:
    words = present.row_count(table, language)
    hidden = len(table.rows) - MAX_ROWS
    return f"{words} ({hidden:,} more with --json)" if hidden > 0 else words
