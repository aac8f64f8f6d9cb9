"""Moves that are one event, told once however many figures and columns show it.

The same part of two figures is one event, and so are two figures that always go together. Of two moves of
one view it is read whether the second is still there without the part that the first is of.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from jobs.changes.moves import Move
from jobs.series import known_value
from jobs.why.carriers import NOTABLE
from jobs.why.chance import moved_apart, moved_since
from jobs.why.parts import UNREADABLE, PartsReader
from sql.statement.sentence import Among, Condition, Empty, Name

MOST_GATHERED = 40
"""Moves that are told apart; what is behind them moved less than all of these."""
TOGETHER = 0.7
"""Correlation of their earlier steps from which on two wholes go together."""
LEAST_PERIODS = 12
LEFT = 0.5
"""Share of a move that must be left without the other part, to be an event of its own."""


@dataclass(frozen=True, kw_only=True)
class Event:
    """What moved most, and where else it shows."""

    lead: Move
    others: tuple[Move, ...]


def gather(moves: Sequence[Move]) -> list[Event]:
    """The events, in the order of what moved most in each."""
    groups: list[list[Move]] = []
    for move in moves[:MOST_GATHERED]:
        group = next((group for group in groups if _is_of(move, group)), None)
        if group is None:
            groups.append([move])
        else:
            group.append(move)
    return [Event(lead=group[0], others=tuple(group[1:])) for group in groups]


def _is_of(move: Move, group: Sequence[Move]) -> bool:
    if move.part is not None and any(each.part == move.part for each in group):
        return True
    if move.part is None and any(each.part is None and _go_together(each, move) for each in group):
        return True
    near = next((each for each in group if each.views & move.views), None)
    if near is None:
        return False
    if near.part is None and move.part is None:
        return True
    part, whole = (near, move) if near.part is not None else (move, near)
    return not _stays(whole, part)


def _go_together(one: Move, other: Move) -> bool:
    """Whether two wholes moved as they always do: by their past the one goes where the other goes."""
    pasts = [each.finding.past for each in (one, other)]
    rows = [
        past[0].rates if each.finding.is_rate else past[0].above
        for past, each in zip(pasts, (one, other), strict=True)
        if past is not None
    ]
    periods = min(map(len, rows), default=0)
    if len(rows) < 2 or periods < LEAST_PERIODS:
        return False
    first, second = (np.diff(np.nan_to_num(row[-periods:])) for row in rows)
    if not (first.std() and second.std()):
        return False
    return bool(np.corrcoef(first, second)[0, 1] * np.sign(one.by * other.by) >= TOGETHER)


def _stays(move: Move, without: Move) -> bool:
    """Whether a move is there without the part that another is of; not where that cannot be read."""
    condition = _left_out(without)
    if condition is None:
        return False
    old = move.finding.reader
    reader = PartsReader(
        old.request, old.tools, old.figure, (*old.only, condition), beside=old.beside, kept=old.kept
    )
    base, asked = move.finding.stretches
    try:
        wholes = reader.whole(base)[0], reader.whole(asked)[0]
    except UNREADABLE:
        return False
    is_rate = old.figure.is_rate
    if move.split is None:
        moved, place = moved_since(*wholes, is_rate=is_rate, longer=asked.days / base.days), 0
    else:
        split = reader.split(move.split.column, base, asked, wholes)
        value = move.split.values[move.place]
        if split is None or value not in split.values:
            return False
        moved, place = moved_apart(split.base, split.now, *wholes, is_rate=is_rate), split.values.index(value)
    left = float(np.nan_to_num(moved.by)[place]) / move.by
    return left >= LEFT and abs(float(moved.scores[place])) >= NOTABLE * move.spread**0.5


def _left_out(move: Move) -> Condition | None:
    """All rows but those of a part; ``None`` where no condition says so."""
    if move.split is None or not isinstance(dim := move.split.column.dim, Name):
        return None
    value = move.split.values[move.place]
    if value is None:
        return Empty(dim, is_not=True)
    return Among(dim, (known_value(value),), is_not=True)
