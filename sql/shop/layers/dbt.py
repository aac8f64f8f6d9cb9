"""dbt's semantic models and metrics, as a layer.

Three spellings say the same: ``semantic_models`` with ``measures`` and top-level ``metrics`` (dbt 1.6 on),
the newer one where ``semantic_model``, entities, dimensions and metrics stand inside a model (dbt 1.12), and
the compiled ``semantic_manifest.json``. Tags, groups, ``meta`` and exports are not read.

Source: https://docs.getdbt.com/docs/build/semantic-models, the schema in dbt-labs/dbt-semantic-interfaces.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import cast

from sql.shop.layers.documents import Item
from sql.shop.layers.jinja import CLOCK, NoForm, has_jinja, plain_sql, read_filter
from sql.shop.layers.layer import (
    Aggregated,
    Aggregation,
    Composed,
    Expression,
    Field,
    Input,
    Layer,
    LayerMetric,
    LeftOut,
    Link,
    Model,
    Place,
)

_BARE = re.compile(r"[A-Za-z_]\w*")
_REF = re.compile(
    r"ref\(\s*(?:['\"][^'\"]+['\"]\s*,\s*)?['\"]([^'\"]+)['\"]\s*(?:,\s*v(?:ersion)?\s*=\s*\S+)?\)"
)
_AGGREGATIONS = ("sum", "count", "count_distinct", "average", "median", "min", "max", "sum_boolean")
_OWN = ("primary", "unique", "natural")

Relations = Mapping[str, tuple[str, ...]]
"""Semantic model → schema and name of its table, as dbt compiled them."""


def is_dbt(document: Item) -> bool:
    """Whether a document defines something of dbt's semantic layer."""
    if any(isinstance(document.get(key).value, list) for key in ("semantic_models", "metrics")):
        return True
    if any(isinstance(document.get(key).value, dict) for key in ("semantic_model", "metric")):
        return True
    return any(each.has("semantic_model") for each in models_of(document))


def models_of(document: Item) -> list[Item]:
    """The dbt models that a document describes, for aliases and the newer spelling."""
    models = document.get("models")
    if not isinstance(models.value, list):
        return []  # dbt_project.yml configures folders of models under this word
    return [each for each in document.items("models") if isinstance(each.value, dict)]


def relations_of(manifest: Item) -> Relations:
    """What a compiled manifest says of the tables behind the semantic models."""
    found = {}
    for model in manifest.items("semantic_models"):
        relation = model.get("node_relation")
        found[model.text("name")] = _relation(relation)
    return found


def _relation(relation: Item) -> tuple[str, ...]:
    parts = (relation.text("schema_name"), relation.needed("alias", "node_relation"))
    return tuple(part for part in parts if part and not part.startswith("$"))


def read_dbt(documents: Iterable[Item], relations: Relations | None = None) -> Layer:
    """The semantic models and metrics of ``documents``.

    Args:
        relations: from a compiled manifest, where there is one beside the files.
    Raises:
        ShopFileError: a definition lacks what it needs, or has a wrong shape; with file and line.
    """
    return _Reader(dict(relations or {})).layer(list(documents))


@dataclass
class _Measure:
    """A measure of a semantic model, or a simple metric of the newer spelling."""

    model: str
    item: Item
    expr: str
    aggregation: str
    time: str
    is_used: bool = False


@dataclass
class _Draft:
    """A model before the others are known."""

    model: Model
    kinds: dict[str, str] = field(default_factory=dict)
    """Entity → primary, unique, natural or foreign."""
    has_validity: bool = False


