"""Entity–attribute–value tables: a row for each attribute of a thing becomes columns of that thing.

``wp_postmeta(post_id, meta_key, meta_value)`` has a row for each fact of an order, and ``wp_posts`` holds
orders, products and pages in one table. Read as they are, no question can be asked of them. A table of things
is split by its type where the types have different attributes, and each part gets its attributes as columns.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from sqlglot import exp

from sql.names import literal, quoted
from sql.semantics import Shop, View, ViewColumn
from sql.shop.cleaning import MAX_STATES
from sql.shop.decisions import Decision
from sql.shop.drafting import counting_metric, looks_personal, time_of
from sql.shop.relations import find_relations
from sql.shop.row_names import name_columns
from sql.shop.trade_words import nouns_of, says
from sql.types import ColumnType, Dialect

if TYPE_CHECKING:
    from sql.shop.workspace import Workspace

MAX_ATTRIBUTES = 40
"""Columns that one part of a table gets at most, the most frequent ones."""
MAX_KEYS = 2_000
"""Different attributes up to which a table is taken for one of attributes."""
MAX_TYPES = 30
LEAST_SHARE = 0.05
"""Share of the things of a type that must have an attribute."""
LEAST_OF_A_PART = 0.5
"""Share of a link's values that one part of a table that was split must hold for the link to lead there."""
LEAST_PER_THING = 2.0
"""Rows for each thing that a table of attributes has on average."""
LEAST_ATTRIBUTES = 2
"""Attributes that a type needs to be told apart from pages and settings."""
LEAST_ALONE = 0.95
"""Share of its things that have an attribute once, and not several times."""
MOST_SHARED = 0.5
"""Share of attributes that two types may have in common and still be different things."""
MAX_LENGTH = 255
"""Letters of the longest value of an attribute that is a column; longer ones are settings and documents."""
_ATTRIBUTE = re.compile(
    r"\b(?:meta key|key|attribute|property|field|option)(?: (?:name|code|key|id))?$|属性名?$|键$"
)
_VALUE = re.compile(r"\bvalue$|\bcontent$|值$")
_TYPE = re.compile(r"\b(?:type|kind)$|类型$")
_WHOLE = re.compile(r"-?(?:0|[1-9]\d{0,17})")
_NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,17})(?:\.\d{1,6})?")
_CODE = re.compile(r"\b(?:phone|mobile|fax|zip|post ?code|postal|barcode|ean|sku)\b|电话|手机|邮编|条码|货号")
"""Attributes that are texts, whatever figures they are made of."""
_SLUG = re.compile(r"[a-z0-9%_-]*-[a-z0-9%_-]*")
_STRUCTURED = re.compile(r"(?:a:\d+:\{|O:\d+:|s:\d+:\"|[\[{])")
"""How values begin that hold several: PHP's and JSON's."""


@dataclass(frozen=True)
class _Table:
    """A table of attributes."""

    view: View
    owner: str
    """Column that refers to the thing."""
    attribute: str
    value: str
    target: str
    """View of the things."""
    names: Mapping[str, str] = field(default_factory=dict)
    """Attribute's number → its name, where another table has the names."""


@dataclass(frozen=True)
class _Found:
    """One attribute of one type of things."""

    table: _Table
    attribute: str
    type: str | None
    count: int


