"""Leaves: one figure each, over its own rows, at the grain of the answer.

A leaf never joins another figure's rows. Where a dimension lies behind a to-many link, each row of the home
is counted once in each group (``SELECT DISTINCT`` with the home's key, then the aggregate). Medians and
percentiles are interpolated with weights, the same arithmetic on all four databases.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from sql import times
from sql.errors import WrongStatement
from sql.semantics import Metric, View
from sql.statement.conditions import row_condition
from sql.statement.scope import Scope, named
from sql.statement.sentence import (
    Aggregate,
    Bucket,
    Condition,
    Dim,
    Grain,
    Name,
    Pairs,
    Per,
    Since,
    Unit,
    Value,
)
from sql.statement.spans import Shift, Span
from sql.statement.work import Frame, Work, both, names_in, subquery

_AGGREGATES: dict[str, type[exp.AggFunc]] = {
    "SUM": exp.Sum,
    "AVG": exp.Avg,
    "MIN": exp.Min,
    "MAX": exp.Max,
}
_ADDITIVE = (exp.Sum, exp.Count)


@dataclass(frozen=True)
class Measure:
    """What a leaf adds up: a metric of the shop, or an aggregate of the statement's own."""

    figure: Value
    home: View
    metric: Metric | None = None
    is_zero: bool = False
    """An empty cell of it is 0; else it is empty."""
    is_additive: bool = False
    """The parts add up to the whole."""

    @property
    def is_quantile(self) -> bool:
        """Whether it is a median or a percentile."""
        return isinstance(self.figure, Aggregate) and self.figure.word in ("MEDIAN", "PERCENTILE")

    @property
    def of_entity(self) -> Per | None:
        """The inner figure, of an aggregate of ``m PER entity``."""
        inner = self.figure.operand if isinstance(self.figure, Aggregate) else None
        return inner if isinstance(inner, Per) else None

    @property
    def is_plain(self) -> bool:
        """Whether it may share a leaf with others."""
        return not self.is_quantile and self.of_entity is None


@dataclass(frozen=True)
class Window:
    """The stretch of time that a leaf is worked out over anew for each unit that is shown."""

    calendar: str
    back: int = 0
    """Units before the shown one; for a running figure the period's or the reset's start instead."""
    reset: Unit | None = None
    is_running: bool = False


@dataclass
class Leaf:
    """A table of figures of one home, one period and one set of conditions."""

    name: str
    home: View
    metric: Metric | None
    """For its clock and its last day."""
    frame: Frame
    """Dimensions, all conditions, and its own (moved) period."""
    shift: Shift = field(default_factory=Shift)
    window: Window | None = None
    until: dt.date | None = None
    """With a calendar and no end of the period: what is later, or has no time, stands in no unit."""
    measures: list[Measure] = field(default_factory=list)

    def value_name(self, place: int) -> str:
        """What the leaf calls the value of a measure."""
        figure = self.measures[place].figure
        return f"{figure.text.lower()}_value" if isinstance(figure, Name) else f"value_{place + 1}"


def metric_measure(work: Work, metric: Metric) -> Measure:
    """A metric of the shop that has a home."""
    home = work.view(metric.view, metric.name)
    tree = metric_tree(work, metric)
    is_count = isinstance(tree, exp.Count)
    is_sum = is_additive(tree)
    level = metric.last is not None
    return Measure(Name(metric.name), home, metric, (is_sum or is_count) and not level, is_sum)


def is_additive(tree: exp.Expr) -> bool:
    """Whether a metric's parts add up: a sum, a count, and sums of such."""
    if isinstance(tree, exp.Paren | exp.Coalesce):
        return is_additive(tree.this)
    if isinstance(tree, exp.Add | exp.Sub):
        return is_additive(tree.left) and is_additive(tree.right)
    if isinstance(tree, exp.Mul | exp.Div) and isinstance(tree.right, exp.Literal):
        return is_additive(tree.left)
    return isinstance(tree, _ADDITIVE) and not isinstance(tree.this, exp.Distinct)


def metric_tree(work: Work, metric: Metric) -> exp.Expr:
    """The metric's expression in the database's dialect."""
    try:
        tree: exp.Expr = sqlglot.parse_one(metric.sql, read=work.dialect, into=exp.Condition)
    except SqlglotError:
        work.fail(metric.name, f"the metric {metric.name} cannot be read as an expression; see shop.yml")
    return tree


