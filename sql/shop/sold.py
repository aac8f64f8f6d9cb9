"""Which rows count as sold: an order that was cancelled or never paid brings nothing in.

States are read for what they say. Where lines carry the money, and their orders the state, the lines' view
gets a column that tells which count.
"""

from __future__ import annotations

import datetime as dt
import logging
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sql.errors import SqlError
from sql.names import literal, quoted
from sql.semantics import Shop, View, ViewColumn
from sql.shop.decisions import Decision
from sql.shop.money import Money
from sql.shop.row_names import name_columns
from sql.shop.trade_words import says
from sql.types import Dialect

if TYPE_CHECKING:
    from sql.shop.workspace import Workspace

logger = logging.getLogger(__name__)

MAX_STATES = 25
"""Different values up to which a column tells states."""
SHORT = 3
"""Letters up to which a state is a code that says nothing by itself."""
OLD_DAYS = 45
"""Days after which an order that has not gone out will not."""
LEAST_ROWS = 5
COUNTS = "counts_as_sold"
"""The column that tells which lines count."""
_STATE = re.compile(r"\b(?:status|state|stage)\b|状态")
_ORDER_STATE = re.compile(r"\border (?:status|state|stage)\b|订单状态")
_CANCELLED = re.compile(
    r"\b(?:cancel|cancelled|canceled|void|voided) (?:at|on|date|time)\b|取消(?:时间|日期)"
)
_TEST = re.compile(r"^(?:is )?test(?: order)?$|^(?:是否)?测试(?:订单)?$")
_IS_CANCELLED = re.compile(
    r"^(?:is |was )?(?:cancel|cancelled|canceled|cancellation|void|voided)$|^(?:是否)?已?(?:取消|作废)$"
)
_IS_PAID = re.compile(r"^(?:is )?paid$|^(?:是否)?已?(?:付款|支付)$|^已付$")
MOST_CALLED_OFF = 0.35
"""Share of the rows up to which a state that never went out is that of orders that were called off: what is
paid at a till never goes out either."""
LEAST_KEPT = 0.3
"""Share of the rows that a mark must leave."""
_PAID = re.compile(r"\b(?:financial|payment|pay)\b|支付|付款")
_UNPAID = re.compile(r"unpaid|not paid|pending|await|open|待付|未付|待支付|未支付|等待(?:买家)?[付支]", re.I)
_SENT = re.compile(r"\b(?:ship|shipped|dispatch|dispatched|delivered|delivery date)\b|发货|出库|签收")
_PAID_ON = re.compile(r"\b(?:paid|payment|invoice|completed)\b|付款|支付|完成|开票")
ON_ACCOUNT = 0.3
"""Share of unpaid orders that went out from which a shop sells on account."""
_NO_ORDER = re.compile(r"draft|quot|\btrash|checkout|\bcart\b|\btest|报价|草稿|测试", re.I)
"""States of what never was an order."""
_REFUNDS = re.compile(r"\b(?:refund|after ?sale|credit ?memo|chargeback)\b|退款|售后")
_NOT_GRANTED = re.compile(
    r"reject|refus|denied|declin|cancel|withdraw|fail|void|pending|await|request|processing|in progress"
    r"|拒绝|驳回|撤销|取消|关闭|失败|待|申请|处理中|审核",
    re.I,
)
"""States of a refund that gave nothing back, or nothing yet."""
_KIND = re.compile(r"\btype\b|\bkind\b|类型|类别")
_SALE = re.compile(r"^(?:sale|sold|sell|purchase|normal|order|销售|正常|普通)", re.I)
"""What a column of kinds says of a row that is a sale; beside it stand returns and voids."""
_UNSOLD = re.compile(
    r"^(?!.*(?:part|request|申请))"
    r"(?!.*(?:await|pending|wait|to be).*(?:dispatch|ship|deliver|pick|fulfil|collect|stock))"
    r"(?:.*)(?:cancel|void|refunded|returned|\breturn$|fail|reject|declin|denied|draft|quot|\btest|trash|expired"
    r"|unpaid|not paid|pending|await|chargeback|reversed|\berror\b|^(?:[vx]|cxl|voi|cnl)$"
    r"|取消|关闭|无效|已退|退款|退货|失败|作废|待付|未付|待支付|未支付|等待(?:买家)?[付支]|拒收)",
    re.I,
)


@dataclass(frozen=True, kw_only=True)
class Mark:
    """A column that marks rows that do not count: a test, a day of cancelling, not paid."""

    column: ViewColumn
    kept: str
    """SQL of the rows that are not marked."""
    told: str
    told_zh: str


