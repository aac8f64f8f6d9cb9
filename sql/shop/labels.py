"""Labels that hang on things of any kind: WordPress's ``term_relationships(object_id, term_taxonomy_id)``.

The column says only that it holds an object's number, so no name leads from a product to its category. Which
things are meant is told by their keys; where each has one label of a kind, the label becomes a column of it,
and where some have several, the labels become a list of pairs that leads to the things.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sql.names import literal, quoted
from sql.semantics import Shop, View, ViewColumn
from sql.shop.decisions import Decision
from sql.shop.row_names import name_columns
from sql.shop.trade_words import nouns_of, read_name, says
from sql.types import Dialect

if TYPE_CHECKING:
    from sql.shop.workspace import Workspace

LEAST_ALONE = 0.95
"""Share of labelled things that have one label of a kind, and not several."""
LEAST_THERE = 0.95
"""Share of the labelled numbers that must be keys of the things."""
MAX_KINDS = 20
MAX_COLUMNS = 4
"""Columns of a table that says nothing but which label hangs on what."""
_OBJECT = re.compile(r"^(?:object|entity|item|target|owner|record)(?: id)?$")
_KIND = re.compile(r"\b(?:taxonomy|type|kind|vocabulary)$|类型$|分类法$")


@dataclass(frozen=True)
class _Kind:
    """The labels of one kind, and what they hang on, as SQL."""

    name: str
    """What the labels say: ``product_cat``."""
    groups: str
    """A SELECT of ``thing``, the number of its labels ``n`` and one ``label``."""
    pairs: str
    """A SELECT of each ``thing`` and ``label``."""


def with_labels(workspace: Workspace) -> tuple[Shop, list[Decision]]:
    """The shop with labels as columns of the things that they hang on; keys and links must be known."""
    views = {view.name: view for view in workspace.shop.views}
    decisions = []
    for links in workspace.shop.views:
        found = _ends(links, views)
        if found is None:
            continue
        thing, label, named = found
        for kind in _kinds(workspace, links, thing, label, named):
            target, is_alone = _meant(workspace, links, thing, kind, list(views.values()))
            if target is None:
                continue
            if is_alone:
                views[target] = _labelled(views[target], kind, workspace.catalog.dialect)
                text = f"{kind.name} of {target} comes from {links.name}, where nearly each row has one"
                text_zh = f"{target} 的 {kind.name} 来自 {links.name}，那里几乎每一行都恰有一个"
            else:
                pairs = _listed(views[target], kind, thing, set(views), workspace.catalog.dialect)
                views[pairs.name] = pairs
                text = f"{kind.name} of {target} comes from {links.name}; who has several counts in each"
                text_zh = f"{target} 的 {kind.name} 来自 {links.name}；有多个的在每个中各计一次"
            decisions.append(Decision(place=f"views.{target}", text=text, text_zh=text_zh))
    return replace(workspace.shop, views=tuple(views.values())), decisions


def _ends(links: View, views: dict[str, View]) -> tuple[ViewColumn, str, tuple[View, ...]] | None:
    """The column with the things' numbers, that with the labels', and the views up to the labels' names."""
    if len(links.columns) > MAX_COLUMNS or links.sql is not None:
        return None
    thing = next((c for c in links.columns if says(_OBJECT, c.name) and c.name not in links.refs), None)
    if thing is None or len(links.refs) != 1:
        return None
    ((label, target),) = links.refs.items()
    label_view = views[target]
    if name_columns(label_view):
        return thing, label, (label_view,)
    for further in label_view.refs.values():
        if name_columns(views[further]):
            return thing, label, (label_view, views[further])
    return None


def _kinds(
    workspace: Workspace, links: View, thing: ViewColumn, label: str, named: tuple[View, ...]
) -> list[_Kind]:
    """The kinds of labels that hang on things."""
    dialect = workspace.catalog.dialect
    told = next((c for c in named[0].columns if c.type == "text" and says(_KIND, c.name)), None)
    source = f"{quoted(links.name, dialect)} AS links JOIN {_joined(links, label, named, dialect)}"
    owner = f"links.{quoted(thing.name, dialect)}"
    name = f"names.{quoted(name_columns(named[-1])[0], dialect)}"
    groups = f"SELECT {owner} AS thing, COUNT(*) AS n, MIN({name}) AS label FROM {source}"
    pairs = f"SELECT DISTINCT {owner} AS thing, {name} AS label FROM {source}"
    if told is None:
        return [_Kind(label.removesuffix("_id"), f"{groups} GROUP BY {owner}", pairs)]
    own = f"{'labels' if len(named) > 1 else 'names'}.{quoted(told.name, dialect)}"
    rows = workspace.look(f"SELECT DISTINCT {own} AS k FROM {source} LIMIT {MAX_KINDS + 1}")
    kinds = sorted(str(row[0]) for row in rows if row[0])
    return [
        _Kind(
            re.sub(r"\W+", "_", each).strip("_").lower(),
            f"{groups} WHERE {own} = {literal(each, dialect)} GROUP BY {owner}",
            f"{pairs} WHERE {own} = {literal(each, dialect)}",
        )
        for each in kinds
    ]


