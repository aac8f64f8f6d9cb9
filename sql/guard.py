"""The guard: turns text into a ``CheckedQuery``, or says in words why not. First of the locks.

What it promises for the text that it lets through:

* it is one query, and every kind of node, every part of a node, every function and every type in it stands
  on an allow-list (``sql.functions``);
* every table in it is a view of the shop that the role may see, expanded to a common table expression that
  holds only the columns and the rows that are the role's, or a common table expression of its own. A masked
  column is nowhere in the text, so no resolution of names, ours or the database's, can reach it;
* every column resolves, by scope, to one of these;
* it returns at most ``max_rows + 1`` rows: the one beyond tells that more exist;
* it carries no comments, hints or parameters;
* printing it, parsing the print and checking that again leads to the same text.

Masked columns: a statement that names one anywhere is refused (``NotAllowed``); ``*`` leaves them out.

For a role that sees aggregates only, ``sql.groups`` holds the statement to its safe form.

It does **not** know what a statement costs, and it says nothing about functions' results; the database's own
lock (``sql.databases``) and the budget (``QueryLimits``) come after it, for recursion above all. It takes the
database's built-in functions to be what their names say. Not supported: PIVOT, COLUMNS, table functions other
than UNNEST, range and generate_series of written values.

The rewriting is kept small on purpose: tables are replaced, ``*`` is written out, a limit is added. Columns
are resolved on a copy (sqlglot's ``qualify``), so that the text a person reads as a receipt stays theirs.
"""

from __future__ import annotations

import datetime as dt
import logging
import math
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import InitVar, dataclass, replace
from functools import cache, lru_cache
from typing import Any, NoReturn

import sqlglot
from rapidfuzz import fuzz, process
from sqlglot import exp
from sqlglot.dialects.dialect import Dialect as SqlglotDialect
from sqlglot.errors import ErrorLevel, OptimizeError, SqlglotError
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.resolver import Resolver
from sqlglot.optimizer.scope import traverse_scope
from sqlglot.schema import MappingSchema
from sqlglot.tokenizer_core import Token, TokenType

from sql.errors import NotAllowed, ShopFileError, UnknownName, UnsafeQuery
from sql.functions import ARGUMENTS, SYNTAX, TYPES, WORDS, function_classes, function_names
from sql.groups import GroupRefusal, GroupRule, hold_to_groups, metric_forms
from sql.names import identifier as _identifier
from sql.names import is_plain
from sql.names import key as _key
from sql.names import quoted as quoted  # others have always found it here
from sql.semantics import Attributes, AttributeValue, Role, Shop, View
from sql.types import Catalog, ColumnType, Dialect

logger = logging.getLogger(__name__)
_here = threading.local()


class _Quiet(logging.Filter):
    """Keeps the parser from logging the asker's text while a statement is checked in this thread."""

    def filter(self, record: logging.LogRecord) -> bool:
        return not getattr(_here, "is_checking", False)


logging.getLogger("sqlglot").addFilter(_Quiet())

MAX_CHARACTERS = 20_000
"""Longest statement; a question never needs more."""
MAX_LITERAL = 1_000
"""Longest text in quotes."""
MAX_TOKENS = 1_500
"""Words and signs; the databases' planners, which nothing interrupts, get slow beyond."""
MAX_SELECTS = 20
"""SELECTs in one statement; DuckDB plans 40 correlated ones for 8 s without looking at an interrupt."""
MAX_DEPTH = 60
"""Deepest nesting of parentheses and CASE."""
MAX_OPEN_JOINS = 8
"""Joins in a row without ON or USING: sqlglot's parser takes 2**n steps for n of them."""
MAX_STAR_GROWTH = 256
"""How many times wider than a view the columns behind * may become: nested ones multiply."""
MAX_TEXT_GROWTH = 16
"""How many times longer REPLACE and || may make a text: neither time nor memory is watched inside a value."""
FENCE = 9_223_372_036_854_775_807
"""A limit that no table reaches, at the end of a view whose rows are the role's: no planner of the four
databases moves a condition of the statement below a limit, where it would meet the hidden rows and could tell
of them by failing (``CAST(note AS INTEGER)``). ``AS MATERIALIZED`` is no such fence in DuckDB."""
MAX_FRAME = 1_000
"""Rows before or behind that a window's frame may reach; MariaDB reads each frame anew, uninterrupted."""
MAX_EXPONENT = 10
"""Highest written power that PostgreSQL works out exactly."""
MAX_COMPARED = 100
"""Characters of the written text that LEVENSHTEIN and its like may compare others with."""
MAX_SERIES = 100_000
"""Rows that ``range`` and ``generate_series`` may make."""
MAX_PADDING = 1_000
"""Characters that LPAD and RPAD may pad to."""
MAX_ROUNDS = 3
"""How often the printed text may still change until it is stable."""

_SEAL = object()

_SYSTEM = re.compile(r"^(sqlite_|pragma_|duckdb_|pg_|information_schema)", re.IGNORECASE)
_PSEUDO = frozenset(["rowid", "_rowid_", "_rowid", "oid", "ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"])
"""Columns that tables have without saying so; a result called like one would hide that it is read."""
_IMPLIED = re.compile(r"^_col_\d+$")
"""How sqlglot calls an output that has no name."""
_EXECUTED = re.compile(r"^M?!", re.IGNORECASE)
"""How a comment begins that MySQL or MariaDB executes."""
_SERIES = (exp.GenerateSeries, exp.ExplodingGenerateSeries)
_LISTS = (*_SERIES, exp.Unnest, exp.Explode, exp.Array)
_JOINING = (exp.DPipe, exp.Concat, exp.ConcatWs, exp.Replace, exp.RegexpReplace, exp.GroupConcat)
"""Functions whose text may be longer than each text that they are given."""
_UNIT_DAYS = {
    "SECOND": 1 / 86400,
    "MINUTE": 1 / 1440,
    "HOUR": 1 / 24,
    "DAY": 1.0,
    "WEEK": 7.0,
    "MONTH": 28.0,
    "QUARTER": 90.0,
    "YEAR": 365.0,
    "MON": 28.0,
}
"""Days of a unit of time, at least."""
_EMPTY: tuple[object, ...] = (None, False, [], "")
_SETS = (exp.Union, exp.Intersect, exp.Except)
_OPENING = frozenset({TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.L_BRACE})
_CLOSING = frozenset({TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.R_BRACE})
_SHAPING = (
    _OPENING | _CLOSING | {TokenType.CASE, TokenType.END, TokenType.JOIN, TokenType.ON, TokenType.USING}
)
_TYPE_WORDS: dict[ColumnType, str] = {
    "integer": "BIGINT",
    "number": "DOUBLE",
    "text": "TEXT",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
    "boolean": "BOOLEAN",
    "other": "TEXT",
}


@dataclass(frozen=True, kw_only=True)
class CheckedQuery:
    """A statement that the guard let through: the only thing that ``sql.run`` accepts.

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
    seal: InitVar[object] = None

    def __post_init__(self, seal: object) -> None:
        if seal is not _SEAL:
            raise TypeError("only sql.guard makes a CheckedQuery; pass the statement to Guard.check")

    def __reduce__(self) -> NoReturn:
        raise TypeError("a CheckedQuery cannot be pickled: send its text and check it again")


@dataclass(frozen=True, kw_only=True)
class _Source:
    """A view as the role sees it, ready to be put into a statement."""

    view: View
    """With the role's columns only."""
    table: str
    """Name that stands in the statement: of the common table expression, or of the database's own table."""
    cte: str | None
    """Printed body of the common table expression; ``None`` when the table is read as it is."""


