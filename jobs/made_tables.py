"""Tables of what was worked out from rows that were read, so that each figure of an answer is a cell."""

from __future__ import annotations

import datetime as dt
import decimal
from collections.abc import Mapping, Sequence
from dataclasses import replace

from sql.types import Column, Table
from sql.types import Value as Cell


def rounded(cell: Cell) -> Cell:
    """A number as it is told: whole where it is, four places below 1, else two; a day as a day."""
    if isinstance(cell, str | dt.datetime):
        return dt.date.fromisoformat(str(cell)[:10])
    if not isinstance(cell, int | float | decimal.Decimal):
        return cell
    number = float(cell)
    if number == int(number):
        return int(number)
    return round(number, 4 if abs(number) <= 1 else 2)


def made(
    source: Table, columns: Sequence[Column], rows: Sequence[tuple[Cell, ...]], labels: Mapping[str, str]
) -> Table:
    """Figures that were worked out from the rows of ``source``, as a table with its statement.

    Args:
        labels: column → its unit, where it has one.
    """
    named = {column.name: "" for column in columns} | dict(labels)
    return replace(
        source, columns=tuple(columns), rows=tuple(rows), labels=named, is_truncated=False, keys=frozenset()
    )
