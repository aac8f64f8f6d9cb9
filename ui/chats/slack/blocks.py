"""A reply as Slack's messages: blocks within Slack's limits, as many messages as they need."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from sql.types import Table
from telling.phrases import plain_text
from ui.chats.layout import Button, buttons_of, rows_of
from ui.chats.lengths import packed, short
from ui.chats.replies import Reply, words_in
from ui.chats.slack.literal import notification
from ui.chats.slack.rich_text import (
    MOST_CHARACTERS,
    Element,
    bullets,
    elements_of,
    preformatted,
    rich_text,
    section,
    size,
    split,
    text_of,
)  # fmt: skip
from ui.chats.strangers_words import literal

if TYPE_CHECKING:
    from jobs.report.types import Report

MOST_BLOCKS = 45
"""Of one message; Slack takes 50."""
MOST_OF_MESSAGE = 11_000
"""Characters of one message; Slack takes 13,200."""
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


def _button(each: Button, id: str) -> Element:
    element: Element = {
        "type": "button",
        "action_id": PREFIX + each.kind,
        "value": id,
        "text": {"type": "plain_text", "text": short(literal(each.label), MOST_LABEL), "emoji": False},
    }
    return {**element, "accessibility_label": each.hint} if each.hint else element


def _buttons(reply: Reply, id: str, *, has_person: bool) -> list[Element]:
    found = buttons_of(reply)
    if has_person:
        found.append(Button(kind="person", label=words_in(reply.language).say("person")))
    return [_button(each, id) for each in found]


def _options(options: Sequence[str], id: str) -> Element:
    return {
        "type": "actions",
        "elements": [
            _button(Button(kind=f"option:{place}", label=option), id)
            for place, option in enumerate(options[:25])
        ],
    }


def _table(table: Table, language: str) -> list[Element]:
    """The first rows; below them what is not shown."""
    rows = rows_of(table, language)
    block: Element = {
        "type": "table",
        "rows": [
            [{"type": "raw_text", "text": text} for text in line] for line in [rows.headers, *rows.lines]
        ],
        "column_settings": [
            {"align": "right" if is_number else "left", "is_wrapped": True} for is_number in rows.is_number
        ],
    }
    while _size(block) > MOST_OF_MESSAGE // 2 and len(rows.lines) > 1:
        block["rows"].pop()
        rows.lines.pop()
    hidden = rows.hidden(language)
    note = {"type": "context", "elements": [{"type": "plain_text", "text": hidden, "emoji": False}]}
    return [block, *([note] if hidden else [])]


def _header(text: str) -> Element:
    return {
        "type": "header",
        "text": {"type": "plain_text", "text": short(literal(text), 150), "emoji": False},
    }


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
