"""What is behind the models of a layer: tables and SELECTs of the database, and the columns that views get.

Names in the layer's SQL are resolved here: members become columns of views, and so do columns of tables where
a metric needs them. Each expression is seen by the guard and by the database before it is taken.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from sql.databases import Database
from sql.errors import ShopFileError, SqlError, UnsafeQuery
from sql.lock.guard import Guard
from sql.lock.run import run
from sql.lock.schemas import view_outputs
from sql.names import identifier, quoted
from sql.semantics import Role, Shop, View, ViewColumn
from sql.shop.decisions import Decision
from sql.shop.drafting import looks_personal
from sql.shop.layers.jinja import CLOCK, NoForm
from sql.shop.layers.layer import Expression, Field, LayerMetric, LeftOut, Link, Model, Ref, said_as
from sql.types import Catalog, CatalogTable, ColumnType, Dialect, QueryLimits

EVERYTHING = Role(name="everything")


@dataclass(eq=False)
class Source:
    """A model's rows, before its columns are named."""

    model: Model
    sql: str
    """What stands behind FROM."""
    table: CatalogTable | None
    types: dict[str, ColumnType]
    """Columns by their own names."""
    columns: dict[str, ViewColumn] = field(default_factory=dict)
    """Columns of the view."""
    trees: dict[str, exp.Expr] = field(default_factory=dict)
    """Column of the view → what it is, in columns of the source."""
    brought: dict[str, tuple[Source, str, str]] = field(default_factory=dict)
    """Further column of the view → where it is from, what it is called there, and the own column that leads
    there."""

    def known(self, name: str) -> str | None:
        """The source's own spelling of a column."""
        return next((own for own in self.types if own.lower() == name.lower()), None)

    @property
    def what(self) -> str:
        """The table, or the model where a SELECT is behind it."""
        return self.table.name if self.table is not None else self.model.name

    def shown(self, name: str) -> str | None:
        """The view's column of that name, in its own spelling."""
        return next((own for own in self.columns if own.lower() == name.lower()), None)

    @property
    def key(self) -> tuple[str, ...]:
        """The view's columns that are its key; none where one of them is left out."""
        found = [self.shown(name) for name in self.model.key]
        return tuple(name for name in found if name is not None) if None not in found else ()


@dataclass
class Report:
    """What is told of an import."""

    left_out: list[LeftOut]
    decisions: list[Decision]

    def leave(self, what: str, of: Model | Field | LayerMetric | Link, reason: str) -> None:
        """Tell what has no form."""
        self.left_out.append(LeftOut(what=what, place=of.place, reason=reason))

    def decide(self, place: str, text: str, text_zh: str, *, is_sure: bool = True) -> None:
        """Tell what was decided, in both languages."""
        self.decisions.append(Decision(place=place, text=text, text_zh=text_zh, is_sure=is_sure))


