"""A shop of a semantic layer, on its database: views, keys, links and metrics that open.

Whatever the guard or the database refuses is left out and told; what is behind the models is found in
``sources``, and metrics that are made of others in ``composing``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlglot import exp

from sql.databases import Database
from sql.errors import ShopFileError, SqlError, UnsafeQuery
from sql.lock.guard import Guard
from sql.lock.trees import parse_query
from sql.names import quoted
from sql.semantics import Metric, Shop, View
from sql.shop.decisions import Decision
from sql.shop.describe import with_values, with_words
from sql.shop.drafting import time_of
from sql.shop.layers.composing import Composer
from sql.shop.layers.jinja import NoForm
from sql.shop.layers.layer import Aggregated, Expression, Layer, LayerMetric, LeftOut, said_as
from sql.shop.layers.sources import EVERYTHING, Report, Source, Sources, first_line
from sql.shop.workspace import open_workspace

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


class _Maker:
    def __init__(self, layer: Layer, database: Database, name: str, location: str) -> None:
        self.layer, self.database = layer, database
        self.name, self.location = name, location
        self.report = Report(left_out=list(layer.left_out), decisions=list(layer.decisions))
        self.rows = Sources(database, self.report, layer.product)
        self.sources = self.rows.found
        self.dialect = database.dialect

    def make(self) -> Imported:
        for model in self.layer.models:
            try:
                self.rows.add(model)
            except NoForm as error:
                self.report.leave(f"model {model.name}", model, str(error))
        for source in list(self.sources.values()):
            self.take_key(source)
        made = Composer(self.layer.metrics, self.aggregate, self.report.leave).made()
        for origin, metric in made:
            if not origin.is_shown:
                text = (
                    f"{metric.name} is hidden in {self.layer.product}; it is taken, for others are made of it"
                )
                text_zh = f"{metric.name} 在 {self.layer.product} 中是隐藏的；其他指标由它组成，所以仍然收入"
                self.report.decide(f"metrics.{metric.name}", text, text_zh)
        for source in self.sources.values():
            if not source.columns:
                self.report.leave(
                    f"model {source.model.name}", source.model, "none of its columns can be taken"
                )
        views = tuple(self.view(source) for source in self.sources.values() if source.columns)
        if not views:
            path = self.layer.models[0].place.path if self.layer.models else None
            why = next(
                (e.reason for e in self.report.left_out if e.what.startswith("model ")), "it has no model"
            )
            raise ShopFileError(path, None, f"none of its models has its table in the database: {why}")
        shop = Shop(name=self.name, database=self.location, views=views, is_drafted=True)
        shop = replace(shop, metrics=tuple(self.checked(shop, made)))
        self.tell_tables()
        with_said = with_words(shop)
        shop = with_values(with_said, open_workspace(with_said, database=self.database))
        return Imported(
            shop=shop, decisions=tuple(self.report.decisions), left_out=tuple(self.report.left_out)
        )

    # ---- keys and links ---------------------------------------------------------------------------------

    def take_key(self, source: Source) -> None:
        """Make columns of what a model's key and links stand in, even where they are not shown."""
        links = (link.field for link in source.model.links)
        for name in (*source.model.key, *links):
            if source.shown(name) is None:
                found = next((f for f in source.model.fields if f.name == name), None)
                if found is not None and not found.is_shown:
                    self.rows.take(source, found)

    def links(self, source: Source) -> dict[str, str]:
        found: dict[str, str] = {}
        for link in source.model.links:
            what = f"link from {source.model.name} to {link.model}"
            there, column = self.sources.get(link.model), source.shown(link.field)
            key = there.key if there is not None else ()
            if there is None or column is None or not there.columns:
                reason = f"{link.model if column is not None else link.field} is left out"
            elif len(key) != 1 or (link.key and key[0].lower() != link.key.lower()):
                reason = f"{link.model} would need {link.key or link.of} for its key, of one column"
            elif column in found:
                reason = f"{column} leads to {found[column]} already"
            else:
                found[column] = link.model
                continue
            self.report.leave(what, link, reason)
        return found

    def view(self, source: Source) -> View:
        model = source.model
        view = View(
            name=model.name,
            columns=tuple(source.columns.values()),
            sql=self.rows.select(source),
            description=model.description,
            synonyms=said_as(model.label, model.name),
            key=source.key,
            refs=self.links(source),
        )
        return replace(view, time=self.time(source, view))

    def time(self, source: Source, view: View) -> str | None:
        model = source.model
        if model.time is not None:
            column = source.shown(model.time)
            if column is None:
                self.report.leave(f"time of {model.name}", model, f"its {model.time} is left out")
            return column
        found = time_of(view)
        if found is not None and sum(c.type in ("date", "timestamp") for c in view.columns) > 1:
            text = f"{view.name}: {found} places its rows in time; its author named none of its times"
            text_zh = f"{view.name}：用 {found} 确定各行的时间；作者没有指定用哪一列"
            self.report.decide(f"views.{view.name}.time", text, text_zh, is_sure=False)
        return found

    def tell_tables(self) -> None:
        """Which tables no model speaks of: they stay out, as they do in the layer."""
        used = {source.table.name for source in self.sources.values() if source.table is not None}
        for source in self.sources.values():
            if source.model.select:
                tables = parse_query(source.model.select, self.dialect).find_all(exp.Table)
                used |= {known.name for t in tables if (known := self.rows.table((t.db, t.name))) is not None}
        rest = [t.name for t in self.rows.catalog.tables if t.name not in used and t.columns]
        if rest:
            some = ", ".join(rest[:3]) + (", …" if len(rest) > 3 else "")
            text = (
                f"{len(rest)} tables of the database that no model names stay out ({some}); "
                "init without --from takes them all"
            )
            text_zh = (
                f"数据库中有 {len(rest)} 张表没有模型提到，没有收入（{some}）；不带 --from 的 init 会全部收入"
            )
            self.report.decide("views", text, text_zh)

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
        value = self.rows.inner(source, said.expression, clock) if said.expression is not None else None
        tests = [self.rows.inner(source, each, clock, what="its filter") for each in conditions]
        tree = _aggregate(said.aggregation, value, exp.and_(*tests) if tests else None)
        times = []
        for name in (said.time, said.last):
            column = source.shown(name) if name is not None else None
            if name is not None and column is None:
                raise NoForm(f"its time {name} is left out of {said.model}")
            times.append(column)
        return Metric(
            name=metric.name,
            view=said.model,
            sql=tree.sql(dialect=self.dialect),
            description=metric.description,
            synonyms=said_as(metric.label, metric.name),
            unit=metric.unit,
            time=times[0],
            last=times[1],
        )

    def checked(self, shop: Shop, made: Sequence[tuple[LayerMetric, Metric]]) -> Iterator[Metric]:
        """The metrics that the guard and the database take, and composed ones of which all parts are."""
        guard = Guard(shop, self.rows.catalog, EVERYTHING)
        taken: set[str] = set()
        for origin, metric in made:
            what = f"metric {metric.name}"
            if metric.view and shop.view(metric.view) is None:
                self.report.leave(what, origin, f"its model {metric.view} is left out")
                continue
            if metric.is_composed:
                words = re.findall(r"[^\W\d]\w*", metric.sql)
                missing = [word for word in words if word.lower() not in taken]
                if missing:
                    self.report.leave(what, origin, f"{missing[0]}, of which it is made, is left out")
                    continue
            else:
                try:
                    query = guard.check(
                        f"SELECT {metric.sql} AS value FROM {quoted(metric.view, self.dialect)}"
                    )
                    self.database.explain(query)
                except UnsafeQuery as error:
                    self.report.leave(what, origin, error.reason)
                    continue
                except SqlError as error:
                    self.report.leave(what, origin, f"the database refuses it: {first_line(error)}")
                    continue
            taken.add(metric.name.lower())
            yield metric


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
