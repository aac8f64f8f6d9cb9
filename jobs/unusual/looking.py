"""The watch as an answer: what left its course in a period, and as what it is told."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from bot.errors import Declined
from bot.job import Request, Tools
from jobs.not_heard import not_heard
from jobs.past_period import read_period
from jobs.series import Reader
from jobs.unusual.detection import ALARMS_A_YEAR, ALARMS_OF_ONE, NORMAL_95, PACES, Values
from jobs.unusual.episodes import Episode, Event, Series, find_episodes, gather_events
from jobs.unusual.unusual_words import BY, CUE, FILLER, METRIC, PERIOD
from jobs.unusual.watched import LeftOut, Past, Watcher, figures_of
from sql.errors import UnsafeQuery, WrongStatement
from sql.statement.read_aloud import read_aloud
from sql.statement.sentence import Name
from sql.types import Column, ColumnType, Table
from sql.types import Value as Cell
from telling.evidence import Evidence
from telling.phrases import escape_markdown
from telling.titles import title_of

MOST_TOLD = 5
RECENT_DAYS = 30
"""Days up to today that are looked at where no period is named."""
MOST_PARTS = 4
"""Values that share a move of the whole, the largest; what is left is one row more."""
WHOLE_FROM = 20
"""Counts up to which what was expected keeps its fraction."""
DRAWN = {"day": 91, "week": 53}
"""Periods of the picture."""
BASIS_DAYS = 56
"""Days before an episode from which each value's share of the whole is taken."""


@dataclass(frozen=True, kw_only=True)
class ToldEvent:
    """An event, and where its figures stand among the tables."""

    event: Event
    table: int
    """Row 0 is of ``event.lead``, row 1 of ``event.part`` where there is one."""
    parts: int | None = None
    """The table with the values that carry a move of the whole; ``None`` where that cannot be said."""
    by: str = ""
    """The column of these values."""


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """The surest series around its episode."""

    series: Series
    days: tuple[dt.date, ...]
    actual: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    episode: Episode


@dataclass(frozen=True, kw_only=True)
class Seen(Evidence):
    """What was unusual. Table 0 lists the events, one table each follows, the last one is of the watch."""

    events: tuple[ToldEvent, ...]
    more: int
    """Events that are not told."""
    first: dt.date
    last: dt.date
    left_out: LeftOut
    names: dict[str, str]
    """Metric or column → what it is called."""
    drawn: Drawn | None = None

    @property
    def watch(self) -> int:
        """The table of the watch."""
        return len(self.tables) - 1


def run_unusual(request: Request, tools: Tools) -> Seen:
    """Watch what there is to watch, and tell what left its course in the period."""
    first, last = _period(request, tools)
    past = look_back(request, tools, (first, last))
    check_past(past, first, last, tools)
    episodes = [
        episode
        for each in past.watched
        for episode in find_episodes(each.detection, each.series, each.starts)
        if episode.first <= last and episode.last >= first
    ]
    seen = as_evidence(request, tools, past, gather_events(episodes), (first, last))
    request.on_table(seen.tables[0])
    return seen


def look_back(request: Request, tools: Tools, looked_at: tuple[dt.date, dt.date]) -> Past:
    """Read and judge the past of what the question names, or of everything.

    Raises:
        Declined: what is named cannot be watched, or nothing can.
    """
    settings, workspace = request.settings, tools.workspace
    metric, by = settings.get(METRIC), settings.get(BY) or ""
    figures = figures_of([metric] if metric is not None else tools.vocabulary.metrics, tools)
    if not figures and metric is not None:
        title = title_of(workspace.shop, metric.name, request.language)
        raise Declined("not_watchable", {"metric": escape_markdown(title)})
    if not figures:
        raise Declined("nothing_to_watch")
    return Watcher(request, tools, figures, by, looked_at).watch()


