"""The gamma-gamma model: what each purchase of a customer brings, from how many there were and their mean.

Amounts of one customer are gamma distributed around a mean of their own, and the means of customers so too: a
customer with few purchases is drawn towards the others, one with many is taken at their own mean. It assumes
that who buys often does not pay more or less each time.
Source: Fader & Hardie, The Gamma-Gamma Model of Monetary Value, 2013, equation 1 (the likelihood) and 5.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from jobs.bg_nbd import Values

LEAST_CUSTOMERS = 50
"""Customers with an amount above zero that a fit needs."""
LEAST_Q = 1.05
"""From 1 on the mean of customers' means is finite."""


class TooFewAmounts(ValueError):
    """There are too few customers with an amount above zero to learn from."""


@dataclass(frozen=True, kw_only=True)
class Spending:
    """Fitted parameters."""

    p: float
    q: float
    scale: float
    """In units of money; gamma in the paper."""

    def mean(self, purchases: Values, paid: Values) -> Values:
        """What a purchase to come brings on average.

        Args:
            purchases: so far, at least 1; shape (customers,).
            paid: their mean, in units of money; below zero counts as nothing.
        """
        total = purchases * np.maximum(paid, 0.0)
        return np.asarray(self.p * (self.scale + total) / (self.p * purchases + self.q - 1))

    def draw(self, purchases: Values, paid: Values, later: Values, chance: np.random.Generator) -> Values:
        """What purchases to come bring together.

        Args:
            later: how many come; shape (customers, draws), as the result.
        """
        total = (purchases * np.maximum(paid, 0.0))[:, None]
        own = np.broadcast_to(self.q + self.p * purchases[:, None], later.shape)
        rates = chance.gamma(own) / (self.scale + total)
        amounts = chance.gamma(np.maximum(self.p * later, 1e-9)) / rates
        return np.where(later > 0, amounts, 0.0)


def fit_spending(purchases: Values, paid: Values) -> Spending:
    """By maximum likelihood over the customers whose mean is above zero.

    Raises:
        TooFewAmounts: there are fewer than ``LEAST_CUSTOMERS`` of them.
    """
    from scipy.optimize import minimize
    from scipy.special import gammaln

    known = paid > 0
    if known.sum() < LEAST_CUSTOMERS:
        raise TooFewAmounts
    x, unit = purchases[known], float(np.median(paid[known]))
    z = paid[known] / unit

    def loss(logs: Values) -> float:
        p, excess, scale = np.exp(logs)
        q = LEAST_Q + excess
        own = p * x
        each = (
            gammaln(own + q) - gammaln(own) - gammaln(q) + q * np.log(scale)
            + (own - 1) * np.log(z) + own * np.log(x) - (own + q) * np.log(scale + x * z)
        )  # fmt: skip
        return -float(each.mean())

    found = minimize(loss, np.array([1.0, 1.0, 1.0]), method="L-BFGS-B", bounds=[(-5.0, 6.0)] * 3)
    p, excess, scale = (float(value) for value in np.exp(found.x))
    return Spending(p=p, q=LEAST_Q + excess, scale=scale * unit)
