"""What a campaign's days brought beyond other days, where nobody was held back from it. Pure.

A regression of what each day brought on trend, weekday and the course of the year, with a term for each
campaign (statsmodels; errors allow for days that resemble their neighbours, Newey & West 1987). It is weaker
than a group that was held back: whatever else fell on these days counts as the campaign's.

It is tried on the shop's own quiet days: the same is done as if a campaign had been there, and intervals are
widened until they hold nothing as often as they say.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from jobs.campaign.effect import LEVEL, Span

Values = npt.NDArray[np.float64]

LEAST_DAYS = 84
"""Days without a campaign that the comparison needs."""
LEAST_QUIET = 5
"""Quiet stretches that it must be tried on."""
MOST_QUIET = 24
LAGS = 7
"""Days that resemble each other."""
_SEASONAL = 500
"""Days from which the course of a year is looked for."""


@dataclass(frozen=True, kw_only=True)
class ByDays:
    """What was found of one campaign."""

    brought: Span
    tried: int
    """Quiet stretches of its length that the same was done with ..."""
    missed: int
    """... and those of them whose own interval did not hold nothing."""


def effect_by_days(
    first: dt.date, values: Values, spans: Sequence[tuple[dt.date, dt.date]], place: int
) -> ByDays | None:
    """What one campaign brought in all.

    Args:
        first: day of the first value.
        values: what each day brought, in order and without gaps; shape (days,).
        spans: first and last day of every campaign, so that no other one is taken for a usual day.
        place: of the campaign that is asked about.
    Returns:
        ``None`` where its days are not all there, too few days are without a campaign, or another one
        fell on the very same days.
    """
    length = len(values)
    days = [((a - first).days, (b - first).days) for a, b in spans]
    start, end = days[place]
    if start < 0 or end >= length:
        return None
    marks = np.zeros((length, len(days)))
    for column, (a, b) in enumerate(days):
        marks[max(a, 0) : max(b + 1, 0), column] = 1.0
    is_quiet = marks.sum(axis=1) == 0
    if is_quiet.sum() < LEAST_DAYS:
        return None
    others = np.delete(marks, place, axis=1)
    others = others[:, others.any(axis=0)]
    usual = np.column_stack([_usual(first, length), others])
    found = _fitted(values, usual, marks[:, place])
    if found is None:
        return None
    size = end - start + 1
    tried = _quiet_stretches(is_quiet, size)
    apart = [
        abs(each[0] / each[1])
        for at in tried
        if (each := _fitted(values, np.column_stack([usual, marks[:, place]]), _mark(length, at, size)))
    ]
    if len(apart) < LEAST_QUIET:
        return None
    usual_width = float(stats.norm.ppf((1 + LEVEL) / 2))
    wide = max(usual_width, float(np.quantile(apart, LEVEL, method="higher")))
    middle, error = found
    return ByDays(
        brought=Span(
            value=size * middle, low=size * (middle - wide * error), high=size * (middle + wide * error)
        ),
        tried=len(apart),
        missed=sum(each > usual_width for each in apart),
    )


def _usual(first: dt.date, length: int) -> Values:
    """Trend, weekday and, where there is enough, the course of the year."""
    day = np.arange(length)
    weekday = (day + first.weekday()) % 7
    columns = [np.ones(length), day / length, *((weekday == each).astype(float) for each in range(1, 7))]
    if length >= _SEASONAL:
        around = 2 * np.pi * (day + first.timetuple().tm_yday) / 365.25
        columns += [wave(turn * around) for turn in (1, 2) for wave in (np.sin, np.cos)]
    return np.column_stack(columns)


def _mark(length: int, at: int, size: int) -> Values:
    mark = np.zeros(length)
    mark[at : at + size] = 1.0
    return mark


def _fitted(values: Values, usual: Values, mark: Values) -> tuple[float, float] | None:
    """What each marked day brought beyond the usual, and its standard error."""
    import statsmodels.api as sm

    table = np.column_stack([mark, usual])
    if np.linalg.matrix_rank(table) == np.linalg.matrix_rank(usual):
        return None
    fit = sm.OLS(values, table).fit(cov_type="HAC", cov_kwds={"maxlags": LAGS})
    error = float(fit.bse[0])
    return (float(fit.params[0]), error) if error > 0 else None


def _quiet_stretches(is_quiet: npt.NDArray[np.bool_], size: int) -> list[int]:
    """First days of stretches without a campaign, spread over all of them."""
    run = np.convolve(is_quiet, np.ones(size), mode="valid") == size
    starts = np.flatnonzero(run)
    if len(starts) <= MOST_QUIET:
        return [int(at) for at in starts]
    return [int(starts[at]) for at in np.linspace(0, len(starts) - 1, MOST_QUIET).round().astype(int)]
