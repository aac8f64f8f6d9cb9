"""An answer's Markdown as the elements of Slack's rich text, whose texts are literal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from ui.chats.layout import tree_of
from ui.chats.lengths import cut, packed
from ui.chats.strangers_words import literal

if TYPE_CHECKING:
    from markdown_it.tree import SyntaxTreeNode

Element = dict[str, Any]
"""A part of a ``rich_text`` block, or a text in one."""

MOST_CHARACTERS = 2_900
"""Of one block."""
_STYLES = {"strong": "bold", "em": "italic", "s": "strike"}


def rich_text(elements: Sequence[Element]) -> Element:
    """A block of them."""
    return {"type": "rich_text", "elements": list(elements)}


def text_of(words: str, **style: bool) -> Element:
    """Words, literally."""
    element: Element = {"type": "text", "text": literal(words) or " "}  # Slack takes no empty text
    return {**element, "style": style} if style else element


def section(*texts: Element) -> Element:
    """One paragraph."""
    return {"type": "rich_text_section", "elements": list(texts)}


def preformatted(words: str) -> list[Element]:
    """Words in a fixed width, in as many parts as they need."""
    return [
        {"type": "rich_text_preformatted", "elements": [text_of(part)]}
        for part in cut(words, MOST_CHARACTERS)
    ]


def bullets(lines: Iterable[str]) -> Element:
    """A list."""
    return {
        "type": "rich_text_list",
        "style": "bullet",
        "elements": [section(text_of(line)) for line in lines],
    }


def elements_of(markdown: str) -> list[Element]:
    """The Markdown as rich text: emphasis, lists, quotes, code; links and pictures are their words only."""
    return [
        part for node in tree_of(markdown).children for element in _block(node) for part in split(element)
    ]


def size(element: Element) -> int:
    """Characters that are read."""
    if element["type"] == "text":
        return len(element["text"])
    return sum(map(size, element["elements"]))


def split(element: Element) -> list[Element]:
    """The element, in parts that each fit a block."""
    if size(element) <= MOST_CHARACTERS:
        return [element]
    if element["type"] == "text":
        return [{**element, "text": part} for part in cut(element["text"], MOST_CHARACTERS)]
    pieces = [piece for each in element["elements"] for piece in split(each)]
    return [{**element, "elements": group} for group in packed(pieces, size, MOST_CHARACTERS)]


def _block(node: SyntaxTreeNode, indent: int = 0) -> Iterator[Element]:
    if node.type in ("paragraph", "heading"):
        texts = list(_texts(node, bold=node.type == "heading"))
        yield section(*texts, text_of("\n"))
    elif node.type in ("bullet_list", "ordered_list"):
        yield from _list(node, indent)
    elif node.type == "blockquote":
        texts = list(_texts(node))
        yield {"type": "rich_text_quote", "elements": texts or [text_of(" ")]}
    elif node.type in ("fence", "code_block"):
        yield from preformatted(node.content.rstrip("\n") or " ")
    elif node.children:
        for child in node.children:
            yield from _block(child, indent)


def _list(node: SyntaxTreeNode, indent: int) -> Iterator[Element]:
    style = "bullet" if node.type == "bullet_list" else "ordered"
    for item in node.children:
        own = [child for child in item.children if child.type not in ("bullet_list", "ordered_list")]
        texts = [text for child in own for text in _texts(child)] or [text_of(" ")]
        yield {"type": "rich_text_list", "style": style, "indent": indent, "elements": [section(*texts)]}
        for child in item.children:
            if child.type in ("bullet_list", "ordered_list"):
                yield from _list(child, min(indent + 1, 8))


def _texts(node: SyntaxTreeNode, **style: bool) -> Iterator[Element]:
    """The words below ``node``; parts of a quote are kept apart by an empty line."""
    if node.type in ("text", "code_inline"):
        if node.content:
            code = {"code": True} if node.type == "code_inline" else {}
            yield text_of(node.content, **style, **code)
    elif node.type in ("softbreak", "hardbreak"):
        yield text_of("\n")
    elif node.type in ("fence", "code_block"):
        yield text_of(node.content)
    else:
        if node.type in _STYLES:
            style = {**style, _STYLES[node.type]: True}
        for number, child in enumerate(node.children):
            if number and node.type == "blockquote":
                yield text_of("\n\n")
            yield from _texts(child, **style)
