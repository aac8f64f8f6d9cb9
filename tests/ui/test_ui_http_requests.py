"""One id in the answer's header, the audit log and every line of the log; nothing of strangers in the log."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from served_shop import HARD, PLAIN, ServedShop, ask, serving, until

from app.logs import set_up_logs
from app.settings import Settings
from ui.http.request_ids import brought_id

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
KEY_LIKE = "st_0123456789ab_" + "x" * 43


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedShop]:
    with serving(tmp_path_factory.mktemp("requests")) as served:
        yield served


@pytest.fixture
def log(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Any]:
    environment = {"SHOPTALK_LOG_FORMAT": "json", "SHOPTALK_LOG_LEVEL": "info"}
    set_up_logs(Settings.from_environment({"SHOPTALK_HOME": str(tmp_path), **environment}))
    found: list[dict[str, Any]] = []

    def lines() -> list[dict[str, Any]]:
        told = capsys.readouterr().err.splitlines()
        found.extend(json.loads(line) for line in told if line[:1] == "{")  # bars are off in a process's log
        return found

    yield lines
    set_up_logs(Settings(home=tmp_path))


def of_request(log: Any, id: str) -> list[dict[str, Any]]:
    """Its lines; the last one is written after the answer has gone."""
    until(lambda: any(e["request"] == id and e["logger"] == "ui.http.request_ids" for e in log()))
    return [line for line in log() if line["request"] == id]


@pytest.mark.parametrize(
    ("headers", "taken"),
    [
        ({"X-Request-ID": "order-42.7_a"}, "order-42.7_a"),
        ({"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}, TRACE),
        ({"X-Request-ID": "bad id", "traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}, TRACE),
        ({"X-Request-ID": "ana@shop.example"}, None),
        ({"X-Request-ID": "short"}, None),
        ({"X-Request-ID": "x" * 65}, None),
        ({"X-Request-ID": "${jndi:ldap://x}"}, None),
        ({"X-Request-ID": KEY_LIKE}, None),
        ({"traceparent": f"00-{'0' * 32}-00f067aa0ba902b7-01"}, None),
        ({"traceparent": f"00-{TRACE}-{'0' * 16}-01"}, None),
        ({"traceparent": f"ff-{TRACE}-00f067aa0ba902b7-01"}, None),
        ({}, None),
    ],
)
def test_only_what_can_be_nothing_but_an_id_is_taken(headers: dict[str, str], taken: str | None) -> None:
    from starlette.datastructures import Headers

    assert brought_id(Headers(headers)) == taken


@pytest.mark.parametrize("question", [PLAIN, HARD])
@pytest.mark.parametrize("accept", ["application/json", "text/event-stream"])
def test_answer_audit_and_log_carry_one_id(served: ServedShop, log: Any, question: str, accept: str) -> None:
    with served.client(accept=accept) as client:
        told = ask(client, question)
    id = told.headers["x-request-id"]
    begun, ended = [
        entry for entry in map(json.loads, served.settings.audit.read_text("utf-8").splitlines())
        if "question" in (entry["kind"], entry.get("of")) and entry["request"] == id
    ]  # fmt: skip
    assert (begun["kind"], ended["kind"]) == ("begun", "question")
    lines = of_request(log, id)
    assert [line["logger"] for line in lines][-2:] == ["bot.assistant", "ui.http.request_ids"]
    assert (lines[-1]["path"], lines[-1]["status"], lines[-1]["method"]) == ("/v1/ask", 200, "POST")
    assert lines[-2]["question"] == ended["id"] and lines[-2]["status"]


@pytest.mark.parametrize(
    ("path", "status"), [("/v1/nothing", 404), ("/v1/ask", 405), ("/v1/search?k=x&text=a", 422), ("/x", 404)]
)
def test_every_refusal_has_an_id_too(served: ServedShop, path: str, status: int) -> None:
    with served.client(**{"X-Request-ID": "mine-0123"}) as client:
        told = client.get(path)
    assert (told.status_code, told.headers["x-request-id"]) == (status, "mine-0123")


def test_a_bug_has_the_id_in_its_answer_and_in_the_line_that_tells_of_it(
    served: ServedShop, log: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = "row 7: ana@shop.example"

    def broken(*_: Any) -> None:
        raise RuntimeError(words)

    monkeypatch.setattr(served.desk.house, "at", broken)
    with served.client() as client:
        told = ask(client, PLAIN)
    assert told.status_code == 500
    lines = of_request(log, told.headers["x-request-id"])
    assert any("RuntimeError" in line.get("exc_info", "") for line in lines)
    assert words not in json.dumps(lines)


def test_nothing_that_a_stranger_or_a_customer_wrote_gets_into_the_log(served: ServedShop, log: Any) -> None:
    secrets = ["Weiss4711", KEY_LIKE, "Zebra-Agent", "Geheimpfad", "Germany"]
    headers = {"User-Agent": "Zebra-Agent", "X-Request-ID": KEY_LIKE, "Authorization": f"Bearer {KEY_LIKE}"}
    with served.client(**headers) as client:
        ask(client, "Revenue of Weiss4711 in Germany last month")
        client.get("/v1/search", params={"text": "Weiss4711"})
        client.get(f"/v1/reports/{KEY_LIKE}")
        client.get("/Geheimpfad/Weiss4711")
        client.request("ZEBRA", "/v1/ask")
    until(lambda: len([line for line in log() if line["logger"] == "ui.http.request_ids"]) == 5)
    told = json.dumps(log(), ensure_ascii=False)
    assert not [secret for secret in (*secrets, "ZEBRA") if secret in told]
