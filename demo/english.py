"""English reviews and tickets out of the phrases in ``texts/*_en.txt``.

Fragments are sentences without their full stop. Slots such as ``<it>``, ``<is>``
and ``<s>`` agree with the noun's number.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from demo.dice import TextDice
from demo.prose import Draft, Facts, Opinion, Part, Picker, arrange
from demo.texts import ProductType, Swaps, fragments

_WORDS = fragments("words_en")
_FORMS = {
    "this": ("this", "these"),
    "This": ("This", "These"),
    "it": ("it", "they"),
    "It": ("It", "They"),
    "them": ("it", "them"),
    "is": ("is", "are"),
    "was": ("was", "were"),
    "s": ("s", ""),
    "thisone": ("this one", "these"),
    "its_is": ("it's", "they're"),
    "doesnt": ("doesn't", "don't"),
}
"""Slot: what it is for one thing, and for a plural such as headphones."""
_KEEP_CAPITAL = re.compile(
    r"^(I\b|[A-Z]{2}|[A-Z][a-z]+(?:day|ember|uary|istmas|aster)\b"
    r"|Bluetooth|German|Italian|Black Friday|Lindgrove)"
)
_EMOJI = {
    "+": ("😊", "👍", "❤️", "😍", "🎉", "👌", "🙂"),
    "~": ("🤷", "😐", "🤔"),
    "-": ("😡", "😠", "👎", "🙄", "😞"),
}
_LISTS = (
    ("Pros:", "Cons:", ", "),
    ("+", "-", "\n+ "),
    ("Good:", "Bad:", ", "),
    ("Likes:", "Dislikes:", " / "),
    ("Plus:", "Minus:", ", "),
    ("What I like:", "What I don't:", ", "),
)
_VOICES = (
    ("plain", 0.52),
    ("lower", 0.13),
    ("sloppy", 0.1),
    ("keen", 0.12),
    ("proper", 0.13),
)


def slots_for(kind: ProductType, brand: str, dice: TextDice) -> Mapping[str, str]:
    """What ``<noun>`` and its companions stand for."""
    noun = kind.noun
    article = "an" if noun[0].lower() in "aeiou" else "a"
    forms = {slot: pair[kind.is_plural] for slot, pair in _FORMS.items()}
    return {
        **forms,
        **{slot: dice.pick(_WORDS.get(slot)) for slot in ("person", "kid", "weeks", "days")},
        "noun": noun,
        "a_noun": noun if kind.is_plural else f"{article} {noun}",
        "this": f"{forms['this']} {noun}",
        "This": f"{forms['This']} {noun}",
        "brand": brand,
        "n": str(dice.between(2, 9)),
    }


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
        plus, minus, mark = self.dice.pick(_LISTS if good else _LISTS[:3])
        rows = []
        if good:
            rows.append(f"{plus} {mark.replace('+', plus).join(good)}")
        if bad:
            rows.append(f"{minus} {mark.replace('+', minus).join(bad)}")
        elif self.dice.chance(0.6):
            rows.append(f"{minus} {self.dice.pick(_WORDS.get('nothing_bad'))}")
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
                return (
                    f"{said} {_end(extra, self.dice)}"
                    if self.dice.chance(0.6)
                    else f"{_end(extra, self.dice)} {said}"
                )
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
                turn = dice.pick(_WORDS.get("to_bad" if part.polarity == "-" else "to_good"))
                text = f"{turn} {_lower_first(text)}"
            elif part.is_opinion and part.polarity == last and dice.chance(0.1):
                text = f"{dice.pick(_WORDS.get('more'))} {_lower_first(text)}"
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
    return (
        before.endswith(".")
        and len(last) < 60
        and len(after) < 60
        and after[-1] not in "?!"
        and not re.search(r"[,.;:]", last[:-1] + after)
    )


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


_SLIPS = Swaps("slips_en.txt")


def _sloppy(text: str, dice: TextDice) -> str:
    """A few slips, and a careless beginning or end."""
    text = _SLIPS.apply(text, dice, share=0.22)
    if dice.chance(0.4):
        text = text.rstrip(".")
    return text[:1].lower() + text[1:] if dice.chance(0.25) else text
