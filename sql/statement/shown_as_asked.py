"""What a list shows beside what was asked: nothing that all of its rows have, and what they are called.

Of the 13,235 statements of the training set six show a column that one value was asked of, all of them
follow-ups that narrow a list; and of lists that were found by a part of a name each shows the name.
"""

from __future__ import annotations

from dataclasses import replace

from sql.semantics import Shop
from sql.shop.row_names import name_columns
from sql.statement.sentence import Compare, Like, Name, Number, Statement, Text


def without_what_was_given(statement: Statement) -> Statement:
    """A list without the columns that its conditions give one value, where it shows others."""
    if statement.groups:
        return statement
    given = {
        str(c.left).lower()
        for c in statement.where
        if isinstance(c, Compare) and c.sign == "=" and isinstance(c.right, Text | Number)
    }
    left = tuple(item for item in statement.items if str(item).lower() not in given)
    if not left or len(left) == len(statement.items) or not all(isinstance(i, Name) for i in left):
        return statement
    return replace(statement, items=left)


def with_names_that_were_found(statement: Statement, shop: Shop) -> Statement:
    """A list whose rows were found by a part of their names with the names in front: which one is which?"""
    home = shop.view(statement.view)
    metrics = {metric.name.lower() for metric in shop.metrics}
    if home is None or statement.groups or statement.limit == 1:
        return statement
    columns = {item.text.lower() for item in statement.items if isinstance(item, Name)}
    if len(columns) < len(statement.items) or columns & metrics:
        return statement  # a figure of all of them
    liked = {
        c.left.text.lower()
        for c in statement.where
        if isinstance(c, Like) and not c.is_not and isinstance(c.left, Name)
    }
    names = [name for name in name_columns(home) if name.lower() in liked - columns]
    return replace(statement, items=(*map(Name, names), *statement.items)) if names else statement
