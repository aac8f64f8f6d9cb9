"""Chinese reviews out of the phrases in ``texts/reviews_zh.txt``: clauses without closing punctuation."""

from __future__ import annotations

from collections.abc import Mapping

from demo.dice import TextDice
from demo.prose import Draft, Facts, Opinion, Part, Picker, arrange
from demo.texts import ProductType, Swaps, fragments, read_lines

_WORDS = fragments("words_zh")
_LABELS = dict(line.split(" = ") for line in _WORDS.get("label"))
_EMOJI = {
    "+": ("👍", "😊", "❤️", "🥰", "💯", "🌹", "😄", "✨"),
    "~": ("😅", "🤔", "😶"),
    "-": ("😡", "👎", "🙄", "😤", "💔"),
}
_STOPS = "？?！!。～…，"
_VOICES = (("plain", 0.56), ("spaces", 0.12), ("keen", 0.14), ("commas", 0.18))
_LABELS = {
    "size_fit": "尺码",
    "delivery": "物流",
    "late": "物流",
    "price": "价格",
    "service": "客服",
    "packaging": "包装",
    "battery": "续航",
    "sound": "音质",
    "looks": "外观",
    "scent": "味道",
    "skin": "使用效果",
    "texture": "质地",
    "fabric": "面料",
    "colour": "颜色",
    "build": "做工",
    "water": "防水",
    "brightness": "亮度",
    "wearing": "佩戴",
    "warmth": "保暖",
    "zip": "拉链",
    "space": "容量",
}
_TRADITIONAL = str.maketrans(dict(line.split() for line in read_lines("traditional.txt")))


def slots_for(kind: ProductType, brand: str, dice: TextDice) -> Mapping[str, str]:
    """What ``<noun>`` and its companions stand for."""
    return {
        **{slot: dice.pick(_WORDS.get(slot)) for slot in ("person", "kid", "n", "days", "weeks")},
        "noun": kind.noun_zh,
        "this": f"这{dice.pick(('款', '个', ''))}{kind.noun_zh}",
        "brand": brand,
    }


class ChineseWriter:
    """Composes reviews in Chinese."""

    def __init__(self, seed: int) -> None:
        self.dice = TextDice(seed, "chinese")
        self.picker = Picker(fragments("reviews_zh"), Swaps("swaps_zh.txt"), self.dice)

    def write(self, draft: Draft, *, at_length: bool = False) -> tuple[str, str]:
        """Title and body; ``at_length`` asks for several clauses."""
        dice, facts = self.dice, draft.facts
        self.picker.slots = slots_for(facts.kind, facts.brand, dice)
        voice = dice.weighted(_VOICES)
        shapes = [("short", 0.22), ("plain", 0.48), ("story", 0.15), ("form", 0.08), ("whole", 0.07)]
        if facts.is_faulty or facts.is_late:
            shapes = [("plain", 0.6), ("story", 0.4)]
        if at_length:
            shapes = [("story", 1.0)]
        clauses = getattr(self, f"_{dice.weighted(shapes)}")(draft)
        body = clauses if isinstance(clauses, str) else self._join(clauses, voice, draft.tone)
        title = self._title(draft)
        if dice.chance(0.1):
            body += dice.pick(_EMOJI[draft.tone]) * dice.pick((1, 1, 2, 3))
        if facts.country == "Singapore" and dice.chance(0.25):
            title, body = title.translate(_TRADITIONAL), body.translate(_TRADITIONAL)
        return title, body

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
        said = None
        if draft.opinions and self.dice.chance(0.5) and draft.opinions[0].polarity == draft.tone:
            said = self._say(draft.opinions[0], draft.facts)
        said = said or self._pick(draft, "short", draft.tone) or "还行"
        return said if said[-1] in _STOPS else said + self.dice.pick(("", "", "。", "！", "～", "!"))

    def _plain(self, draft: Draft) -> list[Part]:
        parts: list[Part] = []
        if self.dice.chance(0.3):
            self._add(parts, "open", draft.tone, draft)
        self._opinions(parts, draft)
        if self.dice.chance(0.3) or not parts:
            self._add(parts, "verdict", draft.tone, draft)
        return parts

    def _story(self, draft: Draft) -> list[Part]:
        parts: list[Part] = []
        self._add(parts, "context", "", draft)
        if self.dice.chance(0.35):
            self._add(parts, "open", draft.tone, draft)
        self._opinions(parts, draft)
        if self.dice.chance(0.3):
            self._add(parts, "aside", "", draft)
        if self.dice.chance(0.6) or len(parts) < 2:
            self._add(parts, "verdict", draft.tone, draft)
        return parts

    def _form(self, draft: Draft) -> str | list[Part]:
        """The shop's form: one line per aspect, as many Chinese shops ask for."""
        rows: dict[str, str] = {}
        for opinion in draft.opinions:
            label, said = _LABELS.get(opinion.aspect), self._say(opinion, draft.facts)
            if label and said:
                rows.setdefault(label, said)
        if len(rows) < 2:
            return self._plain(draft)
        return self.dice.pick(("\n", " ", "；")).join(f"{label}：{said}" for label, said in rows.items())

    def _whole(self, draft: Draft) -> str | list[Part]:
        said = self.picker.pick(draft.facts, "whole", draft.tone)
        if said is None:
            return self._story(draft)
        parts = [Part(said, draft.tone, is_opinion=False)]
        more = next((o for o in draft.opinions if o.polarity == draft.tone), None)
        if more and self.dice.chance(0.6) and (extra := self._say(more, draft.facts)):
            parts.insert(self.dice.between(0, 1), Part(extra, draft.tone, is_opinion=False))
        return parts

    def _add(self, parts: list[Part], key: str, polarity: str, draft: Draft) -> None:
        said = self._pick(draft, key, polarity)
        if said:
            parts.append(Part(said, polarity, is_opinion=False))

    def _opinions(self, parts: list[Part], draft: Draft) -> None:
        for opinion in arrange(draft, self.dice):
            said = self._say(opinion, draft.facts)
            if said:
                parts.append(Part(said, opinion.polarity, is_opinion=opinion.aspect != "update"))

    def _join(self, parts: list[Part], voice: str, tone: str) -> str:
        dice, out, last = self.dice, "", ""
        for part in parts:
            text = part.text
            if part.is_opinion and {last, part.polarity} == {"+", "-"} and dice.chance(0.6):
                text = dice.pick(_WORDS.get("to_bad" if part.polarity == "-" else "to_good")) + text
            elif part.is_opinion and part.polarity == last and dice.chance(0.12):
                text = dice.pick(_WORDS.get("more")) + text
            mark = {"spaces": " ", "commas": "，"}.get(voice) or dice.pick(
                ("，", "。", "，", "。", "！" if last == "+" else "。")
            )
            if out and out[-1] not in _STOPS:
                out += mark
            out += text
            last = part.polarity if part.is_opinion else ""
        if out[-1] in _STOPS or voice == "spaces":
            return out
        if voice == "keen":
            return out + dice.pick(("！", "！！", "～", "!!!") if tone == "+" else ("。", "！", "。。。"))
        return out + dice.pick(("", "。", "。", "。"))

    def _title(self, draft: Draft) -> str:
        if self.dice.chance(0.1):
            return ""
        about = [o for o in draft.opinions if o.polarity == draft.tone]
        if about and self.dice.chance(0.45):
            note = self.picker.pick(draft.facts, f"note_{about[0].aspect}", draft.tone)
            if note:
                return note
        return self._pick(draft, "title", draft.tone) or "评价"
