"""A period as evidence: its headline figures beside earlier ones, and what in it moved beyond chance."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from bot.errors import Declined
from bot.job import Request, Tools
from jobs.changes.changes_words import FILLER, HEARD, WITHIN
from jobs.changes.events import Event, gather
from jobs.changes.headline import headline
from jobs.changes.moves import Looked, Move, find_moves
from jobs.not_heard import not_heard
from jobs.series import Grain, Reader, conditions, hides_periods, moved, start_of
from jobs.why.asked_time import Asked, asked_about, ends_of
from jobs.why.carriers import Finding, find_in
from jobs.why.contributions import Amounts
from jobs.why.held_against import DAY, Against, Stretch, held_against
from jobs.why.parts import NEWNESS, UNREADABLE, Kept, PartsReader
from jobs.why.summands import Figure, clock_of, figure_of
from jobs.why.tables import made, shown
from jobs.why.why_words import AGAINST, PERIOD
from sql.statement.read_aloud import read_aloud
from sql.statement.sentence import Condition, Name
from sql.types import ColumnType, Table
from sql.types import Value as Cell
from telling.evidence import Evidence, Scope
from telling.phrases import Words, escape_markdown, load_words
from telling.titles import title_of

MOST_TOLD = 5
LOOK_S = 14.0
"""Seconds after the question from which on no further column is looked at."""
EARLIER: tuple[Against, Against] = ("before", "year")
TREND = 13
"""Periods of the picture."""


@dataclass(frozen=True, kw_only=True)
class ToldEvent:
    """An event, and where its figures stand among the tables."""

    event: Event
    table: int
    """Row 0 is of what moved most, row 1 of its surest part where that is a whole."""
    part: Move | None
    can_be_named: bool
    """Whether a question can name the part."""


@dataclass(frozen=True, kw_only=True)
class Changes(Evidence):
    """How a period went. Table 0 has the headline figures: the period, that before, that a year before."""

    heads: tuple[str, ...]
    """Metrics of the headline."""
    has_before: bool
    has_year: bool
    """Whether there are data of these; their rows follow in this order."""
    trend: int | None
    """The table with the first figure over time."""
    events: tuple[ToldEvent, ...]
    more: int
    """Events that are not told."""
    looked: int
    """The table of what was looked at."""
    passed_over: tuple[str, ...]
    """Titles of the figures that time ran out for."""
    stretch: Stretch
    base: Stretch
    """What moved is held against it."""
    is_year: bool
    is_said: bool
    is_cut: bool
    names: dict[str, str]
    """Metric or column → what it is called."""


def run_changes(
    request: Request, tools: Tools, *, look_s: float | None = None, most_told: int = MOST_TOLD
) -> Changes:
    """Read the headline, then look for what moved.

    Args:
        look_s: seconds from now on after which no further column is looked at; :data:`LOOK_S` by itself.
        most_told: events that are told.
    """
    until = time.monotonic() + (LOOK_S if look_s is None else look_s)
    asked = asked_about(request, tools)
    readers = _readers(request, tools)
    chosen = headline([reader.figure for reader in readers], tools)
    heads = [next(r for r in readers if r.figure is figure) for figure in chosen]
    rest = [reader for reader in readers if reader not in heads]
    before, year = (held_against(asked.period, tools.workspace.today, to)[1] for to in EARLIER)
    table, has_before, has_year = _headline(heads, (asked.stretch, before, year), asked)
    request.on_table(table)
    findings = [f for f in (_finding(reader, asked) for reader in (*heads, *rest)) if f is not None]
    moves, looked = find_moves(findings, lambda finding: finding.reader.columns(), until)
    events = gather(moves)
    tables = [table]
    trend = _trend(request, tools, heads[0], asked.stretch)
    tables += [trend] if trend is not None else []
    names = _names(request, tools, [reader.figure for reader in heads], moves)
    told = []
    for event in events[:most_told]:
        told.append(_told(event, len(tables)))
        tables.append(_event_table(told[-1], request))
    tables.append(_looked_table(looked, table))
    compiled = heads[0].compiled
    assert compiled is not None
    shop = tools.workspace.shop
    language: Literal["en", "zh"] = "zh" if request.language == "zh" else "en"
    unheard = not_heard(request, HEARD, FILLER)
    only = request.settings.get(WITHIN) or {}
    return Changes(
        tables=tuple(tables),
        scope=Scope(values=tuple(value for values in only.values() for value in values)),
        caveats=tuple(("unheard", {"words": words}) for words in (", ".join(unheard),) if words),
        confidence=0.5 if unheard else 0.9,
        sql=compiled.sql,
        statement=str(compiled.statement),
        read_as=read_aloud(compiled, language, lambda name: title_of(shop, name, language)).sentence,
        unheard=unheard,
        settings=_ran(request, asked),
        heads=tuple(reader.figure.metric.name for reader in heads),
        has_before=has_before,
        has_year=has_year,
        trend=1 if trend is not None else None,
        events=tuple(told),
        more=len(events) - len(told),
        looked=len(tables) - 1,
        passed_over=tuple(title_of(shop, name, language) for name in sorted(looked.passed_over)),
        stretch=asked.stretch,
        base=asked.base,
        is_year=request.settings.get(AGAINST) == "year",
        is_said=asked.is_said,
        is_cut=asked.is_cut,
        names=names,
    )


# ---- what there is ----------------------------------------------------------------------------------------


def _readers(request: Request, tools: Tools) -> list[PartsReader]:
    """One for each figure that adds up or is a rate; what is read for one is there for the others."""
    figures = [f for f in (figure_of(metric, tools) for metric in tools.vocabulary.metrics) if f is not None]
    figures = [figure for figure in figures if _is_of_its_time(figure, tools)]
    if not figures:
        raise Declined("nothing_to_compare")
    only: tuple[Condition, ...] = conditions(request.settings.get(WITHIN) or {})
    kept: Kept = {}
    return [PartsReader(request, tools, figure, only, beside=figures, kept=kept) for figure in figures]


def _is_of_its_time(figure: Figure, tools: Tools) -> bool:
    """Whether its rows have a time themselves or by their order: stock is not of the day of its goods."""
    of_orders = tools.workspace.shop.bindings.get("order_date", "").partition(".")[0].lower()
    metric = figure.metric
    clock = clock_of(metric, tools) if not metric.is_composed else None
    return clock is None or not clock.of or clock.of.lower() == of_orders


def _headline(
    heads: list[PartsReader], stretches: tuple[Stretch, Stretch, Stretch], asked: Asked
) -> tuple[Table, bool, bool]:
    """The table, and whether it has the time before and the year before; ``heads`` keeps what can be read.

    Raises:
        Declined: there are no data of the period, or none that may be shown.
    """
    found: list[tuple[PartsReader, list[Amounts], Table]] = []
    for reader in heads:
        try:
            read = [reader.whole(stretch) for stretch in stretches]
        except UNREADABLE:
            continue
        found.append((reader, [amounts for amounts, _ in read], read[0][1]))
    if not found:
        raise Declined("cannot_be_limited" if heads[0].only else "nothing_to_compare")
    if not any(_is_some(each[0]) for _, each, _ in found):
        raise _without_data([reader for reader, _, _ in found], asked)
    heads[:] = [reader for reader, _, _ in found]
    ends = ends_of(heads[0])
    rows: list[tuple[Cell, ...]] = []
    has: list[bool] = []
    for at, stretch in enumerate(stretches):
        is_whole = ends is None or ends.first <= stretch.first
        has.append(is_whole and any(_is_some(each[at]) for _, each, _ in found))
        if at == 0 or has[-1]:
            figures = [shown(_value(each[at], reader.figure), reader.figure) for reader, each, _ in found]
            rows.append((stretch.first, stretch.last, *figures))
    columns: list[tuple[str, ColumnType]] = [("first_day", "date"), ("last_day", "date")]
    columns += [(reader.figure.metric.name, _kind(reader.figure)) for reader in heads]
    labels = {reader.figure.metric.name: reader.figure.metric.unit for reader in heads}
    return made(found[0][2], columns, rows, labels), has[1], has[2]


def _without_data(readers: Sequence[PartsReader], asked: Asked) -> Declined:
    role = readers[0].workspace.role
    ends = [each for each in map(ends_of, readers) if each is not None]
    if not ends:
        return Declined(
            "groups_hide_it" if role.minimum_group else "no_rows", {"role": escape_markdown(role.name)}
        )
    days = {"first": min(e.first for e in ends).isoformat(), "last": max(e.last for e in ends).isoformat()}
    is_within = asked.stretch.last >= min(e.first for e in ends) and asked.stretch.first <= max(
        e.last for e in ends
    )
    if role.minimum_group and is_within:
        return Declined("groups_hide_it", {"role": escape_markdown(role.name)})
    return Declined("no_data_in_it", days)


def _finding(reader: PartsReader, asked: Asked) -> Finding | None:
    """Both stretches of a figure; ``None`` where it cannot be read, or has no data of all of the first."""
    try:
        finding = find_in(reader, asked.stretch, asked.base)
    except UNREADABLE:
        return None
    if not _is_some(finding.wholes[0]):
        return None
    if finding.past is not None and finding.past[1] + 7 * DAY <= asked.base.first:
        return finding
    ends = ends_of(reader)
    return finding if ends is not None and ends.first <= asked.base.first else None


def _is_some(amounts: Amounts) -> bool:
    return bool(amounts.above.any() or amounts.below.any() or amounts.spread.any())


def _value(amounts: Amounts, figure: Figure) -> float:
    return float(np.nan_to_num(amounts.rates if figure.is_rate else amounts.above)[0])


def _kind(figure: Figure) -> ColumnType:
    return "integer" if figure.above.is_count and not figure.is_rate else "number"


# ---- tables -----------------------------------------------------------------------------------------------


def _trend(request: Request, tools: Tools, reader: PartsReader, stretch: Stretch) -> Table | None:
    """The first figure over the last periods like this one; ``None`` where some are hidden."""
    figure = reader.figure
    if figure.metric.is_composed:
        return None
    is_months = stretch.first.day == 1 and (stretch.last + DAY).day == 1
    grain: Grain = "month" if is_months else "week" if stretch.days >= 7 else "day"
    last = start_of(stretch.last, grain)
    first = moved(last, grain, 1 - TREND)
    try:
        over = Reader(request, tools, figure.metric.view, (Name(figure.metric.name),), grain, first, last)
        table = over.series(reader.only)
    except UNREADABLE:
        return None
    return None if hides_periods(table, grain) else table


def _told(event: Event, at: int) -> ToldEvent:
    lead = event.lead
    same = [m for m in event.others if m.metric == lead.metric and m.part is not None]
    part = same[0] if lead.part is None and same else None
    named = part or lead
    can_be_named = (
        named.split is not None
        and isinstance(named.split.column.dim, Name)
        and isinstance(named.split.values[named.place], str)
    )
    return ToldEvent(event=event, table=at, part=part, can_be_named=can_be_named)


def _event_table(told: ToldEvent, request: Request) -> Table:
    """What came, what there was, and what was to be expected, of the whole and of its part."""
    lead = told.event.lead
    figure, said = lead.finding.reader.figure, load_words(request.language, __package__ or "")
    rows: list[tuple[Cell, ...]] = []
    for move in (lead, *([told.part] if told.part is not None else [])):
        low, high = move.expected - move.half, move.expected + move.half
        is_positive = min(move.now, move.before, move.expected) >= 0
        numbers = (move.now, move.before, move.expected, max(low, 0.0) if is_positive else low, high)
        label = label_of(move, said) if move.part is not None else None
        rows.append((label, *(shown(number, figure) for number in numbers)))
    names = (figure.metric.name, "before", "expected", "low", "high")
    columns: list[tuple[str, ColumnType]] = [("part", "text"), *((name, _kind(figure)) for name in names)]
    return made(lead.finding.source, columns, rows, dict.fromkeys(names, figure.metric.unit))


def label_of(move: Move, said: Words) -> str:
    """What the value of a part is called."""
    column, value = move.part or ("", None)
    if value is None:
        return said.say("no_value")
    return said.say(f"is_{value}") if column == NEWNESS else str(value)


def _looked_table(looked: Looked, source: Table) -> Table:
    rows: list[tuple[Cell, ...]] = [
        ("figures", looked.figures), ("columns", len(looked.columns)), ("series", looked.series),
    ]  # fmt: skip
    return made(source, (("about", "text"), ("looked_at", "integer")), rows, {})


def _names(request: Request, tools: Tools, heads: Sequence[Figure], moves: Sequence[Move]) -> dict[str, str]:
    shop, language = tools.workspace.shop, request.language
    names = {figure.metric.name: title_of(shop, figure.metric.name, language) for figure in heads}
    for move in moves:
        names[move.metric] = title_of(shop, move.metric, language)
        if move.split is not None:
            column = move.split.column.name
            is_newness = column == NEWNESS
            names[column] = (
                load_words(language, __package__ or "").say("newness")
                if is_newness
                else title_of(shop, column, language)
            )
    return names


def _ran(request: Request, asked: Asked) -> dict[str, str]:
    said = request.settings.said
    ran = {WITHIN.name: said[WITHIN.name].text} if WITHIN.name in said else {}
    return ran | {PERIOD.name: asked.stretch.words, AGAINST.name: request.settings.get(AGAINST) or "before"}
