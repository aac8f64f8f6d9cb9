"""Statements about orders, as the asker's role may see them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.errors import Declined
from bot.job import Request
from jobs.card_reading import CardReader
from jobs.order_card.order_places import find_places
from sql.semantics import View
from telling.phrases import escape_markdown
from telling.titles import title_of, view_title

if TYPE_CHECKING:
    from sql.shop.workspace import Workspace


class Reader(CardReader):
    """Reads the orders of one shop as one role.

    Raises:
        Declined: the role may not see orders, or their numbers.
    """

    def __init__(self, request: Request, workspace: Workspace) -> None:
        super().__init__(request, workspace)
        self.places = find_places(workspace.shop)
        self.codes = frozenset({self.places.number, self.places.key, self.places.state})
        self.orders = self._seen_orders()
        """As the role sees it."""
        is_seen = self.orders.column(self.places.key) is not None
        self.key = self.places.key if is_seen else self.places.number
        """The column by which one order is told from others."""

    def _seen_orders(self) -> View:
        view, number, language = self.places.orders, self.places.number, self.request.language
        seen = self.seen(view.name)
        if seen is not None and seen.column(number) is not None:
            return seen
        name = (
            view_title(self.shop, view.name, language)
            if seen is None
            else title_of(self.shop, number, language)
        )
        role = escape_markdown(self.workspace.role.name)
        raise Declined("hidden", {"names": escape_markdown(name), "role": role})
