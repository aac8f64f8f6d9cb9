"""Question to rows: link, write, check, run, vote; repair at most twice; say how sure, or that it cannot be
answered."""

from __future__ import annotations

import logging
import math
import re
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from llm.engine import Engine
from sql.errors import QueryCancelled, QueryFailed, Senseless, SqlError, UnsafeQuery
from sql.lock.groups import GroupRefusal
from sql.lock.run import run
from sql.question.linking import Links, Mention, Vocabulary, link
from sql.record import Statement, checked, kind_of, note
from sql.semantics import Role
from sql.shop.workspace import Workspace
from sql.statement.agreement import unused_links
from sql.statement.free_draft import FreeDrafter
from sql.statement.rules import Rules
from sql.statement.shape import read_views
from sql.statement.shop_draft import ShopDrafter
from sql.statement.table_draft import TableDrafter
from sql.statement.vote import TEMPERATURE, elect
from sql.statement.written import Writer, Written
from sql.types import Table

logger = logging.getLogger(__name__)

MAX_REPAIRS = 2


_WRITE = re.compile(
    r"\s*(?:please\s+|can you\s+|could you\s+)?(?:set|delete|remove|erase|update|insert|drop"
    r"|truncate|cancel|raise|lower|increase"
    r"|reduce|overwrite)\s+(?:all|the|every|each|my|our|this|that|orders?|prices?|stock|customers?|tables?)\b"
    r"|\s*请?(?:把|将|删除|修改|更新|取消(?:订单|所有))(?!.*(?:多少|几|哪|什么|怎|吗|情况|统计))",
    re.I,
)
_ABOUT_NAMES = ("Binder Error", "Catalog Error", "Parser Error", "The statement did not end", "no such ")
_COUNTED = re.compile(r"\b(?:how many|number of)\s+(?:different\s+|of our\s+|of the\s+)?([A-Za-z]+)", re.I)


