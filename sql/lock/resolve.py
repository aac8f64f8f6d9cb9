"""Gives every column of a statement its table, by the rules of scope, or raises sqlglot's error."""

from __future__ import annotations

from sqlglot import exp
from sqlglot.errors import OptimizeError
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.resolver import Resolver
from sqlglot.optimizer.scope import traverse_scope
from sqlglot.schema import MappingSchema

from sql.lock.trees import SETS, speech
from sql.names import key
from sql.types import Dialect


def resolve(tree: exp.Query, schema: MappingSchema, dialect: Dialect) -> exp.Query:
    """``tree`` with every column given its table; raises when one has none.

    Aliases are not written out and sqlglot's own validation is not used: the first takes 2**n steps for n
    aliases that each name the one before twice, the second passes over HAVING and ORDER BY.
    """
    for node in list(tree.find_all(exp.Table, exp.Unnest)):
        if isinstance(node.parent, (exp.From, exp.Join)) and not isinstance(node.this, exp.Identifier):
            node.replace(_stand_in(node, dialect))
    for identifier in tree.find_all(exp.Identifier):
        identifier.set("this", key(identifier.name))
    own = list(tree.find_all(exp.Alias))  # kept alive: qualify makes more, whose ids must differ
    named = {id(alias) for alias in own}
    written = {column.name for column in tree.find_all(exp.Column)}
    resolved = qualify(
        tree,
        dialect=speech(dialect),
        schema=schema,
        quote_identifiers=False,
        expand_alias_refs=False,
        validate_qualify_columns=False,
    )
    scopes = traverse_scope(resolved)
    resolvers = {id(scope.expression): Resolver(scope, schema) for scope in scopes}
    for column in resolved.find_all(exp.Column):
        if column.table or column.name not in written or _is_alias(column, named):
            continue
        query = column.find_ancestor(exp.Select, *SETS)
        resolver = resolvers.get(id(query))
        if resolver is None or not isinstance(query, exp.Select) or resolver.get_table(column) is None:
            raise OptimizeError(f"Column {column.name!r} could not be resolved")
    for scope in scopes:
        if isinstance(scope.expression, exp.Select) and not scope.is_correlated_subquery:
            for column in scope.external_columns:
                if column.table:
                    raise OptimizeError(f"Column {column.sql(dialect)} could not be resolved")
    return resolved


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


def _is_alias(column: exp.Column, named: set[int]) -> bool:
    """Whether a column without a table is the name of something else that its own query selects.

    ``named`` holds the ids of the aliases that the statement itself gave.
    """
    query = column.find_ancestor(exp.Select, *SETS)
    if isinstance(query, exp.Select):
        aliases = [
            e
            for e in query.expressions
            if isinstance(e, exp.Alias) and id(e) in named and key(e.alias) == key(column.name)
        ]
        if not aliases:
            return False
        inside = column.find_ancestor(exp.Alias, exp.Select)
        return any(alias is not inside for alias in aliases)
    return query is not None and key(column.name) in {key(name) for name in query.named_selects}
