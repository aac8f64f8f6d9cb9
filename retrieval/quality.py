"""How good a ranking is, against judgements made by people.

Textbook measures only; which texts are relevant to a question is for the caller to know.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet


def recall_at_k(ranked: Sequence[Sequence[str]], relevant: Sequence[AbstractSet[str]], k: int) -> float:
    """Mean share of the relevant documents that appear among the first ``k`` hits.

    Args:
        ranked: per question, ids, best first; shape (questions, any length).
        relevant: per question, the ids judged relevant; same order, none empty.
        k: cut-off, at least 1; a list shorter than ``k`` is used whole.
    Returns:
        A fraction in [0, 1], averaged over questions.
    Raises:
        ValueError: lengths differ, there is no question, ``k`` < 1, or a relevant set is empty.
    Source: Manning, Raghavan & Schuetze, Introduction to Information Retrieval, ch. 8.
    """
    _check(ranked, relevant, k)
    shares = [len(set(ids[:k]) & wanted) / len(wanted) for ids, wanted in zip(ranked, relevant, strict=True)]
    return sum(shares) / len(shares)


def ndcg_at_k(ranked: Sequence[Sequence[str]], gains: Sequence[Mapping[str, float]], k: int) -> float:
    """Mean normalised discounted cumulative gain of the first ``k`` hits.

    Args:
        ranked: per question, ids, best first, without repeats.
        gains: per question, id → how relevant, above 0; ids left out have none. None empty.
        k: cut-off, at least 1.
    Returns:
        A fraction in [0, 1]; 1 when the most relevant come first, in order.
    Raises:
        ValueError: as :func:`recall_at_k`.
    Source: Järvelin & Kekäläinen, Cumulated gain-based evaluation of IR techniques, 2002, with the discount
        1 / log2(rank + 1).
    """
    _check(ranked, gains, k)
    scores = []
    for ids, gain in zip(ranked, gains, strict=True):
        found = _dcg([gain.get(id, 0.0) for id in ids[:k]])
        scores.append(found / _dcg(sorted(gain.values(), reverse=True)[:k]))
    return sum(scores) / len(scores)


def _dcg(gains: Sequence[float]) -> float:
    return sum(gain / math.log2(rank + 1) for rank, gain in enumerate(gains, start=1))


def _check(
    ranked: Sequence[object], judged: Sequence[AbstractSet[str] | Mapping[str, float]], k: int
) -> None:
    if len(ranked) != len(judged):
        raise ValueError(f"{len(ranked)} rankings for {len(judged)} judged questions")
    if not judged:
        raise ValueError("no questions to judge")
    if k < 1:
        raise ValueError(f"k must be at least 1, got {k}")
    if not all(judged):
        raise ValueError("a question without a relevant document cannot be scored")
