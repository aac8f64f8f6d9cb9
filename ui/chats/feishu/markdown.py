"""Words in a card: as they stand, or an answer's Markdown written anew as Feishu reads it.

Every sign of a word becomes an entity, so that nothing depends on which signs Feishu takes for mark-up.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ui.chats.layout import tree_of
from ui.chats.lengths import cut
from ui.chats.strangers_words import literal

if TYPE_CHECKING:
    from markdown_it.tree import SyntaxTreeNode

Element = dict[str, Any]
"""A part of a card."""

MOST_CHARACTERS = 2_000
"""Of one text; as entities they are five times as many bytes."""
_MARK_UP = re.compile(r"[!-/:-@\[-`{-~]")
_STYLES = {"strong": "**", "em": "*", "s": "~~"}


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