def _meant(
    workspace: Workspace, links: View, thing: ViewColumn, kind: _Kind, views: list[View]
) -> tuple[str | None, bool]:
    """The view whose rows a kind of labels hangs on, ``None`` where that is not plain, and whether nearly
    each of them has one label.

    Numbers from 1 on stand among any others, so of several views that have them all it is that which the kind
    is called after.
    """
    dialect = workspace.catalog.dialect
    found: list[tuple[View, bool]] = []
    for view in views:
        key = view.column(view.key[0]) if len(view.key) == 1 else None
        if key is None or key.type != thing.type or view.name in (links.name, *links.refs.values()):
            continue
        if view.column(kind.name) is not None:
            continue
        rows = workspace.look(
            f"SELECT COUNT(*) AS n, COUNT(things.{quoted(key.name, dialect)}) AS there, "
            f"COUNT(CASE WHEN each_one.n = 1 THEN 1 END) AS alone FROM ({kind.groups}) AS each_one LEFT JOIN "
            f"{quoted(view.name, dialect)} AS things ON things.{quoted(key.name, dialect)} = each_one.thing",
        )
        count, there, alone = (int(str(value)) for value in rows[0]) if rows else (0, 0, 0)
        if count and there >= LEAST_THERE * count:
            found.append((view, alone >= LEAST_ALONE * count))
    said = set(read_name(kind.name))
    named = [each for each in found if set(nouns_of(each[0].name)) & said]
    beside = [len(set(nouns_of(each[0].name)) - said) for each in named]
    named = [each for each, more in zip(named, beside, strict=True) if more == min(beside)]
    return (named[0][0].name, named[0][1]) if len(named) == 1 else (None, False)


def _labelled(view: View, kind: _Kind, dialect: Dialect) -> View:
    """The view with the label as one more column."""
    key, own = quoted(view.key[0], dialect), quoted(kind.name, dialect)
    columns = ", ".join(f"rows_of.{quoted(c.name, dialect)}" for c in view.columns)
    before = f"({view.sql})" if view.sql else quoted(view.name, dialect)
    sql = (
        f"SELECT {columns}, labels_of.label AS {own} FROM {before} AS rows_of "
        f"LEFT JOIN ({kind.groups}) AS labels_of ON labels_of.thing = rows_of.{key}"
    )
    return replace(
        view, sql=sql, columns=(*view.columns, ViewColumn(name=kind.name, type="text", sampled=True))
    )


def _listed(view: View, kind: _Kind, thing: ViewColumn, taken: set[str], dialect: Dialect) -> View:
    """The labels of a kind as a view of pairs: a thing's key and a label."""
    name = kind.name if kind.name not in taken else f"{view.name}_{kind.name}"
    key = f"{nouns_of(view.name)[-1]}_id" if view.key[0] == "id" else view.key[0]
    sql = (
        f"SELECT pairs.thing AS {quoted(key, dialect)}, pairs.label AS {quoted(kind.name, dialect)} "
        f"FROM ({kind.pairs}) AS pairs"
    )
    columns = (
        ViewColumn(name=key, type=thing.type),
        ViewColumn(name=kind.name, type="text", sampled=True),
    )
    return View(name=name, columns=columns, sql=sql, refs={key: view.name})


def _joined(links: View, label: str, named: tuple[View, ...], dialect: Dialect) -> str:
    """The tables from a link to the label's name, joined."""
    last = named[-1]
    alias = "names" if len(named) == 1 else "labels"
    first = (
        f"{quoted(named[0].name, dialect)} AS {alias} "
        f"ON {alias}.{quoted(named[0].key[0], dialect)} = links.{quoted(label, dialect)}"
    )
    if len(named) == 1:
        return first
    ref = next(column for column, target in named[0].refs.items() if target == last.name)
    return (
        f"{first} JOIN {quoted(last.name, dialect)} AS names "
        f"ON names.{quoted(last.key[0], dialect)} = labels.{quoted(ref, dialect)}"
    )
