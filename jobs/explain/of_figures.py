"""Why a forecast is as it is, and why a price would bring what it is told to bring, taken apart.

A forecast is held against as many of the latest periods: what its level, its trend, the season and the
latest course add to these is what the chosen methods are made of. Money at another price is first that price
on today's units, then the units that are won or lost at it; an elasticity is the product's own and its
category's, weighed.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from bot.errors import AskBack, Declined
from bot.job import Request, Tools
from jobs.bg_nbd import Values
from jobs.explain.added import Added, Part, ordered
from jobs.explain.of_customers import Named
from jobs.forecast.forecasting import Told, run_forecast
from jobs.forecast.history import SEASONS, read_history
from jobs.forecast.model import parts_ahead
from jobs.price.elasticity import own_share
from jobs.price.price_tables import Line
from jobs.price.price_words import PRODUCT
from jobs.price.pricing import Priced, run_price
from sql.types import Column, Table

_NOTHING = 1e-9
"""Of the whole, below which a part is not told."""


def explain_forecast(request: Request, tools: Tools, words: Named) -> Added:
    """The sum of what is forecast against the sum of as many of the latest periods."""
    import pandas as pd

    told = run_forecast(replace(request, on_table=lambda table: None), tools)
    history = read_history(pd.DataFrame(told.past, columns=["series", "at", "value"]), told.grain)
    steps = len(told.tables[0].rows) // len(history.names)
    count = min(steps, history.values.shape[1])
    latest, fitted = (np.nanmean(each[:, -count:], axis=1) for each in (history.values, history.fitted))
    parts = parts_ahead(history.fitted, steps, SEASONS[told.grain], told.method, fitted, first=history.first)
    start = float(latest.sum() * steps)
    sums = {name: float(each.sum()) for name, each in parts.items()}
    sums["mended"] = float((fitted - latest).sum() * steps)
    end = start + sum(sums.values())
    least = _NOTHING * max(abs(end), abs(start), 1.0)
    found = [
        Part(name=words.say(f"ahead_{name}"), adds=adds) for name, adds in sums.items() if abs(adds) > least
    ]
    metric = tools.vocabulary.metric(told.metric)
    unit = metric.unit if metric is not None else ""
    return Added(
        start=start, end=end, parts=ordered(found), scale="money" if unit else "figure", unit=unit,
        source=told.tables[1], subject=told.metric, facts={"periods": (steps, ""), "latest": (count, "")},
        more=(_by_period(told, parts, steps),), note=f"grain_{told.grain}",
        caveats=tuple(told.caveats),
    )  # fmt: skip


def _by_period(told: Told, parts: dict[str, Values], steps: int) -> Table:
    """Each period ahead with what adds up to it."""
    from jobs.made_tables import made

    rows = told.tables[0].rows[:steps]
    names = [name for name, each in parts.items() if np.abs(each).max() > _NOTHING]
    columns = [Column(name="at", type="date"), *(Column(name=name, type="number") for name in names)]
    cells = [
        (row[0], *(round(float(parts[name][:, step].sum()), 2) for name in names))
        for step, row in enumerate(rows)
    ]
    return made(told.tables[0], columns, cells, {})


def explain_price(request: Request, tools: Tools, words: Named) -> Added:
    """Money of a week at another price against today's; without a change, the elasticity itself."""
    if request.settings.get(PRODUCT) is None:
        error = AskBack("explain_which_product")
        error.is_open = True
        raise error
    priced = run_price(replace(request, on_table=lambda table: None), tools)
    line = priced.lines[0]
    outcome = line.asked or line.best
    if line.standing is None or outcome is None or not outcome.change:
        return _elasticity(priced, line, tools, words)
    standing, change, elasticity = line.standing, outcome.change, line.elasticity.value
    cost = standing.cost or 0.0
    same_units = change * standing.revenue
    lost = ((1 + change) * standing.revenue - cost) * ((1 + change) ** elasticity - 1)
    now = standing.revenue - cost
    parts = [
        Part(name=words.say("part_price"), adds=same_units),
        Part(name=words.say("part_units"), adds=lost),
    ]
    facts = {
        "change": (round(change, 4), "%"),
        "units_change": (round(outcome.units.value, 4), "%"),
        "elasticity": (round(elasticity, 2), ""),
        "low": (round(outcome.money.low, 2), _unit(priced)),
        "high": (round(outcome.money.high, 2), _unit(priced)),
    }
    return Added(
        start=now, end=now + same_units + lost, parts=tuple(parts), scale="money", unit=_unit(priced),
        source=priced.tables[0], subject=str(line.name), facts=facts,
        note="money_profit" if priced.is_profit else "money_revenue", caveats=tuple(priced.caveats),
    )  # fmt: skip


def _elasticity(priced: Priced, line: Line, tools: Tools, words: Named) -> Added:
    """What a product's own weeks and its category add to the elasticity."""
    if line.own is None:
        raise Declined("explain_one_product")
    own = line.own.estimate
    share = own_share(own, line.kind) if line.kind is not None else 1.0
    parts = [Part(name=words.say("part_own"), adds=share * own.value, here=round(own.value, 2))]
    if line.kind is not None:
        mean = line.kind.mean.value
        parts.append(Part(name=words.say("part_kind"), adds=(1 - share) * mean, here=round(mean, 2)))
    return Added(
        start=0.0, end=line.elasticity.value, parts=tuple(parts), scale="figure", source=priced.tables[0],
        subject=str(line.name), note="elasticity", facts={"own_share": (round(share, 4), "%")},
        caveats=tuple(priced.caveats),
    )  # fmt: skip


def _unit(priced: Priced) -> str:
    return priced.tables[0].labels.get("gain", "")
