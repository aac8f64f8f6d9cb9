"""What a message says of orders: their numbers, what is asked of them, and what follows an answer about one.

A question is this job's where every word of it is: "what's happening with order 1042" is, "revenue of order 1042"
asks for a figure and is not. Whether a number is an order's, the data say later.
"""
# ruff: noqa: E501

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.job import Claim, Strength, Understood
from bot.parameters import Choice, Parameter, Said, Unreadable
from jobs.order_card.order_letters import is_letter
from sql.question.linking import Links, Vocabulary
from sql.question.words import words

MOST_NUMBERS = 20
"""Numbers that are looked up of one message."""
MOST_CHARACTERS = 40
"""Of one number."""
ALL = "all"
PARTS = (ALL, "items", "arrival", "payments", "returns", "tickets")

_ONE = r"(?>[0-9]{1,3}(?:,[0-9]{3})+|(?:[A-Za-z]{1,8}[-/_]?)?[0-9][A-Za-z0-9]*(?:[-/_][A-Za-z0-9]+)*)(?![A-Za-z0-9]|[-/_.][A-Za-z0-9])"
_UNIT = (
    r"(?!\s*(?:%|[€$£¥]|(?:days?|weeks?|months?|years?|hours?|minutes?|times|x|units?|pieces?|items?|pcs|eur|euros?|usd|dollars?|pounds?|of|am|pm)\b"
    r"|[年月日天周元块件个份欧名万千]|多|以上|以下|左右))"
)
_NUMBER = rf"{_ONE}{_UNIT}"
_LIST = rf"{_NUMBER}(?:\s*(?:,|，|、|;|&|\band\b|和|与|及|以及)\s*(?:orders?\s*|订单(?:编?号)?)?[#№]?\s*{_NUMBER})*+"
_ENGLISH = re.compile(
    rf"(?i)(?<![\w-])(?:order|purchase)(?P<s>s?)\s*(?:(?:numbers?|nos?|nr|ids?|codes?)\b\.?)?\s*(?:is\b|are\b|[:=(])?\s*[\"“]?(?P<hash>[#№])?\s*(?P<list>{_LIST})"
)
_CHINESE = re.compile(
    rf"(?:(?:订单|定单)(?:编号|号码|号)?|单号)\s*(?:是|为|[:：=(（\"“])*\s*[#№]?\s*(?P<list>{_LIST})"
    rf"|(?P<before>{_ONE})\s*(?:号|这个|那个)\s*(?:订单|定单|单子)|(?<![\w-])(?!(?:19|20)[0-9]{{2}}(?![0-9]))(?P<bare>{_ONE})\s*(?:订单|定单)"
)
_HASH = re.compile(rf"(?<![\w&#])[#№]\s?(?P<list>{_LIST})")
_EACH = re.compile(_ONE)
_YEAR = re.compile(r"(?:19|20)[0-9]{2}")
_ORDERING = re.compile(
    r"(?i)(?:\b(?:(?:i|we|you|they|he|she|who)(?:['’](?:d|ll)|\s+(?:can|could|would|will|did|also|not))*|(?:want|wants|wanted|like|wish|how|try|trying|able|need|decided|going)\s+to)|n['’]t)\s+$"
)
"""Words after which "order" is what somebody does, and the number how many."""
_SOME_ORDER = re.compile(r"(?i)\b(?:an|one|my)\s+order\b|(?:一个|某个|我的)(?:订单|定单)")
_BARE = re.compile(
    rf"(?i)\W*(?:(?:and|or|what\s+about|how\s+about|then|now|it\s+is|it['’]s|number|no\.?|那|那么|换成|看看|是)\s*)*[#№]?\s*(?P<list>{_LIST})\s*(?:呢|please|then|instead)?\W*"
)

