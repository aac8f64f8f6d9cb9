"""``/v1/conversations``: those that one person has on the page."""

from __future__ import annotations

import datetime as dt
from typing import Any

from anyio.to_thread import run_sync
from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, Response

from app.conversations import Conversations
from app.desk import Desk
from app.page_talks import Listed, PageTalks
from ui.http.identity import person_of
from ui.http.problems import Problem
from ui.http.requests import ANSWER, Change, problems

EXAMPLE = {
    "id": ANSWER["conversation"],
    "title": ANSWER["question"],
    "used_at": "2026-06-01T09:30:00+00:00",
    "shared": False,
}


def conversation_routes(desk: Desk, talks: Conversations) -> APIRouter:
    """The routes."""
    routes = APIRouter(tags=["conversations"])

    def of(request: Request) -> PageTalks:
        return PageTalks(talks, desk.house, desk.shop, person_of(request.scope))

    @routes.get(
        "/conversations",
        summary="List or search your conversations on the page",
        response_class=JSONResponse,
        responses={
            200: {"content": {"application/json": {"example": {"conversations": [EXAMPLE]}}}},
            **problems(("body_invalid", 422), ("store_away", 503)),
        },
    )
    async def list_them(
        request: Request,
        text: str = Query(default="", max_length=200, description="Words of the name or of a question."),
    ) -> Response:
        found = await run_sync(of(request).listed, text)
        return JSONResponse({"conversations": [_json(each) for each in found]})

    @routes.patch(
        "/conversations/{id}",
        summary="Rename a conversation, or share it",
        response_class=JSONResponse,
        responses={
            200: {"content": {"application/json": {"example": EXAMPLE}}},
            **problems(
                ("body_json", 400), ("conversation_missing", 404), ("body_invalid", 422),
                ("title_empty", 422), ("store_away", 503),
            ),
        },
    )  # fmt: skip
    async def change(id: str, body: Change, request: Request) -> Response:
        return JSONResponse(_json(await run_sync(_changed, of(request), id, body)))

    @routes.delete(
        "/conversations/{id}",
        summary="Delete a conversation for good",
        status_code=204,
        responses=problems(("conversation_missing", 404), ("store_away", 503)),
    )
    async def delete(id: str, request: Request) -> Response:
        await run_sync(of(request).delete, id)
        return Response(status_code=204)

    return routes


def _changed(talks: PageTalks, id: str, body: Change) -> Listed:
    listed = None
    if body.title is not None:
        try:
            listed = talks.rename(id, body.title.encode("utf-8", "replace").decode("utf-8"))
        except ValueError as error:
            raise Problem("title_empty", 422) from error
    if body.shared is not None:
        listed = talks.share(id, body.shared)
    if listed is None:
        raise Problem("body_invalid", 422)
    return listed


def _json(listed: Listed) -> dict[str, Any]:
    used_at = dt.datetime.fromtimestamp(listed.used_at, dt.UTC).isoformat(timespec="seconds")
    return {"id": listed.id, "title": listed.title, "used_at": used_at, "shared": listed.is_shared}
