"""Retention in words, and as a heat map of cohorts and ages."""

from __future__ import annotations

from typing import Any

from jobs.cohorts.retention import Retention
from jobs.purchases import day_of
from sql.semantics import Shop
from telling.cells import format_date
from telling.charts import heat_map
from telling.evidence import Evidence
from telling.phrases import load_words
from telling.writer import Writer

LEAST_COMPARED = 30
"""Customers of a cohort from which it is held against the others."""
MAX_AGES = 6
"""Ages that the text tells; the table has all."""
_COHORTS, _AGES, _COUNTED, _WHOLE = 0, 1, 2, 3
_FIXED = 4
"""Columns of the table of cohorts before the ages."""


def tell_cohorts(evidence: Evidence, writer: Writer) -> str:
    """How many came back, after how long, and in which cohorts most and fewest."""
    assert isinstance(evidence, Retention)
    is_one = len(evidence.tables[_COHORTS].rows) == 1
    head = writer.say(
        "head_one" if is_one else "head",
        customers=writer.cell(_WHOLE, 0, 0),
        came_back=writer.cell(_WHOLE, 0, 1),
        share=writer.cell(_WHOLE, 0, 2),
        first=writer.cell(_WHOLE, 0, 3, evidence.unit),
        last=writer.cell(_WHOLE, 0, 4, evidence.unit),
        filters=writer.filters(evidence.scope),
    )
    parts = [head]
    ages = range(min(MAX_AGES, len(evidence.tables[_AGES].rows)))
    if ages:
        lines = [
            writer.say(
                f"line_{evidence.unit}",
                age=writer.cell(_AGES, row, 0),
                share=writer.cell(_AGES, row, 3),
                bought=writer.cell(_AGES, row, 2),
                customers=writer.cell(_AGES, row, 1),
            )
            for row in ages
        ]
        parts.append("\n".join([writer.say("ages"), *lines]))
    parts += _compared(evidence, writer)
    parts += [writer.say("cut")] if evidence.is_cut else []
    parts.append(writer.say("how", unit=writer.say(f"unit_{evidence.unit}")))
    return "\n\n".join(parts)


def _compared(evidence: Retention, writer: Writer) -> list[str]:
    """The cohorts of which most and fewest bought a unit later, where they are large enough to say so."""
    table = evidence.tables[_COHORTS]
    if len(table.columns) <= _FIXED:
        return []
    large = [
        i
        for i, row in enumerate(table.rows)
        if row[_FIXED] is not None and int(str(row[1])) >= LEAST_COMPARED
    ]
    if len(large) < 3:
        return []
    ordered = sorted(large, key=lambda i: float(str(table.rows[i][_FIXED])))
    ends = {
        name: (
            writer.cell(_COHORTS, row, 0, evidence.unit),
            writer.cell(_COHORTS, row, _FIXED),
        )
        for name, row in (("low", ordered[0]), ("high", ordered[-1]))
    }
    told = {
        f"{name}_{what}": text for name, pair in ends.items() for what, text in zip("cs", pair, strict=True)
    }
    return [writer.say(f"compared_{evidence.unit}", **told)]


def draw_cohorts(evidence: Evidence, shop: Shop, language: str) -> dict[str, Any] | None:
    """Cohorts down, ages across, the share that bought as a shade."""
    assert isinstance(evidence, Retention)
    words = load_words(language, __package__)
    table = evidence.tables[_COHORTS]
    cells: list[tuple[str, int, float | None]] = []
    for row in table.rows:
        start = day_of(row[0])
        name = format_date(start, grain="quarter") if evidence.unit == "quarter" else f"{start:%Y-%m}"
        shares = row[_FIXED:]
        cells += [(name, age, float(str(s)) if s is not None else None) for age, s in enumerate(shares, 1)]
    return heat_map(
        cells,
        title=words.say("chart"),
        row_title=words.say("chart_cohort"),
        column_title=words.say(f"chart_{evidence.unit}"),
        value_title=words.say("chart_share"),
    )
