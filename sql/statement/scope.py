"""One view in FROM, with what a leaf needs joined to it: columns behind links, values of entities.

To-one links become LEFT JOINs, once each. A to-many link is joined for a dimension only, and the scope then
says so (``is_many``): its rows may not be added up before each is counted once per group.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping

from sqlglot import exp

from sql import times
from sql.semantics import Metric, View
from sql.statement.routes import Hop, Route
from sql.statement.sentence import (
    Bucket,
    Calc,
    Condition,
    Dim,
    Elapsed,
    Gap,
    Grain,
    Name,
    Number,
    Per,
    Since,
    Text,
    Tile,
    Top,
    Truth,
    Value,
)
from sql.statement.work import Frame, Work, both, names_in, subquery

_SIGNS: dict[str, type[exp.Binary]] = {"+": exp.Add, "-": exp.Sub, "*": exp.Mul}


class Scope:
    """The rows of one view, and what is known of each.

    Args:
        home: the view.
        beside: a scope whose columns are named beside those of this one, so that no alias may be the same.
        known: ways to names that were settled outside, seen from ``home``.
    """

    def __init__(
        self,
        work: Work,
        home: View,
        frame: Frame,
        *,
        metric: Metric | None = None,
        beside: Scope | None = None,
        known: Mapping[Name, Route] | None = None,
    ) -> None:
        self.work, self.home, self.frame, self.metric = work, home, frame, metric
        self._aliases: set[str] = set(beside._aliases) if beside is not None else set()
        self.alias = self._alias(home.name)
        self.known = known or {}
        self.joins: list[exp.Join] = []
        self.is_many = False
        self._reached: dict[tuple[Hop, ...], str] = {(): self.alias}
        self._derived: dict[object, str] = {}

    # ---- columns ----------------------------------------------------------------------------------------

    def route(self, name: Name) -> Route:
        """The way to what a name means here."""
        return self.known.get(name) or self.work.route(self.home, self.frame, name)

    def is_joined(self, route: Route) -> bool:
        """Whether the view at its end stands in FROM already."""
        return route.hops in self._reached

    def column(self, name: Name) -> exp.Column:
        """The column that a name means, joined where it is elsewhere."""
        return self.at(self.route(name))

    def at(self, route: Route) -> exp.Column:
        """The column at the end of a way."""
        return self.work.column(route.column.name, self.reach(route.hops))

    def reach(self, hops: tuple[Hop, ...]) -> str:
        """The alias of the view at the end of links, which are joined where they are not yet."""
        if hops in self._reached:
            return self._reached[hops]
        near = self.reach(hops[:-1])
        hop = hops[-1]
        alias = self._alias(hop.view)
        on = exp.EQ(this=self.work.column(hop.theirs, alias), expression=self.work.column(hop.own, near))
        self.joins.append(exp.Join(this=self.work.table(hop.view, alias), side="LEFT", on=on))
        self.is_many |= hop.is_many
        self._reached[hops] = alias
        return alias

    def _alias(self, wanted: str) -> str:
        alias, number = wanted, 2
        while alias.lower() in self._aliases:
            alias, number = f"{wanted}_{number}", number + 1
        self._aliases.add(alias.lower())
        return alias

    def clock(self) -> exp.Column:
        """The column that places the rows in time."""
        route = self.work.clock(self.home, self.metric, self.metric.name if self.metric else self.home.name)
        return self.at(route)

    def entity(self, name: Name) -> exp.Column:
        """The column that says which entity a row belongs to."""
        return self.at(self.known.get(name) or self.work.entity(self.home, self.frame, name))

    # ---- values of one row ------------------------------------------------------------------------------

    def value(self, node: Value) -> exp.Expr:
        """A value that every row has."""
        work = self.work
        if isinstance(node, Name):
            return self.column(node)
        if isinstance(node, Number):
            number = exp.Literal.number(node.text.lstrip("-"))
            return exp.Neg(this=number) if node.text.startswith("-") else number
        if isinstance(node, Text):
            return exp.Literal.string(node.value)
        if isinstance(node, Truth):
            return exp.Boolean(this=node.value)
        if isinstance(node, Elapsed):
            unit = "day" if node.unit == "DAYS" else "hour"
            return times.units_between(self.column(node.first), self.column(node.last), unit, work.dialect)  # type: ignore[arg-type]
        if isinstance(node, Gap):
            return self._gap(node)
        if isinstance(node, Calc):
            left, right = self.value(node.left), self.value(node.right)
            return calculated(node.sign, left, right, work)
        return work.fail(node, f"{node} is no value of single rows; name a column")

    # ---- dimensions -------------------------------------------------------------------------------------

    def dim(self, node: Dim) -> exp.Expr:
        """The group of a row.

        A link to one row and from there to many gives none: all of a product's stock would stand in each
        channel that the product was sold in. A table that only joins two others is no such row: of a product
        in two categories each row of the home stands in both, once.
        """
        for name in names_in(node):
            hops = self.route(name).hops
            if any(
                hop.is_many and not before.is_many and not self._is_bridge(hop, hops)
                for before, hop in itertools.pairwise(hops)
            ):
                way_out = f"both only share {hops[0].view}; ask for one, or use HAS for a condition"
                reason = f"{self.home.name} cannot be split by {name}, which is of {hops[-1].view}: {way_out}"
                self.work.fail(name, reason)
        if isinstance(node, Name):
            return self.column(node)
        if isinstance(node, Grain):
            time = self.column(node.column) if node.column else self.clock()
            if node.unit in ("WEEKDAY", "HOUR"):
                return times.part_of(time, node.unit.lower(), self.work.dialect)  # type: ignore[arg-type]
            return self.work.starts(time, node.unit)  # type: ignore[arg-type]
        if isinstance(node, Bucket):
            inner = (
                self._of_entity(node.operand) if isinstance(node.operand, Per) else self.value(node.operand)
            )
            return banded(inner, node.bounds)
        if isinstance(node, Per):
            return self._of_entity(node)
        if isinstance(node, Tile):
            return self._of_entity(node.operand, tiles=node.count)
        if isinstance(node, Since):
            return self.since(node)
        return self.work.fail(node, f"{node} stands alone with COUNT of its entity")

    def _is_bridge(self, hop: Hop, hops: tuple[Hop, ...]) -> bool:
        """Whether a link leads into a table of pairs or a list of labels, and the home's rows can be told
        apart to count each once."""
        view = self.work.shop.view(hop.view)
        if view is None or not self.home.key:
            return False
        return view.is_list_of_labels if hop is hops[-1] else view.is_bridge

    def since(self, node: Since) -> exp.Expr:
        """What is known of the entity's first row, over all time and whatever the conditions."""
        work, dialect = self.work, self.work.dialect
        first = self._first(node.entity)
        work.assume("first ever", f"{node.entity} in {self.frame.view.name}")
        if node.word == "FIRST":
            return work.starts(first, node.unit)
        if node.word == "AGE":
            if node.unit.startswith("FISCAL"):
                work.fail(node, "AGE counts DAY, WEEK, MONTH, QUARTER or YEAR")
            return times.units_between(first, self.clock(), node.unit.lower(), dialect)  # type: ignore[arg-type]
        is_same = exp.EQ(this=work.starts(self.clock(), node.unit), expression=work.starts(first, node.unit))
        is_other = exp.NEQ(this=is_same.this.copy(), expression=is_same.expression.copy())
        new, old = exp.Literal.string("new"), exp.Literal.string("returning")
        return exp.Case(ifs=[exp.If(this=is_same, true=new), exp.If(this=is_other, true=old)])

    def _join(self, key: object, query: exp.Query, on: list[tuple[str, exp.Expr]], *, side: str) -> str:
        """Join a table with at most one row for each row here; returns its alias."""
        if key not in self._derived:
            alias = self._alias("of_entity")
            conditions = [exp.EQ(this=self.work.column(name, alias), expression=mine) for name, mine in on]
            join = exp.Join(this=subquery(query, alias, self.work), on=both(list(conditions)))
            if side:
                join.set("side", side)
            self.joins.append(join)
            self._derived[key] = alias
        return self._derived[key]

    def _first(self, entity: Name) -> exp.Column:
        work, view = self.work, self.frame.view
        scope = Scope(work, view, Frame(view))
        who = scope.entity(entity)
        first = exp.Min(this=scope.clock())
        query = scope.select([("entity", who), ("first_at", first)], [])
        query.group_by(who.copy(), copy=False)
        alias = self._join(("first", entity), query, [("entity", self.entity(entity))], side="LEFT")
        return work.column("first_at", alias)

    def _gap(self, node: Gap) -> exp.Expr:
        work = self.work
        route = self.route(node.time)
        view = route.view
        if route.is_many or not view.key:
            work.fail(node, f"GAP needs the key of {view.name} in shop.yml (key: [COLUMN])")
        if view.key == (node.entity.text,) and not node.entity.of and view.column(node.entity.text):
            work.fail(node, f"each {node.entity} is one row, so none is before it; write DAYS(TIME, TIME)")
        scope = Scope(work, view, Frame(view))
        time, who = scope.column(Name(node.time.text)), scope.entity(node.entity)
        keys = [(f"key_{i}", scope.column(Name(name))) for i, name in enumerate(view.key, 1)]
        order = [
            o for part in (time, *(k for _, k in keys)) for o in work.ordered(part, False, is_window=True)
        ]
        before = exp.Window(
            this=exp.Lag(this=time.copy()), partition_by=[who], order=exp.Order(expressions=order)
        )
        query = scope.select([*keys, ("before_at", before)], [])
        query.where(exp.Not(this=exp.Is(this=who.copy(), expression=exp.Null())), copy=False)
        work.assume("of all rows", node)
        reached = self.reach(route.hops)
        on: list[tuple[str, exp.Expr]] = [
            (alias, work.column(name, reached)) for (alias, _), name in zip(keys, view.key, strict=True)
        ]
        alias = self._join(("gap", node), query, on, side="LEFT")
        return times.units_between(work.column("before_at", alias), self.at(route), "day", work.dialect)

    def _of_entity(self, node: Per, tiles: int = 0) -> exp.Column:
        work = self.work
        if not isinstance(node.entity, Name):
            work.fail(node, "a dimension is PER a column, not per unit of time")
        frame = Frame(self.frame.view, (node.entity,), outer_conditions(self.frame), self.frame.span)
        query = work.grid(work, frame, [("value", node.figure)], names=["entity"])
        if tiles:
            value, entity = work.column("value", "base"), work.column("entity", "base")
            order = [*work.ordered(value, True, is_window=True), *work.ordered(entity, False, is_window=True)]
            tile = exp.Window(
                this=exp.Ntile(this=exp.Literal.number(tiles)), order=exp.Order(expressions=order)
            )
            query = exp.select(entity, exp.alias_(tile, "value")).from_(subquery(query, "base", work))
            query.where(exp.Not(this=exp.Is(this=entity.copy(), expression=exp.Null())), copy=False)
        on: list[tuple[str, exp.Expr]] = [("entity", self.entity(node.entity))]
        alias = self._join((node, tiles), query, on, side="LEFT" if node.is_all else "")
        found = work.column("value", alias)
        if node.is_all and not tiles:
            return exp.Coalesce(this=found, expressions=[exp.Literal.number(0)])  # type: ignore[return-value]
        return found

    # ---- the select -------------------------------------------------------------------------------------

    def select(self, columns: list[tuple[str, exp.Expr]], conditions: list[exp.Expr]) -> exp.Select:
        """``columns`` by name over the rows that meet the conditions."""
        made = exp.Select(expressions=[named(value, name, self.work) for name, value in columns])
        made.from_(self.work.table(self.home.name, self.alias), copy=False)
        if self.joins:
            made.set("joins", list(self.joins))
        where = both(conditions)
        return made.where(where, copy=False) if where is not None else made


