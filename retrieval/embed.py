"""Which embedder, and many texts at once: the default model, models from a folder, several processes."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from retrieval.encoder import DEFAULT_EMBEDDER, Embedder, SentenceEncoder, Vectors
from retrieval.errors import EmbeddingFailed


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
    off = {} if progress else {"disable": True}  # where a bar is wanted, TQDM_DISABLE still has its say
    with tqdm(total=len(texts), desc="Embedding", unit="text", **off) as bar:
        for start in range(0, len(texts), batch):
            part = texts[start : start + batch]
            vectors[start : start + len(part)] = embedder.embed(part)
            bar.update(len(part))
    return vectors
