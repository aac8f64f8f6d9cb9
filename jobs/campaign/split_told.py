"""How to split a budget, in words and as a picture: the shares, their ground, what would have to be true."""

from __future__ import annotations

from typing import Any

from jobs.campaign.budget_shares import LEAST_SHARE, MOST_SHARE
from jobs.campaign.effect import LEVEL_SAID
from jobs.campaign.splitting import Splitting
from jobs.told_cells import Cells
from telling.charts import SCHEMA, label_of
from telling.phrases import load_words
from telling.writer import Writer


def tell_split(evidence: Splitting, writer: Writer) -> str:
    """Each share with its return, whether any pays for itself, the test, and the limits."""
    what = writer.say("profit" if evidence.is_profit else "revenue")
    lines = [writer.say("split_head", what=what, level=writer.restate(LEVEL_SAID))]
    for row in range(len(evidence.found.shares)):
        cells = Cells(evidence, writer, 0, row)
        key = "split_line" if evidence.budget is None else "split_line_amount"
        told = cells.some(evidence.by, "campaigns", "spent", "returned", "low", "high", "share", "amount")
        lines.append(writer.say(key, name=told.pop(evidence.by), **told))
    return "\n\n".join(["\n".join(lines), _sense(evidence, writer, what), _limits(evidence, writer)])


def _sense(evidence: Splitting, writer: Writer, what: str) -> str:
    one = writer.restate("1")
    returns = [each.returned for each in evidence.found.shares]
    said = []
    if all(span.high < 1 for span in returns):
        said.append(writer.say("split_none_pays", what=what, one=one))
    elif not any(span.low > 1 for span in returns):
        said.append(writer.say("split_none_surely_pays", what=what, one=one))
    if evidence.found.is_apart:
        said.append(writer.say("split_apart"))
    else:
        most = {"least": f"{LEAST_SHARE:.0%}", "most": f"{MOST_SHARE:.0%}"}
        said.append(writer.say("split_rails", **{name: writer.restate(text) for name, text in most.items()}))
    return writer.say("space").join(said)


def _limits(evidence: Splitting, writer: Writer) -> str:
    cells = Cells(evidence, writer, 1, 0)
    is_better = evidence.found.error < evidence.found.plain_error
    said = [writer.say("split_tested", **cells.some("error", "plain_error"))]
    said += [] if is_better else [writer.say("split_no_better")]
    if evidence.found.left_out:
        said.append(writer.say(f"split_left_out_{evidence.by}", left_out=cells["left_out"]))
    return writer.say("space").join([*said, writer.say("split_limits")])


def draw_split(evidence: Splitting, language: str) -> dict[str, Any]:
    """What each channel or offer returned for a unit of money, with intervals."""
    words = load_words(language, __package__)
    values = [
        {
            "y": label_of(each.name),
            "x": round(each.returned.value, 3),
            "low": round(each.returned.low, 3),
            "high": round(each.returned.high, 3),
            "share": round(each.share, 4),
        }
        for each in evidence.found.shares
    ]
    title = words.say("chart_split")
    x = {"type": "quantitative", "title": title}
    y = {"field": "y", "type": "nominal", "sort": None, "title": None}
    ends = {"x": {**x, "field": "low"}, "x2": {"field": "high"}}
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
        ],
    }
