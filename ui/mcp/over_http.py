"""MCP over streamable HTTP, for many people: each request is its person's, whatever session it is in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import anyio.to_thread
from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import AccessToken
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.server.transport_security import TransportSecuritySettings
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from app.desk import Desk
from app.person import Person
from ui.mcp.protocol import Calls, Context, build_server

PersonOf = Callable[[Request], Person | None]
"""Who makes a request; ``None`` when that is not known. May be slow: it runs in a thread."""

LOCAL_HOSTS = ("127.0.0.1", "localhost", "[::1]")
MAX_BODY = 1_000_000
"""Bytes of a request."""
MAX_SESSIONS = 1_000
"""Connections of clients that keep one; more are told to come later."""
_PERSON = "shoptalk.person"


class McpApp:
    """An ASGI application for one path, which serves inside :meth:`running`.

    >>> Starlette(routes=[Route("/mcp", app)], lifespan=lambda _: app.running())  # doctest: +SKIP
    """

    def __init__(self, manager: StreamableHTTPSessionManager, person_of: PersonOf) -> None:
        self._manager = manager
        self._person_of = person_of

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Serve for the block, once; calls that are under way at its end are stopped."""
        async with self._manager.run():
            yield

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, if it is known whose it is."""
        person = await anyio.to_thread.run_sync(self._person_of, Request(scope))
        if person is None:
            refused = JSONResponse(
                {"error": "Say who you are: nothing is answered to strangers."},
                status_code=401,
                headers={"WWW-Authenticate": "Bearer"},
            )
            await refused(scope, receive, send)
            return
        # The user makes the session manager keep each session to the person who began it.
        known = {**scope, _PERSON: person, "user": AuthenticatedUser(_token_of(person))}
        await self._manager.handle_request(known, receive, send)


def mcp_app(desk: Desk, person_of: PersonOf, *, hosts: Sequence[str] | None = LOCAL_HOSTS) -> McpApp:
    """Serve the desk's shop over streamable HTTP.

    Args:
        desk: its house is open for as long as the application runs; the caller closes it.
        person_of: see :data:`PersonOf`.
        hosts: names under which this server is reached, without a port; a request for another is refused,
            so that no page of another site can reach it through a name of its own. ``None`` where what lies
            before it sees to that.
    """
    server = build_server(Calls(desk=desk, caller=_person_in))
    names = [form for host in hosts or () for form in (host, f"{host}:*")]
    manager = StreamableHTTPSessionManager(
        app=server,
        max_request_body_size=MAX_BODY,
        max_sessions=MAX_SESSIONS,
        security_settings=TransportSecuritySettings(
            enable_dns_rebinding_protection=hosts is not None,
            allowed_hosts=names,
            allowed_origins=[f"{scheme}://{name}" for name in names for scheme in ("http", "https")],
        ),
    )
    return McpApp(manager, person_of)


def _person_in(context: Context) -> Person:
    request: Any = context.request
    person = request.scope[_PERSON]
    assert isinstance(person, Person)
    return person


def _token_of(person: Person) -> AccessToken:
    """Names the person for the session manager; no secret."""
    rights = sorted((name, repr(value)) for name, value in person.attributes.items())
    return AccessToken(token="-", client_id=repr((person.id, person.role, rights)), scopes=[])