class Guard:
    """Checks statements for one role of one shop. Immutable after construction, safe between threads.

    Args:
        shop: its views; those without ``sql`` must be tables of ``catalog``.
        catalog: what the database holds; its dialect is the dialect of the statements.
        role: which views, columns and rows are visible, and how many rows at most.
        user: the asking user's attributes, which stand for ``:name`` in the role's rules about rows.
    Raises:
        ShopFileError: a view or the role's rule about rows cannot be understood, or needs an attribute that
            the user lacks.
    """

    def __init__(self, shop: Shop, catalog: Catalog, role: Role, user: Attributes | None = None) -> None:
        self.shop = shop
        self.catalog = catalog
        self.role = role
        self._user = dict(user or {})
        self.dialect: Dialect = catalog.dialect
        self._speech = _speech(self.dialect)
        self.functions = function_names(self.dialect)
        """Names of the allowed functions, in upper case."""
        self._tables = {_key(table.name) for table in catalog.tables}
        self._classes = function_classes(self.dialect)
        self._masked = {(_key(view), _key(column)) for view, column in role.masked}
        self.spelling: dict[str, str] = {}
        """Key of a column's name → how the database spells it."""
        self._sources: dict[str, _Source] = {}
        for view in shop.views:
            if role.views is None or view.name in role.views:
                self._sources[_key(view.name)] = self._source(view)
        self._schema = self._make_schema(self._sources.values())
        self._reserved = self._tables | {_key(view.name) for view in shop.views}
        self._reserved |= {_key(source.table) for source in self._sources.values()}
        self._bodies = {
            quoted(s.table, self.dialect): (f"{quoted(s.table, self.dialect)} AS ({s.cte})", s)
            for s in self._sources.values()
            if s.cte is not None
        }
        """How a common table expression begins that the guard writes → its whole text, and the view."""
        self._groups = self._group_rules()

    @property
    def views(self) -> tuple[View, ...]:
        """The views that the role may see, without their masked columns."""
        return tuple(source.view for source in self._sources.values())

    def check(self, sql: str) -> CheckedQuery:
        """Return the statement as it may run.

        Raises:
            UnknownName: it names a view, column or function that is not there; the reason has near names.
            NotAllowed: it names a view or column that the role may not see.
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
            raise UnsafeQuery(_short(sql), _sqlglot_reason(error)) from error
        except Exception as error:  # sqlglot on hostile text raises whatever it likes: refuse, never crash
            logger.info("the parser failed with %s", type(error).__name__)
            raise UnsafeQuery(_short(sql), "it cannot be read as SQL; write it more plainly") from error
        finally:
            _here.is_checking = False

    # ---- the way of a statement -------------------------------------------------------------------------

    def _check(self, sql: str) -> CheckedQuery:
        text = sql
        for _ in range(MAX_ROUNDS):
            printed, used = _Pass(self, sql).run(text)
            if printed == text:
                names = tuple(sorted(source.view.name for source in used))
                return CheckedQuery(
                    sql=text,
                    dialect=self.dialect,
                    role=self.role.name,
                    views=names,
                    minimum_group=self.role.minimum_group if names else None,
                    seal=_SEAL,
                )
            text = printed
        raise UnsafeQuery(_short(sql), "its meaning is not stable when it is printed; write it more plainly")

    # ---- views, once per guard --------------------------------------------------------------------------

    def _source(self, view: View) -> _Source:
        """The view's columns that the role may see, and the text that stands for it in a statement."""
        hidden = {column for name, column in self._masked if name == _key(view.name)}
        shown = replace(view, columns=tuple(c for c in view.columns if _key(c.name) not in hidden))
        if not shown.columns:
            raise ShopFileError(
                self.shop.path, None, f"the role {self.role.name} may see no column of {view.name}"
            )
        rows = next((sql for name, sql in self.role.rows.items() if _key(name) == _key(view.name)), None)
        table = self.catalog.table(view.name)
        if view.sql is None:
            if table is None:
                raise ShopFileError(self.shop.path, None, self._no_such_table(view.name))
            for column in view.columns:
                if _key(column.name) not in {_key(c.name) for c in table.columns}:
                    reason = f"the table {table.name} has no column {column.name}" + _near(
                        column.name, [c.name for c in table.columns]
                    )
                    raise ShopFileError(self.shop.path, None, reason)
            outputs = tuple(column.name for column in table.columns)
        else:
            outputs = self._outputs(view)
        # PostgreSQL knows a name made in quotes by that spelling alone; the others know it by any.
        spelt = {_key(name): name for name in outputs} if self.dialect == "postgres" else {}
        self.spelling |= {_key(c.name): spelt.get(_key(c.name), c.name) for c in shown.columns}
        is_whole = len(outputs) == len(shown.columns) and rows is None
        if view.sql is None and is_whole:
            return _Source(view=shown, table=table.name if table else view.name, cte=None)
        if view.sql is None:
            own = quoted(table.name if table else view.name, self.dialect)
            body: exp.Query = exp.select(exp.Star()).from_(exp.to_table(own, dialect=self.dialect))
        else:
            body = parse_query(view.sql, self.dialect)
        name = view.name if table is None else self._free_name(f"{view.name}_view")
        is_fenced = rows is not None or (not self.role.is_whole and _leaves_rows_out(body))
        if not is_whole or view.sql is None or is_fenced:
            body = self._narrow(view, shown, body, rows)
            body = body.limit(FENCE, copy=False) if is_fenced else body
        try:
            return _Source(view=shown, table=name, cte=_print(body, self.dialect))
        except SqlglotError as error:
            reason = f"the view {view.name} cannot be written for {self.dialect}: {_sqlglot_reason(error)}"
            raise ShopFileError(self.shop.path, None, reason) from error

    def _narrow(self, view: View, shown: View, body: exp.Query, rows: str | None) -> exp.Query:
        """``body`` with the shown columns only, and the rows for which the role's predicate is true."""
        columns = [exp.column(_identifier(self.spelling[_key(c.name)], self.dialect)) for c in shown.columns]
        alias = exp.TableAlias(this=_identifier(view.name, self.dialect))
        query = exp.Select(expressions=columns).from_(exp.Subquery(this=body, alias=alias))
        return query if rows is None else query.where(exp.Paren(this=self.predicate(view, rows)))

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
                self.shop.path, None, f"{where} is not a condition: {_sqlglot_reason(error)}"
            ) from error
        tree = self._with_attributes(tree, where, view)
        for node in tree.walk():
            if isinstance(node, exp.Query):
                raise ShopFileError(self.shop.path, None, f"{where} may not hold a subquery")
            reason = refusal(node, self._classes, self.functions, self.dialect)
            if reason:
                raise ShopFileError(self.shop.path, None, f"{where}: {reason}")
            if isinstance(node, exp.Column):
                if node.table and _key(node.table) != _key(view.name):
                    raise ShopFileError(self.shop.path, None, f"{where} may name columns of {view.name} only")
                if view.column(node.name) is None:
                    near = _near(node.name, [c.name for c in view.columns])
                    raise ShopFileError(self.shop.path, None, f"{where}: no column {node.name}{near}")
        return tree

    def _with_attributes(self, tree: exp.Expr, where: str, view: View) -> exp.Expr:
        """``tree`` with the user's attributes in place of ``:name``, as values and never as text of SQL."""
        for node in list(tree.find_all(exp.Placeholder)):
            name = _attribute_name(node)
            if name is None:
                continue  # ? and $1, which are refused like in a statement
            if name not in self._user:
                reason = (
                    f"{where} needs the attribute {name} of the asking user, who has none; ask as a user "
                    "that has it, or under another role"
                )
                raise ShopFileError(self.shop.path, None, reason)
            try:
                kind = self._compared_kind(node, view)
                values = attribute_nodes(self._user[name], kind)
            except ValueError as error:
                reason = f"{where}: the user's attribute {name} {error}"
                raise ShopFileError(self.shop.path, None, reason) from error
            is_list = isinstance(node.parent, exp.In) and node.arg_key == "expressions"
            if is_list:
                node.parent.set(  # type: ignore[union-attr]
                    "expressions",
                    [n for e in node.parent.expressions for n in (values if e is node else [e])],  # type: ignore[union-attr]
                )
            elif isinstance(self._user[name], tuple):
                reason = f"{where}: the user's attribute {name} is a list; write IN (:{name})"
                raise ShopFileError(self.shop.path, None, reason)
            elif node.parent is None:
                tree = values[0]
            else:
                node.replace(values[0])
        return tree

    def _compared_kind(self, node: exp.Placeholder, view: View) -> ColumnType | None:
        """The type of the column that ``:name`` is compared with; ``None`` when it is compared with none.

        Raises:
            ValueError: it is compared with none in MySQL, which takes texts for numbers to compare them.
        """
        parent = node.parent
        others = [
            side
            for part in ("this", "expression", "low", "high")
            if parent is not None and isinstance(side := parent.args.get(part), exp.Expr) and side is not node
        ]
        column = others[0].unnest() if others and isinstance(parent, (exp.Predicate, exp.In)) else None
        if isinstance(column, exp.Column) and (known := view.column(column.name)) is not None:
            return known.type
        if self.dialect == "mysql":
            raise ValueError("is compared with no column itself; write column = :name or column IN (:name)")
        return None

    def _group_rules(self) -> dict[str, GroupRule]:
        """View → what its figures must stand on, for a role that sees aggregates only."""
        size = self.role.minimum_group
        if size is None:
            return {}
        where = f"minimum_group of the role {self.role.name}"
        if size < 2:
            raise ShopFileError(self.shop.path, None, f"{where} must be at least 2, not {size}")
        units = {_key(view): column for view, column in self.role.group_units.items()}
        rules = {}
        for name, source in self._sources.items():
            unit = units.get(name)
            column = source.view.column(unit) if unit is not None else None
            if unit is not None and column is None:
                is_hidden = (name, _key(unit)) in self._masked
                reason = (
                    "it is masked for the role; leave it unmasked, for single rows are hidden anyway"
                    if is_hidden
                    else f"{source.view.name} has no such column"
                    + _near(unit, [c.name for c in source.view.columns])
                )
                raise ShopFileError(
                    self.shop.path, None, f"group_units of the role {self.role.name}: {unit}: {reason}"
                )
            metrics = {m.name: m.sql for m in self.shop.metrics if _key(m.view) == name}
            rules[name] = GroupRule(
                view=source.view,
                size=size,
                unit=column.name if column is not None else None,
                metrics=metric_forms(metrics, self.dialect),
                dialect=self.dialect,
            )
        return rules

    def _outputs(self, view: View) -> tuple[str, ...]:
        """Names of the columns that the view's SELECT gives; checks that it names what is there."""
        outputs = view_outputs(view.name, view.sql or "", self.catalog)
        for column in view.columns:
            if _key(column.name) not in {_key(name) for name in outputs}:
                near = _near(column.name, outputs)
                reason = f"the SELECT of the view {view.name} gives no column {column.name}{near}"
                raise ShopFileError(self.shop.path, None, reason)
        return outputs

    def _no_such_table(self, name: str) -> str:
        near = _near(name, [t.name for t in self.catalog.tables])
        return f"the view {name} has no sql, and the database has no table of that name{near}"

    def _free_name(self, wanted: str) -> str:
        taken = self._tables | {_key(view.name) for view in self.shop.views}
        name, number = wanted, 2
        while _key(name) in taken:
            name, number = f"{wanted}_{number}", number + 1
        return name

    def _make_schema(self, sources: Iterable[_Source]) -> MappingSchema:
        return _schema({s.table: {c.name: c.type for c in s.view.columns} for s in sources}, self.dialect)


