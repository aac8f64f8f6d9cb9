"""A rule of the watch: which figure, of whom, and when it is told of. Pure."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["level", "change"]
Side = Literal["above", "below"]
Per = Literal["now", "day", "week", "month"]
"""Of which stretch of time the figure is; ``now`` for one that stands in no time, such as today's stock."""
Against = Literal["before", "weekday", "year"]
"""What a change is held against: the period before, the same weekday a week before, a year before."""
SHIFT: dict[tuple[Per, Against], int] = {
    ("day", "before"): 1,
    ("day", "weekday"): 7,
    ("day", "year"): 364,
    ("week", "before"): 1,
    ("week", "year"): 52,
    ("month", "before"): 1,
    ("month", "year"): 12,
}
"""Periods between a figure and what it is held against; a year of days keeps the weekday."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """When to tell of a figure."""

    text: str
    """As it was said."""
    metric: str
    kind: Kind
    side: Side
    amount: float
    """``level``: the figure itself, shares from 0 to 1; reached at neither side. ``change``: what the figure
    is over what it is held against, such as 2.0 for doubled; reached at it."""
    per: Per
    by: str = ""
    """The column each of whose values is looked at by itself; empty for the whole."""
    only: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Column → the values that rows are limited to."""
    against: Against = "before"
    """Of a change."""
    least: int = 0
    """How many of what is counted, of both periods the larger number, a figure needs; 0 for any."""

    @property
    def id(self) -> str:
        """The same for the same rule."""
        only = sorted((column, list(values)) for column, values in self.only.items())
        said = [self.metric, self.kind, self.side, self.amount, self.per, self.by, only, self.against]
        return hashlib.sha256(json.dumps([*said, self.least]).encode()).hexdigest()[:8]

    @property
    def shift(self) -> int:
        """Periods back to what it is held against; 0 where a level is looked at."""
        return SHIFT[(self.per, self.against)] if self.kind == "change" else 0


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """A stretch of periods in which a rule held, of one value."""

    value: str
    """Of the rule's column, in the shop's spelling; empty for the whole."""
    first: dt.date
    """First day of its first period."""
    last: dt.date
    """First day of its last period, so far."""
    figure: float
    """Of its first period."""
    base: float | None
    """What that was held against; ``None`` for a level."""
