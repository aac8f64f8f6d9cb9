"""Why a figure changed, as evidence: the change, whether it is more than usual, the parts that carry it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bot.errors import Declined
from bot.job import Request, Tools
from jobs.not_heard import not_heard
from jobs.series import conditions
from jobs.why import why_words as words
from jobs.why.asked_time import Asked, asked_about, ends_of
from jobs.why.before import Before, look_before
from jobs.why.carriers import Finding, find_in
from jobs.why.held_against import DAY
from jobs.why.parts import NEWNESS, Column, PartsReader
from jobs.why.said import Said, what_is_said
from jobs.why.summands import Figure, figure_of
from jobs.why.tables import change_table, parts_table, price_table, usual_table
from sql.errors import WrongStatement
from sql.semantics import Metric
from sql.statement.read_aloud import read_aloud
from sql.statement.sentence import Name
from sql.types import Table
from telling.evidence import Caveat, Evidence, Scope
from telling.phrases import escape_markdown, load_words
from telling.titles import title_of

ALIKE = 0.8
"""Share of what the first column carries that another must, so that customers' words on it are looked at."""


@dataclass(frozen=True, kw_only=True)
class Explained:
    """A column with the parts that stand out, the one that carries most first, and its table."""

    column: Column
    rows: tuple[int, ...]
    """Rows of the table; none where nothing stands out and the column is shown for all that."""
    table: int
    can_be_named: bool = False
    """Whether the first part is a value that a question can name."""


@dataclass(frozen=True, kw_only=True)
class Apart:
    """What was found by taking a change apart; of a usual one only what came before it."""

    explained: tuple[Explained, ...] = ()
    """Columns by how much a few of their parts carry; where nothing stands out the least even one."""
    split: tuple[str, ...] = ()
    """Titles of the columns that were looked at."""
    prices: int | None = None
    """The table with volume, mix and price."""
    before: Before | None = None
    said: Said | None = None


@dataclass(frozen=True, kw_only=True)
class Why(Evidence):
    """A change taken apart. Table 0 has it: row 0 the asked stretch, row 1 what it is held against."""

    metric: Metric
    way: words.Way | None
    """Which way the question says that it went."""
    is_said: bool
    """Whether the question names the stretch."""
    is_cut: bool
    """Whether it is not over."""
    is_rate: bool
    is_usual: bool
    usual: int | None = None
    """The table with what is usual; ``None`` where the past is too short."""
    apart: Apart
    names: dict[str, str]
    """Metric or column → what it is called."""

    @property
    def change(self) -> float:
        """From the stretch before to the asked one."""
        now, then = (float(str(row[2])) for row in self.tables[0].rows)
        return now - then


def run_why(request: Request, tools: Tools) -> Why:
    """Take the change apart, and say what of it stands out."""
    metric, figure = _asked_figure(request, tools)
    asked = asked_about(request, tools)
    only = request.settings.get(words.ONLY) or {}
    reader = PartsReader(request, tools, figure, conditions(only))
    try:
        finding = find_in(reader, asked.stretch, asked.base)
    except WrongStatement as error:
        names = {"metric": _title(metric.name, request, tools)}
        if only:
            names["values"] = escape_markdown(", ".join(v for values in only.values() for v in values))
        raise Declined("cannot_be_limited" if only else "cannot_be_read", names) from error
    _check_data(finding, asked)
    tables = [change_table(figure, finding.source, finding.wholes, finding.stretches)]
    request.on_table(tables[0])
    usual = finding.usual
    tables += [usual_table(finding.source, usual, figure)] if usual is not None else []
    names = {metric.name: title_of(tools.workspace.shop, metric.name, request.language)}
    if finding.change and not finding.is_usual:
        apart = _take_apart(request, tools, finding, names, tables)
    else:
        before = look_before(request, tools, reader, finding.stretches, (), len(tables))
        apart = Apart(before=before)
        tables += before.tables
    assert reader.compiled is not None
    language: Literal["en", "zh"] = "zh" if request.language == "zh" else "en"
    unheard = not_heard(request, words.HEARD, words.FILLER)
    return Why(
        tables=tuple(tables),
        hits=apart.said.hits if apart.said is not None else (),
        about=apart.said.view if apart.said is not None else "",
        scope=Scope(values=tuple(value for values in only.values() for value in values)),
        caveats=(
            *(("unheard", {"words": each}) for each in (", ".join(unheard),) if each),
            *_begun_late(finding, asked),
        ),
        confidence=0.5 if unheard else 0.9,
        sql=reader.compiled.sql,
        statement=str(reader.compiled.statement),
        read_as=read_aloud(
            reader.compiled, language, lambda name: title_of(tools.workspace.shop, name, language)
        ).sentence,
        unheard=unheard,
        settings=_ran(request, metric, asked),
        metric=metric,
        way=words.way_of(words.unnamed(request.links)),
        is_said=asked.is_said,
        is_cut=asked.is_cut,
        is_rate=figure.is_rate,
        is_usual=finding.is_usual,
        usual=1 if usual is not None else None,
        apart=apart,
        names=names,
    )


