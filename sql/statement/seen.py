"""The shop as a role sees it: what statements are compiled against, on every surface.

What is hidden is left out whole, so that it gets the words of what is not there; no fault can name it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sql.question.linking import visible_metrics
from sql.semantics import Metric, Shop, View
from sql.types import Dialect

if TYPE_CHECKING:
    from sql.shop.workspace import Workspace


def seen_shop(workspace: Workspace) -> Shop:
    """The description with the views, columns, links and metrics that the workspace's role sees."""
    views, dialect = workspace.guard.views, workspace.catalog.dialect
    names = {view.name.lower() for view in views}
    metrics = visible_metrics(workspace.shop.metrics, views, dialect)
    return replace(
        workspace.shop,
        views=tuple(_seen_view(view, names) for view in views),
        metrics=tuple(_seen_metric(metric, views, dialect) for metric in metrics),
    )


def _seen_view(view: View, names: set[str]) -> View:
    """Without links, key and time that lead over what is hidden."""
    refs = {c: t for c, t in view.refs.items() if view.column(c) is not None and t.lower() in names}
    key = view.key if all(view.column(c) is not None for c in view.key) else ()
    time = view.time if view.time is not None and view.column(view.time) is not None else None
    return replace(view, refs=refs, key=key, time=time)


def _seen_metric(metric: Metric, views: tuple[View, ...], dialect: Dialect) -> Metric:
    """Without parts of which something is hidden: then the whole is all there is."""
    if metric.parts is None or visible_metrics([metric.parts], views, dialect):
        return metric
    return replace(metric, parts=None)
