"""Numbers of which only the end is told: 尾号0091, "a number ending 017"; mostly a telephone's."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sql.semantics import ViewColumn

_END = re.compile(
    r"尾号(?:是|为|的?是)?\s*(\d{3,8})(?!\d)|(?<!\d)(\d{3,8})\s*结尾"
    r"|\b(?:ending|ends|ended|finishing|finishes)(?: (?:in|with|on))?\s*#?(\d{3,8})\b(?![-/.]\d)"
    r"|\blast (?:\w+ )?(?:digits|numbers)(?: (?:are|is|were))?:?\s*(\d{3,8})\b",
    re.I,
)
_YEAR = re.compile(r"(?:19|20)\d\d")
_OF_OTHERS = re.compile(
    r"(?:\b(?:orders?|cards?|visa|mastercard|amex|invoices?|accounts?|parcels?|tracking|skus?|barcodes?|models?|items?"
    r"|products?|prices?|zip|postcodes?|postal|codes?|members?|ids?|serials?|batch\w*|subscriptions?|contracts?|years?"
    r"|weeks?|months?|quarters?|periods?|days?|receipts?|vouchers?|coupons?)\b"
    r"|订单|单号|卡|发票|账号|快递|货号|运单|身份证|会员号|条码|批号|编号|型号|车牌)[^,.;?，。；？]{0,24}$",
    re.I,
)
"""What has numbers of its own that stands before."""
_OF_A_PHONE = re.compile(
    r"\b(?:phone|telephone|mobile|cell|call(?:er|ed|s)?|rang|ringing)\b|电话|手机|来电", re.I
)
"""Words by which a number is a telephone's."""
_CALLED_PHONE = re.compile(
    r"\b(?:phone|telephone|tel|mobile|cell|cellphone|mobile phone)(?: (?:number|no|nr|num))?$"
    r"|(?:电话|手机|联系方式)(?:号码?)?$"
)
"""What a column of telephone numbers is called."""


def is_called_phone(name: str) -> bool:
    """Whether a name, in words, is that of telephone numbers: no ``mobile os``."""
    return _CALLED_PHONE.search(name.lower()) is not None


def holds_phones(column: ViewColumn) -> bool:
    """Whether a column is called one of telephone numbers."""
    called = [column.name.replace("_", " "), *column.synonyms]
    return column.type == "text" and any(map(is_called_phone, called))


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
    is_named = _OF_A_PHONE.search(question) is not None
    is_of_others = _OF_OTHERS.search(question[: match.start()]) is not None
    is_phone = is_named or not (is_of_others or _YEAR.fullmatch(digits))
    return NumberEnd(digits=digits, start=match.start(), end=match.end(), is_phone=is_phone)