_CUES = {
    "payments": re.compile(r"(?i)\bpa(?:id|y|ying|yments?)\b|付款|支付|付了|付钱"),
    "returns": re.compile(r"(?i)\breturn(?:s|ed)?\b|\brefund(?:s|ed)?\b|\bsent\s+back\b|退货|退款|退了"),
    "tickets": re.compile(r"(?i)\b(?:tickets?|complaints?|cases?)\b|工单|投诉"),
    "arrival": re.compile(
        r"(?i)\bwhen\b|\barriv\w+|\bdeliver\w*|\blate\b|\bdelay\w*|\boverdue\b|\beta\b|\b(?:come|get)\s+here\b|\bhow\s+long\b|\bshipp?(?:ed|ing)?\b|\bdispatched\b|\bsent\b(?!\s+back)"
        r"|什么时候|何时|几时|多久|到货|到了吗|到了没|还没到|送到|送达|收到|发货|延误|晚|迟"
    ),
    "items": re.compile(
        r"(?i)\bwhat\b[^?]*\b(?:in|inside)\b(?=\W*(?:it|that|this|the|my|order|parcel|package|#|\(|$))|\bwhat\b[^?]*\b(?:bought|ordered|(?:they|he|she|customer)\s+order)\b"
        r"|\b(?:items?|products?|contents?|articles?|goods)\b|里面|包含|包括|商品|产品|东西|买了什么"
    ),
}
"""Part of the card → the words that ask for it alone; of several the first counts."""
_WHOLE = re.compile(r"(?i)\b(?:it|its|it['’]s|where|status|customer|who)\b|哪|状态|情况|怎么样|进度|谁")
"""Words that go on about an order without asking for a part of its card."""
_KNOWN = words(
    """
    what what's whats which is isn't are was were has hasn't have had been be being do does did a an the this that
    it its it's of in inside with for about on to from at by please show me give get find look looking up
    open check tell us my our can could you i i'd like want need see know status state detail details info
    information card overview summary happening happened happen going doing where where's when when's how
    how's long will would should expected arrive arrives arrived arriving arrival come came here deliver
    delivered delivery date dates ship shipped shipping sent dispatched back late delayed delay overdue eta
    yet already still way items item products product contents content articles goods paid pay payment
    payments return returned returns refund refunded refunds ticket tickets complaint complaints case cases
    any anything earlier previous open there now currently today order orders number no nr id and or hi
    hello hey thanks thank bought ordered they he she who customer customer's pull latest news update track tracking trace
    parcel package they've everything all so
    """
)
_KNOWN_ZH = re.compile(
    r"怎么样了?|怎样了?|怎么了|怎么|什么情况|啥情况|情况|状态|进度|进展|到哪(?:里|儿)?|在哪(?:里|儿)?|哪里|查一下|查查|查询|查看|查|看一下|看看|看|帮|请问|请|麻烦|给我|显示|打开|详情|明细|信息"
    r"|什么时候|何时|几时|多久|能|会|可以|到货|送到|送达|收到|到|发货|延误|晚|迟|是否|物流|快递|包裹|配送|还|没有|没|有|已经|已|现在|目前|今天|里面|里|包含|包括|哪些|什么|商品|产品|东西"
    r"|买|付款|支付|付钱|付|退货|退款|退|工单|投诉|记录|这个|那个|该|此|我|想|要|知道|一下|一个|某个|和|与|及|以及|订单|定单|编号|号|单|您好|你好|谢谢|之前|以前|别的|其他|任何|顾客|客户|买家|谁|都|了|吗|么|呢|吧|啊|呀|的|是"
)
_WORD = re.compile(r"[a-z]+(?:['’][a-z]+)?")
_HAN = re.compile(r"[\u4e00-\u9fff]")


def references(text: str) -> tuple[Said, ...]:
    """Where a text names orders by their numbers, in order; each says one or several."""
    found: list[Said] = []
    for match in (*_ENGLISH.finditer(text), *_CHINESE.finditer(text), *_HASH.finditer(text)):
        groups = match.groupdict()
        place = next(name for name in ("list", "before", "bare") if groups.get(name))
        numbers = _EACH.findall(groups[place])
        if (
            groups.get("s")
            and not groups["hash"]
            and (len(numbers) < 2 or all(map(_YEAR.fullmatch, numbers)))
        ):
            continue  # "orders 2025"
        if (
            match.re is _ENGLISH
            and not groups["hash"]
            and _ORDERING.search(text[max(0, match.start() - 40) : match.start()])
        ):
            continue
        if any(match.start() < each.end and each.start < match.end() for each in found):
            continue
        listed = ", ".join(number.replace(",", "") for number in numbers)
        found.append(Said(text=listed, start=match.start(place), end=match.end(place)))
    return tuple(sorted(found, key=lambda each: each.start))


_LOOSE = re.compile(rf"(?<![\w.,@€$£¥+-])(?P<one>{_NUMBER})(?!\s*(?:EUR|€))")
_DAY = re.compile(
    r"[0-9]{4}[-/][0-9]{1,2}([-/][0-9]{1,2})?|[0-9]{1,2}/[0-9]{1,2}/[0-9]{2,4}|[0-9]+(?:st|nd|rd|th)"
)


def loose_numbers(text: str) -> tuple[Said, ...]:
    """What may be an order's number in a letter that does not say so: long enough, and no day, year or telephone."""
    return tuple(
        Said(text=match["one"], start=match.start(), end=match.end())
        for match in _LOOSE.finditer(text)
        if 3 <= len(re.findall("[0-9]", match["one"])) <= 9
        and not _DAY.fullmatch(match["one"])
        and not _YEAR.fullmatch(match["one"])
    )


