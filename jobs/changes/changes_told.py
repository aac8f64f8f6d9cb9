"""How a period went, in words and as a picture: the headline, what moved, and what to ask next."""

from __future__ import annotations

import datetime as dt
from typing import Any

from jobs.changes.moves import Move
from jobs.changes.summing_up import Changes, ToldEvent, label_of
from jobs.why.held_against import DAY
from sql.semantics import Shop
from telling.charts import chart_of
from telling.evidence import CellRef, Evidence
from telling.phrases import listed
from telling.writer import Writer

LEVEL = "95 %"
MOST_OTHERS = 3
"""Further figures and parts that are named with an event."""
_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
           "November", "December")  # fmt: skip
_PART, _NOW, _BEFORE, _EXPECTED, _LOW, _HIGH = range(6)
_HEADS = 2
"""The first column of the headline with a figure; its days stand before it."""


def tell_changes(evidence: Evidence, writer: Writer) -> str:
    """The headline, what moved beyond chance, how much was looked at, and how to go on."""
    assert isinstance(evidence, Changes)
    parts = [tell_summed_up(evidence, writer)]
    if evidence.has_year and evidence.has_before:
        other = writer.say("go_on_before" if evidence.is_year else "go_on_year")
        parts.append(writer.say("go_on", other=other))
    return "\n\n".join(parts)


def tell_summed_up(evidence: Evidence, writer: Writer) -> str:
    """The same for readers who cannot answer."""
    assert isinstance(evidence, Changes)
    parts = [_headline(evidence, writer)]
    if evidence.has_before or evidence.events:
        parts.append(_moved(evidence, writer))
    return "\n\n".join(parts)


# ---- the headline -----------------------------------------------------------------------------------------


def _headline(evidence: Changes, writer: Writer) -> str:
    days = {"first": writer.cell(0, 0, 0), "last": writer.cell(0, 0, 1)}
    said = [writer.say("last_month")] if not evidence.is_said else []
    said += [writer.say("still_on")] if evidence.is_cut else []
    said.append(writer.say("head", only=writer.filters(evidence.scope), **days))
    lines = [writer.say("sentences").join(said)]
    lines += [_figure(place, evidence, writer) for place in range(len(evidence.heads))]
    year = 1 + evidence.has_before
    notes = []
    if evidence.has_before:
        ends = {"base_first": writer.cell(0, 1, 0), "base_last": writer.cell(0, 1, 1)}
        notes.append(writer.say("compared", **ends))
    else:
        notes.append(writer.say("nothing_before"))
    if evidence.has_year:
        ends = {"year_first": writer.cell(0, year, 0), "year_last": writer.cell(0, year, 1)}
        notes.append(writer.say("compared_year", **ends))
    elif evidence.has_before:
        notes.append(writer.say("nothing_year"))
    return "\n".join(lines) + "\n\n" + writer.say("sentences").join(notes)


def _figure(place: int, evidence: Changes, writer: Writer) -> str:
    column = _HEADS + place
    compared = (
        ("before_it", "without_share", evidence.has_before),
        ("year_ago", "without_share_year", evidence.has_year),
    )
    beside, row = [], 0
    for key, plain, is_there in compared:
        if is_there:
            row += 1
            change = _change(row, place, evidence, writer)
            before = writer.cell(0, row, column)
            told = (
                writer.say(key, before=before, change=change) if change else writer.say(plain, before=before)
            )
            beside.append(told)
    metric = evidence.names[evidence.heads[place]]
    return writer.say(
        "figure",
        metric=writer.restate(metric[:1].upper() + metric[1:]),
        now=writer.cell(0, 0, column),
        beside=writer.say("beside", parts=writer.say("and_then").join(beside)) if beside else "",
    )


def _change(row: int, place: int, evidence: Changes, writer: Writer) -> str:
    """By how much, with its way; empty where there is nothing to take a share of."""
    now, base = (CellRef(table=0, row=at, column=evidence.heads[place]) for at in (0, row))
    later, then = (float(str(evidence.tables[0].rows[at][_HEADS + place])) for at in (0, row))
    if later == then:
        return writer.say("as_before")
    if then <= 0:
        return ""
    return writer.say("up_by" if later > then else "down_by", by=writer.change(now, base))


# ---- what moved -------------------------------------------------------------------------------------------


