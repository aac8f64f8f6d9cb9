"""Which words some texts use more than others do: counts in, words out. Interprets nothing.

A word counts once a text, so that one long text is one voice. The log of its odds in the texts over that in
the others, each drawn to its odds in both together, in standard errors: Monroe, Colaresi & Quinn, Fightin'
Words, 2008, with an informative Dirichlet prior. Benjamini and Hochberg (1995) hold all words together to a
share of false ones.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from retrieval.keywords import tokenize

PRIOR = 0.1
"""Weight of the prior, as a share of the smaller group's texts."""
FALSE_SHARE = 0.01
LEAST_TEXTS = 3
"""Texts that a word must stand in."""
_HAN = re.compile(r"[\u3400-\u9fff]")


@dataclass(frozen=True, kw_only=True)
class Overused:
    """A word, or two that stand beside each other."""

    words: str
    texts: int
    """Of the texts, how many have it."""
    others: int
    """Of the other texts."""
    score: float
    """Standard errors that the log of its odds lies above that in the others."""


def overused(texts: Sequence[str], others: Sequence[str], most: int = 5) -> list[Overused]:
    """The words that ``texts`` use more than ``others``, the surest first; none where there are few texts."""
    here, there = (Counter(term for text in group for term in terms_of(text)) for group in (texts, others))
    known = [term for term, count in here.items() if count >= LEAST_TEXTS]
    if not known or not others:
        return []
    a, b = (np.array([group[term] for term in known], dtype=float) for group in (here, there))
    both = (a + b + 1) / (len(texts) + len(others) + 2)
    size = PRIOR * min(len(texts), len(others)) + 0.5
    prior = size * both
    with_it = a + prior, b + prior
    without = len(texts) - a + size * (1 - both), len(others) - b + size * (1 - both)
    odds = [np.log(x / y) for x, y in zip(with_it, without, strict=True)]
    scores = (odds[0] - odds[1]) / np.sqrt(sum(1 / x for x in (*with_it, *without)))
    return _told(known, a, b, scores, most)


def terms_of(text: str) -> set[str]:
    """Its words without fillers, and pairs of neighbours of those that are written with spaces."""
    words = [word for word in tokenize(text) if len(word) > 1 and not word.isdigit()]
    pairs = (f"{x} {y}" for x, y in pairwise(words) if not _HAN.search(x + y) and f"{x} {y}" in text.lower())
    return {*words, *pairs}


def _told(
    known: Sequence[str],
    a: np.ndarray[tuple[int], np.dtype[np.float64]],
    b: np.ndarray[tuple[int], np.dtype[np.float64]],
    scores: np.ndarray[tuple[int], np.dtype[np.float64]],
    most: int,
) -> list[Overused]:
    from scipy.stats import false_discovery_control, norm

    is_sure = false_discovery_control(norm.sf(scores)) <= FALSE_SHARE
    told: list[Overused] = []
    for place in map(int, np.argsort(-scores, kind="stable")):
        words = set(known[place].split())
        if not is_sure[place] or len(told) == most:
            break
        if any(words & set(each.words.split()) for each in told):
            continue
        told.append(
            Overused(
                words=known[place], texts=int(a[place]), others=int(b[place]), score=float(scores[place])
            )
        )
    return told
