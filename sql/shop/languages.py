"""Tables with a row for each thing and language: one language is read, the others are words for its values.

``ps_order_state_lang(id_order_state, id_lang, name)`` has two rows for each state. Read whole, a question by
state would count each order twice; in one language it is a list of states, and 已发货 is a word for Shipped.
The same is done for texts that hold all languages at once as JSON, as Odoo keeps its names:
``{"en_US": "Chair", "de_DE": "Stuhl"}``.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from sql.names import literal, quoted
from sql.semantics import View, ViewColumn
from sql.shop.decisions import Decision
from sql.shop.drafting import looks_personal
from sql.shop.relations import is_key_like
from sql.shop.trade_words import says
from sql.shop.value_words import MAX_VALUES
from sql.types import Dialect

if TYPE_CHECKING:
    from sql.shop.workspace import Workspace

MAX_LANGUAGES = 20
_LOCALE = re.compile(r"[a-z]{2,3}(?:_[A-Za-z]{2,4})?")
"""Language codes that a place inside a JSON value can be named by: ``en``, ``en_US``, ``zh_Hans``."""
_LANGUAGE = re.compile(r"\b(?:language|locale)\b|语言|语种")


def in_one_language(workspace: Workspace) -> tuple[tuple[View, ...], list[Decision]]:
    """The shop's views, those with a row for each language narrowed to the one with the most rows."""
    views, decisions = [], []
    for view in workspace.shop.views:
        told = next((c for c in view.columns if says(_LANGUAGE, c.name, c.type)), None)
        if told is not None and view.sql is None:
            narrowed = _narrowed(workspace, view, told)
            if narrowed is not None:
                view, language, others = narrowed
                text = (
                    f"{view.name} has a row for each language; it is read in {told.name} {language}, and "
                    f"what {', '.join(others)} say are other words for the same"
                )
                text_zh = (
                    f"{view.name} 每种语言各有一行；按 {told.name} {language} 读取，"
                    f"{'、'.join(others)} 的说法作为同义词"
                )
                decisions.append(Decision(place=f"views.{view.name}", text=text, text_zh=text_zh))
        view, more = _translated(workspace, view)
        decisions += more
        views.append(view)
    return tuple(views), decisions


def _translated(workspace: Workspace, view: View) -> tuple[View, list[Decision]]:
    """The view with those of its columns in one language that hold several as JSON."""
    dialect = workspace.catalog.dialect
    read: dict[str, str] = {}
    columns, decisions = [], []
    for column in view.columns:
        texts = _texts_by_language(workspace, view, column) if column.type in ("text", "other") else []
        counts = Counter(language for text in texts for language in text)
        if counts:
            ranked = sorted((-count, not one.startswith("en"), one) for one, count in counts.items())
            languages = [one for _, _, one in ranked][:MAX_LANGUAGES]
            read[column.name] = _in_language(column, languages, dialect)
            words: dict[str, dict[str, None]] = defaultdict(dict)
            for each in texts:
                said = next(each[language] for language in languages if language in each)
                words[said].update({other: None for other in each.values() if other != said})
            is_listed = len(texts) <= MAX_VALUES
            sampled = not looks_personal(view.name, column.name)
            values = {v: tuple(said) for v, said in sorted(words.items()) if said} if is_listed else {}
            column = replace(column, type="text", sampled=sampled, values=values if sampled else {})
            text = f"{view.name}.{column.name} holds several languages as JSON; it is read in {languages[0]}"
            text_zh = f"{view.name}.{column.name} 用 JSON 存放多种语言；按 {languages[0]} 读取"
            place = f"views.{view.name}.columns.{column.name}"
            decisions.append(Decision(place=place, text=text, text_zh=text_zh))
        columns.append(column)
    if not read:
        return view, []
    parts = ", ".join(
        f"{read[c.name]} AS {quoted(c.name, dialect)}" if c.name in read else quoted(c.name, dialect)
        for c in columns
    )
    source = f"({view.sql}) AS rows_of_one" if view.sql else quoted(view.name, dialect)
    return replace(view, columns=tuple(columns), sql=f"SELECT {parts} FROM {source}"), decisions


def _texts_by_language(workspace: Workspace, view: View, column: ViewColumn) -> list[dict[str, str]]:
    """What each of a sample of values says by language; none where any value is something else."""
    dialect = workspace.catalog.dialect
    name = quoted(column.name, dialect)
    whole = f"CAST({name} AS {'CHAR' if dialect == 'mysql' else 'TEXT'})"
    source = f"({view.sql}) AS rows_of_one" if view.sql else quoted(view.name, dialect)
    rows = workspace.look(
        f"SELECT DISTINCT {whole} AS v FROM {source} WHERE {name} IS NOT NULL LIMIT {MAX_VALUES + 1}"
    )
    found = []
    for (value,) in rows:
        try:
            text = json.loads(str(value)) if str(value).startswith("{") else None
        except ValueError:
            return []
        if not isinstance(text, dict) or not text or not all(map(_LOCALE.fullmatch, text)):
            return []
        if not all(isinstance(said, str) for said in text.values()):
            return []
        found.append(text)
    return found


