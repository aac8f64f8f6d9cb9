"""English reviews and tickets out of the phrases in ``texts/*_en.txt``.

Fragments are sentences without their full stop. Slots agree with the noun's number: ``<it>``, ``<is>``, ``<s>``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from demo.dice import TextDice
from demo.prose import Draft, Facts, Opinion, Part, Picker, arrange
from demo.texts import ProductType, Swaps, fragments

_TO_BAD = (
    "But", "However,", "That said,", "On the downside,", "Only gripe:", "My one complaint:", "Less good:", "Unfortunately,",
    "Having said that,", "What bothers me:", "The catch:", "Then again,", "Not so happy about this:",
)  # fmt: skip
_TO_GOOD = (
    "On the plus side,", "At least", "Still,", "To be fair,", "What I do like:", "In its favour:", "The good part:",
    "But", "Then again,", "That said,", "Credit where it's due:",
)  # fmt: skip
_MORE = ("Also,", "And", "Plus,", "Besides,", "Oh and", "What's more,", "Apart from that,")
_KEEP_CAPITAL = re.compile(r"^(I\b|I'|[A-Z]{2}|[A-Z][a-z]+(?:day|ember|uary|istmas|aster)\b|USB|LED|DAB|HDMI|Bluetooth|German|Italian|Black Friday|Lindgrove|<brand>)")  # noqa: E501
_EMOJI = {"+": ("😊", "👍", "❤️", "😍", "🎉", "👌", "🙂"), "~": ("🤷", "😐", "🤔"), "-": ("😡", "😠", "👎", "🙄", "😞")}
_LISTS = (
    ("Pros:", "Cons:", ", "), ("+", "-", "\n+ "), ("Good:", "Bad:", ", "), ("Likes:", "Dislikes:", " / "),
    ("Plus:", "Minus:", ", "), ("What I like:", "What I don't:", ", "),
)  # fmt: skip
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
        self.picker = Picker(fragments("reviews_en"), Swaps("swaps_en.txt"), self.dice)

    def write(self, draft: Draft, *, at_length: bool = False) -> tuple[str, str]:
        """Title and body; ``at_length`` asks for several sentences."""
        dice, facts = self.dice, draft.facts
        self.picker.slots = slots_for(facts.kind, facts.brand, dice)
        voice = dice.weighted(_VOICES)
        shapes = [("short", 0.19), ("plain", 0.48), ("story", 0.21), ("list", 0.04), ("whole", 0.08)]
        if facts.is_faulty or facts.is_late:
            shapes = [("plain", 0.57), ("story", 0.38), ("list", 0.05)]
        if at_length:
            shapes = [("story", 1.0)]
        body = getattr(self, f"_{dice.weighted(shapes)}")(draft)
        title = self._title(draft)
        return _dress_title(title, voice), self._style(body, voice, draft.tone)

    def _pick(self, draft: Draft, key: str, polarity: str = "") -> str | None:
        """Like the picker's, and some words are kept for five stars or one."""
        if draft.stars in (1, 5) and key in ("verdict", "title", "short") and self.dice.chance(0.14):
            only = self.picker.pick(draft.facts, f"{key}_{'five' if draft.stars == 5 else 'one'}", polarity)
            if only:
                return only
        return self.picker.pick(draft.facts, key, polarity)

    def _say(self, opinion: Opinion, facts: Facts) -> str | None:
        said = self.picker.pick(facts, opinion.aspect, opinion.polarity)
        return said or self.picker.pick(facts, "quality", opinion.polarity)

    def _short(self, draft: Draft) -> str:
        dice = self.dice
        if draft.opinions and dice.chance(0.5):
            said = self._say(draft.opinions[0], draft.facts)
            if said and draft.opinions[0].polarity == draft.tone:
                return _end(said, dice)
        return _end(self._pick(draft, "short", draft.tone) or "ok", dice)

    def _plain(self, draft: Draft) -> str:
        parts: list[Part] = []
        if self.dice.chance(0.3):
            self._add(parts, "open", draft.tone, draft)
        self._opinions(parts, draft)
        if self.dice.chance(0.3) or not parts:
            self._add(parts, "verdict", draft.tone, draft)
        return self._join(parts)

    def _story(self, draft: Draft) -> str:
        parts: list[Part] = []
        self._add(parts, "context", "", draft)
        if self.dice.chance(0.35):
            self._add(parts, "open", draft.tone, draft)
        self._opinions(parts, draft)
        if self.dice.chance(0.3):
            self._add(parts, "aside", "", draft)
        if self.dice.chance(0.6) or len(parts) < 2:
            self._add(parts, "verdict", draft.tone, draft)
        return self._join(parts)

    def _list(self, draft: Draft) -> str:
        good = [n for o in draft.opinions if o.polarity == "+" and (n := self._note(o, draft.facts))]
        bad = [n for o in draft.opinions if o.polarity == "-" and (n := self._note(o, draft.facts))]
        if len(good) + len(bad) < 2:
            return self._plain(draft)
        plus, minus, mark = self.dice.pick(_LISTS)
        rows = []
        if good:
            rows.append(f"{plus} {mark.replace('+', plus).join(good)}")
        if bad:
            rows.append(f"{minus} {mark.replace('+', minus).join(bad)}")
        elif self.dice.chance(0.6):
            rows.append(f"{minus} {self.dice.pick(('none so far', 'nothing yet', 'hm, nothing', 'maybe the price'))}")
        if self.dice.chance(0.6):
            rows.append(_end(self._pick(draft, "verdict", draft.tone) or "", self.dice))
        return "\n".join(rows)

    def _whole(self, draft: Draft) -> str:
        said = self.picker.pick(draft.facts, "whole", draft.tone)
        if said is None:
            return self._story(draft)
        more = next((o for o in draft.opinions if o.polarity == draft.tone), None)
        if more and self.dice.chance(0.6):
            extra = self._say(more, draft.facts)
            if extra:
                return f"{said} {_end(extra, self.dice)}" if self.dice.chance(0.6) else f"{_end(extra, self.dice)} {said}"
        return said

    def _note(self, opinion: Opinion, facts: Facts) -> str | None:
        return self.picker.pick(facts, f"note_{opinion.aspect}", opinion.polarity)

    def _add(self, parts: list[Part], key: str, polarity: str, draft: Draft) -> None:
        said = self._pick(draft, key, polarity)
        if said:
            parts.append(Part(said, polarity, is_opinion=False))

    def _opinions(self, parts: list[Part], draft: Draft) -> None:
        for opinion in arrange(draft, self.dice):
            said = self._say(opinion, draft.facts)
            if said:
                parts.append(Part(said, opinion.polarity, is_opinion=opinion.aspect != "update"))

    def _join(self, parts: list[Part]) -> str:
        """Sentences with connectives where the opinion turns, so that praise and complaint do not collide."""
        dice, out, last = self.dice, "", ""
        for part in parts:
            text = part.text
            if part.is_opinion and {last, part.polarity} == {"+", "-"} and dice.chance(0.62):
                text = f"{dice.pick(_TO_BAD if part.polarity == '-' else _TO_GOOD)} {_lower_first(text)}"
            elif part.is_opinion and part.polarity == last and dice.chance(0.1):
                text = f"{dice.pick(_MORE)} {_lower_first(text)}"
            elif part.is_opinion and part.polarity == last and _is_light(out, text) and dice.chance(0.25):
                out, text = out.rstrip(".") + dice.pick((" and", ", and", ";", ",")), _lower_first(text)
            out = f"{out} {_end(text, dice)}".strip()
            last = part.polarity if part.is_opinion else last
        return out

    def _title(self, draft: Draft) -> str:
        dice = self.dice
        if dice.chance(0.07):
            return ""
        about = [o for o in draft.opinions if o.polarity == draft.tone]
        if about and dice.chance(0.5):
            note = self._note(about[0], draft.facts)
            if note:
                return note
        return self._pick(draft, "title", draft.tone) or "Review"

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
            text = re.sub(r"(?<!\.)\.$", dice.pick(("!", "!!", "!!!")), text)
        if dice.chance(0.06 if voice != "proper" else 0):
            text = f"{text} {dice.pick(_EMOJI[tone]) * dice.pick((1, 1, 1, 2, 3))}"
        return text


def _is_light(before: str, after: str) -> bool:
    """Whether two sentences are short and plain enough to be run together."""
    last = re.split(r"[.!?] ", before)[-1]
    return before.endswith(".") and len(last) < 60 and len(after) < 60 and after[-1] not in "?!" and not re.search(r"[,.;:]", last[:-1] + after)


def _end(text: str, dice: TextDice) -> str:
    text = text.strip()
    return text if text[-1:] in ".!?)…" else text + ("..." if dice.chance(0.012) else ".")


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
    ("you're", "your"), ("though", "tho"), ("probably", "propably"), ("again", "agian"), ("something", "somthing"),
    ("please", "pls"), ("people", "ppl"), ("until", "untill"), ("every", "evry"), ("through", "thru"), ("birthday", "bday"), ("battery", "batery"), ("little", "litle"), ("working", "workng"),
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
