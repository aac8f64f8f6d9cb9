"""sqlglot's trees in our dialects: how a text becomes one, how it is written again, what it says of itself.

It judges nothing: what may stand in a tree is ``sql.lock.admission``.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any

from sqlglot import exp
from sqlglot.dialects.dialect import Dialect as SqlglotDialect
from sqlglot.errors import ErrorLevel, ParseError
from sqlglot.tokenizer_core import Token, TokenType

from sql.names import key
from sql.types import Dialect

EMPTY: tuple[object, ...] = (None, False, [], "")
"""What stands in the place of a part that a node does not have."""
SETS = (exp.Union, exp.Intersect, exp.Except)


@cache
def speech(dialect: Dialect) -> SqlglotDialect:
    """sqlglot's own object for the dialect, which reads and writes it; made once."""
    return SqlglotDialect.get_or_raise(dialect)


def parse_query(sql: str, dialect: Dialect) -> exp.Query:
    """Parse one query of the shop's own, without comments; raises sqlglot's errors or ``ValueError``."""
    tokens = speech(dialect).tokenize(sql)
    trees = [tree for tree in speech(dialect).parser().parse(tokens, sql) if tree is not None]
    if len(trees) != 1 or not isinstance(trees[0], (exp.Select, *SETS)):
        raise ValueError("expected one SELECT")
    name_all(trees[0], tokens)
    return bare(trees[0])


def bare(tree: exp.Query) -> exp.Query:
    """``tree`` without comments and positions; a copy of it then costs a third."""
    for node in tree.walk():
        node.comments = None
        node._meta = None
    return tree


def _printed_type(generator: Any, node: exp.DataType) -> str:
    """``NUMERIC`` keeps whole numbers whole in SQLite; sqlglot writes REAL for it."""
    return "NUMERIC" if node.this is exp.DType.DECIMAL else str(generator.datatype_sql(node))


_PRINTED: dict[Dialect, dict[type[exp.Expr], Callable[[Any, Any], str]]] = {
    "sqlite": {exp.DataType: _printed_type},
    # MariaDB has no REGEXP_LIKE, which sqlglot writes; both have the operator.
    "mysql": {exp.RegexpLike: lambda generator, node: str(generator.binary(node, "REGEXP"))},
}
"""Kinds of nodes that sqlglot writes in another way than the statement had them, to another effect."""
_dispatches: dict[Dialect, dict[Any, Any]] = {}


def _dispatch(dialect: Dialect, standard: dict[Any, Any]) -> dict[Any, Any]:
    if dialect not in _dispatches:
        _dispatches[dialect] = {**standard, **_PRINTED[dialect]}
    return _dispatches[dialect]


def print_tree(tree: exp.Expr, dialect: Dialect) -> str:
    """The text of ``tree``, which is not to be used afterwards; what the dialect cannot say raises."""
    generator = speech(dialect).generator(comments=False, unsupported_level=ErrorLevel.RAISE)
    if dialect in _PRINTED:
        generator._dispatch = _dispatch(dialect, generator._dispatch)
    return generator.generate(tree, copy=False)


def visible_cte(table: exp.Table) -> exp.CTE | None:
    """The common table expression of the statement that ``table`` names, by SQL's rules of scope."""
    name = key(table.name)
    node: exp.Expr | None = table
    inside: exp.CTE | None = None
    while node is not None:
        if isinstance(node, exp.CTE):
            inside = node
        with_ = node.args.get("with_")
        if with_ is not None:
            ctes = list(with_.expressions)
            sees_itself = bool(with_.args.get("recursive"))
            if inside is not None and inside.parent is with_:
                place = next(i for i, cte in enumerate(ctes) if cte is inside)
                ctes = ctes[: place + sees_itself]
            for cte in reversed(ctes):
                if isinstance(cte, exp.CTE) and key(cte.alias) == name:
                    return cte
        node = node.parent
    return None


def is_star(node: exp.Expr) -> bool:
    """Whether ``node`` is ``*`` or ``t.*``."""
    return isinstance(node, exp.Star) or (isinstance(node, exp.Column) and isinstance(node.this, exp.Star))


def name_all(tree: exp.Expr, tokens: Sequence[Token]) -> None:
    """Take ``ORDER BY "all"`` for the column that it names; sqlglot reads DuckDB's ``ORDER BY ALL`` in it.

    Raises:
        ParseError: both stand in one statement.
    """
    words = [node for node in tree.find_all(exp.Var) if isinstance(node.parent, exp.Ordered)]
    words = [node for node in words if node.name == "ALL"]
    quoted = [t for t in tokens if t.token_type is TokenType.IDENTIFIER and t.text.lower() == "all"]
    if not words or not quoted:
        return
    kinds = [token.token_type for token in tokens]
    if (TokenType.ORDER_BY, TokenType.ALL) in itertools.pairwise(kinds):
        raise ParseError('ORDER BY ALL beside a column "all"; name the columns to sort by')
    for node in words:
        node.replace(exp.column(exp.to_identifier(quoted[0].text, quoted=True)))


def is_whole_number(node: exp.Expr | None) -> bool:
    """Whether ``node`` is a number written in figures alone, without a sign."""
    return isinstance(node, exp.Literal) and not node.is_string and node.name.isdigit()


def filled(node: exp.Expr) -> Iterator[str]:
    """Names of the parts that ``node`` has."""
    return (part for part, value in node.args.items() if value not in EMPTY)


def node_kind(node: exp.Expr) -> str:
    """A node's kind in words: ``TruncateTable`` → ``TRUNCATE TABLE``."""
    if isinstance(node, exp.Command):
        return str(node.this).upper()
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", type(node).__name__).upper()


def sqlglot_reason(error: BaseException) -> str:
    """The first line of sqlglot's message without the marks for a terminal."""
    first = str(error).split("\n")[0]
    return re.sub(r"\x1b\[[0-9;]*m", "", first).rstrip(". ") or "it cannot be read as SQL"
