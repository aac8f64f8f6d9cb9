"""How large a statement may be, and how much larger than the data it may make what it gives.

Neither a parser nor a database's planner can be interrupted, and no budget is watched inside one value; so
these are counted on the statement itself, before anything runs. Sizes of single values are
``sql.lock.admission``.
"""

from __future__ import annotations

from collections import Counter

from sqlglot import exp
from sqlglot.tokenizer_core import Token, TokenType

from sql.lock.trees import is_star
from sql.names import key

MAX_CHARACTERS = 20_000
"""Longest statement; a question never needs more."""
MAX_TOKENS = 2_500
"""Words and signs; the databases' planners, which nothing interrupts, get slow beyond."""
MAX_SELECTS = 30
"""SELECTs in one statement; DuckDB plans 40 correlated ones for seconds without looking at an interrupt."""
MAX_DEPTH = 60
"""Deepest nesting of parentheses and CASE."""
MAX_OPEN_JOINS = 8
"""Joins in a row without ON or USING: sqlglot's parser takes 2**n steps for n of them."""
MAX_STAR_GROWTH = 256
"""How many times wider than a view the columns behind * may become: nested ones multiply."""
MAX_TEXT_GROWTH = 16
"""How many times longer REPLACE and || may make a text: neither time nor memory is watched inside a value."""
_JOINING = (exp.DPipe, exp.Concat, exp.ConcatWs, exp.Replace, exp.RegexpReplace, exp.GroupConcat)
"""Functions whose text may be longer than each text that they are given."""
_OPENING = frozenset({TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.L_BRACE})
_CLOSING = frozenset({TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.R_BRACE})
_SHAPING = (
    _OPENING | _CLOSING | {TokenType.CASE, TokenType.END, TokenType.JOIN, TokenType.ON, TokenType.USING}
)


def shape_refusal(tokens: list[Token]) -> str | None:
    """What can be refused before parsing: sizes at which the parser would be slow or too deep."""
    if len(tokens) > MAX_TOKENS:
        return f"it has {len(tokens):,} words; {MAX_TOKENS:,} are allowed"
    open_joins, cases, previous = [0], 0, None
    for token in tokens:
        kind = token.token_type
        if kind in _SHAPING:
            if kind in _OPENING:
                open_joins.append(0)
            elif kind in _CLOSING:
                if len(open_joins) > 1:
                    open_joins.pop()
            elif kind is TokenType.CASE:
                cases += 1
            elif kind is TokenType.END:
                cases -= 1
            elif kind is TokenType.JOIN and previous is not TokenType.NATURAL:
                open_joins[-1] += 1
            elif kind in (TokenType.ON, TokenType.USING) and previous is not TokenType.DISTINCT:
                open_joins[-1] = max(0, open_joins[-1] - 1)
            if sum(open_joins) > MAX_OPEN_JOINS:
                return f"more than {MAX_OPEN_JOINS} joins in a row have no ON; give each join its ON"
            if cases + len(open_joins) > MAX_DEPTH:
                return f"it is nested deeper than {MAX_DEPTH} levels; write it flatter"
        previous = kind
    return None


def star_growth(select: exp.Select) -> int:
    """How many times as many columns as its widest source a ``SELECT *`` can give."""
    return max(1, sum(map(is_star, select.expressions))) * (1 + len(select.args.get("joins") or ()))


def text_growth(tree: exp.Expr) -> float:
    """How many times longer, at most, the statement can make a text of the database's.

    Calls are taken to be inside each other even when they are not: they can be, through names.
    """
    growth = 1.0
    for call in tree.find_all(exp.Replace, exp.RegexpReplace):
        new, old = call.args.get("replacement"), call.args.get("expression")
        length = len(new.this) if isinstance(new, exp.Literal) else 0 if new is None else 16
        is_text = isinstance(call, exp.Replace) and isinstance(old, exp.Literal)
        growth *= max(1.0, length / max(1, len(old.this) if is_text and old is not None else 1))
    for join in tree.find_all(exp.DPipe, exp.Concat, exp.ConcatWs):
        if not isinstance(join.parent, exp.DPipe):
            names = Counter(key(column.sql()) for column in join.find_all(exp.Column))
            growth *= max(names.values(), default=1)
    return growth


def doubles(cte: exp.Expr) -> bool:
    """Whether a common table expression that reads itself may make its texts longer by more than a part."""
    name = key(cte.alias)
    selves = [
        t for t in cte.find_all(exp.Table) if isinstance(t.this, exp.Identifier) and key(t.name) == name
    ]
    if not selves:
        return False
    own = {key(table.alias_or_name) for table in selves}
    for node in cte.find_all(*_JOINING):
        if isinstance(node, (exp.Replace, exp.RegexpReplace)):
            return True
        if sum(not c.table or key(c.table) in own for c in node.find_all(exp.Column)) > 1:
            return True
    return False
