"""Reads a statement of the question language, or says where it stops being one and what was expected there.

Recursive descent over a list of tokens, no library. Clause words and functions may be written in any letter
case; a unit of time that stands alone (``MONTH``) is one in capitals only, since columns are called
``month``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NoReturn, TypeVar, cast

from sql.errors import WrongStatement
from sql.statement.sentence import (
    AGGREGATES,
    GRAINS,
    RESERVED,
    UNITS,
    Aggregate,
    AllOf,
    Among,
    AnyOf,
    Bucket,
    Calc,
    Compare,
    Condition,
    Dim,
    During,
    Elapsed,
    Empty,
    Gap,
    Grain,
    Has,
    Holds,
    Like,
    Name,
    Number,
    Only,
    Order,
    Pairs,
    Per,
    Range,
    Rank,
    Rolling,
    Running,
    Share,
    Shifted,
    Sign,
    Since,
    Statement,
    Step,
    Text,
    Tile,
    Times,
    Top,
    Truth,
    Unit,
    Value,
)

MAX_LENGTH = 4_000
"""Characters of a statement; a question never needs more."""
MAX_DEPTH = 30
"""Parts inside each other."""
_TOKEN = re.compile(
    r"""\s*(?:(?P<word>[^\W\d]\w*)|(?P<quoted>"(?:[^"]|"")+")|(?P<number>\d+(?:\.\d+)?)
    |(?P<text>'(?:[^']|'')*')|(?P<sign><>|!=|<=|>=|[=<>+\-*/(),.]))""",
    re.VERBOSE,
)
_SIGNS = ("=", "<>", "<", "<=", ">", ">=")
_T = TypeVar("_T")


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    at: int

    @property
    def word(self) -> str:
        """In capitals, of a word without quotes; else nothing."""
        return self.text.upper() if self.kind == "word" else ""


def parse(text: str) -> Statement:
    """Read one statement.

    Raises:
        WrongStatement: it is none; the message says at which character, and what was expected there.

    >>> str(parse("select month, growth(revenue, 1 year) from sales where during('2026') group by MONTH"))
    "SELECT month, GROWTH(revenue, 1 YEAR) FROM sales WHERE DURING('2026') GROUP BY MONTH"
    """
    if len(text) > MAX_LENGTH:
        raise WrongStatement(text, MAX_LENGTH, f"it is longer than {MAX_LENGTH:,} characters")
    return _Parser(text).statement()


