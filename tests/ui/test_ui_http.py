"""The server as its clients see it: answers, streams, conversations, what can be looked up, problems."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from served_shop import BY_COUNTRY, HARD, PLAIN, ServedShop, ask, events_of, serving, until
from typer.testing import CliRunner

from app.feedback_log import FeedbackLog
from ui.cli import app as command_line
from ui.http import asking


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedShop]:
    """Nobody has a key: whoever is on this computer asks."""
    with serving(tmp_path_factory.mktemp("served")) as served:
        yield served


@pytest.fixture
def client(served: ServedShop) -> Iterator[httpx.Client]:
    with served.client() as client:
        yield client


def problem(response: httpx.Response, status: int, key: str) -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = response.json()
    assert document["type"] == f"urn:shoptalk:problem:{key}" and document["status"] == status
    assert document["title"] and document["detail"].endswith((".", "。"))
    return document


# --- answers ----------------------------------------------------------------------------------------------


def test_an_answer_is_that_of_the_command_line_with_two_ids(
    served: ServedShop, client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = ask(client, BY_COUNTRY).json()
    monkeypatch.setenv("SHOPTALK_HOME", str(served.settings.home))
    said = CliRunner().invoke(command_line, ["ask", BY_COUNTRY, "--json", "--shop", str(served.shop)])
    told = json.loads(said.stdout)
    assert answer.pop("id") and answer.pop("conversation")
    assert answer.pop("seconds").keys() == told.pop("seconds").keys()
    assert answer == told and answer["tables"][0]["rows"] == [["France", 50], ["Germany", 100]]


def test_a_conversation_is_gone_on_with_by_its_id(client: httpx.Client) -> None:
    first = ask(client, BY_COUNTRY).json()
    second = ask(client, "And in April?", conversation=first["conversation"]).json()
    assert second["conversation"] == first["conversation"] and second["id"] != first["id"]
    assert second["tables"][0]["rows"] == [["France", 70]]
    alone = ask(client, "And in April?").json()
    assert alone["conversation"] != first["conversation"] and alone["status"] != "answered"


def test_the_steps_are_streamed_with_done_last(client: httpx.Client) -> None:
    with client.stream(
        "POST", "/v1/ask", json={"question": BY_COUNTRY}, headers={"Accept": "text/event-stream"}
    ) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        events = list(events_of(response.iter_lines()))
    steps_told = [name for name, _ in events if name != "waiting"]  # may stand anywhere before the words
    assert steps_told == ["understood", "sql", "rows", "text", "chart", "done"]
    steps = dict(events)
    assert steps["understood"] == {
        "standalone_question": BY_COUNTRY, "language": "en", "skill": "ask_sql"
    }  # fmt: skip
    assert steps["rows"] == steps["done"]["tables"][0] and steps["text"]["text"] == steps["done"]["text"]
    assert steps["done"].keys() == ask(client, BY_COUNTRY).json().keys()


def test_what_is_declined_is_an_answer_and_no_error(client: httpx.Client) -> None:
    response = ask(client, "Delete all sales")
    assert response.status_code == 200 and response.json()["status"] == "declined"


def test_chinese_is_answered_in_chinese(client: httpx.Client) -> None:
    answer = ask(client, "上个月的销售额是多少？").json()
    assert answer["language"] == "zh" and answer["tables"][0]["rows"] == [[150]]


def test_halves_of_characters_do_no_harm(client: httpx.Client) -> None:
    response = client.post(
        "/v1/ask", content=b'{"question": "Revenue \\ud83d last month?"}',
        headers={"Content-Type": "application/json"},
    )  # fmt: skip
    assert response.status_code == 200 and "?" in response.json()["question"]


# --- several at once --------------------------------------------------------------------------------------


def test_one_conversation_answers_one_question_at_a_time_and_others_go_on(
    served: ServedShop, client: httpx.Client
) -> None:
    talk = ask(client, PLAIN).json()["conversation"]
    served.engine.may_write.clear()
    served.engine.asked.clear()
    slow: list[httpx.Response] = []
    asking = threading.Thread(target=lambda: slow.append(ask(client, HARD, conversation=talk)))
    asking.start()
    try:
        assert served.engine.asked.wait(20)
        problem(ask(client, PLAIN, conversation=talk), 409, "conversation-busy")
        assert ask(client, PLAIN).status_code == 200, "the event loop is free"
        assert "shoptalk_questions_running 1.0" in client.get("/metrics").text
    finally:
        served.engine.may_write.set()
        asking.join(20)
    assert slow[0].status_code == 200
    assert ask(client, PLAIN, conversation=talk).status_code == 200


@pytest.mark.parametrize("accept", ["text/event-stream", "application/json"])
def test_a_client_that_goes_away_cancels_its_question(
    accept: str, served: ServedShop, client: httpx.Client
) -> None:
    ask(client, PLAIN)  # else the client is gone before the shop is open
    before = len(served.audited())
    served.engine.may_write.clear()
    served.engine.asked.clear()
    served.engine.was_cancelled.clear()
    try:
        with served.client() as leaving, pytest.raises(httpx.ReadTimeout):
            leaving.post("/v1/ask", json={"question": HARD}, headers={"Accept": accept}, timeout=4)
        assert served.engine.asked.wait(20) and served.engine.was_cancelled.wait(20)
    finally:
        served.engine.may_write.set()
    until(lambda: len(served.audited()) > before)
    assert served.audited()[-1]["status"] == "stopped"
    until(lambda: "shoptalk_questions_running 0.0" in client.get("/metrics").text)


# --- looking up -------------------------------------------------------------------------------------------


def test_reviews_are_searched(served: ServedShop, client: httpx.Client) -> None:
    found = client.get("/v1/search", params={"text": "broken switch", "k": 2}).json()
    assert found["text"] == "broken switch" and len(found["hits"]) == 2
    assert found["hits"][0]["id"] == "review:2"
    entry = served.audited()[-1]
    assert (entry["kind"], entry["question"]) == ("search", "broken switch")


def test_reports_are_listed_and_read(client: httpx.Client) -> None:
    listed = client.get("/v1/reports").json()["reports"]
    assert [each["id"] for each in listed] == ["2026-04-monthly", "2026-05-monthly"]
    report = client.get("/v1/reports/2026-05-monthly").json()
    assert report["title"] == listed[1]["title"] and report["sections"]
    for id in ("2030-01-monthly", "..%2F..%2Fshop", "x" * 300, "%00"):
        problem(client.get(f"/v1/reports/{id}"), 404, "report-missing" if "%2F" not in id else "not-found")


def test_the_shop_says_what_can_be_asked(client: httpx.Client) -> None:
    shop = client.get("/v1/shop").json()
    assert (shop["shop"], shop["role"], shop["today"]) == ("Tiny", "owner", "2026-06-30")
    assert [view["name"] for view in shop["views"]] == ["sales", "reviews", "stock"]
    assert {"name": "amount", "type": "number", "description": "", "unit": "EUR"} in shop["views"][0][
        "columns"
    ]
    assert [metric["name"] for metric in shop["metrics"]] == ["revenue", "sales_count"]
    for job in shop["jobs"]:
        assert job["utterance"]["en"] and job["utterance"]["zh"]
    assert shop["suggestions"]["en"] == [PLAIN]


def test_feedback_is_kept_of_ones_own_answers(served: ServedShop, client: httpx.Client) -> None:
    id = ask(client, PLAIN).json()["id"]
    said = {"answer": id, "verdict": "down", "comment": "Net, please."}
    assert client.post("/v1/feedback", json=said).json() == {"answer": id, "verdict": "down"}
    kept = FeedbackLog.of(served.settings).read()[-1]
    assert (kept.answer, kept.verdict, kept.comment, kept.question) == (id, "down", "Net, please.", PLAIN)
    assert kept.sql
    problem(client.post("/v1/feedback", json={"answer": "0" * 12, "verdict": "up"}), 404, "answer-missing")
    problem(client.post("/v1/feedback", json={"answer": id, "verdict": "great"}), 422, "body-invalid")


def test_health_readiness_and_figures(served: ServedShop, client: httpx.Client) -> None:
    assert client.get("/healthz").json() == {"status": "alive"}
    assert client.get("/readyz").json() == {"status": "ready"}
    ask(client, PLAIN)
    figures = client.get("/metrics")
    assert figures.headers["content-type"].startswith("text/plain")
    for name in (
        'shoptalk_questions_total{status="answered"}', "shoptalk_question_seconds_bucket{le=",
        "shoptalk_questions_running 0.0", "shoptalk_questions_queued 0.0",
    ):  # fmt: skip
        assert name in figures.text
    for state, key in (("starting", "not-ready"), ("failed", "not-ready-failed"), ("stopping", "stopping")):
        served.desk.state = state  # type: ignore[assignment]
        problem(client.get("/readyz"), 503, key)
        served.desk.state = "ready"


def test_openapi_describes_every_route_with_examples(client: httpx.Client) -> None:
    document = client.get("/v1/openapi.json").json()
    assert document["paths"].keys() == {
        "/ask", "/feedback", "/forget", "/models", "/chat/completions", "/search", "/reports",
        "/reports/{id}", "/reports/{id}/{form}", "/shop", "/conversations", "/conversations/{id}",
    }  # fmt: skip
    asking = document["paths"]["/ask"]["post"]["responses"]
    example = asking["200"]["content"]["application/json"]["example"]
    assert {*example, "chart"} == {*ask(client, PLAIN).json()}, "what is null is left out of OpenAPI"
    for status in ("400", "401", "404", "409", "413", "422", "429", "503"):
        assert "application/problem+json" in asking[status]["content"]
    assert document["components"]["schemas"]["Question"]["examples"]


# --- problems ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "key"),
    [
        ("POST", "/v1/ask", '{"question"', 400, "body-json"),
        ("POST", "/v1/ask", "", 422, "body-invalid"),
        ("POST", "/v1/ask", "[]", 422, "body-invalid"),
        ("POST", "/v1/ask", '{"question": 7}', 422, "body-invalid"),
        ("POST", "/v1/ask", '{"question": "  "}', 422, "question-empty"),
        ("POST", "/v1/ask", json.dumps({"question": "x" * 20_000}), 422, "question-long"),
        ("POST", "/v1/ask", '{"question": "a", "role": "owner"}', 422, "body-invalid"),
        ("POST", "/v1/ask", '{"question": "a", "conversation": "nope"}', 404, "conversation-missing"),
        ("POST", "/v1/ask", json.dumps({"question": "a", "conversation": "x" * 65}), 422, "body-invalid"),
        ("POST", "/v1/ask", "[" * 100_000, 400, "body-json"),
        ("POST", "/v1/ask", "x" * 262_145, 413, "body-large"),
        ("GET", "/v1/ask", None, 405, "wrong-method"),
        ("DELETE", "/v1/shop", None, 405, "wrong-method"),
        ("GET", "/v1/nothing", None, 404, "not-found"),
        ("GET", "/nothing", None, 404, "not-found"),
        ("GET", "/v1/search", None, 422, "body-invalid"),
        ("GET", "/v1/search?text=%20", None, 422, "question-empty"),
        ("GET", "/v1/search?text=lamp&k=0", None, 422, "body-invalid"),
        ("GET", "/v1/search?text=lamp&k=many", None, 422, "body-invalid"),
    ],
)
def test_what_does_not_fit_is_told_as_a_problem(
    method: str, path: str, body: str | None, status: int, key: str, client: httpx.Client
) -> None:
    response = client.request(method, path, content=body, headers={"Content-Type": "application/json"})
    document = problem(response, status, key)
    assert "Traceback" not in response.text and len(response.text) < 2_000
    if key == "question-long":
        assert "20,000" in document["detail"] and "2,000" in document["detail"]
    if key == "wrong-method":
        assert response.headers["allow"] in document["detail"]


def test_a_body_without_a_length_is_measured_too(client: httpx.Client) -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(40):
            yield b"x" * 10_000

    problem(client.post("/v1/ask", content=chunks()), 413, "body-large")


def test_problems_are_told_in_chinese_to_who_prefers_it(served: ServedShop) -> None:
    with served.client(**{"Accept-Language": "zh-CN,zh;q=0.9"}) as client:
        assert problem(ask(client, " "), 422, "question-empty")["title"] == "没有问题"


def test_a_shop_that_cannot_be_opened_and_a_log_that_cannot_be_written_are_told(tmp_path: Path) -> None:
    with serving(tmp_path) as served, served.client() as client:
        database = served.shop.parent / "shop.duckdb"
        aside = database.rename(tmp_path / "aside")
        document = problem(ask(client, PLAIN), 503, "shop-closed")
        assert str(tmp_path) not in json.dumps(document)
        aside.rename(database)
        assert ask(client, PLAIN).status_code == 200
        served.settings.audit.unlink()
        served.settings.audit.mkdir()
        for found in (client.get("/v1/search", params={"text": "lamp"}), client.get("/v1/reports")):
            assert str(tmp_path) not in json.dumps(problem(found, 503, "not-recorded"))
        assert ask(client, PLAIN).json()["status"] == "failed", "the assistant tells it as an answer"


def test_as_many_as_can_wait_wait_and_the_next_is_told_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking.Questions.__init__, "__kwdefaults__", {"workers": 1, "most_waiting": 1})
    with serving(tmp_path) as served, served.client() as client:
        served.engine.may_write.clear()
        told: list[Any] = []

        def wait() -> None:
            body, accept = {"question": HARD}, {"Accept": "text/event-stream"}
            with client.stream("POST", "/v1/ask", json=body, headers=accept) as stream:
                told.extend(events_of(stream.iter_lines()))

        slow = [threading.Thread(target=ask, args=(client, HARD)), threading.Thread(target=wait)]
        slow[0].start()
        assert served.engine.asked.wait(20)
        slow[1].start()
        until(lambda: "shoptalk_questions_queued 1.0" in client.get("/metrics").text)
        talk = {"Accept": "text/event-stream"}
        refused = problem(ask(client, PLAIN), 503, "busy")
        assert int(ask(client, PLAIN).headers["retry-after"]) >= 1 and refused["title"]
        until(lambda: told)
        assert told[0] == ("waiting", {"what": "line", "values": {"place": "1"}})
        streamed = client.post("/v1/ask", json={"question": PLAIN}, headers=talk)
        assert [name for name, _ in events_of(iter(streamed.text.splitlines()))] == ["problem"]
        served.engine.may_write.set()
        for each in slow:
            each.join(20)
        assert "shoptalk_questions_queued 0.0" in client.get("/metrics").text