class _Reader:
    def __init__(self, relations: dict[str, tuple[str, ...]]) -> None:
        self.relations = relations
        self.aliases: dict[str, tuple[str, ...]] = {}
        self.named: dict[str, str] = {}
        """dbt model → its semantic model, in the newer spelling."""
        self.drafts: dict[str, _Draft] = {}
        self.measures: dict[str, _Measure] = {}
        self.metrics: dict[str, LayerMetric] = {}
        self.left_out: list[LeftOut] = []

    def leave(self, what: str, item: Item | Place, reason: str) -> None:
        place = item.place if isinstance(item, Item) else item
        self.left_out.append(LeftOut(what=what, place=place, reason=reason))

    def layer(self, documents: list[Item]) -> Layer:
        metrics: list[tuple[Item, str]] = []
        for document in documents:
            for item in models_of(document):
                self.alias(item)
                metrics += [(metric, item.text("name")) for metric in self.embedded(item)]
        for document in documents:
            single = [document.get("semantic_model")] if document.has("semantic_model") else []
            for item in [*document.items("semantic_models"), *single]:
                self.semantic_model(item)
            single = [document.get("metric")] if document.has("metric") else []
            metrics += [(metric, "") for metric in [*document.items("metrics"), *single]]
            for query in [*document.items("saved_queries"), document.get("saved_query")]:
                if query.value is not None:
                    reason = "it is a question and no definition; ask it"
                    self.leave(f"saved query {query.text('name')}", query, reason)
        for item, model in metrics:
            name = item.needed("name", "a metric")
            if name in self.metrics:
                self.leave(f"metric {name}", item, "there is another metric of that name")
                continue
            try:
                self.metrics[name] = self.metric(item, name, model)
            except NoForm as error:
                self.leave(f"metric {name}", item, str(error))
        self.proxies({item.text("name") for item, _ in metrics})
        return Layer(
            product="dbt",
            models=tuple(self.linked()),
            metrics=tuple(self.metrics.values()),
            left_out=tuple(self.left_out),
        )

    # ---- models -----------------------------------------------------------------------------------------

    def alias(self, model: Item) -> None:
        """Under which name a dbt model is built, where its YAML says so."""
        config = model.get("config")
        alias = config.text("alias") or model.text("alias")
        if alias and not has_jinja(alias):
            self.aliases[model.text("name")] = (alias,)

    def embedded(self, model: Item) -> list[Item]:
        """The metrics of a model of the newer spelling, whose semantic model is taken too."""
        said = model.get("semantic_model")
        is_mapping = isinstance(said.value, dict)
        if said.value in (None, False):
            return []
        name = model.needed("name", "a model")
        if off := _switched_off(model) or (_switched_off(said) if is_mapping else ""):
            self.leave(f"semantic model {name}", model, off)
            return []
        entities: list[Item] = []
        dimensions: list[Item] = []
        for column in model.items("columns"):
            for key, into in (("entity", entities), ("dimension", dimensions)):
                if column.has(key):
                    into.append(_of_column(column, column.get(key)))
        derived = model.get("derived_semantics")
        own = self.named[name] = (said.text("name") if is_mapping else "") or name
        is_taken = self.take(
            said if is_mapping else model,
            name=own,
            table=self.aliases.get(name, (name,)),
            entities=[*entities, *derived.items("entities")],
            dimensions=[*dimensions, *derived.items("dimensions")],
            time=model.text("agg_time_dimension"),
            primary=model.text("primary_entity"),
            about=model,
        )
        return model.items("metrics") if is_taken else []

    def semantic_model(self, item: Item) -> None:
        name = item.needed("name", "a semantic model")
        if off := _switched_off(item):
            self.leave(f"semantic model {name}", item, off)
            return
        if item.has("node_relation"):
            table = _relation(item.get("node_relation"))
        else:
            match = _REF.search(item.needed("model", f"the semantic model {name}"))
            if match is None:
                reason = f"its model is {item.text('model')}, and only ref('…') is read"
                self.leave(f"semantic model {name}", item, reason)
                return
            table = self.aliases.get(match.group(1), (match.group(1),))
        time = item.get("defaults").text("agg_time_dimension")
        taken = self.take(
            item,
            name=name,
            table=table,
            entities=item.items("entities"),
            dimensions=item.items("dimensions"),
            time=time,
            primary=item.text("primary_entity"),
            about=item,
        )
        for measure in item.items("measures") if taken else ():
            own = measure.needed("name", f"a measure of {name}")
            self.measures[own] = _Measure(
                model=name,
                item=measure,
                expr=measure.text("expr") or own,
                aggregation=measure.needed("agg", f"the measure {own}").lower(),
                time=measure.text("agg_time_dimension") or time,
            )

    def take(
        self,
        item: Item,
        *,
        name: str,
        table: tuple[str, ...],
        entities: list[Item],
        dimensions: list[Item],
        time: str,
        primary: str,
        about: Item,
    ) -> bool:
        """Keep a semantic model; ``False`` where another is called so."""
        if name in self.drafts:
            self.leave(f"semantic model {name}", item, "there is another semantic model of that name")
            return False
        model = Model(
            name=name,
            place=item.place,
            table=self.relations.get(name, table),
            time=time.lower() or None,
            description=self.words(about, "description", f"semantic model {name}"),
            label=self.words(about, "label", f"semantic model {name}"),
        )
        draft = _Draft(model=model)
        fields = {each.name: each for each in self.dimensions(draft, dimensions)}
        own, at = {primary} if primary else set(), {}
        for entity in entities:
            entity_name = entity.needed("name", f"an entity of {name}")
            try:
                made = self.entity(entity, entity_name, fields)
            except NoForm as error:
                self.leave(f"entity {entity_name} of {name}", entity, str(error))
                continue
            fields.setdefault(made.name, made)
            at[entity_name] = made.name
            kind = draft.kinds[entity_name] = entity.needed("type", f"the entity {entity_name}").lower()
            own |= {entity_name} if kind in _OWN else set()
        draft.model = replace(model, fields=tuple(fields.values()), own=frozenset(own), entities=at)
        if primary:
            draft.kinds.setdefault(primary, "primary")
        self.drafts[name] = draft
        return True

    def dimensions(self, draft: _Draft, items: list[Item]) -> Iterator[Field]:
        name = draft.model.name
        for item in items:
            own = item.needed("name", f"a dimension of {name}")
            what = f"dimension {own} of {name}"
            expr = item.text("expr")
            draft.has_validity |= item.get("type_params").has("validity_params") or item.has(
                "validity_params"
            )
            try:
                expression = Expression(sql=plain_sql(expr, "it")) if expr and expr != own else None
            except NoForm as error:
                self.leave(what, item, str(error))
                continue
            yield Field(
                name=own,
                place=item.place,
                expression=expression,
                is_time=item.text("type").lower() == "time",
                description=self.words(item, "description", what),
                label=self.words(item, "label", what),
            )

    def entity(self, item: Item, name: str, fields: Mapping[str, Field]) -> Field:
        expr = plain_sql(item.text("expr") or name, "it")
        label = self.words(item, "label", f"entity {name}")
        description = self.words(item, "description", f"entity {name}")
        column = expr if _BARE.fullmatch(expr) else name
        expression = None if column == expr else Expression(sql=expr)
        taken = fields.get(column)
        if taken is not None and taken.expression != expression:
            column, expression = f"{name}_key", Expression(sql=expr)
        said = label or (name if name != column else "")
        return Field(
            name=column, place=item.place, expression=expression, label=said, description=description
        )

    def words(self, item: Item, key: str, what: str) -> str:
        """A description or label; one that is a template is left out and told."""
        text = item.text(key)
        if has_jinja(text):
            self.leave(f"{key} of {what}", item.get(key), "it is a Jinja template, and templates are not run")
            return ""
        return text

    def linked(self) -> Iterator[Model]:
        """The models with their keys, and with links from foreign entities to the models that own them."""
        wanted = {e for d in self.drafts.values() for e, kind in d.kinds.items() if kind == "foreign"}
        targets: dict[str, str] = {}
        for kind in ("primary", "unique"):
            for name, draft in self.drafts.items():
                for entity, own in draft.kinds.items():
                    if own == kind and entity in draft.model.entities and not draft.has_validity:
                        targets.setdefault(entity, name)
        for name, draft in self.drafts.items():
            keys = [e for e, kind in draft.kinds.items() if kind in ("primary", "unique")]
            keys = [e for e in keys if e in draft.model.entities]
            keys.sort(key=lambda e: (targets.get(e) != name or e not in wanted, draft.kinds[e] != "primary"))
            if keys and not draft.has_validity:
                draft.model = replace(draft.model, key=(draft.model.entities[keys[0]],))
        for name, draft in self.drafts.items():
            links = tuple(self.links(name, draft, targets))
            yield replace(draft.model, links=links)

    def links(self, name: str, draft: _Draft, targets: Mapping[str, str]) -> Iterator[Link]:
        place = draft.model.place
        for entity, kind in draft.kinds.items():
            there, column = targets.get(entity), draft.model.entities.get(entity)
            if there == name or column is None:
                continue
            if there is not None:
                yield Link(field=column, model=there, of=entity, place=place)
                if kind != "foreign":
                    reason = (
                        f"{name} and {there} have the same entity; links lead to {there}, so nothing else "
                        f"can be split by what {name} says of it"
                    )
                    self.leave(f"entity {entity} of {name}, as what others refer to", place, reason)
            elif kind == "foreign" and any(entity in d.kinds for d in self.drafts.values() if d is not draft):
                reason = "no model has it as its only key, or the one that has it holds validity periods"
                others = [d for d in self.drafts.values() if d is not draft and d.kinds.get(entity) in _OWN]
                if others:
                    self.leave(f"link from {name} by {entity}", place, reason)

    # ---- metrics ----------------------------------------------------------------------------------------

    def metric(self, item: Item, name: str, model: str) -> LayerMetric:
        kind = (item.text("type") or "simple").lower()
        params = item.get("type_params")
        conditions = _filters(item)
        if off := _switched_off(item):
            raise NoForm(off)
        if item.has("time_granularity"):
            reason = "the unit of time is said in the question"
            self.leave(f"time_granularity of metric {name}", item.get("time_granularity"), reason)
        if item.has("calculation_method"):
            raise NoForm("it is a metric of dbt before 1.6; write it with semantic models")
        definition: Aggregated | Composed
        if kind == "simple":
            definition = self.simple(item, params, name, model, conditions)
        elif kind == "ratio":
            said = params if params.has("numerator") else item
            over, under = (_input(said, key, f"the metric {name}") for key in ("numerator", "denominator"))
            definition = Composed(
                sql="numerator / denominator",
                inputs={"numerator": over, "denominator": under},
                conditions=conditions,
            )
        elif kind == "derived":
            definition = _derived(item, params, name, conditions)
        elif kind == "cumulative":
            raise NoForm(
                "a cumulative metric is a way to ask: RUNNING(m) from the start of the period, "
                "ROLLING(m, 3) over the last three units"
            )
        elif kind == "conversion":
            raise NoForm("a conversion metric is a way to ask: customers HAS … WITHIN 7 DAY")
        else:
            raise NoForm(f"its type is {kind}, which is not known")
        return LayerMetric(
            name=name,
            place=item.place,
            definition=definition,
            is_shown=not (item.is_true("hidden") or params.is_true("is_private")),
            description=self.words(item, "description", f"metric {name}"),
            label=self.words(item, "label", f"metric {name}"),
        )

    def simple(
        self, item: Item, params: Item, name: str, model: str, conditions: tuple[Expression, ...]
    ) -> Aggregated:
        told = params.get("metric_aggregation_params")
        said = params.get("measure")
        if isinstance(said.value, dict):
            conditions = (*_filters(said), *conditions)
        if told.value is not None:
            measure = _Measure(
                model=told.text("semantic_model"),
                item=told,
                expr=params.text("expr") or name,
                aggregation=told.text("agg").lower(),
                time=told.text("agg_time_dimension"),
            )
        elif item.has("agg"):
            measure = _Measure(
                model=self.named.get(model, model),
                item=item,
                expr=item.text("expr") or name,
                aggregation=item.text("agg").lower(),
                time=item.text("agg_time_dimension"),
            )
        elif said.value is not None:
            own = said.needed("name", "measure") if isinstance(said.value, dict) else params.text("measure")
            found = self.measures.get(own)
            if found is None:
                raise NoForm(f"there is no measure {own}")
            measure, found.is_used = found, True
        else:
            raise NoForm("it has neither a measure nor an aggregation")
        self.fills(name, measure, (item, params, said))
        return self.aggregated(measure, conditions)

    def fills(self, name: str, measure: _Measure, places: tuple[Item, ...]) -> None:
        for item in places:
            if not isinstance(item.value, dict) or not item.has("fill_nulls_with"):
                continue
            is_zero = item.text("fill_nulls_with") == "0"
            if not is_zero or measure.aggregation not in ("sum", "count", "count_distinct", "sum_boolean"):
                reason = "cells without rows are 0 for sums and counts, and empty elsewhere"
                self.leave(f"fill_nulls_with of metric {name}", item.get("fill_nulls_with"), reason)

    def aggregated(self, measure: _Measure, conditions: tuple[Expression, ...]) -> Aggregated:
        draft = self.drafts.get(measure.model)
        if draft is None:
            raise NoForm(f"its semantic model {measure.model or '?'} is left out or missing")
        if measure.aggregation == "percentile" and _is_median(measure.item):
            measure = replace(measure, aggregation="median")
        if measure.aggregation == "percentile":
            raise NoForm("a percentile is a way to ask: PERCENTILE(column, 90)")
        if measure.aggregation not in _AGGREGATIONS:
            raise NoForm(f"its aggregation {measure.aggregation} is not known")
        expr = plain_sql(measure.expr, "its expr")
        counts_rows = measure.aggregation == "count" and expr in ("1", "*")
        time = measure.time.lower()
        last = _last(measure.item.get("non_additive_dimension"), time or draft.model.time or "")
        if last and conditions:
            raise NoForm(
                "it is a level with a filter, and which day is the last would then hang on the filter"
            )
        return Aggregated(
            model=measure.model,
            aggregation=cast("Aggregation", measure.aggregation),
            expression=None if counts_rows else Expression(sql=expr),
            conditions=conditions,
            time=time if time and time != draft.model.time else None,
            last=last,
        )

    def proxies(self, told: set[str]) -> None:
        """Metrics that are made by ``create_metric``; a measure that no metric is made of is told."""
        for name, measure in self.measures.items():
            if measure.item.is_true("create_metric"):
                if name in self.metrics or name in told:
                    continue
                label = self.words(measure.item, "create_metric_display_name", f"measure {name}")
                try:
                    definition = self.aggregated(measure, ())
                except NoForm as error:
                    self.leave(f"metric {name}", measure.item, str(error))
                    continue
                self.metrics[name] = LayerMetric(
                    name=name,
                    place=measure.item.place,
                    definition=definition,
                    description=self.words(measure.item, "description", f"measure {name}"),
                    label=label or self.words(measure.item, "label", f"measure {name}"),
                )
            elif not measure.is_used:
                reason = "no metric that is taken uses it, and dbt offers measures to nobody"
                self.leave(f"measure {name} of {measure.model}", measure.item, reason)


