"""What a switch of choices would bring, in words and as a picture."""

from __future__ import annotations

from typing import Any

from jobs.campaign.effect import LEVEL_SAID
from jobs.campaign.switching import Switching
from jobs.told_cells import Cells
from telling.charts import SCHEMA, label_of
from telling.phrases import load_words
from telling.writer import Writer

MAX_LINES = 10
_CHOICES, _BEST = 0, 1


def tell_switch(evidence: Switching, writer: Writer) -> str:
    """Whether to switch, each choice, and what speaks against the log."""
    return "\n\n".join([_head(evidence, writer), _lines(evidence, writer), _limits(evidence, writer)])


def _head(evidence: Switching, writer: Writer) -> str:
    cells = Cells(evidence, writer, _BEST, 0)
    gain = evidence.found.gain
    key = "more" if gain.low > 0 else "less" if gain.high < 0 else "unclear"
    told = cells.some("choice", "logged_mean", "gain", "gain_low", "gain_high")
    first = writer.say("switch_head", level=writer.restate(LEVEL_SAID), **told)
    return first + writer.say("space") + writer.say(f"switch_{key}")


def _lines(evidence: Switching, writer: Writer) -> str:
    lines = [writer.say("switch_first", level=writer.restate(LEVEL_SAID))]
    for row in range(min(MAX_LINES, len(evidence.found.choices))):
        cells = Cells(evidence, writer, _CHOICES, row)
        told = cells.some("choice", "logged", "ips", "snips", "dr", "low", "high")
        lines.append(writer.say("switch_line", **told))
    return "\n".join([*lines, *([writer.say("more")] if len(evidence.found.choices) > MAX_LINES else [])])


def _limits(evidence: Switching, writer: Writer) -> str:
    said = []
    unfit = [row for row, each in enumerate(evidence.found.choices) if not each.fits]
    if unfit:
        said.append(writer.say("switch_unfit", choice=writer.cell(_CHOICES, unfit[0], 0)))
    else:
        said.append(writer.say("switch_fits"))
    if any(each.clipped for each in evidence.found.choices):
        said.append(writer.say("switch_clipped"))
    if evidence.is_sample:
        said.append(writer.say("switch_sample"))
    return writer.say("space").join([*said, writer.say("switch_limits")])


def draw_switch(evidence: Switching, language: str) -> dict[str, Any]:
    """What each choice would have brought if always made, with intervals; what was logged as a line."""
    words = load_words(language, __package__)
    values = [
        {
            "y": label_of(str(each.name)),
            "x": round(dr.value, 5),
            "low": round(dr.low, 5),
            "high": round(dr.high, 5),
        }
        for each in evidence.found.choices
        for dr in [each.values["dr"]]
    ]
    title = words.say("chart_switch")
    x = {"type": "quantitative", "title": title}
    y = {"field": "y", "type": "nominal", "sort": None, "title": None}
    ends = {"x": {**x, "field": "low"}, "x2": {"field": "high"}}
    logged = [{"at": round(evidence.found.logged, 5)}]
    return {
        "$schema": SCHEMA,
        "title": title,
        "description": f"{title}. {len(values)} intervals.",
        "width": "container",
        "data": {"values": values},
        "layer": [
            {"mark": {"type": "rule"}, "encoding": {"y": y, **ends}},
            {
                "mark": {"type": "point", "filled": True, "size": 60, "tooltip": True},
                "encoding": {"y": y, "x": {**x, "field": "x"}},
            },
            {
                "data": {"values": logged},
                "mark": {"type": "rule", "strokeDash": [5, 3]},
                "encoding": {"x": {**x, "field": "at"}},
            },
        ],
    }
