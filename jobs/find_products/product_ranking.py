"""Products by meaning and words: over their own names and descriptions, and over what reviews say of them.

Each of the two is ranked by the index that it stands in (vectors and BM25, fused); these are fused once more,
a product standing where its best review does. Products are told apart by their names, as reviews are filed.
"""

from __future__ import annotations

from collections.abc import Mapping

from jobs.ask_reviews.quoting import pieces_of
from retrieval.fuse import fuse
from retrieval.types import Filters, Hit, Retriever

DEPTH = 400
"""Hits of each ranking that are looked at."""
OF_PRODUCT = 0.2
"""Cosine from which a product's own words speak of a topic that they share no word with."""
OF_REVIEW = 0.35
"""The same of a review."""
AS_NEAR = 0.6
"""Share of the best cosine from which a product is told beside it, unless it shares all words."""


def rank_products(
    topic: str, catalogue: Retriever, reviews: Retriever | None, names: frozenset[str] | None = None
) -> dict[str, Hit]:
    """Product's name → what it was found by, its own words or a review's; the best first.

    Args:
        reviews: ``None`` where there are none to be read.
        names: products that are looked at; ``None`` for all.
    """
    own = _nearest(catalogue.search(topic, DEPTH, Filters(products=names)), topic, OF_PRODUCT)
    told: dict[str, Hit] = {}
    if reviews is not None:
        filters = Filters(kinds=frozenset({"review"}), products=names)
        told = _nearest(reviews.search(topic, DEPTH, filters), topic, OF_REVIEW)
    order = [name for name, _ in fuse([list(own), list(told)])]
    return {name: _telling(own.get(name), told.get(name), topic) for name in order}


def near_best(ranked: Mapping[str, Hit], best: Mapping[str, Hit], topic: str) -> dict[str, Hit]:
    """Those of ``ranked`` that are about as near to the topic as the best of all products is.

    Args:
        best: the ranking without conditions: what is there if none of them were set.
    """
    least = AS_NEAR * max((hit.similarity or 0.0 for hit in best.values()), default=0.0)
    words = len(pieces_of(topic))
    return {
        name: hit
        for name, hit in ranked.items()
        if hit.similarity is None or hit.similarity >= least or _shared(hit, topic) == words > 0
    }


def _nearest(hits: list[Hit], topic: str, least: float) -> dict[str, Hit]:
    """The first hit of each product, of those that speak of the topic."""
    found: dict[str, Hit] = {}
    for hit in hits:
        is_near = hit.similarity is None or hit.similarity >= least
        if hit.document.product and (is_near or _shared(hit, topic)):
            found.setdefault(hit.document.product, hit)
    return found


def _telling(own: Hit | None, told: Hit | None, topic: str) -> Hit:
    """Which of the two says more of why: the own words where they share as much with the topic."""
    if own is None or told is None:
        hit = own or told
        assert hit is not None
        return hit
    return told if _shared(told, topic) > _shared(own, topic) else own


def _shared(hit: Hit, topic: str) -> int:
    return len(pieces_of(topic) & pieces_of(hit.document.text))
