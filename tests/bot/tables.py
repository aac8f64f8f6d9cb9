"""Results made by hand, under a query that the guard really let through."""

from __future__ import annotations

from collections.abc import Sequence

from sql.shop.workspace import Workspace
from sql.types import Column, ColumnType, Table, Value


def make_table(
    workspace: Workspace,
    columns: Sequence[tuple[str, ColumnType]],
    rows: Sequence[Sequence[Value]],
    *,
    labels: dict[str, str] | None = None,
    is_truncated: bool = False,
    keys: Sequence[str] = (),
    sql: str = "SELECT SUM(amount) AS revenue FROM sales",
) -> Table:
    return Table(
        columns=tuple(Column(name=name, type=type_) for name, type_ in columns),
        rows=tuple(tuple(row) for row in rows),
        is_truncated=is_truncated,
        query=workspace.guard.check(sql),
        seconds=0.0,
        labels=labels or {},
        keys=frozenset(keys),
    )