def letter_in(question: str) -> bool:
    """Whether a message is somebody's letter and no question of the asker's own."""
    return not is_about_orders(question) and is_letter(question)


def is_about_orders(question: str) -> bool:
    """Whether a question names an order, or says "an order", and every other word of it is this job's."""
    named = [(each.start, each.end) for each in references(question)] or [
        match.span() for match in _SOME_ORDER.finditer(question)
    ]
    rest = question
    for start, end in named:
        rest = f"{rest[:start]}{' ' * (end - start)}{rest[end:]}"
    return bool(named) and _is_known(rest)


def _is_known(text: str) -> bool:
    """Whether nothing but words of this job's stands in a text."""
    said = _WORD.findall(text.lower().replace("’", "'"))
    return (
        all(word in _KNOWN for word in said)
        and not _HAN.search(_KNOWN_ZH.sub("", text))
        and not re.search("[0-9]", text)
    )


def claims(understood: Understood) -> Claim | None:
    """Questions about named orders, whole; and letters."""
    question = understood.standalone
    if is_about_orders(question):
        return Claim(strength=Strength.SAID, reason="order")
    return Claim(strength=Strength.GIVEN, reason="letter") if is_letter(question) else None


def follow(previous: str, message: str) -> str | None:
    """ "any tickets?" of an order → the same with its number; a number alone in reply to a letter.

    A number alone after a card is put where the old one stood, as any parameter's value is.
    """
    if references(message):
        return None
    numbers = ", ".join(each.text for each in references(previous))
    if bare := _BARE.fullmatch(message):
        given = ", ".join(_EACH.findall(bare["list"]))
        if not numbers:
            return _about(given, previous)
        if letter_in(previous):
            return show_order(given, "zh" if _HAN.search(previous) else "en")
        return None
    is_asked = any(cue.search(message) for cue in (*_CUES.values(), _WHOLE)) and _is_known(message)
    return _about(numbers, message) if numbers and is_asked else None


def _about(numbers: str, message: str) -> str:
    if _HAN.search(message):
        return f"{message}（订单 {numbers.replace(', ', '、')}）"
    return f"{message} ({'orders' if ',' in numbers else 'order'} {numbers})"


def show_order(number: str, language: str) -> str:
    """A message that asks for the card of an order, however odd its number is."""
    said = f"查一下订单{number}" if language == "zh" else f"Show order {number}"
    is_read = [each.text for each in references(said)] == [number]
    return said if is_read else f'order_card order="{number}"'


# ---- parameters -------------------------------------------------------------------------------------------


class OrderNumbers:
    """Numbers of orders, as they are written on a parcel or in a letter."""

    def value(self, text: str, vocabulary: Vocabulary) -> tuple[str, ...]:
        """Raises ``Unreadable``: there is none, or something that no number of an order looks like."""
        numbers = [part.strip().lstrip("#№ ") for part in re.split(r"[,，、;；]", text)]
        is_number = [
            re.fullmatch(rf"[\w\-/.# ]{{1,{MOST_CHARACTERS}}}", n) is not None
            and re.search("[0-9]", n) is not None
            for n in numbers
        ]
        if not all(is_number) or len(numbers) > MOST_NUMBERS:
            raise Unreadable(text)
        return tuple(dict.fromkeys(numbers))

    def expected(self, language: str) -> str:
        """An example."""
        return (
            "订单号，如 1042 或 A-1042"
            if language == "zh"
            else "the number of an order, such as 1042 or A-1042"
        )


def _find_numbers(links: Links) -> Said | None:
    text = links.question
    found: Sequence[Said] = references(text)
    if not found and letter_in(text):
        found = loose_numbers(text)
    elif not found and (bare := _BARE.fullmatch(text)):
        found = [
            Said(text=", ".join(_EACH.findall(bare["list"])), start=bare.start("list"), end=bare.end("list"))
        ]
    if not found:
        return None
    listed = ", ".join(list(dict.fromkeys(n for each in found for n in each.text.split(", ")))[:MOST_NUMBERS])
    return Said(text=listed, start=found[0].start, end=found[-1].end)


def _find_part(links: Links) -> Said | None:
    text = links.question
    if letter_in(text):
        return None
    for part, cue in _CUES.items():
        if (match := cue.search(text)) is not None:
            return Said(text=part, start=match.start(), end=match.end())
    return None


ORDER = Parameter(
    name="order",
    about={"en": "which order, or several", "zh": "哪个订单（可以是几个）"},
    kind=OrderNumbers(),
    find=_find_numbers,
)
PART = Parameter(
    name="part",
    about={"en": "which part of the card", "zh": "只看卡片的哪一部分"},
    kind=Choice(PARTS),
    find=_find_part,
)
PARAMETERS = (ORDER, PART)
