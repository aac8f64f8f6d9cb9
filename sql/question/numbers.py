"""Numbers in a question, in digits and in words: 1,234.50 and 1.234,50, 1.5k, two dozen, 三百五十, 1万5.

Where both readings of a comma or point are in use: a comma before three figures groups, before one or two it
is the decimal sign; a point groups before 000 and beside a decimal comma, else it is the decimal sign.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from sql.question.words import NUMBER_WORDS, is_chinese

MAX_NUMBER = 1e15
"""Longer ones are no figure of a shop ("1,222,333,444,…" is a list), and floats do not hold them exactly."""


@dataclass(frozen=True, kw_only=True)
class Number:
    """A number that a question names."""

    value: float
    start: int
    end: int
    text: str


def find_numbers(question: str) -> tuple[Number, ...]:
    """The numbers of ``question`` in order of appearance, without overlap.

    >>> [n.value for n in find_numbers("more than one hundred and fifty, under 1.234,50 or 两千三")]
    [150.0, 1234.5, 2300.0]
    """
    found: list[Number] = []
    for number in (*_in_digits(question), *_in_english(question), *_in_chinese(question)):
        is_free = all(number.end <= other.start or number.start >= other.end for other in found)
        if is_free and number.value < MAX_NUMBER:
            found.append(number)
    return tuple(sorted(found, key=lambda n: n.start))


# --- digits ----------------------------------------------------------------------------------------------

_SCALES = {
    "k": 1e3,
    "thousand": 1e3,
    "mn": 1e6,
    "mio": 1e6,
    "million": 1e6,
    "m": 1e6,
    "bn": 1e9,
    "billion": 1e9,
    "w": 1e4,
}
"""A w is typed for 万, in Chinese alone."""
_ZH_UNITS, _ZH_SECTIONS = {"十": 10, "百": 100, "千": 1_000}, {"万": 10_000, "亿": 100_000_000}
_ZH_SCALES = {**_ZH_UNITS, **_ZH_SECTIONS, "百万": 1_000_000, "千万": 10_000_000}
_MONEY = r"[€$£¥￥]|eur|euros?|usd|dollars?|gbp|pounds?|yuan|rmb|元|块"
_DIGITS = re.compile(
    r"(?<![A-Za-z0-9_.])(?P<n>"
    r"\d{1,3}(?:\.\d{3})+,\d+|\d{1,3}(?:[.\s]000)+(?![\d,])|\d{1,3}(?:['’\u00a0\u202f]\d{3})+(?:[.,]\d+)?"
    r"|\d{1,3}(?: \d{3})+(?=\s*(?:€|eur\b|kr\b|zł|kč|chf\b))"
    r"|\d{1,3}(?:,\d{3})+(?!\d)(?:\.\d+)?|\d+,\d{1,2}(?![\d,])|\d+(?:\.\d+)?|(?<!\w)\.\d+)"
    r"(?:\s*(?P<scale>(?:k|w|thousand|mn|mio|million|bn|billion)(?![A-Za-z0-9_])|百万|千万|百(?!分)|[千万亿])"
    rf"|(?P<money>m)(?=\s*(?:{_MONEY})?(?![\w]))"
    r")?(?P<more>(?<=[百千万亿])[1-9](?P<unit>[百千万]?)(?![\d.]))?",
    re.I,
)
_LISTED = re.compile(r"\s*(?:,|\band\b|\bor\b|[和或、])\s*\d", re.I)
_RANGE = re.compile(r"\s*(?:-|–|~|to|and|到|至)\s*", re.I)


def _in_digits(question: str) -> list[Number]:
    found: list[Number] = []
    for m in _DIGITS.finditer(question):
        text, end = m["n"], m.end()
        if re.fullmatch(r"\d+,\d{1,2}", text) and (_LISTED.match(question[m.end() :]) or _follows_list(m)):
            text, end = text.partition(",")[0], m.start() + text.index(",")
            found.append(Number(value=float(text), start=m.start(), end=end, text=text))
            text, start = m["n"].partition(",")[2], end + 1
            found.append(Number(value=float(text), start=start, end=m.end("n"), text=text))
            continue
        value, scale = _digits(text), 1.0
        if m["scale"] in ("w", "W") and not is_chinese(question):
            end = m.end("n")
        elif m["scale"]:
            scale = _SCALES.get(m["scale"].casefold(), 0.0) or float(_ZH_SCALES[m["scale"]])
        elif m["money"]:
            is_money = re.search(rf"(?:{_MONEY})\s*$", question[: m.start()], re.I) or re.match(
                rf"\s*(?:{_MONEY})(?!\w)", question[end:], re.I
            )
            scale, end = (1e6, end) if is_money else (1.0, m.end("n"))
        value *= scale
        if m["more"]:
            value += int(m["more"][0]) * (_ZH_SCALES[m["unit"]] if m["unit"] else scale / 10)
        before = found[-1] if found else None
        shares = before and m["scale"] and before.text.isdecimal() and before.value < value / scale
        if before and shares and _RANGE.fullmatch(question[before.end : m.start()]):  # 10-20k, 1到2万
            found[-1] = replace(before, value=before.value * scale)
        found.append(Number(value=value, start=m.start(), end=end, text=question[m.start() : end].strip()))
    return found


def _digits(text: str) -> float:
    """``text`` of :data:`_DIGITS` as a number."""
    plain = re.sub(r"['’\s]", "", text)
    has_decimal_comma = "," in plain and not re.fullmatch(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?", plain)
    if has_decimal_comma:
        return float(plain.replace(".", "").replace(",", "."))
    return float(re.sub(r"(?<=\d)\.(?=000(?:\.000)*$)", "", plain).replace(",", ""))


def _follows_list(m: re.Match[str]) -> bool:
    return re.search(r"\d\s*,\s*$", m.string[: m.start()]) is not None


# --- English words ---------------------------------------------------------------------------------------

_ONE_WORD = {word: NUMBER_WORDS[word] for word in ("once", "twice")}
_TIMES = {word: NUMBER_WORDS[word] for word in ("hundred", "dozen")}
_BIG = {word: value for word, value in NUMBER_WORDS.items() if value >= 1_000}
_TENS = {word: value for word, value in NUMBER_WORDS.items() if 20 <= value < 100}
_SMALL = {
    word: value for word, value in NUMBER_WORDS.items() if value < 20 and word not in (*_ONE_WORD, *_TIMES)
}
_NAMES = "|".join([*_SMALL, *_TENS, *_TIMES, *_BIG])
_RUN = re.compile(
    rf"\b(?:(?P<half>half\s+an?)\s+(?P<of>hundred|thousand|million|billion|dozen)"
    rf"|(?:an?\s+(?=(?:hundred|thousand|million|billion|dozen)\b))?(?:{_NAMES})"
    rf"(?:(?:[\s-]+|\s+and\s+)(?:{_NAMES}))*(?P<more>\s+and\s+a\s+half)?(?:\s+(?P<scale>thousand|million|billion))?"
    r"|once|twice)\b",
    re.I,
)


def _in_english(question: str) -> Iterator[Number]:
    for m in _RUN.finditer(question):
        if m["half"]:
            yield Number(value=NUMBER_WORDS[m["of"].casefold()] / 2, start=m.start(), end=m.end(), text=m[0])
            continue
        words = [
            (w[0].casefold(), w.start() + m.start(), w.end() + m.start())
            for w in re.finditer(r"[A-Za-z]+", m[0])
        ]
        yield from _numerals(question, words, bool(m["more"]))


def _numerals(question: str, words: list[tuple[str, int, int]], has_half: bool) -> Iterator[Number]:
    """The numbers that a run of number words makes: "twenty five" is one, "five ten" are two."""
    total = current = 0.0
    least = float("inf")
    first = last = -1
    after_and = False

    def made() -> Iterator[Number]:
        if first >= 0:
            yield Number(value=total + current, start=first, end=last, text=question[first:last])

    for word, start, end in words:
        if word == "and":
            after_and = True
            continue
        if word in ("a", "an"):
            first = start if first < 0 else first
            continue
        if word == "half":
            break
        fits = _fits(word, current, total, least, after_and)
        if not fits and first >= 0 and last >= 0:
            yield from made()
            total, current, least, first, last = 0.0, 0.0, float("inf"), -1, -1
        first = start if first < 0 else first
        last, after_and = end, False
        if word in _ONE_WORD:
            current = _ONE_WORD[word]
        elif word in _SMALL or word in _TENS:
            current += _SMALL.get(word, _TENS.get(word, 0))
        elif word in _TIMES:
            current = (current or 1) * _TIMES[word]
        else:
            total, current, least = total + (current or 1) * _BIG[word], 0.0, _BIG[word]
    if has_half and first >= 0:
        current += 0.5
        last = question.casefold().index("half", last) + 4
        scale = re.match(r"\s+(thousand|million|billion)\b", question[last:], re.I)
        if scale:
            current, last = current * _BIG[scale[1].casefold()], last + scale.end()
    yield from made()


def _fits(word: str, current: float, total: float, least: float, after_and: bool) -> bool:
    """Whether a number word goes on with the number before it."""
    if after_and and current % 100 and current < 100:
        return False  # "ten and twenty" are two
    if after_and and not current and not total:
        return False
    if word in _SMALL:
        return current % 10 == 0 and (current % 100 == 0 or (current % 100 >= 20 and _SMALL[word] < 10))
    if word in _TENS:
        return current % 100 == 0
    if word in _TIMES:
        return 0 < current < 100
    return word in _BIG and current > 0 and _BIG[word] < least


# --- Chinese numerals ------------------------------------------------------------------------------------

ZH_DIGITS = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"两": 2, "〇": 0}
_ZH_WHOLE = re.compile(
    r"(?<![几数好第每哪这那上双])(?:[一二两三四五六七八九]?十|[一二两三四五六七八九][百千万亿])[零〇一二两三四五六七八九十百千万亿]*"
)
_ZH_COUNT = re.compile(
    r"(?<![第每哪这那一几])(?<!(?<!倒)数)([二两三四五六七八九十]{1,3})(?=[个名位款种家大件])"
)
_ZH_LED = re.compile(
    r"(前|超过|大于|小于|少于|低于|高于|至少|多于|不到|满|第|top|百分之)\s*([一二两三四五六七八九十百千万亿零〇]+)"
)


def zh_number(text: str) -> int | None:
    """A whole number in digits or Chinese numerals; ``None`` when it is neither.

    >>> [zh_number(t) for t in ("十二", "30", "两百", "十万", "一万两千", "两千三", "一百零五", "一万五")]
    [12, 30, 200, 100000, 12000, 2300, 105, 15000]
    """
    if text.isdecimal():
        return int(text)
    if not text or any(c not in ZH_DIGITS and c not in _ZH_UNITS and c not in _ZH_SECTIONS for c in text):
        return None
    total = section = digit = 0
    unit, is_after_zero = 1, False
    for c in text:
        if c in _ZH_SECTIONS:
            total = (total + section + digit or 1) * _ZH_SECTIONS[c]
            section, digit, unit, is_after_zero = 0, 0, _ZH_SECTIONS[c], False
        elif c in _ZH_UNITS:
            section += (digit or 1) * _ZH_UNITS[c]
            digit, unit, is_after_zero = 0, _ZH_UNITS[c], False
        else:
            digit, is_after_zero = ZH_DIGITS[c], is_after_zero or c in "零〇"
    # 两千三 is 2,300: what stands last counts in tenths of the unit before it
    return total + section + (digit if is_after_zero or unit < 100 else digit * unit // 10)


def _in_chinese(question: str) -> Iterator[Number]:
    for pattern, group in ((_ZH_LED, 2), (_ZH_WHOLE, 0), (_ZH_COUNT, 1)):
        for m in pattern.finditer(question):
            value = zh_number(m[group])
            is_numeral = pattern is not _ZH_WHOLE or len(m[0]) > 1
            if value is not None and is_numeral:
                yield Number(value=float(value), start=m.start(group), end=m.end(group), text=m[group])
