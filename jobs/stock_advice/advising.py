"""Stock advice as an answer: what is read for each question, and the figures that are told of it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from bot.errors import Declined
from bot.job import Request, Tools
from bot.parameters import Length
from jobs.not_heard import caveat_of, not_heard
from jobs.said_periods import read_period
from jobs.stock_advice.shelf import Shelf
from jobs.stock_advice.stock_tables import Advice, number_of
from jobs.stock_advice.stock_words import (
    BY,
    CUE,
    FILLER,
    LEAD_TIME,
    NAME,
    ONLY,
    PERIOD,
    REVIEW,
    SERVICE,
    TOP,
    UNSOLD,
    WHAT,
    WITHIN,
)
from telling.evidence import Evidence, Scope
from telling.titles import title_of

DEFAULT_SERVICE = 95
DEFAULT_REVIEW = Length(count=1, unit="week")
DEFAULT_WITHIN = Length(count=4, unit="week")
DEFAULT_UNSOLD = Length(count=90, unit="day")
DEFAULT_TOP = 10
LOST_DAYS = 90
"""Days up to today whose stock-outs are told where no period is named."""


@dataclass(frozen=True, kw_only=True)
class Stock(Evidence):
    """Table 0 has products or groups, table 1 all of them in one row."""

    what: str
    by: str
    product: str
    """The bound column that products are told by."""
    is_of_products: bool
    """Whether products were named, so that each of them is told."""
    service: int
    review: Length
    within: Length
    unsold: Length
    lead: Length | None
    lead_from: str
    """``said``, ``deliveries``, ``column`` or ``nowhere``."""
    is_foreseen: bool
    """Whether a season was forecast."""
    knows_past: bool
    """Whether days without stock are known."""
    counted_on: dt.date | None
    """The oldest day that a product's stock was counted on; ``None`` where nothing says."""
    first: dt.date
    last: dt.date
    """Of the period, where stock-outs are told."""


def run_stock(request: Request, tools: Tools) -> Stock:
    """Read, work out and rank; raises ``Declined`` where something that is needed is hidden or not there."""
    settings, workspace = request.settings, tools.workspace
    what, only = settings.get(WHAT) or "reorder", settings.get(ONLY) or {}
    product = workspace.shop.bindings["product"].rpartition(".")[2]
    by = settings.get(BY) or ""
    by = "" if by == product else by
    lead = settings.get(LEAD_TIME)
    shelf = Shelf(request, tools, only, by, lead.days if lead is not None else None)
    is_of_products = bool(only) and all(c == product or c.startswith(f"{product}_") for c in only)
    advice = Advice(
        shelf=shelf,
        product=product,
        is_of_products=is_of_products,
        is_within="within" in settings.said,
        service=settings.get(SERVICE) or DEFAULT_SERVICE,
        review=settings.get(REVIEW) or DEFAULT_REVIEW,
        within=settings.get(WITHIN) or DEFAULT_WITHIN,
        unsold=settings.get(UNSOLD) or DEFAULT_UNSOLD,
        top=min(settings.get(TOP) or DEFAULT_TOP, workspace.role.limits.max_rows),
        currency=workspace.shop.currency,
    )
    first, last = _period(request, tools) if what == "lost" else (workspace.today, workspace.today)
    if what == "dead":
        shown, whole, is_foreseen = *advice.dead(), False
    else:
        terms = advice.terms()
        is_foreseen = terms.courses.is_foreseen
        if what == "lost":
            shown, whole = advice.lost(terms, first, last)
        elif what == "days_left":
            shown, whole = advice.days_left(terms)
        else:
            shown, whole = advice.reorder(terms)
    if what != "lost" and not int(str(whole.rows[0][0] or 0)):
        raise Declined("no_products")
    request.on_table(shown)
    ran = advice.settings(what)
    ran |= {"lead_time": str(lead)} if lead is not None and what in ("reorder", "days_left") else {}
    ran |= {"period": f"from {first} to {last}"} if what == "lost" else {}
    ran |= {"by": by} if by else {}
    ran |= {ONLY.name: settings.said[ONLY.name].text} if only else {}
    unheard = not_heard(request, (CUE, NAME), FILLER)
    place = [column.name for column in whole.columns]
    counted = whole.rows[0][place.index("counted_age")] if "counted_age" in place else None
    caveats = (*caveat_of(unheard), *shelf.caveats)
    if workspace.role.is_limited_in([workspace.shop.bindings["on_hand"].partition(".")[0]]):
        caveats += (("part_of_stock", {"role": workspace.role.name}),)
    return Stock(
        tables=(shown, whole),
        titles={product: title_of(workspace.shop, product, request.language)},
        scope=Scope(values=tuple(value for values in only.values() for value in values)),
        caveats=caveats,
        unheard=unheard,
        confidence=0.5 if unheard else 0.9,
        sql=shown.query.written,
        settings={**ran, "top": str(advice.top)},
        what=what,
        by=by,
        product=product,
        is_of_products=is_of_products,
        service=advice.service,
        review=advice.review,
        within=advice.within,
        unsold=advice.unsold,
        lead=lead,
        lead_from="said" if lead is not None else shelf.lead_from,
        is_foreseen=is_foreseen,
        knows_past=shelf.has_past,
        counted_on=shelf.last_day - dt.timedelta(days=round(number_of(counted)))
        if counted is not None
        else None,
        first=first,
        last=last,
    )


def _period(request: Request, tools: Tools) -> tuple[dt.date, dt.date]:
    """First and last day that are asked about, neither after today."""
    today, said = tools.workspace.today, request.settings.get(PERIOD)
    if said is None:
        return today - dt.timedelta(days=LOST_DAYS - 1), today
    period = read_period(said, today)
    if period is None or period.start > today:
        raise Declined("not_yet", {"today": today.isoformat()})
    end = period.end if period.end == dt.date.max else period.end - dt.timedelta(days=1)
    return period.start, min(end, today)
