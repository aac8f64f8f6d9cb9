"""Shapes: the few statements that a well-understood question can mean.

Where linking explains a question almost whole (a metric, dimensions, filters, a period), most of its SQL is
not a matter of choice. This module writes that part and leaves open what remains: whether to group, which
reading of a word is meant, how many rows. Where the wording asks for more than is understood here, it returns
nothing. A question with a single statement left needs no model (``sql.statement.rules``).
"""

from __future__ import annotations

import datetime as dt
import functools
import itertools
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from sql.names import quoted
from sql.question.cues import Cues
from sql.question.linking import Links, Mention, Vocabulary
from sql.question.periods import Period, shift_months
from sql.question.words import is_chinese, spaced, stem
from sql.semantics import View, ViewColumn
from sql.statement.grammar import number_text, quote_text
from sql.times import Unit, grain_start, part_of, ratio
from sql.types import ColumnType, Dialect

Part = str | tuple[str, ...]
"""A fixed text, or a choice among texts (one of which may be empty)."""

Shape = tuple[Part, ...]
"""One statement with choices."""

_WEIGHTS = {"metric": 3.0, "view": 2.0, "column": 1.5, "value": 1.5}
_MAX_DIMS = 3


@dataclass(frozen=True)
class Reading:
    """One stretch of the question as one view understands it."""

    start: int
    end: int
    text: str
    mentions: tuple[Mention, ...]

    def of(self, kind: str) -> tuple[Mention, ...]:
        """The mentions of one kind."""
        return tuple(m for m in self.mentions if m.kind == kind)


@dataclass(frozen=True)
class ViewReading:
    """What one view makes of the whole question."""

    view: View
    readings: tuple[Reading, ...]
    missed: tuple[tuple[int, int], ...]
    """Spans that some view understands and this one does not."""
    weight: float


def read_views(links: Links, vocabulary: Vocabulary) -> list[ViewReading]:
    """How well each view explains the question, best first; views that explain nothing are left out."""
    spans = sorted({(m.start, m.end) for m in links.mentions})
    outer = [s for s in spans if not any(o != s and o[0] <= s[0] and s[1] <= o[1] for o in spans)]
    result = []
    for view in vocabulary.views:
        readings, missed, weight = [], [], 0.0
        for start, end in outer:
            here = [m for m in links.mentions if m.view == view.name and (m.start, m.end) == (start, end)]
            if here:
                readings.append(Reading(start, end, links.question[start:end], tuple(here)))
                weight += max(_WEIGHTS[m.kind] * m.score for m in here)
                weight += 1.0 if any(m.kind == "value" and m.name == _own_key(view) for m in here) else 0.0
                if any(
                    _is_inside(m, (start, end)) and m.kind == "view" and m.view == view.name
                    for m in links.mentions
                ):
                    weight += 0.5
                continue
            inner = [m for m in links.mentions if m.view == view.name and start <= m.start and m.end <= end]
            if parts := _said_in_parts(view, inner, (start, end), links):
                readings += parts
                weight += sum(_WEIGHTS[m.kind] for r in parts for m in r.mentions[:1])
                continue
            if inner:  # "How many orders" is a metric of another view, and still speaks of orders
                readings.append(Reading(start, end, links.question[start:end], tuple(inner)))
                weight += max(_WEIGHTS[m.kind] * m.score for m in inner)
                continue
            if key := _key_of_thing(
                view, [m for m in links.mentions if (m.start, m.end) == (start, end)], vocabulary
            ):
                readings.append(Reading(start, end, links.question[start:end], (key,)))
                weight += 0.5
                continue
            missed.append((start, end))
        if not readings and not any(m.view == view.name for m in links.mentions):
            continue
        if links.periods:
            weight += 1.0 if view.time else -1.0
        result.append(ViewReading(view, tuple(readings), tuple(missed), weight))
    result.sort(key=lambda r: (not names_a_row(r), len(r.missed), -r.weight))
    return result


def _said_in_parts(
    view: View, inner: Sequence[Mention], span: tuple[int, int], links: Links
) -> list[Reading]:
    """ "Failed payments" as payments that failed, where no other view is named outside of these words."""
    kinds = {m.kind for m in inner}
    elsewhere = any(
        m.kind == "view" and m.view != view.name and not (span[0] <= m.start and m.end <= span[1])
        for m in links.mentions
    )
    if elsewhere or not {"view", "value"} <= kinds:
        return []
    spans = sorted({(m.start, m.end) for m in inner})
    return [
        Reading(
            start,
            end,
            links.question[start:end],
            tuple(m for m in inner if (m.start, m.end) == (start, end)),
        )
        for start, end in spans
    ]


