"""What a campaign brought: by the group that was held back, and whether that is more than it cost. Pure.

The groups are compared by their means. What customers spent before the campaign explains a part of what they
spent in it, and is taken out (CUPED: Deng, Xu, Kohavi & Walker 2013), which narrows the interval and, where
the groups were unequal before, makes up for a part of that.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from scipy import stats

LEVEL = 0.90
"""Of every interval."""
LEVEL_SAID = f"{100 * LEVEL:g} %"
LEAST_CUSTOMERS = 30
"""Of each group."""
LEAST_BUYERS = 10
"""In both groups together."""
SURELY_UNEQUAL = 3.29
"""Standard errors between what the groups spent before: chance alone does so once in a thousand draws."""

Verdict = Literal["more", "less", "unclear"]


@dataclass(frozen=True, kw_only=True)
class Arm:
    """Sums over the customers of one group; ``value`` is what one of them brought during the campaign."""

    customers: int
    buyers: int
    """Who bought during it."""
    purchases: float
    value: float
    value_squared: float
    before: float
    """What they brought in the half year before."""
    before_squared: float
    both: float
    """Sum of the products of value and before."""
    just_before: float
    """What they brought in as many days right before it."""
    just_before_squared: float
    users: int = 0
    """Who used the campaign's code."""
    giants: int = 0
    """Whose value was held down."""

    @property
    def mean(self) -> float:
        """What a customer brought."""
        return self.value / self.customers


@dataclass(frozen=True, kw_only=True)
class Span:
    """A figure with the ends of its interval."""

    value: float
    low: float
    high: float

    def less(self, cost: float) -> Span:
        """The same after a cost."""
        return Span(value=self.value - cost, low=self.low - cost, high=self.high - cost)

    @property
    def error(self) -> float:
        """Standard error of a normal figure with this interval."""
        return (self.high - self.low) / (2 * float(stats.norm.ppf((1 + LEVEL) / 2)))


@dataclass(frozen=True, kw_only=True)
class Effect:
    """What a campaign brought beyond what would have come anyway, over all who were sent it."""

    brought: Span
    without_before: Span
    """The same from the means alone."""
    placebo: Span
    """The same comparison over as many days right before, when there was nothing to find."""
    is_unequal: bool
    """Whether the groups spent clearly different amounts before, so that no chance drew them."""


def effect_of(sent: Arm, held: Arm) -> Effect | None:
    """Compare the groups; ``None`` where they are too small."""
    if min(sent.customers, held.customers) < LEAST_CUSTOMERS or sent.buyers + held.buyers < LEAST_BUYERS:
        return None
    spread = sum(_scatter(a.before_squared, a.before, a.before, a.customers) for a in (sent, held))
    shared = sum(_scatter(a.both, a.value, a.before, a.customers) for a in (sent, held))
    apart = _difference(
        *((a.before / a.customers, _variance(a.before_squared, a.before, a.customers)) for a in (sent, held))
    )
    is_unequal = abs(apart) > SURELY_UNEQUAL
    slope = shared / spread if spread > 0 else 0.0
    if is_unequal and held.before > 0:
        slope = held.value / held.before
    return Effect(
        brought=_total(sent, held, slope),
        without_before=_total(sent, held, 0.0),
        placebo=_spanned(
            *(
                (a.just_before, _variance(a.just_before_squared, a.just_before, a.customers), a.customers)
                for a in (sent, held)
            )
        ),
        is_unequal=is_unequal,
    )


def verdict_of(brought: Span, cost: float) -> Verdict:
    """Whether the whole interval lies above the cost, below it, or neither."""
    if brought.low > cost:
        return "more"
    return "less" if brought.high < cost else "unclear"


def _total(sent: Arm, held: Arm, slope: float) -> Span:
    parts = []
    for arm in (sent, held):
        variance = (
            _variance(arm.value_squared, arm.value, arm.customers)
            - 2
            * slope
            * _scatter(arm.both, arm.value, arm.before, arm.customers)
            / (arm.customers - 1)
            / arm.customers
            + slope**2 * _variance(arm.before_squared, arm.before, arm.customers)
        )
        parts.append((arm.value - slope * arm.before, max(variance, 0.0), arm.customers))
    return _spanned(parts[0], parts[1])


def _spanned(sent: tuple[float, float, int], held: tuple[float, float, int]) -> Span:
    """A difference of means times all who were sent it.

    Args:
        sent: sum, variance of the mean, and customers; ``held`` the same.
    """
    (sum_s, var_s, n_s), (sum_h, var_h, n_h) = sent, held
    error = math.sqrt(var_s + var_h)
    freedom = (var_s + var_h) ** 2 / (var_s**2 / (n_s - 1) + var_h**2 / (n_h - 1)) if error else 1.0
    wide = float(stats.t.ppf((1 + LEVEL) / 2, freedom)) * error
    middle = sum_s / n_s - sum_h / n_h
    return Span(value=n_s * middle, low=n_s * (middle - wide), high=n_s * (middle + wide))


def _difference(sent: tuple[float, float], held: tuple[float, float]) -> float:
    """In standard errors; 0 where nothing varies."""
    error = math.sqrt(sent[1] + held[1])
    return (sent[0] - held[0]) / error if error else 0.0


def _scatter(product: float, first: float, second: float, count: int) -> float:
    return product - first * second / count


def _variance(squared: float, total: float, count: int) -> float:
    """Of the mean."""
    return max(_scatter(squared, total, total, count), 0.0) / (count - 1) / count
