"""As what a metric is taken apart: a sum or a count, or one of these over another. Nothing else adds up.

A level (stock on a day), a median and whatever else is no sum and no quotient of sums is left to others.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlglot import exp

from bot.job import Tools
from jobs.series import is_sum
from sql.errors import WrongStatement
from sql.semantics import Metric
from sql.statement.parse import parse
from sql.statement.sentence import Aggregate, Calc, Condition, Empty, Name, Number, Value

_ROWS = Aggregate("COUNT", None)


@dataclass(frozen=True, kw_only=True)
class Term:
    """What is added up."""

    view: str
    value: Value
    squares: Value | None = None
    """The sum of the squares of what is added up, which tells how far chance moves the sum."""
    is_count: bool = False
    """Whether rows or different values are counted, so that the squares are the count itself."""
    may_overlap: bool = False
    """Whether parts may add up to more than the whole: an order with goods of two categories."""
    where: tuple[Condition, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A metric and its terms."""

    metric: Metric
    above: Term
    below: Term | None = None
    """What stands below the line; ``None`` for what adds up itself."""
    is_mean: bool = False
    """Whether ``above`` is read as the rate itself, which ``below`` is multiplied with again."""

    @property
    def terms(self) -> tuple[Term, ...]:
        """One or two."""
        return (self.above,) if self.below is None else (self.above, self.below)

    @property
    def is_rate(self) -> bool:
        """Whether it is one sum over another."""
        return self.below is not None

    @property
    def views(self) -> tuple[str, ...]:
        """The views that it is read of."""
        return tuple(dict.fromkeys(term.view for term in self.terms))


def figure_of(metric: Metric, tools: Tools) -> Figure | None:
    """How ``metric`` is taken apart; ``None`` where it cannot be, or does not stand in time.

    Who sees large groups only may not ask for sums of squares.
    """
    figure = _figure_of(metric, tools)
    if figure is None or tools.workspace.role.minimum_group is None:
        return figure
    below = replace(figure.below, squares=None) if figure.below is not None else None
    return replace(figure, above=replace(figure.above, squares=None), below=below)


def _figure_of(metric: Metric, tools: Tools) -> Figure | None:
    if metric.is_composed:
        return _composed(metric, tools)
    if metric.last is not None or clock_of(metric, tools) is None:
        return None
    tree = metric.tree(tools.workspace.catalog.dialect).unnest()
    if is_sum(tree):
        return Figure(metric=metric, above=_term_of(metric, tree))
    if metric.time is not None:  # its rows are counted by another clock
        return None
    if isinstance(tree, exp.Avg):
        return _mean(metric, tree.this.unnest())
    if isinstance(tree, exp.Div):
        above, below = (_written(metric.view, side) for side in (tree.left, tree.right))
        if above is not None and below is not None:
            return Figure(metric=metric, above=above, below=below)
    return None


def clock_of(metric: Metric, tools: Tools) -> Name | None:
    """The column that places a metric's rows in time: its own, its view's, or that of a view referred to."""
    view = tools.vocabulary.view(metric.view)
    if view is None:
        return None
    own = metric.time or view.time
    if own is not None:
        return Name(own) if view.column(own) is not None else None
    targets = (tools.vocabulary.view(name) for name in view.refs.values())
    timed = next((v for v in targets if v is not None and v.time is not None and v.column(v.time)), None)
    return Name(timed.time, timed.name) if timed is not None and timed.time is not None else None


def words_of(metric: Metric, tools: Tools) -> frozenset[str]:
    """Columns that the metric is made of: split by one of them it would only explain itself."""
    if metric.is_composed:
        return frozenset()
    columns = metric.tree(tools.workspace.catalog.dialect).find_all(exp.Column)
    return frozenset(column.name.lower() for column in columns)


def squares_of(column: str) -> Value:
    """The sum of a column's squares; with a fraction, for whole numbers may be too large for one."""
    return Aggregate("SUM", Calc("*", Calc("*", Number("1.0"), Name(column)), Name(column)))


def _term_of(metric: Metric, tree: exp.Expr) -> Term:
    """A metric that adds up, by its name; squares only where they are kept by the same clock."""
    own = _written(metric.view, tree)
    if own is None:
        return Term(view=metric.view, value=Name(metric.name))
    squares = own.squares if metric.time is None else None
    return replace(own, value=Name(metric.name), squares=squares)


def _written(view: str, tree: exp.Expr) -> Term | None:
    """A plain sum or count in the question language; ``None`` for anything more."""
    tree = tree.unnest()
    inner = tree.this.unnest() if isinstance(tree, exp.Sum | exp.Count) and tree.this is not None else None
    if isinstance(tree, exp.Sum) and isinstance(inner, exp.Column):
        return Term(view=view, value=Aggregate("SUM", Name(inner.name)), squares=squares_of(inner.name))
    if isinstance(tree, exp.Count) and isinstance(inner, exp.Star):
        return Term(view=view, value=_ROWS, is_count=True)
    if isinstance(inner, exp.Distinct) and len(inner.expressions) == 1:
        of = inner.expressions[0].unnest()
        if isinstance(of, exp.Column):
            value = Aggregate("COUNT", Name(of.name))
            return Term(view=view, value=value, is_count=True, may_overlap=True)
    return None


def _mean(metric: Metric, of: exp.Expr) -> Figure | None:
    """The mean of a column, or the share of rows for which something holds."""
    own = Term(view=metric.view, value=Name(metric.name))
    rows = Term(view=metric.view, value=_ROWS, is_count=True)
    if isinstance(of, exp.Column):
        known = (Empty(Name(of.name), is_not=True),)
        above = replace(own, squares=squares_of(of.name), where=known)
        return Figure(metric=metric, above=above, below=replace(rows, where=known), is_mean=True)
    if isinstance(of, exp.Case) and of.args.get("default") is not None:
        above = replace(own, is_count=metric.unit == "%")
        return Figure(metric=metric, above=above, below=rows, is_mean=True)
    return None


def _composed(metric: Metric, tools: Tools) -> Figure | None:
    """Two metrics that add up, with a sign between them."""
    try:
        made = parse(f"SELECT {metric.sql} FROM x").items[0]
    except WrongStatement:
        return None
    if not isinstance(made, Calc):
        return None
    left, right = (_summed(side, tools) for side in (made.left, made.right))
    if left is None or right is None or made.sign == "*":
        return None
    if made.sign == "/":
        return Figure(metric=metric, above=left, below=right)
    return Figure(metric=metric, above=Term(view=left.view, value=Name(metric.name), may_overlap=True))


def _summed(node: Value, tools: Tools) -> Term | None:
    metric = tools.vocabulary.metric(node.text) if isinstance(node, Name) else None
    figure = figure_of(metric, tools) if metric is not None and not metric.is_composed else None
    return figure.above if figure is not None and not figure.is_rate else None
