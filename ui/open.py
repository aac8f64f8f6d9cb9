"""Puts the parts together: a shop, its database under a role, its index, the model, the assistant.

Everything slow is told on standard error before it starts, and everything that is kept is written by packages
that write whole files or none: a run that was stopped is taken up by the next.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.answer import Answer
from bot.audit import AuditLog, Kind, audited
from llm.waiting import Wait
from ui.console import say, step
from ui.errors import WrongUse
from ui.once import Once
from ui.settings import Settings, go_offline
from ui.write import write_whole

if TYPE_CHECKING:
    from bot.assistant import Assistant
    from llm.engine import Completion, Engine, Request
    from retrieval.embed import Embedder
    from retrieval.index import Index
    from retrieval.types import Document, Filters, Hit
    from sql.ask import SqlAsker
    from sql.semantics import Attributes, Role, Shop
    from sql.shop.workspace import Workspace

logger = logging.getLogger(__name__)

DEMO = "demo"
"""The name of the demonstration shop on the command line."""
SHOP_FILES = (".yml", ".yaml")

PAST_REPORTS = 3
"""Past monthly reports that are built and can be found."""

EngineFactory = Callable[[Settings], "Engine"]


class LazyEngine:
    """An engine that is loaded at its first use, or by :meth:`load` in the background."""

    def __init__(self, settings: Settings, factory: EngineFactory) -> None:
        self._settings = settings
        self._engine = Once(lambda: factory(settings))

    def load(self) -> Engine:
        """The engine; the first caller waits while it loads, the others wait for that.

        Raises:
            WeightsMissing, WeightsCorrupt, EngineUnavailable: and the next call tries again.
        """
        return self._engine.get()

    @property
    def is_loaded(self) -> bool:
        """Whether the first use is over."""
        return self._engine.is_made

    @property
    def name(self) -> str:
        """The engine's name, or the model's while it is not loaded."""
        return self.load().name if self.is_loaded else f"{self._settings.model} (not loaded)"

    @property
    def adapters(self) -> tuple[str, ...]:
        """Names of LoRA adapters; loads the engine."""
        return self.load().adapters

    def complete(self, request: Request, cancel: threading.Event | None = None) -> list[Completion]:
        """See ``llm.engine.Engine.complete``."""
        return self.load().complete(request, cancel)


@dataclass(frozen=True, kw_only=True)
class OpenedShop:
    """A shop that can be talked with. Close it when done."""

    workspace: Workspace
    folder: Path
    """Where this shop's index and reports are kept."""
    texts: Texts | None
    """``None`` when the role may read no reviews."""
    embedder: Embedder
    engine: LazyEngine
    asker: SqlAsker
    assistant: Assistant
    log: AuditLog

    def warm(self) -> None:
        """Make what questions would wait for: the model with the shop's description read, then the index.

        Raises:
            LlmError, RetrievalError: a model cannot be loaded.
            NotRecorded: the audit log cannot be written.
        """
        self.assistant.warm()
        self.engine.load()
        self._read_description()
        if self.texts is not None:
            workspace = self.workspace
            names = {"shop": workspace.shop.name, "role": workspace.role.name}
            with audited(self.log, "index", "", **names, user=workspace.user):
                self.texts.open()

    def _read_description(self) -> None:
        from sql.question.linking import link

        views = self.workspace.guard.views
        question = next(iter(self.workspace.shop.suggestions), views[0].name if views else "")
        if not question:
            return
        with step("Letting the model read the shop's description"):
            links = link(question, self.asker.vocabulary, self.workspace.today)
            self.asker.writer.draft(links)

    def close(self) -> None:
        """Free the database."""
        self.workspace.close()


# --- the shop --------------------------------------------------------------------------------------------


def find_shop(settings: Settings, shop: str | None) -> Shop:
    """The shop that ``--shop`` names.

    Args:
        settings: where the demonstration shop lives.
        shop: ``None`` or ``demo`` for the demonstration shop, built when it is missing; a ``shop.yml``; or a
            database file, folder or address, of which every table becomes a view.
    Raises:
        WrongUse: a path that does not exist.
        ShopFileError, DatabaseUnavailable: see ``sql.errors``.
    """
    from sql.shop.shopfile import load_shop

    if shop is None or shop == DEMO:
        return load_shop(demo_folder(settings) / "shop.yml")
    if "://" in shop:
        return shop_of_location(shop)
    path = Path(shop).expanduser()
    if not path.exists() and not _is_pattern(shop):
        raise WrongUse(
            f"--shop is {shop!r}, which does not exist; name a shop.yml, a database file, a folder of CSV or "
            "Parquet files, or an address."
        )
    if path.suffix.lower() in SHOP_FILES:
        return load_shop(path, variables=_variables(settings))
    return shop_of_location(str(path.absolute()))


def demo_folder(settings: Settings) -> Path:
    """The folder of the demonstration shop, built first when it is missing or of another version."""
    from demo.build import build_demo, is_built

    if not is_built(settings.demo):
        with step("Building the demonstration shop"):
            build_demo(settings.demo)
    return settings.demo