def _period(request: Request, tools: Tools) -> tuple[dt.date, dt.date]:
    """First and last day that are asked about, neither after today."""
    today, said = tools.workspace.today, request.settings.get(PERIOD)
    if said is None:
        return today - dt.timedelta(days=RECENT_DAYS - 1), today
    period = read_period(said, today)
    if period is None or period.start > today:
        raise Declined("not_yet", {"today": today.isoformat()})
    end = period.end if period.end == dt.date.max else period.end - dt.timedelta(days=1)
    return period.start, min(end, today)


def check_past(past: Past, first: dt.date, last: dt.date, tools: Tools) -> None:
    """Raise ``Declined`` where nothing can be said of the period, with what could be."""
    if past.first is None or past.last is None:
        raise Declined("no_rows_to_watch")
    if not past.watched and past.left_out.hidden and not past.left_out.young:
        raise Declined("groups_hide_all", {"role": escape_markdown(tools.workspace.role.name)})
    if last < past.first or first > past.last:
        ends = {"first": past.first.isoformat(), "last": past.last.isoformat()}
        raise Declined("no_data_then", ends)
    if past.begins is None:
        needed = {grain: str(PACES[grain].needed + 1) for grain in ("day", "week")}
        have = (past.last - past.first).days + 1
        raise Declined("too_little_past", {"have": str(have), **needed})
    if last < past.begins:
        raise Declined("too_early", {"begins": past.begins.isoformat()})


# ---- evidence -------------------------------------------------------------------------------------------


def as_evidence(
    request: Request,
    tools: Tools,
    past: Past,
    events: Sequence[Event],
    looked_at: tuple[dt.date, dt.date],
    *,
    is_brief: bool = False,
) -> Seen:
    """The strongest of the events as tables; the query beneath is that of the first rows that were read.

    Args:
        is_brief: whether what carries a move is looked for in no other column than that of its surest part.
    """
    assert past.source is not None and past.reader is not None
    source, compiled = past.source, past.reader.compiled
    assert compiled is not None
    shop, language = tools.workspace.shop, request.language
    told = list(events[:MOST_TOLD])
    names = {
        name: title_of(shop, name, language)
        for event in told
        for episode in event.all
        for name in (episode.series.metric, episode.series.by)
        if name
    }
    tables: list[Table] = []
    found: list[ToldEvent] = []
    for event in told:
        tables.append(_figures(event, source))
        parts = None if is_brief and event.part is None else _carried(request, tools, event, past)
        at = len(tables)  # table 0 is the overview, so that this is the one that was added last
        if parts is None:
            found.append(ToldEvent(event=event, table=at))
        else:
            by, table = parts
            names[by] = title_of(shop, by, language)
            tables.append(table)
            found.append(ToldEvent(event=event, table=at, parts=len(tables), by=by))
    unheard = not_heard(request, (CUE,), FILLER)
    first, last = looked_at
    ran = {
        name: request.settings.said[name].text
        for name in (METRIC.name, BY.name)
        if name in request.settings.said
    }
    ran[PERIOD.name] = f"from {first.isoformat()} to {last.isoformat()}"
    return Seen(
        tables=(_overview(told, source, names), *tables, _watch(past, source)),
        caveats=tuple(("unheard", {"words": words}) for words in (", ".join(unheard),) if words),
        confidence=0.5 if unheard else 0.9,
        sql=compiled.sql,
        statement=str(compiled.statement),
        read_as=read_aloud(
            compiled, "zh" if language == "zh" else "en", lambda name: title_of(shop, name, language)
        ).sentence,
        unheard=unheard,
        settings=ran,
        events=tuple(found),
        more=len(events) - len(told),
        first=first,
        last=last,
        left_out=past.left_out,
        names=names,
        drawn=_drawn(told[0], past) if told else None,
    )


def _made(source: Table, columns: Sequence[tuple[str, ColumnType]], rows: Sequence[tuple[Cell, ...]],
          labels: dict[str, str]) -> Table:  # fmt: skip
    return replace(
        source,
        columns=tuple(Column(name=name, type=kind) for name, kind in columns),
        rows=tuple(rows),
        labels=labels,
        is_truncated=False,
        keys=frozenset(),
    )


