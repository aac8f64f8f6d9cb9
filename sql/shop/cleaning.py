"""Makes views of a first description say what their tables mean, where a table does not do it by itself.

Texts that hold dates or numbers, seconds since 1970, one state in several spellings, an order's head that
stands only on its first line, rows that are marked as deleted: such a view becomes a SELECT over its table,
which stands in shop.yml for a person to change. Each is told as a :class:`~sql.shop.decisions.Decision`.
"""

from __future__ import annotations

import datetime as dt
import logging
import re
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from sqlglot import exp

from sql.databases.contents import EMPTY, Reading, expression, fits, read_texts
from sql.errors import SqlError
from sql.names import literal, quoted
from sql.semantics import View, ViewColumn
from sql.shop.codes import CodeList, called_like, find_code_lists, known_codes, known_rows, labels_of
from sql.shop.decisions import Decision
from sql.shop.drafting import looks_personal
from sql.shop.relations import is_key_like
from sql.shop.trade_words import is_chinese, read_name, says
from sql.shop.value_words import KIND_OF_PLACE, PLACE
from sql.types import ColumnType, Dialect

if TYPE_CHECKING:
    from sql.shop.workspace import Workspace

logger = logging.getLogger(__name__)

MAX_VALUES = 1_000
"""Different values of a column that are looked at; more are not needed to tell what it holds."""
_CENTS = frozenset({"cent", "fen", "pence", "penny", "分"})
MAX_STATES = 60
"""Different values up to which a column's spellings are compared."""
_KINDS_ZH = {"number": "数字", "date": "日期", "timestamp": "时刻"}
_MOMENT = re.compile(
    r"\b(?:created|updated|time|timestamp|date|at|on|paid|ordered|placed|start|end|by|until|due|expires|expiry)\b"
    r"|时间|日期"
)
_STRIPE = frozenset(
    {"livemode", "balance_transaction", "balance_transaction_id", "payment_intent", "payment_intent_id"}
)
"""Columns that only Stripe's tables have, whose amounts are whole hundredths."""
_STRIPE_AMOUNT = re.compile(
    r"\b(?:amount|fee|net|total|subtotal|tax|balance|paid|remaining|refunded|discount)\b"
)
_NO_AMOUNT = re.compile(r"\b(?:id|count|number|rate|percent|quantity|is)\b")
_DELETED = re.compile(
    r"^(?:deleted?|removed) (?:at|on|date|time)$|^(?:is )?deleted$|^删除时间$"
    r"|^(?:fivetran|airbyte(?: ab cdc)?|ab cdc|sdc|dlt) (?:is )?deleted(?: at)?$"
)
_NAMED_ORDER = re.compile(r"^#?[A-Z]{0,4}-?\d{3,}$")
_OF_HEADS = re.compile(
    r"\b(?:financial|fulfillment|billing|shipping|customer|email|country|city|zip|paid|created)\b"
)
"""Columns of a head that many orders lack."""
_PERIOD = re.compile(r"\b(?:period|month|year ?month)\b|月份|期间|账期")
_NO_DAYS = frozenset({"0", "99999999", "999999"})
"""What stands for no day where days are whole numbers."""
MOST_DAYS = 6_000
LEAST_DAYS = 20
"""Different days, all of them real ones, that make days of numbers whose name says nothing."""
_END_OF_TIME = "9000-01-01"
_CHINA_S = 8 * 3600
"""Seconds that China's clocks are ahead of UTC."""
_LOOKED_AT = 24
"""Columns of texts by which a shop's language is told."""
_EPOCH = (946_684_800, 4_102_444_800)
"""Seconds since 1970 from the year 2000 to 2100."""


@dataclass
class _Changes:
    """What becomes of one view."""

    expressions: dict[str, str] = field(default_factory=dict)
    """Column → SQL; a column that is not here stays as it is."""
    types: dict[str, ColumnType] = field(default_factory=dict)
    readings: dict[str, Reading] = field(default_factory=dict)
    where: str = ""
    order: str = ""
    """The column that tells which lines belong together, where a line's head was filled in."""


