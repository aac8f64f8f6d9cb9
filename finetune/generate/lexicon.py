"""How people say the things of a shop in English and Chinese: nouns, verbs and values, from ``shop.yml``.

Read from names and synonyms by the rules of ``words.yml``. A word that two things of a view share is left
out, for a question with it has two right answers. Personal columns and running text do not appear at all.
"""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml

from sql.question.words import is_chinese
from sql.semantics import Metric, Shop, View, ViewColumn

Language = Literal["en", "zh"]
Unit = Literal["money", "days", "percent", "score", "pieces", "count"]

_FILE = Path(__file__).parent / "words.yml"


@functools.cache
def word_rules() -> dict[str, Any]:
    """What ``words.yml`` says."""
    rules: dict[str, Any] = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    return rules


@dataclass(frozen=True, kw_only=True)
class Said:
    """The words for one thing, the plainest first; a language without words cannot name it."""

    en: tuple[str, ...]
    """Singular, in lower case as far as the shop writes it so."""
    zh: tuple[str, ...]

    def of(self, language: Language) -> tuple[str, ...]:
        """The words of one language."""
        return self.en if language == "en" else self.zh


@dataclass(frozen=True, kw_only=True)
class SaidValue:
    """A value of the database and what it is called."""

    value: str
    words: Said


@dataclass(frozen=True, kw_only=True)
class Dim:
    """A text column to group or filter by."""

    column: str
    said: Said
    values: tuple[SaidValue, ...]
    is_id: bool = False
    """It numbers somebody (``customer_id``): good for rankings alone."""


@dataclass(frozen=True, kw_only=True)
class Measure:
    """A number of each row."""

    column: str
    said: Said
    unit: Unit
    bounds: tuple[float, ...]
    is_main: bool = False
    """The money that a row is about, so that "orders over 500 euros" means it."""
    adjectives: tuple[tuple[str, SaidValue], ...] = ()
    """Words for single values: ``("0", out of stock)``."""


@dataclass(frozen=True, kw_only=True)
class Moment:
    """A time column, said by its verb."""

    column: str
    has_hours: bool
    verb_en: str | None
    verb_zh: str | None
    may_lack: bool
    """NULL says that it has not happened."""


