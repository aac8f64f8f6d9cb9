"""The index of a shop's texts: meaning and keywords, fused, filtered before ranking.

It finds documents; it does not judge whether they answer, and it does not know who may read them: build one
index per audience (:func:`retrieval.corpus.audience`).
"""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from retrieval import storage
from retrieval.embed import embed_many, load_embedder
from retrieval.encoder import Embedder
from retrieval.errors import DuplicateIds, IndexMismatch
from retrieval.fuse import fuse
from retrieval.keywords import tokenize
from retrieval.reuse import known_vectors
from retrieval.segment import Segment, open_segment, to_table, write_segment
from retrieval.storage import Manifest
from retrieval.types import Document, Filters, Hit, Kind
from retrieval.vectors import Mask

logger = logging.getLogger(__name__)

Row = tuple[int, int]
"""Segment and row in it."""

LEFT_OUT = "left_out"
"""Name of the note that :attr:`Index.left_out` reads."""
DEPTH = 100
"""Hits taken from each ranking before they are fused, or ten per wanted hit if that is more."""


@dataclass(frozen=True, eq=False)
class _State:
    """What a search sees; replaced as a whole when documents are added."""

    manifest: Manifest
    segments: tuple[Segment, ...]
    present: tuple[Mask | None, ...]
    """Per segment, the rows that were not replaced or removed; ``None`` when all are there."""


