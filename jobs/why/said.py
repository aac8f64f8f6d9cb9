"""What customers wrote of just the parts that carry a change, and not of others: words, and quotes.

The texts are strangers': they are counted and quoted, never followed. Whoever sees groups only sees none.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlglot import exp

from bot.job import Request, Tools
from jobs.why import why_words
from jobs.why.held_against import DAY, Stretch
from retrieval.corpus import some_reviews
from retrieval.errors import NoReviews
from retrieval.overused import Overused, overused, terms_of
from retrieval.types import Document, Hit
from sql import times
from sql.errors import UnsafeQuery
from sql.semantics import View
from sql.statement.sentence import Name, Since
from sql.types import Column, Table
from sql.types import Value as Cell

LATER_DAYS = 14
"""Days after a stretch in which its customers still write."""
EARLIER = dt.timedelta(days=365)
"""Before a stretch, whose reviews of the same tell which of its words are new."""
LEAST_TEXTS = 5
NEWER = 1.5
"""Times as often as before that a word must be said."""
MOST_QUOTES = 3

Blamed = tuple[Name | Since, Sequence[Cell]]
"""What parts were made by, and those that carry the change."""


@dataclass(frozen=True, kw_only=True)
class Said:
    """Words that stand out in the reviews of some parts."""

    about: str
    """The values that the reviews are of."""
    view: str
    """Where they stand."""
    table: Table
    """A row a word, with how many reviews have it, here and elsewhere."""
    at: int
    """Its place among the answer's tables."""
    hits: tuple[Hit, ...]
    """Reviews that have most of them."""


def what_is_said(
    request: Request, tools: Tools, stretches: tuple[Stretch, Stretch], blamed: Sequence[Blamed], at: int
) -> Said | None:
    """The words of the reviews of what carries the change, against the other reviews of both stretches.

    ``None`` where reviews are not filed under it, the role may not read them, or no word stands out.
    """
    source, workspace = tools.workspace.shop.reviews, tools.workspace
    view = next((v for v in workspace.guard.views if source is not None and v.name == source.view), None)
    if source is None or view is None or source.written_at is None or view.column(source.written_at) is None:
        return None
    filed = _filed(view, request, blamed)
    if filed is None:
        return None
    name, values = filed
    base, asked = stretches
    until = min(asked.last + dt.timedelta(days=LATER_DAYS), workspace.today)
    is_about = _is_in(name, values)
    is_then = _between(source.written_at, asked.first, until, tools)
    is_near = _between(source.written_at, base.first, until, tools)
    is_before = _between(source.written_at, asked.first - EARLIER, asked.first - DAY, tools)
    elsewhere = exp.or_(exp.not_(is_about.copy()), _is_null(name), exp.not_(is_then.copy()))
    try:
        here = some_reviews(workspace, exp.and_(is_about, is_then), request.cancel)
        others = some_reviews(workspace, exp.and_(is_near, elsewhere), request.cancel)
        earlier = some_reviews(workspace, exp.and_(is_about, is_before), request.cancel)
    except (NoReviews, UnsafeQuery):
        return None
    if len(here) < LEAST_TEXTS:
        return None
    found = overused([each.text for each in here], [each.text for each in others])
    found = [each for each in found if _is_new(each, len(here), earlier)]
    if not found:
        return None
    rows = tuple((each.words, each.texts, len(here), each.others, len(others)) for each in found)
    counted = ("reviews", "of", "reviews_elsewhere", "of_elsewhere")
    columns = (Column(name="words", type="text"), *(Column(name=each, type="integer") for each in counted))
    checked = workspace.guard.check(_counting(source.view, exp.and_(is_about, is_then), tools))
    table = Table(columns=columns, rows=rows, is_truncated=False, query=checked, seconds=0.0)
    hits = _quotes(here, [each.words for each in found])
    return Said(about=", ".join(map(str, values)), view=source.view, table=table, at=at, hits=hits)


def _filed(view: View, request: Request, blamed: Sequence[Blamed]) -> tuple[str, Sequence[Cell]] | None:
    """The first of the blamed columns, else of the asked values', that reviews have too."""
    asked = (request.settings.get(why_words.ONLY) or {}).items()
    found = [(dim.text, values) for dim, values in blamed if isinstance(dim, Name)]
    places: list[tuple[str, Sequence[Cell]]] = [*found, *asked]
    for name, values in places:
        known = [value for value in values if value is not None]
        if known and view.column(name) is not None:
            return name, known
    return None


def _is_new(word: Overused, texts: int, earlier: Sequence[Document]) -> bool:
    """Whether it was said less of the same before: of toys "box" is always said more than of lamps."""
    before = sum(word.words in terms_of(document.text) for document in earlier)
    return word.texts / texts >= NEWER * before / max(len(earlier), 1)


def _quotes(documents: Sequence[Document], words: Sequence[str]) -> tuple[Hit, ...]:
    """Reviews with most of the words, the surest word first, each with one that no earlier quote has."""
    left = list(words)
    found: list[Hit] = []
    ranked = [(terms_of(document.text), document) for document in documents]
    while left and len(found) < MOST_QUOTES:
        terms, document = max(ranked, key=lambda each: (left[0] in each[0], len(each[0] & set(words))))
        if left[0] not in terms or any(hit.document.id == document.id for hit in found):
            left.pop(0)
            continue
        score = len(terms & set(words))
        found.append(Hit(document=document, score=float(score), similarity=None))
        left = [word for word in left if word not in terms]
    return tuple(found)


# ---- conditions -----------------------------------------------------------------------------------------


def _named(name: str) -> exp.Column:
    return exp.column(exp.to_identifier(name, quoted=True))


def _is_in(name: str, values: Sequence[Cell]) -> exp.Expr:
    return _named(name).isin(*(exp.convert(value) for value in values))


def _is_null(name: str) -> exp.Expr:
    return _named(name).is_(exp.null())


def _between(name: str, first: dt.date, last: dt.date, tools: Tools) -> exp.Expr:
    dialect = tools.workspace.catalog.dialect
    low, high = (times.day_value(day, dialect) for day in (first, last + DAY))
    return exp.and_(exp.GTE(this=_named(name), expression=low), exp.LT(this=_named(name), expression=high))


def _counting(view: str, condition: exp.Expr, tools: Tools) -> str:
    """How many reviews the words were counted in."""
    query = exp.select("COUNT(*) AS reviews").from_(exp.to_identifier(view, quoted=True)).where(condition)
    return query.sql(dialect=tools.workspace.catalog.dialect)
