"""Puts the parts of one shop together: its database under a role, its texts, the model, the assistant."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app import engines
from app.engines import EngineFactory, LazyEngine, adapter_of
from app.people import chosen_role
from app.progress import step
from app.settings import Settings
from app.shops import find_shop, folder_of
from app.texts import Texts, audience_folder, may_read_texts, open_texts
from bot.answer import Answer
from bot.audit import AuditLog, Kind, audited

if TYPE_CHECKING:
    from bot.assistant import Assistant
    from retrieval.embed import Embedder
    from sql.ask import SqlAsker
    from sql.semantics import Attributes
    from sql.shop.workspace import Workspace


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


def check_asked(
    settings: Settings, *, shop: str | None, role: str | None, user: Attributes | None = None
) -> None:
    """Raise ``WrongUse`` for a role that is not there or lacks an attribute, before slow things begin."""
    chosen_role(find_shop(settings, shop), role, user)


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
    chosen = chosen_role(description, role, user)
    log = AuditLog(settings.audit)
    with audited(log, kind, text, shop=description.name, role=chosen.name, user=user):
        workspace = open_workspace(description, role=chosen.name, user=user)
        try:
            yield workspace
        finally:
            workspace.close()


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
    chosen = chosen_role(description, role, user)
    engine = LazyEngine(settings, factory or engines.load_engine)
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
