"""The guard: turns text into a ``CheckedQuery``, or says in words why not. First of the locks.

What it promises for the text that it lets through:

* it is one query, and every kind of node, every part of a node, every function and every type in it stands
  on an allow-list (``sql.lock.functions``);
* every table in it is a view of the shop that the role may see, expanded to a common table expression that
  holds only the columns and the rows that are the role's, or a common table expression of its own. A masked
  column is nowhere in the text, so no resolution of names, ours or the database's, can reach it;
* every column resolves, by scope, to one of these; names are written as they were resolved, in quotes where
  the database could read something else (``sql.names``);
* where rows are put together, every column is grouped or aggregated (``sql.lock.grouping``);
* it returns at most ``max_rows + 1`` rows: the one beyond tells that more exist;
* it carries no comments, hints or parameters;
* printing it, parsing the print and checking that again leads to the same text.

Masked columns: a statement that names one anywhere is refused (``NotAllowed``); ``*`` leaves them out.

Columns that a role sees through a veil (``sql.lock.veils``) are told apart here, and their cells changed in
``sql.lock.run``.

For a role that sees aggregates only, ``sql.lock.groups`` holds the statement to its safe form.

It does **not** know what a statement costs, and it says nothing about functions' results; the database's own
lock (``sql.databases``) and the budget (``QueryLimits``) come after it, for recursion above all. It takes the
database's built-in functions to be what their names say. Not supported: PIVOT, COLUMNS, table functions other
than UNNEST, range and generate_series of written values.

The rewriting is kept small on purpose: tables are replaced, ``*`` is written out, a limit is added. Columns
are resolved on a copy (sqlglot's ``qualify``), so that the text a person reads as a receipt stays theirs.

This module turns a shop and a role into what statements are held to (``sql.lock.terms``) and seals what
passes. A statement is read in ``sql.lock.rewrite``; the rules are in ``sql.lock.admission`` (single nodes)
and ``sql.lock.sizes``.
"""

from __future__ import annotations

import logging
import secrets
import threading
from dataclasses import InitVar, dataclass, field, replace
from typing import NoReturn

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from sql.errors import ShopFileError, UnsafeQuery
from sql.lock.admission import refusal
from sql.lock.functions import function_classes, function_names
from sql.lock.groups import GroupRule, metric_forms
from sql.lock.placeholders import with_attributes
from sql.lock.rewrite import rewrite
from sql.lock.schemas import schema_of, settle_own, view_outputs
from sql.lock.terms import Source, Terms
from sql.lock.trees import parse_query, print_tree, sqlglot_reason
from sql.lock.veils import Kind, Veil, veils_of
from sql.names import identifier, key, near_names, quoted
from sql.reserved import UNREADABLE
from sql.semantics import Attributes, Role, Shop, View
from sql.types import Catalog, Dialect, QueryLimits

logger = logging.getLogger(__name__)
_here = threading.local()


class _Quiet(logging.Filter):
    """Keeps the parser from logging the asker's text while a statement is checked in this thread."""

    def filter(self, record: logging.LogRecord) -> bool:
        return not getattr(_here, "is_checking", False)


logging.getLogger("sqlglot").addFilter(_Quiet())

FENCE = 9_223_372_036_854_775_807
"""A limit that no table reaches, at the end of a view whose rows are the role's: no planner of the four
databases moves a condition of the statement below a limit, where it would meet the hidden rows and could tell
of them by failing (``CAST(note AS INTEGER)``). ``AS MATERIALIZED`` is no such fence in DuckDB."""
MAX_ROUNDS = 3
"""How often the printed text may still change until it is stable."""

_SEAL = object()


@dataclass(frozen=True, kw_only=True)
class CheckedQuery:
    """A statement that the guard let through: the only thing that ``sql.lock.run`` accepts.

    Made by ``Guard.check`` alone; building, replacing or unpickling one elsewhere raises ``TypeError``.
    Two are equal when text, dialect, role and views are.
    """

    sql: str
    """The text that runs, with the views written out."""
    dialect: Dialect
    role: str
    views: tuple[str, ...]
    """Names of the views it reads, sorted."""
    minimum_group: int | None = None
    """Set, groups of fewer are left out of the result: no row then means "too few to show", not "none"."""
    tree: exp.Query = field(default_factory=exp.Select, compare=False, repr=False)
    """The statement as it was asked, over the views: what it says is read off this. Never changed or run."""
    veiled: tuple[Kind | None, ...] = ()
    """Of each output, how the role sees it; empty where every one is shown as it is."""
    veil: Veil = field(default_factory=Veil, compare=False, repr=False)
    """What changes the cells of those outputs."""
    seal: InitVar[object] = None

    def __post_init__(self, seal: object) -> None:
        if seal is not _SEAL:
            raise TypeError("only sql.lock.guard makes a CheckedQuery; pass the statement to Guard.check")

    @property
    def written(self) -> str:
        """The statement over the views laid out for readers: what was asked, without what the guard added."""
        return self.tree.sql(dialect=self.dialect, pretty=True)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a CheckedQuery cannot be pickled: send its text and check it again")


