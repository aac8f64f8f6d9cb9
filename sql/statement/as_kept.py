"""Names of which the data know another spelling: "anna lee" is Anna Lee, and Hollins is Hollins Nurseries.

A column whose values are all known is compared with these (``sql.statement.known_values``). Of people's names
and numbers, and where there are too many values, nothing is known beforehand: the database is asked for this
one. Else "there is none" would be told of somebody who is there. Words are looked for as words: Ann is no
Hannah; and codes as they are: A-101 is not A-1010.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import cast

from sqlglot import exp

from sql.errors import SqlError
from sql.names import quoted
from sql.question.words import is_chinese
from sql.semantics import Shop, View
from sql.shop.trade_words import says
from sql.shop.workspace import Workspace
from sql.statement.routes import Fork, NoRoute, Routes
from sql.statement.sentence import Among, Compare, Condition, Has, Like, Name, Node, Statement, Text

logger = logging.getLogger(__name__)

Values = Mapping[tuple[str, str], Sequence[str]]
"""View and column → all the values that it holds."""
Found = Callable[[View, str, str], Sequence[str]]
"""View, column and a pattern of LIKE → a few of the column's values that are like it, in any letter case."""
FEW = 12
"""Values that are looked for; so many are too many to mean them."""
MOST_KEPT = 500
"""Texts of which is remembered what was found."""
LEAST_INSIDE = 3
"""Letters, or two Chinese characters, from which words are looked for among those of longer names."""
LEAST_DIGITS = 4
"""Digits from which a number is looked for at the end of a telephone's or a card's."""
_NAMED = re.compile(
    r"\b(?:name|company|firm|customer|client|buyer|contact|vendor|supplier|nickname|member|recipient)\b"
    r"|名|客户|买家|昵称|联系人|供应商|收[件货]人|会员"
)
"""What a column says that tells who or what something is."""
_CALLED = re.compile(r"phone|mobile|\btel|card|(?:^|_)(?:sjh?|dh|shouji|dianhua)(?:$|_)|电话|手机|卡号", re.I)


def as_kept(statement: Statement, shop: Shop, routes: Routes, known: Values, find: Found) -> Statement:
    """The statement with each text as the database keeps it, on the column that does.

    A name that no salesperson has may be a customer's.

    Args:
        known: ``(view, column)`` of which all values are known → these.
    """
    home = shop.view(statement.view)
    if home is None:
        return statement

    def kept(node: Node, home: View) -> Node:
        if isinstance(node, Has):
            home = shop.view(node.view) or home
        if not isinstance(node, Compare):
            return node.with_parts(lambda part: kept(part, home))
        left, text = node.left, node.right
        if node.sign not in ("=", "<>") or not isinstance(left, Name) or not isinstance(text, Text):
            return node
        try:
            route = routes.find(home, left)
        except (NoRoute, Fork):
            return node
        if route.column.type != "text":
            return node
        place, said = (route.view.name, route.column.name), text.value.strip()
        if place in known:
            is_there = any(said.casefold() == value.strip().casefold() for value in known[place])
            made: Condition = node
        else:
            made = _kept(node, left, said, partial(find, route.view, route.column.name))
            is_there = made != node or bool(find(route.view, route.column.name, said))
        if is_there or node.sign == "<>" or not says(_NAMED, left.text, "text"):
            return made
        return _elsewhere(said, home, routes, known, find) or made

    return cast(Statement, kept(statement, home))


def _elsewhere(text: str, home: View, routes: Routes, known: Values, find: Found) -> Condition | None:
    """The condition on the one other name that somebody or something of this name has."""
    if len(text) < LEAST_INSIDE - is_chinese(text) or "%" in text or "_" in text or text.isdecimal():
        return None
    held = []
    for name, route in routes.columns(home):
        view, column = route.view, route.column
        if route.is_many or column.type != "text" or not says(_NAMED, column.name, "text"):
            continue
        if (view.name, column.name) not in known and (found := find(view, column.name, text)):
            held.append((name, found))
        if len(held) > 1:
            return None
    return _one_of(*held[0]) if held else None


class KeptValues:
    """A few values of a column that are like a pattern, as a workspace's role sees them; looked for once."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._found: dict[tuple[str, str, str], Sequence[str]] = {}

    def __call__(self, view: View, column: str, pattern: str) -> Sequence[str]:
        """See :data:`Found`; nothing where the database does not tell."""
        asked = (view.name, column, pattern)
        found = self._found.get(asked)
        if found is not None:
            return found
        dialect = self._workspace.catalog.dialect
        name, table = quoted(column, dialect), quoted(view.name, dialect)
        like = exp.Literal.string(pattern.lower()).sql(dialect)
        sql = f"SELECT DISTINCT {name} FROM {table} WHERE LOWER({name}) LIKE {like} LIMIT {FEW}"
        try:
            rows = self._workspace.run(sql).rows
        except SqlError as error:
            logger.info("values like a text were not looked for: %s", type(error).__name__)
            return ()
        if len(self._found) >= MOST_KEPT:
            self._found.clear()
        self._found[asked] = found = tuple(sorted(str(row[0]) for row in rows))
        return found


def _kept(node: Compare, left: Name, text: str, find: Callable[[str], Sequence[str]]) -> Condition:
    if not text or "%" in text or "_" in text:
        return node
    found = find(text)
    if text in found:
        return node
    if found:
        return _one_of(left, found, is_not=node.sign == "<>")
    if node.sign == "<>":
        return node
    if text.isdecimal():
        widths = {len(value) for value in find("0%") if value.isdecimal()}
        if len(widths) == 1 and find(filled := text.zfill(*widths)):  # order 87 is 000000087
            return Compare(left, "=", Text(filled))
        is_one = len(text) >= LEAST_DIGITS and _CALLED.search(left.text) and len(find(f"%{text}")) == 1
        return Like(left, Text(f"%{text}")) if is_one else node
    if any(sign.isdecimal() for sign in text):
        return node  # A-101 is not A-1010
    if is_chinese(text):
        inside = find(f"%{text}%") if len(text) > 1 else ()
    else:
        words = (f"{text} %", f"% {text}", f"% {text} %") if len(text) >= LEAST_INSIDE else ()
        inside = tuple(dict.fromkeys(value for pattern in words for value in find(pattern)))
    return _one_of(left, inside) if 0 < len(inside) < FEW else node


def _one_of(left: Name, found: Sequence[str], *, is_not: bool = False) -> Condition:
    if len(found) == 1:
        return Compare(left, "<>" if is_not else "=", Text(found[0]))
    return Among(left, tuple(map(Text, found)), is_not=is_not)
