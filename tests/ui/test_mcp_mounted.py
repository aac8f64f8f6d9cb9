"""MCP at ``/mcp`` of the served process: the same keys, limits, figures and end as everything beside it."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from mcp_clients import HELLO, Caller, calling, over_http
from served_shop import BY_COUNTRY, HARD, PLAIN, ServedShop, ask, serving, until

from ui.mounted import mounts_for

ACCEPT = {"Accept": "application/json, text/event-stream"}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedShop]:
    with serving(tmp_path_factory.mktemp("mounted"), is_own=False, mounts=mounts_for) as served:
        yield served


@contextmanager
def with_key(served: ServedShop, key: str, mode: str = "auto") -> Iterator[Caller]:
    with calling(over_http(f"{served.address}/mcp", key), mode=mode) as caller:
        yield caller


def test_without_a_key_nothing_is_reached_and_a_revoked_one_ends_its_session(served: ServedShop) -> None:
    key = served.key("eve")
    with served.client(**ACCEPT) as nobody, served.client(key, **ACCEPT) as eve:
        assert nobody.post("/mcp", json=HELLO).status_code == 401
        begun = eve.post("/mcp", json=HELLO)
        assert begun.status_code == 200
        session = {"Mcp-Session-Id": begun.headers["mcp-session-id"]}
        listing = {"jsonrpc": "2.0", "id": 2, "method": "tools/list"}
        assert eve.post("/mcp", json=listing, headers=session).status_code == 200
        served.keyring.revoke("eve")
        assert eve.post("/mcp", json=listing, headers=session).status_code == 401


def test_another_name_of_the_server_is_served_to_who_has_a_key(served: ServedShop) -> None:
    with served.client(served.key("fay"), Host="shop.example", **ACCEPT) as fay:
        assert fay.post("/mcp", json=HELLO).status_code == 200


def test_another_sites_page_is_refused_what_a_browser_may(served: ServedShop) -> None:
    with served.client(**ACCEPT) as browser:
        browser.post("/sign-in", data={"key": served.key("gil")})
        assert browser.post("/mcp", json=HELLO).status_code == 200
        assert browser.post("/mcp", json=HELLO, headers={"Origin": "https://evil.example"}).status_code == 403


def test_a_call_belongs_to_the_request_that_it_came_with(served: ServedShop) -> None:
    call = {"name": "ask", "arguments": {"question": PLAIN}}
    with served.client(served.key("ivy"), **ACCEPT) as ivy:
        session = {"Mcp-Session-Id": ivy.post("/mcp", json=HELLO).headers["mcp-session-id"]}
        asked = {"jsonrpc": "2.0", "id": 3, "method": "tools/call", "params": call}
        told = ivy.post("/mcp", json=asked, headers=session)
    assert told.status_code == 200
    kinds = [e["kind"] for e in served.audited() if e["request"] == told.headers["x-request-id"]]
    assert "question" in kinds


def test_a_huge_request_is_refused(served: ServedShop) -> None:
    with served.client(served.key("hal"), **ACCEPT) as hal:
        assert hal.post("/mcp", json={**HELLO, "huge": "x" * 300_000}).status_code == 413


def test_questions_count_with_those_of_other_surfaces(tmp_path: Path) -> None:
    with serving(tmp_path, a_minute=3, mounts=mounts_for) as served:
        key = served.key("ana")
        with with_key(served, key) as ana, served.client(key) as http:
            assert ask(http, PLAIN).status_code == 200
            ana.result("ask", question=PLAIN)
            ana.result("run_statement", statement="SELECT country, revenue FROM sales GROUP BY country")
            for tool, arguments in (
                ("ask", {"question": PLAIN}),
                ("run_job", {"job": "report"}),
                ("run_statement", {"statement": "SELECT revenue FROM sales"}),
                ("search", {"text": "lamp"}),
            ):
                assert "The limit is 3 a minute" in ana.fault(tool, **arguments)
            assert "每分钟可问 3 个问题" in ana.fault("ask", question="上个月的销售额是多少？")
            assert ask(http, PLAIN).status_code == 429
            assert ana.result("what_can_be_asked")["role"] == "owner", "looking is no question"
            assert 'shoptalk_questions_total{status="answered"} 2.0' in http.get("/metrics").text


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_the_end_waits_for_a_call_and_takes_no_more(mode: str, tmp_path: Path) -> None:
    with serving(tmp_path, mounts=mounts_for) as served:
        found: list[Any] = []
        with with_key(served, served.key("ana"), mode) as ana:
            conversation = ana.result("ask", question=BY_COUNTRY)["conversation"]
            served.engine.may_write.clear()
            served.engine.asked.clear()
            slow = threading.Thread(target=lambda: found.append(ana.result("ask", question=HARD)))
            slow.start()
            assert served.engine.asked.wait(20)
            ending = threading.Thread(target=lambda: served.desk.stop(20))
            ending.start()
            until(lambda: served.desk.state == "stopping")
            told = ana.fault("ask", question="And in April?", conversation=conversation)
            assert told == "The server is stopping. Nothing was asked; ask again in a moment."
            assert ending.is_alive() and not found
            served.engine.may_write.set()
            slow.join(20)
            ending.join(20)
    assert found[0]["status"] == "answered"


def test_what_cannot_be_waited_for_is_stopped(tmp_path: Path) -> None:
    with serving(tmp_path, mounts=mounts_for) as served, with_key(served, served.key("ana")) as ana:
        served.engine.may_write.clear()
        found: list[Any] = []
        slow = threading.Thread(target=lambda: found.append(ana.call("ask", question=HARD)))
        slow.start()
        assert served.engine.asked.wait(20)
        served.desk.stop(0)
        assert served.engine.was_cancelled.wait(20)
        slow.join(20)
        assert "topped" in found[0].content[0].text


def test_without_the_package_the_rest_is_served(
    served: ServedShop, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delitem(sys.modules, "ui.mcp")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert mounts_for(served.desk) == {}
    [line] = capsys.readouterr().err.splitlines()
    assert line == (
        "Nothing is served at /mcp. The package for MCP is missing. Install it: pip install 'shoptalk[mcp]'"
    )
