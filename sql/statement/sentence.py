"""The question language as data: one statement, its parts, and how they are written.

A ``Statement`` is what a question is turned into, what is told is read off, and what a follow-up edits. It
knows no shop: whether a name is a column, a metric or nothing is for ``sql.statement.compile``. ``str`` of a
statement is its one spelling, and ``sql.statement.parse`` reads that back to an equal statement. The words
are explained in ``docs/question-language.md``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from typing import Any, Literal, Self, TypeAlias, get_args

Unit = Literal["DAY", "WEEK", "MONTH", "QUARTER", "YEAR", "FISCAL_QUARTER", "FISCAL_YEAR"]
"""Units of the calendar; as a dimension, the calendar of the period is filled."""
DayPart = Literal["WEEKDAY", "HOUR"]
UNITS: tuple[Unit, ...] = get_args(Unit)
GRAINS: tuple[str, ...] = (*UNITS, *get_args(DayPart))
AGGREGATES = ("SUM", "AVG", "MIN", "MAX", "COUNT", "MEDIAN", "PERCENTILE")
RESERVED = frozenset(
    [
        "SELECT",
        "DISTINCT",
        "FROM",
        "WHERE",
        "GROUP",
        "BY",
        "HAVING",
        "ORDER",
        "LIMIT",
        "AND",
        "OR",
        "NOT",
        "IN",
        "BETWEEN",
        "LIKE",
        "IS",
        "NULL",
        "DESC",
        "ASC",
        "PER",
        "ALL",
        "HAS",
        "NO",
        "DURING",
        "WITHIN",
        "TRUE",
        "FALSE",
    ]
)
"""Words of the frame: a name that is one of them stands in double quotes."""
_PLAIN = re.compile(r"[^\W\d]\w*")


def written_name(name: str) -> str:
    """A view's or column's name as the language writes it, in double quotes where it needs them."""
    if _PLAIN.fullmatch(name) and name.upper() not in RESERVED and name not in GRAINS:
        return name
    return '"' + name.replace('"', '""') + '"'


class Node:
    """Anything inside a statement."""

    def walk(self) -> Iterator[Node]:
        """This part and all parts inside it."""
        yield self
        for each in fields(self):  # type: ignore[arg-type]  # every node is a dataclass
            value = getattr(self, each.name)
            for part in value if isinstance(value, tuple) else (value,):
                if isinstance(part, Node):
                    yield from part.walk()

    def with_parts(self, change: Callable[[Node], Node]) -> Self:
        """The same of its parts as ``change`` makes them, each once; parts of parts are its to go into."""
        changed: dict[str, Any] = {}
        for each in fields(self):  # type: ignore[arg-type]  # every node is a dataclass
            value = getattr(self, each.name)
            made: Any = value
            if isinstance(value, tuple):
                made = tuple(change(part) if isinstance(part, Node) else part for part in value)
            elif isinstance(value, Node):
                made = change(value)
            if made != value:
                changed[each.name] = made
        return replace(self, **changed) if changed else self  # type: ignore[type-var]


# ---- names and values -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Name(Node):
    """A column or a metric. ``of`` is the view, or the own column that leads there, where it is said."""

    text: str
    of: str = ""

    def __str__(self) -> str:
        own = written_name(self.text)
        return f"{written_name(self.of)}.{own}" if self.of else own


@dataclass(frozen=True)
class Number(Node):
    """A number, as it was written."""

    text: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Text(Node):
    """A text, or a day written as one."""

    value: str

    def __str__(self) -> str:
        return "'" + self.value.replace("'", "''") + "'"


@dataclass(frozen=True)
class Truth(Node):
    """TRUE or FALSE."""

    value: bool

    def __str__(self) -> str:
        return "TRUE" if self.value else "FALSE"


@dataclass(frozen=True)
class Calc(Node):
    """Two terms and what is between them: of columns it is a value of each row, of figures a figure."""

    sign: Literal["+", "-", "*", "/"]
    left: Value
    right: Value

    def __str__(self) -> str:
        left, right = str(self.left), str(self.right)
        if isinstance(self.left, Calc) and (self.sign in "*/" and self.left.sign in "+-"):
            left = f"({left})"
        if isinstance(self.right, Calc) and not (self.sign == "+" and self.right.sign in "*/"):
            right = f"({right})"
        return f"{left} {self.sign} {right}"


@dataclass(frozen=True)
class Elapsed(Node):
    """DAYS or HOURS from one time of a row to another."""

    unit: Literal["DAYS", "HOURS"]
    first: Name
    last: Name

    def __str__(self) -> str:
        return f"{self.unit}({self.first}, {self.last})"


@dataclass(frozen=True)
class Gap(Node):
    """Days since the row before of the same entity."""

    time: Name
    entity: Name

    def __str__(self) -> str:
        return f"GAP({self.time} PER {self.entity})"


@dataclass(frozen=True)
class Step(Node):
    """A number of units back."""

    count: int
    unit: Unit

    def __str__(self) -> str:
        return f"{self.count} {self.unit}"


# ---- figures --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Aggregate(Node):
    """SUM, AVG …, of a row's value, of ``figure PER entity``, or COUNT of rows (``None``) or of units."""

    word: str
    operand: Value | None
    percent: str = ""
    """Of PERCENTILE."""

    def __str__(self) -> str:
        inner = "*" if self.operand is None else str(self.operand)
        return f"{self.word}({inner}{f', {self.percent}' if self.percent else ''})"