MAX_PLACES = 200
"""Different values up to which places are looked through for two spellings."""


@dataclass(frozen=True, kw_only=True)
class Cleaned:
    """What became of the views."""

    views: tuple[View, ...]
    decisions: tuple[Decision, ...]
    readings: Mapping[tuple[str, str], Reading]
    """``(view, column)`` → how its texts are read."""
    orders: Mapping[str, str]
    """View → the column that tells the order of a line, where only an order's first line has its head."""
    time_zone: str = ""
    """The zone that moments counted in seconds since 1970 were put into, where the data tell one."""


def clean(workspace: Workspace) -> Cleaned:
    """The views of a shop, those cleaned that need it; values are read and forgotten."""
    views: list[View] = []
    decisions: list[Decision] = []
    orders: dict[str, str] = {}
    readings: dict[tuple[str, str], Reading] = {}
    lists = find_code_lists(workspace)
    zone: str | None = None
    for view in workspace.shop.views:
        changes = _Changes()
        decisions += _codes(workspace, view, changes, lists)
        decisions += _texts(workspace, view, changes)
        counted = _seconds(workspace, view)
        if counted:
            zone = _zone(workspace) if zone is None else zone
            decisions += _as_moments(workspace, view, counted, zone, changes)
        for find in (
            _day_numbers,
            _hundredths,
            _nobodies,
            _spellings,
            _heads,
            _elsewhere,
            _ends_of_time,
            _deleted,
        ):
            decisions += find(workspace, view, changes)
        view = _changed(view, changes, workspace)
        readings |= {(view.name, column): reading for column, reading in changes.readings.items()}
        if changes.order:
            orders[view.name] = changes.order
        views.append(view)
    return Cleaned(
        views=tuple(views),
        decisions=tuple(decisions),
        readings=readings,
        orders=orders,
        time_zone=zone or "",
    )


def _changed(view: View, changes: _Changes, workspace: Workspace) -> View:
    columns = tuple(
        replace(c, type=changes.types[c.name], sampled=changes.types[c.name] == "text")
        if c.name in changes.types
        else c
        for c in view.columns
    )
    if not changes.expressions and not changes.where:
        return replace(view, columns=columns)
    dialect = workspace.catalog.dialect
    parts = []
    for column in view.columns:
        name = quoted(column.name, dialect)
        sql = changes.expressions.get(column.name)
        parts.append(f"{sql} AS {name}" if sql else name)
    where = f" WHERE {changes.where}" if changes.where else ""
    source = f"({view.sql}) AS rows_before" if view.sql else quoted(view.name, dialect)
    return replace(view, columns=columns, sql=f"SELECT {', '.join(parts)} FROM {source}{where}")


# ---- columns ----------------------------------------------------------------------------------------------


def _codes(workspace: Workspace, view: View, changes: _Changes, lists: list[CodeList]) -> list[Decision]:
    """Codes that a table explains are read as its labels; a code that it lacks stays as it is."""
    dialect = workspace.catalog.dialect
    decisions = []
    known = known_codes(view)
    for column in view.columns if lists or known else ():
        if column.type not in ("text", "integer") or column.name in (*view.key, *view.refs):
            continue
        if column.name not in known and not called_like(view, column, lists):
            continue
        codes = distinct_texts(workspace, view, column, MAX_STATES + 1)
        others = [other for other in workspace.shop.views if other.name != view.name]
        found = labels_of(view, column, codes, lists, others) if 0 < len(codes) <= MAX_STATES else None
        system = known.get(column.name)
        if found is None and system is not None and codes and set(codes) <= set(system.labels):
            found = system
        if found is None:
            continue
        name = quoted(column.name, dialect)
        cases = " ".join(
            f"WHEN {code if column.type == 'integer' else literal(code, dialect)} "
            f"THEN {literal(found.labels[code], dialect)}"
            for code in sorted(codes)
        )
        kept = exp.cast(exp.column(exp.to_identifier(column.name, quoted=True)), "TEXT").sql(dialect)
        changes.expressions[column.name] = f"CASE {name} {cases} ELSE {kept} END"
        changes.types[column.name] = "text"
        some = ", ".join(f"{code} is {found.labels[code]}" for code in sorted(codes)[:3])
        text = f"{view.name}.{column.name} is read by {found.view} ({found.kind}): {some}"
        some = "，".join(f"{code} 是 {found.labels[code]}" for code in sorted(codes)[:3])
        text_zh = f"{view.name}.{column.name} 按 {found.view}（{found.kind}）读取：{some}"
        decisions.append(Decision(place=_place(view, column), text=text, text_zh=text_zh))
    return decisions


