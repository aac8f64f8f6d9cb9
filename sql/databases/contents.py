"""What a text column really holds: dates in every usual order, numbers with commas and currency signs.

:func:`read_texts` decides from values, :func:`expression` writes the value that is meant in a database's SQL.
A date whose day and month cannot be told apart (03/05/2026, no day above 12 anywhere) is read day first and
said to be unsure. Codes with leading zeros, and anything that a value in the column contradicts, stay texts.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sql.names import literal, quoted
from sql.types import Dialect

Order = Literal["ymd", "dmy", "mdy"]

EMPTY = ("", "-", "--", "na", "n/a", "#n/a", "null", "none", "nan", "nil", "无", "空", "未知")
"""Texts that stand for no value, in lower case."""
WHOLE_FIGURES, BROKEN_FIGURES = 14, 4
"""Figures before and behind the comma that an exact number has at most."""
CODE_FIGURES = 5
"""Figures from which values of one length are codes and no amounts."""
LEAST = 3
"""Different values that a decision needs."""

_TIME = (
    r"(?:[ T](?P<hour>\d{1,2}):(?P<minute>\d{2})(?P<second>:\d{2}(?:\.\d+)?)?"
    r"(?P<zone> ?(?:Z|UTC|[+-]\d{2}:?\d{2}))?)?"
)
_YMD = re.compile(rf"(?P<a>(?:19|20)\d\d|9999)(?P<sep>[-/.])(?P<b>\d{{1,2}})(?P=sep)(?P<c>\d{{1,2}}){_TIME}$")
_DMY = re.compile(rf"(?P<a>\d{{1,2}})(?P<sep>[-/.])(?P<b>\d{{1,2}})(?P=sep)(?P<c>(?:19|20)\d\d){_TIME}$")
_SHORT = re.compile(rf"(?P<a>\d{{1,2}})(?P<sep>[-/.])(?P<b>\d{{1,2}})(?P=sep)(?P<c>\d\d){_TIME}$")
_CHINESE = re.compile(r"(?P<a>(?:19|20)\d\d)年(?P<b>\d{1,2})月(?P<c>\d{1,2})日$")
_COMPACT = re.compile(r"(?P<a>(?:19|20)\d\d)(?P<b>\d\d)(?P<c>\d\d)$")

_SIGNS = "€$£¥￥₹₽元"
_CODES = ("EUR", "USD", "GBP", "CNY", "RMB", "JPY", "CHF", "SEK", "Kč", "zł", "kr")
_NUMBER = re.compile(
    rf"(?P<open>\()?\s*(?P<before>[{_SIGNS}]|{'|'.join(_CODES)})?\s*(?P<minus>[-+−])?\s*"
    rf"(?P<digits>\d[\d.,'  ]*|[.,]\d+)\s*(?P<after>[{_SIGNS}%]|{'|'.join(_CODES)})?\s*(?P<close>\))?$"
)
_PLAIN = re.compile(r"\d+(?:\.\d+)?$|\.\d+$")
_ENGLISH = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?$")
_GERMAN = re.compile(r"\d{1,3}(?:\.\d{3})+(?:,\d+)?$|\d+,\d+$")
_SPACE = re.compile("[ \u00a0\u202f']")
_SPACED = re.compile(r"\d{1,3}(?:[ \u00a0\u202f']\d{3})+(?:[.,]\d+)?$")
_THOUSANDS = re.compile(r"\d{1,3}(?:[.,]\d{3})+$")


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How the texts of a column are meant."""

    kind: Literal["date", "timestamp", "number"]
    order: Order = "ymd"
    separator: str = "-"
    """Between the parts of a date; ``年`` for 2026年5月3日, empty for 20260503."""
    is_padded: bool = True
    """Whether every month and day has two figures."""
    comma: Literal[".", ","] = "."
    """What parts whole from broken."""
    symbols: tuple[str, ...] = ()
    """What stands around the figures of numbers, each to be left out."""
    is_exact: bool = True
    """Whether 14 figures before the comma and 4 behind it hold every number; else they are floating."""
    has_brackets: bool = False
    """Whether (12.00) is a negative number."""
    is_percent: bool = False
    has_short_year: bool = False
    """Whether years have two figures, of this century."""
    has_zone: bool = False
    """Whether moments tell how far they are from UTC; they are read as the clock showed them there."""
    empties: tuple[str, ...] = ()
    """Texts that stand for no value, as they are spelled."""
    is_sure: bool = True

    @property
    def is_iso(self) -> bool:
        """Whether the texts are written as databases write dates, so that they compare as they are."""
        return (
            self.kind != "number"
            and (self.order, self.separator) == ("ymd", "-")
            and self.is_padded
            and not self.has_zone
        )

    def told(self, language: str = "en") -> str:
        """In words: ``"zh"``, else English."""
        if language == "zh":
            return self._told_zh()
        if self.kind == "number":
            told = "numbers with a decimal comma" if self.comma == "," else "numbers"
            meant = "1.200 is read as 1200" if self.comma == "," else "1.200 or 1,200 may be meant otherwise"
            return told if self.is_sure else f"{told} (no value tells: {meant})"
        if self.order == "ymd":
            return "moments, read as written, without their zone" if self.has_zone else "dates"
        first = "day first" if self.order == "dmy" else "month first"
        return f"dates, {first}" + ("" if self.is_sure else " (no value tells; it could be month first)")

    def _told_zh(self) -> str:
        if self.kind == "number":
            told = "用逗号作小数点的数字" if self.comma == "," else "数字"
            meant = "1.200 按 1200 读取" if self.comma == "," else "1.200 或 1,200 也可能另有含义"
            return told if self.is_sure else f"{told}（从值看不出：{meant}）"
        if self.order == "ymd":
            return "时刻，按原文读取，不计时区" if self.has_zone else "日期"
        first = "日在前" if self.order == "dmy" else "月在前"
        return f"日期，{first}" + ("" if self.is_sure else "（从值看不出，也可能月在前）")


