"""Products that meet a wish: conditions by the database, the rest by meaning over names, texts and reviews.

Conditions narrow before anything is ranked. What a text says is ranked and quoted and never followed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from bot.errors import Declined
from bot.job import Request, Tools
from jobs.ask_reviews.quoting import pieces_of
from jobs.card_numbers import plain
from jobs.card_reading import CardReader
from jobs.find_products.product_ranking import near_best, rank_products
from jobs.find_products.product_words import (
    TOP,
    WISH,
    Bound,
    Filter,
    InStock,
    OneOf,
    Wish,
    read_wish,
)
from retrieval.product_range import ProductSource, key_of, product_source, seen_source
from retrieval.types import Document, Hit
from sql.names import literal, quoted
from sql.question.linking import link
from sql.question.words import is_chinese
from sql.semantics import View
from sql.types import Table
from telling.evidence import Evidence
from telling.phrases import escape_markdown
from telling.titles import view_title

SHOWN = 8
"""Products that are told by themselves."""


@dataclass(frozen=True, kw_only=True)
class Match:
    """Why a product is among the answers."""

    sentence: str
    """The words of its description or of a review that come closest; empty where conditions said all."""
    id: str
    """Of what was quoted."""


@dataclass(frozen=True, kw_only=True)
class Products(Evidence):
    """Table 0 has the products, the best first."""

    wish: Wish
    columns: Mapping[str, int]
    """``name``, ``price``, ``stock`` and ``rating`` → column of table 0."""
    matches: tuple[Match, ...]
    """Of each row."""
    counts: int | None
    """Table with one row: how many products there are, and how many without each condition in turn."""


def find_products(request: Request, tools: Tools) -> Products:
    """Raises ``Declined``: the shop has no products by name, the role may not see them, there is no index."""
    workspace = tools.workspace
    source = _source(request, tools)
    if tools.catalogue is None:
        raise Declined("no_catalogue")
    reader = CardReader(request, workspace)
    text = request.settings.get(WISH) or request.question
    stock = _stock(source, reader)
    links = link(text, tools.vocabulary, workspace.today)
    wish = read_wish(links, source, tools.vocabulary, has_stock=stock is not None)
    search = _Search(source=source, stock=stock, reader=reader, tools=tools)
    top = min(request.settings.get(TOP) or SHOWN, workspace.role.limits.max_rows)
    near = search.near(wish.topic) if wish.topic else {}
    kind = search.of_kind(wish.topic) if wish.topic else frozenset()
    if kind:  # a waterproof jacket is a jacket: gloves that keep dry are none
        foreign = {name: hit for name, hit in near.items() if is_chinese(name) != is_chinese(wish.topic)}
        near = {name: hit for name, hit in search.near(wish.topic, kind).items() if name in kind} | foreign
    keys, texts = search.found(wish, near, top, is_kind=bool(kind))
    table = search.rows(keys)
    counts = None
    tables = [table]
    if not keys and wish.filters and (near or not wish.topic):
        counts = 1
        tables.append(search.counts(wish.filters, list(near)))
    request.on_table(table)
    matches = tuple(_match(texts.get(key), wish.topic) for key in keys)
    hits = tuple(texts[key] for key in keys if key in texts)
    return Products(
        tables=tuple(tables),
        hits=tuple(_cited(hit) for hit in hits),
        about=source.view.name,
        confidence=max((hit.similarity or 0.0 for hit in hits), default=0.0 if wish.topic else 0.9),
        settings={WISH.name: re.sub('["“”]', "", text).strip(" ?？.。!！"), **_top_said(request)},
        wish=wish,
        columns=search.columns,
        matches=matches,
        counts=counts,
    )


def _top_said(request: Request) -> dict[str, str]:
    top = request.settings.get(TOP)
    return {TOP.name: str(top)} if top is not None else {}


def _source(request: Request, tools: Tools) -> ProductSource:
    workspace = tools.workspace
    described = product_source(workspace.shop)
    if described is None:
        raise Declined("no_products")
    if workspace.role.minimum_group is not None:
        names = {"role": escape_markdown(workspace.role.name), "least": str(workspace.role.minimum_group)}
        raise Declined("aggregates_only", names)
    seen = seen_source(workspace)
    if seen is None:
        name = view_title(workspace.shop, described.view.name, request.language)
        raise Declined("hidden", {"names": escape_markdown(name)})
    return seen


@dataclass(frozen=True, kw_only=True)
class Stock:
    """Where pieces on hand stand."""

    view: View
    column: str
    by: str
    """The column with the product's key, or with its name."""
    of: str
    """The products' column that it holds."""


