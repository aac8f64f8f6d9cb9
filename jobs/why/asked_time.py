"""Which time a question asks about and what it is held against, and of which time there are data."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from bot.errors import Declined
from bot.job import Request, Tools
from jobs.said_periods import read_period
from jobs.series import day_of, last_over, moved
from jobs.why.held_against import DAY, Against, Stretch, held_against
from jobs.why.parts import PartsReader
from jobs.why.summands import clock_of
from jobs.why.why_words import AGAINST, PERIOD
from sql.errors import UnsafeQuery, WrongStatement
from sql.question.periods import Period
from sql.statement.sentence import Aggregate, Statement

EARLIEST = dt.date(1000, 1, 1)
"""Before it there is no calendar to go back on."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Days that a question asks about."""

    stretch: Stretch
    base: Stretch
    """What it is held against."""
    period: Period
    """The whole of it, be it over or not."""
    is_said: bool
    """Whether the question names them."""
    is_cut: bool
    """Whether they are not over."""


def asked_about(request: Request, tools: Tools) -> Asked:
    """What is asked about; the last whole month where no time is named.

    Raises:
        Declined: ``still_to_come`` or ``no_first_day``, which the job must have sentences for.
    """
    today = tools.workspace.today
    said = request.settings.get(PERIOD)
    against: Against = "year" if request.settings.get(AGAINST) == "year" else "before"
    if said is None:
        first, _ = last_over(today, "month", is_frozen=tools.workspace.shop.today is not None)
        end = moved(first, "month", 1)
        period: Period | None = Period(start=first, end=end, first=0, last=0, text="", grain="month")
    else:
        period = read_period(said, today)
    if period is None or period.start > today:
        raise Declined("still_to_come", {"today": today.isoformat()})
    if period.start < EARLIEST:
        raise Declined("no_first_day")
    stretch, base = held_against(period, today, against)
    is_cut = period.end not in (dt.date.max, stretch.last + DAY)
    return Asked(stretch=stretch, base=base, period=period, is_said=said is not None, is_cut=is_cut)


def ends_of(reader: PartsReader) -> Stretch | None:
    """First and last day of the figure's rows, as the role sees them; ``None`` where it sees none."""
    figure, known = reader.figure, reader.tools.vocabulary
    metric = known.metric(str(figure.above.value)) if figure.metric.is_composed else figure.metric
    time = clock_of(metric, reader.tools) if metric is not None else None
    if time is None:
        return None
    ends = (Aggregate("MIN", time), Aggregate("MAX", time))
    try:
        rows = reader.run(Statement(view=figure.above.view, items=ends, where=reader.only)).rows
    except (WrongStatement, UnsafeQuery):
        return None
    first, last = map(day_of, rows[0] if rows else (None, None))
    return Stretch(first=first, last=last) if first is not None and last is not None else None
