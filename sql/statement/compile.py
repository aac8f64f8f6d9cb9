"""From a statement of the question language to one tree in the shop's dialect.

The tree names views; the guard (``sql.lock``) puts the role's columns and rows in their place, in each
leaf, and is the only judge of what may run. A role that sees groups of a size only gets the plain form, one
SELECT over one view, which the guard can hold to the size; whatever needs more is refused by it.

Order of work: conditions, leaves, groups and calendar, figures, windows, HAVING, ORDER BY, LIMIT.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import cast

from sqlglot import exp

from sql.lock.trees import print_tree
from sql.semantics import Role, Shop, View
from sql.statement.conditions import row_condition
from sql.statement.grid import Grid, table
from sql.statement.kinds import check_kinds
from sql.statement.routes import Fork, NoRoute, Routes
from sql.statement.scope import Scope, band_names, named
from sql.statement.sentence import (
    GRAINS,
    UNITS,
    Aggregate,
    AllOf,
    Bucket,
    Calc,
    Compare,
    Condition,
    Dim,
    During,
    Elapsed,
    Empty,
    Gap,
    Grain,
    Name,
    Node,
    Number,
    Only,
    Order,
    Pairs,
    Per,
    Rank,
    Rolling,
    Running,
    Share,
    Shifted,
    Since,
    Statement,
    Tile,
    Top,
    Value,
)
from sql.statement.spans import Span
from sql.statement.work import Assumption, Frame, Work, both, subquery
from sql.types import Dialect

_DIMS = (Grain, Bucket, Tile, Since, Pairs, Per)
_FIGURES = (Aggregate, Shifted, Only, Share, Running, Rolling, Rank)


@dataclass(frozen=True, kw_only=True)
class OutputColumn:
    """One column of the result."""

    name: str
    item: Value
    """What it shows; with PAIRS two columns show one item."""
    is_figure: bool
    unit: str = ""
    """Of a figure: the metric's unit; ``%`` for shares and growth, which are given as fractions."""


@dataclass(frozen=True, kw_only=True)
class Compiled:
    """A statement in the shop's dialect, and what is to be said of it."""

    statement: Statement
    """As it was understood: units in capitals, conditions on entities behind WHERE."""
    tree: exp.Query
    dialect: Dialect
    columns: tuple[OutputColumn, ...]
    span: Span | None
    """The days that the words of the period mean."""
    today: dt.date
    """The day that "last month" was counted from."""
    assumptions: tuple[Assumption, ...]
    data_end: exp.Query | None = None
    """Asks for the last moment of the view's rows, to say where the data end; ``None`` without a time."""

    @property
    def sql(self) -> str:
        """The text for the guard."""
        return print_tree(self.tree.copy(), self.dialect)

    @property
    def data_end_sql(self) -> str | None:
        """The text of ``data_end`` for the guard."""
        return print_tree(self.data_end.copy(), self.dialect) if self.data_end is not None else None


def compile_statement(
    statement: Statement, shop: Shop, dialect: Dialect, today: dt.date, role: Role | None = None
) -> Compiled:
    """Compile a statement for one shop.

    Args:
        today: the shop's day, which "last month" is counted from; the calendar ends with it.
        role: who asks; one with a minimum group gets the plain form. ``None``: one that sees single rows.
    Raises:
        WrongStatement: a name is unknown, or the words make no sense together; with place and way out.
        TwoWays: a column is reached in two ways, and shop.yml prefers none.
    """
    is_grouped = role is not None and role.minimum_group is not None
    work = Work(
        shop=shop,
        dialect=dialect,
        today=today,
        statement=statement,
        is_grouped=is_grouped,
        unordered=frozenset(column.lower() for _, column in role.pseudonyms) if role else frozenset(),
        grid=table,
    )
    return _Compiler(work).compile()


def compile_count(compiled: Compiled, shop: Shop, role: Role | None = None) -> Compiled:
    """How many rows of its view the figures of a statement stand on: none is another answer than 0."""
    rows = replace(
        compiled.statement,
        items=(Aggregate("COUNT", None),),
        groups=(),
        having=(),
        order=(),
        limit=None,
        limit_per=(),
    )
    return compile_statement(rows, shop, compiled.dialect, compiled.today, role)


