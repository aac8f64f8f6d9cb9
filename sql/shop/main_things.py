"""The plain words for what a shop lives by, its orders, customers and products, however tables are called.

Where orders are in ``so_hdr`` or 订单主表 and customers in 会员, people still say "orders" and 客户.
"""

from __future__ import annotations

from dataclasses import replace

from sql.semantics import Metric, Shop, View
from sql.shop.drafting import counted_words
from sql.shop.trade_words import in_both, spaced, words_for

MAIN_THINGS = ("order", "customer", "product")


def with_plain_words(shop: Shop) -> Shop:
    """The shop whose bound things are also called plainly, where nothing else of it is."""
    for part in MAIN_THINGS:
        view = _view_of(shop, part)
        if view is None:
            continue
        taken = {word.lower() for other in shop.views if other.name != view.name for word in _words(other)}
        if {part, f"{part}s"} & taken:
            continue
        plain = dict.fromkeys([part, in_both(part)[1], *words_for(part)])
        free = tuple(w for w in plain if w and w.lower() not in taken | _words(view))
        shop = replace(
            shop,
            views=tuple(
                replace(v, synonyms=(*v.synonyms, *free)) if v.name == view.name else v for v in shop.views
            ),
            metrics=_counted_plainly(shop, view, part),
        )
    return shop


def _counted_plainly(shop: Shop, view: View, part: str) -> tuple[Metric, ...]:
    """The metrics with plain words for the one that counts a view's rows."""
    taken = {word.lower() for metric in shop.metrics for word in metric.synonyms}
    more = tuple(word for word in dict.fromkeys(counted_words(part)) if word.lower() not in taken)
    return tuple(
        replace(metric, synonyms=(*metric.synonyms, *more))
        if metric.view == view.name and metric.sql == "COUNT(*)"
        else metric
        for metric in shop.metrics
    )


def _view_of(shop: Shop, part: str) -> View | None:
    """The view whose rows a bound column tells apart: where its link leads, or where it is the key."""
    name, _, column = shop.bindings.get(part, "").rpartition(".")
    home = shop.view(name)
    if home is None:
        return None
    target = shop.view(home.refs.get(column, ""))
    if target is not None:
        return target
    if home.key == (column,):
        return home
    # an order's number stands beside its key; the name of a customer on an order makes no customers of orders
    is_pointed_at = any(home.name in other.refs.values() for other in shop.views)
    return home if part == "order" and len(home.key) == 1 and is_pointed_at else None


def _words(view: View) -> set[str]:
    return {view.name.lower(), spaced(view.name), *(word.lower() for word in view.synonyms)}
