"""The pure models on made-up data whose answer is known: effects, days, uplift, other rules, shares."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from jobs.campaign.budget_shares import LEAST_SHARE, MOST_SHARE, Return, held_shares, split
from jobs.campaign.effect import Arm, Span, effect_of, verdict_of
from jobs.campaign.off_policy import CLIP, Foretold, Logged, foretell, switch_of, value_of
from jobs.campaign.other_days import effect_by_days
from jobs.campaign.uplift import KINDS, Tries, learn_uplift, qini

SEEDS = 100


def arm(value: np.ndarray, before: np.ndarray, just: np.ndarray | None = None) -> Arm:
    earlier = before * 0 if just is None else just
    return Arm(
        customers=len(value),
        buyers=int((value > 0).sum()),
        purchases=float((value > 0).sum()),
        value=float(value.sum()),
        value_squared=float((value**2).sum()),
        before=float(before.sum()),
        before_squared=float((before**2).sum()),
        both=float((value * before).sum()),
        just_before=float(earlier.sum()),
        just_before_squared=float((earlier**2).sum()),
    )


def trial(seed: int, lift: float, sizes: tuple[int, int] = (600, 400)) -> tuple[Arm, Arm]:
    """Customers with a pace of their own, who buy for gamma amounts; the lift is money a head."""
    draw = np.random.default_rng(seed)
    arms = []
    for size, more in zip(sizes, (lift, 0.0), strict=True):
        pace = draw.gamma(1.0, 1.0, size)
        before = draw.poisson(6 * pace) * draw.gamma(4, 10, size)
        value = draw.poisson(0.5 * pace) * draw.gamma(4, 10, size)
        value += (draw.random(size) < more / 40) * draw.gamma(4, 10, size)
        arms.append(arm(value, before))
    return arms[0], arms[1]


@pytest.mark.parametrize(("lift", "sizes"), [(0.0, (600, 400)), (6.0, (600, 400)), (6.0, (1500, 150))])
def test_the_interval_holds_the_effect_as_often_as_it_says(lift: float, sizes: tuple[int, int]):
    found = [effect_of(*trial(seed, lift, sizes)) for seed in range(SEEDS)]
    held = sum(e.brought.low <= lift * sizes[0] <= e.brought.high for e in found if e is not None)
    assert 0.82 * SEEDS <= held <= 0.98 * SEEDS


def test_spending_before_narrows_the_interval():
    wide = narrow = 0.0
    for seed in range(20):
        effect = effect_of(*trial(seed, 4.0))
        assert effect is not None
        narrow += effect.brought.high - effect.brought.low
        wide += effect.without_before.high - effect.without_before.low
        assert not effect.is_unequal
    assert narrow < 0.97 * wide


def test_groups_that_chance_did_not_draw_are_each_held_against_their_own_past():
    held = 0
    for seed in range(40):
        draw = np.random.default_rng(seed)
        # nothing was brought: those who are picked buy more at any time
        groups = []
        for mean in (1.5, 0.8):
            pace = draw.gamma(2, mean / 2, 800)
            groups.append(arm(40.0 * draw.poisson(0.4 * pace), 40.0 * draw.poisson(4 * pace)))
        effect = effect_of(*groups)
        assert effect is not None and effect.is_unequal and effect.without_before.low > 0
        held += effect.brought.low <= 0 <= effect.brought.high
    assert held >= 0.8 * 40


def test_groups_that_are_too_small_are_not_compared():
    few = arm(np.ones(10), np.ones(10))
    many = arm(np.ones(1000), np.ones(1000))
    assert effect_of(few, many) is None and effect_of(many, few) is None
    assert effect_of(arm(np.zeros(100), np.ones(100)), arm(np.zeros(100), np.ones(100))) is None


@pytest.mark.parametrize(
    ("span", "cost", "verdict"),
    [((5, 4, 6), 3, "more"), ((5, 4, 6), 7, "less"), ((5, 4, 6), 5, "unclear"), ((-1, -2, -0.5), 0, "less")],
)
def test_the_verdict_needs_the_whole_interval(span: tuple[float, ...], cost: float, verdict: str):
    assert verdict_of(Span(value=span[0], low=span[1], high=span[2]), cost) == verdict


# ---- days -------------------------------------------------------------------------------------------------

FIRST = dt.date(2025, 1, 1)


def days(seed: int, lift: float, length: int = 540) -> np.ndarray:
    """Days that resemble their neighbours, with a week, and a campaign of a fortnight from day 300."""
    draw = np.random.default_rng(seed)
    noise = np.zeros(length)
    for at in range(1, length):
        noise[at] = 0.6 * noise[at - 1] + draw.normal(0, 8)
    values = 100 + 0.05 * np.arange(length) + 20 * (np.arange(length) % 7 == 5) + noise
    values[300:314] += lift
    return values


def test_a_campaigns_days_are_told_from_others_and_the_interval_holds_it():
    span = (FIRST + dt.timedelta(days=300), FIRST + dt.timedelta(days=313))
    held, seeds = 0, 60
    for seed in range(seeds):
        found = effect_by_days(FIRST, days(seed, 30), [span], 0)
        assert found is not None and found.tried >= 5
        held += found.brought.low <= 14 * 30 <= found.brought.high
    assert held >= 0.8 * seeds
    another = (FIRST + dt.timedelta(days=200), FIRST + dt.timedelta(days=213))
    quiet = effect_by_days(FIRST, days(1, 30), [span, another], 1)
    assert quiet is not None and quiet.brought.low <= 0 <= quiet.brought.high


@pytest.mark.parametrize(
    "spans",
    [
        [(dt.date(2024, 12, 20), dt.date(2025, 1, 5))],
        [(dt.date(2026, 6, 20), dt.date(2026, 7, 5))],
        [(dt.date(2025, 1, 10), dt.date(2026, 6, 1))],
        [(dt.date(2025, 8, 1), dt.date(2025, 8, 14)), (dt.date(2025, 8, 1), dt.date(2025, 8, 14))],
    ],
    ids=["begins before the data", "ends after them", "hardly a day without", "another on the same days"],
)
def test_days_that_tell_nothing_are_not_compared(spans: list[tuple[dt.date, dt.date]]):
    assert effect_by_days(FIRST, days(0, 0), spans, 0) is None


# ---- uplift -----------------------------------------------------------------------------------------------


def tries(seed: int, lift: float, *, is_equal: bool, each: int = 250) -> Tries:
    """Customers of every kind in both groups and halves; the lift is of one recency alone, or of all."""
    draw = np.random.default_rng(seed)
    rows = []
    for kind in KINDS:
        for sent in (True, False):
            for learnt in (True, False):
                base = 0.25 - 0.04 * kind[0]
                more = lift if is_equal else lift * 5 * (kind[0] == 4)
                buyers = draw.binomial(each, base + more * sent)
                rows.append((kind, sent, learnt, each, buyers))
    kinds, is_sent, is_learnt, customers, buyers = zip(*rows, strict=True)
    return Tries(
        kind=np.array(kinds),
        is_sent=np.array(is_sent),
        is_learnt=np.array(is_learnt),
        customers=np.array(customers, dtype=float),
        buyers=np.array(buyers, dtype=float),
    )


def test_those_who_buy_because_of_it_are_found_where_they_differ():
    found = learn_uplift(tries(1, 0.04, is_equal=False))
    assert found.tells and found.qini.low > 0
    gains = {kind: with_it - without for kind, (with_it, without) in found.chances.items()}
    assert min(gains[k] for k in KINDS if k[0] == 4) > max(gains[k] for k in KINDS if k[0] < 4)
    assert found.tenths[0].did.low > found.tenths[-1].did.high
    assert found.gained.low <= 0.04 <= found.gained.high


@pytest.mark.parametrize("lift", [0.0, 0.04])
def test_where_all_gain_alike_nobody_is_told_apart_from_chance(lift: float):
    told = sum(learn_uplift(tries(seed, lift, is_equal=True, each=60)).tells for seed in range(4))
    assert told <= 1


def test_qini_by_hand():
    # 10 sent and 10 held of each kind: the first gains all 4, the second none
    counts = np.array([[[10.0, 10.0], [5.0, 1.0]], [[10.0, 10.0], [1.0, 1.0]]])
    # gained by depth: 0, 0.2, 0.2; by chance 0, 0.1, 0.2; the area between: 0.05
    assert qini(counts) == pytest.approx(100 * 0.05)
    assert qini(counts[:, :, ::-1]) == pytest.approx(-100 * 0.05)


# ---- other rules of choosing ------------------------------------------------------------------------------


def log(seed: int, rows: int = 4000) -> Logged:
    draw = np.random.default_rng(seed)
    probability, rates = np.array([0.5, 0.3, 0.2]), np.array([0.05, 0.10, 0.20])
    made = draw.choice(3, rows, p=probability)
    return Logged(
        choice=made,
        propensity=probability[made],
        reward=(draw.random(rows) < rates[made]).astype(float),
        count=np.ones(rows),
        names=("a", "b", "c"),
    )


def test_each_method_tells_another_rule_and_its_interval_holds_it():
    target, rates = np.array([0.1, 0.2, 0.7]), np.array([0.05, 0.10, 0.20])
    truth, seeds = float(target @ rates), 30
    held = dict.fromkeys(("ips", "snips", "dr"), 0)
    off = dict.fromkeys(held, 0.0)
    for seed in range(seeds):
        logged = log(seed, 1500).condensed()
        model = foretell(logged)
        foretold = Foretold(chosen=model[logged.choice], target=np.asarray(target @ model))
        for name, span in value_of(logged, target[logged.choice], foretold).items():
            held[name] += span.low <= truth <= span.high
            off[name] += (span.value - truth) / seeds
    assert min(held.values()) >= 0.8 * seeds
    assert max(map(abs, off.values())) < 0.05 * truth


def test_a_switch_is_told_on_the_half_that_did_not_choose_it():
    found = switch_of(log(3))
    assert found.best == "c" and found.choices[0].name == "c" and all(each.fits for each in found.choices)
    assert found.gain.low > 0 and found.gain.low <= 0.20 - 0.095 <= found.gain.high


def test_counted_rows_are_the_same_as_written_out_ones():
    logged = log(3)
    counted = logged.condensed()
    assert len(counted.count) == 6 and counted.count.sum() == 4000
    assert counted.mean == pytest.approx(logged.mean)
    model = foretell(logged)
    assert foretell(counted) == pytest.approx(model)
    for at in range(3):
        one, other = (
            value_of(
                each,
                (each.choice == at).astype(float),
                Foretold(chosen=model[each.choice], target=np.asarray(model[at])),
            )
            for each in (logged, counted)
        )
        for name, span in one.items():
            assert other[name].value == pytest.approx(span.value)
            assert other[name].low == pytest.approx(span.low, abs=0.004)


def test_where_all_choices_are_alike_a_switch_is_seldom_told_to_be_better():
    told = 0
    for seed in range(20):
        draw = np.random.default_rng(seed)
        probability = np.array([0.6, 0.3, 0.1])
        made = draw.multinomial(6000, probability)
        clicked = draw.binomial(made, 0.05)
        logged = Logged(
            choice=np.repeat([0, 1, 2], 2),
            propensity=np.repeat(probability, 2),
            reward=np.tile([0.0, 1.0], 3),
            count=np.column_stack([made - clicked, clicked]).ravel().astype(float),
            names=("a", "b", "c"),
        )
        told += switch_of(logged).gain.low > 0
    assert told <= 3


def test_probabilities_that_are_none_are_found_out_and_rare_choices_are_cut():
    logged = log(1)
    wrong = Logged(
        choice=logged.choice, propensity=np.full(4000, 0.9), reward=logged.reward,
        count=logged.count, names=logged.names,
    )  # fmt: skip
    assert not any(each.fits for each in switch_of(wrong).choices)
    rare = Logged(
        choice=np.array([0] * 999 + [1]), propensity=np.array([0.999] * 999 + [0.001]),
        reward=np.ones(1000), count=np.ones(1000), names=("a", "b"),
    )  # fmt: skip
    clipped = next(each for each in switch_of(rare).choices if each.name == "b")
    assert clipped.clipped == 1 and clipped.values["ips"].value == pytest.approx(CLIP / 1000)


# ---- shares -----------------------------------------------------------------------------------------------


def returns(value: float, error: float, count: int) -> list[Return]:
    return [Return(value=value, error=error, cost=1000.0) for _ in range(count)]


def test_what_surely_returns_more_gets_the_most_and_what_is_unsure_does_not_get_all():
    sure = split({"email": returns(3.0, 0.2, 4), "social": returns(0.2, 0.2, 4)})
    assert sure is not None and sure.is_apart and sure.shares[0].name == "email"
    assert sure.shares[0].share > MOST_SHARE and sure.shares[1].share >= LEAST_SHARE - 1e-9
    unsure = split(
        {"email": returns(1.5, 2.0, 3), "social": returns(0.5, 2.0, 3), "search": returns(0.4, 2.0, 3)}
    )
    assert unsure is not None and not unsure.is_apart
    assert all(LEAST_SHARE <= share.share <= MOST_SHARE for share in unsure.shares)
    assert sum(share.share for share in unsure.shares) == pytest.approx(1)
    # one lucky campaign among unsure ones is drawn towards the others
    lucky = split(
        {
            "email": [*returns(0.5, 0.5, 2), Return(value=5.0, error=3.0, cost=100.0)],
            "social": returns(0.5, 0.5, 3),
        }
    )
    assert lucky is not None and lucky.shares[0].returned.value < 1.0


@pytest.mark.parametrize(
    "known", [{}, {"email": returns(1, 1, 9)}, {"email": returns(1, 1, 1), "social": returns(1, 1, 9)}]
)
def test_too_little_history_is_not_split_by(known: dict[str, list[Return]]):
    assert split(known) is None


@pytest.mark.parametrize(
    ("wins", "most", "held"),
    [
        ([1.0, 0.0], 0.7, [0.7, 0.3]),
        ([1.0, 0.0], 1.0, [0.9, 0.1]),
        ([0.5, 0.5], 0.7, [0.5, 0.5]),
        ([1.0, 0.0, 0.0], 0.7, [0.7, 0.15, 0.15]),
    ],
)
def test_shares_are_held_between_rails(wins: list[float], most: float, held: list[float]):
    assert held_shares(np.array(wins), most) == pytest.approx(held)
