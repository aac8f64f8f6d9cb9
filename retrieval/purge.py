"""Taking a person out of an index: texts that name them, or that they wrote, and every trace on disk.

:meth:`retrieval.index.Index.remove` only marks rows as gone. Here segments are written anew without them, the
rows that were marked before included, so that no text, word or vector of theirs is left. No model is loaded.
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa

from retrieval import storage
from retrieval.errors import IndexCorrupt, IndexMismatch, IndexMissing
from retrieval.segment import Segment, open_segment, write_segment
from sql.traces import Traces


class IndexFolder:
    """An index on disk, as a place that can forget.

    Attributes:
        forgotten: ids of the documents that the last :meth:`forget` found and that could be found by others.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.forgotten: frozenset[str] = frozenset()

    def forget(self, traces: Traces, *, is_dry: bool) -> int:
        """Write the index anew without the person's documents; see ``CanForget``.

        One that cannot be read is deleted whole: it is built again when it is needed.

        Raises:
            IndexBusy, IndexNotWritten: the index is as it was.
            IndexUnusable: it could not be read, and is gone unless ``is_dry``.
        """
        if not self.folder.is_dir():
            return 0
        with storage.writing(self.folder):
            try:
                manifest = storage.read_manifest(self.folder)
                segments = [
                    open_segment(self.folder / record.name, record.count, manifest.dimension)
                    for record in manifest.segments
                ]
            except IndexMissing:
                return 0
            except (IndexCorrupt, IndexMismatch):
                if not is_dry:
                    self._clear()
                raise
            named = [_named(segment, traces) for segment in segments]
            pairs = list(zip(manifest.segments, segments, named, strict=True))
            self.forgotten = frozenset(
                segment.ids[row] for record, segment, rows in pairs for row in rows if row not in record.gone
            )
            if any(named) and not is_dry:
                kept = [self._without(*pair) if pair[2] else pair[0] for pair in pairs]
                found = tuple(record for record in kept if record is not None)
                storage.write_manifest(self.folder, replace(manifest, segments=found))
        return sum(map(len, named))

    def _without(
        self, record: storage.SegmentRecord, segment: Segment, named: list[int]
    ) -> storage.SegmentRecord | None:
        """The segment written anew without rows that name the person or are gone; ``None`` for no rows."""
        rows = np.setdiff1d(np.arange(record.count), [*record.gone, *named])
        if not len(rows):
            return None
        table: pa.Table = segment.documents.take(rows)
        vectors = np.asarray(segment.vectors[rows])
        return storage.write_new_segment(
            self.folder, len(rows), lambda part: write_segment(part, table, vectors)
        )

    def _clear(self) -> None:
        for path in self.folder.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
            elif path.name != storage.LOCK:
                path.unlink()


def _named(segment: Segment, traces: Traces) -> list[int]:
    """Rows that name the person or that they wrote, those marked as gone too."""
    texts = segment.documents["text"].to_pylist()
    return [
        row
        for row, (id, text) in enumerate(zip(segment.ids, texts, strict=True))
        if id in traces.documents or traces.names(text) or traces.names(id)
    ]