def _in_language(column: ViewColumn, languages: Sequence[str], dialect: Dialect) -> str:
    """SQL of the first language of those that a value has."""
    name = quoted(column.name, dialect)
    parts = []
    for language in languages:
        place = literal(f"$.{language}", dialect)
        if dialect == "postgres":
            parts.append(f"JSONB_EXTRACT_PATH_TEXT(CAST({name} AS JSONB), {literal(language, dialect)})")
        elif dialect == "duckdb":
            parts.append(f"JSON_EXTRACT_STRING({name}, {place})")
        elif dialect == "mysql":
            parts.append(f"JSON_UNQUOTE(JSON_EXTRACT({name}, {place}))")
        else:
            parts.append(f"JSON_EXTRACT({name}, {place})")
    return parts[0] if len(parts) == 1 else f"COALESCE({', '.join(parts)})"


def _narrowed(workspace: Workspace, view: View, told: ViewColumn) -> tuple[View, str, list[str]] | None:
    dialect = workspace.catalog.dialect
    table, own = quoted(view.name, dialect), quoted(told.name, dialect)
    counted = workspace.look(
        f"SELECT {own} AS l, COUNT(*) AS n FROM {table} GROUP BY {own} LIMIT {MAX_LANGUAGES + 1}",
    )
    counts = {str(language): int(str(count)) for language, count in counted if language is not None}
    if not 1 < len(counts) <= MAX_LANGUAGES or len(counts) != len(counted):
        return None
    key = next((c for c in _keys(view, told) if _is_told_apart(workspace, view, c, told)), None)
    if key is None:
        return None
    language = min(counts, key=lambda one: (-counts[one], len(one), one))
    written = language if told.type == "integer" else literal(language, dialect)
    left = [c for c in view.columns if c is not told]
    columns = ", ".join(quoted(c.name, dialect) for c in left)
    sql = f"SELECT {columns} FROM {table} WHERE {own} = {written}"
    worded = tuple(_worded(workspace, view, column, key, f"{own} = {written}", own) for column in left)
    others = [one for one in counts if one != language]
    return replace(view, sql=sql, columns=worded, key=(key.name,)), language, others


def _keys(view: View, told: ViewColumn) -> list[ViewColumn]:
    found = [c for c in view.columns if c is not told and c.type in ("integer", "text")]
    return sorted(found, key=lambda c: not is_key_like(c.name))[:4]


def _is_told_apart(workspace: Workspace, view: View, key: ViewColumn, told: ViewColumn) -> bool:
    """Whether no two rows share key and language, and some share the key."""
    dialect = workspace.catalog.dialect
    names = quoted(key.name, dialect), quoted(told.name, dialect)
    table = quoted(view.name, dialect)
    groups = f"SELECT {names[0]}, {names[1]}, COUNT(*) AS n FROM {table} GROUP BY {names[0]}, {names[1]}"
    rows = workspace.look(
        f"SELECT MAX(n) AS most, COUNT(*) AS rows_of, COUNT(DISTINCT {names[0]}) AS things "
        f"FROM ({groups}) AS each_one",
    )
    if not rows or rows[0][0] is None:
        return False
    most, count, things = (int(str(value)) for value in rows[0])
    return most == 1 and 0 < things < count


def _worded(
    workspace: Workspace, view: View, column: ViewColumn, key: ViewColumn, chosen: str, told: str
) -> ViewColumn:
    """The column with what the other languages call its values."""
    if column is key or column.type != "text" or not column.sampled:
        return column
    dialect = workspace.catalog.dialect
    name, own = quoted(column.name, dialect), quoted(key.name, dialect)
    table = quoted(view.name, dialect)
    one = f"(SELECT {own}, {name} FROM {table} WHERE {chosen}) AS one_language"
    rows = workspace.look(
        f"SELECT DISTINCT one_language.{name} AS v, others.{name} AS o FROM {one} "
        f"JOIN {table} AS others ON one_language.{own} = others.{own} LIMIT {MAX_VALUES + 1}",
    )
    if not 0 < len(rows) <= MAX_VALUES:
        return column
    words: dict[str, list[str]] = defaultdict(list)
    for value, other in rows:
        if value is not None and other is not None and str(value) != str(other):
            words[str(value)].append(str(other))
    return replace(column, values={value: tuple(said) for value, said in sorted(words.items())})