def _hundredths(workspace: Workspace, view: View, changes: _Changes) -> list[Decision]:
    """Whole numbers of cents or fen are read as amounts of the currency."""
    dialect = workspace.catalog.dialect
    decisions = []
    names = {c.name.lower() for v in workspace.shop.views for c in v.columns}
    is_stripe = bool(names & _STRIPE) and any(c.name.lower() in ("currency", *_STRIPE) for c in view.columns)
    for column in view.columns:
        if column.type != "integer" or column.name in (*view.key, *view.refs, *changes.types):
            continue
        is_named = bool(_CENTS & set(read_name(column.name, column.type)))
        if is_named or (is_stripe and _is_amount(column)):
            changes.types[column.name] = "number"
            changes.expressions[column.name] = f"{quoted(column.name, dialect)} / 100.0"
            why, why_zh = (
                ("by its name", "从名称看") if is_named else ("as Stripe's amounts do", "与 Stripe 一样")
            )
            text = f"{view.name}.{column.name} counts hundredths {why}, and is divided by 100"
            text_zh = f"{view.name}.{column.name} {why_zh}以分为单位，已除以 100"
            decisions.append(Decision(place=_place(view, column), text=text, text_zh=text_zh))
    return decisions


def _is_amount(column: ViewColumn) -> bool:
    return says(_STRIPE_AMOUNT, column.name, "number") and not says(_NO_AMOUNT, column.name, "number")


def _nobodies(workspace: Workspace, view: View, changes: _Changes) -> list[Decision]:
    """A link's 0 that leads nowhere is nobody: a guest's order has no customer, and no customer 0."""
    dialect = workspace.catalog.dialect
    decisions = []
    for name, target in view.refs.items():
        column, there = view.column(name), workspace.shop.view(target)
        if column is None or column.type != "integer" or there is None or len(there.key) != 1:
            continue
        own, key = quoted(column.name, dialect), quoted(there.key[0], dialect)
        zeros = f"SUM(CASE WHEN {own} = 0 THEN 1 ELSE 0 END)"
        found = _numbers(workspace, view, zeros)
        if not found or not found[0]:
            continue
        if _numbers(workspace, there, f"SUM(CASE WHEN {key} = 0 THEN 1 ELSE 0 END)") != (0,):
            continue
        changes.expressions[column.name] = f"NULLIF({own}, 0)"
        text = f"{view.name}.{column.name} is 0 in {found[0]:,} rows; {target} has no such, so it is nobody"
        text_zh = f"{view.name}.{column.name} 有 {found[0]:,} 行为 0；{target} 中没有，视为无"
        decisions.append(Decision(place=_place(view, column), text=text, text_zh=text_zh))
    return decisions


