"""Errors of ``retrieval``.

Tree::

    RetrievalError
    ├── IndexUnusable       cannot be opened; the message names the file and the command that rebuilds it
    │   ├── IndexMissing    there is no index in the folder
    │   ├── IndexCorrupt    a file is gone, was changed or cannot be read
    │   └── IndexMismatch   written by another format or embedded by another model
    ├── IndexNotWritten     a write failed (disk full, no permission); the index is as it was before
    ├── IndexBusy           another process is writing this index
    ├── DuplicateIds        two documents of one call carry the same id
    ├── EmbeddingFailed     the model or one of its processes stopped
    └── NoReviews           the shop or the role has no reviews that can be read
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

REBUILD = "shoptalk index"
"""The command that builds the index of a shop anew."""


class RetrievalError(Exception):
    """Base of everything ``retrieval`` raises on purpose."""


class IndexUnusable(RetrievalError):
    """An index that cannot be opened; nothing was changed.

    Args:
        path: the folder, or the file in it that is at fault.
        reason: what is wrong with it, without a full stop.
    """

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}. Nothing was changed. Rebuild the index: {REBUILD}")
        self.path = path
        self.reason = reason


class IndexMissing(IndexUnusable):
    """There is no index in the folder."""


class IndexCorrupt(IndexUnusable):
    """A file of the index is missing, was changed or cannot be read."""


class IndexMismatch(IndexUnusable):
    """The index was written by another format or embedded by another model."""


class IndexNotWritten(RetrievalError):
    """Writing failed; the index in the folder is as it was, and unfinished files were removed."""

    def __init__(self, folder: Path, cause: OSError) -> None:
        reason = cause.strerror or str(cause)
        super().__init__(
            f"Cannot write the index in {folder}: {reason}. What was there before is unchanged. "
            "Free disk space or choose another folder, then run the same command again."
        )
        self.folder = folder


class IndexBusy(RetrievalError):
    """Another process is writing this index; nothing was changed."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            f"Another process is writing the index in {folder}. Nothing was changed. "
            "Try again when it is done."
        )
        self.folder = folder


class DuplicateIds(RetrievalError):
    """Two documents of one call carry the same id; nothing was written."""

    def __init__(self, ids: Sequence[str]) -> None:
        some = ", ".join(ids[:3])
        super().__init__(
            f"{len(ids)} document ids occur more than once, e.g. {some}. Nothing was written. "
            "Name a column with distinct values as the reviews' id in shop.yml."
        )
        self.ids = tuple(ids)


class EmbeddingFailed(RetrievalError):
    """The embedding model, or a process that runs it, stopped."""


class NoReviews(RetrievalError):
    """The shop or the role has no reviews that can be read."""