def _of_column(column: Item, said: Item) -> Item:
    """An entity or dimension of the newer spelling in the shape of the older one."""
    name = column.needed("name", "a column")
    if not isinstance(said.value, dict):
        said = Item({"type": said, "name": column.get("name")}, column.place)
    values = dict(said.value)
    own = said.text("name") or name
    values["name"] = Item(own, said.place)
    if own != name:
        values["expr"] = column.get("name")
    if not said.has("description") and column.has("description"):
        values["description"] = column.get("description")
    return Item(values, said.place)


def _switched_off(item: Item) -> str:
    """Why a definition does not count; empty where it does."""
    for place in (item.get("config"), item):
        said = place.get("enabled").value
        if said is False:
            return "it is switched off (enabled: false)"
        if isinstance(said, str) and has_jinja(said):
            return "whether it counts is a Jinja template (enabled), and templates are not run"
    return ""


def _filters(item: Item) -> tuple[Expression, ...]:
    """The filters of a metric, a measure or an input, in each of their shapes."""
    found = item.get("filter")
    if isinstance(found.value, dict):
        texts = [each.text("where_sql_template") for each in found.items("where_filters")]
    elif isinstance(found.value, list):
        texts = [str(each.value) for each in found.value]
    else:
        texts = [item.text("filter")]
    return tuple(read_filter(text) for text in texts if text)