def _texts(workspace: Workspace, view: View, changes: _Changes) -> list[Decision]:
    """Text columns that hold dates or numbers."""
    dialect = workspace.catalog.dialect
    decisions = []
    for column in view.columns:
        if column.type != "text" or column.name in (*view.refs, *changes.types):
            continue
        values = distinct_texts(workspace, view, column, MAX_VALUES)
        reading = read_texts(values, is_code=is_key_like(column.name))
        # xd_sj is when an order was placed, though sj alone is a mobile phone: a day tells what it is itself
        if reading is None or (reading.kind == "number" and looks_personal(view.name, column.name)):
            continue
        name = quoted(column.name, dialect)
        empty = ", ".join(literal(each, dialect) for each in EMPTY)
        odd = f"LOWER(TRIM({name})) NOT IN ({empty}) AND NOT {fits(reading, column.name, dialect)}"
        counted = _numbers(workspace, view, f"COUNT(CASE WHEN {odd} THEN 1 END) AS odd")
        if counted is None or counted[0] > 0:
            if counted is not None:
                told = f"{counted[0]:,} of its values are no {reading.kind}s"
                text = f"{view.name}.{column.name} stays text: {told}"
                text_zh = (
                    f"{view.name}.{column.name} 仍作文本：有 {counted[0]:,} 个值不是{_KINDS_ZH[reading.kind]}"
                )
                place = _place(view, column)
                decisions.append(Decision(place=place, text=text, text_zh=text_zh, is_sure=False))
            continue
        changes.types[column.name] = reading.kind
        changes.readings[column.name] = reading
        if dialect != "sqlite" or not reading.is_iso or reading.empties:
            changes.expressions[column.name] = expression(reading, column.name, dialect)
        text = f"{view.name}.{column.name} is text that holds {reading.told()}, and is read so"
        text_zh = f"{view.name}.{column.name} 是文本，内容为{reading.told('zh')}，已照此读取"
        place = _place(view, column)
        decisions.append(Decision(place=place, text=text, text_zh=text_zh, is_sure=reading.is_sure))
    return decisions


def _seconds(workspace: Workspace, view: View) -> dict[str, int]:
    """Columns of whole numbers that count seconds (1) or milliseconds (1000) since 1970."""
    dialect = workspace.catalog.dialect
    counted = {}
    for column in view.columns:
        if column.type != "integer" or column.name in (*view.key, *view.refs):
            continue
        if not says(_MOMENT, column.name, "date"):
            continue
        name = f"NULLIF({quoted(column.name, dialect)}, 0)"
        found = _numbers(workspace, view, f"MIN({name}) AS low, MAX({name}) AS high")
        if found is None:
            continue
        low, high = found
        for scale in (1, 1000):
            if _EPOCH[0] * scale <= low <= high <= _EPOCH[1] * scale:
                counted[column.name] = scale
    return counted


def _as_moments(
    workspace: Workspace, view: View, counted: Mapping[str, int], zone: str, changes: _Changes
) -> list[Decision]:
    """Reads seconds since 1970 as moments of the shop's zone; 0 is no moment."""
    dialect = workspace.catalog.dialect
    decisions = []
    for name, scale in counted.items():
        changes.types[name] = "timestamp"
        own = f"NULLIF({quoted(name, dialect)}, 0)"
        changes.expressions[name] = _moment(own, scale, dialect, _CHINA_S if zone else 0)
        unit, unit_zh = ("seconds", "秒") if scale == 1 else ("milliseconds", "毫秒")
        told, told_zh = "in UTC", "按 UTC"
        if zone:
            told = f"by the clock of {zone}, for the shop's texts are Chinese"
            told_zh = f"因店铺文本为中文，按 {zone}"
        text = f"{view.name}.{name} counts {unit} since 1970 and is read as moments {told}"
        text_zh = f"{view.name}.{name} 是 1970 年以来的{unit_zh}数，{told_zh} 时刻读取"
        place = f"views.{view.name}.columns.{name}"
        decisions.append(Decision(place=place, text=text, text_zh=text_zh, is_sure=not zone))
    return decisions


def _zone(workspace: Workspace) -> str:
    """China's time zone where most texts that are looked at are Chinese, else none.

    China has one zone without summer time, so that an offset says it in every database.
    """
    texts = [(v, c) for v in workspace.shop.views for c in v.columns if c.type == "text" and c.sampled]
    seen = [distinct_texts(workspace, view, column, 20) for view, column in texts[:_LOOKED_AT]]
    worded = [values for values in seen if any(not value.isascii() for value in values)]
    chinese = [v for v in worded if sum(is_chinese(value) for value in v) * 2 > len(v)]
    is_so = len(chinese) > 1 and len(chinese) * 2 > len(worded)
    return "Asia/Shanghai" if is_so else ""


