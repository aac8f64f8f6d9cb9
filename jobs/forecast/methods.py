"""Ways to go on with a series: the seasonal naive one, a level, exponential smoothing, and a learned one.

Each is fitted on the past up to a cut and then asked from any origin at or after it, so that a back-test
costs one fit. The learned one is a gradient-boosted tree over all series at once (scikit-learn); exponential
smoothing is chosen by its corrected AIC among the additive forms (statsmodels), series by series.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Protocol

import numpy as np
from threadpoolctl import threadpool_limits

from jobs.forecast.features import Past, Values
from jobs.shapley import shapley

ALPHAS = (0.05, 0.1, 0.2, 0.3, 0.5, 0.8)
MOST_ROWS = 60_000
"""Examples that the learned method is fitted on at most; beyond it they are drawn evenly."""
MOST_PLACES = 4_000
"""Origins with a step ahead that examples are made at: each costs half a millisecond, however few series."""
LEAST_ROWS = 300
BACKGROUND = 60
"""Earlier rows of features that the learned method's parts are held against."""
MOST_TIMES_SIZE = 10.0
"""An example beyond so many times its series' size counts as that much."""
LEAST_SMOOTHED = 8
"""Periods that exponential smoothing needs of each series."""
MOST_SMOOTHED = 12
"""Series up to which each gets exponential smoothing of its own: it takes a tenth of a second each."""


class Method(Protocol):
    """A fitted way to go on."""

    def ahead(self, past: Past, origin: int, horizon: int) -> Values:
        """Values of the ``horizon`` periods after ``origin``, shape (series, horizon)."""

    def parts(self, past: Past, origin: int, horizon: int) -> dict[str, Values]:
        """What they are made of, each shaped as ``ahead``: they add up to it exactly.

        Keys are ``level`` (where it stands), ``recent`` (its latest course), ``trend``, ``season`` (the same
        time a season before) and ``other`` (how far ahead, size, age), as many as the method has.
        """


