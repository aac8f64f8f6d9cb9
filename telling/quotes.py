"""What customers wrote, as quotes with their ids: stars, day and product below them."""

from __future__ import annotations

import re

from retrieval.types import Hit
from telling.phrases import escape_markdown

MAX_QUOTE = 320
"""Characters of a text that are quoted at most; it is cut at a word."""


def quote(hit: Hit) -> str:
    """One review as a block quote: its words, then stars, date, product and id."""
    document = hit.document
    facts = [stars(document.rating)] if document.rating is not None else []
    if document.written_at is not None:
        facts.append(document.written_at.date().isoformat())
    facts += [escape_markdown(text) for text in (document.product, document.id) if text]
    return f"> {escape_markdown(cut_at_word(document.text, MAX_QUOTE))}\n>\n> — {' · '.join(facts)}"


def stars(rating: float | None) -> str:
    """Five stars, filled to the nearest whole one; empty when there is no rating.

    >>> stars(3.6), stars(None)
    ('★★★★☆', '')
    """
    if rating is None:
        return ""
    full = max(0, min(5, round(rating)))
    return "★" * full + "☆" * (5 - full)


def cut_at_word(text: str, length: int) -> str:
    """``text`` with at most ``length`` characters, cut before a word (or any Chinese character), with "…"."""
    lines = [" ".join(line.split()) for line in text.splitlines()]
    line = " — ".join(line for line in lines if line)
    if len(line) <= length:
        return line
    head = line[:length]
    space = head.rfind(" ")
    is_spaced = space > length // 2 and not re.match(r"[\u3000-\u9fff\uff00-\uffef]", line[length])
    return (head[:space] if is_spaced else head).rstrip(" ,.;:，。；：") + "…"
