"""Reports of a shop for somebody: built under their role, kept for those who may read the same, deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.errors import MayNotDelete
from app.finding import folder_of
from app.house import Seat
from app.library import archive_in, audience_folder, read_anew
from app.person import Person
from app.rooms import Room
from jobs.report.archive import Archive
from jobs.report.building import make_report, span_for
from jobs.report.described import read_report
from jobs.report.weeks_and_months import Span

if TYPE_CHECKING:
    from pathlib import Path

    from jobs.report.types import Language, Report
    from jobs.report.weeks_and_months import Unit


def built_report(
    seat: Seat, name: str, *, when: Span | Unit | None = None, language: Language | None = None
) -> Report:
    """Build a report, and keep it with those of everybody who may read the same.

    Args:
        when: a week or month; a unit for the last full one of it; ``None`` for that of the report's own.
    Raises:
        UnknownReport, ShopFileError, NothingToReport, SqlError: see
            :func:`jobs.report.building.make_report`.
        ReportNotSaved: the disk refused.
    """
    said = when if isinstance(when, str) else when.key if when is not None else ""
    with seat.audited_room("report", " ".join(filter(None, (name, said, language or "")))) as room:
        tools = room.assistant(seat.person).tools
        span = when if isinstance(when, Span) else None
        if isinstance(when, str):
            described = read_report(name, tools.workspace.shop, tools.jobs)
            span = span_for(described, tools.workspace.today, when)
        report = make_report(tools, name, span=span, language=language)
        archive_of(room).save(report)
    return report


def archive_of(room: Room) -> Archive:
    """The reports that were made under the same rights as the room's, and no others."""
    return archive_in(_folder(room))


def may_delete(room: Room, person: Person) -> bool:
    """Whether somebody may delete for all who read the same: who sees the whole shop, and who sits at the
    computer itself while nobody has a key."""
    return room.workspace.role.is_whole or not person.id


def delete_report(room: Room, id: str, person: Person) -> None:
    """Delete a report for everybody who may read it; what search knew of it goes too.

    Raises:
        MayNotDelete: the role does not see the whole shop.
        ReportMissing: there is none of that id.
    """
    if not may_delete(room, person):
        raise MayNotDelete(room.workspace.role.name)
    archive_of(room).delete(id)
    read_anew(_folder(room))


def _folder(room: Room) -> Path:
    workspace, settings = room.workspace, room.shared.settings
    return audience_folder(folder_of(settings, workspace.shop), workspace.role, workspace.user)
