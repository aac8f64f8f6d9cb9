"""Price elasticities beside what is true, or as near to it as real data come; and a plain regression's.

Scanner data: households' choices among four brands of ketchup (two sets) and of yogurt, with the prices on
the shelf at each choice. They have no dates, so nothing here tries season, trend or stock-outs. Choices of
households with odd numbers are put in order of a brand's price and cut into as many stretches as the job
reads weeks; a stretch is a week, the brand's choices its units, all choices the traffic, the other brands'
prices the rest's. What serves as truth is no truth but a held-out estimate of another kind, with its own
error: a logit (statsmodels) of each single choice of households with even numbers, of the brand or not, on
the logarithms of its price and of the others'; the elasticity is that of all its choices together (a
choice's own, weighted by its probability), for a brand's own falls as its share grows.
So beside whether our interval holds it stands whether one does that is widened by that error. Displays and
features are in neither: both tell what price does with what goes with it.

Demonstration shop: the planted elasticities of its categories, and the job's own test on its last quarter.

The baseline is the textbook's: the logarithm of one more than the units on the logarithm of the price, by
ordinary least squares with its own interval; of a category all weeks of its products against their own means.

Called by ``bench.jobs``.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from app.settings import Settings
from bench.customers import request_of, tools_of
from jobs.price.elasticity import LEVEL, METHODS, Estimate, back_test, fit_all, fit_own, lack_of
from jobs.price.price_rows import WEEKS, PriceRows
from jobs.price.weeks import ProductWeeks, Values, read_weeks

SETS = {"Catsup.csv": "id", "Ketchup.csv": "Ketchup.hid", "Yogurt.csv": "id"}
"""File → its column of households."""


@dataclass(frozen=True, kw_only=True)
class Compared:
    """One brand or category: what is taken for true, ours, and the baseline."""

    data: str
    name: str
    truth: float
    doubt: float = 0.0
    """Its standard error, where it is an estimate."""
    ours: Estimate
    plain: Estimate

    def is_held(self, *, widened: bool = False) -> bool:
        """Whether our interval holds what is taken for true."""
        error = float(np.hypot(self.ours.error, self.doubt)) if widened else self.ours.error
        return held(replace(self.ours, error=error), self.truth)

    def row(self) -> dict[str, Any]:
        """For the raw results."""
        ends = {
            f"{who}_{what}": getattr(each, what)
            for who, each in (("ours", self.ours), ("plain", self.plain))
            for what in ("value", "low", "high")
        }
        return {"data": self.data, "name": self.name, "truth": self.truth, "doubt": self.doubt, **ends}


def held(estimate: Estimate, truth: float) -> bool:
    """Whether an interval holds it."""
    return estimate.low <= truth <= estimate.high


def plain_estimate(units: Values, price: Values) -> Estimate:
    """Ordinary least squares of logarithms."""
    import statsmodels.api as sm

    fit = sm.OLS(np.log1p(units), sm.add_constant(np.log(price))).fit()
    return Estimate(value=float(fit.params[1]), error=float(fit.bse[1]), freedom=float(fit.df_resid))


# ---- scanner data -----------------------------------------------------------------------------------------


def scanner(data: Path) -> list[Compared]:
    """Every brand whose price moved enough for the job to speak of it."""
    import pandas as pd

    found = []
    for file, household in SETS.items():
        frame = pd.read_csv(data / "scanner_prices" / file)
        choice = next(name for name in frame.columns if name.endswith("choice"))
        brands = [name.removeprefix("price.") for name in frame.columns if name.startswith("price.")]
        prices = frame[[f"price.{brand}" for brand in brands]].to_numpy(dtype=float)
        chosen = np.array([brands.index(name) for name in frame[choice]])
        is_odd = (frame[household] % 2 == 1).to_numpy()
        for at, brand in enumerate(brands):
            weeks = as_weeks(brand, prices[is_odd], chosen[is_odd], at)
            fit = fit_own(weeks) if lack_of(weeks) is None else None
            if fit is not None:
                other = logit_estimate(prices[~is_odd], chosen[~is_odd], at)
                found.append(
                    Compared(
                        data=file.removesuffix(".csv"),
                        name=brand,
                        truth=other.value,
                        doubt=other.error,
                        ours=fit.estimate,
                        plain=plain_estimate(weeks.units, weeks.price),
                    )
                )
    return found


def logit_estimate(prices: Values, chosen: np.ndarray, at: int) -> Estimate:
    """The own elasticity of one brand from single choices."""
    import statsmodels.api as sm

    is_chosen = (chosen == at).astype(float)
    others = np.delete(np.log(prices), at, axis=1).mean(axis=1)
    design = np.column_stack([np.log(prices[:, at]), others, np.ones(len(prices))])
    fit = sm.Logit(is_chosen, design).fit(disp=False)
    chance = fit.predict(design)
    whole = float((chance * (1 - chance)).sum() / chance.sum())  # of all choices together
    return Estimate(
        value=float(fit.params[0]) * whole, error=float(fit.bse[0]) * whole, freedom=float(fit.df_resid)
    )


def as_weeks(brand: str, prices: Values, chosen: np.ndarray, at: int) -> ProductWeeks:
    """Choices in order of a brand's price, cut at random places; the stretches stand in a random order."""
    draw = np.random.default_rng(at)
    order = np.lexsort((draw.random(len(prices)), prices[:, at]))
    cuts = np.sort(draw.choice(np.arange(1, len(prices)), WEEKS - 1, replace=False))
    stretches = np.split(order, cuts)
    draw.shuffle(stretches)
    others = np.delete(np.log(prices), at, axis=1).mean(axis=1)
    zeros = np.zeros(WEEKS)
    price = np.array([prices[rows, at].mean() for rows in stretches])
    return ProductWeeks(
        name=brand,
        kind=None,
        week=np.arange(WEEKS),
        units=np.array([(chosen[rows] == at).sum() for rows in stretches], dtype=float),
        price=price,
        discount=zeros,
        rest=np.log1p(np.array([len(rows) for rows in stretches], dtype=float)),
        rest_price=np.array([others[rows].mean() for rows in stretches]),
        today=float(price[-1]),
        idle=0,
        empty_weeks=0,
        giant_weeks=0,
        mixed_weeks=0,
    )


