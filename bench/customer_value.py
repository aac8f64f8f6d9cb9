"""What customers bring in the next period, on public data: ours against simple ways, in one run.

CDNOW (23,570 customers, 18 months) and Online Retail (a year). Everything is fitted on what customers with
odd numbers did before the tested period, and measured on those with even ones. Beside ours (BG/NBD for how
often, gamma-gamma for how much) in the same run: what each customer brought in the period before of the same
length, the mean of all in that period, and BG/NBD times the mean of all purchases.

The mean absolute error favours who tells the median, which is 0 for most customers; ours and the mean of all
tell means. So the root of the squared error and the calibration by tenths are told beside it: customers in
tenths by what was told, the mean distance between a tenth's told and true mean, over the true mean of all.
"""

from __future__ import annotations

import datetime as dt
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bench.customers import cdnow, of_parity, request_of, retail, tools_of
from bot.job import Tools
from jobs.bg_nbd import Values, fit_bg_nbd
from jobs.churn.signals import Signals
from jobs.customer_card.customer_ahead import paid_of
from jobs.purchases import PurchaseReader
from jobs.spending import fit_spending
from jobs.value_ahead import value_ahead

DRAWS = 2_000
TENTHS = 10


@dataclass(frozen=True, kw_only=True)
class ValueScore:
    """How well one way told what customers bring within the period."""

    data: str
    method: str
    days: int
    customers: int
    true_mean: float
    """In units of money."""
    told_mean: float
    mae: float
    rmse: float
    off_by_tenth: float
    """Mean distance of the tenths' means, over ``true_mean``."""
    held: float | None
    """Share of customers inside the 80 % interval; of ours only."""
    held_of_buyers: float | None
    """The same of those who brought something."""


def value_scores(data: str, tools: Tools, days: int) -> list[ValueScore]:
    """Fitted on odd customers, measured on even ones, over the last ``days`` days."""
    cut_off = tools.workspace.today - dt.timedelta(days=days)
    reader = PurchaseReader(request_of(tools), tools, {})
    signals = Signals(reader=reader, days=days, has_season=False)
    seen = signals.snapshot(cut_off, 1, 1)
    brought = _brought(reader, cut_off, days)
    odd, even = (of_parity(seen, parity) for parity in (1, 0))
    before, later = (np.array([brought[c][place] for c in even.customers]) for place in (0, 1))
    rhythm = fit_bg_nbd(*odd.past)
    paid = paid_of(odd, signals.names)
    spending = fit_spending(odd.counts["orders"], paid)
    ours = value_ahead(rhythm, spending, even.past, paid_of(even, signals.names), days, draws=DRAWS)
    mean_paid = float(np.average(paid, weights=odd.counts["orders"]))
    of_all = float(np.mean([brought[customer][0] for customer in odd.customers]))
    told = {
        "ours": ours.value,
        "last period": before,
        "mean of all": np.full(len(later), of_all),
        "BG/NBD alone": ours.purchases * mean_paid,
    }
    inside = (ours.low <= later) & (later <= ours.high)
    return [
        _score(data, method, days, each, later, inside if method == "ours" else None)
        for method, each in told.items()
    ]


def _brought(reader: PurchaseReader, cut_off: dt.date, days: int) -> dict[object, tuple[float, float]]:
    """Customer → what they brought in the period before the day, and in the one after; returns taken off."""
    ends = [reader.day(cut_off + dt.timedelta(days=days * step)) for step in (-1, 0, 1)]
    sums = ", ".join(
        f"SUM(CASE WHEN bought_on > {first} AND bought_on <= {last} THEN paid ELSE 0 END) AS {name}"
        for name, first, last in (("before", ends[0], ends[1]), ("later", ends[1], ends[2]))
    )
    table = reader.run(f"WITH {reader.days()} SELECT customer, {sums} FROM buying_days GROUP BY customer")
    return {row[0]: (float(str(row[1])), float(str(row[2]))) for row in table.rows}


def _score(
    data: str, method: str, days: int, told: Values, later: Values, inside: np.ndarray[Any, Any] | None
) -> ValueScore:
    true_mean = float(later.mean())
    tenths = np.array_split(np.argsort(told, kind="stable"), TENTHS)
    off = float(np.mean([abs(told[part].mean() - later[part].mean()) for part in tenths]))
    return ValueScore(
        data=data,
        method=method,
        days=days,
        customers=len(later),
        true_mean=true_mean,
        told_mean=float(told.mean()),
        mae=float(np.abs(told - later).mean()),
        rmse=float(np.sqrt(((told - later) ** 2).mean())),
        off_by_tenth=off / true_mean,
        held=float(inside.mean()) if inside is not None else None,
        held_of_buyers=float(inside[later > 0].mean()) if inside is not None else None,
    )


def measure_customer_value(data: Path) -> dict[str, Any]:
    """Print all of it; figures for the README, and the raw numbers."""
    started = time.perf_counter()
    scores: list[ValueScore] = []
    with tempfile.TemporaryDirectory() as folder:
        workspace = cdnow(data, Path(folder))
        try:
            tools = tools_of(workspace)
            scores += [score for days in (91, 273) for score in value_scores("cdnow", tools, days)]
        finally:
            workspace.close()
    workspace = retail(data)
    try:
        scores += value_scores("online_retail", tools_of(workspace), 91)
    finally:
        workspace.close()
    print(
        f"\n{'data':<16}{'method':<14}{'days':>6}{'customers':>11}{'true':>9}{'told':>9}{'MAE':>9}{'RMSE':>10}"
        f"{'tenths':>8}{'held':>8}{'buyers':>8}"
    )
    for s in scores:
        held = f"{s.held:>8.1%}{s.held_of_buyers:>8.1%}" if s.held is not None else ""
        print(
            f"{s.data:<16}{s.method:<14}{s.days:>6}{s.customers:>11,}{s.true_mean:>9.2f}{s.told_mean:>9.2f}"
            f"{s.mae:>9.2f}{s.rmse:>10.2f}{s.off_by_tenth:>8.1%}{held}"
        )
    print(f"{time.perf_counter() - started:.0f} s")
    figures = {
        f"Value of a customer, {s.data}, {s.days} days": (
            f"MAE {s.mae:.2f} of {s.true_mean:.2f}; 80 % held {s.held:.1%}"
        )
        for s in scores
        if s.held is not None
    }
    return {"figures": figures, "customer_value": [vars(s) for s in scores]}