def read_texts(
    values: Sequence[str], *, is_code: bool = False, least: int = LEAST, is_european: bool = False
) -> Reading | None:
    """How the different values of a text column are meant; ``None`` where they are just texts.

    Args:
        is_code: whether the column's name says that its figures are a code, which is no number.
        least: different values that a decision needs.
        is_european: whether other columns, or semicolons between them, say that a point parts thousands.
    """
    empties = tuple(v for v in values if v.strip().casefold() in EMPTY)
    left = [v.strip() for v in values if v.strip().casefold() not in EMPTY]
    if len(left) < least:
        return None
    return _dates(left, empties) or (None if is_code else _numbers(left, empties, is_european))


def _dates(values: Sequence[str], empties: tuple[str, ...]) -> Reading | None:
    for pattern, separator in (
        (_YMD, None),
        (_CHINESE, "年"),
        (_COMPACT, ""),
        (_DMY, None),
        (_SHORT, None),
    ):
        found = [pattern.match(value) for value in values]
        matches = [m for m in found if m is not None]
        if len(matches) < len(values):
            continue
        separators = {m["sep"] for m in matches} if separator is None else {separator}
        if len(separators) > 1:
            return None
        has_time = any(m.groupdict().get("hour") for m in matches)
        first = "a" if pattern in (_DMY, _SHORT) else "c"
        small = [(int(m[first]), int(m["b"])) for m in matches]
        order: Order = "ymd"
        is_sure = True
        if pattern in (_DMY, _SHORT):
            day_first, month_first = any(a > 12 for a, _ in small), any(b > 12 for _, b in small)
            if day_first and month_first:
                return None
            order = "mdy" if month_first else "dmy"
            is_sure = day_first or month_first or separators == {"."}
            days, months = ([a for a, _ in small], [b for _, b in small])
            if order == "mdy":
                days, months = months, days
        else:
            days, months = [d for d, _ in small], [m for _, m in small]
        if max(days) > 31 or max(months) > 12 or min(days) < 1 or min(months) < 1:
            return None
        ends = (("a", "b") if pattern in (_DMY, _SHORT) else ("b", "c")) if separator != "" else ()
        return Reading(
            kind="timestamp" if has_time else "date",
            order=order,
            separator=separators.pop(),
            is_padded=all(len(m[end]) == 2 for m in matches for end in ends),
            has_short_year=pattern is _SHORT,
            has_zone=any(m.groupdict().get("zone") for m in matches),
            empties=empties,
            is_sure=is_sure,
        )
    return None


