"""A forecast in words and as a picture: what comes next, how sure, how it was tried, what it cannot know."""

from __future__ import annotations

import datetime as dt
from typing import Any

from jobs.forecast.forecasting import Told
from sql.semantics import Shop
from sql.types import Table
from telling.cells import Grain, json_value
from telling.charts import SCHEMA, label_of
from telling.evidence import Evidence
from telling.phrases import listed
from telling.titles import title_of
from telling.writer import Writer

MAX_LINES = 12
"""Periods or series that the text lists at most; the table has all."""
MAX_NOTES = 3
"""Series that one note names at most."""
MOST_POINTS = 1_500
_NEXT, _TESTS, _NOTES = 0, 1, 2
_GRAINS: dict[str, Grain | None] = {"month": "month", "week": "day", "day": "day"}


def tell_forecast(evidence: Evidence, writer: Writer) -> str:
    """The figures with their interval, the back-test, what was odd, and the limits."""
    assert isinstance(evidence, Told)
    table = evidence.tables[_NEXT]
    metric = [column.name for column in table.columns].index(evidence.metric)
    head = writer.say(
        "head_by" if evidence.by else "head",
        metric=writer.title(_NEXT, metric),
        filters=writer.filters(evidence.scope),
        unit=writer.say(f"unit_{evidence.grain}"),
        by=writer.restate(title_of(writer.shop, evidence.by, writer.words.language)) if evidence.by else "",
    )
    parts = [head, _lines(evidence, writer, metric)]
    parts += [writer.say("running", unit=writer.say(f"unit_{evidence.grain}"))] if evidence.is_running else []
    parts += [writer.say("more")] if evidence.more else []
    parts.append(_tried(evidence, writer))
    parts += _noted(evidence, writer)
    parts.append(writer.say("limits"))
    return "\n\n".join(parts)


def _lines(evidence: Told, writer: Writer, metric: int) -> str:
    table = evidence.tables[_NEXT]
    shown = list(range(len(table.rows)))
    if evidence.by:
        per = len(table.rows) // len({row[1] for row in table.rows})
        shown = [row for row in shown if row % per == int(evidence.is_running)]
    names = [column.name for column in table.columns]
    low, high = names.index(f"low_{evidence.level}"), names.index(f"high_{evidence.level}")
    lines = []
    for row in shown[:MAX_LINES]:
        when = writer.cell(_NEXT, row, 0, _GRAINS[evidence.grain])
        when = writer.say("week_of", day=when) if evidence.grain == "week" else when
        named = f"{writer.cell(_NEXT, row, 1)}{writer.say('comma')}{when}" if evidence.by else when
        lines.append(
            writer.say(
                "line",
                when=named,
                value=writer.cell(_NEXT, row, metric),
                level=writer.restate(f"{evidence.level} %"),
                low=writer.cell(_NEXT, row, low),
                high=writer.cell(_NEXT, row, high),
            )
        )
    lines += [writer.say("rest")] if len(shown) > MAX_LINES or evidence.by else []
    return "\n".join(lines)


def _tried(evidence: Told, writer: Writer) -> str:
    tests = evidence.tables[_TESTS]
    names = [str(row[0]) for row in tests.rows]
    told = [
        writer.say(
            "tried",
            method=_method(evidence.method, writer),
            origins=writer.cell(_TESTS, 0, 2),
            mase=writer.cell(_TESTS, 0, 1),
            naive=writer.cell(_TESTS, names.index("naive"), 1),
        )
    ]
    others = [i for i, name in enumerate(names) if i and name != "naive" and "+" not in name]
    if others:
        compared = [
            writer.say("other", method=_method(names[i], writer), mase=writer.cell(_TESTS, i, 1))
            for i in others
        ]
        told.append(writer.say("chosen", others=listed(compared, writer.words)))
    held = [i for i, column in enumerate(tests.columns) if column.name == f"held_{evidence.level}"]
    if held:
        level = writer.restate(f"{evidence.level} %")
        told.append(writer.say("held", held=writer.cell(_TESTS, 0, held[0]), level=level))
    return writer.say("space").join(told)