def with_attributes(workspace: Workspace) -> tuple[Shop, list[Decision]]:
    """The shop with attributes as columns of its views, without the tables that held them; only read."""
    shop = workspace.shop
    likely = [view for view in shop.views if _columns(view) is not None]
    if not likely:
        return shop, []
    linked = find_relations(workspace).shop
    tables = [table for view in likely if (table := _table(workspace, linked, view)) is not None]
    views, decisions = list(shop.views), []
    new: list[str] = []
    split: dict[str, list[View]] = {}
    for target in dict.fromkeys(table.target for table in tables):
        own = [table for table in tables if table.target == target]
        things = linked.view(target)
        assert things is not None
        parts = _parts(workspace, things, own, {view.name for view in views})
        if not parts:
            continue
        place = next(n for n, view in enumerate(views) if view.name == target)
        views[place : place + 1] = parts
        gone = {table.view.name for table in own}
        views = [view for view in views if view.name not in gone]
        new += [part.name for part in parts]
        split[target] = parts
        told = ", ".join(f"{part.name} ({len(part.columns)} columns)" for part in parts)
        text = f"{', '.join(sorted(gone))}: a row for each attribute of {target}; they are columns of {told}"
        told = "、".join(f"{part.name}（{len(part.columns)} 列）" for part in parts)
        text_zh = f"{'、'.join(sorted(gone))}：{target} 的每个属性占一行；它们成为以下各表的列：{told}"
        decisions.append(Decision(place=f"views.{parts[0].name}", text=text, text_zh=text_zh))
    views = [_leading_to_parts(workspace, view, split) for view in views]
    left = {view.name for view in views} - set(new)
    metrics = [metric for metric in shop.metrics if metric.view in left]
    taken = {metric.name for metric in metrics}
    metrics += [counting_metric(name, name.removeprefix("shop_"), taken) for name in new]
    return replace(shop, views=tuple(views), metrics=tuple(metrics)), decisions


def _leading_to_parts(workspace: Workspace, view: View, split: Mapping[str, list[View]]) -> View:
    """The view with links to a table that was split leading to the part that holds most of their values."""
    dialect, refs = workspace.catalog.dialect, {}
    for column, target in view.refs.items():
        parts = split.get(target, [])
        if not parts or any(part.name == target for part in parts):
            refs[column] = target
            continue
        own, table = quoted(column, dialect), quoted(view.name, dialect)
        figures = [f"COUNT({own}) AS n"]
        for n, part in enumerate(parts):
            keys = (
                f"SELECT {quoted(part.key[0], dialect)} FROM ({part.sql}) AS part_{n}" if part.key else "NULL"
            )
            figures.append(f"COUNT(CASE WHEN {own} IN ({keys}) THEN 1 END) AS n{n}")
        rows = workspace.look(
            f"SELECT {', '.join(figures)} FROM ({view.sql}) AS rows_of"
            if view.sql
            else f"SELECT {', '.join(figures)} FROM {table}"
        )
        whole, *there = (int(str(value)) for value in rows[0]) if rows else (0,)
        most = max(there, default=0)
        if whole and most >= LEAST_OF_A_PART * whole:
            refs[column] = parts[there.index(most)].name
    return replace(view, refs=refs)


# ---- what is there ----------------------------------------------------------------------------------------


def _columns(view: View) -> tuple[ViewColumn, ViewColumn] | None:
    """The columns with attributes and values, by their names."""
    values = [c for c in view.columns if says(_VALUE, c.name)]
    names = [
        c
        for c in view.columns
        if c not in values and says(_ATTRIBUTE, c.name) and c.type in ("text", "integer")
    ]
    return (names[0], values[0]) if len(names) == 1 and len(values) == 1 else None