def _numbers(values: Sequence[str], empties: tuple[str, ...], is_european: bool) -> Reading | None:
    found = [_NUMBER.match(value) for value in values]
    matches = [m for m in found if m is not None]
    if len(matches) < len(values) or any(bool(m["open"]) != bool(m["close"]) for m in matches):
        return None
    written = [m["digits"].strip() for m in matches]
    if any(_SPACE.search(d) and not _SPACED.match(d) for d in written):
        return None  # a telephone number
    digits = [_SPACE.sub("", d) for d in written]
    signs = {m[side] for m in matches for side in ("before", "after") if m[side]}
    if len(signs) > 1 or ("%" in signs and not all(m["after"] == "%" for m in matches)):
        return None  # several currencies in one column add up to nothing
    has_fraction = any("." in d or "," in d for d in digits)
    if not signs and not has_fraction and any(len(d) > 1 and d.startswith("0") for d in digits):
        return None  # a code with leading zeros
    lengths = {len(d) for d in digits}
    if not signs and not has_fraction and len(lengths) == 1 and min(lengths) >= CODE_FIGURES:
        return None  # telephone numbers, postcodes, numbers of orders
    telling = [d for d in digits if re.search("[.,]", d) and not _THOUSANDS.match(d)]
    is_open = not telling and any(_THOUSANDS.match(d) for d in digits)
    english = all(_PLAIN.match(d) or _ENGLISH.match(d) for d in digits)
    german = all(re.fullmatch(r"\d+", d) or _GERMAN.match(d) for d in digits)
    if not english and not german:
        return None
    # 1.200 alone may be either: with a currency it is hardly parted into thousandths
    is_comma = german and (
        not english or any("," in d for d in telling) or (is_open and (is_european or bool(signs)))
    )
    others = sorted(signs - {"%"}) + (["%"] if "%" in signs else [])
    spaces = sorted({space for d in written for space in _SPACE.findall(d)})
    thousands = "." if is_comma else ","
    return Reading(
        kind="number",
        comma="," if is_comma else ".",
        symbols=(*others, *spaces, thousands),
        is_exact=all(_is_exact(d.replace(thousands, "").replace(",", ".")) for d in digits),
        has_brackets=any(m["open"] for m in matches),
        is_percent="%" in signs,
        empties=empties,
        is_sure=not is_open,
    )


def _is_exact(digits: str) -> bool:
    whole, _, broken = digits.partition(".")
    return len(whole) <= WHOLE_FIGURES and len(broken) <= BROKEN_FIGURES


def pattern(reading: Reading) -> str:
    """A regular expression of the texts whose meaning the reading tells; without spaces around them."""
    if reading.kind == "number":
        return _number_pattern(reading)
    two = r"\d{2}" if reading.is_padded else r"\d{1,2}"
    year = r"\d{2}" if reading.has_short_year else r"((19|20)\d{2}|9999)"  # the end of time
    if reading.separator == "年":
        return rf"{year}年{two}月{two}日"
    parts = [year, two, two] if reading.order == "ymd" else [two, two, year]
    day = re.escape(reading.separator).join(parts)
    if reading.kind == "date":
        return day
    zone = r"( ?(Z|UTC|[+-]\d{2}:?\d{2}))?" if reading.has_zone else ""
    return rf"{day}([ T]\d{{1,2}}:\d{{2}}(:\d{{2}}(\.\d+)?)?{zone})?"


def _number_pattern(reading: Reading) -> str:
    point, parting = (r"\.", ",") if reading.comma == "." else (",", r"\.")
    spaces = "".join(s for s in reading.symbols if _SPACE.fullmatch(s))
    between = f"[{parting}{spaces}]" if spaces else parting
    whole = rf"\d{{1,{WHOLE_FIGURES}}}" if reading.is_exact else r"\d{1,300}"
    broken = rf"\d{{1,{BROKEN_FIGURES}}}" if reading.is_exact else r"\d{1,300}"
    digits = rf"(({whole}|\d{{1,3}}({between}\d{{3}})+)({point}{broken})?|{point}{broken})"
    signs = "|".join(re.escape(s) for s in reading.symbols if len(s) > 1 or s in _SIGNS)
    sign = rf"({signs})?\s*" if signs else ""
    behind = rf"\s*({signs})?" if signs else ""
    behind = r"\s*%" if reading.is_percent else behind
    plain = rf"{sign}[-+−]?\s*{digits}{behind}"
    return rf"({plain}|\(\s*{plain}\s*\))" if reading.has_brackets else plain


