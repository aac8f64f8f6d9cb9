"""What moved beyond chance, of all figures and their parts together; by the chances of ``jobs.why``.

A whole is held against what it was, and against its own earlier changes; a part against what it would be had
it moved with the rest. One bound on false findings holds for all of them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from jobs.unusual.detection import NORMAL_95
from jobs.unusual.episodes import LEAST_CHANGE
from jobs.why.carriers import MOST_TESTED, Finding, Parting
from jobs.why.chance import (
    LEAST_PAIRS,
    UNKNOWN,
    Moved,
    chances,
    moderated,
    moved_apart,
    moved_since,
    standing_out,
    widening,
)
from jobs.why.contributions import Amounts, Values
from jobs.why.parts import Column, Split

LEAST_EFFECT = 0.02
"""Share of its whole that a part must be, and that it must have moved by, to be told."""
OWN = 0.5
"""Share of it that must be the part's own change: else it is the others that moved."""
LEAST_SCORE = 3.0
"""Times the noise of its rows that a part must have moved by, so that its past is read at all: of so many,
no less could be told."""


@dataclass(frozen=True, kw_only=True)
class Move:
    """A figure, or a part of one, that moved."""

    finding: Finding
    split: Split | None
    """``None`` of a whole."""
    place: int
    now: float
    before: float
    expected: float
    half: float
    """Half of what 95 of 100 lie in around what was expected."""
    by: float
    spread: float
    """Times the noise of its rows that chance moves it by, squared."""
    chance: float
    least: float
    """The least that it moved by, in 95 of 100, as a share of the whole."""

    @property
    def metric(self) -> str:
        """Its name."""
        return self.finding.reader.figure.metric.name

    @property
    def views(self) -> frozenset[str]:
        """Those that it is read of."""
        return frozenset(self.finding.reader.figure.views)

    @property
    def part(self) -> tuple[str, object] | None:
        """Column and value; ``None`` of a whole."""
        return (self.split.column.name, self.split.values[self.place]) if self.split is not None else None


@dataclass(kw_only=True)
class Looked:
    """How much was looked at."""

    figures: int = 0
    series: int = 0
    columns: set[str] = field(default_factory=set)
    passed_over: set[str] = field(default_factory=set)
    """Figures that time ran out for."""


@dataclass(frozen=True, kw_only=True)
class _Tried:
    finding: Finding
    split: Split | None
    places: list[int]
    moved: Moved
    effects: Values
    """Shares of the whole."""
    wide: Values | None
    """Of these, then of some others; ``None`` where the past is not known."""
    untested: int


def find_moves(
    findings: Sequence[Finding], columns: Callable[[Finding], Sequence[Column]], until: float
) -> tuple[list[Move], Looked]:
    """What moved beyond chance, that which moved most first, and how much was looked at.

    Args:
        findings: of each figure; those that matter most first.
        columns: what a figure can be split by.
        until: second of the monotonic clock after which no further column is looked at.
    """
    looked = Looked(figures=len(findings))
    tried = [[_whole(finding)] for finding in findings]
    seen: list[set[Parting]] = [set() for _ in findings]
    for place, column in _in_turn([columns(finding) for finding in findings]):
        finding = findings[place]
        if time.monotonic() > until:
            looked.passed_over.add(finding.reader.figure.metric.name)
            continue
        for split in finding.splits([column], seen[place]):
            looked.columns.add(split.column.name)
            tried[place].append(_parts(finding, split))
    looked.series = sum(len(each.places) + each.untested for own in tried for each in own)
    return _beyond_chance(tried), looked


def _in_turn(columns: Sequence[Sequence[Column]]) -> Iterator[tuple[int, Column]]:
    """The first column of each figure, then the second of each: what time runs out for is the last of all."""
    for rank in range(max(map(len, columns), default=0)):
        for place, own in enumerate(columns):
            if rank < len(own):
                yield place, own[rank]


def _whole(finding: Finding) -> _Tried:
    """The figure as a whole; not tested where earlier changes were as large."""
    base, now = finding.wholes
    moved = moved_since(base, now, is_rate=finding.is_rate, longer=_longer(finding))
    effects = np.nan_to_num(np.abs(moved.by)) / _size(finding)
    is_worth = not finding.is_usual and float(effects[0]) >= LEAST_EFFECT
    wide = None
    if is_worth and finding.past is not None and finding.pairs >= LEAST_PAIRS:
        pairs = finding.pace.of_all(finding.past[0])
        earlier = moved_since(*pairs, is_rate=finding.is_rate).scores
        wide = widening(earlier[None, :], finding.pairs)
    places = [0] if is_worth else []
    return _Tried(
        finding=finding, split=None, places=places, moved=moved, effects=effects, wide=wide,
        untested=1 - len(places),
    )  # fmt: skip


