"""Plain data that the whole project passes around: tables, budgets, the catalogue of a database."""

from __future__ import annotations

import datetime as dt
import decimal
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from sql.lock.guard import CheckedQuery

Dialect = Literal["duckdb", "sqlite", "postgres", "mysql"]
"""sqlglot's name of the language that a database speaks."""

ColumnType = Literal["integer", "number", "text", "date", "timestamp", "boolean", "other"]
"""What a column holds, coarse enough to be the same in every database."""

Value = (
    None | bool | int | float | decimal.Decimal | str | dt.date | dt.datetime | dt.time | dt.timedelta | bytes
)
"""One cell of a result."""


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column of a result or of a table."""

    name: str
    type: ColumnType


@dataclass(frozen=True, kw_only=True)
class CatalogColumn:
    """A column as the database describes it."""

    name: str
    type: ColumnType
    database_type: str
    """The database's own word for the type, e.g. ``DECIMAL(10,2)``."""
    comment: str = ""
    is_nullable: bool = True


@dataclass(frozen=True, kw_only=True)
class ForeignKey:
    """``columns`` of one table point at ``target_columns`` of ``target_table``, in order."""

    columns: tuple[str, ...]
    target_table: str
    target_columns: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class CatalogTable:
    """A table or view as the database describes it."""

    name: str
    """What it is called here: its own name, or ``schema_table`` where two schemas have a table so called."""
    columns: tuple[CatalogColumn, ...]
    primary_key: tuple[str, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    rows: int | None = None
    """Row count, exact or the database's estimate; ``None`` when unknown."""
    comment: str = ""
    place: tuple[str, ...] = ()
    """Schema and name, before them the database's name where the schema is called like it; empty where the
    database has no schemas."""
    is_view: bool = False
    """Whether the database computes it from other tables each time it is read."""
    is_qualified: bool = False
    """Whether the database finds it under ``place`` only, and not under its name alone."""


@dataclass(frozen=True, kw_only=True)
class Catalog:
    """Every table of one database that may be read at all. Names keep the database's spelling."""

    dialect: Dialect
    tables: tuple[CatalogTable, ...]

    def table(self, name: str) -> CatalogTable | None:
        """The table of that name, else one that differs from it in letter case only, or ``None``."""
        near = [t for t in self.tables if t.name.lower() == name.lower()]
        return next((t for t in near if t.name == name), near[0] if near else None)

    def placed(self, schema: str, name: str) -> CatalogTable | None:
        """The table that is called ``name`` in ``schema``, else so in another letter case, or ``None``."""
        exact = (t for t in self.tables if t.place[-2:] == (schema, name))
        wanted = (schema.lower(), name.lower())
        near = (t for t in self.tables if tuple(p.lower() for p in t.place[-2:]) == wanted)
        return next(exact, None) or next(near, None)

    def sizes(self) -> dict[str, int]:
        """Own name → rows, where they are known; of several tables so called, those of the largest."""
        found: dict[str, int] = {}
        for table in self.tables:
            name = table.place[-1] if table.place else table.name
            if table.rows is not None:
                found[name] = max(table.rows, found.get(name, 0))
        return found


@dataclass(frozen=True, kw_only=True)
class QueryLimits:
    """Budget of one question. Checked before (cost) and during (time, rows, memory) the run."""

    max_rows: int = 1_000
    """Rows passed on at most; beyond it the answer says that it was cut."""
    timeout_s: float = 10.0
    """Wall-clock seconds until the database call is cancelled."""
    max_memory_mb: int = 1_024
    """Working memory of the database, where it can be limited."""
    max_cost: float = 1e10
    """Rows that the database's plan may expect to handle, summed over its steps; a query that expects more is
    refused before it runs."""

    def __post_init__(self) -> None:
        for name in ("max_rows", "timeout_s", "max_memory_mb", "max_cost"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} must be more than 0, got {getattr(self, name)}")


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a database expects a query to cost."""

    cost: float | None
    """Rows that it expects to handle, summed over the plan's steps; ``None`` when it cannot tell."""


@dataclass(frozen=True, kw_only=True)
class Table:
    """The result of one checked query."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[Value, ...], ...]
    is_truncated: bool
    """More rows existed than the budget let through."""
    query: CheckedQuery
    seconds: float
    labels: dict[str, str] = field(default_factory=dict)
    """Column name → unit or format note, from the shop's metrics (e.g. ``EUR``, ``%``)."""
    keys: frozenset[str] = frozenset()
    """Columns that tell which thing is meant, by the shop's description: their numbers count nothing."""
