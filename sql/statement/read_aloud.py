"""A statement said in words, in parts: what is told of an answer is read off here, never off the question."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sql.statement import sentence as la
from sql.statement.compile import Compiled

_AGGREGATES = {
    "SUM": "total",
    "AVG": "average",
    "MIN": "lowest",
    "MAX": "highest",
    "COUNT": "number of",
    "MEDIAN": "median",
}
_SIGNS = {"=": "is", "<>": "is not", "<": "below", "<=": "at most", ">": "above", ">=": "at least"}
_ASSUMED = {
    "own clock": "in time by {}",
    "overlap": "{} that fall into several groups count in each",
    "ties by name": "equal ones in the order of {}",
    "present left out": "full units only: the present one is left out of {}",
    "to date": "{} up to today",
    "same days": "{} is compared with the same days before",
    "whole": "the whole is that of {}",
    "first ever": "the first row ever of each {}, whatever the period",
    "of all rows": "{} looks at all rows, whatever the period",
    "entities with rows": "only those of {} that have rows",
    "last day": "of each unit the last day alone ({})",
    "without a value": "what has no {} is kept",
    "earlier only": "{}: groups with nothing in the period itself are not shown",
}


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

    @property
    def sentence(self) -> str:
        """All of it in one line of English."""
        parts = [", ".join(self.figures)]
        parts += [f"per {', '.join(self.per)}"] if self.per else []
        parts += [f"with {' and '.join(self.having)}"] if self.having else []
        parts += [f"without {' and '.join(self.without)}"] if self.without else []
        parts += [self.period] if self.period else []
        parts += [self.order] if self.order else []
        return "; ".join([" ".join(part for part in parts[:1]), *parts[1:]]) + "."


def read_aloud(compiled: Compiled) -> ReadAs:
    """The parts of a compiled statement in words."""
    statement = compiled.statement
    dims = [d for d in statement.groups if not isinstance(d, la.Name) or d in statement.items]
    shown = [c.item for c in compiled.columns if not c.is_figure]
    figures = [in_words(c.item) for c in compiled.columns if c.is_figure]
    others = [c for c in (*statement.where, *statement.having) if c is not statement.period]
    without = [c for c in others if _says_not(c)]
    per = dict.fromkeys([*dims, *shown]) if figures else {}
    return ReadAs(
        figures=tuple(dict.fromkeys(figures or map(in_words, shown))),
        per=tuple(map(in_words, per)),
        having=tuple(condition_in_words(c) for c in others if c not in without),
        without=tuple(condition_in_words(c, is_denied=True) for c in without),
        period=_period(compiled),
        order=_order(statement),
        assumptions=tuple(_ASSUMED[a.kind].format(a.about) for a in compiled.assumptions),
    )


def in_words(node: la.Value) -> str:
    """A figure, a dimension or a value."""
    if isinstance(node, la.Name):
        return node.text.replace("_", " ")
    if isinstance(node, la.Aggregate):
        if node.operand is None:
            return "number of rows"
        word = f"{node.percent}th percentile of" if node.percent else _AGGREGATES[node.word]
        return f"{word} {in_words(node.operand)}"
    if isinstance(node, la.Per):
        return (
            f"{in_words(node.figure)} of each {in_words(node.entity)}{', all of them' if node.is_all else ''}"
        )
    if isinstance(node, la.Shifted):
        step = f"{node.step.count} {node.step.unit.lower()}" if node.step else "the unit before"
        if node.word == "GROWTH":
            return f"growth of {in_words(node.figure)} against {step}{' before' if node.step else ''}"
        return f"{in_words(node.figure)} {f'{step} earlier' if node.step else 'of the unit before'}"
    if isinstance(node, la.Only):
        return f"{in_words(node.figure)} where {condition_in_words(node.condition)}"
    if isinstance(node, la.Share):
        if node.condition is not None:
            return f"share of {in_words(node.figure)} where {condition_in_words(node.condition)}"
        return f"share of {in_words(node.figure)}{_of(node.per)}"
    if isinstance(node, la.Running):
        return f"running {in_words(node.figure)}{f', anew each {node.reset.lower()}' if node.reset else ''}"
    if isinstance(node, la.Rolling):
        return f"{in_words(node.figure)} of the last {node.count} units"
    if isinstance(node, la.Rank):
        return f"rank by {in_words(node.figure)}{_of(node.per)}"
    if isinstance(node, la.Calc):
        word = {"+": "plus", "-": "less", "*": "times", "/": "per"}[node.sign]
        return f"{in_words(node.left)} {word} {in_words(node.right)}"
    if isinstance(node, la.Elapsed):
        return f"{node.unit.lower()} from {in_words(node.first)} to {in_words(node.last)}"
    if isinstance(node, la.Gap):
        return f"days since the {in_words(node.entity)}'s {in_words(node.time)} before"
    if isinstance(node, la.Grain):
        unit = node.unit.replace("_", " ").lower()
        return f"{unit} of {in_words(node.column)}" if node.column else unit
    if isinstance(node, la.Bucket):
        return f"band of {in_words(node.operand)}"
    if isinstance(node, la.Tile):
        return f"{node.count} equal groups by {in_words(node.operand)}"
    if isinstance(node, la.Since):
        unit, who = node.unit.replace("_", " ").lower(), in_words(node.entity)
        first = f"{unit} of the first row of each {who}"
        return {"FIRST": first, "AGE": f"{unit}s since the {first}", "IS_FIRST": f"new or returning {who}"}[
            node.word
        ]
    if isinstance(node, la.Pairs):
        return f"pairs of {in_words(node.column)} that one {in_words(node.entity)} has both"
    return str(node.value) if isinstance(node, la.Text | la.Truth) else node.text


def condition_in_words(node: la.Condition, *, is_denied: bool = False) -> str:
    """A condition; with ``is_denied`` what it leaves out, to stand behind "without"."""
    if isinstance(node, la.AnyOf | la.AllOf):
        return (" or " if isinstance(node, la.AnyOf) else " and ").join(map(condition_in_words, node.parts))
    if isinstance(node, la.During):
        return f"{in_words(node.column) if node.column else 'time'} in {node.words}"
    if isinstance(node, la.Has):
        inner = f" with {' and '.join(map(condition_in_words, node.where))}" if node.where else ""
        times = f" {_SIGNS[node.times.sign]} {node.times.count} times" if node.times else ""
        period = f" in {node.during}" if node.during else ""
        near = f" within {node.within.count} {node.within.unit.lower()}" if node.within else ""
        has = "" if is_denied else f"{in_words(node.entity)} with "
        return f"{has}{node.view.replace('_', ' ')}{inner}{times}{period}{near}"
    if isinstance(node, la.Holds):
        return in_words(node.what)
    left = in_words(node.left)
    if isinstance(node, la.Empty):
        return f"{left} {'known' if node.is_not and not is_denied else 'unknown'}"
    if isinstance(node, la.Compare):
        sign = "is" if is_denied else _SIGNS[node.sign]
        return f"{left} {sign} {in_words(node.right)}"
    if isinstance(node, la.Range):
        return f"{left} from {in_words(node.low)} to {in_words(node.high)}"
    if isinstance(node, la.Like):
        return f"{left} like {node.pattern.value}"
    return f"{left} {' or '.join(map(in_words, node.values))}"


def _says_not(node: la.Condition) -> bool:
    if isinstance(node, la.Compare):
        return node.sign == "<>"
    return bool(getattr(node, "is_not", False)) and not isinstance(node, la.Empty)


def _of(per: tuple[la.Dim, ...]) -> str:
    return f" within each {', '.join(map(in_words, per))}" if per else ""


def _period(compiled: Compiled) -> str:
    span = compiled.span
    if span is None:
        return ""
    last = None if span.end is None else span.end - dt.timedelta(days=1)
    days = " ".join([*([f"from {span.start}"] if span.start else []), *([f"to {last}"] if last else [])])
    return f"{span.words} ({days})"


def _order(statement: la.Statement) -> str:
    keys = [f"{in_words(o.key)}{', largest first' if o.is_descending else ''}" for o in statement.order]
    order = f"by {' then '.join(keys)}" if keys else ""
    if statement.limit is None:
        return f"sorted {order}" if order else ""
    return " ".join(
        part for part in (f"the first {statement.limit}{_of(statement.limit_per)}", order) if part
    )
