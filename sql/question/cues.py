"""Cues: the words of a question that say how to count, group, sort and compare, in English and Chinese.

They are read from what linking leaves over, so that "top" in a product's name asks for nothing. Each cue is a
fact about the wording; what it means for a statement is decided in ``sql.statement.shape``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

from sql.question.linking import Links, Number
from sql.times import Part, Unit

Direction = Literal["desc", "asc"]


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """A number with what it is compared by, e.g. "more than 100"."""

    operator: Literal[">", ">=", "<", "<=", "="]
    number: Number


@dataclass(frozen=True, kw_only=True)
class Cues:
    """What the wording asks for."""

    is_count: bool = False
    is_average: bool = False
    is_total: bool = False
    is_share: bool = False
    is_compared: bool = False
    """Two things side by side, which must not be summed up."""
    is_change: bool = False
    """Growth or difference over time."""
    is_negated: bool = False
    is_list: bool = False
    is_distinct: bool = False
    is_each: bool = False
    direction: Direction | None = None
    top: int | None = None
    """How many of the best or worst."""
    is_sorted: bool = False
    """All in that order ("best first"), not only the best."""
    grain: Unit | None = None
    part: Part | None = None
    is_when: bool = False
    has_loose_comparison: bool = False
    """"Below" or "超过" without a number: two columns are compared."""
    comparisons: tuple[Comparison, ...] = ()
    free_numbers: tuple[Number, ...] = ()
    """Numbers that neither ``top`` nor a comparison explains."""
    masked: str = field(default="", repr=False)
    """The question with all linked words blanked out."""


def _has(pattern: str, text: str) -> bool:
    return re.search(pattern, text, re.I) is not None


_DESC = (
    r"\b(?<!\bat )(top|most|highest|best|largest|biggest|greatest|maximum|max|longest|leading|seller"
    r"|strongest|busiest|latest|newest)\b"
)
_DESC += r"|(?<!\bat )most[- ]"
_DESC += r"|最高|最多|最大|最好|最贵|最热|畅销|热销|最长|最受欢迎|最佳|最强"
_DESC += r"|排名|前[0-9一二三四五六七八九十]|最近一|[从由][高多大好]到"
_ASC = (
    r"\b(?<!\bat )(least|lowest|fewest|worst|smallest|bottom|minimum|min|shortest|cheapest|weakest"
    r"|slowest|oldest|earliest)\b"
)
_ASC += r"|[从由][低少小差]到|最低|最少|最小|最差|最便宜|最短|倒数|最早"
_SORTED = (
    r"\b(?:best|highest|most|largest|biggest|longest|latest|newest|worst|lowest|least|fewest|smallest|shortest"
    r"|cheapest|oldest|earliest)(?: \w+)? (?:first|(?:at the|on) top)\b"
    r"|[从由][高多大好低少小差]到[高多大好低少小差]"
)
_COUNT = (
    r"\bhow many\b|\bnumber of\b|\bcount\b|\bhow often\b|#|(?<![是为])多少(?!钱|欧)"
    r"|几(?:个|位|单|件|次|条|名|种|家|款)|数量|个数|人数|次数"
)
_AVERAGE = r"\b(average|avg|mean|on average|typical|typically)\b|平均|均值"
_TOTAL = r"\b(total|sum|altogether|overall|in all|combined)\b|总|合计|一共|共"
_SHARE = (
    r"\b(percent|percentage|share|proportion|fraction|ratio|rate)\b|%|\bpart of\b|\bout of "
    r"all\b|占比|占|比例|百分比|份额|几成"
)
_COMPARE = (
    r"\b(compare|compared|comparison|versus|vs|against|better than|side by side|respectively"
    r"|separately|than the)\b"
)
_COMPARE += r"|对比|比较|相比|分别|各是|各有|还是|各自|各"
_CHANGE = (
    r"\b(growth|grow|grew|grown|increase[ds]?|decrease[ds]?|change[ds]?|difference|rise|rose"
    r"|fell|dropped?|declined?)\b"
)
_CHANGE += r"|month over month|year over year|增长|下降|变化|同比|环比|涨|跌"
_NEGATED = (
    r"\b(not|no|never|nothing|nobody|without|except|excluding|other than|none|n't|besides|apart from)\b"
    r"|n['’]t\b|没有|没|不|除了|以外|未|非"
)
_LIST = r"^\s*(list|show|give|which|who|what are|name|find|display)\b|哪些|列出|有哪|显示|名单"
_EACH = r"\b(by|per|each|every|across|for all|broken down|split|grouped?|for the different)\b|各|每|按|分"

_LOOSE = (
    r"\b(?:(?:more|less|fewer|higher|lower|greater) than|below|above|under|exceed\w*)\b|低于|高于"
    r"|超过|少于|多于|大于|小于|不足"
)

_GRAIN_UNITS: dict[Unit, tuple[str, str]] = {
    "day": ("day|days|date|daily|days", "天|日"),
    "week": ("week|weeks|weekly", "周|星期"),
    "month": ("month|months|monthly", "个?月"),
    "quarter": ("quarter|quarters|quarterly", "个?季度|个?季"),
    "year": ("year|years|yearly|annual|annually", "年"),
}

_OPERATORS: tuple[tuple[str, Literal[">", ">=", "<", "<=", "="]], ...] = (
    (
        r"(?:no|not) (?:more|higher|over) than\s*$|\bat most\s*$|\bup to\s*$"
        r"|不超过\s*$|至多\s*$|最多\s*$|不高于\s*$",
        "<=",
    ),
    (
        (
            r"(?:no|not) (?:less|fewer|lower) than\s*$|\bat least\s*$|\bminimum(?: of)?\s*$|至少\s*$"
            r"|不少于\s*$|不低于\s*$|满\s*$"
        ),
        ">=",
    ),
    (
        r"\b(?:more|higher|greater|larger|longer|bigger|better|later) than\s*$|\b(?:over|above"
        r"|exceed(?:s|ed|ing)?|beyond)\s*$"
        r"|超过了?\s*$|大于\s*$|多于\s*$|高于\s*$|超出\s*$|>\s*$",
        ">",
    ),
    (
        (
            r"\b(?:less|fewer|lower|smaller|shorter|worse|cheaper) than\s*$|\b(?:under|below)\s*$"
            r"|低于\s*$|少于\s*$|小于\s*$|不到\s*$|不足\s*$|<\s*$"
        ),
        "<",
    ),
    (
        r"\b(?:exactly|equals?|equal to|precisely|only|just)\s*$"
        r"|等于\s*$|恰好\s*$|正好\s*$|刚好\s*$|只有\s*$",
        "=",
    ),
)
_AFTER_OPERATORS: tuple[tuple[str, Literal[">", ">=", "<", "<=", "="]], ...] = (
    (r"^\s*(?:[a-z€]+\s+)?(?:or|and) (?:more|above|over|higher|better)|^\s*\+|^\s*\S?\S?及?以上", ">="),
    (r"^\s*(?:[a-z€]+\s+)?or (?:less|fewer|below|under|lower)|^\s*\S?\S?及?以下|^\s*\S?\S?以内", "<="),
)


def find_cues(links: Links) -> Cues:
    """Read the cues of a linked question."""
    masked = mask(links)
    comparisons, used = _comparisons(links, masked)
    spoken = mask(links, names=False)
    direction: Direction | None = "asc" if _has(_ASC, spoken) else "desc" if _has(_DESC, spoken) else None
    numbers = [n for n in links.numbers if n not in used]
    top, rest = _top(numbers, direction, masked)
    part: Part | None = None
    if _has(r"\b(weekday|weekdays|day of the week|days of the week)\b|星期几|周几|礼拜几", masked):
        part = "weekday"
    elif _has(r"\b(hour|hours|hourly|time of day|what time)\b|几点|小时|时段", masked):
        part = "hour"
    return Cues(
        is_count=_has(_COUNT, spoken),
        is_average=_has(_AVERAGE, masked),
        is_total=_has(_TOTAL, masked),
        is_share=_has(_SHARE, masked),
        is_compared=_has(_COMPARE, masked),
        is_change=_has(_CHANGE, masked),
        is_negated=_has(_NEGATED, masked),
        is_list=_has(_LIST, masked),
        is_distinct=_has(r"\b(distinct|different|unique)\b|不同|去重", masked),
        is_each=_has(_EACH, masked),
        direction=direction,
        top=top,
        is_sorted=_has(_SORTED, spoken),
        grain=None if part else _grain(_without_numbers(masked, links)),
        part=part,
        has_loose_comparison=not comparisons and _has(_LOOSE, masked),
        is_when=_has(r"\b(when|what date|which date|what day)\b|什么时候|何时|哪天", masked),
        comparisons=comparisons,
        free_numbers=tuple(rest),
        masked=masked,
    )


def mask(links: Links, *, names: bool = True) -> str:
    """The question with periods, values and (if ``names``) linked names blanked out, of the same length."""
    letters = list(links.question)
    spans = [(m.start, m.end) for m in links.mentions if names or m.kind == "value"]
    spans += [(p.first, p.last) for p in links.periods]
    for start, end in spans:
        letters[start:end] = " " * (end - start)
    return "".join(letters)


def _without_numbers(masked: str, links: Links) -> str:
    """``masked`` without numbers: "more than a week" groups by no week."""
    letters = list(masked)
    for number in links.numbers:
        letters[number.start : number.end] = " " * (number.end - number.start)
    return "".join(letters)


def _comparisons(links: Links, masked: str) -> tuple[tuple[Comparison, ...], list[Number]]:
    found, used = [], []
    for number in links.numbers:
        before, after = masked[: number.start], masked[number.end :]
        before = re.sub(r"(?:€|eur|euros?|\$|the|a)\s*$", "", before, flags=re.I)
        operator = next((op for pattern, op in _AFTER_OPERATORS if _has(pattern, after)), None) or next(
            (op for pattern, op in _OPERATORS if _has(pattern, before)), None
        )
        if operator:
            found.append(Comparison(operator=operator, number=number))
            used.append(number)
    return tuple(found), used


def _top(numbers: list[Number], direction: Direction | None, masked: str) -> tuple[int | None, list[Number]]:
    """How many of the best are asked for, and the numbers left over."""
    for number in numbers:
        whole = number.value == int(number.value) and 1 <= number.value <= 1000
        led = _has(r"(?:\b(?:top|first|best|worst|last|bottom)|前|top)\s*$", masked[: number.start])
        if whole and (led or direction) and not _has(r"^\s*%", masked[number.end :]):
            return int(number.value), [n for n in numbers if n is not number]
    return None, numbers


def _grain(masked: str) -> Unit | None:
    for grain, (english, chinese) in _GRAIN_UNITS.items():
        unit = rf"(?:{english})\b"
        if _has(
            (
                rf"\b(?:by|per|each|every|a|which|what|over the|best|busiest|worst"
                rf"|strongest)\s+(?:calendar )?{unit}"
            ),
            masked,
        ):
            return grain
        if _has(rf"\b(?:by|per)\b[^.?!]*(?:\band|,)\s+(?:by\s+|per\s+)?{unit}", masked):
            return grain
        if _has(rf"\b(?:{grain}\w*|daily)\s+(?:by|on|over|after)\s+{grain}", masked):
            return grain
        if _has(
            {"day": r"\bdaily\b", "year": r"\byearly|annual(ly)?\b"}.get(grain, rf"\b{grain}ly\b"), masked
        ):
            return grain
        if _has(
            rf"(?:每一?|各|逐|按|哪一?个?|哪几个?|分)(?:{chinese})"
            rf"|{chinese.split('|')[0].replace('个?', '')}度(?!量)",
            masked,
        ):
            return grain
    if _has(r"\b(trend|trends|over time|develop\w*|evol\w+|timeline|history)\b|趋势|走势|变化曲线", masked):
        return "month"
    return None
