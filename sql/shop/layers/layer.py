"""A semantic layer as plain data, whatever product it was written for: models, their columns, metrics.

SQL stands in it as its author wrote it, but for what the layer's own language names (``Dimension('…')``,
``{CUBE}.x``): that is a word in the SQL which ``Expression.refs`` explains. Nothing here knows a database.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from sql.shop.decisions import Decision

Product = Literal["dbt", "Cube"]
Aggregation = Literal[
    "sum", "count", "count_distinct", "average", "median", "min", "max", "sum_boolean", "written"
]
"""``written``: the expression is an aggregate already."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where something is defined."""

    path: Path
    line: int | None = None

    def seen_from(self, folder: Path) -> str:
        """File and line, the file as it is called in ``folder``."""
        is_inside = self.path != folder and self.path.is_relative_to(folder)
        name = self.path.relative_to(folder) if is_inside else self.path.name
        return f"{name}{f', line {self.line}' if self.line else ''}"


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """Something of a layer that has no form in ``shop.yml``."""

    what: str
    """What it is and how it is called, e.g. ``metric revenue_growth``."""
    place: Place
    reason: str


@dataclass(frozen=True, kw_only=True)
class Ref:
    """What a word of an expression stands for."""

    name: str
    of: str = ""
    """The entity (dbt) or cube (Cube) that has it; empty for the model's own."""
    is_column: bool = False
    """A column of the table behind the model, and not a member of the model."""
    is_day: bool = False
    """The day of it."""
    is_clock: bool = False
    """The column that places the metric in time, whatever it is called."""


@dataclass(frozen=True, kw_only=True)
class Expression:
    """SQL in which some words stand for members."""

    sql: str
    refs: Mapping[str, Ref] = field(default_factory=dict)
    """Word → what it stands for."""
    has_columns: bool = True
    """Whether its other names are columns of the table; else there may be none."""


@dataclass(frozen=True, kw_only=True)
class Field:
    """A column of a model, for grouping, for filters, or to link by."""

    name: str
    place: Place
    expression: Expression | None = None
    """``None``: the column of its name."""
    is_time: bool = False
    is_shown: bool = True
    """``False``: for links alone, or hidden by its author."""
    description: str = ""
    label: str = ""


@dataclass(frozen=True, kw_only=True)
class Link:
    """Many rows of the model, at most one of another."""

    field: str
    model: str
    of: str
    """What the model calls the other: an entity, or the cube's name."""
    place: Place
    key: str = ""
    """The other's field that is linked to; empty: its key."""


@dataclass(frozen=True, kw_only=True)
class Model:
    """Rows of one kind: a table, or a SELECT of the layer's own."""

    name: str
    place: Place
    table: tuple[str, ...] = ()
    """Schema, where it is known, and name."""
    select: str = ""
    """The SELECT behind it, where it is no table."""
    fields: tuple[Field, ...] = ()
    key: tuple[str, ...] = ()
    links: tuple[Link, ...] = ()
    own: frozenset[str] = frozenset()
    """What the model itself is called in expressions: its own entities, or the cube."""
    entities: Mapping[str, str] = field(default_factory=dict)
    """Entity → the field that holds it."""
    time: str | None = None
    """The field that places its rows in time, where its author said so."""
    description: str = ""
    label: str = ""


@dataclass(frozen=True, kw_only=True)
class Aggregated:
    """An aggregate over the rows of one model."""

    model: str
    aggregation: Aggregation
    expression: Expression | None = None
    """``None``: rows are counted."""
    conditions: tuple[Expression, ...] = ()
    time: str | None = None
    """The field that places it in time, where that is not the model's own."""
    last: str | None = None
    """Of a level: the field with its day."""


@dataclass(frozen=True, kw_only=True)
class Input:
    """A metric that another is made of."""

    metric: str
    conditions: tuple[Expression, ...] = ()
    alias: str = ""


@dataclass(frozen=True, kw_only=True)
class Composed:
    """A figure made of other metrics."""

    sql: str
    inputs: Mapping[str, Input]
    """Word of the SQL → the metric that it stands for."""
    conditions: tuple[Expression, ...] = ()
    """Hold for all inputs."""


@dataclass(frozen=True, kw_only=True)
class LayerMetric:
    """A named figure of the layer."""

    name: str
    place: Place
    definition: Aggregated | Composed
    is_shown: bool = True
    """``False``: for other metrics to be made of."""
    description: str = ""
    label: str = ""
    unit: str = ""


@dataclass(frozen=True, kw_only=True)
class Layer:
    """What a project of another semantic layer says."""

    product: Product
    models: tuple[Model, ...]
    metrics: tuple[LayerMetric, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    decisions: tuple[Decision, ...] = ()
    """What was taken for granted."""


def said_as(label: str, name: str) -> tuple[str, ...]:
    """A label as another word for what is called ``name``."""
    return (label,) if label and label.lower() not in (name.lower(), name.lower().replace("_", " ")) else ()
