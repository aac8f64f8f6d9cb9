"""A shop of a semantic layer, on its database: views, keys, links and metrics that open.

Names in the layer's SQL are resolved here: members become columns of views, columns of tables become columns
of views where a metric needs them. Whatever the guard or the database refuses is left out and told.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from sql.databases import Database
from sql.errors import ShopFileError, SqlError, UnsafeQuery
from sql.lock.guard import Guard
from sql.lock.run import run
from sql.lock.schemas import view_outputs
from sql.lock.trees import parse_query
from sql.names import identifier, quoted
from sql.semantics import Metric, Role, Shop, View, ViewColumn
from sql.shop.decisions import Decision
from sql.shop.describe import with_values, with_words
from sql.shop.drafting import looks_personal, time_of
from sql.shop.layers.composing import Composer
from sql.shop.layers.jinja import CLOCK, NoForm
from sql.shop.layers.layer import Aggregated, Expression, Field, Layer, LayerMetric, LeftOut, Model, Ref
from sql.shop.workspace import open_workspace
from sql.types import Catalog, CatalogTable, ColumnType, Dialect, QueryLimits

_EVERYTHING = Role(name="everything")
_AGGREGATES: Mapping[str, type[exp.AggFunc]] = {
    "sum": exp.Sum,
    "average": exp.Avg,
    "median": exp.Median,
    "min": exp.Min,
    "max": exp.Max,
}


@dataclass(frozen=True, kw_only=True)
class Imported:
    """A shop made of a layer, what was decided for it, and what of the layer it lacks."""

    shop: Shop
    decisions: tuple[Decision, ...]
    left_out: tuple[LeftOut, ...]


def shop_of_layer(layer: Layer, database: Database, *, name: str, location: str) -> Imported:
    """A shop of ``layer`` that opens on ``database``, which is only read.

    Args:
        name: the shop's name; ``location``: where its database is.
    Raises:
        ShopFileError: none of the layer's models has its table in the database.
        SqlError: the database cannot be read.
    """
    return _Maker(layer, database, name, location).make()


@dataclass(eq=False)
class _Source:
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
    brought: dict[str, tuple[_Source, str, str]] = field(default_factory=dict)
    """Further column of the view → where it is from, what it is called there, and the own column that leads
    there."""

    def known(self, name: str) -> str | None:
        """The source's own spelling of a column."""
        return next((own for own in self.types if own.lower() == name.lower()), None)


