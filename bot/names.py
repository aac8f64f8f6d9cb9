"""What the columns of a result are called in the asker's language, and their units."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sql.semantics import Metric, Shop, ViewColumn
from sql.types import Table

_HAN = re.compile(r"[\u4e00-\u9fff]")


def _named(shop: Shop, name: str) -> Iterator[Metric | ViewColumn]:
    """Metrics, then columns of views, of that name in any letter case."""
    for metric in shop.metrics:
        if metric.name.lower() == name.lower():
            yield metric
    for view in shop.views:
        column = view.column(name)
        if column is not None:
            yield column


def title_of(shop: Shop, name: str, language: str) -> str:
    """A readable name for the column ``name`` of a result: the shop's own Chinese word, or the words of it.

    Not escaped. A name that the shop does not know may have been made up by the model: it is used as words,
    but never with digits in it, since a number in a name would have no receipt.
    """
    known = list(_named(shop, name))
    if language == "zh":
        for thing in known:
            word = next((s for s in thing.synonyms if _HAN.search(s)), None)
            if word is not None:
                return word
    words = re.sub(r"[^\w%]+|_", " ", name).strip() or name
    if not known:
        words = re.sub(r"\d+", "", words).strip()
    return words or ("数值" if language == "zh" else "value")


def unit_of(shop: Shop, table: Table, name: str) -> str:
    """The unit of a result's column: the result's own label, else that of the metric or column so named."""
    label = table.labels.get(name)
    if label is not None:
        return label
    return next((thing.unit for thing in _named(shop, name) if thing.unit), "")


def view_title(shop: Shop, name: str, language: str) -> str:
    """A readable name for a view."""
    view = shop.view(name)
    if view is not None and language == "zh":
        return next((s for s in view.synonyms if _HAN.search(s)), name.replace("_", " "))
    return name.replace("_", " ")
