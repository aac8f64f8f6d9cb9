"""Churn in words and as a picture: who, what is at stake, why, how well it was told, where it fails."""

from __future__ import annotations

from typing import Any

from jobs.churn.churning import Churn
from sql.semantics import Shop
from telling.cells import json_value
from telling.charts import SCHEMA, label_of
from telling.evidence import Evidence
from telling.phrases import listed, load_words
from telling.titles import title_of
from telling.writer import Writer

MAX_LINES = 10
"""Customers or groups that the text lists; the table has all."""
MAX_WRONG = 3
_SHOWN, _WHOLE, _TESTS, _TENTHS, _WRONG = 0, 1, 2, 3, 4


def tell_churn(evidence: Evidence, writer: Writer) -> str:
    """The shop, its customers or groups, the test, the groups it fails for, and its limits."""
    assert isinstance(evidence, Churn)
    horizon = writer.restate(evidence.horizon.in_words(writer.words.language))
    head = writer.say(
        "head",
        customers=writer.cell(_WHOLE, 0, 0),
        filters=writer.filters(evidence.scope),
        horizon=horizon,
        buyers=writer.cell(_WHOLE, 0, 1),
        share=writer.cell(_WHOLE, 0, 2),
        purchases=writer.cell(_WHOLE, 0, 3),
        usual=writer.cell(_WHOLE, 0, 4),
        at_risk=writer.cell(_WHOLE, 0, 5),
    )
    lines = _groups(evidence, writer) if evidence.by else _customers(evidence, writer)
    parts = [head, lines, _tested(evidence, writer, horizon), *_wrong(evidence, writer)]
    parts.append(writer.say("limits", horizon=horizon))
    return "\n\n".join(parts)


def _cells(evidence: Evidence, writer: Writer, row: int, **names: str) -> dict[str, str]:
    columns = [column.name for column in evidence.tables[_SHOWN].columns]
    return {key: writer.cell(_SHOWN, row, columns.index(name)) for key, name in names.items()}


def _customers(evidence: Churn, writer: Writer) -> str:
    table = evidence.tables[_SHOWN]
    columns = [column.name for column in table.columns]
    lines = [writer.say(f"first_{evidence.rank}")]
    for row, reasons in enumerate(evidence.reasons[:MAX_LINES]):
        told = _cells(
            evidence, writer, row, customer=columns[0], chance="chance", at_risk="value_at_risk",
            last="last_purchase", days="days_since", purchases="purchases", expected="expected_purchases",
        )  # fmt: skip
        has_gap = table.rows[row][columns.index("usual_gap")] is not None
        gap = writer.say("gap", **_cells(evidence, writer, row, gap="usual_gap")) if has_gap else ""
        each = [writer.say(f"why_{reason}") for reason in reasons]
        why = writer.say("reasons", why=listed(each, writer.words)) if each else ""
        lines.append(writer.say(f"line_{evidence.rank}", **told, gap=gap, why=why))
    return "\n".join(lines)


def _groups(evidence: Churn, writer: Writer) -> str:
    table = evidence.tables[_SHOWN]
    columns = [column.name for column in table.columns]
    by = writer.restate(title_of(writer.shop, evidence.by, writer.words.language))
    day = writer.restate(evidence.before.isoformat())
    lines = [writer.say("first_groups", by=by, day=day)]
    for row, cells in enumerate(table.rows[:MAX_LINES]):
        told = _cells(
            evidence, writer, row, group=columns[0], customers="customers", share="share",
            at_risk="value_at_risk", usual="usual_value",
        )  # fmt: skip
        was = columns.index("share_before")
        if cells[was] is None:
            lines.append(writer.say("line_small", **told))
        else:
            lines.append(writer.say("line_group", **told, before=writer.cell(_SHOWN, row, was)))
    return "\n".join(lines)


def _tested(evidence: Churn, writer: Writer, horizon: str) -> str:
    rows = {str(row[0]): place for place, row in enumerate(evidence.tables[_TESTS].rows)}
    scores = {
        f"{method}_{measure}": writer.cell(_TESTS, rows[method], column)
        for method in rows
        for measure, column in (("auc", 1), ("brier", 2))
    }
    last = len(evidence.tables[_TENTHS].rows) - 1
    told = writer.say(
        "tested",
        customers=writer.cell(_TESTS, 0, 3),
        day=writer.cell(_TESTS, 0, 4),
        horizon=horizon,
        **scores,
        top_told=writer.cell(_TENTHS, last, 2),
        top_did=writer.cell(_TENTHS, last, 3),
        low_told=writer.cell(_TENTHS, 0, 2),
        low_did=writer.cell(_TENTHS, 0, 3),
        expected=writer.cell(_TESTS, 0, 6),
        purchases=writer.cell(_TESTS, 0, 7),
    )
    tests = evidence.tables[_TESTS].rows
    best_other = min(float(str(row[2])) for row in tests[1:])
    is_worse = float(str(tests[0][2])) > best_other
    return f"{told}{writer.say('space')}{writer.say('no_better')}" if is_worse else told


def _wrong(evidence: Churn, writer: Writer) -> list[str]:
    rows = evidence.tables[_WRONG].rows
    if not rows:
        return []
    each = [
        writer.say(
            "wrong_group",
            group=writer.cell(_WRONG, row, 0),
            told=writer.cell(_WRONG, row, 2),
            did=writer.cell(_WRONG, row, 3),
        )
        for row in range(min(MAX_WRONG, len(rows)))
    ]
    by = writer.restate(title_of(writer.shop, evidence.checked_by, writer.words.language))
    return [writer.say("wrong", by=by, groups=listed(each, writer.words))]


def draw_churn(evidence: Evidence, shop: Shop, language: str) -> dict[str, Any] | None:
    """Groups: their share before and now. Customers: what is at risk of each, or their chance to buy."""
    assert isinstance(evidence, Churn)
    words = load_words(language, __package__)
    table = evidence.tables[_SHOWN]
    columns = [column.name for column in table.columns]
    shown = "share" if evidence.by else "chance" if evidence.rank == "buying" else "value_at_risk"
    unit = table.labels.get(shown, "")
    data: list[dict[str, Any]] = []
    for row in table.rows:
        cells = dict(zip(columns, row, strict=True))
        name = label_of(str(row[0]))
        data.append({"y": name, "x": json_value(cells[shown]), "group": words.say("chart_now")})
        if evidence.by and cells["share_before"] is not None:
            was = json_value(cells["share_before"])
            data.append({"y": name, "x": was, "group": words.say("chart_before")})
    if len(table.rows) < 2:
        return None
    title = words.say("chart_groups" if evidence.by else f"chart_{evidence.rank}")
    axis = {"format": ".0%" if unit == "%" else ",~f"}
    named = words.say(f"chart_{shown}")
    encoding: dict[str, Any] = {
        "y": {"field": "y", "type": "nominal", "sort": None, "title": title_of(shop, columns[0], language)},
        "x": {
            "field": "x",
            "type": "quantitative",
            "title": f"{named} ({unit})" if unit and unit != "%" else named,
            "axis": axis,
        },
    }
    if evidence.by:
        encoding |= {
            "color": {"field": "group", "type": "nominal", "title": None},
            "yOffset": {"field": "group"},
        }
    return {
        "$schema": SCHEMA,
        "title": title,
        "description": f"{title}. {len(data)} bars.",
        "width": "container",
        "data": {"values": data},
        "mark": {"type": "bar", "tooltip": True},
        "encoding": encoding,
    }
