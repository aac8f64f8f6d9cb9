"""Numbers of which only the end is told: 尾号0091, "a number ending 017"; mostly a telephone's."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sql.semantics import ViewColumn

_END = re.compile(
    r"尾号(?:是|为|的?是)?\s*(\d{2,8})(?!\d)|(?<!\d)(\d{2,8})\s*结尾"
    r"|\b(?:end(?:s|ing|ed)?|finish(?:es|ing)?)(?: (?:in|with|on))?\s*#?(\d{3,8})\b(?![-/.]\d)"
    r"|\blast (?:\w+ )?(?:digits|numbers)(?: (?:are|is|were))?:?\s*(\d{2,8})\b",
    re.I,
)
_OF_OTHERS = re.compile(
    r"(?:\b(?:orders?|cards?|invoices?|accounts?|parcels?|tracking|sku|item|price|year|week|month|quarter|period|day|receipts?|vouchers?)\b"
    r"|订单|单号|卡|发票|账号|快递|货号|运单)[^,.;?，。；？]{0,12}$",
    re.I,
)
"""What has numbers of its own that stands just before."""
IS_PHONE = re.compile(r"\b(?:phone|telephone|mobile|cell)\b|电话|手机")
"""What a column of telephone numbers is called."""


def holds_phones(column: ViewColumn) -> bool:
    """Whether a column is called one of telephone numbers."""
    called = " ".join([column.name.replace("_", " "), *column.synonyms])
    return column.type == "text" and IS_PHONE.search(called.lower()) is not None


@dataclass(frozen=True, kw_only=True)
class NumberEnd:
    """The end of a number, where a question tells no more of it."""

    digits: str
    start: int
    end: int
    """Exclusive."""
    is_phone: bool
    """Whether it may be a telephone's: the question says of nothing else that it is its number."""


def number_end(question: str) -> NumberEnd | None:
    """The end of a number that the question names; ``None`` where it names none."""
    match = _END.search(question)
    if match is None:
        return None
    digits = next(group for group in match.groups() if group)
    is_phone = _OF_OTHERS.search(question[: match.start()]) is None or bool(IS_PHONE.search(question))
    return NumberEnd(digits=digits, start=match.start(), end=match.end(), is_phone=is_phone)
