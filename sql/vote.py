"""Question to rows by what a writer writes: votes by result, repairs from the database's error.

Source of votes by result: self-consistency over executions, as in Li et al., Competition-Level Code
Generation with AlphaCode, 2022.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections import Counter
from collections.abc import Hashable
from dataclasses import dataclass

from sql.ask import Attempt, CannotAnswer, SqlAnswer, told
from sql.errors import QueryCancelled, QueryFailed, SqlError, UnsafeQuery
from sql.linking import Links, Vocabulary, link
from sql.record import checked
from sql.run import run
from sql.types import Table
from sql.workspace import Workspace
from sql.written import Writer, Written

logger = logging.getLogger(__name__)

MAX_REPAIRS = 2
TEMPERATURE = 0.8
"""Of the votes beyond the first, which is greedy."""


@dataclass(frozen=True, kw_only=True)
class _Ran:
    draft: Written
    table: Table


class VotingAsker:
    """Answers questions over one workspace.

    Args:
        writer: writes the statements (``sql.table_draft.TableDrafter``, ``sql.shop_draft.ShopDrafter``).
        votes: statements written per question; the result that most of them give wins, the greedy one where
            they differ all. 1 writes one, greedily.
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

    def ask(self, question: str, *, cancel: threading.Event | None = None) -> SqlAnswer:
        """Answer ``question``.

        Raises:
            CannotAnswer: the question names nothing that the role may see, or most drafts say that nothing
                answers it.
            SqlError: refused, failed or out of budget, after the repairs.
            LlmError: the engine cannot be used.
        """
        started = time.perf_counter()
        links = link(question, self.vocabulary, self.workspace.today)
        if not links.mentions:
            raise CannotAnswer("the question names nothing that the data has", links.unknown)
        attempts: list[Attempt] = []
        last: SqlError | None = None
        run_s = 0.0
        for number in range(self.repairs + 1):
            failures = [(a.sql, a.error) for a in attempts if a.error]
            drafts = self.writer.draft(
                links,
                samples=1 if number else self.votes,
                temperature=TEMPERATURE,
                failures=failures,
                cancel=cancel,
            )
            if any(c.finish == "cancelled" for d in drafts for c in d.completions):
                raise QueryCancelled("Stopped while the query was being written. Nothing was run.")
            if 2 * sum(draft.is_declined for draft in drafts) > len(drafts):
                raise CannotAnswer("nothing in the data answers the question", links.unknown)
            drafts = [draft for draft in drafts if not draft.is_declined]
            seen = {a.sql for a in attempts}
            if all(draft.sql in seen for draft in drafts):
                break  # the model insists
            results: list[_Ran] = []
            for draft in drafts:
                if draft.sql in seen and not any(r.draft.sql == draft.sql for r in results):
                    continue  # it failed before, and would again
                try:
                    table = self._run(draft, results, cancel)
                except (UnsafeQuery, QueryFailed) as error:
                    logger.info("a draft was given up: %s", type(error).__name__)
                    seen.add(draft.sql)
                    attempts.append(Attempt(sql=draft.sql, error=told(error, self.workspace.role)))
                    last = error
                    continue
                run_s += table.seconds
                results.append(_Ran(draft=draft, table=table))
            if results:
                chosen, share = _elect(results)
                attempts.append(Attempt(sql=chosen.draft.sql, error=None))
                total_s = time.perf_counter() - started
                return SqlAnswer(
                    table=chosen.table,
                    links=links,
                    confidence=_confidence(links, chosen, share, number),
                    attempts=tuple(attempts),
                    seconds={"draft": total_s - run_s, "run": run_s},
                )
        assert last is not None
        raise last

    def _run(self, draft: Written, ran: list[_Ran], cancel: threading.Event | None) -> Table:
        same = next((r.table for r in ran if r.draft.sql == draft.sql), None)
        if same is not None:
            return same
        if draft.completions[-1].finish == "length":
            raise QueryFailed("The statement did not end; write a shorter one.")
        query = checked(self.workspace.guard, draft.sql)
        return run(query, self.workspace.database, self.workspace.role.limits, cancel)


def _elect(results: list[_Ran]) -> tuple[_Ran, float]:
    """The result that most drafts give, and its share of the votes; of equal ones the earliest."""
    ballots = [_ballot(r.table) for r in results]
    counts = Counter(ballots)
    best = max(range(len(results)), key=lambda n: (counts[ballots[n]], -n))
    return results[best], counts[ballots[best]] / len(results)


def _ballot(table: Table) -> Hashable:
    """Equal for tables with the same rows in any order; columns keep theirs."""
    return len(table.columns), frozenset(Counter(tuple(map(repr, row)) for row in table.rows).items())


def _confidence(links: Links, chosen: _Ran, share: float, repairs: int) -> float:
    """How likely the rows answer the question: a logistic of a few facts, weights set by hand."""
    logprobs = chosen.draft.logprobs
    mean = sum(logprobs) / len(logprobs) if logprobs else -1.0
    score = 1.5 * (share - 0.5) + 2.0 * max(mean, -1.5) + 1.0 * links.coverage - 0.9 * repairs
    score -= 0.8 if not chosen.table.rows else 0.0
    return 1.0 / (1.0 + math.exp(-score))
