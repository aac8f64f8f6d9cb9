"""A question that wants things listed is not answered by how many they are."""

from __future__ import annotations

import re

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


def counted_instead(statement: Statement, question: str, shop: Shop) -> str | None:
    """What is wrong with a lone count where the question says "show" or 哪些 and no word of a count."""
    if len(statement.items) != 1 or statement.groups or not _LIST.search(question) or _COUNT.search(question):
        return None
    (item,) = statement.items
    if isinstance(item, Aggregate):
        is_count = item.word == "COUNT"
    else:
        metric = next((m for m in shop.metrics if isinstance(item, Name) and m.name == item.text), None)
        is_count = metric is not None and metric.sql.lstrip().upper().startswith("COUNT")
    return "the question asks to list them, not how many they are" if is_count else None