@dataclass(frozen=True, kw_only=True)
class Flag:
    """A boolean column: what is said after the noun when it holds, and when it does not."""

    column: str
    en: tuple[tuple[str, str], ...]
    zh: tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A metric."""

    name: str
    said: Said
    """Nouns as they stand in the shop; plural for counts."""
    asked_zh: tuple[str, ...]
    """Chinese words that ask by themselves (退了多少钱)."""
    unit: Unit
    is_count: bool
    """It answers "how many"."""
    is_additive: bool
    """Parts of it add up to the whole, so that a share makes sense."""
    columns: frozenset[str]
    """Those that it is worked out from."""
    sells_best: bool
    """Whether "best-selling" means it."""


@dataclass(frozen=True, kw_only=True)
class Thing:
    """A view, as the rows that it holds."""

    view: str
    said: Said
    """Nouns for its rows; English ones are plural."""
    label: str | None
    """The column that stands for a row of its own, or ``None`` when rows have none (order lines)."""
    id: str | None
    """The whole number by which one row is asked for."""
    time: Moment | None
    dims: tuple[Dim, ...]
    measures: tuple[Measure, ...]
    moments: tuple[Moment, ...]
    """All time columns but those that place rows of another view."""
    flags: tuple[Flag, ...]
    figures: tuple[Figure, ...]
    aggregates: Mapping[str, str]
    """Normalised aggregate → the metric that is the same."""
    columns: frozenset[str]
    counted_elsewhere: frozenset[str]
    """Columns of another view, one of whose metrics goes by this view's noun (orders): counts by these alone
    may mean that metric."""
    label_is_its_own: bool
    """The view is the one about its label (products), not another with one row for each (stock)."""
    lasting: bool
    """Its rows outlive a period, so that a period needs a verb."""

    def aggregate(self, call: str) -> str:
        """``call`` such as ``SUM(amount)``, or the metric that is the same."""
        return self.aggregates.get(_squeezed(call), call)


def plural(words: str) -> str:
    """``words`` with the last one in the plural; one that is plural already stays.

    >>> plural("payment method"), plural("category"), plural("brands")
    ('payment methods', 'categories', 'brands')
    """
    if is_plural(words):
        return words
    if re.search(r"(s|x|z|ch|sh)$", words):
        return words + "es"
    if re.search(r"[^aeiou]y$", words):
        return words[:-1] + "ies"
    return words + "s"


def is_plural(words: str) -> bool:
    """Whether the last word looks plural."""
    return bool(re.search(r"([^suix]s|people|ies)$", words)) and not re.search(r"(news|series)$", words)


def singular(words: str) -> str:
    """``words`` with the last one in the singular."""
    if words.endswith("people"):
        return words[:-6] + "person"
    if words.endswith("ies") and len(words) > 4:
        return words[:-3] + "y"
    if re.search(r"(sses|xes|zes|ches|shes|tuses|buses)$", words):
        return words[:-2]
    return words[:-1] if is_plural(words) else words


class Lexicon:
    """All things of a shop."""

    def __init__(self, shop: Shop, values: Mapping[tuple[str, str], Sequence[str]]) -> None:
        self.shop = shop
        self._values = values
        self.things = tuple(self._thing(view) for view in shop.views)
        self.words = frozenset(_all_words(shop))
        """Every name, synonym and value word of the shop in lower case."""

    def thing(self, view: str) -> Thing:
        """The thing of that view."""
        return next(t for t in self.things if t.view == view)

    # --- one view ---

    def _thing(self, view: View) -> Thing:
        columns = [c for c in view.columns if not self._is_left_out(view, c)]
        label, number, is_own = self._label(view)
        moments = [self._moment(c, view) for c in columns if c.type in ("date", "timestamp")]
        metrics = [m for m in self.shop.metrics if m.view == view.name]
        nouns = self._nouns(view, label if view.time is None or is_own else None)
        return Thing(
            view=view.name,
            said=nouns,
            label=label,
            id=number,
            time=next((m for m in moments if m.column == view.time), None),
            dims=self._dims(view, columns),
            measures=self._measures(view, columns),
            moments=tuple(m for m in moments if not self._is_foreign_time(view, m.column)),
            flags=tuple(_flag(c) for c in columns if c.type == "boolean"),
            figures=tuple(f for m in metrics if (f := self._figure(m, view)).said.en or f.said.zh),
            aggregates={_squeezed(m.sql): m.name for m in metrics},
            columns=frozenset(c.name for c in view.columns),
            counted_elsewhere=self._counted_elsewhere(view, nouns),
            label_is_its_own=is_own,
            lasting=view.name.lower() in word_rules()["lasting"]
            or plural(view.name) in word_rules()["lasting"],
        )

    def _is_left_out(self, view: View, column: ViewColumn) -> bool:
        is_known = column.sampled or bool(column.values) or (view.name, column.name) in self._values
        rules = word_rules()
        if re.search(rules["personal"], column.name, re.I):
            return not (is_known and re.fullmatch("name", column.name, re.I))
        return column.type == "other" or (
            column.type == "text"
            and not is_known
            and bool(re.search(rules["running_text"], column.name, re.I))
        )

    def _label(self, view: View) -> tuple[str | None, str | None, bool]:
        """The column that stands for a row, the number that finds it, and whether the view is about it."""
        thing = singular(view.name.lower())
        names = {c.name.lower(): c for c in view.columns}
        number = next(
            (c.name for n, c in names.items() if n in (f"{thing}_id", "id") and c.type == "integer"), None
        )
        if thing in names and names[thing].type == "text" and (view.name, names[thing].name) in self._values:
            return names[thing].name, number, True
        if number:
            return number, number, True
        if view.time is None:
            label = next((n for n, c in names.items() if c.type == "text" and f"{n}_id" in names), None)
            return (names[label].name if label else None), None, False
        return None, None, False

    def _nouns(self, view: View, label: str | None) -> Said:
        """Plural nouns for the rows; those of the label where the view's own name is no plural."""
        rules = word_rules()
        name = _spaced(view.name)
        others = {w for v in self.shop.views if v is not view for w in (_spaced(v.name), *v.synonyms)}
        others |= {
            w for m in self.shop.metrics if m.view != view.name for w in (_spaced(m.name), *m.synonyms)
        }
        column = view.column(label) if label else None
        en = [name] if is_plural(name) else []
        zh = [w for w in view.synonyms if is_chinese(w) and w not in others and _fits_zh(w)]
        if column is not None and column.type == "text":
            words = column.synonyms if en else (column.name, *column.synonyms)
            en += [plural(_spaced(w)) for w in words if not is_chinese(w) and " " not in w and _fits_en(w)]
            if not is_plural(name):
                zh = []
            zh = [w for w in column.synonyms if is_chinese(w) and _fits_zh(w)] + zh
        if is_plural(name):
            en += [
                w
                for w in view.synonyms
                if not is_chinese(w) and is_plural(w) and w not in others and _fits_en(w)
            ]
        key = column.name if column is not None and not is_plural(name) else view.name
        zh = zh or [rules["glossary"].get(key.lower(), _spaced(key))]
        return Said(en=_unique(en or [plural(name)]), zh=_unique(zh))

    def _counted_elsewhere(self, view: View, nouns: Said) -> frozenset[str]:
        found: set[str] = set()
        for metric in self.shop.metrics:
            said = {_spaced(metric.name), *metric.synonyms}
            if metric.view != view.name and said & ({_spaced(view.name)} | set(nouns.en) | set(nouns.zh)):
                other = self.shop.view(metric.view)
                found |= {c.name for c in other.columns} if other else set()
        own = next((v for v in self.shop.views if v is not view and _spaced(v.name) == nouns.en[0]), None)
        if own is not None and not is_plural(_spaced(view.name)):
            found |= {c.name for c in own.columns}
        return frozenset(found)

    # --- columns ---

    def _dims(self, view: View, columns: Sequence[ViewColumn]) -> tuple[Dim, ...]:
        shared = _shared_words(view)
        views = {singular(_spaced(v.name)) for v in self.shop.views}
        found = []
        names = {c.name.lower() for c in view.columns}
        for column in columns:
            base = re.sub(r"_(id|no|number)$", "", column.name.lower())
            if column.type == "text" and ((view.name, column.name) in self._values or column.values):
                taken = shared | (views - {singular(_spaced(column.name))})
                found.append(
                    Dim(
                        column=column.name,
                        said=self._said(column, taken),
                        values=self._said_values(view, column),
                    )
                )
            elif base != column.name.lower() and column.type == "integer" and base not in names:
                zh = [re.sub(r"(编号|号|ID)$", "", w) for w in column.synonyms if is_chinese(w)]
                zh = zh or [word_rules()["glossary"].get(base, _spaced(base))]
                is_own = base == singular(view.name.lower())
                lasts = plural(base) in word_rules()["lasting"]
                if lasts and not is_own and any(singular(v.name.lower()) == base for v in self.shop.views):
                    said = Said(en=(_spaced(base),), zh=_unique(zh))
                    found.append(Dim(column=column.name, said=said, values=(), is_id=True))
        return tuple(d for d in found if d.said.en or d.said.zh)

    def _said(self, column: ViewColumn, taken: Iterable[str], *, in_singular: bool = True) -> Said:
        rules = word_rules()
        name = _spaced(column.name)
        en = [w for w in (name, *column.synonyms) if not is_chinese(w) and _fits_en(w)]
        if in_singular:
            en = [singular(w) for w in en]
        zh = [w for w in column.synonyms if is_chinese(w) and _fits_zh(w)]
        if not zh:
            zh = [rules["glossary"].get(column.name.lower(), name)]
        return Said(
            en=_unique(w for w in en if w not in taken or w == name),
            zh=_unique(w for w in zh if w not in taken),
        )

    def _said_values(self, view: View, column: ViewColumn) -> tuple[SaidValue, ...]:
        known = self._values.get((view.name, column.name)) or tuple(column.values)
        others = Counter(
            w.lower()
            for c in view.columns
            if c.name != column.name
            for v in (*self._values.get((view.name, c.name), ()), *c.values)
            for w in (v, *c.values.get(v, ()))
        )
        found = []
        for value in known:
            said = _value_words(value, column.values.get(value, ()))
            en = tuple(w for w in said.en if w.lower() not in others)
            zh = tuple(w for w in said.zh if w.lower() not in others)
            if "'" not in value and (en or zh):
                found.append(SaidValue(value=value, words=Said(en=en, zh=zh)))
        return tuple(found)

    def _measures(self, view: View, columns: Sequence[ViewColumn]) -> tuple[Measure, ...]:
        shared = _shared_words(view)
        metrics = {m.name.lower() for m in self.shop.metrics if m.view == view.name}
        found = []
        for column in columns:
            if column.type not in ("integer", "number") or re.search(
                r"(^|_)(id|no|number|year)$", column.name
            ):
                continue
            if column.name.lower() in metrics:  # in shop form its name stands for the metric
                continue
            said = self._said(column, shared, in_singular=False)
            unit, bounds = _unit(column)
            has_cost = any(re.search("cost|price|budget", c.name) for c in columns)
            is_main = (
                unit == "money"
                and not has_cost
                and bool(re.search(r"^(amount|total|value|order_value|sum)$", column.name))
            )
            adjectives = [
                (value, SaidValue(value=value, words=_adjectives(words)))
                for value, words in column.values.items()
                if re.fullmatch(r"-?\d+", value)
            ]
            if said.en or said.zh:
                measure = Measure(
                    column=column.name,
                    said=said,
                    unit=unit,
                    bounds=bounds,
                    is_main=is_main,
                    adjectives=tuple(adjectives),
                )
                found.append(measure)
        return tuple(found)

    def _moment(self, column: ViewColumn, view: View) -> Moment:
        rules = word_rules()
        verb = re.fullmatch(r"(\w+ed|sold|paid|sent|built|bought)_(?:at|on|date)", column.name.lower())
        en = _spaced(verb[1]) if verb else None
        if en and (en.split()[0] in ("first", "last") or en in rules["dated_ahead"]):
            en = None
        zh = next((w[:-2] for w in column.synonyms if re.search("(时间|日期)$", w) and len(w) > 3), None)
        zh = rules["verbs_zh"].get(en or "", zh) if zh is None or zh in ("开单",) else zh
        values = {v for c in view.columns if c.type == "text" for v in c.values}
        return Moment(
            column=column.name,
            has_hours=column.type == "timestamp",
            verb_en=en,
            verb_zh=zh if en else None,
            may_lack=en is not None and column.name != view.time and en not in values,
        )

    def _is_foreign_time(self, view: View, column: str) -> bool:
        return column != view.time and any(v.time == column for v in self.shop.views if v is not view)

    # --- metrics ---

    def _figure(self, metric: Metric, view: View) -> Figure:
        rules = word_rules()
        name = _spaced(metric.name)
        said_elsewhere = {
            w.lower() for m in self.shop.metrics if m is not metric for w in (_spaced(m.name), *m.synonyms)
        }
        values = [w for c in view.columns for ws in c.values.values() for w in ws if len(w) > 1]
        synonyms = [
            w
            for w in metric.synonyms
            if w.lower() not in said_elsewhere and not any(w.lower().startswith(v.lower()) for v in values)
        ]
        is_count = metric.sql.upper().startswith("COUNT(") or bool(re.search(r"s sold$|s in stock$", name))
        en = [w for w in synonyms if not is_chinese(w) and _fits_en(w)]
        if is_count:
            en = [w for w in en if is_plural(w) or re.search(r"s sold$|s in stock$", w)]
        en = [w for w in en if not w.startswith("number of")]  # the phrasings say it
        zh = [w for w in synonyms if is_chinese(w) and "多少" not in w]
        return Figure(
            name=metric.name,
            said=Said(
                en=_unique([name, *en]),
                zh=_unique(zh or [rules["glossary"].get(metric.name.lower(), name)]),
            ),
            asked_zh=tuple(w for w in synonyms if is_chinese(w) and "多少" in w and not w.startswith("多少")),
            unit=_metric_unit(metric),
            is_count=is_count,
            is_additive=bool(re.fullmatch(r"(SUM|COUNT)\([^()]*\)", metric.sql.strip(), re.I)),
            columns=frozenset(re.findall(r"\w+", metric.sql)),
            sells_best=any(re.match("best.selling", w) for w in metric.synonyms),
        )


