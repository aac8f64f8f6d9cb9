"""Which parts moved apart from the rest by more than chance does: arrays in, chances out. Knows no shop.

- **Apart** is what a part has beyond its amount before times the rest's growth (of a rate: what its rate rose
  beyond the rest's), over the noise that it would have were every row drawn by itself.
- Rows are not: they come in orders, on weekdays, in seasons. The same score of every earlier pair of
  stretches so long and so far apart says how much wider than that it is in truth: what 68 of 100 lie below
  stands for one standard deviation, which single events of the past do not move.
- **Many parts** of many columns are held to a share of false findings together, by Benjamini and Hochberg
  (1995). Parts too small in both stretches together to carry enough are no parts of it, since how large they
  are says nothing of which way they went (Bourgon, Gentleman & Huber, 2010); others that were not worth
  testing count as tested.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from jobs.why.contributions import Amounts, Values, over

FALSE_SHARE = 0.05
"""Of what is told to stand out, at most so much may be chance."""
ALIKE = 20.0
"""Pairs that the width of all parts together weighs as much as."""
LEAST_PAIRS = 6.0
"""Earlier pairs that do not overlap, from which on they tell what is usual."""
UNKNOWN = 4.0
"""Times the noise of rows, squared, where the past is too short to tell."""
USUAL = (0.05, 0.95)
"""Of earlier changes, what lies between is usual."""
_ONE_DEVIATION = 0.6827


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How stretches lie in the periods of a past."""

    length: int
    """Periods of one stretch."""
    lag: int
    """Periods from the start of the first to the start of the second."""

    def pairs(self, periods: int) -> int:
        """How many pairs there are in so many periods; they overlap."""
        return max(0, periods - self.lag - self.length + 1)

    def apart(self, periods: int) -> float:
        """How many of them share no period."""
        return self.pairs(periods) / self.length

    def of(self, past: Values) -> tuple[Values, Values]:
        """The sums of the first and the second stretch of each pair; shape (…, pairs)."""
        sums = np.lib.stride_tricks.sliding_window_view(past, self.length, axis=-1).sum(axis=-1)
        return sums[..., : -self.lag], sums[..., self.lag :]

    def of_all(self, past: Amounts) -> tuple[Amounts, Amounts]:
        """The same of amounts whose last axis is time."""
        pairs = [self.of(each) for each in (past.above, past.below, past.spread, past.spread_below)]
        first, second = (
            Amounts(above=a, below=b, spread=c, spread_below=d) for a, b, c, d in zip(*pairs, strict=True)
        )
        return first, second


@dataclass(frozen=True, kw_only=True)
class Moved:
    """How far something moved, beside what chance moves it by; arrays of one shape."""

    by: Values
    """NaN where that has no sense."""
    noise: Values
    """Of its rows, squared."""

    @property
    def scores(self) -> Values:
        """In units of the noise; 0 where that has no sense."""
        return np.asarray(np.nan_to_num(over(self.by, np.sqrt(np.fmax(self.noise, 1e-12)))))


def apart(base: Amounts, now: Amounts, whole_base: Amounts, whole_now: Amounts, *, is_rate: bool) -> Values:
    """How far each part moved apart from the rest, in units of its rows' noise; 0 where that has no sense.

    Args:
        base, now: of the parts, shape (parts, …).
        whole_base, whole_now: of the whole, without the first axis.
    """
    return moved_apart(base, now, whole_base, whole_now, is_rate=is_rate).scores


def moved_apart(
    base: Amounts, now: Amounts, whole_base: Amounts, whole_now: Amounts, *, is_rate: bool
) -> Moved:
    """The same in the unit of the figure: beyond what it would be had it moved with the rest."""
    then, later = _rest(whole_base, base), _rest(whole_now, now)
    if is_rate:
        moved = (now.rates - base.rates) - np.nan_to_num(later.rates - then.rates)
        noises = [np.nan_to_num(over(each.spread, each.below**2)) for each in (base, now, then, later)]
        return Moved(by=moved, noise=noises[0] + noises[1] + noises[2] + noises[3])
    growth = np.where(later.above > 0, over(later.above, then.above), np.nan)
    growth = np.where(np.isnan(growth), 1.0, growth)
    of_growth = over(later.spread + growth**2 * then.spread, then.above**2)
    noise = now.spread + growth**2 * base.spread + base.above**2 * np.nan_to_num(of_growth)
    return Moved(by=now.above - growth * base.above, noise=noise)