def _is_inside(mention: Mention, span: tuple[int, int]) -> bool:
    return span[0] <= mention.start and mention.end <= span[1] and (mention.start, mention.end) != span


def names_a_row(reading: ViewReading) -> bool:
    """Whether the question names one row of this view by its key ("order 1234")."""
    key = _own_key(reading.view)
    return any(m.kind == "value" and m.name == key for r in reading.readings for m in r.mentions)


def _key_of_thing(view: View, mentions: Sequence[Mention], vocabulary: Vocabulary) -> Mention | None:
    """ "people" over ``returns`` means its ``customer_id``: the key of the view that the word names."""
    for mention in mentions:
        other = vocabulary.view(mention.view) if mention.kind == "view" else None
        key = _own_key(other) if other else None
        if key and view.column(key):
            return replace(mention, kind="column", view=view.name, name=key, score=0.5)
    return None


def _own_key(view: View) -> str | None:
    """``order_id`` of ``orders``: the number that names a row."""
    first = view.columns[0].name
    return first if spaced(first) == f"{stem(spaced(view.name))} id" else None


# --- predicates ------------------------------------------------------------------------------------------


def period_predicate(column: str, period: Period) -> str:
    """``column`` within ``period``, half open; an open side needs no comparison."""
    parts = []
    if period.start != dt.date.min:
        parts.append(f"{column} >= '{period.start}'")
    if period.end != dt.date.max:
        parts.append(f"{column} < '{period.end}'")
    return " AND ".join(parts) or f"{column} IS NOT NULL"


def year_predicate(column: str, period: Period) -> str | None:
    """A column of whole years within ``period``; ``None`` when the period is not made of whole years."""
    low = period.start.year if period.start != dt.date.min else None
    high = period.end.year if period.end != dt.date.max else None
    if any(
        (d.month, d.day) != (1, 1) for d in (period.start, period.end) if d not in (dt.date.min, dt.date.max)
    ):
        return None
    if low is not None and high == low + 1:
        return f"{column} = {low}"
    parts = [f"{column} >= {low}"] * (low is not None) + [f"{column} < {high}"] * (high is not None)
    return " AND ".join(parts) or None


_NEGATES = re.compile(
    r"(?:\b(?:not|no|nothing|nobody|except|excluding|other than|without|besides|apart from|outside|never)\b"
    r"|n['’]t\b|除了?|不|非|没有?|未)"
    r"[^\w一-鿿]*(?:\w+\W+){0,3}$",
    re.I,
)


def is_negated(mention: Mention, question: str) -> bool:
    """Whether a "not" stands shortly before the words, as in "not from Germany"."""
    before = question[max(0, mention.start - 40) : mention.start]
    if _NEGATES.search(before):
        return True
    return bool(re.match(r"\s*(?:以外|之外|除外)", question[mention.end :]))


def value_predicates(
    values: Sequence[Mention], question: str, dialect: Dialect, *, type_: ColumnType = "text"
) -> tuple[str, ...]:
    """The way to say that a column has one of ``values`` (all of the same column), or has not.

    Args:
        type_: type of the column; numbers and truth values are not quoted.
    """
    column = quoted(values[0].name, dialect)
    texts = list(dict.fromkeys(m.value or "" for m in values))
    if values[0].is_part:
        like = "ILIKE" if dialect in ("duckdb", "postgres") else "LIKE"
        forms = [" OR ".join(f"{column} {like} {quote_text(f'%{t}%')}" for t in texts)]
        forms = [f"({forms[0]})" if len(texts) > 1 else forms[0]]
        negated = [f"{column} NOT {like} {quote_text(f'%{texts[0]}%')}"] if len(texts) == 1 else []
    elif len(texts) == 1:
        literal = quote_text(texts[0]) if type_ in ("text", "other", "date", "timestamp") else texts[0]
        forms, negated = [f"{column} = {literal}"], [f"{column} <> {literal}"]
    else:
        listed = ", ".join(quote_text(t) if type_ in ("text", "other") else t for t in texts)
        forms, negated = [f"{column} IN ({listed})"], [f"{column} NOT IN ({listed})"]
    return tuple(negated) if negated and is_negated(values[0], question) else tuple(forms)


# --- shapes ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Measure:
    """What is counted or summed: expression and name of the result column."""

    sql: str
    alias: str


@dataclass(frozen=True)
class _Dim:
    """What is grouped by."""

    sql: str
    alias: str
    is_certain: bool
    is_time: bool = False
    is_plural: bool = False

    @property
    def select(self) -> str:
        return self.sql if self.sql == self.alias else f"{self.sql} AS {self.alias}"


