"""Random draws that are the same on every machine and with every version of numpy.

numpy promises a stable stream only for the bits of ``PCG64``, not for ``Generator``'s distributions, so the
few distributions that the shop needs are made here from those bits. Each part of the generator has a stream
of its own: a change in one part leaves the others as they were.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T")
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def _seed_of(seed: int, part: str) -> int:
    return int.from_bytes(hashlib.sha256(f"{seed}/{part}".encode()).digest()[:16], "big")


class Dice:
    """Arrays of draws for one named part of the shop."""

    def __init__(self, seed: int, part: str) -> None:
        self._bits = np.random.PCG64(_seed_of(seed, part))

    def uniform(self, size: int, low: float = 0.0, high: float = 1.0) -> Floats:
        """``size`` floats in [low, high)."""
        unit = (self._bits.random_raw(size) >> np.uint64(11)).astype(np.float64) * 2.0**-53
        return low + unit * (high - low)

    def integers(self, size: int, low: int, high: int) -> Ints:
        """``size`` whole numbers in [low, high), the upper end excluded."""
        return np.asarray(low + np.floor(self.uniform(size) * (high - low)), dtype=np.int64)

    def normal(self, size: int, sd: float = 1.0) -> Floats:
        """Box-Muller: two uniforms for one normal, slow and stable."""
        radius = np.sqrt(-2.0 * np.log1p(-self.uniform(size)))
        return np.asarray(radius * np.cos(2.0 * np.pi * self.uniform(size)) * sd)

    def exponential(self, size: int, mean: float) -> Floats:
        """``size`` floats of that mean."""
        return np.asarray(-np.log1p(-self.uniform(size)) * mean)

    def choose(self, size: int, weights: Sequence[float] | NDArray[Any]) -> Ints:
        """Indices drawn in proportion to ``weights``."""
        ends = np.cumsum(np.asarray(weights, dtype=np.float64))
        found = np.searchsorted(ends, self.uniform(size) * ends[-1], side="right")
        return np.asarray(np.minimum(found, len(ends) - 1), dtype=np.int64)

    def chance(self, probability: Any, size: int) -> NDArray[np.bool_]:
        """True with ``probability``, a number or one per draw."""
        return np.asarray(self.uniform(size) < probability)

    def order(self, size: int) -> Ints:
        """A permutation of range(size)."""
        return np.argsort(self.uniform(size), kind="stable").astype(np.int64)


class TextDice:
    """One draw at a time, for composing texts. Uses only ``random()``, whose stream Python keeps stable."""

    def __init__(self, seed: int, part: str) -> None:
        self.random = random.Random(_seed_of(seed, part)).random

    def pick(self, items: Sequence[T]) -> T:
        """One of ``items``, which must not be empty."""
        return items[int(self.random() * len(items))]

    def chance(self, probability: float) -> bool:
        """True with ``probability``."""
        return self.random() < probability

    def between(self, low: int, high: int) -> int:
        """A whole number from low to high, both included."""
        return low + int(self.random() * (high - low + 1))

    def weighted(self, items: Sequence[tuple[T, float]]) -> T:
        """One item in proportion to its weight."""
        point = self.random() * sum(weight for _, weight in items)
        for item, weight in items:
            point -= weight
            if point < 0:
                return item
        return items[-1][0]

    def some(self, items: Sequence[T], count: int) -> list[T]:
        """``count`` different items, in random order; fewer when there are fewer."""
        pool = list(items)
        chosen: list[T] = []
        while pool and len(chosen) < count:
            chosen.append(pool.pop(int(self.random() * len(pool))))
        return chosen
