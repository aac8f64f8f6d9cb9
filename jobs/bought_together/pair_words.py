"""What a question asks of products bought together: what the job claims, and its parameters."""

from __future__ import annotations

import re

from bot.job import Claim, Strength, Understood
from bot.parameters import Among, Choice, Parameter, Said, Whole, find_values, in_words
from jobs.not_heard import asks_more
from sql.question.linking import Links

CUE = re.compile(
    r"(?i)\b(?:bought|buy|buys|purchased?|ordered|sold|sell|sells|go|goes|combined)\s+(?:\w+\s+)?together\b"
    r"|\b(?:market|shopping)[-\s]basket|\bcross[-\s]?sell|\balso\s+(?:buy|bought|ordered?|purchased?)\b"
    r"|(?:一起|同时|一同|搭配)(?:被|来)?(?:购?买|下单|卖|售)|关联(?:购买|销售|商品)|还(?:会)?购?买了?(?:什么|哪些)|购物篮"
)
NAME = re.compile(r"^bought_together\b")
_CUSTOMERS = re.compile(
    r"(?i)\bcustomers?\s+who\s+(?:bought|buy|ordered|purchased)\b|\bby\s+(?:the\s+)?same\s+customers?\b|(?:同一(?:个|位)?|买了.*的)(?:顾客|客户|人)"
)
_LEAST = re.compile(r"(?i)\bat\s+least\s+(\d+)(?:\s+(?:orders?|times))?\b|至少(\d+)(?:个|张|笔|次)?(?:订单)?")


def _find_least(links: Links) -> Said | None:
    match = _LEAST.search(links.question)
    if match is None:
        return None
    return Said(text=match[1] or match[2], start=match.start(), end=match.end())


OF = Parameter(
    name="of",
    about={"en": "only pairs with these products", "zh": "只看含这些商品的组合"},
    kind=Among(),
    find=find_values,
    lead={"en": "with ", "zh": "含"},
)
PER = Parameter(
    name="per",
    about={
        "en": "together in one order, or by one customer at any time",
        "zh": "同一订单，或同一顾客（不限时间）",
    },
    kind=Choice(("order", "customer")),
    find=in_words([(_CUSTOMERS, "customer")]),
)
LEAST = Parameter(
    name="least",
    about={"en": "orders (or customers) that a pair must share", "zh": "一个组合至少共有的订单（或顾客）数"},
    kind=Whole(1, 1_000_000),
    find=_find_least,
)
TOP = Parameter(
    name="top",
    about={"en": "how many pairs", "zh": "多少个组合"},
    kind=Whole(1, 100),
    find=in_words(
        [(re.compile(r"(?i)\btop\s+(\d+)\b"), r"\1"), (re.compile(r"前(\d+)[名个位款种对]?"), r"\1")]
    ),
)
PARAMETERS = (OF, PER, LEAST, TOP)


_KNOWN = re.compile(
    r"(?i)product|item|thing|article|goods|order|basket|invoice|customer|client|buyer|bought|sold"
    r"|商品|产品|货品|东西|订单|顾客|客户|买家"
)
_BY_NUMBER = re.compile(
    r"(?i)\bmost\b|\bcommon(?:ly|est)?\b|\bnumber\b|\bhow\s+(?:many|often)\b|最常|最多|多少|几次"
)


def claims(understood: Understood) -> Claim | None:
    """What asks for products that are bought together; how often two are, or in a period, is a figure."""
    text, links = understood.standalone, understood.links
    if CUE.search(text) is None or _BY_NUMBER.search(text) or links.periods or asks_more(understood, _KNOWN):
        return None
    return Claim(strength=Strength.SAID, reason="cue")