class _Pass:
    """One reading of a statement: parse, admit, rewrite, print. Holds what the steps hand to each other."""

    def __init__(self, guard: Guard, original: str) -> None:
        self.guard = guard
        self.original = _short(original)
        self.used: dict[str, _Source] = {}
        """Sources of the statement by key of the name in it."""

    def run(self, text: str) -> tuple[str, list[_Source]]:
        text, known = self.strip_views(text)
        tree = self.parse(text)
        self.admit_nodes(tree)
        self.settle_names(tree)
        self.tame_numbers(tree)
        self.place_sources(tree, known)
        self.join_lists(tree)
        self.resolve_columns(tree)
        self.hold_to_groups(tree)
        self.limit_rows(tree)
        own = tree.args.get("with_") is not None
        printed = _print(tree, self.guard.dialect)
        used = sorted(self.used.values(), key=lambda source: source.table)
        own_bodies = self.guard._bodies
        bodies = [own_bodies[quoted(s.table, self.guard.dialect)][0] for s in used if s.cte is not None]
        if bodies:
            with_ = "WITH RECURSIVE " if own and tree.args["with_"].args.get("recursive") else "WITH "
            rest = f", {printed[len(with_) :]}" if own else f" {printed}"
            printed = f"{with_}{', '.join(bodies)}{rest}"
        return printed, used

    def refuse(self, reason: str) -> NoReturn:
        raise UnsafeQuery(self.original, reason)

    def parse(self, text: str) -> exp.Query:
        if len(text) > MAX_CHARACTERS:
            self.refuse(f"it has {len(text):,} characters; {MAX_CHARACTERS:,} are allowed")
        if "\0" in text:
            self.refuse("it holds a NUL character")
        dialect = self.guard._speech
        tokens = dialect.tokenize(text)
        reason = _shape_refusal(tokens)
        if self.guard.dialect == "mysql" and any(_EXECUTED.match(c) for t in tokens for c in t.comments):
            reason = "comments that MySQL executes (/*! … */) are not supported; leave them out"
        if reason:
            self.refuse(reason)
        parsed = dialect.parser().parse(tokens, text)
        trees = [tree for tree in parsed if tree is not None and not isinstance(tree, exp.Semicolon)]
        if len(trees) != 1:
            self.refuse(f"expected one statement, found {len(trees)}")
        tree = trees[0]
        while type(tree) is exp.Subquery and set(_filled(tree)) == {"this"}:
            tree = tree.this
        if not isinstance(tree, (exp.Select, exp.Subquery, *_SETS)):
            self.refuse(f"expected a query that starts with SELECT or WITH, found {_kind(tree)}")
        _bare(tree)
        for node in list(tree.find_all(exp.RawString)):  # $$…$$: the same text in plain quotes
            node.replace(exp.Literal.string(node.name))
        return tree

    def strip_views(self, text: str) -> tuple[str, dict[str, _Source]]:
        """Take the guard's own view bodies off a text that it printed; return the rest, and their names.

        They stand first, word for word as the guard printed them once, so the rest is read as it would be
        behind them.
        """
        head = next((head for head in ("WITH RECURSIVE ", "WITH ") if text.startswith(head)), None)
        known: dict[str, _Source] = {}
        if head is None:
            return text, known
        rest = text[len(head) :]
        while True:
            body, source = self.guard._bodies.get(rest.partition(" AS (")[0], ("", None))
            if source is None or not rest.startswith(body):
                return (head + rest if known else text), known
            after = rest[len(body) :]
            if not after.startswith((" ", ", ")):
                return (head + rest if known else text), known
            known[_key(source.table)] = source
            if after.startswith(" "):
                return after[1:], known
            rest = after[2:]

    def admit_nodes(self, tree: exp.Query) -> None:
        classes, names = self.guard._classes, self.guard.functions
        selects = sum(1 for _ in tree.find_all(exp.Select))
        if selects > MAX_SELECTS:
            self.refuse(f"it has {selects} SELECTs; {MAX_SELECTS} are allowed")
        for node in tree.walk():
            reason = refusal(node, classes, names, self.guard.dialect)
            if reason is None:
                continue
            if "is not an allowed function" in reason:
                raise UnknownName(self.original, reason)
            self.refuse(reason)
        for node in tree.find_all(exp.Alias, exp.TableAlias):
            names_ = [node.alias, *(i.name for i in node.args.get("columns") or ())]
            for name in names_:
                if _key(name) in _PSEUDO and _key(name) not in self.guard.spelling:
                    self.refuse(f"{name} is a name of the database's own; call it something else")
        if _text_growth(tree) > MAX_TEXT_GROWTH:
            self.refuse("REPLACE and || inside each other make a text too long; use fewer of them")
        for with_ in tree.find_all(exp.With):
            if with_.args.get("recursive") and any(_doubles(cte) for cte in with_.expressions):
                self.refuse(
                    "a recursive part that puts its own texts together doubles them each time; "
                    "add one text at a time, and no REPLACE"
                )

    def settle_names(self, tree: exp.Query) -> None:
        """Write every name as the database must read it.

        Names beyond plain ASCII get quotes. PostgreSQL folds names without quotes, and MySQL tells names of
        tables apart by their letter case: aliases and what refers to them become lower case there, and
        PostgreSQL's columns get their exact spelling.
        """
        dialect = self.guard.dialect
        for identifier in tree.find_all(exp.Identifier):
            name, quoted_ = identifier.name, identifier.args.get("quoted")
            parent = identifier.parent
            if dialect in ("postgres", "mysql"):
                is_table = isinstance(parent, exp.TableAlias) and identifier.arg_key == "this"
                is_table |= isinstance(parent, exp.Column) and identifier.arg_key == "table"
                if is_table:
                    name = _key(name)
                elif dialect == "postgres" and not isinstance(parent, exp.Table):
                    name = self.guard.spelling.get(_key(name), name if quoted_ else _key(name))
                    quoted_ = quoted_ or name != _key(name)
                if name != identifier.name:
                    identifier.set("this", name)
            if quoted_ != identifier.args.get("quoted") or (not quoted_ and not is_plain(name)):
                identifier.set("quoted", True)

    def tame_numbers(self, tree: exp.Query) -> None:
        """Let PostgreSQL raise numbers to powers, and take logarithms, in double precision.

        Its DECIMAL has up to 131,072 digits, and these functions work on them for seconds in one call that
        looks at no cancel. A power of at most ``MAX_EXPONENT``, of no other power, stays exact.
        """
        if self.guard.dialect != "postgres":
            return
        inner_first = reversed(list(tree.find_all(exp.Pow, exp.Exp, exp.Ln, exp.Log)))
        for node in inner_first:
            if isinstance(node, exp.Pow):
                power = node.expression
                is_small = _is_whole_number(power) and int(power.name) <= MAX_EXPONENT
                if is_small and node.this.find(exp.Pow, exp.Exp) is None:
                    continue
            parts = [part for part in (node.this, node.args.get("expression")) if part is not None]
            if all(isinstance(p, exp.Cast) and p.to.is_type(exp.DType.DOUBLE) for p in parts):
                continue
            tamed: exp.Expr = node.copy()
            if isinstance(tamed, exp.Log) and tamed.args.get("expression") is not None:
                base, value = tamed.this, tamed.expression  # LOG(base, value) is there for DECIMAL alone
                tamed = exp.Log(this=_double(value))
                if not (_is_whole_number(base) and int(base.name) == 10):
                    tamed = exp.Div(this=exp.Ln(this=_double(value)), expression=exp.Ln(this=_double(base)))
            else:
                for part in ("this", "expression"):
                    if tamed.args.get(part) is not None:
                        tamed.set(part, _double(tamed.args[part]))
            node.replace(exp.cast(tamed, exp.DType.DECIMAL))

    # ---- tables -----------------------------------------------------------------------------------------

    def place_sources(self, tree: exp.Query, known: dict[str, _Source]) -> None:
        """Point every table at a source of this role or at a common table expression of the statement."""
        named = [t for t in tree.find_all(exp.Table) if isinstance(t.this, exp.Identifier)]
        tables = [(table, _visible_cte(table)) for table in named]
        self.rename_ctes(tree)
        for table, cte in tables:
            name = table.name
            if cte is not None:
                self.point(table, cte.args["alias"].this.copy())
                continue
            source = known.get(_key(name)) or self.guard._sources.get(_key(name))
            if source is None:
                self.refuse_table(name)
            self.used[_key(source.table)] = source
            self.point(table, _identifier(source.table, self.guard.dialect))

    def point(self, table: exp.Table, target: exp.Identifier) -> None:
        is_settled = self.guard.dialect in ("postgres", "mysql")
        referred = _key(table.name) if is_settled else table.name
        is_same = target.name == referred if is_settled else _key(target.name) == _key(referred)
        if not is_same and not table.alias:
            alias = table.args.get("alias") or exp.TableAlias()
            name = _identifier(referred, self.guard.dialect) if is_settled else table.this.copy()
            alias.set("this", name)
            table.set("alias", alias)
        if target.name != table.name or table.this.quoted != target.quoted:
            table.set("this", target)

    def rename_ctes(self, tree: exp.Query) -> None:
        """Give another name to each common table expression that is called like a view or a table.

        The statement then cannot reach a table of the database whatever the database's rules of scope are.
        """
        guard = self.guard
        ctes = list(tree.find_all(exp.CTE))
        if not ctes:
            return
        reserved = guard._reserved
        names = {_key(identifier.name) for identifier in tree.find_all(exp.Identifier)}
        for cte in ctes:
            name = cte.alias
            if not name:
                self.refuse("a common table expression needs a name")
            if _SYSTEM.match(name):
                self.refuse(f"{name} is a name of the database's own; call it something else")
            if _key(name) in reserved:
                number = 2
                while _key(f"{name}_{number}") in reserved | names:
                    number += 1
                names.add(_key(f"{name}_{number}"))
                cte.args["alias"].set("this", _identifier(f"{name}_{number}", guard.dialect))

    def join_lists(self, tree: exp.Query) -> None:
        """Write ``FROM a, b`` and CROSS JOIN as a plain JOIN in SQLite.

        sqlglot reads both as CROSS JOIN, which SQLite takes as an order to read ``a`` first.
        """
        if self.guard.dialect != "sqlite":
            return
        for join in tree.find_all(exp.Join):
            if (join.args.get("kind") or "").upper() == "CROSS":
                join.set("kind", None)
                join.set("on", exp.true())

    def refuse_table(self, name: str) -> NoReturn:
        guard = self.guard
        views = [view.name for view in guard.views]
        if guard.shop.view(name) is not None:
            reason = (
                f"the view {name} is not open to the role {guard.role.name}; it may see {', '.join(views)}"
            )
            raise NotAllowed(self.original, reason)
        raise UnknownName(
            self.original, f"there is no view {name}{_near(name, views)}; views: {', '.join(views)}"
        )

    # ---- columns ----------------------------------------------------------------------------------------

    def resolve_columns(self, tree: exp.Query) -> None:
        """Check on a copy that every column resolves; write ``*`` out in ``tree``."""
        starred = [select for select in tree.find_all(exp.Select) if any(map(_is_star, select.expressions))]
        growth = math.prod(_star_growth(select) for select in starred)
        if growth > MAX_STAR_GROWTH:
            self.refuse("so many * of so many tables make too many columns; name the columns")
        for number, select in enumerate(starred):
            select.meta["star"] = number
        try:
            resolved = self.qualify(tree.copy())
        except SqlglotError as error:
            if not self.quote_texts(tree):
                self.explain_columns(tree, error)
            try:
                resolved = self.qualify(tree.copy())
            except SqlglotError as again:
                self.explain_columns(tree, again)
        if resolved.find(exp.Dot):  # product.length, where product is a column and no table
            raise UnknownName(self.original, "a column stands where a table's name is expected")
        if resolved.find(exp.TableColumn):
            self.refuse("a table's name stands where a column is expected; name a column")
        aliases = {_key(a.alias): a.alias for a in tree.find_all(exp.Alias)} if starred else {}
        spelling = self.guard.spelling
        expanded = {s.meta["star"]: s for s in resolved.find_all(exp.Select) if "star" in s.meta}
        for number, select in enumerate(starred):
            del select.meta["star"]
            columns = [column.copy() for column in expanded[number].expressions]
            for column in columns:
                for identifier in column.find_all(exp.Identifier):
                    name = _key(identifier.name)
                    name = spelling.get(name) or aliases.get(name, identifier.name)
                    identifier.replace(_identifier(name, self.guard.dialect))
            select.set("expressions", columns)
        if any(_IMPLIED.match(c.name) for s in starred for c in s.find_all(exp.Column)):
            self.name_outputs(tree)

    def name_outputs(self, tree: exp.Query) -> None:
        """Give the outputs of inner queries that have no name the one that a * outside calls them by."""
        for select in tree.find_all(exp.Select):
            if select is tree:
                continue
            for number, output in enumerate(list(select.expressions)):
                if not isinstance(output, (exp.Alias, exp.Column)) and not _is_star(output):
                    output.replace(exp.alias_(output.copy(), f"_col_{number}"))

    def qualify(self, tree: exp.Query) -> exp.Query:
        """``tree`` with every column given its table; raises when one has none.

        Aliases are not written out and sqlglot's own validation is not used: the first takes 2**n steps for n
        aliases that each name the one before twice, the second passes over HAVING and ORDER BY.
        """
        guard = self.guard
        for node in list(tree.find_all(exp.Table, exp.Unnest)):
            if isinstance(node.parent, (exp.From, exp.Join)) and not isinstance(node.this, exp.Identifier):
                node.replace(_stand_in(node, guard.dialect))
        for identifier in tree.find_all(exp.Identifier):
            identifier.set("this", _key(identifier.name))
        own = list(tree.find_all(exp.Alias))  # kept alive: qualify makes more, whose ids must differ
        named = {id(alias) for alias in own}
        written = {column.name for column in tree.find_all(exp.Column)}
        resolved = qualify(
            tree,
            dialect=guard._speech,
            schema=guard._schema,
            quote_identifiers=False,
            expand_alias_refs=False,
            validate_qualify_columns=False,
        )
        scopes = traverse_scope(resolved)
        resolvers = {id(scope.expression): Resolver(scope, guard._schema) for scope in scopes}
        for column in resolved.find_all(exp.Column):
            if column.table or column.name not in written or _is_alias(column, named):
                continue
            query = column.find_ancestor(exp.Select, *_SETS)
            resolver = resolvers.get(id(query))
            if resolver is None or not isinstance(query, exp.Select) or resolver.get_table(column) is None:
                raise OptimizeError(f"Column {column.name!r} could not be resolved")
        for scope in scopes:
            if isinstance(scope.expression, exp.Select) and not scope.is_correlated_subquery:
                for column in scope.external_columns:
                    if column.table:
                        raise OptimizeError(f"Column {column.sql(guard.dialect)} could not be resolved")
        return resolved

    def known_names(self, tree: exp.Query) -> set[str]:
        """Keys of every name that a column of the statement can have: of its views, and those it makes."""
        made = {_key(a.alias) for a in tree.find_all(exp.Alias)}
        made |= {_key(i.name) for a in tree.find_all(exp.TableAlias) for i in a.args.get("columns") or ()}
        return made | {_key(c.name) for s in self.used.values() for c in s.view.columns}

    def quote_texts(self, tree: exp.Query) -> bool:
        """Write ``city = "Berlin"`` as the text it is in SQLite; whether there was any.

        SQLite takes a name in double quotes that is no column for a text. Only where a value is compared with
        something is that surely meant; elsewhere it hides a misspelt column, and is refused.
        """
        if self.guard.dialect != "sqlite":
            return False
        hidden = {column for _, column in self.guard._masked}
        known = self.known_names(tree) | hidden
        found = [
            column
            for column in tree.find_all(exp.Column)
            if not column.table and column.this.args.get("quoted") and _key(column.name) not in known
            if _is_compared(column)
        ]
        for column in found:
            column.replace(exp.Literal.string(column.name))
        return bool(found)

    def explain_columns(self, tree: exp.Query, error: SqlglotError) -> NoReturn:
        """Say which column it is, whether it is hidden, unknown or ambiguous, and what is near."""
        guard = self.guard
        columns = {_key(c.name): c for c in tree.find_all(exp.Column) if not isinstance(c.this, exp.Star)}
        columns |= {
            _key(i.name): exp.column(i.copy())
            for j in tree.find_all(exp.Join)
            for i in j.args.get("using") or ()
        }
        used = list(self.used.values())
        seen = self.known_names(tree)
        for key, column in columns.items():
            for source in used:
                if (_key(source.view.name), key) in guard._masked and key not in seen:
                    reason = f"{source.view.name}.{column.name} is hidden from the role {guard.role.name}"
                    raise NotAllowed(self.original, f"{reason}; leave it out") from error
        aliases = {_key(t.alias_or_name): t for t in tree.find_all(exp.Table, exp.Subquery, exp.CTE)}
        for key, column in columns.items():
            table = aliases.get(_key(column.table))
            if column.table and table is None:
                names = ", ".join(t.alias_or_name for t in aliases.values() if t.alias_or_name)
                reason = (
                    f"{column.sql(guard.dialect)}: there is no table or alias {column.table} in the statement"
                )
                raise UnknownName(self.original, f"{reason}; it reads {names}") from error
            one = self.used.get(_key(table.name)) if isinstance(table, exp.Table) and column.table else None
            if one is not None and (_key(one.view.name), key) in guard._masked:
                reason = f"{one.view.name}.{column.name} is hidden from the role {guard.role.name}"
                raise NotAllowed(self.original, f"{reason}; leave it out") from error
            if one is not None and one.view.column(column.name) is None:
                raise UnknownName(self.original, self.no_column(column.name, [one])) from error
            if key not in seen:
                raise UnknownName(self.original, self.no_column(column.name, used)) from error
        raise UnknownName(self.original, _sqlglot_reason(error)) from error

    def no_column(self, name: str, sources: list[_Source]) -> str:
        columns = [c.name for s in sources for c in s.view.columns]
        where = ", ".join(s.view.name for s in sources) or "the statement"
        reason = f"there is no column {name} in {where}{_near(name, columns)}"
        others = [
            s.view.name for s in self.guard._sources.values() if s.view.column(name) and s not in sources
        ]
        return f"{reason}; it is in {', '.join(others)}" if others else reason

    # ---- rows -------------------------------------------------------------------------------------------

    def hold_to_groups(self, tree: exp.Query) -> None:
        """For a role that sees aggregates only: admit the safe form, and add its conditions on the groups."""
        size = self.guard.role.minimum_group
        if size is None or not self.used:
            return
        try:
            tables = list(tree.find_all(exp.Table))
            if len(tables) != 1:
                raise GroupRefusal("write one SELECT over one view, without JOIN, WITH or UNION")
            source = self.used[_key(tables[0].name)]
            hold_to_groups(tree, self.guard._groups[_key(source.view.name)])
        except GroupRefusal as error:
            role = self.guard.role.name
            reason = f"the role {role} sees figures about groups of at least {size} only: {error.args[0]}"
            raise NotAllowed(self.original, reason) from error

    def limit_rows(self, tree: exp.Query) -> None:
        """At most one row more than the role's budget; a smaller limit of the statement's own stays."""
        most = self.guard.role.limits.max_rows + 1
        limit = tree.args.get("limit")
        if limit is not None:
            count = limit.args.get("count") if isinstance(limit, exp.Fetch) else limit.expression
            options = limit.args.get("limit_options")
            if options is not None and (options.args.get("percent") or options.args.get("with_ties")):
                self.refuse("LIMIT with PERCENT or TIES is not supported; write a whole number")
            if not isinstance(count, exp.Literal) or count.is_string or not count.name.isdigit():
                self.refuse("LIMIT must be a whole number")
            most = min(most, int(count.name))
        tree.set("limit", exp.Limit(expression=exp.Literal.number(most)))


