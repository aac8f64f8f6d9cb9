"""Which end of a ranking is asked for: what fell most comes first in ascending growth, the fewest first too.
And which place: the second best is not the best.

Only what the words leave no doubt of is put right: words for one end alone, a single key, and that a figure.
"""

from __future__ import annotations

import re
from collections.abc import Set
from dataclasses import replace

from sql.question.linking import Links
from sql.semantics import Shop
from sql.statement.sentence import (
    Aggregate,
    Calc,
    Compare,
    Name,
    Number,
    Order,
    Rank,
    Shifted,
    Statement,
    Value,
)

_MOST = re.compile(
    r"\b(?:highest|most|largest|biggest|greatest|top|strongest|hardest|sharpest|worst)\b|最[多大高强猛厉快]|前[\d一二三四五六七八九十]",
    re.I,
)
_LEAST = re.compile(
    r"(?<!at )(?<!not )\b(?:lowest|fewest|smallest|least|bottom)\b(?! (?:one|two|three|\d))"
    r"|最[少低小](?!起)|倒数|垫底",
    re.I,
)
_FELL = re.compile(
    r"\b(?:fell|fall(?:en|ing|s)?|dropp?(?:ed|ing|s)?|declin\w+|decreas\w+|shr[aiu]nk\w*|slump\w*|plung\w*)\b"
    r"|下降|下跌|跌幅|跌得|下滑|减少|降幅|萎缩",
    re.I,
)
_ROSE = re.compile(
    r"\b(?:grew|grow\w*|rose|ris(?:e|es|en|ing)|increas\w+|gain\w*)\b|增长|上升|上涨|增加|涨|增幅", re.I
)


_PLACES = {
    **dict(zip(["second", "third", "fourth", "fifth"], range(2, 6), strict=True)),
    **dict(zip(["2nd", "3rd", "4th", "5th"], range(2, 6), strict=True)),
    **dict(zip("二三四五", range(2, 6), strict=True)),
}
_NTH = re.compile(
    r"\b(second|third|fourth|fifth|2nd|3rd|4th|5th)[\s-]+"
    r"(?:most|best|highest|largest|biggest|busiest|greatest|strongest)\b"
    r"|(?:排名?)?第([二三四五])(?:多|高|大|好|畅销|名)",
    re.I,
)


def in_its_place(statement: Statement, links: Links, shop: Shop) -> Statement:
    """The statement with the second of a ranking, where the first was written and the second is asked for."""
    match = _NTH.search(links.question)
    if match is None or statement.limit != 1 or len(statement.order) != 1 or not statement.groups:
        return statement
    (order,) = statement.order
    if statement.limit_per or not order.is_descending or not _is_figure(order.key, shop):
        return statement
    place = Number(str(_PLACES[(match[1] or match[2]).lower()]))
    having = (*statement.having, Compare(Rank(order.key), "=", place))
    return replace(statement, having=having, order=(), limit=None)


def another_place(statement: Statement, question: str) -> str | None:
    """What is wrong with the first of a list where the second is asked for."""
    match = _NTH.search(question)
    is_first = statement.limit == 1 and not any(isinstance(node, Rank) for node in statement.walk())
    return f"the question asks for the {match[0]}, not the first" if match and is_first else None


def sorted_as_said(statement: Statement, links: Links, shop: Shop) -> Statement:
    """The statement with its one key the way round that the question's words say."""
    if len(statement.order) != 1 or statement.limit is None:
        return statement
    (order,) = statement.order
    asked = links.question
    most, least = bool(_MOST.search(asked)), bool(_LEAST.search(asked))
    fell, rose = bool(_FELL.search(asked)), bool(_ROSE.search(asked))
    if most == least:
        return statement
    if _is_change(order.key):
        is_descending = None if fell == rose else rose == most
    elif fell or rose or most or not _is_figure(order.key, shop):
        is_descending = None
    else:
        is_descending = False
    if is_descending is None or is_descending == order.is_descending:
        return statement
    return replace(statement, order=(Order(order.key, is_descending),))


_FIRST = re.compile(
    r"\b(?:largest|biggest|highest|newest|latest|oldest|earliest|cheapest|dearest|lowest|smallest|worst|best|longest"
    r"|most(?: \w+)?)(?: \w+)? (?:first|on top|at the top)(?=\s*(?:$|[,.;:!?)]|and\b|please\b|pls\b))"
    r"|从[大高多新][到往至][小低少旧老]|从[小低少旧老][到往至][大高多新]",
    re.I,
)


_ONE = re.compile(r"\b(?:which|who|whose|couple|handful|few)\b|哪|谁|最|冠军|第一", re.I)
"""Words that ask for one or some of them."""


def all_in_order(
    statement: Statement, before: Statement | None, said: Set[float], question: str
) -> Statement:
    """The statement with all of its rows, where "largest first" is how they are sorted and not how many."""
    limit = statement.limit
    if limit is None or statement.limit_per or not _FIRST.search(question) or limit in said:
        return statement
    if _ONE.search(question):
        return statement
    if before is not None and before.limit is not None:
        return statement
    return replace(statement, limit=None)


def _is_change(key: Value) -> bool:
    """Growth, or a figure less the one before."""
    if isinstance(key, Calc):
        return key.sign == "-" and isinstance(key.right, Shifted) and key.right.word == "BEFORE"
    return isinstance(key, Shifted) and key.word == "GROWTH"


def _is_figure(key: Value, shop: Shop) -> bool:
    if isinstance(key, Name):
        return any(metric.name.lower() == key.text.lower() for metric in shop.metrics)
    return isinstance(key, Aggregate) and key.word in ("SUM", "COUNT", "AVG")
