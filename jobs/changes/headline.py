"""Which figures a period is summed up by: those that the shop's description binds, else those so called."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from sqlglot import exp

from bot.job import Tools
from jobs.why.summands import Figure, words_of
from sql.semantics import Metric

MOST_HEADS = 4
_CALLED = (
    re.compile(r"(?i)\b(?:revenue|sales|turnover)\b|销售额|营收|营业额"),
    re.compile(r"(?i)\b(?:orders|number of orders|invoices)\b|订单数|订单量"),
    re.compile(r"(?i)\b(?:units|units sold|quantity)\b|销量|件数"),
    re.compile(r"(?i)\b(?:customers|buyers)\b|客户数|顾客数|买家数"),
    re.compile(r"(?i)\b(?:average order|average order value|aov|basket)\b|客单价"),
)
"""Revenue, orders, units, customers and the value of an order."""


def headline(figures: Sequence[Figure], tools: Tools) -> tuple[Figure, ...]:
    """At most four, the most telling first; the shop's first figures where none is bound or so called.

    Only figures of the view with the revenue are taken, so that rows of a lookup table are never counted.
    """
    known, bindings = tools.vocabulary, tools.workspace.shop.bindings
    dialect = tools.workspace.catalog.dialect
    money, pieces = ({m.name for m in metrics} for metrics in (known.money, known.pieces))
    amount = bindings.get("amount", "").rpartition(".")[2].lower()

    def counts(part: str) -> Callable[[Figure], bool]:
        column = bindings.get(part, "").rpartition(".")[2].lower()

        def is_it(figure: Figure) -> bool:
            if figure.metric.is_composed or not column:
                return False
            tree = figure.metric.tree(dialect).unnest()
            of = tree.this if isinstance(tree, exp.Count) else None
            is_distinct = isinstance(of, exp.Distinct)
            return is_distinct and [c.name.lower() for c in tree.find_all(exp.Column)] == [column]

        return is_it

    def is_order_value(figure: Figure) -> bool:
        is_money = bool(known.money) and figure.metric.unit == known.money[0].unit
        return figure.is_rate and is_money and bool(amount) and amount in words_of(figure.metric, tools)

    bound: tuple[Callable[[Figure], bool], ...] = (
        lambda figure: figure.metric.name in money,
        counts("order"),
        lambda figure: figure.metric.name in pieces,
        counts("customer"),
        is_order_value,
    )
    home = next((f.metric.view for f in figures if f.metric.name in money), None)
    home = home or next((f.metric.view for f in figures if _is_called(f, _CALLED[0])), None)
    found: list[Figure] = []
    for is_it, called in zip(bound, _CALLED, strict=True):
        here = [f for f in figures if f.metric.view == home and f not in found]
        chosen = next(filter(is_it, here), None) or next((f for f in here if _is_called(f, called)), None)
        found += [chosen] if chosen is not None else []
    return tuple(found or figures)[:MOST_HEADS]


def _is_called(figure: Figure, called: re.Pattern[str]) -> bool:
    return _names(figure.metric, called)


def _names(metric: Metric, called: re.Pattern[str]) -> bool:
    return any(called.fullmatch(name) for name in (metric.name.replace("_", " "), *metric.synonyms))


def is_called_revenue(metric: Metric) -> bool:
    """Whether a metric goes by a word for revenue."""
    return _names(metric, _CALLED[0])


def is_called_units(metric: Metric) -> bool:
    """Whether a metric goes by a word for units sold."""
    return _names(metric, _CALLED[2])
