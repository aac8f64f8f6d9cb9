"""Refuses a column that is neither grouped nor aggregated, in every database alike.

SQLite and MySQL answer such a statement with the value of any row of the group, in silence; DuckDB and
PostgreSQL refuse it in words of their own. Held to it are the outputs, HAVING, QUALIFY and ORDER BY of a
SELECT that puts rows together by GROUP BY or by an aggregate, and the ORDER BY of a SELECT DISTINCT, which
puts rows together by its outputs. What they may be made of: the expressions grouped by (written the same way,
or named by their place or alias), aggregates, values, and columns of a query around. A subquery in them may
name the groups' columns and no others.

That one column follows from another (a name from a key) is not taken for granted, declared or not: the same
statement then means the same over a table and over a view of it. Nor is SQLite's rule that a column beside a
single MIN or MAX comes from the row that has it: of several such rows it is any.

Not covered: the shop's own views, which are trusted (``sql.shop``); which of two databases' rules about names
a reader had in mind: an alias that is called like a column means what the database at hand takes it for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sqlglot import exp

from sql.lock.functions import AGGREGATES
from sql.lock.resolve import Resolved
from sql.names import decode, quoted
from sql.types import Dialect

_ORDERED_ONLY = (
    *(exp.Lag, exp.Lead, exp.FirstValue, exp.LastValue, exp.NthValue, exp.Rank, exp.DenseRank),
    *(exp.PercentRank, exp.CumeDist, exp.Ntile, exp.RowNumber),
)
"""Functions of windows alone, which sqlglot takes for aggregates."""
_AROUND = (exp.Filter, exp.WithinGroup, exp.IgnoreNulls, exp.RespectNulls)
"""What may stand around an aggregate's call."""
_BLOCKS = (exp.Group, exp.GroupingSets, exp.Cube, exp.Rollup, exp.Tuple, exp.Paren)
_ALIAS_FIRST: frozenset[Dialect] = frozenset({"duckdb", "mysql"})
"""Where a name in HAVING that is an alias and a column which is not grouped means the alias."""


def ungrouped(resolved: Resolved, dialect: Dialect) -> str | None:
    """Why some column has no single value where it stands, and what to write; ``None`` when all have one."""
    own = frozenset(map(id, resolved.own))
    sources = {id(select): names for select, names in _sources(resolved)}
    selects = [_Groups(s, resolved, dialect, own, sources) for s in resolved.tree.find_all(exp.Select)]
    faults = [select.of_outer_columns() for select in selects] + [select.fault() for select in selects]
    return next((fault for fault in faults if fault is not None), None)


def is_aggregate(node: exp.Expr) -> bool:
    """Whether ``node`` calls a function that puts rows together."""
    if isinstance(node, exp.Anonymous):
        return node.name.upper() in AGGREGATES
    return isinstance(node, (exp.AggFunc, exp.AnonymousAggFunc)) and not isinstance(node, _ORDERED_ONLY)


def _sources(resolved: Resolved) -> Iterator[tuple[exp.Select, frozenset[str]]]:
    for select in resolved.tree.find_all(exp.Select):
        resolver = resolved.resolvers.get(id(select))
        if resolver is not None:
            yield select, frozenset(resolver.scope.selected_sources)


