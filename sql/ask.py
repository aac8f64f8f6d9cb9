"""Question to rows: link, write, check, run, vote; repair once; say how sure, or that it cannot be
answered."""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial

from llm.engine import Engine
from llm.traced import span, tell
from sql.errors import QueryCancelled, QueryFailed, Senseless, SqlError, TwoWays, UnsafeQuery, WrongStatement
from sql.lock.groups import GroupRefusal
from sql.lock.run import run
from sql.question.answerable import Verdict, verdict_of
from sql.question.linking import Links, Vocabulary, link
from sql.record import Statement as Recorded
from sql.record import checked, kind_of, note
from sql.semantics import Role
from sql.shop.workspace import Workspace
from sql.statement.compile import Compiled, compile_statement
from sql.statement.doubt import PLACED, UNDESCRIBED, probability, signs
from sql.statement.language_draft import LanguageDrafter
from sql.statement.left_out import conditions_elsewhere, counted_elsewhere, rows_there
from sql.statement.placed import Placed
from sql.statement.seen import seen_shop
from sql.statement.sentence import Condition, Empty, Name, Statement
from sql.statement.vote import TEMPERATURE, elect
from sql.statement.written import After, Writer, Written
from sql.types import Table

logger = logging.getLogger(__name__)

MAX_REPAIRS = 1
PATIENCE_S = 15.0
"""Seconds after which no further try is begun: a question back is better than a longer wait."""
MAX_OFFERED = 256
"""Readings that can still be chosen; the oldest is forgotten first."""


_ABOUT_NAMES = ("Binder Error", "Catalog Error", "Parser Error", "The statement did not end", "no such ")


class CannotAnswer(SqlError):
    """The shop's data cannot answer the question; nothing was run.

    Args:
        verdict: why.
        role: name of the role that asked.
    """

    def __init__(self, verdict: Verdict, role: str = "") -> None:
        super().__init__(f"Cannot be answered from the data: {verdict.reason(role)}. Nothing was run.")
        self.verdict = verdict


class Ambiguous(SqlError):
    """The question has several meanings; nothing was run.

    Args:
        readings: statements to choose from.
    """

    def __init__(self, readings: Sequence[Compiled]) -> None:
        super().__init__("The question can be read in several ways. Nothing was run.")
        self.readings = tuple(readings)


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One drafted statement and what became of it."""

    sql: str
    error: str | None
    """Why it was given up; ``None`` for the one that ran."""
    statement: str = ""
    """The statement of the question language that it was made of; empty where there is none."""


@dataclass(frozen=True, kw_only=True)
class SqlAnswer:
    """Rows that answer a question."""

    table: Table
    links: Links
    confidence: float
    """How likely the rows answer the question, in [0, 1] (``sql.statement.doubt``)."""
    attempts: tuple[Attempt, ...]
    """In order; the last one ran."""
    seconds: dict[str, float] = field(default_factory=dict)
    """Wall-clock seconds of ``draft`` (linking, writing) and ``run`` (checking, planning, running)."""
    unused: tuple[str, ...] = ()
    """Words of the question that no part of the statement stands for: the answer should say so."""
    compiled: Compiled | None = None
    """The statement of the question language that was run; ``None`` for one of the shop's own rules."""
    others: tuple[Compiled, ...] = ()
    """Other statements that were written for the question: what it may mean as well."""
    never: tuple[Condition, ...] = ()
    """Conditions that no row of the statement's view meets at any time: what it counts leaves them out."""
    signs: Mapping[str, float] = field(default_factory=dict)
    """What the confidence is made of (``sql.statement.doubt``)."""


