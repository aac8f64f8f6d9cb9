"""The texts that a role may read, reviews and past reports, in an index that is built when it is needed.

An index holds the texts themselves, so each audience has one of its own; vectors of equal texts are shared.
"""

from __future__ import annotations

import hashlib
import json
import logging
import threading
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

from app.errors import WrongUse
from app.finding import folder_of
from app.forgotten import Forgotten
from app.once import Once, OneAtATime
from app.person import attributes_needed
from app.progress import say, step
from app.settings import Settings
from app.write import write_whole
from llm.waiting import Wait

if TYPE_CHECKING:
    from app.catalogue import Catalogue
    from app.what_is_said import SaidTables
    from jobs.report.archive import Archive
    from retrieval.encoder import Embedder
    from retrieval.index import Index
    from retrieval.types import Document, Filters, Hit
    from sql.semantics import Attributes, Role
    from sql.shop.workspace import Workspace

logger = logging.getLogger(__name__)

PAST_REPORTS = 3
"""Past monthly reports that are built and can be found."""


class Library:
    """The texts of all shops: one index for all who may read the same, in memory while somebody uses it.

    Args:
        settings: where indexes are kept.
        embedder: the one model that all of them share.
    """

    def __init__(self, settings: Settings, embedder: Embedder) -> None:
        self._settings = settings
        self._embedder = embedder
        self._lock = threading.Lock()
        self._shelves: WeakValueDictionary[Path, Shelf] = WeakValueDictionary()
        self._building = OneAtATime()

    def texts(self, workspace: Workspace) -> Texts | None:
        """What the workspace's role may read, nothing of it read yet; ``None`` when it may read no review."""
        if not may_read_texts(workspace):
            return None
        return Texts(workspace, self._shelf(workspace), self._open)

    def said(self, workspace: Workspace, texts: Texts) -> SaidTables:
        """What those texts say, as tables of which none is made or read yet."""
        from app.what_is_said import SaidTables

        return SaidTables(
            workspace, texts.open, self._folder(workspace) / "said", self._embedder, self._building
        )

    def catalogue(self, workspace: Workspace) -> Catalogue | None:
        """The products that the workspace's role may see, none of them read yet; ``None`` for none."""
        from app.catalogue import Catalogue
        from retrieval.product_range import seen_source

        if seen_source(workspace) is None:
            return None
        return Catalogue(workspace, self._folder(workspace) / "products", self._embedder, self._building)

    def everything(self, workspace: Workspace) -> Index:
        """The index of reviews and past reports, for who searches; past reports are built when missing.

        Raises:
            WrongUse: the role may read none.
            RetrievalError, ReportError, SqlError: see :func:`open_texts`.
        """
        open_all = partial(self._open, workspace, with_reports=True)
        index = self._shelf(workspace).index(open_all)
        if index is None:
            raise no_texts(workspace)
        return index

    def archive(self, workspace: Workspace) -> Archive | None:
        """Past reports, as the workspace's role may read them, those of the last months built when missing.

        ``None`` for a role that sees aggregates only: a report has no least group.

        Raises:
            ReportError, SqlError: one cannot be built or saved.
        """
        if workspace.role.minimum_group is not None:
            return None
        archive = archive_in(self._folder(workspace))
        archive.keep_past_reports(workspace, PAST_REPORTS)
        return archive

    def _folder(self, workspace: Workspace) -> Path:
        return audience_folder(folder_of(self._settings, workspace.shop), workspace.role, workspace.user)

    def _shelf(self, workspace: Workspace) -> Shelf:
        folder = self._folder(workspace)
        with self._lock:
            shelf = self._shelves.get(folder)
            if shelf is None:
                shelf = self._shelves[folder] = Shelf()
            return shelf

    def _open(
        self, workspace: Workspace, opened: Index | None, *, with_reports: bool = False
    ) -> Index | None:
        """``with_reports``: build past reports that are missing; no question quotes them."""
        return open_texts(
            self._settings,
            workspace,
            embedder=self._embedder,
            opened=opened,
            building=self._building,
            with_reports=with_reports,
        )


class Shelf:
    """The index of one audience, shared by all who are that audience."""

    def __init__(self) -> None:
        self._opening = OneAtATime()
        self._index: Index | None = None

    def index(self, open: Callable[[Index | None], Index | None]) -> Index | None:
        """What ``open`` makes of the index that was opened last."""
        with self._opening.turn():
            self._index = open(self._index)
            return self._index


