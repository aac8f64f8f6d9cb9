"""The BG/NBD model: how often customers buy, and whether they have left, from how often and when they bought.

Each customer buys at a rate of their own and may leave for good after any purchase; rates are gamma, chances
to leave beta distributed. Time is in days throughout.
Source: Fader, Hardie & Lee, "Counting Your Customers" the Easy Way, Marketing Science 24 (2005), equation 6
(the likelihood), and their note of 2008 on the chance to be there still. That somebody who is there buys
within a time is a Pareto of the second kind, for the rate is gamma distributed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]
LEAST_P = 1e-6
"""Probabilities are kept so far from 0 and 1, where their logit ends."""
MOST_EXPONENT = 50.0


@dataclass(frozen=True, kw_only=True)
class BgNbd:
    """Fitted parameters."""

    r: float
    alpha: float
    """In days."""
    a: float
    b: float

    def presence(self, orders: Values, recency: Values, age: Values) -> Values:
        """The probability of being there still.

        Args:
            orders: days of purchase so far, at least 1; shape (customers,).
            recency: days since the last, age: days since the first.
        """
        repeats = orders - 1
        exponent = (self.r + repeats) * (np.log(self.alpha + age) - np.log(self.alpha + age - recency))
        odds = np.where(
            repeats > 0,
            self.a / (self.b + np.maximum(repeats, 1) - 1) * np.exp(np.minimum(exponent, MOST_EXPONENT)),
            0.0,
        )
        return np.asarray(1 / (1 + odds))

    def probability(self, orders: Values, recency: Values, age: Values, days: float) -> Values:
        """Of buying within so many days; arguments as in ``presence``."""
        rate = self.r + orders - 1
        waits = np.exp(rate * (np.log(self.alpha + age) - np.log(self.alpha + age + days)))
        there = self.presence(orders, recency, age)
        return np.asarray(np.clip((1 - waits) * there, LEAST_P, 1 - LEAST_P))

    def draw(
        self,
        orders: Values,
        recency: Values,
        age: Values,
        days: float,
        draws: int,
        chance: np.random.Generator,
    ) -> Values:
        """Purchases within so many days, drawn from what is known of each customer; shape (customers, draws).

        Given the past, a customer who is there buys at a gamma distributed rate and leaves after each
        purchase with a beta distributed chance: as many purchases as come, or as many as until leaving.
        """
        shape = (len(orders), draws)
        repeats = (orders - 1)[:, None]
        rate = chance.gamma(np.broadcast_to(self.r + repeats, shape)) / (self.alpha + age)[:, None]
        leaving = np.clip(chance.beta(self.a, np.broadcast_to(self.b + repeats, shape)), LEAST_P, 1.0)
        is_there = chance.random(shape) < self.presence(orders, recency, age)[:, None]
        return np.where(is_there, np.minimum(chance.poisson(rate * days), chance.geometric(leaving)), 0.0)

    def sql(self, days: float) -> tuple[str, str]:
        """The same over the columns ``orders``, ``recency`` and ``age``: a step and what is made of ``odds``.

        Returns:
            The odds of having left to being there, and the probability in terms of them.
        """
        r, alpha, a, b = (f"{value:.12g}" for value in (self.r, self.alpha, self.a, self.b))
        exponent = f"({r} + orders - 1) * (LN({alpha} + age) - LN({alpha} + age - recency))"
        odds = (
            f"CASE WHEN orders > 1 THEN EXP(LN({a}) - LN({b} + orders - 2)"
            f" + CASE WHEN {exponent} > {MOST_EXPONENT} THEN {MOST_EXPONENT} ELSE {exponent} END) ELSE 0 END"
        )
        waits = f"EXP(({r} + orders - 1) * (LN({alpha} + age) - LN({alpha} + age + {days:.12g})))"
        return odds, f"(1 - {waits}) / (1 + odds)"


def fit_bg_nbd(orders: Values, recency: Values, age: Values) -> BgNbd:
    """By maximum likelihood; arguments as in ``BgNbd.probability``."""
    from scipy.optimize import minimize
    from scipy.special import gammaln

    scale = max(float(age.max()), 1.0) / 10  # of days, so that all parameters are about 1
    seen, counts = np.unique(np.column_stack([orders - 1, age - recency, age]), axis=0, return_counts=True)
    x, last, whole = seen[:, 0], seen[:, 1] / scale, seen[:, 2] / scale

    def loss(logs: Values) -> float:
        r, alpha, a, b = np.exp(logs)
        rate = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
        stay = gammaln(a + b) + gammaln(b + x) - gammaln(b) - gammaln(a + b + x)
        there = -(r + x) * np.log(alpha + whole)
        with np.errstate(divide="ignore"):
            left = np.where(
                x > 0, np.log(a) - np.log(b + np.maximum(x, 1) - 1) - (r + x) * np.log(alpha + last), -np.inf
            )
        each = rate + stay + np.logaddexp(there, left)
        return -float((counts * each).sum() / counts.sum())

    found = minimize(loss, np.zeros(4), method="L-BFGS-B", bounds=[(-6.0, 6.0)] * 4)
    r, alpha, a, b = (float(value) for value in np.exp(found.x))
    return BgNbd(r=r, alpha=alpha * scale, a=a, b=b)
