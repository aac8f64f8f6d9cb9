"""A reply as Feishu's cards (JSON 2.0), within Feishu's lengths, as many as they need.

Strangers' words stand in ``plain_text``, in cells of the type ``text``, or as entities in Markdown
(``ui.chats.feishu.markdown``): they name nobody, link nowhere and format nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sql.types import Table
from telling.phrases import plain_text
from ui.chats.feishu.markdown import MOST_CHARACTERS, Element, markdown_elements, plain
from ui.chats.layout import Button, buttons_of, rows_of
from ui.chats.lengths import cut, packed, short
from ui.chats.replies import Reply
from ui.chats.strangers_words import literal

Card = dict[str, Any]

MOST_BYTES = 24_000
"""Of the parts of one card; Feishu takes cards of 30 KB."""
MOST_ELEMENTS = 60
"""Of one card; Feishu takes 200, counting those within others."""
MOST_LABEL = 60
"""Characters on a button."""
MOST_SUMMARY = 200
"""Characters of a notification."""


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A chart that is uploaded."""

    key: str
    description: str
    """For who cannot see it."""


def cards(reply: Reply, id: str, picture: Picture | None = None) -> list[Card]:
    """The cards of an answer; the doubt comes first, the buttons last.

    Args:
        id: names the answer in the buttons' values.
    """
    elements = [plain(reply.doubt)] if reply.doubt else []
    elements += markdown_elements(reply.text)
    elements += [plain(f"⚠ {warning}") for warning in reply.warnings]
    if reply.table is not None:
        elements += _table(reply.table, reply.language)
    if picture is not None:
        alt = {"tag": "plain_text", "content": literal(picture.description)}
        elements.append({"tag": "img", "img_key": picture.key, "alt": alt})
    if any(len(option) > MOST_LABEL for option in reply.options):
        elements += [plain(f"· {option}") for option in reply.options]
    elements += [
        _row([Button(kind=f"option:{place}", label=option)], id, reply.language)
        for place, option in enumerate(reply.options[:25])
    ]
    buttons = buttons_of(reply)
    elements += [_row(buttons, id, reply.language)] if buttons else []
    summary = f"{reply.doubt}\n{plain_text(reply.text)}".strip()
    return [card(page, summary) for page in packed(elements, _bytes, MOST_BYTES, MOST_ELEMENTS)]


def card(elements: Sequence[Element], summary: str) -> Card:
    """A card that can be changed later; ``summary`` is its notification."""
    return {
        "schema": "2.0",
        "config": {"update_multi": True, "summary": {"content": short(literal(summary), MOST_SUMMARY)}},
        "body": {"elements": list(elements)},
    }


def plain_cards(text: str) -> list[Card]:
    """A text of whatever origin, as it stands."""
    parts = [plain(part) for part in cut(text, MOST_CHARACTERS)]
    return [card(page, text) for page in packed(parts, _bytes, MOST_BYTES, MOST_ELEMENTS)]


def _table(table: Table, language: str) -> list[Element]:
    """The first rows; below them what is not shown."""
    rows = rows_of(table, language)
    element: Element = {
        "tag": "table",
        "page_size": 10,
        "row_height": "auto",
        "columns": [
            {
                "name": f"c{place}",
                "display_name": header,
                "data_type": "text",
                "horizontal_align": "right" if is_number else "left",
            }
            for place, (header, is_number) in enumerate(zip(rows.headers, rows.is_number, strict=True))
        ],
        "rows": [{f"c{place}": text for place, text in enumerate(line)} for line in rows.lines],
    }
    while _bytes(element) > MOST_BYTES // 2 and len(rows.lines) > 1:
        element["rows"].pop()
        rows.lines.pop()
    hidden = rows.hidden(language)
    return [element, *([plain(hidden)] if hidden else [])]


def _row(buttons: Iterable[Button], id: str, language: str) -> Element:
    return {
        "tag": "column_set",
        "flex_mode": "flow",
        "columns": [
            {"tag": "column", "width": "auto", "elements": [_button(each, id, language)]} for each in buttons
        ],
    }


def _button(each: Button, id: str, language: str) -> Element:
    value = {"id": id, "kind": each.kind, "language": language}
    element: Element = {
        "tag": "button",
        "text": {"tag": "plain_text", "content": short(literal(each.label), MOST_LABEL) or "…"},
        "behaviors": [{"type": "callback", "value": value}],
    }
    if each.hint:
        element["hover_tips"] = {"tag": "plain_text", "content": each.hint}
    return element


def _bytes(element: Element) -> int:
    return len(json.dumps(element, ensure_ascii=False).encode())
