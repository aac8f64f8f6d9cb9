"""How alike products are by what they are called: for what is new, and so that a list has variety."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from bot.job import Embedder

Values = npt.NDArray[np.float64]
VARIETY = 0.25
"""Weight of being unlike what stands in the list already, against the own score."""


def likeness(names: Sequence[str], others: Sequence[str], embedder: Embedder | None) -> Values:
    """Likeness of names in [0, 1], shape (names, others): by meaning, or by shared words without a model."""
    if embedder is not None:
        near = embedder.embed(names) @ embedder.embed(others).T
        return np.asarray(np.clip(near, 0, 1), dtype=float)
    from rapidfuzz import fuzz, process

    found = process.cdist(names, others, scorer=fuzz.token_set_ratio, processor=str.casefold)
    return np.asarray(found, dtype=float) / 100


def varied(scores: Values, alike: Values, count: int) -> list[int]:
    """Places of the best, each the less welcome the more it is like one before it.

    Args:
        scores: above 0, the best first.
        alike: likeness of each to each, in [0, 1].
    Source: Carbonell & Goldstein, The use of MMR, 1998.
    """
    if not len(scores):
        return []
    height = scores / scores.max()
    taken = [0]
    while len(taken) < min(count, len(scores)):
        worth = (1 - VARIETY) * height - VARIETY * alike[:, taken].max(axis=1)
        worth[taken] = -np.inf
        taken.append(int(worth.argmax()))
    return taken
