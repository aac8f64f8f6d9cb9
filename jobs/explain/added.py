"""What an explanation is made of: a result, what it is held against, and parts that lead there exactly."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from jobs.made_tables import made
from sql.types import Column, Table
from sql.types import Value as Cell

Scale = Literal["logit", "money", "share", "figure"]
"""In what parts add up: log-odds, money, shares, or the units of the figure itself."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """One reason."""

    name: str
    """As it is told: in the asker's language, or a value of the shop's."""
    adds: float
    here: float | None = None
    """What it is of this one; ``None`` where no number says it."""
    usual: float | None = None
    """What it is of those that it is held against; the unit of both stands in the name."""


@dataclass(frozen=True, kw_only=True)
class Added:
    """One result explained: ``start`` and all that is added are ``end``."""

    start: float
    end: float
    parts: tuple[Part, ...]
    scale: Scale
    unit: str = ""
    """Of start, end and what is added."""
    source: Table
    """That the figures were worked out from."""
    facts: Mapping[str, tuple[Cell, str]] = field(default_factory=dict)
    """Further figures of the first table: name → cell and unit."""
    subject: str = ""
    """Whose or what; in the shop's spelling."""
    more: tuple[Table, ...] = ()
    note: str = ""
    """Key of a sentence that this very result needs; empty for none."""
    caveats: tuple[tuple[str, Mapping[str, str]], ...] = ()

    def tables(self, part: str) -> tuple[Table, ...]:
        """Table 0 has the whole in one row, table 1 the parts; then further ones.

        Args:
            part: what the column of parts is called.
        """
        names = ("start", "end", *self.facts)
        columns = [Column(name=name, type="number") for name in names]
        row = (_rounded(self.start), _rounded(self.end), *(cell for cell, _ in self.facts.values()))
        units = {
            "start": self.unit,
            "end": self.unit,
            **{name: unit for name, (_, unit) in self.facts.items()},
        }
        whole = made(self.source, columns, [row], units)
        return (whole, self._parts(part), *self.more)

    def _parts(self, part: str) -> Table:
        """A row a part; odds are told as times, which people read more easily."""
        names = ("adds", *(("odds_times",) if self.scale == "logit" else ()), "here", "usual")
        columns = [Column(name=part, type="text"), *(Column(name=name, type="number") for name in names)]
        return made(self.source, columns, [self._row(each) for each in self.parts], {"adds": self.unit})

    def _row(self, part: Part) -> tuple[Cell, ...]:
        times = (float(f"{math.exp(part.adds):.3g}"),) if self.scale == "logit" else ()
        ends = (None if each is None else _rounded(each) for each in (part.here, part.usual))
        return (part.name, _rounded(part.adds), *times, *ends)


def _rounded(number: float) -> float:
    return round(number, 4)


def ordered(parts: Sequence[Part]) -> tuple[Part, ...]:
    """Those that add or take most first."""
    return tuple(sorted(parts, key=lambda part: -abs(part.adds)))
