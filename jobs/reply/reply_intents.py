"""What a reply has to speak of: the wishes of the letter, made finer by its words and by the order itself."""

from __future__ import annotations

import re
from dataclasses import dataclass

from jobs.order_card.order_facts import Card
from jobs.order_card.order_letters import sentences_of
from jobs.order_card.order_wishes import wishes_of

_MONEY = re.compile(
    r"(?i)\brefund\w*|\bmoney\s+back\b|\breimburs\w*|\bmy\s+money\b|\berstatt\w*|rückerstatt\w*|\bgeld\s+zurück|退款|退钱|退我钱|还我钱"
)
_WARRANTY = re.compile(r"(?i)\bwarrant\w*|\bguarantee\b|\bgarantie\w*|\bgewährleistung\w*|保修|质保|三包")


@dataclass(frozen=True, kw_only=True)
class Intent:
    """One thing that a letter wants answered."""

    name: str
    """One of the macros' intents."""
    sentence: str = ""
    """The sentence that it was read from; empty where it follows from the order."""


def intents_of(letter: str, language: str, card: Card | None) -> tuple[Intent, ...]:
    """What is wanted, the surest first; without a letter, how the order stands."""
    is_late = card is not None and card.is_late
    if not letter:
        return (Intent(name="late" if is_late else "where"),)
    found: dict[str, Intent] = {}
    for sentence in sentences_of(letter):
        if _WARRANTY.search(sentence):
            found.setdefault("warranty", Intent(name="warranty", sentence=sentence))
    for wish in wishes_of(letter, language):
        name = {"return": _money_or_goods(letter), "where": "late" if is_late else "where"}.get(
            wish.name, wish.name
        )
        found.setdefault(name, Intent(name=name, sentence=wish.sentence))
    if len(found) > 1:
        found.pop("other", None)
    return tuple(found.values())


def _money_or_goods(letter: str) -> str:
    return "refund" if _MONEY.search(letter) else "return"
