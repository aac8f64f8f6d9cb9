"""What the state of an order says of its delivery, in whatever words a shop keeps it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

Way = Literal["delivered", "off", "open"]
"""It has come; it will not come; neither is said."""

_OFF = re.compile(
    r"cancel|\bvoid|fail|declin|reject|refunded|returned|expired|abandon|取消|交易关闭|订单关闭|失败|作废|拒收|已退",
    re.IGNORECASE,
)
_COME = re.compile(
    r"^(?!.*(?:not|un|part|未|没|部分)).*(?:\bdelivered|\bcomplete|\barrived|\bfinished|\bdone\b|签收|送达|妥投|已收货|完成|交易成功)",
    re.IGNORECASE,
)
_CODE = re.compile(r"[\W\d_]*|.{1,3}", re.DOTALL)
"""A state that says nothing by itself, so that the words which the shop gives for it count."""


def way_of(state: str, words: Sequence[str]) -> Way:
    """What a state says.

    Args:
        words: other words for it, from the shop's description.

    >>> way_of("Canceled", ()), way_of("3", ("shipped", "已发货")), way_of("not delivered", ())
    ('off', 'open', 'open')
    """
    for text in words if _CODE.fullmatch(state) and words else (state,):
        if _OFF.search(text):
            return "off"
        if _COME.search(text):
            return "delivered"
    return "open"
