"""Whether a statement has a condition for each state that its question asks for: in stock, unpaid, open."""

from __future__ import annotations

import re

from sql.question.linking import Links
from sql.question.stretches import mask
from sql.question.words import root
from sql.statement import sentence as la
from sql.statement.compile import Compiled
from sql.statement.heard_parts import Parts

DONE = (
    r"(?:un|pre)?paid|(?:un)?shipped|(?:un)?dispatched|(?:un)?fulfilled|(?:un)?delivered|(?:un)?processed"
    r"|completed|cancell?ed|refunded|voided|abandoned|(?:dis)?approved|rejected|(?:un)?resolved|(?:un)?subscribed"
    r"|(?:un)?confirmed|(?:un)?verified|(?:un)?published|enabled|disabled|archived|closed"
)
_STATE = re.compile(
    r"\b(?:(?:in|out of) stock|on (?:sale|offer|hold|backorder)|up for sale|for sale|sold out|backordered"
    r"|discontinued|(?:un)?available|(?:in)?active|pending|outstanding|unfinished|ongoing|overdue|expired"
    r"|(?:in)?valid|damaged|defective|delayed|on time|wholesale|vip"
    r"|(?<=\bstill )open|(?<=\bare )open|(?<=\bis )open|(?<=\bwere )open|(?<=\bthe )open|(?<=\ball )open"
    r"|(?<=\bany )open|(?<=\bof )open|(?<=\bmany )open|(?<=\bour )open|(?<=\bcurrently )open"
    rf"|(?<=\bis )(?:{DONE})|(?<=\bare )(?:{DONE})|(?<=\bwere )(?:{DONE})|(?<=\bnot )(?:{DONE})"
    rf"|(?<=\byet )(?:{DONE})|(?<=\balready )(?:{DONE})|(?<=\bbeen )(?:{DONE})|(?:{DONE})(?= \w+s\b))\b"
    r"(?! (?:total|cost|fee|price|date|value|amount|day|time|rate|free)s?\b)"
    r"|在售|在卖|上架|下架|停售|停产|在库(?!存)|(?:有|缺|断|无)货(?!款)|脱销|售罄|预售|清仓|启用|停用|活跃|有效|无效|失效"
    r"|(?:付|结|发|收|退|签)(?:了|过|完|好)[款货钱单账收]"
    r"|过期|逾期|(?:已|未|待|没)(?:付|支付|结|发|出|收|到|签收|送达|完成|取消|审核|确认|处理|退|退款|结算|开票|评价)"
    r"[款货账单]?|没(?:付|发|到|收)[款货]?|欠款|赊账|挂账|作废|异常|质量问题|破损|线上|线下|直营|加盟",
    re.I,
)
"""Words that narrow rows to those in some state or of some kind: what is counted is not all of them."""


def states_unheard(links: Links, compiled: Compiled, parts: Parts) -> list[str]:
    """Words for a state that no name of the statement, and no condition of its own, stands for.

    Which condition a word means is the model's to say ("in stock" may be ``on_hand > 0``): one that no value
    or number of the question accounts for is taken for it.
    """
    said = list(_STATE.finditer(mask(links, names=False)))
    if not said:
        return []
    written = str(compiled.statement).casefold()
    written += " ".join(
        text for m in parts.metrics for text in (m.sql, m.description, *m.synonyms)
    ).casefold()
    used = {m.text.casefold() for m in links.mentions if m.name.casefold() in written}
    own = _own_conditions(links, parts)
    missing = []
    for match in said:
        text = match[0].strip().casefold()
        words = [root(word) for word in text.split() if len(word) > 3 or not word.isascii()]
        if any(word in written for word in words) or any(text in each for each in used):
            continue
        if parts.is_called(text) or _is_a_place(text, parts):
            continue
        if parts.is_not_yet and _DENIED.search(links.question[: match.end()]):
            continue
        if own > 0:
            own -= 1
            continue
        missing.append(match[0].strip())
    return missing


_DENIED = re.compile(r"(?:\b(?:not|yet|to be|waiting)\b|n['’]t\b|\bun|没|未)[^,.;，。；]{0,14}$", re.I)
_PLACES = (("线上", "网上", "online", "web"), ("线下", "门店", "in store", "store", "till", "receipt"))
"""Where things are sold, as people say it and as tables are called."""


def _is_a_place(text: str, parts: Parts) -> bool:
    return any(text in words and any(word in parts.names for word in words) for words in _PLACES)


_OWN = (la.Empty, la.Holds, la.Has, la.Top, la.Since, la.Times, la.Among, la.Range)
"""Conditions without a value that the question would have to say."""


def _own_conditions(links: Links, parts: Parts) -> int:
    """Conditions of the statement that hold no value or number which the question says."""
    numbers = {number.value for number in links.numbers}
    values = {m.value.casefold() for m in links.mentions if m.value and len(m.text) >= len(m.value)}
    count = 0
    for node in parts.nodes:
        if isinstance(node, _OWN):
            count += 1
        elif isinstance(node, la.Compare):
            right = node.right
            is_said = isinstance(right, la.Text) and right.value.casefold() in values
            is_said |= isinstance(right, la.Number) and float(right.text) in numbers
            count += not is_said
    return count