# ---- the value in SQL -------------------------------------------------------------------------------------


def expression(reading: Reading, column: str, dialect: Dialect) -> str:
    """SQL of what a text in ``column`` means, by the database's own functions; NULL for no value."""
    text = f"TRIM({quoted(column, dialect)})"
    write = _number_sql if reading.kind == "number" else _date_sql
    meant = write(reading, text, dialect)
    empties = dict.fromkeys(("", *(each.strip() for each in reading.empties)))
    none = ", ".join(literal(each, dialect) for each in empties)
    return f"CASE WHEN {text} IN ({none}) THEN NULL ELSE {meant} END"


def _number_sql(reading: Reading, text: str, dialect: Dialect) -> str:
    plain = text
    for symbol in (*reading.symbols, *(("(", ")") if reading.has_brackets else ())):
        plain = f"REPLACE({plain}, {literal(symbol, dialect)}, '')"
    plain = f"REPLACE({plain}, '−', '-')" if dialect != "mysql" else plain
    if reading.comma == ",":
        plain = f"REPLACE({plain}, ',', '.')"
    floating = {"sqlite": "REAL", "postgres": "DOUBLE PRECISION"}.get(dialect, "DOUBLE")
    kind = "DECIMAL(18, 4)" if reading.is_exact and dialect != "sqlite" else floating
    number = f"CAST(TRIM({plain}) AS {kind})"
    if reading.has_brackets:
        number = f"CASE WHEN {text} LIKE '(%' THEN -1 * {number} ELSE {number} END"
    return f"{number} / 100.0" if reading.is_percent else number


_STRFTIME = {"ymd": "%Y{0}%m{0}%d", "dmy": "%d{0}%m{0}%Y", "mdy": "%m{0}%d{0}%Y"}
_POSTGRES = {"ymd": "YYYY{0}MM{0}DD", "dmy": "DD{0}MM{0}YYYY", "mdy": "MM{0}DD{0}YYYY"}


def _date_sql(reading: Reading, text: str, dialect: Dialect) -> str:
    if reading.has_zone:
        text = f"SUBSTR(REPLACE({text}, 'T', ' '), 1, 19)"
    kind = "TIMESTAMP" if reading.kind == "timestamp" else "DATE"
    if dialect == "sqlite":
        return _sqlite_date(reading, text)
    if reading.separator == "年":
        text = f"REPLACE(REPLACE(REPLACE({text}, '年', '-'), '月', '-'), '日', '')"
    parted = "-" if reading.separator == "年" else reading.separator
    if reading.order == "ymd" and parted in ("-", "/") and dialect != "mysql":
        return f"CAST(REPLACE({text}, '/', '-') AS {kind})" if parted == "/" else f"CAST({text} AS {kind})"
    if dialect == "postgres":
        layout = _POSTGRES[reading.order].format(parted)
        layout = layout.replace("YYYY", "YY") if reading.has_short_year else layout
        if reading.kind == "timestamp":
            return f"CAST(TO_TIMESTAMP({text}, '{layout} HH24:MI:SS') AS TIMESTAMP)"
        return f"TO_DATE({text}, '{layout}')"
    layout = _STRFTIME[reading.order].format(parted)
    layout = layout.replace("%Y", "%y") if reading.has_short_year else layout
    if dialect == "mysql":
        if reading.kind == "timestamp":
            spaced = f"REPLACE({text}, 'T', ' ')"
            if reading.order == "ymd":
                return f"CAST({spaced} AS DATETIME)"
            day = f"CAST(STR_TO_DATE(SUBSTRING_INDEX({spaced}, ' ', 1), '{layout}') AS DATETIME)"
            time = (
                f"CASE WHEN {spaced} LIKE '% %' THEN SUBSTRING_INDEX({spaced}, ' ', -1) ELSE '00:00:00' END"
            )
            return f"ADDTIME({day}, {time})"
        return f"STR_TO_DATE({text}, '{layout}')"
    if reading.kind == "timestamp":
        short = f"WHEN LENGTH({text}) <= 10 THEN ' 00:00:00' WHEN LENGTH({text}) <= 16 THEN ':00'"
        times = f"{text} || CASE {short} ELSE '' END"
        return f"STRPTIME({times}, '{layout} %H:%M:%S')"
    return f"CAST(STRPTIME({text}, '{layout}') AS DATE)"


