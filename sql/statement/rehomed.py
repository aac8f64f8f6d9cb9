"""A statement that cannot be read as it is written, read as it must have been meant.

A list of columns of a finer view (``SELECT shipped_on FROM orders``) has several values for one row. Nothing
is added up, so the rows of the finer view are what was meant, or those of a view that leads to each side: who
is assigned to which machine. And ``YEAR`` of rows that have no time is a column of that name.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from sql.semantics import Shop
from sql.shop.row_names import name_columns
from sql.statement.sentence import (
    Aggregate,
    Grain,
    Has,
    Name,
    Node,
    Only,
    Per,
    Share,
    Shifted,
    Statement,
    Value,
)

_FIGURES = (Aggregate, Only, Per, Share, Shifted)


def without_itself(statement: Statement, shop: Shop) -> Statement:
    """Rows of a view whose things have no rows in that very view, over the view of the things.

    ``SELECT goods_name FROM order_goods WHERE goods_id HAS NO order_goods`` has no row: goods were meant.
    """
    home = shop.view(statement.view)
    own = [c for c in statement.where if isinstance(c, Has) and c.view.lower() == statement.view.lower()]
    if home is None or len(own) != 1 or not own[0].is_not or own[0].where or own[0].during:
        return statement
    target = shop.view(home.refs.get(own[0].entity.text, ""))
    if target is None or len(target.key) != 1 or statement.having or statement.limit_per:
        return statement
    names = name_columns(target)
    items: list[Value] = []
    for item in statement.items:
        if not isinstance(item, Name):
            return statement
        known = target.column(item.text)
        items += [Name(known.name)] if known is not None else [Name(name) for name in names]
    others = tuple(
        c for c in statement.where
        if c is not own[0] and all(target.column(n.text) for n in c.walk() if isinstance(n, Name))
    )  # fmt: skip
    has = replace(own[0], entity=Name(target.key[0]))
    shown = tuple(dict.fromkeys(items))
    if not shown:
        return statement
    return Statement(view=target.name, items=shown, where=(*others, has), limit=statement.limit)


def rehomed(statement: Statement, shop: Shop) -> Iterator[Statement]:
    """The statement with units of time as columns; then over each other view that has a column which it
    shows, who has most of them first; then over views that refer to those."""
    columns = _with_columns(statement, shop)
    if columns is not None:
        yield columns
        statement = columns
    if statement.groups or any(isinstance(node, _FIGURES) for node in statement.walk()):
        return
    shown = {node.text.lower() for item in statement.items for node in item.walk() if isinstance(node, Name)}
    if shown & {metric.name.lower() for metric in shop.metrics}:
        return
    own = {view.name: sum(view.column(name) is not None for name in shown) for view in shop.views}
    holders = [name for name in sorted(own, key=lambda each: -own[each]) if own[name]]
    between = [v.name for v in shop.views if not own[v.name] and len(set(v.refs.values()) & set(holders)) > 1]
    for name in (*holders, *between):
        if name.lower() != statement.view.lower():
            yield replace(statement, view=name)


def _with_columns(statement: Statement, shop: Shop) -> Statement | None:
    """``YEAR`` as the column ``Year``, where rows have no time; ``None`` where none is named so."""
    home = shop.view(statement.view)
    if home is None or home.time is not None:
        return None
    near = [home, *(view for target in home.refs.values() if (view := shop.view(target)) is not None)]

    def named(node: Node) -> Node:
        if isinstance(node, Grain) and node.column is None:
            found = ((view, c) for view in near if (c := view.column(node.unit)) is not None)
            return next((Name(c.name, "" if view is home else view.name) for view, c in found), node)
        return node.with_parts(named)

    changed = statement.with_parts(named)
    return changed if changed != statement else None
