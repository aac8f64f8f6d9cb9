"""Numbers and addresses of the net that are personal: e-mail, telephone, card, IBAN, papers, accounts, IP.

Check digits are read by ``stdnum``, numbering plans by ``phonenumbers``. A number that no rule proves counts
only beside a word that says what it is, and never behind one that says it is an order's, a parcel's or a
product's.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Sequence

from sql.personal.personal_spans import Kind, Span

BEFORE = 48
"""Characters before a number that may say what it is."""
AFTER = 16

_DIGIT = re.compile(r"\d")
_EMAIL = re.compile(
    r"(?<![\w.+-])[\w](?:[\w.+-]{0,62}[\w])?(?: ?@ ?| ?[\[(](?:at|AT|@)[\])] ?)"
    r"[A-Za-z0-9](?:[\w-]{0,62})"
    r"(?:(?: ?\. ?| ?[\[(](?:dot|DOT|\.)[\])] ?)[A-Za-z0-9][A-Za-z0-9-]{0,62}){0,4}"
    r"(?:\.| ?[\[(](?:dot|DOT|\.)[\])] ?| \. )[A-Za-z]{2,24}(?![A-Za-z0-9])",
    re.ASCII,
)
_EMAIL_WIDE = re.compile(
    r"(?<![A-Za-z0-9_.+-])[^\W_\u3400-\u9fff][\w.+-]{0,62}@[^\W_][\w-]{0,62}(?:\.[^\W_\u3400-\u9fff][A-Za-z0-9-]{0,62}){1,5}"
    r"|(?<![\w.+-])[\u3400-\u9fff]{1,4}@[A-Za-z0-9][A-Za-z0-9-]{0,62}(?:\.[A-Za-z0-9-]{1,62}){1,5}"
)
"""With letters of any script, such as look-alikes."""
_DIGITS = re.compile(
    r"(?<![\w])[+(]{0,2}\d(?:[ \t().\-/·_]{0,3}\d){5,25}(?:[ \t]?(?:x|ext\.?)[ \t]?\d{1,5})?"
)
_HAN_DIGITS = re.compile(r"(?<=[\u3400-\u9fff])[+(]{0,2}\d(?:[ \t().\-/·_]{0,3}\d){5,25}")
"""The same right behind a Chinese word, where nothing parts the two."""
_RESIDENT = re.compile(r"(?<![A-Za-z0-9])\d(?:[ \-]?\d){16}[ \-]?[\dXx](?![A-Za-z0-9])")
_IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2}\d{2}(?:[ -]?[A-Za-z0-9]){10,32}")
_SSN = re.compile(r"(?<![\d-])(\d{3})[- ](\d{2})[- ](\d{4})(?![\d-])")
_NINO = re.compile(
    r"(?<![A-Za-z0-9])(?!BG|GB|NK|KN|TN|NT|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]"
    r" ?\d{2} ?\d{2} ?\d{2} ?[A-D](?![A-Za-z0-9])"
)
_PAPERS = re.compile(
    r"(?:driver'?s? licen[cs]e|passport|social security|national insurance|(?:national |resident |"
    r"identity |personal )"
    r"id(?:entity)?(?: card)?|ssn|护照|驾照|驾驶证|身份证|社保|证件)"
    r"(?: ?(?:number|no\.?|num|card|#|号码|号|编号))*(?: ?(?:is|was|[:：=]|是|为))?\s{0,3}"
    r"(?P<value>(?=[A-Za-z-]{0,4}\d)[A-Za-z0-9](?:[A-Za-z0-9-]{4,20})[A-Za-z0-9])(?![A-Za-z0-9])",
    re.IGNORECASE,
)
_ACCOUNT = re.compile(
    r"(?:微信|VX|薇信|威信|加V|wechat|whatsapp|telegram|instagram|skype|LINE)"
    r"(?:[ \t]?(?:号码|账号|id|ID|号|user(?:name)?|handle))*(?:[ \t]?(?:is|[:：=]|是|为|加))?[ \t]{0,2}"
    r"(?P<value>@?[A-Za-z](?=[A-Za-z0-9_.-]{0,30}[0-9_.@-])[A-Za-z0-9_.-]{3,29}[A-Za-z0-9])(?![A-Za-z0-9@])"
    r"|(?:QQ)(?:号码|号| number)?(?:[ \t]?(?:is|[:：=]|是|为|加))?[ \t]{0,2}"
    r"(?P<qq>[1-9]\d{4,10})(?![A-Za-z0-9])"
    r"|(?:微信号|微信[:：]|wechat(?: id)?(?::|"
    r" is) ?)[ \t]?(?P<named>[A-Za-z][A-Za-z0-9_-]{5,19})(?![A-Za-z0-9@])",
    re.IGNORECASE,
)
_IP4 = re.compile(r"(?<![A-Za-z0-9_.])\d{1,3}(?:\.\d{1,3}){3}(?![A-Za-z0-9_]|\.\d)")
_IP6 = re.compile(r"(?<![A-Za-z0-9_:])(?:[0-9A-Fa-f]{0,4}:){3,7}[0-9A-Fa-f]{1,4}(?![A-Za-z0-9_:])")

_THINGS = re.compile(
    r"(?:\b(?:order|orders|invoice|tracking|track|parcel|package|shipment|consignment|waybill|awb|sku|item|"
    r"product|article|model|serial|ref|reference|ticket|case|batch|lot|ean|upc|gtin|asin|isbn|barcode|"
    r"version|"
    r"firmware|coupon|voucher|receipt|transaction|rma|return|art|part|code|dhl|ups|fedex|hermes|imei)"
    r"|订单|单号|运单|快递|物流|货号|型号|款号|编号|批号|批次|条码|条形码|序列号|发票|流水|券码|优惠码|商品|版本|工单|退货|取件码|验证码)"
    r"[^\n.!?。！？,，;；]{0,14}$",
    re.IGNORECASE,
)
_PHONE_WORD = re.compile(
    r"(?:\b(?:phone|telephone|tel|cell|cellphone|mobile|fax|desk|office|landline|whatsapp|call|calls|"
    r"called|"
    r"calling|ring|dial|text|sms|messages?|reach(?:ed)?|answer(?:ing)?|contact(?:ed)?|registered|"
    r"number is|my number|"
    r"his number|her number|handy|hotline)\b"
    r"|电话|手机|致电|拨打|打给|来电|联系|座机|短信|传真|回电|热线)[^\n.!?。！？]{0,28}$",
    re.IGNORECASE,
)
_PHONE_AFTER = re.compile(
    r"[ \t]{0,2}[-(]?(?:office|fax|mobile|home|cell|work)\b|[ \t]?[（(]?(?:电话|手机|座机)", re.I
)
_CARD_WORD = re.compile(
    r"(?:\b(?:card|cc|visa|mastercard|amex|credit)\b|银行卡|信用卡|卡号|储蓄卡)[^\n.!?。！？]{0,32}$", re.I
)
_MONEY_BEFORE, _MONEY_AFTER = (
    re.compile(r"[$€£¥￥]\s?$"),
    re.compile(r"\s?(?:[$€£¥￥%]|元|块|EUR\b|USD\b|GBP\b)"),
)
_DATE = re.compile(
    r"(?:19|20)\d\d ?[-./] ?\d{1,2} ?[-./] ?\d{1,2}(?!\d)|\d{1,2} ?[-./] ?\d{1,2} ?[-./] ?(?:19|"
    r"20)\d\d(?!\d)"
    r"|(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?!\d)"
)
_CARD = re.compile(
    r"4\d{12}(?:\d{3}(?:\d{3})?)?|5[1-5]\d{14}|2(?:2[2-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}|3[47]\d{13}"
    r"|3(?:0[0-5]|[689]\d)\d{11,13}|35\d{14}|(?:2131|1800)\d{11}|6(?:011|4[4-9]\d|5\d\d)\d{12,15}|"
    r"62\d{14,17}"
    r"|(?:5[06-9]|6\d)\d{10,17}"
)
_MOBILE_CN = re.compile(r"(?:\+?86|0086)?1[3-9]\d{9}")


def numbers(text: str, regions: Sequence[str]) -> Iterator[Span]:
    """Everything personal that is a number or stands at an ``@``, in a folded text; pieces may overlap.

    Args:
        regions: where telephone numbers without a country's code may be from, ISO 3166 alpha-2.
    """
    for pattern in (_EMAIL, _EMAIL_WIDE) if "@" in text or "at" in text or "AT" in text else ():
        yield from (_span(match, "email", 1.0) for match in pattern.finditer(text))
    yield from _accounts(text)
    if _DIGIT.search(text) is None:
        return
    yield from _papers(text)
    yield from _ibans(text)
    yield from _addresses_of_the_net(text)
    for pattern in (_DIGITS, _HAN_DIGITS):
        for match in pattern.finditer(text):
            found = _number(text, match, regions)
            if found is not None:
                yield found


def _span(match: re.Match[str], kind: Kind, confidence: float, group: str | int = 0) -> Span:
    return Span(start=match.start(group), end=match.end(group), kind=kind, confidence=confidence)


def _accounts(text: str) -> Iterator[Span]:
    for match in _ACCOUNT.finditer(text):
        group = next(name for name in ("value", "qq", "named") if match[name])
        yield _span(match, "account", 0.9, group)


def _papers(text: str) -> Iterator[Span]:
    from stdnum.cn import ric
    from stdnum.us import ssn

    for match in _RESIDENT.finditer(text):
        if ric.is_valid(re.sub(r"[ \-]", "", match[0]).upper()):
            yield _span(match, "id", 1.0)
    for match in _SSN.finditer(text):
        if ssn.is_valid("-".join(match.groups())) and not _THINGS.search(_before(text, match.start())):
            yield _span(match, "id", 0.95)
    yield from (_span(match, "id", 0.9) for match in _NINO.finditer(text))
    yield from (_span(match, "id", 0.9, "value") for match in _PAPERS.finditer(text))


def _ibans(text: str) -> Iterator[Span]:
    from stdnum import iban

    for match in _IBAN.finditer(text):
        words = list(re.finditer(r"[A-Za-z0-9]+", match[0]))
        for last in reversed(words):  # what follows it without a mark may read on like it
            if iban.is_valid(match[0][: last.end()]):
                end = match.start() + last.end()
                yield Span(start=match.start(), end=end, kind="iban", confidence=1.0)
                break


def _addresses_of_the_net(text: str) -> Iterator[Span]:
    for pattern in (_IP4, _IP6):
        for match in pattern.finditer(text):
            try:
                address = ipaddress.ip_address(match[0])
            except ValueError:
                continue
            if not address.is_loopback and not _THINGS.search(_before(text, match.start())):
                yield _span(match, "ip", 0.9)


def _before(text: str, start: int) -> str:
    return text[max(0, start - BEFORE) : start]


def _number(text: str, match: re.Match[str], regions: Sequence[str]) -> Span | None:
    """The card or the telephone number that a run of digits is; ``None`` for any other."""
    from stdnum import luhn

    before, after = _before(text, match.start()), text[match.end() : match.end() + AFTER]
    digits = re.sub(r"\D", "", re.split(r"x|ext", match[0])[0])
    if len(digits) > 19:
        return None
    is_thing = bool(_THINGS.search(before)) and not _nearer(_PHONE_WORD, _THINGS, before)
    has_card_word = bool(_CARD_WORD.search(before))
    is_card = luhn.is_valid(digits) and _CARD.fullmatch(digits) is not None
    if is_card and (has_card_word or (not is_thing and len(digits) >= 13)):
        return _span(match, "card", 1.0)
    if (
        13 <= len(digits) <= 19 and has_card_word and not is_thing
    ):  # with a slip of the pen it is a card's too
        return _span(match, "card", 0.8)
    if is_thing or re.match(r"[A-Za-z0-9]", after) or _is_other(match[0], before, after):
        return None
    if _MOBILE_CN.fullmatch(digits) and "/" not in match[0]:
        return _span(match, "phone", 0.95)
    has_word = bool(_PHONE_WORD.search(before) or _PHONE_AFTER.match(after))
    if 6 <= len(digits) <= 15 and has_word and not has_card_word:
        return _span(match, "phone", 0.9)
    if _is_phone(match[0], digits, regions):
        return _span(match, "phone", 0.8)
    return None


def _nearer(one: re.Pattern[str], other: re.Pattern[str], before: str) -> bool:
    """Whether a word of ``one`` stands nearer to the end than one of ``other``."""
    nearest = [max((m.start() for m in _words(each, before)), default=-1) for each in (one, other)]
    return nearest[0] > nearest[1]


def _words(pattern: re.Pattern[str], before: str) -> Iterator[re.Match[str]]:
    for start in range(len(before)):
        match = pattern.match(before, start)
        if match is not None:
            yield match


def _is_other(written: str, before: str, after: str) -> bool:
    """Whether it is money, a day, or a count with its unit."""
    if _MONEY_BEFORE.search(before) or _MONEY_AFTER.match(after):
        return True
    return _DATE.match(written) is not None


def _is_phone(written: str, digits: str, regions: Sequence[str]) -> bool:
    """Whether it is valid by a numbering plan, and written as only telephone numbers are."""
    import phonenumbers

    is_international = written.lstrip("(").startswith("+") or re.match(r"\(?00[1-9]", written) is not None
    parted = re.search(r"\d[ ()\-/.]+\d", written) is not None
    if not is_international and not (
        digits.startswith("0") or "(" in written or (parted and "." not in written)
    ):
        return False
    if not is_international and len(digits) < 8:
        return False
    called = re.sub(r"^\(?00", "+", written) if is_international else written
    for region in (None,) if is_international else tuple(regions):
        try:
            number = phonenumbers.parse(called, region)
        except phonenumbers.NumberParseException:
            continue
        is_meant = phonenumbers.is_possible_number if is_international else phonenumbers.is_valid_number
        if is_meant(number):
            return True
    return False
