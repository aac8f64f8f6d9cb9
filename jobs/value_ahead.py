"""What customers will bring within a time: how often by BG/NBD, what each purchase brings by gamma-gamma.

The two are taken to be independent, so the mean is the product of theirs; the interval is read off draws of
both. Draws begin at one seed, so that the same past gives the same figures.
Source: Fader, Hardie & Lee, RFM and CLV: Using Iso-Value Curves for Customer Base Analysis, Journal of
Marketing Research 42 (2005).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from jobs.bg_nbd import BgNbd, Values
from jobs.spending import Spending

ENDS = (0.1, 0.9)
"""Of an interval of 80 %."""
DRAWS = 20_000
"""For one customer; of many, fewer do."""


@dataclass(frozen=True, kw_only=True)
class Ahead:
    """Each of shape (customers,)."""

    purchases: Values
    """Expected days of purchase."""
    value: Values
    """Expected amount, in units of money."""
    low: Values
    high: Values
    """Ends of the 80 % interval of the amount."""


def value_ahead(
    rhythm: BgNbd,
    spending: Spending,
    past: tuple[Values, Values, Values],
    paid: Values,
    days: float,
    *,
    draws: int = DRAWS,
) -> Ahead:
    """What is to be expected within so many days.

    Args:
        past: purchases, days since the last and since the first, as ``BgNbd`` takes them.
        paid: mean of the purchases so far, in units of money.
    """
    chance = np.random.default_rng(0)
    later = rhythm.draw(*past, days, draws, chance)
    amounts = spending.draw(past[0], paid, later, chance)
    low, high = np.quantile(amounts, ENDS, axis=1)
    purchases = later.mean(axis=1)
    return Ahead(purchases=purchases, value=purchases * spending.mean(past[0], paid), low=low, high=high)