def _day_numbers(workspace: Workspace, view: View, changes: _Changes) -> list[Decision]:
    """Whole numbers that are written days or months: 20250314, and 202503 where a period is meant."""
    dialect = workspace.catalog.dialect
    decisions = []
    for column in _in_reach_of_days(workspace, view, changes):
        name = quoted(column.name, dialect)
        values = set(distinct_texts(workspace, view, column, MOST_DAYS)) - _NO_DAYS
        is_named = says(_MOMENT, column.name, "date")
        if values and all(map(_is_day, values)) and (is_named or len(values) >= LEAST_DAYS):
            digits, told, told_zh = 8, "days (yyyymmdd)", "日期（yyyymmdd）"
        elif all(map(_is_month, values)) and len(values) > 1 and says(_PERIOD, column.name, "date"):
            digits, told, told_zh = 6, "months (yyyymm)", "月份（yyyymm）"
        else:
            continue
        changes.types[column.name] = "date"
        changes.expressions[column.name] = _day(name, digits, dialect)
        text = f"{view.name}.{column.name} is a number that writes {told}, and is read so"
        text_zh = f"{view.name}.{column.name} 是写成数字的{told_zh}，已照此读取"
        decisions.append(Decision(place=_place(view, column), text=text, text_zh=text_zh))
    return decisions


def _in_reach_of_days(workspace: Workspace, view: View, changes: _Changes) -> list[ViewColumn]:
    """Integer columns with no number outside 190001 to 99999999 but 0; one look at the table for all."""
    taken = {*view.key, *view.refs, *changes.types}
    columns = [c for c in view.columns if c.type == "integer" and c.name not in taken]
    if not columns:
        return []
    figures = []
    for number, column in enumerate(columns):
        name = quoted(column.name, workspace.catalog.dialect)
        figures += [f"COALESCE(MIN(NULLIF({name}, 0)), 0) AS low_{number}"]
        figures += [f"COALESCE(MAX({name}), 0) AS high_{number}"]
    found = _numbers(workspace, view, ", ".join(figures))
    if found is None:
        return []
    ends = zip(columns, found[::2], found[1::2], strict=True)
    return [column for column, low, high in ends if low >= 190_001 and high <= 99_999_999]


def _is_day(text: str) -> bool:
    try:
        return len(text) == 8 and dt.datetime.strptime(text, "%Y%m%d").year >= 1900
    except ValueError:
        return False


def _is_month(text: str) -> bool:
    return len(text) == 6 and _is_day(f"{text}01")


def _day(name: str, digits: int, dialect: Dialect) -> str:
    """SQL of a number's day, of a month its first; NULL where it stands for none."""
    text = f"CAST({name} AS {'CHAR' if dialect == 'mysql' else 'TEXT'})"
    places = ((1, 4), (5, 2), (7, 2)) if digits == 8 else ((1, 4), (5, 2))
    parts = [f"SUBSTR({text}, {start}, {length})" for start, length in places]
    parts += ["'01'"] if digits == 6 else []
    pieces = [each for part in parts for each in (part, "'-'")][:-1]
    written = f"CONCAT({', '.join(pieces)})" if dialect == "mysql" else " || ".join(pieces)
    none = f"{name} IN ({', '.join(sorted(_NO_DAYS))})"
    return f"CASE WHEN NOT {none} THEN {written if dialect == 'sqlite' else f'CAST({written} AS DATE)'} END"


