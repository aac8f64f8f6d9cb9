"""What a question says that a statement may repeat: stretches of its words, its numbers, its periods."""

from __future__ import annotations

import datetime as dt
import itertools
import re

from sql.question.linking import Links, chinese_words
from sql.question.numbers import zh_number
from sql.question.words import NUMBER_WORDS, STOP_WORDS, WORD, ZH_SHAPE, ZH_STOP, is_chinese, stem

MAX_WORDS = 6
"""Longest stretch of the question, in words, that may be a value."""
MAX_CHINESE_WORDS = 3
_MAX_NUMBER = 1e12
_DIGITS = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?")
_IN_WORDS = {
    "half": 0.5,
    "third": 1 / 3,
    "quarter": 0.25,
    "fifth": 0.2,
    "tenth": 0.1,
    "hundredth": 0.01,
    "once": 1.0,
    "twice": 2.0,
    "double": 2.0,
    "triple": 3.0,
    "dozen": 12.0,
    "fortnight": 14.0,
    "一半": 0.5,
    "半价": 0.5,
    "俩": 2.0,
    "仨": 3.0,
    "双倍": 2.0,
}
_WORD = re.compile(r"[A-Za-z]+|一半|半价|双倍|[俩仨]|[零一二两三四五六七八九十百千万亿]+")
_TENTHS = re.compile(r"([一二两三四五六七八九])成(半)?")
_LENGTH = re.compile(
    r"(?<![\w.])(\d{1,4}|an?|one|two|three|four|five|six|eight|ten|twelve|half an?)\s+"
    r"(week|month|year|hour|day|minute|min)s?\b"
    r"|(\d{1,4}|[一二两三四五六七八九十半]+)个?(周|星期|礼拜|月|年|小时|天|日|分钟)",
    re.I,
)
_UNITS = {"周": "week", "星期": "week", "礼拜": "week", "月": "month", "年": "year", "小时": "hour"}
_UNITS |= {"天": "day", "日": "day", "分钟": "minute", "min": "minute"}
_AS_COLUMNS_HOLD_IT = {
    "minute": (60,),
    "hour": (1 / 24, 1, 60, 3600),
    "day": (1, 24),
    "week": (7, 168),
    "month": (30, 720),
    "year": (365, 8760, 12),
}
"""A length of time in the units that columns hold: days and hours; of minutes seconds, of years months."""
_WEIGHT = re.compile(
    r"(\d+(?:\.\d+)?|[一二两三四五六七八九十半]+)\s*(?:(kg|kilos?|公斤|千克|升|l(?:itres?|iters?)?)|(斤))(?![a-z])",
    re.I,
)
"""Of which columns hold grams and millilitres."""
_MILLIONS = re.compile(r"(?<![\w.])(\d+(?:\.\d+)?)m\b", re.I)
_OFF = re.compile(r"([一二三四五六七八九1-9])[.点]?([一二三四五六七八九1-9])?\s*折")
_FRACTION = re.compile(r"(?<![\d/.])([1-9])/([2-9]|10)(?![\d/.])")
_EQUAL_GROUPS = {"tercile": 3, "quartile": 4, "quintile": 5, "decile": 10, "tenth": 10, "fifth": 5}
_GROUP_WORD = re.compile(rf"\b({'|'.join(_EQUAL_GROUPS)})s?\b", re.I)
_DECADES = {"fifties": 50, "sixties": 60, "seventies": 70, "eighties": 80, "nineties": 90}
_DECADE = re.compile(
    rf"\b(?:19)?([5-9]0)'?s\b|\b({'|'.join(_DECADES)})\b|(?:19)?([5-9]0|[五六七八九][零十])(?:后|年代)", re.I
)
_BELOW_ZERO = re.compile(
    r"(?:(?<![\d\s])\s+|^|[(（,，:：]|(?<![年月日号到至])(?<=[\u4e00-\u9fff]))[-−](\d+(?:\.\d+)?)(?![\d-])"
    r"|\bminus (\d+(?:\.\d+)?)\b|负(\d+)"
)
_PLURAL = re.compile(r"[A-Za-z]{3,}s")
_HALF_MORE = re.compile(r"(\d{1,4}|[一二两三四五六七八九十]+)个半|\b(\d{1,4}) and a half\b", re.I)
_AFTER_NOON = re.compile(
    r"\b(\d{1,2})(?:[:.]00)?(?: o'clock)?\s*(?:pm\b|p\.m\.|at night|in the (?:evening|afternoon))"
    r"|(?:下午|晚上?|傍晚|夜里|午后)(\d{1,2}|[一二两三四五六七八九十]+)点",
    re.I,
)
_PERCENT = re.compile(r"%|％|per ?cent|\bpct\b|百分", re.I)


