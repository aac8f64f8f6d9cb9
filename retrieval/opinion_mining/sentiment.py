"""Whether a text praises or complains: a linear classifier over words, learnt from ratings.

One that is shipped knows both languages and is used where a shop's texts carry too few ratings; else the
shop's own stands on top of it, where it errs less on products that it has not seen. Irony is not seen.
"""

from __future__ import annotations

import functools
import gzip
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

import numpy as np
import numpy.typing as npt

from retrieval.opinion_mining.opinions import GOOD, POOR, features

SHIPPED = "sentiment.json.gz"
LEAST_RATED = 150
"""Texts with 4 or 5 stars, and with 1 or 2, from which a shop's own classifier is learnt."""
MOST_LEARNT = 6_000
"""Texts that it is learnt from; of more, so many spread evenly."""
FOLDS = 3
STRENGTH = 4.0
"""Inverse of the regularisation."""
SHIPPED_BAND, OWN_BAND = 2.0, 0.5
"""See ``Sentiment.band``: a shop's own words are known better."""
_LEAST_TEXTS = 3
"""That hold a feature, for it to be learnt."""

Scores = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Sentiment:
    """Weights of words; what it gives is the logarithm of odds that a text praises."""

    weights: Mapping[str, float]
    bias: float
    band: float
    """Log-odds within which a clause without a word of praise or complaint says neither."""
    opinion: float = 0.0
    """Weight of how much praise outweighs complaint by known words."""
    chinese: float = 0.0
    """Weight of a text's being Chinese."""
    under: Sentiment | None = None
    """What it stands on: its score is one more feature."""
    under_weight: float = 0.0

    def score(self, found: Sequence[str]) -> float:
        """Above 0 for praise, below for complaint; ``found`` are the :func:`features` of a text."""
        known = [self.weights[each] for each in dict.fromkeys(found) if each in self.weights]
        own = sum(known) / math.sqrt(len(known)) if known else 0.0
        beneath = self.under_weight * self.under.score(found) if self.under is not None else 0.0
        balance, is_chinese = _beside(found)
        return self.bias + own + self.opinion * balance + self.chinese * is_chinese + beneath

    def of(self, text: str) -> float:
        """The score of a text."""
        return self.score(features(text))

    def to_json(self) -> dict[str, Any]:
        """Plain JSON types; what it stands on is not among them."""
        return {
            "weights": dict(self.weights),
            "bias": self.bias,
            "opinion": self.opinion,
            "chinese": self.chinese,
            "band": self.band,
            "under_weight": self.under_weight,
        }

    @classmethod
    def from_json(cls, kept: Mapping[str, Any], under: Sentiment | None = None) -> Sentiment:
        """What :meth:`to_json` gave."""
        return cls(**kept, under=under)


@dataclass(frozen=True, kw_only=True)
class Measured:
    """How often texts of a known kind were taken for complaints."""

    poor: int = 0
    """Complaints."""
    poor_found: int = 0
    """Of them taken for complaints."""
    good: int = 0
    """Texts that praise."""
    good_taken: int = 0
    """Of them taken for complaints."""

    @property
    def error(self) -> float:
        """The mean of both kinds' errors; 0.5 where nothing was measured."""
        if not self.poor or not self.good:
            return 0.5
        return ((self.poor - self.poor_found) / self.poor + self.good_taken / self.good) / 2

    def with_more(self, other: Measured) -> Measured:
        """Both together."""
        return Measured(
            poor=self.poor + other.poor,
            poor_found=self.poor_found + other.poor_found,
            good=self.good + other.good,
            good_taken=self.good_taken + other.good_taken,
        )


SHIPPED_ERROR = Measured(poor=269, poor_found=204, good=618, good_taken=50)
"""Of the shipped classifier: remarks of seven products that people have marked by hand (``bench.evidence``).
"""
LEAST_MEASURED = 40
"""Texts of each kind that say one thing, from which the error is the shop's own."""


@dataclass(frozen=True, kw_only=True)
class Learnt:
    """What a shop's ratings gave."""

    sentiment: Sentiment
    measured: Measured
    """How remarks were judged, on texts that say one thing and carry a rating; else see ``SHIPPED_ERROR``."""
    is_own: bool = False
    """Whether it was learnt from the shop's ratings; else the shipped one."""


@dataclass(frozen=True, kw_only=True)
class Rated:
    """A text with its rating."""

    text: str
    is_good: bool
    """4 or 5 stars; else 1 or 2."""
    product: str


Complains = Callable[[str, Sentiment], bool | None]
"""Whether a text is taken for a complaint; ``None`` for one that says several things."""