# ---- plain functions ------------------------------------------------------------------------------------


def refusal(
    node: exp.Expr, classes: frozenset[type[exp.Expr]], names: frozenset[str], dialect: Dialect
) -> str | None:
    """Why this node, by itself, may not stand in a statement; ``None`` when it may."""
    kind = type(node)
    if kind in (exp.Anonymous, exp.AnonymousAggFunc):
        name = node.name.upper()
        if name in names and not (isinstance(node.this, exp.Identifier) and node.this.quoted):
            return _value_refusal(node, dialect)
        return f"{name} is not an allowed function{_near(name, names)}"
    if kind not in SYNTAX and kind not in classes:
        if kind in WORDS:
            return WORDS[kind]
        if isinstance(node, exp.Func):
            name = node.sql(dialect=dialect, unsupported_level=ErrorLevel.IGNORE).split("(")[0].strip()
            return f"{name} is not an allowed function{_near(name, names)}"
        return f"{_kind(node)} is not supported"
    allowed = ARGUMENTS.get(kind)
    if allowed is not None:
        for part, value in node.args.items():
            if part not in allowed and value not in _EMPTY:
                return _part_refusal(node, part)
    return _value_refusal(node, dialect) if _has_rules(kind) else None


def _has_rules(kind: type[exp.Expr]) -> bool:
    found = _ruled.get(kind)
    if found is None:
        found = _ruled[kind] = issubclass(kind, _RULED)
    return found


