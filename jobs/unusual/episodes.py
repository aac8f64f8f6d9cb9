"""From flags to what happened: episodes with a first and a last day, and the events that they are parts of.

Pure. An episode is one series' stretch of periods on one side of what was expected; an event is the same
thing seen in several series.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from jobs.unusual.detection import (
    NORMAL_95,
    Detection,
    Kind,
    Values,
    drift_of,
    highest_run,
    years_by_chance,
)

LEAST_CHANGE = 0.1
"""Share of what was expected below which a difference is not worth telling, however sure it is."""
IN_COMMON = 0.5
"""Share of the shorter of two episodes that they must have in common to be one event."""
APART_DAYS = 7
"""Days that two episodes of one event may differ by in length, where most of the longer is not in common."""


@dataclass(frozen=True, kw_only=True)
class Series:
    """What one series is of."""

    metric: str
    kind: Kind
    unit: str = ""
    views: tuple[str, ...] = ()
    by: str = ""
    """The column that it is a part by; empty for the whole."""
    value: str = ""

    @property
    def key(self) -> tuple[str, str, str]:
        """Names it among all series."""
        return self.metric, self.by, self.value

    @property
    def adds_up(self) -> bool:
        """Whether it is a sum or a count."""
        return self.kind in ("count", "sum")


@dataclass(frozen=True, kw_only=True)
class Episode:
    """A series off its course. Figures are of all its periods together: a sum, or a rate."""

    series: Series
    side: int
    """1 above what was expected, -1 below."""
    first: dt.date
    last: dt.date
    """Last day, inclusive."""
    found: dt.date
    """The day at whose end it could be told."""
    is_still: bool
    """Whether it went on to the end of what was looked at."""
    stays: bool
    """Whether the level afterwards stayed near where it led."""
    actual: float
    expected: float
    low: float
    high: float
    """Ends of what 95 of 100 such stretches lie between."""
    chance: float
    years: int
    """Whole years in which chance alone does as much once in one series; at most 100."""
    row: int
    """Place of the series in its detection."""

    def days_shared(self, other: Episode) -> int:
        """Days that both cover."""
        return max(0, (min(self.last, other.last) - max(self.first, other.first)).days + 1)

    @property
    def days(self) -> int:
        """Days that it covers."""
        return (self.last - self.first).days + 1

    def is_same(self, other: Episode) -> bool:
        """Whether it is the other at another time of telling."""
        return self.series.key == other.series.key and self.side == other.side and self.days_shared(other) > 0


@dataclass(frozen=True, kw_only=True)
class Event:
    """One thing that happened, in all series where it was seen."""

    lead: Episode
    """The whole of the metric in which it is surest, where that moved too; else the surest part."""
    part: Episode | None
    """The surest part of that metric, where ``lead`` is its whole."""
    others: tuple[Episode, ...]
    """Where else it was seen, the surest first."""

    @property
    def all(self) -> tuple[Episode, ...]:
        """Every episode of it."""
        return (self.lead, *([self.part] if self.part else []), *self.others)

    @property
    def chance(self) -> float:
        """Of its surest episode."""
        return min(each.chance for each in self.all)


def find_episodes(
    detection: Detection, series: Sequence[Series], starts: Sequence[dt.date], upto: int | None = None
) -> list[Episode]:
    """The episodes as they stood at the end of a period.

    Args:
        series: of each row.
        starts: first day of each period.
        upto: that period; ``None`` for the last. Nothing later is looked at.
    """
    end = detection.counts.shape[1] - 1 if upto is None else upto
    found = []
    for side, sign in enumerate((1, -1)):
        for row in map(int, np.flatnonzero(detection.is_off[side, :, : end + 1].any(axis=1))):
            flagged = np.flatnonzero(detection.is_off[side, row, : end + 1])
            for run in np.split(flagged, np.flatnonzero(np.diff(flagged) > detection.pace.gap + 1) + 1):
                episode = _episode(detection, series[row], starts, row, sign, run, end)
                if episode is not None:
                    found.append(episode)
    return found


def _episode(
    detection: Detection,
    series: Series,
    starts: Sequence[dt.date],
    row: int,
    sign: int,
    run: np.ndarray[tuple[int], np.dtype[np.int64]],
    end: int,
) -> Episode | None:
    pace, side = detection.pace, 0 if sign == 1 else 1
    begin = max(pace.warm_up, int(run[0] - detection.reach[side, row, run[0]] + 1))
    noise = detection.noise[0, row, run[0]]
    score = np.nan_to_num(sign * detection.off[row] / (np.sqrt(detection.size[row]) * noise))
    drift = drift_of(score[begin : run[0] + 1])
    first, last = highest_run(score[begin : run[-1] + 1] - drift)
    first, last = begin + first, begin + last
    here = slice(first, last + 1)
    below = 1.0 if series.adds_up else float(np.nansum(detection.exposure[row, here]))
    actual = float(np.nansum(detection.counts[row, here])) / below
    expected = float(np.nansum(detection.expected[row, here])) / below
    if abs(actual - expected) < LEAST_CHANGE * abs(expected):
        return None
    window = max(i for i, length in enumerate(pace.windows) if length <= last - first + 1)
    wide = NORMAL_95 * float(detection.noise[window, row, run[0]])
    half = wide * float(np.sqrt(np.nansum(detection.size[row, here]))) / below
    low = expected - half
    is_positive = not (detection.counts[row] < 0).any()
    chance = float(detection.chance[side, row, run].min())
    length = starts[1] - starts[0]
    return Episode(
        series=series,
        side=sign,
        first=starts[first],
        last=starts[last] + length - dt.timedelta(days=1),
        found=starts[int(run[0])] + length - dt.timedelta(days=1),
        is_still=last == end,
        stays=_stays(detection, row, sign, first, last, end),
        actual=actual,
        expected=expected,
        low=max(low, 0.0) if is_positive else low,
        high=expected + half,
        chance=chance,
        years=years_by_chance(chance, pace),
        row=row,
    )


def _stays(detection: Detection, row: int, sign: int, first: int, last: int, end: int) -> bool:
    """Whether a long episode ended because its level became the usual one."""
    pace = detection.pace
    if last - first + 1 < max(pace.windows) or end - last < pace.block:
        return False
    here, after = slice(first, last + 1), slice(last + 1, min(end, last + pace.warm_up) + 1)

    def rate(values: Values, when: slice) -> float:
        return float(np.nansum(values[row, when]) / max(np.nansum(detection.exposure[row, when]), 1e-12))

    usual, then = rate(detection.expected, here), rate(detection.counts, here)
    return sign * (rate(detection.counts, after) - usual) > 0.5 * sign * (then - usual)


# ---- events -----------------------------------------------------------------------------------------------


def gather_events(episodes: Sequence[Episode]) -> list[Event]:
    """The events that these episodes are parts of, the surest first; each episode is in one of them."""
    left = sorted(episodes, key=_surest_first)
    events = []
    while left:
        group, left = [left[0]], left[1:]
        grown = True
        while grown:
            joined = [each for each in left if any(_belongs(each, other) for other in group)]
            left = [each for each in left if each not in joined]
            group += joined
            grown = bool(joined)
        events.append(_event(group))
    return events


def _surest_first(episode: Episode) -> tuple[float, bool, float, tuple[str, str, str]]:
    """By chance; of equals wholes before parts, and what moved most before what moved less."""
    move = abs(episode.actual - episode.expected) / max(abs(episode.expected), 1e-9)
    return episode.chance, episode.series.by != "", -move, episode.series.key


def _belongs(one: Episode, other: Episode) -> bool:
    """Whether two episodes are the same event: at the same time, and of things that have to do together."""
    shared, shorter = one.days_shared(other), min(one.days, other.days)
    if shared < IN_COMMON * shorter:
        return False
    if one.series.metric == other.series.metric and one.side == other.side:
        return True
    longer = max(one.days, other.days)
    is_alike = longer - shared <= APART_DAYS or shared >= IN_COMMON * longer
    is_same_part = bool(one.series.by) and one.series.key[1:] == other.series.key[1:]
    return is_alike and (is_same_part or bool(set(one.series.views) & set(other.series.views)))


def _event(group: Sequence[Episode]) -> Event:
    ordered = sorted(group, key=_surest_first)
    surest = ordered[0]
    same = [e for e in ordered if e.series.metric == surest.series.metric and e.side == surest.side]
    lead = next((e for e in same if not e.series.by and e.days_shared(surest)), surest)
    parts = [e for e in same if e.series.by and e.days_shared(lead)]
    part = parts[0] if parts and lead not in parts else None
    told = (lead, part)
    return Event(lead=lead, part=part, others=tuple(e for e in ordered if e not in told))