def _method(name: str, writer: Writer) -> str:
    return writer.say("both").join(writer.say(f"method_{part}") for part in name.split("+"))


def _noted(evidence: Told, writer: Writer) -> list[str]:
    """A sentence for each kind of thing that was odd."""
    kinds = dict.fromkeys(note.kind for note in evidence.notes)
    told = []
    for kind in kinds:
        rows = [i + 1 for i, note in enumerate(evidence.notes) if note.kind == kind]
        each = [
            writer.say(
                "noted",
                series=writer.cell(_NOTES, row, 1),
                count=writer.cell(_NOTES, row, 2),
                unit=writer.say(f"units_{evidence.grain}"),
            )
            for row in rows[:MAX_NOTES]
        ]
        each += [writer.say("noted_more")] if len(rows) > MAX_NOTES else []
        told.append(writer.say(f"note_{kind}", series=writer.say("comma").join(each)))
    return told


# ---- the picture ------------------------------------------------------------------------------------------


def draw_forecast(evidence: Evidence, shop: Shop, language: str) -> dict[str, Any] | None:
    """The past as a line, and what comes next with the fan of its intervals."""
    assert isinstance(evidence, Told)
    title = title_of(shop, evidence.metric, language)
    table = evidence.tables[_NEXT]
    per_series = MOST_POINTS // max(1, len({name for name, _, _ in evidence.past}))
    past = [
        {"x": day.isoformat(), "y": value, "group": label_of(name)}
        for name, day, value in _latest(evidence.past, per_series)
    ]
    ahead = [_point(row, table, evidence, label_of(title)) for row in table.rows]
    x = {
        "field": "x",
        "type": "temporal",
        "scale": {"type": "utc"},
        "title": {"zh": "时间"}.get(language, "Time"),
    }
    unit = table.labels.get(evidence.metric, "")
    y = {
        "field": "y",
        "type": "quantitative",
        "title": f"{title} ({unit})" if unit else title,
        "axis": {"format": ",~f"},
    }
    legend = {"title": None} if evidence.by else {"legend": None}
    colour = {"color": {"field": "group", "type": "nominal", **legend}}
    layers: list[dict[str, Any]] = []
    for level, opacity in ((95, 0.15), (80, 0.25)) if not evidence.by else ((80, 0.12),):
        ends = {
            "y": {**y, "field": f"low_{level}"},
            "y2": {"field": f"high_{level}"},
        }
        fan = {"mark": {"type": "area", "opacity": opacity}, "data": {"values": ahead}}
        layers.append({**fan, "encoding": {"x": x, **ends, **colour}})
    line = {"x": x, "y": y, **colour}
    layers.append({"mark": {"type": "line", "tooltip": True}, "data": {"values": past}, "encoding": line})
    dashed = {"type": "line", "strokeDash": [5, 3], "point": True, "tooltip": True}
    layers.append({"mark": dashed, "data": {"values": ahead}, "encoding": line})
    named = (
        f"{title}：历史与预测" if language == "zh" else f"{title[:1].upper()}{title[1:]}: past and forecast"
    )
    return {
        "$schema": SCHEMA,
        "title": named,
        "description": f"{named}. {len(past)} + {len(ahead)} points.",
        "width": "container",
        "layer": layers,
    }


def _point(row: tuple[Any, ...], table: Table, evidence: Told, title: str) -> dict[str, Any]:
    cells = dict(zip([column.name for column in table.columns], row, strict=True))
    point = {"x": cells["at"].isoformat(), "y": json_value(cells[evidence.metric])}
    ends = {name: json_value(value) for name, value in cells.items() if name.startswith(("low_", "high_"))}
    return {**point, **ends, "group": label_of(str(row[1])) if evidence.by else title}


def _latest(past: tuple[tuple[str, dt.date, float], ...], count: int) -> list[tuple[str, dt.date, float]]:
    by_name: dict[str, list[tuple[str, dt.date, float]]] = {}
    for each in past:
        by_name.setdefault(each[0], []).append(each)
    return [each for rows in by_name.values() for each in rows[-count:]]