@dataclass
class Frame:
    """One view's understanding of a question, sorted into the parts of a statement."""

    view: View
    links: Links
    cues: Cues
    dialect: Dialect
    metrics: list[tuple[_Measure, ...]] = field(default_factory=list)
    """Per mention, its readings."""
    row_metrics: list[tuple[_Measure, ...]] = field(default_factory=list)
    """The same for metrics that merely count the view's rows and bear its name."""
    dims: list[_Dim] = field(default_factory=list)
    must: list[Part] = field(default_factory=list)
    filters: list[str] = field(default_factory=list)
    """Single-valued predicates among ``must``, for shares."""
    numeric: list[ViewColumn] = field(default_factory=list)
    shown: list[ViewColumn] = field(default_factory=list)
    """Columns named without being a dimension of a metric."""
    is_view_named: bool = False
    is_period_used: bool = False
    """The period of the question has become a predicate."""
    is_negation_used: bool = False
    """A "not" or "never" has already become part of a predicate."""

    def name(self, name: str) -> str:
        """``name`` as it is written where the statement runs."""
        return quoted(name, self.dialect)

    @property
    def identity(self) -> str:
        """What a reader knows a row of the view by, as it is written."""
        return self.name(identity_of(self.view))

    def names_a_row(self) -> bool:
        """Whether a predicate picks one row by its key."""
        key = _own_key(self.view)
        return (
            any(isinstance(p, str) and p.startswith(f"{self.name(key)} = ") for p in self.must)
            if key
            else False
        )

    def dims_asked_for(self) -> bool:
        """Whether the question surely groups by something."""
        return any(d.is_certain for d in self.dims)


def frame(reading: ViewReading, links: Links, cues: Cues, vocabulary: Vocabulary, dialect: Dialect) -> Frame:
    """Sort what a view understands into measures, dimensions and predicates."""
    made = Frame(reading.view, links, cues, dialect)
    values: dict[tuple[str, ...], list[Mention]] = {}
    valued = {m.name for r in reading.readings for m in r.of("value") if _only_values(r)}
    for r in reading.readings:
        if metrics := r.of("metric"):
            found = [m for m in (vocabulary.metric(m.name) for m in metrics) if m]
            measures = tuple(_Measure(m.sql, made.name(m.name)) for m in found)
            # "customers" names the rows, and their number only where something is counted.
            plain = all(m.sql.upper() == "COUNT(*)" for m in found)
            (made.row_metrics if plain and r.of("view") else made.metrics).append(measures)
        if r.of("view"):
            made.is_view_named = True
        if _only_values(r):
            best = max(m.score for m in r.of("value"))
            key = tuple(dict.fromkeys(m.name for m in r.of("value") if m.score >= best - 0.05))
            values.setdefault(key, []).extend(m for m in r.of("value") if m.name in key)
            continue
        if (
            r.of("value")
            and not r.of("metric")
            and not r.of("view")
            and not _is_date_meant(r, reading.view, links, cues)
        ):
            values.setdefault(tuple(dict.fromkeys(m.name for m in r.of("value"))), []).extend(r.of("value"))
            continue
        columns = [reading.view.column(m.name) for m in r.of("column")]
        for column in columns:
            if column and not r.of("metric"):
                _add_column(made, column, r, valued)
    _add_times(made)
    for names, mentions in values.items():
        _add_values(made, names, mentions)
    _add_periods(made)
    _add_absence(made)
    return made


def _is_date_meant(reading: Reading, view: View, links: Links, cues: Cues) -> bool:
    """Whether "delivered" means the date of delivery rather than the state: it does beside a time."""
    columns = [view.column(m.name) for m in reading.of("column")]
    dates = [c for c in columns if c and c.type in ("date", "timestamp")]
    return not dates or bool(links.periods) or cues.is_when


def _only_values(reading: Reading) -> bool:
    return bool(reading.of("value")) and len(reading.of("value")) == len(reading.mentions)


_BEFORE_DIM = re.compile(
    r"(?:\b(?:by|per|each|every|across|which|what|whose|for the different|split by|grouped by"
    r"|in which|from which"
    r"|for each|for every|the \w+|most \w+|best|worst|top|\d+)|各个?|每一?[个种款位家条名]?|按照?"
    r"|哪一?[些个种款位家条]?|分|不同)\s*(?:the\s+)?$",
    re.I,
)


