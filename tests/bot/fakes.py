"""Stand-ins for the model and the index: SQL that was written beforehand, search by shared words."""

from __future__ import annotations

import itertools
import re
import threading
from collections.abc import Callable, Mapping

from retrieval.types import Document, Filters, Hit
from sql.ask import Attempt, SqlAnswer
from sql.errors import QueryCancelled
from sql.question.linking import Links, Vocabulary, link
from sql.shop.workspace import Workspace
from sql.statement.written import After

DEFAULT = "SELECT SUM(amount) AS revenue FROM sales"


class WrittenAsker:
    """Answers standalone questions with SQL given beforehand; guard and database are the real ones."""

    def __init__(
        self,
        workspace: Workspace,
        vocabulary: Vocabulary,
        replies: Mapping[str, str | Exception],
        *,
        confidence: float = 0.9,
        gate: threading.Event | None = None,
    ) -> None:
        """With a ``gate``, it writes nothing before that is open, and stops when it is cancelled."""
        self.workspace = workspace
        self.vocabulary = vocabulary
        self.replies = dict(replies)
        self.confidence = confidence
        self.gate = gate
        self.default: str | Exception = DEFAULT
        self.asked: list[str] = []

    def ask(
        self,
        question: str | Links,
        *,
        after: After | None = None,
        cancel: threading.Event | None = None,
        on_sql: Callable[[str], None] | None = None,
    ) -> SqlAnswer:
        links = (
            question if isinstance(question, Links) else link(question, self.vocabulary, self.workspace.today)
        )
        question = links.question
        self.asked.append(question)
        while self.gate is not None and not self.gate.wait(0.01):
            if cancel is not None and cancel.is_set():
                raise QueryCancelled("stopped")
        reply = self.replies.get(question, self.default)
        if isinstance(reply, Exception):
            raise reply
        query = self.workspace.guard.check(reply)
        if on_sql is not None:
            on_sql(query.sql)
        table = self.workspace.run(reply, cancel)
        units = {m.name: m.unit for m in self.workspace.shop.metrics if m.unit}
        table.labels.update({c.name: units[c.name] for c in table.columns if c.name in units})
        return SqlAnswer(
            table=table,
            links=links,
            confidence=self.confidence,
            attempts=(Attempt(sql=reply, error=None),),
            seconds={"draft": 0.0, "run": table.seconds},
        )


class WordRetriever:
    """Finds documents that share a word, or two Chinese characters, with the question."""

    left_out = 0

    def __init__(self, documents: list[Document]) -> None:
        self.documents = documents
        self.filters: Filters | None = None

    def search(self, text: str, k: int, filters: Filters | None = None) -> list[Hit]:
        if not text.strip() or k < 1:
            raise ValueError("empty text or k < 1")
        self.filters = filters
        wanted = _pieces(text)
        hits = []
        for document in self.documents:
            if filters is not None and not _passes(document, filters):
                continue
            shared = len(wanted & _pieces(document.text)) / max(len(wanted), 1)
            if shared:
                hits.append(Hit(document=document, score=shared, similarity=shared))
        return sorted(hits, key=lambda hit: -hit.score)[:k]


def _pieces(text: str) -> set[str]:
    chinese = re.findall(r"[\u4e00-\u9fff]", text)
    return set(re.findall(r"[a-z]{4,}", text.lower())) | {a + b for a, b in itertools.pairwise(chinese)}


def _passes(document: Document, filters: Filters) -> bool:
    return all(
        (
            filters.kinds is None or document.kind in filters.kinds,
            filters.products is None or document.product in filters.products,
            filters.categories is None or document.category in filters.categories,
            filters.languages is None or document.language in filters.languages,
            filters.min_rating is None or (document.rating or 0) >= filters.min_rating,
            filters.max_rating is None or (document.rating or 9) <= filters.max_rating,
            filters.written_from is None
            or (document.written_at is not None and document.written_at >= filters.written_from),
            filters.written_before is None
            or (document.written_at is not None and document.written_at < filters.written_before),
        )
    )