_ruled: dict[type[exp.Expr], bool] = {}


def _part_refusal(node: exp.Expr, part: str) -> str:
    value = node.args[part]
    first = value[0] if isinstance(value, list) else value
    if type(first) in WORDS:
        return WORDS[type(first)]
    if part in ("db", "catalog"):
        return "names of schemas and databases are not allowed; write the view's name alone"
    return f"{part.strip('_').replace('_', ' ').upper()} is not supported in {_kind(node)}"


def attribute_nodes(value: AttributeValue, kind: ColumnType | None = None) -> list[exp.Expr]:
    """A user's attribute as values of a statement; an empty list gives NULL, which no row equals.

    Args:
        kind: type of the column that it is compared with. A number beside a text is written as text, and a
            text beside a number must be one: MySQL would take every text for 0.
    Raises:
        ValueError: it is of no kind that a statement can hold, or that the column can equal.
    """
    if isinstance(value, tuple):
        return [node for item in value for node in attribute_nodes(item, kind)] or [exp.Null()]
    if kind in ("integer", "number") and isinstance(value, str):
        try:
            value = int(value) if re.fullmatch(r"-?[0-9]{1,18}", value) else float(value)
        except ValueError:
            raise ValueError(f"is {value!r}, and the column that it is compared with holds numbers") from None
    if isinstance(value, bool):
        if kind not in (None, "boolean"):
            raise ValueError(f"is {value!r}, and the column that it is compared with holds no truth values")
        return [exp.Boolean(this=value)]
    if kind == "text" and isinstance(value, (int, float)) and math.isfinite(value):
        value = str(value)
    if isinstance(value, str):
        if len(value) > MAX_LITERAL or any(ord(c) < 32 or 0xD800 <= ord(c) <= 0xDFFF for c in value):
            raise ValueError("is no plain text")
        return [exp.Literal.string(value)]
    if isinstance(value, (int, float)) and math.isfinite(value):
        number = exp.Literal.number(repr(abs(value)))
        return [exp.Neg(this=number) if value < 0 else number]
    raise ValueError(f"is {value!r}, neither a text, a number nor a list of them")