def compile_undated(
    compiled: Compiled, shop: Shop, role: Role | None = None
) -> tuple[Compiled, Compiled] | None:
    """How many rows meet a statement's other conditions and have no time, so that they are in no period; and
    how many meet them at all.

    ``None`` where it has no period, its view no clock of its own, or a metric another one.
    """
    statement, home = compiled.statement, shop.view(compiled.statement.view)
    if statement.period is None or home is None or home.time is None:
        return None
    names = {node.text for node in statement.walk() if isinstance(node, Name)}
    if any(m.name in names and (m.time or m.last or m.view != home.name) for m in shop.metrics):
        return None
    routes = Routes(shop)
    if any(_is_of_many(item, home, routes) for item in statement.items):
        return None  # a figure of other rows goes by their clock
    others = tuple(c for c in statement.where if c is not statement.period)
    undated = replace(statement, where=(*others, Empty(Name(home.time))))
    whole = replace(statement, where=others)
    missing, all_of_them = (
        compile_count(replace(compiled, statement=each), shop, role) for each in (undated, whole)
    )
    return missing, all_of_them


def _is_of_many(item: Value, home: View, routes: Routes) -> bool:
    """Whether a figure is of rows that hang on those of the view."""
    for name in (node for node in item.walk() if isinstance(node, Name)):
        with contextlib.suppress(NoRoute, Fork):
            if routes.find(home, name).is_many:
                return True
    return False