def _squeezed(sql: str) -> str:
    return re.sub(r"\s+", "", sql).lower()


def _spaced(name: str) -> str:
    return (
        re.sub(r"[_\s]+", " ", name).strip()
        if name.isupper()
        else re.sub(r"[_\s]+", " ", name).strip().lower()
    )


def _unique(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(w for w in words if w))


def _fits_en(word: str) -> bool:
    return not re.match(word_rules()["not_nouns"], _spaced(word), re.I)


def _fits_zh(word: str) -> bool:
    return not re.search(word_rules()["not_nouns_zh"], word)


def _shared_words(view: View) -> set[str]:
    """Words that two columns of the view have, in the singular."""
    counts: Counter[str] = Counter()
    for column in view.columns:
        counts.update({singular(w.lower()) for w in (_spaced(column.name), *column.synonyms)})
    return {w for w, n in counts.items() if n > 1}


def _value_words(value: str, synonyms: Sequence[str]) -> Said:
    """What a value is called; codes such as ``en`` have their synonyms only."""
    left_out = {str(w).lower() for w in word_rules()["not_said"]}
    plain = value.replace("_", " ")
    own = [] if re.fullmatch(r"[a-z]{2}", value) or len(value) > 60 else [plain]
    other = [w for w in synonyms if w.lower() not in left_out]
    zh = [w for w in other if is_chinese(w)]
    if is_chinese(value):
        return Said(en=(), zh=_unique([value, *zh]))
    is_name = any(c.isupper() or c.isdigit() for c in value) or "_" not in value
    return Said(
        en=_unique(own + [w for w in other if not is_chinese(w)]),
        zh=_unique(zh * 2 + (own if is_name and (not zh or value[0].isupper()) else [])),
    )


