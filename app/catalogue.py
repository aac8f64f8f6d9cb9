"""The products that a role may see, in an index that is built when it is needed, in parts.

Each audience has one of its own, beside that of its reviews; vectors of equal words are shared. What was
built before an interruption is kept, and only products whose words are new are embedded.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from app.once import Once, OneAtATime
from app.progress import say, step
from llm.waiting import Wait

if TYPE_CHECKING:
    from retrieval.encoder import Embedder
    from retrieval.index import Index
    from retrieval.types import Filters, Hit
    from sql.shop.workspace import Workspace

PART = 4_000
"""Products that are embedded at a time."""


class Catalogue:
    """Implements :class:`retrieval.types.Retriever`; opened or built at its first use.

    Args:
        place: folder of the audience's index.
        building: whose turn it is to embed texts.
    """

    left_out = 0

    def __init__(self, workspace: Workspace, place: Path, embedder: Embedder, building: OneAtATime) -> None:
        self._workspace = workspace
        self._place = place
        self._embedder = embedder
        self._building = building
        self._index: Once[Index] = Once()

    def open(self) -> Index:
        """The index, with the products as they are now.

        Raises:
            RetrievalError, SqlError: it cannot be built, or the products cannot be read.
        """
        return self._index.get(self._open)

    def search(self, text: str, k: int, filters: Filters | None = None) -> list[Hit]:
        """See :class:`retrieval.types.Retriever`."""
        return self.open().search(text, k, filters)

    def _open(self) -> Index:
        from retrieval.errors import IndexMissing, IndexUnusable
        from retrieval.index import Index
        from retrieval.product_range import read_products

        documents = {document.id: document for document in read_products(self._workspace)}
        try:
            index = Index.open(self._place, embedder=self._embedder)
        except IndexMissing:
            index = Index.build(self._place, [], embedder=self._embedder)
        except IndexUnusable as error:
            say(f"The index cannot be used: {error.reason} ({error.path}). It is built again.")
            index = Index.build(self._place, [], embedder=self._embedder)
        known = index.ids()
        new = [document for id, document in documents.items() if id not in known]
        if new:
            count = f"{len(new):,}"
            with (
                self._building.turn(),
                step(f"Indexing {count} products", Wait(what="index", values={"count": count})),
            ):
                beside = sorted(self._place.parent.parent.glob("readers-*/products"))
                for start in range(0, len(new), PART):
                    index.add(new[start : start + PART], beside=beside)
        if gone := known - documents.keys():
            index.remove(gone)
        return index
