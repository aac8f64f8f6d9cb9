"""MCP over streamable HTTP on loopback: many people at one address, each seeing what is theirs."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import anyio
import httpx
import pytest
import uvicorn
from mcp_clients import HELLO, Caller, calling, over_http
from roles_shop import build_roles_shop
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route

from app.allowance import Allowance
from app.desk import Desk
from app.house import House
from app.person import Person
from app.settings import Settings
from llm.engine import Completion
from llm.engine import Request as Prompted
from ui.mcp import mcp_app

PEOPLE = {
    "Bearer ana": Person(id="ana"),
    "Bearer ben": Person(id="ben", role="branch", attributes={"country": "Germany", "product": "Lamp"}),
    "Bearer eve": Person(id="eve", role="branch", attributes={"country": "France", "product": "Chair"}),
    "Bearer lost": Person(id="lost", role="no_such_role"),
}
COUNTRIES = "SELECT country, revenue FROM sales GROUP BY country"
BY_MONTH = "SELECT MONTH, revenue FROM sales GROUP BY MONTH"
STRANGE = "Which country was strangest in the mornings?"
MODES = ("auto", "legacy")
"""The protocol of 2026, and sessions as in 2025."""


class Thinking:
    """A model that thinks until it is stopped."""

    name = "thinking"
    adapters = ("language-1.5b",)

    def __init__(self) -> None:
        self.began, self.was_stopped = threading.Event(), threading.Event()

    def complete(self, request: Prompted, cancel: threading.Event | None = None) -> list[Completion]:
        self.began.set()
        assert cancel is not None and cancel.wait(60)
        self.was_stopped.set()
        return []


@pytest.fixture(scope="module")
def model() -> Thinking:
    return Thinking()


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory, model: Thinking) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("http")
    shop = build_roles_shop(folder / "shop")
    endless = "metrics:\n  endless: {view: sales, sql: SUM(amount * 1e308 * 1e10)}\n"
    shop.write_text(shop.read_text("utf-8").replace("metrics:\n", endless), "utf-8")

    def person_of(request: Request) -> Person | None:
        return PEOPLE.get(request.headers.get("authorization", ""))

    with House(Settings(home=folder / "home"), load=lambda settings: model) as house:
        app = mcp_app(Desk(house, str(shop), Allowance(0, 0)), person_of)
        with serving(Starlette(routes=[Route("/mcp", app)], lifespan=lambda _: app.running())) as port:
            yield f"http://127.0.0.1:{port}/mcp"


@contextmanager
def serving(app: Starlette) -> Iterator[int]:
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join()


@contextmanager
def as_person(address: str, name: str, mode: str = "auto") -> Iterator[Caller]:
    with calling(over_http(address, name), mode=mode) as caller:
        yield caller


@pytest.fixture(scope="module", params=MODES)
def ana(request: pytest.FixtureRequest, address: str) -> Iterator[Caller]:
    with as_person(address, "ana", request.param) as caller:
        yield caller


def test_a_question_is_answered_with_its_steps(ana: Caller) -> None:
    found = ana.result("ask", question="What was the revenue?")
    assert found["tables"][0]["rows"] == [[250]] and found["status"] == "answered"
    assert "Understood as: What was the revenue?" in ana.told
    again = ana.result("ask", question="and by month?", conversation=found["conversation"])
    assert again["statement"] == BY_MONTH


def test_a_value_that_is_no_number_is_null_with_a_word(ana: Caller) -> None:
    word = "A value that is no number (NaN or infinite) is shown as null."
    found = ana.result("run_statement", statement="SELECT endless FROM sales")
    assert found["table"]["rows"] == [[None]] and found["warnings"] == [word]
    asked = ana.result("ask", question="Endless")
    assert asked["tables"][0]["rows"] == [[None]] and word in asked["warnings"]


@pytest.mark.parametrize("mode", MODES)
def test_each_sees_their_own_rows_and_conversations(mode: str, address: str) -> None:
    with as_person(address, "ben", mode) as ben, as_person(address, "eve", mode) as eve:
        first = ben.result("ask", question="What was the revenue?")
        assert first["tables"][0]["rows"] == [[100]]
        assert eve.result("run_statement", statement=COUNTRIES)["table"]["rows"] == [["France", 150]]
        told = eve.fault("ask", question="and by month?", conversation=first["conversation"])
        assert "There is no such conversation" in told


def test_a_role_that_the_shop_lacks_is_no_business_of_the_caller(address: str) -> None:
    with as_person(address, "lost") as lost:
        told = lost.fault("what_can_be_asked")
    assert told.startswith("The shop cannot be opened now") and "owner" not in told


@pytest.mark.parametrize("mode", MODES)
def test_a_cancelled_call_stops_the_model(mode: str, address: str, model: Thinking) -> None:
    model.began.clear()
    model.was_stopped.clear()

    async def ask_and_leave(client: Any) -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(client.call_tool, "ask", {"question": STRANGE})
            assert await anyio.to_thread.run_sync(model.began.wait, 60)
            group.cancel_scope.cancel()

    with as_person(address, "ana", mode) as caller:
        caller.run(ask_and_leave)
        assert model.was_stopped.wait(60)


def test_one_conversation_has_one_question_at_a_time_and_others_go_on(address: str, model: Thinking) -> None:
    model.began.clear()

    async def both(client: Any) -> tuple[Any, Any]:
        id = (await client.call_tool("ask", {"question": "What was the revenue?"})).structured_content[
            "conversation"
        ]
        async with anyio.create_task_group() as group:
            group.start_soon(client.call_tool, "ask", {"question": STRANGE, "conversation": id})
            assert await anyio.to_thread.run_sync(model.began.wait, 60)
            second = await client.call_tool("ask", {"question": "and by month?", "conversation": id})
            other = await client.call_tool("ask", {"question": "Revenue by month"})
            group.cancel_scope.cancel()
        return second, other

    with as_person(address, "ana") as caller:
        second, other = caller.run(both)
    assert second.is_error and "still being answered" in second.content[0].text
    assert other.structured_content["statement"] == BY_MONTH


def test_a_search_tells_what_it_waits_for(address: str) -> None:
    with as_person(address, "eve") as eve:
        found = eve.result("search", text="椅子")
    assert any(step.startswith("正在读取") for step in eve.told) and found["notice"].startswith("这里的文字")
    assert {hit["product"] for hit in found["hits"]} <= {"Chair", ""}
    assert any(hit["kind"] == "report" for hit in found["hits"]), "a figure without end spoils no report"


# --- plain requests ---------------------------------------------------------------------------------------

ACCEPT = {"accept": "application/json, text/event-stream", "authorization": "Bearer ana"}


def post(address: str, body: Any, **headers: str) -> httpx.Response:
    return httpx.post(address, json=body, headers={**ACCEPT, **headers}, timeout=60)


@pytest.mark.parametrize("token", ["", "Bearer mallory"])
def test_a_stranger_is_told_nothing(token: str, address: str) -> None:
    answer = post(address, HELLO, authorization=token)
    assert answer.status_code == 401 and answer.headers["www-authenticate"] == "Bearer"
    assert "Tiny" not in answer.text


def test_a_client_of_2025_is_served(address: str) -> None:
    answer = post(address, HELLO)
    assert answer.status_code == 200 and '"protocolVersion":"2025-06-18"' in answer.text
    assert answer.headers["mcp-session-id"]


def test_a_session_serves_only_who_began_it(address: str) -> None:
    session = {"mcp-session-id": post(address, HELLO).headers["mcp-session-id"]}
    listing = {"jsonrpc": "2.0", "id": 2, "method": "tools/list"}
    assert post(address, listing, **session).status_code == 200
    assert post(address, listing, **session, authorization="Bearer ben").status_code == 404


@pytest.mark.parametrize(
    ("headers", "status"), [({"host": "evil.example"}, 421), ({"origin": "http://evil.example"}, 403)]
)
def test_a_page_of_another_site_is_refused(headers: dict[str, str], status: int, address: str) -> None:
    assert post(address, HELLO, **headers).status_code == status


def test_a_huge_request_is_refused_and_the_next_is_served(address: str) -> None:
    call = {"name": "ask", "arguments": {"question": "x" * 50_000_000}}
    with contextlib.suppress(httpx.WriteError):  # refused before all of it was read
        assert post(address, {**HELLO, "method": "tools/call", "params": call}).status_code == 413
    assert post(address, HELLO).status_code == 200


def test_half_a_character_is_no_crash(address: str) -> None:
    """A lone surrogate, which JSON can write and UTF-8 cannot."""
    session = {"mcp-session-id": post(address, HELLO).headers["mcp-session-id"]}
    body = (
        b'{"jsonrpc": "2.0", "id": 3, "method": "tools/call", "params": {"name": "search", "arguments": '
        b'{"text": "\\ud800"}}}'
    )
    headers = {**ACCEPT, **session, "content-type": "application/json"}
    answer = httpx.post(address, content=body, headers=headers, timeout=60)
    assert answer.status_code == 400 and "Parse error" in answer.text
    assert post(address, HELLO).status_code == 200
