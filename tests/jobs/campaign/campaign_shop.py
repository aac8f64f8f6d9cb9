"""Shops with campaigns of known effect, on DuckDB: who was sent what, and what everybody bought."""
# ruff: noqa: E501

from __future__ import annotations

import datetime as dt
import sqlite3
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd

TODAY = dt.date(2026, 6, 30)
FIRST = dt.date(2025, 1, 1)
DAYS = (TODAY - FIRST).days + 1


@dataclass(frozen=True, kw_only=True)
class Made:
    """One campaign as it is made up."""

    name: str
    start: dt.date
    days: int = 14
    cost: float | None = 500.0
    channel: str = "email"
    offer: float = 0.1
    lift: float = 0.0
    """Chance that a customer who was sent it buys once more in it."""
    sent: int = 800
    held: int = 800
    used_by_held: int = 0
    sent_apart: float = 0.0
    """By how much likelier those who buy much are sent it than held back."""

    @property
    def end(self) -> dt.date:
        """Inclusive."""
        return self.start + dt.timedelta(days=self.days - 1)


@dataclass(frozen=True, kw_only=True)
class Rows:
    """Rows of the tables."""

    sales: pd.DataFrame
    campaigns: pd.DataFrame
    sends: pd.DataFrame
    people: pd.DataFrame
    choices: pd.DataFrame = field(default_factory=lambda: choices(0))


def made_up(
    campaigns: list[Made], *, seed: int = 1, customers: int = 2000, lifted: str = "all", wave: float = 0.0
) -> Rows:
    """Customers at a pace of their own, about one purchase in two months.

    Args:
        lifted: ``all`` who were sent a campaign, or only the ``rare`` buyers.
        wave: what campaign days bring to everybody, as a chance to buy once more.
    """
    draw = np.random.default_rng(seed)
    pace = draw.gamma(1.5, 1 / 90, customers)
    counts = draw.poisson(pace * DAYS)
    who = np.repeat(np.arange(customers), counts)
    day = draw.integers(0, DAYS, len(who))
    code = np.full(len(who), None, dtype=object)
    parts = [(who, day, code)]
    sends = []
    for number, each in enumerate(campaigns, start=1):
        weight = np.exp(each.sent_apart * (pace / pace.mean()))
        groups = draw.choice(customers, each.sent + each.held, replace=False)
        order = np.argsort(-np.log(draw.random(len(groups))) / weight[groups])
        sent, held = groups[order[: each.sent]], groups[order[each.sent :]]
        sends += [(number, int(c), "sent") for c in sent] + [(number, int(c), "control") for c in held]
        lift = each.lift * (pace < np.median(pace)) * 2 if lifted == "rare" else np.full(customers, each.lift)
        more = sent[draw.random(len(sent)) < lift[sent]]
        everybody = np.flatnonzero(draw.random(customers) < wave)
        extra = np.concatenate([more, everybody])
        begin = (each.start - FIRST).days
        at = begin + draw.integers(0, each.days, len(extra))
        marks = np.array([each.name] * len(more) + [None] * len(everybody), dtype=object)
        parts.append((extra, at, marks))
        if each.used_by_held:
            users = held[: each.used_by_held]
            parts.append((users, np.full(len(users), begin), np.full(len(users), each.name, dtype=object)))
    who, day, code = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    kept = (day >= 0) & (day < DAYS)
    sales = pd.DataFrame(
        {
            "order_id": np.arange(kept.sum()) + 1,
            "customer_id": who[kept] + 1,
            "ordered_on": pd.to_datetime(FIRST) + pd.to_timedelta(day[kept], unit="D"),
            "product": "Lamp",
            "quantity": 1,
            "amount": np.round(draw.gamma(4, 10, int(kept.sum())), 2),
            "code": code[kept],
        }
    )
    people = pd.DataFrame(
        {
            "customer_id": np.arange(customers) + 1,
            "email": [f"person{n}@example.org" for n in range(customers)],
            "newsletter": draw.random(customers) < 0.7,
        }
    )
    table = [(n, c.name, c.start, c.end, c.cost, c.channel, c.offer) for n, c in enumerate(campaigns, 1)]
    return Rows(
        sales=sales,
        campaigns=pd.DataFrame(
            table, columns=["campaign_id", "name", "started_on", "ended_on", "cost", "channel", "offer"]
        ),
        sends=pd.DataFrame(
            [(n, c + 1, arm) for n, c, arm in sends], columns=["campaign_id", "customer_id", "arm"]
        ),
        people=people,
    )


def choices(seed: int, *, rates: tuple[float, ...] = (0.05, 0.05, 0.12), rows: int = 6000) -> pd.DataFrame:
    """Choices logged with their probabilities, the best one rarely made."""
    draw = np.random.default_rng(seed)
    probability = np.array([0.6, 0.3, 0.1])[: len(rates)]
    made = draw.choice(len(rates), rows, p=probability / probability.sum())
    clicked = draw.random(rows) < np.array(rates)[made]
    names = np.array(["red", "green", "blue"])[made]
    return pd.DataFrame(
        {
            "banner": names,
            "propensity": (probability / probability.sum())[made],
            "clicked": clicked.astype(int),
        }
    )


