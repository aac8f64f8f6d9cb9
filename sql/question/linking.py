"""Linking: which views, columns, metrics and values the words of a question mean.

A :class:`Vocabulary` holds every name, synonym and sampled value that a role may see; :func:`link` finds
them in a question by longest match, tolerant of plurals and typing errors in English and by substrings in
Chinese. It decides nothing: a word with two meanings gives two mentions, and drafting chooses among them.
Not covered: meaning beyond shared words ("earnings" for ``revenue`` must stand among the synonyms).

Names that the role may not see are known to the vocabulary too, as ``hidden``, without any value of theirs:
so that "you may not see this" is not answered with "there is none".
"""

from __future__ import annotations

import datetime as dt
import itertools
import logging
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import rjieba
from rapidfuzz import fuzz, process
from sqlglot import exp

from llm.traced import span
from sql.errors import SqlError
from sql.names import quoted
from sql.question.homophones import LEAST, MOST, Sounds
from sql.question.number_ends import holds_phones, is_called_phone, number_end
from sql.question.numbers import Number, find_numbers, zh_number
from sql.question.periods import Period, find_periods
from sql.question.words import (
    NUMBER_WORDS,
    SHAPE_WORDS,
    STOP_WORDS,
    WORD,
    ZH_SHAPE,
    ZH_STOP,
    is_chinese,
    root,
    spaced,
    stem,
)
from sql.record import kind_of
from sql.semantics import Metric, View, ViewColumn
from sql.types import Dialect

if TYPE_CHECKING:
    from sql.shop.workspace import Workspace

logger = logging.getLogger(__name__)

MentionKind = Literal["view", "column", "metric", "value"]

_PAGE = 1_000
_TRUTHS = frozenset(["yes", "no", "y", "n", "true", "false", "t", "f", "是", "否", "有", "无", "对", "不"])
"""Values that say nothing by themselves: 都是 and "no" in a question are none of a column's."""
_MAX_VALUES = 20_000
"""Distinct values read per column; a column with more is searched by pattern instead."""
_MAX_VALUE_LENGTH = 120
_MAX_PHRASE = 8
_TIME_UNITS = frozenset({"day", "week", "month", "quarter", "year", "date", "time", "hour", "日期", "时间"})
_PERSONAL = re.compile(r"e_?mail|phone|passw|iban|card_number|address|street|birth|ssn|passport", re.I)
"""Columns never sampled, whatever shop.yml says, unless they hold a kind or a place."""
_OF_A_KIND = re.compile(
    r"^(?:is_|has_|是否)|(?:^|_)(?:type|kind|status|state|country|country_?code|city|region|province|consent|source|level)$",
    re.I,
)


@dataclass(frozen=True, kw_only=True)
class Mention:
    """One reading of a stretch of the question."""

    kind: MentionKind
    view: str
    name: str
    """Name of the view, column or metric; for a value the column that holds it."""
    value: str | None = None
    """The value as the database spells it; for a ``is_part`` mention the words to search for."""
    start: int
    end: int
    """Exclusive."""
    text: str
    score: float
    """1 for the very words, less for plurals, typing errors and parts; above 0."""
    is_part: bool = False
    """The words are only part of several values ("headphones"): search with LIKE."""


@dataclass(frozen=True, kw_only=True)
class Links:
    """What the words of a question mean."""

    question: str
    mentions: tuple[Mention, ...]
    """In order of appearance; several with the same span are different readings."""
    hidden: tuple[Mention, ...] = ()
    """Readings that the role may not see."""
    periods: tuple[Period, ...] = ()
    numbers: tuple[Number, ...] = ()
    coverage: float = 1.0
    """Share of the content words that a mention or period explains, in [0, 1]; 1 when there is none."""
    unknown: tuple[str, ...] = ()
    """Content words that nothing explains."""

    @property
    def period(self) -> Period | None:
        """The first period named, if any."""
        return self.periods[0] if self.periods else None


@dataclass(frozen=True)
class _Target:
    """What a phrase stands for."""

    kind: MentionKind
    view: str
    name: str
    value: str | None = None
    is_hidden: bool = False
    weight: float = 1.0