def _adjectives(words: Iterable[str]) -> Said:
    left_out = set(word_rules()["not_said"])
    kept = [w for w in words if w not in left_out]
    return Said(
        en=tuple(w for w in kept if not is_chinese(w) and (" " not in w or w.startswith(("out of", "in ")))),
        zh=tuple(w for w in kept if is_chinese(w)),
    )


def _unit(column: ViewColumn) -> tuple[Unit, tuple[float, ...]]:
    rules = word_rules()
    is_money = bool(column.unit) and column.unit not in ("days", "%")
    for bound in rules["bounds"]:
        if re.search(bound["match"], column.name) and (is_money or bound["unit"] != "money"):
            return bound["unit"], tuple(bound["numbers"])
    if column.type == "number" and re.search(
        r"(price|cost|amount|total|value|fee|spent|discount|budget)", column.name
    ):
        bound = next(
            b for b in rules["bounds"] if b["unit"] == "money" and re.search(b["match"], column.name)
        )
        return "money", tuple(bound["numbers"])
    return "count", tuple(rules["counts"])


def _metric_unit(metric: Metric) -> Unit:
    if metric.unit == "%":
        return "percent"
    if metric.unit == "days":
        return "days"
    if metric.unit:
        return "money"
    if re.search(r"(rating|score|satisfaction)", metric.name):
        return "score"
    return "count"


