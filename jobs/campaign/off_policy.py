"""What another rule of choosing would have brought, from choices logged with their probabilities. Pure.

Each logged reward is weighted by how much likelier the other rule would have made that choice: by itself
(IPS), over the sum of the weights (SNIPS), or only in what a model of rewards does not foretell (DR: Dudik,
Langford & Li 2011). Weights are clipped, which keeps single rows from deciding and costs a little bias.
Intervals are of a bootstrap. Own code: ``obp`` has all three but is of 2023, and they are a line each.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from jobs.campaign.effect import LEVEL, Span

Values = npt.NDArray[np.float64]

CLIP = 100.0
"""Largest weight."""
DRAWS = 1000
HALVINGS = 12
"""Ways to part the rows by chance: a single one decides too much."""
BLOCK = 2_000_000
"""Numbers that are drawn at once."""
PRIOR = 20.0
"""Rewards of the mean of all that each choice's own mean is begun with."""
SURELY_WRONG = 4.0
"""Standard errors by which the mean weight may be off 1."""
METHODS = ("ips", "snips", "dr")


@dataclass(frozen=True, kw_only=True)
class Logged:
    """Choices as they were made; all arrays have shape (rows,)."""

    choice: npt.NDArray[np.int64]
    """Place in ``names``."""
    propensity: Values
    """Probability with which it was chosen, above 0 and at most 1."""
    reward: Values
    count: Values
    """How often this very row was logged."""
    names: tuple[Hashable, ...]

    def some(self, count: Values) -> Logged:
        """The same rows with other counts."""
        return Logged(
            choice=self.choice, propensity=self.propensity, reward=self.reward, count=count, names=self.names
        )

    def condensed(self) -> Logged:
        """The same with each different row once."""
        keys = np.column_stack([self.choice, self.propensity, self.reward])
        rows, place = np.unique(keys, axis=0, return_inverse=True)
        return Logged(
            choice=rows[:, 0].astype(np.int64),
            propensity=rows[:, 1],
            reward=rows[:, 2],
            count=np.bincount(place.ravel(), weights=self.count).astype(float),
            names=self.names,
        )

    @property
    def mean(self) -> float:
        """What a choice brought."""
        return float(np.average(self.reward, weights=self.count))


@dataclass(frozen=True, kw_only=True)
class Foretold:
    """What a model of rewards says of each row; shape (rows,), or one number for all."""

    chosen: Values
    """Of the choice that was made."""
    target: Values
    """Of the other rule: its choices' rewards, each as likely as it makes them."""


def foretell(logged: Logged) -> Values:
    """Mean reward of each choice, drawn towards the mean of all; shape (names,)."""
    size = len(logged.names)
    count = np.bincount(logged.choice, weights=logged.count, minlength=size)
    total = np.bincount(logged.choice, weights=logged.count * logged.reward, minlength=size)
    return np.asarray((total + PRIOR * logged.mean) / (count + PRIOR))


def value_of(
    logged: Logged, probability: Values, foretold: Foretold, *, against_log: bool = False
) -> dict[str, Span]:
    """Mean reward of another rule by each of ``METHODS``, with bootstrap intervals.

    Args:
        probability: with which the other rule makes the choice of each row; shape (rows,).
        against_log: tell the difference from what was logged instead.
    """
    weight = np.minimum(probability / logged.propensity, CLIP)
    target = np.broadcast_to(foretold.target, weight.shape)
    parts = np.column_stack(
        [
            np.ones_like(weight),
            weight * logged.reward,
            weight,
            target + weight * (logged.reward - foretold.chosen),
            logged.reward,
        ]
    )
    found = _by_method(logged.count @ parts, against_log)
    drawn = _by_method(_drawn(logged.count, parts), against_log)
    low, high = np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    return {
        name: Span(value=float(found[at]), low=float(low[at]), high=float(high[at]))
        for at, name in enumerate(METHODS)
    }