@dataclass
class Vocabulary:
    """Every phrase of one shop as one role sees it. Build once, share between threads, never changed
    after."""

    views: tuple[View, ...]
    """What the role may see, masked columns left out."""
    metrics: tuple[Metric, ...]
    phrases: dict[str, list[_Target]] = field(default_factory=lambda: defaultdict(list), repr=False)
    """Stemmed words joined by a space → targets."""
    roots: dict[str, list[_Target]] = field(default_factory=lambda: defaultdict(list), repr=False)
    """The same for single words by their coarser root; names only."""
    chinese: dict[str, list[_Target]] = field(default_factory=lambda: defaultdict(list), repr=False)
    values: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict, repr=False)
    """``(view, column)`` → sampled values."""
    whole_values: set[tuple[str, str]] = field(default_factory=set, repr=False)
    """Those columns of :attr:`values` that hold no others."""
    money: tuple[Metric, ...] = ()
    """Metrics that sum the bound ``amount``: what "how much did we take" means when nothing else is named."""
    is_drafted: bool = False
    """Whether a program wrote the description and nobody has read it yet."""
    pieces: tuple[Metric, ...] = ()
    """Metrics that sum the bound ``quantity``: what "how many were sold" means."""

    @cached_property
    def refunds(self) -> tuple[_Target, ...]:
        """What tells the money that was paid back, where little does: metrics, else columns of refunds."""
        found = [
            _Target("metric", m.view, m.name)
            for m in self.metrics
            if any(_REFUNDED.search(spaced(text)) for text in (m.name, *m.synonyms))
        ]
        found = found or [
            _Target("column", view.name, column.name)
            for view in self.views
            if _OF_REFUNDS.search(" ".join([spaced(view.name), *view.synonyms]))
            for column in view.columns
            if column.type == "number"
            and any(_REFUNDED.search(spaced(text)) for text in (column.name, *column.synonyms))
        ]
        return tuple(found) if len(found) <= _MOST_REFUNDS else ()

    @cached_property
    def phones(self) -> tuple[_Target, ...]:
        """The columns of telephone numbers, those that the role may not see as such."""
        named = [
            (t, spaced(t.name)) for targets in self.phrases.values() for t in targets if t.kind == "column"
        ]
        columns = {(t.view, t.name, t.is_hidden) for t, name in named if is_called_phone(name)}
        columns |= {(v.name, c.name, False) for v in self.views for c in v.columns if holds_phones(c)}
        return tuple(_Target("value", view, name, is_hidden=hidden) for view, name, hidden in sorted(columns))

    @cached_property
    def sounds(self) -> Sounds:
        """The Chinese phrases by how they sound; made when a question first asks for it."""
        return Sounds(self.chinese)

    @property
    def is_plain(self) -> bool:
        """Whether these are a database's own tables, which nobody has given words yet."""
        if self.is_drafted:
            return True
        columns = [c for v in self.views for c in v.columns]
        has_words = any(spaced(s) != spaced(c.name) for c in columns for s in c.synonyms)
        return all(v.sql is None for v in self.views) and not has_words

    @classmethod
    def build(cls, workspace: Workspace) -> Vocabulary:
        """Read names from the shop and sample values through the guard, within the role's limits."""
        visible = workspace.guard.views
        dialect = workspace.catalog.dialect
        metrics = visible_metrics(workspace.shop.metrics, visible, dialect)
        vocabulary = cls(views=visible, metrics=metrics, is_drafted=workspace.shop.is_drafted)
        for view in visible:
            vocabulary._add_view(view)
        for metric in metrics:
            vocabulary._add_names(metric.name, metric.synonyms, _Target("metric", metric.view, metric.name))
        vocabulary.money = _bound(workspace.shop.bindings.get("amount", ""), metrics, dialect)
        vocabulary.pieces = _bound(workspace.shop.bindings.get("quantity", ""), metrics, dialect)
        vocabulary._add_hidden(workspace.shop.views, workspace.shop.metrics)
        vocabulary._sample(workspace)
        return vocabulary

    def view(self, name: str) -> View | None:
        """The visible view of that name, or ``None``."""
        return next((v for v in self.views if v.name == name), None)

    def metric(self, name: str) -> Metric | None:
        """The visible metric of that name, or ``None``."""
        return next((m for m in self.metrics if m.name == name), None)

    # --- building ---

    def _add_view(self, view: View) -> None:
        self._add_names(view.name, view.synonyms, _Target("view", view.name, view.name))
        for column in view.columns:
            self._add_names(column.name, column.synonyms, _Target("column", view.name, column.name))
            if column.type in ("date", "timestamp") and (
                verb := re.fullmatch(r"(\w+ed)_(?:at|on|date)", column.name)
            ):
                self._add_phrase(verb[1], _Target("column", view.name, column.name), is_name=True)
            for value, words in column.values.items():
                for word in (value, *words) if column.type == "text" else words:
                    self._add_phrase(word, _Target("value", view.name, column.name, value), is_name=True)

    def _add_names(self, name: str, synonyms: Iterable[str], target: _Target) -> None:
        self._add_phrase(spaced(name), target, is_name=True)
        for synonym in synonyms:
            if (
                target.kind != "column" or stem(synonym) not in _TIME_UNITS
            ):  # "per week" groups, it names nothing
                self._add_phrase(synonym, target, is_name=True)

    def _add_hidden(self, views: Sequence[View], metrics: Sequence[Metric]) -> None:
        seen = {(v.name, c.name) for v in self.views for c in v.columns}
        for view in views:
            if not any(v.name == view.name for v in self.views):
                self._add_names(
                    view.name, view.synonyms, _Target("view", view.name, view.name, is_hidden=True)
                )
            for column in view.columns:
                if (view.name, column.name) not in seen:
                    target = _Target("column", view.name, column.name, is_hidden=True)
                    self._add_names(column.name, column.synonyms, target)
        for metric in metrics:
            if not metric.is_composed and not any(m.name == metric.name for m in self.metrics):
                target = _Target("metric", metric.view, metric.name, is_hidden=True)
                self._add_names(metric.name, metric.synonyms, target)

    def _add_phrase(self, phrase: str, target: _Target, *, is_name: bool = False) -> None:
        if is_chinese(phrase):
            _append(self.chinese, phrase.strip().casefold(), target)
            return
        words = [stem(w) for w in WORD.findall(phrase)]
        if not words or len(words) > _MAX_PHRASE:
            return
        _append(self.phrases, " ".join(words), target)
        if is_name and len(words) == 1 and len(words[0]) > 3:
            _append(self.roots, root(words[0]), target)

    def _sample(self, workspace: Workspace) -> None:
        for view in self.views:
            for column in view.columns:
                is_personal = _PERSONAL.search(column.name) and not _OF_A_KIND.search(column.name)
                if column.sampled and column.type == "text" and not is_personal:
                    values, is_whole = _distinct_values(workspace, view, column)
                    self.add_values(view.name, column.name, values)
                    if is_whole:
                        self.whole_values.add((view.name, column.name))

    def add_values(self, view: str, column: str, values: Sequence[str]) -> None:
        """Make ``values`` of a column known, for questions that name them whole or in part."""
        self.values[view, column] = tuple(values)
        for value in values:
            if value.strip().casefold() in _TRUTHS:
                continue
            self._add_phrase(value, _Target("value", view, column, value))
            if is_chinese(value) and (spoken := value.replace(" ", "").casefold()) != value.casefold():
                _append(self.chinese, spoken, _Target("value", view, column, value))

    def is_name(self, word: str) -> bool:
        """Whether a word stands in a name, a synonym or a sampled value."""
        word = stem(word)
        return word in self.phrases or word in self.name_words or word in self.value_words

    # --- indexes derived once ---

    @cached_property
    def name_phrases(self) -> tuple[str, ...]:
        """Phrases of names and synonyms, for typing errors; values are searched by word."""
        return tuple(
            p for p, targets in self.phrases.items() if len(p) > 3 and any(t.kind != "value" for t in targets)
        )

    @cached_property
    def name_words(self) -> dict[str, list[_Target]]:
        """Stemmed word → columns and views whose longer name has it."""
        index: dict[str, list[_Target]] = {}
        for phrase, targets in self.phrases.items():
            for word in phrase.split() if " " in phrase else ():
                for target in targets:
                    if target.kind != "value":
                        _append(index, word, target)
        return index

    @cached_property
    def value_words(self) -> dict[str, list[int]]:
        """Stemmed word → positions in :attr:`value_list` of the values that contain it, ascending."""
        index: dict[str, list[int]] = defaultdict(list)
        for at, (_, _, value) in enumerate(self.value_list):
            for word in {stem(w) for w in WORD.findall(value)}:
                index[word].append(at)
        return dict(index)

    @cached_property
    def value_list(self) -> tuple[tuple[str, str, str], ...]:
        """All sampled values as (view, column, value)."""
        return tuple((v, c, value) for (v, c), values in self.values.items() for value in values)

    @cached_property
    def chinese_values(self) -> tuple[tuple[str, str, str], ...]:
        """Those of :attr:`value_list` with Chinese in them."""
        return tuple(v for v in self.value_list if is_chinese(v[2]))

    @cached_property
    def fuzzy_words(self) -> dict[str, list[str]]:
        """First letter → words of values long enough to be recognised with a typing error after it."""
        words: dict[str, list[str]] = defaultdict(list)
        for word in self.value_words:
            if len(word) > 4 and not word.isdecimal() and not is_chinese(word):
                words[word[0]].append(word)
        return dict(words)

    @cached_property
    def longest_chinese(self) -> int:
        """Characters of the longest Chinese phrase."""
        return max((len(p) for p in self.chinese), default=0)


