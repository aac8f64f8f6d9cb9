"""A shop's reviews as documents, read through the guard like every other query.

An index holds texts, so whoever searches it reads what it was built from. Documents are therefore read with
the rights of the workspace's role, and :func:`audience` tells which roles may share an index. Only the role's
budget is widened: a row limit meant for answers must not cut the corpus.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import logging
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlglot import exp

from retrieval.errors import NoReviews
from retrieval.language import language_code
from retrieval.types import Document
from sql.lock.run import run
from sql.semantics import ReviewSource
from sql.types import QueryLimits, Table, Value

if TYPE_CHECKING:
    from sql.shop.workspace import Workspace

logger = logging.getLogger(__name__)

CORPUS_LIMITS = QueryLimits(max_rows=5_000_000, timeout_s=600.0, max_memory_mb=4_096)
"""Budget for reading all reviews once."""


@dataclass(frozen=True, kw_only=True)
class Corpus:
    """What was read of a shop's reviews."""

    documents: tuple[Document, ...]
    rows: int
    """Rows read."""
    empty: int
    """Rows left out because their text is empty."""
    left_out: int = 0
    """Reviews left out because an earlier one has their id."""
    repeated: tuple[str, ...] = ()
    """The ids that occur more than once."""


def audience(workspace: Workspace) -> str:
    """12 hexadecimal digits that are equal for two roles exactly when they may read the same reviews.

    Raises:
        NoReviews: this role may read none.
    """
    source, columns = _readable(workspace)
    view = workspace.shop.view(source.view)
    rule = {name.lower(): rule for name, rule in workspace.role.rows.items()}.get(source.view.lower())
    # The rule as the guard fills it: users of one role may have different attributes.
    filled = workspace.guard.predicate(view, rule).sql(workspace.catalog.dialect) if view and rule else None
    rights = {
        "columns": sorted(columns),
        "rows": filled,
        "sql": view.sql if view else None,
        "source": [str(part) for part in (source.id, *source.text)],
    }
    if workspace.role.free_text == "masked":
        rights["masked"] = workspace.guard.veil.version
    return hashlib.sha256(json.dumps(rights, sort_keys=True).encode()).hexdigest()[:12]


def review_documents(workspace: Workspace) -> list[Document]:
    """The documents of :func:`read_reviews`."""
    return list(read_reviews(workspace).documents)


def read_reviews(workspace: Workspace) -> Corpus:
    """All reviews that the workspace's role may read, in the order of their ids; of several with one id the
    one that was written first. How many were left out is logged, and why.

    Raises:
        NoReviews: the shop has no ``reviews:`` in shop.yml, the role may not read them, or there are more
            than ``CORPUS_LIMITS.max_rows``.
        SqlError: the query failed; see ``sql.errors``.
    """
    source, columns = _readable(workspace)
    table = read_whole(workspace, source.view, columns, source.id)
    if table.is_truncated:
        raise NoReviews(
            f"View {source.view} has more than {CORPUS_LIMITS.max_rows:,} reviews. Nothing was indexed. "
            "Narrow the view in shop.yml, e.g. to the last two years."
        )
    corpus = corpus_of(table, source, columns)
    if corpus.empty:
        logger.info("%d of %d reviews have no text and are left out", corpus.empty, corpus.rows)
    if corpus.left_out:
        logger.info("%d of %d reviews have an id that occurs before", corpus.left_out, corpus.rows)
    return corpus


def some_reviews(
    workspace: Workspace, condition: exp.Expr, cancel: threading.Event | None = None
) -> tuple[Document, ...]:
    """The newest reviews that meet a condition, as many as the role may read rows; under its own budget.

    Args:
        condition: over columns of the reviews' view, checked by the guard like every other.
    Raises:
        NoReviews, SqlError: see :func:`read_reviews`.
    """
    source, columns = _readable(workspace)
    newest = [
        exp.column(exp.to_identifier(name, quoted=True)).desc()
        for name in (source.written_at, source.id)
        if name in columns
    ]
    query = (
        _selected(source.view, columns)
        .where(condition)
        .order_by(*newest)
        .limit(workspace.role.limits.max_rows)
    )
    table = workspace.run(query.sql(dialect=workspace.catalog.dialect), cancel)
    return corpus_of(table, source, columns).documents


