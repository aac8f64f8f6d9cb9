"""Runs Feishu's app: a process of its own over a long connection, or a part of the server over HTTP."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, closing, contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING

from app.desk import Desk
from app.errors import WrongUse
from app.finding import find_shop
from app.keyring import Keyring
from app.settings import Settings
from ui.chats.process import serve_chat, tell_who_may_ask

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

PATH = "/feishu"
"""Below it events and callbacks arrive."""
EVENTS = "/feishu/events"
"""Path of the server at which all deliveries arrive."""


def serve_long_connection(settings: Settings, *, shop: str | None) -> None:
    """Answer in Feishu over a connection that this program opens, until Ctrl-C or SIGTERM.

    Raises:
        WrongUse: the app's id or secret is missing, or the shop cannot be found.
        CannotServe: Feishu refuses the app or is out of reach.
    """
    _check_account(settings)
    _check_library()
    find_shop(settings, shop)  # a wrong one is told before slow things begin
    keyring = Keyring.of(settings)
    tell_who_may_ask(keyring, "Feishu", "Accounts", lambda member: member.feishu, "feishu: ou_…")

    @contextmanager
    def connect(desk: Desk, ended: threading.Event) -> Iterator[str]:
        from ui.chats.feishu.long_connection import connected

        with (
            closing(Answering(desk, keyring)) as answering,
            connected(answering.arrivals, answering.api, settings, ended) as bot,
        ):
            yield f"Feishu, as {bot}"

    serve_chat(settings, shop, connect)


def signed_mount(desk: Desk, keyring: Keyring) -> Mapping[str, Starlette]:
    """Events over HTTP, where an encrypt key is set: path → application, for ``build_service(signed=…)``.

    Raises:
        WrongUse: there is a key and not the rest, or lark-oapi is missing.
    """
    settings = desk.house.settings
    key, token = settings.feishu_encrypt_key, settings.feishu_verification_token
    if key is None and token is None:
        return {}
    if key is None or token is None:
        raise WrongUse(
            "Over HTTP only what Feishu encrypts and signs is answered: set SHOPTALK_FEISHU_ENCRYPT_KEY and "
            "SHOPTALK_FEISHU_VERIFICATION_TOKEN, or neither. docs/feishu.md says where they stand."
        )
    _check_account(settings)
    _check_library()
    return {PATH: _web(desk, keyring, key, token)}


def _web(desk: Desk, keyring: Keyring, encrypt_key: str, verification_token: str) -> Starlette:
    from anyio.to_thread import run_sync
    from starlette.applications import Starlette
    from starlette.responses import JSONResponse, PlainTextResponse
    from starlette.routing import Route

    from ui.chats.feishu.arrivals import BadDelivery
    from ui.chats.feishu.sealed import VERIFICATION, Refused, Seal

    seal = Seal(encrypt_key=encrypt_key, verification_token=verification_token)
    answering = Answering(desk, keyring)

    async def deliver(request: Request) -> Response:
        try:
            delivery = seal.open(request.headers, await request.body())
            if delivery.get("type") == VERIFICATION:
                return JSONResponse({"challenge": str(delivery.get("challenge"))})
            return JSONResponse(await run_sync(answering.arrivals.take, delivery))
        except Refused:
            return PlainTextResponse("unsigned", status_code=401)
        except BadDelivery:
            return PlainTextResponse("no delivery of Feishu's", status_code=400)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        with closing(answering):
            yield

    return Starlette(routes=[Route(EVENTS, deliver, methods=["POST"])], lifespan=lifespan)


class Answering:
    """The parts of one app over one desk; the settings have its id and secret."""

    def __init__(self, desk: Desk, keyring: Keyring) -> None:
        from ui.chats.feishu.api import OpenApi
        from ui.chats.feishu.arrivals import Arrivals
        from ui.chats.reception import Reception
        from ui.chats.seam import Chat

        settings = desk.house.settings
        assert settings.feishu_app_id is not None and settings.feishu_app_secret is not None
        self.chat = Chat(desk)
        self.api = OpenApi(settings.feishu_app_id, settings.feishu_app_secret, settings.feishu_url)
        self.arrivals = Arrivals(Reception(self.chat, keyring.person_of_feishu, "feishu"), self.api)

    def close(self) -> None:
        """Answer nothing more."""
        self.arrivals.close()
        self.chat.close()
        self.api.close()


def _check_account(settings: Settings) -> None:
    if settings.feishu_app_id is None or settings.feishu_app_secret is None:
        raise WrongUse(
            "Feishu needs the app's id and secret in the environment: SHOPTALK_FEISHU_APP_ID (cli_…) and "
            "SHOPTALK_FEISHU_APP_SECRET. docs/feishu.md says where they stand."
        )


def _check_library() -> None:
    if find_spec("lark_oapi") is None or find_spec("Crypto") is None:
        raise WrongUse('Feishu needs its library: pip install -c constraints.txt -e ".[feishu]"')
