"""The resources: views, metrics and past reports, as the one who reads them may see them."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from urllib.parse import quote, unquote

import mcp_types as types

from app.house import Seat
from app.rooms import Room
from jobs.report.archive import Archive
from jobs.report.errors import ReportError
from sql.errors import SqlError
from ui.mcp.errors import ToolFault
from ui.mcp.shapes import MetricShape, ViewShape
from ui.mcp.tools import metrics_of, views_of
from ui.present import word

logger = logging.getLogger(__name__)

SCHEME = "shoptalk://"
JSON, MARKDOWN = "application/json", "text/markdown"


def list_resources(seat: Seat) -> list[types.Resource]:
    """What that person may read; past reports of the last months are built when they are missing."""
    with seat.room() as room:
        views, metrics = views_of(room), metrics_of(room)
    found = [_resource("views", view.name, view.description, JSON) for view in views]
    found += [_resource("metrics", metric.name, metric.description, JSON) for metric in metrics]
    return found + [_resource("reports", id, "A past report.", MARKDOWN) for id in _report_ids(seat)]


def read_resource(seat: Seat, uri: str) -> types.TextResourceContents:
    """What stands at ``uri``.

    Raises:
        ToolFault: nothing that this person may read.
    """
    kind, _, name = uri.removeprefix(SCHEME).partition("/")
    name = unquote(name)
    with seat.room() as room:
        described: dict[str, Sequence[ViewShape | MetricShape]] = {
            "views": views_of(room),
            "metrics": metrics_of(room),
        }
    shape = next((each for each in described.get(kind, ()) if each.name == name), None)
    if uri.startswith(SCHEME) and shape is not None:
        text = shape.model_dump_json(indent=1)
        return types.TextResourceContents(uri=uri, text=text, mime_type=JSON)
    if uri.startswith(SCHEME) and kind == "reports" and name in _report_ids(seat):
        return types.TextResourceContents(uri=uri, text=_report(seat, name), mime_type=MARKDOWN)
    raise ToolFault("mcp_no_resource")


def _resource(kind: str, name: str, description: str, mime_type: str) -> types.Resource:
    uri = f"{SCHEME}{kind}/{quote(name, safe='')}"
    return types.Resource(uri=uri, name=name, description=description or None, mime_type=mime_type)


def _report_ids(seat: Seat) -> tuple[str, ...]:
    """Ids of the past reports; none where they cannot be built now: the views can be read all the same."""
    try:
        with seat.audited_room("report", "past reports") as room:
            archive = _archive(room)
            return archive.ids() if archive is not None else ()
    except (ReportError, SqlError) as error:
        logger.warning("Past reports cannot be listed: %s", type(error).__name__)
        return ()


def _archive(room: Room) -> Archive | None:
    return room.shared.library.archive(room.workspace)


def _report(seat: Seat, id: str) -> str:
    from jobs.report.render import to_markdown

    with seat.audited_room("report", id) as room:
        archive = _archive(room)
        assert archive is not None  # it has an id
        report = archive.load(id)
    return f"{word('mcp_report', report.language)}\n\n{to_markdown(report)}"