def _take_apart(
    request: Request, tools: Tools, finding: Finding, names: dict[str, str], tables: list[Table]
) -> Apart:
    """Find what carries the change, and what else the data have of it; adds to ``names`` and ``tables``."""
    reader, by = finding.reader, request.settings.get(words.BY)
    splits = finding.splits(_columns(reader, by))
    if by is not None and not splits:
        raise Declined("cannot_be_split", {"by": _title(by, request, tools)})
    names |= {split.column.name: _column_title(split.column, request, tools) for split in splits}
    found = finding.stand_out(splits)
    explained = []
    for each in found or finding.most_uneven(splits):
        split, places = each.split, each.places
        can_be_named = (
            bool(places) and isinstance(split.column.dim, Name) and isinstance(split.values[places[0]], str)
        )
        rows = tuple(range(len(places)))
        explained.append(
            Explained(column=split.column, rows=rows, table=len(tables), can_be_named=can_be_named)
        )
        tables.append(parts_table(split, places, reader.figure, names, request))
    priced = price_table(reader, tools, finding.stretches, tables[0])
    prices = len(tables) if priced is not None else None
    tables += [priced] if priced is not None else []
    blamed = [(e.split.column.dim, [e.split.values[place] for place in e.places]) for e in found]
    before = look_before(request, tools, reader, finding.stretches, blamed, len(tables))
    tables += before.tables
    alike = [b for b, each in zip(blamed, found, strict=True) if each.extra >= ALIKE * found[0].extra]
    said = what_is_said(request, tools, finding.stretches, alike, len(tables))
    tables += [said.table] if said is not None else []
    return Apart(
        explained=tuple(explained),
        split=tuple(names[split.column.name] for split in splits),
        prices=prices,
        before=before,
        said=said,
    )


# ---- what is asked --------------------------------------------------------------------------------------


def _asked_figure(request: Request, tools: Tools) -> tuple[Metric, Figure]:
    metric = request.settings.get(words.METRIC) or _meant_metric(request, tools)
    if metric is None:
        raise Declined("no_metric_to_explain")
    figure = figure_of(metric, tools)
    if figure is None:
        others = [m.name for m in tools.vocabulary.metrics if figure_of(m, tools) is not None]
        told = ", ".join(title_of(tools.workspace.shop, name, request.language) for name in others[:5])
        names = {"metric": _title(metric.name, request, tools), "others": escape_markdown(told)}
        raise Declined("not_explainable" if others else "nothing_explainable", names)
    return metric, figure


def _meant_metric(request: Request, tools: Tools) -> Metric | None:
    """What is meant where no metric is named: money, of the rows that are named if any are."""
    known = [*tools.vocabulary.money, *tools.vocabulary.metrics]
    views = {mention.name for mention in request.links.mentions if mention.kind == "view"}
    return next(
        (m for m in known if (not views or m.view in views) and figure_of(m, tools) is not None), None
    )


def _check_data(finding: Finding, asked: Asked) -> None:
    """Raise ``Declined`` where there is nothing to compare, with the days of which there are data."""
    reader = finding.reader
    then, now = finding.wholes
    is_empty = [not (each.above.any() or each.below.any() or each.spread.any()) for each in (now, then)]
    if not any(is_empty):
        return
    if reader.workspace.role.minimum_group is not None:
        raise Declined("groups_hide_it", {"role": escape_markdown(reader.workspace.role.name)})
    ends = ends_of(reader)
    if ends is None:
        raise Declined("no_rows_to_explain")
    days = {"first": ends.first.isoformat(), "last": ends.last.isoformat()}
    if asked.stretch.last < ends.first or asked.stretch.first > ends.last:
        raise Declined("no_data_in_it", days)
    base = asked.base
    if base.last < ends.first or base.first > ends.last or (is_empty[1] and reader.figure.is_rate):
        told = {"base_first": base.first.isoformat(), "base_last": base.last.isoformat()}
        raise Declined("nothing_before_it", {**days, **told})
    if is_empty[0] and reader.figure.is_rate:
        raise Declined("no_data_in_it", days)


def _begun_late(finding: Finding, asked: Asked) -> tuple[Caveat, ...]:
    """That the data begin within the time that is compared with, where they do."""
    if finding.past is not None and finding.past[1] + 7 * DAY <= asked.base.first:
        return ()
    ends = ends_of(finding.reader)
    if ends is None or ends.first <= asked.base.first:
        return ()
    return (("begun_late", {"first": ends.first.isoformat()}),)


def _columns(reader: PartsReader, by: str | None) -> list[Column]:
    if by is None:
        return reader.columns()
    known = [column for column in reader.columns() if column.name == by]
    return known or [Column(name=by, dim=Name(by))]


def _ran(request: Request, metric: Metric, asked: Asked) -> dict[str, str]:
    said = request.settings.said
    ran = {words.METRIC.name: metric.name}
    ran |= {each.name: said[each.name].text for each in (words.ONLY,) if each.name in said}
    ran[words.PERIOD.name] = asked.stretch.words
    ran[words.AGAINST.name] = request.settings.get(words.AGAINST) or "before"
    return ran | {each.name: said[each.name].text for each in (words.BY,) if each.name in said}


def _title(name: str, request: Request, tools: Tools) -> str:
    return escape_markdown(title_of(tools.workspace.shop, name, request.language))


def _column_title(column: Column, request: Request, tools: Tools) -> str:
    if column.name == NEWNESS:
        return load_words(request.language, __package__ or "").say("newness")
    return title_of(tools.workspace.shop, column.name, request.language)