def outer_conditions(frame: Frame) -> tuple[Condition, ...]:
    """The conditions that hold for what an entity is worth: all but those about such worths themselves."""
    return tuple(c for c in frame.where if not _is_worth(c))


def _is_worth(condition: Condition) -> bool:
    return not isinstance(condition, Top) and any(isinstance(part, Per) for part in condition.walk())


def named(value: exp.Expr, name: str, work: Work) -> exp.Expr:
    """``value AS name``, or the column itself where it is called so."""
    if isinstance(value, exp.Column) and value.name == name:
        return value
    return exp.Alias(this=value, alias=work.identifier(name))


def calculated(sign: str, left: exp.Expr, right: exp.Expr, work: Work) -> exp.Expr:
    """Two terms and a sign; a division is one of fractions and gives NULL for nothing to divide by."""
    left, right = (exp.Paren(this=t) if isinstance(t, exp.Binary) else t for t in (left, right))
    if sign == "/":
        return times.ratio(left, right, work.dialect)
    return _SIGNS[sign](this=left, expression=right)


def banded(value: exp.Expr, bounds: tuple[Number, ...]) -> exp.Expr:
    """The number of the band, from 1, that a value falls in; NULL for no value."""
    ifs = [
        exp.If(this=exp.LT(this=value.copy(), expression=_number(bound)), true=exp.Literal.number(place))
        for place, bound in enumerate(bounds, 1)
    ]
    last = exp.GTE(this=value.copy(), expression=_number(bounds[-1]))
    return exp.Case(ifs=[*ifs, exp.If(this=last, true=exp.Literal.number(len(bounds) + 1))])


def band_names(bounds: tuple[Number, ...]) -> list[str]:
    """How the bands are told, in order."""
    between = [f"{a} to < {b}" for a, b in itertools.pairwise(bounds)]
    return [f"< {bounds[0]}", *between, f">= {bounds[-1]}"]


def _number(node: Number) -> exp.Expr:
    number = exp.Literal.number(node.text.lstrip("-"))
    return exp.Neg(this=number) if node.text.startswith("-") else number
