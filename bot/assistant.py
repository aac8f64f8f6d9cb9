"""The way of a question: understand, route, a job, words, chart. Streams the same events to every surface.

An error that is expected ends in an answer (``bot.refusals``); anything else is a bug: it is logged with its
traceback and rises to the surface.
"""

from __future__ import annotations

import contextlib
import contextvars
import hashlib
import json
import logging
import queue
import threading
import time
import uuid
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from bot.answer import Answer, Event
from bot.audit import AuditLog, Entry
from bot.edits import edited
from bot.errors import AskBack, NotRecorded, Stopped
from bot.job import Asker, Job, Request, RuleKeeper, SaidSource, Tools, as_tuple, words_of
from bot.memory import Conversation, Turn
from bot.parameters import Settings, read_settings, written
from bot.refusals import EXPECTED, refused
from bot.request_id import current_request
from bot.route import Nearest, Route, route
from bot.understand import MAX_CHARACTERS, clean, language_of, understand
from llm.traced import Fact, span, tell
from llm.waiting import listening
from retrieval.types import Retriever
from sql.errors import QueryCancelled, TwoWays, WrongStatement
from sql.question.linking import Links, Vocabulary
from sql.record import Statement, recording
from sql.statement.compile import Compiled, compile_statement
from sql.statement.parse import parse
from sql.statement.seen import seen_shop
from sql.statement.sentence import Statement as LanguageStatement
from sql.statement.written import After
from sql.types import Table
from telling.evidence import Evidence
from telling.phrases import SPOKEN, escape_markdown
from telling.redraw import ChartKind, redrawn
from telling.writer import Composed, write

if TYPE_CHECKING:
    from llm.engine import Engine
    from sql.shop.workspace import Workspace

logger = logging.getLogger(__name__)
questions = logging.getLogger("bot.questions")
"""What people ask, in their own words; silent unless a setting asks for it (``app.logs``)."""

_POLL_S = 0.05
"""How often a waiting answer looks whether it was stopped."""
SHOWN_OF_TOO_LONG = 200
"""Characters that are repeated of a message that is too long to be read."""
NO_SKILL = "none"
"""``Answer.skill`` when no job was chosen."""


@dataclass(kw_only=True)
class _State:
    """What is known of the answer so far."""

    id: str
    question: str
    standalone: str
    language: str
    job: Job | None = None
    links: Links | None = None
    is_told: bool = False
    """Whether the event "understood" went out."""
    tables: list[Table] = field(default_factory=list)
    sql: str = ""
    statement: str = ""
    """In the question language."""
    after: After | None = None
    again: Turn | None = None
    """The turn whose answer is wanted in another form."""
    chart: ChartKind | None = None
    entry: Entry | None = None
    """The question's place in the audit log; ``None`` without one."""
    seconds: dict[str, float] = field(default_factory=dict)
    started: float = field(default_factory=time.monotonic)

    @property
    def skill(self) -> str:
        """Name of the job that answers."""
        return self.job.name if self.job is not None else NO_SKILL