# ---- building -------------------------------------------------------------------------------------------


def build_leaf(work: Work, leaf: Leaf, dims: list[tuple[Dim, str]]) -> exp.Select:
    """The leaf as a query: its dimensions by name, then its values.

    Args:
        dims: the frame's dimensions with the names that they have in the leaf.
    """
    if any(isinstance(dim, Pairs) for dim, _ in dims):
        return _pairs(work, leaf, dims)
    measure = leaf.measures[0] if leaf.measures else None
    if measure is not None and measure.of_entity is not None:
        rows = _entity_rows(work, leaf, measure.of_entity, dims)
        if measure.is_quantile:
            return _quantile(work, leaf, rows, dims)
        value = _aggregated(measure.figure, work.column("value", "base"))  # type: ignore[arg-type]
        return _grouped(work, rows, dims, [(leaf.value_name(0), value)])
    scope = Scope(work, leaf.home, leaf.frame, metric=leaf.metric)
    groups = [(name, _dim(work, leaf, scope, dim)) for dim, name in dims]
    conditions = _conditions(work, leaf, scope)
    parts: list[tuple[str, exp.Expr]] = []
    values = [_measured(work, scope, m, parts) for m in leaf.measures]
    if measure is not None and measure.is_quantile:
        return _quantile(work, leaf, _rows(work, leaf, scope, groups, parts, conditions), dims)
    if scope.is_many:
        work.assume("overlap", leaf.home.name)
    is_computed = work.dialect == "mysql" and any(isinstance(d, Since | Bucket) for d, _ in dims)
    if scope.is_many or is_computed:  # MariaDB does not find a computed group again in what is selected
        rows = _rows(work, leaf, scope, groups, parts, conditions)
        outer = [value([work.column(name, "base") for name, _ in parts]) for value in values]
        named_values = [(leaf.value_name(i), v) for i, v in enumerate(outer)]
        return _grouped(work, rows, dims, named_values)
    inner = [value([part for _, part in parts]) for value in values]
    made = scope.select([*groups, *((leaf.value_name(i), v) for i, v in enumerate(inner))], conditions)
    if not scope.joins and not _sees_outside(conditions):
        _unqualify(made, scope.alias)
    return made.group_by(*(item.unalias().copy() for item in made.expressions[: len(groups)]), copy=False)


def _sees_outside(conditions: list[exp.Expr]) -> bool:
    """Whether a subquery in a condition names columns of the scope."""
    return any(c.find(exp.Exists) or _is_scalar(c) for c in conditions)


def _is_scalar(condition: exp.Expr) -> bool:
    return any(not isinstance(s.parent, exp.In) for s in condition.find_all(exp.Subquery))


def _unqualify(made: exp.Select, alias: str) -> None:
    """Leave the table's name away where there is one table only."""
    for column in list(made.find_all(exp.Column)):
        if column.table == alias and column.find_ancestor(exp.Select) is made:
            column.set("table", None)


def _dim(work: Work, leaf: Leaf, scope: Scope, dim: Dim) -> exp.Expr:
    if leaf.window is not None and isinstance(dim, Grain) and dim.unit == leaf.frame.unit and not dim.column:
        _join_calendar(work, leaf, scope, leaf.window)
        return work.column("t", leaf.window.calendar)
    return scope.dim(dim)


def _join_calendar(work: Work, leaf: Leaf, scope: Scope, window: Window) -> None:
    """Join each unit that is shown with the rows of its stretch."""
    unit = leaf.frame.unit
    assert unit is not None
    shown = work.column("t", window.calendar)
    clock = scope.clock()
    t = work.moved(shown, leaf.shift, unit)
    on: list[exp.Expr] = [exp.LT(this=clock, expression=work.later(t, unit))]
    if not window.is_running:
        on.append(exp.GTE(this=clock.copy(), expression=work.later(t, unit, -window.back)))
    elif window.reset is not None:
        on.append(
            exp.GTE(
                this=clock.copy(),
                expression=work.moved(work.starts(shown, window.reset), leaf.shift, window.reset),
            )
        )
    scope.joins.append(exp.Join(this=work.table(window.calendar), on=both(on)))


