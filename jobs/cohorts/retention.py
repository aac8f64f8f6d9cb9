"""Retention by cohort, counted in the database: cohorts down, time since the first purchase across."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass, replace

from bot.errors import Declined
from bot.job import Request, Tools
from jobs.cohorts.cohort_words import CUE, FIRST, NAME, ONLY, UNIT, Days
from jobs.not_heard import caveat_of, not_heard
from jobs.purchases import PurchaseReader, day_of
from sql.times import Unit
from sql.types import Column, Table
from sql.types import Value as Cell
from telling.evidence import Evidence, Scope

MOST_COHORTS = 24
"""The latest ones that are shown."""
MOST_AGES = 12
"""Units of time that the first table has a column for; the others have all."""
_MONTHS: dict[Unit, int] = {"month": 1, "quarter": 3}


@dataclass(frozen=True, kw_only=True)
class Retention(Evidence):
    """Table 0 has a row a cohort, table 1 a row for each age over all cohorts, table 2 what was counted,
    table 3 the whole in one row."""

    unit: Unit
    is_cut: bool
    """Whether there are earlier cohorts than the ones shown."""


def run_cohorts(request: Request, tools: Tools) -> Retention:
    """Count who bought again; raises ``Declined`` where nobody can have."""
    settings = request.settings
    unit: Unit = "quarter" if settings.get(UNIT) == "quarter" else "month"
    only = settings.get(ONLY) or {}
    reader = PurchaseReader(request, tools, only)
    over = _first_running(reader.today, unit, is_frozen=tools.workspace.shop.today is not None)
    wanted = settings.get(FIRST) or (dt.date.min, over - dt.timedelta(days=1))
    most = _most_cohorts(tools.workspace.role.limits.max_rows)
    earliest = max(wanted[0], moved(over, unit, -most - 1))  # one more, to see whether there are more
    counted = reader.run(_sql(reader, unit, (earliest, wanted[1]), over))
    found = _cohorts(counted)
    cohorts = [cohort for cohort in found if cohort.start >= moved(over, unit, -most)]
    if not cohorts:
        raise Declined("no_cohorts")
    ages = _by_age(cohorts, unit, over)
    ran: dict[str, str] = {"unit": unit}
    ran |= {name: said.text for name in (FIRST.name, ONLY.name) if (said := settings.said.get(name))}
    table = _wide(cohorts, unit, over, counted)
    request.on_table(table)
    unheard = not_heard(request, (CUE, NAME))
    return Retention(
        tables=(table, ages_table(ages, counted), counted, _whole(cohorts, counted)),
        scope=Scope(values=tuple(value for values in only.values() for value in values)),
        caveats=(*caveat_of(unheard), *reader.caveats),
        unheard=unheard,
        confidence=0.5 if unheard else 0.9,
        sql=counted.query.written,
        settings=ran,
        unit=unit,
        is_cut=len(found) > len(cohorts),
    )


def _most_cohorts(max_rows: int) -> int:
    """So many that the triangle of cohorts and ages fits into a role's rows."""
    return next(n for n in range(MOST_COHORTS, 0, -1) if (n + 1) * (n + 2) // 2 <= max_rows or n == 1)


def _sql(reader: PurchaseReader, unit: Unit, first: Days, over: dt.date) -> str:
    """Cohort, age, customers who bought then, and of them those who bought on more than one day."""
    return f"""WITH {reader.days()},
first_days AS (
  SELECT customer, MIN(bought_on) AS first_on, COUNT(*) AS bought_days FROM buying_days
  WHERE is_bought = 1 GROUP BY customer
),
later_days AS (
  SELECT b.customer, f.bought_days, {reader.starts("f.first_on", unit)} AS cohort,
    {reader.between("f.first_on", "b.bought_on", unit)} AS age
  FROM buying_days AS b JOIN first_days AS f ON f.customer = b.customer
  WHERE b.is_bought = 1 AND b.bought_on < {reader.day(over)}
    AND f.first_on >= {reader.day(first[0])} AND f.first_on <= {reader.day(first[1])}
)
SELECT cohort, age, COUNT(DISTINCT customer) AS customers,
  COUNT(DISTINCT CASE WHEN bought_days > 1 THEN customer END) AS came_back
FROM later_days GROUP BY cohort, age ORDER BY cohort, age"""


@dataclass(frozen=True)
class Cohort:
    """Customers who first bought in one unit of time."""

    start: dt.date
    bought: dict[int, int]
    """Age in units → how many bought then; 0 has all."""
    came_back: int
    """How many bought on a further day, up to the shop's day."""

    @property
    def size(self) -> int:
        """How many they are."""
        return self.bought[0]


def _cohorts(counted: Table) -> list[Cohort]:
    bought: dict[dt.date, dict[int, int]] = defaultdict(dict)
    came_back: dict[dt.date, int] = {}
    for cohort, age, customers, again in counted.rows:
        start = day_of(cohort)
        bought[start][int(str(age))] = int(str(customers))
        if int(str(age)) == 0:
            came_back[start] = int(str(again))
    return [Cohort(start, bought[start], came_back[start]) for start in sorted(bought)]


def moved(start: dt.date, unit: Unit, by: int) -> dt.date:
    """The first day of the month or quarter ``by`` units later; no earlier than the calendar begins."""
    index = start.year * 12 + start.month - 1 + by * _MONTHS[unit]
    return dt.date(index // 12, index % 12 + 1, 1) if index >= 12 else dt.date.min


def _first_running(today: dt.date, unit: Unit, *, is_frozen: bool) -> dt.date:
    """First day of the unit that is not over; a shop's own day is its last one, and over itself."""
    after = today + dt.timedelta(days=1) if is_frozen else today
    month = after.month - (after.month - 1) % _MONTHS[unit]
    return dt.date(after.year, month, 1)


def _observed(cohort: Cohort, unit: Unit, over: dt.date) -> int:
    """The oldest age of a cohort that is over."""
    return ((over.year - cohort.start.year) * 12 + over.month - cohort.start.month) // _MONTHS[unit] - 1


def _by_age(cohorts: list[Cohort], unit: Unit, over: dt.date) -> list[tuple[int, int, int]]:
    """Age, customers who have reached it, and how many of them bought then."""
    oldest = max(_observed(cohort, unit, over) for cohort in cohorts)
    found = []
    for age in range(1, oldest + 1):
        reached = [cohort for cohort in cohorts if _observed(cohort, unit, over) >= age]
        found.append((age, sum(c.size for c in reached), sum(c.bought.get(age, 0) for c in reached)))
    return found


def ages_table(ages: list[tuple[int, int, int]], source: Table) -> Table:
    """Over all cohorts: age, customers who have reached it, those who bought then, their share."""
    rows: list[tuple[Cell, ...]] = [(age, have, back, round(back / have, 4)) for age, have, back in ages]
    columns = (
        Column(name="age", type="integer"),
        Column(name="customers", type="integer"),
        Column(name="bought", type="integer"),
        Column(name="retention", type="number"),
    )
    return _made(source, columns, rows, {"retention": "%"})


def _wide(cohorts: list[Cohort], unit: Unit, over: dt.date, source: Table) -> Table:
    """A row a cohort: size, who came back at all, then the share that bought at each age."""
    most = min(MOST_AGES, max(_observed(cohort, unit, over) for cohort in cohorts))
    rows: list[tuple[Cell, ...]] = []
    for cohort in cohorts:
        observed = _observed(cohort, unit, over)
        shares = [
            round(cohort.bought.get(age, 0) / cohort.size, 4) if age <= observed else None
            for age in range(1, most + 1)
        ]
        back = cohort.came_back
        rows.append((cohort.start, cohort.size, back, round(back / cohort.size, 4), *shares))
    ages = [Column(name=f"{unit}_{age}", type="number") for age in range(1, most + 1)]
    columns = (
        Column(name="cohort", type="date"),
        Column(name="customers", type="integer"),
        Column(name="came_back", type="integer"),
        Column(name="came_back_share", type="number"),
        *ages,
    )
    labels = {"came_back_share": "%", "customers": "", "came_back": "", **{c.name: "%" for c in ages}}
    return _made(source, columns, rows, labels)


def _whole(cohorts: list[Cohort], source: Table) -> Table:
    size, back = sum(c.size for c in cohorts), sum(c.came_back for c in cohorts)
    columns = (
        Column(name="customers", type="integer"),
        Column(name="came_back", type="integer"),
        Column(name="came_back_share", type="number"),
        Column(name="first_cohort", type="date"),
        Column(name="last_cohort", type="date"),
    )
    row = (size, back, round(back / size, 4), cohorts[0].start, cohorts[-1].start)
    return _made(source, columns, [row], {"came_back_share": "%"})


def _made(
    source: Table, columns: tuple[Column, ...], rows: list[tuple[Cell, ...]], labels: dict[str, str]
) -> Table:
    named = {column.name: "" for column in columns} | labels
    return replace(
        source, columns=columns, rows=tuple(rows), labels=named, is_truncated=False, keys=frozenset()
    )
