"""A real server on loopback over the tiny shop with roles; the model is scripted and can be held back."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from roles_shop import build_roles_shop
from starlette.types import ASGIApp
from ui_shop import Writer

from app.allowance import Allowance
from app.desk import Desk
from app.house import House
from app.keyring import Keyring
from app.person import Person
from app.settings import Settings
from llm.engine import Completion, Request
from ui.http.service import build_service
from ui.serve import take_port

PLAIN = "What was the revenue last month?"
"""Every word has its one place: no model is asked."""
BY_COUNTRY = "Revenue by country last month"
HARD = "Where do we make good money?"
"""The model is asked."""


class Held(Writer):
    """Writes its statement once it may; until then it waits, as a slow model does."""

    def __init__(self) -> None:
        super().__init__("SELECT country, revenue FROM sales GROUP BY country")
        self.may_write = threading.Event()
        self.may_write.set()
        self.asked = threading.Event()
        self.was_cancelled = threading.Event()

    def complete(self, request: Request, cancel: threading.Event | None = None) -> list[Completion]:
        self.asked.set()
        while not self.may_write.wait(0.01):
            if cancel is not None and cancel.is_set():
                self.was_cancelled.set()
                break
        return super().complete(request, cancel)


class ServedShop:
    """The server, its parts, and clients for it."""

    def __init__(
        self,
        folder: Path,
        *,
        is_own: bool = True,
        a_minute: int = 0,
        a_day: int = 0,
        settings: Mapping[str, Any] | Callable[[str], Mapping[str, Any]] | None = None,
        signed: Callable[[Desk, Keyring], Any] = lambda desk, keyring: None,
        mounts: Callable[[Desk], Mapping[str, ASGIApp]] = lambda desk: {},
        build: Callable[[Path], Path] = build_roles_shop,
        page: Callable[[Desk], ASGIApp] | None = None,
        port: int = 0,
    ) -> None:
        self.engine = Held()
        self.listening = take_port("127.0.0.1", port)
        self.address = f"http://127.0.0.1:{self.listening.getsockname()[1]}"
        try:
            service = self._service(folder, is_own, (a_minute, a_day), settings, signed, mounts, build, page)
        except BaseException:
            self.listening.close()
            raise
        config = uvicorn.Config(service, log_level="critical", timeout_graceful_shutdown=1, lifespan="on")
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run, kwargs={"sockets": [self.listening]})
        self.thread.start()

    def _service(
        self,
        folder: Path,
        is_own: bool,
        limits: tuple[int, int],
        settings: Mapping[str, Any] | Callable[[str], Mapping[str, Any]] | None,
        signed: Callable[[Desk, Keyring], Any],
        mounts: Callable[[Desk], Mapping[str, ASGIApp]],
        build: Callable[[Path], Path],
        page: Callable[[Desk], ASGIApp] | None,
    ) -> ASGIApp:
        given = settings(self.address) if callable(settings) else settings or {}
        self.settings = Settings(home=folder / "home", **given)
        self.shop = build(folder / "shop")
        self.house = House(self.settings, load=lambda _: self.engine)
        self.desk = Desk(self.house, str(self.shop), Allowance(*limits))
        self.desk.state = "ready"
        self.keyring = Keyring.of(self.settings, self.house.store)
        local = Person() if is_own else None
        signed_parts = signed(self.desk, self.keyring)
        return build_service(
            self.desk,
            self.keyring,
            local=local,
            signed=signed_parts,
            mounts=mounts(self.desk),
            page=page(self.desk) if page is not None else None,
        )

    def key(self, name: str, role: str | None = "owner", **attributes: Any) -> str:
        return self.keyring.add(name, role=role, attributes=attributes).text

    def client(self, key: str | None = None, **headers: str) -> httpx.Client:
        authorization = {} if key is None else {"Authorization": f"Bearer {key}"}
        return httpx.Client(base_url=self.address, headers={**authorization, **headers}, timeout=30)

    def audited(self) -> list[dict[str, Any]]:
        log = self.settings.audit
        lines = log.read_text("utf-8").splitlines() if log.exists() else []  # made at the first question
        return [entry for entry in map(json.loads, lines) if entry["kind"] != "begun"]

    def close(self) -> None:
        self.engine.may_write.set()
        self.server.should_exit = True
        self.thread.join(20)
        self.house.close()


@contextlib.contextmanager
def serving(folder: Path, **options: Any) -> Iterator[ServedShop]:
    served = ServedShop(folder, **options)
    try:
        yield served
    finally:
        served.close()


def ask(client: httpx.Client, question: str, **more: Any) -> httpx.Response:
    return client.post("/v1/ask", json={"question": question, **more})


def events_of(lines: Iterator[str]) -> Iterator[tuple[str, Any]]:
    name = ""
    for line in lines:
        if line.startswith("event: "):
            name = line[7:]
        elif line.startswith("data: "):
            yield name, json.loads(line[6:])


def until(fact: Any, *, tries: int = 500) -> None:
    for _ in range(tries):
        if fact():
            return
        time.sleep(0.02)
    raise AssertionError("it never became true")