def _add_column(made: Frame, column: ViewColumn, reading: Reading, valued: set[str]) -> None:
    name = made.name(column.name)
    if column.type == "boolean":
        _add_truth(made, name, reading)
        return
    if column.type in ("date", "timestamp"):
        made.shown.append(column)
        return
    is_key = spaced(column.name).endswith(" id")
    if column.type in ("integer", "number") and not is_key:
        made.numeric.append(column)
        return
    before = made.links.question[: reading.start]
    described = _is_beside(made, reading, lambda m: m.end <= reading.start)
    asked = _BEFORE_DIM.search(before) is not None and not described
    if (
        made.dims
        and made.dims[-1].is_certain
        and re.search(r"(?:\band|,|、|和|与|及)\s*(?:the\s+)?$", before)
    ):
        asked = True  # "by country and brand"
    if column.name in valued and (not asked or _is_beside(made, reading, lambda m: m.name == column.name)):
        return
    if described and not asked:
        return  # "lighting products": the noun that a value describes
    for at, dim in enumerate(made.dims):
        if dim.sql == name:
            made.dims[at] = replace(dim, is_certain=dim.is_certain or asked)
            return
    plural = (
        not is_chinese(reading.text) and stem(reading.text.split()[-1]) != reading.text.split()[-1].casefold()
    )
    certain = asked and not re.search(
        r"\b(how many|number of)\s*(different|distinct|unique)?\s*$", before, re.I
    )
    if is_key and not certain and not made.cues.direction and not made.cues.is_count:
        return
    made.dims.append(_Dim(name, name, certain, is_plural=plural))
    made.shown.append(column)


def _add_truth(made: Frame, name: str, reading: Reading) -> None:
    """A truth or its denial: "put in the cart but nothing bought" denies only the second."""
    question = made.links.question
    if is_negated(reading.mentions[0], question):
        made.must.append(f"NOT {name}")
        made.is_negation_used = True
        return
    here = [m for m in made.links.mentions if m.view == made.view.name and m.kind in ("column", "value")]
    is_open = made.cues.is_negated and not any(is_negated(m, question) for m in here)
    made.must.append((name, f"NOT {name}") if is_open else name)
    made.is_negation_used |= is_open
    made.filters.append(name)


def _is_beside(made: Frame, reading: Reading, is_meant: Callable[[Mention], bool]) -> bool:
    """Whether a value of this view stands right beside the reading, as in "the category Audio"."""
    question = made.links.question
    for mention in made.links.mentions:
        if mention.kind != "value" or mention.view != made.view.name or not is_meant(mention):
            continue
        gap = question[min(mention.end, reading.end) : max(mention.start, reading.start)]
        is_apart = mention.end <= reading.start or reading.end <= mention.start
        if is_apart and re.fullmatch(r"\s*(?:the|a|of|is|=|:|这个|的|[\"'“”])?\s*", gap, re.I):
            return True
    return False


def _time_columns(made: Frame) -> list[str]:
    """Columns that a period may fall in: the view's own time, or a date that the question names."""
    named = [made.name(c.name) for c in made.shown if c.type in ("date", "timestamp")]
    own = [made.name(made.view.time)] if made.view.time else []
    return list(dict.fromkeys(named + own))


def _add_times(made: Frame) -> None:
    times = _time_columns(made)
    if not times:
        return
    if made.cues.grain:
        made.dims.append(_unit_of(times[0], made.cues.grain, made.dialect))
    elif made.cues.part:
        part = part_of(times[0], made.cues.part, made.dialect).sql(dialect=made.dialect)
        made.dims.append(_Dim(part, made.cues.part, True, is_time=True))


def _unit_of(time: str, unit: Unit, dialect: Dialect) -> _Dim:
    return _Dim(grain_start(time, unit, dialect).sql(dialect=dialect), unit, True, is_time=True)


def _add_values(made: Frame, names: tuple[str, ...], mentions: Sequence[Mention]) -> None:
    forms: list[str] = []
    for name in names:
        here = [m for m in mentions if m.name == name]
        column = made.view.column(name)
        type_ = column.type if column else "text"
        forms += value_predicates(here, made.links.question, made.dialect, type_=type_)
    made.must.append(tuple(forms) if len(forms) > 1 else forms[0])
    made.is_negation_used |= is_negated(mentions[0], made.links.question)
    if len(forms) == 1:
        made.filters.append(forms[0])
    spans = {(m.start, m.end) for m in mentions}
    if len(names) == 1 and len({m.value for m in mentions}) > 1 and len(spans) > 1:
        name = made.name(names[0])
        if all(d.sql != name for d in made.dims):
            made.dims.append(_Dim(name, name, made.cues.is_compared or made.cues.is_each))