def _is_pattern(text: str) -> bool:
    return any(c in text for c in "*?[")


def _variables(settings: Settings) -> dict[str, str]:
    """What ``${NAME}`` in a shop.yml may mean."""
    data = {"SHOPTALK_DATA": str(settings.data)} if settings.data else {}
    return {**settings.variables, **data}


def shop_of_location(location: str) -> Shop:
    """A description of the database at ``location``: every table a view, nothing else known."""
    from sql.databases import open_database, without_password
    from sql.shop.shopfile import shop_from_catalog

    database = open_database(location)
    try:
        # Of an address without a path only the host is left, and never a user's name or password.
        place = without_password(location).split("://")[-1].split("?")[0].rstrip("/")
        name = Path(place.rpartition("@")[2] if "://" in location else place).stem or "shop"
        return shop_from_catalog(database.catalog(), name=name, database=location)
    finally:
        database.close()


def open_role(
    settings: Settings, *, shop: str | None, role: str | None, user: Attributes | None = None
) -> Workspace:
    """The shop's database under a role, checked before anything slow is started.

    Args:
        user: the asking user's attributes, for roles whose rules about rows name some.
    Raises:
        WrongUse: the shop has no such role, or the role needs an attribute that is not among ``user``.
    """
    from sql.shop.workspace import open_workspace

    description = find_shop(settings, shop)
    return open_workspace(description, role=_chosen(description, role, user).name, user=user)


def check_asked(
    settings: Settings, *, shop: str | None, role: str | None, user: Attributes | None = None
) -> None:
    """Raise ``WrongUse`` for a role that is not there or lacks an attribute, before slow things begin."""
    _chosen(find_shop(settings, shop), role, user)


@contextmanager
def audited_role(
    settings: Settings,
    kind: Kind,
    text: str,
    *,
    shop: str | None,
    role: str | None,
    user: Attributes | None = None,
) -> Iterator[Workspace]:
    """As :func:`open_role`, closed after the block; every statement from opening to the end is logged.

    Args:
        kind: what the block does.
        text: what is searched, or which report.
    Raises:
        NotRecorded: the audit log cannot be written. Show what was found only after the block.
    """
    from sql.shop.workspace import open_workspace

    description = find_shop(settings, shop)
    chosen = _chosen(description, role, user)
    log = AuditLog(settings.audit)
    with audited(log, kind, text, shop=description.name, role=chosen.name, user=user):
        workspace = open_workspace(description, role=chosen.name, user=user)
        try:
            yield workspace
        finally:
            workspace.close()


def _chosen(shop: Shop, role: str | None, user: Attributes | None) -> Role:
    """The role that is asked for, or the default one; it must exist, and ``user`` have what it needs."""
    names = [r.name for r in shop.roles]
    if role is not None and role not in names:
        raise WrongUse(f"--role is {role!r}; shop {shop.name!r} has {', '.join(names)}.")
    chosen = shop.role(role or shop.default_role)
    missing = [name for name in attributes_needed(chosen) if name not in (user or {})]
    if missing:
        needed = " ".join(f"--user {name}=…" for name in missing)
        raise WrongUse(
            f"Role {chosen.name!r} of shop {shop.name!r} sees the rows of one user: it needs {needed} "
            "(or choose another --role). Nothing was opened."
        )
    return chosen


def folder_of(settings: Settings, shop: Shop) -> Path:
    """The shop's folder under home: its name, and a hash of where it comes from.

    A demonstration shop that was generated anew is another shop: what was kept of the old one is not used.
    """
    from sql.databases import without_password

    origin = [str(shop.path.absolute()) if shop.path else "", without_password(shop.database)]
    manifest = settings.demo / "manifest.json"
    if shop.path is not None and shop.path.parent == settings.demo and manifest.is_file():
        origin.append(manifest.read_text("utf-8"))
    digest = hashlib.sha256(json.dumps(origin).encode()).hexdigest()[:10]
    name = re.sub(r"[^a-z0-9]+", "-", shop.name.lower()).strip("-")[:40] or "shop"
    return settings.shops / f"{name}-{digest}"


def attributes_needed(role: Role) -> tuple[str, ...]:
    """Names of the user's attributes that the role's rules about rows name, sorted; in whatever dialect."""
    from typing import get_args

    from sql.lock.placeholders import attribute_names
    from sql.types import Dialect

    return tuple(sorted(frozenset().union(*(attribute_names(role, d) for d in get_args(Dialect)))))


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


# --- texts -----------------------------------------------------------------------------------------------


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


# --- the model and the assistant -------------------------------------------------------------------------


def load_engine(settings: Settings) -> Engine:
    """The language model that the settings name; its weights are fetched first when they are missing."""
    if settings.engine_url:
        from llm.served import ServedEngine

        adapter = settings.adapter
        served = {adapter: adapter} if adapter not in (None, NO_ADAPTER) else {}
        return ServedEngine(settings.engine_url, settings.model, adapters=served, key=settings.engine_key)
    from llm.load import open_engine

    with step(f"Loading the language model ({model_of(settings)})", Wait(what="model")):
        weights_of(settings)
        go_offline()
        return open_engine(
            settings.weights,
            model=model_of(settings),
            device=settings.device,
            precision=settings.precision,
            adapters=adapters_of(settings),
        )


