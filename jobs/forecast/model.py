"""From the past of some series to their next periods, with intervals that were measured on a back-test.

A pure function: numbers in, numbers out. The last quarter of the past is set aside; each method is fitted on
what is before it and asked from every origin in it. The method with the least error is fitted again on
everything. Intervals are conformal: wide enough that they would have held the stated share of that
back-test, in units of each series' own recent one-step error.

Not covered: causes (prices, campaigns, holidays that move), and breaks that are still to come.
Source of the intervals: Gupta, Kuchibhotla & Ramdas, Nested conformal prediction, 2022; of the scaled error:
Hyndman & Koehler, Another look at measures of forecast accuracy, 2006.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from jobs.forecast.features import Past, Values
from jobs.forecast.methods import (
    LEAST_ROWS,
    LEAST_SMOOTHED,
    MOST_SMOOTHED,
    Learned,
    Level,
    Method,
    SeasonalNaive,
    Smoothed,
    count_examples,
    mean_of,
)

LEVELS = (0.8, 0.95)
Flags = npt.NDArray[np.bool_]
MOST_TESTED = 26
"""Periods that are set aside for the back-test at most."""
LEAST_ORIGINS = 8
"""Starting points of the back-test at least, where the past is long enough for them."""
LEAST_FITTED = 8
"""Periods that are left before the first of them."""
CLEARLY = 1.02
"""Two methods together are taken unless one alone was better by so much: they fail at different times."""
LEAST_BIN = 250
"""Errors of the back-test that a width is read off at least, where series are told apart by steadiness."""
MOST_BINS = 5


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """What comes next, and how far methods were off before."""

    middle: Values
    """Shape (series, horizon)."""
    low: Mapping[float, Values]
    """Level → lower ends, shaped as ``middle``."""
    high: Mapping[float, Values]
    method: str
    """``naive``, ``level``, ``smoothed``, ``learned``, or two of them joined by ``+``."""
    errors: Mapping[str, float]
    """Method → mean absolute scaled error of the back-test; below 1 is closer than the seasonal naive method
    was within the past itself."""
    tested: int
    """Origins of the back-test."""
    held: Mapping[float, float]
    """Level → share of the later half of the back-test that intervals fitted on its first half held."""


REMEMBERED = 8
"""Forecasts kept: the next question about the same past has its fits already."""
MOST_REMEMBERED = 100_000
"""Values of the past at most in one that is kept."""


def forecast(
    values: Values, horizon: int, seasons: Sequence[int], *, first: int = 0, levels: Sequence[float] = LEVELS
) -> Forecast:
    """Go on with each series. The same past gives the same forecast, which is kept for a while.

    Args:
        values: shape (series, periods), one row a series, the latest period last; NaN before it began. Each
            has at least four known values, and none is unknown in between.
        horizon: periods ahead, at least 1.
        seasons: lengths of the seasons in periods, the one of the naive method first.
        first: place in the season of the first period.
        levels: shares that the intervals are to hold.
    Raises:
        ValueError: there is too little to test on.
    """
    values = np.ascontiguousarray(values, dtype=np.float64)
    if values.size > MOST_REMEMBERED:
        return _forecast(values, horizon, seasons, first, levels)
    return _remembered(values.tobytes(), values.shape, horizon, tuple(seasons), first, tuple(levels))


@lru_cache(maxsize=REMEMBERED)
def _remembered(
    values: bytes,
    shape: tuple[int, ...],
    horizon: int,
    seasons: tuple[int, ...],
    first: int,
    levels: tuple[float, ...],
) -> Forecast:
    past = np.frombuffer(values, dtype=np.float64).reshape(shape)
    found = _forecast(past, horizon, seasons, first, levels)
    for told in (found.middle, *found.low.values(), *found.high.values()):
        told.flags.writeable = False  # others will be handed the same
    return found


def _forecast(
    values: Values, horizon: int, seasons: Sequence[int], first: int, levels: Sequence[float]
) -> Forecast:
    past = Past(values, seasons, first)
    last = values.shape[1] - 1
    tested = min(max(horizon + LEAST_ORIGINS - 1, values.shape[1] // 4), MOST_TESTED + horizon - 1)
    tested = max(horizon, min(tested, last - LEAST_FITTED))
    cut = last - tested
    if cut < 3:
        raise ValueError(f"{values.shape[1]} periods are too few for {horizon} ahead")
    origins = range(cut, last - horizon + 1)
    actual = np.stack([values[:, origin + 1 : origin + 1 + horizon] for origin in origins])
    told = {
        name: np.stack([method.ahead(past, origin, horizon) for origin in origins])
        for name, method in _methods(past, cut, horizon).items()
    }
    scale = _naive_error(values[:, : cut + 1], seasons[0])
    errors = {name: _scaled(actual - each, scale) for name, each in told.items()}
    best, second = sorted(errors, key=lambda name: errors[name])[:2]
    both = mean_of([told[best], told[second]])
    joint = f"{best}+{second}"
    errors[joint] = _scaled(actual - both, scale)
    chosen = joint if errors[joint] < errors[best] * CLEARLY else best
    tested_told = both if chosen == joint else told[best]
    level = Level(past, cut)
    noise = _noise(values, level)
    widths = Widths(actual, tested_told, noise[:, list(origins)].T, levels)
    methods = _methods(past, last, horizon, only=chosen.split("+"))
    middle = mean_of([method.ahead(past, last, horizon) for method in methods.values()])
    is_positive: Flags = np.asarray(~(np.nan_to_num(values) < 0).any(axis=1))
    middle = np.where(is_positive[:, None], np.maximum(middle, 0.0), middle)
    low, high = widths.around(middle, noise[:, last], is_positive)
    half = len(actual) // 2
    held = {}
    if half:
        earlier = Widths(actual[:half], tested_told[:half], noise[:, list(origins)].T[:half], levels)
        held = earlier.held(actual[half:], tested_told[half:], noise[:, list(origins)].T[half:])
    return Forecast(
        middle=middle, low=low, high=high, method=chosen, errors=errors, tested=len(origins), held=held
    )


def parts_ahead(
    values: Values,
    horizon: int,
    seasons: Sequence[int],
    method: str,
    against: Values,
    *,
    first: int = 0,
) -> dict[str, Values]:
    """What lies between a figure of each series and the middle of its forecast, in parts that add up exactly.

    Args:
        values, horizon, seasons, first: as for :func:`forecast`.
        method: as its result names it.
        against: the figure, shape (series,).
    Returns:
        The parts of :class:`jobs.forecast.methods.Method`, each of shape (series, horizon), the mean of
        two methods' where it is two; and ``floor``, by which a figure was held at nothing.
    """
    past, last = Past(values, seasons, first), values.shape[1] - 1
    each = []
    for one in _methods(past, last, horizon, only=method.split("+")).values():
        parts = one.parts(past, last, horizon)
        base = "level" if "level" in parts else "season"
        each.append({**parts, base: parts[base] - against[:, None]})
    empty = np.zeros((len(values), horizon))
    names = dict.fromkeys(name for parts in each for name in parts)
    found = {name: mean_of([parts.get(name, empty) for parts in each]) for name in names}
    whole = np.sum(list(found.values()), axis=0) + against[:, None]
    is_positive: Flags = np.asarray(~(np.nan_to_num(values) < 0).any(axis=1))
    return {**found, "floor": np.where(is_positive[:, None], np.maximum(whole, 0.0) - whole, 0.0)}


def _methods(
    past: Past, cut: int, horizon: int, only: Sequence[str] = ("naive", "level", "smoothed", "learned")
) -> dict[str, Method]:
    """The methods that so much past allows, fitted up to ``cut``."""
    found: dict[str, Method] = {}
    if "naive" in only:
        found["naive"] = SeasonalNaive()
    if "level" in only:
        found["level"] = Level(past, cut)
    youngest = int((~np.isnan(past.values[:, : cut + 1])).sum(axis=1).min())
    if "smoothed" in only and len(past.values) <= MOST_SMOOTHED and youngest >= LEAST_SMOOTHED:
        found["smoothed"] = Smoothed(past, cut)
    if "learned" in only and count_examples(past, cut, horizon) >= LEAST_ROWS:
        found["learned"] = Learned(past, cut, horizon)
    return found


class Widths:
    """How wide intervals must be, read off the errors of a back-test.

    Args:
        actual, told: shape (origins, series, horizon).
        noise: of each series at each origin, shape (origins, series); above 0.
    """

    def __init__(self, actual: Values, told: Values, noise: Values, levels: Sequence[float]) -> None:
        error = (actual - told) / noise[:, :, None]
        self._up = _mean_side(error, 1)
        self._down = _mean_side(error, -1)
        self._growth = np.maximum.accumulate(
            [max(float(np.nanmean(np.abs(error[:, :, h]))), 1e-9) for h in range(error.shape[2])]
        )
        steadiness = (np.abs(told) / noise[:, :, None]).ravel()
        score = self._score(error).ravel()
        known = ~np.isnan(score)
        score, steadiness = score[known], steadiness[known]
        bins = int(np.clip(len(score) // LEAST_BIN, 1, MOST_BINS))
        self._edges = np.quantile(steadiness, np.linspace(0, 1, bins + 1)[1:-1])
        place = np.searchsorted(self._edges, steadiness)
        self._wide = {
            level: np.array([_conformal(score[place == each], level, len(actual)) for each in range(bins)])
            for level in levels
        }

    def _score(self, error: Values) -> Values:
        """Of an error in units of noise: how far the nested intervals must reach to hold it."""
        return np.where(error >= 0, error / self._up, -error / self._down) / self._growth

    def _width(self, level: float, told: Values, noise: Values) -> Values:
        place = np.searchsorted(self._edges, np.abs(told) / noise)
        return np.asarray(self._wide[level][place] * self._growth)

    def around(
        self, middle: Values, noise: Values, is_positive: Flags
    ) -> tuple[dict[float, Values], dict[float, Values]]:
        """Lower and upper ends by level; no lower end is below 0 where a series never was."""
        low, high = {}, {}
        for level in self._wide:
            width = self._width(level, middle, noise[:, None])
            under = middle - width * self._down * noise[:, None]
            low[level] = np.where(is_positive[:, None], np.maximum(under, 0.0), under)
            high[level] = middle + width * self._up * noise[:, None]
        return low, high

    def held(self, actual: Values, told: Values, noise: Values) -> dict[float, float]:
        """Level → share of ``actual`` that lies within."""
        score = self._score((actual - told) / noise[:, :, None])
        known = ~np.isnan(score)
        return {
            level: float((score <= self._width(level, told, noise[:, :, None]) / self._growth)[known].mean())
            for level in self._wide
        }


def _conformal(score: Values, level: float, origins: int) -> float:
    """The score that ``level`` of them do not exceed, with the correction for their number.

    Few scores of few origins, which hang together, are not trusted to hold the largest that is to come: then
    it is no less than Student's t has it.
    """
    rank = min(1.0, math.ceil((len(score) + 1) * level) / len(score))
    found = float(np.quantile(score, rank, method="higher"))
    if len(score) >= LEAST_BIN:
        return found
    from scipy.stats import t

    spread = float(np.mean(score)) * math.sqrt(math.pi / 2)  # of a normal error with that mean size
    return max(found, spread * float(t.ppf((1 + level) / 2, df=max(1, origins - 1))))


def _mean_side(error: Values, side: int) -> float:
    found = side * error[side * error > 0]
    return float(found.mean()) if len(found) else 1.0


def _noise(values: Values, level: Level) -> Values:
    """Mean one-step error of the last 26 periods at each period, above 0; shape as ``values``."""
    import pandas as pd

    off = np.abs(values[:, 1:] - level.one_step()[:, :-1])
    off = np.concatenate([np.full((len(values), 1), np.nan), off], axis=1)
    recent = pd.DataFrame(off.T).ewm(halflife=13, ignore_na=True).mean().to_numpy().T
    size = Past(values, (1,), 0)
    least = np.column_stack([size.size(period) for period in range(values.shape[1])]) * 0.02
    return np.asarray(np.fmax(np.nan_to_num(recent), least))


def _naive_error(values: Values, season: int) -> Values:
    """Mean absolute error of the seasonal naive method within the past, of each series; NaN where it is 0.

    A past of less than two seasons is measured by the period before.
    """
    lag = season if values.shape[1] >= 2 * season else 1
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a series that has just begun
        error = np.nanmean(np.abs(values[:, lag:] - values[:, :-lag]), axis=1)
    return np.asarray(np.where(error > 0, error, np.nan))


def _scaled(error: Values, scale: Values) -> float:
    """Mean over series of the mean absolute error, over ``scale``."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        each = np.nanmean(np.abs(error), axis=(0, 2)) / scale
        found = float(np.nanmean(each))
    return found if np.isfinite(found) else float(np.nanmean(np.abs(error)))