def _add_periods(made: Frame) -> None:
    times = _time_columns(made)
    periods = made.links.periods
    if len(periods) == 1 and (years := [c for c in made.numeric if "year" in spaced(c.name).split()]):
        predicate = year_predicate(made.name(years[0].name), periods[0])
        if predicate:
            made.must.append(predicate)
            made.numeric.remove(years[0])
            made.is_period_used = True
            return
    if not periods or not times:
        return
    made.is_period_used = True
    if len(periods) == 1:
        forms = tuple(period_predicate(t, periods[0]) for t in times)
        made.must.append(forms if len(forms) > 1 else forms[0])
        return
    forms = tuple("(" + " OR ".join(f"({period_predicate(t, p)})" for p in periods) + ")" for t in times)
    made.must.append(forms if len(forms) > 1 else forms[0])
    grains = {p.grain for p in periods}
    grain = grains.pop() if len(grains) == 1 else "range"
    if grain != "range" and grain != "half" and not any(d.is_time for d in made.dims):
        made.dims.append(_unit_of(times[0], grain, made.dialect))


def _add_absence(made: Frame) -> None:
    """ "Never ordered" is a count of 0; "taken off" without a time is a date that is there."""
    cues = made.cues
    if not (cues.is_count or cues.is_list) or cues.comparisons or cues.direction or cues.is_average:
        return
    if cues.is_negated and not made.is_negation_used:
        counts = [c for c in made.numeric if c.type == "integer"]
        if len(counts) == 1:
            made.must.append(f"{made.name(counts[0].name)} = 0")
            made.numeric.remove(counts[0])
            made.is_negation_used = True
            return
    dates = [c for c in made.shown if c.type in ("date", "timestamp") and c.name != made.view.time]
    if len(dates) == 1 and not made.links.periods and not cues.is_when and not made.dims_asked_for():
        unused = cues.is_negated and not made.is_negation_used
        made.must.append(f"{made.name(dates[0].name)} IS {'' if unused else 'NOT '}NULL")
        made.is_negation_used |= unused


def shapes(made: Frame) -> list[Shape]:
    """All statements that the question can mean in this view; empty when the wording asks for more.

    The first shape is not preferred over the others: the model chooses.
    """
    cues = made.cues
    if made.links.periods and not made.is_period_used:
        return []
    if len(cues.comparisons) > 1 or cues.free_numbers or cues.has_loose_comparison:
        return []
    if cues.is_change:
        return _changes(made)
    if cues.is_negated and not made.is_negation_used:
        return []
    if len(made.dims) > _MAX_DIMS + 1:
        return []
    if cues.is_share:
        return _shares(made)
    measured = _measured(made)
    counts_rows = not (made.metrics or made.numeric or cues.is_count or cues.is_each or cues.direction)
    if measured and counts_rows and not cues.comparisons and not any(d.is_time for d in made.dims):
        return measured + _listed(made)  # "which reasons": their number of rows, or just the reasons
    return measured or _listed(made)


def _measures(made: Frame) -> list[tuple[_Measure, ...]]:
    """The combinations of measures that the question may ask for."""
    cues, view = made.cues, made.view
    if made.metrics:
        return _metric_measures(made)
    options: list[tuple[_Measure, ...]] = []
    if made.row_metrics and (cues.is_count or not made.numeric) and not cues.is_average:
        each = any(d.is_certain for d in made.dims)
        asks = cues.is_count or cues.grain or cues.part or cues.comparisons or each
        groups = cues.direction and [d for d in made.dims if d.sql != made.identity]
        asks = asks and not (made.numeric and cues.direction and not groups and not cues.is_count)
        if (asks or groups) and not (cues.comparisons and made.numeric):
            return [tuple(dict.fromkeys(c)) for c in itertools.product(*made.row_metrics)]
    if made.names_a_row():
        return []  # "what did customer 17 spend" asks for that row, not for a sum
    ranked = cues.direction and any(d.sql != made.identity for d in made.dims)
    if made.numeric and not (cues.comparisons and not made.dims):
        for column in made.numeric[:2]:
            name = made.name(column.name)
            if cues.is_average:
                options.append((_Measure(f"AVG({name})", f"average_{_word(column.name)}"),))
            elif cues.is_total:
                options.append((_Measure(f"SUM({name})", f"total_{_word(column.name)}"),))
            elif ranked or not (cues.direction or cues.is_count or cues.is_list):
                options.append((_Measure(f"SUM({name})", f"total_{_word(column.name)}"),))
                options.append((_Measure(f"AVG({name})", f"average_{_word(column.name)}"),))
    others = [d for d in made.dims if d.sql != made.identity]
    if options or cues.is_average or (cues.comparisons and not made.dims):
        return options
    if made.numeric and (cues.direction or cues.comparisons) and not others and not cues.is_count:
        return []  # rows of the view itself: "which campaigns cost the most"
    each = any(d.is_certain for d in made.dims)
    grouped = each or ((cues.direction or cues.comparisons) and made.dims)
    if (cues.is_count and (made.is_view_named or each or not made.dims)) or (grouped and made.is_view_named):
        options.append((_Measure("COUNT(*)", made.name(_word(view.name))),))
    if cues.is_count:
        if cues.is_distinct and any(not d.is_time and not d.is_certain for d in made.dims):
            options.clear()
        for dim in made.dims:
            counted = dim.sql != made.identity or not made.is_view_named
            if counted and not dim.is_time and not dim.is_certain:
                options.append((_Measure(f"COUNT(DISTINCT {dim.sql})", f"{_word(dim.alias)}_count"),))
    return options