@dataclass(frozen=True)
class Per(Node):
    """A figure for each entity (a column, or a unit of time); with ``is_all`` also those without rows."""

    figure: Value
    entity: Name | Grain
    is_all: bool = False

    def __str__(self) -> str:
        figure = f"({self.figure})" if isinstance(self.figure, Calc) else str(self.figure)
        return f"{figure} PER {'ALL ' if self.is_all else ''}{self.entity}"


@dataclass(frozen=True)
class Shifted(Node):
    """A figure some units earlier (BEFORE), or its growth since (GROWTH)."""

    word: Literal["BEFORE", "GROWTH"]
    figure: Value
    step: Step | None = None

    def __str__(self) -> str:
        return f"{self.word}({self.figure}{f', {self.step}' if self.step else ''})"


@dataclass(frozen=True)
class Only(Node):
    """A figure over the rows for which the condition holds as well."""

    figure: Value
    condition: Condition

    def __str__(self) -> str:
        return f"ONLY({self.figure}, {self.condition})"


@dataclass(frozen=True)
class Share(Node):
    """A figure's part of the whole, of the whole of each ``per``, or the part where a condition holds."""

    figure: Value
    per: tuple[Dim, ...] = ()
    condition: Condition | None = None

    def __str__(self) -> str:
        per = f" PER {_listed(self.per)}" if self.per else ""
        return f"SHARE({self.figure}{per}{f', {self.condition}' if self.condition else ''})"


@dataclass(frozen=True)
class Running(Node):
    """A figure from the period's start on, or from the start of each ``reset``."""

    figure: Value
    reset: Unit | None = None

    def __str__(self) -> str:
        return f"RUNNING({self.figure}{f', {self.reset}' if self.reset else ''})"


@dataclass(frozen=True)
class Rolling(Node):
    """A figure over the last ``count`` units that are shown, this one included."""

    figure: Value
    count: int

    def __str__(self) -> str:
        return f"ROLLING({self.figure}, {self.count})"


@dataclass(frozen=True)
class Rank(Node):
    """The place of a figure, the largest first; equal ones share a place."""

    figure: Value
    per: tuple[Dim, ...] = ()

    def __str__(self) -> str:
        return f"RANK({self.figure}{f' PER {_listed(self.per)}' if self.per else ''})"


# ---- dimensions -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Grain(Node):
    """A unit of time or a part of the day: of each figure's own clock, or of a column."""

    unit: str
    column: Name | None = None

    def __str__(self) -> str:
        return f"{self.unit}({self.column})" if self.column else self.unit


@dataclass(frozen=True)
class Bucket(Node):
    """Bands: below the first bound, from each bound on to the next, from the last bound on."""

    operand: Value
    bounds: tuple[Number, ...]

    def __str__(self) -> str:
        return f"BUCKET({self.operand}, {_listed(self.bounds)})"


@dataclass(frozen=True)
class Tile(Node):
    """Entities in ``count`` groups of one size by a figure; 1 has the largest."""

    operand: Per
    count: int

    def __str__(self) -> str:
        return f"TILE({self.operand}, {self.count})"


@dataclass(frozen=True)
class Since(Node):
    """Of an entity's first row ever: its unit (FIRST), units since (AGE), whether it is this (IS_FIRST)."""

    word: Literal["FIRST", "AGE", "IS_FIRST"]
    unit: Unit
    entity: Name

    def __str__(self) -> str:
        return f"{self.word}({self.unit} PER {self.entity})"


@dataclass(frozen=True)
class Pairs(Node):
    """Two values of a column that one entity has both; each pair once."""

    column: Name
    entity: Name

    def __str__(self) -> str:
        return f"PAIRS({self.column} PER {self.entity})"


