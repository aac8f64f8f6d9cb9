"""Nearest vectors of one segment: FAISS where it is installed, numpy where it is not.

Similarity is the cosine; all vectors have length 1. Which FAISS index is used depends on how many vectors
there are (``PLANS``); an index that rounds them only proposes candidates, which the stored vectors re-rank
exactly.
"""

from __future__ import annotations

import importlib
import logging
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from retrieval.errors import IndexCorrupt

logger = logging.getLogger(__name__)

Stored = npt.NDArray[np.float16]
"""Shape (count, dimension), rows of length 1; half precision moves a cosine by less than 0.001."""
Rows = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Which index serves a segment of up to so many vectors."""

    below: float
    """Count of vectors from which the next plan takes over."""
    factory: str
    """faiss.index_factory's text; ``{lists}`` is the number of inverted lists."""
    candidates: int
    """Candidates per wanted hit that the exact vectors re-rank; 1 where the index is exact."""


PLANS = (
    Plan(below=100_000, factory="Flat", candidates=1),
    Plan(below=10_000_000, factory="IVF{lists},SQ8", candidates=4),
    Plan(below=math.inf, factory="IVF{lists},RaBitQ", candidates=20),
)
EXACT_BELOW = 20_000
"""When a filter leaves fewer vectors, all of them are compared: faster than an index that must skip the rest,
and nothing is missed."""
PROBED_SHARE = 1 / 16
"""Share of the inverted lists that an unfiltered search reads, and at least 16 of them; a filter that leaves
half of the vectors doubles it, and so on, because what it leaves lies further away."""


def plan_for(count: int) -> Plan:
    """The plan of a segment with ``count`` vectors."""
    return next(plan for plan in PLANS if count < plan.below)


def faiss_or_none() -> Any:
    """The faiss module, or ``None`` where it is not installed."""
    try:
        return importlib.import_module("faiss")
    except ImportError:
        logger.info("faiss is not installed: vectors are compared with numpy, exactly but more slowly")
        return None


def train(vectors: Stored, faiss: Any) -> Any:
    """A FAISS index over ``vectors`` that is worth keeping in a file; ``None`` for Flat or without faiss."""
    plan = plan_for(len(vectors))
    if faiss is None or plan.factory == "Flat":
        return None
    lists = _lists(len(vectors))
    index = faiss.index_factory(
        vectors.shape[1], plan.factory.format(lists=lists), faiss.METRIC_INNER_PRODUCT
    )
    sample = np.random.default_rng(0).permutation(len(vectors))[: 64 * lists]
    index.train(vectors[np.sort(sample)].astype(np.float32))
    for part in _parts(vectors):
        index.add(part)
    return index


def _lists(count: int) -> int:
    return int(max(1, min(4 * math.sqrt(count), count / 39)))  # FAISS wants 39 training vectors per list


def _parts(vectors: Stored, rows: int = 16_384) -> Iterator[npt.NDArray[np.float32]]:
    for start in range(0, len(vectors), rows):
        yield vectors[start : start + rows].astype(np.float32)


