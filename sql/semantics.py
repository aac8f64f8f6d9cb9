"""The shop's description: what ``shop.yml`` says, as plain data.

Reading and checking the file is ``sql.shop.shopfile``; this module only holds the types, so that every part
can build a shop in a test without a file.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal

import sqlglot
from sqlglot import exp

from sql.types import ColumnType, Dialect, QueryLimits


@dataclass(frozen=True, kw_only=True)
class ViewColumn:
    """One column of a view, in the words of the shop."""

    name: str
    type: ColumnType
    description: str = ""
    synonyms: tuple[str, ...] = ()
    """Other words for it, in any language."""
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Value in the database → other words for that value, in any language."""
    sampled: bool = False
    """Whether its distinct values may be read for linking (products, countries; never personal data)."""
    unit: str = ""
    free_text: bool | None = None
    """Whether people write in it what they like; ``None``: as its name says (``sql.lock.veils``)."""

    @property
    def is_key(self) -> bool:
        """Whether it tells which thing is meant, so that its numbers measure nothing."""
        return self.name.lower().split("_")[-1] == "id"

    @property
    def is_measure(self) -> bool:
        """Whether it holds numbers that can be summed up and compared."""
        return self.type in ("integer", "number") and not self.is_key


_BESIDE_A_PAIR = re.compile(
    r"^(?:is_.*|.*(?:position|sort|order|rank|priority|primary|main|default).*)$", re.I
)
"""Columns of a table of pairs beside the two links: a position, a mark. Whatever is counted there, such as
the stock of a product in a warehouse, makes it a table of facts."""


@dataclass(frozen=True, kw_only=True)
class View:
    """A wide table with plain names that questions are asked of."""

    name: str
    columns: tuple[ViewColumn, ...]
    sql: str | None = None
    """The SELECT behind it, in the shop's dialect; ``None`` when the database has a table of that name."""
    description: str = ""
    synonyms: tuple[str, ...] = ()
    time: str | None = None
    """The column that places its rows in time, for questions such as "last month"."""
    key: tuple[str, ...] = ()
    """Columns whose values no two rows share; empty where nobody has said."""
    refs: Mapping[str, str] = field(default_factory=dict)
    """Column → view whose key (of one column) it holds; many rows here, at most one there."""
    prefer: Mapping[str, str] = field(default_factory=dict)
    """View or column that two ways lead to → the one to take: an own column, or the view on it."""

    @property
    def is_bridge(self) -> bool:
        """Whether it holds nothing but pairs of two other views' rows: a product's categories."""
        others = [c for c in self.columns if c.name not in {*self.refs, *self.key}]
        is_pair = len(self.refs) == 2 and len(set(self.refs.values())) == 2 and self.time is None
        return is_pair and all(c.type != "text" and _BESIDE_A_PAIR.match(c.name) for c in others)

    @property
    def is_list_of_labels(self) -> bool:
        """Whether it holds nothing but texts of another view's rows, of which one may have several."""
        others = [
            c for c in self.columns if c.name not in self.refs
        ]  # what has a number of its own is a thing
        return len(self.refs) == 1 and self.time is None and [c.type for c in others] == ["text"]

    def column(self, name: str) -> ViewColumn | None:
        """The column of that name in any letter case, or ``None``."""
        return self._columns.get(name.lower())

    @cached_property
    def _columns(self) -> dict[str, ViewColumn]:
        return {column.name.lower(): column for column in reversed(self.columns)}


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A named number: one aggregate expression over one view, or two of the other metrics."""

    name: str
    view: str
    """Its home; empty for one that is made of other metrics (``is_composed``)."""
    sql: str
    """Aggregate expression over the view's columns, e.g. ``SUM(amount)``, in the database's dialect; of a
    composed one a figure of the question language, e.g. ``returned_units / units_sold``."""
    description: str = ""
    synonyms: tuple[str, ...] = ()
    unit: str = ""
    """``EUR``, ``%`` (the expression then gives a share from 0 to 1), ``days`` or empty for a count."""
    time: str | None = None
    """The column that places it in time, where that is not its view's own."""
    last: str | None = None
    """Of a level such as stock: the column with the day that it was taken on; only the last one counts."""
    parts: Metric | None = None
    """The same of what its rows hold (an order's lines), which stands in for it where an answer tells those
    apart: an order's amount belongs to no one of its products."""

    @property
    def is_composed(self) -> bool:
        """Whether it is made of other metrics, so that it has no view of its own."""
        return not self.view

    def tree(self, dialect: Dialect) -> exp.Expr:
        """Its expression; ``dialect`` is that of the shop's database, in which alone it can be read.

        Names in backticks are no SQL elsewhere, and a name in double quotes is a text in MySQL.
        """
        read: exp.Expr = sqlglot.parse_one(self.sql, read=dialect, into=exp.Condition)
        return read

    def summed(self, dialect: Dialect) -> str | None:
        """The column that it is the sum of, be it of some rows only: ``SUM(CASE WHEN … THEN amount END)``."""
        tree = self.tree(dialect)
        counted = tree.this if isinstance(tree, exp.Sum) else None
        while isinstance(counted, exp.Case) and not counted.args.get("default"):
            counted, *more = (each.args["true"] for each in counted.args["ifs"])
            counted = None if more else counted
        return counted.name if isinstance(counted, exp.Column) else None


