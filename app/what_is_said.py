"""What a role's reviews say, as tables beside its index: made when first asked of, and again when texts
change.

They hold nothing that the index or the reviews' own view does not show that role. No question that needs none
of them waits for them.
"""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from app.once import Once, OneAtATime
from app.progress import say, step
from llm.waiting import Wait

if TYPE_CHECKING:
    from collections.abc import Callable

    from retrieval.encoder import Embedder
    from retrieval.index import Index
    from retrieval.opinion_mining.said_tables import Reviews, Said
    from retrieval.types import Document
    from sql.shop.workspace import Workspace


class SaidTables:
    """Implements ``bot.job.SaidSource``; close it when done.

    Args:
        index: opens the index of the texts; ``None`` when there is no text.
        place: folder of the tables.
        building: whose turn it is to read texts.
    """

    def __init__(
        self,
        workspace: Workspace,
        index: Callable[[], Index | None],
        place: Path,
        embedder: Embedder,
        building: OneAtATime,
    ) -> None:
        self._workspace = workspace
        self._index = index
        self._place = place
        self._embedder = embedder
        self._building = building
        self._said: Once[Said | None] = Once()

    def open(self) -> Said | None:
        """The tables of the texts as they are indexed.

        Raises:
            RetrievalError, SqlError: they cannot be made or read, or the reviews cannot.
        """
        return self._said.get(self._open)

    def close(self) -> None:
        """Free them."""
        if self._said.is_made and (said := self._said.get(self._open)) is not None:
            said.close()

    def _open(self) -> Said | None:
        from retrieval.corpus import fingerprint
        from retrieval.errors import IndexCorrupt
        from retrieval.opinion_mining.said_tables import open_said, state_of

        index = self._index()
        documents = index.documents("review") if index is not None else []
        if not documents:
            return None
        with self._building.turn():
            reviews, digest = self._reviews()
            state = [digest, fingerprint(documents)]
            if state_of(self._place) != state:
                self._make(documents, reviews, state)
        try:
            return open_said(self._place, self._workspace.role)
        except IndexCorrupt as error:
            say(f"What the reviews say cannot be read: {error.reason} ({error.path}). It is made again.")
            with self._building.turn():
                shutil.rmtree(self._place, ignore_errors=True)
                self._make(documents, reviews, state)
            return open_said(self._place, self._workspace.role)

    def _make(self, documents: list[Document], reviews: Reviews, state: list[str]) -> None:
        from retrieval.opinion_mining.said_tables import make

        count = f"{len(documents):,}"
        with step(f"Reading what {count} reviews say", Wait(what="index", values={"count": count})):
            make(self._place, documents, reviews, self._embedder, state)

    def _reviews(self) -> tuple[Reviews, str]:
        """The rows of the reviews that the role sees, without their texts, and a digest of them."""
        from retrieval.corpus import read_whole
        from retrieval.opinion_mining.said_tables import Reviews, is_read

        workspace, source = self._workspace, self._workspace.shop.reviews
        assert source is not None
        view = next(v for v in workspace.guard.views if v.name.lower() == source.view.lower())
        kept = tuple(c for c in view.columns if c.name not in source.text and is_read(c.name))
        table = read_whole(workspace, view.name, [column.name for column in kept], source.id)
        time = view.time if any(column.name == view.time for column in kept) else None
        digest = hashlib.sha256(repr((kept, table.rows)).encode("utf-8", "replace")).hexdigest()
        plain = replace(view, columns=kept, time=time)
        return Reviews(view=plain, id=source.id, columns=table.columns, rows=table.rows), digest
