"""A forecast as an answer: the past by checked statements, the model, and both as tables."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bot.errors import AskBack, Declined
from bot.job import Request, Tools
from bot.parameters import Length
from jobs.forecast.forecast_words import AHEAD, BY, CUE, GRAIN, HORIZON, LEVEL, METRIC, ONLY, TOP, UNTIL
from jobs.forecast.history import LEAST, SEASONS, History, Note, read_history
from jobs.not_heard import caveat_of, not_heard
from jobs.series import (
    DAYS,
    Grain,
    Reader,
    adds_up,
    among,
    conditions,
    day_of,
    has_time,
    hides_periods,
    last_over,
    moved,
)
from sql.errors import WrongStatement
from sql.semantics import Metric
from sql.statement.read_aloud import read_aloud
from sql.statement.sentence import Name
from sql.types import Column, ColumnType, Table
from sql.types import Value as Cell
from telling.evidence import Evidence, Scope
from telling.phrases import escape_markdown
from telling.titles import title_of

if TYPE_CHECKING:
    from jobs.forecast.model import Forecast

PERIODS: dict[Grain, int] = {"day": 760, "week": 260, "month": 120}
"""Periods of the past that are read at most, the latest; also no more than the role may read rows."""
MOST_AHEAD: dict[Grain, int] = {"day": 92, "week": 52, "month": 24}
WHOLE_FROM = 20
"""Counts up to which a forecast keeps its fraction: a third of an order a week is no order rounded."""
SERIES = 6
"""Series of a breakdown that are shown where the question does not say how many."""
DEFAULT = Length(count=8, unit="week")
LEVELS = (80, 95)
_MONTHS = {"month": 1, "quarter": 3, "year": 12}


@dataclass(frozen=True, kw_only=True)
class Told(Evidence):
    """A forecast. Table 0 is what comes next, table 1 the back-test, table 2 the notes, then the past."""

    metric: str
    by: str
    grain: Grain
    method: str
    level: int
    is_running: bool
    """Whether the first period has begun already."""
    more: bool
    """Whether there are further series than the ones shown."""
    notes: tuple[Note, ...]
    past: tuple[tuple[str, dt.date, float], ...]
    """Series, first day and value, for the picture."""


def run_forecast(request: Request, tools: Tools) -> Told:
    """Read the past, go on with it, and say how well that went before."""
    metric = request.settings.get(METRIC) or _main_metric(tools)
    title = title_of(tools.workspace.shop, metric.name, request.language)
    if not adds_up(metric, tools.workspace.catalog.dialect):
        raise Declined("does_not_add_up", {"metric": escape_markdown(title)})
    try:
        return _forecast(request, tools, metric, title)
    except WrongStatement as error:  # no way leads from the metric to its time, or to a column
        raise Declined("no_way", {"metric": escape_markdown(title)}) from error


def _forecast(request: Request, tools: Tools, metric: Metric, title: str) -> Told:
    settings, workspace = request.settings, tools.workspace
    length, grain = _length(request, tools, title)
    ends, is_running = last_over(workspace.today, grain, is_frozen=workspace.shop.today is not None)
    ahead = _steps(length, grain) + is_running
    if ahead > MOST_AHEAD[grain] + is_running:
        most = {"most": str(MOST_AHEAD[grain]), "unit": _unit(grain, request.language)}
        raise Declined("too_far", most)
    by, level = settings.get(BY) or "", settings.get(LEVEL) or LEVELS[0]
    count = min(PERIODS[grain], workspace.role.limits.max_rows)
    figures = (Name(metric.name),)
    reader = Reader(request, tools, metric.view, figures, grain, moved(ends, grain, 1 - count), ends)
    only = conditions(settings.get(ONLY) or {})
    values, more = reader.largest(by, only, settings.get(TOP) or SERIES) if by else ((None,), False)
    if not values:
        raise Declined("no_history_at_all")
    tables = [reader.series((*only, among(by, [value])) if by else only) for value in values]
    if any(hides_periods(table, grain) for table in tables):
        raise Declined("groups_hide", {"role": escape_markdown(workspace.role.name)})
    tables = [_since_first_sale(table) for table in tables]
    names = [str(value) if by else title for value in values]
    past = [
        (name, day, float(str(row[1])) if row[1] is not None else 0.0)
        for name, table in zip(names, tables, strict=True)
        for row in table.rows
        if (day := day_of(row[0])) is not None
    ]
    if not any(value for _, _, value in past):
        sixty = moved(workspace.today, "day", -60), workspace.today
        table = Reader(request, tools, metric.view, figures, "day", *sixty).series(only)
        recent = [day for row in table.rows if row[1] and (day := day_of(row[0])) is not None]
        if not recent:
            raise Declined("no_history_at_all")
        raise _too_short(0, (workspace.today - min(recent)).days + 1, grain, title, request)
    history = _history(past, grain, title, request)
    levels = sorted({*LEVELS, level})
    found = _go_on(history, ahead, grain, levels)
    is_whole = (
        all(value == int(value) for _, _, value in past)
        and not metric.unit
        and float(found.middle.max()) >= WHOLE_FROM
    )
    table = _as_table(history, found, metric, by, grain, levels, tables[0], is_whole=is_whole)
    ran = {"metric": metric.name, **({"by": by} if by else {}), "horizon": str(length), "grain": grain}
    if only_said := settings.said.get(ONLY.name):
        ran["only"] = only_said.text
    if by and (top := settings.get(TOP)) is not None:
        ran["top"] = str(top)
    ran["level"] = str(level)
    unheard = not_heard(request, (CUE, AHEAD), _FILLER)
    compiled = reader.compiled
    assert compiled is not None
    request.on_table(table)
    return Told(
        tables=(table, _tests(found, tables[0]), _counts(history, tables[0]), *tables),
        titles={metric.name: title, "at": _unit(grain, request.language)},
        caveats=caveat_of(unheard),
        scope=Scope(values=tuple(v for each in (settings.get(ONLY) or {}).values() for v in each)),
        confidence=0.5 if unheard else 0.9,
        sql=compiled.sql,
        statement=str(compiled.statement),
        read_as=read_aloud(
            compiled,
            "zh" if request.language == "zh" else "en",
            lambda name: title_of(workspace.shop, name, request.language),
        ).sentence,
        unheard=unheard,
        settings=ran,
        metric=metric.name,
        by=by,
        grain=grain,
        method=found.method,
        level=level,
        is_running=is_running,
        more=more,
        notes=history.notes,
        past=tuple(each for each in past if each[0] in history.names),
    )


def _main_metric(tools: Tools) -> Metric:
    """What brings money in; else the first that adds up and has a time."""
    known, dialect = tools.vocabulary, tools.workspace.catalog.dialect
    timed = [m for m in (*known.money, *known.metrics) if adds_up(m, dialect) and has_time(m, known)]
    if not timed:
        raise Declined("nothing_adds_up")
    return timed[0]


def _length(request: Request, tools: Tools, title: str) -> tuple[Length, Grain]:
    """How far ahead and in what unit; a day that is past has two readings, so it is asked back."""
    settings, today = request.settings, tools.workspace.today
    said, grain = settings.get(HORIZON), settings.get(GRAIN)
    until = settings.get(UNTIL)
    if until is not None and said is None:
        if until <= today:
            place = settings.said[UNTIL.name]
            when = request.question[place.start : place.end]
            when = place.text if "=" in when else when
            if request.language == "zh":
                raise AskBack("past_period", options=(f"{when}的{title}", f"预测下个月的{title}"))
            raise AskBack("past_period", options=(f"{title} {when}", f"Forecast {title} for the next month"))
        days = (until - today).days
        unit = grain or ("day" if days <= 14 else "week" if days <= 92 else "month")
        said = Length(count=_units_until(today, until, unit), unit=unit)
    said = said or (replace(DEFAULT, unit=grain) if grain else DEFAULT)
    grains: dict[str, Grain] = {"day": "day", "week": "week"}
    return said, grains.get(grain or said.unit, "month")


def _units_until(today: dt.date, until: dt.date, grain: str) -> int:
    if grain == "month":
        return max(1, (until.year - today.year) * 12 + until.month - today.month)
    return max(1, -(-(until - today).days // DAYS[grain]))


def _steps(length: Length, grain: Grain) -> int:
    """Periods of ``grain`` in a length, rounded up."""
    if grain == "month":
        months = length.count * _MONTHS[length.unit] if length.unit in _MONTHS else 0
        return months or -(-length.count * DAYS[length.unit] // 30)
    days = (
        length.count * DAYS[length.unit]
        if length.unit in DAYS
        else -(-length.count * _MONTHS[length.unit] * 365 // 12)
    )
    return -(-days // DAYS[grain])


def _since_first_sale(table: Table) -> Table:
    """Without the empty units of the calendar before anything was sold."""
    first = next((i for i, row in enumerate(table.rows) if row[1]), len(table.rows))
    return replace(table, rows=table.rows[first:])


def _history(
    past: Sequence[tuple[str, dt.date, float]], grain: Grain, title: str, request: Request
) -> History:
    """The past on one calendar; ``Declined`` where none of it is long enough, with what can be done."""
    import pandas as pd

    frame = pd.DataFrame(past, columns=["series", "at", "value"])
    history = read_history(frame, grain)
    if history.names:
        return history
    longest = max(note.count for note in history.notes)
    raise _too_short(longest, longest * {"day": 1, "week": 7, "month": 30}[grain], grain, title, request)


def _too_short(have: int, days: int, grain: Grain, title: str, request: Request) -> Declined:
    """Too little history: how much is needed, and what a finer unit makes of it."""
    finer: dict[Grain, tuple[Grain, ...]] = {"month": ("week", "day"), "week": ("day",), "day": ()}
    enough = [each for each in finer[grain] if days >= LEAST[each] * DAYS[each]][:1]
    values = {
        "have": str(have),
        "need": str(LEAST[grain]),
        "unit": _unit(grain, request.language),
        "day": str(LEAST["day"]),
        "week": str(LEAST["week"]),
        "month": str(LEAST["month"]),
    }
    if request.language == "zh":
        options = (
            *(f"按{_unit(g, 'zh')}预测接下来4{_unit(g, 'zh')}的{title}" for g in enough),
            f"每天的{title}",
        )
    else:
        options = (*(f"Forecast {title} by {g} for the next 4 {g}s" for g in enough), f"{title} by day")
    return Declined("too_short", values, options=options)


def _unit(grain: str, language: str) -> str:
    return {"day": "天", "week": "周", "month": "个月"}[grain] if language == "zh" else grain


def _go_on(history: History, ahead: int, grain: Grain, levels: Sequence[int]) -> Forecast:
    from jobs.forecast.model import forecast

    try:
        return forecast(
            history.fitted,
            ahead,
            SEASONS[grain],
            first=history.first,
            levels=[level / 100 for level in levels],
        )
    except ValueError as error:
        most = max(1, history.values.shape[1] - 5)
        raise Declined(
            "too_far_for_past", {"have": str(history.values.shape[1]), "most": str(most)}
        ) from error


def _as_table(
    history: History,
    found: Forecast,
    metric: Metric,
    by: str,
    grain: Grain,
    levels: Sequence[int],
    source: Table,
    *,
    is_whole: bool,
) -> Table:
    """Each period ahead with the middle and the ends of each interval; the query is that of the past."""
    last = history.starts[-1].date()
    ends = [(end, level) for level in levels for end in ("low", "high")]
    names = [f"{end}_{level}" for end, level in ends]
    rows: list[tuple[Cell, ...]] = []
    for place, name in enumerate(history.names):
        for step in range(found.middle.shape[1]):
            sides = [(found.low if end == "low" else found.high)[level / 100] for end, level in ends]
            numbers = [float(each[place, step]) for each in (found.middle, *sides)]
            figures = [round(number) if is_whole else round(number, 2) for number in numbers]
            rows.append((moved(last, grain, step + 1), *((name,) if by else ()), *figures))
    kind: ColumnType = "integer" if is_whole else "number"
    figures_of = [Column(name=name, type=kind) for name in (metric.name, *names)]
    columns = [Column(name="at", type="date"), *([Column(name=by, type="text")] if by else []), *figures_of]
    labels = dict.fromkeys((metric.name, *names), metric.unit)
    return replace(
        source, columns=tuple(columns), rows=tuple(rows), labels=labels, is_truncated=False, keys=frozenset()
    )


def _tests(found: Forecast, source: Table) -> Table:
    """The back-test: each method's error, from how many origins, and what the intervals held."""
    columns = (
        Column(name="method", type="text"),
        Column(name="mase", type="number"),
        Column(name="origins", type="integer"),
        *(Column(name=f"held_{round(level * 100)}", type="number") for level in found.held),
    )
    held = tuple(round(share, 3) for share in found.held.values())
    order = sorted(found.errors, key=lambda name: (name != found.method, found.errors[name]))
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (name, round(found.errors[name], 2), found.tested, *held) for name in order
    )
    labels = {column.name: "%" if column.name.startswith("held") else "" for column in columns}
    return replace(source, columns=columns, rows=rows, labels=labels, is_truncated=False, keys=frozenset())


def _counts(history: History, source: Table) -> Table:
    """The notes as rows, so that each number in them has its cell; the first row is the past's length."""
    columns = (
        Column(name="about", type="text"),
        Column(name="series", type="text"),
        Column(name="periods", type="integer"),
    )
    length = int((~_isnan(history)).sum(axis=1).max())
    rows: tuple[tuple[Cell, ...], ...] = (
        ("past", "", length),
        *((n.kind, n.series, n.count) for n in history.notes),
    )
    return replace(source, columns=columns, rows=rows, labels={}, is_truncated=False, keys=frozenset())


def _isnan(history: History):  # type: ignore[no-untyped-def]  # noqa: ANN202
    import numpy as np

    return np.isnan(history.values)


_FILLER = re.compile(
    r"(?i)^(?:sales|please|give|show|make|much|many|how|will|going|be|sell|sold|interval|confidence|expect(?:ed)?|values?|figures?"
    r"|series|instead|future|what|we|our|shop|do|can|you|need|want|chart|picture|ahead|only|just|with|and|for)$|^[的吗呢请我们给和是多少会有帮一下看只未来接下来]+$"
)