class Nearest:
    """Finds the nearest of one segment's vectors.

    Args:
        vectors: the stored vectors, in memory or mapped from a file.
        trained: what :func:`train` gave, or ``None``.
        faiss: the module, or ``None`` for numpy.
    """

    def __init__(self, vectors: Stored, trained: Any = None, *, faiss: Any = None) -> None:
        self._vectors = vectors
        self._faiss = faiss
        self._plan = plan_for(len(vectors))
        self._index = trained
        self._on_gpu: Any = None
        if trained is not None and hasattr(trained, "nprobe"):
            trained.nprobe = max(16, int(trained.nlist * PROBED_SHARE))
        elif faiss is not None and self._plan.factory == "Flat":
            self._index = faiss.IndexFlatIP(vectors.shape[1])
            for part in _parts(vectors):
                self._index.add(part)
        if faiss is not None and self._plan.factory != "Flat":
            self._on_gpu = _copy_to_gpu(faiss, self._index)

    def search(
        self, question: npt.NDArray[np.float32], k: int, allowed: Mask | None = None
    ) -> tuple[Rows, npt.NDArray[np.float32]]:
        """At most ``k`` nearest rows, best first, and their cosines; never padded.

        Args:
            question: unit vector, shape (dimension,).
            k: at least 1.
            allowed: shape (count,); rows for which it is false cannot be found. ``None`` allows all.
        """
        count = len(self._vectors) if allowed is None else int(np.count_nonzero(allowed))
        if count == 0:
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32)
        if self._index is None or (allowed is not None and count < EXACT_BELOW):
            rows = None if allowed is None else np.flatnonzero(allowed)
            return _best(rows, self._compare_all(question, rows), k)
        rows = self._propose(question, min(k * self._plan.candidates, count), allowed)
        return _best(rows, self.cosines(question, rows), k)

    def cosines(self, question: npt.NDArray[np.float32], rows: Rows) -> npt.NDArray[np.float32]:
        """Cosines of the question to some rows, in their order."""
        return np.asarray(self._vectors[rows].astype(np.float32) @ question, dtype=np.float32)

    def _propose(self, question: npt.NDArray[np.float32], k: int, allowed: Mask | None) -> Rows:
        if allowed is None and self._on_gpu is not None:
            found = self._on_gpu.search(question[None], k)[1][0]
        elif allowed is None:
            found = self._index.search(question[None], k)[1][0]
        else:
            selector = self._faiss.IDSelectorBitmap(np.packbits(allowed, bitorder="little"))
            if hasattr(self._index, "nprobe"):
                share = np.count_nonzero(allowed) / len(allowed)
                probes = min(self._index.nlist, int(self._index.nprobe / share))
                parameters = self._faiss.SearchParametersIVF(sel=selector, nprobe=probes)
            else:
                parameters = self._faiss.SearchParameters(sel=selector)
            found = self._index.search(question[None], k, params=parameters)[1][0]
        return np.asarray(found[found >= 0], dtype=np.int64)  # FAISS pads with -1

    def _compare_all(self, question: npt.NDArray[np.float32], rows: Rows | None) -> npt.NDArray[np.float32]:
        vectors = self._vectors if rows is None else self._vectors[rows]
        return np.concatenate([part @ question for part in _parts(vectors)])


def _best(
    rows: Rows | None, cosines: npt.NDArray[np.float32], k: int
) -> tuple[Rows, npt.NDArray[np.float32]]:
    order = np.arange(len(cosines)) if k >= len(cosines) else np.argpartition(-cosines, k)[:k]
    order = order[np.lexsort((order, -cosines[order]))]  # ties in the order of rows
    found = order if rows is None else rows[order]
    return np.asarray(found, dtype=np.int64), cosines[order]


def _copy_to_gpu(faiss: Any, index: Any) -> Any:
    """A copy on the first GPU, or ``None``; filtered searches stay on the processor, where selectors work."""
    if index is None or not hasattr(faiss, "StandardGpuResources") or faiss.get_num_gpus() == 0:
        return None
    try:
        copy = faiss.index_cpu_to_gpu(faiss.StandardGpuResources(), 0, index)
    except RuntimeError as error:
        logger.warning("vectors stay on the processor: %s", error)
        return None
    logger.info("vectors are searched on the GPU")
    return copy


def write_trained(index: Any, path: Path, faiss: Any) -> None:
    """Write a trained index; raises ``OSError`` as any write does."""
    with path.open("wb") as file:
        faiss.write_index(index, faiss.PyCallbackIOWriter(file.write))


def read_trained(path: Path, faiss: Any) -> Any:
    """Read a trained index; raises ``IndexCorrupt`` when FAISS cannot."""
    try:
        return faiss.read_index(str(path))
    except RuntimeError as error:
        raise IndexCorrupt(path, "FAISS cannot read it") from error