@functools.cache
def shipped() -> Sentiment:
    """The classifier that comes with the project; ``sentiment.md`` beside it says of what it was made."""
    packed = resources.files(__package__ or "").joinpath(SHIPPED).read_bytes()
    return Sentiment.from_json(json.loads(gzip.decompress(packed)))


def fit(
    found: Sequence[Sequence[str]],
    is_good: Sequence[bool],
    under: Sentiment | None,
    *,
    least: int = _LEAST_TEXTS,
    weigh: Sequence[float] | None = None,
) -> Sentiment:
    """Learn from texts, given as their :func:`features`; both kinds must be among them.

    Args:
        under: what the new one stands on.
        least: texts that must hold a feature.
        weigh: how much each text counts; ``None``: all the same.
    """
    from scipy import sparse
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import normalize

    counter = CountVectorizer(analyzer=_words_of, min_df=least, binary=True)
    own = normalize(counter.fit_transform(found))
    beside = [[*_beside(each), under.score(each) if under is not None else 0.0] for each in found]
    table = sparse.hstack([own, sparse.csr_matrix(np.array(beside))]).tocsr()
    model = LogisticRegression(C=STRENGTH, class_weight="balanced", max_iter=300)
    model.fit(table, np.asarray(is_good), sample_weight=weigh)
    *values, opinion, chinese, under_weight = model.coef_[0].tolist()
    return Sentiment(
        weights=dict(zip(map(str, counter.get_feature_names_out()), values, strict=True)),
        bias=float(model.intercept_[0]),
        opinion=opinion,
        chinese=chinese,
        band=OWN_BAND if under is not None else SHIPPED_BAND,
        under=under,
        under_weight=under_weight,
    )


def _words_of(found: Sequence[str]) -> list[str]:
    return [each for each in found if each not in (GOOD, POOR)]


def _beside(found: Sequence[str]) -> tuple[float, float]:
    """How much praise outweighs complaint by known words, from -3 to 3; and 3 for a Chinese text, else 0."""
    good, poor = found.count(GOOD), found.count(POOR)
    is_chinese = any(character >= "\u3400" for word in found for character in word)
    return 3.0 * (good - poor) / (good + poor + 1), 3.0 * is_chinese


def learn(rated: Sequence[Rated], complains: Complains) -> Learnt:
    """The shop's own classifier, or the shipped one where that errs no more or there are too few texts.

    Args:
        rated: texts of known kind. A product's texts are all learnt from or all held out.
        complains: how a text is judged; the error is measured with it, by classifiers that have not seen the
            text's product.
    """
    base = shipped()
    if len(rated) > MOST_LEARNT:
        rated = [rated[round(place)] for place in np.linspace(0, len(rated) - 1, MOST_LEARNT)]
    truth = np.array([each.is_good for each in rated], dtype=bool)
    products = [each.product for each in rated]
    if min(truth.sum(), (~truth).sum()) < LEAST_RATED or len(set(products)) < FOLDS:
        return Learnt(sentiment=base, measured=_or_shipped(_judged(rated, complains, base)))
    from sklearn.model_selection import GroupKFold

    found = [features(each.text) for each in rated]
    plain = np.array([base.score(each) for each in found])
    scores, held_out = np.zeros(len(rated)), Measured()
    for train, test in GroupKFold(FOLDS).split(found, truth, products):
        model = fit([found[place] for place in train], truth[train].tolist(), base)
        scores[test] = [model.score(found[place]) for place in test]
        held_out = held_out.with_more(_judged([rated[place] for place in test], complains, model))
    if measured(scores, truth).error >= measured(plain, truth).error:
        return Learnt(sentiment=base, measured=_or_shipped(_judged(rated, complains, base)))
    return Learnt(sentiment=fit(found, truth.tolist(), base), measured=_or_shipped(held_out), is_own=True)


def _judged(rated: Sequence[Rated], complains: Complains, sentiment: Sentiment) -> Measured:
    """How the texts that say one thing are judged."""
    judged = [(each.is_good, complains(each.text, sentiment)) for each in rated]
    return Measured(
        poor=sum(not good for good, taken in judged if taken is not None),
        poor_found=sum(not good and taken for good, taken in judged if taken is not None),
        good=sum(good for good, taken in judged if taken is not None),
        good_taken=sum(good and taken for good, taken in judged if taken is not None),
    )


def _or_shipped(own: Measured) -> Measured:
    return own if min(own.poor, own.good) >= LEAST_MEASURED else SHIPPED_ERROR


def measured(scores: Scores, is_good: npt.NDArray[np.bool_]) -> Measured:
    """How scores of texts of a known kind err; both of shape (texts,)."""
    taken = scores < 0
    return Measured(
        poor=int((~is_good).sum()),
        poor_found=int((~is_good & taken).sum()),
        good=int(is_good.sum()),
        good_taken=int((is_good & taken).sum()),
    )
