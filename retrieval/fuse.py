"""One ranking out of several."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TypeVar

Key = TypeVar("Key", bound=Hashable)

RRF_K = 60
"""The constant of the published method; it was not tuned here."""


def fuse(rankings: Sequence[Sequence[Key]], *, k: int = RRF_K) -> list[tuple[Key, float]]:
    """Reciprocal rank fusion: every ranking gives 1 / (k + rank) to each of its entries, ranks from 1.

    Args:
        rankings: each best first, without repeats; an empty one gives nothing.
        k: larger values let low ranks count for more.
    Returns:
        ``(entry, score)``, best first; ties keep the order in which entries first appear.
    Raises:
        ValueError: ``k`` < 1.
    Source: Cormack, Clarke & Buettcher, Reciprocal Rank Fusion outperforms Condorcet and Individual Rank
        Learning Methods, SIGIR 2009.

    >>> fuse([["a", "b"], ["b"]], k=1)
    [('b', 0.8333333333333333), ('a', 0.5)]
    """
    if k < 1:
        raise ValueError(f"k must be at least 1, got {k}")
    scores: dict[Key, float] = {}
    for ranking in rankings:
        for rank, entry in enumerate(ranking, start=1):
            scores[entry] = scores.get(entry, 0.0) + 1 / (k + rank)
    return sorted(scores.items(), key=lambda item: -item[1])
