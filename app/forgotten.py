"""That somebody was forgotten, and which texts must not come back; nothing of who it was.

Every process reads it, those that were started before too: conversations and answers from before the last
time are not gone on with (``bot.assistant``), and a text that is in it is not indexed again while the shop
still holds it (``app.library``).
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from app.errors import WrongUse
from app.write import write_whole
from retrieval.types import Document

FORMAT = 1
LOCK_S = 10.0
"""Seconds that a writer waits for others."""


@dataclass(frozen=True, kw_only=True)
class Known:
    """What is kept."""

    times: int = 0
    """How often somebody was forgotten."""
    texts: frozenset[str] = frozenset()
    """A hash of each text's shop and id."""


class Forgotten:
    """The file that all processes share. Safe to use from several threads."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._stamp: tuple[int, int] | None = None
        self._known = Known()

    def times(self) -> int:
        """How often somebody was forgotten; raises what :meth:`known` raises."""
        return self.known().times

    def known(self) -> Known:
        """What is kept now; read again only when the file has changed.

        Raises:
            WrongUse: the file is damaged; names it.
        """
        with self._lock:
            try:
                status = self.path.stat()
            except FileNotFoundError:
                return Known()
            stamp = status.st_mtime_ns, status.st_ino
            if stamp != self._stamp:
                self._known, self._stamp = self._read(), stamp
            return self._known

    def without(self, shop: str, documents: Sequence[Document]) -> list[Document]:
        """Those that are not in it.

        Args:
            shop: name of the shop's folder.
        """
        texts = self.known().texts
        return [document for document in documents if not texts or _digest(shop, document.id) not in texts]

    def once_more(self) -> None:
        """Somebody is being forgotten: from here on nothing from before is gone on with."""
        with self._changed() as known:
            self._write(Known(times=known.times + 1, texts=known.texts))

    def keep_out(self, shop: str, ids: Iterable[str]) -> None:
        """These texts of a shop are not to be indexed again."""
        added = {_digest(shop, id) for id in ids}
        with self._changed() as known:
            if not added <= known.texts:
                self._write(Known(times=known.times, texts=known.texts | added))

    @contextmanager
    def _changed(self) -> Iterator[Known]:
        from filelock import FileLock, Timeout

        self.path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(self.path.with_suffix(".lock"), timeout=LOCK_S):
                yield self.known()
        except Timeout as error:
            raise WrongUse(f"Another process has held {self.path} for {LOCK_S:.0f} s; try again.") from error

    def _read(self) -> Known:
        try:
            kept = json.loads(self.path.read_bytes())
            if kept["format"] != FORMAT:
                raise ValueError(f"format {kept['format']}")
            return Known(times=int(kept["times"]), texts=frozenset(map(str, kept["texts"])))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise WrongUse(
                f"{self.path} says which texts must not come back and cannot be read; restore it, or delete "
                "it and forget again whoever was to be forgotten."
            ) from error

    def _write(self, known: Known) -> None:
        kept = {"format": FORMAT, "times": known.times, "texts": sorted(known.texts)}
        write_whole(self.path, json.dumps(kept, indent=1).encode())


def _digest(shop: str, id: str) -> str:
    return hashlib.sha256(json.dumps([shop, id]).encode()).hexdigest()
