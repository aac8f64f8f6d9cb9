"""An embedder without a model: words hashed into a few dimensions. For tests; it knows no meaning."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np

from retrieval.encoder import Vectors
from retrieval.keywords import tokenize


class HashedWords:
    """Texts that share words lie close; the same everywhere and at every run."""

    def __init__(self, dimension: int = 64) -> None:
        self.dimension = dimension
        self.name = f"hashed-words-{dimension}"

    def embed(self, texts: Sequence[str], *, as_question: bool = False) -> Vectors:
        """See :class:`retrieval.encoder.Embedder`."""
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for row, text in enumerate(texts):
            for word in tokenize(text) or [""]:
                code = zlib.crc32(word.encode())
                vectors[row, code % self.dimension] += 1 if code & 0x10000 else -1
            if not vectors[row].any():  # words that cancel each other out
                vectors[row, 0] = 1
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)