SHOP = """\
name: Lamps
database: shop.duckdb
currency: EUR
today: {today}
views:
  sales:
    time: ordered_on
    refs: {{customer_id: people}}
    columns:
      order_id: {{type: integer}}
      customer_id: {{type: integer}}
      ordered_on: {{type: date}}
      product: {{type: text, sampled: true}}
      quantity: {{type: integer}}
      amount: {{type: number, unit: EUR}}
      code: {{type: text}}
  people:
    key: [customer_id]
    columns: {{customer_id: {{type: integer}}, email: {{type: text}}, newsletter: {{type: boolean}}}}
  costs:
    columns: {{product: {{type: text}}, unit_cost: {{type: number}}}}
  campaigns:
    time: started_on
    key: [campaign_id]
    columns:
      campaign_id: {{type: integer}}
      name: {{type: text}}
      started_on: {{type: date}}
      ended_on: {{type: date}}
      cost: {{type: number, unit: EUR}}
      channel: {{type: text}}
      offer: {{type: number}}
  sends:
    refs: {{campaign_id: campaigns, customer_id: people}}
    columns: {{campaign_id: {{type: integer}}, customer_id: {{type: integer}}, arm: {{type: text}}}}
  choices:
    columns: {{banner: {{type: text}}, propensity: {{type: number}}, clicked: {{type: integer}}}}
metrics:
  revenue: {{view: sales, sql: SUM(amount), unit: EUR, synonyms: [销售额]}}
  orders: {{view: sales, sql: COUNT(DISTINCT order_id), synonyms: [订单数]}}
roles:
  owner: {{limits: {{timeout_s: 60}}}}
  narrow: {{limits: {{max_rows: 150, timeout_s: 60}}}}
  blind: {{masked: [sales.customer_id, sends.customer_id, people.customer_id]}}
  penniless: {{masked: [sales.amount]}}
  costless: {{masked: [costs.unit_cost, campaigns.cost]}}
  salesman: {{views: [sales, people]}}
  partner: {{minimum_group: 5}}
default_role: owner
bindings: {{{bindings}}}
"""
BASE = "order_date: sales.ordered_on, customer: sales.customer_id, amount: sales.amount, product: sales.product, quantity: sales.quantity"
CAMPAIGNS = (
    "campaign: campaigns.name, campaign_start: campaigns.started_on, campaign_end: campaigns.ended_on, "
    "campaign_cost: campaigns.cost, campaign_channel: campaigns.channel, campaign_offer: campaigns.offer"
)
SENDS = "sent_customer: sends.customer_id, sent_group: sends.arm, order_campaign: sales.code"
CONSENT = "consent: people.newsletter"
COSTS = "unit_cost: costs.unit_cost"
CHOICES = (
    "logged_choice: choices.banner, choice_propensity: choices.propensity, choice_reward: choices.clicked"
)
ALL = ", ".join([BASE, CAMPAIGNS, SENDS, CONSENT, CHOICES])
TABLES: dict[str, str] = {
    "sales": "order_id INTEGER, customer_id INTEGER, ordered_on DATE, product VARCHAR, quantity INTEGER, amount DECIMAL(12,2), code VARCHAR",
    "people": "customer_id INTEGER PRIMARY KEY, email VARCHAR, newsletter BOOLEAN",
    "campaigns": "campaign_id INTEGER PRIMARY KEY, name VARCHAR, started_on DATE, ended_on DATE, cost DECIMAL(10,2), channel VARCHAR, offer DECIMAL(4,3)",
    "sends": "campaign_id INTEGER REFERENCES campaigns, customer_id INTEGER REFERENCES people, arm VARCHAR",
    "choices": "banner VARCHAR, propensity DOUBLE, clicked INTEGER",
}


def build(
    folder: Path, rows: Rows, *, bindings: str = ALL, today: dt.date = TODAY, engine: str = "duckdb"
) -> Path:
    """Write the database and its ``shop.yml``; the path of the latter."""
    shop = folder / "shop.yml"
    text = SHOP.format(today=today, bindings=bindings).replace("shop.duckdb", f"shop.{engine}")
    shop.write_text(text, encoding="utf-8")
    if engine == "sqlite":
        return _in_sqlite(folder, rows, shop)
    with duckdb.connect(str(folder / "shop.duckdb")) as connection:
        for name, columns in TABLES.items():
            connection.execute(f"CREATE TABLE {name} ({columns})")
            frame: Any = getattr(rows, name)
            if len(frame):
                connection.register("frame", frame)
                connection.execute(f"INSERT INTO {name} SELECT * FROM frame")
                connection.unregister("frame")
        connection.execute("CREATE TABLE costs (product VARCHAR, unit_cost DECIMAL(8,2))")
        connection.execute("INSERT INTO costs VALUES ('Lamp', 15)")
    return shop


def _in_sqlite(folder: Path, rows: Rows, shop: Path) -> Path:
    with sqlite3.connect(folder / "shop.sqlite") as connection:
        for name, columns in TABLES.items():
            connection.execute(f"CREATE TABLE {name} ({columns})")
            frame: pd.DataFrame = getattr(rows, name).astype(object)
            for column in frame.columns:
                if column.endswith("_on"):
                    frame[column] = [str(day)[:10] for day in frame[column]]
            marks = ", ".join("?" * len(frame.columns))
            values = frame.where(frame.notna(), None).to_numpy().tolist()
            connection.executemany(f"INSERT INTO {name} VALUES ({marks})", values)
        connection.execute("CREATE TABLE costs (product VARCHAR, unit_cost REAL)")
        connection.execute("INSERT INTO costs VALUES ('Lamp', 15)")
    connection.close()
    return shop
