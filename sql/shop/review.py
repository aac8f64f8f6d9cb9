"""The few things about a first description that only the owner knows, asked with rows that raise them.

Each question has choices, the first of which is what the draft took. An answer changes the description, which
stays as readable as before.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace

from sql.databases.contents import expression
from sql.errors import SqlError
from sql.names import quoted
from sql.semantics import Shop, View
from sql.shop.describe import Described
from sql.shop.measures import with_money, with_stock
from sql.shop.money import Money
from sql.shop.sold import find_unsold, without_unsold
from sql.shop.workspace import Workspace
from sql.types import Table

logger = logging.getLogger(__name__)

MAX_QUESTIONS = 7
SHOWN_ROWS = 3


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
    return _divided(money) if ask(question) == 1 else money


def _divided(money: Money) -> Money:
    """Amounts in hundredths as amounts of the currency, those of an order's lines too."""
    parts = _divided(money.parts) if money.parts is not None and money.parts.is_whole else money.parts
    return replace(money, amount=f"({money.amount}) / 100.0", parts=parts)


def _sold(shop: Shop, money: Money, workspace: Workspace, ask: Ask) -> tuple[Shop, Money]:
    """Which states count as sold: of the rows themselves, or of the orders that lines belong to."""
    unsold = find_unsold(shop, money, workspace)
    if unsold is None:
        return shop, money
    states = f"{unsold.column.name} is {', '.join(unsold.states)}"
    question = Question(
        id="sold",
        text=f"Which rows of {unsold.view.name} count as sold? {states}.",
        choices=(f"all but {', '.join(unsold.out)}", "those in every state"),
        rows=_rows(workspace, unsold.view),
    )
    if ask(question) == 1:
        return shop, money
    return without_unsold(shop, money, unsold, workspace.catalog.dialect)


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


def _rows(workspace: Workspace, view: View) -> Table | None:
    columns = ", ".join(quoted(c.name, workspace.catalog.dialect) for c in view.columns)
    try:
        return workspace.run(
            f"SELECT {columns} FROM {quoted(view.name, workspace.catalog.dialect)} LIMIT {SHOWN_ROWS}"
        )
    except SqlError as error:
        logger.info("not shown: %s", type(error).__name__)
        return None