def _moved(evidence: Changes, writer: Writer) -> str:
    days = {
        "base_first": writer.restate(evidence.base.first.isoformat()),
        "base_last": writer.restate(evidence.base.last.isoformat()),
    }
    if evidence.events:
        lines = [writer.say("moved", **days)]
        lines += [_event(told, evidence, writer) for told in evidence.events]
        parts = ["\n".join(lines)]
        if evidence.more:
            parts.append(writer.say("more", told=writer.restate(str(len(evidence.events)))))
    else:
        parts = [writer.say("nothing", **days)]
    cells = {
        name: writer.cell(evidence.looked, row, 1)
        for row, name in enumerate(("figures", "columns", "series"))
    }
    sentences = [writer.say("looked", **cells)]
    if evidence.passed_over:
        names = listed([writer.restate(name) for name in evidence.passed_over], writer.words)
        sentences.append(writer.say("passed_over", names=names))
    sentences += [writer.say("limits")] if evidence.events else []
    return "\n\n".join([*parts, writer.say("sentences").join(sentences)])


def _event(told: ToldEvent, evidence: Changes, writer: Writer) -> str:
    lead, table = told.event.lead, told.table
    metric = evidence.names[lead.metric]
    cells = {
        name: writer.cell(table, 0, column)
        for name, column in (
            ("now", _NOW), ("before", _BEFORE), ("expected", _EXPECTED), ("low", _LOW), ("high", _HIGH),
        )
    }  # fmt: skip
    cells |= {"metric": writer.restate(metric[:1].upper() + metric[1:]), "level": writer.restate(LEVEL)}
    if lead.part is None:
        sentences = [writer.say("event_whole", **cells)]
    else:
        by = writer.restate(evidence.names[lead.part[0]])
        sentences = [writer.say("event_part", by=by, value=writer.cell(table, 0, _PART), **cells)]
    if told.part is not None and told.part.part is not None:
        by = writer.restate(evidence.names[told.part.part[0]])
        value, now, before = (writer.cell(table, 1, column) for column in (_PART, _NOW, _BEFORE))
        sentences.append(writer.say("most_in", by=by, value=value, now=now, before=before))
    others = _others(told, evidence, writer)
    sentences += [writer.say("seen_too", others=listed(others, writer.words))] if others else []
    sentences.append(writer.say("ask_next", question=_question(told, evidence, writer)))
    return writer.say("sentences").join(sentences)


def _others(told: ToldEvent, evidence: Changes, writer: Writer) -> list[str]:
    """Other figures and parts in which it was seen, each of them once."""
    seen = {_name(move, evidence, writer) for move in (told.event.lead, told.part) if move is not None}
    found: list[str] = []
    for move in told.event.others:
        name = _name(move, evidence, writer)
        if name not in seen and len(found) < MOST_OTHERS:
            seen.add(name)
            way = writer.say("up" if move.by > 0 else "down")
            found.append(writer.say("other", what=writer.restate(name), way=way))
    return found


def _name(move: Move, evidence: Changes, writer: Writer) -> str:
    metric = evidence.names[move.metric]
    if move.part is None:
        return metric
    by, value = evidence.names[move.part[0]], label_of(move, writer.words)
    return writer.say("of_part", metric=metric, by=by, value=value)


def _question(told: ToldEvent, evidence: Changes, writer: Writer) -> str:
    """The question that takes the event apart."""
    move = told.part or told.event.lead
    value = str(move.part[1]) if move.part is not None and told.can_be_named else ""
    is_up = move.now >= move.before
    return writer.say(
        "why_rise" if is_up else "why_fall",
        metric=writer.restate(evidence.names[move.metric]),
        only=writer.say("for_value", value=writer.restate(value)) if value else "",
        when=_when(evidence, writer),
        year=writer.say("than_year") if evidence.is_year else "",
    )


def _when(evidence: Changes, writer: Writer) -> str:
    first, last = evidence.stretch.first, evidence.stretch.last
    is_month = first.day == 1 and (last + DAY).day == 1 and last - first < dt.timedelta(days=31)
    if is_month:
        month = _MONTHS[first.month - 1] if writer.words.language == "en" else str(first.month)
        return writer.say("in_month", month=writer.restate(month), of=writer.restate(str(first.year)))
    return writer.say(
        "in_days", first=writer.restate(first.isoformat()), last=writer.restate(last.isoformat())
    )


# ---- the picture ------------------------------------------------------------------------------------------


def draw_changes(evidence: Evidence, shop: Shop, language: str) -> dict[str, Any] | None:
    """The first figure over time; ``None`` where some of it is hidden."""
    assert isinstance(evidence, Changes)
    return chart_of(evidence.tables[evidence.trend], shop, language) if evidence.trend is not None else None