class _Maker:
    def __init__(self, layer: Layer, database: Database, name: str, location: str) -> None:
        self.layer, self.database = layer, database
        self.catalog: Catalog = database.catalog()
        self.dialect: Dialect = database.dialect
        self.name, self.location = name, location
        self.sources: dict[str, _Source] = {}
        self.left_out = list(layer.left_out)
        self.decisions = [Decision(place="views", text=note) for note in layer.notes]

    def leave(self, what: str, of: Model | Field | LayerMetric, reason: str) -> None:
        self.left_out.append(LeftOut(what=what, place=of.place, reason=reason))

    def make(self) -> Imported:
        for model in self.layer.models:
            try:
                source = self.source(model)
            except NoForm as error:
                self.leave(f"model {model.name}", model, str(error))
                continue
            self.sources[model.name] = source
            for each in model.fields:
                if each.is_shown:
                    self.take(source, each)
        for source in list(self.sources.values()):
            self.take_key(source)
        made = Composer(self.layer.metrics, self.aggregate, self.leave).made()
        for origin, metric in made:
            if not origin.is_shown:
                text = (
                    f"{metric.name} is hidden in {self.layer.product}; it is taken, for others are made of it"
                )
                self.decisions.append(Decision(place=f"metrics.{metric.name}", text=text))
        for source in self.sources.values():
            if not source.columns:
                self.leave(f"model {source.model.name}", source.model, "none of its columns can be taken")
        views = tuple(self.view(source) for source in self.sources.values() if source.columns)
        if not views:
            path = self.layer.models[0].place.path if self.layer.models else None
            why = next((e.reason for e in self.left_out if e.what.startswith("model ")), "it has no model")
            raise ShopFileError(path, None, f"none of its models has its table in the database: {why}")
        shop = Shop(name=self.name, database=self.location, views=views, is_drafted=True)
        shop = replace(shop, metrics=tuple(self.checked(shop, made)))
        self.tell_tables()
        with_said = with_words(shop)
        shop = with_values(with_said, open_workspace(with_said, database=self.database))
        return Imported(shop=shop, decisions=tuple(self.decisions), left_out=tuple(self.left_out))

    # ---- models -----------------------------------------------------------------------------------------

    def source(self, model: Model) -> _Source:
        if model.select:
            return self.select_source(model)
        table = self.table(model.table)
        if table is None:
            raise NoForm(f"there is no table {'.'.join(model.table)} in the database")
        types = {column.name: column.type for column in table.columns}
        return _Source(model=model, sql=quoted(table.name, self.dialect), table=table, types=types)

    def table(self, place: tuple[str, ...]) -> CatalogTable | None:
        *schema, name = (part for part in place if part)
        if schema and (found := self.catalog.placed(schema[-1], name)) is not None:
            return found
        near = [t for t in self.catalog.tables if t.place and t.place[-1].lower() == name.lower()]
        return self.catalog.table(name) or (near[0] if len(near) == 1 else None)

    def select_source(self, model: Model) -> _Source:
        try:
            names = view_outputs(model.name, model.select, self.catalog)
        except ShopFileError as error:
            raise NoForm(error.reason) from error
        columns = tuple(ViewColumn(name=name, type="other") for name in names)
        view = View(name=model.name, columns=columns, sql=model.select)
        every = f"SELECT * FROM {quoted(model.name, self.dialect)}"
        types = self.types_of(view, every)
        return _Source(model=model, sql=f"({model.select}) AS rows_of", table=None, types=types)

    def types_of(self, view: View, sql: str) -> dict[str, ColumnType]:
        """Names and types of what a statement over ``view`` gives; one row is read.

        Raises:
            NoForm: the guard or the database refuses it.
        """
        shop = Shop(name=self.name, database=self.location, views=(view,))
        try:
            query = Guard(shop, self.catalog, _EVERYTHING).check(sql)
            table = run(query, self.database, QueryLimits(max_rows=1))
        except (UnsafeQuery, ShopFileError) as error:
            raise NoForm(error.reason) from error
        except SqlError as error:
            raise NoForm(f"the database refuses it: {_first_line(error)}") from error
        return {column.name: column.type for column in table.columns}

    def take(self, source: _Source, each: Field, *, is_told: bool = True) -> str | None:
        """Make a column of the view out of a field; ``None`` where it has no form."""
        model = source.model
        what = f"column {each.name} of {model.name}"
        try:
            tree = self.field_tree(source, each, ())
            kind = self.kind(source, tree)
        except NoForm as error:
            if is_told:
                self.leave(what, each, str(error))
            return None
        name = (
            each.name
            if not isinstance(tree, exp.Column) or tree.name.lower() != each.name.lower()
            else tree.name
        )
        if each.is_time and kind not in ("date", "timestamp"):
            text = f"{model.name}.{name} is a time in {self.layer.product}; in the database it is a {kind}"
            self.decisions.append(Decision(place=f"views.{model.name}", text=text, is_sure=False))
        table = source.table.name if source.table is not None else model.name
        source.trees[name] = tree
        source.columns[name] = ViewColumn(
            name=name,
            type=kind,
            description=each.description,
            synonyms=_said(each.label, name),
            sampled=kind == "text" and not looks_personal(table, name),
        )
        return name

    def field_tree(self, source: _Source, each: Field, above: tuple[str, ...]) -> exp.Expr:
        """What a field is, in columns of the source."""
        if each.name in above:
            raise NoForm(f"it is made of itself ({', '.join(above)})")
        if each.expression is None:
            own = source.known(each.name)
            if own is None:
                raise NoForm(f"there is no column {each.name} behind {source.model.name}")
            return exp.column(identifier(own, self.dialect))
        return self.resolved(
            source,
            each.expression,
            lambda ref: self.member(source, ref, (*above, each.name)),
            lambda name: self.own_column(source, name),
        )

    def member(self, source: _Source, ref: Ref, above: tuple[str, ...]) -> exp.Expr:
        if ref.of and ref.of not in source.model.own:
            raise NoForm(f"it is about {ref.of}, another model; that column is reached by the link")
        if ref.is_column:
            return self.own_column(source, ref.name)
        found = next((f for f in source.model.fields if f.name.lower() == ref.name.lower()), None)
        if found is None:
            raise NoForm(f"{source.model.name} has no {ref.name}")
        tree = self.field_tree(source, found, above)
        return tree if isinstance(tree, exp.Column) else exp.Paren(this=tree)

    def own_column(self, source: _Source, name: str) -> exp.Expr:
        own = source.known(name)
        if own is None:
            raise NoForm(f"there is no column {name} behind {source.model.name}")
        return exp.column(identifier(own, self.dialect))

    def resolved(
        self,
        source: _Source,
        said: Expression,
        member: Callable[[Ref], exp.Expr],
        column: Callable[[str], exp.Expr],
        what: str = "it",
    ) -> exp.Expr:
        """An expression with ``member`` for its words and ``column`` for its other names."""
        tree = self.parsed(said.sql, what)
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

    def parsed(self, sql: str, what: str) -> exp.Expr:
        try:
            tree: exp.Expr = sqlglot.parse_one(sql, read=self.dialect, into=exp.Condition)
        except (SqlglotError, RecursionError) as error:
            raise NoForm(f"{what} cannot be read as an expression of SQL: {sql}") from error
        if tree.find(exp.Query, exp.Subquery, exp.Window) is not None:
            raise NoForm(f"{what} holds a query or a window of its own")
        return tree

    def kind(self, source: _Source, tree: exp.Expr) -> ColumnType:
        """The type of a value of the source; the guard and the database see it first."""
        if isinstance(tree, exp.Column):
            return source.types[tree.name]
        if tree.find(exp.AggFunc) is not None:
            raise NoForm("it is an aggregate, and a column is not")
        columns = tuple(ViewColumn(name=name, type=kind) for name, kind in source.types.items())
        name = source.model.name if source.table is None else source.table.name
        view = View(name=name, columns=columns, sql=source.model.select or None)
        sql = f"SELECT {tree.sql(dialect=self.dialect)} AS value FROM {quoted(name, self.dialect)}"
        return self.types_of(view, sql)["value"]

    # ---- keys and links ---------------------------------------------------------------------------------

    def take_key(self, source: _Source) -> None:
        """Make columns of what a model's key and links stand in, even where they are not shown."""
        links = (link.field for link in source.model.links)
        for name in (*source.model.key, *links):
            if self.shown(source, name) is None:
                found = next((f for f in source.model.fields if f.name == name), None)
                if found is not None and not found.is_shown:
                    self.take(source, found)

    def shown(self, source: _Source, name: str) -> str | None:
        """The view's column of that name, in its own spelling."""
        return next((own for own in source.columns if own.lower() == name.lower()), None)

    def links(self, source: _Source) -> dict[str, str]:
        found: dict[str, str] = {}
        for link in source.model.links:
            what = f"link from {source.model.name} to {link.model}"
            there, column = self.sources.get(link.model), self.shown(source, link.field)
            key = self.key(there) if there is not None else ()
            if there is None or column is None or not there.columns:
                reason = f"{link.model if column is not None else link.field} is left out"
            elif len(key) != 1 or (link.key and key[0].lower() != link.key.lower()):
                reason = f"{link.model} would need {link.key or link.of} for its key, of one column"
            elif column in found:
                reason = f"{column} leads to {found[column]} already"
            else:
                found[column] = link.model
                continue
            self.left_out.append(LeftOut(what=what, place=link.place, reason=reason))
        return found

    def key(self, source: _Source) -> tuple[str, ...]:
        found = [self.shown(source, name) for name in source.model.key]
        return tuple(name for name in found if name is not None) if None not in found else ()

    def view(self, source: _Source) -> View:
        model = source.model
        view = View(
            name=model.name,
            columns=tuple(source.columns.values()),
            sql=self.select(source),
            description=model.description,
            synonyms=_said(model.label, model.name),
            key=self.key(source),
            refs=self.links(source),
        )
        return replace(view, time=self.time(source, view))

    def select(self, source: _Source) -> str | None:
        """The SELECT that gives the view's columns; ``None`` where they are the table's own."""
        is_plain = all(isinstance(t, exp.Column) and t.name == name for name, t in source.trees.items())
        is_own = source.table is not None and source.table.name == source.model.name
        if is_plain and is_own and not source.brought:
            return None
        own = f"SELECT {', '.join(self.part(source, name) for name in source.trees)} FROM {source.sql}"
        if not source.brought:
            return own
        parts = [f"rows_own.{quoted(name, self.dialect)}" for name in source.trees]
        joins: dict[tuple[str, str], str] = {}
        for name, (there, column, by) in source.brought.items():
            place = joins.setdefault((there.model.name, by), f"rows_{len(joins) + 1}")
            parts.append(f"{place}.{quoted(column, self.dialect)} AS {quoted(name, self.dialect)}")
        sql = f"SELECT {', '.join(parts)} FROM ({own}) AS rows_own"
        for (model, by), place in joins.items():
            there = self.sources[model]
            (key,) = self.key(there)
            names = dict.fromkeys(
                [key, *(c for t, c, b in source.brought.values() if t is there and b == by)]
            )
            inner = f"SELECT {', '.join(self.part(there, name) for name in names)} FROM {there.sql}"
            keys = f"{place}.{quoted(key, self.dialect)} = rows_own.{quoted(by, self.dialect)}"
            sql += f" LEFT JOIN ({inner}) AS {place} ON {keys}"
        return sql

    def part(self, source: _Source, name: str) -> str:
        """A column of the view as its SELECT writes it."""
        tree = source.trees[name]
        sql = tree.sql(dialect=self.dialect)
        is_same = isinstance(tree, exp.Column) and tree.name == name
        return sql if is_same else f"{sql} AS {quoted(name, self.dialect)}"

    def time(self, source: _Source, view: View) -> str | None:
        model = source.model
        if model.time is not None:
            column = self.shown(source, model.time)
            if column is None:
                self.leave(f"time of {model.name}", model, f"its {model.time} is left out")
            return column
        found = time_of(view)
        if found is not None and sum(c.type in ("date", "timestamp") for c in view.columns) > 1:
            text = f"{view.name}: {found} places its rows in time; its author named none of its times"
            self.decisions.append(Decision(place=f"views.{view.name}.time", text=text, is_sure=False))
        return found

    def tell_tables(self) -> None:
        """Which tables no model speaks of: they stay out, as they do in the layer."""
        used = {source.table.name for source in self.sources.values() if source.table is not None}
        for source in self.sources.values():
            if source.model.select:
                tables = parse_query(source.model.select, self.dialect).find_all(exp.Table)
                used |= {known.name for t in tables if (known := self.table((t.db, t.name))) is not None}
        rest = [t.name for t in self.catalog.tables if t.name not in used and t.columns]
        if rest:
            some = ", ".join(rest[:3]) + (", …" if len(rest) > 3 else "")
            text = (
                f"{len(rest)} tables of the database that no model names stay out ({some}); "
                "init without --from takes them all"
            )
            self.decisions.append(Decision(place="views", text=text))

    # ---- metrics ----------------------------------------------------------------------------------------

    def aggregate(self, metric: LayerMetric, said: Aggregated, more: Sequence[Expression]) -> Metric:
        """A metric over one view, under the conditions ``more`` beside its own.

        Raises:
            NoForm: it has none.
        """
        source = self.sources.get(said.model)
        if source is None:
            raise NoForm(f"its model {said.model} is left out")
        clock = said.time or source.model.time
        conditions = (*said.conditions, *more)
        if said.last is not None and more:
            raise NoForm("a level cannot be filtered: which day is the last would change")
        value = self.inner(source, said.expression, clock) if said.expression is not None else None
        tests = [self.inner(source, each, clock, what="its filter") for each in conditions]
        tree = _aggregate(said.aggregation, value, exp.and_(*tests) if tests else None)
        times = []
        for name in (said.time, said.last):
            column = self.shown(source, name) if name is not None else None
            if name is not None and column is None:
                raise NoForm(f"its time {name} is left out of {said.model}")
            times.append(column)
        return Metric(
            name=metric.name,
            view=said.model,
            sql=tree.sql(dialect=self.dialect),
            description=metric.description,
            synonyms=_said(metric.label, metric.name),
            unit=metric.unit,
            time=times[0],
            last=times[1],
        )

    def inner(
        self, source: _Source, said: Expression, clock: str | None, what: str = "its expression"
    ) -> exp.Expr:
        """An expression in columns of the view; columns of the source that it lacks are added to it."""

        def member(ref: Ref) -> exp.Expr:
            if ref.is_column and (not ref.of or ref.of in source.model.own):
                return self.column_for(source, ref.name)
            if ref.of and ref.of not in source.model.own:
                of = source.model.entities.get(ref.of)
                if of is not None and ref.name == ref.of:
                    return self.as_column(source, of, ref)
                return self.brought(source, ref, what)
            name = clock if ref.is_clock else source.model.entities.get(ref.name, ref.name)
            if name is None:
                raise NoForm(f"{what} is about {CLOCK}, and {source.model.name} has no time of its own")
            return self.as_column(source, name, ref)

        return self.resolved(source, said, member, lambda name: self.column_for(source, name), what)

    def as_column(self, source: _Source, name: str, ref: Ref) -> exp.Expr:
        found = self.shown(source, name)
        if found is None:
            hidden = next((f for f in source.model.fields if f.name.lower() == name.lower()), None)
            found = self.take(source, hidden, is_told=False) if hidden is not None else None
            text = f"{source.model.name}.{name} is hidden there; it is taken, for a metric is worked out of it"
            if found is not None:
                self.decisions.append(Decision(place=f"views.{source.model.name}", text=text))
        if found is None:
            raise NoForm(f"{source.model.name} has no {name}, or it is left out")
        column: exp.Expr = exp.column(identifier(found, self.dialect))
        if ref.is_day and source.columns[found].type != "date":
            column = _day(column, self.dialect)
        return column

    def brought(self, source: _Source, ref: Ref, what: str) -> exp.Expr:
        """A column of the one row of another model that a link leads to, brought into the view.

        A metric of ``shop.yml`` is worked out of one view.
        """
        link = next((each for each in source.model.links if each.of == ref.of), None)
        own = self.shown(source, link.field) if link is not None else None
        there = self.sources.get(link.model) if link is not None else None
        if link is None or own is None or there is None:
            raise NoForm(f"{what} is about {ref.of}, to which no column of {source.model.name} leads")
        key = self.key(there)
        if len(key) != 1 or (link.key and key[0].lower() != link.key.lower()):
            raise NoForm(f"{what} is about {ref.of}, and {there.model.name} has no key of one column for it")
        column = (
            self.column_for(there, ref.name)
            if ref.is_column
            else self.as_column(there, ref.name, Ref(name=ref.name))
        )
        name = f"{ref.of}_{column.name}"
        if source.brought.get(name) != (there, column.name, own):
            while self.shown(source, name) is not None:
                name += "_there"
            source.brought[name] = there, column.name, own
            kind = there.columns[column.name].type
            source.columns[name] = ViewColumn(name=name, type=kind)
            called = f"{source.model.name}.{name}"
            text = f"{called} is {column.name} of {there.model.name}, for a metric is worked out of it"
            self.decisions.append(Decision(place=f"views.{source.model.name}", text=text))
        made: exp.Expr = exp.column(identifier(name, self.dialect))
        return _day(made, self.dialect) if ref.is_day and source.columns[name].type != "date" else made

    def column_for(self, source: _Source, name: str) -> exp.Expr:
        """The view's column that holds a column of the source, added where there is none."""
        own = source.known(name)
        if own is None:
            raise NoForm(f"there is no column {name} behind {source.model.name}")
        for column, tree in source.trees.items():
            if isinstance(tree, exp.Column) and tree.name == own:
                return exp.column(identifier(column, self.dialect))
        made = own if self.shown(source, own) is None else f"{own}_column"
        table = source.table.name if source.table is not None else source.model.name
        kind = source.types[own]
        source.trees[made] = exp.column(identifier(own, self.dialect))
        source.columns[made] = ViewColumn(name=made, type=kind)
        text = f"{source.model.name}.{made} is taken from {table} too, for a metric is worked out of it"
        self.decisions.append(Decision(place=f"views.{source.model.name}", text=text))
        return exp.column(identifier(made, self.dialect))

    def checked(self, shop: Shop, made: Sequence[tuple[LayerMetric, Metric]]) -> Iterator[Metric]:
        """The metrics that the guard and the database take, and composed ones of which all parts are."""
        guard = Guard(shop, self.catalog, _EVERYTHING)
        taken: set[str] = set()
        for origin, metric in made:
            what = f"metric {metric.name}"
            if metric.view and shop.view(metric.view) is None:
                self.leave(what, origin, f"its model {metric.view} is left out")
                continue
            if metric.is_composed:
                words = re.findall(r"[^\W\d]\w*", metric.sql)
                missing = [word for word in words if word.lower() not in taken]
                if missing:
                    self.leave(what, origin, f"{missing[0]}, of which it is made, is left out")
                    continue
            else:
                try:
                    query = guard.check(
                        f"SELECT {metric.sql} AS value FROM {quoted(metric.view, self.dialect)}"
                    )
                    self.database.explain(query)
                except UnsafeQuery as error:
                    self.leave(what, origin, error.reason)
                    continue
                except SqlError as error:
                    self.leave(what, origin, f"the database refuses it: {_first_line(error)}")
                    continue
            taken.add(metric.name.lower())
            yield metric