@dataclass(frozen=True, kw_only=True)
class Unsold:
    """The states that do not count, and where they stand."""

    view: View
    column: ViewColumn
    states: tuple[str, ...]
    """Every state, in words."""
    out: tuple[str, ...]
    """Those that do not count."""
    values: tuple[str, ...]
    """The same as the column holds them, as SQL; none where only marks tell."""
    link: str = ""
    """The lines' column that leads there, where it is not that of their order."""
    marks: tuple[Mark, ...] = ()

    def told(self) -> str:
        """In words."""
        said = [f"{self.column.name} is {', '.join(self.out)}"] if self.values else []
        return f"{self.view.name} whose {' or '.join([*said, *(mark.told for mark in self.marks)])}"

    def told_zh(self) -> str:
        """The same in Chinese."""
        said = [f"{self.column.name} 为{'、'.join(self.out)}"] if self.values else []
        return f"{'或'.join([*said, *(mark.told_zh for mark in self.marks)])}的 {self.view.name}"

    def kept(self, dialect: Dialect) -> str:
        """SQL of the rows that count, over the columns of the view."""
        name = quoted(self.column.name, dialect)
        listed = [f"({name} IS NULL OR {name} NOT IN ({', '.join(self.values)}))"] if self.values else []
        return " AND ".join([*listed, *(mark.kept for mark in self.marks)])


def find_unsold(shop: Shop, money: Money, workspace: Workspace) -> Unsold | None:
    """The rows that do not count, of the orders that lines belong to, or else of the rows.

    They are told by states, in words or as codes, and by marks beside them; ``None`` where all count.
    """
    own = shop.view(money.view.name)
    order = shop.view(own.refs.get(money.order or "", "")) if own is not None else None
    profiles = _profiles(shop, own) if own is not None else {}
    for view in (order, own, *map(shop.view, profiles)):
        if view is None:
            continue
        marks = _marks(workspace, view)
        link = profiles.get(view.name, "") if view not in (order, own) else ""
        is_cancelled_by_day = any(says(_CANCELLED, m.column.name, m.column.type) for m in marks)
        for column in _states(view):
            states = _values(shop, workspace, view, column)
            out = tuple(state for state in states if _UNSOLD.search(state))
            if says(_PAID, column.name, column.type) and (
                is_cancelled_by_day or _is_on_account(workspace, view, column, states, out)
            ):
                out = tuple(state for state in out if not _UNPAID.search(state))
            if says(_KIND, column.name) and not any(_SALE.search(state) for state in states):
                continue
            if not out and all(len(state) <= SHORT for state in states):
                out = _never_went_out(workspace, view, column, states)
            if out and 1 < len(states) <= MAX_STATES and len(out) < len(states):
                values = tuple(states[state] for state in out)
                return Unsold(
                    view=view,
                    column=column,
                    states=tuple(states),
                    out=out,
                    values=values,
                    link=link,
                    marks=marks,
                )
        if marks:
            out = tuple(mark.told for mark in marks)
            return Unsold(
                view=view, column=marks[0].column, states=out, out=out, values=(), link=link, marks=marks
            )
    return None


def _profiles(shop: Shop, own: View) -> dict[str, str]:
    """Views beside the lines that tell the state of their order → the link there: a warehouse's profiles."""
    found = {}
    for column, target in own.refs.items():
        view = shop.view(target)
        if view is None or view.time is not None or len(view.key) != 1:
            continue
        if any(c.type == "text" and says(_ORDER_STATE, c.name, c.type) for c in view.columns):
            found[view.name] = column
    return found


def _marks(workspace: Workspace, view: View) -> tuple[Mark, ...]:
    """Columns of an order that mark it as a test, cancelled or not paid, where some are and most are not."""
    dialect = workspace.catalog.dialect
    found = []
    for column in view.columns:
        name, is_flag = quoted(column.name, dialect), column.type in ("boolean", "integer")
        no, yes = (f"NOT {name}", name) if column.type == "boolean" else (f"{name} = 0", f"{name} <> 0")
        if column.type in ("date", "timestamp") and says(_CANCELLED, column.name, column.type):
            kept, told = f"{name} IS NULL", (f"{column.name} is filled", f"{column.name} 有值")
        elif is_flag and (says(_TEST, column.name) or says(_IS_CANCELLED, column.name)):
            kept, told = f"({name} IS NULL OR {no})", (f"{column.name} is set", f"{column.name} 为是")
        elif is_flag and says(_IS_PAID, column.name) and not _goes_out_unpaid(workspace, view, no):
            kept, told = f"({name} IS NULL OR {yes})", (f"{column.name} is not set", f"{column.name} 为否")
        else:
            continue
        flags = f", COUNT(CASE WHEN {name} NOT IN (0, 1) THEN 1 END) AS o" if column.type == "integer" else ""
        rows = workspace.look(
            f"SELECT COUNT(*) AS n, COUNT(CASE WHEN {kept} THEN 1 END) AS k{flags} "
            f"FROM {quoted(view.name, dialect)}"
        )
        count, left, *odd = (int(str(value)) for value in rows[0]) if rows else (0, 0)
        if count and LEAST_KEPT * count <= left < count and not any(odd):
            found.append(Mark(column=column, kept=kept, told=told[0], told_zh=told[1]))
    return tuple(found)


