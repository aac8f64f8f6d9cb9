"""Vectors of texts that other indexes hold already, so that no text is embedded twice.

What is taken is a vector for a text that the caller has in hand, equal letter for letter. Nothing else leaves
the other index: not its texts, ids or filters, nor how many it holds. So an index of what one role may read
can be built from one of what another may read, and neither finds a text of the other's.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from retrieval import storage
from retrieval.errors import RetrievalError
from retrieval.segment import open_segment
from retrieval.vectors import Stored

logger = logging.getLogger(__name__)


def known_vectors(folders: Iterable[Path], embedder: str, texts: Sequence[str]) -> Mapping[str, Stored]:
    """The vectors of those of ``texts`` that an index in one of the folders holds.

    Args:
        folders: of indexes; one that is missing, damaged or embedded by another model is passed over.
        embedder: name of the model whose vectors are wanted.
        texts: what is looked for.
    Returns:
        Text → its vector as stored, float16, shape (dimension,), length 1.
    """
    wanted = set(texts)
    found: dict[str, Stored] = {}
    for folder in folders:
        if not wanted:
            break
        try:
            _take(folder, embedder, wanted, found)
        except RetrievalError as error:
            logger.info("no vectors are taken from %s: %s", folder, type(error).__name__)
    return found


def _take(folder: Path, embedder: str, wanted: set[str], found: dict[str, Stored]) -> None:
    """Move what the index holds of ``wanted`` to ``found``."""
    manifest = storage.read_manifest(folder)
    if manifest.embedder != embedder:
        return
    storage.check_files(folder, manifest)
    for record in manifest.segments:
        segment = open_segment(folder / record.name, record.count, manifest.dimension)
        for row, text in enumerate(segment.documents["text"].to_pylist()):
            if text in wanted:
                wanted.discard(text)
                found[text] = segment.vectors[row]
