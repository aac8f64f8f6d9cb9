"""What customers say: reviews that come closest to the question, quoted with their ids.

Which reviews may be found is decided by columns (product, category, stars, time, language), never by the
text of a review. Reviews are data; nothing in them is followed.
"""

from __future__ import annotations

import datetime as dt
import logging
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlglot import exp

from bot.errors import Declined, Stopped
from bot.job import Request, Tools
from jobs.ask_reviews.review_cues import GOOD, NOISE, NOISE_ZH, POOR
from retrieval.types import Filters, Hit, Retriever
from sql.errors import SqlError
from sql.names import quoted
from sql.question.linking import Links
from sql.semantics import ReviewSource
from sql.types import Dialect, Table
from telling.evidence import Evidence
from telling.quotes import quote
from telling.row_scope import scoped
from telling.writer import Writer

logger = logging.getLogger(__name__)

QUOTES = 5
"""Reviews quoted at most."""
SEARCHED = 40
"""Hits looked at before the weak ones are left out."""
MIN_SIMILARITY = 0.3
"""Cosine below which a review does not speak of the question."""

MIN_SIMILARITY_NAMED = 0.15
"""The same for a review that shares a word with the topic."""
SAME = 0.6
"""Share of common words above which two reviews say the same."""
FEW_PIECES = 4
"""Words below which a review says little."""

_STARS = re.compile(r"(?i)\b([1-5])[- ]?stars?\b|([1-5一二三四五])\s?星")
_ZH_DIGITS = {"一": 1, "二": 2, "三": 3, "四": 4, "五": 5}


@dataclass(frozen=True, kw_only=True)
class _Wanted:
    """Conditions that the question puts on reviews."""

    products: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    min_rating: int | None = None
    max_rating: int | None = None


def find_reviews(request: Request, tools: Tools) -> Evidence:
    """Quotes, and a checked query that counts and averages the reviews under the same conditions."""
    source = tools.workspace.shop.reviews
    assert source is not None  # what the job needs is checked before it runs
    least = tools.workspace.role.minimum_group
    if least is not None:
        raise Declined("aggregates_only", {"least": str(least)})
    if not _may_read(source, tools):
        raise Declined("hidden", {"names": source.view.replace("_", " ")})
    if tools.retriever is None:
        raise Declined("no_index")
    wanted = _wanted(request.links, request.question, source)
    started = time.monotonic()
    topic = topic_of(request.question, _filtered_spans(request.links, wanted))
    hits = tools.retriever.search(topic or request.question, SEARCHED, _filters(wanted, request.links))
    searched = time.monotonic() - started
    if request.cancel.is_set():
        raise Stopped
    # "Show me reviews of the lamp" has no topic: whatever the filters let through is an answer.
    kept = telling([hit for hit in hits if not topic or speaks_of(hit, topic)])[:QUOTES]
    overview = _overview(wanted, request, source, tools)
    values = (*wanted.products, *wanted.categories, *wanted.languages)
    return Evidence(
        tables=() if overview is None else (overview,),
        hits=kept,
        scope=replace(
            scoped(values, request.links.period), min_stars=wanted.min_rating, max_stars=wanted.max_rating
        ),
        about=source.view,
        warnings=left_out(tools.retriever),
        confidence=max((hit.similarity or 0.0 for hit in kept), default=0.0),
        seconds={"search": searched, "run": overview.seconds if overview else 0.0},
    )


def left_out(retriever: Retriever) -> tuple[tuple[str, dict[str, str]], ...]:
    """The warning that some reviews cannot be found, where there are any."""
    return (("left_out", {"count": str(retriever.left_out)}),) if retriever.left_out else ()


def _may_read(source: ReviewSource, tools: Tools) -> bool:
    """Whether the role sees the reviews' view and the columns that hold their text."""
    view = next((v for v in tools.workspace.guard.views if v.name.lower() == source.view.lower()), None)
    return view is not None and all(view.column(name) is not None for name in source.text)


def speaks_of(hit: Hit, topic: str) -> bool:
    """Whether a review is near the topic in meaning, or names it and is not far from it.

    A long review that also speaks of other things is less near, so its naming the topic counts.
    """
    needed = MIN_SIMILARITY_NAMED if pieces_of(topic) & pieces_of(hit.document.text) else MIN_SIMILARITY
    return hit.similarity is None or hit.similarity >= needed


def telling(hits: Sequence[Hit]) -> tuple[Hit, ...]:
    """Without reviews that say the same again; those of a word or two come last."""
    kept: list[Hit] = []
    seen: list[set[str]] = []
    for hit in hits:
        pieces = pieces_of(hit.document.text)
        if any(len(pieces & other) > SAME * len(pieces | other) for other in seen):
            continue
        seen.append(pieces)
        kept.append(hit)
    return tuple(sorted(kept, key=lambda hit: len(pieces_of(hit.document.text)) < FEW_PIECES))


def pieces_of(text: str) -> set[str]:
    """English words by their first five letters, which plurals share, and pairs of Chinese characters."""
    words = {w[:5] for w in re.findall(r"[a-z0-9]{3,}", text.lower()) if w not in NOISE}
    chinese = re.findall(r"[\u4e00-\u9fff]+", text)
    return words | {run[i : i + 2] for run in chinese for i in range(max(len(run) - 1, 1))}


