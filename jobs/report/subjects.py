"""What a monthly report of this shop can tell its reader: chosen from shop.yml, never assumed.

A view is reported on when the role may see it and it has a time; its metrics are those that the guard lets
through for the role.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlglot import exp

from jobs.report.errors import NothingToReport
from jobs.report.month_sql import ROWS, expression, is_amount
from sql.errors import UnsafeQuery
from sql.semantics import Metric, View, ViewColumn

if TYPE_CHECKING:
    from sql.shop.workspace import Workspace

GROUPS = (
    "category",
    "country",
    "region",
    "reason",
    "topic",
    "status",
    "method",
    "channel",
    "source",
    "segment",
    "department",
)
"""Columns that readers of a business report look for first, most wanted first; others follow in file
order."""
MAIN_GROUPS = 3
"""Break-downs of the main view beside its products."""


@dataclass(frozen=True, kw_only=True)
class Subject:
    """One view of the report."""

    view: View
    metrics: tuple[Metric, ...]
    groups: tuple[ViewColumn, ...]
    """Columns to break the first metric down by."""


def plan(workspace: Workspace) -> tuple[Subject, ...]:
    """The report's subjects, the shop's main one first.

    Raises:
        NothingToReport: no view with a time column that the role may see.
    """
    seen = {view.name.lower(): view for view in workspace.guard.views if view.time and view.column(view.time)}
    if not seen:
        raise NothingToReport(
            f"Shop {workspace.shop.name!r} has no view with a time column that role {workspace.role.name!r} "
            "may see, so there is nothing to report by month. Name one in shop.yml: views: … time: …"
        )
    metrics = {name: _metrics(workspace, view) for name, view in seen.items()}
    main = _main(workspace, list(seen), metrics)
    others = [name for name in seen if name != main and metrics[name]]
    subjects = [_subject(workspace, seen[main], metrics[main] or (ROWS,), is_main=True)]
    subjects += [_subject(workspace, seen[name], metrics[name], is_main=False) for name in others]
    return tuple(subjects)


def _metrics(workspace: Workspace, view: View) -> tuple[Metric, ...]:
    """The view's metrics that the role may compute."""
    found = []
    for metric in workspace.shop.metrics:
        if metric.view.lower() != view.name.lower():
            continue
        try:
            workspace.guard.check(f"SELECT {metric.sql} FROM {view.name}")
        except UnsafeQuery:
            continue
        found.append(metric)
    return tuple(found)


def _main(workspace: Workspace, names: Sequence[str], metrics: dict[str, tuple[Metric, ...]]) -> str:
    """The view that the shop's money is in: as bound, else the first with metrics, else the first."""
    for part in ("amount", "order_date", "quantity"):
        bound = workspace.shop.bindings.get(part, "").split(".")[0].lower()
        if bound in names:
            return bound
    return next((name for name in names if metrics[name]), names[0])


def _subject(workspace: Workspace, view: View, metrics: tuple[Metric, ...], *, is_main: bool) -> Subject:
    # Break-downs rank by the first metric: one of which more means more business, if the view has such a one.
    dialect = workspace.database.dialect
    ordered = sorted(metrics, key=lambda metric: not is_amount(metric, dialect)) if is_main else metrics
    product = workspace.shop.bindings.get("product", "").split(".")[-1] or "product"
    first = [c for c in view.columns if c.name.lower() == product.lower()]
    wanted = {name: place for place, name in enumerate(GROUPS)}
    # A share of failed payments by status would be 0 and 100 %.
    used = {c.name.lower() for c in expression(ordered[0], dialect).find_all(exp.Column)}
    others = sorted(
        (
            c
            for c in view.columns
            if c.type == "text" and c.sampled and c not in first and c.name.lower() not in used
        ),
        key=lambda c: wanted.get(c.name.lower(), len(wanted)),
    )
    if is_main:
        groups = [*first, *others[:MAIN_GROUPS]]
    else:
        # What is special about this view says more than the country or category that every view has.
        special = [c for c in others if c.name.lower() in GROUPS[3:]]
        groups = [*first, *(special or others)[:1]]
    return Subject(view=view, metrics=tuple(ordered), groups=tuple(groups))
