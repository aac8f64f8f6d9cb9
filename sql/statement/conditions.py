"""Conditions of a statement as conditions on the rows of one scope.

NOT keeps rows without a value: a customer without a country is "not in Spain". A column behind a to-many
link that the scope has not joined becomes ``key IN (SELECT …)``, and HAS NO becomes ``NOT IN``, never a
join: a row meets a condition or does not, however many others hang on it.
"""

from __future__ import annotations

import datetime as dt
import operator
import re
from dataclasses import replace
from typing import get_args

from sqlglot import exp

from sql import times
from sql.semantics import View
from sql.statement.routes import Route
from sql.statement.scope import Scope, outer_conditions
from sql.statement.sentence import (
    Aggregate,
    AllOf,
    Among,
    AnyOf,
    Compare,
    Condition,
    DayPart,
    During,
    Empty,
    Grain,
    Has,
    Holds,
    Like,
    Name,
    Number,
    Per,
    Range,
    Sign,
    Since,
    Text,
    Top,
    Truth,
    Value,
)
from sql.statement.work import Frame, Work, both, names_in, subquery

SIGNS: dict[str, type[exp.Binary]] = {
    "=": exp.EQ,
    "<>": exp.NEQ,
    "<": exp.LT,
    "<=": exp.LTE,
    ">": exp.GT,
    ">=": exp.GTE,
}
OPPOSITE: dict[Sign, Sign] = {"=": "<>", "<>": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
_MEANT = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_OF_ALL = ("AVG", "MEDIAN", "MIN", "MAX")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")


def row_condition(scope: Scope, node: Condition) -> exp.Expr:
    """``node`` as a condition on each row of the scope."""
    work = scope.work
    if isinstance(node, AllOf):
        return exp.Paren(this=both([row_condition(scope, part) for part in node.parts]))
    if isinstance(node, AnyOf):
        made = row_condition(scope, node.parts[0])
        for part in node.parts[1:]:
            made = exp.Or(this=made, expression=row_condition(scope, part))
        return exp.Paren(this=made)
    if isinstance(node, Has):
        return _has(scope, node)
    if isinstance(node, Top):
        return _among_the_first(scope, node)
    if isinstance(node, Compare | Among | Range | Empty) and isinstance(node.left, Per):
        return _worth(scope, node)
    if isinstance(node, During) and node.column is None:
        return both(work.bounds(scope.clock(), work.span(node.words))) or exp.true()
    many = [name for name in names_in(node) if (r := scope.route(name)).is_many and not scope.is_joined(r)]
    return _behind(scope, node, many) if many else _plain(scope, node)


def _behind(scope: Scope, node: Condition, many: list[Name]) -> exp.Expr:
    """A condition on a row behind a to-many link: there is one that meets it."""
    work = scope.work
    routes = {name: scope.route(name) for name in names_in(node)}
    place = next(i for i, hop in enumerate(routes[many[0]].hops) if hop.is_many)
    before, hop = routes[many[0]].hops[:place], routes[many[0]].hops[place]
    if any(route.hops[: place + 1] != (*before, hop) for route in routes.values()):
        work.fail(
            node, f"{node} compares columns of rows that several others hang on; use columns of one view"
        )
    known = {name: Route(r.hops[place + 1 :], r.view, r.column) for name, r in routes.items()}
    inner = Scope(work, work.view(hop.view, node), scope.frame, known=known)
    condition = row_condition(inner, node)
    found = inner.select([(hop.theirs, work.column(hop.theirs, inner.alias))], [condition])
    return exp.In(this=work.column(hop.own, scope.reach(before)), query=exp.Subquery(this=found))


# ---- one column and values ------------------------------------------------------------------------------


def _plain(scope: Scope, node: Condition) -> exp.Expr:
    if isinstance(node, Compare):
        return _compared(scope, node)
    if isinstance(node, Holds):
        made = scope.since(node.what) if isinstance(node.what, Since) else scope.column(node.what)
        if isinstance(node.what, Since):
            if node.what.word != "IS_FIRST":
                scope.work.fail(node, f"{node.what.word} is no condition; compare it, or use IS_FIRST")
            return exp.EQ(this=made, expression=exp.Literal.string("returning" if node.is_not else "new"))
        return exp.Not(this=made) if node.is_not else made
    if isinstance(node, During):
        assert node.column is not None
        span = scope.work.span(node.words, is_cut=False)  # what is due this year may be due after today
        return both(scope.work.bounds(scope.column(node.column), span)) or exp.true()
    assert isinstance(node, Among | Range | Like | Empty)
    left = _left(scope, node.left)
    made = _tested(scope, node, left)
    if not node.is_not or isinstance(node, Empty):
        return exp.Not(this=made) if node.is_not else made
    scope.work.assume("without a value", node.left)
    is_empty = exp.Is(this=left.copy(), expression=exp.Null())
    return exp.Paren(this=exp.Or(this=is_empty, expression=exp.Not(this=made)))


def _left(scope: Scope, node: Value) -> exp.Expr:
    if isinstance(node, Grain) and node.unit in get_args(DayPart):
        return scope.dim(node)
    made = scope.since(node) if isinstance(node, Since) else scope.value(node)
    return exp.Paren(this=made) if isinstance(made, exp.Binary) else made


def _tested(scope: Scope, node: Among | Range | Like | Empty, left: exp.Expr) -> exp.Expr:
    if isinstance(node, Empty):
        return exp.Is(this=left, expression=exp.Null())
    if isinstance(node, Like):
        minds_case = scope.work.dialect in ("duckdb", "postgres")
        like = exp.ILike if minds_case else exp.Like
        return like(this=left, expression=exp.Literal.string(node.pattern.value))
    if isinstance(node, Among):
        return exp.In(this=left, expressions=[_fitting(scope, node.left, value) for value in node.values])
    low, high = Compare(node.left, ">=", node.low), Compare(node.left, "<=", node.high)
    if _is_day(scope, node.left, node.high):
        return exp.Paren(this=exp.And(this=_compared(scope, low), expression=_compared(scope, high)))
    bounds = [_fitting(scope, node.left, value) for value in (node.low, node.high)]
    return exp.Between(this=left, low=bounds[0], high=bounds[1])


def _compared(scope: Scope, node: Compare) -> exp.Expr:
    if _is_day(scope, node.left, node.right):
        return _by_day(scope, node)
    if node.sign == "<>" and isinstance(node.right, Text | Number | Truth):
        scope.work.assume("without a value", node.left)  # what has none is not Spain either
        return exp.NullSafeNEQ(
            this=_left(scope, node.left), expression=_fitting(scope, node.left, node.right)
        )
    return SIGNS[node.sign](this=_left(scope, node.left), expression=_fitting(scope, node.left, node.right))


def _fitting(scope: Scope, left: Value, value: Value) -> exp.Expr:
    """A value as its column holds it: PostgreSQL compares no text with a number."""
    if isinstance(value, Number) and isinstance(left, Name) and scope.route(left).column.type == "text":
        return exp.Literal.string(value.text)
    if isinstance(value, Text) and isinstance(left, Name):
        is_number = scope.route(left).column.type in ("integer", "number")
        if is_number and re.fullmatch(r"-?\d+(\.\d+)?", value.value):
            return scope.value(Number(value.value))
        if is_number:
            scope.work.fail(value, f"{left} holds numbers, and {value} is none")
    if isinstance(value, Aggregate) and value.operand == left and value.word in _OF_ALL:
        return _over_all(scope, value)
    made = scope.value(value)
    return exp.Paren(this=made) if isinstance(made, exp.Binary) else made


def _over_all(scope: Scope, value: Aggregate) -> exp.Expr:
    """The average of a column over all the rows that the statement is about: ``price > AVG(price)``."""
    frame = scope.frame
    if isinstance(value.operand, Name) and scope.route(value.operand).is_many:
        scope.work.fail(
            value, f"{value.operand} is of rows that several hang on; write {value} behind HAVING"
        )
    others = tuple(c for c in frame.where if not any(isinstance(part, Aggregate) for part in c.walk()))
    whole = replace(frame, dims=(), where=others)
    return exp.Subquery(this=scope.work.grid(scope.work, whole, [("value", value)], names=[]))


def _is_day(scope: Scope, left: Value, right: Value) -> bool:
    """Whether a moment is compared with a day, which then means all of it."""
    is_written = isinstance(right, Text) and _DAY.fullmatch(right.value) is not None
    return is_written and isinstance(left, Name) and scope.route(left).column.type == "timestamp"


def _by_day(scope: Scope, node: Compare) -> exp.Expr:
    assert isinstance(node.right, Text)
    try:
        day = dt.date.fromisoformat(node.right.value)
    except ValueError:
        scope.work.fail(node.right, f"{node.right} is no day")
    column = scope.value(node.left)
    first, after = (exp.Literal.string(str(d)) for d in (day, day + dt.timedelta(days=1)))
    if node.sign in ("=", "<>"):
        is_in = exp.And(
            this=exp.GTE(this=column, expression=first),
            expression=exp.LT(this=column.copy(), expression=after),
        )
        if node.sign == "=":
            return exp.Paren(this=is_in)
        scope.work.assume("without a value", node.left)
        is_empty = exp.Is(this=column.copy(), expression=exp.Null())
        return exp.Paren(this=exp.Or(this=is_empty, expression=exp.Not(this=exp.Paren(this=is_in))))
    sign = {"<": exp.LT, "<=": exp.LT, ">": exp.GTE, ">=": exp.GTE}[node.sign]
    return sign(this=column, expression=after if node.sign in ("<=", ">") else first)


# ---- entities -------------------------------------------------------------------------------------------


def _inside(column: exp.Expr, query: exp.Query, is_not: bool) -> exp.Expr:
    """Whether an entity is among those of a query; without an entity it is not."""
    found = exp.In(this=column, query=exp.Subquery(this=query))
    if not is_not:
        return found
    is_empty = exp.Is(this=column.copy(), expression=exp.Null())
    return exp.Paren(this=exp.Or(this=is_empty, expression=exp.Not(this=found)))


def _has(scope: Scope, node: Has) -> exp.Expr:
    work = scope.work
    view = work.view(node.view, node)
    frame = Frame(view, where=node.where)
    mine = scope.entity(node.entity)
    here = scope.clock() if node.within else None
    route = _entity_there(scope, node, view)
    inner = Scope(work, view, frame, beside=scope if node.within else None)
    who = inner.at(route)
    conditions = [row_condition(inner, part) for part in node.where]
    if node.during:
        conditions += work.bounds(inner.clock(), work.span(node.during))
    if here is not None:
        return _within(node, inner, conditions, exp.EQ(this=who, expression=mine), here)
    conditions.append(exp.Not(this=exp.Is(this=who.copy(), expression=exp.Null())))
    query = inner.select([("entity", who)], conditions)
    sign: Sign = node.times.sign if node.times else ">="
    count = node.times.count if node.times else 1
    sign = OPPOSITE[sign] if node.is_not else sign
    if node.times is None or (sign, count) in ((">=", 1), ("<", 1), (">", 0), ("=", 0), ("<=", 0)):
        return _inside(mine, query, is_not=_MEANT[sign](0, count))
    is_not = bool(_MEANT[sign](0, count))
    counted = SIGNS[OPPOSITE[sign] if is_not else sign](
        this=_count(inner, node), expression=exp.Literal.number(count)
    )
    query.group_by(who.copy(), copy=False)
    query.having(counted, copy=False)
    return _inside(mine, query, is_not)


def _entity_there(scope: Scope, node: Has, view: View) -> Route:
    """The column of the other view that holds the entity."""
    return scope.work.entity(view, scope.frame, node.entity)


def _count(inner: Scope, node: Has) -> exp.Expr:
    if node.times is None or node.times.of is None:
        return exp.Count(this=exp.Star(), big_int=True)
    return exp.Count(this=exp.Distinct(expressions=[inner.column(node.times.of)]), big_int=True)


def _within(
    node: Has, inner: Scope, conditions: list[exp.Expr], same: exp.Expr, here: exp.Column
) -> exp.Expr:
    """Rows there from a row's own moment on, up to so many days later."""
    work = inner.work
    assert node.within is not None
    there = inner.clock()
    unit = node.within.unit.removeprefix("FISCAL_").lower()
    last = times.add_units(here, node.within.count, unit, work.dialect)  # type: ignore[arg-type]
    day = times.grain_start(there, "day", work.dialect)
    near = [exp.GTE(this=there, expression=here), exp.LTE(this=day, expression=last)]
    if node.times is None:
        query = inner.select([("found", exp.Literal.number(1))], [same, *conditions, *near])
        found: exp.Expr = exp.Exists(this=query)
        return exp.Not(this=found) if node.is_not else found
    query = inner.select([("found", _count(inner, node))], [same, *conditions, *near])
    sign = OPPOSITE[node.times.sign] if node.is_not else node.times.sign
    return SIGNS[sign](this=exp.Subquery(this=query), expression=exp.Literal.number(node.times.count))


def _worth(scope: Scope, node: Compare | Among | Range | Empty) -> exp.Expr:
    """Whether a row belongs to an entity of which a figure is so: ``revenue PER order_id > 200``."""
    work = scope.work
    per = node.left
    assert isinstance(per, Per)
    if not isinstance(per.entity, Name):
        work.fail(per, "a condition is PER a column; for units of time write COUNT(DAY) … HAVING")
    frame = Frame(scope.frame.view, (per.entity,), outer_conditions(scope.frame), scope.frame.span)
    is_not = per.is_all and isinstance(node, Compare) and _holds_for_none(node)
    inner = replace(node, left=per.figure)
    if is_not:
        assert isinstance(inner, Compare)
        inner = replace(inner, sign=OPPOSITE[inner.sign])
    query = work.grid(work, frame, [], names=["entity"], having=(inner,))
    return _inside(scope.entity(per.entity), query, is_not)


def _among_the_first(scope: Scope, node: Top) -> exp.Expr:
    """Whether a row belongs to one of the entities that a figure puts first: ``TOP(revenue PER id, 5)``."""
    work, per = scope.work, node.operand
    if not isinstance(per.entity, Name) or per.is_all:
        work.fail(per, f"{node.word} is PER a column, of those that have rows")
    view = work.view(node.view, node) if node.view else scope.frame.view
    if view is not scope.frame.view and not _is_same_thing(scope, view, per.entity):
        work.fail(per.entity, f"{per.entity} of {view.name} is another thing than of {scope.frame.view.name}")
    known = (view.name, str(replace(node, is_not=False)))
    if known not in work.firsts:
        work.firsts[known] = work.add("leaders", _first_ones(work, view, node, per.entity))
    first = work.firsts[known]
    query = exp.select(work.column("entity", first)).from_(work.table(first))
    return _inside(scope.entity(per.entity), query, node.is_not)


def _is_same_thing(scope: Scope, view: View, entity: Name) -> bool:
    """Whether a name means one column, or the key of one thing, in the statement's view and in another."""
    work = scope.work
    here, there = work.route(scope.frame.view, scope.frame, entity), work.route(view, Frame(view), entity)
    if (here.view.name, here.column.name) == (there.view.name, there.column.name):
        return True
    thing = work.entity_view(here)
    return thing is not None and thing is work.entity_view(there)


def _first_ones(work: Work, view: View, node: Top, entity: Name) -> exp.Select:
    """The entities in the order of a figure, equal ones by their own, up to so many."""
    periods = [c for c in node.where if isinstance(c, During) and c.column is None]
    if len(periods) > 1:
        work.fail(periods[1], "one period inside the parentheses")
    where = tuple(c for c in node.where if c not in periods)
    span = work.span(periods[0].words) if periods else None
    frame = Frame(view, (entity,), where, span)
    worth = work.grid(work, frame, [("value", node.operand.figure)], names=["entity"])
    value, who = work.column("value", "base"), work.column("entity", "base")
    order = work.ordered(value, node.word == "TOP")
    order += [] if work.is_unordered(entity) else work.ordered(who, False)
    made = exp.select(who).from_(subquery(worth, "base", work)).order_by(*order).limit(node.count)
    for column in (who, value):
        made.where(exp.Not(this=exp.Is(this=column.copy(), expression=exp.Null())), copy=False)
    return made


def _holds_for_none(node: Compare) -> bool:
    return isinstance(node.right, Number) and bool(_MEANT[node.sign](0, float(node.right.text)))