class _Compiler:
    def __init__(self, work: Work) -> None:
        self.work = work
        self.view = work.view(work.statement.view, work.statement.view)
        self.statement = self._settled(work.statement)
        self.span = self._span()
        self.names: dict[str, int] = {}

    # ---- what the words are -----------------------------------------------------------------------------

    def _settled(self, statement: Statement) -> Statement:
        """Units written small in capitals; what HAVING says of entities behind WHERE."""
        moved = tuple(c for c in statement.having if _is_of_entity(c))
        for part in statement.having:
            if isinstance(part, During):
                self.work.fail(part, "DURING stands behind WHERE")
        settled = replace(
            statement,
            view=self.view.name,
            items=tuple(map(self._unit, statement.items)),
            groups=tuple(map(self._unit, statement.groups)),  # type: ignore[arg-type]
            where=statement.where + moved,
            having=tuple(c for c in statement.having if c not in moved),
            order=tuple(replace(o, key=self._unit(o.key)) for o in statement.order),
            limit_per=tuple(map(self._unit, statement.limit_per)),  # type: ignore[arg-type]
        )
        self.work.statement, self.work.text = settled, str(settled)
        return settled

    def _unit(self, node: Value) -> Value:
        if isinstance(node, Share | Rank) and node.per:
            return replace(node, per=tuple(map(self._unit, node.per)))  # type: ignore[arg-type]
        if not isinstance(node, Name) or node.text.upper() not in GRAINS or node.of:
            return node
        is_known = self.view.column(node.text) is not None or self.work.metric(node) is not None
        return node if is_known else Grain(node.text.upper())

    def is_metric(self, name: Name) -> bool:
        metric = self.work.metric(name)
        if metric is None or name in self.statement.groups:
            return False
        return metric.is_composed or metric.view == self.view.name or self.view.column(name.text) is None

    def is_figure(self, node: Node) -> bool:
        if isinstance(node, Name):
            return self.is_metric(node)
        if isinstance(node, Calc):
            return self.is_figure(node.left) or self.is_figure(node.right)
        return isinstance(node, _FIGURES)

    def _span(self) -> Span | None:
        found = [c for c in self.statement.where if isinstance(c, During) and c.column is None]
        if len(found) > 1:
            self.work.fail(
                found[1], "one period at a time; write ONLY(figure, DURING('…')) for a figure of another"
            )
        span = self.work.span(found[0].words) if found else None
        if (
            span is not None
            and re.search(r"last|past|previous|最近|过去|近|上", span.words)
            and not span.is_to_date
        ):
            self.work.assume("present left out", span.words)
        if span is not None and span.is_to_date:
            self.work.assume("to date", span.words)
        return span

    # ---- the ways ---------------------------------------------------------------------------------------

    def _check_shown(self, statement: Statement) -> None:
        """A number that stands for one row is shown for a group: which one of its rows?"""
        for item in statement.items:
            if not isinstance(item, Name) or item in statement.groups or self.is_metric(item):
                continue
            if self.work.route(self.view, Frame(self.view), item).column.type in ("integer", "number"):
                reason = f"{item} is neither grouped by nor a figure; write SUM({item}), or no GROUP BY"
                self.work.fail(item, reason)

    def compile(self) -> Compiled:
        statement = self.statement
        check_kinds(self.work, self.view, statement)
        figures = [item for item in statement.items if self.is_figure(item)]
        if statement.groups and not figures and not statement.having:
            self._check_shown(statement)
        counted = [f for f in figures if isinstance(f, Aggregate) and isinstance(f.operand, Grain)]
        if statement.limit_per and not statement.limit:
            self.work.fail(statement, "LIMIT … PER needs a number of rows")
        if statement.limit_per and not (figures or statement.groups or statement.having):
            # the first rows of each: what is shown are then the groups
            statement = replace(statement, groups=cast("tuple[Dim, ...]", statement.items))
            self.statement = self.work.statement = statement
        if counted:
            tree, columns = self._units(figures, counted)
        elif figures or statement.groups or statement.having:
            tree, columns = self._figures(figures)
        else:
            tree, columns = self._rows()
        if self.work.ctes:
            made = [
                exp.CTE(this=query, alias=exp.TableAlias(this=self.work.identifier(name)))
                for name, query in self.work.ctes
            ]
            tree.set("with_", exp.With(expressions=made, recursive=self.work.is_recursive))
        return Compiled(
            statement=statement,
            tree=tree,
            dialect=self.work.dialect,
            columns=tuple(columns),
            span=self.span,
            today=self.work.today,
            assumptions=tuple(self.work.assumptions),
            data_end=self._data_end(),
        )

    def _where(self) -> tuple[Condition, ...]:
        return tuple(c for c in self.statement.where if not (isinstance(c, During) and c.column is None))

    def _dims(self) -> tuple[Dim, ...]:
        """The dimensions: those grouped by, and what is shown beside figures."""
        statement = self.statement
        shown = [item for item in statement.items if not self.is_figure(item)]
        for item in shown:
            if not isinstance(item, (Name, *_DIMS)):
                self.work.fail(item, f"{item} is a value of single rows; put it into AVG, MEDIAN … or BUCKET")
        return tuple(dict.fromkeys((*statement.groups, *cast("list[Dim]", shown))))

    def _frame(self, dims: tuple[Dim, ...]) -> Frame:
        return Frame(self.view, dims, self._where(), self.span)

    def _named_dims(self, dims: tuple[Dim, ...]) -> list[tuple[Dim, str]]:
        found: list[tuple[Dim, str]] = []
        for dim in dims:
            if isinstance(dim, Pairs):
                if len(dims) > 1:
                    self.work.fail(dim, "PAIRS stands alone; leave the other dimensions out")
                found += [(dim, self.name(f"{dim.column.text}_{i}")) for i in (1, 2)]
            else:
                found.append((dim, self.name(label(dim))))
        return found

    def name(self, wanted: str) -> str:
        """A name that no other column of the result has."""
        base = re.sub(r"\W+", "_", wanted).strip("_").lower()[:48] or "value"
        self.names[base] = self.names.get(base, 0) + 1
        return base if self.names[base] == 1 else f"{base}_{self.names[base]}"

    def _figures(self, figures: list[Value]) -> tuple[exp.Query, list[OutputColumn]]:
        statement, work = self.statement, self.work
        dims = self._dims()
        named_dims = self._named_dims(dims)
        if any(isinstance(dim, Pairs) for dim in dims):
            self._check_pairs(dims[0], figures)  # type: ignore[arg-type]
        grid = Grid(work, self._frame(dims), named_dims, is_filled=bool(figures))
        values = {str(f): grid.figure(f) for f in figures}
        names = {str(f): self.name(self._label(f)) for f in figures}
        having = [grid.condition(part) for part in statement.having]
        keys = self._order_keys(grid, named_dims, values)
        made = grid.open()
        columns = self._columns(named_dims, names)
        level = _Level(work, grid, made, columns, {**{n: grid.dim(n) for _, n in named_dims},
                       **{names[text]: grid.settled(value) for text, value in values.items()}})  # fmt: skip
        return self._finished(level, having, keys, named_dims), columns

    def _check_pairs(self, pairs: Pairs, figures: list[Value]) -> None:
        for figure in figures:
            if figure == Aggregate("COUNT", pairs.entity):
                continue
            metric = self.work.metric(figure) if isinstance(figure, Name) else None
            form = f"COUNT(DISTINCT {pairs.entity.text})".lower()
            if metric is None or metric.sql.lower() != form:
                self.work.fail(figure, f"beside PAIRS stands COUNT({pairs.entity}), how many have both")

    def _order_keys(
        self, grid: Grid, dims: list[tuple[Dim, str]], values: dict[str, exp.Expr]
    ) -> list[tuple[exp.Expr, str, bool]]:
        """Keys of the order as expressions (or names of dimensions), the rest of the dimensions last."""
        keys: list[tuple[exp.Expr, str, bool]] = []
        given = list(self.statement.order)
        ordered = {str(o.key) for o in given}
        rest = [Order(d) for d, _ in dims if str(d) not in ordered and not self.work.is_unordered(d)]
        calendar = [o for o in rest if o.key in grid.calendar_dims and not given]
        if given and rest and self.statement.limit is not None:
            self.work.assume("ties by name", ", ".join(str(o.key) for o in rest))
        for order in dict.fromkeys([*given, *calendar, *rest]):
            found = [n for d, n in dims if d == order.key]
            keys += [(exp.Null(), name, order.is_descending) for name in found]
            if not found:
                if not self.is_figure(order.key):
                    self.work.fail(
                        order.key, f"{order.key} is not shown; order by a figure or by what is grouped by"
                    )
                value = values.get(str(order.key))
                keys.append((value if value is not None else grid.figure(order.key), "", order.is_descending))
        return keys

    def _finished(
        self,
        level: _Level,
        having: list[exp.Expr],
        keys: list[tuple[exp.Expr, str, bool]],
        dims: list[tuple[Dim, str]],
    ) -> exp.Select:
        """HAVING, LIMIT PER, ORDER BY and LIMIT, each on the level where it may stand."""
        statement, work = self.statement, self.work
        having = [level.here(part) for part in having]
        order = [
            (level.values[name] if name else level.here(value), is_down) for value, name, is_down in keys
        ]
        if having and level.grid.has_windows:  # windows see what HAVING leaves out
            level.wrap([*having, *(key for key, _ in order)])
            having, order = [level.here(p) for p in having], [(level.here(k), d) for k, d in order]
        level.filter(having)
        if statement.limit_per:
            order = self._first_of_each(level, order, dims)
        made = level.closed()
        ordered = [part for key, is_down in order for part in work.ordered(level.in_order(key), is_down)]
        if ordered:
            made.set("order", exp.Order(expressions=ordered))
        if statement.limit is not None and not statement.limit_per:
            made.limit(statement.limit, copy=False)
        return made

    def _first_of_each(
        self, level: _Level, order: list[tuple[exp.Expr, bool]], dims: list[tuple[Dim, str]]
    ) -> list[tuple[exp.Expr, bool]]:
        """Keep the first rows of each LIMIT … PER; returns the order on the level that this opens."""
        statement, work = self.statement, self.work
        for dim in statement.limit_per:
            if dim not in [d for d, _ in dims]:
                work.fail(dim, f"{dim} is not grouped by; LIMIT … PER needs a dimension that is")
        per = [level.values[n] for d, n in dims if d in statement.limit_per]
        if any(key.find(exp.Window) for key, _ in order):
            level.wrap([key for key, _ in order])
            order, per = [(level.here(k), d) for k, d in order], [level.here(p) for p in per]
        parts = [part for key, is_down in order for part in work.ordered(key, is_down, is_window=True)]
        place = exp.Window(this=exp.RowNumber(), partition_by=per, order=exp.Order(expressions=parts))
        level.wrap([*(key for key, _ in order), place])
        most = exp.Literal.number(statement.limit or 0)
        level.filter([exp.LTE(this=level.here(place), expression=most)])
        order = [*((level.here(p), False) for p in per), *((level.here(k), d) for k, d in order)]
        return [o for i, o in enumerate(order) if all(o[0] != other[0] for other in order[:i])]

    def _units(self, figures: list[Value], counted: list[Aggregate]) -> tuple[exp.Query, list[OutputColumn]]:
        """How many units of time there are of which HAVING is true (or that have rows)."""
        statement, work = self.statement, self.work
        if statement.limit_per:
            work.fail(f"LIMIT {statement.limit} PER", "LIMIT … PER does not go with units that are counted")
        if len(figures) > 1 or not isinstance(counted[0].operand, Grain):
            work.fail(figures[1], f"{counted[0]} counts units and stands alone")
        unit = counted[0].operand
        if unit.unit not in UNITS or unit.column:
            work.fail(unit, f"units to count are {', '.join(UNITS)}")
        dims = self._dims()
        named_dims = self._named_dims(dims)
        conditions = statement.having or (Compare(Aggregate("COUNT", None), ">", Number("0")),)
        inner_name = self.name(f"{label(unit)}_unit")
        grid = Grid(work, self._frame((*dims, unit)), [*named_dims, (unit, inner_name)], is_filled=True)
        condition = both([grid.condition(part) for part in conditions])
        made = grid.open()
        assert condition is not None
        holds = exp.Case(ifs=[exp.If(this=grid.settled(condition), true=exp.Literal.number(1))])
        shown = [named(grid.dim(n), n, work) for _, n in named_dims]
        if grid.is_plain:
            work.fail(counted[0], "the role sees groups only; units of time cannot be counted for it")
        made.set("expressions", [*shown, exp.alias_(holds, "holds")])
        name = self.name(f"{label(unit)}s")
        columns = self._columns(named_dims, {str(counted[0]): name})
        outer = exp.Select(
            expressions=[
                *(work.column(n, "base") for _, n in named_dims),
                exp.alias_(exp.Count(this=work.column("holds", "base"), big_int=True), name),
            ]
        ).from_(subquery(made, "base", work))
        outer.group_by(*(work.column(n, "base") for _, n in named_dims), copy=False)
        keys = [
            (work.column(name) if o.key == counted[0] else work.column(n), o.is_descending)
            for o in statement.order
            for n in [next((n for d, n in named_dims if d == o.key), name)]
        ]
        asked = [o.key for o in statement.order]
        keys += [
            (work.column(n), False) for d, n in named_dims if d not in asked and not self.work.is_unordered(d)
        ]
        parts = [part for key, is_down in keys for part in work.ordered(key, is_down)]
        if parts:
            outer.set("order", exp.Order(expressions=parts))
        return (outer if statement.limit is None else outer.limit(statement.limit, copy=False)), columns

    def _rows(self) -> tuple[exp.Query, list[OutputColumn]]:
        """Rows of the view as they are."""
        statement, work = self.statement, self.work
        scope = Scope(work, self.view, self._frame(()))
        columns, shown = [], []
        for item in statement.items:
            if isinstance(item, Per | Tile | Pairs) or not isinstance(
                item, Name | Calc | Elapsed | Gap | Grain | Bucket | Since
            ):
                work.fail(item, f"{item} needs a figure or GROUP BY beside it")
            value = self._row_value(scope, item)
            name = self.name(label(item))
            columns.append(OutputColumn(name=name, item=item, is_figure=False, unit=self._unit_of(item)))
            shown.append((name, value))
        order = [(self._row_value(scope, o.key), o.is_descending) for o in statement.order]
        if scope.is_many:
            work.fail(
                statement.view,
                "a column that is shown has several values for one row; group by what is shown",
            )
        conditions = work.bounds(scope.clock(), self.span) if self.span is not None else []
        conditions += [row_condition(scope, part) for part in self._where()]
        made = scope.select(shown, conditions)
        parts = [part for key, is_down in order for part in work.ordered(key, is_down)]
        if parts:
            made.set("order", exp.Order(expressions=parts))
        return (made if statement.limit is None else made.limit(statement.limit, copy=False)), columns

    def _row_value(self, scope: Scope, item: Value) -> exp.Expr:
        if isinstance(item, Bucket):
            return _labelled(scope.dim(item), item)
        if isinstance(item, Grain | Since):
            return scope.dim(item)
        return scope.value(item)

    def _data_end(self) -> exp.Query | None:
        uses_time = self.span is not None or any(
            isinstance(n, Grain) and not n.column for n in self.statement.walk()
        )
        if not uses_time:
            return None
        scope = Scope(self.work, self.view, Frame(self.view))
        return scope.select([("data_end", exp.Max(this=scope.clock()))], [])

    # ---- names and units of the result ------------------------------------------------------------------

    def _columns(self, dims: list[tuple[Dim, str]], figures: dict[str, str]) -> list[OutputColumn]:
        """In the order of the statement's items; dimensions that are not shown are left out."""
        found: list[OutputColumn] = []
        for item in self.statement.items:
            if str(item) in figures:
                name = figures[str(item)]
                found.append(OutputColumn(name=name, item=item, is_figure=True, unit=self._unit_of(item)))
            else:
                found += [OutputColumn(name=n, item=d, is_figure=False) for d, n in dims if d == item]
        return list(dict.fromkeys(found))

    def _unit_of(self, item: Value) -> str:
        if isinstance(item, Share) or (isinstance(item, Shifted) and item.word == "GROWTH"):
            return "%"
        if isinstance(item, Name):
            metric = self.work.metric(item) if self.is_metric(item) else None
            column = self.view.column(item.text)
            return metric.unit if metric else column.unit if column else ""
        if isinstance(item, Elapsed | Gap):
            return "days" if not isinstance(item, Elapsed) else item.unit.lower()
        if isinstance(item, Shifted | Only | Running | Rolling):
            return self._unit_of(item.figure)
        if isinstance(item, Aggregate) and item.word != "COUNT" and item.operand is not None:
            return self._unit_of(item.operand.figure if isinstance(item.operand, Per) else item.operand)
        if isinstance(item, Calc) and item.sign in ("+", "-"):
            return self._unit_of(item.left)
        return ""

    def _label(self, node: Value) -> str:
        metric = self.work.metric(node) if isinstance(node, Name) else None
        if isinstance(node, Aggregate) and node.operand is None:
            return self.view.name
        return metric.name if metric else label(node)


