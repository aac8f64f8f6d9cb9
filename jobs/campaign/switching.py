"""What a switch of choices would bring, as an answer: read off choices logged with probabilities."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bot.errors import Declined
from bot.job import Request
from jobs.campaign.campaign_rows import CampaignRows
from jobs.campaign.off_policy import Logged, Switch, switch_of
from jobs.made_tables import made
from sql.types import Column, Table
from sql.types import Value as Cell
from telling.evidence import Evidence
from telling.phrases import escape_markdown

LEAST_ROWS = 200
MOST_CHOICES = 30
_PARTS = {"choice": "logged_choice", "propensity": "choice_propensity", "reward": "choice_reward"}


@dataclass(frozen=True, kw_only=True)
class Switching(Evidence):
    """Table 0 has choices, the one with the most first; table 1 the best of one half on the other."""

    found: Switch
    is_sample: bool
    """Whether no more rows were read than the role may read."""


def run_switch(request: Request, rows: CampaignRows) -> Switching:
    """Read and value; raises ``Declined`` where nothing is bound, or what is bound is no probability."""
    logged, source, is_sample = _read(rows)
    found = switch_of(logged)
    unit = _unit(rows)
    table = _choices(source, found, unit)
    request.on_table(table)
    fits = all(each.fits for each in found.choices)
    return Switching(
        tables=(table, _best(source, found, unit)),
        caveats=rows.reader.caveats,
        confidence=0.8 if fits else 0.4,
        sql=source.query.written,
        settings={"what": "switch"},
        found=found,
        is_sample=is_sample,
    )


def _read(rows: CampaignRows) -> tuple[Logged, Table, bool]:
    rows.check(*_PARTS.values())
    columns = {called: rows.bound.name(part) for called, part in _PARTS.items()}
    text = rows.reader.of_view(rows.bound.place("logged_choice")[0], columns, "logged_rows")
    if text is None:
        told = ", ".join(str(name) for name in columns.values())
        raise Declined("no_way_between", {"names": escape_markdown(told)})
    known = "choice IS NOT NULL AND propensity IS NOT NULL AND reward IS NOT NULL"
    counted = rows.reader.run(
        f"""WITH {text}
SELECT COUNT(*) AS logged, COUNT(DISTINCT choice) AS choices, MIN(propensity) AS low, MAX(propensity) AS high
FROM logged_rows WHERE {known}"""
    )
    total, choices, low, high = (float(str(cell or 0)) for cell in counted.rows[0])
    if total < LEAST_ROWS or choices < 2:
        least = {"rows": f"{total:.0f}", "choices": f"{choices:.0f}", "least": str(LEAST_ROWS)}
        raise Declined("switch_few", least)
    if choices > MOST_CHOICES:
        raise Declined("switch_many", {"choices": f"{choices:.0f}", "most": str(MOST_CHOICES)})
    if not 0 < low <= high <= 1:
        raise Declined("switch_no_probability", {"low": f"{low:g}", "high": f"{high:g}"})
    most = rows.most
    table = rows.reader.run(
        f"""WITH {text}
SELECT choice, propensity, reward, COUNT(*) AS times FROM logged_rows WHERE {known}
GROUP BY choice, propensity, reward ORDER BY choice, propensity, reward LIMIT {most}"""
    )
    is_sample = sum(int(str(row[3])) for row in table.rows) < total
    if is_sample:
        step = int(-(-total // most))
        table = rows.reader.run(
            f"""WITH {text},
numbered AS (
  SELECT choice, propensity, reward, ROW_NUMBER() OVER (ORDER BY choice, propensity, reward) AS place
  FROM logged_rows WHERE {known}
)
SELECT choice, propensity, reward, 1 AS times FROM numbered WHERE place % {step} = 0 LIMIT {most}"""
        )
    choices_made: list[Cell] = [row[0] for row in table.rows]
    names = list(dict.fromkeys(choices_made))
    cells = np.array([[float(str(cell)) for cell in row[1:]] for row in table.rows])
    logged = Logged(
        choice=np.array([names.index(choice) for choice in choices_made]),
        propensity=cells[:, 0],
        reward=cells[:, 1],
        count=cells[:, 2],
        names=tuple(names),
    )
    return logged, table, is_sample


def _unit(rows: CampaignRows) -> str:
    column = rows.bound.column("choice_reward")
    return column.unit if column is not None else ""


def _choices(source: Table, found: Switch, unit: str) -> Table:
    names = ("ips", "snips", "dr", "low", "high")
    columns = (
        Column(name="choice", type="text"),
        Column(name="logged", type="integer"),
        *(Column(name=name, type="number") for name in names),
        Column(name="clipped", type="integer"),
        Column(name="fits", type="boolean"),
    )
    rows: list[tuple[Cell, ...]] = []
    for each in found.choices:
        dr = each.values["dr"]
        told = (each.values["ips"].value, each.values["snips"].value, dr.value, dr.low, dr.high)
        rows.append((str(each.name), each.logged, *(round(x, 5) for x in told), each.clipped, each.fits))
    return made(source, columns, rows, dict.fromkeys(names, unit))


def _best(source: Table, found: Switch, unit: str) -> Table:
    names = ("logged_mean", "gain", "gain_low", "gain_high")
    columns = (Column(name="choice", type="text"), *(Column(name=name, type="number") for name in names))
    told = (found.logged, found.gain.value, found.gain.low, found.gain.high)
    rows: list[tuple[Cell, ...]] = [(str(found.best), *(round(x, 5) for x in told))]
    return made(source, columns, rows, dict.fromkeys(names, unit))
