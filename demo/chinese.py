"""Chinese reviews out of the phrases in ``texts/reviews_zh.txt``: clauses without closing punctuation."""

from __future__ import annotations

from collections.abc import Mapping

from demo.dice import TextDice
from demo.prose import Draft, Facts, Opinion, Picker
from demo.texts import ProductType, choose, fill, fragments

_TO_BAD = ("就是", "不过", "但是", "唯一的缺点，", "可惜", "要说缺点的话，", "但", "扣一星：", "只是", "美中不足的是")
_TO_GOOD = ("不过", "好在", "但", "还好", "优点是", "倒是", "话说回来，", "值得肯定的是，")
_MORE = ("而且", "还有", "另外", "再说", "关键是", "并且")
_EMOJI = {"+": ("👍", "😊", "❤️", "🥰", "💯", "🌹", "😄", "✨"), "~": ("😅", "🤔", "😶"), "-": ("😡", "👎", "🙄", "😤", "💔")}
_VOICES = (("plain", 0.56), ("spaces", 0.12), ("keen", 0.14), ("commas", 0.18))
_LABELS = {
    "size_fit": "尺码", "delivery": "物流", "late": "物流", "price": "价格", "service": "客服", "packaging": "包装", "battery": "续航",
    "sound": "音质", "looks": "外观", "scent": "味道", "skin": "使用效果", "texture": "质地", "fabric": "面料", "colour": "颜色",
    "build": "做工", "water": "防水", "brightness": "亮度", "wearing": "佩戴", "warmth": "保暖", "zip": "拉链", "space": "容量",
}  # fmt: skip
_TRADITIONAL = str.maketrans(
    "买东质这个来说时还没对开关电池声响贵运发货给过会门气头个样实际觉得点无线应该让样长轻带连边几乎总体价钱还换退颜细节问题较适务装盖",
    "買東質這個來說時還沒對開關電池聲響貴運發貨給過會門氣頭個樣實際覺得點無線應該讓樣長輕帶連邊幾乎總體價錢還換退顏細節問題較適務裝蓋",
)  # fmt: skip


def slots_for(kind: ProductType, brand: str, dice: TextDice) -> Mapping[str, str]:
    """What ``<noun>`` and its companions stand for."""
    return {
        "noun": kind.noun_zh, "this": f"这{dice.pick(('款', '个', '款', ''))}{kind.noun_zh}" if dice.chance(0.9) else "这个", "brand": brand,
        "person": dice.pick(("老公", "老婆", "我妈", "我爸", "朋友", "室友", "同事", "闺蜜", "男朋友", "女朋友", "婆婆", "我姐", "表妹", "老师", "邻居")),
        "kid": dice.pick(("儿子", "女儿", "宝宝", "娃", "小侄子", "小外甥女", "家里小朋友", "大宝", "二宝", "孩子", "孙子", "孙女")),
        "n": dice.pick(("两", "三", "四", "五", "3", "5", "6")), "days": dice.pick(("两天", "三天", "一个星期", "四五天", "第二天", "十来天")),
        "weeks": dice.pick(("一周", "两周", "半个月", "一个月", "二十多天", "一个多月", "十几天")),
    }  # fmt: skip


