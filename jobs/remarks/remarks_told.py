"""What reviews speak of, in words and as a picture: counts of all, shares with their intervals, both sides quoted."""

from __future__ import annotations

from typing import Any, cast

from jobs.remarks.remarks_counted import (
    ABOUT,
    COMPLAINTS,
    GROUP,
    HIGH,
    LOW,
    NAMED,
    NAMED_SHARE,
    PRAISE,
    REVIEWS,
    UNITS,
    Counted,
)
from sql.semantics import Shop
from telling.cells import Grain
from telling.charts import SCHEMA, label_of
from telling.evidence import Evidence
from telling.phrases import listed, load_words
from telling.quotes import quote
from telling.writer import Writer

MOST_FORMS = 6
"""Words for an aspect that are told."""
MOST_LINES = 12
MOST_BARS = 30


def tell_remarks(evidence: Evidence, writer: Writer) -> str:
    """The counts, how sure they are, then what customers wrote."""
    assert isinstance(evidence, Counted)
    rows = evidence.tables[0].rows
    parts = [_head(evidence, writer)]
    if evidence.per and rows:
        lines = [_line(evidence, row, writer) for row in range(min(len(rows), MOST_LINES))]
        parts.append(
            "\n".join(
                [*lines, *([writer.say("more_rows")] if evidence.rest or len(rows) > MOST_LINES else [])]
            )
        )
    if any(row[ABOUT] is not None for row in rows):
        parts.append(writer.say("sure_own" if evidence.is_own else "sure_shipped"))
    if evidence.hits:
        parts += [
            writer.say("they_write_split" if evidence.is_split else "they_write"),
            *(quote(hit) for hit in evidence.hits),
        ]
    return "\n\n".join(parts)


def _head(evidence: Counted, writer: Writer) -> str:
    filters = writer.filters(evidence.scope)
    reviews = writer.cell(1, 0, 0)
    if not evidence.tables[0].rows:
        return writer.say("none_of_it", reviews=reviews, filters=filters)
    if evidence.per == "aspect":
        return writer.say(f"head_{evidence.sign}", reviews=reviews, filters=filters)
    named = {
        "aspect": writer.restate(evidence.aspect),
        "reviews": reviews,
        "filters": filters,
        "forms": _forms(evidence, writer),
    }
    if evidence.per:
        return writer.say("head_per" if evidence.aspect else "head_per_all", **named)
    if not evidence.tables[0].rows[0][NAMED]:
        return writer.say("nobody_names_it", **named)
    told = writer.say("share", named=writer.cell(0, 0, NAMED), share=writer.cell(0, 0, NAMED_SHARE), **named)
    return writer.say("space").join([told, _of_them(evidence, 0, writer)])


def _forms(evidence: Counted, writer: Writer) -> str:
    """The words that were counted, where there are several."""
    if len(evidence.forms) < 2:
        return ""
    words = listed([f"“{writer.restate(form)}”" for form in evidence.forms[:MOST_FORMS]], writer.words)
    return writer.say("forms", words=words)


def _of_them(evidence: Counted, row: int, writer: Writer, where: str = "of_them") -> str:
    counts = {"complaints": writer.cell(0, row, COMPLAINTS), "praise": writer.cell(0, row, PRAISE)}
    if evidence.tables[0].rows[row][ABOUT] is None:
        return writer.say(f"{where}_few", **counts)
    shares = {name: writer.cell(0, row, at) for name, at in (("about", ABOUT), ("low", LOW), ("high", HIGH))}
    return writer.say(where, **counts, **shares)


def _line(evidence: Counted, row: int, writer: Writer) -> str:
    grain = cast("Grain | None", evidence.per if evidence.per in UNITS else None)
    told = {
        "group": writer.cell(0, row, GROUP, grain),
        "named": writer.cell(0, row, NAMED),
        "of_them": _of_them(evidence, row, writer, "in_line"),
    }
    if evidence.per == "aspect":
        return writer.say("line_aspect", **told)
    if not evidence.aspect:
        return writer.say("line_all", **told)
    if not evidence.tables[0].rows[row][NAMED]:
        return writer.say("line_nobody", group=told["group"], reviews=writer.cell(0, row, REVIEWS))
    return writer.say(
        "line", reviews=writer.cell(0, row, REVIEWS), share=writer.cell(0, row, NAMED_SHARE), **told
    )


def draw_remarks(evidence: Evidence, shop: Shop, language: str) -> dict[str, Any] | None:
    """Complaints and praise of each row as two bars; ``None`` for one row."""
    assert isinstance(evidence, Counted)
    rows = evidence.tables[0].rows[:MOST_BARS]
    if len(rows) < 2:
        return None
    words = load_words(language, __package__ or "")
    values = [
        {"x": label_of(str(row[GROUP])[:10] if evidence.per in UNITS else str(row[GROUP])), "place": place, "y": row[at], "what": words.say(name)}
        for place, row in enumerate(rows)
        for at, name in ((COMPLAINTS, "chart_complaints"), (PRAISE, "chart_praise"))
    ]  # fmt: skip
    title = words.say("chart_title")
    return {
        "$schema": SCHEMA,
        "title": title,
        "description": f"{title}. {len(values)} bars.",
        "width": "container",
        "data": {"values": values},
        "mark": {"type": "bar", "tooltip": True},
        "encoding": {
            "x": {
                "field": "x",
                "type": "nominal",
                "title": None,
                "sort": {"field": "place"},
                "axis": {"labelAngle": -30},
            },
            "xOffset": {"field": "what"},
            "y": {"field": "y", "type": "quantitative", "title": words.say("chart_reviews")},
            "color": {
                "field": "what",
                "type": "nominal",
                "title": None,
                "scale": {
                    "domain": [words.say("chart_complaints"), words.say("chart_praise")],
                    "range": ["#c0392b", "#27ae60"],
                },
            },
        },
    }


# ruff: noqa: E501
