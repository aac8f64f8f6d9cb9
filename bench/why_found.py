"""Whether "why …?" names what was planted, and blames nothing when nothing was; called by ``bench.jobs``.

The demonstration shop's truths are asked about by their own days; quiet periods are those of made-up shops
in which every product and country sells as always, by chance.
"""

from __future__ import annotations

import datetime as dt
import json
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from bot.answer import Answer
from bot.assistant import Assistant
from jobs import JOBS
from sql.question.linking import Vocabulary
from sql.shop.shopfile import load_shop
from sql.shop.workspace import Workspace, open_workspace

QUIET_SHOPS = 5
QUIET_ASKED = (
    "Why did revenue change in April 2026?",
    "Why did orders change in May 2026?",
    "Why did units sold change last week?",
    "Why did the average order change in May 2026?",
)
"""Asked of each of the shops: 20 periods."""
_TODAY = dt.date(2026, 6, 28)
_SHOP = """\
name: Quiet
database: shop.duckdb
currency: EUR
today: 2026-06-28
views:
  sales:
    time: ordered_on
    columns:
      ordered_on: {type: date}
      product: {type: text, sampled: true}
      country: {type: text, sampled: true}
      channel: {type: text, sampled: true}
      quantity: {type: integer}
      amount: {type: number, unit: EUR}
metrics:
  revenue: {view: sales, sql: SUM(amount), unit: EUR}
  orders: {view: sales, sql: COUNT(*)}
  units_sold: {view: sales, sql: SUM(quantity), synonyms: [units sold]}
  average_order: {view: sales, sql: AVG(amount), unit: EUR, synonyms: [average order]}
bindings:
  {order_date: sales.ordered_on, amount: sales.amount, quantity: sales.quantity, product: sales.product}
"""


@dataclass(frozen=True, kw_only=True)
class Planted:
    """A question about something planted, and what its answer must name."""

    truth: str
    question: str
    names: tuple[str, ...]


def planted_questions(truths: Mapping[str, Mapping[str, Any]]) -> list[Planted]:
    """Questions about the demonstration shop's truths, by their own days, values and sizes."""

    def asked(truth: str, what: str, *names: str) -> Planted:
        facts = truths[truth]
        question = f"Why did {what} from {facts['first_day']} to {facts['last_day']}?"
        return Planted(truth=truth, question=question, names=names)

    outage, batch, late = (truths[name] for name in ("payment_outage", "faulty_batch", "delivery_delay"))
    worked = next(name for name, facts in truths.items() if facts.get("is_the_one_that_worked"))
    sale = next(name for name, facts in truths.items() if facts.get("campaign") == "Black Friday 2025")
    after = dt.date.fromisoformat(batch["first_day"]) + dt.timedelta(days=31)
    return [
        asked("payment_outage", "the payment failure rate rise", outage["method"]),
        asked("payment_outage", "revenue drop", outage["method"]),
        asked("bot_traffic", "visits rise", "ads"),
        asked("bot_traffic", "the conversion rate drop", "ads"),
        Planted(
            truth="faulty_batch",
            question=f"Why did returns rise in {after:%B %Y}?",
            names=(batch["batch"], batch["aspect"]),
        ),
        Planted(
            truth="faulty_batch",
            question=f"为什么{after.year}年{after.month}月退货数增加了？",
            names=(batch["product"],),
        ),
        asked("delivery_delay", "the average delivery time rise", late["country"]),
        asked("delivery_delay", f"tickets for {late['country']} rise", "topic delivery"),
        asked("sudden_fame", "units sold for Toys rise", truths["sudden_fame"]["product"]),
        asked(worked, "revenue rise", truths[worked]["campaign"]),
        Planted(
            truth=sale,
            question=f"Why did revenue rise in {dt.date.fromisoformat(truths[sale]['first_day']):%B %Y}?",
            names=(f"campaign {truths[sale]['campaign']}",),
        ),
    ]


def dearer_product(folder: Path) -> Planted:
    """The product that sold well and whose price rose most at once, asked about over the four weeks after."""
    sold = "SELECT SUM(l.quantity) FROM order_lines AS l JOIN orders AS o USING (order_id)"
    with tempfile.TemporaryDirectory() as kept:  # one process opens a DuckDB file in one way alone
        copy = shutil.copy(folder / "shop.duckdb", kept)
        connection = duckdb.connect(str(copy), read_only=True)
        row = connection.execute(
            f"""SELECT p.name, CAST(c.changed_at AS DATE), c.new_price FROM price_changes AS c
            JOIN products AS p USING (product_id)
            WHERE ({sold} WHERE l.product_id = c.product_id AND o.ordered_at < c.changed_at
              AND o.ordered_at >= c.changed_at - INTERVAL 28 DAY) >= 80
            ORDER BY c.new_price / c.old_price DESC LIMIT 1"""
        ).fetchone()
        connection.close()
    assert row is not None
    name, day, price = row
    last = day + dt.timedelta(days=27)
    return Planted(
        truth="price_change",
        question=f"Why did units sold of {name} drop from {day} to {last}?",
        names=(f"{name}: what one cost went from", f"to {price:.2f} EUR"),
    )