class Index:
    """Implements :class:`retrieval.types.Retriever`. Searching is safe from several threads."""

    def __init__(self, folder: Path, state: _State, embedder: Embedder) -> None:
        self._folder = folder
        self._state = state
        self._embedder = embedder
        self._adding = threading.Lock()

    @property
    def embedder(self) -> Embedder:
        """The model behind the vectors, to be shared instead of loaded twice."""
        return self._embedder

    @classmethod
    def build(
        cls,
        folder: Path,
        documents: Iterable[Document],
        *,
        embedder: Embedder | None = None,
        beside: Sequence[Path] = (),
        processes: int | None = None,
        note: Mapping[str, str] | None = None,
        progress: bool = True,
    ) -> Index:
        """Embed and write ``documents`` as the folder's index, in place of the one that may be there.

        Args:
            folder: made when missing; keeps nothing but the index.
            documents: with distinct ids; may be none.
            embedder: the default model when ``None``.
            beside: folders of other indexes; texts that they hold too are not embedded again.
            processes: that embed; ``None`` takes the usable cores.
            note: facts kept in the manifest, e.g. a fingerprint of the data.
            progress: show a bar on standard error.
        Raises:
            DuplicateIds, EmbeddingFailed, IndexBusy, IndexNotWritten: the index that was there is unchanged.
        """
        embedder = embedder or load_embedder()
        with storage.writing(folder):
            manifest = Manifest(embedder=embedder.name, dimension=embedder.dimension, note=dict(note or {}))
            new = _write(folder, list(documents), embedder, beside, processes=processes, progress=progress)
            storage.write_manifest(folder, replace(manifest, segments=new))
        return cls.open(folder, embedder=embedder)

    @classmethod
    def open(cls, folder: Path, *, embedder: Embedder | None = None) -> Index:
        """Open the index in ``folder``; the embedding model is loaded at the first search.

        Raises:
            IndexMissing, IndexCorrupt, IndexMismatch: naming the file and the command that rebuilds it.
        """
        manifest = storage.read_manifest(folder)
        embedder = embedder or load_embedder(manifest.embedder)
        if embedder.name != manifest.embedder:
            raise IndexMismatch(folder, f"embedded by {manifest.embedder!r}, not by {embedder.name!r}")
        storage.check_files(folder, manifest)
        return cls(folder, _open_state(folder, manifest, {}), embedder)

    def __len__(self) -> int:
        return self._state.manifest.count

    @property
    def left_out(self) -> int:
        """What the builder noted of texts whose id another text has: how many cannot be found."""
        return int(self._state.manifest.note.get(LEFT_OUT, 0))

    @property
    def manifest(self) -> Manifest:
        """What the index holds, as its file says."""
        return self._state.manifest

    def ids(self) -> set[str]:
        """Ids of the documents that can be found."""
        state = self._state
        return {
            id
            for segment, present in zip(state.segments, state.present, strict=True)
            for row, id in enumerate(segment.ids)
            if present is None or present[row]
        }

    def documents(self, kind: Kind) -> list[Document]:
        """The documents of a kind that can be found, in the order of their ids."""
        state, found = self._state, []
        for segment, present in zip(state.segments, state.present, strict=True):
            rows = segment.documents.to_pylist()
            found += [Document(**row) for n, row in enumerate(rows) if present is None or present[n]]
        return sorted((each for each in found if each.kind == kind), key=lambda each: each.id)

    def add(
        self,
        documents: Iterable[Document],
        *,
        beside: Sequence[Path] = (),
        processes: int | None = None,
        note: Mapping[str, str] | None = None,
        progress: bool = True,
    ) -> None:
        """Write ``documents`` beside those already there, without touching these.

        A document whose id is in the index replaces the one there: a review that its writer changed. Ids
        within one call must be distinct. Raises what :meth:`build` raises; on failure nothing changes.

        Args:
            beside: see :meth:`build`.
            note: facts kept in the manifest in place of those there; ``None`` leaves these.
        """
        added = list(documents)
        if not added and note is None:
            return
        with self._adding, storage.writing(self._folder):
            # Another process may have written since; its manifest counts, not the one this object read.
            manifest = storage.read_manifest(self._folder)
            if manifest.embedder != self._embedder.name:
                raise IndexMismatch(self._folder, f"now embedded by {manifest.embedder!r}")
            state = _open_state(self._folder, manifest, self._opened())
            new = _write(self._folder, added, self._embedder, beside, processes=processes, progress=progress)
            kept = _without(state, {document.id for document in added})
            noted = manifest.note if note is None else dict(note)
            self._replace(replace(manifest, segments=(*kept, *new), note=noted))

    def remove(self, ids: Iterable[str]) -> None:
        """Take documents out of the index; ids that are not in it are ignored. Raises what :meth:`add`
        raises."""
        with self._adding, storage.writing(self._folder):
            manifest = storage.read_manifest(self._folder)
            state = _open_state(self._folder, manifest, self._opened())
            self._replace(replace(manifest, segments=tuple(_without(state, set(ids)))))

    def search(self, text: str, k: int, filters: Filters | None = None) -> list[Hit]:
        """Documents close to ``text`` in meaning or words, best first; at most ``k``, fewer when fewer exist.

        Filters narrow before ranking, so that a rare product still gets ``k`` hits if it has them.

        Raises:
            ValueError: ``text`` is empty or ``k`` < 1.
        """
        if not text.strip():
            raise ValueError("cannot search for an empty text")
        if k < 1:
            raise ValueError(f"k must be at least 1, got {k}")
        state = self._state
        allowed = _allowed(state, filters or Filters())
        depth = max(DEPTH, 10 * k)
        question = self._embedder.embed([text], as_question=True)[0]
        ranked = fuse([by_meaning(state, question, depth, allowed), by_words(state, text, depth, allowed)])
        return [_hit(state, question, row, score) for row, score in ranked[:k]]

    def warm_up(self) -> None:
        """Load the embedding model now rather than at the first search."""
        self._embedder.embed(["ready"], as_question=True)

    def verify(self) -> None:
        """Hash every file, whatever the size; raises ``IndexCorrupt``."""
        storage.check_files(self._folder, self._state.manifest, hashes=True)

    def _replace(self, manifest: Manifest) -> None:
        """Make ``manifest`` the index, its segments merged first when there are too many."""
        state = _open_state(self._folder, manifest, self._opened())
        if len(manifest.segments) > storage.MAX_SEGMENTS:
            manifest = replace(manifest, segments=_merged(self._folder, state))
            state = _open_state(self._folder, manifest, self._opened())
        storage.write_manifest(self._folder, manifest)
        self._state = state

    def _opened(self) -> dict[str, Segment]:
        records = self._state.manifest.segments
        return {record.name: segment for record, segment in zip(records, self._state.segments, strict=True)}


def _write(
    folder: Path,
    documents: Sequence[Document],
    embedder: Embedder,
    beside: Sequence[Path],
    *,
    processes: int | None,
    progress: bool,
) -> tuple[storage.SegmentRecord, ...]:
    repeated = [id for id, times in Counter(d.id for d in documents).items() if times > 1]
    if repeated:
        raise DuplicateIds(repeated)
    if not documents:
        return ()
    table = to_table(documents)
    texts = [document.text for document in documents]
    known = known_vectors(beside, embedder.name, texts)
    vectors = embed_many(embedder, texts, known=known, processes=processes, progress=progress)
    return (
        storage.write_new_segment(folder, len(documents), lambda part: write_segment(part, table, vectors)),
    )


