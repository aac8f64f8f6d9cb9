"""The models alone: customers whose way is known, numbers in and numbers out."""

from __future__ import annotations

import numpy as np
import pytest

from jobs.bg_nbd import BgNbd
from jobs.spending import Spending, TooFewAmounts, fit_spending
from jobs.value_ahead import value_ahead

RHYTHM = BgNbd(r=0.8, alpha=40.0, a=0.9, b=3.0)
SPENDING = Spending(p=4.0, q=5.0, scale=60.0)


def lived(count: int, days: float, ahead: float, seed: int = 1) -> dict[str, np.ndarray]:
    """Customers who buy as BG/NBD and pay as gamma-gamma say, for ``days`` and then for ``ahead``."""
    draw = np.random.default_rng(seed)
    found: dict[str, list[float]] = {
        name: [] for name in ("orders", "recency", "age", "paid", "later", "brought")
    }
    for _ in range(count):
        rate, leaves = draw.gamma(RHYTHM.r) / RHYTHM.alpha, draw.beta(RHYTHM.a, RHYTHM.b)
        mean_rate = draw.gamma(SPENDING.q) / SPENDING.scale
        age = draw.uniform(days / 3, days)
        times = [0.0]
        while (len(times) == 1 or draw.random() >= leaves) and (
            at := times[-1] + draw.exponential(1 / rate)
        ) <= age + ahead:
            times.append(at)
        amounts = draw.gamma(SPENDING.p, 1 / mean_rate, len(times))
        past = np.array(times) <= age
        row = (
            past.sum(),
            age - max(t for t in times if t <= age),
            age,
            amounts[past].mean(),
            (~past).sum(),
            amounts[~past].sum(),
        )
        for name, value in zip(found, row, strict=True):
            found[name].append(float(value))
    return {name: np.array(values) for name, values in found.items()}


def test_gamma_gamma_finds_the_parameters_that_customers_were_made_by():
    customers = lived(4_000, 700, 0)
    found = fit_spending(customers["orders"], customers["paid"])
    mean, true = (each.p * each.scale / (each.q - 1) for each in (found, SPENDING))
    assert mean == pytest.approx(true, rel=0.05)
    assert found.p == pytest.approx(SPENDING.p, rel=0.2) and found.q == pytest.approx(SPENDING.q, rel=0.35)


def test_what_is_told_ahead_comes_true_on_average_and_the_interval_holds():
    customers = lived(3_000, 700, 365, seed=2)
    past = (customers["orders"], customers["recency"], customers["age"])
    ahead = value_ahead(RHYTHM, SPENDING, past, customers["paid"], 365, draws=2_000)
    assert ahead.value.mean() == pytest.approx(customers["brought"].mean(), rel=0.1)
    assert ahead.purchases.mean() == pytest.approx(customers["later"].mean(), rel=0.08)
    order = np.argsort(ahead.value)
    for part in np.array_split(order, 5)[2:]:
        assert ahead.value[part].mean() == pytest.approx(customers["brought"][part].mean(), rel=0.2)
    busy = ahead.low > 0
    inside = (ahead.low <= customers["brought"]) & (customers["brought"] <= ahead.high)
    assert busy.sum() > 100 and inside[busy].mean() == pytest.approx(0.8, abs=0.05)


def test_a_customer_of_one_purchase_is_drawn_towards_the_others_and_one_of_many_is_not():
    few, many = SPENDING.mean(np.array([1.0, 200.0]), np.array([500.0, 500.0]))
    mean = SPENDING.p * SPENDING.scale / (SPENDING.q - 1)
    assert mean < few < 350 and many == pytest.approx(500, rel=0.02)


def test_who_paid_nothing_or_less_is_told_without_an_error():
    past = (np.array([1.0]), np.array([10.0]), np.array([10.0]))
    ahead = value_ahead(RHYTHM, SPENDING, past, np.array([-20.0]), 365)
    assert 0 <= ahead.low[0] <= ahead.high[0] and 0 < ahead.value[0] < 100


def test_the_same_past_gives_the_same_figures():
    past = (np.array([3.0]), np.array([10.0]), np.array([100.0]))
    first, again = (value_ahead(RHYTHM, SPENDING, past, np.array([20.0]), 365) for _ in range(2))
    assert (first.low, first.value, first.high) == (again.low, again.value, again.high)


def test_too_few_amounts_are_not_learnt_from():
    with pytest.raises(TooFewAmounts):
        fit_spending(np.ones(100), np.where(np.arange(100) < 49, 10.0, -1.0))