class ChineseWriter:
    """Composes reviews in Chinese."""

    def __init__(self, seed: int) -> None:
        self.dice = TextDice(seed, "chinese")
        self.picker = Picker(fragments("reviews_zh.txt"), self.dice)

    def write(self, draft: Draft) -> tuple[str, str]:
        """Title and body."""
        dice, facts = self.dice, draft.facts
        slots = slots_for(facts.kind, facts.brand, dice)
        voice = dice.weighted(_VOICES)
        shape = dice.weighted((("short", 0.24), ("plain", 0.44), ("story", 0.15), ("form", 0.08), ("whole", 0.09)))
        if facts.is_faulty or facts.is_late:
            shape = dice.weighted((("plain", 0.6), ("story", 0.4)))
        clauses = getattr(self, f"_{shape}")(draft)
        body = clauses if isinstance(clauses, str) else self._join(clauses, voice, draft.tone)
        body = fill(choose(body, dice), slots)
        title = fill(choose(self._title(draft), dice), slots)
        if dice.chance(0.1):
            body += dice.pick(_EMOJI[draft.tone]) * dice.pick((1, 1, 2, 3))
        if facts.country == "Singapore" and dice.chance(0.25):
            title, body = title.translate(_TRADITIONAL), body.translate(_TRADITIONAL)
        return title, body

    def _say(self, opinion: Opinion, facts: Facts) -> str | None:
        said = self.picker.pick(facts, opinion.aspect, opinion.polarity)
        return said or self.picker.pick(facts, "quality", opinion.polarity)

    def _short(self, draft: Draft) -> str:
        said = None
        if draft.opinions and self.dice.chance(0.45) and draft.opinions[0].polarity == draft.tone:
            said = self._say(draft.opinions[0], draft.facts)
        return (said or self.picker.pick(draft.facts, "short", draft.tone) or "还行") + self.dice.pick(("", "", "。", "！", "～", "!"))

    def _plain(self, draft: Draft) -> list[tuple[str, str]]:
        parts: list[tuple[str, str]] = []
        if self.dice.chance(0.32):
            self._add(parts, "open", draft.tone, draft)
        self._opinions(parts, draft)
        if self.dice.chance(0.36) or not parts:
            self._add(parts, "verdict", draft.tone, draft)
        return parts

    def _story(self, draft: Draft) -> list[tuple[str, str]]:
        parts: list[tuple[str, str]] = []
        self._add(parts, "context", "", draft)
        if self.dice.chance(0.4):
            self._add(parts, "open", draft.tone, draft)
        self._opinions(parts, draft)
        if self.dice.chance(0.35):
            self._add(parts, "aside", "", draft)
        if self.dice.chance(0.7):
            self._add(parts, "verdict", draft.tone, draft)
        return parts

    def _form(self, draft: Draft) -> str | list[tuple[str, str]]:
        """The shop's form: one line per aspect, as many Chinese shops ask for."""
        rows = []
        for opinion in draft.opinions:
            label, said = _LABELS.get(opinion.aspect), self._say(opinion, draft.facts)
            if label and said:
                rows.append(f"{label}：{said}")
        if len(rows) < 2:
            return self._plain(draft)
        return self.dice.pick(("\n", " ", "；")).join(dict.fromkeys(rows))

    def _whole(self, draft: Draft) -> str | list[tuple[str, str]]:
        return self.picker.pick(draft.facts, "whole", draft.tone) or self._story(draft)

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

    def _join(self, parts: list[tuple[str, str]], voice: str, tone: str) -> str:
        dice, out, last = self.dice, "", ""
        for text, polarity in parts:
            turns = {last, polarity} == {"+", "-"}
            if turns and dice.chance(0.6):
                text = dice.pick(_TO_BAD if polarity == "-" else _TO_GOOD) + text
            elif out and polarity and polarity == last and dice.chance(0.14):
                text = dice.pick(_MORE) + text
            mark = {"spaces": " ", "commas": "，"}.get(voice) or dice.pick(("，", "。", "，", "。", "！" if polarity == "+" else "。"))
            if out and out[-1] not in "？?！!。～…":
                out += mark
            out += text
            last = polarity or last
        end = {"spaces": ("", "", "。"), "keen": ("！", "！！", "～", "!!!"), "commas": ("", "。", "。")}.get(voice, ("。",))
        if voice == "keen" and tone != "+":
            end = ("。", "！", "。。。")
        return out + (dice.pick(end) if out[-1] not in "？?！!。～…" else "")

    def _title(self, draft: Draft) -> str:
        if self.dice.chance(0.1):
            return ""
        about = [o for o in draft.opinions if o.polarity == draft.tone]
        if about and self.dice.chance(0.45):
            note = self.picker.pick(draft.facts, f"note_{about[0].aspect}", draft.tone)
            if note:
                return note
        return self.picker.pick(draft.facts, "title", draft.tone) or "评价"
