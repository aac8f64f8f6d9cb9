"""What a question asks of stock: what the job claims, and its parameters by words and by name."""

from __future__ import annotations

import re
from dataclasses import replace

from bot.job import Claim, Strength, Understood
from bot.parameters import (
    Among,
    Choice,
    ColumnName,
    Duration,
    Parameter,
    Said,
    Whole,
    find_ahead,
    find_grouping,
    find_values,
    in_words,
)
from jobs.said_periods import Time, find_period
from sql.question.linking import Links
from sql.question.numbers import zh_number
from sql.question.words import NUMBER_WORDS

_STOCK = r"(?:stock|inventory|supply|supplies|goods|products?|items?|articles?)"
_REORDER = (
    r"\b(?:should|must|need|needs|have|has|ought|what|which|how\s+(?:much|many))\b[^.?]*\b(?:re-?order(?:ed|ing)?|re-?stock(?:ed|ing)?|replenish(?:ed|ing|ment)?)\b"
    r"|\b(?:what|which\s+\w+|how\s+(?:much|many))\b[^.?]*\b(?:should|must|do)\s+(?:i|we)\b[^.?]*\border\s+(?:again|now|next|more|from\b)"
    r"|\b(?:re-?order|replenishment|restocking)\s+(?:list|proposals?|advice|plan|quantit(?:y|ies))\b"
    r"|(?:要|该|需要?|应该?|得|急需)补(?:货|多少|哪些|什么)|补(?:多少|哪些|什么)货|补货(?:建议|清单|计划|数量)|(?:该|要|需要?|应该?)(?:订|进)(?:多少|哪些|什么)?货"
)
_DAYS_LEFT = (
    rf"\b(?:will|going\s+to|about\s+to|might|may|likely\s+to|soon)\b[^.?]*\b(?:run|sell|be)\s+out\b|\brun(?:s|ning)?\s+out\s+(?:of\s+{_STOCK}\s+)?(?:in|within|soon|first|next|over)\b"
    rf"|\b(?:{_STOCK}|we)\b[^.?]*\brunning\s+(?:out|low)\b|\brunning\s+(?:out|low)\s+(?:of|on)\s+{_STOCK}\b"
    rf"|\bdays?\s+of\s+(?:{_STOCK}|cover)\b|\b(?:stock|inventory)\s+cover(?:age)?\b|\bhow\s+(?:long|many\s+(?:days|weeks))\b[^.?]*\b{_STOCK}\b[^.?]*\b(?:last|lasts|left)\b"
    r"|\bwhen\s+(?:will|do|does)\b[^.?]*\b(?:run|sell)\s+out\b"
    r"|库存.{0,8}(?:能|够).{0,3}(?:撑|用|卖|维持)|还?(?:能|够)(?:撑|卖|维持)(?:多久|几天|多少天)|(?:快|快要|即将|将要?|会|要)(?:卖完|卖光|断货|缺货|售罄)|(?:多久|什么时候|几天后?|何时)会?(?:卖完|卖光|断货|缺货|售罄)|可售天数|库存天数"
)
_DEAD = (
    r"\bdead[-\s]+(?:stock|inventory)\b|\b(?:slow|non)[-\s]moving\s+(?:stock|inventory|products?|items?|articles?|goods)\b|\b(?:obsolete|stale)\s+(?:stock|inventory)\b|\bshelf[-\s]?warmers?\b"
    r"|滞销|死库存|呆滞|库存积压|积压(?:的)?(?:库存|商品|产品|货)"
)
_OUT = r"(?:stock[-\s]?outs?|out[-\s]of[-\s]stocks?|being\s+out\s+of\s+stock|empty\s+shel(?:f|ves))"
_LOST = (
    rf"\b(?:cost|costs|lose|lost|losing|loss|losses|miss|missed)\b[^.?]*\b{_OUT}\b|\b{_OUT}\b[^.?]*\b(?:cost|costs|lose|lost|loss|losses|miss|missed)\b|\blost\s+sales\b"
    r"|(?:断货|缺货|无货).{0,8}(?:损失|少卖|少赚|代价|成本)|(?:损失|少卖|少赚).{0,8}(?:断货|缺货)"
)
CUE = re.compile(rf"(?i){_REORDER}|{_DAYS_LEFT}|{_DEAD}|{_LOST}")
NAME = re.compile(r"^stock\b")
FILLER = re.compile(
    r"(?i)^(?:please|show|give|list|tell|make|much|many|how|what|which|when|will|should|must|do|does|did|need|needs|have|has|to|be|is|are|it|i"
    r"|we|us|our|my|the|a|of|in|at|for|from|and|or|with|by|on|now|again|soon|next|more|left|last|long|us|there|still|out|run|runs|running|low|sell|sells"
    r"|sold|nothing|not|unsold|cost|lost|lose|stock|stocks|inventory|supply|supplies|goods|products?|items?|articles?|units?|pieces?|days?|weeks?|shop|store|warehouse"
    r"|order|orders|ordered|reorder|reordered|restock|quantity|time|period|service|level|lead|review|reviewed|every|due|sales)$"
    r"|^[的吗呢请我们给和是多少哪些几会有帮一下看只能还够久要该补货库存商品产品天里个了没需应]+$"
)
_SET_BY_HAND = re.compile(
    r"(?i)\b(?:re-?order(?:ing)?\s+(?:point|level)|minimum|min\.?\s+(?:stock|level)|below|under|beneath|level\s+where)\b|补货点|低于|最低库存|安全库存"
    r"|一件(?:都|也)?没(?:有)?卖|零销[售量]"
    r"|\b(?:less|fewer)\s+than\s+[\w.]+\s+(?:left|in\s+stock|on\s+hand|pairs?|pieces?|units?|items?|boxes|bottles|packs?|of\s+them)\b"
    r"|\b\d+\s+or\s+(?:less|fewer)\s+(?:left|in\s+stock|on\s+hand|pairs?|pieces?|units?|items?)\b"
    r"|(?:不到|不足|少于|小于|不超过|不多于)\s*(?:\d+|[一二两三四五六七八九十百]+)\s*(?:件|台|瓶|盒|包|袋|双|箱|支|把|条|只|套|本|份|斤|个(?!半|月|工作|星期))"
)
"""What asks for a level that somebody wrote into the data, or says itself: a figure."""
_OTHER_THINGS = re.compile(
    r"(?i)\b(?:coupons?|codes?|vouchers?|contracts?|subscriptions?|budgets?)\b|\bout\s+of\s+time\b|优惠券|合同|预算"
)
"""What runs out and is no stock."""
_OUT_OF_STOCK = re.compile(r"(?i)\b(?:stock|sold\s+out|unavailable)\b|断货|缺货|无货|卖完|售罄")

