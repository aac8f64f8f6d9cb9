"""Small documents and the embedder without a model."""

from __future__ import annotations

import datetime as dt

import pytest

from retrieval.hashed import HashedWords
from retrieval.types import Document


@pytest.fixture
def embedder() -> HashedWords:
    return HashedWords(128)


@pytest.fixture
def documents() -> list[Document]:
    day = dt.datetime
    audio = {"kind": "review", "category": "Audio"}
    clothing = {"kind": "review", "category": "Clothing", "product": "Shirt", "language": "en"}
    return [
        Document(
            id="review:1",
            text="The battery died after two weeks",
            product="Phone",
            language="en",
            rating=1,
            written_at=day(2026, 4, 30, 23, 59, 59),
            **audio,
        ),
        Document(
            id="review:2",
            text="Long battery life and warm sound",
            product="Headset",
            language="en",
            rating=5,
            written_at=day(2026, 5, 1),
            **audio,
        ),
        Document(
            id="review:3",
            text="电池不耐用，音质很好",
            product="Headset",
            language="zh",
            rating=3,
            written_at=day(2026, 5, 31, 12),
            **audio,
        ),
        Document(
            id="review:4",
            text="Colour faded after one wash",
            rating=2,
            written_at=day(2026, 6, 1),
            **clothing,
        ),
        Document(id="review:5", text="Fits well, soft fabric", **clothing),
        Document(
            id="report:2026-05-monthly#returns",
            kind="report",
            text="Returns of the phone rose because of the battery",
            language="en",
            written_at=day(2026, 5, 31, 23, 59, 59),
        ),
    ]
