"""What a question asks of the time between purchases: what the job claims, and its parameter."""

from __future__ import annotations

import re

from bot.job import Claim, Strength, Understood
from bot.parameters import Among, Parameter, find_values

_AGAIN = r"(?:orders|purchases|first\s+and\s+second\s+(?:order|purchase))"
CUE = re.compile(
    rf"(?i)\b(?:time|days?|weeks?|months?|gaps?|intervals?|long)\b.*\bbetween\s+(?:\w+['’]s?\s+|two\s+|the\s+|their\s+|a\s+|an\s+)*(?:customer['’]?s?\s+)?{_AGAIN}\b"
    r"|\b(?:order|purchase|re-?order|re-?purchase)\s+(?:gaps?|intervals?|cycles?)\b"
    r"|(?:购买|下单|复购|回购|订单)的?(?:间隔|周期)|隔(?:多久|多少天|几天)再?(?:次)?(?:下单|购买|买|来买)"
)
ONLY = Parameter(
    name="only",
    about={"en": "only purchases of these values", "zh": "只看这些值的购买"},
    kind=Among(),
    find=find_values,
    lead={"en": "for ", "zh": "只看"},
)
PARAMETERS = (ONLY,)


def claims(understood: Understood) -> Claim | None:
    """What speaks of the time between orders."""
    return Claim(strength=Strength.SAID, reason="cue") if CUE.search(understood.standalone) else None
