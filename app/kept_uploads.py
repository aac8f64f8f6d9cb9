"""Files that were opened on the page, kept for the same browser's next visit.

Each browser has a folder of its own, named after a hash of the secret that only this browser knows (a cookie)
and of the shop that the page was started with. It holds the files and a manifest with what was answered about
them. Whoever does not have the secret finds nothing; who may bring files at all is decided by ``ui.serve``.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import shutil
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from app.errors import UploadRefused
from app.uploads import bring_copy
from app.write import write_whole

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
        with self._lock:
            used = _size(self.folder) - _size(place)
            wanted = sum(file.stat().st_size for file in files)
            if used + wanted > self.most_mb * 1_000_000:
                told = {"used": f"{used / 1e6:,.0f}", "most": f"{self.most_mb:,g}"}
                raise UploadRefused("upload_not_kept", **told)
            try:
                self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
                new = Path(tempfile.mkdtemp(prefix=".new-", dir=self.folder))
                try:
                    (new / FILES).mkdir()
                    for file in files:
                        bring_copy(file, new / FILES / file.name, is_linked=True)
                    _write(new, [file.name for file in files], answers, is_shown=True)
                    _remove(place)
                    new.rename(place)
                finally:
                    shutil.rmtree(new, ignore_errors=True)
            except OSError as error:
                logger.warning("Files could not be kept: %s", error)
                raise UploadRefused("upload_not_kept_disk") from error

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
            sizes = tuple(file.stat().st_size for file in files)
            if list(sizes) != list(kept["files"].values()) or not files:
                raise ValueError("the files are not those that were kept")
            answers = {str(id): str(choice) for id, choice in kept["answers"].items()}
            return KeptUpload(files=files, answers=answers, is_shown=bool(kept["is_shown"]))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            logger.warning("What was kept in %s cannot be read: %s", place.name, error)
            return None

    def answer(self, browser: str, answers: Mapping[str, str]) -> None:
        """Keep what was answered about the files; nothing where none are kept."""
        self._change(browser, answers=answers)

    def show(self, browser: str, is_shown: bool) -> None:
        """Keep whether the files are talked about, for the next time that the page is opened."""
        self._change(browser, is_shown=is_shown)

    def forget(self, browser: str) -> None:
        """Delete that browser's files and answers."""
        with self._lock:
            _remove(self._place(browser))

    def _change(
        self, browser: str, *, answers: Mapping[str, str] | None = None, is_shown: bool | None = None
    ) -> None:
        with self._lock:
            kept = self.find(browser)
            if kept is None:
                return
            with contextlib.suppress(OSError):  # the next visit begins as the last one was kept
                _write(
                    self._place(browser),
                    [file.name for file in kept.files],
                    kept.answers if answers is None else answers,
                    is_shown=kept.is_shown if is_shown is None else is_shown,
                )

    def _place(self, browser: str) -> Path:
        return self.folder / hashlib.sha256(json.dumps([self.page, browser]).encode()).hexdigest()[:32]


def _write(place: Path, names: Sequence[str], answers: Mapping[str, str], *, is_shown: bool) -> None:
    files = {name: (place / FILES / name).stat().st_size for name in names}
    kept = {"format": FORMAT, "files": files, "answers": dict(answers), "is_shown": is_shown}
    write_whole(place / MANIFEST, json.dumps(kept, ensure_ascii=False, indent=2).encode())


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
