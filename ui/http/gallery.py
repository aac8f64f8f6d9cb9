"""``/reports``: the reports that are kept, in a browser: listed by date, opened, downloaded, deleted.

Plain pages without scripts, behind the same sign-in as the conversation. Everybody sees those that were made
under rights like their own, and no others.
"""

from __future__ import annotations

import datetime as dt
import functools
import itertools
import logging
from collections.abc import Mapping
from typing import Any, Literal

from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from app.desk import Desk
from app.house import Seat
from app.person import Person
from app.reports import archive_of, built_report, delete_report, may_delete
from app.rooms import Room
from jobs.report.described import all_reports, read_report
from jobs.report.errors import NothingToReport, PdfUnavailable, ReportCorrupt, UnknownReport
from jobs.report.pdf import to_pdf
from jobs.report.render import to_html
from jobs.report.types import Language, Report
from jobs.report.weeks_and_months import Span, parse_span
from sql.errors import ShopFileError
from telling.phrases import Words
from ui.http.identity import person_of
from ui.http.problems import Problem, language_of, words_in

logger = logging.getLogger(__name__)

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",  # with "no-referrer" a form's Origin is "null"
    "X-Content-Type-Options": "nosniff",
}


def gallery_routes(desk: Desk) -> list[BaseRoute]:
    """The routes; each answers in a thread of its own."""
    gallery = _Gallery(desk)

    async def write(request: Request) -> Response:
        async with request.form(max_files=0, max_fields=3, max_part_size=200) as form:
            said = {key: str(form.get(key, "")).strip() for key in ("name", "when")}
        return await run_sync(functools.partial(gallery.write, request, said))

    return [
        Route("/reports", gallery.show, methods=["GET"]),
        Route("/reports", write, methods=["POST"]),
        Route("/reports/{id}", gallery.open, methods=["GET"]),
        Route("/reports/{id}/html", gallery.html, methods=["GET"]),
        Route("/reports/{id}/pdf", gallery.pdf, methods=["GET"]),
        Route("/reports/{id}/delete", gallery.delete, methods=["POST"]),
    ]


class _Gallery:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def show(self, request: Request) -> Response:
        return self._page(request)

    def open(self, request: Request) -> Response:
        return HTMLResponse(to_html(self._report(request)), headers=HEADERS)

    def html(self, request: Request) -> Response:
        return file_of(self._report(request), "html")

    def pdf(self, request: Request) -> Response:
        return file_of(self._report(request), "pdf")

    def write(self, request: Request, said: Mapping[str, str]) -> Response:
        """Build the report that a form asks for, and open it."""
        person, words = person_of(request.scope), _words(request)
        self._desk.admit(person)
        seat = self._seat(person)
        try:
            with self._desk.busy():
                when = self._when(said, person)
                language: Language = "zh" if words.language == "zh" else "en"
                built = built_report(seat, said["name"], when=when, language=language)
        except ValueError:
            return self._page(request, problem=words.say("gallery_bad_time", text=said["when"]), status=422)
        except UnknownReport:
            return self._page(request, problem=words.say("gallery_unknown", name=said["name"]), status=404)
        except ShopFileError as error:
            logger.warning("%s", error)
            return self._page(request, problem=words.say("gallery_bad_file"), status=409)
        except NothingToReport:
            return self._page(request, problem=words.say("gallery_nothing"), status=404)
        return RedirectResponse(f"/reports/{built.id}", status_code=303)

    def delete(self, request: Request) -> Response:
        person = person_of(request.scope)
        with self._seat(person).audited_room("report", f"delete {_id(request)}") as room:
            delete_report(room, _id(request), person)
        return RedirectResponse("/reports", status_code=303)

    def _seat(self, person: Person) -> Seat:
        return self._desk.house.at(self._desk.shop, person)

    # ---- what there is ------------------------------------------------------------------------------------

    def _report(self, request: Request) -> Report:
        person = person_of(request.scope)
        with self._seat(person).audited_room("report", _id(request)) as room:
            return archive_of(room).load(_id(request))

    def _when(self, said: Mapping[str, str], person: Person) -> Span | None:
        """Raises ``ValueError`` for what is no time of that report's."""
        if not said["when"]:
            return None
        with self._desk.house.room(self._desk.shop, person) as room:
            tools = room.assistant(person).tools
            described = read_report(said["name"], tools.workspace.shop, tools.jobs)
        return parse_span(said["when"], described.unit)

    def _page(self, request: Request, *, problem: str = "", status: int = 200) -> Response:
        person, words = person_of(request.scope), _words(request)
        with self._seat(person).audited_room("report", "past reports") as room:
            entries = _entries(room)
            role = room.workspace.role
            template = _templates().get_template("gallery.html")
            page = template.render(
                words=words,
                shop=room.workspace.shop.name,
                role=role.name,
                problem=problem,
                names=_names(room, person, words) if role.minimum_group is None else [],
                months=[(key, list(group)) for key, group in itertools.groupby(entries, _month)],
                may_delete=may_delete(room, person),
            )
        return HTMLResponse(page, status_code=status, headers=HEADERS)


def _id(request: Request) -> str:
    return str(request.path_params["id"])[:80]


def _words(request: Request) -> Words:
    return words_in(language_of(request.headers))


def _names(room: Room, person: Person, words: Words) -> list[tuple[str, str]]:
    tools = room.assistant(person).tools
    try:
        found = all_reports(tools.workspace.shop, tools.jobs)
    except ShopFileError as error:
        logger.warning("%s", error)
        return []
    return [(each.name, each.title(words.language)) for each in found]


def _entries(room: Room) -> list[dict[str, str]]:
    """The kept reports, the newest first; what cannot be read is logged and left out."""
    archive, found = archive_of(room), []
    for id in archive.ids():
        try:
            report = archive.load(id)
        except ReportCorrupt as error:
            logger.warning("%s", error)
            continue
        last = report.end - dt.timedelta(days=1)
        start, end = report.start.isoformat(), last.isoformat()
        found.append({"id": id, "title": report.title, "start": start, "last": end})
    return sorted(found, key=lambda entry: (entry["last"], entry["id"]), reverse=True)


def _month(entry: Mapping[str, str]) -> str:
    return entry["last"][:7]


def file_of(report: Report, form: Literal["html", "pdf"]) -> Response:
    """The report as a file to be kept.

    Raises:
        Problem: no PDF can be made here.
    """
    name = {"Content-Disposition": f'attachment; filename="{report.id}.{form}"'}
    if form == "html":
        return HTMLResponse(to_html(report), headers={**HEADERS, **name})
    try:
        made = to_pdf(report)
    except PdfUnavailable as error:
        logger.warning("%s", error)
        raise Problem("no_pdf", 501) from error
    return Response(made.content, media_type="application/pdf", headers={**HEADERS, **name})


@functools.cache
def _templates() -> Any:
    import jinja2

    return jinja2.Environment(
        loader=jinja2.PackageLoader("ui.http"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
