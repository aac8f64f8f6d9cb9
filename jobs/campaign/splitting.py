"""How to split a budget, as an answer: from what past campaigns brought against groups held back."""

from __future__ import annotations

import decimal
from collections.abc import Sequence
from dataclasses import dataclass

from bot.errors import Declined
from bot.job import Request
from jobs.campaign.budget_shares import LEAST_CAMPAIGNS, LEAST_EACH, Return, Shares, split
from jobs.campaign.campaign_rows import CampaignRows
from jobs.campaign.campaign_words import BUDGET, BY
from jobs.campaign.worth import Judged, asked_campaigns, judge, said_of
from jobs.made_tables import made
from sql.types import Column, Table
from sql.types import Value as Cell
from telling.evidence import Evidence


@dataclass(frozen=True, kw_only=True)
class Splitting(Evidence):
    """Table 0 has channels or offers, the largest share first; table 1 the test in one row."""

    found: Shares
    by: str
    budget: float | None
    is_profit: bool


def run_split(request: Request, rows: CampaignRows) -> Splitting:
    """Compare, draw together and split; raises ``Declined`` without enough campaigns held against groups."""
    settings = request.settings
    by = settings.get(BY) or "channel"
    rows.check(f"campaign_{by}", "campaign_cost", "sent_customer", "sent_group")
    asked, source = asked_campaigns(request, rows)
    over = [each for each in asked if each.last < rows.reader.today]
    known: dict[str, list[Return]] = {}
    for each in judge(rows, over, 0) if rows.held_groups else []:
        if (name := _name(each, by)) is not None and (returned := _return(each)) is not None:
            known.setdefault(name, []).append(returned)
    found = split(known)
    if found is None:
        least = {"least": str(LEAST_CAMPAIGNS), "each": str(LEAST_EACH)}
        raise Declined(f"split_no_history_{by}", {**least, "have": str(sum(map(len, known.values())))})
    budget = settings.get(BUDGET)
    table = _table(source, found, by, budget, rows.reader.unit)
    request.on_table(table)
    return Splitting(
        tables=(table, _tested(source, found)),
        caveats=rows.reader.caveats,
        confidence=0.7 if found.is_apart else 0.5,
        sql=source.query.written,
        settings={"what": "split", "by": by, **said_of(request, BUDGET)},
        found=found,
        by=by,
        budget=budget,
        is_profit=rows.is_profit,
    )


def _name(judged: Judged, by: str) -> str | None:
    if by == "channel":
        return judged.campaign.channel
    offer = judged.campaign.offer
    if isinstance(offer, int | float | decimal.Decimal) and not isinstance(offer, bool) and 0 < offer < 1:
        return f"{offer:.1%}"
    return str(offer) if offer is not None else None


def _return(judged: Judged) -> Return | None:
    cost, effect = judged.campaign.cost, judged.effect
    if not cost or cost < 0 or effect is None or effect.brought.error <= 0:
        return None
    return Return(value=effect.brought.value / cost, error=effect.brought.error / cost, cost=cost)


def _table(source: Table, found: Shares, by: str, budget: float | None, unit: str) -> Table:
    columns = (
        Column(name=by, type="text"),
        Column(name="campaigns", type="integer"),
        *(
            Column(name=name, type="number")
            for name in ("spent", "returned", "low", "high", "share", "amount")
        ),
    )
    rows: list[tuple[Cell, ...]] = [
        (
            *(each.name, each.campaigns, round(each.spent, 2)),
            *(round(x, 3) for x in (each.returned.value, each.returned.low, each.returned.high)),
            *(round(each.share, 4), amount),
        )
        for each, amount in zip(found.shares, _amounts(found, budget), strict=True)
    ]
    return made(source, columns, rows, {"spent": unit, "amount": unit, "share": "%"})


def _amounts(found: Shares, budget: float | None) -> Sequence[float | None]:
    """Of the budget, to the hundredth; they add up to it."""
    if budget is None:
        return [None] * len(found.shares)
    amounts = [round(each.share * budget, 2) for each in found.shares]
    return [round(budget - sum(amounts[1:]), 2), *amounts[1:]]


def _tested(source: Table, found: Shares) -> Table:
    columns = tuple(Column(name=name, type="number") for name in ("error", "plain_error", "left_out"))
    return made(source, columns, [(round(found.error, 3), round(found.plain_error, 3), found.left_out)], {})
