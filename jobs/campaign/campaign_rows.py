"""Campaigns, who was sent them, and what these customers bought, read for one request; the database adds up.

What a campaign brought is profit where a piece's cost is bound and seen, else what was paid; either way after
discounts, for they are not in what is paid. Rows below zero (returns) count with their sign.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from sqlglot import exp

from bot.errors import Declined
from bot.job import Request, Tools
from jobs.campaign.effect import Arm
from jobs.campaign.other_days import Values
from jobs.counted import Counted
from jobs.purchases import Part, PurchaseReader, day_of
from sql.shop.bindings import bindings_line
from sql.statement.sentence import Name
from sql.types import Table
from sql.types import Value as Cell
from telling.phrases import escape_markdown

BEFORE = 180
"""Days before a campaign whose spending is held against that in it."""
GIANT = 5
"""A customer's value beyond so many times what one buyer in twenty exceeds is held down to that."""
MOST_CAMPAIGNS = 200
MOST_GROUPS = 20
"""Names of groups that are read."""
MOST_DAYS = 900
"""Latest days that are compared where nobody was held back."""
_HELD = re.compile(
    r"(?i)\b(?:control|hold[\s_-]?out|held[\s_-]?(?:out|back)|not?[\s_-]?(?:sent|send|treated|contacted|offer)|untreated|unsent|none|baseline|placebo)\b"
    r"|对照|空白|未发|不发|保留组"
)
"""What the group is called that was sent nothing."""
_IS_HELD = re.compile(r"(?i)control|hold[\s_-]?out|held|对照")
"""A column of yes and no, where yes is that group; in any other, no is."""
_NO = {"0", "false", "no", "n", "否"}
_YES = {"1", "true", "yes", "y", "是"}


@dataclass(frozen=True, kw_only=True)
class Campaign:
    """One campaign as the shop keeps it."""

    name: str
    first: dt.date
    last: dt.date
    """Inclusive."""
    cost: float | None
    channel: str | None
    offer: Cell

    @property
    def days(self) -> int:
        """How long it was."""
        return (self.last - self.first).days + 1