def _open_state(folder: Path, manifest: Manifest, opened: Mapping[str, Segment]) -> _State:
    segments = tuple(
        opened.get(record.name) or open_segment(folder / record.name, record.count, manifest.dimension)
        for record in manifest.segments
    )
    return _State(manifest, segments, tuple(_present(record) for record in manifest.segments))


def _present(record: storage.SegmentRecord) -> Mask | None:
    if not record.gone:
        return None
    present = np.ones(record.count, dtype=np.bool_)
    present[list(record.gone)] = False
    return present


def _without(state: _State, ids: set[str]) -> list[storage.SegmentRecord]:
    """The manifest's segments with the rows of ``ids`` marked as gone; segments left empty are dropped."""
    kept = []
    for record, segment in zip(state.manifest.segments, state.segments, strict=True):
        gone = sorted({*record.gone, *(row for row, id in enumerate(segment.ids) if id in ids)})
        if len(gone) < record.count:
            kept.append(replace(record, gone=tuple(gone)))
    return kept


def _merged(folder: Path, state: _State) -> tuple[storage.SegmentRecord, ...]:
    """Write the smaller half of the segments as one, without rows that are gone; nothing is embedded again.

    The largest stay, so that the work stays in proportion to what was added.
    """
    records = state.manifest.segments
    by_size = sorted(range(len(records)), key=lambda number: -records[number].count)
    large, small = by_size[: storage.MAX_SEGMENTS // 2], sorted(by_size[storage.MAX_SEGMENTS // 2 :])
    tables, vectors = [], []
    for number in small:
        segment, present = state.segments[number], state.present[number]
        rows = np.arange(len(segment)) if present is None else np.flatnonzero(present)
        tables.append(segment.documents.take(rows))
        vectors.append(segment.vectors[rows])
    table, together = pa.concat_tables(tables), np.concatenate(vectors)
    merged = storage.write_new_segment(
        folder, table.num_rows, lambda part: write_segment(part, table, together)
    )
    return (*(records[number] for number in sorted(large)), merged)


def _allowed(state: _State, filters: Filters) -> list[Mask | None]:
    masks: list[Mask | None] = []
    for segment, present in zip(state.segments, state.present, strict=True):
        allowed = segment.allowed(filters)
        if allowed is None or present is None:
            masks.append(present if allowed is None else allowed)
        else:
            masks.append(allowed & present)
    return masks


def by_meaning(
    state: _State, question: npt.NDArray[np.float32], depth: int, allowed: Sequence[Mask | None]
) -> list[Row]:
    """Rows by falling cosine, at most ``depth``."""
    found: list[tuple[float, Row]] = []
    for number, (segment, mask) in enumerate(zip(state.segments, allowed, strict=True)):
        rows, cosines = segment.nearest.search(question, depth, mask)
        found += [(-float(c), (number, int(row))) for row, c in zip(rows, cosines, strict=True)]
    return [row for _, row in sorted(found)[:depth]]


def by_words(state: _State, text: str, depth: int, allowed: Sequence[Mask | None]) -> list[Row]:
    """Rows by falling BM25, at most ``depth``; only rows that hold a word of the text."""
    words = dict.fromkeys(tokenize(text))
    frequencies = {w: sum(s.keywords.document_frequency(w) for s in state.segments) for w in words}
    total = sum(len(segment) for segment in state.segments)
    found: list[tuple[float, Row]] = []
    for number, (segment, mask) in enumerate(zip(state.segments, allowed, strict=True)):
        scores = segment.keywords.scores(frequencies, total)
        if mask is not None:
            scores[~mask] = 0
        rows = np.flatnonzero(scores)
        if len(rows) > depth:
            rows = rows[np.argpartition(-scores[rows], depth)[:depth]]
        found += [(-float(scores[row]), (number, int(row))) for row in rows]
    return [row for _, row in sorted(found)[:depth]]


def _hit(state: _State, question: npt.NDArray[np.float32], row: Row, score: float) -> Hit:
    segment = state.segments[row[0]]
    cosine = float(segment.nearest.cosines(question, np.array([row[1]]))[0])
    return Hit(document=segment.document(row[1]), score=score, similarity=max(-1.0, min(1.0, cosine)))
