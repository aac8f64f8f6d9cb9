"""Whether "how was …?" tells what was planted, and is silent where nothing was; called by ``bench.jobs``.

The demonstration shop is asked about the month in which a planted truth shows most, by that month alone.
No figure or part is left out for want of time: this measures what is found, and the seconds stand beside it.
Quiet periods are those of made-up shops in which every product and country sells as always, by chance.
"""

from __future__ import annotations

import datetime as dt
import json
import math
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.why_found import asking, quiet_shop
from bot.answer import Answer
from jobs.changes import summing_up
from sql.shop.shopfile import load_shop
from sql.shop.workspace import open_workspace

QUIET_SHOPS = 5
QUIET_ASKED = (
    *(f"How was {month}?" for month in ("November 2025", "December 2025", "January 2026", "February 2026")),
    *(f"How was {month}?" for month in ("March 2026", "April 2026", "May 2026")),
    "How did we do last week?",
    "How was business from 2026-06-01 to 2026-06-07?",
    "How was business from 2026-03-02 to 2026-03-15?",
)
"""Asked of each of the shops: 50 periods."""


@dataclass(frozen=True, kw_only=True)
class Planted:
    """A month, and what its answer must name as having moved."""

    truth: str
    question: str
    name: str


@dataclass(frozen=True, kw_only=True)
class Found:
    """A month that was asked about."""

    asked: Planted
    is_named: bool
    events: int
    seconds: float


def planted_months(truths: Mapping[str, Mapping[str, Any]]) -> list[Planted]:
    """The truths that move a month or part of it at once, each in its month."""

    def month(day: str, later: int = 0) -> str:
        return f"{dt.date.fromisoformat(day) + dt.timedelta(days=later):%B %Y}"

    def named(truth: str, name: str, later: int = 0, against: str = "") -> Planted:
        question = f"How was {month(truths[truth]['first_day'], later)}{against}?"
        return Planted(truth=truth, question=question, name=name)

    def campaign(name: str) -> Planted:
        truth = next(key for key, facts in truths.items() if facts.get("campaign") == name)
        return named(truth, name)

    batch, business = truths["faulty_batch"], truths["churning_business"]
    last = dt.date.fromisoformat(business["last_day"])
    toys = max(truths["year"]["peaks"]["Toys"], key=lambda peak: peak["height"])
    peak = dt.date(2025, toys["month"], toys["day"])
    return [
        named("payment_outage", f"method {truths['payment_outage']['method']}"),
        named("bot_traffic", "source ads"),
        named("faulty_batch", f"batch {batch['batch']}", later=31),
        named("delivery_delay", f"country {truths['delivery_delay']['country']}"),
        named("sudden_fame", f"product {truths['sudden_fame']['product']}"),
        campaign("Spring Refresh 2025"),
        campaign("Black Friday 2025"),
        campaign("Cosy Lights 2026"),
        Planted(
            truth="churning_business",
            question=f"How was {last:%B %Y} compared with last year?",
            name=f"segment {business['segment']}",
        ),
        Planted(truth="year", question=f"How was {peak:%B %Y}?", name="category Toys"),
    ]


def find_planted(folder: Path, most: int | None = None) -> list[Found]:
    """Ask about the months of the demonstration shop of a folder; no language model is needed.

    Args:
        most: the first so many of them; ``None`` for all.
    """
    truths = json.loads((folder / "truths.json").read_text(encoding="utf-8"))["truths"]
    workspace = open_workspace(load_shop(folder / "shop.yml"))
    try:
        ask, found = asking(workspace), []
        with _time_enough():
            for planted in planted_months({each["id"]: each for each in truths})[:most]:
                began = time.monotonic()
                answer = ask(planted.question)
                told = events_of(answer)
                found.append(
                    Found(
                        asked=planted,
                        is_named=any(planted.name in line for line in told),
                        events=len(told),
                        seconds=time.monotonic() - began,
                    )
                )
        return found
    finally:
        workspace.close()


def told_in_quiet(shops: int = QUIET_SHOPS, asked: Sequence[str] = QUIET_ASKED) -> list[list[str]]:
    """What is told of each quiet period: nothing, or events that were chance."""
    told = []
    for seed in range(shops):
        with tempfile.TemporaryDirectory() as folder:
            workspace = open_workspace(load_shop(quiet_shop(Path(folder), seed)))
            try:
                ask = asking(workspace)
                with _time_enough():
                    told += [events_of(ask(question)) for question in asked]
            finally:
                workspace.close()
    return told


def events_of(answer: Answer) -> list[str]:
    """The lines that tell of what moved."""
    assert (answer.skill, answer.status) == ("changes", "answered"), answer.text
    return [line for line in answer.text.splitlines() if "95 %" in line]


def show(found: Sequence[Found], quiet: Sequence[Sequence[str]]) -> None:
    """Print both."""
    print(f"\n{'planted':<20}{'told':>6}{'events':>8}{'seconds':>9}  question")
    for each in found:
        named = "yes" if each.is_named else "no"
        print(f"{each.asked.truth:<20}{named:>6}{each.events:>8}{each.seconds:>9.1f}  {each.asked.question}")
    print(f"\n{sum(map(bool, quiet))} of {len(quiet)} quiet periods had something told of them")
    for lines in filter(None, quiet):
        print("\n".join(f"  {line[:160]}" for line in lines))


@contextmanager
def _time_enough() -> Iterator[None]:
    kept, summing_up.LOOK_S = summing_up.LOOK_S, math.inf
    try:
        yield
    finally:
        summing_up.LOOK_S = kept