def _bound(place: str, metrics: Sequence[Metric], dialect: Dialect) -> tuple[Metric, ...]:
    """The metrics that are the sum of a bound column."""
    view, _, column = place.partition(".")
    return tuple(
        metric
        for metric in metrics
        if metric.view == view and (metric.summed(dialect) or "").lower() == column.lower()
    )


def _append(index: dict[str, list[_Target]], phrase: str, target: _Target) -> None:
    targets = index.setdefault(phrase, [])
    if target not in targets:
        targets.append(target)


def visible_metrics(metrics: Sequence[Metric], views: Sequence[View], dialect: Dialect) -> tuple[Metric, ...]:
    """The metrics that the role may see; one made of others where it may see each name in it."""
    seen = {m.name.lower() for m in metrics if not m.is_composed and _is_visible(m, views, dialect)}
    names = seen | {c.name.lower() for v in views for c in v.columns}
    composed = [m for m in metrics if m.is_composed]
    for _ in composed:  # one may be made of others that are made of others
        for metric in composed:
            said = {m[0].lower() for m in re.finditer(r"(?!\d)\w+(?!\w*\()", metric.sql)}
            if said <= names:
                seen.add(metric.name.lower())
                names.add(metric.name.lower())
    return tuple(m for m in metrics if m.name.lower() in seen)


def _is_visible(metric: Metric, views: Sequence[View], dialect: Dialect) -> bool:
    """Whether the role sees every column that the metric is made of, the one that places it in time too."""
    view = next((v for v in views if v.name == metric.view), None)
    if view is None:
        return False
    names = [c.name for c in metric.tree(dialect).find_all(exp.Column)]
    names += [name for name in (metric.time, metric.last) if name is not None]
    return all(view.column(name) is not None for name in names)