_AMOUNT = rf"(\d+|{'|'.join(NUMBER_WORDS)}|[一二两三四五六七八九十]+)"
_UNIT = r"(day|week|month|quarter|year|天|周|星期|个?月)s?"
_ZH_UNITS = {"天": "day", "周": "week", "星期": "week", "月": "month", "个月": "month"}


def _length(*patterns: str) -> list[re.Pattern[str]]:
    return [re.compile(rf"(?i){pattern.format(n=_AMOUNT, unit=_UNIT)}") for pattern in patterns]


def _find_length(patterns: list[re.Pattern[str]], links: Links) -> Said | None:
    """A number and a unit of time, in the words of one parameter."""
    for pattern in patterns:
        match = pattern.search(links.question)
        if match is None:
            continue
        count, unit = match[1].lower(), match[2].lower()
        number = NUMBER_WORDS.get(count, count) if count.isascii() else zh_number(count)
        return Said(text=f"{number} {_ZH_UNITS.get(unit, unit)}", start=match.start(), end=match.end())
    return None


_LEAD = _length(
    r"\blead[-\s]times?\s+(?:of|is|=)?\s*{n}[-\s]{unit}\b", r"\b{n}[-\s]{unit}\s+(?:of\s+)?lead[-\s]time\b",
    r"(?:交期|交货期|提前期)(?:为|是)?{n}\s*{unit}",
)  # fmt: skip
_REVIEW = _length(
    r"\breview(?:ed|ing)?(?:\s+period)?\s+(?:every|of|each)\s+{n}\s+{unit}\b",
    r"\border(?:ed|ing)?\s+every\s+{n}\s+{unit}\b",
    r"每{n}\s*{unit}(?:订货|补货|盘点|检查|看)",
)  # fmt: skip
_UNSOLD = _length(
    r"\b(?:not|nothing|unsold|no\s+sales?)\b(?:\s+\w+)?\s+(?:for|in)\s+"
    r"(?:the\s+last\s+|at\s+least\s+)?{n}\s+{unit}\b",
    r"\b{n}\s+{unit}\s+without\s+(?:a\s+)?sales?\b",
    r"{n}\s*{unit}(?:以上|内|都)?(?:没有?|未|无)(?:卖|销|动)",
)  # fmt: skip

