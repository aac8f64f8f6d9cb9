"""A report as plain data: sections of words made from cells, with the tables that hold the cells.

Every figure in a section's text carries its receipt: the cells it was made from and how. JSON of all this
is what the archive keeps.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from sql.types import ColumnType
from telling.evidence import CellRef, Figure

Language = Literal["en", "zh"]
Cell = None | bool | int | float | str
"""One value as JSON knows it: decimals as numbers, times as ISO text."""


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
    is_code: bool = False
    """Its numbers say which one and not how many."""


@dataclass(frozen=True, kw_only=True)
class ReportTable:
    """The rows of one checked query."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    sql: str
    """The text that ran, as the guard printed it."""
    is_truncated: bool = False


@dataclass(frozen=True, kw_only=True)
class Section:
    """One subject of a report."""

    id: str
    """Short name within the report, e.g. ``returns``."""
    title: str
    text: str
    figures: tuple[Figure, ...]
    """Their tables are counted within the section."""
    tables: tuple[ReportTable, ...]
    chart: Mapping[str, Any] | None = None
    """A Vega-Lite specification with its data inline, or ``None``."""
    restated: tuple[str, ...] = ()
    """Parts of the text that repeat names and periods: digits in them are no data."""


@dataclass(frozen=True, kw_only=True)
class Report:
    """A finished report."""

    id: str
    """``2026-05-monthly`` or ``2026-W22-weekly``, with ``-zh`` behind it in Chinese; also its file name in
    the archive."""
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
    cites: tuple[str, ...] = ()
    """Ids of the texts that it quotes, such as ``review:5``."""

    def to_json(self) -> dict[str, Any]:
        """Plain JSON types; :meth:`from_json` gives an equal report back."""
        data = asdict(self)
        for section in data["sections"]:
            section["figures"] = [_figure_json(figure) for figure in section["figures"]]
        return data | {"start": self.start.isoformat(), "end": self.end.isoformat()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Report:
        """The report that :meth:`to_json` described; ``KeyError``, ``TypeError`` or ``ValueError`` if it
        is none."""
        fields = dict(data)
        fields["start"] = dt.date.fromisoformat(fields["start"])
        fields["end"] = dt.date.fromisoformat(fields["end"])
        fields["sections"] = tuple(_section(section) for section in fields["sections"])
        fields["cites"] = tuple(fields.get("cites", ()))
        return cls(**fields)


def _figure_json(figure: Mapping[str, Any]) -> dict[str, Any]:
    """The text of a figure, the cells that it was made from, and how."""
    cells = [{key: figure[key] for key in ("table", "row", "column")}]
    cells += [dict(figure["base"])] if figure["base"] is not None else []
    return {"text": figure["text"], "cells": cells, "how": figure["how"]}


def _figure(data: Mapping[str, Any]) -> Figure:
    cell, *base = (CellRef(**cell) for cell in data["cells"])
    return Figure(text=data["text"], how=data["how"], base=base[0] if base else None, **asdict(cell))


def _section(data: Mapping[str, Any]) -> Section:
    fields = dict(data)
    fields["figures"] = tuple(_figure(figure) for figure in fields["figures"])
    fields["restated"] = tuple(fields.get("restated", ()))
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


def distinct(sections: Sequence[Section]) -> tuple[Section, ...]:
    """Sections with ids of their own: a view may be called like a break-down."""
    seen: Counter[str] = Counter()
    found = []
    for section in sections:
        seen[section.id] += 1
        times = seen[section.id]
        found.append(section if times == 1 else replace(section, id=f"{section.id}-{times}"))
    return tuple(found)
