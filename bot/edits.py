"""Follow-ups that change the statement before: "as a percentage", "sort ascending"; no model is asked."""

from __future__ import annotations

import re
from dataclasses import replace

from sqlglot import exp

from sql.semantics import Metric, Shop
from sql.statement.sentence import Aggregate, Grain, Name, Order, Share, Shifted, Statement, Value
from sql.types import Dialect

_LEAD = r"^\W*(?:(?:and|ok(?:ay)?|now|please|but|can you|could you)\W+)*"
_SHOW = r"(?:(?:show|give|put|make|express|sort|order|me|it|this|that|them|the|result|rows?|values?)\s+)*"
_PERCENT = re.compile(
    rf"{_LEAD}{_SHOW}(?:as|in)\s+(?:an?\s+)?(?:percent(?:ages?)?|per\s?cent|%|shares?)(?:\s+of\s+(?:the\s+)?(?:total|whole))?"
    r"(?:[\s,]+(?:instead|please))*\W*$"
    r"|^\W*(?:请|那)?(?:换成?|改成?|按|用|以)(?:百分比|百分数|占比|比例)(?:来)?(?:显示|表示|展示)?(?:呢|吧)?\W*$",
    re.I,
)
_UP = re.compile(
    rf"{_LEAD}{_SHOW}(?:in\s+)?(?:ascending(?:ly)?(?:\s+order)?|(?:with\s+)?(?:the\s+)?(?:lowest|smallest|fewest|least)\s+first)\W*$"
    r"|^\W*(?:请)?(?:按|用)?(?:升序|从小到大|从低到高|从少到多)(?:排序|排列|排)?(?:吧|呢)?\W*$",
    re.I,
)
_DOWN = re.compile(
    rf"{_LEAD}{_SHOW}(?:in\s+)?(?:descending(?:ly)?(?:\s+order)?|(?:with\s+)?(?:the\s+)?(?:highest|largest|biggest|most)\s+first)\W*$"
    r"|^\W*(?:请)?(?:按|用)?(?:降序|从大到小|从高到低|从多到少)(?:排序|排列|排)?(?:吧|呢)?\W*$",
    re.I,
)


def edited(message: str, statement: Statement, shop: Shop, dialect: Dialect) -> Statement | None:
    """The statement as the whole message says; ``None`` where that is something else, or no rule knows it."""
    if _PERCENT.match(message):
        return _as_percentage(statement, shop, dialect)
    if statement.limit is None and statement.groups and (_UP.match(message) or _DOWN.match(message)):
        figures = [item for item in statement.items if _is_figure(item, shop)]
        if len(figures) == 1:
            return replace(statement, order=(Order(figures[0], bool(_DOWN.match(message))),))
    return None


def _as_percentage(statement: Statement, shop: Shop, dialect: Dialect) -> Statement | None:
    """Growth for a figure beside the one before; shares of the whole for one figure of each group."""
    for item in statement.items:
        if isinstance(item, Shifted) and item.word == "BEFORE" and item.figure in statement.items:
            kept = tuple(each for each in statement.items if each not in (item, item.figure))
            return replace(statement, items=(*kept, Shifted("GROWTH", item.figure, item.step)))
    figures = [item for item in statement.items if _is_figure(item, shop)]
    is_over_time = any(isinstance(group, Grain) for group in statement.groups)
    if len(figures) != 1 or not statement.groups or is_over_time or not _adds_up(figures[0], shop, dialect):
        return None
    (figure,) = figures
    share = Share(figure)
    return replace(
        statement,
        items=tuple(share if item == figure else item for item in statement.items),
        order=tuple(replace(order, key=share) if order.key == figure else order for order in statement.order),
    )


def _metric(item: Value, shop: Shop) -> Metric | None:
    if not isinstance(item, Name):
        return None
    return next((metric for metric in shop.metrics if metric.name.lower() == item.text.lower()), None)


def _is_figure(item: Value, shop: Shop) -> bool:
    return isinstance(item, Aggregate | Shifted | Share) or _metric(item, shop) is not None


def _adds_up(figure: Value, shop: Shop, dialect: Dialect) -> bool:
    """Whether its parts make up a whole: sums and counts do, averages and levels do not."""
    metric = _metric(figure, shop)
    if metric is not None:
        is_plain = not metric.is_composed and metric.last is None
        return is_plain and isinstance(metric.tree(dialect), exp.Sum | exp.Count)
    return isinstance(figure, Aggregate) and figure.word in ("SUM", "COUNT")
