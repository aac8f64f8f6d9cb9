"""What other prices would bring, from an elasticity and what is sold today. Pure.

Prices are factors of today's, so that one product and many together have the same arithmetic. Nothing is said
of a price that was never charged, of one below cost, or of a larger step than is allowed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from jobs.price.elasticity import Estimate
from jobs.price.weeks import Values

STEP = 0.005
"""Between two prices that are tried, as a share of today's."""
POINTS = 41
"""Of the curve that is drawn."""


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What is sold in a week at today's prices, of one product or of several together."""

    units: float
    revenue: float
    cost: float | None
    """Of these units; ``None`` where it is not known, so that revenue stands for profit."""
    low: float
    """The lowest price that was charged, over today's; at most 1."""
    high: float
    """The highest, at least 1."""

    def money(self, change: Values | float, elasticity: Values | float) -> Values:
        """Profit of a week with prices changed by a share, or revenue where no cost is known."""
        factor = 1 + np.asarray(change)
        return np.asarray((factor * self.revenue - (self.cost or 0.0)) * factor**elasticity)

    def room(self, most: float) -> tuple[float, float]:
        """Changes that are allowed, as shares of today's price; the first is above the second where none is.

        Args:
            most: of one step.
        """
        floor = self.cost / self.revenue - 1 if self.cost is not None else -1.0
        return max(self.low - 1, -most, floor), min(self.high - 1, most)


@dataclass(frozen=True, kw_only=True)
class Span:
    """A figure with the ends of its interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a change of price is expected to do, a week."""

    change: float
    """Share of today's price."""
    units: Span
    """Change of units, as a share."""
    money: Span
    """Change of profit, or of revenue."""
    vanishes: float | None
    """The elasticity at which money stays as it is; ``None`` where there is none."""

    @property
    def is_sure(self) -> bool:
        """Whether the whole interval of the money lies on one side of nothing."""
        return self.money.low > 0 or self.money.high < 0


def outcome_of(standing: Standing, change: float, elasticity: Estimate) -> Outcome:
    """A change of price within what was charged; both figures follow the elasticity one way, so their
    intervals are those of its ends."""
    tried = np.array([elasticity.value, elasticity.low, elasticity.high])
    units = (1 + change) ** tried - 1
    now = standing.revenue - (standing.cost or 0.0)
    money = standing.money(change, tried) - now
    after = (1 + change) * standing.revenue - (standing.cost or 0.0)
    has_end = change != 0 and now > 0 and after > 0
    return Outcome(
        change=change,
        units=_span(units),
        money=_span(money),
        vanishes=float(np.log(now / after) / np.log1p(change)) if has_end else None,
    )


def _span(values: Values) -> Span:
    return Span(value=float(values[0]), low=float(values[1:].min()), high=float(values[1:].max()))


def best_change(standing: Standing, elasticity: Estimate, most: float) -> Outcome | None:
    """The change that is expected to bring most; ``None`` where no price is allowed."""
    low, high = standing.room(most)
    if low > high:
        return None
    steps = np.arange(np.ceil(low / STEP), np.floor(high / STEP) + 1) * STEP
    tried = np.unique(np.round(np.append(steps, [low, high, *([0.0] if low <= 0 <= high else [])]), 4))
    tried = tried[(tried >= low - 1e-4) & (tried <= high + 1e-4)]
    best = tried[int(standing.money(tried, elasticity.value).argmax())]
    return outcome_of(standing, float(best), elasticity)


def curve_of(standing: Standing, elasticity: Estimate) -> tuple[Values, Values, Values, Values]:
    """Over all prices that were charged: changes, and money expected, at its low and at its high end."""
    changes = np.linspace(standing.low - 1, standing.high - 1, POINTS)
    changes[np.abs(changes).argmin()] = 0.0
    ends = np.array([standing.money(changes, e) for e in (elasticity.value, elasticity.low, elasticity.high)])
    return changes, ends[0], ends[1:].min(axis=0), ends[1:].max(axis=0)
