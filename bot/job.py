"""What a job is to the conversation: what it is called and claims, what it runs, how its evidence is told.

``bot`` knows no job by name: it routes, runs, tells, offers and remembers whatever jobs it is handed.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from importlib import resources
from typing import TYPE_CHECKING, Protocol

from bot.errors import Declined
from bot.memory import Turn
from bot.parameters import Parameters, Settings
from retrieval.types import Retriever
from sql.question.answerable import Verdict
from sql.question.linking import Links, Mention, Vocabulary
from sql.semantics import Shop, View
from sql.shop.bindings import bindings_line
from sql.types import Table
from sql.yaml_text import read_yaml
from telling.charts import draw_result
from telling.evidence import Evidence
from telling.phrases import Words, escape_markdown, load_words
from telling.redraw import ChartKind
from telling.results import tell_result
from telling.writer import Draw, Tell

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from retrieval.opinion_mining.said_tables import Said
    from sql.ask import SqlAnswer
    from sql.shop.workspace import Workspace
    from sql.statement.compile import Compiled
    from sql.statement.written import After

LANGUAGES = ("en", "zh")
"""A job says what it is and is asked for in each of these."""


@dataclass(frozen=True, kw_only=True)
class Understood:
    """A message that can be routed."""

    question: str
    """Cleaned of control characters."""
    standalone: str
    """What it means without the conversation."""
    language: str
    """ISO 639-1 code of the message's language."""
    links: Links
    """Of the standalone question."""
    said: Links
    """Of the message as it was written: made standalone, a follow-up may have lost a word."""
    previous: Turn | None
    """The turn that it follows; ``None`` when it stands alone."""
    changes: bool = False
    """Whether it changes what that turn asked; else it chooses of what was offered."""
    chart: ChartKind | None = None
    """The answer before is wanted in this form; nothing else is asked."""
    statement: str = ""
    """What the message makes of the statement before, where a rule knows it; else a model is asked."""
    by_name: str = ""
    """Name of the job that the message asks for as ``name key=value …``; empty where it is plain words."""
    verdict: Verdict | None
    """Why it cannot be answered from the shop's data; ``None`` when nothing speaks against it."""


class Strength(IntEnum):
    """How much a question is a job's, weakest first."""

    POSSIBLE = 1
    """It could answer, where the question comes close to one of its utterances."""
    NAMED = 2
    """What it answers about is named."""
    SAID = 3
    """The words ask for this very job, so that nothing else is looked for in them."""
    GIVEN = 4
    """They are somebody else's (a customer's letter), handed over to this very job: nothing in them is asked
    or ordered, so that no wish or name in them is a reason to decline."""


@dataclass(frozen=True, kw_only=True)
class Claim:
    """What a job claims of a question."""

    strength: Strength
    reason: str = ""
    """For logs and tests, e.g. ``links``."""
    readings: tuple[str, ...] = ()
    """Whole questions that the words can mean, one of which is not the job's: it is asked back which."""


class Asker(Protocol):
    """Turns a linked question into checked SQL and its rows; ``sql.ask.SqlAsker`` does."""

    def ask(
        self,
        question: Links,
        *,
        after: After | None = None,
        cancel: threading.Event | None = None,
        on_sql: Callable[[str], None] | None = None,
    ) -> SqlAnswer:
        """Raises the errors of ``sql`` and ``llm``."""

    def offer(self, text: str, compiled: Compiled) -> None:
        """Whoever asks ``text`` from now on is answered with that statement."""


class Embedder(Protocol):
    """What routing and jobs need of ``retrieval.encoder.Embedder``."""

    def embed(self, texts: Sequence[str], *, as_question: bool = False) -> npt.NDArray[np.float32]:
        """Unit vectors, shape (texts, dimension)."""


class SaidSource(Protocol):
    """What reviews say, as tables; ``app.what_is_said.SaidTables`` is one."""

    def open(self) -> Said | None:
        """The tables, made at their first use; ``None`` where there is no review. Raises the errors of
        ``retrieval`` and ``sql``."""


class RuleKeeper(Protocol):
    """Keeps a person's rules for the watch; ``app.rules.keeping.Keeper`` is one."""

    def keep(self, rule: object, since: dt.date, holding: tuple[str, ...], language: str) -> bool:
        """Keep a rule, of whatever form its job gives it; whether it was not there already.

        Args:
            since: first day of the last period that was judged.
            holding: values for which it holds then, which are not told of.
        Raises:
            WrongUse, OSError: it cannot be kept; nothing was.
        """