class _Groups:
    """One SELECT, while it is looked through."""

    def __init__(
        self,
        select: exp.Select,
        resolved: Resolved,
        dialect: Dialect,
        own: frozenset[int],
        sources: dict[int, frozenset[str]],
    ) -> None:
        self.select = select
        self.resolved = resolved
        self.dialect = dialect
        self.own = own
        self.sources = sources
        self.outputs = {o.alias: o.this for o in select.expressions if isinstance(o, exp.Alias)}
        self.values = [o.this if isinstance(o, exp.Alias) else o for o in select.expressions]
        self.renamed = {n for n, v in self.outputs.items() if not (isinstance(v, exp.Column) and v.name == n)}
        """Names of outputs that are not those of the columns which they show."""
        self.keys: set[exp.Expr] = set()
        self.bare: set[int] = set()
        """Ids of columns behind FROM that are written without a table and could be an alias, too."""

    def fault(self) -> str | None:
        """The first column of this SELECT that has no single value, in words."""
        group, distinct = self.select.args.get("group"), self.select.args.get("distinct")
        having, qualify, order = (self.select.args.get(part) for part in ("having", "qualify", "order"))
        after = [part for part in (having, qualify, order) if part is not None]
        is_grouped = group is not None or self.has_aggregate([*self.values, *after])
        if having is not None and not is_grouped and self.dialect != "mysql":
            return "HAVING is about groups, and there is neither GROUP BY nor an aggregate; write WHERE"
        for part in after:
            self.place(part)
        if is_grouped:
            self.keys = self.grouped_by(group)
            parts: list[exp.Expr] = [*self.values, *(self.select.args.get("windows") or ())]
            on = distinct.args.get("on") if distinct is not None else None
            for part in (*parts, having, qualify, on):
                column = self.first_single(part)
                if column is not None:
                    return self.reason(column, group)
            column = self.first_single_of_order(order)
            if column is not None:
                return self.reason(column, group)
        if distinct is not None and distinct.args.get("on") is None:
            values = {_bare(value) for value in self.values}
            if not (is_grouped and self.keys <= values):
                self.keys = values
                return self.fault_of_distinct(order)
        return None

    def fault_of_distinct(self, order: exp.Order | None) -> str | None:
        column = self.first_single_of_order(order)
        if column is not None:
            name = self.said(column)
            return (
                f"ORDER BY {name} beside DISTINCT: one row stands for several, which may differ in it; "
                f"select {name} too, or write GROUP BY and ORDER BY MAX({name})"
            )
        ordered = [o.this for o in order.expressions] if order is not None else []
        if self.has_aggregate([node for node in ordered if _bare(node) not in self.keys]):
            return (
                "ORDER BY an aggregate beside DISTINCT: a row stands for several groups; leave DISTINCT out"
            )
        return None

    # ---- what is grouped --------------------------------------------------------------------------------

    def aggregates(self, parts: Iterable[exp.Expr]) -> Iterator[exp.Expr]:
        """Aggregates of this SELECT's own rows: not those of windows, nor of the queries inside it."""
        waiting = list(parts)
        while waiting:
            node = waiting.pop()
            if isinstance(node, exp.Query):
                continue
            if isinstance(node, exp.Window):
                waiting += self.inside_window(node)
                continue
            if is_aggregate(node):
                yield node
                continue
            waiting += node.iter_expressions()

    def has_aggregate(self, parts: Iterable[exp.Expr]) -> bool:
        return next(self.aggregates(parts), None) is not None

    def grouped_by(self, group: exp.Group | None) -> set[exp.Expr]:
        """The expressions grouped by; an alias, or a column made by USING, also as what it stands for."""
        if group is None:
            return set()
        if group.args.get("all"):
            found = [v for v in self.values if not self.has_aggregate([v])]
        else:
            found = []
            waiting: list[exp.Expr] = list(group.iter_expressions())
            while waiting:
                node = waiting.pop()
                if isinstance(node, _BLOCKS):
                    waiting += node.iter_expressions()
                else:
                    found.append(self.with_aliases(node))
        keys = {_bare(node) for node in found}
        for node in list(keys):
            first = self.joined_first(node)
            if first is not None:
                keys.add(first)
        return keys

    def with_aliases(self, node: exp.Expr) -> exp.Expr:
        """``node`` with what the aliases in it stand for."""
        if isinstance(node, exp.Column):
            return self.outputs.get(node.name, node) if not node.table else node
        if any(not column.table for column in node.find_all(exp.Column)):
            node = node.copy()
            for column in list(node.find_all(exp.Column)):
                if not column.table and column.name in self.outputs:
                    column.replace(self.outputs[column.name].copy())
        return node

    def joined_first(self, node: exp.Expr) -> exp.Expr | None:
        """The left one of the columns that USING makes one of, where it holds the value of both."""
        if not isinstance(node, exp.Coalesce) or id(node) in self.own:
            return None
        sides = {(join.args.get("side") or "").upper() for join in self.select.args.get("joins") or ()}
        return node.this if not sides & {"RIGHT", "FULL"} else None

    def place(self, part: exp.Expr) -> None:
        """Give the columns of HAVING, QUALIFY and ORDER BY their table, which qualifying leaves out there."""
        for column in part.find_all(exp.Column):
            is_output = isinstance(column.parent, exp.Ordered) and column.name in self.outputs
            if column.table or is_output or column.find_ancestor(exp.Select) is not self.select:
                continue
            table = self.resolved.table_of(column, self.select) if id(column) in self.own else None
            if table is not None:
                column.set("table", exp.to_identifier(table))
                self.bare.add(id(column))

    # ---- what stands on the groups ----------------------------------------------------------------------

    def first_single(self, part: exp.Expr | None) -> exp.Column | None:
        """The first column in ``part`` that is a value of single rows."""
        waiting = [part] if part is not None else []
        while waiting:
            node = waiting.pop()
            if self.keys and _bare(node) in self.keys and not self.holds_alias(node):
                continue
            first = self.joined_first(node)
            if first is not None and first in self.keys:
                continue
            is_here = node.find_ancestor(exp.Select) is self.select
            if isinstance(node, exp.Column):
                if self.is_single(node):
                    return node
            elif isinstance(node, exp.Window) and is_here:
                waiting += self.inside_window(node)
            elif is_here and self.is_call(node):
                continue
            else:
                waiting += reversed(list(node.iter_expressions()))
        return None

    def holds_alias(self, node: exp.Expr) -> bool:
        """Whether some name in an expression of HAVING means an alias, and not a column grouped by."""
        if self.dialect not in _ALIAS_FIRST or isinstance(node, exp.Column) or not self.bare:
            return False
        return any(
            id(column) in self.bare and column.name in self.renamed and column.find_ancestor(exp.Having)
            for column in node.find_all(exp.Column)
            if column not in self.keys
        )

    def first_single_of_order(self, order: exp.Order | None) -> exp.Column | None:
        for ordered in order.expressions if order is not None else ():
            node = ordered.this
            is_output = isinstance(node, exp.Column) and not node.table and node.name in self.outputs
            column = None if is_output else self.first_single(node)
            if column is not None:
                return column
        return None

    def is_call(self, node: exp.Expr) -> bool:
        while isinstance(node, _AROUND):
            node = node.this
        return is_aggregate(node)

    def inside_window(self, window: exp.Window) -> list[exp.Expr]:
        """The parts of a window that are worked out from the groups: its function's arguments, its order."""
        call = window.this
        parts = [part for name, part in _parts(window) if name != "this"]
        while isinstance(call, _AROUND):
            parts += [part for name, part in _parts(call) if name != "this"]
            call = call.this
        return parts + list(call.iter_expressions())

    def is_single(self, column: exp.Column) -> bool:
        """Whether it is a column of this SELECT's rows; it is known not to be grouped."""
        if isinstance(column.this, exp.Star):
            return False
        if column.table:
            if self.owner(column) is not self.select:
                return False
            clause = column.find_ancestor(exp.Having, exp.Qualify, exp.Order, exp.Select)
            could_be_alias = id(column) in self.bare and column.name in self.renamed
            if could_be_alias and not isinstance(clause, exp.Order):
                return self.dialect not in _ALIAS_FIRST
            return True
        if column.find_ancestor(exp.Select) is not self.select or id(column) not in self.own:
            return False
        return column.name not in {
            *self.outputs,
            *(key.name for key in self.keys if isinstance(key, exp.Column)),
        }

    def owner(self, column: exp.Column) -> exp.Select | None:
        """The SELECT whose source the column is of: the innermost around it that has one of that name."""
        select = column.find_ancestor(exp.Select)
        while select is not None and column.table not in self.sources.get(id(select), ()):
            select = select.find_ancestor(exp.Select)
        return select

    def of_outer_columns(self) -> str | None:
        """An aggregate of nothing but columns of a query around: whose rows it puts together is disputed."""
        clauses = [self.select.args.get(part) for part in ("where", "having", "qualify", "order")]
        for node in self.aggregates([*self.values, *(part for part in clauses if part is not None)]):
            owners = [self.owner(column) for column in node.find_all(exp.Column) if column.table]
            if owners and all(owner is not None and owner is not self.select for owner in owners):
                call = decode(node.sql(dialect=self.dialect))
                return (
                    f"{call} is of columns of the query around it alone; put it into that query, or name a "
                    "column of the inner one"
                )
        return None

    # ---- words ------------------------------------------------------------------------------------------

    def said(self, column: exp.Column) -> str:
        is_alone = len(self.sources[id(self.select)]) < 2 and column.find_ancestor(exp.Select) is self.select
        parts = [column.name] if is_alone or not column.table else [column.table, column.name]
        return ".".join(quoted(decode(part), self.dialect) for part in parts)

    def reason(self, column: exp.Column, group: exp.Group | None) -> str:
        name = self.said(column)
        if group is None:
            return (
                f"{name} stands beside an aggregate but is not in one, and there is no GROUP BY: one row is "
                f"made of many, which may differ in it; add GROUP BY {name}, or write MAX({name})"
            )
        return (
            f"{name} is neither in GROUP BY nor in an aggregate, and the rows of a group may differ in it; "
            f"add {name} to GROUP BY, or write MAX({name})"
        )


def _bare(node: exp.Expr) -> exp.Expr:
    while isinstance(node, exp.Paren):
        node = node.this
    return node


def _parts(node: exp.Expr) -> Iterator[tuple[str, exp.Expr]]:
    for name, value in node.args.items():
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, exp.Expr):
                yield name, part
