"""A share as it is once the classifier's error is taken out, with the interval that the error leaves."""

from __future__ import annotations

import math
from dataclasses import dataclass

from retrieval.opinion_mining.sentiment import Measured

LEAST_TOLD = 0.3
"""How much better than by chance a classifier must tell two kinds apart, for its error to be taken out."""
_Z = 1.96


@dataclass(frozen=True, kw_only=True)
class Share:
    """A share in [0, 1] with its 95 % interval."""

    about: float
    low: float
    high: float


def corrected(found: int, of: int, measured: Measured) -> Share | None:
    """The share of complaints, of which a classifier found so many.

    The interval holds what chance does to so few texts and what is unsure of the classifier's error.

    Args:
        found: texts taken for complaints; at most ``of``.
        of: texts that were judged.
        measured: how the classifier errs.
    Returns:
        ``None`` where nothing was judged, or the classifier tells the kinds apart too badly.

    Source: Rogan & Gladen, Estimating prevalence from the results of a screening test, 1978; with one text of
        each kind added to every count, so that no rate is taken for certain (Agresti & Coull 1998).

    >>> corrected(20, 100, Measured(poor=1000, poor_found=1000, good=1000, good_taken=0)).about
    0.2...
    """
    if of == 0:
        return None
    sensitivity = (measured.poor_found + 1) / (measured.poor + 2)
    wrongly = (measured.good_taken + 1) / (measured.good + 2)
    apart = sensitivity - wrongly
    if apart < LEAST_TOLD:
        return None
    seen = (found + 1) / (of + 2)
    share = min(1.0, max(0.0, (seen - wrongly) / apart))
    variance = (
        seen * (1 - seen) / (of + 2)
        + share**2 * sensitivity * (1 - sensitivity) / (measured.poor + 2)
        + (1 - share) ** 2 * wrongly * (1 - wrongly) / (measured.good + 2)
    ) / apart**2
    half = _Z * math.sqrt(variance)
    return Share(about=share, low=max(0.0, share - half), high=min(1.0, share + half))
