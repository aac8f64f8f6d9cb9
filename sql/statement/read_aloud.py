"""A statement said in words, in parts: what is told of an answer is read off here, never off the question."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from sql.statement import sentence as la
from sql.statement.compile import Compiled

Language = Literal["en", "zh"]
_AGGREGATES = {
    "en": {
        "SUM": "total {}",
        "AVG": "average {}",
        "MIN": "lowest {}",
        "MAX": "highest {}",
        "COUNT": "number of {}",
        "MEDIAN": "median {}",
    },
    "zh": {
        "SUM": "{}合计",
        "AVG": "平均{}",
        "MIN": "最小{}",
        "MAX": "最大{}",
        "COUNT": "{}数量",
        "MEDIAN": "{}中位数",
    },
}
_SIGNS = {
    "en": {"=": "is", "<>": "is not", "<": "below", "<=": "at most", ">": "above", ">=": "at least"},
    "zh": {"=": "为", "<>": "不为", "<": "低于", "<=": "不超过", ">": "高于", ">=": "不低于"},
}
_UNITS = {
    "DAY": "日",
    "WEEK": "周",
    "MONTH": "月",
    "QUARTER": "季度",
    "YEAR": "年",
    "FISCAL_QUARTER": "财季",
    "FISCAL_YEAR": "财年",
    "WEEKDAY": "星期",
    "HOUR": "小时",
    "DAYS": "天数",
    "HOURS": "小时数",
}
_ASSUMED = {
    "own clock": ("in time by {}", "时间按{}计"),
    "parts": ("{} is that of the lines, not of whole orders", "{}按明细行计算，不按整单"),
    "overlap": ("{} that fall into several groups count in each", "属于多组的{}在每组都计入"),
    "ties by name": ("equal ones in the order of {}", "相同的按{}排"),
    "present left out": (
        "full units only: the present one is left out of {}",
        "{}只含完整周期，不含当前这个",
    ),
    "to date": ("{} up to today", "{}截至今天"),
    "same days": ("{} is compared with the same days before", "{}与之前相同天数相比"),
    "whole": ("the whole is that of {}", "整体指{}"),
    "first ever": (
        "the first row ever of each {}, whatever the period",
        "每个{}的第一条记录，不限时间段",
    ),
    "of all rows": ("{} looks at all rows, whatever the period", "{}看所有记录，不限时间段"),
    "entities with rows": ("only those of {} that have rows", "只含有记录的{}"),
    "last day": ("of each unit the last day alone ({})", "每个周期只取最后一天（{}）"),
    "without a value": ("what has no {} is kept", "没有{}的也算在内"),
    "earlier only": (
        "{}: groups with nothing in the period itself are not shown",
        "{}：本期没有数据的组不显示",
    ),
}


def _spaced(name: str) -> str:
    return name.replace("_", " ")


@dataclass(frozen=True, kw_only=True)
class ReadAs:
    """What a statement asks for."""

    figures: tuple[str, ...]
    per: tuple[str, ...]
    having: tuple[str, ...]
    """Conditions that rows, entities or figures must meet."""
    without: tuple[str, ...]
    """What is left out by a condition that says not."""
    period: str
    """With its first and last day; empty for all time."""
    order: str
    assumptions: tuple[str, ...]
    language: Language = "en"

    @property
    def conditions(self) -> tuple[str, ...]:
        """What rows are limited to and what is left out, each to stand in brackets behind the figure."""
        left_out = "不含{}" if self.language == "zh" else "without {}"
        return (*self.having, *(left_out.format(each) for each in self.without))

    @property
    def sentence(self) -> str:
        """All of it in one line."""
        if self.language == "zh":
            parts = ["、".join(self.figures)]
            parts += [f"按{'、'.join(self.per)}"] if self.per else []
            parts += ["且".join(self.having)] if self.having else []
            parts += [f"不含{'、'.join(self.without)}"] if self.without else []
            return "，".join([*parts, *filter(None, (self.period, self.order))]) + "。"
        parts = [", ".join(self.figures)]
        parts += [f"per {', '.join(self.per)}"] if self.per else []
        parts += [f"with {' and '.join(self.having)}"] if self.having else []
        parts += [f"without {' and '.join(self.without)}"] if self.without else []
        return "; ".join([*parts, *filter(None, (self.period, self.order))]) + "."


def read_aloud(compiled: Compiled, language: Language = "en", name: Callable[[str], str] = _spaced) -> ReadAs:
    """The parts of a compiled statement in words.

    Args:
        name: what a column, metric or view is called in the reader's language.
    """
    reader = Reader(language, name)
    statement = compiled.statement
    dims = [d for d in statement.groups if not isinstance(d, la.Name) or d in statement.items]
    shown = [c.item for c in compiled.columns if not c.is_figure]
    figures = [reader.value(c.item) for c in compiled.columns if c.is_figure]
    others = [c for c in (*statement.where, *statement.having) if c is not statement.period]
    without = [c for c in others if _says_not(c)]
    per = dict.fromkeys([*dims, *shown]) if figures else {}
    place = 1 if language == "zh" else 0
    return ReadAs(
        figures=tuple(dict.fromkeys(figures or map(reader.value, shown))),
        per=tuple(map(reader.value, per)),
        having=tuple(reader.condition(c) for c in others if c not in without),
        without=tuple(reader.condition(c, is_denied=True) for c in without),
        period=_period(compiled, language),
        order=reader.order(statement),
        assumptions=tuple(
            _ASSUMED[a.kind][place].format(name(a.about) if "(" not in a.about else a.about)
            for a in compiled.assumptions
        ),
        language=language,
    )


class Reader:
    """Says the parts of a statement in one language."""

    def __init__(self, language: Language = "en", name: Callable[[str], str] = _spaced) -> None:
        self.is_zh = language == "zh"
        self.name, self.language = name, language

    def value(self, node: la.Value) -> str:
        """A figure, a dimension or a value."""
        read: Callable[[la.Value], str] = self._zh if self.is_zh else self._en
        if isinstance(node, la.Name):
            return self.name(node.text)
        if isinstance(node, la.Text | la.Truth):
            return str(node.value)
        if isinstance(node, la.Number):
            return node.text
        if isinstance(node, la.Aggregate) and node.operand is None:
            return "记录数" if self.is_zh else "number of rows"
        if isinstance(node, la.Aggregate) and not node.percent:
            said = self.value(node.operand or node)
            is_named = node.word == "COUNT" and isinstance(node.operand, la.Name)
            return _AGGREGATES[self.language][node.word].format(_things(said) if is_named else said)
        return read(node)

    def _en(self, node: la.Value) -> str:
        say = self.value
        if isinstance(node, la.Aggregate) and node.operand is not None:
            return f"{node.percent}th percentile of {say(node.operand)}"
        if isinstance(node, la.Per):
            return f"{say(node.figure)} of each {say(node.entity)}{', all of them' if node.is_all else ''}"
        if isinstance(node, la.Shifted):
            step = f"{node.step.count} {node.step.unit.lower()}" if node.step else "the unit before"
            if node.word == "GROWTH":
                return f"growth of {say(node.figure)} against {step}{' before' if node.step else ''}"
            return f"{say(node.figure)} {f'{step} earlier' if node.step else 'of the unit before'}"
        if isinstance(node, la.Only):
            return f"{say(node.figure)} where {self.condition(node.condition)}"
        if isinstance(node, la.Share):
            where = f" where {self.condition(node.condition)}" if node.condition is not None else ""
            return f"share of {say(node.figure)}{where or self._within(node.per)}"
        if isinstance(node, la.Running):
            return f"running {say(node.figure)}{f', anew each {node.reset.lower()}' if node.reset else ''}"
        if isinstance(node, la.Rolling):
            return f"{say(node.figure)} of the last {node.count} units"
        if isinstance(node, la.Rank):
            return f"rank by {say(node.figure)}{self._within(node.per)}"
        if isinstance(node, la.Calc):
            word = {"+": "plus", "-": "less", "*": "times", "/": "per"}[node.sign]
            return f"{say(node.left)} {word} {say(node.right)}"
        if isinstance(node, la.Elapsed):
            return f"{node.unit.lower()} from {say(node.first)} to {say(node.last)}"
        if isinstance(node, la.Gap):
            return f"days since the {say(node.entity)}'s {say(node.time)} before"
        if isinstance(node, la.Grain):
            unit = node.unit.replace("_", " ").lower()
            return f"{unit} of {say(node.column)}" if node.column else unit
        if isinstance(node, la.Bucket):
            return f"band of {say(node.operand)}"
        if isinstance(node, la.Tile):
            return f"{node.count} equal groups by {say(node.operand)}"
        if isinstance(node, la.Since):
            unit, who = node.unit.replace("_", " ").lower(), say(node.entity)
            first = f"{unit} of the first row of each {who}"
            since = {
                "FIRST": first,
                "AGE": f"{unit}s since the {first}",
                "IS_FIRST": f"new or returning {who}",
            }
            return since[node.word]
        if isinstance(node, la.Pairs):
            return f"pairs of {say(node.column)} that one {say(node.entity)} has both"
        return str(node)

    def _zh(self, node: la.Value) -> str:
        say = self.value
        if isinstance(node, la.Aggregate) and node.operand is not None:
            return f"{say(node.operand)}的{node.percent}分位数"
        if isinstance(node, la.Per):
            return f"每个{say(node.entity)}的{say(node.figure)}{'（含没有记录的）' if node.is_all else ''}"
        if isinstance(node, la.Shifted):
            step = f"{node.step.count}{_UNITS[node.step.unit]}前" if node.step else "上一期"
            return (
                f"{say(node.figure)}较{step}的增长"
                if node.word == "GROWTH"
                else f"{step}的{say(node.figure)}"
            )
        if isinstance(node, la.Only):
            return f"{say(node.figure)}（{self.condition(node.condition)}）"
        if isinstance(node, la.Share):
            where = f"{self.condition(node.condition)}的" if node.condition is not None else ""
            return f"{where}{self._within(node.per)}{say(node.figure)}占比"
        if isinstance(node, la.Running):
            return f"累计{say(node.figure)}{f'（每{_UNITS[node.reset]}重新累计）' if node.reset else ''}"
        if isinstance(node, la.Rolling):
            return f"最近{node.count}期的{say(node.figure)}"
        if isinstance(node, la.Rank):
            return f"{self._within(node.per)}{say(node.figure)}排名"
        if isinstance(node, la.Calc):
            word = {"+": "加", "-": "减", "*": "乘", "/": "除以"}[node.sign]
            return f"{say(node.left)}{word}{say(node.right)}"
        if isinstance(node, la.Elapsed):
            return f"{say(node.first)}到{say(node.last)}的{_UNITS[node.unit]}"
        if isinstance(node, la.Gap):
            return f"距同一{say(node.entity)}上次{say(node.time)}的天数"
        if isinstance(node, la.Grain):
            unit = _UNITS[node.unit]
            return f"{say(node.column)}的{unit}" if node.column else unit
        if isinstance(node, la.Bucket):
            return f"{say(node.operand)}区间"
        if isinstance(node, la.Tile):
            return f"按{say(node.operand)}等分为{node.count}组"
        if isinstance(node, la.Since):
            unit, who = _UNITS[node.unit], say(node.entity)
            first = f"每个{who}首次的{unit}"
            return {"FIRST": first, "AGE": f"距{first}的{unit}数", "IS_FIRST": f"新老{who}"}[node.word]
        if isinstance(node, la.Pairs):
            return f"同一{say(node.entity)}内成对的{say(node.column)}"
        return str(node)

    def condition(self, node: la.Condition, *, is_denied: bool = False) -> str:
        """A condition; with ``is_denied`` what it leaves out, to stand behind "without"."""
        if isinstance(node, la.AnyOf | la.AllOf):
            either, both = ("或", "且") if self.is_zh else (" or ", " and ")
            return (either if isinstance(node, la.AnyOf) else both).join(map(self.condition, node.parts))
        if isinstance(node, la.During):
            time = self.value(node.column) if node.column else ("时间" if self.is_zh else "time")
            return f"{time}：{node.words}" if self.is_zh else f"{time} in {node.words}"
        if isinstance(node, la.Has):
            return self._has(node, is_denied=is_denied)
        if isinstance(node, la.Top):
            return self._top(node)
        if isinstance(node, la.Holds) and isinstance(node.what, la.Since):
            who = _things(self.value(node.what.entity))
            unit = node.what.unit.replace("_", " ").lower()
            return f"该{_UNITS[node.what.unit]}的新{who}" if self.is_zh else f"new {who} of the {unit}"
        if isinstance(node, la.Holds):
            return self.value(node.what)
        left = self.value(node.left)
        gap = "" if self.is_zh else " "
        if isinstance(node, la.Empty):
            known, unknown = ("已知", "为空") if self.is_zh else ("known", "unknown")
            return f"{left}{gap}{known if node.is_not and not is_denied else unknown}"
        if isinstance(node, la.Compare):
            if is_denied and not self.is_zh:
                return f"{left} {self.value(node.right)}"
            sign = "=" if is_denied else node.sign
            if node.right == node.left:
                whole = "总体" if self.is_zh else "that of all"
                return f"{left}{gap}{_SIGNS[self.language][sign]}{gap}{whole}"
            return f"{left}{gap}{_SIGNS[self.language][sign]}{gap}{self.value(node.right)}"
        if isinstance(node, la.Range):
            low, high = self.value(node.low), self.value(node.high)
            return f"{left}{low}到{high}" if self.is_zh else f"{left} from {low} to {high}"
        if isinstance(node, la.Like):
            text = node.pattern.value.strip("%")
            return f"{left}含“{text}”" if self.is_zh else f"{left} with “{text}”"
        either = "、" if self.is_zh else " or "
        return f"{left}{'：' if self.is_zh else ' '}{either.join(map(self.value, node.values))}"

    def _has(self, node: la.Has, *, is_denied: bool) -> str:
        signs, view = _SIGNS[self.language], self.name(node.view)
        inner = list(map(self.condition, node.where))
        if self.is_zh:
            where = f"（{'且'.join(inner)}）" if inner else ""
            times = f"{signs[node.times.sign]}{node.times.count}次" if node.times else ""
            near = f"{node.within.count}{_UNITS[node.within.unit]}内" if node.within else ""
            has = "" if is_denied else f"{self.value(node.entity)}有"
            return f"{node.during}{near}{has}{view}{where}{times}"
        where = f" with {' and '.join(inner)}" if inner else ""
        times = f" {signs[node.times.sign]} {node.times.count} times" if node.times else ""
        period = f" in {node.during}" if node.during else ""
        near = f" within {node.within.count} {node.within.unit.lower()}" if node.within else ""
        has = "" if is_denied else f"{self.value(node.entity)} with "
        return f"{has}{view}{where}{times}{period}{near}"

    def _top(self, node: la.Top) -> str:
        figure, who = self.value(node.operand.figure), self.value(node.operand.entity)
        inner = list(map(self.condition, node.where))
        is_top = node.word == "TOP"
        if self.is_zh:
            where = f"（{'且'.join(inner)}）" if inner else ""
            not_ = "非" if node.is_not else ""
            return f"{not_}{figure}{'最高' if is_top else '最低'}的{node.count}个{who}{where}"
        where = f" with {' and '.join(inner)}" if inner else ""
        kind = "highest" if is_top else "lowest"
        return f"{who}{' not' if node.is_not else ''} among the {node.count} with the {kind} {figure}{where}"

    def order(self, statement: la.Statement) -> str:
        """The order and the number of rows; empty where nothing is said of them."""
        keys = [self._key(order) for order in statement.order]
        if self.is_zh:
            by = f"按{'、'.join(keys)}排" if keys else ""
            if statement.limit is None:
                return by
            return f"{by}{self._within(statement.limit_per)}前{statement.limit}个"
        by = f"by {' then '.join(keys)}" if keys else ""
        if statement.limit is None:
            return f"sorted {by}" if by else ""
        first = f"the first {statement.limit}{self._within(statement.limit_per)}"
        return " ".join(filter(None, (first, by)))

    def _key(self, order: la.Order) -> str:
        key = self.value(order.key)
        if not order.is_descending:
            return key
        return f"{key}从大到小" if self.is_zh else f"{key}, largest first"

    def _within(self, per: Iterable[la.Dim]) -> str:
        names = [self.value(dim) for dim in per]
        if not names:
            return ""
        return f"每个{'、'.join(names)}内" if self.is_zh else f" within each {', '.join(names)}"


def _things(key: str) -> str:
    """What a key counts: "order id" is orders, 订单号 is 订单."""
    if (thing := re.sub(r"(?<=\w)(?: id|编号|号码|号)$", "", key, flags=re.I)) == key or not thing.isascii():
        return thing
    if re.search(r"[^aeiou]y$", thing):
        return f"{thing[:-1]}ies"
    return thing + ("" if thing.endswith("s") else "es" if re.search(r"(?:x|z|ch|sh)$", thing) else "s")


def _says_not(node: la.Condition) -> bool:
    if isinstance(node, la.Compare):
        return node.sign == "<>"
    return bool(getattr(node, "is_not", False)) and not isinstance(node, la.Empty)


def _period(compiled: Compiled, language: Language) -> str:
    span = compiled.span
    if span is None:
        return ""
    last = None if span.end is None else span.end - dt.timedelta(days=1)
    if language == "zh":
        days = "".join([*([f"从{span.start}"] if span.start else []), *([f"到{last}"] if last else [])])
        return f"{span.words}（{days}）"
    days = " ".join([*([f"from {span.start}"] if span.start else []), *([f"to {last}"] if last else [])])
    return f"{span.words} ({days})"
