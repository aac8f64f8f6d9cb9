"""Who should get the next campaign, as an answer: by what past ones did, else by a plain rule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from bot.errors import Declined
from bot.job import Request
from jobs.campaign.audience_rows import AudienceRows, Kind, uplift_order
from jobs.campaign.campaign_rows import Campaign, CampaignRows
from jobs.campaign.campaign_words import RANK, SIZE
from jobs.campaign.uplift import Uplift, learn_uplift
from jobs.campaign.worth import asked_campaigns, said_of
from jobs.made_tables import made, rounded
from sql.types import Column, Table
from sql.types import Value as Cell
from telling.evidence import Evidence

DEFAULT_SIZE = 100

Why = Literal["uplift", "anyway", "chance", "few", "no_groups"]
"""By what customers were chosen: by uplift; by who would buy anyway; or by the plain rule, because uplift is
no better than chance, there was too little to learn from, or nobody was ever held back."""


@dataclass(frozen=True, kw_only=True)
class Audience(Evidence):
    """Table 0 has customers, table 1 what they were chosen by in one row, table 2 the test by tenth."""

    why: Why
    size: int
    has_consent: bool
    campaigns: int
    """That were learnt from."""

    @property
    def is_plain(self) -> bool:
        """Whether the plain rule chose."""
        return self.why in ("chance", "few", "no_groups")


def run_audience(request: Request, rows: CampaignRows) -> Audience:
    """Learn, test and list; raises ``Declined`` where customers are not known or not seen."""
    settings = request.settings
    reader = AudienceRows(rows)
    size = min(settings.get(SIZE) or DEFAULT_SIZE, rows.most)
    rank = settings.get(RANK) or "uplift"
    past = _past(request, rows)
    found, tries_table = _learnt(reader, past)
    why: Why = "no_groups" if not past else "few"
    table = None
    if found is not None and (found.tells or rank == "anyway"):
        there, _ = reader.now()
        kinds = uplift_order(found.chances, there, rank)
        if kinds:
            why = "anyway" if rank == "anyway" else "uplift"
            table = _by_uplift(reader.of_kinds(kinds, size), rows, found)
    elif found is not None:
        why = "chance"
    if table is None:
        table = _by_rule(reader.silent(size), rows)
    if not table.rows:
        raise Declined("nobody_to_send")
    request.on_table(table)
    source = tries_table or table
    return Audience(
        tables=(table, _whole(source, found), _tenths(source, found)),
        caveats=rows.reader.caveats,
        confidence=0.9 if why in ("uplift", "anyway") else 0.6,
        sql=table.query.written,
        settings={"what": "audience", "size": str(size), "rank": rank, **said_of(request)},
        why=why,
        size=size,
        has_consent=reader.has_consent,
        campaigns=len(past),
    )


def learn_audience(request: Request, rows: CampaignRows, reader: AudienceRows) -> Uplift | None:
    """The model that lists are made by; ``None`` where there is too little to learn from."""
    return _learnt(reader, _past(request, rows))[0]


def listing_of(request: Request, rows: CampaignRows, reader: AudienceRows, size: int) -> str:
    """Who stands on the list, as a statement over what ``reader`` reads of today."""
    found = learn_audience(request, rows, reader)
    if found is not None and found.tells:
        there, _ = reader.now()
        if kinds := uplift_order(found.chances, there, "uplift"):
            return reader.first_of_kinds("customer", kinds, size)
    return reader.longest_silent("customer", size)


def _past(request: Request, rows: CampaignRows) -> list[Campaign]:
    """Campaigns that are over and had a group held back; none where the shop keeps none."""
    if not rows.sees("campaign", "campaign_start", "campaign_end") or not rows.held_groups:
        return []
    asked, _ = asked_campaigns(request, rows)
    return [each for each in asked if each.last < rows.reader.today]


def _learnt(reader: AudienceRows, past: Sequence[Campaign]) -> tuple[Uplift | None, Table | None]:
    if not past:
        return None, None
    tries, table = reader.tries(past)
    return (learn_uplift(tries) if tries.enough() else None), table


def _by_uplift(found: Table, rows: CampaignRows, uplift: Uplift) -> Table:
    told = []
    for customer, recency, purchases, paid, code in found.rows:
        kind: Kind = (int(str(code)) // 100, int(str(code)) // 10 % 10, int(str(code)) % 10)
        sent, alone = uplift.chances[kind]
        gains = (round(sent, 4), round(alone, 4), round(sent - alone, 4))
        told.append((customer, rounded(recency), rounded(purchases), _money(paid), *gains))
    return _customers(found, rows, told, ("bought_if_sent", "bought_anyway", "uplift"), "%")


def _by_rule(found: Table, rows: CampaignRows) -> Table:
    told = [
        (customer, rounded(recency), rounded(purchases), _money(paid), round(float(str(gap))))
        for customer, recency, purchases, paid, gap in found.rows
    ]
    return _customers(found, rows, told, ("usual_gap",), "")


def _money(cell: Cell) -> float:
    return round(float(str(cell)), 2)


def _customers(
    found: Table, rows: CampaignRows, told: Sequence[tuple[Cell, ...]], more: Sequence[str], unit: str
) -> Table:
    key = rows.bound.place("customer")[1]
    columns = (
        Column(name=key, type=found.columns[0].type),
        Column(name="days_since", type="integer"),
        Column(name="purchases", type="integer"),
        Column(name="paid", type="number"),
        *(Column(name=name, type="integer" if name == "usual_gap" else "number") for name in more),
    )
    labels = {"paid": rows.reader.unit, **(dict.fromkeys(more, unit) if unit else {})}
    return made(found, columns, told, labels)


def _whole(source: Table, found: Uplift | None) -> Table:
    names = ("customers", "qini", "qini_low", "qini_high", "gained", "gained_low", "gained_high")
    columns = tuple(Column(name=name, type="integer" if name == "customers" else "number") for name in names)
    rows: list[tuple[Cell, ...]] = []
    if found is not None:
        spans = [
            round(x, 4) for span in (found.qini, found.gained) for x in (span.value, span.low, span.high)
        ]
        rows.append((found.customers, *spans))
    return made(source, columns, rows, dict.fromkeys(names[4:], "%"))


def _tenths(source: Table, found: Uplift | None) -> Table:
    names = ("tenth", "customers", "told", "did", "did_low", "did_high")
    columns = tuple(Column(name=name, type="integer" if name in names[:2] else "number") for name in names)
    rows: list[tuple[Cell, ...]] = [
        (
            place,
            each.customers,
            round(each.told, 4),
            *(round(x, 4) for x in (each.did.value, each.did.low, each.did.high)),
        )
        for place, each in enumerate(found.tenths if found is not None else (), 1)
    ]
    return made(source, columns, rows, dict.fromkeys(names[2:], "%"))
