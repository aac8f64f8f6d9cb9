"""Who asks: nothing but ``/healthz`` and the sign-in is reached without a person, whatever lies behind.

A key (``Authorization: Bearer st_…``), or the cookie of a browser that signed in (``ui.http.sign_in``). Only
where nobody was ever given a key, there is no provider, and on this computer alone, there is the local person
instead. What is mounted behind finds who it is with :func:`person_of`.
"""

from __future__ import annotations

import logging
import re
from http.cookies import CookieError, SimpleCookie
from typing import cast

from anyio.to_thread import run_sync
from starlette.datastructures import Headers, QueryParams
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from app.errors import BadKey, StoreAway, WrongUse
from app.keyring import Keyring
from app.person import Person, is_loopback
from app.provider import CALLBACK
from ui.http.problems import NO_KEY, Problem, problem_of, response_to

logger = logging.getLogger(__name__)

COOKIE = "shoptalk_session"
BEGIN = "/sign-in/provider"
"""Path that leads to the provider."""
OPEN = ("/healthz", "/sign-in", BEGIN, CALLBACK)
"""Paths that need no person."""
_CONVERSATION = re.compile(r"[0-9a-f]{32}")
_SAFE = ("GET", "HEAD", "OPTIONS")
_PROXIED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip")


def person_of(scope: Scope) -> Person:
    """Who sent the request; every application behind :class:`Identity` has one."""
    return cast(Person, scope["state"]["person"])


def is_signed_in(scope: Scope) -> bool:
    """Whether it came from a browser that signed in."""
    return bool(scope["state"].get("is_signed_in"))


class Identity:
    """ASGI middleware that finds out who asks, and lets nobody else through.

    Args:
        keyring: the people and their keys.
        local: who asks while nobody has a key; ``None`` where others than this computer can reach the server.
        signed: paths at and below which every request passes; see :func:`ui.http.service.build_service`.
    """

    def __init__(
        self, app: ASGIApp, *, keyring: Keyring, local: Person | None, signed: tuple[str, ...] = ()
    ) -> None:
        self._app = app
        self._signed = signed
        self._keyring = keyring
        self._local = local

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with its person, or answer it."""
        if scope["type"] == "lifespan" or scope["path"] in OPEN or self._is_signed(scope["path"]):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        try:
            person = await run_sync(self._identify, scope.get("method", "GET"), headers)
        except Problem as problem:
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1008})
                return
            await _refusal(problem, scope, headers)(scope, receive, send)
            return
        is_signed_in = "authorization" not in headers and person is not self._local
        state = {**scope.get("state", {}), "person": person, "is_signed_in": is_signed_in}
        await self._app({**scope, "state": state}, receive, send)

    def _is_signed(self, path: str) -> bool:
        return any(path == each or path.startswith(f"{each}/") for each in self._signed)

    def _identify(self, method: str, headers: Headers) -> Person:
        try:
            has_people = self._keyring.has_people
            if self._local is not None and not has_people:
                _check_own_host(headers)
                check_origin(method, headers)
                return self._local
            authorization = headers.get("authorization")
            if authorization is not None:
                scheme, _, key = authorization.partition(" ")
                if scheme.lower() != "bearer":
                    raise Problem("no_key", 401, headers=NO_KEY)
                return self._keyring.person_of_key(key.strip())
            token = session_of(headers)
            if token is None:
                raise Problem("no_key", 401, headers=NO_KEY)
            check_origin(method, headers)
            return self._keyring.person_of_session(token)
        except (BadKey, StoreAway) as error:
            raise problem_of(error) from error
        except WrongUse as error:  # people.yml
            logger.error("%s", error)
            raise Problem("people_unreadable", 503) from error


def _refusal(problem: Problem, scope: Scope, headers: Headers) -> Response:
    """A browser that looks for the page is led to the sign-in."""
    is_page = scope["method"] == "GET" and "text/html" in headers.get("accept", "")
    if problem.status == 401 and is_page and not scope["path"].startswith("/v1/"):
        opens = conversation_of(QueryParams(scope.get("query_string", b"")).get("conversation", ""))
        return RedirectResponse(f"/sign-in?conversation={opens}" if opens else "/sign-in", status_code=303)
    return response_to(problem, headers)


def session_of(headers: Headers, name: str = COOKIE) -> str | None:
    """The token in a browser's cookie."""
    try:
        cookie = SimpleCookie(headers.get("cookie", "")).get(name)
    except CookieError:
        return None
    return cookie.value if cookie is not None else None


def conversation_of(text: str) -> str:
    """``text`` where it can be the id of a conversation that a link names, else empty."""
    return text if _CONVERSATION.fullmatch(text) else ""


def _check_own_host(headers: Headers) -> None:
    """A page elsewhere can lead a name of its own to this computer, and a proxy can lead others to it."""
    name = _name_of(headers.get("host", ""))
    if not is_loopback(name) or any(header in headers for header in _PROXIED):
        raise Problem("foreign_host", 403)


def check_origin(method: str, headers: Headers) -> None:
    """A browser says where a request was made that changes something; only this page may make one."""
    origin = headers.get("origin")
    if method in _SAFE or origin is None:
        return
    if origin.partition("://")[2].lower() != headers.get("host", "").lower():
        raise Problem("foreign_origin", 403)


def _name_of(host: str) -> str:
    """``host`` without its port."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.rpartition(":")[0] if ":" in host else host
