"""The few things about a first description that only the owner knows, asked with rows that raise them.

Each question has choices, the first of which is what the draft took. An answer changes the description, which
stays as readable as before.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from sql.databases.contents import expression
from sql.errors import SqlError
from sql.names import quoted
from sql.semantics import Shop, View, ViewColumn
from sql.shop.describe import Described
from sql.shop.measures import Money, with_money, with_stock
from sql.shop.trade_words import read_name
from sql.shop.workspace import Workspace
from sql.types import Dialect, Table

MAX_QUESTIONS = 7
MAX_STATES = 12
"""Different values up to which a column tells states."""
SHOWN_ROWS = 3
_STATE = re.compile(r"\b(?:status|state|stage)\b|状态")
_NOT_SOLD = re.compile(
    r"cancel|void|refund|return|fail|reject|declin|draft|quote|test|unpaid|pending|取消|关闭|退|失败|作废|待付|未付",
    re.I,
)
COUNTS = "counts_as_sold"
"""The column that tells which lines count."""


@dataclass(frozen=True, kw_only=True)
class Question:
    """Something that only the owner knows."""

    id: str
    text: str
    choices: tuple[str, ...]
    """The first is what the draft took."""
    rows: Table | None = None
    """A few rows that raise it."""


Ask = Callable[[Question], int]
"""The place of the choice that is taken, from 0."""


def reviewed(described: Described, workspace: Workspace, ask: Ask) -> Shop:
    """The description with the answers; at most :data:`MAX_QUESTIONS` are asked.

    Args:
        workspace: the described shop, opened.
    """
    shop, left = described.shop, MAX_QUESTIONS

    def answer(question: Question) -> int:
        nonlocal left
        left -= 1
        place = ask(question) if left >= 0 else 0
        if not 0 <= place < len(question.choices):
            raise ValueError(
                f"{question.id} has {len(question.choices)} choices, counted from 1; not {place + 1}"
            )
        return place

    money = list(described.measured.money)
    if money:
        chosen = money[_which_money(money, workspace, answer)] if len(money) > 1 else money[0]
        chosen = _in_whole_units(chosen, shop, workspace, answer)
        shop, chosen = _sold(shop, chosen, workspace, answer)
        shop = replace(shop, metrics=described.measured.others)
        shop = with_stock(with_money(shop, chosen, workspace.catalog.dialect), workspace.catalog.dialect)
    for (view, column), reading in described.readings.items():
        if not reading.is_sure and reading.kind != "number":
            shop = _other_order(shop, view, column, described, workspace, answer)
    return shop


# ---- the questions ----------------------------------------------------------------------------------------


def _which_money(money: list[Money], workspace: Workspace, ask: Ask) -> int:
    some = money[:4]
    return ask(
        Question(
            id="revenue",
            text="Which is your revenue?",
            choices=tuple(f"{each.told} of {each.view.name}" for each in some),
            rows=_rows(workspace, some[0].view),
        )
    )


def _in_whole_units(money: Money, shop: Shop, workspace: Workspace, ask: Ask) -> Money:
    if not (money.is_whole and shop.currency):
        return money
    question = Question(
        id="cents",
        text=f"{money.told} of {money.view.name} holds whole numbers. What are they?",
        choices=(f"whole {shop.currency}", "cents, to be divided by 100"),
        rows=_rows(workspace, money.view),
    )
    return replace(money, amount=f"{money.amount} / 100.0") if ask(question) == 1 else money


def _sold(shop: Shop, money: Money, workspace: Workspace, ask: Ask) -> tuple[Shop, Money]:
    """Which states count as sold: of the rows themselves, or of the orders that lines belong to."""
    dialect = workspace.catalog.dialect
    own = shop.view(money.view.name)
    order = shop.view(own.refs.get(money.order or "", "")) if own is not None else None
    for view in (own, order):
        column = _state(view)
        if view is None or column is None:
            continue
        states = _values(workspace, view, column)
        out = [state for state in states if _NOT_SOLD.search(state)]
        if not 1 < len(states) <= MAX_STATES or not out or len(out) == len(states):
            continue
        question = Question(
            id="sold",
            text=f"Which rows of {view.name} count as sold? {column.name} is {', '.join(states)}.",
            choices=("those in every state", f"all but {', '.join(out)}"),
            rows=_rows(workspace, view),
        )
        if ask(question) != 1:
            return shop, money
        listed = ", ".join(_literal(state) for state in out)
        name = quoted(column.name, dialect)
        if view is own:
            return shop, replace(money, sold=f"({name} IS NULL OR {name} NOT IN ({listed}))")
        key, link = quoted(view.key[0], dialect), quoted(money.order or "", dialect)
        bad = f"SELECT {key} FROM {quoted(view.name, dialect)} WHERE {name} IN ({listed})"
        counts = f"CASE WHEN {link} IN ({bad}) THEN 0 ELSE 1 END AS {COUNTS}"
        assert own is not None
        marked = _with_column(own, counts, f"1 where {column.name} is none of {', '.join(out)}", dialect)
        views = tuple(marked if v is own else v for v in shop.views)
        return replace(shop, views=views), replace(money, view=marked, sold=f"{COUNTS} = 1")
    return shop, money


def _other_order(
    shop: Shop, view_name: str, column: str, described: Described, workspace: Workspace, ask: Ask
) -> Shop:
    view, reading = shop.view(view_name), described.readings[view_name, column]
    if view is None or view.sql is None:
        return shop
    question = Question(
        id=f"dates:{view_name}.{column}",
        text=f"No value of {view_name}.{column} tells whether its days or its months come first. Which do?",
        choices=("days (03/05 is in May)", "months (03/05 is in March)"),
        rows=_rows(workspace, view),
    )
    if ask(question) != 1:
        return shop
    dialect = workspace.catalog.dialect
    before, after = (expression(r, column, dialect) for r in (reading, replace(reading, order="mdy")))
    changed = replace(view, sql=view.sql.replace(before, after))
    return replace(shop, views=tuple(changed if v is view else v for v in shop.views))


# ---- views and rows ---------------------------------------------------------------------------------------


def _state(view: View | None) -> ViewColumn | None:
    columns = view.columns if view is not None else ()
    found = [c for c in columns if c.type == "text" and _STATE.search(" ".join(read_name(c.name)))]
    paid = [c for c in found if re.search("financial|payment|支付", " ".join(read_name(c.name)))]
    return next(iter(paid or found), None)


def _with_column(view: View, sql: str, description: str, dialect: Dialect) -> View:
    columns = ", ".join(quoted(c.name, dialect) for c in view.columns)
    source = f"({view.sql}) AS rows_before" if view.sql else quoted(view.name, dialect)
    added = ViewColumn(name=COUNTS, type="integer", description=description)
    return replace(view, sql=f"SELECT {columns}, {sql} FROM {source}", columns=(*view.columns, added))


def _values(workspace: Workspace, view: View, column: ViewColumn) -> list[str]:
    name, table = (quoted(n, workspace.catalog.dialect) for n in (column.name, view.name))
    asked = (
        f"SELECT DISTINCT {name} AS v FROM {table} WHERE {name} IS NOT NULL ORDER BY 1 LIMIT {MAX_STATES + 1}"
    )
    try:
        return [str(row[0]) for row in workspace.run(asked).rows]
    except SqlError:
        return []


def _rows(workspace: Workspace, view: View) -> Table | None:
    columns = ", ".join(quoted(c.name, workspace.catalog.dialect) for c in view.columns)
    try:
        return workspace.run(
            f"SELECT {columns} FROM {quoted(view.name, workspace.catalog.dialect)} LIMIT {SHOWN_ROWS}"
        )
    except SqlError:
        return None


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
