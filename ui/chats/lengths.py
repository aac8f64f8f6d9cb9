"""Texts and parts of messages within the lengths that a chat program takes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

Item = TypeVar("Item")


def short(text: str, most: int) -> str:
    """The start of ``text``, with a mark where it is cut."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def cut(words: str, most: int) -> list[str]:
    """``words`` in parts of at most ``most`` characters, cut after a line or between words if possible."""
    parts = []
    while len(words) > most:
        end = max(words.rfind("\n", most // 2, most), words.rfind(" ", most // 2, most)) + 1 or most
        parts.append(words[:end])
        words = words[end:]
    return [*parts, words]


def packed(
    items: Iterable[Item], weigh: Callable[[Item], int], most: int, most_items: int = 1_000
) -> list[list[Item]]:
    """The items in order, in groups that weigh at most ``most`` each; one that weighs more stands alone."""
    groups: list[list[Item]] = []
    weight = 0
    for item in items:
        own = weigh(item)
        if not groups or weight + own > most or len(groups[-1]) == most_items:
            groups.append([])
            weight = 0
        groups[-1].append(item)
        weight += own
    return groups
