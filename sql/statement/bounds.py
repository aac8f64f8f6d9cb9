"""Whether a number is part of what it bounds: "5 or fewer" is ``<= 5``, "fewer than 5" is ``< 5``.

The words say it and no model need be asked, so a statement that bounds with the other sign of the same
direction is put right. A bound in the other direction is left as it stands: it may say the same of the rest.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import cast

from sql.question.linking import Links
from sql.statement.sentence import Compare, Node, Number, Sign, Statement, Times, Value

_NOT = r"(?:not|never|does ?n[o']t|did ?n[o']t|do ?n[o']t)"
_BEFORE: tuple[tuple[Sign, str], ...] = (
    ("<=", r"(?:at most|(?:no|not) (?:more|greater|higher|larger|later|longer) than|up to|<=|≤"
           rf"|{_NOT} (?:over|above|beyond|exceed(?:ing)?)|(?:a )?max(?:imum)?\.?(?: of)?"
           r"|(?:不|未|没有?)(?:超过?|多于|高于|大于)|小于等于|小于或等于|至多|最多)"),
    (">=", r"(?:at least|(?:no|not) (?:less|fewer|lower|smaller) than|starting (?:at|from)|upwards of|>=|≥"
           rf"|{_NOT} (?:under|below)|(?:a )?min(?:imum)?\.?(?: of)?"
           r"|(?:不|未|没有?)(?:少于|低于|小于)|大于等于|大于或等于|至少|最少|起码|(?<![不未没有])达到?|(?<!不)满)"),
    (">", r"(?:(?:more|greater|higher|larger|bigger|longer|older|more expensive) than|above|over|beyond|[>＞]"
          r"|exceed(?:s|ed|ing)?|in excess of|超过|大于|多于|高于|超出|高出)"),
    ("<", r"(?:(?:less|fewer|lower|smaller|shorter|cheaper) than|below|under|[<＜]"
          r"|少于|小于|低于|不到|不足|不满"
          r"|(?:不|未|没有?)(?:达到?|到))"),
)  # fmt: skip
"""Words before a number, the longer ones first, with the sign that they mean."""
_BETWEEN = r"\s*(?:about\s+|[$€£¥￥]\s*)?$"
_NO_OTHER = r"(?! than)(?!\s+[€$£¥￥]?\d)"
"""Behind words that would bound the next number: more than 3 pieces or above 1500."""
_BEHIND: tuple[tuple[Sign, str], ...] = (
    ("<=", rf"or (?:less|fewer|under|below|lower|cheaper)\b{_NO_OTHER}"
           r"|(?:max(?:imum)?|tops|at (?:the )?most)\b(?!\s+\d)|[(（]含[)）]以下"
           r"|(?:以下|以内|之内|内(?!容)|及以下|或以下|或更少|或者更少)"),
    (">=", rf"or (?:more|above|over|higher|greater|better|longer|older)\b{_NO_OTHER}"
           rf"|and (?:more|up|over|above)\b{_NO_OTHER}|\+|plus\b|upwards?\b"
           r"|(?:min(?:imum)?|at (?:the )?least)\b(?!\s+\d)|[(（]含[)）]以上"
           r"|(?:以上|及以上|或以上|或更多|或者更多)(?!\s*[(（，,]?\s*不[含包])"),
)  # fmt: skip
_UNIT = r"^\s*(?:[€%]|[a-z]+\s+(?=or |and |at |max|min|tops)|[\u4e00-\u9fff]{0,2}?)?\s*"
_OTHER: dict[Sign, Sign] = {"<": "<=", "<=": "<", ">": ">=", ">=": ">"}


def bounds_said(links: Links) -> dict[float, Sign]:
    """Number → the sign that the question's words beside it mean; none where they mean two."""
    found: dict[float, Sign | None] = {}
    for number in links.numbers:
        before, behind = links.question[: number.start], links.question[number.end :]
        signs = [sign for sign, words in _BEHIND if re.match(f"{_UNIT}(?:{words})", behind, re.I)]
        signs += [sign for sign, words in _BEFORE if re.search(f"(?<![a-z]){words}{_BETWEEN}", before, re.I)]
        if signs:
            same = found.setdefault(number.value, signs[0]) == signs[0]
            found[number.value] = signs[0] if same else None
    return {value: sign for value, sign in found.items() if sign is not None}


def bounded(statement: Statement, links: Links) -> Statement:
    """The statement with each number inside or outside its bound as the question's words say."""
    said = bounds_said(links)
    return cast(Statement, _bounded(statement, said)) if said else statement


def _bounded(node: Node, said: dict[float, Sign]) -> Node:
    if isinstance(node, Compare | Times):
        number = node.count if isinstance(node, Times) else _number(node.right)
        sign = said.get(float(number)) if number is not None else None
        return replace(node, sign=sign) if sign is not None and node.sign == _OTHER[sign] else node
    return node.with_parts(lambda part: _bounded(part, said))


def _number(value: Value) -> float | None:
    return float(value.text) if isinstance(value, Number) else None
