"""The asking user's attributes in a role's rules about rows: values in place of ``:name``, never text of SQL.

What a rule may hold besides is ``Guard.predicate``'s.
"""

from __future__ import annotations

import math
import re
from pathlib import Path

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from sql.errors import ShopFileError
from sql.lock.admission import MAX_LITERAL
from sql.semantics import Attributes, AttributeValue, Role, View
from sql.types import ColumnType, Dialect


def attribute_names(role: Role, dialect: Dialect) -> frozenset[str]:
    """Names of the user's attributes that the role's rules need; a rule that does not parse needs none."""
    found: set[str] = set()
    for rule in role.rows.values():
        try:
            tree = sqlglot.parse_one(rule, read=dialect, into=exp.Condition)
        except (SqlglotError, RecursionError):
            continue
        found |= {name for p in tree.find_all(exp.Placeholder) if (name := _attribute_name(p))}
    return frozenset(found)


def with_attributes(
    tree: exp.Expr, user: Attributes, view: View, dialect: Dialect, *, where: str, path: Path | None
) -> exp.Expr:
    """``tree`` with the user's attributes in place of ``:name``, as values and never as text of SQL.

    Args:
        tree: a rule about rows of ``view``; it is changed.
        where: which rule it is, for the errors.
        path: the shop's file, for the errors.
    Raises:
        ShopFileError: the user lacks an attribute that the rule needs, or it cannot stand there.
    """
    for node in list(tree.find_all(exp.Placeholder)):
        name = _attribute_name(node)
        if name is None:
            continue  # ? and $1, which are refused like in a statement
        if name not in user:
            reason = (
                f"{where} needs the attribute {name} of the asking user, who has none; ask as a user "
                "that has it, or under another role"
            )
            raise ShopFileError(path, None, reason)
        try:
            kind = _compared_kind(node, view, dialect)
            values = attribute_nodes(user[name], kind)
        except ValueError as error:
            reason = f"{where}: the user's attribute {name} {error}"
            raise ShopFileError(path, None, reason) from error
        is_list = isinstance(node.parent, exp.In) and node.arg_key == "expressions"
        if is_list:
            node.parent.set(  # type: ignore[union-attr]
                "expressions",
                [n for e in node.parent.expressions for n in (values if e is node else [e])],  # type: ignore[union-attr]
            )
        elif isinstance(user[name], tuple):
            reason = f"{where}: the user's attribute {name} is a list; write IN (:{name})"
            raise ShopFileError(path, None, reason)
        elif node.parent is None:
            tree = values[0]
        else:
            node.replace(values[0])
    return tree


def attribute_nodes(value: AttributeValue, kind: ColumnType | None = None) -> list[exp.Expr]:
    """A user's attribute as values of a statement; an empty list gives NULL, which no row equals.

    Args:
        kind: type of the column that it is compared with. A number beside a text is written as text, and a
            text beside a number must be one: MySQL would take every text for 0.
    Raises:
        ValueError: it is of no kind that a statement can hold, or that the column can equal.
    """
    if isinstance(value, tuple):
        return [node for item in value for node in attribute_nodes(item, kind)] or [exp.Null()]
    if kind in ("integer", "number") and isinstance(value, str):
        try:
            value = int(value) if re.fullmatch(r"-?[0-9]{1,18}", value) else float(value)
        except ValueError:
            raise ValueError(f"is {value!r}, and the column that it is compared with holds numbers") from None
    if isinstance(value, bool):
        if kind not in (None, "boolean"):
            raise ValueError(f"is {value!r}, and the column that it is compared with holds no truth values")
        return [exp.Boolean(this=value)]
    if kind == "text" and isinstance(value, (int, float)) and math.isfinite(value):
        value = str(value)
    if isinstance(value, str):
        if len(value) > MAX_LITERAL or any(ord(c) < 32 or 0xD800 <= ord(c) <= 0xDFFF for c in value):
            raise ValueError("is no plain text")
        return [exp.Literal.string(value)]
    if isinstance(value, (int, float)) and math.isfinite(value):
        number = exp.Literal.number(repr(abs(value)))
        return [exp.Neg(this=number) if value < 0 else number]
    raise ValueError(f"is {value!r}, neither a text, a number nor a list of them")


def _compared_kind(node: exp.Placeholder, view: View, dialect: Dialect) -> ColumnType | None:
    """The type of the column that ``:name`` is compared with; ``None`` when it is compared with none.

    Raises:
        ValueError: it is compared with none in MySQL, which takes texts for numbers to compare them.
    """
    parent = node.parent
    others = [
        side
        for part in ("this", "expression", "low", "high")
        if parent is not None and isinstance(side := parent.args.get(part), exp.Expr) and side is not node
    ]
    column = others[0].unnest() if others and isinstance(parent, (exp.Predicate, exp.In)) else None
    if isinstance(column, exp.Column) and (known := view.column(column.name)) is not None:
        return known.type
    if dialect == "mysql":
        raise ValueError("is compared with no column itself; write column = :name or column IN (:name)")
    return None


def _attribute_name(node: exp.Placeholder) -> str | None:
    name = node.this
    return name if isinstance(name, str) and name.isidentifier() else None
