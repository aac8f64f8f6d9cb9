"""A reply as Slack's messages: blocks within Slack's limits, as many messages as they need."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from sql.types import Table
from telling.phrases import plain_text
from ui import present
from ui.chats.replies import Reply, words_in
from ui.chats.slack.literal import literal, notification
from ui.chats.slack.rich_text import (
    MOST_CHARACTERS,
    Element,
    bullets,
    elements_of,
    packed,
    preformatted,
    rich_text,
    section,
    size,
    split,
    text_of,
)  # fmt: skip

if TYPE_CHECKING:
    from jobs.report.types import Report

MOST_BLOCKS = 45
"""Of one message; Slack takes 50."""
MOST_OF_MESSAGE = 11_000
"""Characters of one message; Slack takes 13,200."""
MOST_ROWS = 15
"""Rows of a table that are shown; the whole is attached."""
MOST_COLUMNS = 10
MOST_CELL = 120
"""Characters of a cell that are shown."""
MOST_LABEL = 75
"""Characters on a button, which is Slack's limit."""
PREFIX = "shoptalk:"
"""Begins the id of each of our buttons."""


def messages(reply: Reply, id: str, *, has_person: bool) -> list[list[Element]]:
    """The blocks of each message.

    Args:
        id: names the answer in the buttons' values.
        has_person: whether a person can be asked.
    """
    told: list[Element] = [section(text_of(reply.doubt, bold=True), text_of("\n"))] if reply.doubt else []
    told += elements_of(reply.text)
    told += [section(text_of(f"⚠ {warning}\n", italic=True)) for warning in reply.warnings]
    if any(len(option) > MOST_LABEL for option in reply.options):
        told.append(bullets(reply.options))
    blocks = _grouped(told)
    if reply.table is not None:
        blocks += _table(reply.table, reply.language)
    if reply.options:
        blocks.append(_options(reply.options, id))
    buttons = _buttons(reply, id, has_person=has_person)
    return _paged([*blocks, *([{"type": "actions", "elements": buttons}] if buttons else [])])


def report_messages(report: Report) -> list[list[Element]]:
    """The blocks of each message that tells a report's words."""
    told = [section(text_of(f"{report.title}\n", bold=True))]
    for part in report.sections:
        if part.text:
            told += [section(text_of(f"\n{part.title}\n", bold=True)), *split(section(text_of(part.text)))]
    return _paged(_grouped(told))


def notice(reply: Reply) -> str:
    """What a notification says of it."""
    return notification(f"{reply.doubt}\n{plain_text(reply.text)}".strip())


def sql_blocks(statements: Sequence[str]) -> list[list[Element]]:
    """Statements, each in a fixed width."""
    return _paged(_grouped([part for sql in statements for part in preformatted(sql)]))


def plain_blocks(text: str) -> list[Element]:
    """A short text of whatever origin; what is beyond one block is cut."""
    return [rich_text([section(text_of(text[:MOST_CHARACTERS]))])]


def home(
    *, shop: str, name: str, role: str, examples: Sequence[str], kinds: Sequence[str], language: str
) -> list[Element]:
    """The App Home of somebody who may ask."""
    words = words_in(language)
    blocks = [
        _header(words.say("home_title", shop=shop)),
        *_grouped([section(text_of(words.say("home_who", name=name, role=role)))]),
    ]
    for title, lines in (("home_examples", examples), ("home_kinds", kinds)):
        if lines:
            blocks += [_header(words.say(title)), *_grouped(split(bullets(lines)))]
    return _paged(blocks)[0]


def button(action: str, label: str, value: str, hint: str = "") -> Element:
    """One button; ``hint`` is what a screen reader says of it."""
    element: Element = {
        "type": "button",
        "action_id": PREFIX + action,
        "value": value,
        "text": {"type": "plain_text", "text": _short(literal(label), MOST_LABEL), "emoji": False},
    }
    return {**element, "accessibility_label": hint} if hint else element


def _buttons(reply: Reply, id: str, *, has_person: bool) -> list[Element]:
    words = words_in(reply.language)
    found = [button("sql", words.say("show_sql"), id)] if reply.sql else []
    if reply.period_before:
        found.append(button("before", words.say("before"), id))
    if reply.sql or reply.answer.citations:
        found.append(button("up", words.say("good"), id, words.say("good_hint")))
        found.append(button("down", words.say("bad"), id, words.say("bad_hint")))
    if has_person:
        found.append(button("person", words.say("person"), id))
    return found


def _options(options: Sequence[str], id: str) -> Element:
    return {
        "type": "actions",
        "elements": [button(f"option:{place}", option, id) for place, option in enumerate(options[:25])],
    }


def _table(table: Table, language: str) -> list[Element]:
    """The first rows; below them what is not shown."""
    words = words_in(language)
    rows, columns = table.rows[:MOST_ROWS], min(len(table.columns), MOST_COLUMNS)
    lines = [present.headers(table), *(present.shown_row(table, row, language) for row in rows)]
    block: Element = {
        "type": "table",
        "rows": [[_cell(text) for text in line[:columns]] for line in lines],
        "column_settings": [
            {"align": "right" if column.type in ("integer", "number") else "left", "is_wrapped": True}
            for column in table.columns[:columns]
        ],
    }
    while _size(block) > MOST_OF_MESSAGE // 2 and len(block["rows"]) > 2:
        block["rows"].pop()
    shown = len(block["rows"]) - 1
    hidden = []
    if shown < len(table.rows):
        hidden.append(words.say("more_rows", shown=f"{shown:,}", count=f"{len(table.rows):,}"))
    if columns < len(table.columns):
        hidden.append(words.say("more_columns", shown=str(columns), count=str(len(table.columns))))
    if table.is_truncated:
        hidden.append(present.row_count(table, language))
    note = {"type": "context", "elements": [{"type": "plain_text", "text": " ".join(hidden), "emoji": False}]}
    return [block, *([note] if hidden else [])]


def _cell(text: str) -> Element:
    return {"type": "raw_text", "text": _short(literal(text).strip(), MOST_CELL) or "–"}


def _header(text: str) -> Element:
    return {
        "type": "header",
        "text": {"type": "plain_text", "text": _short(literal(text), 150), "emoji": False},
    }


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _grouped(elements: Iterable[Element]) -> list[Element]:
    """Elements in as few blocks as hold them."""
    return [rich_text(group) for group in packed(elements, size, MOST_CHARACTERS)]


def _paged(blocks: Iterable[Element]) -> list[list[Element]]:
    """Blocks in as few messages as hold them."""
    return packed(blocks, _size, MOST_OF_MESSAGE, MOST_BLOCKS)


def _size(block: Any) -> int:
    """Characters of all texts in a block."""
    if isinstance(block, dict):
        own = block.get("text")
        return (len(own) if isinstance(own, str) else 0) + sum(map(_size, block.values()))
    return sum(map(_size, block)) if isinstance(block, list) else 0