def _never_went_out(
    workspace: Workspace, view: View, column: ViewColumn, states: dict[str, str]
) -> tuple[str, ...]:
    """States, given as codes, of rows that are old and were never sent or paid: they were called off."""
    from sql.shop.workspace import as_date

    went = [
        c for c in view.columns
        if c.type in ("date", "timestamp") and (says(_SENT, c.name, c.type) or says(_PAID_ON, c.name, c.type))
    ]  # fmt: skip
    if not went or view.time is None or len(states) < 2:
        return ()
    dialect = workspace.catalog.dialect
    state, time, table = (quoted(name, dialect) for name in (column.name, view.time, view.name))
    days = [quoted(c.name, dialect) for c in went if c.name != view.time]
    if not days:
        return ()
    some = " OR ".join(f"{day} IS NOT NULL" for day in days)
    try:
        last = as_date(workspace.run(f"SELECT MAX({time}) AS last FROM {table}").rows[0][0])
        if last is None:
            return ()
        old = literal(str(last - dt.timedelta(days=OLD_DAYS)), dialect)
        figures = (
            f"COUNT(*) AS n, COUNT(CASE WHEN {some} THEN 1 END) AS went, "
            f"COUNT(CASE WHEN {time} < {old} THEN 1 END) AS old"
        )
        rows = workspace.run(f"SELECT {state} AS s, {figures} FROM {table} GROUP BY {state}").rows
    except SqlError as error:
        logger.info("not looked at: %s", type(error).__name__)
        return ()
    counted = {str(row[0]): [int(str(figure)) for figure in row[1:]] for row in rows if row[0] is not None}
    if not any(n >= LEAST_ROWS and gone >= 0.9 * n for n, gone, _ in counted.values()):
        return ()
    most = MOST_CALLED_OFF * sum(n for n, _, _ in counted.values())
    return tuple(
        told
        for told in states
        for n, gone, old in [counted.get(told, [0, 0, 0])]
        if LEAST_ROWS <= n <= most and gone == 0 and old >= n / 2
    )


def _goes_out_unpaid(workspace: Workspace, view: View, unpaid: str) -> bool:
    """Whether many of the orders that are not paid went out: such a shop sells on account."""
    sent = [c for c in view.columns if c.type in ("date", "timestamp") and says(_SENT, c.name, c.type)]
    if not sent:
        return False
    dialect = workspace.catalog.dialect
    figures = f"COUNT(*) AS n, COUNT({quoted(sent[0].name, dialect)}) AS went"
    rows = workspace.look(f"SELECT {figures} FROM {quoted(view.name, dialect)} WHERE {unpaid}")
    return any(int(str(went)) > ON_ACCOUNT * int(str(count)) for count, went in rows)


def _is_on_account(
    workspace: Workspace, view: View, column: ViewColumn, states: dict[str, str], out: tuple[str, ...]
) -> bool:
    """Whether goods go out before they are paid, so that what is unpaid is sold too."""
    unpaid = ", ".join(states[state] for state in out if _UNPAID.search(state))
    name = quoted(column.name, workspace.catalog.dialect)
    return bool(unpaid) and _goes_out_unpaid(workspace, view, f"{name} IN ({unpaid})")


def without_unsold(shop: Shop, money: Money, unsold: Unsold, dialect: Dialect) -> tuple[Shop, Money]:
    """The shop and its income without the rows that do not count, which stay to be asked about."""
    own = shop.view(money.view.name)
    assert own is not None
    if unsold.view.name == own.name:
        sold, parts = unsold.kept(dialect), money.parts
        if parts is not None:
            shop, parts = without_unsold(shop, parts, unsold, dialect)
        return shop, replace(money, sold=sold, parts=parts)
    sold = f"{COUNTS} = 1"
    if own.column(COUNTS) is not None:
        return shop, replace(money, view=own, sold=sold)
    key, link = quoted(unsold.view.key[0], dialect), quoted(unsold.link or money.order or "", dialect)
    # within a view's SQL a name is that of a table, whatever the view of that name makes of it
    read = unsold.view.sql
    orders = f"({read}) AS orders_read" if read else quoted(unsold.view.name, dialect)
    good = f"SELECT {key} FROM {orders} WHERE {unsold.kept(dialect)}"  # no line of an order that was deleted
    counts = f"CASE WHEN {link} IS NULL OR {link} IN ({good}) THEN 1 ELSE 0 END AS {COUNTS}"
    columns = ", ".join(quoted(c.name, dialect) for c in own.columns)
    source = f"({own.sql}) AS rows_before" if own.sql else quoted(own.name, dialect)
    added = ViewColumn(
        name=COUNTS,
        type="integer",
        description=_description(unsold),
    )
    marked = replace(own, sql=f"SELECT {columns}, {counts} FROM {source}", columns=(*own.columns, added))
    views = tuple(marked if view is own else view for view in shop.views)
    return replace(shop, views=views), replace(money, view=marked, sold=sold)


