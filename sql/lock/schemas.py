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
from sql.lock.trees import SETS, is_star, parse_query, speech, sqlglot_reason, visible_cte
from sql.names import code, decode, identifier, is_plain, key, near_names, needs_quotes
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
    """Names as ``sql.names.code`` writes them, which is also done to what is resolved by it."""
    words: dict[str, object] = {
        code(table): {code(column): _TYPE_WORDS[kind] for column, kind in columns.items()}
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
    tables = tables_of(tree, catalog, what)
    named = _own_outputs(tree, catalog.dialect)
    spelling = _spellings(tree, [known for _, known in tables], catalog.dialect)
    for table, known in tables:
        _rename(
            table, identifier(known.name, catalog.dialect), catalog.dialect
        )  # as ``catalog_schema`` calls it
    _drop_schemas(tree)
    for node in tree.find_all(exp.Identifier):
        node.set("this", code(node.name))
        node.set("quoted", False)
    try:
        schema = catalog_schema(catalog)
        qualified = qualify(tree, dialect=catalog.dialect, schema=schema, quote_identifiers=False)
    except SqlglotError as error:
        raise ShopFileError(None, None, f"{what}: {decode(sqlglot_reason(error))}") from error
    outputs = [decode(name) for name in qualified.named_selects]
    if named is not None and len(named) == len(outputs):
        return tuple(own or output for own, output in zip(named, outputs, strict=True))
    return tuple(spelling.get(output, output) for output in outputs)


def written(identifier: exp.Identifier, dialect: Dialect) -> str:
    """The name that ``identifier`` has in the database: PostgreSQL folds what stands without quotes."""
    return identifier.name if identifier.quoted or dialect != "postgres" else identifier.name.lower()


def _own_outputs(tree: exp.Query, dialect: Dialect) -> list[str] | None:
    """The outputs' names as the SELECT itself writes them, "" for one without; ``None`` behind a ``*``."""
    query: exp.Expr = tree
    while isinstance(query, (*SETS, exp.Subquery)):
        query = query.this
    outputs = query.expressions
    if any(map(is_star, outputs)):
        return None
    names = [o.args.get("alias") if isinstance(o, exp.Alias) else o.this for o in outputs]
    return [written(name, dialect) if isinstance(name, exp.Identifier) else "" for name in names]


def _spellings(tree: exp.Query, tables: Sequence[CatalogTable], dialect: Dialect) -> dict[str, str]:
    """Key → spelling, of the columns that a ``*`` of ``tree`` can give: of its tables, and named in it."""
    found = {key(column.name): column.name for table in tables for column in table.columns}
    for alias in tree.find_all(exp.Alias):
        name = alias.args.get("alias")
        if isinstance(name, exp.Identifier):
            found[key(name.name)] = written(name, dialect)
    return found


def settle_own(tree: exp.Query, catalog: Catalog) -> exp.Query:
    """Write the names in the shop's own SELECT, in place, so that the database reads what was found here.

    Tables get their own spelling, and their schema where the database does not find them without it; what
    would be a word of the database's gets quotes.
    """
    dialect = catalog.dialect
    for table, known in tables_of(tree, catalog):
        place = known.place if known.is_qualified else (known.name,)
        *above, name = (identifier(part, dialect) for part in place)
        _rename(table, name, dialect, above)
    _drop_schemas(tree)
    for node in tree.find_all(exp.Identifier):
        if not node.quoted and is_plain(node.name) and needs_quotes(node.name.lower(), dialect):
            node.set("this", written(node, dialect))
            node.set("quoted", True)
    return tree


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
        known = None
        if isinstance(table.this, exp.Identifier) and not table.catalog:
            own, schema = written(table.this, catalog.dialect), table.args.get("db")
            known = catalog.placed(written(schema, catalog.dialect), own) if schema else catalog.table(own)
        if known is None:
            name = ".".join(part.name for part in table.parts)
            near = near_names(table.name, [t.name for t in catalog.tables])
            raise ShopFileError(None, None, f"{what} reads {name}, which the database does not have{near}")
        found.append((table, known))
    return found


def _rename(
    table: exp.Table, name: exp.Identifier, dialect: Dialect, above: Sequence[exp.Identifier] = ()
) -> None:
    """Call the table otherwise; what refers to it by its old name still does."""
    if not table.alias and name.name != written(table.this, dialect):
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
