"""Tables and views as sqlglot must know them: columns, types, a view's SELECT, here and in another dialect.

For the shop's own SQL, which is trusted; a statement that somebody asks is read by ``sql.lock.rewrite``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache

import sqlglot
from sqlglot import exp
from sqlglot.errors import ErrorLevel, SqlglotError
from sqlglot.optimizer.qualify import qualify
from sqlglot.schema import MappingSchema

from sql.errors import ShopFileError
from sql.lock.trees import parse_query, speech, sqlglot_reason, visible_cte
from sql.names import key, near_names
from sql.semantics import Shop
from sql.types import Catalog, ColumnType, Dialect

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
    for table in tree.find_all(exp.Table):
        if visible_cte(table) is not None:
            continue
        if catalog.table(table.name) is None or table.db:
            near = near_names(table.name, [t.name for t in catalog.tables])
            raise ShopFileError(
                None, None, f"{what} reads {table.name}, which the database does not have{near}"
            )
    try:
        schema = catalog_schema(catalog)
        qualified = qualify(tree, dialect=catalog.dialect, schema=schema, quote_identifiers=False)
    except SqlglotError as error:
        raise ShopFileError(None, None, f"{what}: {sqlglot_reason(error)}") from error
    return tuple(qualified.named_selects)


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