def topic_of(question: str, spans: Sequence[tuple[int, int]] = ()) -> str:
    """What reviews shall speak of: from the first to the last word that says so; empty for any review.

    Args:
        question: standalone.
        spans: stretches that became filters (a period, a product); they need not be searched for.

    >>> topic_of("What do buyers say about the battery life of it?"), topic_of("Show me some reviews")
    ('battery life of it', '')
    """
    rest = question
    for start, end in spans:
        rest = rest[:start] + " " * (end - start) + rest[end:]
    if re.search(r"[\u4e00-\u9fff]", rest):
        return " ".join(NOISE_ZH.sub(" ", rest).split())
    words = [m for m in re.finditer(r"[\w'’-]+", rest) if m.group().lower() not in NOISE]
    words = [m for m in words if not _STARS.match(m.group())]
    return " ".join(rest[words[0].start() : words[-1].end()].split()) if words else ""


def _filtered_spans(links: Links, wanted: _Wanted) -> list[tuple[int, int]]:
    values = {*wanted.products, *wanted.categories, *wanted.languages}
    spans = [(m.start, m.end) for m in links.mentions if m.kind == "value" and m.value in values]
    return spans + [(p.first, p.last) for p in links.periods]


def _wanted(links: Links, question: str, source: ReviewSource) -> _Wanted:
    """Conditions from values linked to the review view's columns and from words about stars."""
    found: dict[str, list[str]] = {}
    for mention in links.mentions:
        if mention.kind == "value" and mention.view == source.view and mention.value and not mention.is_part:
            found.setdefault(mention.name, []).append(mention.value)
    low, high = _rating(question)
    return _Wanted(
        products=tuple(dict.fromkeys(found.get(source.product or "", ()))),
        categories=tuple(dict.fromkeys(found.get(source.category or "", ()))),
        languages=tuple(dict.fromkeys(found.get(source.language or "", ()))),
        min_rating=low if source.rating else None,
        max_rating=high if source.rating else None,
    )


def _rating(question: str) -> tuple[int | None, int | None]:
    stars = _STARS.search(question)
    if stars is not None:
        text = stars.group(1) or stars.group(2)
        number = _ZH_DIGITS.get(text) or int(text)
        return number, number
    if POOR.search(question):
        return None, 3
    if GOOD.search(question):
        return 4, None
    return None, None


def _filters(wanted: _Wanted, links: Links) -> Filters:
    period = links.period
    midnight = dt.time()
    return Filters(
        kinds=frozenset({"review"}),
        products=frozenset(wanted.products) or None,
        categories=frozenset(wanted.categories) or None,
        languages=frozenset(wanted.languages) or None,
        min_rating=wanted.min_rating,
        max_rating=wanted.max_rating,
        written_from=dt.datetime.combine(period.start, midnight)
        if period and period.start > dt.date.min
        else None,
        written_before=dt.datetime.combine(period.end, midnight)
        if period and period.end < dt.date.max
        else None,
    )


def _overview(wanted: _Wanted, request: Request, source: ReviewSource, tools: Tools) -> Table | None:
    """Number and mean stars of the reviews under the question's conditions; ``None`` if it cannot run."""
    sql = overview_sql(wanted, request.links, source, tools.workspace.catalog.dialect)
    try:
        table = tools.workspace.run(sql, cancel=request.cancel)
    except SqlError as error:
        logger.info("no overview of reviews: %s", type(error).__name__)
        return None
    request.on_sql(sql)
    request.on_table(table)
    return table


def overview_sql(wanted: _Wanted, links: Links, source: ReviewSource, dialect: Dialect = "duckdb") -> str:
    """The counting query. Values are literals that sqlglot prints; the guard checks it like any other."""
    tests = []
    for column, values in (
        (source.product, wanted.products),
        (source.category, wanted.categories),
        (source.language, wanted.languages),
    ):
        if column and values:
            tests.append(f"{quoted(column, dialect)} IN ({', '.join(_literal(dialect, v) for v in values)})")
    if source.rating and wanted.min_rating is not None:
        tests.append(f"{quoted(source.rating, dialect)} >= {wanted.min_rating}")
    if source.rating and wanted.max_rating is not None:
        tests.append(f"{quoted(source.rating, dialect)} <= {wanted.max_rating}")
    period = links.period
    if source.written_at and period is not None:
        if period.start > dt.date.min:
            tests.append(f"{quoted(source.written_at, dialect)} >= '{period.start.isoformat()}'")
        if period.end < dt.date.max:
            tests.append(f"{quoted(source.written_at, dialect)} < '{period.end.isoformat()}'")
    columns = ["COUNT(*) AS reviews"]
    if source.rating:
        columns.append(f"AVG({quoted(source.rating, dialect)}) AS average_rating")
    where = f" WHERE {' AND '.join(tests)}" if tests else ""
    return f"SELECT {', '.join(columns)} FROM {quoted(source.view, dialect)}{where}"


def _literal(dialect: Dialect, value: str) -> str:
    return exp.Literal.string(value).sql(dialect=dialect)


def tell_reviews(evidence: Evidence, writer: Writer) -> str:
    """Counts from the checked query, then the quotes."""
    filters = writer.filters(evidence.scope)
    row = evidence.tables[0].rows[0] if evidence.tables else ()
    count = writer.cell(0, 0, 0) if row and row[0] else ""
    if not evidence.hits:
        none = writer.say("reviews_none", filters=filters)
        total = writer.say("reviews_none_total", reviews=count, filters=filters) if count else ""
        return "\n\n".join(filter(None, [none, total]))
    if not count:
        intro = writer.say("reviews_intro_plain", filters=filters)
    elif len(row) < 2 or row[1] is None:
        intro = writer.say("reviews_intro_unrated", reviews=count, filters=filters)
    else:
        rating = writer.cell(0, 0, 1)
        intro = writer.say("reviews_intro", reviews=count, filters=filters, rating=rating)
    return "\n\n".join([intro, *(quote(hit) for hit in evidence.hits)])
