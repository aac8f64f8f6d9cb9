"""Shapley values of a few parts, worked out over every coalition of them. Pure.

What a part adds is its mean gain over all orders in which parts can join, so that the parts add up to the
difference between all of them and none, exactly. The work doubles with each part, so parts are few: what
belongs together is one part.
Source: Shapley, A Value for n-Person Games, 1953; over a model's inputs: Lundberg & Lee, A Unified Approach
to Interpreting Model Predictions, 2017.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from math import factorial

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]
MOST_PARTS = 10


def shapley(worth: Callable[[frozenset[int]], Values], parts: int) -> Values:
    """What each part adds, shape (parts, ...).

    Args:
        worth: of the parts in a coalition, by place; called once for each of the 2 ** ``parts``.
        parts: at least 1, at most ``MOST_PARTS``.
    Raises:
        ValueError: there are none, or too many.

    >>> shapley(lambda some: np.array(6.0 if len(some) == 2 else 0.0), 2).tolist()
    [3.0, 3.0]
    """
    if not 1 <= parts <= MOST_PARTS:
        raise ValueError(f"parts must be from 1 to {MOST_PARTS}, got {parts}")
    coalitions = [frozenset(some) for size in range(parts + 1) for some in combinations(range(parts), size)]
    known = {some: np.asarray(worth(some), dtype=float) for some in coalitions}
    found = []
    for part in range(parts):
        gains = [
            _weight(len(some), parts) * (known[some | {part}] - known[some])
            for some in coalitions
            if part not in some
        ]
        found.append(np.sum(gains, axis=0))
    return np.array(found)


def _weight(size: int, parts: int) -> float:
    """Share of the orders in which so many stand before a part."""
    return factorial(size) * factorial(parts - size - 1) / factorial(parts)