@dataclass(frozen=True, kw_only=True)
class Role:
    """What one kind of user may see."""

    name: str
    views: frozenset[str] | None = None
    """View names; ``None`` means all."""
    masked: frozenset[tuple[str, str]] = frozenset()
    """``(view, column)`` pairs that do not exist for the role: naming one is refused, ``*`` leaves it out."""
    rows: Mapping[str, str] = field(default_factory=dict)
    """View → SQL predicate over its columns; rows for which it is not true do not exist for the role.

    ``:name`` in it stands for the asking user's attribute of that name (``store = :store``).
    """
    minimum_group: int | None = None
    """Set, the role sees aggregates only, and none that stands on fewer than so many; ``None``: rows too."""
    group_units: Mapping[str, str] = field(default_factory=dict)
    """View → column whose distinct values ``minimum_group`` counts (customers, say); else rows count."""
    limits: QueryLimits = field(default_factory=QueryLimits)
    free_text: Literal["shown", "masked"] = "shown"
    """Whether personal data in what people wrote is shown, or a word for its kind in its place."""
    pseudonyms: frozenset[tuple[str, str]] = frozenset()
    """``(view, column)`` pairs of which the role sees a pseudonym in place of each value."""

    @property
    def is_whole(self) -> bool:
        """Whether it sees the whole shop: every view, column, row and single value."""
        is_veiled = self.free_text == "masked" or bool(self.pseudonyms)
        is_narrow = self.views is not None or self.masked or self.rows or self.minimum_group is not None
        return not is_narrow and not is_veiled

    def is_limited_in(self, views: Iterable[str]) -> bool:
        """Whether it sees only some of the rows of one of ``views``."""
        limited = {name.lower() for name in self.rows}
        return any(name.lower() in limited for name in views)


AttributeValue = str | int | float | tuple[str | int | float, ...]
"""What a user's attribute may be; a tuple is for ``IN (:name)``."""

Attributes = Mapping[str, AttributeValue]
"""The asking user's attributes (store, region, customer …), told by the surface that knows the user."""


@dataclass(frozen=True, kw_only=True)
class Example:
    """A question with its right SQL over the views: who asks it gets that."""

    question: str
    sql: str


@dataclass(frozen=True, kw_only=True)
class ReviewSource:
    """Which view and columns hold the customers' reviews."""

    view: str
    id: str
    text: tuple[str, ...]
    """Columns joined by a line break."""
    product: str | None = None
    category: str | None = None
    rating: str | None = None
    written_at: str | None = None
    language: str | None = None


@dataclass(frozen=True, kw_only=True)
class Shop:
    """Everything the project knows about one shop, before asking its database."""

    name: str
    database: str
    """Path or URL; a folder or a pattern of CSV or Parquet files counts as a database."""
    views: tuple[View, ...]
    metrics: tuple[Metric, ...] = ()
    roles: tuple[Role, ...] = (Role(name="owner"),)
    default_role: str = "owner"
    description: str = ""
    currency: str = ""
    today: str | dt.date | None = None
    """The shop's clock: a date, ``max(view.column)`` for a frozen data set, or ``None`` for the real day."""
    fiscal_year_starts: int = 1
    """Month, 1 to 12, in which the fiscal year begins."""
    time_zone: str = ""
    """IANA name of the zone that the shop's times are meant in; kept, not yet converted to."""
    examples: tuple[Example, ...] = ()
    suggestions: tuple[str, ...] = ()
    """Questions offered on the chat page."""
    reviews: ReviewSource | None = None
    bindings: Mapping[str, str] = field(default_factory=dict)
    """Part that a job needs → ``view.column``."""
    macros: str = ""
    """File of ready sentences for replies to customers, as written: relative to the folder of ``path``."""
    is_drafted: bool = False
    """Whether a program wrote it and nobody has read it yet: no answer over it is told as sure."""
    path: Path | None = None
    """The file it was read from."""

    def view(self, name: str) -> View | None:
        """The view of that name in any letter case, or ``None``."""
        return self._views.get(name.lower())

    @cached_property
    def _views(self) -> dict[str, View]:
        return {view.name.lower(): view for view in reversed(self.views)}

    @property
    def bound(self) -> frozenset[str]:
        """What jobs may need: parts bound to columns, and ``reviews`` where the description names them."""
        return frozenset(self.bindings) | ({"reviews"} if self.reviews is not None else set())

    def role(self, name: str) -> Role:
        """The role of that name; ``KeyError`` with the known names when there is none."""
        for role in self.roles:
            if role.name == name:
                return role
        raise KeyError(f"no role {name!r}; the shop has {', '.join(r.name for r in self.roles)}")
