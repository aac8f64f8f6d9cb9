"""A total that was written as rows: "how much VAT did we charge" is one figure, and no list of amounts."""

from __future__ import annotations

import re
from dataclasses import replace

from sql.question.linking import Links
from sql.semantics import Shop, View
from sql.statement.routes import Fork, NoRoute, Routes
from sql.statement.sentence import Aggregate, Compare, Condition, Name, Statement, Text

_TOTAL = re.compile(
    r"\b(?:how much|total|altogether|in all|sum of)\b|(?:一?共|总共|合计|总计|加起来|累计).{0,12}多少|多少钱",
    re.I,
)
_EACH = re.compile(r"\b(?:each|every|per|list|which|what .* each)\b|每|各|哪|列出|分别", re.I)


def summed(statement: Statement, links: Links, shop: Shop, routes: Routes) -> Statement:
    """The statement with sums for the amounts that it lists, where one figure is asked for.

    It stays where it shows anything but amounts, orders or cuts rows, or looks one thing up by its key.
    """
    home = shop.view(statement.view)
    text = links.question
    if home is None or statement.groups or statement.order or statement.limit is not None:
        return statement
    if not _TOTAL.search(text) or _EACH.search(text):
        return statement
    if any(_tells_one(part, home) for part in statement.where):
        return statement
    metrics = {(m.view, m.sql.upper()): m.name for m in shop.metrics}
    items = []
    for item in statement.items:
        if not isinstance(item, Name):
            return statement
        try:
            route = routes.find(home, item)
        except (NoRoute, Fork):
            return statement
        if route.hops or not route.column.is_measure or item.text in (*home.key, *home.refs):
            return statement
        known = metrics.get((home.name, f"SUM({item.text})".upper()))
        items.append(Name(known) if known else Aggregate("SUM", item))
    return replace(statement, items=tuple(items))


def _tells_one(part: Condition, home: View) -> bool:
    """Whether a condition tells a single thing: a key, or a text with digits such as an order's number."""
    if not (isinstance(part, Compare) and part.sign == "=" and isinstance(part.left, Name)):
        return False
    has_digits = isinstance(part.right, Text) and re.search(r"\d", part.right.value) is not None
    return part.left.text in (*home.key, *home.refs) or has_digits