def question_stretches(question: str) -> list[str]:
    """Stretches of up to ``MAX_WORDS`` words that begin and end with a telling one, and quoted texts."""
    found: dict[str, None] = {}
    for m in re.finditer(r"[\"“「'‘]([^\"”」'’]{1,80})[\"”」'’]", question):
        found[m[1].strip()] = None
    spans = [(m.start(), m.end()) for m in WORD.finditer(question)]
    for first in range(len(spans)):
        for last in range(first, min(first + MAX_WORDS, len(spans))):
            text = question[spans[first][0] : spans[last][1]]
            ends = (question[slice(*spans[first])], question[slice(*spans[last])])
            is_telling = all(w.casefold() not in STOP_WORDS or (len(w) == 1 and w.isupper()) for w in ends)
            if len(text) <= 80 and (is_chinese(text) or is_telling):
                found[text] = None
                if question[: spans[first][0]].endswith("#"):  # orders may be called #1042
                    found[f"#{text}"] = None
                if _PLURAL.fullmatch(ends[1]):  # candles are called Pine Candle
                    found[text.removesuffix(ends[1]) + stem(ends[1])] = None
    for m in _WITH_SIGN.finditer(question):
        found[m[1]] = None
    return [*_chinese_stretches(question), *found]


_WITH_SIGN = re.compile(r"[带含有叫](?:[“\"‘'「])?([\u4e00-\u9fff]{1,4})(?:[”\"’'」])?(?:这个|一个)?字")
"""A single sign that names have: 带杯字的商品."""
_CODE_BEHIND, _CODE_BEFORE = (
    re.compile(r"[A-Za-z0-9]+(?![\u4e00-\u9fff]*[年月日号])"),
    re.compile(r"[A-Za-z0-9]+$"),
)


def _chinese_stretches(question: str) -> list[str]:
    """Up to three words on end, the shortest first: no space says where a Chinese value begins and ends."""
    words = chinese_words(question)
    found: dict[str, None] = {}
    for count in range(1, MAX_CHINESE_WORDS + 1):
        for n in range(len(words) - count + 1):
            some = words[n : n + count]
            is_whole = all(a[2] == b[1] for a, b in itertools.pairwise(some))
            ends = {some[0][0], some[-1][0]}
            if is_whole and not ends & (ZH_STOP | ZH_SHAPE):
                start, end = some[0][1], some[-1][2]
                found[question[start:end]] = None
                # 小汤圆576, 8424西瓜: letters and digits on end belong to a name
                behind, before = _CODE_BEHIND.match(question, end), _CODE_BEFORE.search(question[:start])
                found |= {question[start : behind.end()]: None} if behind else {}
                found |= {question[before.start() : end]: None} if before else {}
    return list(found)


