"""Which series left their usual course, period by period: arrays in, flags out. Knows no shop.

Each period is judged by what came before it alone, so that one pass over the past tells what would have been
told on each of its days.

- **Expected** is a band: the mean of the recent weeks without the highest and lowest, times the weight of the
  weekday; that level going on as it moved before; and, where there is a year before, its course of last
  year's same days. What any of them explains is not unusual.
- **Off** is what lies outside the band, added up over one to some periods (a scan), in units of the noise
  that a sum of that size has.
- **Chance** is read off the series' own past: the tail above its 85th percentile, a generalised Pareto one
  with a fixed shape whose scale is the middle excess, which past outliers do not move. Siffer et al.,
  Anomaly detection in streams with extreme value theory, 2017, fit the shape as well; from some dozens of
  excesses it is guessed rather than measured.
- **Many series** are held to a share of false alarms by Benjamini and Hochberg (1995), in each period anew.

What was unusual does not count for what is usual, for four weeks (days) or seven (weeks); what lasts longer
becomes the new level. Not covered: causes, slow drift, seasons that move with the moon's calendar.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Whole = npt.NDArray[np.int64]

Kind = Literal["count", "sum", "share", "ratio"]
"""``count`` and ``sum`` add up; a ``share`` is one of counts, a ``ratio`` any other of two figures."""

ALARMS_A_YEAR = 2.0
"""False alarms that are put up with, of all series of one grain together, on quiet data."""
ALARMS_OF_ONE = 0.25
"""The same of one series."""
TAIL = 0.15
"""Share of the past that the tail of each side is fitted to."""
LIGHT = -0.05
"""Shape of the tail of counts; 0 would be exponential. That of money is in :class:`Pace`."""
NORMAL_95 = 1.96
"""Half of what 95 of 100 lie in, in units of normal noise."""
_NORMAL_EDGE, _NORMAL_SCALE = 1.036, 0.55
"""Start and scale of the tail of normal noise of size 1, below which no tail is taken to be."""
DOUBT = 3.0
"""A tail of n scores of one period is taken to be wider by so much over n."""
LEAST_NOISE = 0.03
"""Share of the expected value that is noise, however steady the past was."""
RARE = 5.0
"""Mean of a count below which it is rare."""
LEAST_CHANCE = 1e-12
"""Chances are not told apart below it: no past is long enough."""
LEAST_DRIFT = 0.5
MOST_TREND = 0.5
MOST_SEASON = 4.0
"""Times the level that last year's course may lead to, or a part of it."""


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How series of one grain are watched, in periods."""

    week: int
    """Places that weigh differently."""
    block: int
    blocks: int
    """A level is made of so many blocks of so many periods."""
    windows: tuple[int, ...]
    """Lengths of the sums."""
    year: int
    around: int
    """Periods on either side of a year ago that its course is read off together."""
    shifts: tuple[int, ...]
    """Periods by which what comes every year may come earlier or later."""
    least: int
    """Scores of the past that a tail needs."""
    renewed: int
    """Periods after which weights and tails are fitted again."""
    gap: int
    """Quiet periods inside one episode at most."""
    a_year: float
    heavy: float
    """Shape of the tail of money: few large orders make it heavy, the less so the more there are in a sum."""

    @property
    def warm_up(self) -> int:
        """Periods before the first that can be judged at all."""
        return self.block * self.blocks

    @property
    def needed(self) -> int:
        """Periods that a series must have before anything in it can be told."""
        return self.warm_up + self.least


PACES: dict[str, Pace] = {
    "day": Pace(
        week=7, block=7, blocks=5, windows=(1, 3, 7, 14), year=364, around=1, shifts=(-3, 0, 3),
        least=28, renewed=28, gap=2, a_year=365.25, heavy=0.15,
    ),
    "week": Pace(
        week=1, block=1, blocks=8, windows=(1, 2, 4), year=52, around=0, shifts=(0,),
        least=12, renewed=4, gap=1, a_year=52.18, heavy=0.05,
    ),
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Detection:
    """What each period of each series was judged to be; all arrays have the shape (series, periods)."""

    pace: Pace
    counts: Values
    exposure: Values
    """As it was given."""
    expected: Values
    """Of the counts: the place in the band that is nearest to what came; NaN where nothing was expected."""
    size: Values
    """Noise of each count in units of the series' own: the root of a sum of it goes with that sum."""
    noise: Values
    """Of those units: shape (windows, series, periods)."""
    chance: Values
    """Shape (2, series, periods), above and below: how likely so much is by chance, of the best window."""
    reach: Whole
    """The length of that window, of the same shape."""
    is_off: Flags
    """Of the same shape: what is told."""
    share: float
    """Of false alarms in each period, over all series: the bound that was held to."""

    @property
    def off(self) -> Values:
        """What came beyond the band, with its sign."""
        return self.counts - self.expected