def _overview(events: Sequence[Event], source: Table, names: dict[str, str]) -> Table:
    columns: tuple[tuple[str, ColumnType], ...] = (
        ("what", "text"), ("first_day", "date"), ("last_day", "date"), ("is_still", "boolean"),
        ("change", "number"),
    )  # fmt: skip
    rows: list[tuple[Cell, ...]] = []
    for event in events:
        lead = event.lead
        change = round(lead.actual / lead.expected - 1, 3) if lead.expected else None
        rows.append((named(lead.series, names), lead.first, lead.last, lead.is_still, change))
    return _made(source, columns, rows, {"change": "%"})


def named(series: Series, names: dict[str, str]) -> str:
    """The metric, and of a part its column and value."""
    metric = names.get(series.metric, series.metric)
    return f"{metric}: {names.get(series.by, series.by)} {series.value}" if series.by else metric


def _figures(event: Event, source: Table) -> Table:
    """What came and what was expected, of the whole and of the part."""
    series = event.lead.series
    told = (event.lead, *([event.part] if event.part else []))
    is_whole = series.kind == "count" and all(float(each.actual).is_integer() for each in told)
    kind: ColumnType = "integer" if is_whole and event.lead.expected >= WHOLE_FROM else "number"
    figures = (series.metric, "expected", "low", "high")
    columns: list[tuple[str, ColumnType]] = [("value", "text"), ("first_day", "date"), ("last_day", "date")]
    columns += [(name, kind) for name in figures]
    columns.append(("years", "integer"))
    rows: list[tuple[Cell, ...]] = []
    for each in told:
        numbers = [each.actual, each.expected, each.low, each.high]
        shown = [_shown(number, series.kind, is_whole=kind == "integer") for number in numbers]
        if is_whole:
            shown[0] = int(each.actual)
        rows.append((each.series.value or None, each.first, each.last, *shown, each.years))
    return _made(source, columns, rows, dict.fromkeys(figures, series.unit))


def _shown(number: float, kind: str, *, is_whole: bool) -> int | float:
    return round(number) if is_whole else round(number, 2 if kind in ("count", "sum") else 4)


def _watch(past: Past, source: Table) -> Table:
    """The numbers that the answer tells of the watch itself."""
    left = past.left_out
    wide = [(f"wide_{column}", taken, there) for column, (taken, there) in left.wide.items()]
    alarms = sum(math.ceil(min(ALARMS_A_YEAR, ALARMS_OF_ONE * len(each.series))) for each in past.watched)
    rows: list[tuple[Cell, ...]] = [
        ("watched", past.count, None), ("alarms", alarms, None), ("young", left.young, None),
        ("sparse", left.sparse, None), ("hidden", left.hidden, None), *wide,
    ]  # fmt: skip
    return _made(source, (("about", "text"), ("series", "integer"), ("of", "integer")), rows, {})


# ---- what carries a move of the whole ---------------------------------------------------------------------


def _carried(request: Request, tools: Tools, event: Event, past: Past) -> tuple[str, Table] | None:
    """The column over whose values a move of the whole is least even, and what each of them moved by.

    Each value is expected to keep the share of the whole that it had before, so that the differences of all
    values add up to that of the whole. ``None`` where values overlap, or the role sees large groups only.
    """
    lead = event.lead
    if lead.series.by or not lead.series.adds_up or lead.expected <= 0:
        return None
    columns = [event.part.series.by] if event.part else _columns(past, lead)
    best: tuple[float, str, Table] | None = None
    for column in columns:
        table = _parts(request, tools, lead, column)
        if table is None:
            continue
        moves = [float(str(row[3])) for row in table.rows]
        even = [float(str(row[2])) / lead.expected for row in table.rows]
        uneven = max(
            move / (lead.actual - lead.expected) - share for move, share in zip(moves, even, strict=True)
        )
        if best is None or uneven > best[0]:
            best = uneven, column, table
    return best[1:] if best is not None and best[0] > 0.1 else None


