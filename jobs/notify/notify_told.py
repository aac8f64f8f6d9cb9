"""A rule in words: what it says, how often it would have told, whether it is kept; and an alarm in words."""

from __future__ import annotations

from typing import Any

from jobs.notify.notifying import Alert
from jobs.notify.rule import Rule
from jobs.told_cells import Cells
from sql.semantics import Shop
from telling.charts import SCHEMA, label_of
from telling.evidence import Evidence
from telling.phrases import listed, load_words
from telling.titles import title_of
from telling.writer import Writer

MAX_LINES = 5
"""Past alarms that the text lists, the latest; the table has more."""
MOST_NOW = 5
_SHOWN, _WHOLE = 0, 1


def tell_notify(evidence: Evidence, writer: Writer) -> str:
    """The rule, the replay, what holds now, and what becomes of it."""
    assert isinstance(evidence, Alert)
    whole = Cells(evidence, writer, _WHOLE, 0)
    parts = [writer.say("rule_read", rule=rule_said(evidence, writer))]
    parts += [_replayed(evidence, writer, whole)]
    parts += [_now(evidence, writer, whole)] if evidence.now else []
    parts.append(writer.say(f"rule_kept_{evidence.kept}"))
    return "\n\n".join(parts)


def rule_said(evidence: Alert, writer: Writer) -> str:
    """The rule as it was read, with everything that it takes by itself."""
    rule, words = evidence.rule, writer.words
    title = writer.restate(title_of(writer.shop, rule.metric, words.language))
    only = [writer.restate(value) for values in rule.only.values() for value in values]
    amount = writer.cell(_WHOLE, 0, len(evidence.tables[_WHOLE].columns) - 1)
    filters = writer.say("rule_only", values=listed(only, words)) if only else ""
    each = _each(rule, writer)
    per = writer.say(f"rule_per_{rule.per}")
    key = f"rule_{rule.kind}_{rule.side}"
    against = writer.say(f"rule_against_{rule.per}_{rule.against}") if rule.kind == "change" else ""
    least = ""
    if rule.least:
        counted = evidence.counted
        of = (
            writer.restate(title_of(writer.shop, counted, words.language))
            if counted
            else writer.say("rule_rows")
        )
        where = "rule_least_both" if rule.kind == "change" else "rule_least"
        least = writer.say(where, least=writer.restate(str(rule.least)), counted=of)
    return writer.say(
        key, metric=title, only=filters, each=each, per=per, amount=amount, against=against, least=least
    )


def _each(rule: Rule, writer: Writer) -> str:
    if not rule.by:
        return ""
    title = title_of(writer.shop, rule.by, writer.words.language)
    return writer.say("rule_each", by=writer.restate(title))


def _replayed(evidence: Alert, writer: Writer, whole: Cells) -> str:
    if evidence.rule.per == "now":
        return writer.say("rule_no_past")
    unit = writer.say(f"rule_unit_{evidence.rule.per}")
    told = whole.some("alarms", "periods")
    if not evidence.told:
        return writer.say("rule_never", periods=told["periods"], unit=unit)
    lines = [writer.say("rule_replayed", unit=unit, **told)]
    lines += [
        alarm_line(evidence, writer, row) for row in range(min(MAX_LINES, len(evidence.tables[0].rows)))
    ]
    return "\n".join([*lines, *([writer.say("rule_more")] if len(evidence.told) > MAX_LINES else [])])


def alarm_line(evidence: Alert, writer: Writer, row: int) -> str:
    """One alarm: when, of whom, the figure and what it was held against."""
    names = [column.name for column in evidence.tables[_SHOWN].columns]
    cells = Cells(evidence, writer, _SHOWN, row)
    told = {"period": writer.cell(_SHOWN, row, 0), "figure": cells["figure"]}
    who = writer.say("alarm_of", value=cells[evidence.rule.by]) if evidence.rule.by else ""
    before = writer.say("alarm_before", before=cells["figure_before"]) if "figure_before" in names else ""
    return writer.say(f"alarm_line_{evidence.rule.per}", who=who, before=before, **told)


def tell_alarm(evidence: Evidence, writer: Writer) -> str:
    """What the inbox says: the rule, and of whom it holds."""
    assert isinstance(evidence, Alert)
    rows = len(evidence.tables[_SHOWN].rows)
    lines = [alarm_line(evidence, writer, row) for row in range(min(MAX_LINES, rows))]
    more = [writer.say("alarm_more")] if rows > MAX_LINES else []
    return "\n".join([writer.say("alarm_head", rule=rule_said(evidence, writer)), *lines, *more])


def _now(evidence: Alert, writer: Writer, whole: Cells) -> str:
    if not evidence.rule.by:
        return writer.say("rule_holds_now")
    some = listed([writer.restate(name) for name in evidence.now[:MOST_NOW]], writer.words)
    more = writer.say("rule_and_more") if len(evidence.now) > MOST_NOW else ""
    return writer.say("rule_holds_for", **whole.some("now"), some=some, more=more)


def draw_notify(evidence: Evidence, shop: Shop, language: str) -> dict[str, Any] | None:
    """The times at which it would have told; ``None`` where it never would, or where it has no past."""
    assert isinstance(evidence, Alert)
    if len(evidence.told) < 2 or evidence.rule.per == "now":
        return None
    words = load_words(language, __package__ or "")
    title = words.say("chart_alert")
    values = [
        {"x": alarm.first.isoformat(), "y": alarm.figure, "who": label_of(alarm.value)}
        for alarm in evidence.told
    ]
    unit = evidence.metric.unit
    named = title_of(shop, evidence.metric.name, language)
    color = {"field": "who", "type": "nominal", "title": title_of(shop, evidence.rule.by, language)}
    is_few = evidence.rule.by and len({each["who"] for each in values}) <= MAX_LINES
    return {
        "$schema": SCHEMA,
        "title": title,
        "description": f"{title}. {len(values)} points.",
        "width": "container",
        "data": {"values": values},
        "mark": {"type": "point", "filled": True, "size": 70, "tooltip": True},
        "encoding": {
            "x": {"field": "x", "type": "temporal", "title": None},
            "y": {
                "field": "y",
                "type": "quantitative",
                "title": f"{named} ({unit})" if unit and unit != "%" else named,
                "axis": {"format": ".1%" if unit == "%" else ",~f"},
            },
            **({"color": color} if is_few else {}),
        },
    }