class CannotAnswer(SqlError):
    """The shop's data cannot answer the question; nothing was run.

    Args:
        reason: why, in words for the asker.
        missing: what the question names and the data lacks, or what is hidden from the role.
        is_hidden: it exists, and the role may not see it.
    """

    def __init__(self, reason: str, missing: tuple[str, ...] = (), *, is_hidden: bool = False) -> None:
        super().__init__(f"Cannot be answered from the data: {reason}. Nothing was run.")
        self.reason = reason
        self.missing = missing
        self.is_hidden = is_hidden


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One drafted statement and what became of it."""

    sql: str
    error: str | None
    """Why it was given up; ``None`` for the one that ran."""


@dataclass(frozen=True, kw_only=True)
class SqlAnswer:
    """Rows that answer a question."""

    table: Table
    links: Links
    confidence: float
    """How likely the rows answer the question, in [0, 1]; hand-set, not calibrated yet."""
    attempts: tuple[Attempt, ...]
    """In order; the last one ran."""
    seconds: dict[str, float] = field(default_factory=dict)
    """Wall-clock seconds of ``draft`` (linking, writing) and ``run`` (checking, planning, running)."""
    unused: tuple[str, ...] = ()
    """Words that were linked and that the statement does not use: the answer should say so."""


class SqlAsker:
    """Answers questions over one workspace; :func:`open_asker` puts the product's together.

    Args:
        writer: writes the statements.
        votes: statements written per question; the result that most of them give wins, that of the likeliest
            where they differ all. 1 writes the likeliest alone.
        repairs: further tries after every statement of a try has failed.
    """

    def __init__(
        self,
        workspace: Workspace,
        vocabulary: Vocabulary,
        writer: Writer,
        *,
        votes: int = 1,
        repairs: int = MAX_REPAIRS,
    ) -> None:
        if votes < 1:
            raise ValueError(f"votes must be at least 1, got {votes}")
        self.workspace = workspace
        self.vocabulary = vocabulary
        self.writer = writer
        self.votes = votes
        self.repairs = repairs

    def ask(
        self,
        question: str,
        *,
        cancel: threading.Event | None = None,
        on_sql: Callable[[str], None] | None = None,
    ) -> SqlAnswer:
        """Answer ``question``.

        Args:
            cancel: set it and drafting or the query stops with ``QueryCancelled``.
            on_sql: called with each checked text before it runs, if the database can plan it.
        Raises:
            CannotAnswer: the data lacks what is asked, or the role may not see it, or most statements
                written say that nothing answers it.
            SqlError: refused, failed or out of budget, after the repairs.
            LlmError: the engine cannot be used.
        """
        started = time.perf_counter()
        links = link(question, self.vocabulary, self.workspace.today)
        self._check_answerable(links)
        attempts: list[Attempt] = []
        last: SqlError | None = None
        run_s = 0.0
        for number in range(self.repairs + 1):
            if cancel is not None and cancel.is_set():
                raise QueryCancelled("Stopped before the query was written. Nothing was run.")
            drafts = self._draft(links, attempts, cancel)
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
                before = time.perf_counter()
                try:
                    ran.append((draft, self._run(draft, cancel, on_sql)))
                except (UnsafeQuery, QueryFailed) as error:
                    logger.info("attempt %d was given up: %s", len(attempts) + 1, type(error).__name__)
                    tried.add(draft.sql)
                    attempts.append(Attempt(sql=draft.sql, error=told(error, self.workspace.role)))
                    last = error
                finally:
                    run_s += time.perf_counter() - before
            if ran:
                best, share = elect([table for _, table in ran])
                chosen, table = ran[best]
                unused = unused_links(links, chosen.sql)
                return SqlAnswer(
                    table=self._labelled(table),
                    links=links,
                    confidence=confidence(links, chosen, number, len(unused), table, share),
                    attempts=(*attempts, Attempt(sql=chosen.sql, error=None)),
                    seconds={"draft": time.perf_counter() - started - run_s, "run": run_s},
                    unused=unused,
                )
            if last is not None and isinstance(last.__cause__, GroupRefusal):
                break  # another statement would answer another question than the one about single rows
            if number and all(draft.is_unfinished for draft in drafts):
                break  # it rambles; a third time would only take as long again
        assert last is not None
        raise last

    def _draft(
        self, links: Links, attempts: Sequence[Attempt], cancel: threading.Event | None
    ) -> list[Written]:
        """What the writer makes of the question; those that decline it are left out."""
        drafts = self.writer.draft(
            links,
            samples=1 if attempts else self.votes,
            temperature=TEMPERATURE,
            failures=[(a.sql, a.error) for a in attempts if a.error],
            cancel=cancel,
        )
        if any(c.finish == "cancelled" for d in drafts for c in d.completions):
            raise QueryCancelled("Stopped while the query was being written. Nothing was run.")
        kept = [draft for draft in drafts if not draft.is_declined]
        if 2 * len(kept) < len(drafts):
            what = "nothing in the data answers the question"
            if not links.mentions:
                what = "the question names nothing that the data has"
            raise CannotAnswer(what, links.unknown)
        return kept

    def _run(
        self, draft: Written, cancel: threading.Event | None, on_sql: Callable[[str], None] | None
    ) -> Table:
        if draft.is_unfinished:
            note(Statement(sql=draft.sql, verdict="refused", reason="the statement did not end"))
            raise QueryFailed("The statement did not end; write a shorter one.")
        if draft.fault is not None:
            note(Statement(sql=draft.sql, verdict="refused", reason=draft.fault))
            raise Senseless(f"Nothing was run: {draft.fault}.")
        query = checked(self.workspace.guard, draft.sql)
        on_start = None if on_sql is None else partial(on_sql, query.sql)
        return run(query, self.workspace.database, self.workspace.role.limits, cancel, on_start=on_start)

    def _labelled(self, table: Table) -> Table:
        """The table with the units of its metric columns."""
        units = {m.name.lower(): m.unit for m in self.vocabulary.metrics if m.unit}
        for view in self.vocabulary.views:
            for column in view.columns:
                if column.unit:
                    for name in (column.name, f"total_{column.name}", f"average_{column.name}"):
                        units.setdefault(name.lower(), column.unit)
        labels = {c.name: units[c.name.lower()] for c in table.columns if c.name.lower() in units}
        return replace(table, labels=table.labels | labels)

    def _check_answerable(self, links: Links) -> None:
        """Raise ``CannotAnswer`` when the question is not about this shop's data, or about hidden parts of
        it."""
        if hidden := self._decisive_hidden(links):
            names = tuple(
                dict.fromkeys(f"{m.view}.{m.name}" if m.kind == "column" else m.name for m in hidden)
            )
            role = self.workspace.role.name
            raise CannotAnswer(f"{', '.join(names)} is hidden from the role {role}", names, is_hidden=True)
        if _WRITE.match(links.question):
            raise CannotAnswer("the shop's data can be read here and never changed")
        counted = _COUNTED.search(links.question)
        if self.vocabulary.is_plain:  # nobody gave its tables words: leave it to the writer
            return
        if counted and counted[1] in links.unknown:
            raise CannotAnswer(f"the data has nothing about {counted[1]}", (counted[1],))
        named = [m for m in links.mentions if m.kind != "value" or m.score >= 0.9]
        things = [m for m in links.mentions if m.kind != "value"]
        missing = links.unknown
        if not named:
            what = ", ".join(missing[:5]) if missing else "nothing that the shop's data has"
            raise CannotAnswer(
                f"the question names {what}, which is not in the data"
                if missing
                else "the question names nothing that the shop's data has",
                missing,
            )
        if missing and ((not things and links.coverage < 0.75) or links.coverage < 0.3):
            raise CannotAnswer(f"the data has nothing about {', '.join(missing[:5])}", missing)

    def _decisive_hidden(self, links: Links) -> tuple[Mention, ...]:
        """Hidden names that the question cannot do without."""
        if not links.hidden:
            return ()
        readings = read_views(links, self.vocabulary)
        best = readings[0].view.name if readings else None
        inside = {(m.start, m.end) for m in links.mentions if best is None or m.view == best}
        anywhere = {(m.start, m.end) for m in links.mentions if m.kind != "value"}
        result = []
        for mention in links.hidden:
            span = (mention.start, mention.end)
            if span in inside | anywhere or any(
                s <= span[0] and span[1] <= e for s, e in inside if (s, e) != span
            ):
                continue
            if best is None or mention.view == best or mention.kind != "column":
                result.append(mention)
        return tuple(result)


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


def confidence(
    links: Links, draft: Written, repairs: int, unused: int, table: Table, share: float = 1.0
) -> float:
    """How likely a result is right: a logistic of a few facts, with weights set by hand.

    The weights say only what helps and what hurts; they are not calibrated. Features: whether the shop's
    words left one statement, the mean log-probability of its tokens, coverage of the question's words,
    repairs, linked words left unused, an empty or cut result, and the share of votes for it.
    """
    logprobs = draft.logprobs
    mean = sum(logprobs) / len(logprobs) if logprobs else 0.0
    score = (
        -1.0
        + (1.8 if draft.is_certain else 1.0 + 4.0 * max(mean, -1.0))
        + 2.0 * (links.coverage - 0.5)
        + 1.5 * (share - 1.0)
        - 0.9 * repairs
        - 1.5 * unused
        - (0.8 if not table.rows else 0.0)
        - (0.7 if table.is_truncated else 0.0)
        - 0.4 * min(len(links.unknown), 4)
    )
    return 1.0 / (1.0 + math.exp(-score))


def open_asker(
    workspace: Workspace,
    engine: Engine,
    vocabulary: Vocabulary,
    *,
    adapter: str | None = None,
    votes: int = 1,
    asks_always: bool = False,
) -> SqlAsker:
    """The product's asker: a described shop in shop form after the rules, plain tables in canonical SQL with
    an adapter, else in the model's own words.

    Args:
        adapter: LoRA adapter of the engine to write with.
        asks_always: ask the model even where the question's words leave a single statement, to measure it.
    """
    writer: Writer
    if vocabulary.is_plain and adapter is None:
        writer = FreeDrafter(vocabulary, workspace.catalog, engine)
    elif vocabulary.is_plain:
        writer = TableDrafter(vocabulary, workspace.catalog, engine, adapter=adapter)
    else:
        writer = ShopDrafter(vocabulary, workspace.catalog.dialect, engine, adapter=adapter)
    if not asks_always:
        writer = Rules(workspace, vocabulary, writer)
    return SqlAsker(workspace, vocabulary, writer, votes=votes)
