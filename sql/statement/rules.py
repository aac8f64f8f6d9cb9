"""Questions whose words leave one statement, so that no model is asked.

A question of the shop's own examples has its statement, as long as that holds the days that the question
means today ("last month" moves on, a written date does not). Of any other, the words that were linked are put
into the known shapes of a statement (``sql.statement.shape``); when one view explains them all and a single
statement is left, that is it. Shops that nobody described have no words of their own, so there nothing is
sure.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence

from sql.errors import UnsafeQuery
from sql.question.cues import Cues, find_cues
from sql.question.linking import Links, Mention, Vocabulary
from sql.semantics import View
from sql.shop.workspace import Workspace
from sql.statement.agreement import unused_links
from sql.statement.grammar import number_text
from sql.statement.shape import Reading, ViewReading, count_statements, frame, read_views, shapes
from sql.statement.written import Writer, Written

_LEAST_LEAD = 0.4
"""By how much the best view must explain more than the next one."""
_SPAN = re.compile(
    r"\bhow (?:many (?:days|hours|weeks|months|minutes)|long)\b|几天|多少天|几个?小时|多少小时|多久|多长时间",
    re.I,
)
_PIECES = re.compile(r"\bhow many (?:units|pieces)\b|[多几]少?件", re.I)
"""Pieces are asked for, and rows of several pieces are no answer."""
_EITHER = re.compile(r"^\s*(?:are|is|do|does|did|was|were|has|have)\b.*\bor\b|还是", re.I | re.S)
"""Two sides are weighed against each other, and rows are no answer."""
_IN_PERCENT = re.compile(r"\b(?:in|as a) percent(?:age)?\b", re.I)
"""The unit of a figure, where no part of anything is named."""
_EACH = re.compile(
    r"\b(?:per|each|every|(?P<by>by))\s+(?:(?:the\s+)?(?:number|count)\s+of\s+)?$|每一?[个种]?\s*$", re.I
)


class Rules:
    """Writes the statements that need no model, and leaves the others to a writer that has one."""

    def __init__(
        self, workspace: Workspace, vocabulary: Vocabulary, writer: Writer, *, examples_only: bool = False
    ) -> None:
        """``examples_only``: leave all but the shop's own examples to the writer. Of 159 questions on six
        made-up shops that the rules placed, 92 were right; a model that has learnt the language is asked."""
        self.writer = writer
        self._examples_only = examples_only
        self._vocabulary = vocabulary
        self._dialect = workspace.catalog.dialect
        self._examples = _allowed(workspace)

    def draft(
        self,
        links: Links,
        *,
        samples: int = 1,
        temperature: float = 0.0,
        failures: Sequence[tuple[str, str]] = (),
        cancel: threading.Event | None = None,
    ) -> list[Written]:
        """See ``sql.statement.written.Writer``; after a failure the model is asked."""
        sql = None if failures else self.statement(links)
        if sql is not None:
            return [Written(sql=sql)]
        return self.writer.draft(
            links, samples=samples, temperature=temperature, failures=failures, cancel=cancel
        )

    def statement(self, links: Links) -> str | None:
        """The one statement that the question leaves; ``None`` when there is a choice."""
        solved = self._examples.get(_plain(links.question))
        if solved is not None and not unused_links(links, solved):
            return solved
        if self._vocabulary.is_plain or self._examples_only:
            return None
        readings = read_views(links, self._vocabulary)
        if not readings:
            return None
        best = readings[0]
        if best.missed or links.unknown:
            return None
        if len(readings) > 1 and not readings[1].missed and readings[1].weight > best.weight - _LEAST_LEAD:
            return None
        cues = find_cues(links)
        made = shapes(frame(best, links, cues, self._vocabulary, self._dialect))
        if not made or count_statements(made) != 1:
            return None
        sql = "".join(part if isinstance(part, str) else part[0] for part in made[0])
        return sql if self._says_all(sql, best, cues) else None

    def _says_all(self, sql: str, best: ViewReading, cues: Cues) -> bool:
        """Whether a statement holds everything that the words of the question ask for."""
        if _SPAN.search(cues.masked) or (_IN_PERCENT.search(cues.masked) and "CASE" not in sql):
            return False
        said = sql.casefold()
        if _PIECES.search(cues.masked) and "count(*)" in said:
            return False
        if _EITHER.search(cues.masked) and " group by " not in said:
            return False
        before: Reading | None = None
        for reading in best.readings:
            is_described = before is not None and bool(before.of("value")) and reading.start - before.end <= 1
            before = reading
            if is_described:
                continue  # "lighting products": the noun that a value describes
            own = [m for m in reading.mentions if m.view == best.view.name and m.kind != "view"]
            if own and not reading.of("view") and not any(self._is_said(m, said) for m in own):
                return False
            each = _EACH.search(cues.masked[: reading.start])
            if each and all(self._is_figure(m, best.view) for m in own):
                grouped = [f"select {m.name.casefold()}," for m in own]
                ranked = [f" order by {text}" for m in own for text in self._texts(m)] if each["by"] else []
                if not said.startswith(tuple(grouped)) and not any(text in said for text in ranked):
                    return False  # a divisor
            for comparison in cues.comparisons:
                bound = f" {comparison.operator} {number_text(comparison.number.value)}"
                is_its_noun = 0 <= reading.start - comparison.number.end <= 1
                if (
                    is_its_noun
                    and own
                    and not any(f"{t}{bound}" in said for m in own for t in self._texts(m))
                ):
                    return False
        return True

    def _is_figure(self, mention: Mention, view: View) -> bool:
        column = view.column(mention.name) if mention.kind == "column" else None
        return mention.kind == "metric" or (column is not None and column.type in ("integer", "number"))

    def _texts(self, mention: Mention) -> list[str]:
        """How SQL says it."""
        metric = self._vocabulary.metric(mention.name) if mention.kind == "metric" else None
        return [mention.name.casefold(), *([metric.sql.casefold()] if metric else [])]

    def _is_said(self, mention: Mention, sql: str) -> bool:
        return any(re.search(rf"(?<!\w){re.escape(text)}(?!\w)", sql) for text in self._texts(mention))


def _allowed(workspace: Workspace) -> dict[str, str]:
    """The shop's examples that the role may ask, by question."""
    kept = {}
    for example in workspace.shop.examples:
        try:
            workspace.guard.check(example.sql)
        except UnsafeQuery:
            continue
        kept[_plain(example.question)] = example.sql
    return kept


def _plain(question: str) -> str:
    return " ".join(question.casefold().split()).rstrip("?？。.! ")
