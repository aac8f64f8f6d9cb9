"""Which table holds what customers wrote about products, so that reviews can be searched and quoted.

A table of reviews is called so, has texts of sentences, and marks or a product beside them. Where it tells
the product by its number alone, the product's name becomes one of its columns.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sql.names import quoted
from sql.semantics import ReviewSource, Shop, View, ViewColumn
from sql.shop.decisions import Decision
from sql.shop.free_texts import are_sentences, sample_of
from sql.shop.row_names import name_columns
from sql.shop.trade_words import says

if TYPE_CHECKING:
    from sql.shop.workspace import Workspace

MOST_MARKS = 100
"""Highest mark of a scale; most end at 5 or 10."""
LEAST_WORDS = 2
"""Of the middle one of the texts: 物流太慢 is a review, a code or a name is none."""
_REVIEWS = re.compile(r"\b(?:reviews?|testimonials?|feedbacks?)\b|评价|评论|点评|晒单")
_MAYBE_REVIEWS = re.compile(r"\b(?:comments?|ratings?|repl(?:y|ies)|evaluations?|opinions?)\b")
"""Tables that may hold reviews or something else: they need a mark of each text."""
_TEXT = re.compile(
    r"\b(?:reviews?|text|content|comments?|body|message|feedback|description)\b|内容|评价|评论|正文|描述"
)
_OTHERS = re.compile(
    r"\b(?:admin|reply|answer|response|seller|merchant|internal|staff)\b|回复|商家|卖家|客服"
)
"""What somebody of the shop wrote to a review."""
_TITLE = re.compile(r"^(?:review )?(?:title|subject|headline|summary)$|^(?:评价)?标题$")
_MARK = re.compile(r"\b(?:ratings?|score|stars?|grade|points?)\b|评分|星级|打分|得分|分数|相符")
_PRODUCT = re.compile(r"\b(?:products?|goods|items?|sku|article)\b|商品|宝贝|产品|货品")
_LANGUAGE = re.compile(r"\b(?:language|locale)\b|语言|语种")


@dataclass(frozen=True, kw_only=True)
class _Found:
    view: View
    source: ReviewSource
    texts: int


def with_reviews(workspace: Workspace) -> tuple[Shop, list[Decision]]:
    """The shop with its table of reviews named, where one is found. Texts are read and forgotten."""
    shop = workspace.shop
    found = [each for view in shop.views if (each := _reviews(workspace, view)) is not None]
    if shop.reviews is not None or not found:
        return shop, []
    best = max(found, key=lambda each: each.texts)
    views = tuple(best.view if view.name == best.view.name else view for view in shop.views)
    source, text = best.source, best.source.text[-1]
    told = f"What customers say is searched and quoted from {source.view}.{text}"
    told_zh = f"顾客评价取自 {source.view}.{text}，可供检索和引用"
    if source.product is not None:
        told, told_zh = f"{told}, of the product in {source.product}", f"{told_zh}，商品见 {source.product}"
    return replace(shop, views=views, reviews=source), [Decision(place="reviews", text=told, text_zh=told_zh)]


def _reviews(workspace: Workspace, view: View) -> _Found | None:
    """The view as a source of reviews."""
    is_named, is_maybe = says(_REVIEWS, view.name), says(_MAYBE_REVIEWS, view.name)
    if len(view.key) != 1 or not (is_named or is_maybe):
        return None
    own = [c for c in view.columns if c.name not in {*view.key, *view.refs}]
    said = [c for c in own if c.type == "text" and says(_TEXT, c.name) and not says(_OTHERS, c.name)]
    texts = [(c, sample_of(workspace, view, c)) for c in said]
    texts = [(c, sample) for c, sample in texts if len(sample) > 1 and are_sentences(sample, LEAST_WORDS)]
    mark = next((c for c in own if says(_MARK, c.name) and _is_mark(workspace, view, c)), None)
    product, joined = _product(workspace, view)
    if not texts or (mark is None and (is_maybe or product is None)):
        return None
    text, sample = max(texts, key=lambda each: sum(map(len, each[1])) / len(each[1]))
    title = next((c for c in own if c.type == "text" and c is not text and says(_TITLE, c.name)), None)
    language = next((c.name for c in own if c.type == "text" and says(_LANGUAGE, c.name)), None)
    source = ReviewSource(
        view=view.name,
        id=view.key[0],
        text=tuple(c.name for c in (title, text) if c is not None),
        product=product,
        rating=mark.name if mark is not None else None,
        written_at=view.time,
        language=language,
    )
    return _Found(view=joined, source=source, texts=len(sample))


def _is_mark(workspace: Workspace, view: View, column: ViewColumn) -> bool:
    if column.type not in ("integer", "number"):
        return False
    dialect = workspace.catalog.dialect
    name = quoted(column.name, dialect)
    rows = workspace.look(f"SELECT MIN({name}) AS low, MAX({name}) AS high FROM {quoted(view.name, dialect)}")
    if not rows or rows[0][0] is None:
        return False
    low, high = (float(str(value)) for value in rows[0])
    return 0 <= low < high <= MOST_MARKS


def _product(workspace: Workspace, view: View) -> tuple[str | None, View]:
    """The column with the product's name, and the view that has it."""
    dialect = workspace.catalog.dialect
    for column, target in view.refs.items():
        there = workspace.shop.view(target)
        names = name_columns(there) if there is not None and says(_PRODUCT, target) else ()
        if there is None or len(names) != 1 or len(there.key) != 1:
            continue
        if view.column(names[0]) is not None:
            return names[0], view
        own = quoted(names[0], dialect)
        columns = ", ".join(f"rows_of.{quoted(c.name, dialect)}" for c in view.columns)
        before = f"({view.sql})" if view.sql else quoted(view.name, dialect)
        things = f"({there.sql})" if there.sql else quoted(there.name, dialect)
        sql = (
            f"SELECT {columns}, things.{own} AS {own} FROM {before} AS rows_of LEFT JOIN {things} AS things "
            f"ON things.{quoted(there.key[0], dialect)} = rows_of.{quoted(column, dialect)}"
        )
        named = there.column(names[0])
        assert named is not None  # it is one of the view's own
        return names[0], replace(view, sql=sql, columns=(*view.columns, named))
    told = [c for c in view.columns if c.type == "text" and c.name not in (*view.key, *view.refs)]
    return next((c.name for c in told if says(_PRODUCT, c.name)), None), view