# ---- the demonstration shop -------------------------------------------------------------------------------


def demonstration(settings: Settings) -> tuple[list[Compared], dict[str, float]]:
    """Categories as the job tells them; and the error of each method in the weeks that were not seen."""
    from app.finding import demo_folder
    from sql.shop.shopfile import load_shop
    from sql.shop.workspace import open_workspace

    folder = demo_folder(settings)
    truths = json.loads((folder / "truths.json").read_text(encoding="utf-8"))["truths"]
    planted = {each["category"]: each["elasticity"] for each in truths if each["kind"] == "elasticity"}
    workspace = open_workspace(load_shop(folder / "shop.yml"))
    try:
        products = job_weeks(PriceRows(request_of(tools_of(workspace)), tools_of(workspace), {}, {}))
    finally:
        workspace.close()
    found = fit_all(products)
    tested = back_test(products)
    assert tested is not None
    compared = []
    for kind, truth in planted.items():
        if kind in found.kinds:
            members = [each for each in products if each.kind == kind and each.name in found.own]
            compared.append(
                Compared(
                    data="demonstration shop",
                    name=kind,
                    truth=truth,
                    ours=found.kinds[kind].mean,
                    plain=plain_kind(members),
                )
            )
    return compared, {method: tested.error[method] for method in METHODS}


def job_weeks(rows: PriceRows) -> list[ProductWeeks]:
    """What the job reads where no product is named."""
    asked = rows.largest(None)
    sold, _ = rows.weeks(list(asked))
    kinds = list(dict.fromkeys(asked.values()))
    return read_weeks(sold, rows.totals(kinds), rows.empty(list(asked)), asked)


def plain_kind(products: Sequence[ProductWeeks]) -> Estimate:
    """Ordinary least squares of logarithms, each product against its own means."""
    import statsmodels.api as sm

    units = [np.log1p(each.units) - np.log1p(each.units).mean() for each in products]
    price = [np.log(each.price) - np.log(each.price).mean() for each in products]
    fit = sm.OLS(np.concatenate(units), np.concatenate(price)).fit()
    return Estimate(value=float(fit.params[0]), error=float(fit.bse[0]), freedom=float(fit.df_resid))


def measure_price(data: Path, settings: Settings) -> dict[str, Any]:
    """Print both kinds of data; figures for the README, and the raw numbers."""
    started = time.perf_counter()
    compared, errors = demonstration(settings)
    compared += scanner(data)
    show(compared)
    print(
        "units of a week in the last quarter, off by: " + ", ".join(f"{m} {e:.1%}" for m, e in errors.items())
    )
    print(f"{time.perf_counter() - started:.0f} s")
    of = {
        name: [each for each in compared if (each.data == "demonstration shop") == is_demo]
        for name, is_demo in (("planted", True), ("scanner", False))
    }
    counts = {
        name: (sum(each.is_held(widened=True) for each in some), len(some)) for name, some in of.items()
    }
    for name, some in of.items():
        inside, wide, plain = (
            sum(each.is_held() for each in some),
            sum(each.is_held(widened=True) for each in some),
            sum(held(each.plain, each.truth) for each in some),
        )
        print(f"{name}: ours {inside} of {len(some)}, widened {wide}; plain {plain}")
    return {
        "figures": {
            "Price: planted elasticities inside the 90 % interval": "{} of {}".format(*counts["planted"]),
            "Price: scanner brands, difference inside its 90 % interval": "{} of {}".format(
                *counts["scanner"]
            ),
        },
        "price": [each.row() for each in compared],
        "price_test": errors,
    }


def show(compared: Sequence[Compared]) -> None:
    """Print them as a table."""
    print(
        f"\n{'data':<20}{'name':<12}{'truth':>8}{'ours':>24}{'held':>6}{'plain':>24}{'held':>6}   {LEVEL:.0%}"
    )
    for each in compared:
        cells = [
            f"{e.value:>8.2f} ({e.low:>6.2f},{e.high:>6.2f}){'yes' if held(e, each.truth) else 'no':>6}"
            for e in (each.ours, each.plain)
        ]
        print(f"{each.data:<20}{each.name:<12}{each.truth:>8.2f}{''.join(cells)}")
