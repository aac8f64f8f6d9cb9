"""Files that were opened on the page, kept for the same browser's next visit.

Each browser has a folder of its own, named after a hash of the secret that only this browser knows (a cookie)
and of the shop that the page was started with. It holds the files and a manifest with what was answered about
them. Whoever does not have the secret finds nothing; who may bring files at all is decided by ``ui.serve``.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import json
import logging
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from app.errors import CannotForget, UploadRefused
from app.searched_files import tables_name, text_names
from app.uploads import bring_copy
from app.write import write_whole
from sql.traces import Traces

logger = logging.getLogger(__name__)

FORMAT = 1
"""Version of the manifest; of another version nothing is shown."""
MAX_KEPT_MB = 1_000
"""Megabytes that are kept at most, of all browsers together."""
LEFT_OVER_S = 3_600.0
"""Age in seconds of what a process that was ended in between left unfinished, from which it is removed."""
MANIFEST = "kept.json"
FILES = "files"
"""Folder of the files beside the manifest: one of them may have its name."""


@dataclass(frozen=True, kw_only=True)
class KeptUpload:
    """What one browser has in keeping."""

    files: tuple[Path, ...]
    answers: Mapping[str, str]
    is_shown: bool
    """Whether it was the shop that was talked about last, and not the page's own."""


@dataclass(kw_only=True)
class KeptUploads:
    """The files of all browsers. Safe to use from several threads."""

    folder: Path
    page: str
    """Names the shop that the page was started with: files come back on its page only."""
    most_mb: float = MAX_KEPT_MB
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def __post_init__(self) -> None:
        for left in self.folder.glob(".*-*"):
            with contextlib.suppress(OSError):
                if time.time() - left.stat().st_mtime > LEFT_OVER_S:
                    shutil.rmtree(left, ignore_errors=True)

    def keep(self, browser: str, files: Sequence[Path], answers: Mapping[str, str]) -> None:
        """Keep ``files`` in place of what that browser had in keeping.

        Args:
            browser: its secret.
        Raises:
            UploadRefused: there is no room; what was kept before stays.
        """
        place = self._place(browser)
        with self._lock, _told_disk():
            used = _size(self.folder) - _size(place)
            wanted = sum(file.stat().st_size for file in files)
            if used + wanted > self.most_mb * 1_000_000:
                told = {"used": f"{used / 1e6:,.0f}", "most": f"{self.most_mb:,g}"}
                raise UploadRefused("upload_not_kept", **told)
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            new = Path(tempfile.mkdtemp(prefix=".new-", dir=self.folder))
            try:
                (new / FILES).mkdir()
                copies = tuple(new / FILES / file.name for file in files)
                for file, copy in zip(files, copies, strict=True):
                    bring_copy(file, copy, is_linked=True)
                _write(new, KeptUpload(files=copies, answers=answers, is_shown=True))
                _remove(place)
                new.rename(place)
            finally:
                shutil.rmtree(new, ignore_errors=True)

    def find(self, browser: str | None) -> KeptUpload | None:
        """What that browser has in keeping; ``None`` for nothing, or what is damaged."""
        if browser is None:
            return None
        place = self._place(browser)
        try:
            kept = json.loads((place / MANIFEST).read_bytes())
            if kept["format"] != FORMAT:
                return None
            files = tuple(place / FILES / str(name) for name in kept["files"])
            if not files or _sizes(files) != kept["files"]:
                raise ValueError("the files are not those that were kept")
            answers = {str(id): str(choice) for id, choice in kept["answers"].items()}
            return KeptUpload(files=files, answers=answers, is_shown=bool(kept["is_shown"]))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            logger.warning("What was kept in %s cannot be read: %s", place.name, error)
            return None

    def answer(self, browser: str, files: Sequence[Path], answers: Mapping[str, str]) -> None:
        """Keep what was answered about ``files``; nothing where others are kept now, or none.

        Raises:
            UploadRefused: the disk cannot be written; the answers from before stay.
        """
        with self._lock, _told_disk():
            kept = self.find(browser)
            if kept is not None and _sizes(kept.files) == _sizes(files):
                _write(self._place(browser), replace(kept, answers=answers))

    def show(self, browser: str, is_shown: bool) -> None:
        """Keep whether the files are talked about, for the next time that the page is opened."""
        with self._lock, contextlib.suppress(OSError):  # the next visit begins as the last one was kept
            kept = self.find(browser)
            if kept is not None:
                _write(self._place(browser), replace(kept, is_shown=is_shown))

    def forget(self, browser: str) -> None:
        """Delete that browser's files and answers."""
        with self._lock:
            _remove(self._place(browser))

    def _place(self, browser: str) -> Path:
        return self.folder / hashlib.sha256(json.dumps([self.page, browser]).encode()).hexdigest()[:32]


@contextlib.contextmanager
def _told_disk() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        logger.warning("Files of a visitor could not be kept: %s", error)
        raise UploadRefused("upload_not_kept_disk") from error


def _write(place: Path, upload: KeptUpload) -> None:
    kept = {
        "format": FORMAT,
        "files": _sizes(upload.files),
        "answers": dict(upload.answers),
        "is_shown": upload.is_shown,
    }
    write_whole(place / MANIFEST, json.dumps(kept, ensure_ascii=False, indent=2).encode())


def _sizes(files: Sequence[Path]) -> dict[str, int]:
    """Bytes of each file, by its name."""
    return {file.name: file.stat().st_size for file in files}


def _size(folder: Path) -> int:
    """Bytes of all files below ``folder``; 0 where there is none."""
    total = 0
    for file in folder.rglob("*"):
        with contextlib.suppress(OSError):  # removed meanwhile
            total += file.stat().st_size if file.is_file() else 0
    return total


def _remove(place: Path) -> None:
    """Away in one step, so that nobody finds half of it."""
    if place.exists():
        away = Path(tempfile.mkdtemp(prefix=".old-", dir=place.parent))
        place.rename(away / "old")
        shutil.rmtree(away, ignore_errors=True)


class AllKeptUploads:
    """The files of all browsers and pages, as a place that can forget."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def forget(self, traces: Traces, *, is_dry: bool) -> int:
        """Delete whatever a browser has in keeping that names a person, whole; see ``CanForget``.

        Raises:
            CannotForget: files that cannot be opened stay; the others are done.
            OSError: a file cannot be read or deleted.
        """
        found, unread = 0, []
        for place in sorted(path for path in self._folder.glob("*") if path.is_dir()):
            try:
                is_named = _names(place, traces.without_key)
            except CannotForget as error:
                unread.append(f"{place.name}: {error}")
                continue
            found += is_named
            if is_named and not is_dry:
                _remove(place)
        if unread:
            raise CannotForget("; ".join(unread), found)
        return found

    def forget_before(self, moment: dt.datetime, *, is_dry: bool) -> int:
        """Delete what a browser has had in keeping, unchanged, since before ``moment``; or only count it.

        Args:
            moment: with its zone.
        Raises:
            OSError: it cannot be deleted.
        """
        old = [place for place in self._folder.glob("[!.]*") if place.stat().st_mtime < moment.timestamp()]
        for place in () if is_dry else old:
            _remove(place)
        return len(old)


def _names(place: Path, traces: Traces) -> bool:
    """What was left unfinished is searched as text only."""
    if any(text_names(file, traces) for file in sorted(place.rglob("*")) if file.is_file()):
        return True
    files = sorted((place / FILES).glob("*"))
    return bool(files) and tables_name(files, traces)
