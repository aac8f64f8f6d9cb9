"""Runs Feishu's app: a process of its own over a long connection, or a part of the server over HTTP."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, closing, contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from app.desk import Desk
from app.errors import WrongUse
from app.finding import find_shop
from app.keyring import Keyring
from app.progress import step
from app.settings import Settings
from ui.chats.process import serve_chat, tell_who_may_ask
from ui.errors import CannotServe

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

    from ui.chats.feishu.events import Events

logger = logging.getLogger(__name__)

PATH = "/feishu"
"""Below it events and callbacks arrive."""
EVENTS = "/feishu/events"
"""Path of the server at which all deliveries arrive."""
CONNECT_S = 30.0
"""Seconds in which the first connection must stand."""


def serve_long_connection(settings: Settings, *, shop: str | None) -> None:
    """Answer in Feishu over a connection that this program opens, until Ctrl-C or SIGTERM.

    Raises:
        WrongUse: the app's id or secret is missing, or the shop cannot be found.
        CannotServe: Feishu refuses the app or is out of reach.
    """
    _check_account(settings)
    _check_library()
    find_shop(settings, shop)  # a wrong one is told before slow things begin
    keyring = Keyring(settings.people, settings.people_file)
    tell_who_may_ask(keyring, "Feishu", "Accounts", lambda member: member.feishu, "feishu: ou_…")

    @contextmanager
    def connect(desk: Desk, ended: threading.Event) -> Iterator[str]:
        with closing(Answering(desk, keyring)) as answering, connected(answering, settings, ended) as bot:
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

    from ui.chats.feishu.events import BadDelivery
    from ui.chats.feishu.sealed import VERIFICATION, Refused, Seal

    seal = Seal(encrypt_key=encrypt_key, verification_token=verification_token)
    answering = Answering(desk, keyring)

    async def deliver(request: Request) -> Response:
        try:
            delivery = seal.open(request.headers, await request.body())
            if delivery.get("type") == VERIFICATION:
                return JSONResponse({"challenge": str(delivery.get("challenge"))})
            return JSONResponse(await run_sync(answering.events.take, delivery))
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
        from ui.chats.feishu.events import Events
        from ui.chats.reception import Reception
        from ui.chats.seam import Chat

        settings = desk.house.settings
        assert settings.feishu_app_id is not None and settings.feishu_app_secret is not None
        self.chat = Chat(desk)
        self.api = OpenApi(settings.feishu_app_id, settings.feishu_app_secret, settings.feishu_url)
        self.events = Events(Reception(self.chat, keyring.person_of_feishu, "feishu"), self.api)

    def close(self) -> None:
        """Answer nothing more."""
        self.events.close()
        self.chat.close()
        self.api.close()


@contextmanager
def connected(answering: Answering, settings: Settings, ended: threading.Event) -> Iterator[str]:
    """The name of the bot, while the connection is open; lark-oapi opens it again when it breaks.

    Args:
        ended: is set where that is refused for good; the reason is then raised at the end.
    Raises:
        CannotServe: Feishu refuses the app or is out of reach.
    """
    from ui.chats.feishu.api import FAILURES, UnknownApp, reason_of

    try:
        name = answering.api.bot().name
    except UnknownApp as error:
        raise CannotServe(
            f"Feishu does not know this app ({error}): SHOPTALK_FEISHU_APP_ID and SHOPTALK_FEISHU_APP_SECRET "
            "must be those of one app that is in use. docs/feishu.md says where they stand."
        ) from error
    except FAILURES as error:
        raise CannotServe(
            f"Feishu does not answer at {settings.feishu_url}: {reason_of(error)}. docs/feishu.md says what "
            "is needed."
        ) from error
    connection = LongConnection(answering.events, settings, ended)
    connection.start()
    connection.wait(CONNECT_S)
    yield name
    connection.check()


class LongConnection(threading.Thread):
    """lark-oapi's connection. Its event loop is that of the thread which imports it first: this one."""

    def __init__(self, events: Events, settings: Settings, ended: threading.Event) -> None:
        super().__init__(name="feishu connection", daemon=True)  # the library cannot be told to end
        self._events = events
        self._settings = settings
        self._ended = ended
        self._is_loaded = threading.Event()
        self._client: Any = None
        self._failure: Exception | None = None

    def run(self) -> None:
        """Receive until the process ends."""
        try:
            self._receive()
        except Exception as error:
            self._failure = error
            self._ended.set()

    def wait(self, most_s: float) -> None:
        """Until it is open for the first time, at most so many seconds after the library is loaded.

        Raises:
            CannotServe: it is refused, or does not open in time.
        """
        with step("Loading lark-oapi"):  # ten thousand modules
            while not self._is_loaded.wait(0.1):
                self.check()
        until = time.monotonic() + most_s
        while getattr(self._client, "_conn", None) is None:  # the library tells it in no other way
            self.check()
            if time.monotonic() > until:
                raise CannotServe(
                    "Feishu does not open a long connection. docs/feishu.md says what is needed."
                )
            time.sleep(0.05)

    def check(self) -> None:
        """Raises ``CannotServe`` where it has ended."""
        if self._failure is not None:
            raise CannotServe(
                f"Feishu ended the long connection: {type(self._failure).__name__}. docs/feishu.md says what "
                "is needed."
            ) from self._failure

    def _receive(self) -> None:
        import lark_oapi as lark

        self._is_loaded.set()
        library = logging.getLogger("Lark")
        library.handlers.clear()  # it would write to standard output
        handler = (
            lark.EventDispatcherHandler.builder("", "")
            .register_p2_im_message_receive_v1(self._take)
            .register_p2_card_action_trigger(self._take)
            .build()
        )
        self._client = lark.ws.Client(
            self._settings.feishu_app_id,
            self._settings.feishu_app_secret,
            lark.LogLevel.ERROR,  # below, the addresses that it logs open connections
            handler,
            self._settings.feishu_url,
        )
        self._client.start()

    def _take(self, delivery: object) -> Any:
        """The library's object becomes what arrives over HTTP, and its answer the library's."""
        import lark_oapi as lark
        from lark_oapi.event.callback.model.p2_card_action_trigger import P2CardActionTriggerResponse

        answer = self._events.take(json.loads(lark.JSON.marshal(delivery)))
        return P2CardActionTriggerResponse(answer)


def _check_account(settings: Settings) -> None:
    if settings.feishu_app_id is None or settings.feishu_app_secret is None:
        raise WrongUse(
            "Feishu needs the app's id and secret in the environment: SHOPTALK_FEISHU_APP_ID (cli_…) and "
            "SHOPTALK_FEISHU_APP_SECRET. docs/feishu.md says where they stand."
        )


def _check_library() -> None:
    if find_spec("lark_oapi") is None or find_spec("Crypto") is None:
        raise WrongUse('Feishu needs its library: pip install -c constraints.txt -e ".[feishu]"')
