"""What the parts of the compiler share: the shop, its links, its clock, and what is gathered on the way.

One ``Work`` serves one statement. Faults are told by the place of what they are about in the statement's own
spelling; assumptions are gathered as data, for whoever tells the answer.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal, NoReturn

from sqlglot import exp

from sql import times
from sql.errors import TwoWays, WrongStatement
from sql.names import identifier
from sql.semantics import Metric, Shop, View
from sql.statement.routes import Fork, NoRoute, Route, Routes
from sql.statement.sentence import UNITS, Condition, Dim, Grain, Has, Name, Node, Per, Statement, Top, Unit
from sql.statement.spans import Shift, Span, span_of
from sql.types import Dialect

AssumptionKind = Literal[
    "own clock",
    "overlap",
    "parts",
    "ties by name",
    "present left out",
    "to date",
    "same days",
    "whole",
    "first ever",
    "of all rows",
    "entities with rows",
    "last day",
    "earlier only",
    "without a value",
]


@dataclass(frozen=True)
class Assumption:
    """Something that the figures take for granted, for the receipt.

    ``own clock``: a metric is placed in time by a column of its own; ``overlap``: a row counts in each
    group that it has; ``parts``: the parts of a metric stand in for it; ``whole``: what a share is of;
    ``first ever``: over all time, whatever the period and conditions; ``of all rows``: the row before is
    looked for among all rows; ``last day``: of a level, the last day counts; ``earlier only``: groups with
    nothing in the period itself are not shown; ``without a value``: what has none counts as not being the
    value.
    """

    kind: AssumptionKind
    about: str


@dataclass(frozen=True)
class Frame:
    """Which rows and groups a figure is worked out over."""

    view: View
    """That the statement reads: names are resolved from here."""
    dims: tuple[Dim, ...] = ()
    where: tuple[Condition, ...] = ()
    span: Span | None = None

    @property
    def units(self) -> tuple[Unit, ...]:
        """The calendar units among the dimensions, the finest first."""
        found = [d.unit for d in self.dims if isinstance(d, Grain) and not d.column and d.unit in UNITS]
        return tuple(unit for unit in UNITS if unit in found)

    @property
    def unit(self) -> Unit | None:
        """The finest calendar unit among the dimensions."""
        return self.units[0] if self.units else None

    def narrowed(self, *conditions: Condition) -> Frame:
        """The same with more conditions."""
        return replace(self, where=(*self.where, *conditions))


@dataclass(kw_only=True)
class Work:
    """One statement on its way to a tree."""

    shop: Shop
    dialect: Dialect
    today: dt.date
    statement: Statement
    is_grouped: bool = False
    """For a role that sees groups of a size only: plain aggregates, written as the shop has them."""
    unordered: frozenset[str] = frozenset()
    """Names of columns in lower case that nothing is sorted by unasked: the role sees pseudonyms there."""
    ctes: list[tuple[str, exp.Query]] = field(default_factory=list)
    is_recursive: bool = False
    taken: set[str] = field(default_factory=set)
    firsts: dict[tuple[str, str], str] = field(default_factory=dict)
    """View and ``TOP(…)`` → the query of those that are among the first."""
    assumptions: dict[Assumption, None] = field(default_factory=dict)
    grid: Callable[..., exp.Select] = field(default=lambda: exp.Select())
    """``sql.statement.grid.table``, put here so that conditions and leaves may hold whole tables."""

    def __post_init__(self) -> None:
        self.routes = Routes(self.shop)
        self.text = str(self.statement)
        self._stand_ins: dict[str, Metric] = {}

    # ---- faults and assumptions -------------------------------------------------------------------------

    def fail(self, about: object, reason: str) -> NoReturn:
        """Raise ``WrongStatement`` at the place of ``about``."""
        raise WrongStatement(self.text, self._place(about), reason)

    def _place(self, about: object) -> int | None:
        found = self.text.find(str(about)) if str(about) else -1
        return None if found < 0 else found

    def assume(self, kind: AssumptionKind, about: object) -> None:
        """Keep an assumption, once."""
        self.assumptions[Assumption(kind, str(about))] = None

    # ---- names ------------------------------------------------------------------------------------------

    def identifier(self, name: str) -> exp.Identifier:
        """A name as a node that prints in quotes where it needs them."""
        return identifier(name, self.dialect)

    def view(self, name: str, about: object) -> View:
        """The view of that name."""
        view = self.shop.view(name)
        if view is None:
            self.fail(about, f"there is no view {name}; views: {', '.join(v.name for v in self.shop.views)}")
        return view

    def metric(self, name: Name) -> Metric | None:
        """The metric of that name, or ``None``."""
        if name.of:
            return None
        found = next((m for m in self.shop.metrics if m.name.lower() == name.text.lower()), None)
        if found is None or found.parts is None:
            return found
        if found.name not in self._stand_ins:
            is_told_apart = self._tells_apart(found, found.parts)
            if is_told_apart:
                self.assume("parts", found.name)
            parts = replace(found, view=found.parts.view, sql=found.parts.sql, parts=None, time=None)
            self._stand_ins[found.name] = parts if is_told_apart else replace(found, parts=None)
        return self._stand_ins[found.name]

    def _tells_apart(self, metric: Metric, parts: Metric) -> bool:
        """Whether the statement names something that only the parts have one of."""
        whole, part = self.view(metric.view, metric.name), self.view(parts.view, metric.name)
        figures = {m.name.lower() for m in self.shop.metrics}
        names = {n for n in _all_names(self.statement) if n.of or n.text.lower() not in figures}
        return any(not self._has_one(whole, name) and self._has_one(part, name) for name in names)

    def _has_one(self, home: View, name: Name) -> bool:
        """Whether a row of a view has one value of what a name means."""
        frame = Frame(self.view(self.statement.view, self.statement.view))
        try:
            return not self.route(home, frame, name).is_many
        except (WrongStatement, TwoWays):  # told where it is used
            return False

    def route(self, home: View, frame: Frame, name: Name) -> Route:
        """The way from ``home`` to what the name means in the statement's view."""
        try:
            if home is frame.view:
                return self.routes.find(home, name)
            try:
                near = self.routes.find(frame.view, name).view
            except NoRoute:
                return self.routes.find(home, name)
            return self.routes.find(home, name, near)
        except NoRoute as error:
            if home is frame.view:
                self.fail(name, str(error.args[0]))
            reason = (
                f"{home.name}, which a figure is of, cannot be split or limited by {name}: {error.args[0]}"
            )
            self.fail(name, reason)
        except Fork as error:
            raise TwoWays(self.text, self._place(name), str(error.args[0])) from None

    def clock(self, home: View, metric: Metric | None, about: object) -> Route:
        """The way to the column that places rows in time."""
        try:
            return self.routes.clock(home, metric)
        except NoRoute as error:
            self.fail(about, str(error.args[0]))
        except Fork as error:
            raise TwoWays(self.text, self._place(about), str(error.args[0])) from None

    def entity(self, home: View, frame: Frame, name: Name) -> Route:
        """The way from ``home`` to the column that says which entity a row belongs to."""
        base = self.route(frame.view, frame, name)
        target = self.entity_view(base)
        if target is not None and home is not base.view:
            try:
                way = self.routes.find(home, Name(target.key[0], target.name))
            except (NoRoute, Fork):
                way = None
            if way is not None and not way.is_many and way.hops:
                *before, last = way.hops
                there = self.view(before[-1].view, name) if before else home
                column = there.column(last.own)
                if column is not None:
                    return Route(tuple(before), there, column)
            if way is not None and not way.hops:
                return way
        return self.route(home, frame, name)

    def entity_view(self, base: Route) -> View | None:
        """The view that has one row for each entity of a column, where the shop says so."""
        if [k.lower() for k in base.view.key] == [base.column.name.lower()]:
            return base.view
        target = next((t for c, t in base.view.refs.items() if c.lower() == base.column.name.lower()), None)
        view = self.shop.view(target) if target else None
        return view if view is not None and len(view.key) == 1 else None

    def is_many(self, home: View, frame: Frame, dims: tuple[Dim, ...]) -> bool:
        """Whether a row of ``home`` may stand in several groups."""
        return any(self.route(home, frame, name).is_many for dim in dims for name in names_in(dim))

    # ---- time -------------------------------------------------------------------------------------------

    def span(self, words: str, *, is_cut: bool = True) -> Span:
        """The days that the words mean; ``is_cut``: up to today where it falls into them."""
        span = span_of(words, self.today, self.shop.fiscal_year_starts, is_cut=is_cut)
        if span is None:
            way_out = "write one period such as 'May 2026', 'last 3 months' or '2026-05-01 to 2026-05-31'"
            self.fail(f"'{words}'", f"{words!r} names no one period; {way_out}")
        return span

    def starts(self, time: exp.Expr, unit: Unit) -> exp.Expr:
        """The first day of the unit that a time falls in; fiscal units begin with the shop's month."""
        plain = unit.removeprefix("FISCAL_").lower()
        first = self.shop.fiscal_year_starts
        if unit.startswith("FISCAL_") and first != 1:
            return times.fiscal_start(time, plain, first, self.dialect)  # type: ignore[arg-type]
        return times.grain_start(time, plain, self.dialect)  # type: ignore[arg-type]

    def later(self, start: exp.Expr, unit: Unit, count: int = 1) -> exp.Expr:
        """The first day of a unit so many units later."""
        return times.move_start(start, count, unit.removeprefix("FISCAL_").lower(), self.dialect)  # type: ignore[arg-type]

    def moved(self, day: exp.Expr, shift: Shift, unit: Unit | None) -> exp.Expr:
        """A day, or the first of a unit, so much earlier."""
        if shift.months:
            move = times.add_units if unit in (None, "DAY", "WEEK") else times.move_start
            day = move(day, -shift.months, "month", self.dialect)
        return times.add_units(day, -shift.days, "day", self.dialect) if shift.days else day

    def bounds(self, time: exp.Expr, span: Span | None) -> list[exp.Expr]:
        """The conditions that a time lies in a span."""
        found: list[exp.Expr] = []
        if span is not None and span.start is not None:
            found.append(exp.GTE(this=time.copy(), expression=exp.Literal.string(str(span.start))))
        if span is not None and span.end is not None:
            found.append(exp.LT(this=time.copy(), expression=exp.Literal.string(str(span.end))))
        return found

    # ---- trees ------------------------------------------------------------------------------------------

    def free_name(self, wanted: str) -> str:
        """A name that no view and no other query of the statement has; it is taken from then on."""
        name, number = wanted, 2
        while name.lower() in self.taken or self.shop.view(name) is not None:
            name, number = f"{wanted}_{number}", number + 1
        self.taken.add(name.lower())
        return name

    def add(self, wanted: str, query: exp.Query) -> str:
        """Keep a query as a common table expression; returns its name."""
        name = self.free_name(wanted)
        self.ctes.append((name, query))
        return name

    def table(self, name: str, alias: str = "") -> exp.Table:
        """A view or another query of the statement, in FROM."""
        made = exp.Table(this=self.identifier(name))
        if alias and alias != name:
            made.set("alias", exp.TableAlias(this=self.identifier(alias)))
        return made

    def column(self, name: str, table: str = "") -> exp.Column:
        """A column by its name."""
        return exp.column(self.identifier(name), table=self.identifier(table) if table else None)

    def is_unordered(self, dim: Dim) -> bool:
        """Whether nothing is sorted by a dimension unasked."""
        return str(dim).rpartition(".")[2].strip('`"').lower() in self.unordered

    def ordered(self, key: exp.Expr, is_descending: bool, *, is_window: bool = False) -> list[exp.Expr]:
        """One key of an order, empty values last in every database."""
        if is_window and self.dialect == "mysql":
            is_empty = exp.Case().when(_is_null(key), exp.Literal.number(1)).else_(exp.Literal.number(0))
            return [
                exp.Ordered(this=is_empty),
                exp.Ordered(this=key.copy(), desc=is_descending or None, nulls_first=not is_descending),
            ]
        return [exp.Ordered(this=key.copy(), desc=is_descending or None, nulls_first=False)]


