"""A question that wants things listed is not answered by how many they are."""

from __future__ import annotations

import re
from dataclasses import replace

from sql.question.linking import Links
from sql.semantics import Shop, View
from sql.statement.sentence import Aggregate, Name, Statement

_LIST = re.compile(
    r"^\W*(?:please |pls |(?:can|could) you )?"
    r"(?:list|show|display|which|who|give|find|name|what are|return)\b"
    r"|^\W*(?:all |the |our |those )?(?:orders|customers|products|items|members|invoices|tickets|sellers"
    r"|suppliers|articles|dealers|clients|parcels|shipments|coupons)"
    r" (?:with|without|that|which|who|over|under|above|below|still|whose)\b"
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


def each_once(statement: Statement, links: Links, shop: Shop) -> Statement:
    """Names of things, each once, where the rows are those of something else: which customers ordered.

    A name that two things share stands once then; of rows that are asked for by their own name all stand.
    """
    home = shop.view(statement.view)
    if home is None or statement.groups or not _LIST.search(links.question):
        return statement
    first = next((m for m in links.mentions if m.kind != "value"), None)
    if first is None or (first.kind == "view" and first.name == home.name):
        return statement
    names = tuple(item for item in statement.items if isinstance(item, Name))
    is_sorted_by_others = any(order.key not in names for order in statement.order)
    if (
        names != statement.items
        or is_sorted_by_others
        or not all(_is_of_others(n, home, shop) for n in names)
    ):
        return statement
    return replace(statement, groups=names)


def _is_of_others(item: Name, home: View, shop: Shop) -> bool:
    """Whether it is a text that tells of something else than the rows of ``home``."""
    own = home.column(item.text)
    if own is not None:
        return own.type == "text" and not home.key
    found = [c for view in shop.views if (c := view.column(item.text)) is not None]
    return bool(found) and all(column.type == "text" for column in found)


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
