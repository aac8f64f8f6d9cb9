"""Rows that a view leaves out by what it is: sales hold no cancelled orders, and a count of those finds none.

"How many orders were cancelled" counts ``orders``, a metric of sales, where the state of the order, a column
of the view that sales refer to, is cancelled. Where no sale at all is of such an order, the orders themselves
are counted instead.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import cast

from sqlglot import exp

from sql.semantics import Shop, View
from sql.statement.sentence import (
    Aggregate,
    Among,
    Compare,
    Condition,
    Name,
    Node,
    Only,
    Share,
    Statement,
    Text,
)
from sql.types import Dialect


def conditions_elsewhere(statement: Statement, shop: Shop) -> tuple[Condition, ...]:
    """The conditions on a text of a view that the counted one refers to."""
    home = counted_view(statement, shop)
    if home is None:
        return ()
    return tuple(
        each for each in _conditions(statement) if (name := _name_of(each)) and home.column(name) is None
    )


def rows_there(statement: Statement, conditions: tuple[Condition, ...], shop: Shop) -> Statement:
    """How many rows the counted view has under these conditions, in all the time there is."""
    home = counted_view(statement, shop)
    assert home is not None
    return Statement(view=home.name, items=(Aggregate("COUNT", None),), where=conditions)


def counted_elsewhere(statement: Statement, shop: Shop, dialect: Dialect) -> Iterator[Statement]:
    """The statement over a view that its conditions are on; counts of that view's things become its rows."""
    home = counted_view(statement, shop)
    names = {_name_of(each) for each in conditions_elsewhere(statement, shop)}
    if home is None or not names:
        return
    for column, target in home.refs.items():
        view = shop.view(target)
        if view is not None and len(view.key) == 1 and all(view.column(name) for name in names if name):
            yield cast(Statement, _over(replace(statement, view=view.name), column, view, shop, dialect))


def counted_view(statement: Statement, shop: Shop) -> View | None:
    """The view that is counted: that of its metrics, else its own; ``None`` where they are of several."""
    names = {node.text.lower() for node in statement.walk() if isinstance(node, Name)}
    metrics = [metric for metric in shop.metrics if metric.name.lower() in names]
    homes = {metric.view for metric in metrics} or {statement.view}
    return shop.view(homes.pop()) if len(homes) == 1 else None


def _over(node: Node, column: str, view: View, shop: Shop, dialect: Dialect) -> Node:
    """The same with the key of ``view`` for the column that refers to it, counted for a metric of that."""
    if isinstance(node, Name):
        metric = next((m for m in shop.metrics if m.name.lower() == node.text.lower()), None)
        if metric is not None and not metric.is_composed and _counts(metric.tree(dialect), column):
            return Aggregate("COUNT", Name(view.key[0]))
        return Name(view.key[0]) if node.text.lower() == column.lower() else node
    return node.with_parts(lambda part: _over(part, column, view, shop, dialect))


def _counts(tree: exp.Expr, column: str) -> bool:
    """Whether an expression counts the different values of ``column``."""
    if not isinstance(tree, exp.Count) or not isinstance(tree.this, exp.Distinct):
        return False
    values = tree.this.expressions
    return len(values) == 1 and isinstance(values[0], exp.Column) and values[0].name.lower() == column.lower()


def _conditions(statement: Statement) -> Iterator[Condition]:
    yield from statement.where
    for node in statement.walk():
        if isinstance(node, Only | Share) and node.condition is not None:
            yield node.condition


def _name_of(condition: Condition) -> str:
    """The column of ``column = text`` or ``column IN (texts)``; empty for any other condition."""
    match condition:
        case (
            Compare(left=Name(text=name), sign="=", right=Text()) | Among(left=Name(text=name), is_not=False)
        ):
            return name
    return ""
