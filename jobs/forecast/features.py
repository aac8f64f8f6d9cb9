"""What the learned method looks at: each series' recent past, the same season before, and how far ahead.

Everything is divided by the series' own size, so that one model serves a shop's large and small products.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]

LAGS = 6
WINDOWS = (4, 8, 13, 26)
LEAST_OF_SIZE = 0.1
"""Share of its whole mean below which a series' recent mean is not taken for its size."""


class Past:
    """The rolling past of many series, worked out once for every origin.

    Args:
        values: shape (series, periods); NaN where a series had not begun.
        seasons: lengths of the seasons in periods, the shortest first.
        first: place in the longest season of the first period.
    """

    def __init__(self, values: Values, seasons: Sequence[int], first: int) -> None:
        self.values, self.seasons, self.first = values, tuple(seasons), first
        known = ~np.isnan(values)
        filled = np.where(known, values, 0.0)
        self._count, self._sum = _summed(known.astype(float)), _summed(filled)
        self._square, self._absolute = _summed(filled**2), _summed(np.abs(filled))
        self._zeros = _summed((known & (filled == 0)).astype(float))

    def size(self, origin: int) -> Values:
        """Mean absolute value of the last 26 periods up to and with ``origin``; above 0."""
        recent = self._mean(self._absolute, origin - 25, origin)
        ever = self._mean(self._absolute, 0, origin)
        size = np.fmax(recent, LEAST_OF_SIZE * ever)
        return np.where(np.nan_to_num(size) > 0, size, 1.0)

    def at(self, origin: int, ahead: int) -> Values:
        """Features, shape (series, features), for the period ``ahead`` of ``origin``; NaN where unknown."""
        size, target = self.size(origin), origin + ahead
        spread = (
            self._mean(self._square, origin - 12, origin) - self._mean(self._sum, origin - 12, origin) ** 2
        )
        columns = [self._one(origin - lag) / size for lag in range(LAGS)]
        columns += [self._mean(self._sum, origin - w + 1, origin) / size for w in WINDOWS]
        columns += [np.sqrt(np.maximum(spread, 0)) / size, self._mean(self._zeros, origin - 12, origin)]
        for season in self.seasons:
            back = season * -(-ahead // season)
            columns += [
                self._one(target - back) / size,
                # not beyond the origin: what comes next is not known
                self._mean(self._sum, target - back - 1, min(target - back + 1, origin)) / size,
                self._mean(self._sum, origin - back - 3, origin - back) / size,
                np.full(len(size), float((self.first + target) % season)),
            ]
        columns += [np.full(len(size), float(ahead)), np.log1p(size), self._count[:, origin + 1]]
        return np.column_stack(columns)

    def kinds(self) -> list[str]:
        """Of each feature in order, what it speaks of: ``recent``, ``season`` or ``other``."""
        recent = LAGS + len(WINDOWS) + 2
        return ["recent"] * recent + ["season"] * (4 * len(self.seasons)) + ["other"] * 3

    def _one(self, period: int) -> Values:
        return self.values[:, period] if period >= 0 else np.full(len(self.values), np.nan)

    def _mean(self, sums: Values, first: int, last: int) -> Values:
        """Of the known values from ``first`` to ``last``, both inclusive; NaN where there is none."""
        if last < 0:
            return np.full(len(self.values), np.nan)
        start = max(first, 0)
        count = self._count[:, last + 1] - self._count[:, start]
        total = sums[:, last + 1] - sums[:, start]
        return np.asarray(np.divide(total, count, out=np.full(len(count), np.nan), where=count > 0))


def _summed(values: Values) -> Values:
    """Running sums with a 0 before the first; shape (series, periods + 1)."""
    return np.concatenate([np.zeros((len(values), 1)), np.cumsum(values, axis=1)], axis=1)