@dataclass(frozen=True, kw_only=True)
class Found:
    """A question that was asked."""

    asked: Planted
    is_named: bool
    seconds: float
    text: str


def find_planted(folder: Path) -> list[Found]:
    """Ask everything that is planted in the demonstration shop of a folder; no language model is needed."""
    truths = json.loads((folder / "truths.json").read_text(encoding="utf-8"))["truths"]
    dearer = dearer_product(folder)
    workspace = open_workspace(load_shop(folder / "shop.yml"))
    try:
        ask = asking(workspace)
        asked = [*planted_questions({each["id"]: each for each in truths}), dearer]
        return [_found(planted, ask) for planted in asked]
    finally:
        workspace.close()


def _found(planted: Planted, ask: Callable[[str], Answer]) -> Found:
    began = time.monotonic()
    answer = ask(planted.question)
    is_named = answer.skill == "why" and all(name in answer.text for name in planted.names)
    return Found(asked=planted, is_named=is_named, seconds=time.monotonic() - began, text=answer.text)


def blamed_in_quiet() -> list[str]:
    """The answers about quiet periods that blame something; 20 are asked."""
    blamed = []
    for seed in range(QUIET_SHOPS):
        with tempfile.TemporaryDirectory() as folder:
            workspace = open_workspace(load_shop(quiet_shop(Path(folder), seed)))
            try:
                ask = asking(workspace)
                answers = [ask(question) for question in QUIET_ASKED]
            finally:
                workspace.close()
            assert all(answer.skill == "why" for answer in answers)
            blamed += [answer.text for answer in answers if "carried by" in answer.text]
    return blamed


def show(found: list[Found], blamed: list[str]) -> None:
    """Print both."""
    print(f"\n{'planted':<18}{'named':>6}{'seconds':>9}  question")
    for each in found:
        named = "yes" if each.is_named else "no"
        print(f"{each.asked.truth:<18}{named:>6}{each.seconds:>9.1f}  {each.asked.question}")
    print(f"\n{len(blamed)} of {QUIET_SHOPS * len(QUIET_ASKED)} quiet periods were blamed on something")
    for text in blamed:
        print(f"  {text[:200]!r}")


def asking(workspace: Workspace) -> Callable[[str], Answer]:
    """Asks the jobs over a shop; no language model is needed."""
    vocabulary = Vocabulary.build(workspace)
    assistant = Assistant(workspace, None, None, jobs=JOBS, vocabulary=vocabulary)

    def ask(question: str) -> Answer:
        answer = list(assistant.answer(question))[-1].data
        assert isinstance(answer, Answer)
        return answer

    return ask


def quiet_shop(folder: Path, seed: int) -> Path:
    """A shop of 15 months in which nothing changes but by chance; the path of its description."""
    import pandas as pd

    columns = ["ordered_on", "product", "country", "channel", "quantity", "amount"]
    frame = pd.DataFrame(list(_sales(np.random.default_rng(seed))), columns=columns)
    with duckdb.connect(str(folder / "shop.duckdb")) as connection:
        connection.register("frame", frame)
        connection.execute("CREATE TABLE sales AS SELECT * FROM frame")
    path = folder / "shop.yml"
    path.write_text(_SHOP, encoding="utf-8")
    return path


def _sales(draw: np.random.Generator) -> Iterator[tuple[dt.date, str, str, str, int, float]]:
    products = [f"Thing {place}" for place in range(40)]
    weights = 1 / np.arange(1, 41)
    prices = np.round(draw.lognormal(3, 0.6, 40), 2)
    for back in range(455, -1, -1):
        day = _TODAY - dt.timedelta(days=back)
        count = draw.poisson(50 if day.weekday() == 5 else 35)
        bought = draw.choice(40, count, p=weights / weights.sum())
        for place in bought:
            country = str(draw.choice(["Germany", "France", "Italy", "Austria"], p=[0.5, 0.25, 0.15, 0.1]))
            channel = str(draw.choice(["web", "app"], p=[0.7, 0.3]))
            quantity = int(draw.geometric(0.6))
            amount = round(float(prices[place]) * quantity, 2)
            yield day, products[place], country, channel, quantity, amount