def _metric_measures(made: Frame) -> list[tuple[_Measure, ...]]:
    """The metrics that the question names, in each combination of their readings."""
    cues = made.cues
    counted = [d for d in made.dims if not d.is_time and not d.is_certain]
    if cues.is_distinct and cues.is_count and counted:
        return [(_Measure(f"COUNT(DISTINCT {counted[0].sql})", f"{_word(counted[0].alias)}_count"),)]
    if cues.is_average and not all(_is_mean(m) for measures in made.metrics for m in measures):
        # "average refund" is the mean of the summed column; "average revenue" per what, is not said.
        means = [_mean(m) for measures in made.metrics for m in measures]
        return [(m,) for m in means if m] if len(made.metrics) == 1 else []
    return [tuple(dict.fromkeys(c)) for c in itertools.product(*made.metrics)]


def _is_mean(measure: _Measure) -> bool:
    return measure.sql.upper().startswith("AVG(") or "/" in measure.sql


def _mean(measure: _Measure) -> _Measure | None:
    m = _SUM.match(measure.sql)
    return _Measure(f"AVG({m[1]})", f"average_{_word(m[1])}") if m else None


def _word(name: str) -> str:
    return re.sub(r"\W+", "_", name).strip("_").lower() or "value"


def _where(must: Iterable[Part]) -> list[Part]:
    parts: list[Part] = []
    for at, predicate in enumerate(must):
        parts += [" WHERE " if at == 0 else " AND ", predicate]
    return parts


def _source(made: Frame) -> str:
    return f" FROM {made.name(made.view.name)}"


def _dim_sets(made: Frame, measures: tuple[_Measure, ...]) -> list[tuple[_Dim, ...]]:
    """Which dimensions to group by: all that are certain, with or without the others."""
    counted = {m.sql for m in measures}
    own = made.identity if made.is_view_named else ""
    dims = [d for d in made.dims if f"COUNT(DISTINCT {d.sql})" not in counted]
    if "COUNT(*)" in counted:
        dims = [d for d in dims if d.sql != own or d.is_certain]
    if (
        made.cues.direction
        and len([d for d in dims if not d.is_time]) == 1
        and not any(d.is_time for d in dims)
    ):
        dims = [_Dim(d.sql, d.alias, True, d.is_time, d.is_plural) for d in dims]
    certain = [d for d in dims if d.is_certain]
    others = [d for d in dims if not d.is_certain]
    sets = []
    for count in range(len(others) + 1):
        for extra in itertools.combinations(others, count):
            chosen = tuple(sorted((*certain, *extra), key=lambda d: (not d.is_time, dims.index(d))))
            if len(chosen) <= _MAX_DIMS:
                sets.append(chosen)
    return sets


def _measured(made: Frame) -> list[Shape]:
    result: list[Shape] = []
    for measures in _measures(made):
        for dims in _dim_sets(made, measures):
            if (made.cues.comparisons or made.cues.direction) and not dims:
                continue
            if made.cues.comparisons and len(measures) > 1:
                continue
            result.append(_statement(made, measures, dims))
    return result


_OF_EACH = re.compile(r"\b(?:each|every)\b|每一?个|各个", re.I)


