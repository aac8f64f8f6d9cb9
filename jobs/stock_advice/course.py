"""How demand goes on: each kind of products, and the shop, as a multiple of what the window sold.

One product's weeks are too few to tell a season from chance, those of its category are not: so the category
is forecast (:mod:`jobs.forecast.model`), beside what the same weeks were a year ago, and each of its products
follows it from its own pace.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from sqlglot import exp

from jobs.forecast.features import Values
from jobs.forecast.history import SEASONS, History, read_history
from jobs.forecast.model import Forecast, forecast
from jobs.series import start_of
from jobs.stock_advice.shelf import WINDOW, Shelf
from sql.types import Dialect
from sql.types import Value as Cell

MOST_WEEKS = 156
MOST_KINDS = 12
LEAST_WEEKS = 30
"""Weeks of each kind that the role may read at least; with fewer the shop as a whole is gone on with."""
MOST_CHANGE = 4.0
"""A season that lifts or lowers demand by more is held at that."""
YEAR = 52
LEAST_BEFORE = 8
"""Weeks before the same day a year ago that are known at least, for its course to tell anything."""
LAST_YEAR = 2 / 3
"""Weight of the course a year ago beside the forecast's, chosen on products with odd numbers of the
demonstration shop: with one or two seasons to learn from, the model knows little of the next one."""
_WHOLE = None
"""The kind of what has none: the whole shop."""
LEVEL_80 = 0.8
NORMAL_80 = 1.281552
"""Standard deviations from the middle to each end of an interval of 80 %."""


@dataclass(frozen=True, kw_only=True)
class Course:
    """What is expected of a time ahead, against the window before it."""

    factor: float = 1.0
    doubt: float = 0.0
    """Variance of it, over its square."""


@dataclass(frozen=True, kw_only=True)
class Courses:
    """Of the whole shop, and of kinds that are forecast by themselves."""

    whole: Course = field(default_factory=Course)
    kinds: Mapping[Cell, Course] = field(default_factory=dict)
    is_foreseen: bool = False
    """Whether the past allowed a forecast; else what was sold goes on as it was."""

    def sql(self, column: str, figure: str, dialect: Dialect) -> str:
        """``factor`` or ``doubt`` of each row, by a column that holds its kind."""
        whole = repr(float(getattr(self.whole, figure)))
        if not self.kinds:
            return whole
        cases = " ".join(
            f"WHEN {exp.convert(kind).sql(dialect)} THEN {float(getattr(each, figure))!r}"
            for kind, each in self.kinds.items()
        )
        return f"CASE {column} {cases} ELSE {whole} END"


LEVEL = Courses()
"""What was sold goes on as it was."""


def read_courses(shelf: Shelf, weeks_ahead: int, most_rows: int) -> Courses:
    """Forecast so many weeks from what was sold; nothing changes where that is too little.

    Args:
        most_rows: rows that the role may read of one statement.
    """
    weeks = min(MOST_WEEKS, most_rows // MOST_KINDS)
    pasts: dict[Cell, dict[int, float]] = {}
    if shelf.has_category and weeks >= LEAST_WEEKS:
        pasts = _weekly(shelf, "category", weeks)
    whole = _weekly(shelf, "", weeks if pasts else min(MOST_WEEKS, most_rows))
    kinds = dict(_gone_on(shelf, [*whole.items(), *pasts.items()], weeks_ahead))
    if _WHOLE not in kinds:
        return LEVEL
    return Courses(whole=kinds.pop(_WHOLE), kinds=kinds, is_foreseen=True)


def _weekly(shelf: Shelf, by: str, weeks: int) -> dict[Cell, dict[int, float]]:
    """Kind → pieces by age of the week, without the first, which is not whole; one kind without ``by``."""
    kind = f"{by} AS kind" if by else "NULL AS kind"
    largest = (
        f""",
large_kinds AS (
  SELECT category, SUM(units) AS pieces FROM sold_days WHERE category IS NOT NULL GROUP BY category
  ORDER BY pieces DESC, category LIMIT {MOST_KINDS}
)"""
        if by
        else ""
    )
    kept = "category IN (SELECT category FROM large_kinds)" if by else "1 = 1"
    group = f"{by}, age - MOD(age, 7)" if by else "age - MOD(age, 7)"
    found = shelf.run(
        f"""WITH {shelf.sold()}{largest}
SELECT {kind}, age - MOD(age, 7) AS week, SUM(units) AS units FROM sold_days
WHERE age < {weeks * 7} AND {kept} GROUP BY {group}"""
    )
    pasts: dict[Cell, dict[int, float]] = {}
    for name, week, units in found.rows:
        pasts.setdefault(name, {})[int(float(str(week)))] = float(str(units))
    if pasts:
        first = max(max(past) for past in pasts.values())
        pasts = {name: {week: n for week, n in past.items() if week < first} for name, past in pasts.items()}
    return {name: past for name, past in pasts.items() if past}


def _gone_on(
    shelf: Shelf, pasts: Iterable[tuple[Cell, Mapping[int, float]]], ahead: int
) -> list[tuple[Cell, Course]]:
    """Of each kind with enough of a past, what the weeks ahead are against those of the window."""
    import pandas as pd

    rows, kinds = [], {}
    for kind, past in pasts:
        kinds[str(kind)] = kind
        for week, units in past.items():
            starts = shelf.last_day - dt.timedelta(days=week + 6)
            rows.append((str(kind), start_of(starts, "week"), units))
    if not rows:
        return []
    history = read_history(pd.DataFrame(rows, columns=["series", "at", "value"]), "week")
    if not history.names:
        return []
    try:
        found = forecast(history.fitted, ahead, SEASONS["week"], first=history.first, levels=(LEVEL_80,))
    except ValueError:
        return []
    return [(kinds[name], _course(history, found, place)) for place, name in enumerate(history.names)]


def _course(history: History, found: Forecast, place: int) -> Course:
    """Of one kind."""
    recent = float(np.nanmean(history.fitted[place, -WINDOW:]))
    middle = found.middle[place]
    if recent <= 0 or middle.mean() <= 0:
        return Course()
    factor = middle.mean() / recent
    if (profile := _a_year_ago(history.fitted[place], len(middle))) is not None:
        factor = factor ** (1 - LAST_YEAR) * profile**LAST_YEAR
    wide = (found.high[LEVEL_80][place] - found.low[LEVEL_80][place]) / (2 * NORMAL_80)
    return Course(
        factor=float(np.clip(factor, 1 / MOST_CHANGE, MOST_CHANGE)),
        doubt=float((wide.mean() / middle.mean()) ** 2),
    )


def _a_year_ago(weeks: Values, ahead: int) -> float | None:
    """What the same weeks were a year ago against the window before them; ``None`` where that is unknown."""
    before = weeks[: len(weeks) - YEAR][-WINDOW:] if len(weeks) > YEAR else weeks[:0]
    if np.count_nonzero(~np.isnan(before)) < LEAST_BEFORE:
        return None
    was, then = float(np.nanmean(before)), float(np.nanmean(weeks[-YEAR : ahead - YEAR or None]))
    return then / was if was > 0 and then > 0 else None
