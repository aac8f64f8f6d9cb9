"""The closed form beside the exact distribution, and what a stock lasts."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import nbinom

from jobs.stock_advice.lasting import EARLY, MOST_DAYS, Pace, quantile


@pytest.mark.parametrize("share", [0.8, 0.9, 0.95, 0.98])
def test_the_closed_form_is_within_a_piece_of_the_negative_binomial(share: float):
    for mean in (0.5, 1.0, 3.0, 10.0, 42.0, 300.0):
        for spread in (1.1, 1.5, 2.5):
            exact = nbinom.ppf(share, mean / (spread - 1), 1 / spread)
            told = math.ceil(float(quantile(np.array(mean), np.array(spread * mean), share)) - 0.5)
            assert abs(told - exact) <= max(1, 0.01 * exact), (mean, spread, told, exact)


def test_nothing_sold_needs_nothing():
    assert float(quantile(np.array(0.0), np.array(0.0), 0.99)) == 0


def test_a_stock_lasts_its_pieces_over_its_pace_and_less_at_the_early_end():
    pace = Pace(a_day=2.0, spread=1.0, doubt=0.0)
    assert pace.lasts(30, 0.5) == 15
    early = pace.lasts(30, EARLY)
    assert early is not None and 11 <= early < 15
    assert pace.lasts(0, 0.5) == 0 and pace.lasts(-4, 0.5) == 0
    assert Pace(a_day=0.0, spread=1.0, doubt=0.0).lasts(1, 0.5) is None
    assert pace.lasts(2 * MOST_DAYS + 200, 0.5) is None


def test_the_chance_that_a_stock_ends_rises_with_time_and_falls_with_pieces():
    pace = Pace(a_day=2.0, spread=1.3, doubt=0.01)
    by_day = [pace.chance_gone(30, days) for days in (5, 10, 15, 20, 40)]
    assert by_day == sorted(by_day) and by_day[0] < 0.01 and by_day[-1] > 0.99
    assert pace.chance_gone(20, 14) > pace.chance_gone(40, 14)
    assert pace.chance_gone(0, 1) == 1.0 and Pace(a_day=0.0, spread=1, doubt=0).chance_gone(3, 9) == 0.0
