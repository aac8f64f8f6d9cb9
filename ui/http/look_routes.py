"""``GET /v1/search``, ``/v1/reports`` and ``/v1/shop``: what can be looked up without asking a question.

Everything is looked up under the person's role: what it may not see is not named.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, Response

from app.desk import Desk
from app.library import PAST_REPORTS
from app.person import Person
from app.reports import archive_of, delete_report
from app.rooms import Room
from bot.audit import Kind, audited
from bot.job import LANGUAGES
from bot.offers import may_suggest, offered_jobs, suggestions
from jobs.report.types import Report
from ui.command import finite
from ui.http.ask_routes import checked_question
from ui.http.gallery import file_of
from ui.http.identity import person_of
from ui.http.problems import Problem
from ui.http.requests import problems

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

MOST_HITS = 100


def look_routes(desk: Desk) -> APIRouter:
    """The routes."""
    routes = APIRouter(tags=["look up"])

    def room_of(person: Person) -> AbstractContextManager[Room]:
        return desk.house.room(desk.shop, person)

    @routes.get(
        "/search",
        summary="Search the customers' reviews and the past reports",
        response_class=JSONResponse,
        responses=problems(("no_texts", 404), ("body_invalid", 422), ("limit_minute", 429)),
    )
    def search(
        request: Request,
        text: Annotated[
            str, Query(description="What to look for, in English or Chinese.", examples=["battery"])
        ],
        k: Annotated[int, Query(ge=1, le=MOST_HITS, description="Number of hits at most.")] = 10,
    ) -> Response:
        person, text = person_of(request.scope), checked_question(text)
        desk.admit(person)
        with room_of(person) as room:
            if room.texts is None:
                raise Problem("no_texts", 404)
            with _audited(room, "search", text, person):
                hits = room.texts.search(text, k)
        return JSONResponse(finite({"text": text, "hits": [hit.to_json() for hit in hits]}))

    @routes.get("/reports", summary="The reports that are kept", response_class=JSONResponse,
                responses=problems())  # fmt: skip
    def reports(request: Request) -> Response:
        person = person_of(request.scope)
        with room_of(person) as room, _audited(room, "report", "", person):
            archive = archive_of(room)
            if room.workspace.role.minimum_group is None:  # reports know no least group
                archive.keep_past_reports(room.workspace, PAST_REPORTS)
            found = [_entry(archive.load(id)) for id in archive.ids()]
        return JSONResponse({"reports": found})

    @routes.get("/reports/{id}", summary="One report with its tables", response_class=JSONResponse,
                responses=problems(("report_missing", 404)))  # fmt: skip
    def report(request: Request, id: str) -> Response:
        person = person_of(request.scope)
        with room_of(person) as room, _audited(room, "report", id[:64], person):
            found = archive_of(room).load(id)
        return JSONResponse(finite(found.to_json()))

    @routes.get("/reports/{id}/{form}", summary="One report as a page or a PDF", response_class=Response,
                responses=problems(("report_missing", 404), ("no_pdf", 501)))  # fmt: skip
    def report_file(request: Request, id: str, form: Literal["html", "pdf"]) -> Response:
        person = person_of(request.scope)
        with room_of(person) as room, _audited(room, "report", id[:64], person):
            return file_of(archive_of(room).load(id), form)

    @routes.delete("/reports/{id}", summary="Delete a report for all who may read it", status_code=204,
                   responses=problems(("report_not_yours", 403), ("report_missing", 404)))  # fmt: skip
    def delete(request: Request, id: str) -> Response:
        person = person_of(request.scope)
        with room_of(person) as room, _audited(room, "report", f"delete {id[:64]}", person):
            delete_report(room, id, person)
        return Response(status_code=204)

    @routes.get("/shop", summary="What can be asked about", response_class=JSONResponse, responses=problems())
    def shop(request: Request) -> Response:
        person = person_of(request.scope)
        with room_of(person) as room:
            return JSONResponse(_described(room, person))

    return routes


def _audited(room: Room, kind: Kind, text: str, person: Person) -> AbstractContextManager[None]:
    workspace = room.workspace
    who = {"shop": workspace.shop.name, "role": workspace.role.name, "person": person.id}
    return audited(room.shared.log, kind, text, **who, user=person.attributes)


def _entry(report: Report) -> dict[str, str]:
    return {
        "id": report.id,
        "title": report.title,
        "language": report.language,
        "start": report.start.isoformat(),
        "end": report.end.isoformat(),
    }


def _described(room: Room, person: Person) -> dict[str, Any]:
    """Views, columns, metrics and jobs that exist for the person's role."""
    workspace, vocabulary = room.workspace, room.vocabulary
    tools = room.assistant(person).tools
    jobs = [
        job for job in offered_jobs(tools)
        if len(may_suggest([job.utterances[code][0] for code in LANGUAGES], vocabulary)) == len(LANGUAGES)
    ]  # fmt: skip
    return {
        "shop": workspace.shop.name,
        "role": workspace.role.name,
        "currency": workspace.shop.currency,
        "today": workspace.today.isoformat(),
        "views": [
            {
                "name": view.name,
                "description": view.description,
                "columns": [
                    {"name": c.name, "type": c.type, "description": c.description, "unit": c.unit}
                    for c in view.columns
                ],
            }
            for view in vocabulary.views
        ],
        "metrics": [
            {"name": metric.name, "description": metric.description, "unit": metric.unit}
            for metric in vocabulary.metrics
        ],
        "jobs": [
            {
                "name": job.name,
                "description": dict(job.description),
                "utterance": {code: job.utterances[code][0] for code in LANGUAGES},
            }
            for job in jobs
        ],
        "suggestions": {code: list(suggestions(workspace.shop, code, vocabulary)) for code in LANGUAGES},
    }
