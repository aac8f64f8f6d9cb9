"""The models alone: customers whose way is known, numbers in and numbers out."""

from __future__ import annotations

import numpy as np
import pytest

from jobs.bg_nbd import BgNbd, Values, fit_bg_nbd
from jobs.churn.returning import TooFew, back_test, fit_returning, logit, sigmoid
from jobs.churn.signals import Snapshot

TRUE = BgNbd(r=0.8, alpha=40.0, a=0.9, b=3.0)


def simulated(count: int, days: float, ahead: float, seed: int = 1) -> tuple[Values, Values, Values, Values]:
    """Orders, recency and age of customers who live as BG/NBD says, and their purchases in the days after."""
    draw = np.random.default_rng(seed)
    rates, leaves = draw.gamma(TRUE.r, 1 / TRUE.alpha, count), draw.beta(TRUE.a, TRUE.b, count)
    ages = draw.uniform(days / 3, days, count)
    orders, last, later = np.ones(count), np.zeros(count), np.zeros(count)
    for who in range(count):
        at = 0.0
        while True:
            at += draw.exponential(1 / rates[who])
            if at > ages[who] + ahead:
                break
            if at <= ages[who]:
                orders[who] += 1
                last[who] = at
            else:
                later[who] += 1
            if draw.random() < leaves[who]:
                break
    return orders, ages - last, ages, later


def test_bg_nbd_finds_the_parameters_that_customers_were_made_by():
    orders, recency, age, _ = simulated(6_000, 700, 0)
    found = fit_bg_nbd(orders, recency, age)
    assert (found.r, found.alpha) == pytest.approx((TRUE.r, TRUE.alpha), rel=0.12)
    assert found.a / (found.a + found.b) == pytest.approx(TRUE.a / (TRUE.a + TRUE.b), rel=0.15)


def test_bg_nbd_tells_who_buys_as_often_as_they_do():
    orders, recency, age, later = simulated(20_000, 700, 60)
    told = TRUE.probability(orders, recency, age, 60)
    for chosen in (orders == 1, (orders > 1) & (recency < 60), (orders > 3) & (recency > 200)):
        assert told[chosen].mean() == pytest.approx((later[chosen] > 0).mean(), abs=0.02)


def test_bg_nbd_of_one_purchase_is_a_pareto_of_waiting():
    one = np.array([1.0])
    told = TRUE.probability(one, np.array([100.0]), np.array([100.0]), 30)
    assert told == pytest.approx(1 - (140 / 170) ** 0.8)


def test_numbers_beyond_all_customers_stay_probabilities():
    told = TRUE.probability(np.array([5_000.0, 1.0]), np.array([3_000.0, 0.0]), np.array([9_000.0, 0.0]), 30)
    assert ((told > 0) & (told < 1)).all()


def snapshots(count: int, seed: int = 4) -> list[Snapshot]:
    """The same customers on five days; amount decides too, which BG/NBD does not look at."""
    draw = np.random.default_rng(seed)
    found = []
    for back in range(5):
        orders, recency, age, _ = simulated(count, 600, 0, seed=seed + back)
        amount = draw.normal(3, 1, count)
        chance = sigmoid(logit(TRUE.probability(orders, recency, age, 60)) + 0.9 * (amount - 3))
        signals = np.column_stack([np.log(recency + 7), np.log(orders) - np.log(age + 30), amount])
        later = draw.binomial(3, 1 - (1 - chance) ** (1 / 3)).astype(float)
        found.append(
            Snapshot(
                customers=tuple(range(count)),
                counts={"orders": orders, "recency": recency, "age": age},
                signals=signals,
                later=later,
            )
        )
    return found


def test_what_bg_nbd_does_not_look_at_is_learned_and_the_probabilities_hold():
    seen = snapshots(3_000)
    model = fit_returning(("recency", "rate", "amount"), seen[2:], seen[1], seen[0], 60)
    test = back_test(model, seen[1:], seen[0])
    assert test.auc["ours"] > test.auc["bg_nbd"] + 0.015 and test.auc["ours"] > test.auc["recency"] + 0.015
    assert test.brier["ours"] < min(test.brier["bg_nbd"], test.brier["recency"])
    for _, told, did in test.tenths:
        assert told == pytest.approx(did, abs=0.06)
    assert test.expected == pytest.approx(test.later, rel=0.1)


def test_what_adds_to_a_logit_adds_up():
    seen = snapshots(800)
    model = fit_returning(("recency", "rate", "amount"), seen[2:], seen[1], seen[0], 60)
    parts = (seen[0].signals - model.means) * model.weights
    rhythm = model.rhythm.probability(*seen[0].counts.values(), 60)
    whole = model.level + parts.sum(axis=1) + model.rhythm_weight * logit(rhythm)
    assert sigmoid(whole) == pytest.approx(model.probabilities(seen[0]))


@pytest.mark.parametrize("later", [0.0, 1.0])
def test_where_nobody_or_everybody_buys_there_is_nothing_to_learn(later: float):
    seen = snapshots(200)
    same = [
        Snapshot(customers=s.customers, counts=s.counts, signals=s.signals, later=np.full(200, later))
        for s in seen
    ]
    with pytest.raises(TooFew):
        fit_returning(("recency", "rate", "amount"), same[2:], same[1], same[0], 60)