def _moment(name: str, scale: int, dialect: Dialect, offset_s: int = 0) -> str:
    """SQL of the moment that ``name`` counts, by a clock that is ``offset_s`` seconds before UTC."""
    later = f" + {offset_s}" if offset_s else ""
    seconds = name if scale == 1 else f"({name} / {scale})"
    seconds = f"({seconds}{later})" if offset_s else seconds
    if dialect == "duckdb":
        moved = f" + {offset_s * 1_000_000}" if offset_s else ""
        return f"MAKE_TIMESTAMP(CAST({name} AS BIGINT) * {1_000_000 // scale}{moved})"
    if dialect == "sqlite":
        return f"DATETIME({seconds}, 'unixepoch')"
    if dialect == "postgres":
        return f"CAST(TO_TIMESTAMP({seconds}) AT TIME ZONE 'UTC' AS TIMESTAMP)"
    return f"TIMESTAMPADD(SECOND, {seconds}, '1970-01-01')"


def _spellings(workspace: Workspace, view: View, changes: _Changes) -> list[Decision]:
    """One state in several spellings: ``Paid``, ``PAID`` and ``paid `` are read as one, and so are a province
    and a city with and without what they are: 浙江 and 浙江省."""
    dialect = workspace.catalog.dialect
    decisions = []
    for column in view.columns:
        if (
            column.type != "text"
            or not column.sampled
            or column.name in (*view.key, *view.refs, *changes.types)
        ):
            continue
        is_place = says(PLACE, column.name, column.type)
        most = MAX_PLACES if is_place else MAX_STATES
        values = distinct_texts(workspace, view, column, most + 1)
        same = _folded(values, is_place)
        folded = set(same.values())
        if not 0 < len(folded) < len(values) <= most:
            continue
        counts = _counts(workspace, view, column)
        name = quoted(column.name, dialect)
        cases, again = [], []
        for each in sorted(folded):
            spelled = sorted((v for v in values if same[v] == each), key=lambda v: -counts.get(v, 0))
            if len(spelled) > 1 and each:
                others = ", ".join(literal(value, dialect) for value in spelled)
                cases.append(f"WHEN {name} IN ({others}) THEN {literal(spelled[0].strip(), dialect)}")
                again += [repr(value) for value in spelled]
        if not cases:
            continue
        changes.expressions[column.name] = f"CASE {' '.join(cases)} ELSE {name} END"
        told = ", ".join(again[:4])
        text = (
            f"{view.name}.{column.name} spells the same in several ways ({told}); each is read in its "
            "commonest spelling"
        )
        text_zh = f"{view.name}.{column.name} 中同一个值有几种写法（{told}）；统一为最常见的写法"
        decisions.append(Decision(place=_place(view, column), text=text, text_zh=text_zh))
    return decisions


def _folded(values: Collection[str], is_place: bool) -> dict[str, str]:
    """Value → what all its spellings have in common; 吉林省 and 吉林市 are two places, and stay two."""
    plain = {value: value.strip().casefold() for value in values}
    if not is_place:
        return plain
    short = {value: KIND_OF_PLACE.sub("", text) or text for value, text in plain.items()}
    kinds: dict[str, set[str]] = defaultdict(set)
    for value, text in plain.items():
        if text != short[value]:
            kinds[short[value]].add(text)
    return {
        value: short[value] if len(short[value]) > 1 and len(kinds[short[value]]) < 2 else text
        for value, text in plain.items()
    }


