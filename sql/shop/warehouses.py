"""Warehouses as Kimball's readers leave them: calendars, rows of the past, and facts that refer to both.

A fact holds the number of a row of the calendar, and no day; a customer who moved has a row for each address,
and each sale leads to the row of then. Who asks means days, and one customer: so the calendar's days become
columns of the facts, and links lead to the row of today. Where attributes changed, figures by them are by
those of today; that is told.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sql.databases.contents import LEAST, read_texts
from sql.names import quoted
from sql.semantics import Shop, View, ViewColumn
from sql.shop.decisions import Decision
from sql.shop.trade_words import says

if TYPE_CHECKING:
    from sql.shop.workspace import Workspace
    from sql.types import Dialect

LEAST_DAYS = 28
"""Rows that a calendar has at least."""
LEAST_PARTS = 3
"""Parts of a day, such as its year and month, that a calendar tells at least."""
MOST_ROWS = 500_000
"""Rows up to which a table with rows of the past is led to those of today."""
_CALENDAR = re.compile(r"\b(?:date|day|calendar|time)\b|日期|日历|时间")
_PART = re.compile(
    r"\b(?:year|quarter|month|week|weekday|day of (?:week|month|year)|day name|day number)\b"
    r"|年|季度|月|周|星期"
)
"""What a day tells by itself."""
_END_OF_TIME = "9000-01-01"
_DAY = re.compile(r"\b(?:date|day)\b|日期")
_FISCAL = re.compile(r"\b(?:fiscal|financial) year\b|财年|会计年度")
_BESIDE = re.compile(
    r"\b(?:holiday|weekend|season|event|working day|workday|business day)\b|节日|假日|假期|季节|工作日"
)
"""What a day does not tell by itself."""
_OF_A_KEY = re.compile(r"_?(?:key|sk|fk|id|wid|skey)$", re.I)
_FROM = re.compile(
    r"\b(?:valid|effective|row|record|version|scd|current) (?:from|start|begin)"
    r"|\b(?:effective|start) (?:date|ts|at)$|生效"
)
_TO = re.compile(
    r"\b(?:valid|effective|row|record|version|scd|current) (?:to|until|end|thru|through)"
    r"|\b(?:expiry|expiration|end) (?:date|ts|at)$|失效"
)
_CURRENT = re.compile(
    r"^(?:is )?(?:current|latest|active row)(?: (?:flag|row|ind|indicator|record|version))?$|^当前"
)
_NATURAL = re.compile(r"\b(?:id|code|number|no|sku|natural key|business key|bk|nk)\b|编号|编码|代码")
_UNKNOWN = re.compile(
    r"^(?:unknown|unspecified|undefined|not (?:known|applicable|available|specified)|n/?a|none|missing"
    r"|unassigned|no .*|未知|不详|无|不适用)$",
    re.I,
)
"""What the row says that stands for "no such" in a table of things."""
_PEOPLE = re.compile(
    r"\b(?:customer|client|user|member|buyer|guest|person|account)\b|客户|会员|用户|买家|顾客"
)


@dataclass(frozen=True)
class _History:
    """A table with rows of the past."""

    view: View
    key: str
    natural: str
    """The column that stays the same in all rows of one thing."""
    since: str
    idle: tuple[str, ...]
    """Columns that tell which row holds when."""
    several: int
    """Rows beside one for each thing."""


def as_shop(workspace: Workspace) -> tuple[Shop, list[Decision]]:
    """The shop with days in its facts and one row for each thing; keys and links must be known."""
    shop, decisions = _with_days(workspace)
    shop, told = _of_today(workspace, shop)
    return shop, [*decisions, *told]


# ---- calendars --------------------------------------------------------------------------------------------


def _with_days(workspace: Workspace) -> tuple[Shop, list[Decision]]:
    """Facts with the days of the calendar that they refer to; the calendar stays for what no day tells."""
    shop, decisions = workspace.shop, []
    dialect = workspace.catalog.dialect
    for calendar in shop.views:
        day = _day_of(workspace, calendar)
        if day is None:
            continue
        views, named, beside = [], [], _beside(calendar)
        for view in shop.views:
            links = [column for column, target in view.refs.items() if target == calendar.name]
            days = _days(view, links)
            if days and view is not calendar:
                named += [f"{view.name}.{new}" for new in days.values()]
                view = _dated(view, calendar, day, days, keep=links[:1] if beside else [], dialect=dialect)
            views.append(view)
        if not named:
            continue
        month = _fiscal_start(workspace, calendar, day)
        if month is not None:
            shop = replace(shop, fiscal_year_starts=month)
        kept = [replace(v, columns=beside) if v.name == calendar.name else v for v in views]
        kept = [v for v in kept if v.name != calendar.name or len(beside) > len(v.key)]
        shop = replace(shop, views=tuple(kept))
        some = ", ".join(named[:3]) + (", …" if len(named) > 3 else "")
        text = f"{calendar.name} is a calendar: its days stand where facts refer to it ({some})"
        text_zh = f"{calendar.name} 是日历表：引用它的地方直接显示日期（{some}）"
        if month is not None and month != 1:
            text += f"; its fiscal year begins in month {month}"
            text_zh += f"；财年从 {month} 月开始"
        decisions.append(Decision(place=f"views.{calendar.name}", text=text, text_zh=text_zh))
    kept_metrics = tuple(m for m in shop.metrics if shop.view(m.view) is not None)
    return replace(shop, metrics=kept_metrics), decisions


def _day_of(workspace: Workspace, view: View) -> str | None:
    """The column with the day of a calendar's row; ``None`` where it is no calendar."""
    if len(view.key) != 1 or view.refs or not says(_CALENDAR, view.name):
        return None
    parts = [c for c in view.columns if says(_PART, c.name, c.type)]
    own = [c for c in view.columns if c.name not in view.key]
    days = [c.name for c in own if c.type in ("date", "timestamp") or _is_written_day(workspace, view, c)]
    days = [name for name in days if not says(_FROM, name, "date") and not says(_TO, name, "date")]
    is_referred = any(view.name in each.refs.values() for each in workspace.shop.views if each is not view)
    if len(parts) < LEAST_PARTS or not days or not is_referred:
        return None
    dialect = workspace.catalog.dialect
    counted = ", ".join(f"COUNT(DISTINCT {quoted(name, dialect)}) AS d{n}" for n, name in enumerate(days))
    rows = workspace.look(f"SELECT COUNT(*) AS n, {counted} FROM {quoted(view.name, dialect)}")
    count, *different = (int(str(value)) for value in rows[0]) if rows else (0, *(0 for _ in days))
    fits = [name for name, n in zip(days, different, strict=True) if n >= 0.98 * count]
    return fits[0] if count >= LEAST_DAYS and fits else None


