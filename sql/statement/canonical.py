"""Canonical SQL: one way to write a query over plain tables, for models to learn and grammars to allow.

Each statement begins with a line that names its *paths*, the tables that each SELECT reads in the order of
the SELECTs, and then says the same query in one form: no aliases, columns qualified by their table's name
where a SELECT reads several, joins along keys in a fixed order, one spelling of names and keywords. A path
begins with the table of the first column that the SELECT shows and goes on to tables that can be joined to
those before, so that who writes it need only ask each time which table is still missing::

    -- singer, concert / concert
    SELECT singer.name FROM singer JOIN concert ON concert.singer_id = singer.id
    WHERE concert.year = (SELECT MAX(year) FROM concert)

Once the first line is chosen every FROM clause is known, so that a grammar can hold each column to a table
that the statement reads.

Not covered, and refused with ``NotCanonical``: self-joins, joins on anything but known keys, correlated
subqueries, subqueries in FROM, window functions, common table expressions.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from sql.errors import SqlError
from sql.semantics import View
from sql.statement.grammar import quote_name
from sql.statement.joins import Edge, edges
from sql.types import Catalog, Dialect

MAX_TABLES = 4
"""Tables of one path."""
MAX_PATHS = 1200
"""About how many paths of one schema are kept, counted for each table that they can begin with; shorter
ones first."""
MAX_SELECTS = 3
"""SELECTs of one statement."""

_Node = TypeVar("_Node", bound=exp.Expr)
_SETS = (exp.Union, exp.Intersect, exp.Except)


class NotCanonical(SqlError):
    """A query that canonical SQL cannot say; nothing is wrong with it otherwise."""


@dataclass(frozen=True)
class JoinPath:
    """Tables joined along keys, and the one to begin with: one FROM clause."""

    tables: tuple[str, ...]
    """The first is where it begins; each other one is joined to one before it."""
    edges: frozenset[Edge]
    is_default: bool = True
    """Whether its tables alone name it; two tables can be joined along different keys."""

    @cached_property
    def name(self) -> str:
        """What the first line of a statement calls it."""
        text = ", ".join(quote_name(t) for t in self.tables)
        if self.is_default:
            return text
        return f"{text} ON {', '.join(sorted(quote_name(e.many_column) for e in self.edges))}"

    @cached_property
    def source(self) -> str:
        """The FROM clause without the word FROM."""
        text = quote_name(self.tables[0])
        for edge, new in _walk(self.tables[0], self.edges):
            on = f"{_dotted(edge.many, edge.many_column)} = {_dotted(edge.one, edge.one_column)}"
            text += f" JOIN {quote_name(new)} ON {on}"
        return text


def _walk(first: str, edges: Iterable[Edge]) -> list[tuple[Edge, str]]:
    """The keys in the order in which they join one more table each, with that table."""
    steps, present = [], {first}
    waiting = sorted(edges, key=lambda e: (e.many, e.many_column, e.one))
    while waiting:
        edge = next(e for e in waiting if (e.many in present) != (e.one in present))
        waiting.remove(edge)
        new = edge.one if edge.many in present else edge.many
        steps.append((edge, new))
        present.add(new)
    return steps


@dataclass(frozen=True)
class Schema:
    """Tables and the keys between them, as statements name them."""

    columns: dict[str, tuple[str, ...]]
    """Table → its columns, both as the database spells them, in its order."""
    edges: tuple[Edge, ...]
    dialect: Dialect

    @classmethod
    def of(cls, views: Sequence[View], catalog: Catalog) -> Schema:
        """The schema that ``views`` make, as one role sees them."""
        return cls(
            columns={view.name: tuple(c.name for c in view.columns) for view in views},
            edges=tuple(edges(views, catalog)),
            dialect=catalog.dialect,
        )

    @cached_property
    def paths(self) -> tuple[JoinPath, ...]:
        """Every way to join up to ``MAX_TABLES`` tables without a loop; single tables first."""
        return tuple(_paths(list(self.columns), self.edges))

    @cached_property
    def _by_start(self) -> dict[tuple[str, frozenset[str], frozenset[Edge]], JoinPath]:
        return {(p.tables[0], frozenset(p.tables), p.edges): p for p in self.paths}

    def path(self, first: str, tables: Iterable[str], edges: frozenset[Edge]) -> JoinPath | None:
        """The path of these tables and keys that begins with ``first``, if there is one."""
        return self._by_start.get((first, frozenset(tables), edges))

    @cached_property
    def _tables_by_key(self) -> dict[str, str]:
        return {t.lower(): t for t in self.columns}

    @cached_property
    def _columns_by_key(self) -> dict[str, dict[str, str]]:
        return {t: {c.lower(): c for c in columns} for t, columns in self.columns.items()}

    def table(self, name: str) -> str | None:
        """The database's spelling of a table's name."""
        return self._tables_by_key.get(name.lower())

    def column(self, table: str, name: str) -> str | None:
        """The database's spelling of a column's name."""
        return self._columns_by_key[table].get(name.lower())


def _dotted(table: str, column: str) -> str:
    return f"{quote_name(table)}.{quote_name(column)}"


def _paths(tables: list[str], edges: Sequence[Edge]) -> list[JoinPath]:
    known = [e for e in edges if e.many in tables and e.one in tables]
    of: dict[str, list[Edge]] = defaultdict(list)
    for edge in known:
        of[edge.many].append(edge)
        of[edge.one].append(edge)
    level: dict[tuple[frozenset[str], frozenset[Edge]], None] = {
        (frozenset([t]), frozenset()): None for t in tables
    }
    found = list(level)
    for _ in range(MAX_TABLES - 1):
        wider: dict[tuple[frozenset[str], frozenset[Edge]], None] = {}
        for group, joins in level:
            for edge in itertools.chain.from_iterable(of[t] for t in sorted(group, key=tables.index)):
                new = edge.one if edge.many in group else edge.many
                if new not in group:
                    wider[group | {new}, joins | {edge}] = None
        level = wider
        found += level
        if len(found) > MAX_PATHS:
            break
    seen: set[frozenset[str]] = set()
    result: dict[str, JoinPath] = {}
    for group, joins in found:
        if len(result) >= MAX_PATHS:
            break
        for first in sorted(group, key=tables.index):
            ordered = (first, *(new for _, new in _walk(first, joins)))
            path = JoinPath(ordered, joins, is_default=group not in seen)
            result.setdefault(path.name, path)
        seen.add(group)
    return list(result.values())


@dataclass(frozen=True)
class Canonical:
    """A statement in canonical form."""

    sql: str
    """Without the first line."""
    paths: tuple[JoinPath, ...]
    """One for each SELECT, in their order."""

    @property
    def lead(self) -> str:
        """The first line, with its line break."""
        return lead(self.paths)

    @property
    def text(self) -> str:
        """The whole."""
        return self.lead + self.sql


def lead(paths: Sequence[JoinPath]) -> str:
    """The first line of a statement whose SELECTs read ``paths``."""
    return f"-- {' / '.join(p.name for p in paths)}\n"


def canonical(sql: str, schema: Schema) -> Canonical:
    """``sql`` in canonical form; it gives the same rows.

    Raises:
        NotCanonical: it cannot be said in this form, or is no query of this schema; the message says why.
    """
    try:
        tree = sqlglot.parse_one(sql, read=schema.dialect)
    except SqlglotError as error:
        raise NotCanonical(f"it cannot be read: {str(error).splitlines()[0]}") from error
    if not isinstance(tree, (exp.Select, *_SETS)):
        raise NotCanonical("it is no query")
    for kind in (exp.With, exp.Window, exp.Lateral, exp.Placeholder):
        if tree.find(kind):
            raise NotCanonical(f"{kind.__name__} has no canonical form")
    selects = [node for node in tree.walk(bfs=False) if isinstance(node, exp.Select)]
    if len(selects) > MAX_SELECTS:
        raise NotCanonical(f"it has {len(selects)} SELECTs; {MAX_SELECTS} are covered")
    paths = tuple(_settle(select, schema) for select in selects)
    for paren in list(tree.find_all(exp.Paren)):
        if _is_needless(paren):
            paren.replace(paren.this)
    for node in list(tree.walk()):
        node.comments = None
        if isinstance(node, exp.Ordered):
            node.set("desc", bool(node.args.get("desc")) or None)
            node.set("nulls_first", not node.args.get("desc"))
        elif isinstance(node, _SETS):
            for side in ("this", "expression"):
                inner = node.args[side]
                if isinstance(inner, exp.Subquery):
                    node.set(side, inner.this)
    return Canonical(sql=_print(tree, schema.dialect), paths=paths)


def _is_needless(paren: exp.Paren) -> bool:
    inner, outer = paren.this, paren.parent
    if isinstance(inner, exp.And):
        return isinstance(outer, (exp.And, exp.Where, exp.Having))
    if isinstance(inner, exp.Or):
        return isinstance(outer, (exp.Or, exp.Where, exp.Having))
    return not isinstance(inner, exp.Binary) or isinstance(inner, exp.Predicate)


def _print(tree: exp.Expr, dialect: Dialect) -> str:
    """The text, with ``a NOT IN (…)`` as people write it and not sqlglot's ``NOT a IN (…)``."""
    for node in list(tree.find_all(exp.Not)):
        inner = node.this.unnest()
        if isinstance(inner, exp.Is):
            inner.set("expression", exp.Var(this=f"NOT {inner.expression.sql(dialect)}"))
        elif isinstance(inner, (exp.In, exp.Like, exp.Between)):
            inner.set("this", exp.Var(this=f"{inner.this.sql(dialect)} NOT"))
        else:
            continue
        node.replace(inner)
    return tree.sql(dialect=dialect, normalize_functions="upper")


