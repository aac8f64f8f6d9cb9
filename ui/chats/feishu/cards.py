"""A reply as Feishu's cards (JSON 2.0), within Feishu's lengths, as many as they need.

Strangers' words stand in ``plain_text``, in cells of the type ``text``, or as entities in Markdown: they name
nobody, link nowhere and format nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sql.types import Table
from telling.phrases import plain_text
from ui.chats.layout import Button, buttons_of, rows_of, tree_of
from ui.chats.lengths import cut, packed, short
from ui.chats.literal import literal
from ui.chats.replies import Reply

if TYPE_CHECKING:
    from markdown_it.tree import SyntaxTreeNode

Card = dict[str, Any]
Element = dict[str, Any]

MOST_BYTES = 24_000
"""Of the parts of one card; Feishu takes cards of 30 KB."""
MOST_ELEMENTS = 60
"""Of one card; Feishu takes 200, counting those within others."""
MOST_CHARACTERS = 2_000
"""Of one text; as entities they are five times as many bytes."""
MOST_LABEL = 60
"""Characters on a button."""
MOST_SUMMARY = 200
"""Characters of a notification."""
_MARK_UP = re.compile(r"[!-/:-@\[-`{-~]")
_STYLES = {"strong": "**", "em": "*", "s": "~~"}


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


def plain(text: str) -> Element:
    """A paragraph in which Feishu reads no mark-up."""
    return {"tag": "div", "text": {"tag": "plain_text", "content": literal(text).strip() or " "}}


def escaped(text: str) -> str:
    """``text`` for Markdown, in which it stands as it is.

    >>> escaped("<at id=all></at>")
    '&#60;at id&#61;all&#62;&#60;&#47;at&#62;'
    """
    return _MARK_UP.sub(lambda match: f"&#{ord(match[0])};", literal(text))


def markdown_elements(markdown: str) -> list[Element]:
    """The Markdown: emphasis, lists and quotes; links and pictures are their words only."""
    return [element for node in tree_of(markdown).children for element in _block(node)]


def _block(node: SyntaxTreeNode) -> Iterator[Element]:
    if node.type in ("bullet_list", "ordered_list"):
        for item in node.children:  # one by one: a long list is then cut between its items
            yield from _texts("\n".join(_lines(item, node.type)), item)
    elif node.type in ("fence", "code_block"):
        yield from map(plain, cut(node.content.rstrip("\n"), MOST_CHARACTERS))
    else:
        yield from _texts("\n".join(_lines(node, "")), node)


def _texts(rendered: str, node: SyntaxTreeNode) -> Iterator[Element]:
    """The rendered Markdown, or, where it is too long, its words in parts without emphasis."""
    if len(rendered.encode()) <= MOST_CHARACTERS * 5:
        if rendered.strip():
            yield {"tag": "markdown", "content": rendered}
        return
    yield from map(plain, cut(_words(node), MOST_CHARACTERS))


def _lines(node: SyntaxTreeNode, parent: str) -> list[str]:
    """A block as lines of Markdown; ``parent`` is the list that an item stands in."""
    if node.type == "inline":
        return _inline(node).split("\n")
    if node.type in ("bullet_list", "ordered_list"):
        return [line for item in node.children for line in _lines(item, node.type)]
    if node.type in ("fence", "code_block"):
        return [escaped(line) for line in node.content.splitlines()]
    gap = [""] if node.type == "blockquote" else []
    lines: list[str] = []
    for child in node.children:
        lines += [*(gap if lines else []), *_lines(child, "")]
    if node.type == "heading":
        return [_styled(line, "**") for line in lines]
    if node.type == "blockquote":
        return [f"> {line}".rstrip() for line in lines]
    if node.type == "list_item":
        mark = "- " if parent == "bullet_list" else f"{node.info or 1}. "
        return [(mark if not place else "    ") + line for place, line in enumerate(lines)]
    return lines


def _inline(node: SyntaxTreeNode) -> str:
    if node.type in ("text", "code_inline"):
        return escaped(node.content).replace("\n", " ")
    if node.type in ("softbreak", "hardbreak"):
        return "\n"
    inner = "".join(map(_inline, node.children))
    return _styled(inner, _STYLES[node.type]) if node.type in _STYLES else inner


def _styled(text: str, mark: str) -> str:
    """Marked where the marks are read as such: not beside a space, a sign or an entity."""
    return f"{mark}{text}{mark}" if text and text[0].isalnum() and text[-1].isalnum() else text


def _words(node: SyntaxTreeNode) -> str:
    if node.type in ("text", "code_inline", "fence", "code_block"):
        return node.content
    if node.type in ("softbreak", "hardbreak"):
        return "\n"
    return ("\n" if node.type in ("blockquote", "list_item") else "").join(map(_words, node.children))


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
