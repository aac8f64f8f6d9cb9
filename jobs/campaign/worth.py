"""Whether campaigns were worth it, as an answer: what each brought beyond what would have come anyway."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from bot.errors import Declined
from bot.job import Request
from bot.parameters import Parameter
from jobs.campaign.campaign_rows import Campaign, CampaignRows
from jobs.campaign.campaign_words import AFTER, CAMPAIGN, PERIOD
from jobs.campaign.effect import Arm, Effect, Span, Verdict, effect_of, verdict_of
from jobs.campaign.naming import meant_by
from jobs.campaign.other_days import ByDays, effect_by_days
from jobs.made_tables import made
from jobs.said_periods import read_period
from sql.types import Column, Table
from sql.types import Value as Cell
from telling.evidence import Evidence
from telling.phrases import escape_markdown

MOST_NAMED = 8
"""Campaigns that a refusal names."""

Way = Literal["groups", "days"]


@dataclass(frozen=True, kw_only=True)
class Judged:
    """One campaign and what was found of it."""

    campaign: Campaign
    is_running: bool
    arms: tuple[Arm, Arm] | None
    """Sent and held back."""
    effect: Effect | None
    by_days: ByDays | None
    """Where nobody was held back."""

    @property
    def way(self) -> Way | None:
        """What it was held against; ``None`` where there is too little to compare."""
        return "groups" if self.effect is not None else "days" if self.by_days is not None else None

    @property
    def brought(self) -> Span | None:
        """Beyond what would have come anyway."""
        if self.effect is not None:
            return self.effect.brought
        return self.by_days.brought if self.by_days is not None else None

    @property
    def net(self) -> Span | None:
        """After its cost; ``None`` where that is not known either."""
        cost = self.campaign.cost
        return self.brought.less(cost) if self.brought is not None and cost is not None else None

    @property
    def verdict(self) -> Verdict | None:
        """Whether it brought more than it cost, or than nothing where that is not known."""
        return verdict_of(self.brought, self.campaign.cost or 0.0) if self.brought is not None else None


@dataclass(frozen=True, kw_only=True)
class Worth(Evidence):
    """Table 0 has a row for each campaign, those that brought most after their cost first."""

    judged: tuple[Judged, ...]
    is_profit: bool
    """Whether what was brought is profit; else what was paid."""
    is_cost_hidden: bool
    knows_cost: bool
    """Whether what campaigns cost is known."""
    has_groups: bool
    """Whether the shop says who was held back from any, and the role may see it."""
    after: int
    """Days after the last that count as well."""


def run_worth(request: Request, rows: CampaignRows) -> Worth:
    """Compare and judge; raises ``Declined`` where there is no such campaign, or none that has begun."""
    settings = request.settings
    asked, source = asked_campaigns(request, rows)
    length = settings.get(AFTER)
    after = length.days if length is not None else 0
    judged = sorted(judge(rows, asked, after), key=_order)
    table = _table(source, judged, rows.reader.unit)
    request.on_table(table)
    return Worth(
        tables=(table,),
        caveats=rows.reader.caveats,
        confidence=0.9 if all(each.way == "groups" for each in judged) else 0.6,
        sql=source.query.written,
        settings={"what": "worth", **said_of(request, AFTER)},
        judged=tuple(judged),
        is_profit=rows.is_profit,
        is_cost_hidden=rows.is_cost_hidden,
        knows_cost=rows.sees("campaign_cost"),
        has_groups=bool(rows.held_groups),
        after=after,
    )


def asked_campaigns(request: Request, rows: CampaignRows) -> tuple[list[Campaign], Table]:
    """Those that are named and have begun, or all that have; and the table that they came by."""
    rows.check("amount")
    known, source = rows.campaigns()
    if not known:
        raise Declined("no_campaigns")
    today, text = rows.reader.today, request.settings.get(CAMPAIGN)
    meant = meant_by(text, known, today) if text else known
    if not meant:
        names = ", ".join(each.name for each in known[:MOST_NAMED])
        told = {"name": text or "", "names": names}
        raise Declined("no_such_campaign", {key: escape_markdown(value) for key, value in told.items()})
    if (span := _period(request, today)) is not None:
        meant = [each for each in meant if span[0] <= each.first < span[1]]
        if not meant:
            raise Declined(
                "none_in_period", {"period": escape_markdown(request.settings.said[PERIOD.name].text)}
            )
    begun = [each for each in meant if each.first <= today]
    if not begun:
        first = min(meant, key=lambda each: each.first)
        told = {"name": escape_markdown(first.name), "day": first.first.isoformat()}
        raise Declined("not_begun", told)
    return begun, source


def _period(request: Request, today: dt.date) -> tuple[dt.date, dt.date] | None:
    """Its first day and the day after its last."""
    text = request.settings.get(PERIOD)
    period = read_period(text, today) if text is not None else None
    return (period.start or dt.date.min, period.end or dt.date.max) if period is not None else None


def judge(rows: CampaignRows, campaigns: Sequence[Campaign], after: int) -> list[Judged]:
    """Each against its group that was held back, else against other days."""
    arms = rows.groups(campaigns, after)
    effects = {key: effect_of(*each) for key, each in arms.items()}
    by_days: dict[Campaign, ByDays | None] = {}
    rest = [each for each in campaigns if (each.name, each.first) not in arms]
    if rest:
        known = [each for each in rows.campaigns()[0] if each.first <= rows.reader.today]
        first, values, _ = rows.by_day()
        spans = [(each.first, min(each.last, rows.reader.today)) for each in known]
        by_days = {each: effect_by_days(first, values, spans, known.index(each)) for each in rest}
    return [
        Judged(
            campaign=each,
            is_running=each.last >= rows.reader.today,
            arms=arms.get((each.name, each.first)),
            effect=effects.get((each.name, each.first)),
            by_days=by_days.get(each),
        )
        for each in campaigns
    ]


def said_of(request: Request, *more: Parameter[Any]) -> dict[str, str]:
    """Which campaigns a question speaks of, and what it says of ``more``: name → value as it is written."""
    names = [parameter.name for parameter in (CAMPAIGN, PERIOD, *more)]
    return {name: request.settings.said[name].text for name in names if name in request.settings.said}


def _order(judged: Judged) -> tuple[bool, float]:
    best = judged.net or judged.brought
    return best is None, -best.value if best is not None else 0.0


_MONEY = (
    *("brought", "low", "high", "cost", "net", "net_low", "net_high", "sent_mean", "held_mean"),
    *("before", "before_low", "before_high"),
)
_TEXTS = ("campaign", "channel", "compared_by", "verdict")
_DAYS = ("started", "ended")
_WHOLE = ("sent", "held_back", "users_held_back", "giants", "quiet_tried", "quiet_missed")


def _table(source: Table, judged: Sequence[Judged], unit: str) -> Table:
    rows = [_row(each) for each in judged]
    columns = tuple(
        Column(
            name=name,
            type="text"
            if name in _TEXTS
            else "date"
            if name in _DAYS
            else "integer"
            if name in _WHOLE
            else "number",
        )
        for name in rows[0]
    )
    labels = dict.fromkeys(_MONEY, unit)
    return made(source, columns, [tuple(row.values()) for row in rows], labels)


def _row(judged: Judged) -> dict[str, Cell]:
    campaign, arms = judged.campaign, judged.arms
    placebo = judged.effect.placebo if judged.effect is not None else None
    return {
        "campaign": campaign.name,
        "started": campaign.first,
        "ended": campaign.last,
        "channel": campaign.channel,
        **_spanned(judged.brought, ("brought", "low", "high")),
        "cost": campaign.cost,
        **_spanned(judged.net, ("net", "net_low", "net_high")),
        "verdict": judged.verdict,
        "compared_by": judged.way,
        "sent": arms[0].customers if arms else None,
        "held_back": arms[1].customers if arms else None,
        "sent_mean": round(arms[0].mean, 2) if arms else None,
        "held_mean": round(arms[1].mean, 2) if arms else None,
        "sent_purchases": round(arms[0].purchases / arms[0].customers, 4) if arms else None,
        "held_purchases": round(arms[1].purchases / arms[1].customers, 4) if arms else None,
        **_spanned(placebo, ("before", "before_low", "before_high")),
        "users_held_back": arms[1].users if arms else None,
        "giants": arms[0].giants + arms[1].giants if arms else None,
        "quiet_tried": judged.by_days.tried if judged.by_days else None,
        "quiet_missed": judged.by_days.missed if judged.by_days else None,
    }


def _spanned(span: Span | None, names: tuple[str, str, str]) -> dict[str, Cell]:
    if span is None:
        return dict.fromkeys(names)
    return dict(zip(names, (round(each, 2) for each in (span.value, span.low, span.high)), strict=True))
