"""What was unusual in words and as a picture: since when, by how much, how sure, what carries it."""

from __future__ import annotations

from typing import Any

from jobs.unusual.episodes import Episode
from jobs.unusual.looking import Seen, ToldEvent, named
from sql.semantics import Shop
from telling.charts import SCHEMA
from telling.evidence import CellRef, Evidence
from telling.phrases import listed
from telling.titles import title_of
from telling.writer import Writer

MOST_OTHERS = 3
"""Further series that are named with an event."""
LEVEL = "95 %"
_FIRST_DAY, _LAST_DAY, _ACTUAL, _EXPECTED, _LOW, _HIGH, _YEARS = 1, 2, 3, 4, 5, 6, 7


def tell_unusual(evidence: Evidence, writer: Writer) -> str:
    """The events, the surest first; what was watched, and what was not."""
    assert isinstance(evidence, Seen)
    days = {"first": evidence.first.isoformat(), "last": evidence.last.isoformat()}
    period = {name: writer.restate(day) for name, day in days.items()}
    if not evidence.events:
        parts = [writer.say("quiet", **period)]
    else:
        parts = [writer.say("unusual_head", **period)]
        parts.append("\n".join(f"- {tell_event(each, evidence, writer)}" for each in evidence.events))
        parts += [writer.say("more_events")] if evidence.more else []
    return "\n\n".join([*parts, _watched(evidence, writer), writer.say("unusual_limits")])


def tell_event(told: ToldEvent, evidence: Seen, writer: Writer) -> str:
    """One event in a line."""
    event, table = told.event, told.table
    lead = event.lead
    now = CellRef(table=table, row=0, column=lead.series.metric)
    expected = CellRef(table=table, row=0, column="expected")
    difference = writer.difference(now, expected)
    change = f" ({writer.change(now, expected)})" if lead.expected > 0 else ""
    sentences = [
        writer.say(
            "event",
            what=writer.restate(named(lead.series, evidence.names)),
            when=_when(lead, table, writer),
            actual=writer.cell(table, 0, _ACTUAL),
            expected=writer.cell(table, 0, _EXPECTED),
            level=writer.restate(LEVEL),
            low=writer.cell(table, 0, _LOW),
            high=writer.cell(table, 0, _HIGH),
            difference=_points(difference, lead, writer),
            direction=writer.say("more" if lead.side > 0 else "less"),
            change=change,
        )
    ]
    sentences += [writer.say("event_stays")] if lead.stays else []
    sentences += [writer.say("event_nothing")] if lead.actual == 0 and lead.series.adds_up else []
    sentences += _carrier(told, evidence, writer)
    others = _others(told, evidence, writer)
    sentences += [writer.say("event_others", others=others)] if others else []
    surest = min(range(len(evidence.tables[table].rows)), key=lambda row: _chance(told, row))
    sentences.append(writer.say("event_chance", years=writer.cell(table, surest, _YEARS)))
    return writer.say("between").join(sentences)


def _points(text: str, lead: Episode, writer: Writer) -> str:
    return writer.say("points", number=text) if lead.series.unit == "%" else text


def _chance(told: ToldEvent, row: int) -> float:
    episode = told.event.part if row and told.event.part else told.event.lead
    return episode.chance


def _when(episode: Episode, table: int, writer: Writer) -> str:
    first, last = writer.cell(table, 0, _FIRST_DAY), writer.cell(table, 0, _LAST_DAY)
    key = "when_still" if episode.is_still else "when_day" if episode.first == episode.last else "when_range"
    return writer.say(key, first=first, last=last)


def _carrier(told: ToldEvent, evidence: Seen, writer: Writer) -> list[str]:
    """Which value of a column moved the whole, or in which it is surest."""
    event = told.event
    if told.parts is not None:
        rows = evidence.tables[told.parts].rows
        sign = event.lead.side
        row = max(
            range(len(rows)),
            key=lambda at: sign * float(str(rows[at][3])) if rows[at][0] is not None else 0.0,
        )
        if rows[row][0] is not None and sign * float(str(rows[row][3])) > 0:
            now = CellRef(table=told.parts, row=row, column=event.lead.series.metric)
            expected = CellRef(table=told.parts, row=row, column="expected")
            return [
                writer.say(
                    "event_carried",
                    by=writer.restate(evidence.names[told.by]),
                    value=writer.cell(told.parts, row, 0),
                    difference=writer.difference(now, expected),
                    direction=writer.say("more" if sign > 0 else "less"),
                )
            ]
    if event.part is None:
        return []
    return [
        writer.say(
            "event_surest",
            by=writer.restate(evidence.names[event.part.series.by]),
            value=writer.cell(told.table, 1, 0),
            actual=writer.cell(told.table, 1, _ACTUAL),
            expected=writer.cell(told.table, 1, _EXPECTED),
        )
    ]