def _distinct_values(workspace: Workspace, view: View, column: ViewColumn) -> tuple[list[str], bool]:
    """Distinct texts of a column, page by page, and whether these are all of them."""
    is_whole = False
    values: list[str] = []
    dialect = workspace.catalog.dialect
    name, table = quoted(column.name, dialect), quoted(view.name, dialect)
    page = min(_PAGE, workspace.role.limits.max_rows)
    while len(values) < _MAX_VALUES:
        sql = (
            f"SELECT DISTINCT {name} FROM {table} WHERE {name} IS NOT NULL "
            f"ORDER BY 1 LIMIT {page} OFFSET {len(values)}"
        )
        try:
            rows = workspace.run(sql).rows
        except SqlError as error:
            logger.warning("values of %s.%s are not known: %s", view.name, column.name, kind_of(error))
            break
        values.extend(str(row[0]) for row in rows)
        if len(rows) < page:
            # a role that sees groups only has the small ones hidden here too
            is_whole = workspace.role.minimum_group is None
            break
    short = [v for v in values if v.strip() and len(v) <= _MAX_VALUE_LENGTH]
    return short, is_whole and all(len(v) <= _MAX_VALUE_LENGTH for v in values)


# --- linking a question ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Token:
    text: str
    stem: str
    start: int
    end: int


@dataclass(frozen=True)
class _Match:
    start: int
    end: int
    score: float
    targets: tuple[_Target, ...]
    part: str | None = None


@span("link")
def link(question: str, vocabulary: Vocabulary, today: dt.date) -> Links:
    """Find what ``question`` means in the shop's words. Takes milliseconds, needs no model.

    Args:
        today: the shop's day, for periods such as "last month".
    """
    words = [
        _Token(m[0], stem(m[0]), m.start(), m.end()) for m in WORD.finditer(question) if not is_chinese(m[0])
    ]
    periods = _not_in_names(find_periods(question, today), words, vocabulary)
    tokens = [t for t in words if not _inside(t.start, t.end, periods)]
    matches = _exact(tokens, vocabulary) + _chinese(question, periods, vocabulary)
    matches += _identifiers(question, periods, vocabulary)
    matches += _parts(tokens, matches, vocabulary) + _chinese_parts(question, periods, matches, vocabulary)
    matches += _typing_errors(tokens, matches, vocabulary)
    matches += _homophones(question, periods, matches, vocabulary)
    matches += _name_parts(tokens, matches, vocabulary)
    matches += _number_ends(question, vocabulary)
    kept = [m for m in _longest(matches) if not _is_verb(question, m)]
    kept += _trade(question, kept, vocabulary)
    mentions = sorted(
        dict.fromkeys(mention for match in kept for mention in _mentions(question, match, hidden=False)),
        key=lambda m: (m.start, -m.end, -m.score),
    )
    hidden = dict.fromkeys(mention for match in kept for mention in _mentions(question, match, hidden=True))
    numbers = _numbers(question, periods, kept)
    covered, content = _coverage(question, tokens, kept, periods)
    unknown = tuple(dict.fromkeys(w for w, is_covered in content if not is_covered))
    return Links(
        question=question,
        mentions=tuple(mentions),
        hidden=tuple(sorted(hidden, key=lambda m: m.start)),
        periods=periods,
        numbers=numbers,
        coverage=covered,
        unknown=unknown,
    )


_FEAST = re.compile(r"[a-z]{4,}.*(?:friday|monday|day|eve|halloween)|双|[节旦诞]", re.I)


def _not_in_names(
    periods: tuple[Period, ...], words: Sequence[_Token], vocabulary: Vocabulary
) -> tuple[Period, ...]:
    """Periods but for those that are part of a longer name: "Black Friday 2025" is a campaign."""
    if not periods:
        return periods
    names = [
        m for m in _exact(words, vocabulary) if all(t.kind == "value" for t in m.targets) and m.score == 1.0
    ]
    return tuple(
        p
        for p in periods
        if not any(
            m.start <= p.first
            and p.last <= m.end
            # a value that is called like a day of shopping is meant; one that is called like a year is not
            and (m.end - m.start > p.last - p.first or _FEAST.search(p.text))
            for m in names
        )
    )


def _inside(start: int, end: int, periods: Sequence[Period]) -> bool:
    return any(p.first <= start and end <= p.last for p in periods)


def _mentions(question: str, match: _Match, *, hidden: bool) -> list[Mention]:
    return [
        Mention(
            kind=t.kind,
            view=t.view,
            name=t.name,
            value=match.part if match.part is not None and t.kind == "value" else t.value,
            start=match.start,
            end=match.end,
            text=question[match.start : match.end],
            score=match.score * t.weight,
            is_part=match.part is not None and t.kind == "value",
        )
        for t in match.targets
        if t.is_hidden == hidden
    ]


def _exact(tokens: Sequence[_Token], vocabulary: Vocabulary) -> list[_Match]:
    """Every run of words that is a known phrase; the coarser root only for single words."""
    matches = []
    for first in range(len(tokens)):
        for last in range(first, min(first + _MAX_PHRASE, len(tokens))):
            phrase = " ".join(t.stem for t in tokens[first : last + 1])
            if targets := vocabulary.phrases.get(phrase):
                if first == last and _says_little(tokens[first], targets):
                    continue
                matches.append(_Match(tokens[first].start, tokens[last].end, 1.0, tuple(targets)))
        token = tokens[first]
        is_open = (
            token.stem not in vocabulary.phrases and token.text.casefold() not in STOP_WORDS | SHAPE_WORDS
        )
        if is_open and (targets := vocabulary.roots.get(root(token.text))):
            matches.append(_Match(token.start, token.end, 0.8, tuple(targets)))
    return matches


def _says_little(token: _Token, targets: Sequence[_Target]) -> bool:
    """Whether a single word is too common to stand for what it happens to match ("new" as a value)."""
    word = token.text.casefold()
    if word in STOP_WORDS - {"name", "names"}:
        return True
    return word in SHAPE_WORDS and all(t.kind == "value" for t in targets)


