"""Question to rows: link, draft, check, run; repair at most twice; say how sure, or that it cannot be
answered."""

from __future__ import annotations

import logging
import math
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial

from llm.engine import Engine
from sql.draft import Draft, Drafter
from sql.errors import QueryCancelled, QueryFailed, SqlError, UnsafeQuery
from sql.groups import GroupRefusal
from sql.guard import CheckedQuery
from sql.linking import Links, Mention, Vocabulary, link
from sql.record import Statement, checked, kind_of, note
from sql.run import run
from sql.semantics import Role
from sql.shape import read_views
from sql.types import Table
from sql.workspace import Workspace

logger = logging.getLogger(__name__)

_MAX_REPAIRS = 2


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
    """Wall-clock seconds of ``draft`` (linking, drafting, checking) and ``run`` (planning, running)."""
    unused: tuple[str, ...] = ()
    """Words that were linked and that the statement does not use: the answer should say so."""


class SqlAsker:
    """Answers questions over one workspace.

    Args:
        adapter: LoRA adapter of the engine to draft with.
        asks_always: ask the model even where the question's words leave a single statement, to measure it.
    """

    def __init__(
        self,
        workspace: Workspace,
        engine: Engine,
        vocabulary: Vocabulary,
        *,
        adapter: str | None = None,
        asks_always: bool = False,
    ) -> None:
        self.workspace = workspace
        self.vocabulary = vocabulary
        self.drafter = Drafter(workspace, engine, vocabulary, adapter=adapter, asks_always=asks_always)

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
            on_sql: called with the checked text before it runs, once per attempt that the database can plan.
        Raises:
            CannotAnswer: the data lacks what is asked, or the role may not see it.
            SqlError: refused, failed or out of budget, after the repairs.
            LlmError: the engine cannot be used.
        """
        started = time.perf_counter()
        links = link(question, self.vocabulary, self.workspace.today)
        self._check_answerable(links)
        attempts: list[Attempt] = []
        plan = self.drafter.plan(links)
        last: SqlError | None = None
        kept: SqlAnswer | None = None
        for number in range(_MAX_REPAIRS + 1):
            _check_cancelled(cancel)
            if number and plan.kind == "shaped":
                plan = self.drafter.plan(links, is_open=True)
            failures = [(a.sql, a.error) for a in attempts if a.error]
            draft = self.drafter.draft(links, plan, failures=failures, cancel=cancel)
            finish = draft.completion.finish if draft.completion else "stop"
            if finish == "cancelled":
                raise QueryCancelled("Stopped while the query was being written. Nothing was run.")
            if any(a.sql == draft.sql for a in attempts):
                break  # the model insists; a third time would not help
            unused = unused_links(links, draft)
            try:
                query = self._check(draft)
                drafted = time.perf_counter()
                table = run(
                    query,
                    self.workspace.database,
                    self.workspace.role.limits,
                    cancel,
                    on_start=None if on_sql is None else partial(on_sql, query.sql),
                )
            except (UnsafeQuery, QueryFailed) as error:
                logger.info("attempt %d was given up: %s", number + 1, type(error).__name__)
                attempts.append(Attempt(sql=draft.sql, error=told(error, self.workspace.role)))
                last = error
                if isinstance(error.__cause__, GroupRefusal):
                    break  # another statement would answer another question than the one about single rows
                if finish == "length" and number:
                    break  # it rambles; a third time would only take as long again
                continue
            answer = SqlAnswer(
                table=self._labelled(table),
                links=links,
                confidence=confidence(links, draft, len(attempts), len(unused), table),
                attempts=(*attempts, Attempt(sql=draft.sql, error=None)),
                seconds={"draft": drafted - started, "run": time.perf_counter() - drafted},
                unused=unused,
            )
            if kept is not None and len(kept.unused) <= len(unused):
                break
            kept = answer
            if not unused or plan.kind == "shaped":
                break
            attempts.append(Attempt(sql=draft.sql, error=f"It does not use {', '.join(unused)}"))
        if kept is not None:
            return kept
        assert last is not None
        raise last

    def _check(self, draft: Draft) -> CheckedQuery:
        if draft.completion and draft.completion.finish == "length":
            note(Statement(sql=draft.sql, verdict="refused", reason="the statement did not end"))
            raise QueryFailed("The statement did not end; write a shorter one.")
        return checked(self.workspace.guard, draft.sql)

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
        if self.drafter.is_plain:  # nobody gave its tables words: leave it to the model
            if not links.mentions:
                raise CannotAnswer("the question names nothing that the data has", links.unknown)
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
    if role.is_whole or message.startswith(_ABOUT_NAMES):
        return message
    return kind_of(error)


def _check_cancelled(cancel: threading.Event | None) -> None:
    if cancel is not None and cancel.is_set():
        raise QueryCancelled("Stopped before the query was written. Nothing was run.")


def unused_links(links: Links, draft: Draft) -> tuple[str, ...]:
    """Values and periods that the question names and the statement leaves out."""
    sql = draft.sql.casefold()
    unused = []
    spans: dict[tuple[int, int], list[Mention]] = {}
    for mention in links.mentions:
        spans.setdefault((mention.start, mention.end), []).append(mention)
    for mentions in spans.values():
        if any(m.kind != "value" for m in mentions):
            continue
        if not any((m.value or "").replace("'", "''").casefold() in sql for m in mentions):
            unused.append(mentions[0].text)
    for period in links.periods:
        bounds = [str(d) for d in (period.start, period.end) if 1 < d.year < 9999]
        if not any(b in sql for b in bounds) and str(period.start.year) not in sql:
            unused.append(period.text)
    return tuple(unused)


def confidence(links: Links, draft: Draft, repairs: int, unused: int, table: Table) -> float:
    """How likely a result is right: a logistic of a few facts, with weights set by hand.

    The weights say only what helps and what hurts; they are not calibrated. Features: whether the statement
    had a known shape, the mean log-probability of its tokens, coverage of the question's words,
    repairs, linked words left unused, and an empty result.
    """
    logprobs = draft.completion.logprobs if draft.completion else ()
    mean = sum(logprobs) / len(logprobs) if logprobs else -0.3
    score = (
        -1.0
        + (2.0 if draft.plan.kind == "shaped" else 0.0)
        + 0.8 * max(mean, -3.0)
        + 2.0 * (links.coverage - 0.5)
        - 0.9 * repairs
        - 1.5 * unused
        - (0.8 if not table.rows else 0.0)
        - (0.7 if table.is_truncated else 0.0)
        - 0.4 * min(len(links.unknown), 4)
    )
    return 1.0 / (1.0 + math.exp(-score))