class Texts:
    """What a role may read, as a :class:`retrieval.types.Retriever` that is opened or built at first use."""

    def __init__(
        self, workspace: Workspace, shelf: Shelf, open: Callable[[Workspace, Index | None], Index | None]
    ) -> None:
        self._workspace = workspace
        self._shelf = shelf
        self._open = open
        self._index: Once[Index | None] = Once()

    def open(self) -> Index | None:
        """The index; ``None`` when there is no text. Raises what :func:`open_texts` does."""
        return self._index.get(lambda: self._shelf.index(partial(self._open, self._workspace)))

    @property
    def left_out(self) -> int:
        """See :class:`retrieval.types.Retriever`."""
        index = self.open()
        return index.left_out if index is not None else 0

    def search(self, text: str, k: int, filters: Filters | None = None) -> list[Hit]:
        """See :class:`retrieval.types.Retriever`."""
        index = self.open()
        return index.search(text, k, filters) if index is not None else []


def no_texts(workspace: Workspace) -> WrongUse:
    """What to raise where :func:`open_texts` finds nothing for whoever searches."""
    return WrongUse(
        f"Shop {workspace.shop.name!r} has no reviews that role {workspace.role.name!r} may read; "
        "name them in shop.yml (reviews: …) or choose another role."
    )


def archive_in(folder: Path) -> Archive:
    """The past reports of the audience whose folder that is."""
    from jobs.report.archive import Archive

    return Archive(folder / "reports")


def read_anew(folder: Path) -> None:
    """Have the audience's texts read again at its next question, so that what is gone is left out."""
    (folder / "indexed.json").unlink(missing_ok=True)


def may_read_texts(workspace: Workspace) -> bool:
    """Whether the role may read the shop's reviews; nothing is read."""
    from retrieval.corpus import audience
    from retrieval.errors import NoReviews

    try:
        return bool(audience(workspace))
    except NoReviews:
        return False


def open_texts(
    settings: Settings,
    workspace: Workspace,
    *,
    embedder: Embedder | None = None,
    opened: Index | None = None,
    building: OneAtATime | None = None,
    with_reports: bool = True,
    rebuild: bool = False,
) -> Index | None:
    """The index of what the role may read: reviews and past reports; ``None`` when there is nothing.

    A role that sees aggregates only has none: each text is a single row, and a report has no least group.
    A missing, damaged or outdated index is built anew after saying so; new texts are added to the one there.
    Texts that another role's index of this shop holds are not embedded again.

    Args:
        embedder: one that is loaded already; ``None`` loads it when it is needed.
        opened: the same index, opened before; used again when the one on disk is still that.
        building: whose turn it is to embed texts; ``None`` waits for nobody.
        with_reports: build the past reports that are not there yet; else those that are there are enough.
        rebuild: build it anew, with every text embedded again.
    Raises:
        IndexNotWritten, IndexBusy, EmbeddingFailed: see ``retrieval.errors``; what was there is unchanged.
        ReportNotSaved: a past report cannot be written.
    """
    from retrieval.corpus import fingerprint
    from retrieval.errors import IndexMissing, IndexUnusable
    from retrieval.index import Index
    from retrieval.storage import read_manifest

    if workspace.role.minimum_group is not None:
        return None
    folder = audience_folder(folder_of(settings, workspace.shop), workspace.role, workspace.user)
    place, noted = folder / "index", folder / "indexed.json"
    state = _state_of(workspace)
    reported = [f"{workspace.today:%Y-%m}", *_archived(folder)]
    index: Index | None = None
    if not rebuild:
        try:
            is_same = opened is not None and read_manifest(place) == opened.manifest
            index = opened if is_same else Index.open(place, embedder=embedder)
        except IndexMissing:
            pass
        except IndexUnusable as error:
            say(f"The index cannot be used: {error.reason} ({error.path}). It is built again.")
    before = _read_json(noted) or {}
    has_reports = before.get("reports") == reported
    if index is not None and before.get("reviews") == state and (has_reports or not with_reports):
        _tell_left_out(index)
        return index
    found = _find_documents(workspace, folder, with_reports=with_reports)
    documents = Forgotten(settings.forgotten).without(folder.parent.name, found.documents)
    found = replace(found, documents=documents)
    if not found.documents:
        return None
    with building.turn() if building is not None else nullcontext():
        if index is None or not _only_grew(index, found.documents, before.get("texts")):
            index = _build(place, found, embedder, is_anew=rebuild)
        else:
            _add(place, index, found)
    _tell_left_out(index)
    reported = [reported[0], *_archived(folder)]  # reports that were missing are there now
    reports = reported if has_reports or (with_reports and found.has_reports) else None
    noting = {"reviews": state, "reports": reports, "texts": fingerprint(found.documents)}
    write_whole(noted, json.dumps(noting).encode())
    return index


