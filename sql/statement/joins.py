"""Which tables can be joined row to row: along foreign keys, or columns of the same name where one is a key.

Not covered: joins of a table with itself, and joins on anything but equality.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sql.question.words import spaced, stem
from sql.semantics import View
from sql.types import Catalog


@dataclass(frozen=True)
class Edge:
    """Rows of ``many`` point at one row of ``one``."""

    many: str
    many_column: str
    one: str
    one_column: str


def edges(views: Sequence[View], catalog: Catalog) -> list[Edge]:
    """Every way to join two views row to row, declared keys first."""
    by_name = {v.name.lower(): v for v in views}
    found: dict[tuple[str, str, str], Edge] = {}
    for view in views:
        table = catalog.table(view.name) if view.sql is None else None
        for key in table.foreign_keys if table else ():
            target = by_name.get(key.target_table.lower())
            if not target or target.name == view.name or len(key.columns) != 1 or not key.target_columns:
                continue
            column, other = view.column(key.columns[0]), target.column(key.target_columns[0])
            if column and other:
                found.setdefault(
                    (view.name, target.name, column.name.lower()),
                    Edge(view.name, column.name, target.name, other.name),
                )
    joined = {frozenset(pair[:2]) for pair in found}
    for one in views:
        name = _key_column(one, catalog)
        if name is None:
            continue
        for many in views:
            column = many.column(name)
            if many.name != one.name and column and frozenset((one.name, many.name)) not in joined:
                found.setdefault(
                    (many.name, one.name, name.lower()), Edge(many.name, column.name, one.name, name)
                )
    return list(found.values())


def _key_column(view: View, catalog: Catalog) -> str | None:
    """The single column that identifies a row: a declared primary key, or ``order_id`` of ``orders``."""
    table = catalog.table(view.name) if view.sql is None else None
    if table and len(table.primary_key) == 1:
        name = table.primary_key[0]
        # A key called "id" says nothing about other tables' columns of that name.
        return name if spaced(name) not in ("id", "name", "code") else None
    if view.sql is not None and spaced(view.columns[0].name) == f"{stem(spaced(view.name))} id":
        return view.columns[0].name
    return None