def _settle(select: exp.Select, schema: Schema) -> JoinPath:
    """Rewrite one SELECT in place: no aliases, settled names, joins along a known path."""
    aliases = _tables(select, schema)
    tables = list(aliases.values())
    if len(set(tables)) < len(tables):
        raise NotCanonical("a table joined with itself has no canonical form")
    _drop_output_aliases(select)
    for column in _own(select, exp.Column):
        if isinstance(column.this, exp.Star):
            raise NotCanonical("table.* has no canonical form")
        if _is_text(column, tables, schema):
            column.replace(exp.Literal.string(column.name))
            continue
        owner = _owner(column, aliases, tables, schema)
        name = schema.column(owner, column.name)
        if name is None:
            raise NotCanonical(f"there is no column {column.name} in {owner}")
        column.set("this", _identifier(name))
        column.set("table", _identifier(owner) if len(tables) > 1 else None)
        column.set("db", None)
    keys = frozenset(_take_edges(select, schema))
    path = schema.path(_first(select, tables, keys), tables, keys)
    if path is None:
        raise NotCanonical(f"{', '.join(tables)} are not joined along known keys")
    source = sqlglot.parse_one(f"SELECT 1 FROM {path.source}", read=schema.dialect)
    select.set("from_", source.args["from_"])
    select.set("joins", source.args.get("joins") or [])
    return path