def _input(item: Item, key: str, what: str) -> Input:
    said = item.get(key)
    if not isinstance(said.value, dict):
        return Input(metric=item.needed(key, what))
    return _as_input(said, what)


def _as_input(said: Item, what: str) -> Input:
    if not isinstance(said.value, dict):
        return Input(metric=str(said.value))
    if said.has("offset_window") or said.has("offset_to_grain"):
        raise NoForm(
            "it compares with an earlier time, which is a way to ask: GROWTH(m, 1 YEAR), BEFORE(m, 1 YEAR)"
        )
    return Input(metric=said.needed("name", what), conditions=_filters(said), alias=said.text("alias"))


def _derived(item: Item, params: Item, name: str, conditions: tuple[Expression, ...]) -> Composed:
    said = params if params.has("metrics") else item
    key = "metrics" if params.has("metrics") else "input_metrics"
    inputs = [_as_input(each, f"the metric {name}") for each in said.items(key)]
    sql = plain_sql(said.needed("expr", f"the metric {name}"), "its expr")
    words = {(each.alias or each.metric): each for each in inputs}
    if len(words) < len(inputs):
        raise NoForm("two of its inputs are called the same; give one an alias")
    return Composed(sql=sql, inputs=words, conditions=conditions)


def _is_median(item: Item) -> bool:
    """Whether a percentile is the interpolated one in the middle, as compiled manifests write a median."""
    said = item.get("agg_params") if item.has("agg_params") else item
    is_discrete = said.is_true("use_discrete_percentile") or said.text("percentile_type") == "discrete"
    return said.text("percentile") in ("0.5", ".5") and not is_discrete


def _last(item: Item, clock: str) -> str | None:
    """The time of which a level counts the last day alone."""
    if item.value is None:
        return None
    choice = (item.text("window_choice") or item.text("window_agg") or "min").lower()
    if choice != "max":
        raise NoForm(
            "it is a level of which the first day counts; shop.yml takes the last (window_choice: max)"
        )
    if item.has("window_groupings") or item.has("group_by"):
        raise NoForm("it is a level whose last day is another for each group; shop.yml takes one day for all")
    name = item.needed("name", "non_additive_dimension").lower()
    return clock if name == CLOCK else name