_MEASURED = re.compile(r"[0-9一二两三四五六七八九十百千万半几多每各这那哪整某]$")
"""What stands before a measure word: 个 in 每个月 is no unit of goods, whatever a column holds."""


def _chinese(question: str, periods: Sequence[Period], vocabulary: Vocabulary) -> list[_Match]:
    """Every substring that is a known Chinese phrase, outside of time expressions."""
    folded = question.casefold()
    matches = []
    for start in range(len(folded)):
        for end in range(start + 1, min(start + vocabulary.longest_chinese, len(folded)) + 1):
            targets = vocabulary.chinese.get(folded[start:end])
            is_measure = end == start + 1 and (folded[start] in _MEASURES or _MEASURED.search(folded[:start]))
            if targets and is_measure:
                targets = [t for t in targets if t.kind != "value"]
            if targets and not any(p.first < end and start < p.last for p in periods):
                matches.append(_Match(start, end, 1.0, tuple(targets)))
    return matches


_MEASURES = frozenset("件台提个袋盒瓶包箱条张双套份本支只把斤克升对组批次款种类位名单笔家")
"""Signs that count things, or stand in many words; a column of units has them as values."""
_IDENTIFIER = re.compile(
    (
        r"([A-Za-z]+|订单|客户|顾客|商品|产品|工单|退货|评论)\s*(?:number|no\.?|id|nr\.?|code|编号"
        r"|号)?\s*[#:：]?\s*(\d+)(?![\d.,]*\d|%)"
    ),
    re.I,
)
_ZH_THINGS = {"订单": "order", "客户": "customer", "顾客": "customer", "商品": "product", "产品": "product"}
_ZH_THINGS |= {"工单": "ticket", "退货": "return", "评论": "review"}


def _identifiers(question: str, periods: Sequence[Period], vocabulary: Vocabulary) -> list[_Match]:
    """Keys that the question names, such as "order 1234": equal to the integer column ``order_id``."""
    matches = []
    for m in _IDENTIFIER.finditer(question):
        thing = _ZH_THINGS.get(m[1], stem(m[1]))
        targets = tuple(
            _Target("value", view.name, column.name, m[2])
            for view in vocabulary.views
            for column in view.columns
            if column.type == "integer"
            and spaced(column.name) in (f"{thing} id", f"{thing} number", f"{thing} no")
        )
        if targets and not _inside(m.start(2), m.end(2), periods):
            matches.append(_Match(m.start(), m.end(), 1.0, targets))
    return matches


def _free(tokens: Sequence[_Token], matches: Sequence[_Match]) -> list[list[_Token]]:
    """Runs of neighbouring words that no match explains yet."""
    runs: list[list[_Token]] = [[]]
    for token in tokens:
        if any(m.start <= token.start and token.end <= m.end for m in matches):
            runs.append([])
        else:
            runs[-1].append(token)
    return [run for run in runs if run]


_MAX_PART_VALUES = 3


def _parts(tokens: Sequence[_Token], matches: Sequence[_Match], vocabulary: Vocabulary) -> list[_Match]:
    """Words that are part of sampled values: the value itself when few have them, else a search by
    pattern."""
    index = vocabulary.value_words
    found = []
    first = 0
    while first < len(tokens):
        best: tuple[int, list[int]] | None = None
        common: set[int] | None = None
        for last in range(first, min(first + _MAX_PHRASE, len(tokens))):
            at = index.get(tokens[last].stem)
            common = set(at or ()) if common is None else common & set(at or ())
            if not common:
                break
            best = (last, sorted(common))
        if best is None:
            first += 1
            continue
        last, places = best
        run = tokens[first : last + 1]
        if match := _part_match(run, places, matches, vocabulary):
            found.append(match)
            first = last + 1
        else:
            first += 1
    return found


def _part_match(
    run: Sequence[_Token], places: Sequence[int], matches: Sequence[_Match], vocabulary: Vocabulary
) -> _Match | None:
    while run and run[-1].text.casefold() in STOP_WORDS | SHAPE_WORDS:
        run = run[:-1]
        places = sorted(set.intersection(*(set(vocabulary.value_words[t.stem]) for t in run))) if run else []
    content = [t for t in run if t.text.casefold() not in STOP_WORDS | SHAPE_WORDS]
    if not content or any(m.start <= run[0].start and run[-1].end <= m.end for m in matches):
        return None
    # One small word in lower case ("back", "rain") is more likely itself than part of a name.
    if len(content) == 1 and len(run) == 1:
        word = content[0].text
        if word.isdecimal() or len(word) < 4 or (len(word) < 5 and word.islower()):
            return None
    by_value: dict[tuple[str, str, str], None] = dict.fromkeys(vocabulary.value_list[p] for p in places)
    distinct = {value for _, _, value in by_value}
    start, end = run[0].start, run[-1].end
    if len(distinct) <= _MAX_PART_VALUES and (len(run) > 1 or len(distinct) == 1):
        longest = min(len(WORD.findall(v)) for v in distinct)
        score = 0.6 + 0.3 * len(run) / max(longest, len(run))
        return _Match(start, end, score, tuple(_Target("value", v, c, value) for v, c, value in by_value))
    columns = dict.fromkeys((v, c) for v, c, _ in by_value)
    words = " ".join(t.text for t in run)
    written = run[0].text + "".join(" " * (b.start > a.end) + b.text for a, b in itertools.pairwise(run))
    if any(written.casefold() in value.casefold() for value in distinct):
        words = written  # 18V
    return _Match(start, end, 0.7, tuple(_Target("value", v, c) for v, c in columns), part=words)