def moved_since(base: Amounts, now: Amounts, *, is_rate: bool, longer: float = 1.0) -> Moved:
    """How far a whole moved from what it was, of the shape of ``now``.

    Args:
        longer: times the days of ``base`` that ``now`` has.
    """
    if is_rate:
        noises = [over(each.spread, each.below**2) for each in (base, now)]
        return Moved(by=now.rates - base.rates, noise=noises[0] + noises[1])
    return Moved(by=now.above - longer * base.above, noise=now.spread + longer**2 * base.spread)


def shifted(base: Amounts, now: Amounts, whole_base: Amounts, whole_now: Amounts) -> Values:
    """The same of what stands below the line."""
    parts, wholes = (tuple(map(_below, pair)) for pair in ((base, now), (whole_base, whole_now)))
    return apart(*parts, *wholes, is_rate=False)


def widening(scores: Values, pairs_apart: float) -> Values:
    """Times the noise of rows that each part's scores were spread in the past, squared; shape (parts,).

    Args:
        scores: of each earlier pair, shape (parts, pairs).
    """
    return np.asarray(np.quantile(np.abs(scores), _ONE_DEVIATION, axis=-1) ** 2 * (1 + 2 / pairs_apart))


def moderated(wide: Values, others: Values, pairs_apart: float, *, is_known: bool) -> Values:
    """Times the noise of rows that each score is taken to be spread by chance, squared.

    Few pairs tell little of one part, and parts are much alike: each is taken to be as wide as it was and as
    the others were together, these with the weight of some pairs (the moderated t of Smyth, 2004).

    Args:
        wide: of these parts, see :func:`widening`.
        others: of all parts of all columns.
        is_known: whether rows have a noise of their own, which is then the least.
    """
    usual = float(np.median(others))
    least = max(usual, 1.0) if is_known else usual
    spread = (ALIKE * least + pairs_apart * wide) / (ALIKE + pairs_apart)
    return np.asarray(np.fmax(spread, 1.0 if is_known else 1e-12))


def chances(
    scores: Values, wide: Values | None, others: Values, pairs_apart: float, *, is_known: bool
) -> Values:
    """How likely so large a score is by chance, either way.

    Args:
        wide: of these parts, see :func:`widening`; ``None`` where the past is too short to tell.
        others, is_known: see :func:`moderated`.
    """
    from scipy.stats import norm, t

    if wide is None:
        return np.asarray(2 * norm.sf(np.abs(scores) / UNKNOWN**0.5)) if is_known else np.ones_like(scores)
    spread = moderated(wide, others, pairs_apart, is_known=is_known)
    return np.asarray(2 * t.sf(np.abs(scores) / np.sqrt(spread), df=ALIKE + pairs_apart))


def standing_out(found: Sequence[Values], untested: int) -> list[npt.NDArray[np.bool_]]:
    """Which chances are small enough, of all columns together.

    Args:
        found: chances of the parts of each column that were tested.
        untested: how many parts were not.
    """
    from scipy.stats import false_discovery_control

    if not any(len(each) for each in found):
        return [np.zeros(0, dtype=bool) for _ in found]
    flat = np.concatenate([*found, np.ones(untested)])
    told = false_discovery_control(flat) <= FALSE_SHARE
    ends = np.cumsum([len(each) for each in found])
    return [np.asarray(part) for part in np.split(told[: ends[-1]], ends[:-1])]


def usual_change(past: Amounts, pace: Pace, *, is_rate: bool) -> tuple[float, float] | None:
    """Between what the whole's changes lay nine times in ten; ``None`` where the past is too short.

    Returns:
        Shares of the amount before; of a rate, differences.
    """
    if pace.apart(past.above.shape[-1]) < LEAST_PAIRS:
        return None
    base, now = pace.of_all(past)
    changes = now.rates - base.rates if is_rate else over(now.above, base.above) - 1
    known = changes[~np.isnan(changes)]
    if len(known) < LEAST_PAIRS * pace.length:
        return None
    low, high = np.quantile(known, USUAL)
    return float(low), float(high)


def _rest(whole: Amounts, parts: Amounts) -> Amounts:
    return Amounts(
        above=whole.above - parts.above,
        below=whole.below - parts.below,
        spread=np.fmax(whole.spread - parts.spread, 0.0),
        spread_below=np.fmax(whole.spread_below - parts.spread_below, 0.0),
    )


def _below(amounts: Amounts) -> Amounts:
    nothing = np.zeros_like(amounts.below)
    return Amounts(above=amounts.below, below=nothing, spread=amounts.spread_below, spread_below=nothing)
