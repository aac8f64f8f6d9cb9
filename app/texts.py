"""The texts that a role may read, reviews and past reports, in an index that is built when it is needed.

An index holds the texts themselves, so each audience has one of its own; vectors of equal texts are shared.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.once import Once
from app.people import attributes_needed
from app.progress import say, step
from app.settings import Settings
from app.shops import folder_of
from app.write import write_whole
from llm.waiting import Wait

if TYPE_CHECKING:
    from retrieval.embed import Embedder
    from retrieval.index import Index
    from retrieval.types import Document, Filters, Hit
    from sql.semantics import Attributes, Role
    from sql.shop.workspace import Workspace

logger = logging.getLogger(__name__)

PAST_REPORTS = 3
"""Past monthly reports that are built and can be found."""


class Texts:
    """What a role may read, as a :class:`retrieval.types.Retriever` that is opened or built at first use."""

    def __init__(self, make: Callable[[], Index | None]) -> None:
        self._index = Once(make)

    def open(self) -> Index | None:
        """The index; ``None`` when there is no text. Raises what :func:`open_texts` does."""
        return self._index.get()

    @property
    def left_out(self) -> int:
        """See :class:`retrieval.types.Retriever`."""
        index = self.open()
        return index.left_out if index is not None else 0

    def search(self, text: str, k: int, filters: Filters | None = None) -> list[Hit]:
        """See :class:`retrieval.types.Retriever`."""
        index = self.open()
        return index.search(text, k, filters) if index is not None else []


def may_read_texts(workspace: Workspace) -> bool:
    """Whether the role may read the shop's reviews; nothing is read."""
    from retrieval.corpus import audience
    from retrieval.errors import NoReviews

    try:
        return bool(audience(workspace))
    except NoReviews:
        return False


def open_texts(
    settings: Settings, workspace: Workspace, *, embedder: Embedder | None = None, rebuild: bool = False
) -> Index | None:
    """The index of what the role may read: reviews and past reports; ``None`` when there is nothing.

    A role that sees aggregates only has none: each text is a single row, and a report has no least group.
    A missing, damaged or outdated index is built anew after saying so; new texts are added to the one there.
    Texts that another role's index of this shop holds are not embedded again.

    Args:
        embedder: one that is loaded already; ``None`` loads it when it is needed.
        rebuild: build it anew, with every text embedded again.
    Raises:
        IndexNotWritten, IndexBusy, EmbeddingFailed: see ``retrieval.errors``; what was there is unchanged.
        ReportNotSaved: a past report cannot be written.
    """
    from retrieval.errors import IndexMissing, IndexUnusable
    from retrieval.index import LEFT_OUT, Index

    if workspace.role.minimum_group is not None:
        return None
    folder = audience_folder(folder_of(settings, workspace.shop), workspace.role, workspace.user)
    place, noted = folder / "index", folder / "indexed.json"
    state = _state_of(workspace)
    index: Index | None = None
    if not rebuild:
        try:
            index = Index.open(place, embedder=embedder)
        except IndexMissing:
            pass
        except IndexUnusable as error:
            say(f"The index cannot be used: {error.reason} ({error.path}). It is built again.")
    before = _read_json(noted)
    if index is not None and before is not None and before.get("state") == state:
        _tell_left_out(index)
        return index
    documents, left_out = _documents(workspace, folder)
    if not documents:
        return None
    note = {LEFT_OUT: str(left_out)}
    beside = [] if rebuild else sorted(folder.parent.glob("readers-*/index"))
    if index is None or before is None or not _only_grew(index, documents, before.get("texts")):
        wait = Wait(what="index", values={"count": f"{len(documents):,}"})
        with step(f"Indexing {len(documents):,} reviews and report sections", wait):
            index = Index.build(place, documents, embedder=embedder, beside=beside, note=note)
    else:
        known = index.ids()
        new = [document for document in documents if document.id not in known]
        wait = Wait(what="index", values={"count": f"{len(new):,}"})
        with step(f"Adding {len(new):,} new texts to the index", wait):
            index.add(new, beside=beside, note=note)
    _tell_left_out(index)
    write_whole(noted, json.dumps({"state": state, "texts": _fingerprint(documents)}).encode())
    return index