def _stock(source: ProductSource, reader: CardReader) -> Stock | None:
    view_name, _, column = reader.shop.bindings.get("on_hand", "").partition(".")
    view = reader.seen(view_name)
    if view is None or view.column(column) is None:
        return None
    refers = (name for name, target in view.refs.items() if target.lower() == source.view.name.lower())
    for by, of in ((next(refers, source.key), source.key), (source.names[0], source.names[0])):
        if view.column(by) is not None:
            return Stock(view=view, column=column, by=by, of=of)
    return None


@dataclass(frozen=True, kw_only=True)
class _Search:
    source: ProductSource
    stock: Stock | None
    reader: CardReader
    tools: Tools

    # ---- conditions -------------------------------------------------------------------------------------

    def _test(self, each: Filter) -> str:
        """A condition as SQL over the products' view, called ``o``."""
        column = self.reader.column
        if isinstance(each, Bound):
            return f"{column(each.column)} {each.sign} {each.number}"
        if isinstance(each, OneOf):
            listed = self.reader.listed(each.values)
            inside = f"{column(each.column)} IN ({listed})"
            return f"({column(each.column)} IS NULL OR NOT ({inside}))" if each.is_not else inside
        if isinstance(each, InStock):
            assert self.stock is not None
            own = (quoted(name, self.reader.dialect) for name in (self.stock.by, self.stock.column))
            by, pieces = (f"s.{name}" for name in own)
            view = quoted(self.stock.view.name, self.reader.dialect)
            return f"{column(self.stock.of)} IN (SELECT {by} FROM {view} AS s WHERE {pieces} > 0)"
        texts = [*self.source.names, *self.source.groups, *self.source.texts]
        word = literal(f"%{each.word}%", self.reader.dialect)
        tests = (f"LOWER(COALESCE({column(name)}, '')) NOT LIKE {word}" for name in dict.fromkeys(texts))
        return f"({' AND '.join(tests)})"

    def keys(self, filters: Sequence[Filter], called: Sequence[str] = ()) -> Table:
        """Keys and names of the products that meet all conditions, of those names where any are given."""
        column, source = self.reader.column, self.source
        tests = [self._test(each) for each in filters]
        if called:
            tests.append(f"{column(source.names[0])} IN ({self.reader.listed(called)})")
        where = f" WHERE {' AND '.join(tests)}" if tests else ""
        shown = f"{column(source.key)}, {column(source.names[0])}"
        return self.reader.run(f"SELECT {shown} FROM {self.reader.source(source.view)}{where}")

    def _among(self, keys: Sequence[str]) -> str:
        known = self.source.view.column(self.source.key)
        is_number = known is not None and known.type in ("integer", "number")
        listed = ", ".join(keys) if is_number else self.reader.listed(keys)
        return f"{self.reader.column(self.source.key)} IN ({listed})"

    def counts(self, filters: Sequence[Filter], called: Sequence[str]) -> Table:
        """How many products of those names there are (of all where none are given), and how many of them meet
        all conditions but one, for each in turn."""
        sums = []
        for place in range(len(filters)):
            others = [self._test(each) for number, each in enumerate(filters) if number != place]
            test = " AND ".join(others) or "1 = 1"
            sums.append(f"SUM(CASE WHEN {test} THEN 1 ELSE 0 END) AS without_{place + 1}")
        where = ""
        if called:
            name = self.reader.column(self.source.names[0])
            where = f" WHERE {name} IN ({self.reader.listed(called)})"
        source = self.reader.source(self.source.view)
        table = self.reader.run(f"SELECT COUNT(*) AS products, {', '.join(sums)} FROM {source}{where}")
        return replace(table, labels={column.name: "" for column in table.columns})

    # ---- ranking ----------------------------------------------------------------------------------------

    def near(self, topic: str, names: frozenset[str] | None = None) -> dict[str, Hit]:
        """Product's name → what it was found by, the best first; of all products, or of some."""
        assert self.tools.catalogue is not None
        ranked = rank_products(topic, self.tools.catalogue, self.tools.retriever, names)
        return near_best(ranked, ranked, topic) if names is None else ranked

    def of_kind(self, topic: str) -> frozenset[str]:
        """Names of the products of the kind that is wished for: that have the last word of the wish, before
        "for" or "with", which any product's name or group has; empty where none does."""
        column, source = self.reader.column, self.source
        shown = [source.names[0], *source.groups]
        for part in (_MORE.split(topic)[0], topic):
            for word in _from_the_end(part.lower()):
                pieces = pieces_of(word)
                if not pieces:
                    continue
                like = literal(f"%{max(pieces, key=word.find)}%", self.reader.dialect)
                tests = " OR ".join(f"LOWER({column(name)}) LIKE {like}" for name in shown)
                told = ", ".join(column(name) for name in dict.fromkeys(shown))
                rows = self.reader.run(
                    f"SELECT {told} FROM {self.reader.source(source.view)} WHERE {tests}"
                ).rows
                of_it = frozenset(
                    str(row[0]) for row in rows if pieces & pieces_of(" ".join(map(str, filter(None, row))))
                )
                if of_it:
                    return of_it
        return frozenset()

    def found(
        self, wish: Wish, near: Mapping[str, Hit], top: int, *, is_kind: bool
    ) -> tuple[list[str], dict[str, Hit]]:
        """Keys of what meets the conditions, the best first, and what each was found by.

        Args:
            near: the ranking without conditions.
            is_kind: all of ``near`` is of the kind that is wished for, and not what happens to be nearest.
        """
        allowed = self.keys(wish.filters)
        if not wish.topic or not allowed.rows:
            return [plain(row[0]) for row in allowed.rows[:top]], {}
        ranked = near
        if (
            wish.filters and not is_kind and not allowed.is_truncated
        ):  # else more than the role may read at once
            names = frozenset(str(row[1]) for row in allowed.rows)
            ranked = near_best(self.near(wish.topic, names), near, wish.topic)
        order = {name: place for place, name in enumerate(ranked)}
        found = self.keys(wish.filters, list(ranked)).rows if ranked else ()
        rows = sorted(found, key=lambda row: order[str(row[1])])[:top]
        return [plain(row[0]) for row in rows], {plain(row[0]): ranked[str(row[1])] for row in rows}

    # ---- rows -------------------------------------------------------------------------------------------

    @property
    def columns(self) -> dict[str, int]:
        """What a row tells → its column."""
        names = [
            "name",
            *(["price"] if self.source.price else []),
            *(["rating"] if self.source.rating else []),
        ]
        names += ["stock"] if self.stock is not None else []
        return {name: place for place, name in enumerate(names, 1)}

    def rows(self, keys: Sequence[str]) -> Table:
        """The products of the keys, in that order: key, name, price, rating, pieces on hand."""
        source, column = self.source, self.reader.column
        shown = [source.key, source.names[0], *([source.price] if source.price else [])]
        shown += [source.rating] if source.rating else []
        parts = [column(name) for name in shown]
        if self.stock is not None:
            by, pieces = (quoted(name, self.reader.dialect) for name in (self.stock.by, self.stock.column))
            view = quoted(self.stock.view.name, self.reader.dialect)
            own = f"s.{by} = {column(self.stock.of)}"
            parts.append(f"(SELECT SUM(s.{pieces}) FROM {view} AS s WHERE {own}) AS {pieces}")
        where = self._among(keys) if keys else "1 = 0"
        table = self.reader.run(
            f"SELECT {', '.join(parts)} FROM {self.reader.source(source.view)} WHERE {where}"
        )
        order = {key: place for place, key in enumerate(keys)}
        rows = sorted(table.rows, key=lambda row: order[plain(row[0])])
        units = {each.name: each.unit for each in source.view.columns}
        labels = {each.name: units.get(each.name, "") for each in table.columns}
        if source.price and not labels[source.price]:
            labels[source.price] = self.reader.shop.currency
        return replace(table, rows=tuple(rows), keys=frozenset({source.key}), labels=labels)


