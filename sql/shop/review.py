"""The few things about a first description that only the owner knows, asked with rows that raise them.

Each question has choices, the first of which is what the draft took. An answer changes the description, which
stays as readable as before.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

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
    text_zh: str = ""
    """The same in Chinese; empty where nobody wrote it."""
    choices_zh: tuple[str, ...] = ()

    def told(self, language: str) -> tuple[str, tuple[str, ...]]:
        """Text and choices in ``language``; in English where there are no others."""
        if language == "zh" and self.text_zh and len(self.choices_zh) == len(self.choices):
            return self.text_zh, self.choices_zh
        return self.text, self.choices


Ask = Callable[[Question], int]
"""The place of the choice that is taken, from 0."""
Answers = Mapping[str, str]
"""Id of a question → the text of the choice that is taken: a number would mean another choice where the data
have changed meanwhile."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A question, and the place of the choice that was taken, from 0."""

    question: Question
    taken: int

    @property
    def choice(self) -> str:
        """What was taken."""
        return self.question.choices[self.taken]


@dataclass(kw_only=True)
class GivenAnswers:
    """Answers that were given before they are asked for; remembers what was asked.

    What has no answer, or one that is no choice any more, gets what the draft took.
    """

    answers: Answers = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)

    def __call__(self, question: Question) -> int:
        """Take what was answered; see :data:`Ask`."""
        choice = self.answers.get(question.id)
        place = question.choices.index(choice) if choice in question.choices else 0
        self.asked.append(Asked(question=question, taken=place))
        return place


def what_changed(before: Shop, after: Shop) -> tuple[str, ...]:
    """Names of the metrics and views that mean something else in ``after``, or are only in one of both."""
    old, new = _meanings(before), _meanings(after)
    return tuple(
        dict.fromkeys(name for kind, name in (*old, *new) if old.get((kind, name)) != new.get((kind, name)))
    )


def _meanings(shop: Shop) -> dict[tuple[str, str], object]:
    metrics: dict[tuple[str, str], object] = {
        ("metric", m.name): (m.view, m.sql, m.parts) for m in shop.metrics
    }
    return {**metrics, **{("view", v.name): v.sql for v in shop.views}}


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
            text_zh="哪一项是您的销售额？",
            choices_zh=tuple(f"{each.view.name} 的 {each.told}" for each in some),
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
        text_zh=f"{money.view.name} 的 {money.told} 都是整数。它们的单位是什么？",
        choices_zh=(f"整 {shop.currency}", "分，需除以 100"),
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
    states = f"{unsold.column.name} is {', '.join(unsold.states)}" if unsold.values else unsold.told()
    states_zh = f"{unsold.column.name} 有：{'、'.join(unsold.states)}" if unsold.values else unsold.told_zh()
    out = [*(unsold.out if unsold.values else ()), *(mark.told for mark in unsold.marks)]
    out_zh = [*(unsold.out if unsold.values else ()), *(mark.told_zh for mark in unsold.marks)]
    question = Question(
        id="sold",
        text=f"Which rows of {unsold.view.name} count as sold? {states}.",
        choices=(f"all but {', '.join(out)}", "those in every state"),
        text_zh=f"{unsold.view.name} 中哪些行算作已售？{states_zh}。",
        choices_zh=(f"除 {'、'.join(out_zh)} 以外的行", "所有状态的行"),
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
        text_zh=f"{view_name}.{column} 的值看不出日在前还是月在前。哪个在前？",
        choices_zh=("日在前（03/05 是五月）", "月在前（03/05 是三月）"),
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
