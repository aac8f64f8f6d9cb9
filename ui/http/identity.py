"""Who asks: nothing but ``/healthz`` and the sign-in is reached without a person, whatever lies behind.

A key (``Authorization: Bearer st_…``), or the cookie of a browser that signed in with one. Only where nobody
was ever given a key, and on this computer alone, there is the local person instead. What is mounted behind
finds who it is with :func:`person_of`.
"""

from __future__ import annotations

import html
import logging
from http.cookies import CookieError, SimpleCookie
from typing import cast

from anyio.to_thread import run_sync
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from app.errors import BadKey, StoreAway, WrongUse
from app.keyring import SESSION, Keyring
from app.person import Person, is_loopback
from ui.http.problems import NO_KEY, Problem, language_of, problem_of, response_to, words_in

logger = logging.getLogger(__name__)

COOKIE = "shoptalk_session"
OPEN = ("/healthz", "/sign-in")
"""Paths that need no person."""
_SAFE = ("GET", "HEAD", "OPTIONS")
_PROXIED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip")


def person_of(scope: Scope) -> Person:
    """Who sent the request; every application behind :class:`Identity` has one."""
    return cast(Person, scope["state"]["person"])


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
        state = {**scope.get("state", {}), "person": person}
        await self._app({**scope, "state": state}, receive, send)

    def _is_signed(self, path: str) -> bool:
        return any(path == each or path.startswith(f"{each}/") for each in self._signed)

    def _identify(self, method: str, headers: Headers) -> Person:
        try:
            has_people = self._keyring.has_people
            if self._local is not None and not has_people:
                _check_own_host(headers)
                _check_origin(method, headers)
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
            _check_origin(method, headers)
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
        return RedirectResponse("/sign-in", status_code=303)
    return response_to(problem, headers)


def session_of(headers: Headers) -> str | None:
    """The token in a browser's cookie."""
    try:
        cookie = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return None
    return cookie.value if cookie is not None else None


def _check_own_host(headers: Headers) -> None:
    """A page elsewhere can lead a name of its own to this computer, and a proxy can lead others to it."""
    name = _name_of(headers.get("host", ""))
    if not is_loopback(name) or any(header in headers for header in _PROXIED):
        raise Problem("foreign_host", 403)


def _check_origin(method: str, headers: Headers) -> None:
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


# --- signing in with a browser ----------------------------------------------------------------------------

_PAGE = """<!doctype html>
<html lang="{language}"><head><meta charset="utf-8"><title>Shoptalk · {title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
:root {{ color-scheme: light dark; font-family: system-ui, sans-serif }}
body {{ max-width: 26rem; margin: 15vh auto; padding: 0 1rem }}
label, input, button {{ display: block; width: 100%; box-sizing: border-box; font: inherit }}
input, button {{ margin-top: .5rem; padding: .6rem }}
</style></head><body><h1>Shoptalk</h1>{body}</body></html>"""
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",  # with "no-referrer" a form's Origin is "null"
    "X-Content-Type-Options": "nosniff",
}


class SignIn:
    """The sign-in of the page: a key in, a cookie out."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring

    async def show(self, request: Request) -> Response:
        """The form; whoever is signed in may sign out."""
        name = await run_sync(self._name, session_of(request.headers))
        return _page(request, name=name)

    async def enter(self, request: Request) -> Response:
        """Open a session for the key in the form."""
        try:
            _check_origin(request.method, request.headers)
            async with request.form(max_files=0, max_fields=2, max_part_size=1_000) as form:
                key = str(form.get("key", "")).strip()
            token = await run_sync(self._keyring.open_session, key)
        except (BadKey, StoreAway) as error:
            return _page(request, problem=problem_of(error))
        except Problem as problem:
            return _page(request, problem=problem)
        response = RedirectResponse("/", status_code=303)
        response.set_cookie(
            COOKIE,
            token,
            max_age=int(SESSION.total_seconds()),
            httponly=True,
            samesite="lax",
            secure=request.url.scheme == "https",
        )
        return response

    async def leave(self, request: Request) -> Response:
        """Close the session."""
        token = session_of(request.headers)
        if token is not None:
            await run_sync(self._keyring.close_session, token)
        response = RedirectResponse("/sign-in", status_code=303)
        response.delete_cookie(COOKIE)
        return response

    def _name(self, token: str | None) -> str:
        try:
            return self._keyring.person_of_session(token).id if token is not None else ""
        except (BadKey, StoreAway):
            return ""


def _page(request: Request, *, name: str = "", problem: Problem | None = None) -> Response:
    language = language_of(request.headers)
    words = words_in(language)
    if name:
        body = (
            f"<p>{html.escape(words.say('signed_in', name=name))}</p>"
            f'<p><a href="/">{words.say("to_page")}</a></p>'
            f'<form method="post" action="/sign-out"><button>{words.say("sign_out")}</button></form>'
        )
    else:
        told = problem.to_json(language) if problem is not None else None
        body = (
            f'<p role="alert"><b>{html.escape(told["title"])}.</b> {html.escape(told["detail"])}</p>'
            if told is not None
            else ""
        ) + (
            f'<form method="post" action="/sign-in"><label for="key">{words.say("sign_in_hint")}</label>'
            '<input id="key" name="key" type="password" autocomplete="current-password" required autofocus>'
            f"<button>{words.say('sign_in')}</button></form>"
        )
    return HTMLResponse(
        _PAGE.format(language=language, title=words.say("sign_in"), body=body),
        status_code=problem.status if problem is not None else 200,
        headers=_HEADERS,
    )