def _is_null(node: exp.Expr) -> exp.Expr:
    return exp.Is(this=node.copy(), expression=exp.Null())


def both(parts: list[exp.Expr]) -> exp.Expr | None:
    """All conditions joined by AND; ``None`` for no condition."""
    wrapped = [exp.Paren(this=p) if isinstance(p, exp.Or) else p for p in parts]
    made = None
    for part in wrapped:
        made = part if made is None else exp.And(this=made, expression=part)
    return made


def subquery(query: exp.Query, alias: str, work: Work) -> exp.Subquery:
    """A query in FROM."""
    return exp.Subquery(this=query, alias=exp.TableAlias(this=work.identifier(alias)))


def _all_names(node: Node) -> list[Name]:
    """The columns that a statement is about, also within PER, but for those within HAS."""
    if isinstance(node, Name):
        return [node]
    found: list[Name] = []
    if isinstance(node, Top):
        return _all_names(node.operand) if not node.view else []
    for part in () if isinstance(node, Has) else vars(node).values():
        for each in part if isinstance(part, tuple) else (part,):
            found += _all_names(each) if isinstance(each, Node) else []
    return found


def names_in(node: Node) -> list[Name]:
    """The columns that a condition or value is about, without those inside HAS and PER."""
    if isinstance(node, Name):
        return [node]
    if isinstance(node, Has | Per | Top):
        return []
    found: list[Name] = []
    for name in vars(node).values():
        for part in name if isinstance(name, tuple) else (name,):
            found += names_in(part) if isinstance(part, Node) else []
    return found
