"""Statements in good grammar that could answer nothing: their conditions can never hold together."""

from __future__ import annotations

import re
from collections.abc import Iterator

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from sql.errors import Senseless
from sql.types import Dialect

_DAY = re.compile(r"\d{4}-\d\d-\d\d")


def refuse_contradictions(sql: str, dialect: Dialect) -> None:
    """Refuse a statement with two conditions on the same row of which one rules out the other.

    Looked for are a condition beside its own negation; a column that should equal two texts or numbers, or
    one that the values allowed or ruled out beside it leave no room for; and bounds of days or numbers that
    leave no room between them. Refused as well are a list that names a value twice and the share of what all
    rows are. A text that cannot be parsed is left to the guard.

    Raises:
        Senseless: there is such a pair; it is named.
    """
    try:
        tree = sqlglot.parse_one(sql, read=dialect)
    except SqlglotError:
        return
    for listed in tree.find_all(exp.In):
        if len({each.sql() for each in listed.expressions}) < len(listed.expressions):
            raise Senseless(f"the values of {listed.this.sql()} are named twice")
    for clause in tree.find_all(exp.Where, exp.Having):
        _check(list(_conditions(clause.this)))
    for select in tree.find_all(exp.Select):
        _refuse_empty_shares(select)


def _refuse_empty_shares(select: exp.Select) -> None:
    """Refuse shares that can only be all or nothing.

    "CASE WHEN a" holds for all rows that "a" was asked of, and for all or none of a group of "a".
    """
    where, group = select.args.get("where"), select.args.get("group")
    known = {c.sql() for c in _conditions(where.this)} if where else set()
    groups = {each.sql() for each in group.expressions} if group else set()
    for division in select.find_all(exp.Div):
        if division.find_ancestor(exp.Select) is not select:
            continue
        for case in division.left.find_all(exp.Case):
            conditions = [c for branch in case.args["ifs"] for c in _conditions(branch.this)]
            if all(c.sql() in known or _asked_of(c) in groups for c in conditions):
                raise Senseless(f"{case.sql()} holds for all rows or for none of them")


def _asked_of(condition: exp.Expr) -> str:
    """The column whose value alone says whether a condition holds; empty where that is not known."""
    if isinstance(condition, exp.Not) and isinstance(condition.this.unnest(), exp.Column):
        condition = condition.this.unnest()
    return condition.sql() if isinstance(condition, exp.Column) else _values(condition)[1]


def _conditions(node: exp.Expr) -> Iterator[exp.Expr]:
    """What must hold together."""
    node = node.unnest()
    if isinstance(node, exp.And):
        yield from _conditions(node.left)
        yield from _conditions(node.right)
    else:
        yield node


def _check(conditions: list[exp.Expr]) -> None:
    said = {c.sql(): c for c in conditions}
    for condition in conditions:
        if isinstance(condition, exp.Not) and condition.this.unnest().sql() in said:
            raise Senseless(f"{condition.this.unnest().sql()} and its negation never hold together")
    allowed: dict[str, set[str]] = {}
    ruled_out: dict[str, set[str]] = {}
    for condition in conditions:
        is_positive, name, values = _values(condition)
        if values is None:
            continue
        if is_positive:
            allowed[name] = allowed.get(name, values) & values
        else:
            ruled_out[name] = ruled_out.get(name, set()) | values
    for name, values in allowed.items():
        if not values - ruled_out.get(name, set()):
            raise Senseless(f"the conditions on {name} never hold together")
    _check_bounds(conditions)


def _check_bounds(conditions: list[exp.Expr]) -> None:
    least: dict[tuple[str, bool], tuple[str | float, bool]] = {}
    most: dict[tuple[str, bool], tuple[str | float, bool]] = {}
    for condition in conditions:
        if not isinstance(condition, (exp.GT, exp.GTE, exp.LT, exp.LTE)):
            continue
        bound = _bound(condition.expression)
        if bound is None:
            continue
        of, is_open = (condition.this.sql(), isinstance(bound, str)), isinstance(condition, (exp.GT, exp.LT))
        if isinstance(condition, (exp.GT, exp.GTE)):
            least[of] = max(least.get(of, (bound, is_open)), (bound, is_open))
        else:
            most[of] = min(most.get(of, (bound, not is_open)), (bound, not is_open))
    for of in least.keys() & most.keys():
        (low, is_low_open), (high, is_high_in) = least[of], most[of]
        if low > high or (low == high and (is_low_open or not is_high_in)):  # type: ignore[operator]
            raise Senseless(f"the bounds of {of[0]} never hold together")


def _bound(node: exp.Expr) -> str | float | None:
    """A day (as text) or a number that something is compared with."""
    if isinstance(node, exp.Cast):
        node = node.this
    if not isinstance(node, exp.Literal):
        return None
    if not node.is_string:
        return float(node.this)
    return str(node.this) if _DAY.fullmatch(node.this) else None


def _values(condition: exp.Expr) -> tuple[bool, str, set[str] | None]:
    """Whether a condition allows values or rules them out, of what, and which; no values for another kind."""
    is_positive = True
    if isinstance(condition, exp.Not):
        condition, is_positive = condition.this.unnest(), False
    if isinstance(condition, exp.NEQ):
        is_positive = not is_positive
    literals: list[exp.Expr] = []
    if isinstance(condition, (exp.EQ, exp.NEQ)):
        literals = [condition.expression]
    elif isinstance(condition, exp.In) and not condition.args.get("query"):
        literals = condition.expressions
    if not literals or not all(isinstance(each, exp.Literal) for each in literals):
        return is_positive, "", None
    return is_positive, condition.this.sql(), {each.sql() for each in literals}
