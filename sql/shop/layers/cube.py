"""Cube's data models in YAML, as a layer: cubes with their dimensions, measures and joins.

JavaScript models are code, and so are Python and Jinja in YAML: none of it is run. Cube's own views repeat
what its cubes have. ``meta``, drill-downs and what concerns speed alone (``refresh_key``) are not read.

Source: https://cube.dev/docs/product/data-modeling/reference/cube.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from sql.shop.decisions import Decision
from sql.shop.layers.documents import Item
from sql.shop.layers.jinja import NoForm, has_jinja
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
    Ref,
)

_MEMBER = re.compile(r"\{\s*([A-Za-z_][\w.]*)\s*\}(?:\s*\.\s*(\w+|\"[^\"]+\"|`[^`]+`))?")
_CONTEXT = re.compile(
    r"\{\s*(COMPILE_CONTEXT|SECURITY_CONTEXT|userAttributes|FILTER_PARAMS|FILTER_GROUP|SQL_UTILS)\b"
)
_EQUAL = re.compile(r"\(?\s*(\w+)\s*=\s*(\w+)\s*\)?")
_JS_CUBE = re.compile(r"\b(?:cube|view)\s*\(\s*[`'\"](\w+)[`'\"]")
_AGGREGATIONS = {
    "count": "count",
    "count_distinct": "count_distinct",
    "count_distinct_approx": "count_distinct",
    "sum": "sum",
    "avg": "average",
    "min": "min",
    "max": "max",
}
_STAGES = {
    "rolling_window": "ROLLING(m, 3) or RUNNING(m)",
    "time_shift": "BEFORE(m, 1 YEAR) or GROWTH(m, 1 YEAR)",
    "multi_stage": "m PER column",
    "case": "ONLY(m, condition)",
}
"""What of a measure is a way to ask with us, and how."""
_TO_ONE = ("many_to_one", "belongs_to", "belongsTo", "one_to_one", "has_one", "hasOne")
_TO_MANY = ("one_to_many", "has_many", "hasMany")


def is_cube(document: Item) -> bool:
    """Whether a document defines cubes, or views of them."""
    return document.has("cubes") or isinstance(document.get("views").value, list)


def read_cube(documents: Iterable[Item], scripts: Iterable[Path] = ()) -> Layer:
    """The cubes of ``documents``; models in ``scripts`` are told and left out.

    Raises:
        ShopFileError: a definition lacks what it needs, or has a wrong shape; with file and line.
    """
    return _Reader().layer(list(documents), list(scripts))


@dataclass
class _Cube:
    item: Item
    name: str
    fields: dict[str, Field] = field(default_factory=dict)
    key: list[str] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)

    def column(self, name: str, place: Place) -> str:
        """The field that holds a column of the table, made where there is none."""
        plain = name.strip('"`')
        for each in self.fields.values():
            own = each.expression
            if (own is None and each.name == plain) or (own is not None and own.sql == plain):
                return each.name
        made = plain if plain not in self.fields else f"{plain}_column"
        said = None if made == plain else Expression(sql=plain)
        self.fields[made] = Field(name=made, place=place, expression=said, is_shown=False)
        return made


class _Template:
    """Reads texts with ``{…}`` of one cube; words are numbered over all of them."""

    def __init__(self, cube: str) -> None:
        self.cube = cube
        self.refs: dict[str, Ref] = {}

    def read(self, text: str, what: str = "its sql") -> str:
        if has_jinja(text):
            raise NoForm(f"{what} is a Jinja template, and templates are not run")
        if (known := _CONTEXT.search(text)) is not None:
            raise NoForm(f"{what} goes by {known.group(1)}, which only Cube knows")
        sql = _MEMBER.sub(self._named, text)
        if "{" in sql:
            raise NoForm(f"{what} holds {{…}} that names no member, such as {text[text.find('{') :][:30]}")
        return sql.strip()

    def _named(self, match: re.Match[str]) -> str:
        *path, name = match.group(1).split(".")
        column = match.group(2)
        if len(path) > 1:
            raise NoForm(f"its sql goes over several cubes ({match.group(1)})")
        if column:
            if path:
                raise NoForm(f"its sql names {match.group(1)}.{column}")
            ref = Ref(name=column.strip('"`'), of=self._of(name), is_column=True)
        else:
            if name in ("CUBE", "TABLE", self.cube) and not path:
                raise NoForm("its sql names the cube alone")
            ref = Ref(name=name, of=self._of(path[0]) if path else "")
        word = f"__ref_{len(self.refs) + 1}"
        self.refs[word] = ref
        return word

    def _of(self, name: str) -> str:
        return "" if name in ("CUBE", "TABLE", self.cube) else name


class _Reader:
    def __init__(self) -> None:
        self.cubes: dict[str, _Cube] = {}
        self.measures: dict[tuple[str, str], Item] = {}
        self.names: dict[tuple[str, str], str] = {}
        """Cube and measure → what the metric is called."""
        self.left_out: list[LeftOut] = []
        self.decisions: list[Decision] = []

    def leave(self, what: str, item: Item | Place, reason: str) -> None:
        place = item.place if isinstance(item, Item) else item
        self.left_out.append(LeftOut(what=what, place=place, reason=reason))

    def layer(self, documents: list[Item], scripts: list[Path]) -> Layer:
        for path in scripts:
            for name in _JS_CUBE.findall(path.read_text("utf-8", errors="replace")) or [path.stem]:
                self.leave(f"cube {name}", Place(path=path), "its model is code, and code is not run")
        for document in documents:
            for item in document.items("cubes"):
                self.cube(item)
            for view in document.items("views"):
                reason = "a view repeats members of cubes; views of shop.yml are joined by themselves"
                self.leave(f"view {view.text('name')}", view, reason)
        for cube in self.cubes.values():
            for join in cube.item.items("joins"):
                self.join(cube, join)
        counted = [measure for _, measure in self.measures]
        for (cube_name, measure), _ in self.measures.items():
            is_plain = counted.count(measure) == 1 and measure != "count"
            self.names[cube_name, measure] = measure if is_plain else f"{cube_name}_{measure}"
        metrics = tuple(self.metrics())
        return Layer(
            product="Cube",
            models=tuple(self.model(cube) for cube in self.cubes.values()),
            metrics=metrics,
            left_out=tuple(self.left_out),
            decisions=tuple(self.decisions),
        )

    # ---- cubes ------------------------------------------------------------------------------------------

    def cube(self, item: Item) -> None:
        name = item.needed("name", "a cube")
        what = f"cube {name}"
        if name in self.cubes:
            self.leave(what, item, "there is another cube of that name")
            return
        if item.has("extends"):
            self.leave(what, item, f"it extends {item.text('extends')}; write its members out")
            return
        if not item.has("sql_table") and not item.has("sql"):
            item.fail(f"the cube {name} needs sql_table or sql")
        try:
            _Template(name).read(item.text("sql_table") + item.text("sql"))
        except NoForm as error:
            self.leave(what, item, str(error))
            return
        if item.has("access_policy"):
            reason = "who may see what is not carried over: write it as roles before others ask"
            self.leave(f"access_policy of {name}", item.get("access_policy"), reason)
        for key, reason in (
            ("segments", "a segment is a condition; say it in the question"),
            ("pre_aggregations", "they concern speed alone"),
            ("hierarchies", "columns are grouped by one by one"),
        ):
            if item.has(key):
                listed = ", ".join(each.text("name") for each in item.items(key))
                self.leave(f"{key} of {name} ({listed})", item.get(key), reason)
        if item.is_false("public") or item.is_false("shown"):
            text = f"{name} is hidden in Cube, where views show it; here it is asked directly"
            text_zh = f"{name} 在 Cube 中是隐藏的，由视图展示；这里可以直接查询"
            self.decisions.append(Decision(place=f"views.{name}", text=text, text_zh=text_zh))
        cube = self.cubes[name] = _Cube(item=item, name=name)
        for dimension in item.items("dimensions"):
            own = dimension.needed("name", f"a dimension of {name}")
            try:
                cube.fields[own] = self.dimension(cube, dimension, own)
            except NoForm as error:
                self.leave(f"dimension {own} of {name}", dimension, str(error))
        for measure in item.items("measures"):
            self.measures[name, measure.needed("name", f"a measure of {name}")] = measure

    def dimension(self, cube: _Cube, item: Item, name: str) -> Field:
        kind = item.text("type") or "string"
        if kind not in ("string", "number", "time", "boolean"):
            raise NoForm(f"its type is {kind}")
        if item.is_true("sub_query"):
            raise NoForm("it is worked out from another cube's measure (sub_query); ask m PER its key")
        for key in ("granularities", "mask"):
            if item.has(key):
                reason = (
                    "units of time are those of the calendar"
                    if key == "granularities"
                    else ("who sees it masked is not carried over: write it as roles before others ask")
                )
                self.leave(f"{key} of dimension {name} of {cube.name}", item.get(key), reason)
        template = _Template(cube.name)
        sql = (
            _case(item.get("case"), template) if item.has("case") else template.read(item.text("sql") or name)
        )
        only = template.refs.get(sql)
        expression: Expression | None = Expression(sql=sql, refs=template.refs)
        if only is not None and only.is_column and not only.of:
            expression = Expression(sql=only.name)
        if expression is not None and expression.sql == name and not expression.refs:
            expression = None
        is_key = item.is_true("primary_key") or item.is_true("primaryKey")
        if is_key:
            cube.key.append(name)
        hidden = item.is_false("public") or item.is_false("shown")
        if hidden and not is_key:
            self.leave(f"dimension {name} of {cube.name}", item, "it is hidden in Cube (public: false)")
        return Field(
            name=name,
            place=item.place,
            expression=expression,
            is_time=kind == "time",
            is_shown=not hidden,
            description=self.words(item, "description", name),
            label=self.words(item, "title", name),
        )

    def words(self, item: Item, key: str, what: str) -> str:
        text = item.text(key)
        if has_jinja(text):
            self.leave(f"{key} of {what}", item.get(key), "it is a Jinja template, and templates are not run")
            return ""
        return text

    def join(self, cube: _Cube, item: Item) -> None:
        other_name = item.needed("name", f"a join of {cube.name}")
        what = f"join from {cube.name} to {other_name}"
        relation = item.needed("relationship", what)
        other = self.cubes.get(other_name)
        template = _Template(cube.name)
        if other is None:
            self.leave(what, item, f"{other_name} is left out or missing")
            return
        try:
            match = _EQUAL.fullmatch(template.read(item.needed("sql", what)))
        except NoForm as error:
            self.leave(what, item, str(error))
            return
        sides = [template.refs.get(word) for word in match.groups()] if match is not None else []
        own = next((side for side in sides if side is not None and not side.of), None)
        there = next((side for side in sides if side is not None and side.of == other_name), None)
        if own is None or there is None:
            self.leave(what, item, "links go by one column that equals another, {CUBE}.a = {other}.b")
            return
        here, far = (self.side(each, side) for each, side in ((cube, own), (other, there)))
        if relation in _TO_ONE:
            self.link(cube, here, other, far, item)
        elif relation in _TO_MANY:
            self.link(other, far, cube, here, item)
        else:
            self.leave(what, item, f"its relationship is {relation}, which is not known")

    def side(self, cube: _Cube, ref: Ref) -> str:
        known = cube.fields.get(ref.name)
        return ref.name if known is not None and not ref.is_column else cube.column(ref.name, cube.item.place)

    def link(self, cube: _Cube, column: str, other: _Cube, key: str, item: Item) -> None:
        if not other.key:
            other.key.append(key)  # the join says that at most one row has each value
        if not any(each.field == column and each.model == other.name for each in cube.links):
            cube.links.append(Link(field=column, model=other.name, of=other.name, place=item.place, key=key))

    def model(self, cube: _Cube) -> Model:
        item = cube.item
        table = tuple(part.strip('"`') for part in item.text("sql_table").split(".") if part)
        return Model(
            name=cube.name,
            place=item.place,
            table=table,
            select="" if table else item.text("sql").rstrip("; \n"),
            fields=tuple(cube.fields.values()),
            key=tuple(cube.key),
            links=tuple(cube.links),
            own=frozenset([cube.name]),
            description=self.words(item, "description", f"cube {cube.name}"),
            label=self.words(item, "title", f"cube {cube.name}"),
        )

    # ---- measures ---------------------------------------------------------------------------------------

    def metrics(self) -> Iterator[LayerMetric]:
        made = {}
        for (cube, name), item in self.measures.items():
            try:
                made[cube, name] = self.measure(self.cubes[cube], item, name)
            except NoForm as error:
                self.leave(f"measure {cube}.{name}", item, str(error))
        wanted = {
            each.metric
            for metric in made.values()
            if isinstance(metric.definition, Composed)
            for each in metric.definition.inputs.values()
        }
        for (cube, name), metric in made.items():
            if not metric.is_shown and metric.name not in wanted:
                self.leave(f"measure {cube}.{name}", metric.place, "it is hidden in Cube (public: false)")
                continue
            yield metric

    def measure(self, cube: _Cube, item: Item, name: str) -> LayerMetric:
        for key, way in _STAGES.items():
            if item.has(key) and not item.is_false(key):
                raise NoForm(f"its {key} is a way to ask: {way}")
        kind = item.needed("type", f"the measure {name}")
        template = _Template(cube.name)
        sql = template.read(item.text("sql"))
        definition: Aggregated | Composed
        if kind == "number":
            definition = self.calculated(cube, item, sql, template)
        elif kind in _AGGREGATIONS:
            if not sql and kind != "count":
                item.fail(f"the measure {name} of {cube.name} needs sql")
            if any((ref.of or cube.name, ref.name) in self.measures and not ref.is_column
                   and ref.name not in cube.fields for ref in template.refs.values()):  # fmt: skip
                raise NoForm("it is an aggregate of another measure; ask it with AVG(m PER column)")
            if kind == "count_distinct_approx":
                text = f"{self.names[cube.name, name]} is counted exactly, and not estimated"
                text_zh = f"{self.names[cube.name, name]} 精确计数，不作估计"
                self.decisions.append(Decision(place="metrics", text=text, text_zh=text_zh))
            definition = Aggregated(
                model=cube.name,
                aggregation=cast("Aggregation", _AGGREGATIONS[kind]),
                expression=Expression(sql=sql, refs=template.refs) if sql and sql != "*" else None,
                conditions=tuple(self.conditions(cube, item)),
            )
        else:
            raise NoForm(f"its type is {kind}")
        unit = item.text("currency").upper()
        if item.has("format") and not unit:
            reason = "what the figure is counted in is not told by it; write unit in shop.yml"
            self.leave(f"format of measure {cube.name}.{name}", item.get("format"), reason)
        return LayerMetric(
            name=self.names[cube.name, name],
            place=item.place,
            definition=definition,
            is_shown=not (item.is_false("public") or item.is_false("shown")),
            description=self.words(item, "description", name),
            label=self.words(item, "title", name),
            unit=unit,
        )

    def conditions(self, cube: _Cube, item: Item) -> Iterator[Expression]:
        for each in item.items("filters"):
            template = _Template(cube.name)
            sql = template.read(each.needed("sql", "a filter"), "its filter")
            yield Expression(sql=sql, refs=template.refs)

    def calculated(self, cube: _Cube, item: Item, sql: str, template: _Template) -> Aggregated | Composed:
        """A measure made of measures, or one whose SQL holds the aggregates itself."""
        inputs = {}
        for word, ref in template.refs.items():
            called = (ref.of or cube.name, ref.name)
            if called in self.measures and not ref.is_column and not (not ref.of and ref.name in cube.fields):
                inputs[word] = Input(metric=self.names[called])
        if inputs and len(inputs) < len(template.refs):
            raise NoForm("it calculates with measures and columns at once")
        conditions = tuple(self.conditions(cube, item))
        if inputs:
            if conditions:
                raise NoForm("it has filters of its own beside those of its measures")
            return Composed(sql=sql, inputs=inputs)
        return Aggregated(
            model=cube.name,
            aggregation="written",
            expression=Expression(sql=sql, refs=template.refs),
            conditions=conditions,
        )


def _case(item: Item, template: _Template) -> str:
    """``case`` as an expression."""
    parts = []
    for each in item.items("when"):
        parts.append(f"WHEN {template.read(each.needed('sql', 'case'))} THEN {_label(each, template)}")
    other = item.get("else")
    if not parts:
        raise NoForm("its case goes by a switch")
    return f"CASE {' '.join(parts)}{f' ELSE {_label(other, template)}' if other.value else ''} END"


def _label(item: Item, template: _Template) -> str:
    label = item.get("label")
    if isinstance(label.value, dict):
        return template.read(label.needed("sql", "label"))
    return "'" + item.text("label").replace("'", "''") + "'"
