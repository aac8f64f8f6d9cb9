"""The arithmetic of a change, and what chance does: worked by hand, then on random numbers."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from jobs.why.before import step_of
from jobs.why.chance import Pace, apart, chances, standing_out, usual_change, widening
from jobs.why.contributions import Amounts, Values, carried, priced
from jobs.why.held_against import Against, held_against
from retrieval.overused import overused
from sql.question.periods import Period


def amounts(above: list[float] | Values, below: list[float] | Values | None = None) -> Amounts:
    """Counts, whose noise is their own size."""
    over = np.array(above, dtype=float)
    under = np.zeros_like(over) if below is None else np.array(below, dtype=float)
    return Amounts(above=over, below=under, spread=np.abs(over), spread_below=np.abs(under))


# ---- contributions ----------------------------------------------------------------------------------------


def test_parts_of_a_sum_carry_what_they_changed_by():
    parts = carried(amounts([60, 40, 0]), amounts([30, 45, 5]), is_rate=False)
    assert parts.change.tolist() == [-30, 5, 5]
    assert parts.even.tolist() == [0.6, 0.4, 0]
    assert parts.mix.tolist() == [0, 0, 0]


def test_a_rate_falls_by_its_parts_own_rates_and_by_their_weights():
    # A: 10 of 100 come back, then 10 of 50; B: 1 of 100, then 3 of 150. Whole: 11/200, then 13/200.
    parts = carried(amounts([10, 1], [100, 100]), amounts([10, 3], [50, 150]), is_rate=True)
    assert parts.change.sum() == pytest.approx(13 / 200 - 11 / 200)
    assert parts.own == pytest.approx([(0.5 + 0.25) / 2 * 0.1, (0.5 + 0.75) / 2 * 0.01])
    middle = (11 / 200 + 13 / 200) / 2
    assert parts.mix == pytest.approx([-0.25 * (0.15 - middle), 0.25 * (0.015 - middle)])


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("is_rate", [False, True])
def test_contributions_add_up_whatever_comes_and_goes(seed: int, is_rate: bool):
    draw = np.random.default_rng(seed)
    base, now = (
        amounts(np.round(draw.normal(50, 80, 30), 2), draw.poisson(20, 30) * draw.integers(0, 2, 30))
        for _ in range(2)
    )
    parts = carried(base, now, is_rate=is_rate)
    then, later = base.whole, now.whole
    change = later.rates - then.rates if is_rate else later.above - then.above
    assert parts.change.sum() == pytest.approx(float(change), abs=1e-9)
    assert parts.own + parts.mix == pytest.approx(parts.change)


def test_volume_mix_and_price_are_told_apart():
    # 10 lamps at 10 and 10 desks at 100, then 20 lamps at 12 and 10 desks at 100; rugs are new.
    then, now = np.array([100.0, 1000.0, 0.0]), np.array([240.0, 1000.0, 50.0])
    sold = np.array([10.0, 10.0, 0.0]), np.array([20.0, 10.0, 1.0])
    found = priced((then, now), sold)
    assert found is not None
    assert found.price == pytest.approx(20 * 2)
    assert found.volume == pytest.approx(11 * 55)
    assert found.volume + found.mix + found.price == pytest.approx(1290 - 1100)


def test_nothing_sold_before_leaves_no_prices():
    assert priced((np.zeros(2), np.ones(2)), (np.zeros(2), np.ones(2))) is None


# ---- chance -----------------------------------------------------------------------------------------------


def test_a_part_that_moves_with_the_rest_is_not_apart():
    base, now = amounts([200, 300, 500]), amounts([100, 150, 250])
    scores = apart(base, now, base.whole, now.whole, is_rate=False)
    assert scores == pytest.approx([0, 0, 0])


def test_a_part_that_falls_alone_is_far_apart_and_the_others_are_on_the_other_side():
    base, now = amounts([500, 300, 200]), amounts([100, 300, 200])
    scores = apart(base, now, base.whole, now.whole, is_rate=False)
    assert scores[0] < -9 and scores[1] > 0 and scores[2] > 0


def test_a_part_alone_has_no_rest_to_be_apart_from():
    scores = apart(amounts([5]), amounts([9]), amounts([5]).whole, amounts([9]).whole, is_rate=True)
    assert scores.tolist() == [0]


def test_of_a_thousand_quiet_parts_hardly_any_stands_out_and_the_one_that_moved_does():
    draw, pace = np.random.default_rng(3), Pace(length=4, lag=4)
    past = draw.poisson(20, (1000, 60)).astype(float)
    earlier, nothing = past[:, :-8], np.zeros((1000, 52))
    history = Amounts(above=earlier, below=nothing, spread=earlier, spread_below=nothing)
    base, now = (amounts(past[:, place].sum(axis=1)) for place in (slice(-8, -4), slice(-4, None)))
    pairs = pace.of_all(history)
    scores = apart(*pairs, *(each.whole for each in pairs), is_rate=False)
    wide, count = widening(scores, pace.apart(52)), pace.apart(52)

    def told() -> list[int]:
        scores = apart(base, now, base.whole, now.whole, is_rate=False)
        [found] = standing_out([chances(scores, wide, wide, count, is_known=True)], 0)
        return list(map(int, np.flatnonzero(found)))

    assert told() == []
    now.above[7] = now.spread[7] = 400
    assert told() == [7]


def test_without_a_past_only_rows_of_a_known_noise_tell_anything():
    scores = np.array([9.0])
    assert chances(scores, None, np.ones(1), 0.0, is_known=True)[0] < 1e-4
    assert chances(scores, None, np.ones(1), 0.0, is_known=False)[0] == 1


def test_what_is_usual_is_read_off_earlier_changes_and_off_enough_of_them():
    steady = amounts(np.array([100.0, 110.0] * 20))
    low, high = usual_change(steady, Pace(length=1, lag=1), is_rate=False) or (0.0, 0.0)
    assert (low, high) == pytest.approx((100 / 110 - 1, 0.1))
    assert usual_change(amounts([100.0] * 5), Pace(length=1, lag=1), is_rate=False) is None


# ---- days -------------------------------------------------------------------------------------------------

HELD: list[tuple[str, str, Against, str, str]] = [
    # asked from, up to (exclusive), against, what is looked at, what it is held against
    ("2026-03-01", "2026-04-01", "before", "2026-03-01 2026-03-31", "2026-02-01 2026-02-28"),
    ("2026-03-01", "2026-04-01", "year", "2026-03-01 2026-03-31", "2025-03-01 2025-03-31"),
    ("2026-01-01", "2026-04-01", "before", "2026-01-01 2026-03-31", "2025-10-01 2025-12-31"),
    ("2025-01-01", "2026-01-01", "before", "2025-01-01 2025-12-31", "2024-01-01 2024-12-31"),
    ("2026-05-04", "2026-05-11", "before", "2026-05-04 2026-05-10", "2026-04-27 2026-05-03"),
    ("2026-05-04", "2026-05-07", "before", "2026-05-04 2026-05-06", "2026-04-27 2026-04-29"),
    ("2026-05-04", "2026-05-14", "before", "2026-05-04 2026-05-13", "2026-04-20 2026-04-29"),
    ("2026-05-04", "2026-05-11", "year", "2026-05-04 2026-05-10", "2025-05-05 2025-05-11"),
    ("2026-06-01", "2026-07-01", "before", "2026-06-01 2026-06-10", "2026-05-01 2026-05-10"),
]


@pytest.mark.parametrize(("first", "end", "against", "asked", "base"), HELD)
def test_a_stretch_is_held_against_as_many_days(
    first: str, end: str, against: Against, asked: str, base: str
):
    start, stop = dt.date.fromisoformat(first), dt.date.fromisoformat(end)
    period = Period(start=start, end=stop, first=0, last=0, text="", grain="range")
    found = held_against(period, dt.date(2026, 6, 10), against)
    assert [f"{each.first} {each.last}" for each in found] == [asked, base]


# ---- prices and words -------------------------------------------------------------------------------------


def test_a_price_that_went_up_at_once_is_found_with_its_day():
    units = np.array([3.0, 0, 2, 4, 1, 2, 3, 1])
    prices = np.array([10.0, 10, 10, 10, 12, 12, 12, 12])
    assert step_of(units * prices, units) == (4, 10, 12)


@pytest.mark.parametrize("prices", [[10.0] * 8, [10, 13, 10, 13, 10, 13, 10, 13], [10.0, 10, 12]])
def test_a_price_that_stays_swings_or_is_hardly_known_is_no_step(prices: list[float]):
    assert step_of(np.array(prices), np.ones(len(prices))) is None


def test_words_that_only_some_texts_use_are_told_with_their_counts():
    faulty = [f"The battery died after {n} days, sadly" for n in range(12)]
    others = [f"Lovely sound and a nice colour, number {n}" for n in range(80)] + ["battery is fine"]
    [first, *_] = overused(faulty, others)
    assert (first.words.split()[0], first.texts, first.others <= 1) == ("battery", 12, True)
    assert overused(others[:40], others[40:]) == []


def test_chinese_words_are_told_too():
    here = ["电池坏了，充不进电"] * 10
    there = ["音质很好，喜欢"] * 60
    assert "电池" in [each.words for each in overused(here, there)]