def _is_written_day(
    workspace: Workspace, view: View, column: ViewColumn, *, is_version: bool = False
) -> bool:
    """Whether a column of texts holds days, or the times from and to which a row holds.

    SQLite has no other, and a first description of any database reads texts only later.
    """
    from sql.shop.cleaning import MAX_VALUES, distinct_texts

    said = (_FROM, _TO) if is_version else (_DAY,)
    if column.type != "text" or not any(says(each, column.name, "date") for each in said):
        return False
    values = distinct_texts(workspace, view, column, MAX_VALUES)
    reading = read_texts(values, least=1 if is_version else LEAST)
    return reading is not None and reading.kind in ("date", "timestamp") and reading.is_iso


def _beside(calendar: View) -> tuple[ViewColumn, ...]:
    """The key and what a day does not tell by itself; the key alone where there is no more."""
    return tuple(c for c in calendar.columns if c.name in calendar.key or says(_BESIDE, c.name, c.type))


def _days(view: View, links: Sequence[str]) -> dict[str, str]:
    """Link to the calendar → what the day is called in its place."""
    found: dict[str, str] = {}
    for link in links:
        plain = _OF_A_KEY.sub("", link) or link
        name = plain if says(_CALENDAR, plain, "date") else f"{plain}_date"
        if view.column(name) is None and name not in found.values():
            found[link] = name
    return found


def _dated(
    view: View, calendar: View, day: str, days: dict[str, str], *, keep: Sequence[str], dialect: Dialect
) -> View:
    """The view with days in the place of links to the calendar, but for those to ``keep``."""
    source = f"({view.sql})" if view.sql else quoted(view.name, dialect)
    told = f"({calendar.sql})" if calendar.sql else quoted(calendar.name, dialect)
    key = quoted(calendar.key[0], dialect)
    gone = {link for link in days if link not in keep and link not in view.key}
    kind = next(c.type for c in calendar.columns if c.name == day)
    columns = [c for c in view.columns if c.name not in gone]
    parts = [f"rows_of.{quoted(c.name, dialect)}" for c in columns]
    joins = []
    for n, (link, name) in enumerate(days.items(), 1):
        own = f"day_{n}.{quoted(day, dialect)}"  # what ends with the end of time has not happened
        parts.append(f"CASE WHEN {own} < '{_END_OF_TIME}' THEN {own} END AS {quoted(name, dialect)}")
        joins.append(f"LEFT JOIN {told} AS day_{n} ON day_{n}.{key} = rows_of.{quoted(link, dialect)}")
        columns.append(ViewColumn(name=name, type=kind, synonyms=_spaced(name)))
    return replace(
        view,
        sql=f"SELECT {', '.join(parts)} FROM {source} AS rows_of {' '.join(joins)}",
        columns=tuple(columns),
        refs={c: t for c, t in view.refs.items() if t != calendar.name or c in keep},
    )