WHAT = Parameter(
    name="what",
    about={
        "en": "what to reorder, days left, dead stock, or what stock-outs lost",
        "zh": "补货建议、可撑天数、滞销品，或断货损失",
    },
    kind=Choice(("reorder", "days_left", "dead", "lost")),
    find=in_words(
        [
            (re.compile(rf"(?i){pattern}"), name)
            for pattern, name in (
                (_LOST, "lost"), (_DEAD, "dead"), (_REORDER, "reorder"), (_DAYS_LEFT, "days_left"),
            )
        ]
    ),
)  # fmt: skip
SERVICE = Parameter(
    name="service",
    about={
        "en": "per cent of times that stock is to last until the next delivery",
        "zh": "库存撑到下次到货的把握（百分比）",
    },
    kind=Whole(50, 99),
    find=in_words(
        [
            (re.compile(r"(?i)\bservice(?:[-\s]level)?\s+(?:of\s+)?(\d{2})(?:\s?%|\s+per\s?cent)?"), r"\1"),
            (re.compile(r"(?i)\b(\d{2})\s?(?:%|per\s?cent)\s+service(?:[-\s]level)?\b"), r"\1"),
            (re.compile(r"服务水平(?:为|是)?(\d{2})\s?%?"), r"\1"),
        ]
    ),
)
LEAD_TIME = Parameter(
    name="lead_time",
    about={"en": "from order to delivery; else as bound", "zh": "从订货到到货的时间；不说则按绑定的列"},
    kind=Duration(365),
    find=lambda links: _find_length(_LEAD, links),
)
REVIEW = Parameter(
    name="review",
    about={"en": "time between two looks at the stock", "zh": "两次检查库存之间的时间"},
    kind=Duration(365),
    find=lambda links: _find_length(_REVIEW, links),
)
WITHIN = Parameter(
    name="within",
    about={"en": "days left: only what may run out in this time", "zh": "可撑天数：只看这段时间内可能卖完的"},
    kind=Duration(366),
    find=find_ahead,
)
UNSOLD = Parameter(
    name="unsold",
    about={"en": "dead stock: nothing sold for so long", "zh": "滞销：这么久没有卖出"},
    kind=Duration(366),
    find=lambda links: _find_length(_UNSOLD, links),
)
PERIOD = Parameter(
    name="period",
    about={"en": "lost sales: when; else the last 90 days", "zh": "断货损失：时间；不说则为最近90天"},
    kind=Time(),
    find=find_period,
)
BY = Parameter(
    name="by",
    about={"en": "groups by this column instead of single products", "zh": "按这一列分组，而不是单个商品"},
    kind=ColumnName(),
    find=find_grouping,
)


def _find_only(links: Links) -> Said | None:
    """Values that are named, without the words for a stock of nothing."""
    kept = tuple(m for m in links.mentions if m.kind != "value" or not _OUT_OF_STOCK.search(m.text))
    return find_values(replace(links, mentions=kept))


ONLY = Parameter(
    name="only",
    about={"en": "only products of these values", "zh": "只看这些值的商品"},
    kind=Among(),
    find=_find_only,
    lead={"en": "for ", "zh": "只看"},
)
TOP = Parameter(
    name="top",
    about={"en": "how many products or groups", "zh": "多少个商品或多少组"},
    kind=Whole(1, 200),
    find=in_words(
        [(re.compile(r"(?i)\btop\s+(\d+)\b"), r"\1"), (re.compile(r"前(\d+)[名个位款种]?"), r"\1")]
    ),
)
PARAMETERS = (WHAT, SERVICE, LEAD_TIME, REVIEW, WITHIN, UNSOLD, PERIOD, BY, ONLY, TOP)


def claims(understood: Understood) -> Claim | None:
    """What asks for advice about stock; not what compares it with a level that stands in the data."""
    text = understood.standalone
    if CUE.search(text) is None or _SET_BY_HAND.search(text) or _OTHER_THINGS.search(text):
        return None
    return Claim(strength=Strength.SAID, reason="cue")
