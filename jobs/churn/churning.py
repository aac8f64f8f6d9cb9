"""Churn as an answer: pasts read on several days, a model of them, its test, and who stands where now."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from bot.errors import Declined
from bot.job import Request, Tools
from bot.parameters import Length
from jobs.churn.churn_words import BY, CUE, HORIZON, NAME, ONLY, RANK, TOP
from jobs.churn.returning import TooFew, back_test, fit_returning
from jobs.churn.signals import YEAR, Signals, Snapshot
from jobs.churn.standing import Standing, by_method, by_tenth
from jobs.not_heard import caveat_of, not_heard
from jobs.purchases import PurchaseReader, day_of
from sql.types import Table
from telling.evidence import Evidence, Scope
from telling.phrases import escape_markdown
from telling.titles import title_of

DEFAULT_HORIZON = Length(count=3, unit="month")
DEFAULT_TOP = 10
LEAST_DAYS = 7
"""Of a horizon."""
LEAST_CUSTOMERS = 100
MOST_CUT_OFFS = 8
"""Days of the past that are looked at: the last to test on, the one before to calibrate on."""
LEAST_CUT_OFFS = 3


@dataclass(frozen=True, kw_only=True)
class Churn(Evidence):
    """Table 0 has customers or groups, table 1 the shop in one row, table 2 the test by method, table 3 its
    tenths, table 4 the groups that were told wrongly, table 5 what adds to each customer's logit."""

    rank: str
    by: str
    checked_by: str
    """The column whose groups were checked; empty for none."""
    before: dt.date
    """The day that groups are compared with: a year ago, or as early as can be."""
    horizon: Length
    reasons: tuple[tuple[str, ...], ...] = ()
    """Of each customer, what weighs most the way that was asked about."""


@dataclass(frozen=True, kw_only=True)
class Extent:
    """What there is to learn from."""

    first: dt.date
    customers: int


def run_churn(request: Request, tools: Tools) -> Churn:
    """Learn from the past, test it, and rank; raises ``Declined`` where the past is too short or too thin."""
    settings, most = request.settings, tools.workspace.role.limits.max_rows
    horizon = settings.get(HORIZON) or DEFAULT_HORIZON
    only, by = settings.get(ONLY) or {}, settings.get(BY) or ""
    if by == tools.workspace.shop.bindings["customer"].rpartition(".")[2]:
        by = ""
    rank, top = settings.get(RANK) or "leaving", settings.get(TOP) or DEFAULT_TOP
    days = horizon.days
    if days < LEAST_DAYS:
        raise Declined("too_soon", {"least": str(LEAST_DAYS)})
    reader = PurchaseReader(request, tools, only)
    extent = extent_of(reader)
    cut_offs = cut_offs_of(reader, extent, days, horizon)
    if by and not reader.has_one_each(by):
        title = title_of(tools.workspace.shop, by, request.language)
        raise Declined("several_of_each", {"by": escape_markdown(title)})
    signals, seen = look_back(reader, extent, cut_offs, days)
    try:
        tried = fit_returning(signals.names, seen[3:], seen[2], seen[1], days)
        test = back_test(tried, seen[2:], seen[1])
        model = fit_returning(signals.names, seen[2:], seen[1], seen[0], days)
    except TooFew:
        raise Declined("too_few_to_learn", {"horizon": horizon.in_words(request.language)}) from None
    standing = Standing(signals=signals, model=model, shop=tools.workspace.shop)
    whole, means = standing.whole()
    checked_by = by or _country(reader)
    wrong = standing.wrong_groups(tried, cut_offs[1], checked_by, whole)
    before = max(reader.today - dt.timedelta(days=YEAR), extent.first + dt.timedelta(days=days))
    reasons: tuple[tuple[str, ...], ...] = ()
    adding: list[Table] = []
    if by:
        table = standing.groups(by, before, min(top, most))
    else:
        table, added, reasons = standing.customers(rank, min(top, most), means)
        adding.append(added)
    if not table.rows:
        raise Declined("nobody_now")
    request.on_table(table)
    ran = {"horizon": str(horizon), "rank": rank, **({"by": by} if by else {}), "top": str(top)}
    if only_said := settings.said.get(ONLY.name):
        ran["only"] = only_said.text
    tests = (by_method(test, cut_offs[1], whole), by_tenth(test, whole))
    unheard = not_heard(request, (CUE, NAME))
    return Churn(
        tables=(table, whole, *tests, wrong, *adding),
        scope=Scope(values=tuple(value for values in only.values() for value in values)),
        caveats=(*caveat_of(unheard), *reader.caveats),
        unheard=unheard,
        confidence=0.5 if unheard else 0.9 if test.auc["ours"] > test.auc["recency"] else 0.5,
        sql=table.query.written,
        settings=ran,
        rank=rank,
        by=by,
        checked_by=checked_by,
        before=before,
        horizon=horizon,
        reasons=reasons,
    )


