"""The questions that reports ask of a shop, as SQL over its views, in the shop's own dialect.

Names come from shop.yml and values only as literals that sqlglot prints; every statement still passes the
guard. Times are compared with ISO text, which every supported database reads.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from sqlglot import exp

from jobs.report.months import shift
from sql.semantics import Metric, View
from sql.types import Dialect

ROWS = Metric(name="rows", view="", sql="COUNT(*)")
"""What is counted in a view without metrics."""


def column(name: str) -> exp.Column:
    """A quoted column, so that a name may be any word."""
    return exp.column(exp.to_identifier(name, quoted=True))


def expression(metric: Metric, dialect: Dialect) -> exp.Expr:
    """The metric's aggregate as a tree."""
    return metric.tree(dialect)


def is_amount(metric: Metric, dialect: Dialect) -> bool:
    """Whether it grows with the business, so that a change is best told as a percentage."""
    tree = expression(metric, dialect).unnest()
    return isinstance(tree, exp.Sum | exp.Count)


def _counts_rows(metric: Metric, dialect: Dialect) -> bool:
    tree = expression(metric, dialect).unnest()
    return isinstance(tree, exp.Count) and isinstance(tree.this, exp.Star)


def in_months(time: str, start: dt.date, end: dt.date) -> exp.Expr:
    """Condition: not before ``start``, before ``end``."""
    return exp.and_(
        exp.GTE(this=column(time), expression=exp.Literal.string(start.isoformat())),
        exp.LT(this=column(time), expression=exp.Literal.string(end.isoformat())),
    )


def by_month(view: View, metrics: Sequence[Metric], last: dt.date, months: int, dialect: Dialect) -> str:
    """Metrics per month, ``months`` of them up to and with ``last``; months without rows are absent."""
    assert view.time is not None
    case = exp.Case()
    for back in range(months):
        month = shift(last, -back)
        condition = exp.GTE(this=column(view.time), expression=exp.Literal.string(month.isoformat()))
        case = case.when(condition, exp.Literal.string(month.strftime("%Y-%m")))
    query = (
        exp.select(exp.alias_(case, "month", quoted=True), *_selected(metrics, dialect))
        .from_(exp.to_identifier(view.name, quoted=True))
        .where(in_months(view.time, shift(last, 1 - months), shift(last, 1)))
        .group_by(exp.Literal.number(1))
        .order_by(exp.Literal.number(1))
    )
    return query.sql(dialect=dialect)


def by_group(
    view: View,
    group: str,
    metrics: Sequence[Metric],
    month: dt.date,
    limit: int,
    dialect: Dialect,
    *,
    largest: bool,
) -> str:
    """Metrics per value of ``group`` in one month, with the first metric of the month before beside it.

    Args:
        largest: order by the number of rows rather than by the first metric, for metrics of which more is not
            simply better, such as an average rating; the number is then a column of its own.
    """
    assert view.time is not None
    first, shown, order = metrics[0], list(metrics), metrics[0]
    if largest:
        counts = [metric for metric in metrics if _counts_rows(metric, dialect)]
        order = counts[0] if counts else ROWS
        shown += [] if counts else [ROWS]
    this_month = (
        exp.select(exp.alias_(column(group), group, quoted=True), *_selected(shown, dialect))
        .from_(exp.to_identifier(view.name, quoted=True))
        .where(in_months(view.time, month, shift(month, 1)))
        .group_by(exp.Literal.number(1))
    )
    month_before = (
        exp.select(exp.alias_(column(group), group, quoted=True), *_selected([first], dialect))
        .from_(exp.to_identifier(view.name, quoted=True))
        .where(in_months(view.time, shift(month, -1), month))
        .group_by(exp.Literal.number(1))
    )
    now, before = exp.to_identifier("this_month"), exp.to_identifier("month_before")

    def of(table: exp.Identifier, name: str) -> exp.Column:
        return exp.column(exp.to_identifier(name, quoted=True), table=table.copy())

    ordered = of(now, order.name)
    query = (
        exp.select(
            of(now, group),
            *(of(now, metric.name) for metric in shown),
            exp.alias_(of(before, first.name), before_name(first), quoted=True),
        )
        .from_(exp.to_table("this_month"))
        .join(
            exp.to_table("month_before"),
            on=exp.NullSafeEQ(this=of(now, group), expression=of(before, group)),
            join_type="left",
        )
        .order_by(exp.Ordered(this=ordered, desc=True, nulls_first=False), of(now, group))
        .limit(limit)
        .with_("this_month", as_=this_month)
        .with_("month_before", as_=month_before)
    )
    return query.sql(dialect=dialect)


def before_name(metric: Metric) -> str:
    """Name of the column with the month before."""
    return f"{metric.name}_month_before"


def _selected(metrics: Sequence[Metric], dialect: Dialect) -> list[exp.Expr]:
    return [exp.alias_(expression(metric, dialect), metric.name, quoted=True) for metric in metrics]
