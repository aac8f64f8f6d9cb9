"""Figures at the grain of the answer: leaves, the groups and units that they stand in, what is made of both.

Each figure is worked out by leaves of its own (``sql.statement.leaves``); the groups are those of the
leaves of the period itself, crossed with the calendar where a unit of time is shown; leaves are joined to
them by equality that takes two empty values for the same. Where one leaf is all there is, it is the whole
query.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from sqlglot import exp

from sql import times
from sql.errors import WrongStatement
from sql.statement.conditions import SIGNS
from sql.statement.leaves import Leaf, Measure, Window, build_leaf, metric_measure
from sql.statement.parse import parse
from sql.statement.scope import calculated, named
from sql.statement.sentence import (
    UNITS,
    Aggregate,
    AllOf,
    Among,
    AnyOf,
    Bucket,
    Calc,
    Compare,
    Condition,
    Dim,
    During,
    Empty,
    Grain,
    Name,
    Number,
    Only,
    Per,
    Range,
    Rank,
    Rolling,
    Running,
    Share,
    Shifted,
    Step,
    Text,
    Unit,
    Value,
)
from sql.statement.spans import Shift, Span, back, shift_of, unit_start
from sql.statement.work import Frame, Work, both, subquery

MAX_STEPS = 900
"""Units that one recursion counts: MariaDB ends one in silence at 1,000."""
_MONTHS = {"MONTH": 1, "QUARTER": 3, "YEAR": 12, "FISCAL_QUARTER": 3, "FISCAL_YEAR": 12}


def table(
    work: Work,
    frame: Frame,
    figures: Sequence[tuple[str, Value]],
    *,
    names: Sequence[str],
    having: Sequence[Condition] = (),
    is_filled: bool = False,
) -> exp.Select:
    """Figures by the frame's dimensions, as one query; ``names`` are the dimensions' names in it."""
    grid = Grid(work, frame, list(zip(frame.dims, names, strict=True)), is_filled=is_filled)
    values = [(name, grid.figure(node)) for name, node in figures]
    conditions = [grid.condition(part) for part in having]
    made = grid.open()
    shown = [*((name, grid.dim(name)) for name in names), *((n, grid.settled(v)) for n, v in values)]
    made.set("expressions", [named(value, name, work) for name, value in shown])
    return grid.filtered(made, conditions)


@dataclass(frozen=True)
class At:
    """Where a figure is taken: moved, narrowed, over another period than the frame's."""

    span: Span | None
    shift: Shift = field(default_factory=Shift)
    own: tuple[Condition, ...] = ()