def _columns(past: Past, lead: Episode) -> list[str]:
    """The columns by which the metric is watched."""
    series = [each for watched in past.watched for each in watched.series]
    return list(dict.fromkeys(each.by for each in series if each.metric == lead.series.metric and each.by))


def _parts(request: Request, tools: Tools, lead: Episode, column: str) -> Table | None:
    limit = tools.workspace.role.limits.max_rows - 1
    before = lead.first - dt.timedelta(days=BASIS_DAYS), lead.first - dt.timedelta(days=1)
    figure = (Name(lead.series.metric),)
    view = lead.series.views[0]
    try:
        now, then = (
            Reader(request, tools, view, figure, "day", *days).parts(column, (), limit)
            for days in ((lead.first, lead.last), before)
        )
    except (WrongStatement, UnsafeQuery):
        return None
    if any(
        table.is_truncated or len(table.rows) >= limit or table.query.minimum_group for table in (now, then)
    ):
        return None
    actual, usual = (
        {str(row[0]): float(str(row[1] or 0)) for row in table.rows if row[0] is not None}
        for table in (now, then)
    )
    total = sum(float(str(row[1] or 0)) for row in then.rows)
    whole = sum(float(str(row[1] or 0)) for row in now.rows)
    if total <= 0 or abs(whole - lead.actual) > 0.001 * abs(lead.actual) + 0.01:  # the values overlap
        return None
    rows = [
        (value, actual.get(value, 0.0), lead.expected * usual.get(value, 0.0) / total)
        for value in dict.fromkeys([*actual, *usual])
    ]
    rows.sort(key=lambda row: -abs(row[1] - row[2]))
    told, others = rows[:MOST_PARTS], rows[MOST_PARTS:]
    rest = whole - sum(row[1] for row in told), lead.expected - sum(row[2] for row in told)
    cells: list[tuple[Cell, ...]] = [
        (value, round(came, 2), round(expected, 2), round(came - expected, 2))
        for value, came, expected in told
    ]
    if others or len(now.rows) > len(actual):
        cells.append((None, round(rest[0], 2), round(rest[1], 2), round(rest[0] - rest[1], 2)))
    figures = (lead.series.metric, "expected", "difference")
    columns: list[tuple[str, ColumnType]] = [(column, "text"), *((name, "number") for name in figures)]
    return _made(now, columns, cells, dict.fromkeys(figures, lead.series.unit))


# ---- the picture ----------------------------------------------------------------------------------------


def _drawn(event: Event, past: Past) -> Drawn:
    """The lead's series around its episode: what came, and the band that 95 of 100 periods lie in."""
    lead = event.lead
    watched = next(each for each in past.watched if lead.series in each.series)
    detection, row = watched.detection, watched.series.index(lead.series)
    end = (
        next(i for i, start in enumerate(watched.starts) if start > lead.last)
        if lead.last < watched.starts[-1]
        else len(watched.starts)
    )
    end = min(len(watched.starts), end + DRAWN[watched.grain] // 4)
    begin = max(
        detection.pace.needed, min(end - DRAWN[watched.grain], _place(watched.starts, lead.first) - 7)
    )
    here = slice(begin, end)
    below: Values = (
        np.ones(end - begin) if lead.series.adds_up else np.fmax(detection.exposure[row, here], 1e-9)
    )
    half = NORMAL_95 * detection.noise[0, row, here] * np.sqrt(detection.size[row, here])
    middle = np.nan_to_num(detection.expected[row, here])
    low = (middle - np.nan_to_num(half)) / below
    if not (detection.counts[row] < 0).any():
        low = np.fmax(low, 0.0)

    def plain(values: Values) -> tuple[float, ...]:
        return tuple(round(float(value), 4) for value in values)

    return Drawn(
        series=lead.series,
        days=watched.starts[begin:end],
        actual=plain(np.nan_to_num(detection.counts[row, here]) / below),
        low=plain(low),
        high=plain((middle + np.nan_to_num(half)) / below),
        episode=lead,
    )


def _place(starts: Sequence[dt.date], day: dt.date) -> int:
    return max(i for i, start in enumerate(starts) if start <= day)