class CampaignRows:
    """Reads for one request.

    Raises:
        Declined: the role sees groups only.
    """

    def __init__(self, request: Request, tools: Tools) -> None:
        self.workspace = tools.workspace
        self.reader = PurchaseReader(request, tools, {})
        self.bound = Counted(self.reader)
        self._dialect = tools.workspace.catalog.dialect

    def sees(self, *parts: str) -> bool:
        """Whether all of these are bound to columns that the role may see."""
        return all(self.bound.column(part) is not None for part in parts)

    def check(self, *parts: str) -> None:
        """Raise ``Declined`` where one of these is not bound, with the line to write, or not seen."""
        bound = self.workspace.shop.bindings
        if missing := [part for part in parts if part not in bound]:
            names = ", ".join(part.replace("_", " ") for part in missing)
            line = bindings_line(missing, self.workspace.guard.views)
            raise Declined("unbound", {"names": escape_markdown(names), "line": escape_markdown(line)})
        if hidden := [bound[part] for part in parts if not self.sees(part)]:
            told = {"role": self.workspace.role.name, "names": ", ".join(hidden)}
            raise Declined("hidden", {name: escape_markdown(text) for name, text in told.items()})

    # ---- campaigns --------------------------------------------------------------------------------------

    def campaigns(self) -> tuple[list[Campaign], Table]:
        """All that there are, those to come too, the latest first; and the table that they came by."""
        self.check("campaign", "campaign_start", "campaign_end")
        parts = {
            "campaign": "campaign",
            "starts": "campaign_start",
            "ends": "campaign_end",
            "cost": "campaign_cost",
            "channel": "campaign_channel",
            "offer": "campaign_offer",
        }
        home = self.bound.place("campaign")[0]
        columns = {called: self.bound.name(part) for called, part in parts.items() if self.sees(part)}
        text = self.reader.of_view(home, columns, "campaign_rows")
        if text is None:
            names = ", ".join(str(name) for name in columns.values())
            raise Declined("no_way_between", {"names": escape_markdown(names)})
        cost = ("MAX" if home == self.bound.place("sent_customer")[0] else "SUM") + "(cost)"
        more = [
            cost if "cost" in columns else "NULL",
            *(f"MAX({name})" if name in columns else "NULL" for name in ("channel", "offer")),
        ]
        by = "campaign" if self._is_daily else "campaign, starts, ends"
        starts, ends = ("MIN(starts)", "MAX(ends)") if self._is_daily else ("starts", "ends")
        table = self.reader.run(
            f"""WITH {text}
SELECT campaign, {starts} AS starts, {ends} AS ends, {more[0]} AS cost, {more[1]} AS channel,
  {more[2]} AS offer
FROM campaign_rows WHERE campaign IS NOT NULL AND starts IS NOT NULL AND ends IS NOT NULL
GROUP BY {by} ORDER BY starts DESC, campaign LIMIT {min(MOST_CAMPAIGNS, self.most)}"""
        )
        return [_campaign(row) for row in table.rows], table

    @property
    def most(self) -> int:
        """Rows that the role may read at once."""
        return self.workspace.role.limits.max_rows

    @property
    def _is_daily(self) -> bool:
        """Whether a row is what was spent on one day."""
        return self.bound.place("campaign_start") == self.bound.place("campaign_end")

    # ---- groups -----------------------------------------------------------------------------------------

    @cached_property
    def held_groups(self) -> tuple[Cell, ...]:
        """Names of the group that was sent nothing; none where nobody was held back, or it is not seen."""
        parts = ("sent_customer", "sent_group", "customer")
        if self._is_daily or not self.sees(*parts) or self.sent() is None:
            return ()
        table = self.reader.run(
            f"WITH {self.sent()}\nSELECT DISTINCT grp FROM sent_rows WHERE grp IS NOT NULL "
            f"ORDER BY grp LIMIT {MOST_GROUPS}"
        )
        is_held = _IS_HELD.search(self.bound.place("sent_group")[1].replace("_", " ")) is not None
        return tuple(row[0] for row in table.rows if _is_held_back(row[0], is_yes_held=is_held))

    def sent(self) -> str | None:
        """``sent_rows``: campaign, its days, customer and group; ``None`` where no way leads between them."""
        home = self.bound.place("sent_customer")[0]
        columns = {
            "campaign": self.bound.name("campaign"),
            "starts": self.bound.name("campaign_start"),
            "ends": self.bound.name("campaign_end"),
            "customer": self.bound.name("sent_customer"),
            "grp": self.bound.name("sent_group"),
        }
        return self.reader.of_view(home, columns, "sent_rows")

    def heads(self, campaigns: Sequence[Campaign]) -> str:
        """``heads``: each customer of these campaigns once, who was in one group only."""
        names = self.literals([campaign.name for campaign in campaigns])
        held = self.literals(self.held_groups)
        return f"""{self.sent()},
grouped_heads AS (
  SELECT campaign, starts, ends, customer, MIN(CASE WHEN grp IN ({held}) THEN 1 ELSE 0 END) AS is_held,
    MAX(CASE WHEN grp IN ({held}) THEN 1 ELSE 0 END) AS is_also_held
  FROM sent_rows WHERE customer IS NOT NULL AND grp IS NOT NULL AND campaign IN ({names})
  GROUP BY campaign, starts, ends, customer
),
heads AS (
  SELECT campaign, starts, ends, customer, is_held FROM grouped_heads WHERE is_held = is_also_held
)"""

    def literals(self, values: Sequence[Cell]) -> str:
        """Values as SQL, with commas."""
        return ", ".join(exp.convert(value).sql(self._dialect) for value in values)

    def groups(self, campaigns: Sequence[Campaign], after: int) -> dict[tuple[str, dt.date], tuple[Arm, Arm]]:
        """Campaign and first day → the group that was sent it and the one held back, where there are both.

        Args:
            after: days after the last that count as well.
        """
        if not campaigns or not self.held_groups:
            return {}
        code = self.bound.place("order_campaign")[1] if self.has_code else ""
        used = "b.code = h.campaign" if code else "1 = 0"
        age = self.reader.between("h.starts", "b.order_date", "day")
        left = self.reader.between("b.order_date", "h.ends", "day")
        length = self.reader.between("h.starts", "h.ends", "day")
        during = f"{age} >= 0 AND {left} >= {-after}"
        just = f"{age} < 0 AND {age} >= -1 - ({length}) - {after}"
        table = self.reader.run(
            f"""WITH {self.heads(campaigns)},
{self.bought(more=code)},
dealt AS (
  SELECT h.campaign, h.starts, h.customer, h.is_held,
    SUM(CASE WHEN {during} THEN b.worth ELSE 0 END) AS brought,
    SUM(CASE WHEN {age} < 0 THEN b.worth ELSE 0 END) AS earlier,
    SUM(CASE WHEN {just} THEN b.worth ELSE 0 END) AS just_earlier,
    SUM(CASE WHEN {during} AND b.is_bought = 1 THEN 1 ELSE 0 END) AS purchases,
    MAX(CASE WHEN {during} AND {used} THEN 1 ELSE 0 END) AS is_user
  FROM heads AS h
  LEFT JOIN bought_days AS b ON b.customer = h.customer AND {age} >= {-BEFORE} AND {left} >= {-after}
  GROUP BY h.campaign, h.starts, h.customer, h.is_held
),
ranked AS (
  SELECT dealt.*, ROW_NUMBER() OVER (PARTITION BY campaign, starts ORDER BY brought DESC) AS place,
    SUM(CASE WHEN purchases > 0 THEN 1 ELSE 0 END) OVER (PARTITION BY campaign, starts) AS bought
  FROM dealt
),
capped AS (
  SELECT ranked.*, {GIANT} * MAX(CASE WHEN place * 20 > bought AND brought > 0 THEN brought END)
    OVER (PARTITION BY campaign, starts) AS cap
  FROM ranked
),
held_down AS (
  SELECT campaign, starts, is_held, purchases, is_user, earlier, just_earlier,
    CASE WHEN brought > cap THEN cap ELSE brought END AS brought,
    CASE WHEN brought > cap THEN 1 ELSE 0 END AS is_giant
  FROM capped
)
SELECT campaign, starts, is_held, COUNT(*) AS customers,
  SUM(CASE WHEN purchases > 0 THEN 1 ELSE 0 END) AS buyers, SUM(purchases) AS purchases,
  SUM(brought) AS brought, SUM(brought * brought) AS brought_squared,
  SUM(earlier) AS earlier, SUM(earlier * earlier) AS earlier_squared, SUM(brought * earlier) AS product,
  SUM(just_earlier) AS just_earlier, SUM(just_earlier * just_earlier) AS just_earlier_squared,
  SUM(is_user) AS users, SUM(is_giant) AS giants
FROM held_down GROUP BY campaign, starts, is_held"""
        )
        arms: dict[tuple[str, dt.date], dict[bool, Arm]] = {}
        for row in table.rows:
            arms.setdefault((str(row[0]), day_of(row[1])), {})[int(str(row[2])) == 1] = _arm(row[3:])
        return {key: (each[False], each[True]) for key, each in arms.items() if len(each) == 2}

    # ---- what was bought --------------------------------------------------------------------------------

    @property
    def is_profit(self) -> bool:
        """Whether what was brought is profit; else what was paid."""
        return self._costs is not None

    @property
    def is_cost_hidden(self) -> bool:
        """Whether costs of pieces are bound and the role may not see them."""
        return "unit_cost" in self.workspace.shop.bindings and not self.sees("unit_cost")

    @cached_property
    def has_code(self) -> bool:
        """Whether orders say beside their amount which campaign's code they used."""
        return self.sees("order_campaign") and (
            self.bound.place("order_campaign")[0] == self.bound.place("amount")[0]
        )

    def bought(self, *, more: str = "", more_is: str = "grouped_by") -> str:
        """``bought_days``: customer, order_date, worth, paid and is_bought, a row a customer and day.

        Args:
            more: a further column, called ``code``; of several on a day the last.
            more_is: what becomes of it, as an expression of ``grouped_by``.
        """
        parts: list[Part] = ["customer", "order_date", "amount"]
        code = f", MAX({more_is}) AS code" if more else ""
        grouped = self._worth(parts, more=more)
        day = self.reader.starts("order_date", "day")
        return f"""{grouped},
bought_days AS (
  SELECT customer, {day} AS order_date, {self.reader.ratio("SUM(worth)", "1")} AS worth,
    {self.reader.ratio("SUM(amount)", "1")} AS paid,
    MAX(CASE WHEN amount > 0 THEN 1 ELSE 0 END) AS is_bought{code}
  FROM worth_rows WHERE customer IS NOT NULL AND order_date IS NOT NULL GROUP BY customer, {day}
)"""

    def by_day(self) -> tuple[dt.date, Values, Table]:
        """The first day, what each day since has brought, and the table; the latest ``MOST_DAYS`` at most."""
        day, most = self.reader.starts("order_date", "day"), min(MOST_DAYS, self.most)
        since = self.reader.between("order_date", self.reader.day(self.reader.today), "day")
        table = self.reader.run(
            f"""WITH {self._worth(["order_date", "amount"])}
SELECT {day} AS bought_on, {self.reader.ratio("SUM(worth)", "1")} AS worth FROM worth_rows
WHERE order_date IS NOT NULL AND {since} < {most} GROUP BY {day} ORDER BY bought_on"""
        )
        if not table.rows:
            raise Declined("nothing_bought")
        first = day_of(table.rows[0][0])
        values = np.zeros((self.reader.today - first).days + 1)
        for row in table.rows:
            values[(day_of(row[0]) - first).days] = float(str(row[1]))
        return first, values, table

    def _worth(self, parts: Sequence[Part], *, more: str = "") -> str:
        """``worth_rows``: bound rows with what each is worth to the shop."""
        code = ", r.grouped_by" if more else ""
        names = ", ".join(f"r.{part}" for part in parts)
        if self._costs is None:
            rows = self.reader.rows(parts, more=more)
            return f"{rows},\nworth_rows AS (SELECT {names}, r.amount AS worth{code} FROM bought_rows AS r)"
        rows = self.reader.rows([*parts, "product", "quantity"], more=more)
        return f"""{rows},
{self._costs},
piece_costs AS (
  SELECT product, MAX(unit_cost) AS unit_cost FROM cost_rows WHERE unit_cost >= 0 GROUP BY product
),
worth_rows AS (
  SELECT {names}, r.amount - COALESCE(r.quantity * k.unit_cost, 0) AS worth{code}
  FROM bought_rows AS r LEFT JOIN piece_costs AS k ON k.product = r.product
)"""

    @cached_property
    def _costs(self) -> str | None:
        """``cost_rows``: product and what a piece costs; ``None`` where that is not known or not seen."""
        if not self.sees("unit_cost", "product", "quantity"):
            return None
        view = self.bound.place("unit_cost")[0]
        product = self.bound.part_in("product", view)
        if product is None:
            return None
        columns: Mapping[str, Name] = {"product": product, "unit_cost": self.bound.name("unit_cost")}
        return self.reader.of_view(view, columns, "cost_rows")


def _campaign(row: Sequence[Cell]) -> Campaign:
    name, starts, ends, cost, channel, offer = row
    return Campaign(
        name=str(name),
        first=day_of(starts),
        last=day_of(ends),
        cost=float(str(cost)) if cost is not None else None,
        channel=str(channel) if channel is not None else None,
        offer=offer,
    )


def _is_held_back(value: Cell, *, is_yes_held: bool) -> bool:
    said = str(value).strip().lower()
    if said in _NO | _YES:
        return (said in _YES) == is_yes_held
    return _HELD.search(said.replace("_", " ")) is not None


def _arm(cells: Sequence[Cell]) -> Arm:
    customers, buyers, purchases, value, squared, before, before_squared, both, just, just_squared, *rest = (
        float(str(cell or 0)) for cell in cells
    )
    return Arm(
        customers=int(customers),
        buyers=int(buyers),
        purchases=purchases,
        value=value,
        value_squared=squared,
        before=before,
        before_squared=before_squared,
        both=both,
        just_before=just,
        just_before_squared=just_squared,
        users=int(rest[0]),
        giants=int(rest[1]),
    )
