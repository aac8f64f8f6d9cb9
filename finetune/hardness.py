"""How hard a statement is: Spider's own four classes, counted on the parsed gold statement.

Three counts decide, all of them on the first SELECT only:

- *clauses*: WHERE, GROUP BY, ORDER BY, LIMIT, each further table in FROM, each OR and each LIKE;
- *nestings*: each subquery in a condition, and one for a set operation;
- *others*, at most four: more than one aggregate, more than one selected column, more than one condition in
  WHERE, more than one column in GROUP BY.

A table that is itself a subquery counts as a table, and what stands inside it is not looked at. As in the
public evaluator a negated condition (NOT IN, NOT LIKE) counts like an aggregate; that looks like a slip
there, and is kept so that classes agree. Not covered: whether a *question* is hard.

Source: Yu et al., Spider (EMNLP 2018), and the rules of its public evaluator, rebuilt on a syntax tree.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import sqlglot
from sqlglot import exp

Hardness = Literal["easy", "medium", "hard", "extra"]
CLASSES: tuple[Hardness, ...] = ("easy", "medium", "hard", "extra")


def hardness_of(sql: str, dialect: str = "sqlite") -> Hardness | None:
    """The class of a statement; ``None`` when sqlglot does not read it as a query.

    >>> hardness_of("SELECT COUNT(*) FROM sales WHERE amount > 5")
    'easy'
    >>> hardness_of("SELECT shop, COUNT(*) FROM sales GROUP BY shop ORDER BY COUNT(*) DESC LIMIT 1")
    'hard'
    """
    try:
        tree = sqlglot.parse_one(sql, read=dialect)
    except sqlglot.errors.SqlglotError:
        return None
    if not isinstance(tree, exp.Query):
        return None
    has_set_operation = False
    while not isinstance(tree, exp.Select):
        has_set_operation |= isinstance(tree, exp.SetOperation)
        tree = tree.this
        if not isinstance(tree, exp.Query):
            return None
    return _class_of(*_counts(tree, has_set_operation))


def _class_of(clauses: int, nestings: int, others: int) -> Hardness:
    if nestings == 0:
        if clauses <= 1 and others == 0:
            return "easy"
        if (clauses <= 1 and others <= 2) or (clauses <= 2 and others < 2):
            return "medium"
        if (clauses <= 2 and others > 2) or (clauses == 3 and others <= 2):
            return "hard"
    elif clauses <= 1 and others == 0 and nestings <= 1:
        return "hard"
    return "extra"


def _counts(select: exp.Select, has_set_operation: bool) -> tuple[int, int, int]:
    """Clauses, nestings, others of one SELECT."""
    where, having, group, order = (select.args.get(key) for key in ("where", "having", "group", "order"))
    joins = select.args.get("joins") or []
    conditions = [part for join in joins for part in _parts(join.args.get("on"))]
    filters = _parts(where.this if where else None)
    conditions += [*filters, *_parts(having.this if having else None)]
    clauses = sum(map(bool, (where, group, order, select.args.get("limit")))) + len(joins)
    clauses += sum(isinstance(node, exp.Or) for node in conditions)
    clauses += sum(isinstance(node, exp.Like) for node in conditions)
    nestings = sum(isinstance(node, exp.Query) for node in conditions) + has_set_operation
    negations = sum(isinstance(node, exp.Not) for node in conditions)
    selected = select.expressions
    sorted_by = [term for key in (order.expressions if order else []) for term in _parts(key.this)]
    aggregates = sum(item.find(exp.AggFunc) is not None for item in selected) + negations
    aggregates += sum(isinstance(node, exp.AggFunc) for node in sorted_by)
    others = (
        (aggregates > 1)
        + (len(selected) > 1)
        + (len(filters) > 0 and isinstance(_unwrapped(filters[0]), exp.Connector))
        + (len(group.expressions if group else []) > 1)
    )
    return clauses, nestings, others


def _parts(tree: exp.Expression | None) -> list[exp.Expression]:
    """Every node of an expression, outermost first; a subquery is one node."""
    return list(_walk(tree)) if tree is not None else []


def _walk(tree: exp.Expression) -> Iterator[exp.Expression]:
    yield tree
    if not isinstance(tree, exp.Query):
        for child in tree.iter_expressions():
            yield from _walk(child)


def _unwrapped(tree: exp.Expression) -> exp.Expression:
    while isinstance(tree, exp.Paren):
        tree = tree.this
    return tree
