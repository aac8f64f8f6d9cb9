"""``shoptalk serve`` as a process: the page behind the same sign-in, and an end that loses nothing."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from mcp_clients import HELLO
from roles_shop import build_roles_shop
from served_shop import HARD, PLAIN, ask, events_of, until

from app.feedback_log import FeedbackLog
from app.keyring import Keyring
from app.settings import Settings

ROOT = Path(__file__).parent.parent.parent
SCRIPT = """
import sys, threading
from pathlib import Path
sys.path.insert(0, {tests!r})
from served_shop import Held
from app import engines
held = Held()
held.may_write.clear()

def watch():
    while not held.may_write.wait(0.05):
        if Path({go!r}).exists():
            held.may_write.set()

threading.Thread(target=watch, daemon=True).start()
engines.load_engine = lambda settings: held
from ui.cli import app
app(["serve", "--shop", {shop!r}])
"""


class Process:
    """The command with a model that waits for the file ``go``."""

    def __init__(self, folder: Path) -> None:
        self.home, self.go = folder / "home", folder / "go"
        self.shop = build_roles_shop(folder / "shop")
        self.settings = Settings(home=self.home)
        self.keyring = Keyring.of(self.settings)
        script = SCRIPT.format(tests=str(ROOT / "tests"), go=str(self.go), shop=str(self.shop))
        environment = {name: v for name, v in os.environ.items() if not name.startswith("SHOPTALK_")}
        environment |= {
            "SHOPTALK_HOME": str(self.home),
            "SHOPTALK_ENGINE_URL": "http://127.0.0.1:9/v1",
            "SHOPTALK_LOG_FORMAT": "json",
            "SHOPTALK_LOG_LEVEL": "info",
        }
        self.process = subprocess.Popen(
            [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            cwd=ROOT, env=environment,
        )  # fmt: skip
        assert self.process.stdout is not None
        found = re.search(r"http://127\.0\.0\.1:\d+", self.process.stdout.readline())
        assert found, self.process.communicate(timeout=20)
        self.address = found[0]

    def client(self, key: str | None = None) -> httpx.Client:
        headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        return httpx.Client(base_url=self.address, headers=headers, timeout=30)

    def end(self) -> str:
        self.process.kill()
        return self.process.communicate()[1]


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    process = Process(tmp_path_factory.mktemp("process"))
    yield process
    process.end()


def join(client: httpx.Client, session: str, function: int, data: list[Any]) -> httpx.Response:
    body = {"data": data, "fn_index": function, "session_hash": session, "event_data": None}
    return client.post("/gradio_api/queue/join", json=body)


def test_it_answers_shows_its_page_and_ends_without_losing_anything(process: Process) -> None:
    with process.client() as local:
        config = local.get("/config").json()
        assert "Tiny" in json.dumps(config) and PLAIN in json.dumps(config)
        assert local.get("/").status_code == 200 and local.get("/readyz").status_code == 503
        assert ask(local, PLAIN).json()["tables"][0]["rows"] == [[150]]
        hello = local.post("/mcp", json=HELLO, headers={"Accept": "application/json, text/event-stream"})
        assert hello.status_code == 200 and '"name":"shoptalk"' in hello.text
        foreign = local.get("/", headers={"Host": "rebound.example"})
        assert foreign.status_code == 403, "the page too is this computer's own"

    key, other = (
        process.keyring.add("ana", role="owner").text,
        process.keyring.add("bo", role="branch", attributes={"country": "Germany", "product": "Lamp"}).text,
    )
    with process.client() as nobody:
        for path in (
            "/",
            "/config",
            "/gradio_api/info",
            "/assets/index.js",
            "/gradio_api/file=x",
            "/theme.css",
            "/mcp",
        ):
            assert nobody.get(path).status_code == 401, path
        assert join(nobody, "s", 0, [PLAIN, ""]).status_code == 401
        assert nobody.get("/gradio_api/queue/data", params={"session_hash": "s"}).status_code == 401

    with process.client() as browser:
        assert browser.post("/sign-in", data={"key": other}).status_code == 303
        page = browser.get("/")
        assert page.status_code == 200 and "default-src 'self'" in page.headers["content-security-policy"]
        config = browser.get("/config").json()
        asking = next(
            each["id"] for each in config["dependencies"]
            if ["submit"] in [[target[1]] for target in each["targets"]]
        )  # fmt: skip
        assert join(browser, "tab", asking, ["Revenue by country last month", ""]).status_code == 200
        told = ""
        with browser.stream("GET", "/gradio_api/queue/data", params={"session_hash": "tab"}) as stream:
            for line in stream.iter_lines():
                told += line
                if "process_completed" in line:
                    break
        assert "100" in told and "Germany" in told and "France" not in told
        lines = (process.home / "audit" / "audit.jsonl").read_text("utf-8").splitlines()
        asked = [entry for entry in map(json.loads, lines) if entry["kind"] == "question"]
        assert (asked[-1]["person"], asked[-1]["role"]) == ("bo", "branch")

    ends: list[Any] = []

    def slowly() -> None:
        with (
            process.client(key) as client,
            client.stream("POST", "/v1/ask", json={"question": HARD},
                          headers={"Accept": "text/event-stream"}) as stream,
        ):  # fmt: skip
            ends.extend(events_of(stream.iter_lines()))

    with process.client(key) as client:
        id = ask(client, PLAIN).json()["id"]
        asking_slowly = threading.Thread(target=slowly)
        asking_slowly.start()
        until(lambda: "shoptalk_questions_running 1.0" in client.get("/metrics").text)
        process.process.send_signal(signal.SIGTERM)
        until(lambda: client.get("/readyz").json()["type"] == "urn:shoptalk:problem:stopping")
        refused = ask(client, PLAIN)
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
        assert client.post("/v1/feedback", json={"answer": id, "verdict": "up"}).status_code == 200
        assert not ends or ends[-1][0] != "done"
        process.go.touch()
        asking_slowly.join(30)
    assert ends[-1][0] == "done" and ends[-1][1]["status"] in ("answered", "clarify")
    assert process.process.wait(30) == 0
    assert id in [each.answer for each in FeedbackLog.of(process.settings).read()]
    written = process.end().splitlines()
    assert not [line for line in written if line[:1] != "{"]
    log = [json.loads(line) for line in written]
    assert "Traceback" not in json.dumps(log)
    entries = map(json.loads, (process.home / "audit" / "audit.jsonl").read_text("utf-8").splitlines())
    asked_by_people = [entry for entry in entries if entry["kind"] == "question"]
    told = {line["question"]: line["request"] for line in log if line["logger"] == "bot.assistant"}
    assert {entry["id"]: entry["request"] for entry in asked_by_people} == told and all(told.values())
    served = {line["request"] for line in log if line["logger"] == "ui.http.request_ids"}
    assert {*told.values()} <= served, "what the page asks too belongs to the request that it came with"