class Sources:
    """The models of a layer on one database, by name; what is found is told to ``report``."""

    def __init__(self, database: Database, report: Report, product: str) -> None:
        self.database, self.report, self.product = database, report, product
        self.catalog: Catalog = database.catalog()
        self.dialect: Dialect = database.dialect
        self.found: dict[str, Source] = {}

    def add(self, model: Model) -> Source:
        """Find what is behind a model, and make columns of what it shows.

        Raises:
            NoForm: its table is not there, or its SELECT is refused.
        """
        source = self.found[model.name] = self._source(model)
        for each in model.fields:
            if each.is_shown:
                self.take(source, each)
        return source

    def _source(self, model: Model) -> Source:
        """What is behind a model."""
        if model.select:
            return self._select_source(model)
        table = self.table(model.table)
        if table is None:
            raise NoForm(f"there is no table {'.'.join(model.table)} in the database")
        types = {column.name: column.type for column in table.columns}
        return Source(model=model, sql=quoted(table.name, self.dialect), table=table, types=types)

    def table(self, place: tuple[str, ...]) -> CatalogTable | None:
        """The table of that schema and name; another schema's, where that name stands for one table alone."""
        *schema, name = (part for part in place if part)
        if schema and (found := self.catalog.placed(schema[-1], name)) is not None:
            return found
        near = [t for t in self.catalog.tables if t.place and t.place[-1].lower() == name.lower()]
        return self.catalog.table(name) or (near[0] if len(near) == 1 else None)

    def _select_source(self, model: Model) -> Source:
        try:
            names = view_outputs(model.name, model.select, self.catalog)
        except ShopFileError as error:
            raise NoForm(error.reason) from error
        columns = tuple(ViewColumn(name=name, type="other") for name in names)
        view = View(name=model.name, columns=columns, sql=model.select)
        every = f"SELECT * FROM {quoted(model.name, self.dialect)}"
        types = self._types_of(view, every)
        return Source(model=model, sql=f"({model.select}) AS rows_of", table=None, types=types)

    def _types_of(self, view: View, sql: str) -> dict[str, ColumnType]:
        """Names and types of what a statement over ``view`` gives; one row is read.

        Raises:
            NoForm: the guard or the database refuses it.
        """
        shop = Shop(name=view.name, database="", views=(view,))
        try:
            query = Guard(shop, self.catalog, EVERYTHING).check(sql)
            table = run(query, self.database, QueryLimits(max_rows=1))
        except (UnsafeQuery, ShopFileError) as error:
            raise NoForm(error.reason) from error
        except SqlError as error:
            raise NoForm(f"the database refuses it: {first_line(error)}") from error
        return {column.name: column.type for column in table.columns}

    def take(self, source: Source, each: Field, *, is_told: bool = True) -> str | None:
        """Make a column of the view out of a field; ``None`` where it has no form."""
        model = source.model
        what = f"column {each.name} of {model.name}"
        try:
            tree = self._field_tree(source, each, ())
            kind = self._kind(source, tree)
        except NoForm as error:
            if is_told:
                self.report.leave(what, each, str(error))
            return None
        name = (
            each.name
            if not isinstance(tree, exp.Column) or tree.name.lower() != each.name.lower()
            else tree.name
        )
        if each.is_time and kind not in ("date", "timestamp"):
            text = f"{model.name}.{name} is a time in {self.product}; in the database it is a {kind}"
            text_zh = f"{model.name}.{name} 在 {self.product} 中是时间，在数据库中是 {kind}"
            self.report.decide(f"views.{model.name}", text, text_zh, is_sure=False)
        source.trees[name] = tree
        source.columns[name] = ViewColumn(
            name=name,
            type=kind,
            description=each.description,
            synonyms=said_as(each.label, name),
            sampled=kind == "text" and not looks_personal(source.what, name),
        )
        return name

    def _field_tree(self, source: Source, each: Field, above: tuple[str, ...]) -> exp.Expr:
        """What a field is, in columns of the source."""
        if each.name in above:
            raise NoForm(f"it is made of itself ({', '.join(above)})")
        if each.expression is None:
            own = source.known(each.name)
            if own is None:
                raise NoForm(f"there is no column {each.name} behind {source.model.name}")
            return exp.column(identifier(own, self.dialect))
        return self._resolved(
            source,
            each.expression,
            lambda ref: self._member(source, ref, (*above, each.name)),
            lambda name: self._own_column(source, name),
        )

    def _member(self, source: Source, ref: Ref, above: tuple[str, ...]) -> exp.Expr:
        if ref.of and ref.of not in source.model.own:
            raise NoForm(f"it is about {ref.of}, another model; that column is reached by the link")
        if ref.is_column:
            return self._own_column(source, ref.name)
        found = next((f for f in source.model.fields if f.name.lower() == ref.name.lower()), None)
        if found is None:
            raise NoForm(f"{source.model.name} has no {ref.name}")
        tree = self._field_tree(source, found, above)
        return tree if isinstance(tree, exp.Column) else exp.Paren(this=tree)

    def _own_column(self, source: Source, name: str) -> exp.Expr:
        own = source.known(name)
        if own is None:
            raise NoForm(f"there is no column {name} behind {source.model.name}")
        return exp.column(identifier(own, self.dialect))

    def _resolved(
        self,
        source: Source,
        said: Expression,
        member: Callable[[Ref], exp.Expr],
        column: Callable[[str], exp.Expr],
        what: str = "it",
    ) -> exp.Expr:
        """An expression with ``member`` for its words and ``column`` for its other names."""
        tree = self._parsed(said.sql, what)
        for node in list(tree.find_all(exp.Column)):
            ref = said.refs.get(node.name)
            if ref is not None:
                new = member(ref)
            elif not said.has_columns:
                raise NoForm(f"{what} names {node.sql()} without Dimension('…'), so whose it is stays open")
            elif node.table and node.table.lower() != source.model.name.lower():
                raise NoForm(f"{what} names {node.sql()}, and only the model's own columns can be named")
            else:
                new = column(node.name)
            if node is tree:
                return new
            node.replace(new)
        return tree

    def _parsed(self, sql: str, what: str) -> exp.Expr:
        try:
            tree: exp.Expr = sqlglot.parse_one(sql, read=self.dialect, into=exp.Condition)
        except (SqlglotError, RecursionError) as error:
            raise NoForm(f"{what} cannot be read as an expression of SQL: {sql}") from error
        if tree.find(exp.Query, exp.Subquery, exp.Window) is not None:
            raise NoForm(f"{what} holds a query or a window of its own")
        return tree

    def _kind(self, source: Source, tree: exp.Expr) -> ColumnType:
        """The type of a value of the source; the guard and the database see it first."""
        if isinstance(tree, exp.Column):
            return source.types[tree.name]
        if tree.find(exp.AggFunc) is not None:
            raise NoForm("it is an aggregate, and a column is not")
        columns = tuple(ViewColumn(name=name, type=kind) for name, kind in source.types.items())
        name = source.what
        view = View(name=name, columns=columns, sql=source.model.select or None)
        sql = f"SELECT {tree.sql(dialect=self.dialect)} AS value FROM {quoted(name, self.dialect)}"
        return self._types_of(view, sql)["value"]

    # ---- columns of views that metrics need ---------------------------------------------------------------

    def inner(
        self, source: Source, said: Expression, clock: str | None, what: str = "its expression"
    ) -> exp.Expr:
        """An expression in columns of the view; columns of the source that it lacks are added to it."""

        def member(ref: Ref) -> exp.Expr:
            if ref.is_column and (not ref.of or ref.of in source.model.own):
                return self._column_for(source, ref.name)
            if ref.of and ref.of not in source.model.own:
                of = source.model.entities.get(ref.of)
                if of is not None and ref.name == ref.of:
                    return self._as_column(source, of, ref)
                return self._brought_in(source, ref, what)
            name = clock if ref.is_clock else source.model.entities.get(ref.name, ref.name)
            if name is None:
                raise NoForm(f"{what} is about {CLOCK}, and {source.model.name} has no time of its own")
            return self._as_column(source, name, ref)

        return self._resolved(source, said, member, lambda name: self._column_for(source, name), what)

    def _as_column(self, source: Source, name: str, ref: Ref) -> exp.Expr:
        found = source.shown(name)
        if found is None:
            hidden = next((f for f in source.model.fields if f.name.lower() == name.lower()), None)
            found = self.take(source, hidden, is_told=False) if hidden is not None else None
            text = (
                f"{source.model.name}.{name} is hidden there; it is taken, for a metric is worked out of it"
            )
            text_zh = f"{source.model.name}.{name} 在那里是隐藏的；有指标要用它计算，所以仍然取来"
            if found is not None:
                self.report.decide(f"views.{source.model.name}", text, text_zh)
        if found is None:
            raise NoForm(f"{source.model.name} has no {name}, or it is left out")
        column: exp.Expr = exp.column(identifier(found, self.dialect))
        if ref.is_day and source.columns[found].type != "date":
            column = _day(column, self.dialect)
        return column

    def _brought_in(self, source: Source, ref: Ref, what: str) -> exp.Expr:
        """A column of the one row of another model that a link leads to, brought into the view.

        A metric of ``shop.yml`` is worked out of one view.
        """
        link = next((each for each in source.model.links if each.of == ref.of), None)
        own = source.shown(link.field) if link is not None else None
        there = self.found.get(link.model) if link is not None else None
        if link is None or own is None or there is None:
            raise NoForm(f"{what} is about {ref.of}, to which no column of {source.model.name} leads")
        key = there.key
        if len(key) != 1 or (link.key and key[0].lower() != link.key.lower()):
            raise NoForm(f"{what} is about {ref.of}, and {there.model.name} has no key of one column for it")
        column = (
            self._column_for(there, ref.name)
            if ref.is_column
            else self._as_column(there, ref.name, Ref(name=ref.name))
        )
        if column.name not in there.trees:
            raise NoForm(f"{what} is about {ref.of}, and goes over several models")
        brought = there, column.name, own
        name = next((known for known, each in source.brought.items() if each == brought), "")
        if not name:
            name = f"{ref.of}_{column.name}"
            while source.shown(name) is not None:
                name += "_there"
            source.brought[name] = brought
            kind = there.columns[column.name].type
            source.columns[name] = ViewColumn(name=name, type=kind)
            called = f"{source.model.name}.{name}"
            text = f"{called} is {column.name} of {there.model.name}, for a metric is worked out of it"
            text_zh = f"{called} 就是 {there.model.name} 的 {column.name}，有指标要用它计算"
            self.report.decide(f"views.{source.model.name}", text, text_zh)
        made: exp.Expr = exp.column(identifier(name, self.dialect))
        return _day(made, self.dialect) if ref.is_day and source.columns[name].type != "date" else made

    def _column_for(self, source: Source, name: str) -> exp.Expr:
        """The view's column that holds a column of the source, added where there is none."""
        own = source.known(name)
        if own is None:
            raise NoForm(f"there is no column {name} behind {source.model.name}")
        for column, tree in source.trees.items():
            if isinstance(tree, exp.Column) and tree.name == own:
                return exp.column(identifier(column, self.dialect))
        made = own if source.shown(own) is None else f"{own}_column"
        kind = source.types[own]
        source.trees[made] = exp.column(identifier(own, self.dialect))
        source.columns[made] = ViewColumn(name=made, type=kind)
        text = f"{source.model.name}.{made} is taken from {source.what} too, for a metric is worked out of it"
        text_zh = f"{source.model.name}.{made} 也从 {source.what} 取来，有指标要用它计算"
        self.report.decide(f"views.{source.model.name}", text, text_zh)
        return exp.column(identifier(made, self.dialect))

    # ---- SELECTs ---------------------------------------------------------------------------------------

    def select(self, source: Source) -> str | None:
        """The SELECT that gives the view's columns; ``None`` where they are the table's own."""
        is_plain = all(isinstance(t, exp.Column) and t.name == name for name, t in source.trees.items())
        is_own = source.table is not None and source.table.name == source.model.name
        if is_plain and is_own and not source.brought:
            return None
        own = f"SELECT {', '.join(self._part(source, name) for name in source.trees)} FROM {source.sql}"
        if not source.brought:
            return own
        parts = [f"rows_own.{quoted(name, self.dialect)}" for name in source.trees]
        joins: dict[tuple[str, str], str] = {}
        for name, (there, column, by) in source.brought.items():
            place = joins.setdefault((there.model.name, by), f"rows_{len(joins) + 1}")
            parts.append(f"{place}.{quoted(column, self.dialect)} AS {quoted(name, self.dialect)}")
        sql = f"SELECT {', '.join(parts)} FROM ({own}) AS rows_own"
        for (model, by), place in joins.items():
            there = self.found[model]
            (key,) = there.key
            names = dict.fromkeys(
                [key, *(c for t, c, b in source.brought.values() if t is there and b == by)]
            )
            inner = f"SELECT {', '.join(self._part(there, name) for name in names)} FROM {there.sql}"
            keys = f"{place}.{quoted(key, self.dialect)} = rows_own.{quoted(by, self.dialect)}"
            sql += f" LEFT JOIN ({inner}) AS {place} ON {keys}"
        return sql

    def _part(self, source: Source, name: str) -> str:
        """A column of the view as its SELECT writes it."""
        tree = source.trees[name]
        sql = tree.sql(dialect=self.dialect)
        is_same = isinstance(tree, exp.Column) and tree.name == name
        return sql if is_same else f"{sql} AS {quoted(name, self.dialect)}"


def first_line(error: SqlError) -> str:
    """What a database says, without its hints."""
    return str(error).splitlines()[0].rstrip(".")


def _day(column: exp.Expr, dialect: Dialect) -> exp.Expr:
    """The day of a moment."""
    if dialect in ("sqlite", "mysql"):
        return exp.Anonymous(this="DATE", expressions=[column])
    return exp.cast(column, exp.DataType.Type.DATE)
