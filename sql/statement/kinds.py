"""Whether the parts of a statement go together: no sums of texts, no conditions that exclude each other.

A database may refuse such a statement, or answer it with nonsense: SQLite compares a text with a number and
says nothing. So it is told here, before there is any SQL.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from sql.errors import TwoWays
from sql.semantics import View
from sql.statement.routes import Fork, NoRoute, Route
from sql.statement.sentence import (
    Aggregate,
    Among,
    Bucket,
    Calc,
    Compare,
    Elapsed,
    Grain,
    Has,
    Name,
    Node,
    Number,
    Pairs,
    Per,
    Range,
    Statement,
    Step,
    Text,
    Top,
    Value,
)
from sql.statement.work import Work

_NUMBERS = ("integer", "number")
MOST_UNITS = 1_000
"""Units that a comparison goes back at most."""


def check_kinds(work: Work, home: View, statement: Statement) -> None:
    """Raise ``WrongStatement`` where the parts of a statement do not go together."""
    nodes = list(_own(statement))
    counts_units = any(isinstance(n, Aggregate) and isinstance(n.operand, Grain) for n in nodes)
    for node in nodes:
        if isinstance(node, Pairs) and counts_units:
            work.fail(node, "PAIRS stands alone with COUNT of its entity")
        if isinstance(node, Step) and node.count > MOST_UNITS:
            work.fail(node, f"{node} lead back to before there were shops; go back by fewer")
        if isinstance(node, Elapsed) and node.first == node.last:
            work.fail(node, f"{node} is between a column and itself; name two columns")
        if isinstance(node, Bucket) and isinstance(node.operand, Name):
            found = _route(work, home, node.operand)
            if found is not None and found.column.type not in _NUMBERS:
                work.fail(node, f"{node.operand} holds no numbers, so it has no bands; name it alone")
        if isinstance(node, Calc) and any(_is_text(work, home, side) for side in (node.left, node.right)):
            work.fail(node, f"{node} calculates with texts; calculate with numbers")
        if isinstance(node, Compare | Range):
            against = (node.right,) if isinstance(node, Compare) else (node.low, node.high)
            if any(isinstance(each, Number) for each in against) and _is_text(work, home, node.left):
                work.fail(
                    node, f"{node.left} is a text, and is compared with a number; name a text in quotes"
                )
    _check_possible(work, home, statement)


def _own(node: Node) -> Iterator[Node]:
    """The node and all parts of it that speak of its own view."""
    yield node
    if isinstance(node, Has | Top):
        return
    for value in vars(node).values():
        for part in value if isinstance(value, tuple) else (value,):
            if isinstance(part, Node):
                yield from _own(part)


def _route(work: Work, home: View, name: Name) -> Route | None:
    try:
        return work.routes.find(home, name)
    except (NoRoute, Fork, TwoWays):
        return None  # told where the name is used


def _is_text(work: Work, home: View, value: Value) -> bool:
    """Whether a figure is the first or last of texts."""
    figure = value.figure if isinstance(value, Per) else value
    if isinstance(figure, Aggregate) and figure.word in ("MIN", "MAX", "AVG", "SUM", "MEDIAN"):
        inner = figure.operand
        if isinstance(inner, Per | Aggregate):
            return _is_text(work, home, inner)
        if isinstance(inner, Name) and work.metric(inner) is None:
            found = _route(work, home, inner)
            return found is not None and found.column.type == "text"
    return False


def _check_possible(work: Work, home: View, statement: Statement) -> None:
    """Raise where a column of the row must have two values at once."""
    allowed: dict[str, tuple[str, set[str]]] = {}
    has = [part for part in statement.where if isinstance(part, Has)]
    for each in has:
        if replace(each, is_not=not each.is_not) in has:
            work.fail(each, f"{each} and its opposite are met by nothing; say of what period each is")
    for part in statement.where:
        if not isinstance(part, Compare | Among):
            continue
        values: tuple[Value, ...] = (part.right,) if isinstance(part, Compare) else part.values
        if part.sign != "=" if isinstance(part, Compare) else part.is_not:
            continue
        left = part.left
        if not isinstance(left, Name) or not all(isinstance(v, Text | Number) for v in values):
            continue
        found = _route(work, home, left)
        if found is None or found.is_many:
            continue  # among rows that hang on this one, one may have this value and another that
        said = {str(v) for v in values}
        before, may_be = allowed.get(str(left).lower(), ("", said))
        if not said & may_be:
            work.fail(part, f"no row meets both {before} and {part}; say OR where either is meant")
        allowed[str(left).lower()] = (str(part), said & may_be)
