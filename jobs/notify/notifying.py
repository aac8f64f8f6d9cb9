"""A rule as an answer: how it is read, how often it would have told, and whether it is kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from bot.errors import AskBack
from bot.job import Request, Tools
from jobs.made_tables import made
from jobs.notify.notify_words import AGAINST, KEEP, LEAST, PER, RULE
from jobs.notify.rule import Alarm, Rule
from jobs.notify.rule_checking import Seen, alarms, last_period, look
from jobs.notify.rule_reading import read_rule
from sql.semantics import Metric
from sql.types import Column, Table
from sql.types import Value as Cell
from telling.evidence import Evidence
from telling.titles import title_of

Kept = Literal["no", "yes", "twice", "nowhere"]
"""Whether it is kept: not asked for, done, was there already, or there is nowhere to keep it."""
MOST_ROWS = 200


@dataclass(frozen=True, kw_only=True)
class Alert(Evidence):
    """Table 0 has a row for each time that it would have told, the latest first; table 1 the whole in one
    row."""

    rule: Rule
    metric: Metric
    told: tuple[Alarm, ...]
    """In the order of table 0."""
    now: tuple[str, ...]
    """Values for which it holds at the moment."""
    kept: Kept
    counted: str
    """Metric or view whose number ``least`` is about; empty for rows."""


def run_notify(request: Request, tools: Tools) -> Alert:
    """Read a rule and try it on the past; keep it where that is asked.

    Raises:
        AskBack: it is not understood in full; says what is missing.
        Declined: the role may not see what it is about, or it cannot be told.
    """
    settings, workspace = request.settings, tools.workspace
    text = settings.get(RULE)
    if text is None:
        raise AskBack("rule_missing", options=examples(request.language))
    rule = read_rule(
        text,
        tools.vocabulary,
        workspace.catalog.dialect,
        workspace.today,
        workspace.role.name,
        per=settings.get(PER),  # type: ignore[arg-type]
        against=settings.get(AGAINST),  # type: ignore[arg-type]
        least=settings.get(LEAST),
    )
    evidence = tried(rule, request, tools)
    if settings.get(KEEP) != "yes":
        return evidence
    return _kept(evidence, request, tools)


def tried(rule: Rule, request: Request, tools: Tools, kept: Kept = "no") -> Alert:
    """A rule with what it would have told in the past."""
    seen = look(rule, request, tools)
    told, now = alarms(rule, seen)
    evidence = alarm_evidence(rule, told[::-1], seen, request, tools, now)
    request.on_table(evidence.tables[0])
    return replace(evidence, kept=kept)


def settings_of(rule: Rule) -> Mapping[str, str]:
    """What a rule is read from, as the job takes it."""
    ran = {RULE.name: rule.text.replace('"', "'")}
    ran |= {PER.name: rule.per} if rule.per != "now" else {}
    ran |= {AGAINST.name: rule.against} if rule.kind == "change" else {}
    return {**ran, LEAST.name: str(rule.least)}


def alarm_evidence(
    rule: Rule,
    told: Sequence[Alarm],
    seen: Seen,
    request: Request,
    tools: Tools,
    now: tuple[str, ...] = (),
) -> Alert:
    """Alarms as evidence, in their order."""
    metric = tools.vocabulary.metric(rule.metric)
    assert metric is not None
    shown = alarm_table(rule, metric, told[:MOST_ROWS], seen)
    return Alert(
        tables=(shown, _whole(rule, metric, told, now, seen)),
        titles={"figure": title_of(tools.workspace.shop, metric.name, request.language)},
        confidence=0.9,
        sql=seen.source.query.written,
        settings=settings_of(rule),
        rule=rule,
        metric=metric,
        told=tuple(told),
        now=now,
        kept="no",
        counted=_counted(metric, tools),
    )


def _kept(evidence: Alert, request: Request, tools: Tools) -> Alert:
    if tools.rules is None:
        return replace(evidence, kept="nowhere")
    since = last_period(evidence.rule, tools)
    is_new = tools.rules.keep(evidence.rule, since, evidence.now, request.language)
    return replace(
        evidence, kept="yes" if is_new else "twice", settings={**evidence.settings, KEEP.name: "yes"}
    )


def _counted(metric: Metric, tools: Tools) -> str:
    """What the least number counts: a count itself, what stands above the line of a rate; else rows."""
    from jobs.unusual.watched import figures_of
    from sql.statement.sentence import Name

    found = figures_of([metric], tools)
    if not found or found[0].kind == "ratio" or (found[0].kind == "sum"):
        return ""
    above = found[0].above[1]
    return above.text if isinstance(above, Name) and not found[0].is_mean else ""


def examples(language: str) -> tuple[str, ...]:
    """Whole messages that order a rule."""
    if language == "zh":
        return ("退货率翻倍时告诉我", "当日销售额低于一千提醒我")
    return ("Tell me when the return rate doubles", "Alert me when revenue of a day is under 1,000")


# ---- tables -----------------------------------------------------------------------------------------------


def alarm_table(rule: Rule, metric: Metric, told: Sequence[Alarm], seen: Seen) -> Table:
    """A row for each alarm: when, of whom, the figure, and what it was held against."""
    is_change = rule.kind == "change"
    columns = [
        Column(name="period", type="date"),
        *([Column(name=rule.by, type="text")] if rule.by else []),
        Column(name="figure", type="number"),
        *([Column(name="figure_before", type="number")] if is_change else []),
    ]
    rows: list[tuple[Cell, ...]] = [
        (
            alarm.first,
            *((alarm.value,) if rule.by else ()),
            _figure(alarm.figure),
            *((_figure(alarm.base),) if is_change else ()),
        )
        for alarm in told
    ]
    labels = {"figure": metric.unit, **({"figure_before": metric.unit} if is_change else {})}
    return made(seen.source, columns, rows, labels)


def _figure(number: float | None) -> Cell:
    if number is None:
        return None
    return int(number) if number == int(number) else round(number, 4)


def _whole(rule: Rule, metric: Metric, told: Sequence[Alarm], now: tuple[str, ...], seen: Seen) -> Table:
    names = ("alarms", "periods", "now", "watched")
    amount = Column(name="amount", type="number")
    row = (len(told), seen.periods, len(now), len(seen.names), _figure(rule.amount))
    unit = metric.unit if rule.kind == "level" else ""
    columns = [*(Column(name=name, type="integer") for name in names), amount]
    return made(seen.source, columns, [row], {"amount": unit})