def _first(select: exp.Select, tables: Sequence[str], keys: frozenset[Edge]) -> str:
    """The table that the SELECT asks about: of the first column that it shows, else whose rows it counts."""
    for item in select.expressions:
        for column in item.find_all(exp.Column, bfs=False):
            if column.find_ancestor(exp.Select) is select and column.table:
                return str(column.table)
    # A join along keys has one row for each row of the table that no other points at.
    return next((t for t in tables if not any(e.one == t for e in keys)), tables[0])


def _tables(select: exp.Select, schema: Schema) -> dict[str, str]:
    """Alias or name, in lower case → table."""
    found: dict[str, str] = {}
    from_ = select.args.get("from_")
    if from_ is None:
        raise NotCanonical("a SELECT without FROM has no canonical form")
    for node in [from_.this, *(j.this for j in select.args.get("joins") or ())]:
        if not isinstance(node, exp.Table):
            raise NotCanonical("a subquery in FROM has no canonical form")
        name = schema.table(node.name)
        if name is None:
            raise NotCanonical(f"there is no table {node.name}")
        key = node.alias_or_name.lower()
        if key in found:
            raise NotCanonical("a table joined with itself has no canonical form")
        found[key] = name
    for join in select.args.get("joins") or ():
        if (
            join.args.get("side")
            or join.args.get("using")
            or join.args.get("kind") not in (None, "", "INNER", "CROSS")
        ):
            raise NotCanonical("only inner joins with ON have a canonical form")
    return found


