"""Documents that can be found, hits that were found, and filters."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any, Literal, Protocol

Kind = Literal["review", "report", "product", "macro", "reply"]
"""``macro`` and ``reply`` are what a reply to a customer is drafted from; no index holds them."""


@dataclass(frozen=True, kw_only=True)
class Document:
    """A text that can be cited."""

    id: str
    """``kind:key``, e.g. ``review:123``, ``report:2026-05-monthly#returns`` or ``product:7#1f0c9a2b`` (with a
    hash of its words); unique in an index."""
    kind: Kind
    text: str
    """What is embedded, searched and quoted; never empty."""
    language: str = ""
    """``en``, ``zh`` or another ISO 639-1 code; empty when unknown."""
    product: str = ""
    """Product name as the shop's views spell it; empty for reports."""
    category: str = ""
    rating: float | None = None
    """Stars from 1 to 5."""
    written_at: dt.datetime | None = None
    """Local time of the shop, without zone."""


@dataclass(frozen=True, kw_only=True)
class Filters:
    """Which documents may be found. Every field narrows; ``None`` does not."""

    kinds: frozenset[str] | None = None
    products: frozenset[str] | None = None
    categories: frozenset[str] | None = None
    languages: frozenset[str] | None = None
    min_rating: float | None = None
    max_rating: float | None = None
    written_from: dt.datetime | None = None
    """Inclusive."""
    written_before: dt.datetime | None = None
    """Exclusive."""


@dataclass(frozen=True, kw_only=True)
class Hit:
    """A document that was found."""

    document: Document
    score: float
    """Fused score; higher is better, comparable only within one search."""
    similarity: float | None
    """Cosine to the question in [-1, 1]; ``None`` when no vector is at hand."""

    def to_json(self) -> dict[str, Any]:
        """Plain JSON types, for machines that search."""
        d = self.document
        return {
            "id": d.id,
            "kind": d.kind,
            "text": d.text,
            "score": self.score,
            "similarity": self.similarity,
            "product": d.product,
            "category": d.category,
            "rating": d.rating,
            "language": d.language,
            "written_at": d.written_at.isoformat() if d.written_at else None,
        }


class Retriever(Protocol):
    """Finds documents. Returns at most ``k`` hits, best first; never pads."""

    @property
    def left_out(self) -> int:
        """Documents that cannot be found because another has their id; answers warn of them."""

    def search(self, text: str, k: int, filters: Filters | None = None) -> list[Hit]:
        """Raises ``ValueError`` for an empty text or ``k`` below 1."""