def _conditions(work: Work, leaf: Leaf, scope: Scope) -> list[exp.Expr]:
    frame, span = leaf.frame, leaf.frame.span
    if leaf.window is not None and not leaf.window.is_running and span is not None:
        span = replace(span, start=None)
    found = work.bounds(scope.clock(), span) if span is not None and (span.start or span.end) else []
    if leaf.until is not None:
        found += work.bounds(scope.clock(), Span(None, leaf.until, None, ""))
    found += [row_condition(scope, part) for part in frame.where]
    if leaf.metric is not None and leaf.metric.last is not None:
        found.append(_last_day(work, leaf, scope, leaf.metric))
    return found


def _last_day(work: Work, leaf: Leaf, scope: Scope, metric: Metric) -> exp.Expr:
    """Of a level: the rows of the last day of the unit, or of the period."""
    assert metric.last is not None
    work.assume("last day", f"{metric.name}: {metric.last}")
    inner = Scope(work, leaf.home, Frame(leaf.home), metric=metric)
    day = inner.column(Name(metric.last))
    query = inner.select([("last_day", exp.Max(this=day))], work.bounds(inner.clock(), leaf.frame.span))
    if leaf.frame.unit is not None:
        query.group_by(work.starts(inner.clock(), leaf.frame.unit), copy=False)
    return exp.In(this=work.column(metric.last, scope.alias), query=exp.Subquery(this=query))


# ---- values ---------------------------------------------------------------------------------------------

_Build = Callable[[list[exp.Expr]], exp.Expr]


def _measured(work: Work, scope: Scope, measure: Measure, parts: list[tuple[str, exp.Expr]]) -> _Build:
    """Put what the measure needs of each row into ``parts``; returns how it is made of them."""
    if measure.metric is not None:
        return _metric_value(work, scope, measure.metric, parts)
    figure = measure.figure
    assert isinstance(figure, Aggregate)
    if figure.operand is None:
        return lambda _: exp.Count(this=exp.Star(), big_int=True)
    if figure.word == "SUM":
        _check_summed(work, scope, figure.operand)
    place = _part(parts, scope.value(figure.operand))
    return lambda found: _aggregated(figure, found[place])


def _check_summed(work: Work, scope: Scope, operand: Value) -> None:
    """A value of another view stands beside several rows here, and may not be added up once for each."""
    routes = [scope.route(name) for name in names_in(operand)]
    if routes and all(route.hops and not route.is_many for route in routes):
        view = routes[0].view.name
        reason = f"one row of it stands beside several of {scope.home.name}: write FROM {view}, or AVG"
        work.fail(operand, f"{operand} is of {view}, and {reason}")


def _part(parts: list[tuple[str, exp.Expr]], value: exp.Expr) -> int:
    known = [i for i, (_, part) in enumerate(parts) if part == value]
    if known:
        return known[0]
    parts.append(("value" if not parts else f"value_{len(parts) + 1}", value))
    return len(parts) - 1


def _aggregated(figure: Aggregate, value: exp.Expr) -> exp.Expr:
    if figure.word == "COUNT":
        counted = value if isinstance(figure.operand, Per) else exp.Distinct(expressions=[value])
        return exp.Count(this=counted, big_int=True)
    return _AGGREGATES[figure.word](this=value)


def _metric_value(work: Work, scope: Scope, metric: Metric, parts: list[tuple[str, exp.Expr]]) -> _Build:
    tree = metric_tree(work, metric)
    places = {}
    for column in list(tree.find_all(exp.Column)):
        known = scope.home.column(column.name)
        if known is None:
            work.fail(metric.name, f"the metric {metric.name} names {column.name}, which {metric.view} lacks")
        places[known.name] = _part(parts, work.column(known.name, scope.alias))

    def build(found: list[exp.Expr]) -> exp.Expr:
        made = exp.Paren(this=tree.copy())
        for column in list(made.find_all(exp.Column)):
            known = scope.home.column(column.name)
            column.replace(found[places[known.name if known else column.name]].copy())
        if not work.is_grouped:
            for division in reversed(list(made.find_all(exp.Div))):
                division.replace(times.ratio(division.this.copy(), division.expression.copy(), work.dialect))
        inner: exp.Expr = made.this
        return made if isinstance(inner, exp.Binary) and not work.is_grouped else inner.copy()

    return build