def _spaced(name: str) -> tuple[str, ...]:
    said = name.replace("_", " ").strip().lower()
    return (said,) if said != name.lower() else ()


def _fiscal_start(workspace: Workspace, calendar: View, day: str) -> int | None:
    """The month in which the calendar's fiscal years begin; ``None`` where it has none or they differ."""
    from sql.shop.workspace import as_date

    year = next((c for c in calendar.columns if says(_FISCAL, c.name, c.type)), None)
    if year is None:
        return None
    names = [quoted(name, workspace.catalog.dialect) for name in (year.name, day, calendar.name)]
    rows = workspace.look(
        f"SELECT {names[0]} AS y, MIN({names[1]}) AS first_day FROM {names[2]} GROUP BY {names[0]}"
    )
    firsts = [found for _, value in rows if isinstance(found := as_date(value), dt.date)]
    months = Counter(first.month for first in firsts if first.day == 1)
    month, often = months.most_common(1)[0] if months else (0, 0)
    return month if often >= 2 and often >= len(firsts) - 2 else None


# ---- rows of the past -------------------------------------------------------------------------------------


def _of_today(workspace: Workspace, shop: Shop) -> tuple[Shop, list[Decision]]:
    """Tables with rows of the past show those of today, and links from elsewhere lead to these."""
    decisions = []
    dialect = workspace.catalog.dialect
    for view in shop.views:
        found = _history(workspace, view)
        if found is None:
            continue
        views = []
        for each in shop.views:
            if each.name == view.name:
                each = _last_rows(found, dialect)
            elif view.name in each.refs.values():
                each = _led_to_today(each, found, dialect)
            views.append(each)
        shop = replace(shop, views=tuple(views))
        text = (
            f"{view.name} keeps {found.several:,} rows of the past: each {found.natural} is shown and "
            "counted once, as it is today, and what refers to an older row leads to that"
        )
        text_zh = (
            f"{view.name} 保存了 {found.several:,} 行历史记录：每个 {found.natural} 只按当前的一行"
            "显示和计数，引用旧行的也指向它"
        )
        decisions.append(Decision(place=f"views.{view.name}", text=text, text_zh=text_zh))
    return shop, decisions


def _history(workspace: Workspace, view: View) -> _History | None:
    """What tells a table's rows of the past apart from those of today; ``None`` where it has no such rows."""
    times = [
        c for c in view.columns
        if c.type in ("date", "timestamp") or _is_written_day(workspace, view, c, is_version=True)
    ]  # fmt: skip
    since = next((c.name for c in times if says(_FROM, c.name, "date")), None)
    until = next((c.name for c in times if says(_TO, c.name, "date")), None)
    flags = tuple(c.name for c in view.columns if says(_CURRENT, c.name, c.type))
    natural = [
        c.name
        for c in view.columns
        if c.type in ("text", "integer") and c.name not in (*view.key, *view.refs) and says(_NATURAL, c.name)
    ]
    if len(view.key) != 1 or since is None or (until is None and not flags) or not natural:
        return None
    dialect = workspace.catalog.dialect
    start, table = quoted(since, dialect), quoted(view.name, dialect)
    for name in natural:
        own = quoted(name, dialect)
        pairs = f"SELECT DISTINCT {own}, {start} FROM {table}"
        rows = workspace.look(
            f"SELECT COUNT(*) AS n, COUNT({own}) AS f, COUNT(DISTINCT {own}) AS d, "
            f"(SELECT COUNT(*) FROM ({pairs}) AS p) AS pairs FROM {table}"
        )
        count, filled, different, told = (int(str(v)) for v in rows[0]) if rows else (0, 0, 0, 0)
        if not 0 < count <= MOST_ROWS or filled < 0.98 * count:
            continue
        # each thing has one row for each time that it changed, and most things changed seldom
        if 0.2 * count <= different < count and told >= 0.999 * count:
            idle = (since, *((until,) if until is not None else ()), *flags)
            return _History(view, view.key[0], name, since, idle, count - different)
    return None