def detect(
    counts: Values,
    exposure: Values,
    kinds: Sequence[Kind],
    pace: Pace,
    *,
    first: int = 0,
    unseen: int = 0,
    rows: Values | None = None,
) -> Detection:
    """Judge each period of each series by what came before it.

    Args:
        counts: shape (series, periods): what is summed or counted; of a share or ratio what stands above the
            line. NaN before a series began, and where nothing is known.
        exposure: the same shape: 1 for what adds up, else what stands below the line.
        kinds: of each series.
        first: place in the week of the first period.
        unseen: further series that were passed over for their size, which count for the bound all the same.
        rows: the same shape: how many rows a sum is of, for it cannot be steadier than these come; NaN where
            that is not known.
    """
    known = np.full(counts.shape, np.nan) if rows is None else rows
    return _Watch(counts, exposure, kinds, pace, first, unseen, known).run()


class _Watch:
    def __init__(
        self,
        counts: Values,
        exposure: Values,
        kinds: Sequence[Kind],
        pace: Pace,
        first: int,
        unseen: int,
        rows: Values,
    ) -> None:
        self.rows = rows
        self.pace, self.counts, self.given = pace, counts, exposure
        series, periods = counts.shape
        self.places = (first + np.arange(periods)) % pace.week
        self.kinds = np.array(kinds)
        self.adds_up: Flags = np.isin(self.kinds, ["count", "sum"])
        self.is_counted: Flags = np.isin(self.kinds, ["count", "share"])
        self.shape = np.where(self.is_counted, LIGHT, pace.heavy)
        self.exposure = np.where(np.isnan(counts), np.nan, exposure)
        self.level, self.low, self.high = (np.full(counts.shape, np.nan) for _ in range(3))
        self.size = np.full(counts.shape, np.nan)
        self.off = np.full(counts.shape, np.nan)
        self.is_set_aside = np.zeros(counts.shape, dtype=bool)
        shape = (len(pace.windows), series)
        self.edge, self.scale = np.zeros((2, *shape)), np.full((2, *shape), np.nan)
        self.spread = np.full(shape, np.nan)
        self.noise = np.full((*shape, periods), np.nan)
        self.chance = np.ones((2, *counts.shape))
        self.reach = np.ones((2, *counts.shape), dtype=np.int64)
        self.is_off = np.zeros((2, *counts.shape), dtype=bool)
        self.share = min(ALARMS_A_YEAR, ALARMS_OF_ONE * max(series, 1)) / pace.a_year
        self.unseen = unseen

    def run(self) -> Detection:
        """One pass."""
        pace = self.pace
        for now in range(pace.warm_up, self.counts.shape[1]):
            if now >= pace.needed and (now - pace.needed) % pace.renewed == 0:
                self._renew(now)
            self._expect(now)
            here = slice(now, now + 1)
            self.off[:, here] = self._beyond(here)
            if now >= pace.needed:
                self._judge(now)
        return Detection(
            pace=pace,
            counts=self.counts,
            exposure=self.given,
            expected=self.counts - self.off,
            size=self.size,
            noise=self.noise,
            chance=self.chance,
            reach=self.reach,
            is_off=self.is_off,
            share=self.share,
        )

    # ---- what is expected -----------------------------------------------------------------------------

    def _expect(self, now: int) -> None:
        """The band of the rate in this period, and the noise of its count."""
        pace = self.pace
        past = slice(now - pace.warm_up, now)
        aside = self.is_set_aside[:, past].copy()
        aside[:, : pace.block] = False  # what has lasted so long is the new level
        level = self._level(past, aside)
        if np.isnan(level).any():  # nothing but what was set aside
            level = np.where(np.isnan(level), self._level(past, np.zeros_like(aside)), level)
        self.level[:, now] = level
        lead = pace.warm_up // 2 // pace.week * pace.week
        before = self.level[:, now - lead]
        most = MOST_TREND * np.abs(level)
        courses = [level, level + np.nan_to_num(np.clip(level - before, -most, most))]
        if now - pace.year >= pace.warm_up:
            courses += self._as_last_year(now, past, aside)
        self.low[:, now], self.high[:, now] = np.min(courses, axis=0), np.max(courses, axis=0)
        self.size[:, now] = self._size(now, past, level)

    def _level(self, past: slice, aside: Flags) -> Values:
        """The mean of the blocks without the outer ones; NaN where nothing is known."""
        pace = self.pace
        counts, exposure = self.counts[:, past], self.exposure[:, past]
        is_out = aside | np.isnan(counts)
        shape = (len(counts), pace.blocks, pace.block)
        total = np.where(is_out, 0.0, counts).reshape(shape).sum(axis=2)
        weight = np.where(is_out, 0.0, exposure).reshape(shape).sum(axis=2)
        enough = np.where(self.adds_up, pace.block / 3, 0.0)[:, None]
        rates = np.sort(_over(total, np.where(weight > enough, weight, 0.0)), axis=1)  # NaN goes last
        known = (~np.isnan(rates)).sum(axis=1, keepdims=True)
        place = np.arange(pace.blocks)[None, :]
        is_kept = (place >= known // 4) & (place < known - known // 4)
        return _over(np.where(is_kept, rates, 0.0).sum(axis=1), is_kept.sum(axis=1).astype(float))

    def _as_last_year(self, now: int, past: slice, aside: Flags) -> list[Values]:
        """Last year's same days, grown as the weeks before them have; what is not known leads nowhere.

        The weeks are compared without what was set aside in either year: else a peak that was unusual then
        and is not now would count in one of them alone.
        """
        pace = self.pace
        then = slice(past.start - pace.year, past.stop - pace.year)
        aside = aside | self.is_set_aside[:, then]
        level, before = self._level(past, aside), self._level(then, aside)
        is_known = ~np.isnan(level) & ~np.isnan(before)
        if not is_known.all():  # all was set aside in one of them
            none = np.zeros_like(aside)
            level = np.where(is_known, level, self._level(past, none))
            before = np.where(is_known, before, self._level(then, none))
        return [self._course(now - pace.year + shift, level, before) for shift in pace.shifts]

    def _course(self, then: int, level: Values, before: Values) -> Values:
        near = slice(then - self.pace.around, then + self.pace.around + 1)
        known = ~np.isnan(self.counts[:, near])
        total = np.where(known, self.counts[:, near], 0.0).sum(axis=1)
        usual = before * np.where(known, self.exposure[:, near], 0.0).sum(axis=1)
        some = np.where(self.is_counted, 4.0, 0.0)  # a few more or less of few are no season
        course = _over(total + some, np.where(before > 0, usual + some, 0.0))
        is_known = known.all(axis=1) & (course > 0)
        found = level * np.clip(course, 1 / MOST_SEASON, MOST_SEASON)
        return np.where(is_known & ~np.isnan(found), found, level)

    def _size(self, now: int, past: slice, level: Values) -> Values:
        """Noise of the count: as of so many that come by themselves, in proportion to the amount, or both."""
        exposure = np.nan_to_num(self.exposure[:, now])
        known = np.where(np.isnan(self.counts[:, past]), 0.0, 1.0)
        amount = _over(
            np.nansum(np.abs(self.counts[:, past]), axis=1),
            np.nansum(self.exposure[:, past] * known, axis=1),
        )
        usual = np.fmax(np.abs(level), 0.2 * np.nan_to_num(amount))
        part = np.clip(level, 0.0, 1.0)
        each = np.select(
            [self.kinds == "share", self.kinds == "ratio"], [part * (1 - part), usual**2], default=usual
        )
        size = np.nan_to_num(exposure * each)
        return np.asarray(np.where(self.is_counted, np.fmax(size, 1.0), np.fmax(size, 1e-12)))

    def _beyond(self, when: slice) -> Values:
        """What lies outside the band, by the weights of now."""
        counts, exposure = self.counts[:, when], self.exposure[:, when]
        rate = _over(counts, exposure)
        expected = exposure * np.clip(rate, self.low[:, when], self.high[:, when])
        return np.where(exposure > 0, counts - expected, np.nan)

    # ---- what chance does -----------------------------------------------------------------------------

    def _renew(self, now: int) -> None:
        """Fit the weights of weekdays and the tails to all of the past."""
        pace = self.pace
        if pace.week > 1:
            self._weigh(now)
        if now == pace.needed:  # nothing was judged yet
            early = slice(pace.warm_up, now)
            self.off[:, early] = self._beyond(early)
        past = slice(pace.warm_up, now)
        is_left_out = self.is_set_aside[:, past] | (np.arange(pace.warm_up, now) < self._since(now)[:, None])
        usual = np.where(is_left_out, np.nan, self._beyond(past))
        size = self.size[:, past]
        for place, window in enumerate(pace.windows):
            scores = _over(_summed(usual, window), np.sqrt(_summed(size, window)))
            known = (~np.isnan(scores)).sum(axis=1)
            marks = (TAIL / 2, TAIL, 1 - TAIL, 1 - TAIL / 2)
            far_down, down, up, far_up = _quantiles(scores, known, marks)
            # neighbouring sums share their periods, so that there are fewer of them than it seems
            doubt = np.where(known >= pace.least, 1 + DOUBT * window / np.maximum(known, 1), np.nan)
            self.edge[:, place] = up, -down
            middle = self.shape / (2**self.shape - 1)  # from the middle excess to the scale
            self.scale[:, place] = np.array([far_up - up, down - far_down]) * middle * doubt
            self.spread[place] = (up - down) / (2 * _NORMAL_EDGE)

    def _since(self, now: int) -> Whole:
        """Where the past begins that tails are fitted to: what was judged by as many courses as now.

        Of what is rare all of it: there is no season in it, and few numbers in a tail.
        """
        pace = self.pace
        seasonal = pace.year + pace.warm_up
        since = seasonal if now - seasonal >= pace.least else pace.warm_up
        some = _over(np.nansum(self.counts[:, :now], axis=1), (~np.isnan(self.counts[:, :now])).sum(axis=1))
        return np.where(self.is_counted & (some < RARE), pace.warm_up, since)

    def _weigh(self, now: int) -> None:
        """What each weekday is of a mean day, of what adds up; drawn to 1 where little is known."""
        pace = self.pace
        past = slice(pace.warm_up, now)
        times = np.clip(_over(self.counts[:, past], self.level[:, past]), 0.0, 3.0)
        times = np.where(self.is_set_aside[:, past] | ~(self.level[:, past] > 0), np.nan, times)
        weights = np.ones((len(times), pace.week))
        for place in range(pace.week):
            own = times[:, self.places[past] == place]
            known = (~np.isnan(own)).sum(axis=1)
            weights[:, place] = (np.nansum(own, axis=1) + 4) / (known + 4)
        weights /= weights.mean(axis=1, keepdims=True)
        weights = np.where(self.adds_up[:, None], weights, 1.0)
        self.exposure = np.where(np.isnan(self.counts), np.nan, self.given * weights[:, self.places])

    def _judge(self, now: int) -> None:
        """How likely what ends now is by chance, and which series are told of."""
        pace = self.pace
        chances = np.ones((2, len(pace.windows), len(self.counts)))
        recent = self.rows[:, now - pace.warm_up : now]
        few = _over(np.nansum(recent, axis=1), (~np.isnan(recent)).sum(axis=1).astype(float))
        for place, window in enumerate(pace.windows):
            when = slice(now - window + 1, now + 1)
            root = np.sqrt(self.size[:, when].sum(axis=1))
            usual = np.abs(np.nansum(self.exposure[:, when] * self.level[:, when], axis=1))
            part = np.fmax(LEAST_NOISE, np.sqrt(_over(np.ones_like(few), few * window)))
            least = np.fmax(part * usual / root, self.is_counted.astype(float))
            self.noise[place, :, now] = np.fmax(np.fmax(self.spread[place], least), 1e-9)
            score = self.off[:, when].sum(axis=1) / root
            for side, sign in enumerate((1, -1)):
                edge = np.fmax(self.edge[side, place], _NORMAL_EDGE * least)
                scale = np.fmax(self.scale[side, place], _NORMAL_SCALE * least)
                scale = np.where(np.isnan(self.scale[side, place]), np.nan, scale)
                chances[side, place] = _tail(sign * score, edge, scale, self.shape)
        best = chances.argmin(axis=1)
        self.chance[:, :, now] = np.minimum(1.0, chances.min(axis=1) * len(pace.windows))
        self.reach[:, :, now] = np.array(pace.windows)[best]
        self.is_off[:, :, now] = self._told(self.chance[:, :, now])
        for side, series in zip(*np.nonzero(self.is_off[:, :, now]), strict=True):
            first = now - int(self.reach[side, series, now]) + 1
            score = self.scores(int(series), (1, -1)[side], first, now)
            start, end = highest_run(score - drift_of(score))
            self.is_set_aside[series, first + start : first + end + 1] = True

    def scores(self, series: int, sign: int, first: int, last: int) -> Values:
        """How far each period is off, in units of its noise."""
        when = slice(first, last + 1)
        noise = self.noise[0, series, last]
        score = sign * self.off[series, when] / (np.sqrt(self.size[series, when]) * noise)
        return np.asarray(np.nan_to_num(score))

    def _told(self, chances: Values) -> Flags:
        """Those of both sides and all series that the share of false alarms lets through."""
        from scipy.stats import false_discovery_control

        flat = np.concatenate([chances.ravel(), np.ones(2 * self.unseen)])
        told: Flags = false_discovery_control(flat)[: chances.size] <= self.share
        return told.reshape(chances.shape)


def _tail(score: Values, edge: Values, scale: Values, shape: Values) -> Values:
    """The chance of a score or a larger one; 1 below the edge and where nothing is known."""
    beyond = np.fmax(score - edge, 0.0)
    times = _over(beyond, scale)
    left = np.where(np.isnan(times), np.nan, np.fmax(1 + shape * times, 1e-9))  # a light tail has an end
    chance = np.maximum(TAIL * np.exp(-np.log(left) / shape), LEAST_CHANCE)
    return np.where((score > edge) & ~np.isnan(chance), chance, 1.0)


def drift_of(score: Values) -> float:
    """What a period must be off by to count for an episode and not against it: half of the mean in it."""
    return max(LEAST_DRIFT, float(score.mean()) / 2)


def highest_run(values: Values) -> tuple[int, int]:
    """First and last place of the stretch with the highest sum (Kadane); one place at least."""
    best, at, total, start = -np.inf, (0, 0), 0.0, 0
    for place, value in enumerate(values):
        if total <= 0:
            total, start = 0.0, place
        total += float(value)
        if total > best:
            best, at = total, (start, place)
    return at


def _over(above: Values, below: Values) -> Values:
    """The quotient; NaN where there is nothing to divide by."""
    is_some = np.nan_to_num(below) > 0
    unknown = np.full(np.broadcast(above, below).shape, np.nan)
    return np.asarray(np.divide(above, below, out=unknown, where=is_some))


def _summed(values: Values, window: int) -> Values:
    """Sums of each period and the ones before it; NaN where one of them is not known."""
    return np.asarray(np.lib.stride_tricks.sliding_window_view(values, window, axis=1).sum(axis=2))


def _quantiles(values: Values, known: Whole, marks: Sequence[float]) -> list[Values]:
    """Of each row's known values; numpy's own for rows with gaps takes a row at a time."""
    ordered = np.sort(values, axis=1)  # NaN goes last
    rows = np.arange(len(values))
    found = []
    for mark in marks:
        place = mark * np.maximum(known - 1, 0)
        low = np.floor(place).astype(int)
        high = np.minimum(low + 1, np.maximum(known - 1, 0))
        found.append(ordered[rows, low] + (place - low) * (ordered[rows, high] - ordered[rows, low]))
    return found


def years_by_chance(chance: float, pace: Pace) -> int:
    """Whole years in which chance alone does as much once in one series; at most 100."""
    return min(100, math.floor(1 / max(chance * pace.a_year, 1e-9)))