def without_drafts(shop: Shop, unsold: Unsold, dialect: Dialect) -> Shop:
    """The shop with counts of its orders without what never was one: quotations, drafts, tests."""
    drafts = [
        value for state, value in zip(unsold.out, unsold.values, strict=False) if _NO_ORDER.search(state)
    ]
    own = quoted(unsold.column.name, dialect)
    kept = [f"({own} IS NULL OR {own} NOT IN ({', '.join(drafts)}))"] if drafts else []
    kept += [m.kept for m in unsold.marks if says(_TEST, m.column.name)]
    if not kept:
        return shop
    counted = f"COUNT(CASE WHEN {' AND '.join(kept)} THEN 1 END)"
    metrics = (
        replace(m, sql=counted) if m.view == unsold.view.name and m.sql == "COUNT(*)" else m
        for m in shop.metrics
    )
    return replace(shop, metrics=tuple(metrics))


def without_refused(shop: Shop, workspace: Workspace) -> tuple[Shop, list[Decision]]:
    """The shop with sums over refunds without those that were refused, withdrawn or not yet granted."""
    dialect, decisions = workspace.catalog.dialect, []
    metrics = list(shop.metrics)
    for view in shop.views:
        summed = [m for m in metrics if m.view == view.name and m.summed(dialect) is not None]
        if not summed or not says(_REFUNDS, view.name):
            continue
        for column in (c for c in _states(view) if says(_STATE, c.name, c.type)):
            states = _values(shop, workspace, view, column)
            out = tuple(state for state in states if _NOT_GRANTED.search(state))
            if not out or not 1 < len(states) <= MAX_STATES or len(out) == len(states):
                continue
            own, listed = quoted(column.name, dialect), ", ".join(states[state] for state in out)
            kept = f"({own} IS NULL OR {own} NOT IN ({listed}))"
            for metric in summed:
                one = re.fullmatch(r"SUM\((.+)\)", metric.sql)
                if one is not None:
                    sql = f"SUM(CASE WHEN {kept} THEN {one[1]} END)"
                    metrics[metrics.index(metric)] = replace(metric, sql=sql)
            told = ", ".join(out)
            text = f"Sums over {view.name} leave out those whose {column.name} is {told}"
            text_zh = f"{view.name} 的合计不含 {column.name} 为{'、'.join(out)}的行"
            place = f"views.{view.name}"
            decisions.append(Decision(place=place, text=text, text_zh=text_zh, is_sure=False))
            break
    return replace(shop, metrics=tuple(metrics)), decisions


def _description(unsold: Unsold) -> str:
    if unsold.values and not unsold.marks:
        return f"1 where {unsold.column.name} is none of {', '.join(unsold.out)}"
    return f"0 of {unsold.told()}, else 1"


def _states(view: View | None) -> list[ViewColumn]:
    """Columns that tell states, those of payment first, kinds of rows last."""
    columns = [c for c in view.columns if c.name not in view.key] if view is not None else []
    found = [c for c in columns if says(_STATE, c.name, c.type) or says(_KIND, c.name, c.type)]
    return sorted(found, key=lambda c: (says(_KIND, c.name, c.type), not says(_PAID, c.name, c.type)))


def _values(shop: Shop, workspace: Workspace, view: View, column: ViewColumn) -> dict[str, str]:
    """State in words → the column's own value as SQL, also where a table of states has the words."""
    dialect = workspace.catalog.dialect
    target = shop.view(view.refs.get(column.name, ""))
    named = name_columns(target) if target is not None and target.time is None else ()
    if target is not None and len(named) == 1:
        shown, value, table = named[0], target.key[0], target.name
    elif target is None and (column.type == "text" or says(_STATE, column.name, column.type)):
        shown, value, table = column.name, column.name, view.name
    else:
        return {}
    names = [quoted(name, dialect) for name in (shown, value, table)]
    source = f"(SELECT DISTINCT {names[0]} AS v, {names[1]} AS k FROM {names[2]}) AS states"
    try:
        rows = workspace.run(f"SELECT v, k FROM {source} ORDER BY v LIMIT {MAX_STATES + 2}").rows
    except SqlError as error:
        logger.info("not looked at: %s", type(error).__name__)
        return {}
    return {
        str(told): str(key) if isinstance(key, int) else literal(str(key), dialect)
        for told, key in rows
        if told is not None and key is not None
    }
