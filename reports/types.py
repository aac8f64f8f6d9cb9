"""A report as plain data: sections of words made from cells, with the tables that hold the cells.

Every figure in a section's text carries its receipt: the cells it was made from and how. JSON of all this
is what the archive keeps.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from sql.types import ColumnType

Language = Literal["en", "zh"]
Cell = None | bool | int | float | str
"""One value as JSON knows it: decimals as numbers, times as ISO text."""
How = Literal["cell", "change", "difference", "share"]
"""``cell`` shows it; ``change`` is first / second - 1; ``difference`` is first - second; ``share`` is first /
second."""


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column of a report's table."""

    name: str
    label: str
    """What readers see, in the report's language."""
    type: ColumnType
    unit: str = ""
    """As in the shop's metrics: ``EUR``, ``%`` (values are shares from 0 to 1), ``days``; empty for a
    count."""


@dataclass(frozen=True, kw_only=True)
class ReportTable:
    """The rows of one checked query."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    sql: str
    """The text that ran, as the guard printed it."""
    is_truncated: bool = False

    def column(self, name: str) -> int:
        """Position of a column; ``KeyError`` if there is none of that name."""
        for position, column in enumerate(self.columns):
            if column.name == name:
                return position
        raise KeyError(name)


@dataclass(frozen=True, kw_only=True)
class CellRef:
    """Where a value stands within its section."""

    table: int
    row: int
    column: str


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A number in a section's text, and its receipt."""

    text: str
    """As it stands in the text, e.g. ``12,345 EUR`` or ``4.2 %``."""
    start: int
    """First character in the section's text; ``text`` stands there literally."""
    cells: tuple[CellRef, ...]
    """One cell for ``cell``, two for the others, in the order of ``How``'s definition."""
    how: How = "cell"


@dataclass(frozen=True, kw_only=True)
class Section:
    """One subject of a report."""

    id: str
    """Short name within the report, e.g. ``returns``."""
    title: str
    text: str
    figures: tuple[Figure, ...]
    tables: tuple[ReportTable, ...]
    chart: Mapping[str, Any] | None = None
    """A Vega-Lite specification with its data inline, or ``None``."""


@dataclass(frozen=True, kw_only=True)
class Report:
    """A finished report."""

    id: str
    """``2026-05-monthly``, with ``-zh`` behind it in Chinese; also its file name in the archive."""
    name: str
    """Which report, e.g. ``monthly``."""
    title: str
    shop: str
    language: Language
    start: dt.date
    """First day it covers."""
    end: dt.date
    """First day that it no longer covers."""
    sections: tuple[Section, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain JSON types; :meth:`from_json` gives an equal report back."""
        return asdict(self) | {"start": self.start.isoformat(), "end": self.end.isoformat()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Report:
        """The report that :meth:`to_json` described; ``KeyError``, ``TypeError`` or ``ValueError`` if it
        is none."""
        fields = dict(data)
        fields["start"] = dt.date.fromisoformat(fields["start"])
        fields["end"] = dt.date.fromisoformat(fields["end"])
        fields["sections"] = tuple(_section(section) for section in fields["sections"])
        return cls(**fields)


def _section(data: Mapping[str, Any]) -> Section:
    fields = dict(data)
    fields["figures"] = tuple(
        Figure(**{**figure, "cells": tuple(CellRef(**cell) for cell in figure["cells"])})
        for figure in fields["figures"]
    )
    fields["tables"] = tuple(
        ReportTable(
            **{
                **table,
                "columns": tuple(Column(**column) for column in table["columns"]),
                "rows": tuple(tuple(row) for row in table["rows"]),
            }
        )
        for table in fields["tables"]
    )
    return Section(**fields)