def _build(place: Path, found: _Found, embedder: Embedder | None, *, is_anew: bool) -> Index:
    from retrieval.index import Index

    count = f"{len(found.documents):,}"
    with step(f"Indexing {count} reviews and report sections", Wait(what="index", values={"count": count})):
        beside = [] if is_anew else _beside(place)
        return Index.build(place, found.documents, embedder=embedder, beside=beside, note=found.note)


def _add(place: Path, index: Index, found: _Found) -> None:
    known = index.ids()
    new = [document for document in found.documents if document.id not in known]
    count = f"{len(new):,}"
    with step(f"Adding {count} new texts to the index", Wait(what="index", values={"count": count})):
        index.add(new, beside=_beside(place), note=found.note)


def _beside(place: Path) -> list[Path]:
    """All indexes of the same shop, the one that is built included."""
    return sorted(place.parent.parent.glob("readers-*/index"))


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
    from retrieval.corpus import fingerprint

    known = index.ids()
    old = [document for document in documents if document.id in known]
    return len(old) == len(known) and fingerprint(old) == before


def _state_of(workspace: Workspace) -> list[Any]:
    """A cheap look at the reviews: when it is as it was, they are not read again. Empty: there are none."""
    from retrieval.corpus import audience
    from retrieval.errors import NoReviews
    from sql.names import quoted
    from telling.cells import json_value

    source = workspace.shop.reviews
    try:
        readers = audience(workspace)
    except NoReviews:
        return []
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
    return [readers, *(json_value(value) for value in row)]


@dataclass(frozen=True, kw_only=True)
class _Found:
    """What a role may read, as it is now."""

    documents: list[Document]
    left_out: int
    """Reviews that are not among them, for another has their id."""
    has_reports: bool
    """Past reports are among them; else it is tried again next time."""

    @property
    def note(self) -> dict[str, str]:
        """What is kept with the index."""
        from retrieval.index import LEFT_OUT

        return {LEFT_OUT: str(self.left_out)}


def _find_documents(workspace: Workspace, folder: Path, *, with_reports: bool) -> _Found:
    """Reviews and sections of past reports; a report that cannot be built or read keeps no review away."""
    from jobs.report.errors import ReportError
    from retrieval.corpus import read_reviews
    from retrieval.errors import NoReviews
    from sql.errors import SqlError

    found: list[Document] = []
    left_out = 0
    try:
        corpus = read_reviews(workspace)
        found += corpus.documents
        left_out = corpus.left_out
    except NoReviews as error:
        logger.info("%s", error)
    try:
        found += _reported(workspace, folder, build=with_reports)
    except (ReportError, SqlError) as error:
        say(f"Past reports cannot be searched now: {type(error).__name__}. Reviews can.")
        logger.info("%s", error)
        return _Found(documents=found, left_out=left_out, has_reports=False)
    return _Found(documents=found, left_out=left_out, has_reports=True)


def _reported(workspace: Workspace, folder: Path, *, build: bool) -> list[Document]:
    """Sections of the past reports that are kept; ``build`` makes those of the last months first."""
    from jobs.report.passages import documents

    archive = archive_in(folder)
    if build:
        archive.keep_past_reports(workspace, PAST_REPORTS)
    return [document for id in archive.ids() for document in documents(archive.load(id))]


def _archived(folder: Path) -> list[str]:
    """The past reports that are kept, each with when it was written."""
    files = sorted((folder / "reports").glob("*.json"))
    return [f"{file.stem} {file.stat().st_mtime_ns}" for file in files]


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
    if role.free_text == "masked" or role.pseudonyms:
        rights += [role.free_text, sorted(role.pseudonyms)]
    if needed or role.minimum_group is not None:
        values = {name: value for name, value in (user or {}).items() if name in needed}
        rights += [sorted(values.items()), role.minimum_group, sorted(role.group_units.items())]
    return folder / f"readers-{hashlib.sha256(json.dumps(rights).encode()).hexdigest()[:10]}"
