"""Questions whose words leave one statement, so that no model is asked.

A question of the shop's own examples has its statement, as long as that holds the days that the question
means today ("last month" moves on, a written date does not). Of any other, the words that were linked are put
into the known shapes of a statement (``sql.shape``); when one view explains them all and a single statement
is left, that is it. Shops that nobody described have no words of their own, so there nothing is sure.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence

from sql.cues import find_cues
from sql.errors import UnsafeQuery
from sql.linking import Links, Vocabulary
from sql.shape import count_statements, frame, read_views, shapes
from sql.workspace import Workspace
from sql.written import Writer, Written, unused_links

_LEAST_COVERAGE = 0.6
"""Share of the question's words that must be understood where some are not."""
_LEAST_LEAD = 0.4
"""By how much the best view must explain more than the next one."""


class Rules:
    """Writes the statements that need no model, and leaves the others to a writer that has one."""

    def __init__(self, workspace: Workspace, vocabulary: Vocabulary, writer: Writer) -> None:
        self.writer = writer
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
        """See ``sql.written.Writer``; after a failure the model is asked."""
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
        if self._vocabulary.is_plain:
            return None
        readings = read_views(links, self._vocabulary)
        if not readings:
            return None
        best = readings[0]
        if best.missed or (links.unknown and links.coverage < _LEAST_COVERAGE):
            return None
        if len(readings) > 1 and not readings[1].missed and readings[1].weight > best.weight - _LEAST_LEAD:
            return None
        made = shapes(frame(best, links, find_cues(links), self._vocabulary, self._dialect))
        if not made or count_statements(made) != 1:
            return None
        return "".join(part if isinstance(part, str) else part[0] for part in made[0])


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