def _statement(made: Frame, measures: tuple[_Measure, ...], dims: tuple[_Dim, ...]) -> Shape:
    selected = [d.select for d in dims] + [f"{m.sql} AS {m.alias}" for m in measures]
    must = list(made.must)
    is_ranking = made.cues.direction and not made.cues.is_sorted  # nobody is best who is not there
    if (
        is_ranking or made.cues.comparisons or _OF_EACH.search(made.cues.masked)
    ):  # each campaign: orders without one belong to none
        absent = _outer_columns(made.view.sql or "", made.dialect)
        must += [f"{d.sql} IS NOT NULL" for d in dims if d.sql.strip('"`') in absent]
    parts: list[Part] = ["SELECT " + ", ".join(selected) + _source(made), *_where(must)]
    if not dims:
        return tuple(parts)
    parts.append(" GROUP BY " + ", ".join(str(i + 1) for i in range(len(dims))))
    for comparison in made.cues.comparisons:
        parts.append(
            f" HAVING {measures[0].sql} {comparison.operator} {number_text(comparison.number.value)}"
        )
    parts += _order(made, measures, dims)
    return tuple(parts)


@functools.lru_cache(maxsize=256)
def _outer_columns(sql: str, dialect: Dialect) -> frozenset[str]:
    """Columns that a view takes as they are from a table on the open side of an outer join."""
    try:
        tree = sqlglot.parse_one(sql, read=dialect) if sql else None
    except SqlglotError:
        return frozenset()
    if not isinstance(tree, exp.Select):
        return frozenset()
    opened = {j.this.alias_or_name for j in tree.args.get("joins") or () if j.side == "LEFT"}
    found = set()
    for item in tree.expressions:
        source = item.this if isinstance(item, exp.Alias) else item
        if isinstance(source, exp.Column) and source.table in opened:
            found.add(item.alias_or_name)
    return frozenset(found)


def _order(made: Frame, measures: Sequence[_Measure], dims: Sequence[_Dim]) -> list[Part]:
    cues = made.cues
    by = [f"{m.sql}" for m in measures]
    if not cues.direction:
        if any(d.is_time for d in dims):
            return [" ORDER BY " + ", ".join(str(i + 1) for i, d in enumerate(dims) if d.is_time)]
        return [f" ORDER BY {by[0]} DESC", *([f" LIMIT {cues.top}"] if cues.top else [])]
    order = tuple(f" ORDER BY {sql} {cues.direction.upper()}" for sql in by)
    parts: list[Part] = [order if len(order) > 1 else order[0]]
    if cues.top:
        parts.append(f" LIMIT {cues.top}")
    elif cues.is_sorted:
        pass
    elif any(d.is_plural for d in dims):
        parts.append(("", " LIMIT 1"))
    else:
        parts.append(" LIMIT 1")
    return parts


def _listed(made: Frame) -> list[Shape]:
    """Rows as they are: "which products are out of stock", "orders over 500 euros"."""
    cues, view = made.cues, made.view
    if cues.is_average or cues.is_total or cues.grain or cues.part:
        return []
    must = list(made.must)
    numeric = [made.name(c.name) for c in made.numeric]
    if cues.comparisons:
        if len(numeric) != 1:
            return []
        comparison = cues.comparisons[0]
        must.append(f"{numeric[0]} {comparison.operator} {number_text(comparison.number.value)}")
    if cues.is_count:
        if not cues.comparisons or not (made.is_view_named or not made.dims):
            return []
        return [(f"SELECT COUNT(*) AS {made.name(_word(view.name))}" + _source(made), *_where(must))]
    identity = made.identity
    named = [made.name(c.name) for c in made.shown] + numeric
    if not named and not must:
        return []
    texts = [made.name(c.name) for c in made.shown if c.type == "text"]
    keys = tuple(f"{made.name(name)} = " for name in (_own_key(view), identity_of(view)) if name)
    is_row = any(isinstance(p, str) and p.startswith(keys) for p in must)
    heads: dict[tuple[str, ...], None] = {}
    if not is_row and (made.is_view_named or identity in named or not texts):
        heads[tuple(dict.fromkeys([identity, *named]))] = None
        heads[(identity,)] = None
    elif named:
        heads[tuple(dict.fromkeys(named))] = None
    if not heads:
        return []
    order: list[Part] = []
    if cues.direction:
        if len(numeric) != 1:
            return []
        limit: Part = f" LIMIT {cues.top}" if cues.top else (" LIMIT 1", " LIMIT 10")
        order = [f" ORDER BY {numeric[0]} {cues.direction.upper()}", "" if cues.is_sorted else limit]
    if not (cues.comparisons or cues.direction or must):
        return []
    return [
        (distinct + ", ".join(head) + _source(made), *_where(must), *order)
        for head in heads
        for distinct in (("SELECT ",) if identity in head or is_row else ("SELECT DISTINCT ",))
    ]


