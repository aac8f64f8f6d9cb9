"""Gives text columns of a first description the type of what they hold.

Where the texts compare as they are (dates written 2026-05-03 in SQLite) only the type is told; elsewhere the
view becomes a SELECT that turns them into what is meant, so that every question meets real dates and numbers.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from sql.errors import SqlError
from sql.names import quoted
from sql.semantics import View, ViewColumn
from sql.shop.contents import Reading, expression, read_texts
from sql.shop.decisions import Decision
from sql.shop.drafting import looks_personal
from sql.shop.relations import is_key_like

if TYPE_CHECKING:
    from sql.shop.workspace import Workspace

logger = logging.getLogger(__name__)

MAX_VALUES = 1_000
"""Different values of a column that are looked at; more are not needed to tell what it holds."""


def type_texts(workspace: Workspace) -> tuple[tuple[View, ...], tuple[Decision, ...]]:
    """The views of a shop, their text columns typed, and what was decided; values are read and forgotten."""
    views: list[View] = []
    decisions: list[Decision] = []
    for view in workspace.shop.views:
        found: dict[str, Reading] = {}
        for column in view.columns:
            if column.type != "text" or view.sql is not None or column.name in view.refs:
                continue
            if looks_personal(view.name, column.name):
                continue
            reading = read_texts(
                distinct_texts(workspace, view, column, MAX_VALUES), is_code=is_key_like(column.name)
            )
            if reading is None:
                continue
            found[column.name] = reading
            decisions.append(
                Decision(
                    place=f"views.{view.name}.columns.{column.name}",
                    text=f"{view.name}.{column.name} is text that holds {reading.told()}, and is read so",
                    is_sure=reading.is_sure,
                )
            )
        views.append(_typed(view, found, workspace) if found else view)
    return tuple(views), tuple(decisions)


def _typed(view: View, found: dict[str, Reading], workspace: Workspace) -> View:
    dialect = workspace.catalog.dialect
    columns = tuple(
        replace(c, type=found[c.name].kind, sampled=False) if c.name in found else c for c in view.columns
    )
    if dialect == "sqlite" and all(r.is_iso and not r.empties for r in found.values()):
        return replace(view, columns=columns)
    parts = []
    for column in view.columns:
        name = quoted(column.name, dialect)
        reading = found.get(column.name)
        parts.append(f"{expression(reading, column.name, dialect)} AS {name}" if reading else name)
    sql = f"SELECT {', '.join(parts)} FROM {quoted(view.name, dialect)}"
    return replace(view, columns=columns, sql=sql)


def distinct_texts(workspace: Workspace, view: View, column: ViewColumn, most: int) -> list[str]:
    """Up to ``most`` different texts of a column; none where it takes too long."""
    """Up to ``most`` different texts of a column; none where it takes too long."""
    dialect = workspace.catalog.dialect
    name, table = quoted(column.name, dialect), quoted(view.name, dialect)
    try:
        rows = workspace.run(
            f"SELECT DISTINCT {name} AS v FROM {table} WHERE {name} IS NOT NULL LIMIT {most}"
        ).rows
    except SqlError as error:
        logger.info("not looked at: %s", type(error).__name__)
        return []
    return [str(row[0]) for row in rows]