class _Level:
    """A query on its way: what its columns are called, and what earlier expressions are called in it."""

    def __init__(
        self,
        work: Work,
        grid: Grid,
        query: exp.Select,
        columns: list[OutputColumn],
        values: dict[str, exp.Expr],
    ) -> None:
        self.work, self.grid, self.query, self.columns = work, grid, query, columns
        self.values = values
        """By name: dimensions and figures, as they are written on this level."""
        self.bands = {n: d for d, n in grid.dims if isinstance(d, Bucket)}
        self.depth = 0
        self._inside: list[tuple[exp.Expr, exp.Column]] = []

    def here(self, value: exp.Expr) -> exp.Expr:
        """An expression of the level below, as it is written on this one."""
        if not self.depth:
            return self.grid.settled(value)
        return next((name.copy() for known, name in self._inside if known == value), value)

    def filter(self, conditions: list[exp.Expr]) -> None:
        condition = both(conditions)
        if condition is None:
            return
        if self.grid.is_plain and not self.depth:
            self.query.having(condition, copy=False)
        else:
            self.query.where(condition, copy=False)

    def wrap(self, wanted: list[exp.Expr]) -> None:
        """Put the query into FROM of another, with all its columns and with ``wanted`` as columns."""
        self.depth += 1
        alias = "shown" if self.depth == 1 else f"shown_{self.depth}"
        known: list[tuple[exp.Expr, str]] = [(value, name) for name, value in self.values.items()]
        for value in wanted:
            if all(value != found for found, _ in known):
                known.append((value, f"hidden_{self.depth}_{len(known)}"))
        self.query.set("expressions", [named(value.copy(), name, self.work) for value, name in known])
        self.query = exp.Select().from_(subquery(self.query, alias, self.work))
        self._inside = [(value, self.work.column(name, alias)) for value, name in known]
        self.values = {name: self.work.column(name, alias) for name in self.values}

    def closed(self) -> exp.Select:
        """The query with the columns that are shown."""
        shown: list[exp.Expr] = []
        for column in self.columns:
            value = self.values[column.name].copy()
            band = self.bands.get(column.name)
            if band is None and isinstance(value, exp.Column) and value.table and self.grid.is_plain:
                # a name of its own, also where it is the column's: ORDER BY then means the result
                shown.append(exp.Alias(this=value, alias=self.work.identifier(column.name)))
            else:
                shown.append(
                    named(_labelled(value, band) if band is not None else value, column.name, self.work)
                )
        self.query.set("expressions", shown)
        return self.query

    def in_order(self, key: exp.Expr) -> exp.Expr:
        """A key of ORDER BY: by its name where it is a figure that is shown."""
        if self.depth or self.work.is_grouped:
            return key
        names = [c.name for c in self.columns if c.is_figure and self.values[c.name] == key]
        is_free = names and not any(view.column(names[0]) for view in self.work.shop.views)
        return self.work.column(names[0]) if is_free else key


