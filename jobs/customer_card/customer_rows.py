"""Returns, tickets and reviews of one customer, from the views that are linked to customers."""

from __future__ import annotations

from dataclasses import dataclass, replace

from jobs.card_rows import told_columns
from jobs.customer_card.customer_places import Kind, Linked, open_column, refund_of, says_open
from jobs.customer_card.customer_reading import Reader
from jobs.order_card.order_places import find_places, product_of
from retrieval.corpus import corpus_of
from retrieval.types import Hit
from sql.names import quoted
from sql.types import Table, Value


@dataclass(frozen=True, kw_only=True)
class Block:
    """Rows of a linked view, the latest first."""

    kind: Kind
    view: str
    table: int
    told: int
    """Columns from the first that a line tells; the table has more."""
    open_rows: tuple[int, ...] | None = None
    """Tickets that are still open; ``None`` where nothing says so."""
    refunded: int | None = None
    """One row: how many returns, and the money that went back."""
    hits: tuple[Hit, ...] = ()
    """Reviews, to be cited."""


def block_of(linked: Linked, customer: Value, reader: Reader) -> Block | None:
    """The rows that are the customer's; ``None`` where the role may not see them, which is noted."""
    view, where = reader.seen(linked.view.name), _where(linked, customer, reader)
    if view is None or where is None:
        reader.hide(linked.view.name)
        return None
    if linked.kind == "reviews":
        return _reviews(linked, where, reader)
    links = {linked.by_order, linked.by_customer, *linked.view.refs}
    own = [column for column in linked.view.columns if column.name not in links]
    product = product_of(linked.view, reader.shop)
    told = [name for name in told_columns(linked.view, own, product) if reader.shows(view, name)]
    if not told:
        return None
    rest = [column.name for column in view.columns if column.name not in told]
    time = view.time if view.time is not None and view.column(view.time) is not None else ""
    table = reader.select(view, [*told, *rest], where, by_name=[product], latest_first=time)
    place = reader.keep(table)
    return Block(
        kind=linked.kind,
        view=view.name,
        table=place,
        told=len(told),
        open_rows=_open(linked, table) if linked.kind == "tickets" else None,
        refunded=_refunded(linked, where, reader) if linked.kind == "returns" and table.rows else None,
    )


def _where(linked: Linked, customer: Value, reader: Reader) -> str | None:
    """The condition that ties a linked view's rows to a customer; ``None`` where the role sees no way."""
    view = reader.seen(linked.view.name)
    if view is None or view.column(linked.by_customer or linked.by_order) is None:
        return None
    if linked.by_customer:
        return reader.equals(linked.by_customer, customer)
    places = find_places(reader.shop)
    orders, who = reader.seen(places.orders.name), places.parts["customer"]
    if orders is None or orders.column(who) is None or orders.column(places.key) is None:
        return None
    return reader.refers(linked.by_order, orders, places.key, who, customer)


def _open(linked: Linked, table: Table) -> tuple[int, ...] | None:
    column, names = open_column(linked.view), [each.name for each in table.columns]
    if column is None or column.name not in names:
        return None
    place = names.index(column.name)
    return tuple(number for number, row in enumerate(table.rows) if says_open(column, row[place]))


def _refunded(linked: Linked, where: str, reader: Reader) -> int | None:
    view, name = reader.seen(linked.view.name), refund_of(linked.view)
    if view is None or not name or view.column(name) is None:
        return None
    column = view.column(name)
    unit = (column.unit if column is not None else "") or reader.shop.currency
    table = reader.run(
        f"SELECT COUNT(*) AS returns, SUM({reader.column(name)}) AS {quoted(name, reader.dialect)} "
        f"FROM {reader.source(view)} WHERE {where}"
    )
    return reader.keep(replace(table, labels={"returns": "", name: unit}))


def _reviews(linked: Linked, where: str, reader: Reader) -> Block | None:
    source, view = reader.shop.reviews, reader.seen(linked.view.name)
    assert source is not None and view is not None
    texts = [name for name in source.text if view.column(name) is not None]
    if view.column(source.id) is None or not texts:
        reader.hide(linked.view.name)
        return None
    more = (source.product, source.category, source.rating, source.written_at, source.language)
    names = [source.id, *texts, *(name for name in more if name and view.column(name) is not None)]
    names = list(dict.fromkeys(names))
    time = source.written_at if source.written_at in names else ""
    table = reader.select(view, names, where, latest_first=time or "")
    hits = tuple(
        Hit(document=document, score=1.0, similarity=None)
        for document in corpus_of(table, source, names).documents
    )
    return Block(kind="reviews", view=view.name, table=reader.keep(table), told=len(names), hits=hits)
