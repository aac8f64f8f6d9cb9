"""One segment of an index: documents, vectors and keywords that were written together and never change.

Files of a segment: ``documents.parquet``, ``vectors.npy`` (float16), ``keywords/*`` (bm25s), and
``trained.faiss`` for large ones. Row numbers are the same in all of them.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from retrieval.encoder import Vectors
from retrieval.errors import IndexCorrupt
from retrieval.keywords import Keywords
from retrieval.types import Document, Filters
from retrieval.vectors import Mask, Nearest, Stored, faiss_or_none, read_trained, train, write_trained

DOCUMENTS, VECTORS, KEYWORDS, TRAINED = "documents.parquet", "vectors.npy", "keywords", "trained.faiss"
_TYPES = {"rating": pa.float64(), "written_at": pa.timestamp("us")}
SCHEMA = pa.schema([(field.name, _TYPES.get(field.name, pa.string())) for field in fields(Document)])


@dataclass(frozen=True, eq=False)
class Segment:
    """An opened segment."""

    documents: pa.Table
    vectors: Stored
    keywords: Keywords
    nearest: Nearest

    def __len__(self) -> int:
        return int(self.documents.num_rows)

    def document(self, row: int) -> Document:
        """The document in a row."""
        return Document(**self.documents.slice(row, 1).to_pylist()[0])

    @functools.cached_property
    def ids(self) -> list[str]:
        """The ids of all rows."""
        return list(self.documents["id"].to_pylist())

    def allowed(self, filters: Filters) -> Mask | None:
        """Which rows the filters let through, shape (count,); ``None`` when they let all through."""
        conditions = list(_conditions(self.documents, filters))
        if not conditions:
            return None
        return np.asarray(functools.reduce(np.logical_and, conditions), dtype=np.bool_)


def _conditions(documents: pa.Table, filters: Filters) -> list[Mask]:
    sets = (
        ("kind", filters.kinds),
        ("product", filters.products),
        ("category", filters.categories),
        ("language", filters.languages),
    )
    bounds = (
        ("rating", pc.greater_equal, filters.min_rating),
        ("rating", pc.less_equal, filters.max_rating),
        ("written_at", pc.greater_equal, filters.written_from),
        ("written_at", pc.less, filters.written_before),
    )
    found = [
        pc.is_in(documents[name], value_set=pa.array(sorted(values), pa.string()))
        for name, values in sets
        if values is not None
    ]
    found += [
        compare(documents[name], pa.scalar(bound, SCHEMA.field(name).type))
        for name, compare, bound in bounds
        if bound is not None
    ]
    # An unknown rating or time is on neither side of a bound.
    return [pc.fill_null(condition, False).to_numpy() for condition in found]


def to_table(documents: Sequence[Document]) -> pa.Table:
    """Documents as columns; times lose their zone."""
    columns: dict[str, list[Any]] = {name: [getattr(d, name) for d in documents] for name in SCHEMA.names}
    columns["written_at"] = [_without_zone(value) for value in columns["written_at"]]
    return pa.table(columns, schema=SCHEMA)


def _without_zone(value: dt.datetime | None) -> dt.datetime | None:
    return value.replace(tzinfo=None) if value else value


def write_segment(folder: Path, documents: pa.Table, vectors: Vectors | Stored) -> None:
    """Write a segment's files into an existing, empty folder. Raises ``OSError`` when the disk refuses."""
    pq.write_table(documents, folder / DOCUMENTS, compression="zstd")
    stored = np.asarray(vectors, dtype=np.float16)
    np.save(folder / VECTORS, stored)
    (folder / KEYWORDS).mkdir()
    Keywords.build(documents["text"].to_pylist()).save(folder / KEYWORDS)
    faiss = faiss_or_none()
    trained = train(stored, faiss)
    if trained is not None:
        write_trained(trained, folder / TRAINED, faiss)


def open_segment(folder: Path, count: int, dimension: int) -> Segment:
    """Open what :func:`write_segment` wrote.

    Raises:
        IndexCorrupt: a file is missing, cannot be read, or holds other than ``count`` rows of ``dimension``.
    """
    try:
        documents = pq.read_table(folder / DOCUMENTS, schema=SCHEMA)
    except (OSError, pa.ArrowException) as error:
        raise IndexCorrupt(folder / DOCUMENTS, f"cannot be read ({error})") from error
    try:
        vectors = np.load(folder / VECTORS, mmap_mode="r")
    except (OSError, ValueError, EOFError) as error:
        raise IndexCorrupt(folder / VECTORS, f"cannot be read ({error})") from error
    if documents.num_rows != count or vectors.shape != (count, dimension):
        raise IndexCorrupt(
            folder, f"{documents.num_rows} documents and vectors of shape {vectors.shape}, expected {count}"
        )
    faiss = faiss_or_none()
    trained = None
    if faiss is not None and (folder / TRAINED).is_file():
        trained = read_trained(folder / TRAINED, faiss)
    return Segment(
        documents=documents,
        vectors=vectors,
        keywords=Keywords.load(folder / KEYWORDS, count),
        nearest=Nearest(vectors, trained, faiss=faiss),
    )
