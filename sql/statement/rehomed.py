"""A list of rows told of the view that has them: an order's dispatch dates are those of its lines.

A statement that lists columns of a finer view (``SELECT shipped_on FROM orders``) has several values for one
row. Nothing is added up, so the rows of the finer view are what was meant.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from sql.semantics import Shop
from sql.statement.sentence import Aggregate, Name, Only, Per, Share, Shifted, Statement

_FIGURES = (Aggregate, Only, Per, Share, Shifted)


def rehomed(statement: Statement, shop: Shop) -> Iterator[Statement]:
    """The statement over each other view that has a column which it shows, who has most of them first."""
    if statement.groups or any(isinstance(node, _FIGURES) for node in statement.walk()):
        return
    shown = {node.text.lower() for item in statement.items for node in item.walk() if isinstance(node, Name)}
    if shown & {metric.name.lower() for metric in shop.metrics}:
        return
    own = {view.name: sum(view.column(name) is not None for name in shown) for view in shop.views}
    for name in sorted(own, key=lambda each: -own[each]):
        if own[name] and name.lower() != statement.view.lower():
            yield replace(statement, view=name)