# ---- rows under a leaf ----------------------------------------------------------------------------------


def _rows(
    work: Work,
    leaf: Leaf,
    scope: Scope,
    groups: list[tuple[str, exp.Expr]],
    parts: list[tuple[str, exp.Expr]],
    conditions: list[exp.Expr],
) -> exp.Select:
    """Rows of the home with their groups and values; once per group where a to-many link repeats them."""
    keys: list[tuple[str, exp.Expr]] = []
    if scope.is_many:  # the link starts from the home's key, so there is one
        keys = [(f"key_{i}", work.column(k, scope.alias)) for i, k in enumerate(leaf.home.key, 1)]
    made = scope.select([*groups, *keys, *parts], conditions)
    return made.distinct(copy=False) if scope.is_many else made


def _grouped(
    work: Work, rows: exp.Query, dims: list[tuple[Dim, str]], values: list[tuple[str, exp.Expr]]
) -> exp.Select:
    names = [name for _, name in dims]
    made = exp.Select(
        expressions=[
            *(work.column(name, "base") for name in names),
            *(named(value, name, work) for name, value in values),
        ]
    ).from_(subquery(rows, "base", work))
    return made.group_by(*(work.column(name, "base") for name in names), copy=False)


def _quantile(work: Work, leaf: Leaf, rows: exp.Select, dims: list[tuple[Dim, str]]) -> exp.Select:
    """The interpolated quantile: the two values around its place, weighed by how near they are."""
    figure = leaf.measures[0].figure
    assert isinstance(figure, Aggregate)
    part = float(figure.percent) / 100 if figure.word == "PERCENTILE" else 0.5
    names = [name for _, name in dims]
    value = work.column("value", "base")
    groups: list[exp.Expr] = [work.column(name, "base") for name in names]
    order = exp.Order(expressions=work.ordered(value, False, is_window=True))
    numbered = exp.Window(this=exp.RowNumber(), partition_by=[g.copy() for g in groups], order=order)
    counted = exp.Window(
        this=exp.Count(this=value.copy(), big_int=True), partition_by=[g.copy() for g in groups]
    )
    less = exp.Paren(this=exp.Sub(this=counted, expression=exp.Literal.number(1)))
    wanted = exp.Add(
        this=exp.Literal.number(1), expression=exp.Mul(this=less, expression=exp.Literal.number(part))
    )
    placed = exp.Select(
        expressions=[
            *(g.copy() for g in groups),
            exp.alias_(exp.Cast(this=value.copy(), to=exp.DataType.build("DOUBLE")), "value"),
            exp.alias_(numbered, "place"),
            exp.alias_(wanted, "wanted"),
        ]
    ).from_(subquery(rows, "base", work))
    away = exp.Abs(this=exp.Sub(this=work.column("place", "base"), expression=work.column("wanted", "base")))
    weight = exp.Paren(this=exp.Sub(this=exp.Literal.number(1), expression=away))
    weighed = exp.Mul(this=work.column("value", "base"), expression=weight)
    is_near = exp.LT(this=away.copy(), expression=exp.Literal.number(1))
    return _grouped(
        work,
        placed,
        dims,
        [(leaf.value_name(0), exp.Sum(this=exp.Case(ifs=[exp.If(this=is_near, true=weighed)])))],
    )


def _entity_rows(work: Work, leaf: Leaf, per: Per, dims: list[tuple[Dim, str]]) -> exp.Select:
    """One row per group and entity, with what the entity is worth."""
    if leaf.window is not None:
        work.fail(per, "RUNNING and ROLLING need a plain figure, not one PER entity")
    frame = replace(leaf.frame, dims=(*leaf.frame.dims, per.entity))
    names = [name for _, name in dims]
    if per.is_all:
        return _all_entities(work, leaf, per, dims)
    work.assume("entities with rows", per.entity)
    rows = work.grid(work, frame, [("value", per.figure)], names=[*names, "entity"])
    made = _with_entity(work, rows, names)
    if _is_conditional(work, per.figure) and isinstance(
        shown := rows.expressions[-1].unalias(), exp.Coalesce
    ):
        # who has only cancelled orders bought nothing, and does not count with 0
        shown.replace(shown.this)
        none = exp.Is(this=work.column("value", "found"), expression=exp.Null())
        made.where(exp.Not(this=none), copy=False)
    return made


