"""Categories of categories: which main one a category belongs to, at any depth, as a column of it.

A column that holds the number of another row of its own table says so: ``ParentProductCategoryID``, ``pid``.
Who asks says "by main category" and means the first on the way down; a root that all hang on is none.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from sql.names import literal, quoted
from sql.semantics import Shop, View, ViewColumn
from sql.shop.decisions import Decision
from sql.shop.row_names import name_columns
from sql.shop.trade_words import in_both, nouns_of, says, without_prefix
from sql.types import Dialect

if TYPE_CHECKING:
    from sql.shop.workspace import Workspace

MAX_ROWS = 20_000
"""Rows up to which a table is looked at."""
MAX_LEVELS = 4
"""Steps up that are followed."""
LEAST_KNOWN = 0.9
"""Share of the parents that must be rows of the table."""
_PARENT = re.compile(r"\b(?:parent|upper)\b|^(?:pid|fid|fjid|sjid)$|^父|上级|父级")


def with_main_ones(workspace: Workspace) -> tuple[Shop, list[Decision]]:
    """The shop with the name of its main one beside each row of a hierarchy; keys must be known."""
    shop, views, decisions = workspace.shop, [], []
    plain = without_prefix([view.name for view in shop.views])
    for view in shop.views:
        parent, names = _parent(view), name_columns(view)
        above = _above(workspace, view, parent) if parent is not None and len(names) == 1 else {}
        nouns = nouns_of(plain[view.name])
        said = "_".join(nouns)
        own = f"main_{said}" if said.isascii() else f"一级{said}"
        if parent is None or not any(above.values()) or view.column(own) is not None:
            views.append(view)
            continue
        roots = _roots_of_all(above)
        main = ViewColumn(name=own, type="text", sampled=True, synonyms=tuple(_words(nouns, own)))
        views.append(_with_main(view, parent, names[0], main, roots, workspace.catalog.dialect))
        text = f"{view.name}.{parent.name} leads to the row above; {own} is the first on the way down"
        text_zh = f"{view.name}.{parent.name} 指向上一级；{own} 是最上面一级"
        decisions.append(Decision(place=f"views.{view.name}", text=text, text_zh=text_zh))
    return replace(shop, views=tuple(views)), decisions


def _parent(view: View) -> ViewColumn | None:
    """The column with the key of the row above."""
    key = view.column(view.key[0]) if len(view.key) == 1 else None
    fits = [c for c in view.columns if key is not None and c.type == key.type and c.name not in view.refs]
    return next((c for c in fits if c is not key and says(_PARENT, c.name)), None)


def _above(workspace: Workspace, view: View, parent: ViewColumn) -> dict[str, str]:
    """Key of each row → that of the row above, empty for the uppermost; nothing where it is no hierarchy."""
    dialect = workspace.catalog.dialect
    names = [quoted(name, dialect) for name in (view.key[0], parent.name, view.name)]
    asked = f"SELECT {names[0]} AS k, {names[1]} AS p FROM {names[2]} LIMIT {MAX_ROWS + 1}"
    said = {str(key): "" if above in (None, 0, -1) else str(above) for key, above in workspace.look(asked)}
    found = {key: above if above in said and above != key else "" for key, above in said.items()}
    claimed = sum(above not in ("", key) for key, above in said.items())
    is_whole = len(said) <= MAX_ROWS and sum(map(bool, found.values())) >= LEAST_KNOWN * claimed
    return found if is_whole else {}


def _roots_of_all(above: Mapping[str, str]) -> list[str]:
    """The rows that everything hangs on, such as "Root" and "Home": they tell nothing apart."""
    skipped: list[str] = []
    while len(skipped) < MAX_LEVELS:
        roots = [k for k, up in above.items() if k not in skipped and (not up or up in skipped)]
        if len(roots) != 1 or roots[0] not in above.values():
            break
        skipped += roots
    return skipped


def _with_main(
    view: View, parent: ViewColumn, name: str, main: ViewColumn, roots: Collection[str], dialect: Dialect
) -> View:
    """The view with one column more, of the row that is reached by going up as far as it goes."""
    key, above, told = (quoted(n, dialect) for n in (view.key[0], parent.name, name))
    source = f"({view.sql})" if view.sql else quoted(view.name, dialect)
    listed = ", ".join(_written(root, parent, dialect) for root in roots)
    joins, ups = [], ["rows_of"]
    for level in range(1, MAX_LEVELS + 1):
        up = f"up_{level}"
        met = f"{up}.{key} = {ups[-1]}.{above} AND {up}.{key} <> {ups[-1]}.{key}"
        met += f" AND {up}.{key} NOT IN ({listed})" if roots else ""
        joins.append(f"LEFT JOIN {source} AS {up} ON {met}")
        ups.append(up)
    uppermost = f"COALESCE({', '.join(f'{up}.{told}' for up in reversed(ups))})"
    columns = ", ".join(f"rows_of.{quoted(c.name, dialect)}" for c in view.columns)
    own = f"{uppermost} AS {quoted(main.name, dialect)}"
    sql = f"SELECT {columns}, {own} FROM {source} AS rows_of {' '.join(joins)}"
    return replace(view, sql=sql, columns=(*view.columns, main))


def _written(key: str, parent: ViewColumn, dialect: Dialect) -> str:
    return key if parent.type == "integer" else literal(key, dialect)


def _words(nouns: list[str], own: str) -> list[str]:
    """What people call the main one of a kind."""
    english, chinese = in_both("_".join(nouns))
    said = [f"main {english}", f"top level {english}", f"parent {english}"] if english else []
    if nouns[-1:] == ["category"]:
        said += ["main category", "top category", "top level category", "parent category"]
        chinese = "类目"
        said += ["大类", "一级分类", "一级类别", "主类目", "上级类目"]
    said += [f"一级{chinese}", f"上级{chinese}"] if chinese else []
    return [each for each in dict.fromkeys(said) if each != own]
