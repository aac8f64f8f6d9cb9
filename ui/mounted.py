"""What a serving process shows beside its page and ``/v1``, by path; behind the same sign-in and desk."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import ASGIApp

from app.desk import Desk
from app.progress import say
from ui.errors import CannotServe
from ui.http.identity import person_of


def mounts_for(desk: Desk) -> dict[str, ASGIApp]:
    """Each surface whose package is there, at its path; of one that is missing a line says how to get it."""
    try:
        return {"/mcp": _mcp(desk)}
    except CannotServe as error:
        say(f"Nothing is served at /mcp. {error}")
        return {}


def _mcp(desk: Desk) -> ASGIApp:
    from ui.mcp import mcp_app

    app = mcp_app(desk, lambda request: person_of(request.scope), hosts=None)
    return Starlette(routes=[Route("/mcp", app)], lifespan=lambda _: app.running())