# ---- conditions -----------------------------------------------------------------------------------------

Sign = Literal["=", "<>", "<", "<=", ">", ">="]


@dataclass(frozen=True)
class Compare(Node):
    """Two sides and a sign; in HAVING the left one is a figure."""

    left: Value
    sign: Sign
    right: Value

    def __str__(self) -> str:
        return f"{self.left} {self.sign} {self.right}"


@dataclass(frozen=True)
class Among(Node):
    """IN, NOT IN."""

    left: Value
    values: tuple[Value, ...]
    is_not: bool = False

    def __str__(self) -> str:
        return f"{self.left} {'NOT ' if self.is_not else ''}IN ({_listed(self.values)})"


@dataclass(frozen=True)
class Range(Node):
    """BETWEEN, NOT BETWEEN; both bounds belong to it."""

    left: Value
    low: Value
    high: Value
    is_not: bool = False

    def __str__(self) -> str:
        return f"{self.left} {'NOT ' if self.is_not else ''}BETWEEN {self.low} AND {self.high}"


@dataclass(frozen=True)
class Like(Node):
    """LIKE, NOT LIKE."""

    left: Value
    pattern: Text
    is_not: bool = False

    def __str__(self) -> str:
        return f"{self.left} {'NOT ' if self.is_not else ''}LIKE {self.pattern}"


@dataclass(frozen=True)
class Empty(Node):
    """IS NULL, IS NOT NULL."""

    left: Value
    is_not: bool = False

    def __str__(self) -> str:
        return f"{self.left} IS {'NOT ' if self.is_not else ''}NULL"


@dataclass(frozen=True)
class Holds(Node):
    """A column that is true or false, or IS_FIRST(…); with ``is_not`` it must be false."""

    what: Name | Since
    is_not: bool = False

    def __str__(self) -> str:
        return f"{'NOT ' if self.is_not else ''}{self.what}"


@dataclass(frozen=True)
class During(Node):
    """The days that the words mean, by each figure's own clock or by a column."""

    words: str
    column: Name | None = None

    def __str__(self) -> str:
        return f"DURING({f'{self.column}, ' if self.column else ''}{Text(self.words)})"


@dataclass(frozen=True)
class Times(Node):
    """How many rows, or different values of a column, HAS asks for."""

    sign: Sign
    count: int
    of: Name | None = None

    def __str__(self) -> str:
        return f"COUNT{f'({self.of})' if self.of else ''} {self.sign} {self.count}"


@dataclass(frozen=True)
class Has(Node):
    """Whether an entity has rows of a view (or none), among those for which the conditions hold."""

    entity: Name
    view: str
    where: tuple[Condition, ...] = ()
    during: str = ""
    within: Step | None = None
    """Only rows at most so long after the asked row's own time."""
    times: Times | None = None
    is_not: bool = False

    def __str__(self) -> str:
        parts = [f"{self.entity} HAS {'NO ' if self.is_not else ''}{written_name(self.view)}"]
        parts += [f"({_joined(self.where)})"] if self.where else []
        parts += [f"DURING({Text(self.during)})"] if self.during else []
        parts += [f"WITHIN {self.within}"] if self.within else []
        return " ".join([*parts, *([str(self.times)] if self.times else [])])


@dataclass(frozen=True)
class Top(Node):
    """Whether an entity is among the first so many by a figure, or with BOTTOM among the last.

    Like HAS it is about all rows that its own conditions leave, whatever the statement is about.
    """

    word: Literal["TOP", "BOTTOM"]
    operand: Per
    count: int
    where: tuple[Condition, ...] = ()
    is_not: bool = False
    view: str = ""
    """That the figure is read from; empty for the statement's."""

    def __str__(self) -> str:
        where = f", {_joined(self.where)}" if self.where else ""
        worth = f"{self.operand}{f' FROM {written_name(self.view)}' if self.view else ''}"
        return f"{'NOT ' if self.is_not else ''}{self.word}({worth}, {self.count}{where})"


@dataclass(frozen=True)
class AllOf(Node):
    """Several conditions that all hold; stands inside ``AnyOf``."""

    parts: tuple[Condition, ...]

    def __str__(self) -> str:
        return _joined(self.parts)


@dataclass(frozen=True)
class AnyOf(Node):
    """Several conditions of which at least one holds."""

    parts: tuple[Condition, ...]

    def __str__(self) -> str:
        return f"({' OR '.join(map(str, self.parts))})"


