"""A question that wants things listed is not answered by how many they are."""

from __future__ import annotations

import re
from dataclasses import replace

from sql.semantics import Shop
from sql.statement.sentence import Aggregate, Name, Statement

_LIST = re.compile(
    r"^\W*(?:please |pls |(?:can|could) you )?"
    r"(?:list|show|display|which|who|give|find|name|what are|return)\b"
    r"|列出|列一下|哪些|有哪",
    re.I,
)
_COUNT = re.compile(
    r"how (?:many|much|often)|number|\bnr\b|count|total|tally|quantity|share|percent|rate|多少|几|数|率|占",
    re.I,
)


def listed(statement: Statement, question: str) -> Statement:
    """``COUNT(district)`` as the districts, where the question says "show" or 哪些 and no word of a count."""
    if len(statement.items) != 1 or statement.groups or not _wants_a_list(question):
        return statement
    (item,) = statement.items
    if not (isinstance(item, Aggregate) and item.word == "COUNT" and isinstance(item.operand, Name)):
        return statement
    return replace(statement, items=(item.operand,), groups=(item.operand,), order=(), limit=None)


def counted_instead(statement: Statement, question: str, shop: Shop) -> str | None:
    """What is wrong with a lone count of rows where things are to be listed."""
    if len(statement.items) != 1 or statement.groups or not _wants_a_list(question):
        return None
    (item,) = statement.items
    if isinstance(item, Aggregate):
        is_count = item.word == "COUNT"
    else:
        metric = next((m for m in shop.metrics if isinstance(item, Name) and m.name == item.text), None)
        is_count = metric is not None and metric.sql.lstrip().upper().startswith("COUNT")
    return "the question asks to list them, not how many they are" if is_count else None


def _wants_a_list(question: str) -> bool:
    return _LIST.search(question) is not None and _COUNT.search(question) is None
