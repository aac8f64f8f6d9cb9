"""The model on made-up shops whose elasticities are known, and the arithmetic of curves by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from priced_shop import WEEKS, Making, frames, made_weeks

from jobs.price.curve import Standing, best_change, curve_of, outcome_of
from jobs.price.elasticity import Estimate, back_test, fit_all, fit_own, lack_of
from jobs.price.weeks import read_weeks

SEEDS = 64
SCENES = {
    "plain": Making(),
    "sales before the peak": Making(sale=0.2),
    "noise that lasts": Making(noise=0.25, lasting=0.8),
    "stock-outs": Making(noise=0.1),
}


@pytest.fixture(scope="module")
def told() -> pd.DataFrame:
    """Product by product: the scene, the truth, and both intervals, over all seeds in turn."""
    rows = []
    for seed in range(SEEDS):
        scene = list(SCENES)[seed % len(SCENES)]
        how = SCENES[scene]
        units, prices, truth = made_weeks(seed, how)
        empty = {0: range(30, 38), 2: range(70, 80)} if scene == "stock-outs" else None
        found = fit_all(read_weeks(*frames(units, prices, empty)))
        for product, estimate in found.of_product.items():
            own = found.own[product].estimate
            is_own, is_drawn = (e.low <= truth[int(str(product))] <= e.high for e in (own, estimate))
            off = (own.value - truth[int(str(product))], estimate.value - truth[int(str(product))])
            rows.append((scene, seed, is_own, is_drawn, *off))
        mean = found.kinds["all"].mean
        rows.append((f"{scene}, mean", seed, True, mean.low <= how.elasticity <= mean.high, 0.0, 0.0))
    return pd.DataFrame(rows, columns=["scene", "seed", "own", "drawn", "own_off", "drawn_off"])


def test_intervals_of_90_per_cent_hold_the_truth_about_so_often(told: pd.DataFrame):
    products = told[told["scene"].isin(SCENES)]
    assert 0.82 <= products["own"].mean() <= 0.97
    assert 0.85 <= products["drawn"].mean() <= 0.99
    assert told[~told["scene"].isin(SCENES)]["drawn"].mean() >= 0.82
    assert (products.groupby("scene")["drawn"].mean() > 0.75).all(), products.groupby("scene")["drawn"].mean()


def test_products_drawn_towards_their_kind_are_nearer_the_truth_and_none_is_off_on_average(
    told: pd.DataFrame,
):
    products = told[told["scene"].isin(SCENES)]
    errors = (products[["own_off", "drawn_off"]] ** 2).mean() ** 0.5
    assert errors["drawn_off"] < 0.8 * errors["own_off"]
    assert (products.groupby("scene")["own_off"].mean().abs() < 0.15).all()


def test_weeks_without_stock_taken_for_weeks_without_buyers_would_mislead():
    units, prices, _ = made_weeks(5, Making(products=4, noise=0.05, base=20))
    dear = np.argsort(prices[0])[-25:]
    units[0, dear] = 0
    sold, totals, _, kinds = frames(units, prices)
    empty = pd.DataFrame({"product": 0, "back": WEEKS - 1 - dear})
    blind = fit_own(read_weeks(sold, totals, empty.iloc[:0], kinds)[0])
    seeing = fit_own(read_weeks(sold, totals, empty, kinds)[0])
    assert blind is not None and seeing is not None
    assert abs(seeing.estimate.value + 1.5) < 0.5 < abs(blind.estimate.value + 1.5)


def test_a_price_that_follows_its_own_products_demand_hides_its_effect():
    """The limit that every answer tells: no model of weeks alone sees through it."""
    how = Making(follows=1.0, noise=0.2, lasting=0.3)
    found = [fit_all(read_weeks(*frames(*made_weeks(seed, how)[:2]))).kinds["all"].mean for seed in range(4)]
    assert np.mean([mean.value for mean in found]) > -1.5 + 0.2


def test_the_test_on_weeks_that_were_not_seen_is_better_with_prices_and_with_the_kind():
    how = Making(base=30, noise=0.05, products=8, elasticity=-2.0)
    tested = back_test(read_weeks(*frames(*made_weeks(7, how)[:2])))
    assert tested is not None and tested.products == 8
    assert tested.error["ours"] < tested.error["without_price"]
    assert tested.deviance["ours"] < tested.deviance["without_price"]
    assert tested.deviance["ours"] < tested.deviance["alone"] * 1.02


@pytest.mark.parametrize(
    ("prices", "units", "lack"),
    [
        (np.full(WEEKS, 9.99), 5, "few_prices"),
        (np.where(np.arange(WEEKS) < 50, 10.0, 12.0), 5, "few_prices"),
        (np.array([10.0, 10.2, 10.4, 10.6] * 26) * 0.99, 5, None),
        (np.array([10.0, 10.11, 10.23, 10.35] * 26), 5, "narrow"),
        (np.array([10.0, 11.0, 12.0, 13.0] * 26), 0.2, "few_units"),
    ],
)
def test_what_was_never_tried_tells_nothing(prices: np.ndarray, units: float, lack: str | None):
    sold = np.random.default_rng(0).poisson(units, (1, WEEKS)).astype(float)
    [weeks] = read_weeks(*frames(sold, prices[None, :]))
    assert lack_of(weeks) == lack


def test_a_week_without_a_sale_has_the_price_of_the_nearest_week_with_one():
    units = np.full((1, WEEKS), 3.0)
    units[0, 40:44] = 0
    prices = np.where(np.arange(WEEKS) < 42, 10.0, 12.0)[None, :]
    [weeks] = read_weeks(*frames(units, prices))
    assert weeks.price[weeks.week == 41] == 10.0 and weeks.price[weeks.week == 42] == 12.0
    assert weeks.week.min() == 1 and weeks.week.max() == WEEKS - 2 and weeks.idle == 0


# ---- curves -----------------------------------------------------------------------------------------------

ELASTIC = Estimate(value=-2.0, error=0.2, freedom=50)
SHOP = Standing(units=100, revenue=1000, cost=600, low=0.8, high=1.3)


def test_a_change_is_worked_out_by_hand():
    outcome = outcome_of(SHOP, 0.1, ELASTIC)
    # 100 / 1.21 pieces at 11 and a cost of 6: 82.64 × 5 = 413.2, beside 400
    assert outcome.units.value == pytest.approx(1 / 1.21 - 1)
    assert outcome.money.value == pytest.approx(500 / 1.21 - 400)
    assert outcome.money.low < outcome.money.value < outcome.money.high
    assert outcome.vanishes is not None
    assert SHOP.money(0.1, outcome.vanishes) == pytest.approx(400)


def test_the_best_price_of_a_constant_elasticity_is_the_known_one_where_it_is_allowed():
    # cost × e / (1 + e) = 6 × 2 = 12, a fifth above today
    best = best_change(SHOP, ELASTIC, 0.5)
    assert best is not None and best.change == pytest.approx(0.2, abs=0.005)
    for most, high, expected in ((0.1, 1.3, 0.1), (0.5, 1.05, 0.05)):
        room = Standing(units=100, revenue=1000, cost=600, low=0.8, high=high)
        found = best_change(room, ELASTIC, most)
        assert found is not None and found.change == pytest.approx(expected)


@pytest.mark.parametrize(
    ("cost", "most", "change"),
    [(1100.0, 0.05, None), (1100.0, 0.2, 0.2), (950.0, 0.1, 0.1), (0.0, 0.1, -0.1), (None, 0.1, -0.1)],
)
def test_no_price_below_cost_and_none_beyond_a_step(cost: float | None, most: float, change: float | None):
    standing = Standing(units=100, revenue=1000, cost=cost, low=0.8, high=1.3)
    best = best_change(standing, ELASTIC, most)
    assert (best.change if best is not None else None) == (pytest.approx(change) if change else change)


def test_the_curve_stays_within_what_was_charged_and_has_today_in_it():
    changes, middle, low, high = curve_of(SHOP, ELASTIC)
    assert changes.min() == pytest.approx(-0.2) and changes.max() == pytest.approx(0.3) and 0.0 in changes
    assert (low <= middle + 1e-9).all() and (middle <= high + 1e-9).all()
    assert middle[changes == 0] == pytest.approx(400)
