"""What a question asks of recommendations: what the job claims, and its parameters by words and by name."""

from __future__ import annotations

import re
from dataclasses import replace

from bot.job import Claim, Strength, Understood
from bot.parameters import Among, Choice, Parameter, Said, Unreadable, Whole, find_values, in_words
from jobs.asked_of_models import asks_about_a_model
from sql.question.linking import Links, Vocabulary

_KEY = r"[A-Za-z]{0,6}[-_]?\d[A-Za-z0-9-]*"
_PERSON = re.compile(
    rf"(?i)\b(?:customer|client|buyer|member|shopper|user)\s*(?:number|no\.?|id)?\s*[#:]?\s*(?P<en>{_KEY})"
    rf"|(?:顾客|客户|会员|买家|用户)(?:编号|号)?\s*[#：:]?\s*(?P<zh>{_KEY})|(?P<last>{_KEY})\s*号?(?:顾客|客户|会员|买家|用户)"
)
_ASKED = (
    r"^\W*(?:please\s+|(?:can|could|would)\s+you\s+)?(?:recommend|suggest)\b"
    r"|\b(?:should|could|can|may|would|might|to|do)\s+(?:(?:i|we|you)\s+)?(?:also\s+)?(?:recommend|suggest)\b"
    r"|\b(?:recommendations?|suggestions?)\s+(?:for|to)\b|\b(?:product|personal(?:i[sz]ed)?)\s+recommendations?\b"
    r"|\b(?:products?|items?|articles?|things?|anything|something|what(?:'s|\s+is)?|which)\s+(?:is\s+|are\s+)?(?:most\s+)?(?:similar\s+to|like\s+the)\b"
    r"|\bsimilar\s+(?:products?|items?|articles?)\b|\b(?:go|goes)\s+(?:well|nicely|best)\s+with\b|\b(?:might|would|could)\s+(?:customer\s+\S+|\w+)\s+(?:also\s+)?like\b"
    r"|(?:给|向|为|帮|替).{0,24}推荐|推荐.{0,8}(?:什么|哪些|哪个|几[个款种]|商品|产品|搭配)|(?:什么|哪些).{0,8}(?:值得|可以|应该)?推荐给"
    r"|(?:类似|相似)的?(?:商品|产品|货品|东西)|[和与跟].{1,40}(?:类似|相似|搭配)"
)
CUE = re.compile(rf"(?i){_ASKED}")
NAME = re.compile(r"^recommend\b")
_THEIR_WORDS = re.compile(
    r"(?i)\b(?:customers|reviewers|buyers|people|users|they|reviews?)\b[^.?]*\b(?:recommend|suggest)|\brecommended\s+by\b|推荐(?:率|人数)|(?:评论|评价|买家|顾客们?)(?:说|里|中|都|会)?.{0,4}推荐(?!什么|哪些)"
)
"""What asks what others recommend: texts, or figures of them."""
FILLER = re.compile(
    r"(?i)^(?:please|show|give|tell|me|us|i|we|you|he|she|they|would|could|should|might|can|do|what|which|who|that|this|is|are|the|a|an|to|for|of|and|or|with|well|nicely"
    r"|best|like|also|else|next|something|anything|things?|products?|items?|articles?|goods|recommend\w*|suggest\w*|similar|goes|go|buy|bought|basket|cart|customer|client|buyer|member"
    r"|user|shopper|number|not|yet|new|already|has|have|had|only|who|bought|most|sell|offer|top|good|ones?)$"
    r"|^[的吗呢请我们给和与跟是多少哪些几会有帮一下看只向为还能可以该顾客户会员推荐什么商品产个类似搭配买过没篮子]+$"
)


class CustomerKey:
    """A customer by the value of the bound column."""

    def value(self, text: str, vocabulary: Vocabulary) -> str:
        """The key as it was written. ``Unreadable``: empty, or longer than any key."""
        if not 1 <= len(text.strip()) <= 64:
            raise Unreadable(text)
        return text.strip()

    def expected(self, language: str) -> str:
        """In words."""
        return "一位顾客的编号" if language == "zh" else "the number of a customer"


def _find_customer(links: Links) -> Said | None:
    match = _PERSON.search(links.question)
    if match is None:
        return None
    key = next(name for name in ("en", "zh", "last") if match[name] is not None)
    return Said(text=match[key], start=match.start(), end=match.end())


def _find_products(links: Links) -> Said | None:
    """Values that are named, without the customer's number, which may be one too."""
    person = _find_customer(links)
    if person is None:
        return find_values(links)
    kept = tuple(m for m in links.mentions if m.end <= person.start or person.end <= m.start)
    return find_values(replace(links, mentions=kept))


CUSTOMER = Parameter(
    name="customer",
    about={"en": "for this customer", "zh": "给这位顾客"},
    kind=CustomerKey(),
    find=_find_customer,
    lead={"en": "to ", "zh": "给"},
)
OF = Parameter(
    name="of",
    about={"en": "for a basket of these products", "zh": "给含这些商品的购物篮"},
    kind=Among(),
    find=_find_products,
    lead={"en": "with ", "zh": "含"},
)
_NOT_AGAIN = re.compile(
    r"(?i)\b(?:not|n't|never)\b[^.?]*\b(?:bought|have|has|own)\b|\bnew\s+to\s+(?:them|him|her)\b|没(?:有)?买过"
)
_AGAIN = re.compile(
    r"(?i)\b(?:including|also|even)\s+(?:what|things?|products?)\b[^.?]*\b(?:already|before)\b"
    r"|\bbuy\s+again\b|再买|复购|包括.{0,6}买过"
)
AGAIN = Parameter(
    name="again",
    about={"en": "also what the customer has bought already", "zh": "也包括顾客已经买过的"},
    kind=Choice(("yes", "no")),
    find=in_words([(_NOT_AGAIN, "no"), (_AGAIN, "yes")]),
)
TOP = Parameter(
    name="top",
    about={"en": "how many products", "zh": "多少个商品"},
    kind=Whole(1, 50),
    find=in_words(
        [
            (re.compile(r"(?i)\b(?:top|recommend|suggest)\s+(\d{1,2})\b"), r"\1"),
            (re.compile(r"(?:前|推荐)(\d{1,2})[个款种件]?"), r"\1"),
        ]
    ),
)
PARAMETERS = (CUSTOMER, OF, AGAIN, TOP)


def claims(understood: Understood) -> Claim | None:
    """What asks to recommend products; not what others recommend, and no name that holds the word."""
    text, links = understood.standalone, understood.links
    if asks_about_a_model(text):
        return None
    cue = CUE.search(text)
    person = _find_customer(links)
    periods = [p for p in links.periods if person is None or p.last <= person.start or person.end <= p.first]
    is_theirs = person is None and _THEIR_WORDS.search(text) is not None
    if cue is None or is_theirs or periods:  # 30号 is a day, but 30号顾客 a customer
        return None
    named = [m for m in links.mentions if m.kind in ("metric", "column", "value")]
    if any(m.start <= cue.start() and cue.end() <= m.end for m in named):
        return None
    is_about = person is not None or any(m.kind == "value" for m in links.mentions)
    speaks_of_products = re.search(
        r"(?i)\b(?:product|item|article|gift|thing|customer|client)|basket|商品|产品|东西|购物篮|顾客|客户|会员",
        text,
    )
    if not is_about and not speaks_of_products and _unknown(links) == ():
        return None
    return Claim(strength=Strength.SAID, reason="cue")


def _unknown(links: Links) -> tuple[str, ...]:
    """Words that may be meant for a product and are none."""
    return tuple(word for word in links.unknown if not FILLER.match(word))
