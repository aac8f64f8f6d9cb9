"""The search for the parts that carry a change: which are held against their past, and which stand out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from jobs.why.chance import (
    LEAST_PAIRS,
    UNKNOWN,
    Pace,
    apart,
    chances,
    shifted,
    standing_out,
    usual_change,
    widening,
)
from jobs.why.contributions import Amounts, Carried, Values, carried, over
from jobs.why.held_against import Stretch
from jobs.why.parts import Column, PartsReader, Rhythm, Split
from sql.types import Table

PAST: dict[Rhythm, int] = {"day": 126, "week": 104}
"""Periods before the asked one that tell what is usual."""
SHORT_DAYS = 7
"""Days below which a stretch is held against a past of days instead of weeks."""
SHORTER = 8
"""Periods of the stretches that a past is cut into where it is too short for those that are asked about."""
MOST_TESTED = 8
"""Parts of a column that are held against their past: those that carry most."""
LEAST_PART = 0.15
"""Share of the change that a part must carry to be told."""
LEAST_EXTRA = 0.1
"""And how much more than by moving with the rest."""
NOTABLE = 2.0
"""Score below which no past is read: the least noise that a part can have is that of its rows."""
MOST_BLAMED = 3
Parting = tuple[tuple[float, float], ...]
"""What each part amounts to in both stretches, in order."""
Score = Callable[[Amounts, Amounts, Amounts, Amounts], Values]
"""Of parts before and now, and of the wholes before and now: how far each part moved apart."""


def find_in(reader: PartsReader, asked: Stretch, base: Stretch) -> Finding:
    """Read the whole of both stretches, and its past.

    Raises:
        WrongStatement, UnsafeQuery: the figure cannot be read by days, or not under these conditions.
    """
    (now, source), (then, _) = reader.whole(asked), reader.whole(base)
    rhythm: Rhythm = "day" if asked.days < SHORT_DAYS else "week"
    past = reader.past(rhythm, asked.first, PAST[rhythm])
    unit, periods = (1 if rhythm == "day" else 7), (len(past[0].above) if past is not None else 0)
    return Finding(
        reader=reader,
        wholes=(then, now),
        stretches=(base, asked),
        source=source,
        past=past,
        pace=_pace(asked, base, unit, periods),
        rhythm=rhythm,
    )


def _pace(asked: Stretch, base: Stretch, unit: int, periods: int) -> Pace:
    """How the two stretches lie in the past; shorter or nearer where the past would hold too few of them."""
    length = max(1, round(asked.days / unit))
    lag = max(1, round((asked.first - base.first).days / unit))
    whole = Pace(length=length, lag=lag)
    if whole.apart(periods) >= LEAST_PAIRS:
        return whole
    shorter = min(length, SHORTER)
    return Pace(length=shorter, lag=min(lag, shorter))


@dataclass(frozen=True, kw_only=True)
class Trial:
    """The parts of a column that are held against their past."""

    split: Split
    places: list[int]
    """Those that carry most first."""
    scores: Values
    wide: Values | None
    """Of these parts, then of some others of the column; ``None`` where the past is not known."""


@dataclass(frozen=True, kw_only=True)
class Standing:
    """A column with the parts that stand out."""

    split: Split
    places: list[int]
    """That which carries most first."""
    extra: float
    """The share of the change that they carry beyond moving with the rest."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Looks for the parts that carry a change."""

    reader: PartsReader
    wholes: tuple[Amounts, Amounts]
    """Before and now."""
    stretches: tuple[Stretch, Stretch]
    source: Table
    """Where the later whole was read."""
    past: tuple[Amounts, dt.date] | None
    """Of the whole, by periods, and the first day of the first; ``None`` where it is not known."""
    pace: Pace
    rhythm: Rhythm

    @property
    def is_rate(self) -> bool:
        """Whether the figure is one sum over another."""
        return self.reader.figure.is_rate

    @property
    def change(self) -> float:
        """Of the whole."""
        then, now = (each.rates if self.is_rate else each.above for each in self.wholes)
        return float(np.nan_to_num(now - then)[0])

    @cached_property
    def usual(self) -> tuple[float, float] | None:
        """Between what earlier changes lay; ``None`` where the past is too short to tell."""
        return usual_change(self.past[0], self.pace, is_rate=self.is_rate) if self.past is not None else None

    @property
    def is_usual(self) -> bool:
        """Whether earlier changes were as large, or chance alone makes it."""
        then, now = self.wholes
        if self.usual is not None:
            change = self.change if self.is_rate else self._change_a_day
            return change is not None and self.usual[0] <= change <= self.usual[1]
        below = (each.below**2 if self.is_rate else np.ones_like(each.below) for each in self.wholes)
        noise = sum(float(each.spread[0] / size[0]) for each, size in zip((then, now), below, strict=True))
        return self.reader.knows_noise and self.change**2 < NOTABLE**2 * UNKNOWN * noise

    @property
    def _change_a_day(self) -> float | None:
        """Of a sum, as a share of a day before: months have more days or fewer; ``None`` of nothing."""
        a_day = [float(w.above[0]) / s.days for w, s in zip(self.wholes, self.stretches, strict=True)]
        return a_day[1] / a_day[0] - 1 if a_day[0] > 0 else None

    def splits(self, columns: Sequence[Column], seen: set[Parting] | None = None) -> list[Split]:
        """By each column that parts the whole, each way of parting it once.

        Args:
            seen: ways of parting it that were seen already; those that are found are added.
        """
        found: list[Split] = []
        seen = set() if seen is None else seen
        for column in columns:
            split = self.reader.split(column, *self.stretches, self.wholes)
            if split is None:
                continue
            parts = tuple(sorted(zip(split.base.above.tolist(), split.now.above.tolist(), strict=True)))
            if parts not in seen:
                seen.add(parts)
                found.append(split)
        return found

    def stand_out(self, splits: Sequence[Split]) -> list[Standing]:
        """Columns with the parts that carry the change beyond chance; where few carry most comes first."""
        tried = [trial for trial in map(self._tried, splits) if trial.places]
        others = np.concatenate([trial.wide for trial in tried if trial.wide is not None] or [np.ones(1)])
        pairs = self.pairs
        found = [
            chances(
                trial.scores,
                None if trial.wide is None else trial.wide[: len(trial.places)],
                others,
                pairs,
                is_known=self.reader.knows_noise,
            )
            for trial in tried
        ]
        tested = sum(len(trial.places) for trial in tried)
        told = standing_out(found, sum(self._large_enough(split) for split in splits) - tested)
        ranked: list[Standing] = []
        for trial, is_told in zip(tried, told, strict=True):
            kept = [place for place, is_out in zip(trial.places, is_told, strict=True) if is_out][
                :MOST_BLAMED
            ]
            if kept:
                parts = self._carried(trial.split)
                extra = float((parts.change[kept] / self.change - parts.even[kept]).sum())
                ranked.append(Standing(split=trial.split, places=kept, extra=extra))
        return sorted(ranked, key=lambda each: -each.extra)

    def most_uneven(self, splits: Sequence[Split]) -> list[Standing]:
        """The column of which a part carries most beyond moving with the rest, by chance or not."""
        if not splits:
            return []
        extras = []
        for split in splits:
            parts = self._carried(split)
            extras.append(float((parts.change / self.change - parts.even).max()))
        best = int(np.argmax(extras))
        return [Standing(split=splits[best], places=[], extra=extras[best])]

    @property
    def pairs(self) -> float:
        """Earlier pairs that share no period; 0 where the past is not known."""
        return self.pace.apart(len(self.past[0].above)) if self.past is not None else 0.0

    def _carried(self, split: Split) -> Carried:
        return carried(split.base, split.now, is_rate=self.is_rate)

    def sizes(self, split: Split) -> Values:
        """The most that each part could carry whichever way it went: what it is in both stretches."""
        if not self.is_rate:
            return np.asarray(np.abs(split.base.above) + np.abs(split.now.above))
        middle = sum(float(np.nan_to_num(whole.rates)[0]) for whole in self.wholes) / 2
        sizes = [
            np.nan_to_num(
                over(np.abs(part.above) + middle * part.below, np.full_like(part.below, whole.below[0]))
            )
            for part, whole in zip((split.base, split.now), self.wholes, strict=True)
        ]
        return np.asarray(sizes[0] + sizes[1])

    def _large_enough(self, split: Split) -> int:
        """How many parts are large enough to carry what is told."""
        return int((self.sizes(split) >= LEAST_PART * abs(self.change)).sum())

    def _tried(self, split: Split) -> Trial:
        """Parts that carry much, more than by moving with the rest, and more than their rows' noise."""
        parts = self._carried(split)
        part = parts.change / self.change
        scores = self._scores(split.base, split.now, parts, *self.wholes)
        is_worth = (part >= LEAST_PART) & (part - parts.even >= LEAST_EXTRA)
        is_worth &= self.sizes(split) >= LEAST_PART * abs(self.change)
        if self.reader.knows_noise:
            is_worth &= np.abs(scores) >= NOTABLE
        if split.has_rest:
            is_worth[-1] = False
        places = sorted(map(int, np.flatnonzero(is_worth)), key=lambda place: -part[place])[:MOST_TESTED]
        if not places:
            return Trial(split=split, places=[], scores=np.zeros(0), wide=None)
        with_others = self.beside(split, places)
        carried = parts.at(with_others)
        wide = self.wide(
            split, with_others, lambda base, now, *wholes: self._scores(base, now, carried, *wholes)
        )
        return Trial(split=split, places=places, scores=scores[places], wide=wide)

    def beside(self, split: Split, places: list[int]) -> list[int]:
        """These parts, then the largest others, whose past tells how wide such parts go."""
        told = len(split.values) - int(split.has_rest)
        largest = map(int, np.argsort(-self.sizes(split)[:told], kind="stable"))
        others = [place for place in largest if place not in places]
        return [*places, *others[: max(0, MOST_TESTED - len(places))]]

    def wide(self, split: Split, places: list[int], score: Score) -> Values | None:
        """How widely the scores of earlier pairs were spread; ``None`` where the past is not known."""
        if self.past is None or self.pairs < LEAST_PAIRS:
            return None
        whole, first = self.past
        past = self.reader.past_of(split, places, self.rhythm, first, len(whole.above))
        if past is None:
            return None
        pairs, wholes = self.pace.of_all(past), self.pace.of_all(whole)
        return widening(score(*pairs, *wholes), self.pairs)

    def _scores(self, base: Amounts, now: Amounts, parts: Carried, then: Amounts, later: Amounts) -> Values:
        """Of a rate's part the larger score of what it does much by: its own rate, its share, or both."""
        scores = apart(base, now, then, later, is_rate=self.is_rate)
        if not self.is_rate:
            return scores
        by_share = shifted(base, now, then, later)
        is_own, is_mix = (np.abs(each) >= np.abs(parts.change) / 3 for each in (parts.own, parts.mix))
        larger = np.where(np.abs(by_share) > np.abs(scores), by_share, scores)
        return np.where(is_own & is_mix, larger, np.where(is_own, scores, by_share))