class Assistant:
    """Answers questions about one shop as one role. Several threads may ask at once."""

    def __init__(
        self,
        workspace: Workspace,
        asker: Asker | None,
        retriever: Retriever | None,
        *,
        jobs: Sequence[Job],
        vocabulary: Vocabulary,
        catalogue: Retriever | None = None,
        said: SaidSource | None = None,
        rules: RuleKeeper | None = None,
        engine: Engine | None = None,
        nearest: Nearest | None = None,
        audit: AuditLog | None = None,
        person: str = "",
        forgotten: int = 0,
    ) -> None:
        """Put the parts together; nothing is loaded here.

        Args:
            asker: ``None`` when there is no language model; figures are then declined.
            retriever: ``None`` when there is no index; quotes are then declined.
            catalogue: ``None`` when there is no index of products; nobody then finds one by meaning.
            said: ``None`` when what reviews say is in no tables; it is then not counted.
            rules: ``None`` where no rule of the watch can be kept.
            jobs: what can be asked for; of equal claims the first job's counts.
            engine: the model behind ``asker``; kept for the surfaces that show its name.
            nearest: compares meanings in routing; ``None`` routes by cues alone.
            audit: where every question is logged; a log that cannot be written refuses it. ``None`` logs
                nothing: for tests and measurements.
            person: who asks, for the log; empty where that is not known.
            forgotten: how many customers have been forgotten; a conversation from before is not gone on with.
        """
        self.tools = Tools(
            workspace=workspace,
            asker=asker,
            retriever=retriever,
            vocabulary=vocabulary,
            jobs=as_tuple(jobs),
            catalogue=catalogue,
            said=said,
            rules=rules,
            embedder=nearest.embedder if nearest is not None else None,
        )
        self.engine = engine
        self.audit = audit
        self._nearest = nearest
        self._person = person
        self._forgotten = forgotten

    @property
    def readers(self) -> str:
        """Who sees what this assistant sees; a conversation is not gone on with by others."""
        workspace = self.tools.workspace
        user = {k: list(v) if isinstance(v, tuple) else v for k, v in sorted(workspace.user.items())}
        seen = json.dumps([workspace.shop.name, workspace.role.name, user, *filter(None, [self._forgotten])])
        return hashlib.sha256(seen.encode()).hexdigest()[:12]

    def answer(
        self, question: str, conversation: Conversation | None = None, cancel: threading.Event | None = None
    ) -> Iterator[Event]:
        """Stream the steps of one answer; ``done`` comes last and carries the :class:`bot.answer.Answer`.

        The turn is added to ``conversation``. Setting ``cancel``, or closing the iterator, stops the model
        and the database; the answer then says "stopped".

        Raises:
            Exception: a bug of ours, after it was logged; expected errors become answers.
        """
        with span("question", request=current_request()):
            yield from self._answer(question, conversation, cancel)

    def _answer(
        self, question: str, conversation: Conversation | None, cancel: threading.Event | None
    ) -> Iterator[Event]:
        shown = _shown(question)
        if conversation is not None:
            conversation.enter(self.readers)
        state = _State(
            id=uuid.uuid4().hex[:12],
            question=shown,
            standalone=shown,
            language=language_of(shown[:MAX_CHARACTERS]),
        )
        asked = cancel if cancel is not None else threading.Event()
        try:
            self._begin(state)
            answer = yield from self._steps(state, question, conversation, asked)
        except EXPECTED as error:
            if isinstance(error, AskBack):  # whoever goes on with it means what was asked about
                state.statement = error.statement
            if not state.is_told:
                yield _understood_event(state)
            answer = self._refused(state, error)
            yield Event(name="text", data=answer.text)
        except GeneratorExit:
            self._end(state, "stopped")
            raise
        except Exception:
            logger.exception("question %s failed in job %s", state.id, state.skill)
            self._end(state, "crashed")
            raise
        if conversation is not None:
            conversation.add(_turn(state, answer))
        told: dict[str, Fact] = {
            "question": state.id,
            "skill": answer.skill,
            "status": answer.status,
            "seconds": round(answer.seconds["total"], 3),
            "rows": len(answer.tables[0].rows) if answer.tables else 0,
        }
        logger.info(
            "question %(question)s skill=%(skill)s status=%(status)s seconds=%(seconds).2f rows=%(rows)d",
            told,
            extra=told,
        )
        tell(**told)
        yield Event(name="done", data=answer)

    def _steps(
        self, state: _State, question: str, conversation: Conversation | None, asked: threading.Event
    ) -> Generator[Event, None, Answer]:
        """Everything up to ``done``; returns the answer."""
        chosen = self._understand(state, question, conversation)
        state.is_told = True
        yield _understood_event(state)
        questions.debug("question %s: %r means %r (%s)", state.id, question, state.standalone, chosen.reason)
        assert state.links is not None
        settings = read_settings(state.links, chosen.job.parameters, self.tools.vocabulary, state.language)
        evidence = yield from self._run(state, chosen.job, settings, asked)
        shop, words = self.tools.workspace.shop, chosen.job.words(state.language)
        chart = chosen.job.draw(evidence, shop, words.language)
        if state.again is not None:  # it is no surer than what it was made of
            evidence = replace(evidence, confidence=min(evidence.confidence, state.again.confidence))
        if state.chart is not None:
            other = redrawn(chart, state.chart) if state.chart != "table" else None
            if other is None and state.chart != "table":
                evidence = replace(evidence, warnings=(*evidence.warnings, ("cannot_draw", {})))
            else:
                chart = other
        with span("tell"):
            composed = write(evidence, chosen.job.tell, shop, words, self.tools.workspace.role)
        answer = self._answered(state, evidence, composed, chart)
        _stop_if(asked)
        self._end(state, answer.status)
        yield Event(name="text", data=answer.text)
        if chart is not None:
            yield Event(name="chart", data=chart)
        return answer

    # --- the audit log ---

    def _begin(self, state: _State) -> None:
        """Log that the question came; raises ``NotRecorded`` when that cannot be done."""
        if self.audit is None:
            return
        workspace = self.tools.workspace
        state.entry = self.audit.begin(
            "question",
            state.question,
            shop=workspace.shop.name,
            role=workspace.role.name,
            user=workspace.user,
            id=state.id,
            person=self._person,
        )

    def _end(self, state: _State, status: str) -> None:
        """Log how it ended, before anybody is shown; raises ``NotRecorded`` when that cannot be done."""
        if state.entry is not None:
            state.entry.end(status, standalone_question=state.standalone, skill=state.skill)

    def _refused(self, state: _State, error: Exception) -> Answer:
        """The answer that tells of ``error``, after it was logged; or of the log that cannot be written."""
        answer = self._refusal(state, error)
        try:
            self._end(state, "stopped" if isinstance(error, Stopped | QueryCancelled) else answer.status)
        except NotRecorded as unwritten:
            state.tables.clear()
            return self._refusal(state, unwritten)
        return answer

    # --- the steps ---

    def _understand(self, state: _State, question: str, conversation: Conversation | None) -> Route:
        started = time.monotonic()
        workspace = self.tools.workspace
        try:
            with span("understand"):
                understood = understand(
                    question,
                    conversation,
                    self.tools.vocabulary,
                    workspace.today,
                    self.tools.jobs,
                    self._edit,
                )
            state.question, state.standalone = understood.question, understood.standalone
            state.language, state.links = understood.language, understood.links
            if understood.changes and understood.previous is not None and understood.previous.statement:
                state.after = After(said=understood.said, statement=understood.previous.statement)
            if understood.previous is not None and (understood.chart is not None or understood.statement):
                state.chart, state.again = understood.chart, understood.previous
                self._offer(understood.standalone, understood.statement or understood.previous.statement)
            with span("route"):
                chosen = route(understood, self.tools, self._nearest)
            state.job = chosen.job
        finally:
            state.seconds["understand"] = time.monotonic() - started
        return chosen

    def _edit(self, message: str, turn: Turn) -> str:
        """The statement that a message makes of a turn's; empty where no rule knows it or it has no sense."""
        workspace = self.tools.workspace
        with contextlib.suppress(WrongStatement, TwoWays):
            if turn.statement and self.tools.asker is not None:
                shop, dialect = seen_shop(workspace), workspace.catalog.dialect
                better = edited(message, parse(turn.statement), shop, dialect)
                if better is not None:
                    return str(self._compiled(better).statement)
        return ""

    def _offer(self, question: str, statement: str) -> None:
        """Whoever asks ``question`` from now on is answered with that very statement."""
        if statement and self.tools.asker is not None:
            with contextlib.suppress(WrongStatement, TwoWays):
                self.tools.asker.offer(question, self._compiled(parse(statement)))

    def _compiled(self, statement: LanguageStatement) -> Compiled:
        workspace = self.tools.workspace
        shop, dialect = seen_shop(workspace), workspace.catalog.dialect
        return compile_statement(statement, shop, dialect, workspace.today, workspace.role)

    def _run(
        self, state: _State, job: Job, settings: Settings, asked: threading.Event
    ) -> Generator[Event, None, Evidence]:
        """Run a job in a thread and pass on its steps; stop it when asked to or when nobody listens."""
        assert state.links is not None
        _stop_if(asked)
        stop = threading.Event()
        steps: queue.SimpleQueue[tuple[str, Any]] = queue.SimpleQueue()
        request = Request(
            question=state.standalone,
            language=state.language,
            links=state.links,
            settings=settings,
            after=state.after,
            cancel=stop,
            on_sql=lambda sql: steps.put(("sql", sql)),
            on_table=lambda table: steps.put(("rows", table)),
        )

        heard = state.entry.note if state.entry is not None else _not_heard

        def work() -> None:
            try:
                with (
                    span(job.name),
                    recording(heard),
                    listening(lambda wait: steps.put(("waiting", wait))),
                ):
                    evidence = job.run(request, self.tools)
                steps.put(("evidence", evidence))
            except BaseException as error:
                steps.put(("error", error))

        within = contextvars.copy_context().run
        worker = threading.Thread(target=within, args=(work,), name=f"job-{job.name}", daemon=True)
        worker.start()
        try:
            while True:
                _stop_if(asked)
                try:
                    kind, value = steps.get(timeout=_POLL_S)
                except queue.Empty:
                    continue
                if kind == "error":
                    raise value
                if kind == "evidence":
                    assert isinstance(value, Evidence)
                    return value
                if kind == "waiting":
                    yield Event(name="waiting", data=value)
                elif kind == "sql":
                    state.sql = value
                    yield Event(name="sql", data={"sql": value})
                else:
                    state.tables.append(value)
                    yield Event(name="rows", data=value)
        finally:
            stop.set()

    def _answered(
        self, state: _State, evidence: Evidence, composed: Composed, chart: dict[str, Any] | None
    ) -> Answer:
        warnings = [self._say(state, key, **values) for key, values in evidence.warnings]
        warnings += self._role_notes(state, evidence)
        if state.language not in SPOKEN:
            warnings.insert(0, self._say(state, "other_language"))
        text, restated = composed.text, composed.restated
        if evidence.settings:
            ran = escape_markdown(written(state.skill, evidence.settings))
            text = f"{text}\n\n{words_of(state.language, state.job).say('ran_with', written=ran)}"
            restated = (*restated, ran)
        if state.language not in SPOKEN:
            text = f"{warnings[0]}\n\n{text}"
        state.sql = evidence.sql or state.sql
        state.statement = evidence.statement
        return Answer(
            question=state.question,
            standalone_question=state.standalone,
            language=state.language,
            skill=state.skill,
            status="answered",
            text=text,
            tables=evidence.tables,
            chart=chart,
            citations=evidence.hits,
            figures=composed.figures,
            restated=restated,
            id=state.id,
            forgotten=self._forgotten,
            parameters=dict(evidence.settings),
            statement=evidence.statement,
            read_as=evidence.read_as,
            unheard=evidence.unheard,
            confidence=evidence.confidence,
            warnings=tuple(warnings),
            seconds=_seconds(state, evidence.seconds),
        )

    def _role_notes(self, state: _State, evidence: Evidence) -> list[str]:
        """What the answer covers less than the shop: rows that are not the role's, groups that are too small.

        Said of every such answer alike, so that it does not tell whether anything was left out.
        """
        role, notes = self.tools.workspace.role, []
        views = {name for table in evidence.tables for name in table.query.views}
        if evidence.hits:
            views.add(evidence.about)
        if role.is_limited_in(views):
            notes.append(self._say(state, "part_note", role=role.name))
        if any(table.query.minimum_group is not None and table.rows for table in evidence.tables):
            notes.append(self._say(state, "groups_note", role=role.name, least=str(role.minimum_group)))
        return notes

    def _say(self, state: _State, key: str, **values: str) -> str:
        """A sentence in the answer's language; values are escaped here."""
        safe = {name: escape_markdown(value) for name, value in values.items()}
        return words_of(state.language, state.job).say(key, **safe)

    def _refusal(self, state: _State, error: Exception) -> Answer:
        told = refused(
            error, words_of(state.language, state.job), state.language, state.standalone, self.tools
        )
        keeps_rows = told.status == "failed" and not isinstance(error, Stopped | NotRecorded)
        return Answer(
            question=state.question,
            standalone_question=state.standalone,
            language=state.language,
            skill=state.skill,
            status=told.status,
            text=told.text,
            tables=tuple(state.tables) if keeps_rows else (),
            restated=told.restated,
            options=told.options,
            id=state.id,
            forgotten=self._forgotten,
            seconds=_seconds(state, {}),
        )