def _parts(finding: Finding, split: Split) -> _Tried:
    """The parts of a column that moved apart from the rest by much, and by more than the noise of rows."""

    def apart(base: Amounts, now: Amounts, then: Amounts, later: Amounts) -> Moved:
        return moved_apart(base, now, then, later, is_rate=finding.is_rate)

    moved = apart(split.base, split.now, *finding.wholes)
    by = np.nan_to_num(np.abs(moved.by))
    values = split.now.rates if finding.is_rate else split.now.above
    expected = np.abs(np.nan_to_num(values - moved.by))
    weight = split.now.below / max(float(split.now.below.sum()), 1e-12) if finding.is_rate else 1.0
    effects = np.asarray(by * weight / _size(finding))
    is_large = finding.sizes(split) >= 2 * LEAST_EFFECT * _size(finding)
    is_large &= np.array([value is not None for value in split.values])
    is_worth = is_large & (effects >= LEAST_EFFECT) & (by >= LEAST_CHANGE * expected)
    own = np.nan_to_num(
        moved_since(split.base, split.now, is_rate=finding.is_rate, longer=_longer(finding)).by
    )
    is_worth &= own * np.sign(np.nan_to_num(moved.by)) >= OWN * by
    is_worth &= np.abs(moved.scores) >= (LEAST_SCORE if finding.reader.knows_noise else 0.0)
    places = sorted(map(int, np.flatnonzero(is_worth)), key=lambda place: -effects[place])[:MOST_TESTED]
    wide = None
    if places:
        wide = finding.wide(split, finding.beside(split, places), lambda *each: apart(*each).scores)
    untested = int(is_large.sum()) - len(places)
    return _Tried(
        finding=finding, split=split, places=places, moved=moved, effects=effects, wide=wide,
        untested=untested,
    )  # fmt: skip


def _beyond_chance(tried: Sequence[Sequence[_Tried]]) -> list[Move]:
    flat: list[_Tried] = []
    found: list[Values] = []
    spreads: list[Values] = []
    for own in tried:
        parts = [each.wide for each in own if each.split is not None and each.wide is not None]
        others = np.concatenate(parts or [np.ones(1)])
        for each in own:
            finding, scores = each.finding, each.moved.scores[each.places]
            wide = None if each.wide is None else each.wide[: len(each.places)]
            beside = others if each.split is not None or wide is None or not len(wide) else wide
            is_known = finding.reader.knows_noise
            flat.append(each)
            found.append(chances(scores, wide, beside, finding.pairs, is_known=is_known))
            spreads.append(
                np.full(len(scores), UNKNOWN)
                if wide is None
                else moderated(wide, beside, finding.pairs, is_known=is_known)
            )
    told = standing_out(found, sum(each.untested for each in flat))
    moves = [
        _move(each, place, float(spread[at]), float(chance[at]))
        for each, is_out, chance, spread in zip(flat, told, found, spreads, strict=True)
        for at, place in enumerate(each.places)
        if is_out[at]
    ]
    return sorted(moves, key=lambda move: -move.least)


def _move(tried: _Tried, place: int, spread: float, chance: float) -> Move:
    finding, split = tried.finding, tried.split
    base, now = finding.wholes if split is None else (split.base, split.now)
    then, later = (
        float(np.nan_to_num(each.rates if finding.is_rate else each.above)[place]) for each in (base, now)
    )
    by = float(np.nan_to_num(tried.moved.by)[place])
    half = NORMAL_95 * float((spread * np.nan_to_num(tried.moved.noise)[place]) ** 0.5)
    least = float(tried.effects[place]) * max(0.0, 1 - half / abs(by)) if by else 0.0
    return Move(
        finding=finding,
        split=split,
        place=place,
        now=later,
        before=then,
        expected=later - by,
        half=half,
        by=by,
        spread=spread,
        chance=chance,
        least=least,
    )


def _longer(finding: Finding) -> float:
    base, asked = finding.stretches
    return asked.days / base.days


def _size(finding: Finding) -> float:
    """The whole, in the middle of both stretches; effects are shares of it."""
    values = [np.abs(np.nan_to_num(w.rates if finding.is_rate else w.above))[0] for w in finding.wholes]
    return max(float(sum(values)) / 2, 1e-12)
