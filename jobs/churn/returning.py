"""Who buys within the horizon: two views of a customer taken together, calibrated on a later day.

A logistic regression over the signals and BG/NBD fail in different places, so the mean of their logits is
taken; its scale and level are then fitted on the latest day whose horizon is over (Platt's scaling). All of
it stays a sum, so that what each signal adds to a customer's logit is exact. A pure function: snapshots in,
numbers and the SQL of the same numbers out.

Not covered: causes, and a change of the shop that is still to come.
Source of the scaling: Platt, Probabilistic outputs for support vector machines, 1999.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from jobs.bg_nbd import LEAST_P, BgNbd, Values, fit_bg_nbd
from jobs.churn.signals import Snapshot

LEAST_EACH = 10
"""Customers who bought, and who did not, that each fit needs."""
METHODS = ("ours", "recency", "bg_nbd")


class TooFew(ValueError):
    """There are too few who bought, or who did not, to learn from."""


@dataclass(frozen=True, kw_only=True)
class Returning:
    """A fitted model of one horizon."""

    names: tuple[str, ...]
    """Signals in order."""
    weights: Values
    """What a signal adds to the logit for each unit above its mean; calibrated."""
    means: Values
    """Of the signals, over the customers that it was calibrated on."""
    level: float
    """Logit of a customer with mean signals, without what BG/NBD says."""
    rhythm: BgNbd
    rhythm_weight: float
    orders_scale: float
    """Mean purchases of those to come, over what a steady rate would give for the same probabilities."""
    days: int

    def logits(self, seen: Snapshot) -> Values:
        """Shape (customers,)."""
        linear = self.level + (seen.signals - self.means) @ self.weights
        return np.asarray(linear + self.rhythm_weight * logit(self._rhythm_of(seen)))

    def probabilities(self, seen: Snapshot) -> Values:
        """Of buying within the horizon, shape (customers,)."""
        return sigmoid(self.logits(seen))

    def _rhythm_of(self, seen: Snapshot) -> Values:
        return self.rhythm.probability(*seen.past, self.days)

    def sql(self) -> str:
        """``scored``: the columns of ``seen_pasts`` with ``rhythm_logit``, ``chance`` and ``expected``."""
        odds, chance = self.rhythm.sql(self.days)
        least, most = f"{LEAST_P:.12g}", f"{1 - LEAST_P:.12g}"
        linear = " + ".join(
            f"({weight:.12g}) * ({name}_signal - ({mean:.12g}))"
            for name, weight, mean in zip(self.names, self.weights, self.means, strict=True)
        )
        return f"""odds_of_pasts AS (SELECT seen_pasts.*, {odds} AS odds FROM seen_pasts),
