"""The demonstration shop's planted events on a replay of the watch: found or not, after how many days; and
how often the watch speaks when nothing was planted. Called by ``bench.jobs``."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass

from app.inbox import Message
from app.person import Person
from app.settings import Settings

WHOLES = {"Bimbalo Plush Animal Otter": "Toys"}
"""Product → its category, by which its event may be told as well: it is too small before to be watched."""
WATCHED: dict[str, tuple[str, ...]] = {
    "payment_outage": ("payment_failure_rate",),
    "faulty_batch": ("returns", "returned_units", "refunds", "return_rate", "refund_rate"),
    "bot_traffic": ("visits",),
    "sudden_fame": ("units_sold", "revenue", "orders", "profit", "buyers"),
    "delivery_delay": ("tickets",),
}
"""Planted truth → the metrics that it must be seen in."""


@dataclass(frozen=True, kw_only=True)
class Planted:
    """One planted event."""

    name: str
    first: dt.date
    last: dt.date
    told: str
    """The series that it was told by; empty where it was not."""
    days: int | None
    """From its first day to the day at whose end it was told: 0 is the same evening."""


def replayed(settings: Settings) -> tuple[list[Planted], list[Message]]:
    """The planted events, and the messages that none of them explains."""
    from app.finding import demo_folder
    from app.watching import replay

    folder = demo_folder(settings)
    truths = {each["id"]: each for each in json.loads((folder / "truths.json").read_text("utf-8"))["truths"]}
    messages = replay(settings, None, Person(), dt.date.fromisoformat("2024-07-01"))
    found, explained = [], set()
    for name, metrics in WATCHED.items():
        first, last = (dt.date.fromisoformat(truths[name][key]) for key in ("first_day", "last_day"))
        product = truths[name].get("product", "")
        parts = {product, WHOLES.get(product, product)} if product else set()
        about = [m for m in messages if _is_about(m, metrics, parts, first, last)]
        explained |= {message.id for message in about}
        best = min(about, key=lambda message: message.day, default=None)
        found.append(
            Planted(
                name=name,
                first=first,
                last=last,
                told=best.series[0].name if best else "",
                days=(dt.date.fromisoformat(best.day) - first).days if best else None,
            )
        )
    return found, [message for message in messages if message.id not in explained]


def _is_about(
    message: Message, metrics: Sequence[str], parts: set[str], first: dt.date, last: dt.date
) -> bool:
    """Whether it is about one of these metrics and at that time; what is sent back comes weeks later."""
    late = dt.timedelta(days=42 if metrics[0] == "returns" else 7)
    return any(
        each.metric in metrics
        and (not parts or (each.value in parts and each.value in message.text["en"]))
        and each.side == 1
        and dt.date.fromisoformat(each.first) <= last + late
        and dt.date.fromisoformat(each.last) >= first
        for each in message.series
    )


def show(found: Sequence[Planted], others: Sequence[Message]) -> None:
    """Print both."""
    print(f"\n{'planted':<18}{'first day':<12}{'told after days':>16}  by")
    for each in found:
        days = "not told" if each.days is None else str(each.days)
        print(f"{each.name:<18}{each.first!s:<12}{days:>16}  {each.told}")
    print(f"\n{len(others)} other messages in two years:")
    for message in others:
        print(f"  {message.day}  {message.series[0].name}  {message.text['en'][:150]}")
