"""The model alone: numbers in, numbers out, on series whose answer is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from jobs.forecast.features import Past
from jobs.forecast.history import read_history
from jobs.forecast.model import forecast

DRAW = np.random.default_rng(3)


def weekly(values: list[float] | np.ndarray, name: str = "a", start: str = "2024-01-01") -> pd.DataFrame:
    return pd.DataFrame(
        {"series": name, "at": pd.date_range(start, periods=len(values), freq="W-MON"), "value": values}
    )


def test_a_season_of_many_series_is_learned():
    weeks = np.arange(150)
    level = DRAW.uniform(20, 500, (40, 1))
    whole = level * (1 + 0.5 * np.sin(2 * np.pi * weeks / 52)) * DRAW.normal(1, 0.05, (40, 150))
    found = forecast(whole[:, :146], 4, (52,))
    assert "learned" in found.method
    assert found.errors[found.method] < 0.9 * min(found.errors["naive"], found.errors["level"])
    off = np.abs(whole[:, 146:] - found.middle) / level
    assert off.mean() < 0.08


@pytest.mark.parametrize("sold", ["steady", "sparse"])
def test_intervals_hold_what_they_say(sold: str):
    level = DRAW.lognormal(3 if sold == "steady" else 0, 0.7, (300, 1))
    values = DRAW.poisson(level, (300, 84)).astype(float)
    found = forecast(values[:, :80], 4, (52,))
    for level_, least, most in ((0.8, 0.75, 0.86), (0.95, 0.91, 0.985)):
        inside = (values[:, 80:] >= found.low[level_]) & (values[:, 80:] <= found.high[level_])
        assert least < inside.mean() < most


def test_what_is_looked_at_is_never_what_comes_next():
    values = DRAW.poisson(20, (2, 60)).astype(float)
    otherwise = values.copy()
    otherwise[:, 41:] = 1_000
    for ahead in range(1, 30):
        features = [Past(each, (7, 28), 3).at(40, ahead) for each in (values, otherwise)]
        assert np.array_equal(*features, equal_nan=True), ahead


@pytest.mark.parametrize(
    ("seasons", "periods", "horizon"), [((7, 364), 120, 8), ((52,), 150, 52), ((12,), 40, 13)]
)
def test_it_goes_on_for_a_whole_season_and_longer(seasons: tuple[int, ...], periods: int, horizon: int):
    season = seasons[0]
    values = 100 + 40 * np.sin(2 * np.pi * np.arange(periods + horizon) / season)
    values = values + DRAW.normal(0, 2, (13, 1)) + DRAW.normal(0, 2, (13, periods + horizon))
    found = forecast(values[:, :periods], horizon, seasons)
    assert found.middle.shape == (13, horizon)
    assert np.abs(found.middle - values[:, periods:]).mean() < 12


def test_intervals_of_few_tries_are_wide_and_nested():
    found = forecast(np.array([[9.0, 11, 10, 12, 9, 10, 11, 10, 9, 12, 10, 11, 10]]), 3, (12,))
    assert (found.low[0.95] <= found.low[0.8]).all() and (found.low[0.8] <= found.middle).all()
    assert (found.middle <= found.high[0.8]).all() and (found.high[0.8] < found.high[0.95]).all()
    assert (found.high[0.95] - found.low[0.95] > 2).all()


def test_what_was_never_below_zero_is_not_forecast_below_it():
    found = forecast(DRAW.poisson(0.5, (20, 60)).astype(float), 4, (52,))
    assert all((low >= 0).all() for low in found.low.values()) and (found.middle >= 0).all()


def test_a_constant_series_goes_on():
    found = forecast(np.full((1, 30), 7.0), 5, (7, 364))
    assert np.allclose(found.middle, 7.0) and np.isfinite(found.high[0.95]).all()


def test_a_series_of_zeros_stays_finite():
    found = forecast(np.zeros((2, 30)), 5, (7,))
    assert (found.middle == 0).all() and np.isfinite(found.high[0.95]).all()


def test_a_series_that_began_late_is_gone_on_with_beside_old_ones():
    values = DRAW.poisson(30, (20, 90)).astype(float)
    values[0, :76] = np.nan
    found = forecast(values, 4, (52,))
    assert np.isfinite(found.middle).all() and 15 < found.middle[0].mean() < 45


def test_too_far_for_the_past_is_an_error():
    with pytest.raises(ValueError, match="9 periods are too few for 8 ahead"):
        forecast(np.arange(9.0)[None], 8, (12,))


@pytest.mark.parametrize(
    ("values", "kind", "count"),
    [
        ([5.0] * 8, "young", 8),
        ([5.0, 0, 0, 0, 0, 6, 0, 0, 0, 0] * 3, "sparse", 6),
        ([5.0] * 12 + [-3.0] + [5.0] * 7, "negative", 1),
        ([5.0] * 20 + [900.0] + [5.0] * 9, "giant", 1),
        ([5.0] * 20 + [0.0] * 4 + [5.0] * 9, "gap", 4),
        ([5.0] * 30 + [0.0] * 5, "stopped", 5),
    ],
)
def test_what_is_odd_is_noted(values: list[float], kind: str, count: int):
    history = read_history(weekly(values), "week")
    assert [(note.kind, note.count) for note in history.notes] == [(kind, count)]
    assert history.names == (() if kind == "young" else ("a",))


def test_a_giant_order_and_a_gap_do_not_move_what_comes_next():
    plain = list(DRAW.normal(100, 5, 60))
    broken = [*plain[:30], 0.0, 0.0, 0.0, 0.0, *plain[34:55], 60_000.0, *plain[56:]]
    told = [
        forecast(read_history(weekly(values), "week").fitted, 4, (52,)).middle.mean()
        for values in (plain, broken)
    ]
    assert abs(told[0] - told[1]) < 5


def test_missing_rows_count_as_nothing_sold_and_leading_ones_as_not_begun():
    frame = pd.concat([weekly([4.0] * 20), weekly([3.0] * 12, "b", "2024-02-26")])
    history = read_history(frame.drop(frame.index[5]).reset_index(drop=True), "week")
    assert history.values.shape == (2, 20)
    assert np.isnan(history.values[1, :8]).all() and (history.values[1, 8:] == 3).sum() == 11


def test_a_forecast_that_is_kept_is_that_of_its_own_past_and_cannot_be_changed() -> None:
    past = np.tile([10.0, 20.0, 30.0, 40.0], 8)[None, :]
    first = forecast(past, 4, (4,))
    past[0, -1] = 400.0  # the caller's own values are no longer those that were asked about
    other = forecast(past, 4, (4,))
    past[0, -1] = 40.0
    again = forecast(past, 4, (4,))
    assert (again.middle == first.middle).all() and (other.middle != first.middle).any()
    with pytest.raises(ValueError, match="read-only"):
        again.middle[0, 0] = 0.0