def _not_heard(statement: Statement) -> None:
    """Where statements go without an audit log."""


def _stop_if(asked: threading.Event) -> None:
    if asked.is_set():
        raise Stopped


def _shown(question: str) -> str:
    """The question as answers repeat it: cleaned, and cut when it is too long to be read."""
    text = clean(question[: MAX_CHARACTERS + 1])
    return text if len(question) <= MAX_CHARACTERS else f"{text[:SHOWN_OF_TOO_LONG]}…"


def _understood_event(state: _State) -> Event:
    data = {"standalone_question": state.standalone, "language": state.language, "skill": state.skill}
    return Event(name="understood", data=data)


def _seconds(state: _State, further: Mapping[str, float]) -> dict[str, float]:
    return {**state.seconds, **further, "total": time.monotonic() - state.started}


def _turn(state: _State, answer: Answer) -> Turn:
    """What a follow-up may need of this question."""
    links = state.links
    mentions = links.mentions if links is not None else ()
    period = links.period if links is not None else None
    return Turn(
        question=state.question,
        standalone_question=state.standalone if links is not None else "",
        skill=state.skill,
        status=answer.status,
        metric=next((m.name for m in mentions if m.kind == "metric"), ""),
        dimensions=tuple(dict.fromkeys(m.name for m in mentions if m.kind == "column")),
        values=tuple(dict.fromkeys((m.name, m.value) for m in mentions if m.kind == "value" and m.value)),
        period=(period.start.isoformat(), period.end.isoformat()) if period is not None else None,
        sql=state.sql,
        statement=state.statement,
        read_as=answer.read_as,
        confidence=min(1.0, max(0.0, answer.confidence)),
        options=answer.options,
    )