def _by_method(sums: Values, against_log: bool) -> Values:
    rows, rewards, weights, robust, logged = np.moveaxis(sums, -1, 0)
    values = np.stack([rewards / rows, rewards / np.maximum(weights, 1e-12), robust / rows], axis=-1)
    return np.asarray(values - (logged / rows)[..., None] if against_log else values)


def _drawn(count: Values, parts: Values) -> Values:
    """Sums of ``parts`` over rows drawn with replacement, ``DRAWS`` times."""
    chance, total = np.random.default_rng(0), int(count.sum())
    size = max(1, BLOCK // len(count))
    blocks = []
    for start in range(0, DRAWS, size):
        draws = chance.multinomial(total, count / count.sum(), size=min(size, DRAWS - start))
        blocks.append(draws @ parts)
    return np.concatenate(blocks)


@dataclass(frozen=True, kw_only=True)
class Always:
    """One choice made every time."""

    name: Hashable
    logged: int
    values: dict[str, Span]
    """By method."""
    fits: bool
    """Whether the probabilities fit how often it was chosen."""
    clipped: int
    """Rows whose weight was cut."""


@dataclass(frozen=True, kw_only=True)
class Switch:
    """What always making one choice would have brought over what was logged."""

    choices: tuple[Always, ...]
    """The most by DR first."""
    best: Hashable
    """The choice that most often had the most on one half of the rows."""
    gain: Span
    """What the best of one half brings over what was logged on the other, by DR; mean of all halvings."""
    logged: float


def switch_of(logged: Logged) -> Switch:
    """Value each choice, and the best of one half on the other: the best of many looks better than it is."""
    logged = logged.condensed()
    model = foretell(logged)
    choices = [_always(logged, at, model) for at in range(len(logged.names))]
    chance = np.random.default_rng(0)
    halved = [_halved(logged, chance) for _ in range(HALVINGS)]
    gains = np.array([(gain.value, gain.low, gain.high) for _, gain in halved]).mean(axis=0)
    often = np.bincount([best for best, _ in halved], minlength=len(logged.names))
    return Switch(
        choices=tuple(sorted(choices, key=lambda each: -each.values["dr"].value)),
        best=logged.names[int(np.argmax(often))],
        gain=Span(value=float(gains[0]), low=float(gains[1]), high=float(gains[2])),
        logged=logged.mean,
    )


def _halved(logged: Logged, chance: np.random.Generator) -> tuple[int, Span]:
    """The best choice on one half of the rows, and what it brings more than was logged on the other."""
    half = chance.binomial(logged.count.astype(int), 0.5).astype(float)
    learnt, tried = logged.some(half), logged.some(logged.count - half)
    model = foretell(learnt)
    points = [_mean_of(learnt, at, model) for at in range(len(logged.names))]
    best = int(np.argmax(points))
    return best, _values(tried, best, model, against_log=True)["dr"]


def _mean_of(logged: Logged, at: int, model: Values) -> float:
    """Doubly robust, without an interval."""
    weight = np.minimum((logged.choice == at) / logged.propensity, CLIP)
    rewards = model[at] + weight * (logged.reward - model[logged.choice])
    return float(np.average(rewards, weights=logged.count))


def _always(logged: Logged, at: int, model: Values) -> Always:
    is_it = logged.choice == at
    weight = is_it / logged.propensity
    total = logged.count.sum()
    mean = float(logged.count @ weight / total)
    error = float(np.sqrt(max(logged.count @ weight**2 / total - mean**2, 0.0) / total))
    return Always(
        name=logged.names[at],
        logged=int(logged.count[is_it].sum()),
        values=_values(logged, at, model),
        fits=abs(mean - 1) <= SURELY_WRONG * error + 1e-9,
        clipped=int(logged.count[weight > CLIP].sum()),
    )


def _values(logged: Logged, at: int, model: Values, *, against_log: bool = False) -> dict[str, Span]:
    probability = (logged.choice == at).astype(float)
    foretold = Foretold(chosen=model[logged.choice], target=np.asarray(model[at]))
    return value_of(logged, probability, foretold, against_log=against_log)
