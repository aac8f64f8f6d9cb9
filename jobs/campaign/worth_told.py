"""Whether campaigns were worth it, in words and as a picture: the verdict, and what it stands on."""

from __future__ import annotations

from typing import Any

from jobs.campaign.effect import LEVEL_SAID
from jobs.campaign.worth import Judged, Worth
from jobs.told_cells import Cells
from telling.charts import SCHEMA, label_of
from telling.phrases import load_words
from telling.writer import Writer

MAX_LINES = 10
"""Campaigns that the text lists; the table has all."""
MAX_DRAWN = 40
COLOURS = {"more": "#54a24b", "unclear": "#4c78a8", "less": "#e45756"}
"""Verdict → its colour."""


def tell_worth(evidence: Worth, writer: Writer) -> str:
    """The verdict of each, then what it was held against and the limits."""
    if len(evidence.judged) == 1:
        parts = _one(evidence, writer)
    else:
        parts = [_head(evidence, writer), _lines(evidence, writer)]
    return "\n\n".join(
        part for part in [*parts, _meaning(evidence, writer), writer.say("worth_limits")] if part
    )


def _head(evidence: Worth, writer: Writer) -> str:
    sure = [each for each in evidence.judged if each.verdict in ("more", "less")]
    first = writer.say("worth_head", level=_level(writer))
    return first if sure else first + writer.say("space") + writer.say("worth_none_sure")


def _lines(evidence: Worth, writer: Writer) -> str:
    lines = [_line(evidence, writer, row, each) for row, each in enumerate(evidence.judged[:MAX_LINES])]
    return "\n".join([*lines, *([writer.say("more")] if len(evidence.judged) > MAX_LINES else [])])


def _line(evidence: Worth, writer: Writer, row: int, judged: Judged) -> str:
    cells = Cells(evidence, writer, 0, row)
    name = writer.cell(0, row, 0)
    if judged.brought is None:
        return writer.say("worth_line_none", campaign=name)
    told = cells.some("started", "brought", "low", "high")
    cost = writer.say("worth_cost", cost=cells["cost"]) if judged.campaign.cost is not None else ""
    weaker = writer.say("worth_weaker") if judged.way == "days" else ""
    return writer.say(
        "worth_line", campaign=name, cost=cost, weaker=weaker, verdict=_verdict(writer, judged), **told
    )


def _verdict(writer: Writer, judged: Judged) -> str:
    has_cost = "" if judged.campaign.cost is not None else "_no_cost"
    return writer.say(f"verdict_{judged.verdict}{has_cost}")


def _one(evidence: Worth, writer: Writer) -> list[str]:
    judged, cells = evidence.judged[0], Cells(evidence, writer, 0, 0)
    name = writer.cell(0, 0, 0)
    days = cells.some("started", "ended")
    if judged.brought is None:
        return [writer.say("worth_one_none", campaign=name, **days)]
    verdict = _verdict(writer, judged)
    said = [
        writer.say(
            "worth_one",
            campaign=name,
            verdict=verdict,
            what=_what(evidence, writer),
            level=_level(writer),
            **days,
            **cells.some("brought", "low", "high"),
        )
    ]
    if judged.net is not None:
        said.append(writer.say("worth_net", **cells.some("cost", "net", "net_low", "net_high")))
    how = (
        _by_groups(evidence, writer, judged, cells)
        if judged.way == "groups"
        else _by_days(evidence, writer, cells)
    )
    running = [writer.say("worth_running")] if judged.is_running else []
    return [writer.say("space").join([*said, *running]), how]


def _by_groups(evidence: Worth, writer: Writer, judged: Judged, cells: Cells) -> str:
    told = cells.some("sent", "held_back", "sent_mean", "held_mean", "sent_purchases", "held_purchases")
    said = [writer.say("worth_groups", what=_what(evidence, writer), **told)]
    said.append(writer.say("worth_placebo", **cells.some("before", "before_low", "before_high")))
    if judged.effect is not None and judged.effect.is_unequal:
        said.append(writer.say("worth_unequal"))
    if cells.number("users_held_back"):
        said.append(writer.say("worth_contaminated", users=cells["users_held_back"]))
    if cells.number("giants"):
        said.append(writer.say("worth_giants", giants=cells["giants"]))
    return writer.say("space").join(said)


def _by_days(evidence: Worth, writer: Writer, cells: Cells) -> str:
    why = writer.say("worth_days_why" if evidence.has_groups else "worth_days_no_groups")
    how = writer.say("worth_days", tried=cells["quiet_tried"], missed=cells["quiet_missed"])
    return why + writer.say("space") + how


def _level(writer: Writer) -> str:
    return writer.restate(LEVEL_SAID)


def _what(evidence: Worth, writer: Writer) -> str:
    return writer.say("profit" if evidence.is_profit else "revenue")


def _meaning(evidence: Worth, writer: Writer) -> str:
    said = [writer.say("worth_meaning", what=_what(evidence, writer))]
    if evidence.after:
        said.append(writer.say("worth_after", days=writer.restate(str(evidence.after))))
    if not evidence.is_profit:
        said.append(writer.say("cost_hidden" if evidence.is_cost_hidden else "no_unit_cost"))
    if not evidence.knows_cost:
        said.append(writer.say("no_campaign_cost"))
    if len(evidence.judged) > 1 and any(each.way == "days" for each in evidence.judged):
        said.append(writer.say("worth_some_by_days"))
    return writer.say("space").join(said)


def draw_worth(evidence: Worth, language: str) -> dict[str, Any] | None:
    """What each campaign brought, with its interval, beside what it cost."""
    words = load_words(language, __package__)
    told = [(each, each.brought) for each in evidence.judged if each.brought is not None][:MAX_DRAWN]
    if len(told) < 2:
        return None
    names = [each.campaign.name for each, _ in told]
    values = [
        {
            "y": label_of(f"{c.name} ({c.first})" if names.count(c.name) > 1 else c.name),
            "x": round(span.value),
            "low": round(span.low),
            "high": round(span.high),
            "cost": c.cost,
            "is": words.say(f"chart_verdict_{each.verdict}"),
        }
        for each, span in told
        for c in [each.campaign]
    ]
    unit = evidence.tables[0].labels.get("brought", "")
    title = words.say("chart_worth")
    x = {"type": "quantitative", "title": f"{title} ({unit})" if unit else title}
    y = {"field": "y", "type": "nominal", "sort": None, "title": None}
    scale = {"domain": [words.say(f"chart_verdict_{each}") for each in COLOURS], "range": [*COLOURS.values()]}
    colour = {"field": "is", "type": "nominal", "title": None, "legend": {"orient": "bottom"}, "scale": scale}
    layer = [
        {
            "mark": {"type": "rule"},
            "encoding": {"y": y, "x": {**x, "field": "low"}, "x2": {"field": "high"}, "color": colour},
        },
        {
            "mark": {"type": "point", "filled": True, "size": 60, "tooltip": True},
            "encoding": {"y": y, "x": {**x, "field": "x"}, "color": colour},
        },
    ]
    if evidence.knows_cost:
        tick = {"type": "tick", "thickness": 2, "color": "black", "tooltip": True}
        layer.append({"mark": tick, "encoding": {"y": y, "x": {**x, "field": "cost"}}})
    named = words.say("chart_worth_title" if evidence.knows_cost else "chart_worth")
    return {
        "$schema": SCHEMA,
        "title": named,
        "description": f"{named}. {len(values)} intervals.",
        "width": "container",
        "data": {"values": values},
        "layer": layer,
    }
