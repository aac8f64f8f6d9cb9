"""Fairness as an answer: who a model selects and where it errs, counted by groups in the database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from bot.errors import Declined
from bot.job import Request, Tools
from bot.parameters import Length, Settings
from jobs.campaign.audience import listing_of
from jobs.campaign.audience_rows import AudienceRows
from jobs.campaign.campaign_rows import CampaignRows
from jobs.churn.churning import DEFAULT_HORIZON, LEAST_DAYS, cut_offs_of, extent_of, look_back
from jobs.churn.returning import TooFew, fit_returning
from jobs.churn.standing import LEAST_GROUP
from jobs.fairness.differences import Compared, Group, compare
from jobs.fairness.fairness_words import BY, CUE, FILLER, HORIZON, LEAST, MARGIN, NAME, OF, SHARE
from jobs.made_tables import made
from jobs.not_heard import caveat_of, not_heard
from jobs.purchases import PurchaseReader
from sql.types import Column, Table
from sql.types import Value as Cell
from telling.evidence import Evidence
from telling.phrases import escape_markdown, load_words
from telling.titles import title_of

DEFAULT_SHARE, DEFAULT_MARGIN, DEFAULT_LEAST = 20, 5, LEAST_GROUP
MOST_COLUMNS = 4
"""Columns that are looked at where none is named."""
MOST_VALUES = 12
"""Values of such a column."""
Scored = Literal["churn", "audience"]


@dataclass(frozen=True, kw_only=True)
class Fairness(Evidence):
    """Table 0 has a row for each group and measure, what is warned of first; table 1 the whole in one row."""

    of: Scored
    columns: tuple[str, ...]
    compared: tuple[Compared, ...]
    """In the order of table 0."""
    margin: int
    least: int
    horizon: Length


def run_fairness(request: Request, tools: Tools) -> Fairness:
    """Score the people of a day that nothing was fitted on, count them by group, and compare.

    Raises:
        Declined: the past is too short, the role sees groups only, or nobody can be grouped.
    """
    settings = request.settings
    of: Scored = "audience" if settings.get(OF) == "audience" else "churn"
    horizon = settings.get(HORIZON) or DEFAULT_HORIZON
    share, margin = settings.get(SHARE) or DEFAULT_SHARE, settings.get(MARGIN)
    margin = DEFAULT_MARGIN if margin is None else margin
    least = settings.get(LEAST) or DEFAULT_LEAST
    reader = PurchaseReader(request, tools, {})
    try:
        if of == "churn":
            counter: _Counter = _Churn(request, tools, reader, horizon, share / 100)
        else:
            counter = _Audience(request, tools, share / 100)
        columns = _columns(request, tools, reader)
        counted = [counter.count(column) for column in columns]
    except Declined as error:
        raise _in_our_words(error, request.language, of, tools.workspace.role.name) from error
    groups = [
        group for table, column in zip(counted, columns, strict=True) for group in _groups(table, column)
    ]
    compared = compare(groups, margin=margin / 100, least=least)
    if not compared:
        raise Declined("fair_too_few", {"least": str(least)})
    compared.sort(key=lambda each: (not each.is_warned, -abs(each.difference)))
    words = load_words(request.language, __package__ or "")
    titles = {column: title_of(tools.workspace.shop, column, request.language) for column in columns}
    shown = _table(
        counted[0], compared, titles, {m: words.say(f"measure_{of}_{m}") for m in _measures(compared)}
    )
    request.on_table(shown)
    unheard = not_heard(request, (CUE, NAME), FILLER)
    ran = {"of": of, **({"by": columns[0]} if settings.get(BY) else {})}
    ran |= {"horizon": str(horizon)} if of == "churn" else {}
    return Fairness(
        tables=(shown, _whole(counted[0], groups, columns[0], compared, least)),
        caveats=(*caveat_of(unheard), *reader.caveats),
        unheard=unheard,
        confidence=0.5 if unheard else 0.9,
        sql=counted[0].query.written,
        settings={**ran, "share": str(share), "margin": str(margin), "least": str(least)},
        of=of,
        columns=tuple(columns),
        compared=tuple(compared),
        margin=margin,
        least=least,
        horizon=horizon,
    )


def _measures(compared: Sequence[Compared]) -> list[str]:
    return list(dict.fromkeys(each.measure for each in compared))


# ---- groups -----------------------------------------------------------------------------------------------


def _columns(request: Request, tools: Tools, reader: PurchaseReader) -> list[str]:
    """The column that is named, or those that customers are told apart by.

    Raises:
        Declined: customers have several of it, or nothing tells them apart.
    """
    language, shop = request.language, tools.workspace.shop
    if (by := request.settings.get(BY)) is not None:
        if not reader.has_one_each(by):
            raise Declined("fair_several_of_each", {"by": escape_markdown(title_of(shop, by, language))})
        return [by]
    found: list[str] = []
    for name in _candidates(tools):
        try:
            if len(found) < MOST_COLUMNS and reader.has_one_each(name):
                found.append(name)
        except Declined:  # no way leads there from who bought
            continue
    if not found:
        raise Declined("fair_no_groups")
    return found


def _candidates(tools: Tools) -> list[str]:
    """Columns with few values that the role sees: the bound country, and those of the customers' own view."""
    shop, known = tools.workspace.shop, tools.vocabulary
    key = shop.bindings["customer"].rpartition(".")[2].lower()
    country = shop.bindings.get("country", "").rpartition(".")[2]
    homes = [view for view in known.views if view.key and view.key[0].lower() == key]
    columns = [
        column.name
        for view in homes
        for column in view.columns
        if column.type == "boolean"
        or (column.type == "text" and 2 <= len(known.values.get((view.name, column.name), ())) <= MOST_VALUES)
    ]
    seen = {column.name for view in known.views for column in view.columns}
    return list(dict.fromkeys([*([country] if country in seen else []), *columns]))


