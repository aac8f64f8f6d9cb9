"""Who buys because of a campaign, and who would buy anyway: learnt from groups that were held back. Pure.

Customers who had bought as recently, as often and for as much are one kind. Two logistic regressions over
these (scikit-learn), of those who were sent a campaign and of those held back, give each kind's probability
to buy with and without it; the difference is its uplift (the two-model approach, Radcliffe 2007). Whether
that order means anything is told on customers who were not learnt from: by the Qini coefficient, the area
between the purchases gained when those with the most uplift come first and when chance picks them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from jobs.campaign.effect import LEVEL, Span

Values = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]

RECENCIES = (30, 60, 120, 240)
"""Days since the last purchase up to which a customer is of one kind."""
PURCHASES = (1, 2, 4)
"""Purchases of a year up to which one is."""
AMOUNTS = (0.5, 1.0, 2.0)
"""Paid a purchase, over the mean of all."""
LEAST_EACH = 300
"""Customers of each group that are learnt from, and as many that it is tried on."""
LEAST_BUYERS = 30
"""Of each group, in both halves."""
DRAWS = 1000
"""Of the tried half, for the interval."""
TENTHS = 10


@dataclass(frozen=True, kw_only=True)
class Tries:
    """Customers of past campaigns by kind, as counts; all arrays have one entry a kind, group and half."""

    kind: Places
    """Shape (entries, 3): places of recency, purchases and amount."""
    is_sent: npt.NDArray[np.bool_]
    is_learnt: npt.NDArray[np.bool_]
    """Whether of the half that is learnt from."""
    customers: Values
    buyers: Values

    def enough(self) -> bool:
        """Whether there are enough of each group and half."""
        return all(
            self.customers[some].sum() >= LEAST_EACH and self.buyers[some].sum() >= LEAST_BUYERS
            for sent in (True, False)
            for learnt in (True, False)
            for some in [(self.is_sent == sent) & (self.is_learnt == learnt)]
        )


@dataclass(frozen=True, kw_only=True)
class Tenth:
    """A stretch of the customers that it was tried on, those with the most uplift first."""

    customers: int
    told: float
    """Share more that were told to buy because of a campaign."""
    did: Span
    """Share more that did."""


@dataclass(frozen=True, kw_only=True)
class Uplift:
    """The two models, and how they did."""

    chances: dict[tuple[int, int, int], tuple[float, float]]
    """Kind → probability to buy when sent a campaign, and when not."""
    qini: Span
    """Purchases gained for each hundred customers sent to, over picking by chance."""
    gained: Span
    """Share more who buy when all are sent it."""
    tenths: tuple[Tenth, ...]
    customers: int
    """That it was tried on."""

    @property
    def tells(self) -> bool:
        """Whether the order is better than chance, surely."""
        return self.qini.low > 0


def learn_uplift(tries: Tries) -> Uplift:
    """Learn from each half and try it on the other, then from both; ``tries`` must have enough."""
    halves = [_counts(tries, ~tries.is_learnt), _counts(tries, tries.is_learnt)]
    learnt = [_chances(half) for half in halves]
    orders = [np.argsort(each[1] - each[0], kind="stable") for each in learnt]
    chance = np.random.default_rng(0)
    tried = [halves[1 - at][:, :, order] for at, order in enumerate(orders)]
    drawn = [_draws(each, chance) for each in tried]
    told = [(each[0] - each[1])[order] for each, order in zip(learnt, orders, strict=True)]
    final = _chances(halves[0] + halves[1])
    everyone = np.array(halves).sum(axis=(0, 3))
    return Uplift(
        chances={kind: (float(a), float(b)) for kind, a, b in zip(KINDS, *final, strict=True)},
        qini=_span(
            np.mean([qini(each) for each in tried], axis=0), np.mean([qini(each) for each in drawn], axis=0)
        ),
        gained=_span(_gained(everyone), _gained(np.sum([each.sum(axis=3) for each in drawn], axis=0))),
        tenths=_by_tenth(tried, told, drawn),
        customers=int(everyone[:, 0].sum()),
    )


KINDS = [
    (r, p, a)
    for r in range(len(RECENCIES) + 1)
    for p in range(len(PURCHASES) + 1)
    for a in range(len(AMOUNTS) + 1)
]


def _counts(tries: Tries, some: npt.NDArray[np.bool_]) -> Values:
    """Shape (2, 2, kinds): group (sent first), customers and buyers, kinds as in ``KINDS``."""
    counts = np.zeros((2, 2, len(KINDS)))
    sizes = (len(PURCHASES) + 1, len(AMOUNTS) + 1)
    place = (tries.kind[:, 0] * sizes[0] + tries.kind[:, 1]) * sizes[1] + tries.kind[:, 2]
    for group, sent in enumerate((True, False)):
        rows = some & (tries.is_sent == sent)
        np.add.at(counts[group, 0], place[rows], tries.customers[rows])
        np.add.at(counts[group, 1], place[rows], tries.buyers[rows])
    return counts


def _chances(counts: Values) -> Values:
    """Probability of each kind to buy when sent a campaign, and when not; shape (2, kinds)."""
    from sklearn.linear_model import LogisticRegression

    sides = np.array(KINDS)
    marks = np.concatenate([np.eye(sides[:, at].max() + 1)[sides[:, at]] for at in range(3)], axis=1)
    found = []
    for customers, buyers in counts:
        model = LogisticRegression(max_iter=1000)
        weights = np.concatenate([buyers, customers - buyers])
        model.fit(np.tile(marks, (2, 1)), np.repeat([1, 0], len(marks)), sample_weight=weights)
        found.append(model.predict_proba(marks)[:, 1])
    return np.array(found)


def qini(counts: Values) -> Values:
    """Purchases gained over picking by chance, for each hundred customers sent to, over all depths.

    Args:
        counts: shape (..., 2, 2, kinds): group (sent first), customers and buyers, the most uplift first.
    Returns:
        Shape (...).
    """
    summed = np.cumsum(counts, axis=-1)
    sent, held = summed[..., 0, :, :], summed[..., 1, :, :]
    everyone = np.maximum(sent[..., 0, -1:], 1.0)
    ratio = sent[..., 0, :] / np.maximum(held[..., 0, :], 1.0)
    gained = (sent[..., 1, :] - held[..., 1, :] * ratio) / everyone
    depth = sent[..., 0, :] / everyone
    start = np.zeros((*gained.shape[:-1], 1))
    gained, depth = np.concatenate([start, gained], axis=-1), np.concatenate([start, depth], axis=-1)
    return np.asarray(100 * np.trapezoid(gained - depth * gained[..., -1:], depth, axis=-1))


def _gained(counts: Values) -> Values:
    """Share more that bought of those who were sent it; counts of shape (..., 2, 2)."""
    share = counts[..., 1] / np.maximum(counts[..., 0], 1.0)
    return np.asarray(share[..., 0] - share[..., 1])


def _draws(counts: Values, chance: np.random.Generator) -> Values:
    """The same customers drawn again with replacement, ``DRAWS`` times."""
    customers = chance.poisson(counts[:, 0], size=(DRAWS, *counts[:, 0].shape))
    rate = counts[:, 1] / np.maximum(counts[:, 0], 1.0)
    return np.stack([customers, chance.binomial(customers, rate)], axis=2).astype(float)


def _span(value: Values, drawn: Values) -> Span:
    low, high = np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Span(value=float(value), low=float(low), high=float(high))


def _by_tenth(tried: Sequence[Values], told: Sequence[Values], drawn: Sequence[Values]) -> tuple[Tenth, ...]:
    """Kinds are whole, so that stretches are about a tenth each; those of both halves together."""
    places = []
    for each in tried:
        size = each[:, 0].sum(axis=0)
        middle = np.cumsum(size) - size / 2
        places.append(np.minimum((TENTHS * middle / max(size.sum(), 1.0)).astype(int), TENTHS - 1))
    found = []
    for at in range(TENTHS):
        some = [place == at for place in places]
        counts = np.sum([each[:, :, one].sum(axis=2) for each, one in zip(tried, some, strict=True)], axis=0)
        again = np.sum([each[..., one].sum(axis=3) for each, one in zip(drawn, some, strict=True)], axis=0)
        sizes = [each[:, 0, one].sum(axis=0) for each, one in zip(tried, some, strict=True)]
        if (counts[:, 0] > 0).all():
            shares = np.concatenate([each[one] for each, one in zip(told, some, strict=True)])
            found.append(
                Tenth(
                    customers=int(counts[:, 0].sum()),
                    told=float(np.average(shares, weights=np.concatenate(sizes))),
                    did=_span(_gained(counts), _gained(again)),
                )
            )
    return tuple(found)
