"""When something runs: phrases in both languages, and the next moments on the clocks of a zone."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from app.schedules.timetable import Timetable, read_timetable, upcoming

CASES = yaml.safe_load((Path(__file__).parent / "timetables.yml").read_text("utf-8"))
BERLIN = ZoneInfo("Europe/Berlin")
NEW_YORK = ZoneInfo("America/New_York")

times = st.lists(st.times().map(lambda at: at.replace(second=0, microsecond=0)), min_size=1, max_size=3)
timetables = st.one_of(
    st.builds(dict, weekdays=st.sets(st.integers(0, 6), max_size=6)),
    st.builds(dict, month_days=st.sets(st.integers(1, 31), min_size=1, max_size=4)),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["say"] or "nothing")
def test_a_phrase_is_read_or_not_understood(case: dict[str, Any]) -> None:
    found = read_timetable(case["say"])
    shown = (None, None) if found is None else (found.words(), found.words("zh"))
    assert shown == (case.get("en"), case.get("zh"))


def made(days: dict[str, set[int]], at: list[dt.time]) -> Timetable:
    return Timetable(times=tuple(sorted(set(at))), **{name: tuple(sorted(v)) for name, v in days.items()})


@given(days=timetables, at=times)
def test_what_is_shown_is_read_back_in_both_languages(days: dict[str, set[int]], at: list[dt.time]) -> None:
    timetable = made(days, at)
    assert read_timetable(timetable.words()) == timetable
    assert read_timetable(timetable.words("zh")) == timetable


@given(days=timetables, at=times, start=st.datetimes(dt.datetime(2020, 1, 1), dt.datetime(2035, 1, 1)))
def test_moments_come_in_order_and_on_the_days_that_were_said(
    days: dict[str, set[int]], at: list[dt.time], start: dt.datetime
) -> None:
    timetable, first = made(days, at), start.replace(tzinfo=dt.UTC)
    found = upcoming(timetable, first, dt.UTC, 20)
    assert all(before < after for before, after in pairwise([first, *found]))
    for moment in found:
        assert moment.time() in timetable.times
        assert not timetable.weekdays or moment.weekday() in timetable.weekdays
        is_last = (moment + dt.timedelta(days=1)).day == 1
        assert not timetable.month_days or moment.day in timetable.month_days or is_last


def local(phrase: str, start: str, zone: ZoneInfo, count: int = 3) -> list[str]:
    timetable = read_timetable(phrase)
    assert timetable is not None
    moment = dt.datetime.fromisoformat(start).replace(tzinfo=zone)
    return [each.astimezone(zone).isoformat() for each in upcoming(timetable, moment, zone, count)]


def test_on_the_night_without_an_hour_a_run_is_later_and_not_lost() -> None:
    assert local("day at 02:30", "2026-03-28 00:00", BERLIN) == [
        "2026-03-28T02:30:00+01:00", "2026-03-29T03:30:00+02:00", "2026-03-30T02:30:00+02:00"
    ]  # fmt: skip
    two = local("day at 02:30 and 03:30", "2026-03-29 00:00", BERLIN, 2)
    assert two == ["2026-03-29T03:30:00+02:00", "2026-03-30T02:30:00+02:00"], "one moment is one run"


def test_on_the_night_with_an_hour_twice_a_run_is_not_doubled() -> None:
    assert local("day at 01:30", "2026-10-31 12:00", NEW_YORK) == [
        "2026-11-01T01:30:00-04:00", "2026-11-02T01:30:00-05:00", "2026-11-03T01:30:00-05:00"
    ]  # fmt: skip
    assert local("day at 02:30", "2026-10-25 02:30", BERLIN, 1) == ["2026-10-26T02:30:00+01:00"]


def test_a_short_month_has_its_last_day_for_those_it_lacks() -> None:
    ends = local("month on the 30th at 09:00", "2028-01-31 00:00", BERLIN)
    assert [end[:10] for end in ends] == ["2028-02-29", "2028-03-30", "2028-04-30"]
    both = local("month on the 30th and 31st 09:00", "2027-02-01 00:00", BERLIN, 2)
    assert [end[:10] for end in both] == ["2027-02-28", "2027-03-30"], "one day is one run"


def test_without_a_zone_the_clocks_of_this_computer_count() -> None:
    timetable = read_timetable("day at 07:00")
    assert timetable is not None
    [moment] = upcoming(timetable, dt.datetime(2026, 6, 1, tzinfo=dt.UTC), None, 1)
    assert moment.astimezone().time() == dt.time(7)