def attribute_names(role: Role, dialect: Dialect) -> frozenset[str]:
    """Names of the user's attributes that the role's rules need; a rule that does not parse needs none."""
    found: set[str] = set()
    for rule in role.rows.values():
        try:
            tree = sqlglot.parse_one(rule, read=dialect, into=exp.Condition)
        except (SqlglotError, RecursionError):
            continue
        found |= {name for p in tree.find_all(exp.Placeholder) if (name := _attribute_name(p))}
    return frozenset(found)


def _attribute_name(node: exp.Placeholder) -> str | None:
    name = node.this
    return name if isinstance(name, str) and name.isidentifier() else None


def _value_refusal(node: exp.Expr, dialect: Dialect) -> str | None:
    if isinstance(node, exp.Literal):
        if len(node.this) > MAX_LITERAL:
            return f"a value of {len(node.this):,} characters is too long"
    elif isinstance(node, exp.Table):
        if not isinstance(node.this, (exp.Identifier, *_SERIES)) or (
            isinstance(node.this, _SERIES) and node.args.get("joins")
        ):
            return f"functions in FROM are not allowed, such as {_kind(node.this)}; use a view"
    elif isinstance(node, exp.DataType):
        if node.this not in TYPES or any(not isinstance(e, exp.DataTypeParam) for e in node.expressions):
            return f"the type {node.sql()} is not allowed"
    elif isinstance(node, exp.Star):
        parent = node.parent
        if isinstance(parent, exp.Column):
            parent = parent.parent
            if not isinstance(parent, exp.Select):
                return "a table's * may only stand in SELECT"
        elif not isinstance(parent, (exp.Select, exp.Count)):
            return "* may only stand in SELECT and in COUNT(*)"
    elif isinstance(node, exp.Join):
        return _join_refusal(node, dialect)
    elif isinstance(node, _LISTS):
        return _list_refusal(node, dialect)
    elif isinstance(node, exp.Lateral):
        if dialect == "sqlite":
            return "SQLite has no LATERAL; use a subquery in SELECT, or a JOIN"
        if not isinstance(node.this, exp.Subquery):
            return "LATERAL may only stand before a SELECT in parentheses"
    elif isinstance(node, exp.Pad):
        if not (_is_whole_number(node.expression) and int(node.expression.name) <= MAX_PADDING):
            return f"LPAD and RPAD need a length in figures, {MAX_PADDING:,} at most"
    elif isinstance(node, (exp.JSONExtract, exp.JSONExtractScalar)):
        if not isinstance(node.expression, exp.JSONPath):
            return "a place inside a JSON value must be written as a text, such as '$.name'"
    elif isinstance(node, exp.JSONPathKey):
        if not isinstance(node.this, str) or not node.this.isidentifier():
            return "a place inside a JSON value may only be made of plain names and numbers"
    elif isinstance(node, exp.WindowSpec):
        return _frame_refusal(node)
    elif isinstance(node, (exp.Levenshtein, exp.JarowinklerSimilarity, exp.Translate)):
        return _comparing_refusal(node, _called(node))
    elif isinstance(node, exp.Anonymous) and node.name.upper() in ("HAMMING", "JACCARD"):
        return _comparing_refusal(node, node.name.upper())
    elif isinstance(node, (exp.Format, exp.Anonymous)) and dialect == "sqlite":
        return _format_refusal(node)
    elif isinstance(node, (exp.RegexpLike, exp.RegexpILike)) and dialect == "sqlite":
        return "SQLite has no REGEXP; use LIKE or GLOB"
    return None


_RULED = (
    *(exp.Literal, exp.Table, exp.DataType, exp.Star, exp.Join, exp.Lateral, exp.Pad, exp.JSONExtract),
    *(exp.JSONExtractScalar, exp.JSONPathKey, exp.Format, exp.Anonymous, exp.RegexpLike, exp.RegexpILike),
    *(exp.WindowSpec, exp.Levenshtein, exp.JarowinklerSimilarity, exp.Translate, *_LISTS),
)
"""Kinds of nodes of which ``_value_refusal`` says something."""


def _join_refusal(node: exp.Join, dialect: Dialect) -> str | None:
    method = (node.args.get("method") or "").upper()
    if method not in ("", "NATURAL"):
        return f"{method} JOIN is not supported; use JOIN … ON"
    kind, side = (node.args.get("kind") or "").upper(), (node.args.get("side") or "").upper()
    if kind not in ("", "INNER", "OUTER", "CROSS", "SEMI", "ANTI") or side not in (
        "",
        "LEFT",
        "RIGHT",
        "FULL",
    ):
        return f"{side} {kind} JOIN is not supported; use JOIN … ON".lstrip()
    if side == "FULL" and dialect == "mysql":
        return "MySQL has no FULL JOIN; use LEFT JOIN and UNION"
    return None


