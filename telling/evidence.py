"""What a job found, as plain data: tables, quotes, what they are limited to; and the receipt of a figure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from retrieval.types import Hit
from sql.types import Table

How = Literal["cell", "change", "difference"]
"""``cell`` shows one cell; ``change`` is cell / base - 1; ``difference`` is cell - base."""


Caveat = tuple[str, Mapping[str, str]]
"""A sentence of a job's: its key, and the values that fill it, not escaped yet."""


@dataclass(frozen=True, kw_only=True)
class CellRef:
    """Where a value stands among the tables of an answer."""

    table: int
    row: int
    column: str


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A number in the text and the cell it came from: the receipt."""

    text: str
    """The number as it stands in the text, e.g. ``12,345`` or ``4.2%``."""
    table: int
    row: int
    column: str
    how: How = "cell"
    base: CellRef | None = None
    """What the cell was compared with; ``None`` for a cell that is shown as it is."""


@dataclass(frozen=True, kw_only=True)
class Scope:
    """What the rows behind an answer are really limited to; only that may be repeated in its words."""

    values: tuple[str, ...] = ()
    """Values that rows were filtered by, as the database spells them."""
    period_text: str = ""
    """The asker's words for the period; empty when the query is not limited to it."""
    period_first: dt.date | None = None
    """First day; ``None`` when open."""
    period_last: dt.date | None = None
    """Last day, inclusive; ``None`` when open."""
    min_stars: int | None = None
    max_stars: int | None = None
    """Both inclusive, of reviews."""


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What a job found; never prose. A job that finds more than this holds derives a class of its own."""

    tables: tuple[Table, ...] = ()
    """The first is the answer."""
    scope: Scope = Scope()
    hits: tuple[Hit, ...] = ()
    parts: Mapping[str, int] = field(default_factory=dict)
    """What a table is for → its position: ``total`` or ``coverage``; ``nothing`` is the answer's own, where
    its zeros stand on no row."""
    about: str = ""
    """The view that the tables and hits are about."""
    confidence: float = 0.0
    """Probability in [0, 1] that the evidence answers the question."""
    titles: Mapping[str, str] = field(default_factory=dict)
    """Column of the first table → what it is called in the asker's language, where its name says too little.
    """
    caveats: tuple[Caveat, ...] = ()
    """What stands before the figures."""
    warnings: tuple[Caveat, ...] = ()
    """What is warned of."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """What the job ran with: parameter → value as it is written."""
    sql: str = ""
    """The statement over the shop's views as it was written, before the guard expanded it."""
    statement: str = ""
    """The statement of the question language that it was made of; empty where there is none."""
    read_as: str = ""
    """That statement in words."""
    unheard: tuple[str, ...] = ()
    """Words of the question that it has no part for."""
    seconds: Mapping[str, float] = field(default_factory=dict)
    """Step → seconds, for ``Answer.seconds``."""
