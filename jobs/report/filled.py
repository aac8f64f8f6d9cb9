"""Placeholders of a report's statements: what a period is, and what this shop calls the parts that it binds.

``{amount}`` is the column that the shop binds as ``amount``, ``{view of amount}`` the view that it is in,
``{total of amount}`` the metric that sums it, else the sum; ``{count of order}`` the metric that counts its
different values, else their count. Beside the bindings there are the parts of the
reviews. A report is thereby the same for every shop.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from sqlglot import exp

from jobs.changes.headline import is_called_revenue, is_called_units
from jobs.report.weeks_and_months import Span
from sql.semantics import Metric, Shop
from sql.statement.sentence import written_name

if TYPE_CHECKING:
    from bot.job import Tools

PERIODS = ("period", "trend", "unit")
"""Its days; its days and those of the twelve before; its unit of time, in capitals."""
_SUMMED: Mapping[str, Callable[[Metric], bool]] = {"amount": is_called_revenue, "quantity": is_called_units}
_BESIDE = ("product", "category", "country")
REVIEWS = ("review", "rating", "reviewed_product", "reviewed_on")
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_OF = re.compile(r"(?:(view|total|count) of )?([a-z_]+)")


class NotBound(Exception):
    """The shop does not bind a part, or the role may not see it."""

    def __init__(self, part: str) -> None:
        super().__init__(part)
        self.part = part


def check_placeholders(text: str) -> str | None:
    """What is wrong with the placeholders of a text, and the way out; ``None`` where nothing is."""
    for inner in _PLACEHOLDER.findall(text):
        match = _OF.fullmatch(inner)
        if match is None or (match[1] and match[2] in PERIODS):
            return (
                f"there is no placeholder {{{inner}}}; there is {{period}}, {{trend}}, {{unit}}, and for what"
                " the shop binds {amount}, {view of amount}, {total of amount}, {count of order}"
            )
    return "a brace is left open" if set(_PLACEHOLDER.sub("", text)) & set("{}") else None


def parts_in(text: str) -> tuple[str, ...]:
    """The parts that a text names in its placeholders."""
    found = [match[2] for inner in _PLACEHOLDER.findall(text) if (match := _OF.fullmatch(inner))]
    return tuple(dict.fromkeys(part for part in found if part not in PERIODS))


def filled(text: str, span: Span, tools: Tools) -> str:
    """``text`` for this shop, role and period.

    Raises:
        NotBound: it needs a part that there is not for the role.
    """

    def fill(match: re.Match[str]) -> str:
        inner = _OF.fullmatch(match[1])
        assert inner is not None  # the file was checked
        kind, part = inner.groups()
        if part in PERIODS:
            words = {"period": span.words, "trend": span.trend_words, "unit": span.unit.upper()}
            return words[part]
        called = _called(part, tools) if kind in ("view", "total") else None
        if called is not None:
            return written_name(called.view if kind == "view" else called.name)
        view, column = _place(part, tools)
        if kind == "view":
            return written_name(view)
        if kind == "count":
            return _count(view, column, tools)
        return written_name(column) if kind is None else _total(part, column, tools)

    return _PLACEHOLDER.sub(fill, text)


def _place(part: str, tools: Tools) -> tuple[str, str]:
    """View and column of a part, as the role sees them; of one that is not bound what goes by its name."""
    view, _, column = (_bound(part, tools.workspace.shop) or _so_called(part, tools)).partition(".")
    seen = next((v for v in tools.vocabulary.views if v.name.lower() == view.lower()), None)
    found = seen.column(column) if seen is not None and column else None
    if seen is None or found is None:
        raise NotBound(part)
    return seen.name, found.name


def _called(part: str, tools: Tools) -> Metric | None:
    """The metric that goes by a word for a part that is not bound: revenue, units sold."""
    if part not in _SUMMED or _bound(part, tools.workspace.shop):
        return None
    metrics = (metric for metric in tools.vocabulary.metrics if not metric.is_composed)
    return next((metric for metric in metrics if _SUMMED[part](metric)), None)


def _so_called(part: str, tools: Tools) -> str:
    """What such a metric sums; a column called like the part beside the revenue."""
    metric = _called(part, tools)
    if metric is not None:
        column = metric.summed(tools.workspace.catalog.dialect)
        return f"{metric.view}.{column}" if column else ""
    if part in _BESIDE:
        revenue = _called("amount", tools)
        view = revenue.view if revenue else _bound("amount", tools.workspace.shop).partition(".")[0]
        return f"{view}.{part}" if view else ""
    return ""


def _bound(part: str, shop: Shop) -> str:
    if part not in REVIEWS:
        return shop.bindings.get(part, "")
    source = shop.reviews
    if source is None:
        return ""
    columns = (source.id, source.rating, source.product, source.written_at)
    column = dict(zip(REVIEWS, columns, strict=True))[part]
    return f"{source.view}.{column}" if column else ""


def _total(part: str, column: str, tools: Tools) -> str:
    metrics = {"amount": tools.vocabulary.money, "quantity": tools.vocabulary.pieces}.get(part, ())
    return written_name(metrics[0].name) if metrics else f"SUM({written_name(column)})"


def _count(view: str, column: str, tools: Tools) -> str:
    dialect = tools.workspace.catalog.dialect
    for metric in tools.vocabulary.metrics:
        if metric.view.lower() == view.lower():
            tree = metric.tree(dialect).unnest()
            of = tree.this if isinstance(tree, exp.Count) else None
            if isinstance(of, exp.Distinct) and [each.name.lower() for each in of.expressions] == [
                column.lower()
            ]:
                return written_name(metric.name)
    return f"COUNT({written_name(column)})"
