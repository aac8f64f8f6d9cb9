"""Follow-ups that change the statement before: "as a percentage", "sort ascending"; no model is asked."""

from __future__ import annotations

import re
from dataclasses import replace

from sqlglot import exp

from sql.semantics import Metric, Shop, View
from sql.statement.sentence import (
    Aggregate,
    Grain,
    Name,
    Order,
    Per,
    Share,
    Shifted,
    Statement,
    Value,
)
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
_SORRY = r"(?:(?:sorry|oops|no|not the \w+|actually|rather|i|we|mean|meant|want(?:ed)?|use|take|but)\W+)*"
_OTHER_FIGURE = re.compile(
    rf"{_LEAD}{_SORRY}{_SHOW}(?:by\s+)?(?:an?\s+)?(median|average|mean|maximum|minimum|total|sum)(?:\s+value)?"
    r"(?:[\s,]+(?:instead|please|not\s+the\s+\w+|rather))*\W*$"
    r"|^\W*(?:不好意思|抱歉|不对|不是|我(?:是说|说的是|要的是|想看)|应该是|请|那|换成?|改成?|用|看|[，, ])*"
    r"(中位数|平均值|平均数|平均|最大值|最小值|总和|合计)(?:呢|吧|吗)?\W*$",
    re.I,
)
_AGGREGATES = {
    "median": "MEDIAN", "average": "AVG", "mean": "AVG", "maximum": "MAX", "minimum": "MIN", "total": "SUM",
    "sum": "SUM", "中位数": "MEDIAN", "平均值": "AVG", "平均数": "AVG", "平均": "AVG", "最大值": "MAX",
    "最小值": "MIN", "总和": "SUM", "合计": "SUM",
}  # fmt: skip


def edited(message: str, statement: Statement, shop: Shop, dialect: Dialect) -> Statement | None:
    """The statement as the whole message says; ``None`` where that is something else, or no rule knows it."""
    if _PERCENT.match(message):
        return _as_percentage(statement, shop, dialect)
    if other := _OTHER_FIGURE.match(message):
        return _aggregated(statement, _AGGREGATES[(other[1] or other[2]).lower()], shop, dialect)
    if statement.limit is None and statement.groups and (_UP.match(message) or _DOWN.match(message)):
        figures = [item for item in statement.items if _is_figure(item, shop)]
        if len(figures) == 1:
            return replace(statement, order=(Order(figures[0], bool(_DOWN.match(message))),))
    return None


def _aggregated(statement: Statement, word: str, shop: Shop, dialect: Dialect) -> Statement | None:
    """The median, say, of what was averaged: of a column's values, or of what each order brought in."""
    figures = [item for item in statement.items if _is_figure(item, shop)]
    if len(figures) != 1:
        return None
    (old,) = figures
    if isinstance(old, Aggregate) and old.operand is not None and old.word != "COUNT" and old.word != word:
        new = Aggregate(word, old.operand)
    elif word not in ("AVG", "SUM") and (each := _averaged(old, shop, dialect)) is not None:
        new = Aggregate(word, each)
    else:
        return None
    order = tuple(replace(o, key=new) if o.key == old else o for o in statement.order)
    items = tuple(new if item == old else item for item in statement.items)
    return replace(statement, items=items, order=order)


def _averaged(figure: Value, shop: Shop, dialect: Dialect) -> Per | None:
    """What a metric is the average of: another metric, divided by how many orders, say, there are."""
    metric = _metric(figure, shop)
    whole = metric.tree(dialect) if metric is not None and not metric.is_composed else None
    if metric is None or not isinstance(whole, exp.Div):
        return None
    divided, counted = whole.this, whole.expression
    if isinstance(divided, exp.Mul) and isinstance(divided.expression, exp.Literal):
        divided = divided.this  # times 1.0, so that whole numbers are not divided as such
    others = (m for m in shop.metrics if m.view == metric.view and not m.is_composed)
    summed = next((m for m in others if m.tree(dialect) == divided), None)
    view = shop.view(metric.view)
    if summed is None or view is None:
        return None
    key = _counted_by(counted, view)
    return Per(Name(summed.name), Name(key)) if key else None


def _counted_by(counted: exp.Expr, view: View) -> str:
    """The column whose different values are counted; the key, where rows are; empty for anything else."""
    branches = [branch.args["true"] for branch in counted.find_all(exp.If)]
    if counted.find(exp.Distinct) is not None:
        values = branches or [*counted.find_all(exp.Column)]
        return values[0].name if isinstance(values[0], exp.Column) else ""
    are_ones = bool(branches) and all(value == exp.Literal.number(1) for value in branches)
    is_of_rows = isinstance(counted, exp.Count) or are_ones
    return view.key[0] if is_of_rows and len(view.key) == 1 else ""


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