rhythms AS (SELECT odds_of_pasts.*, {chance} AS raw_rhythm FROM odds_of_pasts),
kept_rhythms AS (
  SELECT rhythms.*, CASE WHEN raw_rhythm < {least} THEN {least} WHEN raw_rhythm > {most} THEN {most}
    ELSE raw_rhythm END AS rhythm FROM rhythms
),
logits AS (
  SELECT kept_rhythms.*, LN(rhythm) - LN(1 - rhythm) AS rhythm_logit,
    ({self.level:.12g}) + {linear} + ({self.rhythm_weight:.12g}) * (LN(rhythm) - LN(1 - rhythm)) AS score
  FROM kept_rhythms
),
chances AS (
  SELECT logits.*,
    1 / (1 + EXP(CASE WHEN score < -30 THEN 30 WHEN score > 30 THEN -30 ELSE -score END)) AS chance
  FROM logits
),
scored AS (SELECT chances.*, {self.orders_scale:.12g} * -LN(1 - chance) AS expected FROM chances)"""


@dataclass(frozen=True, kw_only=True)
class Tested:
    """How well it was told what customers did on a day that nothing was fitted on."""

    customers: int
    rate: float
    """Share that bought."""
    auc: Mapping[str, float]
    """Method → chance that of one who bought and one who did not the former was given more."""
    brier: Mapping[str, float]
    """Method → mean squared error of the probabilities."""
    tenths: tuple[tuple[int, float, float], ...]
    """Customers in tenths by probability, the lowest first: how many, mean probability, share that bought."""
    expected: float
    """Purchases that were expected of all, and that there were."""
    later: float


def fit_returning(
    names: tuple[str, ...], learned: Sequence[Snapshot], calibrated: Snapshot, latest: Snapshot, days: int
) -> Returning:
    """Fit on ``learned``, scale on ``calibrated``.

    Args:
        learned: at days whose horizons end no later than the day of ``calibrated``.
        latest: on the day that is asked about; of it only the past is looked at, for BG/NBD.
    Raises:
        TooFew: too few bought, or did not.
    """
    rhythm = fit_bg_nbd(*latest.past)

    def rhythms(seen: Snapshot) -> Values:
        return logit(rhythm.probability(*seen.past, days))

    signals = np.concatenate([seen.signals for seen in learned])
    level, weights = _logistic(signals, np.concatenate([seen.bought for seen in learned]))
    joint = (level + calibrated.signals @ weights + rhythms(calibrated)) / 2
    shift, scale = _logistic(joint[:, None], calibrated.bought)
    half = float(scale[0]) / 2
    means = calibrated.signals.mean(axis=0)
    chances = sigmoid(shift + joint * scale[0])
    return Returning(
        names=names,
        weights=weights * half,
        means=means,
        level=float(shift + half * (level + means @ weights)),
        rhythm=rhythm,
        rhythm_weight=half,
        orders_scale=float(calibrated.later.sum() / -np.log1p(-chances).sum()),
        days=days,
    )


def back_test(model: Returning, learned: Sequence[Snapshot], seen: Snapshot) -> Tested:
    """Hold it, the days since the last purchase alone, and BG/NBD against what customers did.

    Args:
        learned: what the rule of recency is fitted on.
        seen: nothing was fitted on what they did.
    """
    from sklearn.metrics import roc_auc_score

    recency = np.concatenate([each.signals[:, :1] for each in learned])
    level, weight = _logistic(recency, np.concatenate([each.bought for each in learned]))
    told = {
        "ours": model.probabilities(seen),
        "recency": sigmoid(level + seen.signals[:, 0] * weight[0]),
        "bg_nbd": model.rhythm.probability(*seen.past, model.days),
    }
    bought = seen.bought
    if not LEAST_EACH <= bought.sum() <= len(bought) - LEAST_EACH:
        raise TooFew
    order = np.argsort(told["ours"], kind="stable")
    tenths = tuple(
        (len(part), float(told["ours"][part].mean()), float(bought[part].mean()))
        for part in np.array_split(order, 10)
        if len(part)
    )
    return Tested(
        customers=len(bought),
        rate=float(bought.mean()),
        auc={name: float(roc_auc_score(bought, each)) for name, each in told.items()},
        brier={name: float(np.mean((each - bought) ** 2)) for name, each in told.items()},
        tenths=tenths,
        expected=float(-np.log1p(-told["ours"]).sum() * model.orders_scale),
        later=float(seen.later.sum()),
    )


def _logistic(signals: Values, bought: Values) -> tuple[float, Values]:
    """Intercept and weights for the signals as they are; a little shrunk, so that none runs away."""
    from sklearn.linear_model import LogisticRegression

    if not LEAST_EACH <= bought.sum() <= len(bought) - LEAST_EACH:
        raise TooFew
    mean, spread = signals.mean(axis=0), np.maximum(signals.std(axis=0), 1e-9)
    fitted = LogisticRegression(C=1.0, max_iter=1_000).fit((signals - mean) / spread, bought)
    weights = fitted.coef_[0] / spread
    return float(fitted.intercept_[0] - mean @ weights), np.asarray(weights)


def logit(chance: Values) -> Values:
    """Of probabilities between 0 and 1, both left out."""
    return np.asarray(np.log(chance) - np.log1p(-chance))


def sigmoid(score: Values) -> Values:
    """The way back."""
    return np.asarray(1 / (1 + np.exp(-np.clip(score, -30, 30))))