def _groups(table: Table, column: str) -> list[Group]:
    names = [each.name for each in table.columns]
    found = []
    for row in table.rows:
        cells = dict(zip(names, row, strict=True))
        has_come = "came" in cells
        found.append(
            Group(
                column=column,
                name=row[0],
                people=int(float(str(cells["people"]))),
                selected=int(float(str(cells["selected"] or 0))),
                came=int(float(str(cells["came"] or 0))) if has_come else None,
                selected_came=int(float(str(cells["selected_came"] or 0))) if has_come else 0,
                expected=float(str(cells["expected"] or 0)) if has_come else 0.0,
                spread=float(str(cells["spread"] or 0)) if has_come else 0.0,
            )
        )
    return found


# ---- who is selected --------------------------------------------------------------------------------------


class _Churn:
    """The churn model as it was a horizon ago, on people of whom it is known what they did."""

    def __init__(
        self, request: Request, tools: Tools, reader: PurchaseReader, horizon: Length, share: float
    ) -> None:
        days = horizon.days
        if days < LEAST_DAYS:
            raise Declined("too_soon", {"least": str(LEAST_DAYS)})
        extent = extent_of(reader)
        cut_offs = cut_offs_of(reader, extent, days, horizon)
        self._signals, seen = look_back(reader, extent, cut_offs, days)
        try:
            self._model = fit_returning(self._signals.names, seen[3:], seen[2], seen[1], days)
        except TooFew:
            raise Declined("too_few_to_learn", {"horizon": horizon.in_words(request.language)}) from None
        self._day, self._reader = cut_offs[1], reader
        self._most = float(np.quantile(self._model.probabilities(seen[1]), share))

    def count(self, by: str) -> Table:
        """Groups: people, selected, who came, who was selected and came, expected and its variance."""
        is_selected = f"chance <= {self._most:.12g}"
        return self._reader.run(
            f"""{self._signals.pasts(self._day, by=by)},
{self._model.sql()}
SELECT grouped_by, COUNT(*) AS people, SUM(CASE WHEN {is_selected} THEN 1 ELSE 0 END) AS selected,
  SUM(CASE WHEN later > 0 THEN 1 ELSE 0 END) AS came,
  SUM(CASE WHEN {is_selected} AND later > 0 THEN 1 ELSE 0 END) AS selected_came,
  SUM(chance) AS expected, SUM(chance * (1 - chance)) AS spread
FROM scored WHERE grouped_by IS NOT NULL GROUP BY grouped_by ORDER BY people DESC, grouped_by"""
        )


class _Audience:
    """The audience of the next campaign; what its people will do is not known."""

    def __init__(self, request: Request, tools: Tools, share: float) -> None:
        asked = replace(request, settings=Settings())
        rows = CampaignRows(asked, tools)
        self._rows = AudienceRows(rows)
        there, _ = self._rows.now()
        size = max(1, round(share * sum(there.values())))
        self._listing = listing_of(asked, rows, self._rows, size)

    def count(self, by: str) -> Table:
        """Groups: people who could be listed, and who is."""
        return self._rows.by_group(by, self._listing)


_Counter = _Churn | _Audience


def _in_our_words(error: Declined, language: str, of: Scored, role: str) -> Declined:
    """The same, with its sentence where it is another job's: a job knows its own sentences alone."""
    theirs = load_words(language, "bot", "jobs.churn" if of == "churn" else "jobs.campaign")
    if error.key in load_words(language, "bot", __package__ or "") or error.key not in theirs:
        return error
    return Declined(
        "fair_says", {"why": theirs.say(error.key, **{"role": escape_markdown(role), **error.values})}
    )


# ---- tables -----------------------------------------------------------------------------------------------


def _table(
    source: Table, compared: Sequence[Compared], titles: dict[str, str], measures: dict[str, str]
) -> Table:
    shares = ("rate", "others", "difference", "low", "high")
    columns = (
        Column(name="grouped_by", type="text"),
        Column(name="group", type="text"),
        Column(name="measure", type="text"),
        Column(name="customers", type="integer"),
        *(Column(name=name, type="number") for name in shares),
        Column(name="warned_of", type="boolean"),
    )
    rows: list[tuple[Cell, ...]] = [
        (
            *(titles[each.group.column], str(each.group.name), measures[each.measure], each.people),
            *(round(x, 4) for x in (each.rate, each.others, each.difference, each.low, each.high)),
            each.is_warned,
        )
        for each in compared
    ]
    return made(source, columns, rows, dict.fromkeys(shares, "%"))


def _whole(
    source: Table, groups: Sequence[Group], column: str, compared: Sequence[Compared], least: int
) -> Table:
    own = [group for group in groups if group.column == column]
    people, selected = (sum(each) for each in ([g.people for g in own], [g.selected for g in own]))
    large = {(each.group.column, each.group.name) for each in compared}
    columns = (
        *(Column(name=name, type="integer") for name in ("customers", "selected")),
        Column(name="share", type="number"),
        *(Column(name=name, type="integer") for name in ("groups", "small_groups", "comparisons")),
    )
    row = (people, selected, round(selected / people, 4), len(large), len(groups) - len(large), len(compared))
    return made(source, columns, [row], {"share": "%"})