def _is_conditional(work: Work, figure: Value) -> bool:
    """Whether a metric sums what meets a condition and nothing of other rows."""
    metric = work.metric(figure) if isinstance(figure, Name) else None
    if metric is None or metric.is_composed:
        return False
    summed = metric_tree(work, metric)
    return (
        isinstance(summed, exp.Sum)
        and isinstance(case := summed.this, exp.Case)
        and not case.args.get("default")
    )


def _with_entity(work: Work, rows: exp.Select, names: list[str]) -> exp.Select:
    made = exp.Select(expressions=[work.column(name, "found") for name in (*names, "value")])
    made.from_(subquery(rows, "found", work), copy=False)
    return made.where(
        exp.Not(this=exp.Is(this=work.column("entity", "found"), expression=exp.Null())), copy=False
    )


def _all_entities(work: Work, leaf: Leaf, per: Per, dims: list[tuple[Dim, str]]) -> exp.Select:
    """Every entity of the shop, or unit of the period, with 0 where it has no rows."""
    frame, names = leaf.frame, [name for _, name in dims]
    if isinstance(per.entity, Grain):
        return work.grid(
            work, replace(frame, dims=(*frame.dims, per.entity)), [("value", per.figure)],
            names=[*names, "entity"], is_filled=True,
        )  # fmt: skip
    view = work.entity_view(work.entity(frame.view, frame, per.entity))
    if view is None:
        work.fail(
            per, f"no view has {per.entity} for its key, so that all of them are not known; leave ALL out"
        )
    scope = Scope(work, view, frame)
    groups = [(name, scope.dim(dim)) for dim, name in dims if _is_of(work, view, frame, dim, per)]
    conditions = [row_condition(scope, c) for c in frame.where if _reaches(work, view, frame, c)]
    rows = work.grid(work, replace(frame, dims=(per.entity,)), [("value", per.figure)], names=["entity"])
    on = exp.EQ(this=work.column("entity", "found"), expression=work.column(view.key[0], scope.alias))
    scope.joins.append(exp.Join(this=subquery(rows, "found", work), side="LEFT", on=on))
    value = exp.Coalesce(this=work.column("value", "found"), expressions=[exp.Literal.number(0)])
    return scope.select([*groups, ("value", value)], conditions)


def _is_of(work: Work, view: View, frame: Frame, dim: Dim, per: Per) -> bool:
    if not isinstance(dim, Name) or work.route(view, frame, dim).is_many:
        work.fail(dim, f"with PER ALL every group must be one of {view.name} itself; leave {dim} or ALL out")
    return True


def _reaches(work: Work, view: View, frame: Frame, node: Condition) -> bool:
    """Whether a condition says which entities are meant, and not only which of their rows."""
    if any(isinstance(part, Since) for part in node.walk()):
        return False
    try:
        return not any(work.route(view, frame, name).is_many for name in names_in(node))
    except WrongStatement:
        return False


def _pairs(work: Work, leaf: Leaf, dims: list[tuple[Dim, str]]) -> exp.Select:
    """Pairs of values within an entity, each once, and how many entities have both."""
    pairs = dims[0][0]
    assert isinstance(pairs, Pairs)
    scope = Scope(work, leaf.home, leaf.frame)
    who, what = scope.entity(pairs.entity), scope.column(pairs.column)
    rows = scope.select([("entity", who), ("what", what)], _conditions(work, leaf, scope)).distinct(
        copy=False
    )
    name = work.add("baskets", rows)
    sides = [work.column("what", side) for side in ("one", "other")]
    same = exp.EQ(this=work.column("entity", "one"), expression=work.column("entity", "other"))
    once = exp.LT(this=sides[0].copy(), expression=sides[1].copy())
    made = exp.Select(
        expressions=[
            *(named(side, alias, work) for side, (_, alias) in zip(sides, dims, strict=True)),
            *(
                named(exp.Count(this=exp.Star(), big_int=True), leaf.value_name(i), work)
                for i in range(len(leaf.measures))
            ),
        ]
    ).from_(work.table(name, "one"))
    made.set("joins", [exp.Join(this=work.table(name, "other"), on=both([same, once]))])
    return made.group_by(*(side.copy() for side in sides), copy=False)
