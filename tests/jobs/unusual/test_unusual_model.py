"""The model alone: numbers in, flags out, on series whose course is known."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from jobs.unusual.detection import PACES, Kind, Values, detect, years_by_chance
from jobs.unusual.episodes import Episode, Series, find_episodes, gather_events

MONDAY = dt.date(2024, 1, 1)
WEEK = np.array([1.1, 1.0, 0.95, 1.0, 0.9, 0.9, 1.15])


def days(count: int) -> list[dt.date]:
    return [MONDAY + dt.timedelta(days=day) for day in range(count)]


def orders(series: int, count: int, level: float = 40.0, seed: int = 2) -> Values:
    draw = np.random.default_rng(seed)
    return draw.poisson(level * WEEK[np.arange(count) % 7], (series, count)).astype(float)


def told(
    values: Values, kind: Kind = "count", *, below: Values | None = None, grain: str = "day"
) -> list[Episode]:
    """The episodes of some series of one kind."""
    exposure = np.ones_like(values) if below is None else below
    step = 7 if grain == "week" else 1
    starts = [MONDAY + dt.timedelta(days=step * at) for at in range(values.shape[1])]
    series = [Series(metric="orders", kind=kind, by="place", value=str(i)) for i in range(len(values))]
    return find_episodes(detect(values, exposure, [kind] * len(values), PACES[grain]), series, starts)


@pytest.mark.parametrize(("times", "side"), [(3.0, 1), (0.0, -1)])
def test_a_day_that_is_far_off_is_told_that_evening(times: float, side: int):
    values = orders(5, 300)
    values[2, 250] = round(values[2, 250] * times)
    [episode] = told(values)
    assert (episode.series.value, episode.side) == ("2", side)
    assert episode.first == episode.last == episode.found == days(300)[250]
    assert episode.actual == values[2, 250] and not episode.is_still
    assert episode.low < 40 < episode.high and not episode.low <= episode.actual <= episode.high
    assert episode.expected == pytest.approx(40 * WEEK[250 % 7], rel=0.2)


def test_some_days_that_are_a_little_off_are_told_together():
    values = orders(4, 300)
    values[1, 280:] = np.round(values[1, 280:] * 0.7)
    [episode] = told(values)
    assert episode.series.value == "1" and episode.is_still
    assert abs((episode.first - days(300)[280]).days) <= 2
    assert 0 < (episode.found - days(300)[280]).days <= 10
    assert episode.actual == pytest.approx(0.7 * episode.expected, rel=0.1)


def test_a_level_that_stays_is_told_once_and_becomes_the_usual_one():
    values = orders(4, 500)
    values[0, 300:] = np.round(values[0, 300:] * 1.8)
    [episode] = [each for each in told(values) if each.series.value == "0" and each.side == 1]
    assert episode.first == days(500)[300] and episode.stays and not episode.is_still
    assert 20 <= episode.days <= 60


@pytest.mark.parametrize(("kind", "level"), [("count", 60.0), ("count", 0.5), ("sum", 30.0)], ids=str)
def test_quiet_series_raise_less_than_one_false_alarm_a_year(kind: Kind, level: float):
    values = orders(25, 550, level)
    if kind == "sum":
        draw = np.random.default_rng(4)
        values = np.array([[draw.lognormal(3, 0.9, int(n)).sum() for n in row] for row in values])
    years = (550 - PACES["day"].needed) / 365.25
    found = len(told(values, kind))
    assert found <= 4 * years + 4, "of all of them together; one of each would be 33"


def test_a_year_that_repeats_itself_is_not_unusual():
    at = np.arange(900)
    peak = 1 + 2.0 * np.exp(-(((at - 330) % 364 - 20) ** 2) / 60)
    values = np.random.default_rng(1).poisson(50 * WEEK[at % 7] * peak, (6, 900)).astype(float)
    found = told(values)
    first = {each.series.value for each in found if each.side == 1 and each.first < days(900)[400]}
    second = [each for each in found if each.first >= days(900)[364 + 63]]
    assert len(first) == 6 and len(second) <= 2


def test_what_is_judged_depends_on_nothing_that_comes_later():
    values = orders(6, 400)
    values[3, 320:330] *= 2
    other = values.copy()
    other[:, 350:] = 1_000.0
    kinds: list[Kind] = ["count"] * 6
    one, two = (detect(each, np.ones_like(each), kinds, PACES["day"]) for each in (values, other))
    assert np.array_equal(one.is_off[..., :350], two.is_off[..., :350])
    assert np.array_equal(one.expected[:, :350], two.expected[:, :350], equal_nan=True)
    series = [Series(metric="orders", kind="count", value=str(i)) for i in range(6)]
    early = find_episodes(one, series, days(400), 349)
    assert early == find_episodes(two, series, days(400), 349) and [e.row for e in early] == [3]


def test_a_share_is_judged_by_how_many_it_is_of():
    draw = np.random.default_rng(3)
    below = draw.poisson(60, (4, 300)).astype(float)
    below[1, 240:243] *= 4  # more tries that fail as often as ever
    above = draw.binomial(below.astype(int), 0.05).astype(float)
    above[2, 240:243] = np.round(below[2, 240:243] * 0.6)
    episode = min(told(above, "share", below=below), key=lambda each: each.chance)
    assert not any(each.series.value == "1" for each in told(above, "share", below=below))
    assert episode.series.value == "2" and (episode.first, episode.last) == (days(300)[240], days(300)[242])
    assert episode.actual == pytest.approx(0.6, abs=0.05) and episode.expected == pytest.approx(
        0.05, abs=0.03
    )


def test_rare_things_that_become_frequent_are_told_by_week():
    draw = np.random.default_rng(8)
    values = draw.poisson(0.4, (30, 104)).astype(float)
    values[7, 80:90] = draw.poisson(5, 10)
    found = told(values, grain="week")
    surest = min(found, key=lambda each: each.chance)
    assert surest.series.value == "7" and surest.first == MONDAY + dt.timedelta(weeks=80)
    assert (surest.found - surest.first).days <= 20
    assert len(found) <= 1 + 4 * 104 / 52


@pytest.mark.parametrize(
    "values",
    [
        np.zeros((3, 200)),
        np.full((3, 200), 7.0),
        np.full((2, 200), np.nan),
        -orders(3, 200),
        orders(3, 40),
        np.empty((0, 200)),
    ],
    ids=["zeros", "constant", "unknown", "negative", "short", "none"],
)
def test_poor_series_are_judged_without_a_word(values: Values):
    assert len(told(values, "sum")) <= 1


def test_a_gap_and_a_giant_are_told_and_then_forgotten():
    values = orders(3, 400)
    values[0, 200:205] = 0
    values[1, 230] = 5_000
    found = sorted(told(values), key=lambda each: each.first)
    assert [(each.series.value, each.actual) for each in found] == [("0", 0.0), ("1", 5_000.0)]
    assert found[0].days == 5 and found[1].days == 1


def test_a_series_that_begins_late_is_judged_once_it_is_known():
    values = orders(3, 400)
    values[0, :200] = np.nan
    values[0, 210] = 400  # while nothing is usual yet
    values[0, 380] = 400
    assert [(each.series.value, each.first) for each in told(values)] == [("0", days(400)[380])]


def test_passed_over_series_make_the_bound_stricter():
    values = orders(3, 200)
    kinds: list[Kind] = ["count"] * 3
    few, many = (detect(values, np.ones_like(values), kinds, PACES["day"], unseen=n) for n in (0, 500))
    assert few.share == many.share and few.is_off.sum() >= many.is_off.sum()


# ---- events -----------------------------------------------------------------------------------------------


def episode(metric: str, first: int, last: int, *, by: str = "", value: str = "", side: int = 1,
            chance: float = 1e-5, views: tuple[str, ...] = ("sales",)) -> Episode:  # fmt: skip
    calendar = days(400)
    return Episode(
        series=Series(metric=metric, kind="count", views=views, by=by, value=value),
        side=side, first=calendar[first], last=calendar[last], found=calendar[last],
        is_still=False, stays=False, actual=2.0, expected=1.0, low=0.5, high=1.5,
        chance=chance, years=years_by_chance(chance, PACES["day"]), row=0,
    )  # fmt: skip


def test_one_event_is_told_once_under_the_whole_it_belongs_to():
    part = episode("orders", 200, 203, by="country", value="Italy", chance=1e-9)
    whole, other = episode("orders", 200, 203), episode("revenue", 200, 202)
    [event] = gather_events([other, part, whole])
    assert (event.lead, event.part, event.others) == (whole, part, (other,))


def test_a_part_alone_leads_its_event():
    part = episode("orders", 200, 203, by="country", value="Italy")
    [event] = gather_events([part])
    assert event.lead == part and event.part is None and event.others == ()


@pytest.mark.parametrize(
    "second",
    [
        episode("orders", 220, 223),
        episode("tickets", 200, 203, views=("tickets",)),
        episode("revenue", 200, 290),
    ],
    ids=["another time", "another subject", "far longer"],
)
def test_what_has_nothing_to_do_with_it_is_an_event_of_its_own(second: Episode):
    assert len(gather_events([episode("orders", 200, 203), second])) == 2


def test_the_surest_event_comes_first():
    late, early = episode("orders", 300, 301, chance=1e-9), episode("orders", 200, 203)
    assert [event.lead for event in gather_events([early, late])] == [late, early]
