"""Things that the question names by a part of their names: "gel pens" are all of them, not the first one."""

from __future__ import annotations

import re
from collections.abc import Sequence, Set
from typing import cast

from sql.question.linking import Links, chinese_words
from sql.question.words import SHAPE_WORDS, STOP_WORDS, WORD, ZH_SHAPE, ZH_STOP, is_chinese, stem
from sql.semantics import Shop, View
from sql.statement.known_values import Values
from sql.statement.routes import Fork, NoRoute, Routes
from sql.statement.sayable import FEW_VALUES
from sql.statement.sentence import Among, Compare, Condition, Has, Like, Name, Node, Statement, Text


def all_of_the_part(
    statement: Statement, links: Links, shop: Shop, routes: Routes, values: Values
) -> Statement:
    """The statement with every name that has the words of the question, where it took one of several.

    A column of few values holds no names but states: "paid" is not "part paid".

    Args:
        values: known values of each column, its most frequent ones at least.
    """
    home = shop.view(statement.view)
    if home is None:
        return statement
    return cast(Statement, _widened(statement, home, links, shop, routes, values))


def _widened(node: Node, home: View, links: Links, shop: Shop, routes: Routes, values: Values) -> Node:
    if isinstance(node, Has):
        home = shop.view(node.view) or home
    if not isinstance(node, Compare):
        return node.with_parts(lambda part: _widened(part, home, links, shop, routes, values))
    if node.sign not in ("=", "<>") or not isinstance(node.left, Name) or not isinstance(node.right, Text):
        return node
    try:
        route = routes.find(home, node.left)
    except (NoRoute, Fork):
        return node
    known = values.get((route.view.name, route.column.name), ())
    said = _words_for(node.right.value, route.column.name, links) if len(known) > FEW_VALUES else None
    return _of_all(node, node.left, said, known) if said is not None else node


def _words_for(name: str, column: str, links: Links) -> str | None:
    """The words of the question that a name was taken for; ``None`` where more of it is said, or all."""
    spans = {
        (m.start, m.end)
        for m in links.mentions
        if m.kind == "value" and m.name == column and m.value is not None
        if m.value == name or (m.is_part and _is_in(m.value, name))
    }
    if not spans:
        return None
    start, end = max(spans, key=lambda span: span[1] - span[0])
    said = links.question[start:end]
    elsewhere = links.question[:start] + " " + links.question[end:]
    is_told_apart = (
        any(e <= start or end <= s for s, e in spans)
        or _more_of_it(name, said, elsewhere)
        or _is_qualified(links, start, end)
    )
    return said if _is_in(said, name) and not is_told_apart else None


def _more_of_it(name: str, said: str, elsewhere: str) -> bool:
    """Whether the question has more of a name as well: another word, in Chinese another sign."""
    if (_stems(name) - _stems(said)) & _stems(elsewhere):
        return True
    return any(is_chinese(sign) and sign in elsewhere for sign in name.replace(said, ""))


_SMALL = STOP_WORDS | SHAPE_WORDS | ZH_STOP | ZH_SHAPE | frozenset("买订购")


def _is_qualified(links: Links, start: int, end: int) -> bool:
    """Whether a word beside a name says which of several is meant: men's shirts, large bears, two metres."""
    before, behind = links.question[:start].rstrip(" 的"), links.question[end:].lstrip(" 的")
    if re.match(r"(?:of|in|with|for)\s+(?:\d|one\b|two\b|three\b|size\b)|[(（]", behind, re.I):
        return True
    words = list(WORD.finditer(before))
    if not words or words[-1].end() < len(before):
        return False
    word = words[-1][0].casefold()
    if is_chinese(word):
        word = next((text for text, _, _ in reversed(chinese_words(word))), word)
        is_small = word in _SMALL or all(sign in _SMALL for sign in word)
    else:
        is_small = word in _SMALL
    at = len(before) - len(word)
    covered = [(m.start, m.end) for m in links.mentions if (m.start, m.end) != (start, end)]
    covered += [(p.first, p.last) for p in links.periods]
    return not is_small and not any(a <= at < b for a, b in covered)


def _of_all(node: Compare, left: Name, said: str, known: Sequence[str]) -> Condition:
    """A condition that one name is meant, of all that have the words in them."""
    having = [value for value in known if _is_in(said, value)]
    is_whole = any(_stems(value) == _stems(said) for value in having)
    if len(having) < 2 or is_whole:
        return node
    if having == [value for value in known if said.casefold() in value.casefold()]:
        return Like(left, Text(f"%{said}%"), is_not=node.sign == "<>")
    return Among(left, tuple(map(Text, having)), is_not=node.sign == "<>")


def _is_in(part: str, name: str) -> bool:
    """Whether a name has the words of a part, in whatever number; Chinese has none to tell apart."""
    if is_chinese(part):
        return part.casefold() in name.casefold()
    return _stems(part) <= _stems(name)


def _stems(text: str) -> Set[str]:
    return {stem(word) for word in WORD.findall(text.casefold())}