def _others(told: ToldEvent, evidence: Seen, writer: Writer) -> str:
    """Other metrics in which it was seen, each once, with the way that it went."""
    seen = {told.event.lead.series.metric}
    found: list[str] = []
    for each in told.event.others:
        if each.series.metric in seen or len(found) == MOST_OTHERS:
            continue
        seen.add(each.series.metric)
        way = writer.say("up" if each.side > 0 else "down")
        found.append(
            writer.say("other_series", what=writer.restate(named(each.series, evidence.names)), way=way)
        )
    return listed(found, writer.words) if found else ""


def _watched(evidence: Seen, writer: Writer) -> str:
    """How many series were watched, the false alarms to be expected, and what was left out."""
    table, rows = evidence.watch, evidence.tables[evidence.watch].rows
    place = {str(row[0]): at for at, row in enumerate(rows)}
    sentences = [
        writer.say(
            "watched",
            count=writer.cell(table, place["watched"], 1),
            alarms=writer.cell(table, place["alarms"], 1),
        )
    ]
    for reason in ("young", "sparse", "hidden"):
        if rows[place[reason]][1]:
            sentences.append(writer.say(f"left_{reason}", count=writer.cell(table, place[reason], 1)))
    for column, (taken, there) in evidence.left_out.wide.items():
        if taken < there:
            at = place[f"wide_{column}"]
            sentences.append(
                writer.say(
                    "left_wide",
                    column=writer.restate(title_of(writer.shop, column, writer.words.language)),
                    taken=writer.cell(table, at, 1),
                    there=writer.cell(table, at, 2),
                )
            )
    return writer.say("between").join(sentences)


# ---- the picture ------------------------------------------------------------------------------------------


def draw_unusual(evidence: Evidence, shop: Shop, language: str) -> dict[str, Any] | None:
    """The surest series with the band of what is usual, and its episode; ``None`` on quiet days."""
    assert isinstance(evidence, Seen)
    drawn = evidence.drawn
    if drawn is None:
        return None
    name = " ".join(named(drawn.series, evidence.names).split())
    title = (
        f"{name}：不寻常的一段" if language == "zh" else f"{name[:1].upper()}{name[1:]}: where it was unusual"
    )
    points = [
        {"x": day.isoformat(), "y": y, "low": low, "high": high}
        for day, y, low, high in zip(drawn.days, drawn.actual, drawn.low, drawn.high, strict=True)
    ]
    episode = drawn.episode
    off = [p for p, day in zip(points, drawn.days, strict=True) if episode.first <= day <= episode.last]
    x = {
        "field": "x",
        "type": "temporal",
        "scale": {"type": "utc"},
        "title": {"zh": "时间"}.get(language, "Time"),
    }
    is_share = drawn.series.unit == "%"
    unit = f" ({drawn.series.unit})" if drawn.series.unit and not is_share else ""
    axis = {"format": ".0%" if is_share else ",~f"}
    y = {
        "field": "y",
        "type": "quantitative",
        "title": f"{evidence.names[drawn.series.metric]}{unit}",
        "axis": axis,
    }
    band = {"x": x, "y": {**y, "field": "low"}, "y2": {"field": "high"}}
    return {
        "$schema": SCHEMA,
        "title": title,
        "description": f"{title}. {len(points)} + {len(off)} points.",
        "width": "container",
        "layer": [
            {"mark": {"type": "area", "opacity": 0.25}, "data": {"values": points}, "encoding": band},
            {
                "mark": {"type": "line", "tooltip": True},
                "data": {"values": points},
                "encoding": {"x": x, "y": y},
            },
            {
                "mark": {"type": "point", "filled": True, "size": 60, "color": "#c0392b", "tooltip": True},
                "data": {"values": off},
                "encoding": {"x": x, "y": y},
            },
        ],
    }
