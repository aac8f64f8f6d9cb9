"""Which rows count as sold: an order that was cancelled or never paid brings nothing in.

States are read for what they say. Where lines carry the money, and their orders the state, the lines' view
gets a column that tells which count.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sql.errors import SqlError
from sql.names import literal, quoted
from sql.semantics import Shop, View, ViewColumn
from sql.shop.money import Money
from sql.shop.trade_words import read_name
from sql.types import Dialect

if TYPE_CHECKING:
    from sql.shop.workspace import Workspace

logger = logging.getLogger(__name__)

MAX_STATES = 15
"""Different values up to which a column tells states."""
COUNTS = "counts_as_sold"
"""The column that tells which lines count."""
_STATE = re.compile(r"\b(?:status|state|stage)\b|状态")
_PAID = re.compile(r"\b(?:financial|payment|pay)\b|支付|付款")
_UNSOLD = re.compile(
    r"^(?!.*part)(?:.*)(?:cancel|void|refunded|returned|fail|reject|declin|draft|quot|\btest|trash"
    r"|unpaid|not paid|pending|await"
    r"|取消|关闭|已退|退款|退货|失败|作废|待付|未付|待支付|未支付)",
    re.I,
)


@dataclass(frozen=True, kw_only=True)
class Unsold:
    """The states that do not count, and where they stand."""

    view: View
    column: ViewColumn
    states: tuple[str, ...]
    """Every state."""
    out: tuple[str, ...]
    """Those that do not count."""

    def told(self) -> str:
        """In words."""
        return f"{self.view.name} whose {self.column.name} is {', '.join(self.out)}"


def find_unsold(shop: Shop, money: Money, workspace: Workspace) -> Unsold | None:
    """The states of the rows, or of the orders that lines belong to; ``None`` where all count."""
    own = shop.view(money.view.name)
    order = shop.view(own.refs.get(money.order or "", "")) if own is not None else None
    for view in (own, order):
        for column in _states(view):
            assert view is not None
            states = _values(workspace, view, column)
            out = tuple(state for state in states if _UNSOLD.search(state))
            if out and 1 < len(states) <= MAX_STATES and len(out) < len(states):
                return Unsold(view=view, column=column, states=tuple(states), out=out)
    return None


def without_unsold(shop: Shop, money: Money, unsold: Unsold, dialect: Dialect) -> tuple[Shop, Money]:
    """The shop and its income without the rows that do not count, which stay to be asked about."""
    own = shop.view(money.view.name)
    assert own is not None
    listed = ", ".join(literal(state, dialect) for state in unsold.out)
    name = quoted(unsold.column.name, dialect)
    if unsold.view.name == own.name:
        return shop, replace(money, sold=f"({name} IS NULL OR {name} NOT IN ({listed}))")
    sold = f"{COUNTS} = 1"
    if own.column(COUNTS) is not None:
        return shop, replace(money, view=own, sold=sold)
    key, link = quoted(unsold.view.key[0], dialect), quoted(money.order or "", dialect)
    bad = f"SELECT {key} FROM {quoted(unsold.view.name, dialect)} WHERE {name} IN ({listed})"
    counts = f"CASE WHEN {link} IN ({bad}) THEN 0 ELSE 1 END AS {COUNTS}"
    columns = ", ".join(quoted(c.name, dialect) for c in own.columns)
    source = f"({own.sql}) AS rows_before" if own.sql else quoted(own.name, dialect)
    added = ViewColumn(
        name=COUNTS,
        type="integer",
        description=f"1 where {unsold.column.name} is none of {', '.join(unsold.out)}",
    )
    marked = replace(own, sql=f"SELECT {columns}, {counts} FROM {source}", columns=(*own.columns, added))
    views = tuple(marked if view is own else view for view in shop.views)
    return replace(shop, views=views), replace(money, view=marked, sold=sold)


def _states(view: View | None) -> list[ViewColumn]:
    """Columns that tell states, those of payment first."""
    columns = view.columns if view is not None else ()
    found = [c for c in columns if c.type == "text" and _STATE.search(" ".join(read_name(c.name)))]
    return sorted(found, key=lambda c: not _PAID.search(" ".join(read_name(c.name))))


def _values(workspace: Workspace, view: View, column: ViewColumn) -> list[str]:
    name, table = (quoted(n, workspace.catalog.dialect) for n in (column.name, view.name))
    source = f"(SELECT DISTINCT {name} AS v FROM {table} WHERE {name} IS NOT NULL) AS states"
    try:
        rows = workspace.run(f"SELECT v FROM {source} ORDER BY v LIMIT {MAX_STATES + 1}").rows
        return [str(row[0]) for row in rows]
    except SqlError as error:
        logger.info("not looked at: %s", type(error).__name__)
        return []