def read_whole(workspace: Workspace, view: str, columns: Sequence[str], key: str) -> Table:
    """All rows of a view that the workspace's role may see, in the order of a key; its row limit is widened.

    Raises:
        SqlError: see ``sql.errors``.
    """
    guard = workspace.guard.within(CORPUS_LIMITS)
    query = _selected(view, columns).order_by(exp.column(exp.to_identifier(key, quoted=True)))
    checked = guard.check(query.sql(dialect=guard.dialect))
    return run(checked, workspace.database, CORPUS_LIMITS)


def _selected(view: str, columns: Sequence[str]) -> exp.Select:
    selected = [exp.column(exp.to_identifier(name, quoted=True)) for name in columns]
    return exp.select(*selected).from_(exp.to_identifier(view, quoted=True))


def _readable(workspace: Workspace) -> tuple[ReviewSource, list[str]]:
    """The shop's review source and those of its columns that the role may read."""
    source = workspace.shop.reviews
    if source is None:
        raise NoReviews(
            f"Shop {workspace.shop.name!r} names no reviews. Say in shop.yml which view and columns hold "
            "them: reviews: {view: …, id: …, text: […]}."
        )
    if workspace.role.minimum_group is not None:
        raise NoReviews(
            f"Role {workspace.role.name!r} sees figures about groups only, and each review of shop "
            f"{workspace.shop.name!r} is a single row. Ask as a role that may see rows."
        )
    view = next((v for v in workspace.guard.views if v.name.lower() == source.view.lower()), None)
    wanted = (
        source.id,
        *source.text,
        source.product,
        source.category,
        source.rating,
        source.written_at,
        source.language,
    )
    seen = [] if view is None else [name for name in wanted if name is not None and view.column(name)]
    if source.id not in seen or not any(name in seen for name in source.text):
        raise NoReviews(
            f"Role {workspace.role.name!r} may not read the reviews of shop {workspace.shop.name!r}. "
            "Ask as a role that may."
        )
    return source, list(dict.fromkeys(seen))


def corpus_of(table: Table, source: ReviewSource, columns: Sequence[str]) -> Corpus:
    """The reviews in rows that were read.

    Args:
        columns: of ``table``, in order, as the reviews' view calls them.
    """
    place = {name: number for number, name in enumerate(columns)}
    documents: list[Document] = []
    for row in table.rows:

        def cell(name: str | None, row: tuple[Value, ...] = row) -> Value:
            return row[place[name]] if name in place else None

        text = "\n".join(filter(None, (text_of(cell(name)) for name in source.text)))
        if not text:
            continue
        documents.append(
            Document(
                id=f"review:{text_of(cell(source.id))}",
                kind="review",
                text=text,
                language=language_code(text_of(cell(source.language)), text),
                product=text_of(cell(source.product)),
                category=text_of(cell(source.category)),
                rating=number_of(cell(source.rating)),
                written_at=_time(cell(source.written_at)),
            )
        )
    times = Counter(document.id for document in documents)
    kept = {document.id: document for document in sorted(documents, key=_age, reverse=True)}
    return Corpus(
        documents=tuple(kept[id] for id in times),
        rows=len(table.rows),
        empty=len(table.rows) - len(documents),
        left_out=len(documents) - len(kept),
        repeated=tuple(id for id, count in times.items() if count > 1),
    )


def fingerprint(documents: Sequence[Document]) -> str:
    """A hash of documents, whatever their order."""
    digest = hashlib.sha256()
    for document in sorted(documents, key=lambda d: d.id):
        digest.update(repr(document).encode("utf-8", "replace"))
    return digest.hexdigest()


def _age(document: Document) -> tuple[bool, dt.datetime, str]:
    """Orders reviews from the oldest on, those without a time last; the same whatever the database does."""
    return (document.written_at is None, document.written_at or dt.datetime.min, document.text)


def text_of(value: Value) -> str:
    """A cell as text that can be stored: no surrogates without a partner, no NUL, no space around it."""
    text = "" if value is None else str(value)
    return text.encode("utf-8", "replace").decode("utf-8").replace("\0", " ").strip()


def number_of(value: Value) -> float | None:
    """A cell as a number; ``None`` where it holds none."""
    if value is None or isinstance(value, bytes | dt.date | dt.time | dt.timedelta):
        return None
    try:
        return float(value)
    except ValueError:
        return None


def _time(value: Value) -> dt.datetime | None:
    """A moment without zone; databases without a time type give ISO text."""
    if isinstance(value, dt.datetime):
        return value.replace(tzinfo=None)
    if isinstance(value, dt.date):
        return dt.datetime.combine(value, dt.time())
    if isinstance(value, str):
        try:
            return dt.datetime.fromisoformat(value.strip()).replace(tzinfo=None)
        except ValueError:
            return None
    return None
