"""A server for measurements: the service without its page, over a made shop, with a model that never writes.

It is what ``bench.serve`` measures and ``bench.kills`` kills. Everything heavy is imported here, so that a
process forked from one that has imported this begins to serve at once.
"""

from __future__ import annotations

import threading
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import duckdb
import uvicorn
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from app.allowance import Allowance
from app.desk import Desk
from app.house import House
from app.keyring import Keyring
from app.person import Person
from app.settings import Settings
from llm.scripted import ScriptedEngine
from ui.http.service import build_service
from ui.serve import take_port

QUESTION = "What was the revenue last month?"


class Silent(ScriptedEngine):
    """Waits until it is stopped."""

    def complete(self, request: Any, cancel: threading.Event | None = None) -> Any:
        assert cancel is not None
        cancel.wait()
        return super().complete(request, cancel)


def settings_of(folder: Path, store: str | None = None) -> Settings:
    """Those of the server over ``folder``.

    Args:
        store: address of its store; ``None`` for SQLite in the folder.
    """
    return Settings(home=folder / "home", store=store)


def serve(folder: Path, told: Connection, store: str | None = None) -> None:
    """Serve until the process ends; tells address and key through the pipe."""
    settings = settings_of(folder, store)
    house = House(settings, load=lambda _: Silent(()))
    desk = Desk(house, str(_shop(folder)), Allowance(0, 0))
    desk.state = "ready"
    keyring = Keyring.of(settings, house.store)
    key = keyring.add("bench", role="owner").text

    def inside(request: Any) -> JSONResponse:
        started = time.perf_counter()
        for _ in desk.answer(Person(id="bench", role="owner"), QUESTION):
            pass
        return JSONResponse({"seconds": time.perf_counter() - started})

    page = Starlette(routes=[Route("/inside", inside)])
    service = build_service(desk, keyring, local=None, page=page)
    listening = take_port("127.0.0.1", 0)
    told.send((f"http://127.0.0.1:{listening.getsockname()[1]}", key))
    uvicorn.Server(uvicorn.Config(service, log_level="error")).run(sockets=[listening])


def _shop(folder: Path) -> Path:
    description = folder / "shop.yml"
    if description.exists():
        return description
    with duckdb.connect(str(folder / "shop.duckdb")) as database:
        database.execute(
            "CREATE TABLE sales AS SELECT i AS sale_id, i % 100 AS amount, "
            "TIMESTAMP '2026-01-01' + INTERVAL (i) MINUTE AS sold_at, "
            "['Germany', 'France'][1 + i % 2] AS country FROM range(200_000) r(i)"
        )
    description.write_text(
        "name: Bench\ndatabase: shop.duckdb\ntoday: max(sales.sold_at)\nviews:\n  sales:\n    time: sold_at\n"
        "    columns:\n      sale_id: {type: integer}\n      sold_at: {type: timestamp}\n"
        "      country: {type: text, sampled: true}\n      amount: {type: number}\n"
        "metrics:\n  revenue: {view: sales, sql: SUM(amount)}\n"
    )
    return description