class Grid:
    """The figures of one frame.

    Use: ``figure`` for each that is wanted, then ``open`` once, then ``dim`` and ``settled`` for what to
    select.

    Args:
        dims: the frame's dimensions with their names in the result; PAIRS stands there twice.
        is_filled: whether units of time without rows are shown too.
    """

    def __init__(self, work: Work, frame: Frame, dims: list[tuple[Dim, str]], *, is_filled: bool) -> None:
        self.work, self.frame, self.dims = work, frame, dims
        self.unit = frame.unit
        self.is_filled = is_filled and self.unit is not None and not work.is_grouped
        self.leaves: dict[object, Leaf] = {}
        self.has_windows = False
        self.calendar = work.free_name("calendar") if self.is_filled else ""
        self._check_units()
        self.calendar_dims: list[Dim] = [
            d for d, _ in dims if isinstance(d, Grain) and not d.column and d.unit in UNITS
        ]
        coarser = [d for d in self.calendar_dims if isinstance(d, Grain) and d.unit != self.unit]
        self.keys = [(d, n) for d, n in dims if d not in coarser]
        self._at = At(frame.span)
        self._plain: dict[str, exp.Expr] | None = None
        self._spine = ""

    def _check_units(self) -> None:
        units = self.frame.units
        if "WEEK" in units and set(units) - {"DAY", "WEEK"}:
            self.work.fail("WEEK", "weeks do not fit into months and years; show one of them")
        kinds = {unit.startswith("FISCAL") for unit in units if unit not in ("DAY", "MONTH", "WEEK")}
        if len(kinds) > 1:
            self.work.fail(
                units[-1], "fiscal units and units of the calendar do not fit into each other; show one kind"
            )

    # ---- figures ----------------------------------------------------------------------------------------

    def figure(self, node: Value, at: At | None = None) -> exp.Expr:
        """``node`` as an expression over the leaves that it needs."""
        at, work = at or self._at, self.work
        if isinstance(node, Number):
            number = exp.Literal.number(node.text.lstrip("-"))
            return exp.Neg(this=number) if node.text.startswith("-") else number
        if isinstance(node, Name):
            composed = self._composed(node)
            return (
                self.figure(composed, at)
                if composed is not None
                else self._leaf_value(self._measure(node), at)
            )
        if isinstance(node, Aggregate):
            return self._leaf_value(self._measure(node), at)
        if isinstance(node, Calc):
            return calculated(node.sign, self.figure(node.left, at), self.figure(node.right, at), work)
        if isinstance(node, Only):
            return self.figure(node.figure, self._narrowed(at, node.condition))
        if isinstance(node, Shifted):
            then = self.figure(node.figure, replace(at, shift=at.shift + self._shift(node, at)))
            if node.word == "BEFORE":
                return then
            now = self.figure(node.figure, at)
            return exp.Sub(
                this=times.ratio(_operand(now), _operand(then), work.dialect),
                expression=exp.Literal.number(1),
            )
        if isinstance(node, Share):
            return self._share(node, at)
        if isinstance(node, Rank):
            return self._rank(node, at)
        if isinstance(node, Running):
            return self._running(node, at)
        if isinstance(node, Rolling):
            return self._rolling(node, at)
        if isinstance(node, Per):
            work.fail(node, f"{node} is a value of each {node.entity}; write AVG({node}), or group by it")
        return work.fail(node, f"{node} is no figure; a figure is a metric or SUM, AVG, COUNT … of a column")

    def _composed(self, node: Name) -> Value | None:
        """What a metric made of metrics stands for."""
        metric = self.work.metric(node)
        if metric is None or not metric.is_composed:
            return None
        try:
            return parse(f"SELECT {metric.sql} FROM x").items[0]
        except WrongStatement as error:
            self.work.fail(node, f"the metric {metric.name} cannot be read: {error.reason}")

    def _measure(self, node: Name | Aggregate) -> Measure:
        work, frame = self.work, self.frame
        if isinstance(node, Name):
            metric = work.metric(node)
            if metric is None:
                known = ", ".join(m.name for m in work.shop.metrics)
                work.fail(
                    node, f"there is no metric {node}; metrics: {known or 'none'}; or SUM, AVG … of a column"
                )
            return metric_measure(work, metric)
        is_count = node.word == "COUNT"
        inner = node.operand
        if isinstance(inner, Grain):
            work.fail(node, "COUNT of a unit of time stands alone: COUNT(DAY) … HAVING figure = 0")
        home = frame.view
        if not isinstance(inner, Per):
            names = [part for part in inner.walk() if isinstance(part, Name)] if inner is not None else []
            routes = [work.route(frame.view, frame, name) for name in names[:1]]
            home = routes[0].view if routes and routes[0].is_many else home
            column = routes[0].column if routes and isinstance(inner, Name) else None
            is_sum_of = node.word in ("SUM", "AVG", "MEDIAN", "PERCENTILE")
            if is_sum_of and column is not None and column.type in ("text", "date", "timestamp"):
                work.fail(node, f"{inner} holds no numbers ({column.type}); COUNT, MIN and MAX are possible")
        is_sum = node.word == "SUM" or (is_count and inner is None)
        return Measure(node, home, None, is_count or is_sum, is_sum and not isinstance(inner, Per))

    def _narrowed(self, at: At, condition: Condition) -> At:
        parts = condition.parts if isinstance(condition, AllOf) else (condition,)
        for part in parts:
            if isinstance(part, During) and part.column is None:
                at = replace(at, span=self.work.span(part.words))
            else:
                at = replace(at, own=(*at.own, part))
        return at

    def _leaf_value(self, measure: Measure, at: At, dims: tuple[tuple[Dim, str], ...] | None = None,
                    window: Window | None = None) -> exp.Expr:  # fmt: skip
        """The measure's column of its leaf, which is made where there is none yet."""
        work = self.work
        metric = measure.metric if measure.metric and (measure.metric.time or measure.metric.last) else None
        clock = (metric.time or metric.last, metric.last) if metric else None
        keys = tuple(self.keys) if dims is None else dims
        kind = None if measure.is_plain else str(measure.figure)
        key = (measure.home.name, clock, at, keys, window, kind)
        leaf = self.leaves.get(key)
        if leaf is None:
            span = at.span.moved(at.shift) if at.span is not None else None
            frame = replace(
                self.frame, dims=tuple(dict.fromkeys(d for d, _ in keys)), span=span,
                where=(*self.frame.where, *at.own),
            )  # fmt: skip
            is_open = self.is_filled and (span is None or span.end is None)
            until = back(work.today + dt.timedelta(days=1), at.shift) if is_open else None
            leaf = Leaf(work.free_name("part"), measure.home, metric, frame, at.shift, window, until)
            self.leaves[key] = leaf
            self._tell_clock(measure, at)
        if measure not in leaf.measures:
            leaf.measures.append(measure)
        value: exp.Expr = work.column(leaf.value_name(leaf.measures.index(measure)), leaf.name)
        if measure.is_zero and not work.is_grouped:
            value = exp.Coalesce(this=value, expressions=[exp.Literal.number(0)])
        return value

    def _tell_clock(self, measure: Measure, at: At) -> None:
        if measure.of_entity is not None or (at.span is None and self.unit is None):
            return
        about = measure.metric.name if measure.metric else measure.home.name
        route = self.work.clock(measure.home, measure.metric, about)
        if measure.home is not self.frame.view or (measure.metric and measure.metric.time):
            self.work.assume("own clock", f"{about}: {route.view.name}.{route.column.name}")

    # ---- one period against another ---------------------------------------------------------------------

    def _shift(self, node: Shifted, at: At) -> Shift:
        work, unit = self.work, self.unit
        if node.step is None and unit is not None:
            return shift_of(Step(1, unit))
        length = at.span.length() if at.span is not None else None
        if node.step is None:
            if length is None:
                work.fail(
                    node, f"{node} needs a period (DURING), a unit of time beside it, or how far back: 1 YEAR"
                )
            shift = length
        else:
            shift = shift_of(node.step)
        if unit is None and at.span is None:
            work.fail(
                node, f"{node} compares periods; limit the statement by DURING, or group by a unit of time"
            )
        if at.span is not None and at.span.is_to_date:
            work.assume("same days", at.span.words)
        return self._fitting(node, shift, unit)

    def _fitting(self, node: Shifted, shift: Shift, unit: Unit | None) -> Shift:
        """A shift that leads from each unit that is shown to one of the same kind."""
        if unit == "WEEK" and shift.months % 12 == 0 and shift.months:
            return Shift(days=364 * (shift.months // 12) + shift.days)
        if unit == "WEEK" and shift.months % 3 == 0 and shift.months:
            return Shift(days=91 * (shift.months // 3) + shift.days)
        is_whole = unit in (None, "DAY")
        is_whole |= unit == "WEEK" and not shift.months and shift.days % 7 == 0
        is_whole |= unit in _MONTHS and not shift.days and shift.months % _MONTHS[unit or ""] == 0
        if not is_whole:
            self.work.fail(node, f"{node.step} is no whole number of {unit}, which is shown; write 1 {unit}")
        return shift

    # ---- parts, places, totals --------------------------------------------------------------------------

    def _share(self, node: Share, at: At) -> exp.Expr:
        work = self.work
        if node.condition is not None:
            part = self.figure(node.figure, self._narrowed(at, node.condition))
            whole = self.figure(node.figure, at)
            return times.ratio(_operand(part), _operand(whole), work.dialect)
        if not self._is_zero(node.figure):
            work.fail(node, f"parts of {node.figure} make no whole; SHARE is of sums and counts")
        if not self.frame.dims:
            work.fail(node, f"{node} is of nothing: group by something, or write SHARE(figure, condition)")
        per = self._per(node, node.per) if node.per else self._shown_units()
        work.assume("whole", ", ".join(str(d) for d, _ in per) or "all")
        value = self.figure(node.figure, at)
        figures = [m for d in node.figure.walk() if isinstance(d, Name) and (m := work.metric(d))]
        homes = [work.view(m.view, m.name) for m in figures if m.view]
        is_many = any(work.is_many(home, self.frame, self.frame.dims) for home in homes or [self.frame.view])
        is_here = not any(isinstance(part, Shifted | During) for part in node.figure.walk())
        if self._is_additive(node.figure) and is_here and not is_many:
            whole = self._window(exp.Sum(this=value.copy()), per, [])
        else:
            kept, self.keys = self.keys, per
            whole = self.figure(node.figure, at)
            self.keys = kept
        return times.ratio(_operand(value), _operand(whole), work.dialect)

    def _shown_units(self) -> list[tuple[Dim, str]]:
        """With another dimension beside it, a share is of each unit of time."""
        units: list[tuple[Dim, str]] = [(d, n) for d, n in self.keys if d in self.calendar_dims]
        return units if len(units) < len(self.keys) else []

    def _per(self, node: Value, per: tuple[Dim, ...]) -> list[tuple[Dim, str]]:
        for dim in per:
            if dim not in self.frame.dims:
                self.work.fail(node, f"{dim} is not shown; group by it as well")
        return [(d, n) for d, n in self.dims if d in per]

    def _rank(self, node: Rank, at: At) -> exp.Expr:
        value = self.figure(node.figure, at)
        if value.find(exp.Window) is not None:
            self.work.fail(node, "RANK of a SHARE or RUNNING figure is not supported; rank the figure itself")
        order = self.work.ordered(value, True, is_window=True)
        return self._window(exp.Rank(), self._per(node, node.per), order)

    def _window(
        self,
        value: exp.Expr,
        per: list[tuple[Dim, str]],
        order: list[exp.Expr],
        spec: exp.WindowSpec | None = None,
        also: list[exp.Expr] | None = None,
    ) -> exp.Window:
        self.has_windows = True
        made = exp.Window(this=value, partition_by=[*(_Spine(n).node() for _, n in per), *(also or [])])
        if order:
            made.set("order", exp.Order(expressions=order))
        if spec is not None:
            made.set("spec", spec)
        return made

    def _need_calendar(self, node: Value) -> Unit:
        if self.unit is None or not self.is_filled:
            self.work.fail(
                node, f"{node} goes along a unit of time; group by DAY, WEEK, MONTH, QUARTER or YEAR"
            )
        return self.unit

    def _running(self, node: Running, at: At) -> exp.Expr:
        unit = self._need_calendar(node)
        if unit == "WEEK" and node.reset is not None:
            self.work.fail(
                node, f"weeks do not fit into a {node.reset}; leave it out, or group by DAY or MONTH"
            )
        value = self.figure(node.figure, at)
        self._refuse_levels(node)
        if not self._is_additive(node.figure):
            window = Window(self.calendar, reset=node.reset, is_running=True)
            return self._rewindowed(node.figure, at, window)
        if value.find(exp.Window) is not None:
            self.work.fail(node, "RUNNING of a SHARE or RANK is not supported")
        t = self.work.column("t", self.calendar)
        also = [self.work.starts(t, node.reset)] if node.reset else []
        others = [
            (d, n) for d, n in self.keys if not (isinstance(d, Grain) and d.unit == unit and not d.column)
        ]
        spec = exp.WindowSpec(kind="ROWS", start="UNBOUNDED", start_side="PRECEDING", end="CURRENT ROW")
        return self._window(
            exp.Sum(this=value),
            others,
            [exp.Ordered(this=t.copy(), nulls_first=self.work.dialect in ("sqlite", "mysql"))],
            spec,
            also,
        )

    def _rolling(self, node: Rolling, at: At) -> exp.Expr:
        self._need_calendar(node)
        self.figure(node.figure, at)  # it says which groups are shown
        self._refuse_levels(node)
        return self._rewindowed(node.figure, at, Window(self.calendar, back=node.count - 1))

    def _rewindowed(self, node: Value, at: At, window: Window) -> exp.Expr:
        """A figure worked out anew over the stretch of each unit that is shown."""
        if isinstance(node, Name) and (composed := self._composed(node)) is not None:
            return self._rewindowed(composed, at, window)
        if isinstance(node, Name | Aggregate):
            return self._leaf_value(self._measure(node), at, window=window)
        if isinstance(node, Only):
            return self._rewindowed(node.figure, self._narrowed(at, node.condition), window)
        if isinstance(node, Shifted) and node.word == "BEFORE":
            return self._rewindowed(node.figure, replace(at, shift=at.shift + self._shift(node, at)), window)
        if isinstance(node, Calc):
            left, right = (self._rewindowed(n, at, window) for n in (node.left, node.right))
            return calculated(node.sign, left, right, self.work)
        if isinstance(node, Number):
            return self.figure(node)
        return self.work.fail(
            node, f"{node} cannot be worked out over several units at once; take a plain figure"
        )

    def _refuse_levels(self, node: Running | Rolling) -> None:
        for name in node.figure.walk():
            metric = self.work.metric(name) if isinstance(name, Name) else None
            if metric is not None and metric.last is not None:
                self.work.fail(node, f"{metric.name} is a level; levels of different days do not add up")

    def _is_additive(self, node: Value) -> bool:
        if isinstance(node, Name):
            composed = self._composed(node)
            return self._is_additive(composed) if composed is not None else self._measure(node).is_additive
        if isinstance(node, Aggregate):
            return self._measure(node).is_additive
        if isinstance(node, Only):
            return self._is_additive(node.figure)
        if isinstance(node, Shifted):
            return node.word == "BEFORE" and self._is_additive(node.figure)
        if isinstance(node, Calc):
            if node.sign in ("*", "/"):
                return isinstance(node.right, Number) and self._is_additive(node.left)
            return self._is_additive(node.left) and self._is_additive(node.right)
        return False

    def _is_zero(self, node: Value) -> bool:
        """Whether it is made of sums and counts, so that it has parts and a whole."""
        if isinstance(node, Name):
            composed = self._composed(node)
            measure = None if composed is not None else self._measure(node)
            if measure is None or composed is not None:
                return composed is not None and self._is_zero(composed)
            return measure.is_zero or measure.is_additive
        if isinstance(node, Aggregate):
            return self._measure(node).is_zero
        if isinstance(node, Only):
            return self._is_zero(node.figure)
        if isinstance(node, Shifted):
            return node.word == "BEFORE" and self._is_zero(node.figure)
        if isinstance(node, Calc) and node.sign in ("*", "/"):
            return isinstance(node.right, Number) and self._is_zero(node.left)
        return isinstance(node, Calc) and self._is_zero(node.left) and self._is_zero(node.right)

    # ---- conditions on figures --------------------------------------------------------------------------

    def side(self, node: Value) -> exp.Expr:
        """One side of a condition on figures: a figure, a dimension or a value."""
        if isinstance(node, Text):
            return exp.Literal.string(node.value)
        name = next((n for d, n in self.dims if d == node), None)
        return _Spine(name).node() if name is not None else _operand(self.figure(node))

    def _of_all(self, node: Value) -> exp.Expr:
        """A figure over everything, whatever the groups."""
        query = self.work.grid(self.work, replace(self.frame, dims=()), [("value", node)], names=[])
        return exp.Subquery(this=query)

    def condition(self, node: Condition) -> exp.Expr:
        """A condition of HAVING."""
        if isinstance(node, AllOf):
            return exp.Paren(this=both([self.condition(part) for part in node.parts]))
        if isinstance(node, AnyOf):
            parts = [self.condition(part) for part in node.parts]
            made = parts[0]
            for part in parts[1:]:
                made = exp.Or(this=made, expression=part)
            return exp.Paren(this=made)
        if isinstance(node, Compare):
            right = self._of_all(node.right) if _is_of_all(node) else self.side(node.right)
            return SIGNS[node.sign](this=self.side(node.left), expression=right)
        if isinstance(node, Empty | Among | Range):
            left = self.side(node.left)
            found: exp.Expr = exp.Is(this=left, expression=exp.Null())
            if isinstance(node, Among):
                found = exp.In(this=left, expressions=[self.side(v) for v in node.values])
            if isinstance(node, Range):
                found = exp.Between(this=left, low=self.side(node.low), high=self.side(node.high))
            return exp.Not(this=found) if node.is_not else found
        return self.work.fail(node, f"{node} is about rows; put it behind WHERE")

    # ---- the query --------------------------------------------------------------------------------------

    def open(self) -> exp.Select:
        """FROM and JOIN, without what is selected; afterwards ``dim`` and ``settled`` know their names."""
        if not any(not leaf.window for leaf in self.leaves.values()):
            self._leaf_value(Measure(Aggregate("COUNT", None), self.frame.view, None, True, True), self._at)
        leaves = list(self.leaves.values())
        is_labelled = any(isinstance(d, Bucket) for d, _ in self.dims)
        is_moved = (
            bool(leaves[0].shift) and self.unit is not None
        )  # its units are other ones than those shown
        is_one = len(leaves) == 1 and not self.has_windows and not self.is_filled
        if is_one and len(self.frame.units) < 2 and not is_labelled and not is_moved:
            made = build_leaf(self.work, leaves[0], self.keys)
            self._plain = {item.alias_or_name: item.unalias() for item in made.expressions}
            return made
        for leaf in leaves:
            if leaf.window is None:
                self._keep(leaf)
        if self.is_filled:
            self._make_calendar([leaf for leaf in leaves if leaf.window is None])
        for leaf in leaves:
            if leaf.window is not None:
                self._keep(leaf)
        return self._joined(leaves)

    def _keep(self, leaf: Leaf) -> None:
        names = dict.fromkeys(leaf.frame.dims)
        dims = [(d, n) for d, n in self.dims if d in names]
        made = build_leaf(self.work, leaf, dims)
        if not dims and self.work.dialect == "mysql":
            made.limit(1, copy=False)  # else MariaDB expects as many rows as were added up
        self.work.ctes.append((leaf.name, made))

    def _make_calendar(self, leaves: list[Leaf]) -> None:
        """Every unit of the period, from its first (or the first row's) to its end, or to today."""
        work, unit, span = self.work, self.unit, self.frame.span
        assert unit is not None
        after = work.today + dt.timedelta(days=1)
        end = min(span.end, after) if span is not None and span.end is not None else after
        last = exp.LT(this=work.later(work.column("t"), unit), expression=times.day_value(end, work.dialect))
        start = (
            unit_start(span.start, unit, work.shop.fiscal_year_starts)
            if span is not None and span.start
            else None
        )
        work.is_recursive = True
        if start is not None:
            first = exp.select(exp.alias_(times.day_value(start, work.dialect), "t"))
            if start >= end:
                first.where(exp.EQ(this=exp.Literal.number(1), expression=exp.Literal.number(0)), copy=False)
        else:
            first = self._first_unit(leaves)
        days = {"DAY": 1, "WEEK": 7}.get(unit)
        is_long = days is not None and (start is None or (end - start).days // days >= MAX_STEPS)
        if is_long:
            self._long_calendar(first, last, unit)
            return
        step = exp.select(exp.alias_(work.later(work.column("t"), unit), "t")).from_(
            work.table(self.calendar)
        )
        both_parts = exp.union(first, step.where(last, copy=False), distinct=False)
        work.ctes.append((self.calendar, both_parts))

    def _first_unit(self, leaves: list[Leaf]) -> exp.Select:
        work = self.work
        name = next(n for d, n in self.keys if isinstance(d, Grain) and d.unit == self.unit and not d.column)
        parts = [
            exp.select(
                exp.alias_(exp.Min(this=work.moved(work.column(name), _forth(leaf.shift), self.unit)), "t")
            ).from_(work.table(leaf.name))
            for leaf in self._spine_leaves(leaves)
        ]
        union = parts[0]
        for part in parts[1:]:
            union = exp.union(union, part, distinct=False)  # type: ignore[assignment]
        found = exp.Min(this=work.column("t", "firsts"))
        made = exp.select(exp.alias_(found, "t")).from_(subquery(union, "firsts", work))
        is_there = exp.Not(this=exp.Is(this=found.copy(), expression=exp.Null()))
        return made.having(is_there, copy=False)

    def _long_calendar(self, first: exp.Select, last: exp.Expr, unit: Unit) -> None:
        """The same in stretches of ``MAX_STEPS`` units side by side."""
        work, name = self.work, self.calendar
        stride = work.later(work.column("t"), unit, MAX_STEPS)
        strides = exp.select(exp.alias_(stride, "t")).from_(work.table(f"{name}_starts"))
        is_in = exp.LT(this=stride.copy(), expression=last.expression.copy())
        starts = exp.union(first, strides.where(is_in, copy=False), distinct=False)
        work.ctes.append((f"{name}_starts", starts))
        one, n = exp.Literal.number(1), work.column("n")
        base = exp.select(work.column("t"), exp.alias_(one, "n")).from_(work.table(f"{name}_starts"))
        step = exp.select(
            exp.alias_(work.later(work.column("t"), unit), "t"),
            exp.alias_(exp.Add(this=n, expression=one.copy()), "n"),
        ).from_(work.table(name))
        fits = exp.LT(this=n.copy(), expression=exp.Literal.number(MAX_STEPS))
        work.ctes.append(
            (
                name,
                exp.union(base, step.where(exp.And(this=fits, expression=last), copy=False), distinct=False),
            )
        )

    def _spine_leaves(self, leaves: list[Leaf]) -> list[Leaf]:
        """Those whose groups are shown: of the period itself, where there are such."""
        whole = [f for f in leaves if f.window is None and set(f.frame.dims) == {d for d, _ in self.keys}]
        own = [leaf for leaf in whole if not leaf.shift]
        if own and len(own) < len(whole) and any(not self._is_calendar(d) for d, _ in self.keys):
            self.work.assume("earlier only", self.frame.view.name)
        return own or whole

    def _joined(self, leaves: list[Leaf]) -> exp.Select:
        work = self.work
        spine = self._spine_leaves(leaves)
        plain = [n for d, n in self.keys if not self._is_calendar(d)]
        joins: list[exp.Join] = []
        if not self.keys:
            self._spine = spine[0].name
            made = exp.Select().from_(work.table(self._spine))
        elif self.is_filled:
            made = exp.Select().from_(work.table(self.calendar))
            if plain:
                self._spine = self._groups(spine, plain)
                joins.append(exp.Join(this=work.table(self._spine), kind="CROSS"))
        elif len(spine) == 1 and not spine[0].shift:
            self._spine = spine[0].name
            made = exp.Select().from_(work.table(self._spine))
        else:
            self._spine = self._groups(spine, [n for _, n in self.keys])
            made = exp.Select().from_(work.table(self._spine))
        for leaf in leaves:
            if leaf.name != self._spine:
                joins.append(exp.Join(this=work.table(leaf.name), side="LEFT", on=self._same(leaf)))
        made.set("joins", joins)
        return made

    def _groups(self, spine: list[Leaf], names: list[str]) -> str:
        work = self.work
        parts: list[exp.Query] = []
        for leaf in spine:
            columns: list[exp.Expr] = []
            for dim, name in self.keys:
                if name in names:
                    is_time = (
                        isinstance(dim, Grain) and dim.unit == self.unit and not dim.column and leaf.shift
                    )
                    column = work.column(name)
                    columns.append(
                        exp.alias_(work.moved(column, _forth(leaf.shift), self.unit), name)
                        if is_time
                        else column
                    )
            parts.append(exp.select(*columns).distinct().from_(work.table(leaf.name)))
        made = parts[0]
        for part in parts[1:]:
            made = exp.union(made, part)
        return work.add("cells", made)

    def _is_calendar(self, dim: Dim) -> bool:
        return self.is_filled and isinstance(dim, Grain) and dim.unit == self.unit and not dim.column

    def _same(self, leaf: Leaf) -> exp.Expr:
        """The equality that joins a leaf to its group and unit."""
        work = self.work
        parts: list[exp.Expr] = []
        for dim, name in self.dims:
            if dim not in leaf.frame.dims:
                continue
            mine = work.column(name, leaf.name)
            if dim in self.calendar_dims and isinstance(dim, Grain):
                finest = next(n for d, n in self.keys if d in self.calendar_dims)
                t = self.spine(finest)
                t = t if leaf.window is not None else work.moved(t, leaf.shift, self.unit)
                is_finest = dim.unit == self.unit
                parts.append(exp.EQ(this=mine, expression=t if is_finest else work.starts(t, dim.unit)))  # type: ignore[arg-type]
            else:
                parts.append(exp.NullSafeEQ(this=mine, expression=self.spine(name)))
        return both(parts) or exp.EQ(this=exp.Literal.number(1), expression=exp.Literal.number(1))

    @property
    def is_plain(self) -> bool:
        """Whether the opened query is one leaf itself."""
        return self._plain is not None

    def spine(self, name: str) -> exp.Expr:
        """The column of a group or unit that the figures are joined to."""
        dim = next(d for d, n in self.dims if n == name)
        if self._is_calendar(dim):
            return self.work.column("t", self.calendar)
        return self.work.column(name, self._spine)

    def dim(self, name: str) -> exp.Expr:
        """A dimension of the opened query."""
        if self._plain is not None:
            return self._plain[name].copy()
        if any(n == name for _, n in self.keys):
            return self.spine(name)
        dim = next(d for d, n in self.dims if n == name)
        finest = next(
            n for d, n in self.keys if isinstance(d, Grain) and d.unit == self.unit and not d.column
        )
        assert isinstance(dim, Grain)
        return self.work.starts(self.spine(finest), dim.unit)  # type: ignore[arg-type]

    def settled(self, value: exp.Expr) -> exp.Expr:
        """An expression of ``figure`` or ``condition`` as it stands in the opened query."""
        made = exp.Paren(this=value.copy())
        for node in list(made.find_all(exp.Column)):
            if node.table == _Spine.TABLE:
                node.replace(self.dim(node.name))
            elif self._plain is not None and node.table in {leaf.name for leaf in self.leaves.values()}:
                inner = self._plain[node.name].copy()
                whole = node.parent if isinstance(node.parent, exp.Coalesce) else None
                if whole is not None and isinstance(inner, exp.Count):
                    whole.replace(inner)  # a count is never empty
                else:
                    is_operand = isinstance(node.parent, exp.Binary) and isinstance(inner, exp.Binary)
                    node.replace(exp.Paren(this=inner) if is_operand else inner)
        return made.this.copy()  # type: ignore[no-any-return]

    def filtered(self, made: exp.Select, conditions: Sequence[exp.Expr]) -> exp.Select:
        """With the conditions of HAVING, where the opened query has room for them."""
        found = both([self.settled(part) for part in conditions])
        if found is None:
            return made
        return made.having(found, copy=False) if self._plain is not None else made.where(found, copy=False)


@dataclass(frozen=True)
class _Spine:
    """Stands for a dimension until the query is opened."""

    name: str
    TABLE = "_dimension"

    def node(self) -> exp.Column:
        return exp.column(exp.to_identifier(self.name, quoted=True), table=exp.to_identifier(self.TABLE))


def _is_of_all(node: Compare) -> bool:
    """Whether a figure is held against what it is over all groups: against itself, or the average of it per
    entity. Within its own group it would be compared with nothing but itself."""
    right = node.right
    is_of_each = isinstance(right, Aggregate) and isinstance(right.operand, Per)
    return right == node.left or (is_of_each and right.operand.figure == node.left)  # type: ignore[union-attr]


def _operand(node: exp.Expr) -> exp.Expr:
    return exp.Paren(this=node) if isinstance(node, exp.Binary) else node


def _forth(shift: Shift) -> Shift:
    return Shift(-shift.months, -shift.days)