_MORE = re.compile(r"\b(?:for|with|without|that|which|from|to|in|of)\b", re.I)
"""What stands behind is about the thing and not the thing itself."""
_RUN = re.compile(r"[a-z0-9]{3,}|[\u4e00-\u9fff]{2,}")


def _from_the_end(text: str) -> Iterator[str]:
    """English words and pairs of Chinese characters, the last first."""
    for run in reversed(_RUN.findall(text)):
        if run[0].isascii():
            yield run
        else:
            yield from (run[max(end - 2, 0) : end] for end in range(len(run), 1, -2))


_SENTENCE = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])\s*|\n")


def _match(hit: Hit | None, topic: str) -> Match:
    """The sentence that shares most with the topic; none of a product that has names alone."""
    if hit is None:
        return Match(sentence="", id="")
    sentences = [s.strip() for s in _SENTENCE.split(hit.document.text)]
    if hit.document.kind == "product":
        sentences = [sentence for sentence in sentences if re.search(r"[.!?。！？]$", sentence)]
    wanted = pieces_of(topic)
    best = max(sentences, key=lambda sentence: len(wanted & pieces_of(sentence)), default="")
    return Match(sentence=best, id=_cited(hit).document.id)


def _cited(hit: Hit) -> Hit:
    """As it is cited: a product's id without the hash of its words."""
    document: Document = hit.document
    if document.kind != "product":
        return hit
    return replace(hit, document=replace(document, id=f"product:{key_of(document)}"))
