"""What the watch finds and what it cries wolf about, beside a plain rule; called by ``bench.jobs``.

Anomalies of stated sizes and lengths are put into the real weekly sales of 45 stores, one at a time in each
store, at random weeks after the first 73; the same stores untouched tell the false alarms. All was tuned on
the stores with odd numbers; figures are of the even ones. The plain rule: a week is unusual where its
difference from the week 52 before is more than three standard deviations from the mean of the past ones.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from jobs.forecast.history import History
from jobs.unusual.detection import PACES, Kind, Values, detect
from jobs.unusual.episodes import Episode, Series, find_episodes

SIZES = (-0.5, -0.3, -0.2, 0.2, 0.3, 0.5)
LENGTHS = (1, 2, 4)
"""Weeks."""
REPEATS = 4
LATE = 73
"""The first week that is scored: the plain rule needs a year and twenty differences before it."""
WEEK = dt.timedelta(days=7)

Alarm = tuple[int, int, int, int]
"""Row, side, the week in which it was raised, and the first week that it is about."""


@dataclass(frozen=True, kw_only=True)
class Recall:
    """How many of the anomalies of one size and length were found."""

    method: str
    size: float
    weeks: int
    put_in: int
    found: int
    late: float
    """Mean weeks from the end of its first week to the alarm, of those found."""


@dataclass(frozen=True, kw_only=True)
class FalseAlarms:
    """Alarms on series that nothing was done to."""

    data: str
    method: str
    series: int
    years: float
    """Watched, of each series."""
    alarms: int

    @property
    def a_year(self) -> float:
        """Of one series."""
        return self.alarms / (self.series * self.years)


def ours(values: Values, starts: Sequence[dt.date], kind: Kind = "sum", grain: str = "week") -> list[Alarm]:
    """Every episode of the watch."""
    series = [Series(metric="sales", kind=kind, by="store", value=str(i)) for i in range(len(values))]
    first = starts[0].weekday() if grain == "day" else 0
    found = detect(values, np.ones_like(values), [kind] * len(values), PACES[grain], first=first)
    return [_alarm(each, starts) for each in find_episodes(found, series, starts)]


def _alarm(episode: Episode, starts: Sequence[dt.date]) -> Alarm:
    length = (starts[1] - starts[0]).days
    place = {start: at for at, start in enumerate(starts)}
    raised = place[episode.found - dt.timedelta(days=length - 1)]
    return episode.row, episode.side, raised, place[episode.first]


def plain_rule(values: Values, starts: Sequence[dt.date]) -> list[Alarm]:
    """Three sigma on differences from the season before; weeks in a row on one side are one alarm."""
    alarms: list[Alarm] = []
    change = values[:, 52:] - values[:, :-52]
    for row, changes in enumerate(change):
        last: dict[int, int] = {}
        for at in range(20, len(changes)):
            past = changes[:at]
            off = changes[at] - past.mean()
            if abs(off) > 3 * past.std():
                side = 1 if off > 0 else -1
                if last.get(side) != at - 1:
                    alarms.append((row, side, at + 52, at + 52))
                last[side] = at
    return alarms


Method = Callable[[Values, Sequence[dt.date]], list[Alarm]]
METHODS: dict[str, Method] = {"ours": ours, "3 sigma": plain_rule}


def of_parity(history: History, parity: int) -> tuple[Values, list[dt.date]]:
    """The stores whose numbers leave that remainder when halved."""
    kept = [i for i, name in enumerate(history.names) if int(name) % 2 == parity]
    return history.values[kept], [start.date() for start in history.starts]


def measure_recall(values: Values, starts: Sequence[dt.date]) -> list[Recall]:
    """One anomaly in each store at a time, for each size, length and repeat."""
    draw = np.random.default_rng(7)
    found = []
    for size in SIZES:
        for weeks in LENGTHS:
            hits: dict[str, list[int]] = {name: [] for name in METHODS}
            for _ in range(REPEATS):
                first = draw.integers(LATE, values.shape[1] - weeks + 1, len(values))
                changed = values.copy()
                for row, week in enumerate(first):
                    changed[row, week : week + weeks] *= 1 + size
                for name, method in METHODS.items():
                    hits[name] += _hits(method(changed, starts), first, weeks, 1 if size > 0 else -1)
            for name, late in hits.items():
                found.append(
                    Recall(
                        method=name,
                        size=size,
                        weeks=weeks,
                        put_in=REPEATS * len(values),
                        found=len(late),
                        late=float(np.mean(late)) if late else float("nan"),
                    )
                )
    return found


def _hits(alarms: Sequence[Alarm], first: Sequence[int], weeks: int, side: int) -> list[int]:
    """Weeks that each anomaly took to be found; an alarm counts if it was raised while it lasted."""
    late = []
    for row, week in enumerate(first):
        raised = [w for r, s, w, _ in alarms if (r, s) == (row, side) and week <= w < week + weeks]
        late += [min(raised) - int(week)] if raised else []
    return late


def measure_false_alarms(values: Values, starts: Sequence[dt.date]) -> list[FalseAlarms]:
    """On stores that nothing was done to, and on made-up days that nothing happens on."""
    years = (values.shape[1] - LATE) / 52.18
    found = [
        FalseAlarms(
            data="weekly_sales",
            method=name,
            series=len(values),
            years=years,
            alarms=sum(raised >= LATE for _, _, raised, _ in method(values, starts)),
        )
        for name, method in METHODS.items()
    ]
    return found + [_made_up(name, kind, days) for name, (kind, days) in quiet_days().items()]


def quiet_days(series: int = 60, days: int = 760) -> dict[str, tuple[Kind, Values]]:
    """Made-up daily series with a week and, of some, a year in them, and nothing else."""
    draw = np.random.default_rng(11)
    week = np.array([1.1, 1.0, 0.95, 1.0, 0.9, 0.9, 1.15])[np.arange(days) % 7]
    year = 1 + 0.3 * np.sin(2 * np.pi * np.arange(days) / 365.25)
    counts = draw.poisson(draw.uniform(5, 80, (series, 1)) * week)
    rare = draw.poisson(draw.uniform(0.3, 3, (series, 1)) * week)
    orders = draw.poisson(draw.uniform(10, 60, (series, 1)) * week * year)
    money = np.array([[draw.lognormal(3.5, 0.9, n).sum() for n in row] for row in orders])
    return {
        "made-up counts": ("count", counts.astype(float)),
        "made-up rare counts": ("count", rare.astype(float)),
        "made-up money with a year": ("sum", money),
    }


def _made_up(name: str, kind: Kind, values: Values) -> FalseAlarms:
    first = dt.date(2024, 1, 1)
    starts = [first + dt.timedelta(days=day) for day in range(values.shape[1])]
    alarms = ours(values, starts, kind, "day")
    years = (values.shape[1] - PACES["day"].needed) / 365.25
    return FalseAlarms(data=name, method="ours", series=len(values), years=years, alarms=len(alarms))


def show(recalls: Sequence[Recall], quiet: Sequence[FalseAlarms]) -> None:
    """Print both tables."""
    print(f"\n{'method':<10}{'size':>7}{'weeks':>7}{'put in':>8}{'found':>7}{'recall':>8}{'weeks late':>12}")
    for each in recalls:
        print(
            f"{each.method:<10}{each.size:>+7.0%}{each.weeks:>7}{each.put_in:>8}{each.found:>7}"
            f"{each.found / each.put_in:>8.1%}{each.late:>12.2f}"
        )
    print(
        f"\n{'quiet data':<28}{'method':<10}{'series':>7}{'years':>7}{'alarms':>8}{'a series and year':>19}"
    )
    for alarms in quiet:
        print(
            f"{alarms.data:<28}{alarms.method:<10}{alarms.series:>7}{alarms.years:>7.2f}{alarms.alarms:>8}"
            f"{alarms.a_year:>19.3f}"
        )