def _first_line(error: SqlError) -> str:
    return str(error).splitlines()[0].rstrip(".")


def _said(label: str, name: str) -> tuple[str, ...]:
    """A label as another word for what is called ``name``."""
    return (label,) if label and label.lower() not in (name.lower(), name.lower().replace("_", " ")) else ()


def _aggregate(word: str, value: exp.Expr | None, condition: exp.Expr | None) -> exp.Expr:
    """An aggregate of ``value``, of the rows that meet ``condition`` alone."""
    if word == "written":
        if value is None or value.find(exp.AggFunc) is None:
            raise NoForm("its SQL holds no aggregate")
        if condition is not None:
            raise NoForm("it has filters beside an aggregate that is written out")
        return value
    if value is not None and value.find(exp.AggFunc) is not None:
        raise NoForm("it is an aggregate of an aggregate; ask it with AVG(m PER column)")
    if word == "sum_boolean":
        assert value is not None
        whole = exp.and_(condition, value) if condition is not None else value
        return exp.Sum(
            this=exp.Case(ifs=[exp.If(this=whole, true=exp.Literal.number(1))], default=exp.Literal.number(0))
        )
    if condition is not None:
        value = exp.Case(ifs=[exp.If(this=condition, true=value or exp.Literal.number(1))])
    if word == "count_distinct":
        return exp.Count(this=exp.Distinct(expressions=[value]))
    if word == "count":
        return exp.Count(this=value if value is not None else exp.Star())
    return _AGGREGATES[word](this=value)


def _day(column: exp.Expr, dialect: Dialect) -> exp.Expr:
    if dialect in ("sqlite", "mysql"):
        return exp.Anonymous(this="DATE", expressions=[column])
    return exp.cast(column, exp.DataType.Type.DATE)