def _own(select: exp.Select, kind: type[_Node]) -> list[_Node]:
    """Nodes of ``kind`` that belong to this SELECT and not to one inside it."""
    return [n for n in select.find_all(kind) if n.find_ancestor(exp.Select) is select]


def _is_text(column: exp.Column, tables: list[str], schema: Schema) -> bool:
    """Whether SQLite takes a name in double quotes for a text, because no column is called so."""
    is_quoted = bool(column.this.args.get("quoted")) and not column.table and schema.dialect == "sqlite"
    return is_quoted and not any(schema.column(t, column.name) for t in tables)


def _owner(column: exp.Column, aliases: dict[str, str], tables: list[str], schema: Schema) -> str:
    if column.table:
        owner = aliases.get(column.table.lower())
        if owner is None:
            raise NotCanonical(f"{column.table} is not read by the SELECT that names it")
        return owner
    owners = [t for t in tables if schema.column(t, column.name)]
    if not owners:
        raise NotCanonical(f"no table of the SELECT has a column {column.name}")
    return owners[0]


def _drop_output_aliases(select: exp.Select) -> None:
    """Write what an alias stands for where it is used."""
    named: dict[str, exp.Expr] = {}
    for item in select.expressions:
        if isinstance(item, exp.Alias):
            named[item.alias.lower()] = item.this
            item.replace(item.this)
    for part in ("order", "group", "having"):
        clause = select.args.get(part)
        for column in list(clause.find_all(exp.Column)) if clause else ():
            if not column.table and column.name.lower() in named:
                column.replace(named[column.name.lower()].copy())


def _take_edges(select: exp.Select, schema: Schema) -> list[Edge]:
    """The keys that the SELECT joins along; other conditions of ON move to WHERE."""
    found: list[Edge] = []
    for join in select.args.get("joins") or ():
        on = join.args.get("on")
        rest: list[exp.Expr] = []
        for part in on.flatten() if isinstance(on, exp.And) else [on] if on is not None else []:
            edge = _edge(part, schema)
            if edge is None:
                rest += [] if part == exp.true() else [part]
            elif edge not in found:
                found.append(edge)
        for part in rest:
            select.where(part.copy(), copy=False)
    where = select.args.get("where")
    if where is not None:
        conditions = list(where.this.flatten()) if isinstance(where.this, exp.And) else [where.this]
        kept = []
        for part in conditions:
            edge = _edge(part, schema) if len(found) < len(select.args.get("joins") or ()) else None
            if edge is not None and edge not in found:
                found.append(edge)  # FROM a, b WHERE a.key = b.key
            else:
                kept.append(part)
        select.set("where", exp.Where(this=exp.and_(*kept, copy=False)) if kept else None)
    return found


def _edge(condition: exp.Expr, schema: Schema) -> Edge | None:
    condition = condition.unnest()
    if not isinstance(condition, exp.EQ):
        return None
    left, right = condition.this, condition.expression
    if not (isinstance(left, exp.Column) and isinstance(right, exp.Column)):
        return None
    for a, b in ((left, right), (right, left)):
        edge = Edge(a.table, a.name, b.table, b.name)
        if edge in schema.edges:
            return edge
    return None


def _identifier(name: str) -> exp.Identifier:
    return exp.to_identifier(name, quoted=quote_name(name) != name)