def _table(workspace: Workspace, shop: Shop, view: View) -> _Table | None:
    """The table of attributes that a view is by its values."""
    columns, linked = _columns(view), shop.view(view.name)
    assert columns is not None and linked is not None
    attribute, value = columns
    names = _names(workspace, shop, linked, attribute) if attribute.name in linked.refs else {}
    if attribute.type == "integer" and not names:
        return None
    dialect = workspace.catalog.dialect
    for owner, target in linked.refs.items():
        if owner in (attribute.name, value.name) or owner in linked.key:
            continue
        figures = ", ".join(
            f"COUNT({'DISTINCT ' if is_distinct else ''}{quoted(name, dialect)}) AS n{n}"
            for n, (name, is_distinct) in enumerate(((owner, False), (owner, True), (attribute.name, True)))
        )
        rows = workspace.look(f"SELECT {figures} FROM {quoted(view.name, dialect)}")
        if not rows:
            continue
        count, things, keys = (int(str(each)) for each in rows[0])
        if things and count >= LEAST_PER_THING * things and 1 < keys <= min(MAX_KEYS, count // 2):
            return _Table(view, owner, attribute.name, value.name, target, names)
    return None


def _names(workspace: Workspace, shop: Shop, view: View, attribute: ViewColumn) -> dict[str, str]:
    """What the numbers of attributes are called, by the table that they refer to."""
    target = shop.view(view.refs[attribute.name])
    if target is None:
        return {}
    codes = [c.name for c in target.columns if c.type == "text" and says(_ATTRIBUTE, c.name)]
    named = codes or list(name_columns(target))
    if not named:
        return {}
    dialect = workspace.catalog.dialect
    columns = f"{quoted(target.key[0], dialect)}, {quoted(named[0], dialect)}"
    rows = workspace.look(f"SELECT {columns} FROM {quoted(target.name, dialect)} LIMIT {MAX_KEYS}")
    return {str(key): str(name) for key, name in rows if key is not None and name}


def _attributes(workspace: Workspace, things: View, table: _Table, type_: ViewColumn | None) -> list[_Found]:
    """The attributes that things of each type have once, short ones only."""
    dialect = workspace.catalog.dialect
    own = {name: quoted(name, dialect) for name in (table.owner, table.attribute, table.value)}
    key = quoted(things.key[0], dialect)
    kind = f"things.{quoted(type_.name, dialect)}" if type_ is not None else "1"
    groups = (
        f"{kind}, attributes.{own[table.attribute]}"
        if type_ is not None
        else f"attributes.{own[table.attribute]}"
    )
    rows = workspace.look(
        f"SELECT {kind} AS kind, attributes.{own[table.attribute]} AS attribute, COUNT(*) AS n, "
        f"COUNT(DISTINCT attributes.{own[table.owner]}) AS things, "
        f"COUNT(DISTINCT attributes.{own[table.value]}) AS d "
        f"FROM {quoted(table.view.name, dialect)} AS attributes "
        f"JOIN {quoted(things.name, dialect)} AS things ON things.{key} = attributes.{own[table.owner]} "
        f"GROUP BY {groups}",
    )
    found = []
    for type_of, attribute, count, things_of, different in rows:
        n, owners = int(str(count)), int(str(things_of))
        if attribute is None or owners < LEAST_ALONE * n or int(str(different)) < 1:
            continue
        found.append(_Found(table, str(attribute), None if type_ is None else str(type_of), owners))
    return found


def _types(workspace: Workspace, things: View) -> tuple[ViewColumn | None, dict[str, int]]:
    """The column that tells types of things apart, and how many there are of each."""
    dialect = workspace.catalog.dialect
    for column in things.columns:
        if column.type != "text" or column.name in things.key or not says(_TYPE, column.name):
            continue
        name = quoted(column.name, dialect)
        rows = workspace.look(
            f"SELECT {name} AS kind, COUNT(*) AS n FROM {quoted(things.name, dialect)} "
            f"WHERE {name} IS NOT NULL GROUP BY {name} LIMIT {MAX_TYPES + 1}",
        )
        counts = {str(kind): int(str(n)) for kind, n in rows}
        if 1 < len(counts) <= MAX_TYPES:
            return column, counts
    return None, {}


# ---- what becomes of it -----------------------------------------------------------------------------------


def _parts(workspace: Workspace, things: View, tables: list[_Table], taken: set[str]) -> list[View]:
    """The views that a table of things becomes; none where nothing is to be gained."""
    type_, counts = _types(workspace, things)
    if type_ is not None:
        found = [each for table in tables for each in _attributes(workspace, things, table, type_)]
        of_type: Mapping[str, list[_Found]]
        of_type = defaultdict(list)
        for each in found:
            if each.type is not None and each.count >= LEAST_SHARE * counts.get(each.type, 0):
                of_type[each.type].append(each)
        of_type = {kind: own for kind, own in of_type.items() if len(own) >= LEAST_ATTRIBUTES}
        if _are_different(of_type):
            return [
                part
                for kind, attributes in sorted(of_type.items(), key=lambda one: -counts[one[0]])
                if (part := _part(workspace, things, attributes, taken, (type_, kind))) is not None
            ]
    found = [each for table in tables for each in _attributes(workspace, things, table, None)]
    rows = workspace.look(f"SELECT COUNT(*) AS n FROM {quoted(things.name, workspace.catalog.dialect)}")
    whole = int(str(rows[0][0])) if rows else 0
    found = [each for each in found if each.count >= LEAST_SHARE * whole]
    part = _part(workspace, things, found, taken, None) if found else None
    return [part] if part is not None else []


def _are_different(of_type: Mapping[str, list[_Found]]) -> bool:
    """Whether types have attributes of their own, so that they are different things."""
    sets = [{each.attribute for each in found} for found in of_type.values()]
    pairs = [(a, b) for n, a in enumerate(sets) for b in sets[n + 1 :]]
    return bool(pairs) and any(len(a & b) <= MOST_SHARED * min(len(a), len(b)) for a, b in pairs)


def _part(
    workspace: Workspace,
    things: View,
    found: list[_Found],
    taken: set[str],
    kind: tuple[ViewColumn, str] | None,
) -> View | None:
    """The things of one type, or all, with their attributes as columns."""
    dialect = workspace.catalog.dialect
    where = "" if kind is None else f"{quoted(kind[0].name, dialect)} = {literal(kind[1], dialect)}"
    base = _telling(workspace, things, where) if kind is not None else list(things.columns)
    base = [c for c in base if kind is None or c.name != kind[0].name]
    name = things.name if kind is None else _view_name(things.name, kind[1], taken)
    called = {c.name: c.name for c in base}
    if kind is not None:
        wanted = {c.name: _called(workspace, things, c, name) for c in base}
        several = list(wanted.values())
        called = {old: new if several.count(new) == 1 else old for old, new in wanted.items()}
    used = {each.casefold() for each in called.values()}
    pivots: dict[int, list[tuple[str, str, str]]] = defaultdict(list)
    columns: list[ViewColumn] = []
    for each in sorted(found, key=lambda one: -one.count):
        if len(columns) == MAX_ATTRIBUTES:
            break
        own = _column_name(each.table.names.get(each.attribute, each.attribute), used)
        column = _read(workspace, things, each, own, name, where) if own else None
        if column is None:
            continue
        used.add(own.casefold())
        columns.append(column)
        pivots[id(each.table)].append((each.attribute, own, _typed(each.table, column, dialect)))
    if not columns:
        return None
    sql = _sql(things, called, pivots, found, where, dialect)
    view = View(
        name=name,
        columns=(*(replace(c, name=called[c.name], synonyms=()) for c in base), *columns),
        key=things.key,
        refs={column: target for column, target in things.refs.items() if column in called},
        sql=sql,
        description=things.description,
    )
    return replace(view, time=time_of(view))


def _sql(
    things: View,
    called: Mapping[str, str],
    pivots: Mapping[int, list[tuple[str, str, str]]],
    found: Iterable[_Found],
    where: str,
    dialect: Dialect,
) -> str:
    key = quoted(things.key[0], dialect)
    named = [
        f"things.{quoted(old, dialect)}" + (f" AS {quoted(new, dialect)}" if new != old else "")
        for old, new in called.items()
    ]
    joins = []
    tables = {id(each.table): each.table for each in found}
    for number, (which, attributes) in enumerate(pivots.items(), 1):
        table, alias = tables[which], f"attributes_{number}"
        owner, attribute = quoted(table.owner, dialect), quoted(table.attribute, dialect)
        figures = []
        for text, name, value in attributes:
            own = quoted(name, dialect)
            written = text if table.names and _WHOLE.fullmatch(text) else literal(text, dialect)
            figures.append(f"MAX(CASE WHEN {attribute} = {written} THEN {value} END) AS {own}")
            named.append(f"{alias}.{own}")
        joins.append(
            f" LEFT JOIN (SELECT {owner} AS thing, {', '.join(figures)} FROM "
            f"{quoted(table.view.name, dialect)} GROUP BY {owner}) AS {alias} ON {alias}.thing = things.{key}"
        )
    kept = f" WHERE things.{where}" if where else ""
    return f"SELECT {', '.join(named)} FROM {quoted(things.name, dialect)} AS things{''.join(joins)}{kept}"


def _read(
    workspace: Workspace, things: View, found: _Found, name: str, view: str, where: str
) -> ViewColumn | None:
    """The column that an attribute becomes; ``None`` for an empty one, for documents and settings."""
    dialect, table = workspace.catalog.dialect, found.table
    value, attribute = quoted(table.value, dialect), quoted(table.attribute, dialect)
    held = next(c for c in table.view.columns if c.name == table.value)
    if held.type != "text":
        return ViewColumn(name=name, type=held.type)
    written = (
        found.attribute
        if table.names and _WHOLE.fullmatch(found.attribute)
        else literal(found.attribute, dialect)
    )
    narrowed = ""
    if where:
        key, owner = quoted(things.key[0], dialect), quoted(table.owner, dialect)
        narrowed = f" AND {owner} IN (SELECT {key} FROM {quoted(things.name, dialect)} WHERE {where})"
    rows = workspace.look(
        f"SELECT DISTINCT {value} AS v FROM {quoted(table.view.name, dialect)} WHERE {attribute} = {written} "
        f"AND {value} IS NOT NULL AND {value} <> ''{narrowed} LIMIT 1000",
    )
    values = [str(row[0]) for row in rows]
    if not values or max(map(len, values)) > MAX_LENGTH or any(_STRUCTURED.match(each) for each in values):
        return None
    kind: ColumnType = "text"
    if not says(_CODE, name) and all(map(_NUMBER.fullmatch, values)):
        kind = "integer" if all(map(_WHOLE.fullmatch, values)) else "number"
    return ViewColumn(name=name, type=kind, sampled=kind == "text" and not looks_personal(view, name))


def _typed(table: _Table, column: ViewColumn, dialect: Dialect) -> str:
    """The value of an attribute as SQL; an empty text is none."""
    name = quoted(table.value, dialect)
    held = next(c for c in table.view.columns if c.name == table.value)
    if held.type != "text":
        return name
    if column.type == "text":
        return f"NULLIF({name}, '')"
    text = exp.column(exp.to_identifier(table.value, quoted=True))
    filled = exp.Nullif(this=text, expression=exp.Literal.string(""))
    return exp.cast(filled, "BIGINT" if column.type == "integer" else "DECIMAL(18, 6)").sql(dialect)


def _telling(workspace: Workspace, things: View, where: str) -> list[ViewColumn]:
    """The columns of a table that tell something of the rows of one type: not empty, and not all the same."""
    dialect = workspace.catalog.dialect
    figures = ", ".join(
        f"COUNT(DISTINCT things.{quoted(c.name, dialect)}) AS c{n}" for n, c in enumerate(things.columns)
    )
    rows = workspace.look(f"SELECT {figures} FROM {quoted(things.name, dialect)} AS things WHERE {where}")
    if not rows:
        return list(things.columns)
    counts = [int(str(count)) for count in rows[0]]
    return [c for c, n in zip(things.columns, counts, strict=True) if n > 1 or c.name in things.key]


def _called(workspace: Workspace, things: View, column: ViewColumn, part: str) -> str:
    """What a column of the whole table is called in a part of it: the ``post_date`` of orders is theirs."""
    before, after = "_".join(nouns_of(things.name)), nouns_of(part)
    if column.name in (*things.key, *things.refs) or not after:
        return column.name
    for noun in (before, before.rpartition("_")[2]):
        if noun and column.name.casefold().startswith(f"{noun}_"):
            rest = column.name[len(noun) + 1 :]
            if column.type == "text" and _is_slug(workspace, things, column):
                rest = "slug"
            return f"{after[-1]}_{rest}"
    return column.name


def _is_slug(workspace: Workspace, things: View, column: ViewColumn) -> bool:
    """Whether a text is the name as it stands in addresses."""
    name, table = (quoted(each, workspace.catalog.dialect) for each in (column.name, things.name))
    rows = workspace.look(f"SELECT DISTINCT {name} AS v FROM {table} WHERE {name} <> '' LIMIT 200")
    slugs = sum(_SLUG.fullmatch(str(row[0])) is not None for row in rows)
    return len(rows) > MAX_STATES and slugs > len(rows) / 2


def _view_name(table: str, kind: str, taken: set[str]) -> str:
    """What the things of one type are called: the type, with the table's name where that is taken."""
    plain = re.sub(r"\W+", "_", kind).strip("_") or "other"
    name = plain if plain.casefold() not in {each.casefold() for each in taken} else f"{table}_{plain}"
    taken.add(name)
    return name


def _column_name(attribute: str, used: set[str]) -> str:
    """``_order_total`` as ``order_total``; empty where a column is called so already."""
    name = re.sub(r"\W+", "_", attribute).strip("_")
    if name.casefold() in used:
        name = f"{name}_attribute"
    return "" if name.casefold() in used else name