def _tokens(text: str) -> list[_Token]:
    found, at, end = [], 0, len(text.rstrip().removesuffix(";").rstrip())
    while at < end:
        match = _TOKEN.match(text, at, end)
        if match is None:
            at += len(text[at:]) - len(text[at:].lstrip())
            hint = "; close the text with '" if text[at] == "'" else ""
            raise WrongStatement(text, at, f"{text[at]!r} has no meaning here{hint}")
        kind = match.lastgroup or ""
        found.append(_Token(kind, match[kind], match.start(kind)))
        at = match.end()
    return [*found, _Token("end", "", end)]


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = _tokens(text)
        self.place = 0
        self.depth = 0

    # ---- tokens -----------------------------------------------------------------------------------------

    @property
    def next(self) -> _Token:
        return self.tokens[self.place]

    def fail(self, expected: str) -> NoReturn:
        found = f"found {self.next.text!r}" if self.next.text else "the statement ends"
        raise WrongStatement(self.text, self.next.at, f"expected {expected}, {found}")

    def take(self) -> _Token:
        self.place += 1
        return self.tokens[self.place - 1]

    def sees(self, *words: str) -> bool:
        """Whether these words or signs come next."""
        following = self.tokens[self.place : self.place + len(words)]
        return [t.word or t.text for t in following] == list(words)

    def takes(self, *words: str) -> bool:
        """The same, and they are read."""
        is_next = self.sees(*words)
        self.place += len(words) if is_next else 0
        return is_next

    def need(self, word: str) -> None:
        if not self.takes(word):
            self.fail(word)

    def listed(self, read: Callable[[], _T]) -> tuple[_T, ...]:
        found = [read()]
        while self.takes(","):
            found.append(read())
        return tuple(found)

    def name_text(self, what: str) -> str:
        token = self.next
        if token.kind == "quoted":
            return self.take().text[1:-1].replace('""', '"')
        if token.kind != "word" or token.word in RESERVED:
            self.fail(what)
        return self.take().text

    def name(self, what: str = "a column") -> Name:
        first = self.name_text(what)
        return Name(self.name_text(what), first) if self.takes(".") else Name(first)

    def whole(self, what: str) -> int:
        if self.next.kind != "number" or "." in self.next.text:
            self.fail(what)
        return int(self.take().text)

    def number(self) -> Number:
        sign = "-" if self.takes("-") else ""
        if self.next.kind != "number":
            self.fail("a number")
        return Number(sign + self.take().text)

    def words(self) -> str:
        if self.next.kind != "text":
            self.fail("words in quotes, such as 'last month'")
        return self.take().text[1:-1].replace("''", "'")

    def unit(self) -> Unit:
        word = self.next.word.removesuffix("S") if self.next.word not in UNITS else self.next.word
        if word not in UNITS:
            self.fail(f"a unit of time ({', '.join(UNITS)})")
        self.take()
        return word

    def step(self) -> Step:
        return Step(self.whole("a number of units, such as 1 MONTH"), self.unit())

    # ---- the statement ----------------------------------------------------------------------------------

    def statement(self) -> Statement:
        self.need("SELECT")
        is_distinct = self.takes("DISTINCT")
        items = self.listed(self.value)
        self.need("FROM")
        view = self.name_text("a view")
        where = self.conditions() if self.takes("WHERE") else ()
        groups = self.dims() if self.takes("GROUP", "BY") else ()
        having = self.conditions() if self.takes("HAVING") else ()
        order = self.listed(self.order) if self.takes("ORDER", "BY") else ()
        limit, per = None, cast("tuple[Dim, ...]", ())
        if self.takes("LIMIT"):
            limit = self.whole("a number of rows")
            per = self.dims() if self.takes("PER") else ()
        if self.next.kind != "end":
            self.fail(_following(where, groups, having, order, limit))
        if is_distinct and not groups:
            groups = cast("tuple[Dim, ...]", items)
        return Statement(
            view=view,
            items=items,
            where=where,
            groups=groups,
            having=having,
            order=order,
            limit=limit,
            limit_per=per,
        )

    def order(self) -> Order:
        key = self.value()
        is_descending = self.takes("DESC")
        if not is_descending:
            self.takes("ASC")
        return Order(key, is_descending)

    def dims(self) -> tuple[Dim, ...]:
        return self.listed(self.dim)

    def dim(self) -> Dim:
        at = self.place
        found = self.value()
        if not isinstance(found, Name | Grain | Bucket | Tile | Since | Pairs | Per):
            self.place = at
            self.fail("a dimension: a column, a unit of time, BUCKET(…), FIRST(…) or m PER entity")
        return found

    # ---- conditions -------------------------------------------------------------------------------------

    def conditions(self) -> tuple[Condition, ...]:
        found = [self.condition()]
        while self.takes("AND"):
            found.append(self.condition())
        return tuple(found)

    def joined(self) -> Condition:
        """One condition, or several that all hold."""
        found = self.conditions()
        return found[0] if len(found) == 1 else AllOf(found)

    def condition(self) -> Condition:
        is_not = self.takes("NOT")
        if self.sees("TOP", "(") or self.sees("BOTTOM", "("):
            return self.top(is_not)
        if is_not:
            what = self.primary()
            if not isinstance(what, Name | Since):
                self.fail("a column that is true or false behind NOT")
            return Holds(what, is_not=True)
        if self.sees("DURING", "("):
            return self.during()
        if self.sees("("):
            start = self.place
            try:
                return self.any_of()
            except WrongStatement as error:
                self.place = start
                try:
                    return self.compared()
                except WrongStatement as other:
                    raise max(error, other, key=lambda e: e.at) from None
        return self.compared()

    def any_of(self) -> Condition:
        self.deeper()
        self.need("(")
        parts: list[Condition] = []
        while True:
            parts.append(self.joined())
            if not self.takes("OR"):
                break
        self.need(")")
        self.depth -= 1
        if len(parts) == 1 and isinstance(parts[0], AllOf):
            self.fail("OR inside the parentheses; conditions joined by AND need none")
        return parts[0] if len(parts) == 1 else AnyOf(tuple(parts))

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            self.fail("fewer parentheses inside each other")

    def during(self) -> During:
        self.place += 2
        column = None
        if self.next.kind != "text":
            column = self.name()
            self.need(",")
        words = self.words()
        self.need(")")
        return During(words, column)

    def compared(self) -> Condition:
        left = self.value()
        if isinstance(left, Name) and self.takes("HAS"):
            return self.has(left)
        if self.takes("IS"):
            is_not = self.takes("NOT")
            self.need("NULL")
            return Empty(left, is_not)
        is_not = self.takes("NOT")
        if self.takes("IN"):
            self.need("(")
            values = self.listed(self.literal)
            self.need(")")
            return Among(left, values, is_not)
        if self.takes("BETWEEN"):
            low = self.literal()
            self.need("AND")
            return Range(left, low, self.literal(), is_not)
        if self.takes("LIKE"):
            return Like(left, Text(self.words()), is_not)
        if is_not:
            self.fail("IN, BETWEEN or LIKE behind NOT")
        sign = "<>" if self.next.text == "!=" else self.next.text
        if sign in _SIGNS:
            self.take()
            return Compare(left, cast(Sign, sign), self.value())
        if isinstance(left, Name | Since):
            return Holds(left)
        return self.fail("a sign such as =, <> or > behind the value")

    def literal(self) -> Value:
        if self.next.kind == "text":
            return Text(self.words())
        if self.next.word in ("TRUE", "FALSE"):
            return Truth(self.take().word == "TRUE")
        return self.number()

    def has(self, entity: Name) -> Has:
        is_not = self.takes("NO")
        view = self.name_text("a view")
        where: tuple[Condition, ...] = ()
        if self.takes("("):
            where = self.conditions()
            self.need(")")
        during, within, times = "", None, None
        if self.takes("DURING"):
            self.need("(")
            during = self.words()
            self.need(")")
        if self.takes("WITHIN"):
            within = self.step()
        if self.takes("COUNT"):
            of = None
            if self.takes("("):
                of = self.name()
                self.need(")")
            sign = "<>" if self.next.text == "!=" else self.next.text
            if sign not in _SIGNS:
                self.fail("a sign such as >= behind COUNT")
            self.take()
            times = Times(cast(Sign, sign), self.whole("a number of times"), of)
        return Has(entity, view, where, during, within, times, is_not)

    def top(self, is_not: bool) -> Top:
        word = cast(Literal["TOP", "BOTTOM"], self.take().word)
        self.need("(")
        operand = self.of_entity()
        view = self.name_text("a view") if self.takes("FROM") else ""
        self.need(",")
        count = self.whole("a number of places")
        where = self.conditions() if self.takes(",") else ()
        self.need(")")
        return Top(word, operand, count, where, is_not, view)

    # ---- values, figures, dimensions --------------------------------------------------------------------

    def value(self, *, has_per: bool = True) -> Value:
        self.deeper()
        left = self.product(has_per)
        while self.next.text in ("+", "-") and self.next.kind == "sign":
            sign = self.take().text
            left = Calc(sign, left, self.product(has_per))  # type: ignore[arg-type]
        self.depth -= 1
        return left

    def product(self, has_per: bool) -> Value:
        left = self.each(has_per)
        while self.next.text in ("*", "/") and self.next.kind == "sign":
            sign = self.take().text
            left = Calc(sign, left, self.each(has_per))  # type: ignore[arg-type]
        return left

    def each(self, has_per: bool) -> Value:
        figure = self.primary()
        if not has_per or not self.takes("PER"):
            return figure
        is_all = self.takes("ALL")
        entity = self.primary()
        if not isinstance(entity, Name | Grain):
            self.fail("a column or a unit of time behind PER")
        return Per(figure, entity, is_all)

    def primary(self) -> Value:
        token = self.next
        if token.kind == "text":
            return Text(self.words())
        if token.kind == "number" or self.sees("-"):
            return self.number()
        if self.takes("("):
            inside = self.value()
            self.need(")")
            return inside
        if token.word in ("TRUE", "FALSE"):
            return self.literal()
        if token.text in GRAINS and token.kind == "word":
            self.take()
            if not self.takes("("):
                return Grain(token.text)
            column = self.name()
            self.need(")")
            return Grain(token.text, column)
        following = self.tokens[self.place + 1] if token.kind == "word" else token
        if following.text == "(" and token.word not in RESERVED:
            self.place += 2
            found = self.call(token)
            self.need(")")
            return found
        return self.name("a column, a metric or a word of the language")

    def call(self, token: _Token) -> Value:
        word = token.word
        if word in AGGREGATES:
            return self.aggregate(word)
        if word in ("BEFORE", "GROWTH"):
            figure = self.value()
            return Shifted(word, figure, self.step() if self.takes(",") else None)  # type: ignore[arg-type]
        if word in ("FIRST", "AGE", "IS_FIRST"):
            unit = self.unit()
            self.need("PER")
            return Since(word, unit, self.name())  # type: ignore[arg-type]
        if word in ("DAYS", "HOURS"):
            first = self.name()
            self.need(",")
            return Elapsed(word, first, self.name())  # type: ignore[arg-type]
        if word in ("GAP", "PAIRS"):
            column = self.name()
            self.need("PER")
            return (Gap if word == "GAP" else Pairs)(column, self.name())
        read = {
            "SHARE": self.share,
            "ONLY": self.only,
            "RUNNING": self.running,
            "ROLLING": self.rolling,
            "RANK": self.rank,
            "BUCKET": self.bucket,
            "TILE": self.tile,
        }.get(word)
        if read is None:
            self.place -= 2
            words = "BEFORE, GROWTH, SHARE, ONLY, RUNNING, ROLLING, RANK, BUCKET, TILE, FIRST, AGE, IS_FIRST"
            self.fail(f"one of the words {', '.join(AGGREGATES)}, {words}, GAP, PAIRS, DAYS, HOURS")
        return read()

    def aggregate(self, word: str) -> Value:
        if word == "COUNT" and self.takes("*"):
            return Aggregate(word, None)
        if word == "COUNT":
            self.takes("DISTINCT")  # which it does anyway
        operand = self.value()
        if word != "PERCENTILE":
            return Aggregate(word, operand)
        self.need(",")
        percent = self.number().text
        if not 0 <= float(percent) <= 100:
            self.place -= 1
            self.fail("a percentage from 0 to 100")
        return Aggregate(word, operand, percent)

    def share(self) -> Value:
        figure = self.value(has_per=False)
        if self.takes("PER"):
            return Share(figure, per=self.dims())
        return Share(figure, condition=self.joined() if self.takes(",") else None)

    def only(self) -> Value:
        figure = self.value()
        self.need(",")
        return Only(figure, self.joined())

    def running(self) -> Value:
        figure = self.value()
        return Running(figure, self.unit() if self.takes(",") else None)

    def rolling(self) -> Value:
        figure = self.value()
        self.need(",")
        return Rolling(figure, self.whole("a number of units"))

    def rank(self) -> Value:
        figure = self.value(has_per=False)
        return Rank(figure, self.dims() if self.takes("PER") else ())

    def bucket(self) -> Value:
        operand = self.value()
        self.need(",")
        return Bucket(operand, self.listed(self.number))

    def tile(self) -> Value:
        operand = self.of_entity()
        self.need(",")
        return Tile(operand, self.whole("a number of groups"))

    def of_entity(self) -> Per:
        start = self.place
        operand = self.value()
        if not isinstance(operand, Per):
            self.place = start
            self.fail("a figure PER entity")
        return operand


def _following(where: object, groups: object, having: object, order: object, limit: object) -> str:
    """The clauses that may still come, for an error at the end."""
    clauses = ("WHERE", "GROUP BY", "HAVING", "ORDER BY", "LIMIT")
    given = [bool(where), bool(groups), bool(having), bool(order), limit is not None]
    last = max((i for i, is_given in enumerate(given) if is_given), default=-1)
    rest = [*(["AND"] if last in (0, 2) else []), *clauses[last + 1 :]]
    return f"{' or '.join(rest)} or the end" if rest else "the end"