class Guard:
    """Checks statements for one role of one shop. Immutable after construction, safe between threads.

    Args:
        shop: its views; those without ``sql`` must be tables of ``catalog``.
        catalog: what the database holds; its dialect is the dialect of the statements.
        role: which views, columns and rows are visible, and how many rows at most.
        user: the asking user's attributes, which stand for ``:name`` in the role's rules about rows.
        veil: how cells are changed that the role sees through a veil; left out, without a name that the shop
            knows, and with a salt of its own.
    Raises:
        ShopFileError: a view or the role's rule about rows cannot be understood, or needs an attribute that
            the user lacks.
    """

    def __init__(
        self,
        shop: Shop,
        catalog: Catalog,
        role: Role,
        user: Attributes | None = None,
        veil: Veil | None = None,
    ) -> None:
        self.shop = shop
        self.catalog = catalog
        self.role = role
        self.dialect: Dialect = catalog.dialect
        self._user = dict(user or {})
        self._veil = veil or Veil(salt=secrets.token_bytes(32))
        self._functions = function_names(self.dialect)
        self._classes = function_classes(self.dialect)
        self._tables = {key(table.name) for table in catalog.tables}
        self._masked = {(key(view), key(column)) for view, column in role.masked}
        visible = [view for view in shop.views if role.views is None or view.name in role.views]
        self._widths: dict[str, int] = {}
        self._spelt = {key(view.name): self._outputs(view) for view in visible}
        self._spelling = self._spell(visible)
        self._sources = {key(view.name): self._source(view) for view in visible}
        self._terms = self._make_terms()

    def within(self, limits: QueryLimits) -> Guard:
        """The same guard with another budget."""
        role = replace(self.role, limits=limits)
        return Guard(self.shop, self.catalog, role, self._user, self._veil)

    def is_veiled(self, view: str, column: str) -> bool:
        """Whether the role sees a column of a view through a veil, so that nobody is looked up by it."""
        return (key(view), key(column)) in self._terms.veils

    @property
    def veil(self) -> Veil:
        """What changes the cells that the role sees through a veil."""
        return self._veil

    @property
    def views(self) -> tuple[View, ...]:
        """The views that the role may see, without their masked columns."""
        return self._terms.views

    def check(self, sql: str) -> CheckedQuery:
        """Return the statement as it may run.

        Raises:
            UnknownName: it names a view, column or function that is not there; the reason has near names.
            NotAllowed: it names a view or column that the role may not see.
            Ungrouped: it puts rows together, and some column has no single value then.
            UnsafeQuery: it is not one allowed query; the reason says what to do about it.
        """
        _here.is_checking = True
        try:
            return self._check(sql)
        except UnsafeQuery:
            raise
        except RecursionError:
            raise UnsafeQuery(_short(sql), "it is nested too deeply; write it flatter") from None
        except SqlglotError as error:
            raise UnsafeQuery(_short(sql), sqlglot_reason(error)) from error
        except Exception as error:  # sqlglot on hostile text raises whatever it likes: refuse, never crash
            logger.info("the parser failed with %s", type(error).__name__)
            raise UnsafeQuery(_short(sql), "it cannot be read as SQL; write it more plainly") from error
        finally:
            _here.is_checking = False

    # ---- the way of a statement -------------------------------------------------------------------------

    def _check(self, sql: str) -> CheckedQuery:
        text = sql
        asked: exp.Query | None = None
        for _ in range(MAX_ROUNDS):
            read = rewrite(text, self._terms, _short(sql), asked)
            asked = read.tree
            if read.printed == text:
                names = tuple(sorted(source.view.name for source in read.used))
                return CheckedQuery(
                    sql=text,
                    dialect=self.dialect,
                    role=self.role.name,
                    views=names,
                    minimum_group=self.role.minimum_group if names else None,
                    tree=asked,
                    veiled=read.veiled,
                    veil=self._veil,
                    seal=_SEAL,
                )
            text = read.printed
        raise UnsafeQuery(_short(sql), "its meaning is not stable when it is printed; write it more plainly")

    # ---- views, once per guard --------------------------------------------------------------------------

    def _make_terms(self) -> Terms:
        """What ``_source`` found of every view, and what follows from it."""
        sources = self._sources.values()
        columns = {s.table: {c.name: c.type for c in s.view.columns} for s in sources}
        reserved = self._tables | {key(view.name) for view in self.shop.views}
        reserved |= {key(source.table) for source in sources}
        bodies = {
            key(s.table): (f"{quoted(s.table, self.dialect)} AS ({s.cte})", s)
            for s in sources
            if s.cte is not None
        }
        return Terms(
            shop=self.shop,
            role=self.role,
            dialect=self.dialect,
            classes=self._classes,
            functions=self._functions,
            masked=self._masked,
            spelling=self._spelling,
            sources=self._sources,
            schema=schema_of(columns, self.dialect),
            reserved=reserved,
            bodies=bodies,
            veils=veils_of(self.shop, self.role),
            groups=self._group_rules(),
        )

    def _source(self, view: View) -> Source:
        """The view's columns that the role may see, and the text that stands for it in a statement."""
        hidden = {column for name, column in self._masked if name == key(view.name)}
        hidden |= UNREADABLE.get(self.dialect, frozenset())
        shown = replace(view, columns=tuple(c for c in view.columns if key(c.name) not in hidden))
        if not shown.columns:
            raise ShopFileError(
                self.shop.path, None, f"the role {self.role.name} may see no column of {view.name}"
            )
        rows = next((sql for name, sql in self.role.rows.items() if key(name) == key(view.name)), None)
        table = self.catalog.table(view.name)
        spelt = self._spelt[key(view.name)]
        is_whole = self._widths[key(view.name)] == len(shown.columns) and rows is None
        is_whole &= all(spelt[key(c.name)] == self._spelling[key(c.name)] for c in shown.columns)
        is_found = table is None or not table.is_qualified  # by its name alone
        if view.sql is None and is_whole and is_found:
            return Source(view=shown, table=table.name if table else view.name, cte=None)
        if view.sql is None:
            own = identifier(table.name if table else view.name, self.dialect)
            body: exp.Query = exp.select(exp.Star()).from_(exp.Table(this=own))
        else:
            body = parse_query(view.sql, self.dialect)
        body = settle_own(body, self.catalog)
        name = view.name if table is None or not is_found else self._free_name(f"{view.name}_view")
        is_fenced = rows is not None or (not self.role.is_whole and _leaves_rows_out(body))
        if not is_whole or view.sql is None or is_fenced:
            body = self._narrow(view, shown, body, rows)
            body = body.limit(FENCE, copy=False) if is_fenced else body
        try:
            return Source(view=shown, table=name, cte=print_tree(body, self.dialect))
        except SqlglotError as error:
            reason = f"the view {view.name} cannot be written for {self.dialect}: {sqlglot_reason(error)}"
            raise ShopFileError(self.shop.path, None, reason) from error

    def _narrow(self, view: View, shown: View, body: exp.Query, rows: str | None) -> exp.Query:
        """``body`` with the shown columns only, and the rows for which the role's predicate is true."""
        columns: list[exp.Expr] = []
        for column in shown.columns:
            spelt, name = self._spelt[key(view.name)][key(column.name)], self._spelling[key(column.name)]
            node: exp.Expr = exp.column(identifier(spelt, self.dialect))
            columns.append(node if spelt == name else exp.alias_(node, identifier(name, self.dialect)))
        alias = exp.TableAlias(this=identifier(view.name, self.dialect))
        query = exp.Select(expressions=columns).from_(exp.Subquery(this=body, alias=alias))
        return query if rows is None else query.where(exp.Paren(this=self.predicate(view, rows)))

    def _spell(self, views: list[View]) -> dict[str, str]:
        """Key of a column's name → how statements must write it, in every view alike.

        PostgreSQL knows a name made in quotes by that spelling alone, the others by any. What two views spell
        in two ways is written in lower case, and the view that spells it otherwise is read through a SELECT.
        """
        if self.dialect != "postgres":
            return {key(c.name): c.name for view in views for c in view.columns}
        ways: dict[str, set[str]] = {}
        for view in views:
            for column in view.columns:
                ways.setdefault(key(column.name), set()).add(self._spelt[key(view.name)][key(column.name)])
        return {name: next(iter(way)) if len(way) == 1 else name for name, way in ways.items()}

    def predicate(self, view: View, rows: str) -> exp.Expr:
        """Parse and check a role's rule about rows: a condition over the view's own columns, hidden ones too.

        Raises:
            ShopFileError: it does not parse, holds a subquery, or names an unknown column or function.
        """
        where = f"the rule about rows of {view.name} for the role {self.role.name}"
        try:
            tree: exp.Expr = sqlglot.parse_one(rows, read=self.dialect, into=exp.Condition)
        except (SqlglotError, RecursionError) as error:
            raise ShopFileError(
                self.shop.path, None, f"{where} is not a condition: {sqlglot_reason(error)}"
            ) from error
        tree = with_attributes(tree, self._user, view, self.dialect, where=where, path=self.shop.path)
        for node in tree.walk():
            if isinstance(node, exp.Query):
                raise ShopFileError(self.shop.path, None, f"{where} may not hold a subquery")
            reason = refusal(node, self._classes, self._functions, self.dialect)
            if reason:
                raise ShopFileError(self.shop.path, None, f"{where}: {reason}")
            if isinstance(node, exp.Column):
                if node.table and key(node.table) != key(view.name):
                    raise ShopFileError(self.shop.path, None, f"{where} may name columns of {view.name} only")
                if view.column(node.name) is None:
                    near = near_names(node.name, [c.name for c in view.columns])
                    raise ShopFileError(self.shop.path, None, f"{where}: no column {node.name}{near}")
                if key(node.name) in UNREADABLE.get(self.dialect, ()):
                    raise ShopFileError(
                        self.shop.path, None, f"{where}: {node.name} is a value here and no name"
                    )
                spelt = self._spelt.get(key(view.name)) or self._outputs(view)
                node.set("this", identifier(spelt[key(node.name)], self.dialect))
                node.set("table", identifier(view.name, self.dialect) if node.table else None)
        return tree

    def _group_rules(self) -> dict[str, GroupRule]:
        """View → what its figures must stand on, for a role that sees aggregates only."""
        size = self.role.minimum_group
        if size is None:
            return {}
        where = f"minimum_group of the role {self.role.name}"
        if size < 2:
            raise ShopFileError(self.shop.path, None, f"{where} must be at least 2, not {size}")
        units = {key(view): column for view, column in self.role.group_units.items()}
        rules = {}
        for name, source in self._sources.items():
            unit = units.get(name)
            column = source.view.column(unit) if unit is not None else None
            if unit is not None and column is None:
                is_hidden = (name, key(unit)) in self._masked
                reason = (
                    "it is masked for the role; leave it unmasked, for single rows are hidden anyway"
                    if is_hidden
                    else f"{source.view.name} has no such column"
                    + near_names(unit, [c.name for c in source.view.columns])
                )
                raise ShopFileError(
                    self.shop.path, None, f"group_units of the role {self.role.name}: {unit}: {reason}"
                )
            known = [each for m in self.shop.metrics for each in (m, m.parts) if each is not None]
            metrics = [m.sql for m in known if key(m.view) == name]
            rules[name] = GroupRule(
                view=source.view,
                size=size,
                unit=column.name if column is not None else None,
                metrics=metric_forms(metrics, self.dialect),
                dialect=self.dialect,
            )
        return rules

    def _outputs(self, view: View) -> dict[str, str]:
        """Key → the database's spelling, of what the table or SELECT has, the view's columns among them."""
        table = self.catalog.table(view.name)
        if view.sql is not None:
            names = view_outputs(view.name, view.sql, self.catalog)
            what = f"the SELECT of the view {view.name} gives"
        elif table is not None:
            names = tuple(column.name for column in table.columns)
            what = f"the table {table.name} has"
        else:
            raise ShopFileError(self.shop.path, None, self._no_such_table(view.name))
        found = {key(name): name for name in names}
        for column in view.columns:
            if key(column.name) not in found:
                reason = f"{what} no column {column.name}{near_names(column.name, names)}"
                raise ShopFileError(self.shop.path, None, reason)
            alike = sorted({name for name in names if key(name) == key(column.name)})
            if len(alike) > 1 and self.dialect == "postgres":
                reason = (
                    f"{what} {' and '.join(alike)}, which letter case alone tells apart; give the view "
                    f"{view.name} a SELECT that names them apart"
                )
                raise ShopFileError(self.shop.path, None, reason)
        self._widths[key(view.name)] = len(names)
        if self.dialect != "postgres":
            found |= {key(column.name): column.name for column in view.columns}
        return found

    def _no_such_table(self, name: str) -> str:
        near = near_names(name, [t.name for t in self.catalog.tables])
        return f"the view {name} has no sql, and the database has no table of that name{near}"

    def _free_name(self, wanted: str) -> str:
        taken = self._tables | {key(view.name) for view in self.shop.views}
        name, number = wanted, 2
        while key(name) in taken:
            name, number = f"{wanted}_{number}", number + 1
        return name


def _leaves_rows_out(body: exp.Query) -> bool:
    """Whether a view's SELECT may leave out rows of the tables that it reads."""
    is_filtered = (
        body.find(exp.Where, exp.Having, exp.Qualify, exp.Limit, exp.Offset, exp.Distinct) is not None
    )
    joins = body.find_all(exp.Join)
    return is_filtered or any((j.args.get("side") or "").upper() not in ("LEFT", "FULL") for j in joins)


def _short(sql: str) -> str:
    return sql if len(sql) <= 2_000 else sql[:2_000] + " …"