Condition: TypeAlias = Compare | Among | Range | Like | Empty | Holds | During | Has | Top | AllOf | AnyOf
Dim: TypeAlias = Name | Grain | Bucket | Tile | Since | Pairs | Per
Figure: TypeAlias = Aggregate | Shifted | Only | Share | Running | Rolling | Rank
Value: TypeAlias = Name | Number | Text | Truth | Calc | Elapsed | Gap | Dim | Figure
"""Whatever may stand where a value is expected; what makes sense there is told when it is compiled."""


# ---- the statement --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Order(Node):
    """One key of the order; empty values come last either way."""

    key: Value
    is_descending: bool = False

    def __str__(self) -> str:
        return f"{self.key} DESC" if self.is_descending else str(self.key)


@dataclass(frozen=True, kw_only=True)
class Statement(Node):
    """One sentence of the question language."""

    view: str
    items: tuple[Value, ...]
    """What is shown, in order: dimensions and figures, or columns of rows."""
    where: tuple[Condition, ...] = ()
    groups: tuple[Dim, ...] = ()
    having: tuple[Condition, ...] = ()
    order: tuple[Order, ...] = ()
    limit: int | None = None
    limit_per: tuple[Dim, ...] = ()

    def __str__(self) -> str:
        parts = [f"SELECT {_listed(self.items)} FROM {written_name(self.view)}"]
        parts += [f"WHERE {_joined(self.where)}"] if self.where else []
        parts += [f"GROUP BY {_listed(self.groups)}"] if self.groups else []
        parts += [f"HAVING {_joined(self.having)}"] if self.having else []
        parts += [f"ORDER BY {_listed(self.order)}"] if self.order else []
        if self.limit is not None:
            per = f" PER {_listed(self.limit_per)}" if self.limit_per else ""
            parts.append(f"LIMIT {self.limit}{per}")
        return " ".join(parts)

    @property
    def period(self) -> During | None:
        """The period of the whole statement, by each figure's own clock."""
        return next((c for c in self.where if isinstance(c, During) and c.column is None), None)

    def with_period(self, words: str | None) -> Statement:
        """The same over another period; ``None`` for all time."""
        kept = tuple(c for c in self.where if c is not self.period)
        return replace(self, where=kept if words is None else (*kept, During(words)))

    def with_condition(self, condition: Condition) -> Statement:
        """The same with a condition, in place of those about the same column."""
        return replace(self, where=(*self.without(subject(condition)).where, condition))

    def without(self, about: str | None) -> Statement:
        """The same without the conditions about one column, named as it is written."""
        return replace(self, where=tuple(c for c in self.where if about is None or subject(c) != about))

    def with_groups(self, *groups: Dim) -> Statement:
        """The same by other dimensions, which are shown before the figures."""
        figures = tuple(item for item in self.items if item not in self.groups)
        kept = tuple(o for o in self.order if o.key not in self.groups)
        per = tuple(d for d in self.limit_per if d in groups)
        return replace(self, items=(*groups, *figures), groups=groups, order=kept, limit_per=per)

    def with_figures(self, *figures: Value) -> Statement:
        """The same with other figures behind its dimensions; an order by a figure moves to the first."""
        dims = tuple(item for item in self.items if item in self.groups)
        order = tuple(o if o.key in self.groups else Order(figures[0], o.is_descending) for o in self.order)
        return replace(self, items=(*dims, *figures), order=order)

    def ordered(self, key: Value, *, is_descending: bool = False) -> Statement:
        """The same in another order."""
        return replace(self, order=(Order(key, is_descending),))

    def limited(self, count: int | None, *per: Dim) -> Statement:
        """The same with the first ``count`` rows (of each ``per``); ``None`` for all."""
        return replace(self, limit=count, limit_per=per if count is not None else ())


def subject(condition: Condition) -> str | None:
    """What a condition is about: the column on its left, as it is written; ``None`` when it is several."""
    if isinstance(condition, During):
        return f"DURING {condition.column or ''}"
    if isinstance(condition, Has):
        return f"{condition.entity} HAS {condition.view}"
    if isinstance(condition, Top):
        return f"TOP {condition.operand.entity}"
    if isinstance(condition, Holds):
        return str(condition.what)
    if isinstance(condition, AllOf | AnyOf):
        found = {subject(part) for part in condition.parts}
        return found.pop() if len(found) == 1 else None
    return str(condition.left)


def _listed(parts: tuple[Node, ...]) -> str:
    return ", ".join(map(str, parts))


def _joined(parts: tuple[Condition, ...]) -> str:
    return " AND ".join(map(str, parts))
