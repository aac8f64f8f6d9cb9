"""English reviews and tickets out of the phrases in ``texts/*_en.txt``.

Fragments are sentences without their full stop. Slots agree with the noun's number: ``<it>``, ``<is>``, ``<s>``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from demo.dice import TextDice
from demo.prose import Draft, Facts, Opinion, Picker
from demo.texts import ProductType, choose, fill, fragments

_TO_BAD = (
    "But", "However,", "That said,", "On the downside,", "Only gripe:", "My one complaint:", "Less good:", "Unfortunately,",
    "Having said that,", "What bothers me:", "The catch:", "Then again,", "Minus a star because", "Not so happy about this:",
)  # fmt: skip
_TO_GOOD = (
    "On the plus side,", "At least", "Still,", "To be fair,", "What I do like:", "In its favour:", "The good part:",
    "But", "Then again,", "That said,", "Credit where it's due:",
)  # fmt: skip
_MORE = ("Also,", "And", "Plus,", "Besides,", "Oh and", "What's more,", "Apart from that,")
_KEEP_CAPITAL = re.compile(r"^(I\b|I'|[A-Z]{2}|[A-Z][a-z]+(?:day|ember|uary|istmas|aster)\b|USB|LED|DAB|HDMI|Bluetooth|German|Italian|Black Friday|Lindgrove|<brand>)")  # noqa: E501
_EMOJI = {"+": ("😊", "👍", "❤️", "😍", "🎉", "👌", "🙂"), "~": ("🤷", "😐", "🤔"), "-": ("😡", "😠", "👎", "🙄", "😞")}
_VOICES = (
    ("plain", 0.52), ("lower", 0.13), ("sloppy", 0.1), ("keen", 0.12), ("proper", 0.13),
)  # fmt: skip


def slots_for(kind: ProductType, brand: str, dice: TextDice) -> Mapping[str, str]:
    """What ``<noun>`` and its companions stand for."""
    plural, noun = kind.is_plural, kind.noun
    article = "an" if noun[0].lower() in "aeiou" else "a"
    return {
        "noun": noun, "a_noun": noun if plural else f"{article} {noun}", "this": f"{'these' if plural else 'this'} {noun}",
        "This": f"{'These' if plural else 'This'} {noun}", "it": "they" if plural else "it", "It": "They" if plural else "It",
        "them": "them" if plural else "it", "its": "their" if plural else "its", "is": "are" if plural else "is",
        "was": "were" if plural else "was", "has": "have" if plural else "has", "does": "do" if plural else "does",
        "s": "" if plural else "s", "es": "" if plural else "es", "isnt": "aren't" if plural else "isn't",
        "doesnt": "don't" if plural else "doesn't", "wasnt": "weren't" if plural else "wasn't", "its_is": "they're" if plural else "it's",
        "Its_is": "They're" if plural else "It's", "thisone": "these" if plural else "this one", "brand": brand,
        "person": dice.pick(("my wife", "my husband", "my sister", "my brother", "my mum", "my dad", "a friend", "my flatmate",
                             "my girlfriend", "my boyfriend", "a colleague", "my aunt", "my neighbour", "my daughter", "my son")),
        "kid": dice.pick(("my daughter", "my son", "our little one", "my niece", "my nephew", "our five-year-old", "my grandson",
                          "the twins", "our toddler", "my godchild", "our youngest", "my granddaughter")),
        "n": str(dice.between(2, 9)), "weeks": dice.pick(("two weeks", "three weeks", "a week", "ten days", "a month", "6 weeks", "a fortnight")),
        "days": dice.pick(("two days", "three days", "a day", "4 days", "a couple of days")),
    }  # fmt: skip


class EnglishWriter:
    """Composes reviews in English."""

    def __init__(self, seed: int) -> None:
        self.dice = TextDice(seed, "english")
        self.picker = Picker(fragments("reviews_en.txt"), self.dice)

    def write(self, draft: Draft) -> tuple[str, str]:
        """Title and body."""
        dice, facts = self.dice, draft.facts
        slots = slots_for(facts.kind, facts.brand, dice)
        voice = dice.weighted(_VOICES)
        shape = dice.weighted((("short", 0.2), ("plain", 0.46), ("story", 0.2), ("list", 0.05), ("whole", 0.09)))
        if facts.is_faulty or facts.is_late:
            shape = dice.weighted((("plain", 0.55), ("story", 0.37), ("list", 0.08)))
        body = getattr(self, f"_{shape}")(draft)
        title = self._title(draft)
        body = self._style(fill(choose(body, dice), slots), voice, draft.tone)
        title = _dress_title(fill(choose(title, dice), slots), voice)
        return title, body

    def _say(self, opinion: Opinion, facts: Facts) -> str | None:
        said = self.picker.pick(facts, opinion.aspect, opinion.polarity)
        return said or self.picker.pick(facts, "quality", opinion.polarity)

    def _short(self, draft: Draft) -> str:
        dice = self.dice
        if draft.opinions and dice.chance(0.45):
            said = self._say(draft.opinions[0], draft.facts)
            if said and draft.opinions[0].polarity == draft.tone:
                return _end(said, dice)
        return _end(self.picker.pick(draft.facts, "short", draft.tone) or "ok", dice)

    def _plain(self, draft: Draft) -> str:
        parts: list[tuple[str, str]] = []
        if self.dice.chance(0.3):
            self._add(parts, "open", draft.tone, draft)
        self._opinions(parts, draft)
        if self.dice.chance(0.36) or not parts:
            self._add(parts, "verdict", draft.tone, draft)
        return self._join(parts)

    def _story(self, draft: Draft) -> str:
        parts: list[tuple[str, str]] = []
        self._add(parts, "context", "", draft)
        if self.dice.chance(0.5):
            self._add(parts, "open", draft.tone, draft)
        self._opinions(parts, draft)
        if self.dice.chance(0.35):
            self._add(parts, "aside", "", draft)
        if self.dice.chance(0.75):
            self._add(parts, "verdict", draft.tone, draft)
        return self._join(parts)

    def _list(self, draft: Draft) -> str:
        good = [self._note(o, draft.facts) for o in draft.opinions if o.polarity == "+"]
        bad = [self._note(o, draft.facts) for o in draft.opinions if o.polarity == "-"]
        good, bad = [n for n in good if n], [n for n in bad if n]
        if not good and not bad:
            return self._plain(draft)
        plus, minus, mark = self.dice.pick((("Pros:", "Cons:", ", "), ("+", "-", "\n+ "), ("Good:", "Bad:", ", "), ("Likes:", "Dislikes:", " / ")))
        rows = []
        if good:
            rows.append(f"{plus} {mark.replace('+', plus).join(str(n) for n in good)}")
        if bad:
            rows.append(f"{minus} {mark.replace('+', minus).join(str(n) for n in bad)}")
        elif self.dice.chance(0.6):
            rows.append(f"{minus} {self.dice.pick(('none so far', 'nothing yet', 'hm, nothing', 'maybe the price'))}")
        if self.dice.chance(0.6):
            rows.append(_end(self.picker.pick(draft.facts, "verdict", draft.tone) or "", self.dice))
        return "\n".join(rows)

    def _whole(self, draft: Draft) -> str:
        said = self.picker.pick(draft.facts, "whole", draft.tone)
        if said is None:
            return self._story(draft)
        if draft.opinions and self.dice.chance(0.4):
            more = self._say(draft.opinions[0], draft.facts)
            if more and draft.opinions[0].polarity == draft.tone:
                return f"{said} {_end(more, self.dice)}"
        return said

    def _note(self, opinion: Opinion, facts: Facts) -> str | None:
        return self.picker.pick(facts, f"note_{opinion.aspect}", opinion.polarity)

    def _add(self, parts: list[tuple[str, str]], key: str, polarity: str, draft: Draft) -> None:
        said = self.picker.pick(draft.facts, key, polarity)
        if said:
            parts.append((said, polarity if key not in {"context", "aside"} else ""))

    def _opinions(self, parts: list[tuple[str, str]], draft: Draft) -> None:
        first = "-" if draft.stars < 3 or (draft.stars == 3 and self.dice.chance(0.5)) else "+"
        opinions = sorted(draft.opinions, key=lambda o: (o.polarity != first, o.polarity == "~")) if self.dice.chance(0.8) else draft.opinions
        for opinion in opinions:
            said = self._say(opinion, draft.facts)
            if said:
                parts.append((said, opinion.polarity))

    def _join(self, parts: list[tuple[str, str]]) -> str:
        """Sentences with connectives where the opinion turns, so that praise and complaint do not collide."""
        dice, out, last = self.dice, "", ""
        for text, polarity in parts:
            turns = {last, polarity} == {"+", "-"}
            if turns and dice.chance(0.62):
                text = f"{dice.pick(_TO_BAD if polarity == '-' else _TO_GOOD)} {_lower_first(text)}"
            elif out and polarity and polarity == last and dice.chance(0.12):
                text = f"{dice.pick(_MORE)} {_lower_first(text)}"
            elif out and polarity and polarity == last and dice.chance(0.14) and out.endswith(".") and text[-1] not in "?!":
                out, text = out[:-1] + dice.pick((" and", ", and", ";")), _lower_first(text)
            out = f"{out} {_end(text, dice)}".strip()
            last = polarity or last
        return out

    def _title(self, draft: Draft) -> str:
        dice = self.dice
        if dice.chance(0.07):
            return ""
        about = [o for o in draft.opinions if o.polarity == draft.tone] or list(draft.opinions)
        if about and dice.chance(0.5):
            note = self._note(about[0], draft.facts)
            if note:
                return note[0].upper() + note[1:]
        return self.picker.pick(draft.facts, "title", draft.tone) or "Review"

    def _style(self, text: str, voice: str, tone: str) -> str:
        dice = self.dice
        text = re.sub(r"(^|[.!?] +|\n)([a-z])", lambda m: m[1] + m[2].upper(), text)
        if voice == "lower":
            text = text.lower()
            if dice.chance(0.6):
                text = text.rstrip(".")
            if dice.chance(0.3):
                text = text.replace("'", "")
        elif voice == "sloppy":
            text = _sloppy(text, dice)
        elif voice == "keen" and tone == "+":
            text = re.sub(r"\.$", dice.pick(("!", "!!", "!!!")), text)
        if dice.chance(0.07 if voice != "proper" else 0):
            text = f"{text} {dice.pick(_EMOJI[tone]) * dice.pick((1, 1, 1, 2, 3))}"
        return text


def _end(text: str, dice: TextDice) -> str:
    text = text.strip()
    return text if text[-1:] in ".!?)…" else text + ("..." if dice.chance(0.03) else ".")


def _lower_first(text: str) -> str:
    return text if _KEEP_CAPITAL.match(text) else text[:1].lower() + text[1:]


def _dress_title(title: str, voice: str) -> str:
    title = title.strip().rstrip(".")
    if voice == "lower":
        return title.lower()
    return title[:1].upper() + title[1:]


_SLIPS = (
    ("definitely", "definately"), ("really", "realy"), ("because", "becuase"), ("the ", "teh "), ("received", "recieved"),
    ("don't", "dont"), ("doesn't", "doesnt"), ("can't", "cant"), ("it's", "its"), ("I'm", "Im"), ("quality", "qualtiy"),
    ("which", "wich"), ("with", "wiht"), ("a lot", "alot"), ("too ", "to "), ("their", "thier"), ("would", "woud"),
    ("beautiful", "beatiful"), ("comfortable", "comfortabel"), ("recommend", "recomend"), ("delivery", "delivry"),
    ("and ", "adn "), ("just", "jsut"), ("arrived", "arived"), ("disappointed", "dissapointed"), ("than ", "then "),
    (", ", " , "), (". ", " . "), ("you're", "your"), ("battery", "batery"), ("little", "litle"), ("working", "workng"),
)  # fmt: skip


def _sloppy(text: str, dice: TextDice) -> str:
    """One to three slips, as a thumb on a phone makes them."""
    present = [slip for slip in _SLIPS if slip[0] in text]
    for wrong in dice.some(present, dice.between(1, 3)):
        text = text.replace(wrong[0], wrong[1], 1)
    if dice.chance(0.4):
        text = text.rstrip(".")
    if dice.chance(0.25):
        text = text[:1].lower() + text[1:]
    return text
