"""What a question asks of the time between purchases: what the job claims, and its parameter."""

from __future__ import annotations

import re

from bot.job import Claim, Strength, Understood
from bot.parameters import Among, Parameter, find_values
from jobs.not_heard import asks_more

_AGAIN = r"(?:orders|purchases|first\s+and\s+second\s+(?:order|purchase))"
CUE = re.compile(
    rf"(?i)\b(?:time|days?|weeks?|months?|gaps?|intervals?|long)\b.*\bbetween\s+(?:\w+['’]s?\s+|two\s+|the\s+|their\s+|a\s+|an\s+)*(?:customer['’]?s?\s+)?{_AGAIN}\b"
    r"|\b(?:order|purchase|re-?order|re-?purchase)\s+(?:gaps?|intervals?|cycles?)\b"
    r"|(?:购买|下单|复购|回购|订单)的?(?:间隔|周期)|隔(?:多久|多少天|几天)再?(?:次)?(?:下单|购买|买|来买)"
)
NAME = re.compile(r"^order_gaps\b")
ONLY = Parameter(
    name="only",
    about={"en": "only purchases of these values", "zh": "只看这些值的购买"},
    kind=Among(),
    find=find_values,
    lead={"en": "for ", "zh": "只看"},
)
PARAMETERS = (ONLY,)


_KNOWN = re.compile(
    r"(?i)customer|client|buyer|shopper|member|people|order|purchase|day|time|first|second"
    r"|顾客|客户|买家|会员|用户|订单|下单|购买|天"
)
_ONE_FIGURE = re.compile(r"(?i)\b(?:average|mean|median|typical\w*|usual\w*)\b|平均|中位数|一般|通常")


def claims(understood: Understood) -> Claim | None:
    """What speaks of the time between orders as a whole; one figure of it, or of a period, is a figure."""
    text, links = understood.standalone, understood.links
    if CUE.search(text) is None or _ONE_FIGURE.search(text) or links.periods or asks_more(understood, _KNOWN):
        return None
    return Claim(strength=Strength.SAID, reason="cue")