@dataclass(frozen=True, kw_only=True)
class Tools:
    """What jobs work with; one set per assistant."""

    workspace: Workspace
    asker: Asker | None
    """``None`` when no language model could be opened."""
    retriever: Retriever | None
    """``None`` when there is no index of reviews."""
    vocabulary: Vocabulary
    jobs: tuple[Job, ...]
    """All of them, in order."""
    catalogue: Retriever | None = None
    """``None`` when there is no index of products."""
    said: SaidSource | None = None
    """``None`` where no tables of what reviews say are made."""
    rules: RuleKeeper | None = None
    """``None`` where no rule can be kept."""
    embedder: Embedder | None = None
    """Tells how near two texts are in meaning; ``None`` where only their letters can be compared."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """One question that was routed to a job."""

    question: str
    """Standalone."""
    language: str
    links: Links
    settings: Settings = field(default_factory=Settings)
    """What the question gives the job's parameters."""
    after: After | None = None
    """What the message goes on from; ``None`` where it stands alone."""
    cancel: threading.Event = field(default_factory=threading.Event)
    on_sql: Callable[[str], None] = lambda sql: None
    """Called with each statement before it runs."""
    on_table: Callable[[Table], None] = lambda table: None
    """Called with the main result as soon as it is there."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """A question that belongs to a job, and what its answer holds: data for tests."""

    ask: str
    says: tuple[str, ...] = ()
    """Parts of the answer's words, over the shop that the tests have; empty: only the way is checked."""
    status: str = "answered"
    """How that answer ends, see ``bot.answer.Status``."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """One thing that can be asked for. Everything about it stands in its folder."""

    name: str
    description: Mapping[str, str]
    """What it answers, a sentence in each of ``LANGUAGES``; help tells it."""
    utterances: Mapping[str, tuple[str, ...]]
    """Typical questions by language; one near them in meaning is routed here, and the first is offered."""
    claims: Callable[[Understood], Claim | None]
    """A pure function of the question and its links; ``None`` when the question cannot be its own."""
    run: Callable[[Request, Tools], Evidence]
    """Raises ``Declined`` or the errors of ``sql``, ``retrieval`` and ``llm``; never returns prose."""
    parameters: Parameters = ()
    """What it can be told, in words or as ``name=value``; with any, it is also reached by its name."""
    needs: tuple[str, ...] = ()
    """Parts that the shop's description must bind (``Shop.bound``)."""
    tell: Tell = tell_result
    draw: Draw = draw_result
    texts: str | tuple[str, ...] = ()
    """Packages that hold its sentences in ``texts/<language>.yml``: its own, and another's that it says."""
    asks_about: Callable[[Sequence[Mention], Shop, str], tuple[str, ...]] = lambda values, shop, language: ()
    """Whole questions of its own about the values that a question names and says nothing more of."""
    follow: Callable[[str, str], str | None] = lambda previous, message: None
    """The whole question that ``message`` means after this job answered ``previous``, where it keeps to what
    that was about; ``None`` where it is a follow-up as any other, or none."""
    picks_up: Callable[[str, str], str | None] = lambda previous, message: None
    """The same after another job's answer: the whole question that ``message`` asks of this job about what
    ``previous`` was about; asked only where the job that answered keeps nothing."""
    takes_the_rest: bool = False
    """Whether it answers what no job claims, where the model has learnt to say that it cannot."""
    is_about_text: bool = False
    """Whether the topic of its questions is free words, so that "and the strap?" changes the topic."""
    is_offered: bool = True
    """Whether help and the page tell of it; greetings and help itself need no offer."""
    cases: tuple[Case, ...] = ()

    def __post_init__(self) -> None:
        for kind, texts in (("description", self.description), ("utterances", self.utterances)):
            missing = [language for language in LANGUAGES if not texts.get(language)]
            if missing:
                raise ValueError(f"the job {self.name!r} has no {kind} in {', '.join(missing)}")

    def words(self, language: str) -> Words:
        """The sentences that it, the conversation and the telling have for ``language``."""
        return words_of(language, self)

    def missing(self, shop: Shop) -> tuple[str, ...]:
        """The parts that it needs and that ``shop`` does not bind."""
        return tuple(name for name in self.needs if name not in shop.bound)

    def check_needs(self, shop: Shop, seen: Sequence[View] = ()) -> None:
        """Raise ``Declined`` when the shop's description lacks what the job needs; with the line to write.

        Args:
            seen: views as the asker's role sees them, of which columns may be proposed.
        """
        if missing := self.missing(shop):
            names = ", ".join(name.replace("_", " ") for name in missing)
            line = bindings_line(missing, seen)
            raise Declined("unbound", {"names": escape_markdown(names), "line": escape_markdown(line)})


def words_of(language: str, job: Job | None = None) -> Words:
    """The sentences of the telling, of the conversation, and of ``job`` if any."""
    texts = job.texts if job is not None else ()
    return load_words(language, "bot", *((texts,) if isinstance(texts, str) else texts))


def as_tuple(jobs: Sequence[Job]) -> tuple[Job, ...]:
    """The jobs in order; ``ValueError`` when two share a name or an utterance."""
    names = [job.name for job in jobs]
    utterances = [text.casefold() for job in jobs for texts in job.utterances.values() for text in texts]
    for kind, texts in (("name", names), ("utterance", utterances)):
        twice = sorted({text for text in texts if texts.count(text) > 1})
        if twice:
            raise ValueError(f"two jobs share the {kind} {twice[0]!r}")
    return tuple(jobs)


def read_cases(package: str) -> tuple[Case, ...]:
    """The cases in a package's ``cases.yml``: a question, or ``{ask: …, says: [part, …], status: …}``."""
    document = read_yaml(resources.files(package).joinpath("cases.yml").read_text(encoding="utf-8"))
    return tuple(
        Case(ask=item) if isinstance(item, str) else Case(**{**item, "says": tuple(item["says"])})
        for item in document
    )
