"""Gives every column of a statement its table, by the rules of scope, or raises sqlglot's error."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from sqlglot import exp
from sqlglot.errors import OptimizeError
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.resolver import Resolver
from sqlglot.optimizer.scope import Scope, traverse_scope
from sqlglot.schema import MappingSchema

from sql.lock.trees import SETS, speech
from sql.names import code
from sql.types import Dialect


@dataclass(frozen=True, kw_only=True)
class Resolved:
    """A copy of a statement in which every column that has a table names it; names are as ``code`` writes."""

    tree: exp.Query
    own: tuple[exp.Expr, ...]
    """The columns, aliases and calls that the statement itself had; the others in the tree were made here."""
    resolvers: dict[int, Resolver]
    """Id of a SELECT of the tree → what its sources are called and hold."""
    joined: dict[int, frozenset[str]]
    """Id of a SELECT → names of the columns that USING and NATURAL make one of two."""

    def table_of(self, column: exp.Column, select: exp.Select) -> str | None:
        """The one source of ``select`` that has a column of that name; ``None`` for none and for several."""
        resolver = self.resolvers.get(id(select))
        table = resolver.get_table(column) if resolver is not None else None
        return None if table is None else table.name


def resolve(tree: exp.Query, schema: MappingSchema, dialect: Dialect) -> Resolved:
    """``tree`` with every column given its table; raises when one has none.

    Aliases are not written out and sqlglot's own validation is not used: the first takes 2**n steps for n
    aliases that each name the one before twice, the second passes over HAVING and ORDER BY.
    """
    for node in list(tree.find_all(exp.Table, exp.Unnest)):
        if isinstance(node.parent, (exp.From, exp.Join)) and not isinstance(node.this, exp.Identifier):
            node.replace(_stand_in(node, dialect))
    for identifier in tree.find_all(exp.Identifier):
        identifier.set("this", code(identifier.name))
        identifier.set("quoted", False)
    for select in tree.find_all(exp.Select):
        using = [
            None if join.method == "NATURAL" else [i.name for i in join.args.get("using") or ()]
            for join in select.args.get("joins") or ()
        ]
        if any(names != [] for names in using):
            select.meta["using"] = using
    own = tuple(tree.find_all(exp.Column, exp.Alias, exp.Coalesce))  # kept alive: ids of new ones must differ
    ids = frozenset(map(id, own))
    qualified = qualify(
        tree,
        dialect=speech(dialect),
        schema=schema,
        quote_identifiers=False,
        expand_alias_refs=False,
        validate_qualify_columns=False,
    )
    scopes = list(traverse_scope(qualified))
    resolvers = {id(scope.expression): Resolver(scope, schema) for scope in scopes}
    joined = {id(scope.expression): _joined(scope, resolvers[id(scope.expression)]) for scope in scopes}
    resolved = Resolved(tree=qualified, own=own, resolvers=resolvers, joined=joined)
    for column in qualified.find_all(exp.Column):
        if column.table or id(column) not in ids:
            continue
        query = column.find_ancestor(exp.Select, *SETS)
        if _is_output(column, query, ids, dialect):
            continue
        is_known = isinstance(query, exp.Select) and (
            column.name in joined.get(id(query), ()) or resolved.table_of(column, query) is not None
        )
        if not is_known:
            raise OptimizeError(f"Column {column.name!r} could not be resolved")
    for scope in scopes:
        if isinstance(scope.expression, exp.Select) and not scope.is_correlated_subquery:
            for column in scope.external_columns:
                if column.table:
                    raise OptimizeError(f"Column {column.sql(dialect)} could not be resolved")
    return resolved


def _joined(scope: Scope, resolver: Resolver) -> frozenset[str]:
    """Names of the columns that USING or NATURAL make one of two."""
    using = scope.expression.meta_get("using") or ()
    names = {name for columns in using for name in columns or ()}
    if None in using:
        sources = scope.selected_sources
        held = Counter(name for source in sources for name in resolver.get_source_columns(source))
        names |= {name for name, count in held.items() if count > 1}
    return frozenset(names)


def _stand_in(node: exp.Expr, dialect: Dialect) -> exp.Subquery:
    """A query with the same names as rows that stand in the statement, for resolving columns."""
    series = node.this if isinstance(node, exp.Table) else None
    default = "unnest"
    if series is not None:
        is_range = dialect == "duckdb" and series.args.get("is_end_exclusive")
        default = "range" if is_range else "generate_series"
    alias = node.args.get("alias")
    table = alias.name if alias is not None and alias.name else default
    columns = [i.name for i in alias.args.get("columns") or ()] if alias is not None else []
    columns = columns or [table if dialect == "postgres" else default]
    selected = [exp.alias_(exp.Null(), exp.to_identifier(name, quoted=True)) for name in columns]
    name = exp.TableAlias(this=exp.to_identifier(table, quoted=True))
    return exp.Subquery(this=exp.Select(expressions=selected), alias=name)


def _is_output(column: exp.Column, query: exp.Expr | None, own: frozenset[int], dialect: Dialect) -> bool:
    """Whether a column without a table is the name of something else that its own query selects."""
    if not isinstance(query, exp.Select):
        return isinstance(query, exp.Query) and column.name in query.named_selects
    if dialect == "sqlite" and not _sees_aliases(column):
        return False
    inside = column.find_ancestor(exp.Alias, exp.Select)
    for output in query.expressions:
        if isinstance(output, exp.Alias) and output.alias == column.name and output is not inside:
            if id(output) in own:
                return True
            # ORDER BY k, where a.k is selected: its name too, but in SQLite
            if isinstance(column.parent, exp.Ordered) and dialect != "sqlite":
                return True
    return False


def _sees_aliases(column: exp.Column) -> bool:
    """Whether SQLite looks for an alias there; elsewhere it would take a name in quotes for a text."""
    clause = column.find_ancestor(
        exp.Where, exp.Group, exp.Having, exp.Order, exp.Window, exp.Join, exp.Select
    )
    return isinstance(clause, (exp.Where, exp.Group, exp.Having, exp.Order)) and not isinstance(
        clause.parent, exp.Window
    )
