"""Demand over a time as a distribution: its quantiles, and how long a stock lasts against it.

Demand is a count that varies more than a Poisson one, a negative binomial. Its quantile is taken from the
gamma distribution with the same mean and variance by the cube root that Wilson and Hilferty found nearly
normal: a closed form, so that a database works it out for every product and Python for those that are told.
Source: Wilson & Hilferty, The distribution of chi-square, 1931; Silver, Pyke & Thomas, Inventory and
Production Management in Supply Chains, 4th ed. 2017, chapter 6 (periodic review with an order point).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]
MOST_DAYS = 730
"""Days ahead up to which it is told when a stock ends."""
EARLY = 0.1
"""Chance with which a stock ends by the early end of its days."""
_NORMAL = NormalDist()


def quantile(mean: Values, variance: Values, share: float) -> Values:
    """What demand does not exceed with that probability, at least 0 and not rounded; shapes alike."""
    with np.errstate(divide="ignore", invalid="ignore"):
        width = np.where(mean > 0, variance / mean**2, 0.0)
    root = 1 - width / 9 + _NORMAL.inv_cdf(share) * np.sqrt(width) / 3
    return np.asarray(mean * np.maximum(root, 0.0) ** 3)


def quantile_sql(mean: str, width: str, share: float) -> str:
    """The same as an expression of two columns of one row: the mean, and the variance over its square."""
    root = f"(1 - {width} / 9.0 + {_NORMAL.inv_cdf(share)!r} * SQRT({width}) / 3.0)"
    return f"{mean} * POWER(CASE WHEN {root} > 0 THEN {root} ELSE 0 END, 3)"


def in_pieces(expression: str) -> str:
    """A quantile of pieces, as SQL: the least whole number that reaches it, taken from half to half."""
    return f"CEIL({expression} - 0.5)"


@dataclass(frozen=True, kw_only=True)
class Pace:
    """What one product is expected to sell from now on."""

    a_day: float
    """Mean pieces a day."""
    spread: float
    """Variance over mean of what is sold in a time, at least 1."""
    doubt: float
    """Variance of the pace itself, over its square."""

    def over(self, days: Values) -> tuple[Values, Values]:
        """Mean and variance of demand over so many days."""
        mean = self.a_day * days
        return mean, self.spread * mean + self.doubt * mean**2

    def lasts(self, on_hand: float, share: float) -> int | None:
        """The first day by whose end a stock is gone with that probability.

        0 where there is none now, ``None`` where it lasts longer than ``MOST_DAYS``.
        """
        if on_hand <= 0:
            return 0
        days = np.arange(1, MOST_DAYS + 1, dtype=float)
        mean, variance = self.over(days)
        gone = quantile(mean, variance, 1 - share) >= on_hand - 0.5
        return int(days[gone.argmax()]) if gone.any() else None

    def chance_gone(self, on_hand: float, days: int) -> float:
        """Probability that so many days sell the stock out."""
        if on_hand < 1:
            return 1.0
        mean, variance = (float(each) for each in self.over(np.array(float(days))))
        if mean <= 0:
            return 0.0
        width = variance / mean**2
        if width == 0:
            return float(mean >= on_hand)
        return 1 - _NORMAL.cdf((((on_hand - 0.5) / mean) ** (1 / 3) - 1 + width / 9) * 3 / math.sqrt(width))
