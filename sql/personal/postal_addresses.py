"""Postal addresses: the line with the street and its number, and what of place and code follows it.

English in the main; streets of the European languages by the words that they are made with. Chinese ones are
read from the largest place to the door.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from sql.personal.personal_spans import Span

_WORD = r"[^\W\d_][\w'.-]{0,30}"
_NAME = rf"(?!(?:on|at|in|to|is|the|of|from|and|for|my|our|near|lives|located|live)\b){_WORD}"
_STREETS = (
    r"street|st|avenue|ave|av|road|rd|lane|ln|drive|dr|court|ct|place|pl|square|sq|squares|streets|"
    r"boulevard|blvd|"
    r"way|terrace|close|crescent|highway|hwy|parkway|pkwy|circle|cir|trail|alley|row|mews|quay|gardens|"
    r"grove|"
    r"parade|loop|turnpike|esplanade|broadway|bypass|freeway|mount|common"
)
_BEFORE_NAME = (
    r"via|viale|vicolo|piazza|corso|rue|boulevard|avenue|chemin|place|calle|avenida|av\.|plaza|paseo|rua|"
    r"praceta|travessa|largo|ul\.|ulica|al\.|os\.|ulitsa|ulice|c/|rambla|carrera|strada|quai"
)
_MADE_WITH = (
    r"stra(?:ß|ss)en?|str\.|weg|platz|gasse|allee|ufer|damm|markt|berg|vej|gade|stræde|v[äa]g(?:en)?|"
    r"gat(?:an|a)|"
    r"gränd|veien?|gate|gata|stien|katu|tie|kuja|polku|polun|utca|út(?:ja)?|u\.|tér|straat|laan|plein|"
    r"dreef|kade|steenweg|"
    r"stræti|vegur|braut|ulica|ulice|ská|ova|náměstí|tänav|tee|iela|gatvė"
)
_DOOR = (
    r"(?:apt|apartment|suite|ste|unit|flat|floor|room|rm|bldg|building|dept|p\.? ?o\.? ?box|po box|box)"
    r"\.? ?#?[ \t]?[A-Za-z]?\d{1,6}[A-Za-z]?\b"
)
_NUMBER = r"\d{1,6}(?:[-/]\d{1,4})?[A-Za-z]?"
_CORES = (
    rf"(?<![\w.])(?:{_NUMBER}[ \t]+){{1,2}}(?:{_NAME}[ \t]+){{1,4}}?(?:{_STREETS})\b\.?",
    rf"(?<![\w.])(?:\d{{3,6}}[ \t]+)?(?:{_NAME}[ \t]+){{0,2}}(?:{_WORD}?)?(?:{_MADE_WITH})"
    rf"[ \t]+{_NUMBER}(?![\w%€$])",
    rf"(?<![\w.])(?:{_NUMBER}[ \t,]+){{0,2}}(?:{_BEFORE_NAME})[ \t]+(?:{_WORD}[ \t,]+){{0,3}}"
    rf"{_WORD},?[ \t]+{_NUMBER}(?!\w)",
    rf"(?<![\w.])\d{{1,5}}[ \t,]+(?:{_BEFORE_NAME})[ \t]+(?:{_WORD}[ \t]+){{0,3}}[^\W\d_a-z]{_WORD}",
    rf"\b{_DOOR}",
    r"\b(?:[AFD]PO|PSC \d{1,5}|CMR \d{1,5})[, ]+(?:A[AEP][ \t]+\d{5}|box \d{1,5})",
)
_CORE = tuple(re.compile(core, re.IGNORECASE) for core in _CORES)
_CASED = (
    re.compile(
        rf"(?<![\w.#])\d{{3,6}}[ \t]+(?:[^\W\d_a-z]{_WORD}[ \t]+){{1,3}}\d{{1,5}}(?=[,\n.?!]|$|"
        rf"[ \t]+(?:Apt|Suite))"
    ),
    re.compile(
        rf"\b[Tt]he corner of (?:[^\W\d_a-z]{_WORD} |\d{{1,5}} |ul\. |rue |"
        rf"de ){{1,5}}and (?:[^\W\d_a-z]{_WORD} ?|\d{{1,5}} ?){{1,5}}"
    ),
)
"""Told by capitals and numbers."""
_ORDERED = re.compile(r"\b(?:order|item|model|no|number|product|invoice|ref|sku)[ .:#]*$", re.IGNORECASE)
_TOLD = re.compile(
    r"(?:\baddress(?:es)?(?: (?:is|to|with|below|following))?|\b(?:ship|send|sent|deliver|delivered|post|"
    r"return|forward|move|moved|taxi)"
    r"(?: (?:it|them|this|that|one|back|the \w+))? to|\b(?:lives?|lived|living|located|reside|resides|"
    r"meet(?:ing)?(?: me)?|office is|"
    r"restaurant is|stop|drops you off|arrived|validate the following)"
    r"[^\n.?!]{0,16} (?:at|on|in|of|to)|\bat the corner of|\benter on|\bstation is on)"
    r"[ \t]*(?:same|following)?[:?]?\s{0,4}(?:it is |here they are: )?$",
    re.IGNORECASE,
)
_LOOSE = (
    re.compile(
        rf"(?<![\w.]){_NUMBER}[ \t]+(?:(?:{_NUMBER}[ \t]+)?(?:[^\W\d_a-z]{_WORD}[ \t]+){{0,3}}"
        rf"[^\W\d_a-z]{_WORD}|{_WORD})"
        rf"(?:[ \t]+{_NUMBER}(?!\w))?"
    ),
    re.compile(rf"(?<!\w)[^\W\d_a-z]{_WORD}(?:[ \t]+{_WORD}){{0,2}}[ \t]+{_NUMBER}(?![\w%])"),
)
_GAP = r"(?:[ \t]*[,\n][> \t?,]*|[ \t]+)"
_REST = re.compile(
    rf"{_GAP}(?:{_DOOR}|{_NUMBER}(?![\w.])[ \t]*,?|nan\b|[A-Z]{{2,3}}\b|\d{{4,6}}(?:-\d{{3,4}})?\b"
    rf"|[A-Z]{{1,2}}\d[A-Z\d]? ?\d[A-Z]{{2}}\b)",
    re.IGNORECASE,
)
_PLACE = re.compile(
    rf"[ \t]*[,\n][> \t?,]*(?:[^\W\d_a-z]{_WORD}[ \t]*|\([^)\n]{{2,30}}\)[ \t]*|(?:of|de|da|am|an|der|la|"
    rf"el)[ \t]+){{1,4}}"
)
_CITY = re.compile(rf"{_GAP}(?:[A-Z]{{1,2}}-)?\d{{4,6}}[ \t]+[^\W\d_a-z]{_WORD}(?:[ -][^\W\d_a-z]{_WORD})?")
_POSTCODE_UK = re.compile(r"(?<![A-Za-z0-9])[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2}(?![A-Za-z0-9])")
_STATE_ZIP = re.compile(
    r"(?<!\w)(?:A[KLRZ]|C[AOT]|D[CE]|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]|O[HKR]|PA|RI|"
    r"S[CD]|T[NX]|UT|V[AT]|W[AIVY])"
    r" \d{5}(?:-\d{4})?(?!\w)"
)
_CODE = re.compile(
    r"(?:\bzip(?:[ -]?code)?|\bpost(?:al)?[ -]?code|\bplz|邮编|邮政编码)(?: is|"
    r" was)?[ \t]*[:：是为]?[ \t]*"
    r"(?P<code>\d[\d-]{1,9}\d|\d{3} \d{2}(?!\d)|[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2})",
    re.IGNORECASE,
)
_NOT_STREET = re.compile(
    r"(?:\b(?:years?|months?|days?|weeks?|hours?|minutes?|stars?|times|pieces?|items?|units?|pcs|cm|mm|"
    r"kg|inch(?:es)?|"
    r"euros?|dollars?|usd|eur|percent|of|in|the|and|or|a|to|is|was|from|for|by|on|at|this|that|it|with|"
    r"per|out|"
    r"january|february|march|april|may|june|july|august|september|october|november|december)\b)",
    re.IGNORECASE,
)

_PROVINCES = (
    "北京|天津|上海|重庆|河北|山西|辽宁|吉林|黑龙江|江苏|浙江|安徽|福建|江西|山东|河南|湖北|湖南|广东|海南|四川|贵州|云南|陕西|"
    "甘肃|青海|台湾|内蒙古|广西|西藏|宁夏|新疆|香港|澳门"
)
_HAN = r"\u3400-\u9fff"
_LEADS = (
    "请寄到|寄往|寄到|送到|发到|改成|改为|改到|地址|住在|搬到|位于|收货|到|在|是|为|至|往|我家|"
    "公司|换成|更新为|填的|发往|写成|写的|"
    "家住|住"
)
_CHINESE = re.compile(
    rf"(?:(?:{_PROVINCES})(?:省|市|自治区|壮族自治区|回族自治区|维吾尔自治区)?)?"
    rf"(?:[{_HAN}]{{2,6}}?(?:市|自治州|地区|盟))?(?:[{_HAN}]{{1,5}}?(?:区|县|旗|市))?(?:[{_HAN}]{{1,6}}?(?:镇|乡|街道|"
    rf"新区))?"
    rf"[{_HAN}A-Za-z0-9]{{1,10}}?"
    rf"(?:(?:大街|大道|路|街|道|巷|弄|胡同|里|村|小区|花园|新村|苑|家园|公寓|大厦|广场|城)[{_HAN}A-Za-z]{{0,8}}?)"
    rf"(?:[东西南北中]?(?:[0-9一二三四五六七八九十百]{{1,6}}|[A-Za-z][0-9]{{0,3}})\s?(?:号楼|号院|号|弄|栋|幢|座|单元|层|楼|室|户|村|"
    rf"组)[{_HAN}]{{0,8}}?){{1,5}}"
    rf"(?:[0-9]{{2,5}}(?:室)?)?"
)
_CHINESE_AREA = re.compile(
    rf"(?:{_PROVINCES})(?:省|市|自治区)?[{_HAN}]{{0,7}}?(?:市|区|县|自治州)[{_HAN}]{{1,7}}?(?:区|县|镇|街道|路|街|大道|村|小区|花园)"
)
_LEADING = re.compile(rf"^.*?(?:{_LEADS})(?=[{_HAN}]{{3}})")


def addresses(text: str) -> Iterator[Span]:
    """The addresses of a folded text; pieces may overlap."""
    if re.search(rf"[{_HAN}]", text):
        yield from _chinese(text)
    if re.search(r"\d|corner of", text) is None:
        return
    for match in _CODE.finditer(text):
        yield Span(start=match.start("code"), end=match.end("code"), kind="address", confidence=0.85)
    for pattern in (_POSTCODE_UK, _STATE_ZIP):
        for match in pattern.finditer(text):
            yield Span(start=match.start(), end=match.end(), kind="address", confidence=0.8)
    for pattern in _CORE:
        for match in pattern.finditer(text):
            if not _NOT_STREET.search(match[0]):
                yield _whole(text, match.start(), match.end(), 0.85)
    for pattern in _CASED:
        for match in pattern.finditer(text):
            if not _ORDERED.search(text[max(0, match.start() - 16) : match.start()]):
                yield _whole(text, match.start(), match.end(), 0.75)
    for pattern in _LOOSE:
        for match in pattern.finditer(text):
            before = text[max(0, match.start() - 64) : match.start()]
            if _TOLD.search(before) and not _NOT_STREET.search(match[0]):
                yield _whole(text, match.start(), match.end(), 0.7)
    yield from _blocks(text)


_BLOCK = re.compile(
    r"(?:^|\n)[> \t?]{0,6}(?P<line>\d{3,6}[ \t]+\S[^\n]{2,60})(?=\n[> \t?]{0,5}(?:apt|suite|[^\W\d_]))",
    re.IGNORECASE,
)
_POSTAL_END = re.compile(rf"\n[> \t?]{{0,5}}(?:{_WORD}[ \t]+){{1,4}}(?P<code>\d{{3,6}})(?=\.?\s*(?:\n|$))")


def _blocks(text: str) -> Iterator[Span]:
    """Addresses as they stand on letters: lines of their own, a number first, a place and a code last."""
    if "\n" not in text:
        return
    for match in _BLOCK.finditer(text):
        if re.search(r"[^\W\d_]{2}", match["line"]):
            yield _whole(text, match.start("line"), match.end("line"), 0.75)
    for match in _POSTAL_END.finditer(text):
        if re.search(_DOOR, text[max(0, match.start() - 80) : match.start()], re.IGNORECASE):
            yield Span(start=match.start("code"), end=match.end("code"), kind="address", confidence=0.75)


def _whole(text: str, start: int, end: int, confidence: float) -> Span:
    """An address with what belongs to it behind the street: door, place, state, code, country."""
    most = end + 120
    while end < most:
        match = _CITY.match(text, end) or _REST.match(text, end) or _PLACE.match(text, end)
        if match is None or match.end() > most or match.end() == end:
            break
        end = match.end()
    while end > start and text[end - 1] in " \t\n,>?":
        end -= 1
    return Span(start=start, end=end, kind="address", confidence=confidence)


def _chinese(text: str) -> Iterator[Span]:
    for pattern, confidence in ((_CHINESE, 0.85), (_CHINESE_AREA, 0.7)):
        for match in pattern.finditer(text):
            lead = _LEADING.match(match[0])
            start = match.start() + (lead.end() if lead else 0)
            yield Span(start=start, end=match.end(), kind="address", confidence=confidence)
