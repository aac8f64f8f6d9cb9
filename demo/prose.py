"""From facts to words: what a reviewer mentions, how many stars that makes, and who writes it down.

The stock of phrases is hand-written (``texts/reviews_en*.txt``, ``texts/reviews_zh*.txt``);
``demo.english`` and ``demo.chinese`` put them together as people of that language do.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from demo.dice import TextDice
from demo.texts import Fragments, ProductType, Swaps, choose, fill


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What is true about one review before a word of it is written."""

    kind: ProductType
    brand: str
    category: str
    language: str
    country: str
    quality: dict[str, float]
    """Latent quality of each aspect, -1 to 1."""
    overall: float
    mood: float
    """How this one buyer deviates."""
    price: float
    """Above 0: felt to be cheap."""
    is_late: bool
    is_faulty: bool
    is_business: bool
    months: int
    """Whole months between delivery and review."""
    product: int
    month: int
    """1 to 12, of the day of writing."""


@dataclass(frozen=True, kw_only=True)
class Opinion:
    """One thing to say: an aspect and ``+``, ``-`` or ``~``."""

    aspect: str
    polarity: str


@dataclass(frozen=True, kw_only=True)
class Draft:
    """Stars and opinions, in the order of importance."""

    stars: int
    opinions: tuple[Opinion, ...]
    facts: Facts

    @property
    def tone(self) -> str:
        """``+`` for four and five stars, ``~`` for three, ``-`` below."""
        return "-" if self.stars < 3 else "~" if self.stars == 3 else "+"


@dataclass(frozen=True, kw_only=True)
class Text:
    """A finished review."""

    stars: int
    title: str
    body: str


@dataclass(frozen=True)
class Part:
    """A phrase on its way into a review. ``polarity`` is empty where it takes no side."""

    text: str
    polarity: str
    is_opinion: bool


class Picker:
    """Draws fragments so that all of them get used, and none twice for one product while others are left."""

    def __init__(self, source: Fragments, swaps: Swaps, dice: TextDice) -> None:
        self.source, self.swaps, self.dice = source, swaps, dice
        self.slots: Mapping[str, str] = {}
        """What the slots of the next fragments stand for; set once per review."""
        self._uses: dict[str, int] = defaultdict(int)
        self._said: dict[int, set[str]] = defaultdict(set)

    def pick(self, facts: Facts, key: str, polarity: str = "") -> str | None:
        """A fragment, filled in, or ``None`` when there is none for this."""
        options = self.source.get(key, polarity, facts.kind.key, facts.category, facts.country.split()[0])
        if not options:
            return None
        said = self._said[facts.product]
        trial = [self.dice.pick(options) for _ in range(6)]
        best = min(trial, key=lambda line: (line in said, self._uses[line]))
        self._uses[best] += 1
        said.add(best)
        return fill(self.swaps.apply(choose(best, self.dice), self.dice), self.slots)


def arrange(draft: Draft, dice: TextDice) -> list[Opinion]:
    """Mostly the main impression first, then the other side, then what is neither."""
    first = "-" if draft.stars < 3 or (draft.stars == 3 and dice.chance(0.5)) else "+"
    if dice.chance(0.2):
        return list(draft.opinions)
    return sorted(draft.opinions, key=lambda o: (o.polarity != first, o.polarity == "~"))
