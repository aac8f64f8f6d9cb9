"""The jobs' models against simple ones, on public data: ``python -m bench.jobs``.

Forecasts: real weekly sales of 45 stores, and of the products of a real gift shop, each from several starting
points at the end of the data, four weeks ahead. Methods were chosen on every second series; figures are of
the others. Beside ours in the same run: seasonal naive (the season before, the last value where there is
none), and AutoETS: statsmodels' ``ETSModel`` in the form with the least corrected AIC, without a season, for
one of 52 periods has as many parameters as it has data (R's ``ets`` stops at 24).

Churn, retention, time between orders and pairs: ``bench.customers``.
What a customer brings in the next period: ``bench.customer_value``.
Products by a wish: ``bench.find_products``.
What is unusual: :mod:`bench.anomalies` and :mod:`bench.planted_found`.
Why figures changed: :mod:`bench.why_found`.
Stock: :mod:`bench.replenishing`. Recommendations: :mod:`bench.recommending`.
Prices: :mod:`bench.pricing_found`. Campaigns: :mod:`bench.campaigning`.
How months went: :mod:`bench.changes_found`.
"""

from __future__ import annotations

import argparse
import os
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bench import anomalies, changes_found, planted_found, why_found
from bench.campaigning import measure_campaign
from bench.customer_value import measure_customer_value
from bench.customers import measure_customers
from bench.find_products import measure_find_products
from bench.pricing_found import measure_price
from bench.recommending import measure_recommend
from bench.record import RESULTS, circumstances, write_result
from bench.replenishing import measure_stock
from jobs.forecast.features import Past, Values
from jobs.forecast.history import SEASONS, History, read_history
from jobs.forecast.methods import SeasonalNaive
from jobs.forecast.model import LEVELS, Forecast, forecast

AHEAD = 4
OF_ETS = 150
"""Series that AutoETS is fitted to at most: it takes half a second each."""


@dataclass(frozen=True, kw_only=True)
class Score:
    """What a method was off by, over all series and starting points."""

    data: str
    method: str
    series: int
    windows: int
    mase: float
    held: dict[float, float]


def stores(data: Path) -> History:
    """Weekly sales of 45 stores, 143 weeks; weeks end on Fridays."""
    import pandas as pd

    sales = pd.read_parquet(data / "weekly_sales" / "weekly_sales.parquet")
    week = sales["week"].dt.to_period("W-SUN").dt.start_time
    frame = pd.DataFrame({"series": sales["store"].astype(str), "at": week, "value": sales["sales"]})
    return read_history(frame, "week")


def products(data: Path) -> History:
    """Weekly sales of the products of a gift shop, 53 weeks; the last week, which is not whole, left out."""
    import pandas as pd

    lines = pd.read_parquet(data / "online_retail" / "online_retail.parquet")
    lines = lines[(lines["UnitPrice"] > 0) & ~lines["InvoiceNo"].astype(str).str.startswith("C")]
    week = lines["InvoiceDate"].dt.to_period("W-SUN").dt.start_time
    value = lines["Quantity"] * lines["UnitPrice"]
    frame = pd.DataFrame({"series": lines["StockCode"].astype(str), "at": week, "value": value})
    frame = frame[frame["at"] < frame["at"].max()].groupby(["series", "at"], as_index=False).sum()
    return read_history(frame, "week")


def measure(name: str, history: History, windows: int) -> list[Score]:
    """Ours and the baselines on every second series, from the last ``windows`` starting points."""
    odd = np.arange(len(history.names)) % 2 == 1
    actual, fitted = history.values[odd], history.fitted[odd]
    told: dict[str, list[tuple[Values, Values, Values | None]]] = {}
    shares: dict[float, list[Values]] = {level: [] for level in LEVELS}
    for window in range(windows, 0, -1):
        end = actual.shape[1] - window * AHEAD
        old = (~np.isnan(actual[:, :end])).sum(axis=1) >= 13
        real, past = actual[old][:, end : end + AHEAD], fitted[old][:, :end]
        scale = _naive_error(actual[old][:, :end], SEASONS["week"][0])
        ours = forecast(past, AHEAD, SEASONS["week"], first=history.first)
        for level in LEVELS:
            shares[level].append((real >= ours.low[level]) & (real <= ours.high[level]))
        naive = SeasonalNaive().ahead(Past(past, SEASONS["week"], history.first), end - 1, AHEAD)
        some = np.random.default_rng(0).permutation(len(past))[:OF_ETS]
        smooth = np.array([auto_ets(series) for series in past[some]])
        for method, each, rows in (
            ("ours", ours.middle, None),
            ("seasonal naive", naive, None),
            ("ours, same series as AutoETS", ours.middle, some),
            ("AutoETS", smooth, some),
        ):
            chosen = slice(None) if rows is None else rows
            point = each if method == "AutoETS" else each[chosen]
            told.setdefault(method, []).append((np.abs(real[chosen] - point), scale[chosen], None))
    held = {level: float(np.concatenate(each).mean()) for level, each in shares.items()}
    scores = []
    for method, parts in told.items():
        scaled = np.concatenate([error.mean(axis=1) / scale for error, scale, _ in parts])
        scores.append(
            Score(
                data=name,
                method=method,
                series=len(parts[-1][0]),
                windows=windows,
                mase=float(np.nanmean(scaled)),
                held=held if method == "ours" else {},
            )
        )
    return scores