def numbers_in(links: Links) -> tuple[float, ...]:
    """The numbers that a question names, in digits or in words; with "percent" their hundredths too."""
    found = [number.value for number in links.numbers]
    found += [float(m[0].replace(",", "")) for m in _DIGITS.finditer(links.question)]
    for m in _WORD.finditer(links.question):
        word = m[0].casefold()
        value = _IN_WORDS.get(word, NUMBER_WORDS.get(word, zh_number(word)))
        if value is not None:
            found.append(float(value))
    for m in _TENTHS.finditer(links.question):
        found.append((zh_number(m[1]) or 0) / 10 + (0.05 if m[2] else 0.0))
    found += _lengths(links.question)
    found += [_EQUAL_GROUPS[m[1].casefold()] for m in _GROUP_WORD.finditer(links.question)]
    found += [year for m in _DECADE.finditer(links.question) for year in _years_of(m)]
    found += [value * 1_000_000 for value in _said(_MILLIONS, links.question)]
    found += _weights(links.question)
    found += [part for m in _OFF.finditer(links.question) for part in _price_left(m)]
    found += [int(m[1]) / int(m[2]) for m in _FRACTION.finditer(links.question)]
    found += [-value for value in _said(_BELOW_ZERO, links.question)]
    found += [value + 0.5 for value in _said(_HALF_MORE, links.question)]
    found += [value + 12 for value in _said(_AFTER_NOON, links.question) if value < 12]
    if _PERCENT.search(links.question):
        found = [each for value in found for each in (value, round(value / 100, 6))]
    return tuple(dict.fromkeys(round(value, 6) for value in found if value < _MAX_NUMBER))


def _said(pattern: re.Pattern[str], question: str) -> list[float]:
    """The numbers, in digits or Chinese signs, that a pattern's groups hold."""
    words = [next(filter(None, m.groups())) for m in pattern.finditer(question)]
    values = [float(word) if word[0].isdecimal() else zh_number(word) for word in words]
    return [float(value) for value in values if value is not None]


def _lengths(question: str) -> list[float]:
    """Lengths of time as columns and DAYS hold them: "within a week" is 7 days, two years are 24 months."""
    found = []
    for m in _LENGTH.finditer(question):
        word, unit = (m[1] or m[3]).casefold(), (m[2] or m[4]).casefold()
        count = 0.5 if word in ("半", "half a", "half an") else 1.0 if word in ("a", "an") else None
        count = count or (float(word) if word.isdecimal() else NUMBER_WORDS.get(word, zh_number(word)))
        if count is None:
            continue
        lengths = [count * each for each in _AS_COLUMNS_HOLD_IT[_UNITS.get(unit, unit)]]
        found += [value for value in lengths if value >= 1 and value == int(value)]
    return found


def _weights(question: str) -> list[float]:
    found = []
    for m in _WEIGHT.finditer(question):
        count = 0.5 if m[1] == "半" else float(m[1]) if m[1][0].isdecimal() else zh_number(m[1])
        found += [count * (500.0 if m[3] else 1000.0)] if count else []
    return found


def _price_left(off: re.Match[str]) -> tuple[float, float]:
    """七折 leaves 0.7 of a price and takes 0.3; 八五折 leaves 0.85."""
    tens, ones = (zh_number(sign) or 0 for sign in (off[1], off[2] or "零"))
    left = round(tens / 10 + ones / 100, 2)
    return left, round(1 - left, 2)


def _years_of(decade: re.Match[str]) -> tuple[float, float]:
    """The first and last year of the eighties."""
    word = next(filter(None, decade.groups())).casefold()
    first = _DECADES.get(word) or zh_number(word.replace("零", "十")) or int(word)
    return 1900.0 + first, 1909.0 + first


def mask(links: Links, *, names: bool = True) -> str:
    """The question with periods, values and (if ``names``) linked names blanked out, of the same length."""
    letters = list(links.question)
    spans = [(m.start, m.end) for m in links.mentions if names or m.kind == "value"]
    spans += [(p.first, p.last) for p in links.periods]
    for start, end in spans:
        letters[start:end] = " " * (end - start)
    return "".join(letters)


def days_in(links: Links) -> tuple[dt.date, ...]:
    """The first and the next day of each period that a question names; of decades the first and last day."""
    found = [day for p in links.periods for day in (p.start, p.end)]
    for m in _DECADE.finditer(links.question):
        first, last = _years_of(m)
        found += [dt.date(int(first), 1, 1), dt.date(int(last), 12, 31), dt.date(int(last) + 1, 1, 1)]
    return tuple(dict.fromkeys(day for day in found if 1 < day.year < 9999))
