"""Texts → remarks: what each clause says of which aspect, with a sign and where it stands.

A question and a wish are no complaint. Of several aspects in one clause those that stand nearest to a word of
praise or complaint have the sign; where none has, all of them have the clause's. A clause that says nothing
of either kind takes the sign of the one beside it in its sentence, if no contrast stands between.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from retrieval.opinion_mining.aspects import Aspects
from retrieval.opinion_mining.clauses import Clause, clauses
from retrieval.opinion_mining.opinions import GOOD, POOR, features, opinion_places, tokens
from retrieval.opinion_mining.sentiment import Sentiment

OVERRULED = 3.0
"""Log-odds from which the classifier counts for more than words of praise and complaint that say otherwise.
"""
FEW = 3
"""Words and marks below which a clause without such a word says neither, whatever is mostly said of its
topic.
"""
REACH = 6
"""Words between a word of praise or complaint and what it is said of, at most."""


@dataclass(frozen=True, kw_only=True)
class Read:
    """A clause as it was read."""

    clause: Clause
    words: tuple[str, ...]
    """Words and marks, in lower case."""
    polarity: int
    """-1 complaint, 0 neither, 1 praise."""
    confidence: float
    """That the sign is right, from 0.5 to 1."""


@dataclass(frozen=True, kw_only=True)
class Remark:
    """What one clause says of one aspect."""

    aspect: str
    start: int
    end: int
    """Of the clause in its text, exclusive."""
    polarity: int
    confidence: float


def read(text: str, sentiment: Sentiment) -> list[Read]:
    """The clauses of a text with their signs."""
    found = [_read(clause, sentiment) for clause in clauses(text)]
    return [_with_neighbour(found, place) for place in range(len(found))]


def _read(clause: Clause, sentiment: Sentiment) -> Read:
    known = features(clause.text)
    score = sentiment.score(known)
    opinions = known.count(GOOD) - known.count(POOR)
    has_words = GOOD in known or POOR in known
    says = clause.mood == "says" and bool(known)
    words = tuple(tokens(clause.text))
    if not says or (not has_words and (abs(score) < sentiment.band or len(words) < FEW)):
        polarity = 0
    elif opinions and (opinions > 0) != (score > 0) and abs(score) < OVERRULED:
        polarity = 1 if opinions > 0 else -1
    else:
        polarity = 1 if score > 0 else -1
    return Read(
        clause=clause,
        words=words,
        polarity=polarity,
        confidence=1 / (1 + math.exp(-min(abs(score), 30.0))),
    )


def _with_neighbour(found: Sequence[Read], place: int) -> Read:
    """A clause without a sign, with that of the clause before it in its sentence, else after it."""
    own = found[place]
    if own.polarity or own.clause.mood != "says":
        return own
    for beside, turn in ((place - 1, place), (place + 1, place + 1)):
        if 0 <= beside < len(found) and turn < len(found):
            other, second = found[beside], found[turn]
            is_near = other.clause.sentence == own.clause.sentence and not second.clause.turns
            if is_near and other.polarity:
                return Read(
                    clause=own.clause,
                    words=own.words,
                    polarity=other.polarity,
                    confidence=max(0.5, other.confidence - 0.2),
                )
    return own


def remarks(clauses_read: Sequence[Read], aspects: Aspects) -> list[Remark]:
    """What the clauses of one text say of the aspects that they name, in order."""
    found = []
    for each in clauses_read:
        places = aspects.found(each.words)
        signed = _signed(each, places) if each.polarity else set()
        found += [
            Remark(
                aspect=name,
                start=each.clause.start,
                end=each.clause.end,
                polarity=each.polarity if place in signed else 0,
                confidence=each.confidence,
            )
            for place, (_, _, name) in enumerate(places)
        ]
    return found


def _signed(each: Read, places: Sequence[tuple[int, int, str]]) -> set[int]:
    """Which of several aspects a clause praises or blames: for each opinion the nearest, and what "and"
    joins.
    """
    at = opinion_places(each.words)
    if not at or not places:
        return set(range(len(places)))
    nearest = set()
    for word in at:
        away = [min(abs(first - word), abs(after - 1 - word)) for first, after, _ in places]
        if min(away) <= REACH:
            nearest.add(away.index(min(away)))
    for place in range(len(places)):
        for other in (place - 1, place + 1):
            if other in nearest and 0 <= other < len(places):
                first, second = sorted((place, other))
                between = each.words[places[first][1] : places[second][0]]
                if between and set(between) <= {"and", "&", ",", "，", "和", "、", "与", "the", "or"}:
                    nearest.add(place)
    return nearest