class SeasonalNaive:
    """The same period of the season before; the last value where a series is younger than that."""

    def ahead(self, past: Past, origin: int, horizon: int) -> Values:
        """See :class:`Method`."""
        season = past.seasons[0]
        last = past.values[:, origin]
        found = np.repeat(last[:, None], horizon, axis=1)
        for step in range(horizon):
            back = origin + 1 + step - season * (step // season + 1)
            if back >= 0:
                found[:, step] = np.where(np.isnan(past.values[:, back]), last, past.values[:, back])
        return found

    def parts(self, past: Past, origin: int, horizon: int) -> dict[str, Values]:
        """See :class:`Method`."""
        return {"season": self.ahead(past, origin, horizon)}


class Level:
    """Simple exponential smoothing; of each series the weight that did best one period ahead."""

    def __init__(self, past: Past, cut: int) -> None:
        self._all = {alpha: _smoothed(past.values, alpha) for alpha in ALPHAS}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # a series that begins after the cut
            errors = np.array(
                [
                    np.nanmean((past.values[:, 1 : cut + 1] - levels[:, :cut]) ** 2, axis=1)
                    for levels in self._all.values()
                ]
            )
        self._best = np.where(np.isnan(errors), np.inf, errors).argmin(axis=0)

    def ahead(self, past: Past, origin: int, horizon: int) -> Values:
        """See :class:`Method`."""
        choices = np.array([levels[:, origin] for levels in self._all.values()])
        level = choices[self._best, np.arange(choices.shape[1])]
        return np.repeat(level[:, None], horizon, axis=1)

    def parts(self, past: Past, origin: int, horizon: int) -> dict[str, Values]:
        """See :class:`Method`."""
        return {"level": self.ahead(past, origin, horizon)}

    def one_step(self) -> Values:
        """The level after each period, shape (series, periods)."""
        stacked = np.array(list(self._all.values()))
        return np.asarray(stacked[self._best, np.arange(stacked.shape[1])])


class Learned:
    """Gradient-boosted trees over all series, which predict each period ahead directly.

    One thread: two pools that spin on the same cores took up to ten times as long.
    """

    def __init__(self, past: Past, cut: int, horizon: int) -> None:
        from sklearn.ensemble import HistGradientBoostingRegressor

        rows, targets = _examples(past, cut, horizon)
        self._known = ~np.isnan(rows).all(axis=0)
        self._model = HistGradientBoostingRegressor(
            max_iter=120,
            learning_rate=0.08,
            max_leaf_nodes=15,
            min_samples_leaf=min(40, 5 + len(rows) // 50),
            early_stopping=False,
            random_state=0,
        )
        with threadpool_limits(1):
            self._model.fit(rows[:, self._known], targets)

    def ahead(self, past: Past, origin: int, horizon: int) -> Values:
        """See :class:`Method`."""
        size = past.size(origin)
        rows = np.concatenate([past.at(origin, step) for step in range(1, horizon + 1)])
        with threadpool_limits(1):
            told = self._model.predict(rows[:, self._known]).reshape(horizon, len(size)).T
        return np.asarray(told * size[:, None])

    def parts(self, past: Past, origin: int, horizon: int) -> dict[str, Values]:
        """See :class:`Method`: ``level`` is what it tells of its own past on average, at today's size; the
        rest are Shapley values of kinds of features against that past."""
        rows = np.concatenate([past.at(origin, step) for step in range(1, horizon + 1)])
        held = self._background(past, origin, horizon)
        kinds = past.kinds()
        names = list(dict.fromkeys(kinds))

        def worth(some: frozenset[int]) -> Values:
            own = np.isin(kinds, [names[place] for place in some])
            mixed = np.where(own, rows[:, None, :], held[None, :, :]).reshape(-1, rows.shape[1])
            told = self._model.predict(mixed[:, self._known])
            return np.asarray(told.reshape(len(rows), len(held)).mean(axis=1))

        with threadpool_limits(1):
            added = shapley(worth, len(names))
            base = worth(frozenset())
        size = past.size(origin)[:, None]
        shape = (horizon, len(past.values))
        found = {name: each.reshape(shape).T * size for name, each in zip(names, added, strict=True)}
        return {"level": base.reshape(shape).T * size, **found}

    def _background(self, past: Past, origin: int, horizon: int) -> Values:
        """Features of earlier origins, drawn evenly: what the model looked at before."""
        draw = np.random.default_rng(0)
        origins = draw.integers(_origins(past, origin).start, origin, BACKGROUND)
        series = draw.integers(0, len(past.values), BACKGROUND)
        steps = 1 + np.arange(BACKGROUND) % horizon
        places = zip(origins, series, np.minimum(steps, origin - origins), strict=True)
        return np.array([past.at(int(at), int(step))[one] for at, one, step in places])


def count_examples(past: Past, cut: int, horizon: int) -> int:
    """How many examples the learned method would have up to ``cut``."""
    return len(past.values) * sum(min(horizon, cut - origin) for origin in _origins(past, cut))


def _origins(past: Past, cut: int) -> range:
    return range(min(7, past.seasons[0]), cut)


def _examples(past: Past, cut: int, horizon: int) -> tuple[Values, Values]:
    draw = np.random.default_rng(0)
    places = [
        (origin, step) for origin in _origins(past, cut) for step in range(1, min(horizon, cut - origin) + 1)
    ]
    if len(places) > MOST_PLACES:
        places = [places[at] for at in np.sort(draw.choice(len(places), MOST_PLACES, replace=False))]
    share = min(1.0, MOST_ROWS / (len(places) * len(past.values)))
    rows, targets = [], []
    for origin, step in places:
        target = past.values[:, origin + step] / past.size(origin)
        taken = ~np.isnan(target) & ~np.isnan(past.values[:, origin])
        taken &= draw.random(len(taken)) < share
        rows.append(past.at(origin, step)[taken])
        targets.append(np.clip(target[taken], -MOST_TIMES_SIZE, MOST_TIMES_SIZE))
    return np.concatenate(rows), np.concatenate(targets)


class Smoothed:
    """Exponential smoothing of each series, in the additive form with the least corrected AIC."""

    def __init__(self, past: Past, cut: int) -> None:
        self._season = past.seasons[0]
        self._fitted = [_best_form(series[: cut + 1], self._season) for series in past.values]

    def ahead(self, past: Past, origin: int, horizon: int) -> Values:
        """See :class:`Method`."""
        told = [
            _go_on(series[: origin + 1], form, parameters, self._season, horizon)
            for series, (form, parameters) in zip(past.values, self._fitted, strict=True)
        ]
        return np.array(told)

    def parts(self, past: Past, origin: int, horizon: int) -> dict[str, Values]:
        """See :class:`Method`."""
        each = [
            _parts_of(series[: origin + 1], form, parameters, self._season, horizon)
            for series, (form, parameters) in zip(past.values, self._fitted, strict=True)
        ]
        return {name: np.array([parts[name] for parts in each]) for name in ("level", "trend", "season")}


Form = tuple[bool, bool]
"""Whether it has a damped trend, and a season."""


def _best_form(series: Values, season: int) -> tuple[Form, Values]:
    series = series[~np.isnan(series)]
    forms: list[Form] = [(False, False), (True, False)]
    if len(series) >= 2 * season + 4 and season <= 12:
        forms += [(False, True), (True, True)]
    fitted = []
    for form in forms:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it tells of its own search
            result = _model(series, form, season).fit(disp=False, maxiter=200)
        fitted.append((float(result.aicc), form, np.asarray(result.params)))
    _, form, parameters = min(fitted, key=lambda each: each[0])
    return form, parameters


def _go_on(series: Values, form: Form, parameters: Values, season: int, horizon: int) -> Values:
    series = series[~np.isnan(series)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return np.asarray(_model(series, form, season).smooth(parameters).forecast(horizon))


def _parts_of(series: Values, form: Form, parameters: Values, season: int, horizon: int) -> dict[str, Values]:
    """The level, what the damped trend adds to it, and the season: zeros where the form has none."""
    series = series[~np.isnan(series)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = _model(series, form, season)
        fitted = model.smooth(parameters)
        told = np.asarray(fitted.forecast(horizon))
    level, trend = np.full(horizon, float(np.asarray(fitted.level)[-1])), np.zeros(horizon)
    if form[0]:
        damping = float(parameters[model.param_names.index("damping_trend")])
        trend = float(np.asarray(fitted.slope)[-1]) * np.cumsum(damping ** np.arange(1, horizon + 1))
    rest = told - level - trend
    return {"level": level if form[1] else level + rest, "trend": trend, "season": rest * form[1]}


def _model(series: Values, form: Form, season: int):  # type: ignore[no-untyped-def]  # noqa: ANN202
    from statsmodels.tsa.exponential_smoothing.ets import ETSModel

    has_trend, has_season = form
    return ETSModel(
        series, error="add", trend="add" if has_trend else None, damped_trend=has_trend,
        seasonal="add" if has_season else None, seasonal_periods=season if has_season else None,
    )  # fmt: skip


def _smoothed(values: Values, alpha: float) -> Values:
    """The level after each period, from the first known value on; shape as ``values``."""
    levels, level = np.empty_like(values), values[:, 0].copy()
    for period in range(values.shape[1]):
        now = values[:, period]
        moved = np.where(np.isnan(level), now, level + alpha * (now - level))
        level = np.where(np.isnan(now), level, moved)
        levels[:, period] = level
    return levels


def mean_of(parts: Sequence[Values]) -> Values:
    """Their mean, cell by cell."""
    return np.asarray(np.mean(np.array(parts), axis=0))
