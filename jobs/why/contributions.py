"""Which part of a change each part of the whole carries, exactly: arrays in, arrays out. Knows no shop.

- A **sum** changes by the sum of its parts' changes.
- A **rate** is one sum over another. Each part changes it by its own rate, weighted with the mean of its
  shares below the line, and by its share, weighted with how far its mean rate lies from that of the whole. By
  the means of both periods nothing is left over.
- A **sum of amounts** whose units are known changes by their number, by what was bought of it (mix) and by
  prices, each at the prices before; what was sold in one of the periods alone has no other price and is mix.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Amounts:
    """What parts amount to in one stretch of time; all arrays have one shape, the parts first."""

    above: Values
    """What is summed or counted; of a rate what stands above the line."""
    below: Values
    """What stands below it; 0 where there is no line."""
    spread: Values
    """How far chance moves ``above``, squared, were every row drawn by itself."""
    spread_below: Values
    """The same of ``below``."""

    def at(self, places: npt.NDArray[np.int64]) -> Amounts:
        """Of some of the parts."""
        return Amounts(
            above=self.above[places],
            below=self.below[places],
            spread=self.spread[places],
            spread_below=self.spread_below[places],
        )

    @property
    def whole(self) -> Amounts:
        """Of all parts together."""
        return Amounts(
            above=self.above.sum(axis=0),
            below=self.below.sum(axis=0),
            spread=self.spread.sum(axis=0),
            spread_below=self.spread_below.sum(axis=0),
        )

    @property
    def rates(self) -> Values:
        """NaN where nothing stands below."""
        return over(self.above, self.below)


@dataclass(frozen=True, kw_only=True)
class Carried:
    """How parts changed the whole; arrays of the shape (parts,). ``change`` adds up to that of the whole."""

    change: Values
    own: Values
    """By their own rate; of a sum all of it."""
    mix: Values
    """By their share below the line."""
    even: Values
    """The share of the change that a part carries that merely moves with the whole; adds up to 1, or is 0."""

    def at(self, places: Sequence[int]) -> Carried:
        """Of some of the parts, shape (parts, 1)."""
        each = (array[list(places), None] for array in (self.change, self.own, self.mix, self.even))
        change, own, mix, even = each
        return Carried(change=change, own=own, mix=mix, even=even)


def carried(base: Amounts, now: Amounts, *, is_rate: bool) -> Carried:
    """What each part adds to the change from ``base`` to ``now``, of the shape (parts,)."""
    if not is_rate:
        change = now.above - base.above
        size = np.abs(base.above)
        return Carried(change=change, own=change, mix=np.zeros_like(change), even=_shares(size))
    then, later = base.whole, now.whole
    share = _shares(base.below), _shares(now.below)
    middle = (_rate(then) + _rate(later)) / 2
    whole = over(now.above, np.full_like(now.above, later.below)) - over(
        base.above, np.full_like(base.above, then.below)
    )
    change = np.nan_to_num(whole) - middle * (share[1] - share[0])
    own = np.nan_to_num((share[0] + share[1]) / 2 * (now.rates - base.rates))
    return Carried(change=change, own=own, mix=change - own, even=share[0])


@dataclass(frozen=True, kw_only=True)
class Priced:
    """Why a sum of amounts changed, as far as units and prices tell; the three add up to the change."""

    volume: float
    """More or fewer units, at the mean price before."""
    mix: float
    """Dearer or cheaper goods among them, at their prices before."""
    price: float
    """Other prices of the same goods."""


def priced(amounts: tuple[Values, Values], units: tuple[Values, Values]) -> Priced | None:
    """Volume, mix and price by goods; ``None`` where no units were sold before.

    Args:
        amounts: of each of the goods, before and now.
        units: the same.
    """
    (then, now), (units_then, units_now) = amounts, units
    before = float(then.sum()), float(units_then.sum())
    if before[1] <= 0:
        return None
    is_known = (units_then > 0) & (units_now > 0)
    old_prices = over(then, np.where(is_known, units_then, 0.0))
    price = float(np.where(is_known, now - np.nan_to_num(old_prices) * units_now, 0.0).sum())
    volume = before[0] * (float(units_now.sum()) / before[1] - 1)
    return Priced(volume=volume, price=price, mix=float(now.sum()) - before[0] - price - volume)


def over(above: Values, below: Values) -> Values:
    """The quotient; NaN where there is nothing to divide by."""
    unknown = np.full(np.broadcast(above, below).shape, np.nan)
    return np.asarray(np.divide(above, below, out=unknown, where=np.asarray(below) > 0))


def _shares(sizes: Values) -> Values:
    total = sizes.sum()
    return sizes / total if total > 0 else np.zeros_like(sizes)


def _rate(whole: Amounts) -> float:
    return float(np.nan_to_num(whole.rates))