def _sqlite_date(reading: Reading, text: str) -> str:
    """A text YYYY-MM-DD, with what follows it: SQLite has no dates, only texts that compare like them."""
    if (reading.order, reading.separator, reading.is_padded) == ("ymd", "-", True):
        return text
    if reading.separator == "":
        return f"SUBSTR({text}, 1, 4) || '-' || SUBSTR({text}, 5, 2) || '-' || SUBSTR({text}, 7, 2)"
    if reading.separator == "年":
        text, separator = f"REPLACE(REPLACE(REPLACE({text}, '年', '-'), '月', '-'), '日', '')", "-"
    else:
        separator = reading.separator
    first = f"SUBSTR({text}, 1, INSTR({text}, '{separator}') - 1)"
    rest = f"SUBSTR({text}, INSTR({text}, '{separator}') + 1)"
    second = f"SUBSTR({rest}, 1, INSTR({rest}, '{separator}') - 1)"
    last = f"SUBSTR({rest}, INSTR({rest}, '{separator}') + 1)"
    two = "SUBSTR('0' || {0}, -2)".format
    if reading.order == "ymd":
        day = f"SUBSTR({last} || ' ', 1, INSTR({last} || ' ', ' ') - 1)"
        time = f"SUBSTR({last}, LENGTH({day}) + 1)"
        return f"{first} || '-' || {two(second)} || '-' || {two(day)} || {time}"
    day, month = (first, second) if reading.order == "dmy" else (second, first)
    if reading.has_short_year:
        last = f"CASE WHEN SUBSTR({last}, 1, 2) >= '70' THEN '19' ELSE '20' END || {last}"
        return f"SUBSTR({last}, 1, 4) || '-' || {two(month)} || '-' || {two(day)} || SUBSTR({last}, 5)"
    return f"SUBSTR({last}, 1, 4) || '-' || {two(month)} || '-' || {two(day)} || SUBSTR({last}, 5)"


def fits(reading: Reading, column: str, dialect: Dialect) -> str:
    """SQL of whether a text in ``column`` is one whose meaning the reading tells.

    SQLite has no regular expressions: there a number is held to its letters, and a date to its places.
    """
    text = f"TRIM({quoted(column, dialect)})"
    if dialect == "sqlite":
        return _fits_sqlite(reading, text)
    written = literal(f"^({pattern(reading)})$", dialect)
    if dialect == "duckdb":
        return f"REGEXP_FULL_MATCH({text}, {written})"
    if dialect == "postgres":
        return f"{text} ~ {written}"
    return f"{text} REGEXP {written}"


def _fits_sqlite(reading: Reading, text: str) -> str:
    if reading.kind == "number":
        letters = (
            "0-9.,+"
            + "".join(s for s in reading.symbols if s not in ".,-")
            + ("()" if reading.has_brackets else "")
        )
        return f"({text} NOT GLOB {literal(f'*[^{letters} −-]*', 'sqlite')} AND {text} GLOB '*[0-9]*')"
    year = "[0-9][0-9]" if reading.has_short_year else "[129][0-9][0-9][0-9]"
    shapes = ["[0-9][0-9]"] if reading.is_padded else ["[0-9]", "[0-9][0-9]"]
    ends = ("年", "月", "日") if reading.separator == "年" else (reading.separator, reading.separator, "")
    found = []
    for first in shapes:
        for second in shapes:
            parts = [year, first, second] if reading.order == "ymd" else [first, second, year]
            day = "".join(part + end for part, end in zip(parts, ends, strict=True))
            found += [day] if reading.kind == "date" else [day, f"{day}[ T]*"]
    return "(" + " OR ".join(f"{text} GLOB {literal(shape, 'sqlite')}" for shape in found) + ")"
