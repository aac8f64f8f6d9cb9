"""All that answers one role's questions about one shop: database, words, texts, and who writes its SQL."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from app.catalogue import Catalogue
from app.engines import LazyEngine, adapter_of
from app.forgotten import Forgotten
from app.library import Library, Texts
from app.person import Person
from app.progress import step
from app.settings import Settings
from app.what_is_said import SaidTables
from bot.audit import AuditLog, audited

if TYPE_CHECKING:
    from bot.assistant import Assistant
    from bot.route import Nearest
    from sql.ask import SqlAsker
    from sql.question.linking import Vocabulary
    from sql.shop.workspace import Workspace


@dataclass(frozen=True, kw_only=True)
class Shared:
    """What all rooms of one process have in common."""

    settings: Settings
    engine: LazyEngine
    library: Library
    nearest: Nearest
    log: AuditLog
    forgotten: Forgotten


@dataclass(frozen=True, kw_only=True)
class Room:
    """What people who see the same share. Several threads may use it at once; close it when done."""

    workspace: Workspace
    """Holds only those of a person's attributes that decide what is seen."""
    vocabulary: Vocabulary
    asker: SqlAsker
    texts: Texts | None
    """``None`` when the role may read no reviews."""
    catalogue: Catalogue | None
    """``None`` when the role may see no products."""
    said: SaidTables | None
    """``None`` when the role may read no reviews."""
    shared: Shared
    forgotten: int = 0
    """How often a customer had been forgotten when it was opened."""

    def assistant(self, person: Person) -> Assistant:
        """Who answers that person; costs nothing."""
        from app.rules.keeping import keeper_of
        from bot.assistant import Assistant
        from jobs import JOBS

        return Assistant(
            replace(self.workspace, user=person.attributes),
            self.asker,
            self.texts,
            catalogue=self.catalogue,
            said=self.said,
            rules=keeper_of(self.shared.settings, self.workspace.shop, person)
            if person.keeps_rules
            else None,
            vocabulary=self.vocabulary,
            engine=self.shared.engine,
            nearest=self.shared.nearest,
            jobs=JOBS,
            audit=self.shared.log,
            person=person.id,
            forgotten=self.forgotten,
        )

    def warm(self, person: Person) -> None:
        """Make what questions would wait for: the model with the shop's description read, then the index.

        Raises:
            LlmError, RetrievalError, SqlError: something cannot be made now.
            NotRecorded: the audit log cannot be written.
        """
        self.shared.engine.load()
        self._read_description()
        self.shared.nearest.prepare()
        if self.texts is not None:
            names = {"shop": self.workspace.shop.name, "role": self.workspace.role.name}
            with audited(self.shared.log, "index", "", **names, user=person.attributes, person=person.id):
                self.texts.open()

    def _read_description(self) -> None:
        from sql.question.linking import link

        views = self.workspace.guard.views
        question = next(iter(self.workspace.shop.suggestions), views[0].name if views else "")
        if not question:
            return
        with step("Letting the model read the shop's description"):
            self.asker.read_description(link(question, self.vocabulary, self.workspace.today))

    def close(self) -> None:
        """Free the database and the tables."""
        self.workspace.close()
        if self.said is not None:
            self.said.close()


def furnish(workspace: Workspace, shared: Shared) -> Room:
    """The room over a workspace that is open; reads the values that words are linked to.

    Raises:
        WrongUse: the settings name an adapter that does not fit the model.
        SqlError: the values cannot be read.
    """
    from sql.ask import open_asker
    from sql.question.linking import Vocabulary

    vocabulary = Vocabulary.build(workspace)
    adapter = adapter_of(shared.settings)
    texts = shared.library.texts(workspace)
    return Room(
        workspace=workspace,
        vocabulary=vocabulary,
        asker=open_asker(
            workspace,
            shared.engine,
            vocabulary,
            adapter=adapter,
        ),
        texts=texts,
        said=shared.library.said(workspace, texts) if texts is not None else None,
        catalogue=shared.library.catalogue(workspace),
        shared=shared,
        forgotten=shared.forgotten.times(),
    )
