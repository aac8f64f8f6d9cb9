"""The checker over a finished draft: what a sentence promises, counts or names must stand in its source.

A promise (money back, free, a replacement, a warranty, a time) must stand in the words of the source itself: no
value of the database can make one. A number, a date and a product's name may also be those of a fact. The lists
err on the side of finding too much: a sentence that fails is left out and said.
"""
# ruff: noqa: E501

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

_PROMISE = re.compile(
    r"(?i)\b(?:refund\w*|reimburs\w*|compensat\w*|money\s+back|pay\s+(?:you\s+)?back|replac\w*|exchang\w*|repair\w*|free(?:ly)?|gratis|complimentary|no\s+charge|guarante\w*|warrant\w*|promis\w*|assur\w*|voucher\w*|coupon\w*|discount\w*|rebate\w*|credit\w*|gift\w*|bonus\w*|waive\w*|goodwill|full\s+amount|half\s+price|at\s+our\s+(?:cost|expense)"
    r"|today|tonight|tomorrow|monday|tuesday|wednesday|thursday|friday|saturday|sunday|(?:next|this)\s+(?:week|month)|immediately|at\s+once|asap|overnight|express"
    r"|erstatt\w*|rückerstatt\w*|zurückerstatt\w*|geld\s+zurück|kostenlos\w*|kostenfrei\w*|umsonst|ersatz\w*|ersetz\w*|umtausch\w*|garant\w*|gewährleist\w*|versprech\w*|versproch\w*|zusicher\w*|gutschein\w*|gutschrift\w*|gutgeschrieben|rabatt\w*|nachlass|entschädig\w*|schadenersatz|geschenk\w*|reparier\w*|reparatur\w*|heute|morgen|übermorgen|sofort|umgehend|unverzüglich|montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag|nächste\s+woche)\b"
    r"|退款|退钱|返还|返现|赔偿|赔付|补偿|理赔|免费|免单|包邮|保证|承诺|质保|保修|换新|换货|更换|补发|重发|维修|优惠券|代金券|红包|折扣|打折|减免|赠送|礼品|积分|全额|今天|明天|后天|今晚|下周|本周|马上|立即|立刻|尽快到账"
)
_NUMBER_WORD = re.compile(
    r"(?i)\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fourteen|fifteen|twenty|thirty|forty|fifty|sixty|ninety|hundred|thousand|half|double|ein(?:en|em|er|e)?|zwei|drei|vier|fünf|sechs|sieben|acht|neun|zehn|elf|zwölf|vierzehn|zwanzig|dreißig|hundert|tausend|a|an)[\s-]+(?:(?:working|business|werk)[\s-]?)?(?:second|minute|hour|day|week|month|year|time|euro|eur|dollar|pound|percent|per\s+cent|stunde|minute|tag|werktag|woche|monat|jahr|prozent)\w*"
    r"|[零一二两三四五六七八九十百千万半几]+(?:个)?(?:工作日|小时|分钟|天|日|周|星期|月|年|元|块|欧元|美元|倍|折|成)"
)
NUMBER = re.compile(r"\d+(?:[.,:/-]\d+)*")
_SIGNED = re.compile(r"[€$£¥%]")


def promises_in(text: str) -> list[str]:
    """Words that promise something, and times and amounts in words; in small letters."""
    found = (match[0] for way in (_PROMISE, _NUMBER_WORD) for match in way.finditer(text))
    return [" ".join(each.lower().split()) for each in found]


def numbers_in(text: str) -> list[str]:
    """Numbers and dates, and signs of money and shares."""
    return [*NUMBER.findall(text), *_SIGNED.findall(text)]


def unsourced(
    sentence: str, source: str, facts: Iterable[str] = (), products: Iterable[str] = ()
) -> tuple[str, ...]:
    """What of a sentence neither its source nor a fact says; empty where all is sourced.

    Args:
        sentence: as it stands in the draft.
        source: the words of the macro or past reply that it is from, without placeholders.
        facts: what the placeholders were filled with.
        products: names of the shop's products that no other sentence may name.

    >>> unsourced("We refund 20 EUR for free.", "We refund  for free.", ["20 EUR"])
    ()
    >>> unsourced("It is free.", "It is .", ["free"])
    ('free',)
    """
    told = list(facts)
    promises = Counter(promises_in(sentence)) - Counter(promises_in(source))
    known = {number for text in (source, *told) for number in numbers_in(text)}
    numbers = [number for number in numbers_in(sentence) if number not in known]
    names = [name for name in products if _names(sentence, name) and not _is_in(name, [source, *told])]
    return tuple(dict.fromkeys([*promises, *numbers, *names]))


def _names(sentence: str, name: str) -> bool:
    return len(name) > 3 and name.casefold() in sentence.casefold()


def _is_in(name: str, texts: Sequence[str]) -> bool:
    return any(name.casefold() in text.casefold() for text in texts)


_UNFIT = re.compile(
    r"[{}<>\x00-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2066-\u2069]|\]\(|(?i:\b(?:https?|ftp|javascript|data)\s*:|\bwww\.|\S@\S)"
    r"|(?:\w{3}|\d)\.\s+\S|[!?;]\s+\S|[。！？；]\s*\S"
)
LONGEST_VALUE = 120


def is_fit(value: str) -> bool:
    """Whether a value may stand in a draft: short, no sentences, markup, braces or addresses in it."""
    return bool(value.strip()) and len(value) <= LONGEST_VALUE and _UNFIT.search(value) is None
