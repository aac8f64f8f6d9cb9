"""The connection that this program opens to Feishu, by lark-oapi; deliveries come over it in the clear.

The library takes the event loop of the thread that imports it first, and cannot be told to end: it gets a
thread of its own, which ends with the process.
"""

from __future__ import annotations

import asyncio
import json
import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from app.progress import step
from app.settings import Settings
from ui.chats.feishu.api import OpenApi
from ui.chats.feishu.arrivals import Arrivals
from ui.chats.feishu.calls import FAILURES, UnknownApp, reason_of
from ui.errors import CannotServe

CONNECT_S = 30.0
"""Seconds in which the first connection must stand, once the library is loaded."""


@contextmanager
def connected(arrivals: Arrivals, api: OpenApi, settings: Settings, ended: threading.Event) -> Iterator[str]:
    """The name of the bot, while the connection is open; the library opens it again when it breaks.

    Args:
        ended: is set where that is given up; the reason is then raised at the end.
    Raises:
        CannotServe: Feishu refuses the app or is out of reach.
    """
    try:
        name = api.bot().name
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
    connection = LongConnection(arrivals, settings, ended)
    connection.start()
    connection.wait()
    yield name
    connection.check()


class LongConnection(threading.Thread):
    """Hands what arrives to ``arrivals``; see the module."""

    def __init__(self, arrivals: Arrivals, settings: Settings, ended: threading.Event) -> None:
        super().__init__(name="feishu connection", daemon=True)
        self._arrivals = arrivals
        self._settings = settings
        self._ended = ended
        self._is_loaded = threading.Event()
        self._client: Any = None
        self._failure: BaseException | None = None

    def run(self) -> None:
        """Receive until the process ends."""
        try:
            self._receive()
        except Exception as error:
            self._give_up(error)

    def wait(self) -> None:
        """Until it is open for the first time.

        Raises:
            CannotServe: it is refused, or does not open in time.
        """
        with step("Loading lark-oapi"):  # ten thousand modules
            while not self._is_loaded.wait(0.1):
                self.check()
        until = time.monotonic() + CONNECT_S
        while getattr(self._client, "_conn", None) is None:  # the library tells it in no other way
            self.check()
            if time.monotonic() > until:
                raise CannotServe(
                    "Feishu does not open a long connection. docs/feishu.md says what is needed."
                )
            time.sleep(0.05)

    def check(self) -> None:
        """Raises ``CannotServe`` where it was given up."""
        if self._failure is not None:
            raise CannotServe(
                f"The long connection to Feishu has ended ({type(self._failure).__name__}) and cannot be "
                "opened again. docs/feishu.md says what is needed."
            ) from self._failure

    def _receive(self) -> None:
        import lark_oapi as lark

        self._is_loaded.set()
        logging.getLogger("Lark").handlers.clear()  # it would write to standard output
        # A connection that cannot be opened again ends a task of the library, and nothing else.
        asyncio.get_event_loop().set_exception_handler(
            lambda _, context: self._give_up(context.get("exception") or RuntimeError(context["message"]))
        )
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

    def _give_up(self, failure: BaseException) -> None:
        self._failure = failure
        self._ended.set()

    def _take(self, delivery: object) -> Any:
        """The library's object becomes what arrives over HTTP, and its answer the library's."""
        import lark_oapi as lark
        from lark_oapi.event.callback.model.p2_card_action_trigger import P2CardActionTriggerResponse

        answer = self._arrivals.take(json.loads(lark.JSON.marshal(delivery)))
        return P2CardActionTriggerResponse(answer)