def _naive_error(values: Values, season: int) -> Values:
    """Hyndman's scale: the seasonal naive method's mean error inside the past; NaN where it is 0."""
    lag = season if values.shape[1] >= 2 * season else 1
    error = np.nanmean(np.abs(values[:, lag:] - values[:, :-lag]), axis=1)
    return np.where(error > 0, error, np.nan)


def auto_ets(series: Values) -> Values:
    """The next values by the form of exponential smoothing that has the least corrected AIC."""
    from statsmodels.tsa.exponential_smoothing.ets import ETSModel

    known = series[~np.isnan(series)]
    fits = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for error in ("add", "mul") if (known > 0).all() else ("add",):
            for trend, is_damped in ((None, False), ("add", False), ("add", True)):
                fits.append(ETSModel(known, error=error, trend=trend, damped_trend=is_damped).fit(disp=False))
        return np.asarray(min(fits, key=lambda fit: fit.aicc).forecast(AHEAD))


def seconds_for(series: int, periods: int = 104) -> tuple[float, Forecast]:
    """How long so many made-up weekly series take."""
    draw = np.random.default_rng(0)
    level = draw.lognormal(2, 1.2, (series, 1))
    season = 1 + 0.4 * np.sin(2 * np.pi * (np.arange(periods) / 52 + draw.random((series, 1))))
    values = draw.poisson(level * season * draw.gamma(2, 0.5, (series, periods))).astype(float)
    started = time.perf_counter()
    found = forecast(values, AHEAD, SEASONS["week"])
    return time.perf_counter() - started, found


def show(scores: Sequence[Score]) -> None:
    print(
        f"\n{'data':<16}{'method':<32}{'series':>7}{'starts':>7}{'MASE':>7}{'80 % held':>11}{'95 % held':>11}"
    )
    for score in scores:
        held = "".join(f"{score.held[level]:>11.1%}" if score.held else f"{'':>11}" for level in LEVELS)
        print(
            f"{score.data:<16}{score.method:<32}{score.series:>7}{score.windows:>7}{score.mase:>7.3f}{held}"
        )


def _customers(options: argparse.Namespace) -> dict[str, Any]:
    return measure_customers(options.data)


def _customer_value(options: argparse.Namespace) -> dict[str, Any]:
    return measure_customer_value(options.data)


def _find_products(options: argparse.Namespace) -> dict[str, Any]:
    return measure_find_products(options.data)


def _forecasts(options: argparse.Namespace) -> dict[str, Any]:
    scores = measure("weekly_sales", stores(options.data), windows=6)
    scores += measure("online_retail", products(options.data), windows=3)
    show(scores)
    seconds = {count: seconds_for(count)[0] for count in (200, options.many)}
    print()
    for count, took in seconds.items():
        print(f"{count:>7,} series × 104 weeks, {AHEAD} ahead, with back-test and intervals: {took:.1f} s")
    ours = {score.data: score for score in scores if score.method == "ours"}
    figures: dict[str, Any] = {
        f"Forecast, {name}": f"MASE {score.mase:.2f}; 80 % held {score.held[0.8]:.1%}"
        for name, score in ours.items()
    }
    return {
        "figures": figures,
        "scores": [{**vars(score), "held": {str(k): v for k, v in score.held.items()}} for score in scores],
        "seconds": {str(count): took for count, took in seconds.items()},
    }


def _found(recalls: Sequence[anomalies.Recall], size: float) -> str:
    ours = [each for each in recalls if each.method == "ours" and abs(each.size) == size]
    return f"{sum(each.found for each in ours)} of {sum(each.put_in for each in ours)}"