def _list_refusal(node: exp.Expr, dialect: Dialect) -> str | None:
    """Rows and lists that stand in the statement itself: only where the database has them, and few."""
    if dialect not in ("duckdb", "postgres"):
        what = "generate_series" if isinstance(node, _SERIES) else "lists and UNNEST"
        return f"{what} are not supported here; use WITH RECURSIVE, or (VALUES …)"
    if isinstance(node, _SERIES):
        rows = _series_rows(node)
        if rows is None:
            return (
                "range and generate_series need bounds written as numbers or dates; else use WITH RECURSIVE"
            )
        if rows > MAX_SERIES:
            return f"range and generate_series may make {MAX_SERIES:,} rows at most, not {rows:,}"
    elif isinstance(node, (exp.Unnest, exp.Explode)):
        lists = node.expressions if isinstance(node, exp.Unnest) else [node.this]
        if not all(isinstance(item, (exp.Array, *_SERIES)) for item in lists):
            return "UNNEST may only be of a list that is written out, such as UNNEST([1, 2])"
    return None


def _frame_refusal(node: exp.WindowSpec) -> str | None:
    for part in ("start", "end"):
        bound = node.args.get(part)
        if bound is None or isinstance(bound, (str, exp.Interval)):
            continue  # UNBOUNDED, CURRENT ROW
        if not (_is_whole_number(bound) and int(bound.name) <= MAX_FRAME):
            return f"a window's frame needs bounds in figures, {MAX_FRAME:,} rows away at most, or UNBOUNDED"
    return None


def _comparing_refusal(node: exp.Expr, name: str) -> str | None:
    """These take as many steps as two texts' lengths multiplied, in one call that nothing interrupts."""
    is_map = isinstance(node, exp.Translate)
    parts = [node.args.get("from_"), node.args.get("to")] if is_map else list(node.iter_expressions())
    written = [
        part
        for part in parts
        if isinstance(part, exp.Literal) and part.is_string and len(part.name) <= MAX_COMPARED
    ]
    needed = 2 if isinstance(node, exp.Translate) else 1
    if len(written) >= needed:
        return None
    return f"{name} needs {needed} of its texts written out, of {MAX_COMPARED} characters at most"


def _called(node: exp.Expr) -> str:
    return type(node).sql_names()[0] if isinstance(node, exp.Func) else _kind(node)


def _format_refusal(node: exp.Expr) -> str | None:
    """``printf('%1000000d', 1)`` makes a text of any length."""
    if isinstance(node, exp.Anonymous) and node.name.upper() not in ("PRINTF", "FORMAT"):
        return None
    first = node.this if isinstance(node, exp.Format) else (node.expressions or [None])[0]
    if not (isinstance(first, exp.Literal) and first.is_string):
        return "PRINTF and FORMAT need their format written as a text"
    if re.search(r"%[^a-zA-Z%]*(\d{3}|\*)", first.name):
        return "PRINTF and FORMAT may not pad a text to more than 99 characters"
    return None


def _double(node: exp.Expr) -> exp.Expr:
    is_double = isinstance(node, exp.Cast) and node.to.is_type(exp.DType.DOUBLE)
    return node.copy() if is_double else exp.Cast(this=node.copy(), to=exp.DataType.build("DOUBLE"))


def _is_whole_number(node: exp.Expr | None) -> bool:
    return isinstance(node, exp.Literal) and not node.is_string and node.name.isdigit()


def _series_rows(node: exp.Expr) -> int | None:
    """Rows that ``range`` or ``generate_series`` makes at most; ``None`` when only the data could tell."""
    bounds = [node.args.get("start"), node.args.get("end")]
    step = node.args.get("step")
    numbers = [_whole_number(part) for part in (*bounds, step or exp.Literal.number(1))]
    if all(number is not None for number in numbers):
        first, last, by = (number or 0 for number in numbers)
        return abs(last - first) // max(1, abs(by)) + 1
    days = [_day(part) for part in bounds]
    step_days = _interval_days(step)
    if step_days is None or any(day is None for day in days):
        return None
    return int(abs((days[1] or 0) - (days[0] or 0)) / step_days) + 1


def _whole_number(node: exp.Expr | None) -> int | None:
    if isinstance(node, exp.Neg):
        inner = _whole_number(node.this)
        return None if inner is None else -inner
    return int(node.name) if node is not None and _is_whole_number(node) else None


def _day(node: exp.Expr | None) -> float | None:
    """The day number of a date that is written out; today counts as any day of this century."""
    if isinstance(node, (exp.CurrentDate, exp.CurrentTimestamp)):
        return float(dt.date.today().toordinal())
    if isinstance(node, (exp.Cast, exp.TsOrDsToDate, exp.Date)):
        node = node.this
    try:
        return (
            float(dt.datetime.fromisoformat(node.name).toordinal()) if isinstance(node, exp.Literal) else None
        )
    except ValueError:
        return None


def _interval_days(node: exp.Expr | None) -> float | None:
    """Days of a written interval with one unit; ``None`` when it is none, or nothing."""
    if not isinstance(node, exp.Interval) or not isinstance(node.this, exp.Literal):
        return None
    unit = node.args.get("unit")
    words = f"{node.this.name} {unit.name if isinstance(unit, exp.Var) else ''}".split()
    if len(words) != 2 or not words[0].isdigit() or int(words[0]) < 1:
        return None
    days = _UNIT_DAYS.get(words[1].upper().rstrip("S"))
    return None if days is None else days * int(words[0])


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


def _doubles(cte: exp.Expr) -> bool:
    """Whether a common table expression that reads itself may make its texts longer by more than a part."""
    name = _key(cte.alias)
    selves = [
        t for t in cte.find_all(exp.Table) if isinstance(t.this, exp.Identifier) and _key(t.name) == name
    ]
    if not selves:
        return False
    own = {_key(table.alias_or_name) for table in selves}
    for node in cte.find_all(*_JOINING):
        if isinstance(node, (exp.Replace, exp.RegexpReplace)):
            return True
        if sum(not c.table or _key(c.table) in own for c in node.find_all(exp.Column)) > 1:
            return True
    return False


def _shape_refusal(tokens: list[Token]) -> str | None:
    """What can be refused before parsing: sizes at which the parser would be slow or too deep."""
    if len(tokens) > MAX_TOKENS:
        return f"it has {len(tokens):,} words; {MAX_TOKENS:,} are allowed"
    open_joins, cases, previous = [0], 0, None
    for token in tokens:
        kind = token.token_type
        if kind in _SHAPING:
            if kind in _OPENING:
                open_joins.append(0)
            elif kind in _CLOSING:
                if len(open_joins) > 1:
                    open_joins.pop()
            elif kind is TokenType.CASE:
                cases += 1
            elif kind is TokenType.END:
                cases -= 1
            elif kind is TokenType.JOIN and previous is not TokenType.NATURAL:
                open_joins[-1] += 1
            elif kind in (TokenType.ON, TokenType.USING) and previous is not TokenType.DISTINCT:
                open_joins[-1] = max(0, open_joins[-1] - 1)
            if sum(open_joins) > MAX_OPEN_JOINS:
                return f"more than {MAX_OPEN_JOINS} joins in a row have no ON; give each join its ON"
            if cases + len(open_joins) > MAX_DEPTH:
                return f"it is nested deeper than {MAX_DEPTH} levels; write it flatter"
        previous = kind
    return None


def _visible_cte(table: exp.Table) -> exp.CTE | None:
    """The common table expression of the statement that ``table`` names, by SQL's rules of scope."""
    name = _key(table.name)
    node: exp.Expr | None = table
    inside: exp.CTE | None = None
    while node is not None:
        if isinstance(node, exp.CTE):
            inside = node
        with_ = node.args.get("with_")
        if with_ is not None:
            ctes = list(with_.expressions)
            sees_itself = bool(with_.args.get("recursive"))
            if inside is not None and inside.parent is with_:
                place = next(i for i, cte in enumerate(ctes) if cte is inside)
                ctes = ctes[: place + sees_itself]
            for cte in reversed(ctes):
                if isinstance(cte, exp.CTE) and _key(cte.alias) == name:
                    return cte
        node = node.parent
    return None