def _flag(column: ViewColumn) -> Flag:
    """``is_open`` → "that are open", ``has_ordered`` → "that have ordered", ``has_consent`` → "with …"."""
    name = column.name.lower()
    said = _spaced(re.sub(r"^(is|has|was)_", "", name))
    if name.startswith("has_") and re.match(r"\w+ed\b", said):
        en = [(f"that have {said}", f"that have not {said}"), (f"that {said}", f"that have never {said}")]
    elif name.startswith("has_"):
        en = [(f"with {said}", f"without {said}"), (f"that have {said}", f"without any {said}")]
    else:
        en = [
            (f"that are {said}", f"that are not {said}"),
            (f"that are currently {said}", f"that are not {said}"),
        ]
    zh = [
        (w, "已" + w[1:]) if w.startswith("未") else (w, f"没有{w}")
        for w in column.synonyms
        if is_chinese(w) and not re.search("(同意|意愿)$", w)
    ]
    return Flag(column=column.name, en=tuple(en), zh=tuple(zh))


def _all_words(shop: Shop) -> Iterable[str]:
    for view in shop.views:
        yield from (_spaced(view.name), *(s.lower() for s in view.synonyms))
        for column in view.columns:
            yield from (_spaced(column.name), *(s.lower() for s in column.synonyms))
            for value, words in column.values.items():
                yield from (value.lower(), *(w.lower() for w in words))
    for metric in shop.metrics:
        yield from (_spaced(metric.name), *(s.lower() for s in metric.synonyms))