# ---- the past ---------------------------------------------------------------------------------------------


def extent_of(reader: PurchaseReader) -> Extent:
    """The first day and the number of customers; raises ``Declined`` where nothing can be learned of them."""
    found = reader.run(
        f"""WITH {reader.days()}
SELECT MIN(bought_on) AS first_on, COUNT(DISTINCT customer) AS customers, COUNT(*) AS purchases
FROM buying_days WHERE is_bought = 1"""
    )
    first, customers, purchases = found.rows[0]
    count = int(str(customers or 0))
    if not count:
        raise Declined("no_customers_at_all")
    if count < LEAST_CUSTOMERS:
        raise Declined("few_customers", {"have": str(count), "least": str(LEAST_CUSTOMERS)})
    if purchases == customers:
        raise Declined("nobody_twice", {"have": f"{count:,}"})
    return Extent(first=day_of(first), customers=count)


def cut_offs_of(reader: PurchaseReader, extent: Extent, days: int, horizon: Length) -> list[dt.date]:
    """Days to look back from, today first, a horizon apart; before each is a horizon at least.

    Where the past allows it with one day more than needed, before each is a year, which tells the season.
    """
    known = (reader.today - extent.first).days
    count = min(MOST_CUT_OFFS, known // days - 1)
    with_season = (known - YEAR) // days
    if with_season > LEAST_CUT_OFFS:
        count = min(count, with_season)
    if count >= LEAST_CUT_OFFS:
        return [reader.today - dt.timedelta(days=days * back) for back in range(count + 1)]
    most = known // (LEAST_CUT_OFFS + 1)
    values = {
        "have": str(known),
        "need": str(days * (LEAST_CUT_OFFS + 1)),
        "horizon": horizon.in_words(reader.request.language),
    }
    if most < LEAST_DAYS:
        raise Declined("too_short", {**values, "least": str(LEAST_DAYS * (LEAST_CUT_OFFS + 1))})
    raise Declined("too_short_for", {**values, "most": str(most)}, options=_shorter(reader, most // 7))


def look_back(
    reader: PurchaseReader, extent: Extent, cut_offs: Sequence[dt.date], days: int
) -> tuple[Signals, list[Snapshot]]:
    """How customers are looked at, and as they were on each of these days; today's first."""
    has_season = (cut_offs[-1] - extent.first).days >= YEAR
    signals = Signals(reader=reader, days=days, has_season=has_season)
    most = reader.workspace.role.limits.max_rows
    return signals, [signals.snapshot(day, extent.customers, most) for day in cut_offs]


def _shorter(reader: PurchaseReader, weeks: int) -> tuple[str, ...]:
    if reader.request.language == "zh":
        return (f"未来{weeks}周谁会再次购买？",)
    return (f"Who is likely to buy again in the next {weeks} week{'s' if weeks > 1 else ''}?",)


def _country(reader: PurchaseReader) -> str:
    """The bound country, by which the error is looked at where no groups are asked for; empty without one."""
    column = reader.workspace.shop.bindings.get("country", "").rpartition(".")[2]
    try:
        return column if reader.sees("country") and reader.has_one_each(column) else ""
    except Declined:  # no way leads there from who bought
        return ""
