"""What a result looks like: which columns tell time, which name things, which measure.

Words and charts are chosen from this alone, never from the question, so the same table always reads the same.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from sql.types import Table
from telling.cells import Grain, is_key, is_quantity, time_grain

Kind = Literal["empty", "cell", "row", "series", "groups", "two_way", "rows"]

_ISO_TIME = re.compile(r"\d{4}-(?:\d{2}|Q[1-4]|W\d{2})(?:-\d{2})?(?:[ T]\d{2}:\d{2}(?::\d{2})?)?")
_TIME_NAME = re.compile(r"(?i)^(?:\w+_)?(year|month|quarter|week|weekday|day|date|hour)$")


@dataclass(frozen=True, kw_only=True)
class Profile:
    """Columns of a table by what they do; positions, left to right."""

    kind: Kind
    time: int | None
    """The column that orders rows in time."""
    categories: tuple[int, ...]
    """Columns that name things."""
    measures: tuple[int, ...]
    """Columns of quantities."""
    grain: Grain | None


def profile_of(table: Table) -> Profile:
    """Read off ``table``'s columns and rows.

    ``empty`` also means that all cells are ``NULL``: a sum over no rows is one row with nothing in it.
    """
    positions = range(len(table.columns))
    times = [i for i in positions if _is_time(table, i)]
    measures = tuple(i for i in positions if i not in times and is_quantity(table, i))
    categories = tuple(i for i in positions if i not in measures and i not in times)
    time = times[0] if times else None
    grain = _grain(table, time) if time is not None else None
    kind = _kind(table, time, categories, measures)
    return Profile(kind=kind, time=time, categories=categories, measures=measures, grain=grain)


def _grain(table: Table, time: int) -> Grain | None:
    values = [row[time] for row in table.rows]
    return time_grain(values, table.query.tree, dialect=table.query.dialect, name=table.columns[time].name)


def _kind(table: Table, time: int | None, categories: tuple[int, ...], measures: tuple[int, ...]) -> Kind:
    if not table.rows or all(value is None for row in table.rows for value in row):
        return "empty"
    if len(table.rows) == 1:
        return "cell" if len(table.columns) == 1 else "row"
    if not measures or any(is_key(table, i) for i in categories) or len(categories) > 2:
        return "rows"
    if time is not None:
        if len(categories) > 1:
            return "rows"
        return _if_unique(table, (time, *categories), "two_way" if categories else "series")
    if len(categories) == 2:
        return _if_unique(table, categories, "two_way")
    return _if_unique(table, categories, "groups") if categories else "rows"


def _if_unique(table: Table, keys: tuple[int, ...], kind: Kind) -> Kind:
    """A result groups by its names only if no name stands twice; otherwise it lists rows."""
    seen = {tuple(row[i] for i in keys) for row in table.rows}
    return kind if len(seen) == len(table.rows) else "rows"


def _is_time(table: Table, position: int) -> bool:
    column = table.columns[position]
    if column.type in ("date", "timestamp"):
        return True
    values = [row[position] for row in table.rows if row[position] is not None]
    if not values:
        return False
    if column.type == "integer":
        return bool(_TIME_NAME.match(column.name))
    if column.type == "text":
        return all(isinstance(v, str) and _ISO_TIME.fullmatch(v) for v in values)
    return False