def _chinese_parts(
    question: str, periods: Sequence[Period], matches: Sequence[_Match], vocabulary: Vocabulary
) -> list[_Match]:
    """Chinese words that are part of sampled values."""
    values = vocabulary.chinese_values
    found: list[_Match] = []
    if not values or not is_chinese(question):
        return found
    words = chinese_words(question)
    done = 0
    for n, (word, start, end) in enumerate(words):
        if start < done or len(word) < 2 or word in ZH_STOP or word in ZH_SHAPE:
            continue
        if _inside(start, end, periods) or any(m.start < end and start < m.end for m in matches):
            continue
        hits = [v for v in values if word in v[2]]
        if not hits:
            continue
        # 充电 and 台灯 side by side are a 充电台灯 where a value has the whole: neither alone is meant.
        for _, next_start, next_end in words[n + 1 :]:
            longer = question[start:next_end]
            whole = [v for v in hits if longer in v[2]] if next_start == end else []
            if not whole:
                break
            word, end, hits = longer, next_end, whole
        done = end
        if len({value for _, _, value in hits}) <= _MAX_PART_VALUES:
            found.append(
                _Match(start, end, 0.7, tuple(_Target("value", v, c, value) for v, c, value in hits))
            )
        else:
            columns = dict.fromkeys((v, c) for v, c, _ in hits)
            found.append(
                _Match(start, end, 0.7, tuple(_Target("value", v, c) for v, c in columns), part=word)
            )
    return found


def _typing_errors(
    tokens: Sequence[_Token], matches: Sequence[_Match], vocabulary: Vocabulary
) -> list[_Match]:
    """Near spellings of names and of words in values, for words that nothing else explains."""
    found = []
    for run in _free(tokens, matches):
        for token in run:
            word = token.stem
            if len(word) < 5 or word.isdecimal() or token.text.casefold() in STOP_WORDS | SHAPE_WORDS:
                continue
            near = process.extractOne(word, vocabulary.name_phrases, scorer=fuzz.ratio, score_cutoff=84)
            if near:
                found.append(_Match(token.start, token.end, 0.6, tuple(vocabulary.phrases[near[0]])))
                continue
            words = vocabulary.fuzzy_words.get(word[0], ())
            near = process.extractOne(word, words, scorer=fuzz.ratio, score_cutoff=86)
            if near and (targets := vocabulary.phrases.get(near[0])):
                found.append(_Match(token.start, token.end, 0.6, tuple(targets)))
    return found


def _homophones(
    question: str, periods: Sequence[Period], matches: Sequence[_Match], vocabulary: Vocabulary
) -> list[_Match]:
    """Chinese names of which a character is another of the same sound, between words that are explained."""
    spans = [*((m.start, m.end) for m in matches), *((p.first, p.last) for p in periods)]
    taken = {at for start, end in spans for at in range(start, end)}

    def is_edge(at: int) -> bool:
        is_outside = not 0 <= at < len(question) or at in taken
        return is_outside or not is_chinese(question[at]) or question[at] in ZH_STOP | ZH_SHAPE

    found = []
    for run in re.finditer(r"[\u4e00-\u9fff]+", question):
        for start in range(run.start(), run.end()):
            for end in range(min(run.end(), start + MOST), start + LEAST - 1, -1):
                if taken & set(range(start, end)):
                    continue
                text = question[start:end]
                is_whole = end - start > LEAST or (is_edge(start - 1) and is_edge(end))
                if text in ZH_STOP or text in ZH_SHAPE or not is_whole:
                    continue
                meant = vocabulary.sounds.meant(text)
                # 陕西 is a word, and no 山西
                if meant is not None and len(rjieba.cut(text, False)) > 1:
                    found.append(_Match(start, end, 0.6, tuple(vocabulary.chinese[meant])))
                    taken |= set(range(start, end))
    return found


_MAX_NAME_PARTS = 12


def _name_parts(tokens: Sequence[_Token], matches: Sequence[_Match], vocabulary: Vocabulary) -> list[_Match]:
    """Single words of longer names ("type" of ``card_type_code``), where nobody has described the tables."""
    if not vocabulary.is_plain:
        return []
    found = []
    for run in _free(tokens, matches):
        for token in run:
            targets = vocabulary.name_words.get(token.stem, ())
            if 0 < len(targets) <= _MAX_NAME_PARTS and token.text.casefold() not in STOP_WORDS - {
                "name",
                "names",
            }:
                found.append(_Match(token.start, token.end, 0.5, tuple(targets)))
    return found


def _longest(matches: Sequence[_Match]) -> list[_Match]:
    """Drop matches inside longer ones; a view's name inside a longer phrase stays, at half its score.

    So does a value of that view: "failed payments" are orders in a state, and payments in another.
    """
    kept: list[_Match] = []
    for match in sorted(matches, key=lambda m: (m.start - m.end, -m.score, m.start)):
        over = [k for k in kept if match.start < k.end and k.start < match.end]
        if not over:
            kept.append(match)
        elif all(k.start <= match.start and match.end <= k.end for k in over):
            same = any((k.start, k.end) == (match.start, match.end) for k in over)
            named = {
                t.view
                for other in matches
                for t in other.targets
                if t.kind == "view" and any(_is_part_of(other, k) for k in over)
            }
            stay = tuple(
                t for t in match.targets if t.kind == "view" or (t.kind == "value" and t.view in named)
            )
            new = tuple(t for t in (match.targets if same else stay) if not any(t in k.targets for k in over))
            if new:
                kept.append(
                    _Match(match.start, match.end, match.score * (1 if same else 0.5), new, match.part)
                )
    return kept