class SqlAsker:
    """Answers questions over one workspace; :func:`open_asker` puts the product's together.

    Args:
        writer: writes the statements.
        votes: statements written per question; the result that most of them give wins, that of the likeliest
            where they differ all. 1 writes the likeliest alone.
        repairs: further tries after every statement of a try has failed.
        clock: seconds since some moment.
    """

    def __init__(
        self,
        workspace: Workspace,
        vocabulary: Vocabulary,
        writer: Writer,
        *,
        votes: int = 1,
        repairs: int = MAX_REPAIRS,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        if votes < 1:
            raise ValueError(f"votes must be at least 1, got {votes}")
        self.workspace = workspace
        self.vocabulary = vocabulary
        self.writer = writer
        self.votes = votes
        self.repairs = repairs
        self.clock = clock
        self._offered: OrderedDict[str, Compiled] = OrderedDict()

    def read_description(self, links: Links) -> None:
        """Let the model read what every question shares, with a question that is not answered."""
        writer = self.writer.writer if isinstance(self.writer, Placed) else self.writer
        writer.draft(links)

    def offer(self, text: str, compiled: Compiled) -> None:
        """Answer ``text``, which stands for a statement that was offered, with that very statement."""
        self._offered[text] = compiled
        while len(self._offered) > MAX_OFFERED:
            self._offered.popitem(last=False)

    def ask(
        self,
        question: str | Links,
        *,
        after: After | None = None,
        cancel: threading.Event | None = None,
        on_sql: Callable[[str], None] | None = None,
    ) -> SqlAnswer:
        """Answer ``question``.

        Args:
            question: one that stands alone, or its links where it has been linked already.
            after: what the question goes on from; ``None`` where it stands alone.
            cancel: set it and drafting or the query stops with ``QueryCancelled``.
            on_sql: called with each checked text before it runs, if the database can plan it.
        Raises:
            CannotAnswer: the role may not see what is asked, or most statements written say that nothing
                answers it.
            Ambiguous: it has several meanings.
            SqlError: refused, failed or out of budget, after the repairs.
            LlmError: the engine cannot be used.
        """
        started = self.clock()
        links = question
        if isinstance(links, str):
            links = link(links, self.vocabulary, self.workspace.today)
        verdict = verdict_of(links, self.vocabulary)
        if verdict is not None:
            raise CannotAnswer(verdict, self.workspace.role.name)
        attempts: list[Attempt] = []
        last: SqlError | None = None
        run_s = 0.0
        for number in range(self.repairs + 1):
            if cancel is not None and cancel.is_set():
                raise QueryCancelled("Stopped before the query was written. Nothing was run.")
            if last is not None and self.clock() - started > PATIENCE_S:
                break
            drafts = self._draft(links, after, attempts, cancel)
            tried = {a.sql for a in attempts}
            if all(draft.sql in tried for draft in drafts):
                break  # the model insists; a third time would not help
            ran: list[tuple[Written, Table]] = []
            for draft in drafts:
                if draft.sql in tried:
                    continue  # it failed before, and would again
                same = next((table for written, table in ran if written.sql == draft.sql), None)
                if same is not None:
                    ran.append((draft, same))
                    continue
                before = self.clock()
                try:
                    table = self._run(draft, cancel, on_sql)
                    ran.append(self._better(draft, table, cancel, on_sql) or (draft, table))
                except (UnsafeQuery, QueryFailed) as error:
                    logger.info("attempt %d was given up: %s", len(attempts) + 1, type(error).__name__)
                    tried.add(draft.sql)
                    why = told(error, self.workspace.role)
                    statement = str(draft.compiled.statement) if draft.compiled is not None else ""
                    attempts.append(Attempt(sql=draft.sql, error=why, statement=statement))
                    last = error
                finally:
                    run_s += self.clock() - before
            if ran:
                best, share = elect([table for _, table in ran])
                chosen, table = ran[best]
                compiled = chosen.compiled
                seen = signs(chosen, links, table, self.workspace.shop, number + chosen.tries, share)
                confidence = PLACED if chosen.is_certain else probability(seen)
                if self.vocabulary.is_plain and compiled is not None:
                    confidence = min(confidence, UNDESCRIBED)
                return SqlAnswer(
                    compiled=compiled,
                    signs=seen,
                    table=self._labelled(table, compiled),
                    links=links,
                    confidence=confidence,
                    attempts=(*attempts, Attempt(sql=chosen.sql, error=None)),
                    seconds={"draft": self.clock() - started - run_s, "run": run_s},
                    unused=chosen.unheard,
                    others=chosen.others,
                    never=chosen.never,
                )
            if last is not None and isinstance(last.__cause__, GroupRefusal):
                break  # another statement would answer another question than the one about single rows
            if number and all(draft.is_unfinished for draft in drafts):
                break  # it rambles; a third time would only take as long again
        assert last is not None
        raise last

    def _draft(
        self,
        links: Links,
        after: After | None,
        attempts: Sequence[Attempt],
        cancel: threading.Event | None,
    ) -> list[Written]:
        """What the writer makes of the question; those that decline it are left out."""
        offered = self._offered.get(links.question)
        if offered is not None and offered.today == self.workspace.today and not attempts:
            return [Written(sql=offered.sql, compiled=offered)]
        with span("draft"):
            drafts = self.writer.draft(
                links,
                samples=1 if attempts else self.votes,
                temperature=TEMPERATURE,
                failures=[(a.statement or a.sql, a.error) for a in attempts if a.error],
                after=after,
                cancel=cancel,
            )
            tell(statements=len(drafts))
        if any(c.finish == "cancelled" for d in drafts for c in d.completions):
            raise QueryCancelled("Stopped while the query was being written. Nothing was run.")
        if drafts[0].choices:
            raise Ambiguous(drafts[0].choices)
        kept = [draft for draft in drafts if not draft.is_declined and not draft.choices]
        if 2 * len(kept) < len(drafts):
            why = "nothing in the data answers the question"
            if not links.mentions:
                why = "the question names nothing that the data has"
            raise CannotAnswer(Verdict(kind="missing", missing=links.unknown, why=why))
        return kept

    def _better(
        self,
        draft: Written,
        table: Table,
        cancel: threading.Event | None,
        on_sql: Callable[[str], None] | None,
    ) -> tuple[Written, Table] | None:
        """What the rows show to be meant: a ranking of somebody, or a count of what the view leaves out."""
        compiled = draft.compiled
        if compiled is None:
            return None
        never: tuple[Condition, ...] = ()
        shop, dialect = seen_shop(self.workspace), self.workspace.catalog.dialect
        try:
            never = self._never_there(compiled, table, cancel)
            elsewhere = counted_elsewhere(compiled.statement, shop, dialect) if never else ()
            for statement in (_known_only(compiled, table), *elsewhere):
                if statement is None:
                    continue
                better = self._compiled(statement)
                found = self._run(replace(draft, sql=better.sql, compiled=better), cancel, on_sql)
                if found.rows and not _is_nothing(better, found):
                    return replace(draft, sql=better.sql, compiled=better), found
        except (WrongStatement, TwoWays, UnsafeQuery, QueryFailed) as error:
            logger.info("kept as it was: %s", type(error).__name__)
        return (replace(draft, never=never), table) if never else None

    def _never_there(
        self, compiled: Compiled, table: Table, cancel: threading.Event | None
    ) -> tuple[Condition, ...]:
        """Where there is nothing: the conditions that no row of the statement's view meets at any time."""
        shop = seen_shop(self.workspace)
        conditions = conditions_elsewhere(compiled.statement, shop)
        if not conditions or not _is_nothing(compiled, table):
            return ()
        there = self.workspace.run(
            self._compiled(rows_there(compiled.statement, conditions, shop)).sql, cancel
        )
        return conditions if there.rows and not there.rows[0][0] else ()

    def _compiled(self, statement: Statement) -> Compiled:
        workspace = self.workspace
        return compile_statement(
            statement, seen_shop(workspace), workspace.catalog.dialect, workspace.today, workspace.role
        )

    def _run(
        self, draft: Written, cancel: threading.Event | None, on_sql: Callable[[str], None] | None
    ) -> Table:
        if draft.is_unfinished:
            note(Recorded(sql=draft.sql, verdict="refused", reason="the statement did not end"))
            raise QueryFailed("The statement did not end; write a shorter one.")
        if draft.fault is not None:
            note(Recorded(sql=draft.sql, verdict="refused", reason=draft.fault))
            raise Senseless(f"Nothing was run: {draft.fault}.")
        query = checked(self.workspace.guard, draft.sql)
        on_start = None if on_sql is None else partial(on_sql, query.sql)
        return run(query, self.workspace.database, self.workspace.role.limits, cancel, on_start=on_start)

    def _labelled(self, table: Table, compiled: Compiled | None) -> Table:
        """The table with the units of its metric columns, and which of its columns are keys."""
        units = {m.name.lower(): m.unit for m in self.vocabulary.metrics if m.unit}
        for view in self.vocabulary.views:
            for column in view.columns:
                if column.unit:
                    for name in (column.name, f"total_{column.name}", f"average_{column.name}"):
                        units.setdefault(name.lower(), column.unit)
        if compiled is not None:  # a column is what its item says, whatever another of that name is
            units |= {c.name.lower(): c.unit for c in compiled.columns}
        labels = {c.name: u for c in table.columns if (u := units.get(c.name.lower()))}
        keys = frozenset(c.name for c in table.columns if c.name.lower() in self._keys)
        return replace(table, labels=table.labels | labels, keys=keys)

    @cached_property
    def _keys(self) -> frozenset[str]:
        """Names of columns that tell which thing is meant, by the shop's description or the database."""
        shop, catalog = self.workspace.shop, self.workspace.catalog
        names = [c.name for v in self.vocabulary.views for c in v.columns if c.is_key]
        names += [shop.reviews.id] if shop.reviews is not None else []
        for view in self.vocabulary.views:
            table = catalog.table(view.name) if view.sql is None else None
            if table is not None:
                keys = [table.primary_key, *(key.columns for key in table.foreign_keys)]
                numbers = {c.name for c in table.columns if c.type == "integer"}
                names += [key[0] for key in keys if len(key) == 1 and key[0] in numbers]
        return frozenset(name.lower() for name in names) - {m.name.lower() for m in self.vocabulary.metrics}


def _known_only(compiled: Compiled, table: Table) -> Statement | None:
    """A ranking without rows of nobody: the orders of guests are none of the best customers."""
    statement, columns = compiled.statement, compiled.columns
    if statement.limit is None or not statement.order:
        return None
    if len(columns) != len(table.columns) or not any(column.is_figure for column in columns):
        return None
    empty = [
        column.item
        for place, column in enumerate(columns)
        if not column.is_figure
        and isinstance(column.item, Name)
        and any(row[place] is None for row in table.rows)
    ]
    known = tuple(Empty(name, is_not=True) for name in dict.fromkeys(empty))
    return replace(statement, where=(*statement.where, *known)) if known else None


def _is_nothing(compiled: Compiled, table: Table) -> bool:
    """Whether a result has no rows, or no figure but 0."""
    columns = compiled.columns
    if len(columns) != len(table.columns) or not any(column.is_figure for column in columns):
        return not table.rows
    places = [place for place, column in enumerate(columns) if column.is_figure]
    return all(not row[place] for row in table.rows for place in places)


def told(error: UnsafeQuery | QueryFailed, role: Role) -> str:
    """What the model hears of a failure, for it may repeat that in its next statement.

    A database's message about a value may quote one that the role may not see; its messages about names hold
    none.
    """
    if isinstance(error, UnsafeQuery):
        return error.reason
    message = str(error)
    if role.is_whole or isinstance(error, Senseless) or message.startswith(_ABOUT_NAMES):
        return message
    return kind_of(error)


def open_asker(
    workspace: Workspace,
    engine: Engine,
    vocabulary: Vocabulary,
    *,
    adapter: str | None = None,
    votes: int = 1,
    asks_always: bool = False,
    names: bool = True,
) -> SqlAsker:
    """The product's asker: a model writes in the question language what is not plain without one.

    Args:
        adapter: LoRA adapter of the engine that has learnt the language; ``None`` tells a bare model of it.
        asks_always: ask the model even where the question's words leave a single statement, to measure it.
        names: show the name of a thing beside its key.
    """
    writer = LanguageDrafter(workspace, vocabulary, engine, adapter=adapter, names=names)
    return SqlAsker(
        workspace, vocabulary, writer if asks_always else Placed(workspace, vocabulary, writer), votes=votes
    )