def _last_rows(found: _History, dialect: Dialect) -> View:
    """The view with the row of today for each thing."""
    view = found.view
    own, since = quoted(found.natural, dialect), quoted(found.since, dialect)
    columns = tuple(c for c in view.columns if c.name not in found.idle)
    names = ", ".join(quoted(c.name, dialect) for c in columns)
    source = f"({view.sql}) AS rows_of" if view.sql else quoted(view.name, dialect)
    number = f"ROW_NUMBER() OVER (PARTITION BY {own} ORDER BY {since} DESC) AS row_of_today"
    inside = f"SELECT {names}, {number} FROM {source}"
    time = view.time if view.time not in found.idle else None
    sql = f"SELECT {names} FROM ({inside}) AS versions WHERE row_of_today = 1"
    return replace(view, sql=sql, columns=columns, time=time)


def _led_to_today(view: View, found: _History, dialect: Dialect) -> View:
    """The view with its links to a table with rows of the past led to those of today."""
    key, own, since = (quoted(name, dialect) for name in (found.key, found.natural, found.since))
    table = f"({found.view.sql}) AS rows_then" if found.view.sql else quoted(found.view.name, dialect)
    today = f"FIRST_VALUE({key}) OVER (PARTITION BY {own} ORDER BY {since} DESC)"
    links = [column for column, target in view.refs.items() if target == found.view.name]
    source = f"({view.sql})" if view.sql else quoted(view.name, dialect)
    parts: list[str] = []
    joins: list[str] = []
    for column in view.columns:
        name = quoted(column.name, dialect)
        if column.name not in links:
            parts.append(f"rows_of.{name}")
            continue
        n = len(joins) + 1
        parts.append(f"COALESCE(now_{n}.key_today, rows_of.{name}) AS {name}")
        led = f"SELECT {key} AS key_then, {today} AS key_today FROM {table}"
        joins.append(f"LEFT JOIN ({led}) AS now_{n} ON now_{n}.key_then = rows_of.{name}")
    sql = f"SELECT {', '.join(parts)} FROM {source} AS rows_of {' '.join(joins)}"
    return replace(view, sql=sql)


# ---- rows for what is unknown -----------------------------------------------------------------------------


def without_unknown(workspace: Workspace) -> tuple[Shop, list[Decision]]:
    """Rows that stand for "no such" are not counted, and a sale to nobody has no customer."""
    shop, decisions = workspace.shop, []
    dialect = workspace.catalog.dialect
    for view in shop.views:
        nobody = _unknown(workspace, view)
        if not nobody:
            continue
        key = quoted(view.key[0], dialect)
        listed = ", ".join(map(str, nobody))
        counted = f"COUNT(CASE WHEN {key} NOT IN ({listed}) THEN 1 END)"
        metrics = tuple(
            replace(m, sql=counted) if (m.view, m.sql) == (view.name, "COUNT(*)") else m for m in shop.metrics
        )
        views = shop.views
        if says(_PEOPLE, view.name):
            views = tuple(_to_nobody(each, view.name, nobody, dialect) for each in views)
        shop = replace(shop, metrics=metrics, views=views)
        text = f"{view.name} has a row for what is unknown ({view.key[0]} {listed}), which is not counted"
        text_zh = f"{view.name} 有表示“未知”的行（{view.key[0]} 为 {listed}），不计数"
        decisions.append(Decision(place=f"views.{view.name}", text=text, text_zh=text_zh))
    return shop, decisions


def _unknown(workspace: Workspace, view: View) -> list[int]:
    """The keys, below 1, of rows whose texts say that they are unknown."""
    key = view.column(view.key[0]) if len(view.key) == 1 else None
    texts = [c for c in view.columns if c.type == "text" and c.name not in view.refs]
    if key is None or key.type != "integer" or not texts:
        return []
    dialect = workspace.catalog.dialect
    names = ", ".join(quoted(c.name, dialect) for c in (key, *texts))
    own = quoted(key.name, dialect)
    rows = workspace.look(f"SELECT {names} FROM {quoted(view.name, dialect)} WHERE {own} < 1 LIMIT 5")
    said = [(int(str(k)), [str(v) for v in values if v not in (None, "")]) for k, *values in rows]
    return [k for k, values in said if len(rows) < 5 and any(_UNKNOWN.match(v) for v in values)]


def _to_nobody(view: View, target: str, nobody: Sequence[int], dialect: Dialect) -> View:
    links = [column for column, to in view.refs.items() if to == target]
    if not links:
        return view
    parts = []
    for column in view.columns:
        name = quoted(column.name, dialect)
        listed = ", ".join(map(str, nobody))
        own = f"CASE WHEN {name} NOT IN ({listed}) THEN {name} END AS {name}"
        parts.append(own if column.name in links else name)
    source = f"({view.sql}) AS rows_known" if view.sql else quoted(view.name, dialect)
    return replace(view, sql=f"SELECT {', '.join(parts)} FROM {source}")