NO_ADAPTER = "none"
"""What ``SHOPTALK_ADAPTER`` and ``--adapter`` say for the bare model."""


def adapters_of(settings: Settings) -> dict[str, Path]:
    """The adapters on this machine that fit the model, name to folder; the model is not loaded."""
    from llm.adapters import SHIPPED, find_adapters
    from llm.weights import model_name

    return find_adapters(model_name(model_of(settings)), SHIPPED, settings.adapters)


def adapter_of(settings: Settings, *, is_plain: bool) -> str | None:
    """The adapter that SQL is written with: the one that the settings name, else the project's own.

    A server's adapters are the server's: one is used only when the settings name it.

    Args:
        is_plain: whether it writes over tables as they come, not over a shop that somebody described.

    Raises:
        WrongUse: no adapter of that name fits the model.
    """
    from llm.adapters import default_adapter
    from llm.weights import model_name

    asked = settings.adapter
    if asked == NO_ADAPTER:
        return None
    if settings.engine_url:
        return asked
    if asked is None:
        return default_adapter(model_name(model_of(settings)), over="tables" if is_plain else "shop")
    known = adapters_of(settings)
    if asked not in known:
        raise WrongUse(
            f"No adapter of {model_of(settings)} is called {asked!r}; known: "
            f"{', '.join([*known, NO_ADAPTER])}. Trained ones belong into {settings.adapters}."
        )
    return asked


def model_of(settings: Settings) -> str:
    """What ``llm`` is asked for: the path of a model when the settings name one, else its name."""
    return str(settings.model_path or settings.model)


def weights_of(settings: Settings) -> Path:
    """The folder of the model's weights; they are fetched and checked first when they are missing."""
    from llm.load import bring_weights, choose

    model = model_of(settings)
    choice = choose(model, device=settings.device, precision=settings.precision)
    return bring_weights(settings.weights, model, choice)


def open_shop(
    settings: Settings,
    *,
    shop: str | None = None,
    role: str | None = None,
    user: Attributes | None = None,
    factory: EngineFactory | None = None,
) -> OpenedShop:
    """Everything that a surface needs to answer questions about one shop.

    Args:
        settings: where things are kept and which model.
        shop: see :func:`find_shop`.
        role: one of the shop's roles; ``None`` for its default.
        user: the asking user's attributes; see :func:`open_role`.
        factory: how the engine is loaded; ``None`` is :func:`load_engine`, tests pass a scripted one.
    Raises:
        NotRecorded: the audit log cannot be written.
    """
    from sql.shop.workspace import open_workspace

    description = find_shop(settings, shop)
    chosen = _chosen(description, role, user)
    engine = LazyEngine(settings, factory or load_engine)
    log = AuditLog(settings.audit)
    with audited(log, "open", "", shop=description.name, role=chosen.name, user=user):
        workspace = open_workspace(description, role=chosen.name, user=user)
        try:
            return assemble(settings, workspace, engine, log)
        except BaseException:
            workspace.close()
            raise


def assemble(
    settings: Settings,
    workspace: Workspace,
    engine: LazyEngine,
    log: AuditLog,
    *,
    embedder: Embedder | None = None,
) -> OpenedShop:
    """The assistant over parts that are open already; reads the values that words are linked to.

    Args:
        embedder: compares meanings, for routing and in the index; ``None`` loads one at its first use.
    """
    from bot.assistant import Assistant
    from jobs import JOBS
    from retrieval.embed import load_embedder
    from sql.ask import open_asker
    from sql.question.linking import Vocabulary

    vocabulary = Vocabulary.build(workspace)
    adapter = adapter_of(settings, is_plain=vocabulary.is_plain)
    asker = open_asker(workspace, engine, vocabulary, adapter=adapter)
    shared = embedder or load_embedder()
    texts = None
    if may_read_texts(workspace):
        texts = Texts(lambda: open_texts(settings, workspace, embedder=shared))
    assistant = Assistant(
        workspace,
        asker,
        texts,
        jobs=JOBS,
        vocabulary=vocabulary,
        engine=engine,
        embedder=shared,
        audit=log,
    )
    return OpenedShop(
        workspace=workspace,
        folder=audience_folder(folder_of(settings, workspace.shop), workspace.role, workspace.user),
        texts=texts,
        embedder=shared,
        engine=engine,
        asker=asker,
        assistant=assistant,
        log=log,
    )


def open_assistant(
    settings: Settings,
    *,
    shop: str | None = None,
    role: str | None = None,
    user: Attributes | None = None,
) -> Assistant:
    """The assistant alone, for callers that end with the process."""
    return open_shop(settings, shop=shop, role=role, user=user).assistant


def last_answer(events: Iterator[Any]) -> Answer:
    """Run a question to its end and return the answer; ``done`` always comes last."""
    answer: Answer | None = None
    for event in events:
        if event.name == "done":
            answer = event.data
    if answer is None:
        raise RuntimeError("the assistant ended without an answer")
    return answer
