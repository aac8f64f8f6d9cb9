"""Shoptalk in Python: open a shop, ask it, get an answer with its table, chart and SQL.

>>> import shoptalk
>>> with shoptalk.open("examples/lantern_shop") as shop:  # doctest: +SKIP
...     answer = shop.ask("What was the revenue?")
...     answer.text, answer.df

The same assistant answers as on every other surface; nothing is decided here. See docs/python.md.
"""

from __future__ import annotations

from app.person import Person
from shoptalk.compiled import Compiled
from shoptalk.errors import (
    CannotOpen,
    NotDone,
    Refused,
    ShopClosed,
    ShoptalkError,
    WrongArgument,
    WrongStatement,
)
from shoptalk.opening import Conversation, Shop, open
from shoptalk.shown_answer import Answer

__all__ = [
    "Answer",
    "CannotOpen",
    "Compiled",
    "Conversation",
    "NotDone",
    "Person",
    "Refused",
    "Shop",
    "ShopClosed",
    "ShoptalkError",
    "WrongArgument",
    "WrongStatement",
    "open",
]
