"""A total that was written as rows: "how much VAT did we charge" is one figure, and no list of amounts."""

from __future__ import annotations

import re
from dataclasses import replace

from sql.question.linking import Links
from sql.semantics import Shop, View
from sql.shop.trade_words import says
from sql.statement.routes import Fork, NoRoute, Routes
from sql.statement.sentence import Aggregate, Compare, Condition, Name, Statement, Text, Value

_TOTAL = re.compile(
    r"\b(?:how (?:much|many)|total|altogether|in all|sum of)\b|合计|总计|加起来"
    r"|(?:一?共|总共|累计).{0,12}多少|多少钱|(?:还有|还剩|剩下?|共?有)多少(?!天|个?月|年)",
    re.I,
)
_NO_SUM = re.compile(r"\b(?:price|rate|percent|ratio|rating|age|level)\b|价格?$|率$|比例$|单价")
"""What is of one piece, and adds up to nothing."""
_EACH_OF_THEM = re.compile(
    r"\beach of them\b|\beach .{0,12}\bowes?\b|各自?[^，。？自]{0,3}多少",
    re.I,
)
_EACH = re.compile(r"\b(?:each|every|per|list|which|what .* each)\b|每|各|哪|列出|分别", re.I)


def summed(statement: Statement, links: Links, shop: Shop, routes: Routes) -> Statement:
    """The statement with sums for the amounts that it lists, where one figure is asked for.

    It stays where it shows anything but amounts, orders or cuts rows, or looks one thing up by its key.
    """
    home = shop.view(statement.view)
    text = links.question
    if home is not None and _EACH_OF_THEM.search(text):
        return _summed_for_each(statement, home, shop, routes)
    if home is None or statement.groups or statement.order or statement.limit is not None:
        return statement
    if not _TOTAL.search(text) or _EACH.search(text):
        return statement
    if any(_tells_one(part, home) for part in statement.where):
        return statement
    items = [_sum_of(item, home, shop, routes) for item in statement.items]
    return replace(statement, items=tuple(items)) if None not in items else statement  # type: ignore[arg-type]


def _sum_of(item: Value, home: View, shop: Shop, routes: Routes) -> Value | None:
    """The sum of an amount of the view's own rows; ``None`` for anything else."""
    if not isinstance(item, Name):
        return None
    try:
        route = routes.find(home, item)
    except (NoRoute, Fork):
        return None
    if route.hops or not route.column.is_measure or item.text in (*home.key, *home.refs):
        return None
    if says(_NO_SUM, item.text, route.column.type):
        return None
    metrics = {(m.view, m.sql.upper()): m.name for m in shop.metrics}
    known = metrics.get((home.name, f"SUM({item.text})".upper()))
    return Name(known) if known else Aggregate("SUM", item)


def _summed_for_each(statement: Statement, home: View, shop: Shop, routes: Routes) -> Statement:
    """A seller's name beside each amount that he owes, as the sum for each: how much each of them owes."""
    if statement.groups or statement.limit is not None or any(_tells_one(p, home) for p in statement.where):
        return statement
    sums = {item: found for item in statement.items if (found := _sum_of(item, home, shop, routes))}
    names = [item for item in statement.items if item not in sums]
    if (
        not sums
        or not names
        or not all(isinstance(n, Name) and _is_elsewhere(n, home, routes) for n in names)
    ):
        return statement
    items = tuple(sums.get(item, item) for item in statement.items)
    order = tuple(replace(o, key=sums.get(o.key, o.key)) for o in statement.order)
    return replace(statement, items=items, order=order, groups=tuple(names))  # type: ignore[arg-type]


def _is_elsewhere(name: Name, home: View, routes: Routes) -> bool:
    """Whether a column is of something that several rows may belong to."""
    if name.text in home.refs:
        return True
    try:
        route = routes.find(home, name)
    except (NoRoute, Fork):
        return False
    return bool(route.hops) and not route.is_many


def _tells_one(part: Condition, home: View) -> bool:
    """Whether a condition tells a single thing: a key, or a text with digits such as an order's number."""
    if not (isinstance(part, Compare) and part.sign == "=" and isinstance(part.left, Name)):
        return False
    has_digits = isinstance(part.right, Text) and re.search(r"\d", part.right.value) is not None
    return part.left.text in (*home.key, *home.refs) or has_digits
