"""Which end of a ranking is asked for: what fell most comes first in ascending growth, the fewest first too.

Only what the words leave no doubt of is put right: words for one end alone, a single key, and that a figure.
"""

from __future__ import annotations

import re
from dataclasses import replace

from sql.question.linking import Links
from sql.semantics import Shop
from sql.statement.sentence import Aggregate, Calc, Name, Order, Shifted, Statement, Value

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


def _is_change(key: Value) -> bool:
    """Growth, or a figure less the one before."""
    if isinstance(key, Calc):
        return key.sign == "-" and isinstance(key.right, Shifted) and key.right.word == "BEFORE"
    return isinstance(key, Shifted) and key.word == "GROWTH"


def _is_figure(key: Value, shop: Shop) -> bool:
    if isinstance(key, Name):
        return any(metric.name.lower() == key.text.lower() for metric in shop.metrics)
    return isinstance(key, Aggregate) and key.word in ("SUM", "COUNT", "AVG")