def _unusual(options: argparse.Namespace) -> dict[str, Any]:
    """Measure and show what the watch finds, on the even stores and on the demonstration shop."""
    from app.settings import Settings

    values, starts = anomalies.of_parity(stores(options.data), 0)
    recalls = anomalies.measure_recall(values, starts)
    quiet = anomalies.measure_false_alarms(values, starts)
    anomalies.show(recalls, quiet)
    planted, others = planted_found.replayed(Settings.from_environment())
    planted_found.show(planted, others)
    told = [each for each in planted if each.days is not None]
    return {
        "figures": {
            **{
                f"Unusual: ±{size:.0%} put into weekly sales, found": _found(recalls, size)
                for size in (0.5, 0.3)
            },
            "Unusual: false alarms of a series and year": f"{quiet[0].a_year:.2f}",
            "Unusual: planted events told on replay": f"{len(told)} of {len(planted)}",
        },
        "recalls": [vars(each) for each in recalls],
        "quiet": [{**vars(each), "a_year": each.a_year} for each in quiet],
        "planted": [{**vars(each), "first": str(each.first), "last": str(each.last)} for each in planted],
        "other_messages": [message.to_json() for message in others],
    }


def _why(options: argparse.Namespace) -> dict[str, Any]:
    """Planted causes that "why …?" names, and quiet periods that it blames on something."""
    from app.finding import demo_folder
    from app.settings import Settings

    found = why_found.find_planted(demo_folder(Settings.from_environment()))
    blamed = why_found.blamed_in_quiet()
    why_found.show(found, blamed)
    named = sum(each.is_named for each in found)
    quiet = why_found.QUIET_SHOPS * len(why_found.QUIET_ASKED)
    return {
        "figures": {
            "Why: planted causes named": f"{named} of {len(found)}",
            "Why: quiet periods blamed on something": f"{len(blamed)} of {quiet}",
        },
        "why_planted": [{"question": each.asked.question, "is_named": each.is_named} for each in found],
        "why_blamed": blamed,
    }


def _stock(options: argparse.Namespace) -> dict[str, Any]:
    from app.settings import Settings

    return measure_stock(Settings.from_environment())


def _price(options: argparse.Namespace) -> dict[str, Any]:
    from app.settings import Settings

    return measure_price(options.data, Settings.from_environment())


def _campaign(options: argparse.Namespace) -> dict[str, Any]:
    from app.settings import Settings

    return measure_campaign(options.data, Settings.from_environment())


def _recommend(options: argparse.Namespace) -> dict[str, Any]:
    return measure_recommend(options.data)


def _changes(options: argparse.Namespace) -> dict[str, Any]:
    """Planted months that "how was …?" tells of, and quiet periods of which it tells something."""
    from app.finding import demo_folder
    from app.settings import Settings

    found = changes_found.find_planted(demo_folder(Settings.from_environment()))
    quiet = changes_found.told_in_quiet()
    changes_found.show(found, quiet)
    return {
        "figures": {
            "Changes: planted months told": f"{sum(each.is_named for each in found)} of {len(found)}",
            "Changes: quiet periods of which something was told": f"{sum(map(bool, quiet))} of {len(quiet)}",
        },
        "changes_planted": [
            {"question": each.asked.question, "is_named": each.is_named, "seconds": round(each.seconds, 1)}
            for each in found
        ],
        "changes_quiet": [line for lines in quiet for line in lines],
    }


PARTS: dict[str, Callable[[argparse.Namespace], dict[str, Any]]] = {
    "forecast": _forecasts,
    "customers": _customers,
    "customer_card": _customer_value,
    "find_products": _find_products,
    "unusual": _unusual,
    "why": _why,
    "stock": _stock,
    "price": _price,
    "campaign": _campaign,
    "recommend": _recommend,
    "changes": _changes,
}


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=os.environ.get("SHOPTALK_DATA"), help="the public data")
    parser.add_argument("--only", choices=tuple(PARTS), help="one part of it")
    parser.add_argument("--many", type=int, default=10_000, help="series of the largest timed run")
    options = parser.parse_args(arguments)
    if options.data is None:
        parser.error("set SHOPTALK_DATA, or give --data: the folder with the public data")
    figures: dict[str, str] = {}
    result: dict[str, Any] = {}
    for part, measured in PARTS.items():
        if options.only in (None, part):
            found = measured(options)
            figures |= found.pop("figures")
            result |= found
    result = {"figures": figures, **result, **circumstances()}
    name = f"jobs_{options.only}.json" if options.only else "jobs.json"
    print(f"\nKept in {write_result(RESULTS / name, result)}")


if __name__ == "__main__":
    main()
