"""How far back a comparison looks, where the question's words say it: 同比 is a year, 环比 the unit before.

A model that has learnt "compared with last year" from many questions writes a year for "the period before" as
well. The words say which, so the step is put right; words that are the statement's own period say nothing.
"""

from __future__ import annotations

import re
from typing import cast

from sql.question.linking import Links
from sql.statement.compile import Compiled
from sql.statement.sentence import UNITS, During, Grain, Has, Node, Shifted, Statement, Step, Unit
from sql.statement.spans import Shift, back, shift_of

_BEFORE = r"(?:previous|prior|last|preceding)"
_BESIDE = r"(?:than|to|with|against|vs\.?|versus|from|over)"
_SAID: tuple[tuple[Unit | None, str], ...] = (
    (
        "YEAR",
        r"\b(?:yoy|year[- ](?:over|on)[- ]year|a year (?:earlier|ago|before)|the year before"
        rf"|{_BESIDE} (?:the |that of )?{_BEFORE} year|last year'?s?"
        r"|same (?:period|time|days?|week|month|quarter) (?:of |in )?(?:last|the previous|a) year)\b"
        r"|同比|[去上]年同[期月]|[比较与和跟同][去上]年",
    ),
    (
        "QUARTER",
        r"\b(?:quarter[- ](?:over|on)[- ]quarter|qoq|the quarter before"
        rf"|{_BESIDE} (?:the )?{_BEFORE} quarter)\b"
        r"|[比较与和跟同]上个?季度?",
    ),
    (
        "MONTH",
        rf"\b(?:month[- ](?:over|on)[- ]month|mom|the month before|{_BESIDE} (?:the )?{_BEFORE} month)\b"
        r"|[比较与和跟同]上个?月",
    ),
    (
        "WEEK",
        rf"\b(?:week[- ](?:over|on)[- ]week|wow|the week before|{_BESIDE} (?:the )?{_BEFORE} week)\b"
        r"|[比较与和跟同]上个?(?:周|星期)",
    ),
    (
        None,
        rf"\b(?:period[- ](?:over|on)[- ]period|(?:the )?(?:period|one) (?:just |right )?before"
        rf"|{_BESIDE} (?:the )?{_BEFORE} (?:period|one))\b|环比|上一?期|上个周期|前一期",
    ),
)
"""The unit that the words look back by; ``None`` for the unit, or the stretch of days, before."""


def looked_back(compiled: Compiled, links: Links) -> Statement:
    """The statement with each comparison as far back as the question says; as it is where it says several."""
    statement = compiled.statement
    asked = links.question
    for period in _periods(statement):
        asked = re.sub(re.escape(period), " ", asked, flags=re.I)
    said = [unit for unit, words in _SAID if re.search(words, asked, re.I)]
    own = _unit_before(compiled)
    if not said and own is not None and (named := _to_the_other(compiled, links)) is not None:
        return cast(Statement, _looking(statement, None if shift_of(named) == own else named, own))
    if len(said) != 1 or own is None:
        return statement
    (unit,) = said
    step = Step(1, unit) if unit is not None else None
    return cast(Statement, _looking(statement, step, own))


def _to_the_other(compiled: Compiled, links: Links) -> Step | None:
    """From the statement's own period back to the one other that the question names, of the same length."""
    span = compiled.span
    days = {(period.start, period.end) for period in links.periods}
    if span is None or span.start is None or span.end is None or len(days) != 2:
        return None
    others = days - {(span.start, span.end)}
    if len(others) != 1:
        return None
    ((start, end),) = others
    months = (span.start.year - start.year) * 12 + span.start.month - start.month
    if months <= 0 or (back(span.start, Shift(months)), back(span.end, Shift(months))) != (start, end):
        return None
    return Step(months // 12, "YEAR") if months % 12 == 0 else Step(months, "MONTH")


def _looking(node: Node, step: Step | None, own: Shift) -> Node:
    changed = node.with_parts(lambda part: _looking(part, step, own))
    if not isinstance(changed, Shifted) or _shift(changed.step, own) == _shift(step, own):
        return changed
    return Shifted(changed.word, changed.figure, step)


def _shift(step: Step | None, own: Shift) -> Shift:
    return own if step is None else shift_of(step)


def _unit_before(compiled: Compiled) -> Shift | None:
    """How far back a comparison without a step looks; ``None`` where that is not known."""
    grains = [node.unit for node in compiled.statement.groups if isinstance(node, Grain)]
    units = [unit for unit in UNITS if unit in grains]
    if units:
        return shift_of(Step(1, units[0]))
    return compiled.span.length() if compiled.span is not None else None


def _periods(statement: Statement) -> list[str]:
    nodes = list(statement.walk())
    words = [node.words for node in nodes if isinstance(node, During)]
    return [*words, *(node.during for node in nodes if isinstance(node, Has) and node.during)]
