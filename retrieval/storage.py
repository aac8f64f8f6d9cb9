"""Where an index lives on disk, and why it is never half written.

A folder holds ``manifest.json`` and one sub-folder per segment. A segment is written to a temporary
sub-folder, flushed and renamed; only then does a new manifest, put in place by one atomic rename, name it.
Until that moment readers and a crash see the old index whole; afterwards, the new one. What no manifest names
is removed by the next writer.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import shutil
import sys
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from retrieval.errors import IndexBusy, IndexCorrupt, IndexMismatch, IndexMissing, IndexNotWritten

logger = logging.getLogger(__name__)

FORMAT = 1
MANIFEST = "manifest.json"
LOCK = ".lock"
UNFINISHED = ".unfinished-"
MAX_SEGMENTS = 8
"""More than so many are merged: every search visits each of them."""
HASHED_BELOW = 512 * 1024 * 1024
"""Bytes up to which opening hashes every file; beyond, it compares sizes and ``Index.verify`` hashes."""


@dataclass(frozen=True, kw_only=True)
class FileRecord:
    """What a file of a segment must be."""

    bytes: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class SegmentRecord:
    """One segment in the manifest."""

    name: str
    count: int
    """Documents in it, replaced and removed ones too."""
    files: Mapping[str, FileRecord]
    """Path below the segment's folder → record."""
    gone: tuple[int, ...] = ()
    """Rows that were replaced by a later segment or removed, ascending."""


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What the index holds."""

    embedder: str
    dimension: int
    segments: tuple[SegmentRecord, ...] = ()
    format: int = FORMAT
    note: Mapping[str, str] = field(default_factory=dict)
    """Facts that the builder keeps with the index; not interpreted here."""

    @property
    def count(self) -> int:
        """Documents that can be found."""
        return sum(segment.count - len(segment.gone) for segment in self.segments)

    @property
    def bytes(self) -> int:
        """Size of all files."""
        return sum(record.bytes for segment in self.segments for record in segment.files.values())


def read_manifest(folder: Path) -> Manifest:
    """The manifest of an index.

    Raises:
        IndexMissing, IndexCorrupt, IndexMismatch: there is none, it cannot be read, or its format is another.
    """
    path = folder / MANIFEST
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise IndexMissing(folder, "no index here") from error
    except (OSError, UnicodeDecodeError) as error:
        raise IndexCorrupt(path, f"cannot be read ({error})") from error
    try:
        data = json.loads(text)
        if data["format"] != FORMAT:
            raise IndexMismatch(
                path, f"format {data['format']}, this version reads and writes format {FORMAT}"
            )
        data.pop("count")
        segments = tuple(_segment_record(item) for item in data.pop("segments"))
        return Manifest(**data, segments=segments)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise IndexCorrupt(path, "not a manifest of an index") from error


def _segment_record(item: dict[str, object]) -> SegmentRecord:
    files = item.pop("files")
    gone = item.pop("gone")
    assert isinstance(files, dict) and isinstance(gone, list)
    return SegmentRecord(
        **item,  # type: ignore[arg-type]
        files={name: FileRecord(**record) for name, record in files.items()},
        gone=tuple(gone),
    )


def check_files(folder: Path, manifest: Manifest, *, hashes: bool | None = None) -> None:
    """Compare every file with the manifest.

    Args:
        folder: of the index.
        manifest: as read from it.
        hashes: compare contents, not only sizes; ``None`` does so for indexes smaller than ``HASHED_BELOW``.
    Raises:
        IndexCorrupt: naming the first file that is missing or differs.
    """
    hashes = manifest.bytes < HASHED_BELOW if hashes is None else hashes
    for segment in manifest.segments:
        for name, record in segment.files.items():
            path = folder / segment.name / name
            try:
                size = path.stat().st_size
                if size != record.bytes:
                    raise IndexCorrupt(path, f"{size} bytes, expected {record.bytes}")
                if hashes and _sha256(path) != record.sha256:
                    raise IndexCorrupt(path, "its contents changed since it was written (SHA-256 differs)")
            except FileNotFoundError as error:
                raise IndexCorrupt(path, "the file is missing") from error
            except OSError as error:
                raise IndexCorrupt(path, f"cannot be read ({error.strerror})") from error


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextlib.contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Hold the folder for one writer; on any failure, remove what it left unfinished.

    Raises:
        IndexBusy: another process holds it.
        IndexNotWritten: a write inside the block failed.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / LOCK).open("wb")
    except OSError as error:
        raise IndexNotWritten(folder, error) from error
    with lock:
        _take(lock.fileno(), folder)
        try:
            _remove_unnamed(folder)
            yield
        except OSError as error:
            raise IndexNotWritten(folder, error) from error
        finally:
            _remove_unnamed(folder)


def _take(descriptor: int, folder: Path) -> None:
    """Lock a file until it is closed or the process ends, however it ends."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise IndexBusy(folder) from error


def _remove_unnamed(folder: Path) -> None:
    """Remove sub-folders and temporary files that the manifest does not name. Never raises."""
    try:
        named = {segment.name for segment in read_manifest(folder).segments}
    except IndexMissing:
        named = set()
    except (IndexCorrupt, IndexMismatch):
        return  # nobody can tell what is still needed; a successful build tidies up
    for path in folder.iterdir():
        if path.name.startswith(UNFINISHED) and path.is_file():
            path.unlink(missing_ok=True)
        elif path.name.startswith((UNFINISHED, "segment-")) and path.is_dir() and path.name not in named:
            shutil.rmtree(path, ignore_errors=True)


def write_new_segment(folder: Path, count: int, write: Callable[[Path], None]) -> SegmentRecord:
    """Let ``write`` fill a temporary folder, flush it to disk, and rename it. Raises ``OSError``."""
    name = uuid.uuid4().hex[:12]
    unfinished = folder / f"{UNFINISHED}{name}"
    unfinished.mkdir()
    write(unfinished)
    files = {}
    for path in sorted(p for p in unfinished.rglob("*") if p.is_file()):
        _flush(path)
        record = FileRecord(bytes=path.stat().st_size, sha256=_sha256(path))
        files[path.relative_to(unfinished).as_posix()] = record
    unfinished.rename(folder / f"segment-{name}")
    return SegmentRecord(name=f"segment-{name}", count=count, files=files)


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Put a manifest in place: the moment at which the index changes. Raises ``OSError``."""
    unfinished = folder / f"{UNFINISHED}{MANIFEST}"
    text = json.dumps(asdict(manifest) | {"count": manifest.count}, indent=1, ensure_ascii=False)
    unfinished.write_text(text + "\n", encoding="utf-8")
    _flush(unfinished)
    os.replace(unfinished, folder / MANIFEST)
    _flush_folder(folder)


def _flush(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _flush_folder(folder: Path) -> None:
    if os.name == "nt":  # folders cannot be opened there
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