def _is_of_entity(condition: Condition) -> bool:
    """Whether it is about what entities are worth: ``revenue PER order_id > 200``."""
    if isinstance(condition, AllOf):
        return all(map(_is_of_entity, condition.parts))
    return isinstance(getattr(condition, "left", None), Per)


def _labelled(band: exp.Expr, node: Bucket) -> exp.Expr:
    ifs = [
        exp.If(this=exp.Literal.number(i), true=exp.Literal.string(text))
        for i, text in enumerate(band_names(node.bounds), 1)
    ]
    return exp.Case(this=band, ifs=ifs)


def label(node: Value) -> str:
    """What a column of the result is called, before it is made a plain and single name."""
    if isinstance(node, Name):
        return node.text
    if isinstance(node, Grain):
        return f"{node.column.text}_{node.unit}" if node.column else node.unit
    if isinstance(node, Per):
        return f"{label(node.figure)}_per_{label(node.entity)}"
    if isinstance(node, Bucket):
        return f"{label(node.operand)}_band"
    if isinstance(node, Tile):
        return f"{label(node.operand.figure)}_tile"
    if isinstance(node, Since):
        return {
            "FIRST": f"first_{node.unit}",
            "AGE": f"{node.unit}s_since_first",
            "IS_FIRST": "new_or_returning",
        }[node.word]
    if isinstance(node, Aggregate):
        inner = "rows" if node.operand is None else label(node.operand)
        word = {"SUM": "total", "AVG": "average", "COUNT": "number_of"}.get(node.word, node.word)
        return f"{inner}_p{node.percent}" if node.percent else f"{word}_{inner}"
    if isinstance(node, Calc):
        word = {"+": "plus", "-": "less", "*": "times", "/": "per"}[node.sign]
        return f"{label(node.left)}_{word}_{label(node.right)}"
    if isinstance(node, Elapsed):
        return f"{node.unit}_to_{node.last.text}"
    if isinstance(node, Gap):
        return "days_since_the_one_before"
    if isinstance(node, Number):
        return node.text
    if isinstance(node, Only):
        return f"{label(node.figure)}_{_told(node.condition)}"
    if isinstance(node, Share):
        told = f"_of_{_told(node.condition)}" if node.condition else ""
        return f"share_of_{label(node.figure)}{told}"
    words: dict[type, Callable[[], str]] = {
        Shifted: lambda: f"{label(node.figure)}_{'growth' if node.word == 'GROWTH' else 'before'}",  # type: ignore[union-attr]
        Running: lambda: f"running_{label(node.figure)}",  # type: ignore[union-attr]
        Rolling: lambda: f"rolling_{label(node.figure)}",  # type: ignore[union-attr]
        Rank: lambda: f"rank_by_{label(node.figure)}",  # type: ignore[union-attr]
    }
    return words[type(node)]() if type(node) in words else "value"


def _told(condition: Condition) -> str:
    if isinstance(condition, During):
        return condition.words
    if isinstance(condition, Top):
        return f"{condition.word}_{condition.count}"
    values = [str(v) for v in vars(condition).values() if isinstance(v, Node)][1:] or ["part"]
    return "_".join(re.sub(r"[^\w-]+", "_", value).strip("_") for value in values)
