"""Which of several results wins: the one that most statements give.

Source of votes by result: self-consistency over executions, as in Li et al., Competition-Level Code
Generation with AlphaCode, 2022.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence

from sql.types import Table

TEMPERATURE = 0.8
"""Of the votes beyond the first, which is greedy."""


def elect(tables: Sequence[Table]) -> tuple[int, float]:
    """Place of the result that most votes give, and its share of them; of equal ones the earliest.

    Two results are one when they have the same rows in any order; columns keep theirs.
    """
    ballots = [_ballot(table) for table in tables]
    counts = Counter(ballots)
    best = max(range(len(tables)), key=lambda n: (counts[ballots[n]], -n))
    return best, counts[ballots[best]] / len(tables)


def _ballot(table: Table) -> Hashable:
    return len(table.columns), frozenset(Counter(tuple(map(repr, row)) for row in table.rows).items())
