"""Statements in shop form, put together from parts that ``finetune.generate`` says in words.

What the form is, and how it becomes SQL, is ``sql.statement.shop_form``; this module only writes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from finetune.generate.lexicon import Dim, Figure, Thing
from sql.statement.grammar import quote_name, quote_text


@dataclass(frozen=True, kw_only=True)
class Condition:
    """One condition with the ways to say it; no way in a language means that it is not said there."""

    sql: str
    column: str
    is_number: bool = False
    """It compares numbers, and stands after the conditions on values."""
    value: str = ""
    """The words for the value, bare; empty when there are none."""
    before: str | None = None
    """English that may stand right before the noun."""
    after: str = ""
    """English after the noun."""
    zh: str = ""
    """Chinese before the noun, without 的."""
    is_clause: bool = False
    """The Chinese is a clause that needs its 的."""
    is_negative: bool = False
    kept: tuple[str, ...] = ()
    """Words that must be typed without a slip."""


@dataclass(frozen=True, kw_only=True)
class Query:
    """A statement over one view, but for the words of its period."""

    view: str
    items: tuple[str, ...]
    conditions: tuple[Condition, ...] = ()
    during: str | None = None
    """The time column that the period is about; ``None`` without a period."""
    groups: tuple[str, ...] = ()
    having: str | None = None
    order: tuple[str, ...] = ()
    limit: int | None = None
    is_distinct: bool = False

    def text(self, period: str | None) -> str:
        """The statement; ``period`` is given with ``during`` and only then."""
        where = [c.sql for c in sorted(self.conditions, key=lambda c: c.is_number)]
        if self.during is not None and period is not None:
            where.append(f"DURING({quote_name(self.during)}, {quote_text(period)})")
        parts = ["SELECT DISTINCT" if self.is_distinct else "SELECT", ", ".join(self.items)]
        parts.append(f"FROM {quote_name(self.view)}")
        if where:
            parts.append("WHERE " + " AND ".join(where))
        if self.groups:
            parts.append("GROUP BY " + ", ".join(self.groups))
        if self.having is not None:
            parts.append(f"HAVING {self.having}")
        if self.order:
            parts.append("ORDER BY " + ", ".join(self.order))
        if self.limit is not None:
            parts.append(f"LIMIT {self.limit}")
        return " ".join(parts)


@dataclass(frozen=True, kw_only=True)
class Said:
    """A period in words: inside a sentence, and alone."""

    inside: str
    alone: str


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A question about one figure, which a next turn may change."""

    thing: Thing
    figure: Figure
    dims: tuple[Dim, ...] = ()
    grain: str | None = None
    conditions: tuple[Condition, ...] = ()
    period: Said | None = None
    limit: int | None = None
    order: str = ""
    """``DESC`` for the highest first, ``ASC`` for the lowest, empty for none asked."""

    def query(self) -> Query:
        """The plan as a statement."""
        figure = quote_name(self.figure.name)
        names = [quote_name(d.column) for d in self.dims]
        order: list[str] = []
        if self.grain is not None and self.thing.time is not None:
            grain = f"TO_{self.grain.upper()}({quote_name(self.thing.time.column)})"
            names.insert(0, grain)
            order = [grain]
        if self.order:
            order = [f"{figure} DESC" if self.order == "DESC" else figure]
        return Query(
            view=self.thing.view,
            items=(*names, figure),
            conditions=self.conditions,
            during=self.thing.time.column
            if self.period is not None and self.thing.time is not None
            else None,
            groups=tuple(names),
            order=tuple(order),
            limit=self.limit,
        )

    def with_condition(self, condition: Condition) -> Plan:
        """The plan with one condition more; one of the same column is taken away."""
        kept = tuple(c for c in self.conditions if c.column != condition.column)
        return replace(self, conditions=(*kept, condition))


def value_list(values: Sequence[str]) -> str:
    """Values as the text of an ``IN`` list."""
    return "(" + ", ".join(quote_text(v) for v in values) + ")"