def _heads(workspace: Workspace, view: View, changes: _Changes) -> list[Decision]:
    """An export whose order's head stands only on its first line: its texts and dates are filled in below.

    Its numbers stay where they are: a total that stands once is counted once.
    """
    dialect = workspace.catalog.dialect
    table = quoted(view.name, dialect)
    for column in view.columns:
        if column.type not in ("text", "integer") or column.name in (*view.key, *view.refs):
            continue
        if not (is_key_like(column.name) or _are_orders(workspace, view, column)):
            continue
        name = quoted(column.name, dialect)
        others = [c for c in view.columns if c.name != column.name and c.name not in view.refs]
        counts = [f"COUNT(*) AS n, COUNT({name}) AS filled, COUNT(DISTINCT {name}) AS d"]
        counts += [f"COUNT({quoted(c.name, dialect)}) AS c{n}" for n, c in enumerate(others)]
        found = _numbers(workspace, view, ", ".join(counts))
        if found is None or not (found[0] == found[1] and 1 < found[2] < found[0]):
            continue
        # a head stands on one line of nearly every order: what is sparse may be a line's own
        most = found[2] * 0.9
        once = [c for c, count in zip(others, found[3:], strict=True) if most <= count <= found[2]]
        once += [
            c
            for c, count in zip(others, found[3:], strict=True)
            if 0 < count < most and says(_OF_HEADS, c.name, c.type)
        ]
        if len(once) < 3 or not any(c.is_measure for c in once):
            continue
        heads = []
        for each in once:
            other = quoted(each.name, dialect)
            apart = _numbers(
                workspace,
                view,
                "COUNT(*) AS n",
                source=f"(SELECT {name} FROM {table} GROUP BY {name} HAVING COUNT({other}) > 1) AS several",
            )
            if apart == (0,):
                heads.append(each)
        filled = [c for c in heads if not c.is_measure or c.name in changes.types]
        if len(heads) < 3 or not filled:
            continue
        for each in filled:
            own = changes.expressions.get(each.name, quoted(each.name, dialect))
            changes.expressions[each.name] = f"MAX({own}) OVER (PARTITION BY {name})"
        changes.order = column.name
        told = ", ".join(c.name for c in filled[:4])
        text = (
            f"{view.name} has a row for each line of an order ({column.name}), and its head only on the "
            f"first: {told} are filled in on the others; totals stay on the first, and are counted once"
        )
        text_zh = (
            f"{view.name} 每行是订单（{column.name}）的一条明细，订单信息只在第一行：{told} 已补到其余各行；"
            "总额留在第一行，只计一次"
        )
        return [Decision(place=f"views.{view.name}", text=text, text_zh=text_zh)]
    return []


def _are_orders(workspace: Workspace, view: View, column: ViewColumn) -> bool:
    values = distinct_texts(workspace, view, column, 50) if column.type == "text" else []
    return len(values) > 1 and all(_NAMED_ORDER.match(value) for value in values)


def _elsewhere(workspace: Workspace, view: View, changes: _Changes) -> list[Decision]:
    """Rows that a known system keeps for another end: Odoo's stock at customers and suppliers."""
    kept = known_rows(view)
    table = quoted(view.name, workspace.catalog.dialect)
    rows = (
        workspace.look(f"SELECT COUNT(*) AS n, COUNT(CASE WHEN {kept} THEN 1 END) AS k FROM {table}")
        if kept
        else []
    )
    count, left = (int(str(value)) for value in rows[0]) if rows else (0, 0)
    if not 0 < left < count:
        return []
    changes.where = kept
    text = (
        f"{count - left:,} of {count:,} rows of {view.name} are not the shop's own and are left out ({kept})"
    )
    text_zh = f"{view.name} 的 {count:,} 行中有 {count - left:,} 行不属于店铺自身，已略去（{kept}）"
    return [Decision(place=f"views.{view.name}", text=text, text_zh=text_zh)]


def _ends_of_time(workspace: Workspace, view: View, changes: _Changes) -> list[Decision]:
    """Days such as 9999-12-31 stand for what has not happened."""
    dialect = workspace.catalog.dialect
    decisions = []
    days = [c for c in view.columns if changes.types.get(c.name, c.type) in ("date", "timestamp")]
    days = [c for c in days if c.name not in (*view.key, *view.refs)]
    if not days:
        return []
    told = [changes.expressions.get(c.name, quoted(c.name, dialect)) for c in days]
    figures = ", ".join(
        f"COUNT(CASE WHEN {own} >= '{_END_OF_TIME}' THEN 1 END) AS n{n}" for n, own in enumerate(told)
    )
    rows = workspace.look(f"SELECT {figures} FROM {quoted(view.name, dialect)}")
    for column, own, count in zip(days, told, rows[0] if rows else (), strict=False):
        if not int(str(count)):
            continue
        changes.expressions[column.name] = f"CASE WHEN {own} < '{_END_OF_TIME}' THEN {own} END"
        text = (
            f"{view.name}.{column.name} is 9999-12-31 or so in {int(str(count)):,} rows, which are left empty"
        )
        text_zh = f"{view.name}.{column.name} 有 {int(str(count)):,} 行为 9999-12-31 之类的日期，视为空"
        decisions.append(Decision(place=_place(view, column), text=text, text_zh=text_zh))
    return decisions


