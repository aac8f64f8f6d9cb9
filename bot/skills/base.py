"""What every skill is: a typed function from a request to evidence, with a description that routing reads."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from bot.answer import Evidence
from retrieval.types import Retriever
from sql.question.linking import Links, Vocabulary
from sql.types import Table

if TYPE_CHECKING:
    from sql.ask import SqlAnswer
    from sql.shop.workspace import Workspace


class Asker(Protocol):
    """Turns a standalone question into checked SQL and its rows; ``sql.ask.SqlAsker`` does."""

    def ask(
        self,
        question: str,
        *,
        cancel: threading.Event | None = None,
        on_sql: Callable[[str], None] | None = None,
    ) -> SqlAnswer:
        """Raises the errors of ``sql`` and ``llm``."""


@dataclass(frozen=True, kw_only=True)
class Tools:
    """What skills work with; one set per assistant."""

    workspace: Workspace
    asker: Asker | None
    """``None`` when no language model could be opened."""
    retriever: Retriever | None
    """``None`` when there is no index of reviews."""
    vocabulary: Vocabulary


@dataclass(frozen=True, kw_only=True)
class Request:
    """One question that was routed to a skill."""

    question: str
    """Standalone."""
    language: str
    links: Links
    cancel: threading.Event = field(default_factory=threading.Event)
    on_sql: Callable[[str], None] = lambda sql: None
    """Called with each statement before it runs."""
    on_table: Callable[[Table], None] = lambda table: None
    """Called with the main result as soon as it is there."""


@dataclass(frozen=True, kw_only=True)
class Skill:
    """A skill as routing and help see it."""

    name: str
    description: str
    utterances: tuple[str, ...]
    """Typical questions, in several languages; a question close to one in meaning is routed here."""
    parameters: Mapping[str, str]
    """What it takes from the question → what it means."""
    run: Callable[[Request, Tools], Evidence]
    """Raises ``Declined`` or the errors of ``sql``, ``retrieval`` and ``llm``; never returns prose."""


def as_tuple(*skills: Skill) -> tuple[Skill, ...]:
    """The skills in order; ``ValueError`` when two share a name or an utterance."""
    names = [skill.name for skill in skills]
    utterances = [text.casefold() for skill in skills for text in skill.utterances]
    for kind, texts in (("name", names), ("utterance", utterances)):
        twice = sorted({text for text in texts if texts.count(text) > 1})
        if twice:
            raise ValueError(f"two skills share the {kind} {twice[0]!r}")
    return skills
