"""Campaigns told apart, another rule valued from a log, a bandit's regret: ``bench.jobs --only campaign``.

Demonstration shop: verdicts on the campaign that was planted to work and the one that was planted to do
nothing, beside the usual rule, that a campaign brought what was ordered with its code.

Open Bandit (men's campaign, small sample): 10,000 choices by chance and 10,000 by Thompson sampling. What the
latter's clicks would be is told from the former: how often it shows an item at a place is counted in its own
log, whose clicks serve as truth alone. That truth has 69 clicks, so an interval of its own.

Regret: clicks lost against always showing the best item, in a world made of the click rates of the 34 items
in both logs, drawn towards their mean. No replay of the log itself: it would keep one row in 34, and a click
or two.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import numpy as np

from app.settings import Settings
from bench.customers import request_of, tools_of
from jobs.campaign.campaign_rows import CampaignRows
from jobs.campaign.effect import Span, verdict_of
from jobs.campaign.off_policy import DRAWS, Foretold, Logged, Values, foretell, value_of
from jobs.campaign.worth import judge

ROUNDS = (20_000, 100_000, 500_000)
"""After how many regret is told; the whole set has 450,000 for this campaign."""
RUNS = 20
BATCH = 100
"""Choices between two looks at the clicks."""
EXPLORE = 0.1
"""Share of rounds in which epsilon-greedy tries any item."""
DRAWN_TO = 300.0
"""Shows of the mean rate that each item's own rate is begun with."""


def planted(settings: Settings) -> list[dict[str, Any]]:
    """Each campaign of the demonstration shop: ours, the usual rule, and what was planted."""
    from app.finding import demo_folder
    from sql.shop.shopfile import load_shop
    from sql.shop.workspace import open_workspace

    folder = demo_folder(settings)
    truths = json.loads((folder / "truths.json").read_text(encoding="utf-8"))["truths"]
    facts = {each["campaign"]: each for each in truths if each["kind"] == "campaign"}
    workspace = open_workspace(load_shop(folder / "shop.yml"))
    try:
        tools = tools_of(workspace)
        rows = CampaignRows(request_of(tools), tools)
        with_code = workspace.run(
            "SELECT campaign, SUM(profit) AS profit FROM sales WHERE campaign IS NOT NULL GROUP BY campaign"
        )
        coded = {row[0]: float(str(row[1])) for row in with_code.rows}
        judged = judge(rows, rows.campaigns()[0], 0)
    finally:
        workspace.close()
    found = []
    for each in judged:
        name, cost = each.campaign.name, each.campaign.cost or 0.0
        assert each.brought is not None
        plain = Span(value=coded[name], low=coded[name], high=coded[name])
        found.append(
            {
                "campaign": name,
                "planted": facts[name]["uplift"],
                "is_good": facts[name]["is_the_one_that_worked"],
                "is_bad": facts[name]["is_the_one_that_failed"],
                "cost": cost,
                "brought": each.brought.value,
                "low": each.brought.low,
                "high": each.brought.high,
                "ours": each.verdict,
                "by_code": verdict_of(plain, cost),
            }
        )
    return found


def other_rule(data: Path) -> tuple[dict[str, Span], Span]:
    """The other rule's clicks a choice by each method from the random log; and as they were."""
    import pandas as pd

    chance, thompson = (
        pd.read_parquet(data / "open_bandit" / f"men_{name}.parquet") for name in ("random", "bts")
    )
    items = sorted(set(chance["item_id"]) | set(thompson["item_id"]))
    shown = np.zeros((4, len(items)))
    np.add.at(shown, (thompson["position"], np.searchsorted(items, thompson["item_id"])), 1.0)
    probability = shown / np.maximum(shown.sum(axis=1, keepdims=True), 1.0)
    choice = np.searchsorted(items, chance["item_id"])
    position = chance["position"].to_numpy()
    logged = Logged(
        choice=choice,
        propensity=chance["propensity_score"].to_numpy(),
        reward=chance["click"].to_numpy(dtype=float),
        count=np.ones(len(chance)),
        names=tuple(items),
    )
    model = foretell(logged)
    foretold = Foretold(chosen=model[choice], target=(probability @ model)[position])
    clicks = thompson["click"].to_numpy(dtype=float)
    drawn = np.random.default_rng(0).binomial(len(clicks), clicks.mean(), DRAWS) / len(clicks)
    low, high = np.quantile(drawn, [0.05, 0.95])
    truth = Span(value=float(clicks.mean()), low=float(low), high=float(high))
    return value_of(logged, probability[position, choice], foretold), truth