def _deleted(workspace: Workspace, view: View, changes: _Changes) -> list[Decision]:
    """Rows that are marked as deleted are left out."""
    dialect = workspace.catalog.dialect
    for column in view.columns:
        if not says(_DELETED, column.name, column.type):
            continue
        name = quoted(column.name, dialect)
        if column.type in ("date", "timestamp") or changes.types.get(column.name) in ("date", "timestamp"):
            kept = f"{changes.expressions.get(column.name, name)} IS NULL"
        elif column.type in ("boolean", "integer"):
            kept = (
                f"({name} IS NULL OR NOT {name})" if column.type == "boolean" else f"COALESCE({name}, 0) = 0"
            )
        else:
            continue
        found = _numbers(workspace, view, f"COUNT(*) AS n, COUNT(CASE WHEN {kept} THEN 1 END) AS kept")
        if found is None or not 0 < found[1] < found[0]:
            continue
        changes.where = f"{changes.where} AND {kept}" if changes.where else kept
        text = (
            f"{found[0] - found[1]:,} of {found[0]:,} rows of {view.name} are marked as deleted "
            f"({column.name}) and are left out"
        )
        gone = found[0] - found[1]
        text_zh = f"{view.name} 的 {found[0]:,} 行中有 {gone:,} 行标记为已删除（{column.name}），已略去"
        return [Decision(place=f"views.{view.name}", text=text, text_zh=text_zh, is_sure=False)]
    return []


# ---- reading ----------------------------------------------------------------------------------------------


def distinct_texts(workspace: Workspace, view: View, column: ViewColumn, most: int) -> list[str]:
    """Up to ``most`` different texts of a column; none where it takes too long."""
    dialect = workspace.catalog.dialect
    name, table = quoted(column.name, dialect), quoted(view.name, dialect)
    try:
        rows = workspace.run(
            f"SELECT DISTINCT {name} AS v FROM {table} WHERE {name} IS NOT NULL LIMIT {most}"
        ).rows
    except SqlError as error:
        logger.info("not looked at: %s", type(error).__name__)
        return []
    return [str(row[0]) for row in rows]


def _counts(workspace: Workspace, view: View, column: ViewColumn) -> dict[str, int]:
    """How often each text of a column stands there."""
    dialect = workspace.catalog.dialect
    name, table = quoted(column.name, dialect), quoted(view.name, dialect)
    try:
        rows = workspace.run(f"SELECT {name} AS v, COUNT(*) AS n FROM {table} GROUP BY {name}").rows
    except SqlError as error:
        logger.info("not looked at: %s", type(error).__name__)
        return {}
    return {str(value): int(str(count)) for value, count in rows}


def _numbers(workspace: Workspace, view: View, figures: str, *, source: str = "") -> tuple[int, ...] | None:
    """Whole figures of a view's table; ``None`` where it takes too long or holds none."""
    table = source or quoted(view.name, workspace.catalog.dialect)
    try:
        (row,) = workspace.run(f"SELECT {figures} FROM {table}").rows
    except SqlError as error:
        logger.info("not looked at: %s", type(error).__name__)
        return None
    if any(value is None for value in row):
        return None
    try:
        return tuple(int(str(value)) for value in row)
    except ValueError:  # SQLite keeps 157.48 in a column of whole numbers
        return None


def _place(view: View, column: ViewColumn) -> str:
    return f"views.{view.name}.columns.{column.name}"