def identity_of(view: View) -> str:
    """The column that a reader knows a row of ``view`` by: ``product`` of products, ``order_id`` of
    orders, ``product`` of stock beside ``product_id``."""
    thing = stem(spaced(view.name).split()[-1])
    by_name = {spaced(c.name): c.name for c in view.columns}
    for name in (thing, f"{thing} name", "name", "title", f"{thing} id"):
        if name in by_name:
            return by_name[name]
    keyed = [name for name in by_name if f"{name} id" in by_name]  # product_id beside product
    undated = [spaced(c.name) for c in view.columns if c.type not in ("date", "timestamp")]
    return by_name[[*keyed, *undated, *by_name][0]]


def _changes(made: Frame) -> list[Shape]:
    """Growth: the metric of the period beside that of the one before, or along the period's months."""
    times, periods = _time_columns(made), made.links.periods
    if not made.metrics or not times or len(periods) > 1 or made.cues.direction or made.cues.is_share:
        return []
    period = periods[0] if periods else None
    grain: Unit = made.cues.grain or "month"
    must = [p for p in made.must if period is None or p != period_predicate(times[0], period)]
    if period:
        if period.grain != "range" and period.grain != "half" and not made.cues.grain:
            grain = period.grain
            months = {"month": 1, "quarter": 3, "year": 12}.get(grain)
            length = dt.timedelta(days=7 if grain == "week" else 1)
            before = shift_months(period.start, -months) if months else period.start - length
            period = replace(period, start=before)
        must.append(period_predicate(times[0], period))
    dim = _unit_of(times[0], grain, made.dialect)
    others = tuple(d for d in made.dims if not d.is_time and d.is_certain)
    framed = replace(made, must=must)
    return [_statement(framed, m, (dim, *others)) for m in _metric_measures(made)]


_NAME = r"(\w+|\"[^\"]+\"|`[^`]+`)"
_SUM = re.compile(rf"SUM\({_NAME}\)\Z", re.I)
_DISTINCT = re.compile(rf"COUNT\(DISTINCT {_NAME}\)\Z", re.I)


def _part_of(measure: str, condition: str, dialect: Dialect) -> str | None:
    """The share of ``measure`` for which ``condition`` holds, from 0 to 1; ``None`` for other aggregates."""
    if measure == "COUNT(*)":
        part = f"SUM(CASE WHEN {condition} THEN 1 ELSE 0 END)"
    elif m := _SUM.match(measure):
        part = f"SUM(CASE WHEN {condition} THEN {m[1]} ELSE 0 END)"
    elif m := _DISTINCT.match(measure):
        part = f"COUNT(DISTINCT CASE WHEN {condition} THEN {m[1]} END)"
    else:
        return None
    return ratio(part, measure, dialect).sql(dialect=dialect)


def _shares(made: Frame) -> list[Shape]:
    """ "What share of the revenue came from Germany", "share of each country in the revenue"."""
    if made.cues.comparisons or made.cues.direction:
        return []
    measures = [m[0] for m in _measures(made) if len(m) == 1] if made.metrics else []
    measures = measures or [_Measure("COUNT(*)", "share")]
    result: list[Shape] = []
    for measure in measures:
        for filter_ in made.filters:
            share = _part_of(measure.sql, filter_, made.dialect)
            rest = [p for p in made.must if p != filter_ and not (isinstance(p, tuple) and filter_ in p)]
            dims = [d for d in made.dims if d.is_certain]
            if share:
                head = "".join(f"{d.select}, " for d in dims)
                tail: list[Part] = (
                    [" GROUP BY " + ", ".join(str(i + 1) for i in range(len(dims)))] if dims else []
                )
                result.append((f"SELECT {head}{share} AS share{_source(made)}", *_where(rest), *tail))
        dims = [d for d in made.dims if not d.is_time]
        if dims and not made.filters:
            whole = f"SUM({measure.sql}) OVER ()"
            share = ratio(measure.sql, whole, made.dialect).sql(dialect=made.dialect)
            result.append(
                (
                    f"SELECT {dims[0].select}, {share} AS share{_source(made)}",
                    *_where(made.must),
                    f" GROUP BY 1 ORDER BY {measure.sql} DESC",
                )
            )
    return result


def count_statements(shapes: Sequence[Shape]) -> int:
    """How many statements ``shapes`` leave to choose from."""
    total = 0
    for shape in shapes:
        product = 1
        for part in shape:
            product *= 1 if isinstance(part, str) else max(1, len(set(part)))
        total += product
    return total
