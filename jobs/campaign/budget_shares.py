"""How to split money between channels or offers, from what past campaigns of each brought for it. Pure.

Each campaign brought so much for each unit of money, more or less surely. Campaigns of one channel differ by
more than chance, and channels do: both spreads are estimated (DerSimonian & Laird 1986), and each channel is
drawn towards the mean of all by as much as it is unsure (empirical Bayes). A channel's share is the
probability that it is the best (Thompson 1933), held between a least and a most share.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from jobs.campaign.effect import LEVEL, Span

Values = npt.NDArray[np.float64]

LEAST_CAMPAIGNS = 4
LEAST_EACH = 2
"""Of each channel."""
LEAST_SHARE = 0.1
MOST_SHARE = 0.7
"""Of one channel, unless its interval lies above all others'."""
DRAWS = 20_000


@dataclass(frozen=True, kw_only=True)
class Return:
    """What one campaign brought for each unit of money, and its standard error."""

    value: float
    error: float
    cost: float


@dataclass(frozen=True, kw_only=True)
class Share:
    """One channel or offer."""

    name: str
    campaigns: int
    spent: float
    returned: Span
    """For each unit of money, drawn towards the others."""
    share: float


@dataclass(frozen=True, kw_only=True)
class Shares:
    """The split, and how well its means told campaigns that were left out of them."""

    shares: tuple[Share, ...]
    """The largest first."""
    left_out: int
    """Names with too few campaigns to be told."""
    is_apart: bool
    """Whether the best is surely the best, so that no most share holds."""
    error: float
    """Mean distance from a campaign that was left out to its own channel's mean without it ..."""
    plain_error: float
    """... and to the mean of all others."""


def split(known: Mapping[str, Sequence[Return]]) -> Shares | None:
    """Shares by name; ``None`` where fewer than two of them have enough campaigns."""
    kept = {name: each for name, each in known.items() if len(each) >= LEAST_EACH}
    if len(kept) < 2 or sum(map(len, kept.values())) < LEAST_CAMPAIGNS:
        return None
    means, errors = _means(kept)
    wide = float(stats.norm.ppf((1 + LEVEL) / 2))
    spans = [Span(value=m, low=m - wide * e, high=m + wide * e) for m, e in zip(means, errors, strict=True)]
    best = int(np.argmax(means))
    is_apart = all(spans[best].low > span.high for at, span in enumerate(spans) if at != best)
    drawn = np.random.default_rng(0).normal(means, errors, size=(DRAWS, len(means)))
    wins = np.bincount(drawn.argmax(axis=1), minlength=len(means)) / DRAWS
    held = held_shares(wins, 1.0 if is_apart else MOST_SHARE)
    shares = [
        Share(
            name=name,
            campaigns=len(each),
            spent=sum(one.cost for one in each),
            returned=span,
            share=float(share),
        )
        for (name, each), span, share in zip(kept.items(), spans, held, strict=True)
    ]
    error, plain = _left_out(kept)
    return Shares(
        shares=tuple(sorted(shares, key=lambda share: -share.share)),
        left_out=len(known) - len(kept),
        is_apart=is_apart,
        error=error,
        plain_error=plain,
    )


def held_shares(wins: Values, most: float) -> Values:
    """Shares that add up to 1, none below ``LEAST_SHARE`` (less for many) nor above ``most``."""
    least = min(LEAST_SHARE, 1 / (2 * len(wins)))
    held = least + (1 - least * len(wins)) * wins
    over = held > most
    if over.any() and not over.all():
        spare = float((held[over] - most).sum())
        held = np.where(over, most, held + spare * held / held[~over].sum())
    return np.asarray(held)


def _means(known: Mapping[str, Sequence[Return]]) -> tuple[Values, Values]:
    """Of each name, drawn towards the mean of all, with standard errors."""
    within = _between(
        [(np.array([r.value for r in each]), np.array([r.error for r in each])) for each in known.values()]
    )
    own, own_variance = [], []
    for each in known.values():
        weight = 1 / (np.array([r.error for r in each]) ** 2 + within)
        own.append(float(np.average([r.value for r in each], weights=weight)))
        own_variance.append(1 / float(weight.sum()))
    means, variance = np.array(own), np.array(own_variance)
    between = _between([(means, np.sqrt(variance))])
    weight = 1 / (variance + between)
    centre = float(np.average(means, weights=weight))
    kept = between / (between + variance)
    error = np.sqrt(kept * variance + (1 - kept) ** 2 / weight.sum())
    return centre + kept * (means - centre), error


def _between(groups: Sequence[tuple[Values, Values]]) -> float:
    """Variance between figures of a group beyond their own errors, over all groups; not below 0."""
    spread = freedom = scale = 0.0
    for values, errors in groups:
        weight = 1 / errors**2
        mean = float(np.average(values, weights=weight))
        spread += float((weight * (values - mean) ** 2).sum())
        freedom += len(values) - 1
        scale += float(weight.sum() - (weight**2).sum() / weight.sum())
    return max(0.0, (spread - freedom) / scale) if scale > 0 else 0.0


def _left_out(known: Mapping[str, Sequence[Return]]) -> tuple[float, float]:
    own, plain = [], []
    for name, each in known.items():
        for at, one in enumerate(each):
            rest = {n: [r for place, r in enumerate(e) if (n, place) != (name, at)] for n, e in known.items()}
            means, _ = _means(rest)
            others = [r for e in rest.values() for r in e]
            weight = [1 / r.error**2 for r in others]
            own.append(abs(one.value - means[list(rest).index(name)]))
            plain.append(abs(one.value - float(np.average([r.value for r in others], weights=weight))))
    return float(np.mean(own)), float(np.mean(plain))
