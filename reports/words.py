"""How a report says things: numbers, months and names in English and Chinese.

Numbers reach a sentence only through :class:`Writer`, which notes for each the cells it came from.
"""

from __future__ import annotations

import calendar
import datetime as dt
import re
from collections.abc import Sequence

from reports.types import Cell, CellRef, Figure, How, Language
from sql.semantics import Metric, View, ViewColumn

MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
_HAN = re.compile("[\u4e00-\u9fff]")

WORDS: dict[str, dict[Language, str]] = {
    "title": {"en": "{shop}: monthly report, {month}", "zh": "{shop}月度报告：{month}"},
    "part": {"en": "{shop} (the part that role {role} may see)", "zh": "{shop}（角色 {role} 可见的部分）"},
    "overview": {"en": "Overview", "zh": "总览"},
    "by": {"en": "{what} by {by}", "zh": "按{by}的{what}"},
    "by_months": {"en": "By month", "zh": "按月"},
    "month": {"en": "month", "zh": "月份"},
    "before": {"en": "{what}, month before", "zh": "上月{what}"},
    "rows": {"en": "{what}: number", "zh": "{what}数量"},
    "in_month": {"en": "{what} in {month}: ", "zh": "{month}{what}："},
    "stop": {"en": ".", "zh": "。"},
    "comma": {"en": ", ", "zh": "，"},
    "and": {"en": " and ", "zh": "，"},
    "space": {"en": " ", "zh": ""},
    "none": {"en": "none", "zh": "无"},
    "more": {"en": "{figure} more than in {month}", "zh": "比{month}多{figure}"},
    "less": {"en": "{figure} less than in {month}", "zh": "比{month}少{figure}"},
    "higher": {"en": "{figure} higher than in {month}", "zh": "比{month}高{figure}"},
    "lower": {"en": "{figure} lower than in {month}", "zh": "比{month}低{figure}"},
    "same": {"en": "the same as in {month}", "zh": "与{month}持平"},
    "leaders": {"en": "Most {what} by {by}: ", "zh": "{what}最高的{by}："},
    "largest": {"en": "{what} by {by}, most numerous first: ", "zh": "各{by}的{what}（数量多者在前）："},
    "list": {"en": "; ", "zh": "；"},
    "item": {"en": "{name} {figure}", "zh": "{name} {figure}"},
    "points": {"en": "{number} points", "zh": "{number}个百分点"},
    "unknown": {"en": "(not given)", "zh": "（未填写）"},
}


def say(key: str, language: Language, **values: str) -> str:
    """A phrase in a language, its places filled."""
    return WORDS[key][language].format(**values)


def month_name(month: dt.date, language: Language) -> str:
    """``May 2026`` or ``2026年5月``."""
    return (
        f"{month.year}年{month.month}月"
        if language == "zh"
        else f"{calendar.month_name[month.month]} {month.year}"
    )


def label(item: Metric | View | ViewColumn, language: Language) -> str:
    """What readers call it: its own name, or in Chinese its first synonym in Chinese characters."""
    if language == "zh":
        chinese = next((word for word in item.synonyms if _HAN.search(word)), None)
        if chinese:
            return chinese
    return item.name.replace("_", " ")


def capital(text: str) -> str:
    """The text with its first letter large; the rest as it is."""
    return text[:1].upper() + text[1:]


def format_value(value: Cell, unit: str, language: Language) -> str:
    """One cell for readers; shares become percentages, money and counts get thousands separators.

    >>> format_value(1234567.891, "EUR", "en"), format_value(0.1234, "%", "en"), format_value(4.126, "", "en")
    ('1,234,567.89 EUR', '12.3 %', '4.13')
    """
    if value is None:
        return say("none", language)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    if unit == "%":
        return f"{value * 100:,.1f} %"
    number = f"{value:,}" if isinstance(value, int) else f"{value:,.2f}"
    return f"{number} {unit}" if unit else number


class Writer:
    """Puts a section's text together and keeps the receipt of every figure in it."""

    def __init__(self, language: Language) -> None:
        self.language = language
        self._text = ""
        self._figures: list[Figure] = []

    def write(self, text: str) -> None:
        """Words without figures of the data."""
        self._text += text

    def phrase(self, key: str, figure: str, cells: Sequence[CellRef], how: How, **values: str) -> None:
        """A phrase from ``WORDS`` with one figure in it."""
        before, after = WORDS[key][self.language].split("{figure}")
        self.write(before.format(**values))
        self._figures.append(Figure(text=figure, start=len(self._text), cells=tuple(cells), how=how))
        self.write(figure + after.format(**values))

    def figure(self, figure: str, cell: CellRef) -> None:
        """A cell as it is."""
        self._figures.append(Figure(text=figure, start=len(self._text), cells=(cell,)))
        self.write(figure)

    def finish(self) -> tuple[str, tuple[Figure, ...]]:
        """The text without space around it, and its figures."""
        return self._text.rstrip(), tuple(self._figures)