def click_rates(data: Path) -> Values:
    """Of each item in both logs, drawn towards the mean."""
    import pandas as pd

    logs = pd.concat(
        pd.read_parquet(data / "open_bandit" / f"men_{name}.parquet", columns=["item_id", "click"])
        for name in ("random", "bts")
    )
    each = logs.groupby("item_id")["click"].agg(["sum", "count"])
    rates = (each["sum"] + DRAWN_TO * logs["click"].mean()) / (each["count"] + DRAWN_TO)
    return rates.to_numpy(dtype=float)


def regret(rates: Values, rule: str) -> Values:
    """Clicks lost after each of ``ROUNDS`` in each of ``RUNS``; shape (rounds, runs)."""
    draw = np.random.default_rng(1)
    mean, items = float(rates.mean()), len(rates)
    shows, clicks = np.zeros((RUNS, items)), np.zeros((RUNS, items))
    lost, told = np.zeros(RUNS), []
    for at in range(BATCH, max(ROUNDS) + 1, BATCH):
        chosen = draw.integers(0, items, (RUNS, BATCH))
        if rule == "epsilon-greedy":
            best = ((clicks + mean) / (shows + 1)).argmax(axis=1)
            chosen = np.where(draw.random((RUNS, BATCH)) < EXPLORE, chosen, best[:, None])
        elif rule == "Thompson":
            belief = draw.beta(
                (1 + clicks)[:, None], (1 / mean + shows - clicks)[:, None], (RUNS, BATCH, items)
            )
            chosen = belief.argmax(axis=2)
        shown = (chosen[:, :, None] == np.arange(items)).sum(axis=1)
        shows += shown
        clicks += draw.binomial(shown, rates)
        lost += shown @ (rates.max() - rates)
        if at in ROUNDS:
            told.append(lost.copy())
    return np.array(told)


def measure_campaign(data: Path, settings: Settings) -> dict[str, Any]:
    """Print all three; figures for the README, and the raw numbers."""
    started = time.perf_counter()
    told = planted(settings)
    for each in told:
        print(
            f"{each['campaign']:24} planted {each['planted']:.0%}, cost {each['cost']:8,.0f}, brought "
            f"{each['brought']:8,.0f} ({each['low']:8,.0f} to {each['high']:8,.0f}): {each['ours']}; "
            f"by code {each['by_code']}"
        )
    right = {
        who: sum(
            (each["is_good"] and each[who] == "more") or (each["is_bad"] and each[who] == "less")
            for each in told
        )
        for who in ("ours", "by_code")
    }
    print(f"the good and the bad one told: ours {right['ours']} of 2, by code {right['by_code']} of 2")
    values, truth = other_rule(data)
    print(f"clicks of the other rule: {truth.value:.5f} ({truth.low:.5f} to {truth.high:.5f})")
    for name, span in values.items():
        off = span.value / truth.value - 1
        print(f"  {name:6} {span.value:.5f} ({span.low:.5f} to {span.high:.5f}), off by {off:+.1%}")
    rates = click_rates(data)
    lost = {rule: regret(rates, rule) for rule in ("Thompson", "epsilon-greedy", "uniform")}
    for rule, each in lost.items():
        for rounds, clicks in zip(ROUNDS, each, strict=True):
            error = clicks.std(ddof=1) / np.sqrt(RUNS)
            print(f"regret after {rounds:7,} rounds, {rule}: {clicks.mean():.0f} clicks ({error:.0f})")
    print(f"{time.perf_counter() - started:.0f} s")
    dr = values["dr"]
    return {
        "figures": {
            "Campaigns: planted good and bad told": f"{right['ours']} of 2",
            "Campaigns: doubly robust value over its truth": f"{dr.value / truth.value - 1:+.1%}",
            "Campaigns: regret of Thompson, epsilon-greedy, uniform": ", ".join(
                f"{each[-1].mean():.0f}" for each in lost.values()
            ),
        },
        "campaigns": told,
        "off_policy": {
            name: [span.value, span.low, span.high] for name, span in {**values, "truth": truth}.items()
        },
        "regret": {rule: each.tolist() for rule, each in lost.items()},
    }
