"""The web application: who asks is found out first, then the page, ``/v1``, and whatever else is mounted."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from fastapi import FastAPI
from fastapi.middleware import Middleware
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from app.conversations import Conversations
from app.desk import Desk
from app.feedback_log import FeedbackLog
from app.keyring import Keyring
from app.person import Person
from app.provider import CALLBACK, Provider
from app.sign_ins import SignIns
from ui.http.ask_routes import ask_routes
from ui.http.asking import Questions
from ui.http.bodies import Bodies
from ui.http.conversation_routes import conversation_routes
from ui.http.forget_routes import forget_routes
from ui.http.gallery import gallery_routes
from ui.http.identity import BEGIN, Identity
from ui.http.look_routes import look_routes
from ui.http.openai_routes import openai_routes
from ui.http.problems import HANDLED, Problem, handle
from ui.http.request_ids import RequestIds
from ui.http.sign_in import SignIn

DESCRIPTION = (
    "Questions about one shop in plain words, English or Chinese; every figure in an answer comes from "
    "a cell of a table beside it. Errors are problem documents (RFC 9457)."
)


def build_service(
    desk: Desk,
    keyring: Keyring,
    *,
    local: Person | None,
    page: ASGIApp | None = None,
    mounts: Mapping[str, ASGIApp] | None = None,
    signed: Mapping[str, ASGIApp] | None = None,
) -> ASGIApp:
    """Everything that one process serves.

    Args:
        local: see :class:`ui.http.identity.Identity`; nobody is where the settings name a provider.
        page: the chat page, at ``/``.
        mounts: path → another surface (``{"/mcp": …}``), which gets the requests to that path and below as
            they came. Only people who may reach it; it finds who asks with
            :func:`ui.http.identity.person_of`, asks through ``desk``, and its lifespan runs with this one.
        signed: the same for what brings no key, for its requests are signed: everybody reaches it, and it
            refuses by itself what bears no valid signature.
    """
    house, questions = desk.house, Questions(desk)
    provider = Provider.of(house.settings)
    sign_in = SignIn(keyring, provider, SignIns(house.store))
    signed = signed or {}
    mounts = {**(mounts or {}), **signed}
    talks = Conversations(house.store, house.shared.forgotten.times)
    v1 = _build_v1(desk, questions, talks)

    async def healthz(request: Request) -> Response:
        return JSONResponse({"status": "alive"})

    async def readyz(request: Request) -> Response:
        if desk.state == "ready":
            return JSONResponse({"status": "ready"})
        keys = {"starting": "not_ready", "failed": "not_ready_failed", "stopping": "stopping"}
        raise Problem(keys[desk.state], 503)

    async def metrics(request: Request) -> Response:
        return Response(generate_latest(desk.registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            stack.callback(questions.close)
            stack.callback(talks.close)
            for each in (*mounts.values(), page):
                router = getattr(each, "router", None)
                if isinstance(router, Router):
                    await stack.enter_async_context(router.lifespan_context(each))
            yield

    routes: list[BaseRoute] = [
        Route("/healthz", healthz),
        Route("/readyz", readyz),
        Route("/metrics", metrics),
        Route("/sign-in", sign_in.show, methods=["GET"]),
        Route("/sign-in", sign_in.enter, methods=["POST"]),
        Route(BEGIN, sign_in.begin, methods=["GET"]),
        Route(CALLBACK, sign_in.end, methods=["GET"]),
        Route("/sign-out", sign_in.leave, methods=["POST"]),
        Route("/role", sign_in.choose_role, methods=["POST"]),
        *gallery_routes(desk),
        Mount("/v1", v1),
        *(Route(place, each) for path, each in mounts.items() for place in (path, f"{path}/{{rest:path}}")),
        *([Mount("", page)] if page is not None else []),
    ]
    service = Starlette(
        routes=routes,
        lifespan=lifespan,
        exception_handlers=_HANDLERS,
        middleware=[
            Middleware(Identity, keyring=keyring, local=None if provider else local, signed=tuple(signed)),
            Middleware(Bodies, prefixes=("/v1/", "/sign-", "/role", "/reports", *mounts)),
            Middleware(UnderWay, desk=desk),
        ],
    )
    named = [route.path for route in routes if isinstance(route, Route)]
    named += [f"/v1{path}" for path in v1.openapi()["paths"]]
    # Around all of it, and no middleware: those are inside of what answers when something breaks.
    return RequestIds(service, paths=["/", *named])


_HANDLERS: dict[Any, Any] = dict.fromkeys(HANDLED, handle)


def _build_v1(desk: Desk, questions: Questions, talks: Conversations) -> FastAPI:
    house = desk.house
    v1 = FastAPI(
        title="Shoptalk",
        version="1",
        description=DESCRIPTION,
        docs_url=None,  # its scripts would come from elsewhere
        redoc_url=None,
        exception_handlers=_HANDLERS,
    )
    v1.include_router(
        ask_routes(
            desk,
            questions,
            talks,
            FeedbackLog.of(house.settings, house.store, house.shared.forgotten.times),
        )
    )
    v1.include_router(openai_routes(desk, questions, talks))
    v1.include_router(look_routes(desk))
    v1.include_router(forget_routes(desk))
    v1.include_router(conversation_routes(desk, talks))
    return v1


class UnderWay:
    """ASGI middleware: while a request to ``/v1`` is answered, the process does not end."""

    def __init__(self, app: ASGIApp, *, desk: Desk) -> None:
        self._app = app
        self._desk = desk

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http" or not scope["path"].startswith("/v1/"):
            await self._app(scope, receive, send)
            return
        with self._desk.busy():
            await self._app(scope, receive, send)