def _is_part_of(match: _Match, longer: _Match) -> bool:
    """Whether a match lies inside a longer one that says a value."""
    return (
        longer.start <= match.start
        and match.end <= longer.end
        and (match.start, match.end) != (longer.start, longer.end)
        and all(t.kind == "value" for t in longer.targets)
    )


_TAKEN = re.compile(
    r"\b(?:how much (?:money |cash )?(?:did|do|have|has) (?:we|i|the shop|the store)|(?:did "
    r"|do |have |has )?we (?:take|took|taken|make|made"
    r"|earn|earned)\b|money|cash|(?<!\d )(?<!\d)euros?|earn(?:ed)?|bring in|brought in|brings "
    r"in|bringing in)|(?<!time )\bspen(?:ds?|t|ding)\b"
    r"|花了(?!.{0,2}(?:几|多久|多长|\d+天))|消费(?![者税品])"
    r"|赚了?|进账|多少钱|卖得?了?多少欧|(?<!\d)(?<!\d )(?<!万)欧元",
    re.I,
)
_SOLD = re.compile(
    r"\b(?:sell|sold|sells|selling|seller|sellers|bought|buy|purchased?)\b|卖出?了?得?|售出|售卖|买了?", re.I
)


def _number_ends(question: str, vocabulary: Vocabulary) -> list[_Match]:
    """The end of a telephone number, in every column of them: no values of theirs are known."""
    told = number_end(question)
    if told is None or not told.is_phone or not vocabulary.phones:
        return []
    return [_Match(told.start, told.end, 0.9, vocabulary.phones, part=told.digits)]


def _trade(question: str, matches: Sequence[_Match], vocabulary: Vocabulary) -> list[_Match]:
    """Plain words for buying and selling, where the question names no metric and no number of its own."""
    kept = [m for m in matches if m.score >= 0.6]
    back = _PAID_BACK.search(question)
    if back is not None and vocabulary.refunds:
        return [_Match(back.start(), back.end(), 0.7, vocabulary.refunds)]
    if any(t.kind == "metric" and not t.is_hidden for m in kept for t in m.targets):
        return []
    found: list[_Match] = []
    sold, taken = _SOLD.search(question), _TAKEN.search(question)
    counts = re.search(r"\b(?:how many|units|pieces|number of|quantity)\b|件|数量|多少个", question, re.I)
    money = [_Target("metric", m.view, m.name) for m in vocabulary.money]
    pieces = [_Target("metric", m.view, m.name) for m in vocabulary.pieces]
    if (by := _BY_MONEY.search(question)) and money:
        found.append(_Match(by.start(), by.end(), 0.7, tuple(money)))
    elif (by := _BY_PIECES.search(question)) and pieces:
        found.append(_Match(by.start(), by.end(), 0.7, tuple(pieces)))
    elif sold and counts and pieces:
        found.append(_Match(sold.start(), sold.end(), 0.7, tuple(pieces)))
    elif taken and money:
        found.append(_Match(taken.start(), taken.end(), 0.7, tuple(money)))
    elif sold and (money or pieces):
        found.append(_Match(sold.start(), sold.end(), 0.7, tuple(money + pieces)))
    elif (best := _BEST.search(question)) and not _has_number(matches, vocabulary):
        found.append(_Match(best.start(), best.end(), 0.6, tuple(pieces + money)))

    if (loss := _LOSS.search(question)) and (profit := vocabulary.phrases.get("profit")):
        found.append(_Match(loss.start(), loss.end(), 0.7, tuple(profit)))

    def is_taken(match: _Match) -> bool:
        """Whether other words than those for a view stand there."""
        over = [m for m in matches if m.start < match.end and match.start < m.end]
        return any(t.kind != "view" for m in over for t in m.targets)

    return [f for f in found if f.targets and not is_taken(f)]


_PAID_BACK = re.compile(
    r"\b(?:paid|pay|gave|give|given) (?:\w+ )?back\b|\bmoney (?:we )?(?:paid |gave )?back\b"
    r"|\b(?:total|how much|amount|sum)\b[^?.;]{0,20}\brefund(?:ed)?\b|\brefund(?:ed)? (?:sum|money)\b"
    r"|退(?:出去|给\S{1,4}|回去|回|掉)?的(?:钱|金额|款)"
    r"|退(?:出去|给\S{1,4}|回去|掉)?了?(?:总共|一共)?多少钱",
    re.I,
)
"""Money that goes back to those who paid."""
_REFUNDED = re.compile(
    r"\brefund(?:ed)? (?:amount|price|total|money|fee)|\btotal refund"
    r"|退款(?:金额|价格|总额|合计)|退[款回]金额",
    re.I,
)
_OF_REFUNDS = re.compile(r"\b(?:refund|return|creditmemo|credit memo|credit note)s?\b|退款|退货", re.I)
_MOST_REFUNDS = 3
_BY_MONEY = re.compile(r"\b(?:by (?:value|money)|in (?:value|money))\b|按(?:销售)?金额|按钱算?", re.I)
_BY_PIECES = re.compile(r"\b(?:by|in) (?:units|pieces|volume)\b|按(?:件数|数量|销量)", re.I)
_LOSS = re.compile(
    r"\b(?:los(?:e|es|ing|t) (?:us )?money|at a loss|(?:make|makes|making|made) (?:a |us )?loss(?:es)?"
    r"|unprofitable|in the red)\b|亏(?:损|本|钱)?",
    re.I,
)
_BEST = re.compile(r"\b(?:top|best[- ]?sell\w*|most popular|popular)\b|热销|畅销|最受欢迎|卖得最好", re.I)


