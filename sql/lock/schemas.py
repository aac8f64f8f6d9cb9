"""Tables and views as sqlglot must know them: columns, types, a view's SELECT, here and in another dialect.

For the shop's own SQL, which is trusted; a statement that somebody asks is read by ``sql.lock.rewrite``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache

import sqlglot
from sqlglot import exp
from sqlglot.errors import ErrorLevel, SqlglotError
from sqlglot.optimizer.qualify import qualify
from sqlglot.schema import MappingSchema

from sql.errors import ShopFileError
from sql.lock.trees import parse_query, speech, sqlglot_reason, visible_cte
from sql.names import identifier, key, near_names
from sql.semantics import Shop
from sql.types import Catalog, CatalogTable, ColumnType, Dialect

_TYPE_WORDS: dict[ColumnType, str] = {
    "integer": "BIGINT",
    "number": "DOUBLE",
    "text": "TEXT",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
    "boolean": "BOOLEAN",
    "other": "TEXT",
}


@lru_cache(maxsize=16)
def catalog_schema(catalog: Catalog) -> MappingSchema:
    """The database's tables, as sqlglot wants them."""
    return schema_of({t.name: {c.name: c.type for c in t.columns} for t in catalog.tables}, catalog.dialect)


def schema_of(tables: Mapping[str, Mapping[str, ColumnType]], dialect: Dialect) -> MappingSchema:
    """Normalised here, many times faster than by sqlglot; ``qualify`` does it to the statements."""
    words: dict[str, object] = {
        key(table): {key(column): _TYPE_WORDS[kind] for column, kind in columns.items()}
        for table, columns in tables.items()
    }
    return MappingSchema(words, dialect=speech(dialect), normalize=False)


@lru_cache(maxsize=256)
def view_outputs(name: str, sql: str, catalog: Catalog) -> tuple[str, ...]:
    """Names of the columns that a view's SELECT gives.

    Raises:
        ShopFileError: it does not parse, or names tables or columns that the database does not have.
    """
    what = f"the SELECT of the view {name}"
    try:
        tree = parse_query(sql, catalog.dialect)
    except (SqlglotError, ValueError, RecursionError) as error:
        raise ShopFileError(None, None, f"{what}: {sqlglot_reason(error)}") from error
    for table, known in tables_of(tree, catalog, what):
        _rename(table, exp.to_identifier(key(known.name), quoted=True))  # as ``catalog_schema`` calls it
    _drop_schemas(tree)
    try:
        schema = catalog_schema(catalog)
        qualified = qualify(tree, dialect=catalog.dialect, schema=schema, quote_identifiers=False)
    except SqlglotError as error:
        raise ShopFileError(None, None, f"{what}: {sqlglot_reason(error)}") from error
    return tuple(qualified.named_selects)


def tables_of(
    tree: exp.Query, catalog: Catalog, what: str = "the statement"
) -> list[tuple[exp.Table, CatalogTable]]:
    """The database's tables that a query of the shop's own reads, with or without their schema.

    Raises:
        ShopFileError: it names one that the catalogue does not have: of the system or another database, too.
    """
    found = []
    for table in tree.find_all(exp.Table):
        if not table.db and visible_cte(table) is not None:
            continue
        known = None if table.catalog else catalog.placed(table.db, table.name)
        if not table.db:
            known = catalog.table(table.name)
        if known is None:
            name = ".".join(part.name for part in table.parts)
            near = near_names(table.name, [t.name for t in catalog.tables])
            raise ShopFileError(None, None, f"{what} reads {name}, which the database does not have{near}")
        found.append((table, known))
    return found


def with_schemas(tree: exp.Query, catalog: Catalog) -> exp.Query:
    """``tree`` with the schema before each table that the database does not find without it, in place."""
    for table, known in tables_of(tree, catalog):
        if known.is_qualified:
            *above, name = (identifier(part, catalog.dialect) for part in known.place)
            _rename(table, name, above)
    _drop_schemas(tree)
    return tree


def _rename(table: exp.Table, name: exp.Identifier, above: Sequence[exp.Identifier] = ()) -> None:
    """Call the table otherwise; what refers to it by its old name still does."""
    if not table.alias and name.name != table.name:
        alias = table.args.get("alias") or exp.TableAlias()
        alias.set("this", table.this.copy())
        table.set("alias", alias)
    table.set("this", name)
    for part in ("db", "catalog"):
        table.set(part, None)
    for part, made in zip(("db", "catalog"), reversed(above), strict=False):
        table.set(part, made)


def _drop_schemas(tree: exp.Query) -> None:
    """Name columns by their table alone: ``sales.orders.id`` is ``orders.id``."""
    for column in tree.find_all(exp.Column):
        column.set("db", None)
        column.set("catalog", None)


def translate_views(shop: Shop, source: Dialect, target: Dialect) -> Shop:
    """The shop with its views and its rules about rows in another dialect, to judge statements as for there.

    As near as sqlglot comes; for looking at the guard, not for running: a shop describes its own database.
    """

    def translated(sql: str) -> str:
        trees = sqlglot.transpile(sql, read=source, write=target, unsupported_level=ErrorLevel.IGNORE)
        return trees[0]

    views = tuple(v if v.sql is None else replace(v, sql=translated(v.sql)) for v in shop.views)
    roles = tuple(
        replace(r, rows={name: translated(rule) for name, rule in r.rows.items()}) for r in shop.roles
    )
    return replace(shop, views=views, roles=roles)