def parse_query(sql: str, dialect: Dialect) -> exp.Query:
    """Parse one query of the shop's own, without comments; raises sqlglot's errors or ``ValueError``."""
    trees = [tree for tree in sqlglot.parse(sql, read=dialect) if tree is not None]
    if len(trees) != 1 or not isinstance(trees[0], (exp.Select, *_SETS)):
        raise ValueError("expected one SELECT")
    return _bare(trees[0])


def _bare(tree: exp.Query) -> exp.Query:
    """``tree`` without comments and positions; a copy of it then costs a third."""
    for node in tree.walk():
        node.comments = None
        node._meta = None
    return tree


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
        raise ShopFileError(None, None, f"{what}: {_sqlglot_reason(error)}") from error
    for table in tree.find_all(exp.Table):
        if _visible_cte(table) is not None:
            continue
        if catalog.table(table.name) is None or table.db:
            near = _near(table.name, [t.name for t in catalog.tables])
            raise ShopFileError(
                None, None, f"{what} reads {table.name}, which the database does not have{near}"
            )
    try:
        schema = catalog_schema(catalog)
        qualified = qualify(tree, dialect=catalog.dialect, schema=schema, quote_identifiers=False)
    except SqlglotError as error:
        raise ShopFileError(None, None, f"{what}: {_sqlglot_reason(error)}") from error
    return tuple(qualified.named_selects)


@lru_cache(maxsize=16)
def catalog_schema(catalog: Catalog) -> MappingSchema:
    """The database's tables, as sqlglot wants them."""
    return _schema({t.name: {c.name: c.type for c in t.columns} for t in catalog.tables}, catalog.dialect)


def _schema(tables: Mapping[str, Mapping[str, ColumnType]], dialect: Dialect) -> MappingSchema:
    """Normalised here, many times faster than by sqlglot; ``qualify`` does it to the statements."""
    words: dict[str, object] = {
        _key(table): {_key(column): _TYPE_WORDS[kind] for column, kind in columns.items()}
        for table, columns in tables.items()
    }
    return MappingSchema(words, dialect=_speech(dialect), normalize=False)


def _printed_type(generator: Any, node: exp.DataType) -> str:
    """``NUMERIC`` keeps whole numbers whole in SQLite; sqlglot writes REAL for it."""
    return "NUMERIC" if node.this is exp.DType.DECIMAL else str(generator.datatype_sql(node))


_PRINTED: dict[Dialect, dict[type[exp.Expr], Callable[[Any, Any], str]]] = {
    "sqlite": {exp.DataType: _printed_type},
    # MariaDB has no REGEXP_LIKE, which sqlglot writes; both have the operator.
    "mysql": {exp.RegexpLike: lambda generator, node: str(generator.binary(node, "REGEXP"))},
}
"""Kinds of nodes that sqlglot writes in another way than the statement had them, to another effect."""
_dispatches: dict[Dialect, dict[Any, Any]] = {}


def _dispatch(dialect: Dialect, standard: dict[Any, Any]) -> dict[Any, Any]:
    if dialect not in _dispatches:
        _dispatches[dialect] = {**standard, **_PRINTED[dialect]}
    return _dispatches[dialect]


@cache
def _speech(dialect: Dialect) -> SqlglotDialect:
    return SqlglotDialect.get_or_raise(dialect)


def _print(tree: exp.Expr, dialect: Dialect) -> str:
    """The text of ``tree``, which is not to be used afterwards; what the dialect cannot say raises."""
    generator = _speech(dialect).generator(comments=False, unsupported_level=ErrorLevel.RAISE)
    if dialect in _PRINTED:
        generator._dispatch = _dispatch(dialect, generator._dispatch)
    return generator.generate(tree, copy=False)


def _is_compared(column: exp.Column) -> bool:
    """Whether ``column`` is the value of a comparison: what a column or a function stands on the left of."""
    parent = column.parent
    if isinstance(parent, (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Is, exp.Like, exp.Glob)):
        return column.arg_key == "expression" and not isinstance(parent.this, exp.Literal)
    if isinstance(parent, exp.In):
        return column.arg_key == "expressions"
    return isinstance(parent, exp.Between) and column.arg_key in ("low", "high")


def _star_growth(select: exp.Select) -> int:
    """How many times as many columns as its widest source a ``SELECT *`` can give."""
    return max(1, sum(map(_is_star, select.expressions))) * (1 + len(select.args.get("joins") or ()))


def _text_growth(tree: exp.Expr) -> float:
    """How many times longer, at most, the statement can make a text of the database's.

    Calls are taken to be inside each other even when they are not: they can be, through names.
    """
    growth = 1.0
    for call in tree.find_all(exp.Replace, exp.RegexpReplace):
        new, old = call.args.get("replacement"), call.args.get("expression")
        length = len(new.this) if isinstance(new, exp.Literal) else 0 if new is None else 16
        is_text = isinstance(call, exp.Replace) and isinstance(old, exp.Literal)
        growth *= max(1.0, length / max(1, len(old.this) if is_text and old is not None else 1))
    for join in tree.find_all(exp.DPipe, exp.Concat, exp.ConcatWs):
        if not isinstance(join.parent, exp.DPipe):
            names = Counter(_key(column.sql()) for column in join.find_all(exp.Column))
            growth *= max(names.values(), default=1)
    return growth


def _is_alias(column: exp.Column, named: set[int]) -> bool:
    """Whether a column without a table is the name of something else that its own query selects.

    ``named`` holds the ids of the aliases that the statement itself gave.
    """
    query = column.find_ancestor(exp.Select, *_SETS)
    if isinstance(query, exp.Select):
        aliases = [
            e
            for e in query.expressions
            if isinstance(e, exp.Alias) and id(e) in named and _key(e.alias) == _key(column.name)
        ]
        if not aliases:
            return False
        inside = column.find_ancestor(exp.Alias, exp.Select)
        return any(alias is not inside for alias in aliases)
    return query is not None and _key(column.name) in {_key(name) for name in query.named_selects}


def _leaves_rows_out(body: exp.Query) -> bool:
    """Whether a view's SELECT may leave out rows of the tables that it reads."""
    is_filtered = (
        body.find(exp.Where, exp.Having, exp.Qualify, exp.Limit, exp.Offset, exp.Distinct) is not None
    )
    joins = body.find_all(exp.Join)
    return is_filtered or any((j.args.get("side") or "").upper() not in ("LEFT", "FULL") for j in joins)


def _is_star(node: exp.Expr) -> bool:
    return isinstance(node, exp.Star) or (isinstance(node, exp.Column) and isinstance(node.this, exp.Star))


def _filled(node: exp.Expr) -> Iterator[str]:
    return (part for part, value in node.args.items() if value not in _EMPTY)


def _kind(node: exp.Expr) -> str:
    """A node's kind in words: ``TruncateTable`` → ``TRUNCATE TABLE``."""
    if isinstance(node, exp.Command):
        return str(node.this).upper()
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", type(node).__name__).upper()


def _near(name: str, known: Iterable[str]) -> str:
    """``; near: a, b`` for the names that are written almost like ``name``, else nothing."""
    choices = sorted(set(known))
    found = process.extract(name, choices, scorer=fuzz.WRatio, processor=str.lower, limit=3, score_cutoff=70)
    return f"; near: {', '.join(choice for choice, _, _ in found)}" if found else ""


def _short(sql: str) -> str:
    return sql if len(sql) <= 2_000 else sql[:2_000] + " …"


def _sqlglot_reason(error: BaseException) -> str:
    """The first line of sqlglot's message without the marks for a terminal."""
    first = str(error).split("\n")[0]
    return re.sub(r"\x1b\[[0-9;]*m", "", first).rstrip(". ") or "it cannot be read as SQL"
