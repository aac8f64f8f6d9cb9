"""The last one of several: "when did they last order, and how much was it" is one row, and no maximum.

``MAX(ordered_at), SUM(amount)`` tells the day of the last order beside the amounts of all.
"""

from __future__ import annotations

import re
from dataclasses import replace

from sql.question.linking import Links
from sql.semantics import Shop, View
from sql.statement.routes import Fork, NoRoute, Routes
from sql.statement.sentence import Aggregate, Compare, Name, Order, Statement, Value

_LAST = re.compile(
    r"\b(?:the |their |his |her |our )?(?:last|latest|most recent|newest)"
    r" (?:one|order|purchase|payment|delivery|return|refund|visit)\b"
    r"|(?:最近|最后|上)(?:的)?一(?:次|笔|单|个订单|张)",
    re.I,
)
_OF_ALL = re.compile(
    r"\b(?:each|every|per|by|all|total|altogether|so far|ever|list|customers|clients|members|users)\b"
    r"|每|各|分别|按|一共|总共|合计|累计|总额|哪些",
    re.I,
)
"""Words that ask for something of each, or of all of them."""


def last_one(statement: Statement, links: Links, shop: Shop, routes: Routes) -> Statement:
    """``MAX(time)`` beside sums of the view's own amounts, or groups of its own columns, as the last row.

    It stays where the question asks for something of each, and where anything else is told.
    """
    home = shop.view(statement.view)
    newest = [item for item in statement.items if isinstance(item, Aggregate) and item.word == "MAX"]
    if home is None or len(newest) != 1 or len(statement.items) < 2:
        return statement
    if statement.having or statement.order or statement.limit is not None:
        return statement
    if not _LAST.search(links.question) or _OF_ALL.search(links.question):
        return statement
    is_of_one = any(isinstance(part, Compare) and part.sign == "=" for part in statement.where)
    if statement.groups and not is_of_one:
        return statement
    columns = [_column(item, shop, home) for item in statement.items]
    time = columns[statement.items.index(newest[0])]
    if time is None or None in columns or not _is_time(time, home):
        return statement
    if any(group not in columns or not _is_own(group, home, routes) for group in statement.groups):
        return statement
    items = tuple(column for column in columns if column is not None)
    return replace(statement, items=items, groups=(), order=(Order(time, is_descending=True),), limit=1)


def _column(item: Value, shop: Shop, home: View) -> Name | None:
    """The column that an item is of: itself, or what is added up or taken the largest of."""
    if isinstance(item, Aggregate):
        is_of_one = item.word in ("MAX", "SUM") and isinstance(item.operand, Name)
        return item.operand if is_of_one and isinstance(item.operand, Name) else None
    if not isinstance(item, Name):
        return None
    metric = next((m for m in shop.metrics if m.name == item.text and m.view == home.name), None)
    if metric is None:
        return item
    summed = re.search(r"\bTHEN (\w+) END\)$|^SUM\((\w+)\)$", metric.sql)
    column = next(filter(None, summed.groups()), None) if summed else None
    return Name(column) if column is not None and home.column(column) is not None else None


def _is_time(name: Name, home: View) -> bool:
    column = home.column(name.text)
    return not name.of and column is not None and column.type in ("date", "timestamp")


def _is_own(group: object, home: View, routes: Routes) -> bool:
    """Whether a group is a column of the view, or of what its rows belong to."""
    if not isinstance(group, Name):
        return False
    try:
        return not routes.find(home, group).is_many
    except (NoRoute, Fork):
        return False
