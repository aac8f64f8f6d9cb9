"""Averages and sums of an order's money leave out what revenue leaves out, unless the question says more.

Over a drafted shop ``MEDIAN(total)`` would count cancelled orders, and ``revenue`` beside it does not. The
condition goes into the statement, so that it is told and can be taken away.
"""

from __future__ import annotations

import re
from dataclasses import replace

from sqlglot import exp

from sql.question.linking import Links
from sql.semantics import Metric, Shop
from sql.shop.sold import COUNTS
from sql.shop.trade_words import says
from sql.statement.sentence import (
    Aggregate,
    Among,
    Compare,
    Condition,
    Has,
    Name,
    Node,
    Number,
    Statement,
    Text,
    Top,
)
from sql.types import Dialect

_BOUGHT = re.compile(r"\b(?:sold|sell|selling|bought|buy|purchas\w+)\b|[卖买](?![家方])|购|售出|成交", re.I)
_OF_MONEY = ("SUM", "AVG", "MEDIAN", "PERCENTILE")


def sold_only(statement: Statement, links: Links, shop: Shop, dialect: Dialect) -> Statement:
    """The statement with the condition under which its metric counts a column that it aggregates itself.

    It stays as it is where it has a condition on the same column, or the question names one of its values.
    """
    if not shop.is_drafted:
        return statement
    if _BOUGHT.search(links.question):
        statement = statement.with_parts(lambda part: _of_what_was_sold(part, shop))
    statement = statement.with_parts(lambda part: _ranked_by_sold(part, statement.view, shop, dialect))
    ranked = {id(part) for top in statement.walk() if isinstance(top, Top) for part in top.walk()}
    for node in statement.walk():
        if id(node) in ranked or not _is_of_money(node):
            continue
        for metric in shop.metrics:
            if metric.view.lower() != statement.view.lower():
                continue
            condition = counted_under(metric, node.operand.text, dialect)  # type: ignore[attr-defined]
            if condition is not None and not _is_said(condition, statement, links):
                return replace(statement, where=(*statement.where, condition))
    return statement


def _is_of_money(node: Node) -> bool:
    return isinstance(node, Aggregate) and node.word in _OF_MONEY and isinstance(node.operand, Name)


def _ranked_by_sold(part: Node, view: str, shop: Shop, dialect: Dialect) -> Node:
    """Those that are among the first, by what counts as sold."""
    if not isinstance(part, Top):
        return part.with_parts(lambda each: _ranked_by_sold(each, view, shop, dialect))
    figure, home = part.operand.figure, (part.view or view).lower()
    if not _is_of_money(figure):
        return part
    used = {n.text.lower() for c in part.where for n in c.walk() if isinstance(n, Name)}
    for metric in shop.metrics:
        if metric.view.lower() != home:
            continue
        condition = counted_under(metric, figure.operand.text, dialect)  # type: ignore[union-attr]
        if isinstance(condition, Compare | Among) and str(condition.left).lower() not in used:
            return replace(part, where=(*part.where, condition))
    return part


def _of_what_was_sold(part: Node, shop: Shop) -> Node:
    """Who bought nothing has no line that counts: a cancelled one was not sold."""
    if isinstance(part, Has) and not any(_speaks_of_states(each) for each in part.where):
        view = shop.view(part.view)
        if view is not None and view.column(COUNTS) is not None:
            return replace(part, where=(*part.where, Compare(Name(COUNTS), "=", Number("1"))))
    return part.with_parts(lambda each: _of_what_was_sold(each, shop))


def _speaks_of_states(condition: Condition) -> bool:
    """Whether a condition says itself which lines count: by their state, or by what counts."""
    names = [node.text for node in condition.walk() if isinstance(node, Name)]
    return any(name == COUNTS or says(_STATES, name) for name in names)


_STATES = re.compile(
    r"\b(?:status|state|cancel|cancelled|canceled|paid|refund|refunded|returned)\b|状态|取消|退"
)


_UNSOLD = re.compile(
    r"cancel|void|refund|return|unpaid|pending|await|draft|reject|[取撤]消|退|待付|未付|关闭|作废", re.I
)
"""States that revenue leaves out: who asks for them by another column does not want them left out."""


def counted_under(metric: Metric, column: str, dialect: Dialect) -> Condition | None:
    """``status NOT IN (…)`` of ``SUM(CASE WHEN status IS NULL OR status NOT IN (…) THEN column END)``."""
    tree = metric.tree(dialect)
    if (metric.summed(dialect) or "").lower() != column.lower() or not isinstance(tree.this, exp.Case):
        return None
    (case,) = tree.this.args["ifs"]
    equal = case.this
    if isinstance(equal, exp.EQ) and isinstance(equal.expression, exp.Literal):
        return Compare(Name(equal.this.name), "=", Number(equal.expression.name))
    among = case.this.find(exp.In)
    if among is None or not isinstance(among.parent, exp.Not):
        return None
    values = [each for each in among.expressions if isinstance(each, exp.Literal)]
    told = tuple(Text(each.name) if each.is_string else Number(each.name) for each in values)
    return Among(Name(among.this.name), told, is_not=True) if len(told) == len(among.expressions) else None


def _is_said(condition: Condition, statement: Statement, links: Links) -> bool:
    """Whether the statement has a condition on the column, or the question names one of its values."""
    assert isinstance(condition, Compare | Among) and isinstance(condition.left, Name)
    name = condition.left.text.lower()
    own = [part for part in statement.where if not isinstance(part, Top)]
    used = {node.text.lower() for part in own for node in part.walk() if isinstance(node, Name)}
    is_of_unsold = any(
        _speaks_of_states(part)
        and not (isinstance(part, Compare) and part.sign != "=")
        and not getattr(part, "is_not", False)
        and any(isinstance(n, Text) and _UNSOLD.search(n.value) for n in part.walk())
        for part in own
    )
    return (
        name in used
        or is_of_unsold
        or any(m.kind == "value" and m.name.lower() == name for m in links.mentions)
    )
