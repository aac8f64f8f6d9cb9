"""Who writes the shop's reviews: what each one is to say, put into words by the writer of its language."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol

from demo.chinese import ChineseWriter
from demo.dice import TextDice
from demo.english import EnglishWriter
from demo.prose import Draft, Facts, Opinion, Text


class LanguageWriter(Protocol):
    """Turns a draft into words of one language."""

    def write(self, draft: Draft, *, at_length: bool = False) -> tuple[str, str]:
        """Title and body; ``at_length`` asks for several sentences."""
        ...


class Writer:
    """Writes every review of the shop; keeps an eye on what has been written already."""

    def __init__(self, seed: int) -> None:
        self._dice = TextDice(seed, "opinions")
        self._writers: dict[str, LanguageWriter] = {"en": EnglishWriter(seed), "zh": ChineseWriter(seed)}
        self._seen: set[str] = set()

    def write(self, facts: Facts) -> Text:
        """One review. A longer body that has been used before is written again."""
        draft = self._draft(facts)
        few = 7 if facts.language == "zh" else 26
        for attempt in range(12):
            title, body = self._writers[facts.language].write(draft, at_length=attempt > 2)
            if _core(body) not in self._seen or len(body) < few:
                break
        self._seen.add(_core(body))
        return Text(stars=draft.stars, title=title, body=body)

    def _draft(self, facts: Facts) -> Draft:
        dice = self._dice
        count = dice.weighted(((1, 0.3), (2, 0.36), (3, 0.22), (4, 0.09), (5, 0.03)))
        chosen = _draw(dice, facts.kind.aspects, count)
        if facts.is_faulty:
            chosen = ["battery", *[aspect for aspect in chosen if aspect != "battery"]][: max(count, 1)]
        feelings = {}
        for aspect in chosen:
            spread = (dice.random() + dice.random() + dice.random() - 1.5) * 0.7
            feelings[aspect] = facts.quality[aspect] + 0.7 * facts.mood + spread
        if facts.is_faulty:
            feelings["battery"] = -1.0
        mean = sum(feelings.values()) / len(feelings)
        score = 0.5 * (facts.overall + facts.mood) + 0.6 * mean + 0.25 * facts.price - 0.75 * facts.is_late
        stars = (
            5 if score > 0.23 else 4 if score > -0.09 else 3 if score > -0.37 else 2 if score > -0.68 else 1
        )
        if facts.is_faulty:
            stars = dice.weighted(((1, 0.68), (2, 0.27), (3, 0.05)))
        opinions = [Opinion(aspect=a, polarity=_polarity(v)) for a, v in feelings.items()]
        opinions = [o for o in (_temper(dice, o, stars, facts) for o in opinions) if o is not None]
        if dice.chance(0.1 if facts.is_faulty else 0.36) and stars != 3:
            opinions.insert(
                dice.between(0, len(opinions)), Opinion(aspect="about", polarity="+" if stars > 3 else "-")
            )
        opinions.extend(self._extras(facts, stars, score))
        return Draft(stars=stars, opinions=tuple(opinions), facts=facts)

    def _extras(self, facts: Facts, stars: int, score: float) -> list[Opinion]:
        """Parcel, packaging, price, service: what reviews speak of besides the product."""
        dice, extras = self._dice, []
        if facts.is_late:
            if dice.chance(0.85):
                extras.append(Opinion(aspect="late", polarity="-"))
        elif dice.chance(0.13):
            extras.append(
                Opinion(aspect="delivery", polarity="+" if dice.chance(0.55 + 0.08 * stars) else "-")
            )
        if dice.chance(0.07):
            extras.append(
                Opinion(aspect="packaging", polarity="+" if dice.chance(0.35 + 0.1 * stars) else "-")
            )
        if dice.chance(0.16):
            feeling = facts.price + score - 0.1
            polarity = "+" if feeling > 0.1 else "-" if feeling < -0.3 else "~"
            extras.append(
                Opinion(aspect="price", polarity="~" if polarity == "+" and stars < 3 else polarity)
            )
        if dice.chance(0.16 if facts.is_faulty else 0.035):
            good = dice.chance(0.3 + 0.12 * stars) and not facts.is_faulty
            extras.append(Opinion(aspect="service", polarity="+" if good else "-"))
        if dice.chance(0.07):
            extras.append(Opinion(aspect="compare", polarity="+" if stars > 3 else "-"))
        if facts.months >= 2 and dice.chance(0.8):
            extras.append(Opinion(aspect="update", polarity="+" if stars > 3 else "-"))
        return extras


def _core(body: str) -> str:
    """What makes two bodies the same for a reader: the letters."""
    return re.sub(r"\W+", "", body.lower())


def _draw(dice: TextDice, weighted: Sequence[tuple[str, float]], count: int) -> list[str]:
    pool, chosen = list(weighted), list[str]()
    while pool and len(chosen) < count:
        aspect = dice.weighted([(item, item[1]) for item in pool])
        pool.remove(aspect)
        chosen.append(aspect[0])
    return chosen


def _polarity(feeling: float) -> str:
    return "+" if feeling > 0.02 else "-" if feeling < -0.22 else "~"


def _temper(dice: TextDice, opinion: Opinion, stars: int, facts: Facts) -> Opinion | None:
    """Five stars leave little room for complaint, one star little for praise."""
    if facts.is_faulty and opinion.aspect == "battery":
        return opinion
    mild = Opinion(aspect=opinion.aspect, polarity="~")
    if opinion.polarity == "-" and stars == 5:
        return opinion if dice.chance(0.03) else mild if dice.chance(0.4) else None
    if opinion.polarity == "-" and stars == 4:
        return opinion if dice.chance(0.3) else mild
    if opinion.polarity == "~" and stars == 5:
        return opinion if dice.chance(0.4) else None
    if opinion.polarity != "-" and stars == 1:
        return opinion if dice.chance(0.15) else None
    return opinion
