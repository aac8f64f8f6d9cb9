"""What every statement of one role of one shop is held to: plain data, which the guard works out once.

``sql.lock.guard`` makes it from the shop, the database and the role; ``sql.lock.rewrite`` holds statements
to it.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass

from sqlglot import exp
from sqlglot.schema import MappingSchema

from sql.lock.groups import GroupRule
from sql.lock.veils import Veils
from sql.semantics import Role, Shop, View
from sql.types import Dialect


@dataclass(frozen=True, kw_only=True)
class Source:
    """A view as the role sees it, ready to be put into a statement."""

    view: View
    """With the role's columns only."""
    table: str
    """Name that stands in the statement: of the common table expression, or of the database's own table."""
    cte: str | None
    """Printed body of the common table expression; ``None`` when the table is read as it is."""


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What every statement of one role of one shop is held to; its guard works it out once."""

    shop: Shop
    role: Role
    dialect: Dialect
    classes: frozenset[type[exp.Expr]]
    """Kinds of nodes that stand for the allowed functions."""
    functions: frozenset[str]
    """Names of the allowed functions, in upper case."""
    masked: Set[tuple[str, str]]
    """Keys of ``(view, column)`` that the role may not see."""
    spelling: Mapping[str, str]
    """Key of a column's name → how the database spells it."""
    sources: Mapping[str, Source]
    """Key of a view's name → the view as the role sees it; views that it may not see are not here."""
    schema: MappingSchema
    """The columns of the sources, by which a statement's columns are resolved."""
    reserved: Set[str]
    """Keys of names that no common table expression of a statement may have: tables, views and sources."""
    bodies: Mapping[str, tuple[str, Source]]
    """Key of a source's name in statements → the common table expression written for it, and the view."""
    veils: Veils
    """Which columns the role sees through a veil."""
    groups: Mapping[str, GroupRule]
    """Key of a view's name → what its figures must stand on; empty for a role that sees rows."""

    @property
    def views(self) -> tuple[View, ...]:
        """The views that the role may see, without their masked columns."""
        return tuple(source.view for source in self.sources.values())