def _has_number(matches: Sequence[_Match], vocabulary: Vocabulary) -> bool:
    """Whether the question names a column that can be ranked by itself."""
    for match in matches:
        for target in match.targets:
            view = vocabulary.view(target.view) if target.kind == "column" else None
            column = view.column(target.name) if view else None
            if column and column.type in ("integer", "number") and not spaced(column.name).endswith(" id"):
                return True
    return False


def _is_verb(question: str, match: _Match) -> bool:
    """ "Return the names …", "Order them by …" and "Name the products" are commands."""
    word = question[match.start : match.end].casefold()
    if word == "ups" and re.search(
        r"\b(?:sign|pick|follow|set|start|close|top)[- ]?$", question[: match.start], re.I
    ):
        return True
    if word == "paid" and re.match(r"\s+back\b", question[match.end :], re.I):
        return True
    if word == "open" and re.search(r"\b(?:we|they|you|I|he|she)\s+$", question[: match.start], re.I):
        return True
    if word.startswith("少") and question[: match.start].endswith("多"):
        return True  # 多少件 is how many, and no 少件
    if word not in ("return", "order", "sort", "rank", "review", "name"):
        return False
    after = question[match.end :]
    at_start = not question[: match.start].strip() or question[: match.start].rstrip().endswith(
        (",", ".", ";", "?", ":")
    )
    return (
        at_start and re.match(r"\s+(the|all|me|a|an|any|each|every|them|it|by)\b", after, re.I) is not None
    ) or (word == "order" and re.match(r"\s+(them |it |the results? |by\b)", after, re.I) is not None)


_SHORT_CODE = 3
"""Digits up to which a value may as well be a number."""
_DURATION = re.compile(
    r"\b(?:than|over|under|least|most|within)\s+(an?|one|two|three|four|\d{1,4})\s+weeks?\b", re.I
)
"""A length of time, counted in days; columns hold days."""


def _numbers(question: str, periods: Sequence[Period], matches: Sequence[_Match]) -> tuple[Number, ...]:
    """Numbers in digits and in words, outside of periods and of values such as "Headphones 300"."""
    taken = [(p.first, p.last) for p in periods]
    taken += [
        (m.start, m.end)
        for m in matches
        if m.end - m.start > 1
        and any(t.kind == "value" for t in m.targets)
        # ten products are wanted, though a warehouse is called 10
        and not (question[m.start : m.end].isdecimal() and m.end - m.start <= _SHORT_CODE)
    ]

    def is_free(start: int, end: int) -> bool:
        return all(end <= a or start >= b for a, b in taken)

    found = [n for n in find_numbers(question) if is_free(n.start, n.end)]
    for m in _DURATION.finditer(question):
        if not is_free(m.start(), m.end()):
            continue  # "more than a week ago" is a period
        count = NUMBER_WORDS.get(m[1].casefold(), 1) if not m[1].isdecimal() else int(m[1])
        found = [n for n in found if not m.start() <= n.start < m.end()]
        found.append(
            Number(value=count * 7, start=m.start(1), end=m.end(), text=m[0][m.start(1) - m.start() :])
        )
    return tuple(sorted(found, key=lambda n: n.start))


def chinese_words(question: str) -> list[tuple[str, int, int]]:
    """Chinese words, each with its start and end."""
    words = []
    at = 0
    for word in rjieba.cut(question):
        start = question.find(word, at)
        if start < 0:
            continue
        at = start + len(word)
        if is_chinese(word):
            words.append((word, start, at))
    return words


def _coverage(
    question: str, tokens: Sequence[_Token], matches: Sequence[_Match], periods: Sequence[Period]
) -> tuple[float, list[tuple[str, bool]]]:
    """Share of content words explained, and each content word with whether it is."""
    spans = [(m.start, m.end) for m in matches] + [(p.first, p.last) for p in periods]

    def is_covered(start: int, end: int) -> bool:
        return any(a < end and start < b for a, b in spans)

    content = []
    for token in tokens:
        word = token.text.casefold()
        if word[0].isdigit() or len(word) < 2:
            continue
        known = is_covered(token.start, token.end)
        if known or not (
            word in STOP_WORDS or word in SHAPE_WORDS or token.stem in SHAPE_WORDS or word in NUMBER_WORDS
        ):
            content.append((token.text, known))
    for word, start, end in chinese_words(question):
        known = is_covered(start, end)
        is_small = word in ZH_STOP or word in ZH_SHAPE or all(c in ZH_STOP or c in ZH_SHAPE for c in word)
        if (known or not is_small) and zh_number(word) is None:
            content.append((word, known))
    if not content:
        return 1.0, content
    return sum(known for _, known in content) / len(content), content
