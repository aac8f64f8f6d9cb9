"""Runs Slack's app: a process of its own over Socket Mode, or a part of the server over HTTP."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

from app.desk import Desk
from app.errors import WrongUse
from app.finding import find_shop
from app.keyring import Keyring
from app.settings import Settings
from ui.chats.process import serve_chat, tell_who_may_ask
from ui.chats.slack.manifest import EVENTS
from ui.errors import CannotServe

if TYPE_CHECKING:
    from slack_bolt import App
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

    from ui.chats.seam import Chat

PATH = "/slack"
"""Below it the Events API, commands and buttons arrive."""


def serve_socket_mode(settings: Settings, *, shop: str | None, base_url: str | None = None) -> None:
    """Answer in Slack over a connection that this program opens, until Ctrl-C or SIGTERM.

    Args:
        base_url: of the Web API; ``None`` for Slack's own.
    Raises:
        WrongUse: a token is missing or the shop cannot be found.
        CannotServe: Slack refuses the tokens or is out of reach.
    """
    if settings.slack_bot_token is None or settings.slack_app_token is None:
        raise WrongUse(
            "Slack needs two tokens in the environment: SHOPTALK_SLACK_BOT_TOKEN (xoxb-…) and "
            "SHOPTALK_SLACK_APP_TOKEN (xapp-…). docs/slack.md says where they come from."
        )
    _check_library()
    find_shop(settings, shop)  # a wrong one is told before slow things begin
    keyring = Keyring.of(settings)
    tell_who_may_ask(keyring, "Slack", "Accounts and groups", lambda member: member.slack, "slack: U…")
    app_token = settings.slack_app_token

    @contextmanager
    def connect(desk: Desk, _: threading.Event) -> Iterator[str]:
        chat, app = chat_and_app(desk, keyring, settings, base_url)
        try:
            with connected(app, app_token) as workspace:
                yield f"Slack, workspace {workspace}"
        finally:
            chat.close()

    serve_chat(settings, shop, connect)


def signed_mount(desk: Desk, keyring: Keyring, *, base_url: str | None = None) -> Mapping[str, Starlette]:
    """The Events API, where a signing secret is set: path → application, for ``build_service(signed=…)``.

    Raises:
        WrongUse: there is a secret and no token, or slack-bolt is missing.
    """
    settings = desk.house.settings
    if settings.slack_signing_secret is None:
        return {}
    if settings.slack_bot_token is None:
        raise WrongUse(
            "SHOPTALK_SLACK_SIGNING_SECRET is set and SHOPTALK_SLACK_BOT_TOKEN is not; set both, or neither."
        )
    _check_library()
    chat, app = chat_and_app(desk, keyring, settings, base_url)
    return {PATH: _web(chat, app)}


def _web(chat: Chat, app: App) -> Starlette:
    from anyio.to_thread import run_sync
    from slack_bolt.adapter.starlette.handler import to_bolt_request, to_starlette_response
    from starlette.applications import Starlette
    from starlette.responses import PlainTextResponse
    from starlette.routing import Route

    async def events(request: Request) -> Response:
        if not request.headers.get("x-slack-request-timestamp", "").isdecimal():  # bolt takes it for a number
            return PlainTextResponse("unsigned", status_code=401)
        try:
            delivery = to_bolt_request(request, await request.body())
        except (ValueError, TypeError, AttributeError):  # bolt reads a body before it checks who signed it
            return PlainTextResponse("no delivery of Slack's", status_code=400)
        return to_starlette_response(await run_sync(app.dispatch, delivery))  # it may ask Slack who it is

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        chat.close()

    return Starlette(routes=[Route(EVENTS, events, methods=["POST"])], lifespan=lifespan)


def chat_and_app(desk: Desk, keyring: Keyring, settings: Settings, base_url: str | None) -> tuple[Chat, App]:
    """The two of one workspace; the settings have the bot's token."""
    from ui.chats.seam import Chat
    from ui.chats.slack.listeners import build_app
    from ui.chats.slack.members import Members
    from ui.chats.slack.wire import Wire

    assert settings.slack_bot_token is not None
    wire = Wire(settings.slack_bot_token, base_url=base_url)
    chat = Chat(desk)
    app = build_app(
        chat,
        Members(keyring, wire),
        wire,
        signing_secret=settings.slack_signing_secret,
        help_channel=settings.slack_help_channel,
    )
    return chat, app


@contextmanager
def connected(app: App, app_token: str) -> Iterator[str]:
    """The name of the workspace, while the connection is open; bolt opens it again when it breaks.

    Raises:
        CannotServe: Slack refuses the tokens or is out of reach.
    """
    from slack_bolt.adapter.socket_mode import SocketModeHandler

    from ui.chats.slack.wire import FAILURES, reason_of

    handler = SocketModeHandler(app, app_token)
    try:
        try:
            workspace = str(app.client.auth_test()["team"])
            handler.client.connect()
        except FAILURES as error:
            raise CannotServe(
                f"Slack cannot be reached with these tokens: {reason_of(error)}. docs/slack.md says where "
                "they come from."
            ) from error
        yield workspace
    finally:
        handler.client.close()


def _check_library() -> None:
    from importlib.util import find_spec

    if find_spec("slack_bolt") is None:
        raise WrongUse('Slack needs its library: pip install -c constraints.txt -e ".[slack]"')