def left_out_words(index: Index) -> str:
    """What whoever runs the shop is told of ids that occur more than once."""
    return (
        f"reviews whose id another review has, of which only the first is searched: {index.left_out:,} left "
        "out; name a column with distinct values as the reviews' id in shop.yml"
    )


def _tell_left_out(index: Index) -> None:
    if index.left_out:
        say(f"Warning: {left_out_words(index)}.")


def _only_grew(index: Index, documents: list[Document], before: object) -> bool:
    """Whether every indexed text is still there as it was, so that adding the new ones is enough."""
    known = index.ids()
    old = [document for document in documents if document.id in known]
    return len(old) == len(known) and _fingerprint(old) == before


def _fingerprint(documents: list[Document]) -> str:
    digest = hashlib.sha256()
    for document in sorted(documents, key=lambda d: d.id):
        digest.update(repr(document).encode("utf-8", "replace"))
    return digest.hexdigest()


def _state_of(workspace: Workspace) -> list[Any]:
    """A cheap look at what the index depends on: when it is as it was, the texts are not read again."""
    from retrieval.corpus import audience
    from retrieval.errors import NoReviews
    from sql.names import quoted
    from telling.cells import json_value

    source = workspace.shop.reviews
    month = f"{workspace.today:%Y-%m}"
    try:
        readers = audience(workspace)
    except NoReviews:
        return [month]
    assert source is not None  # audience has read it
    names = [name for name in (source.id, *source.text, source.rating, source.written_at) if name]
    seen = next(view for view in workspace.guard.views if view.name.lower() == source.view.lower())
    dialect = workspace.catalog.dialect
    lengths = ", ".join(
        f"SUM(LENGTH(CAST({quoted(name, dialect)} AS {'CHAR' if dialect == 'mysql' else 'TEXT'})))"
        for name in names
        if seen.column(name)
    )
    latest = f"COUNT(*), MAX({quoted(source.id, dialect)})"
    row = workspace.run(f"SELECT {latest}, {lengths} FROM {quoted(source.view, dialect)}").rows[0]
    return [month, readers, *(json_value(value) for value in row)]


def _documents(workspace: Workspace, folder: Path) -> tuple[list[Document], int]:
    """Reviews and sections of reports that the role may read, and how many are left out for their ids.

    Past reports are built once and kept.
    """
    from jobs.report.archive import Archive
    from jobs.report.passages import documents
    from retrieval.corpus import read_reviews
    from retrieval.errors import NoReviews

    found: list[Document] = []
    left_out = 0
    try:
        corpus = read_reviews(workspace)
        found += corpus.documents
        left_out = corpus.left_out
    except NoReviews as error:
        logger.info("%s", error)
    archive = Archive(folder / "reports")
    archive.keep_past_reports(workspace, PAST_REPORTS)
    for id in archive.ids():
        found += documents(archive.load(id))
    return found, left_out


def _read_json(path: Path) -> dict[str, Any] | None:
    """``None`` when it is missing or not an object: then it is as if nothing had been noted."""
    try:
        value = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return value if isinstance(value, dict) else None


def audience_folder(folder: Path, role: Role, user: Attributes | None = None) -> Path:
    """Where texts that ``role`` may read are kept: those with the same rights share it, others never do.

    An index holds the texts themselves and reports hold figures, so both are built with a role's own rights,
    and with the attributes of the user that its rules about rows name.
    """
    needed = attributes_needed(role)
    rights: list[Any] = [
        sorted(role.views) if role.views is not None else None,
        sorted(role.masked),
        sorted(role.rows.items()),
    ]
    if needed or role.minimum_group is not None:
        values = {name: value for name, value in (user or {}).items() if name in needed}
        rights += [sorted(values.items()), role.minimum_group, sorted(role.group_units.items())]
    return folder / f"readers-{hashlib.sha256(json.dumps(rights).encode()).hexdigest()[:10]}"
