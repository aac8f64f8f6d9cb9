"""A question's steps as one trace, with nothing of the shop in it; sent only where a setting says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from served_shop import BY_COUNTRY, HARD, PLAIN, ServedShop, ask, serving

from app.errors import WrongUse
from app.settings import Settings
from app.tracing import start_tracing
from llm.traced import span, trace_to

ROOT = Path(__file__).parent.parent.parent
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
STEPS = ["understand", "link", "route", "ask_sql", "draft", "guard", "run", "tell"]


@pytest.fixture
def exporter() -> Iterator[InMemorySpanExporter]:
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace_to(provider)
    yield exporter
    trace_to(None)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedShop]:
    with serving(tmp_path_factory.mktemp("traced")) as served:
        yield served


def spans(exporter: InMemorySpanExporter, id: str) -> dict[str, ReadableSpan]:
    """By name; of several the last."""
    return {s.name: s for s in exporter.get_finished_spans() if f"{s.context.trace_id:032x}" == id}


@pytest.mark.parametrize("question", [BY_COUNTRY, HARD])
@pytest.mark.parametrize("accept", ["application/json", "text/event-stream"])
def test_the_steps_of_a_question_are_one_trace(
    served: ServedShop, exporter: InMemorySpanExporter, question: str, accept: str
) -> None:
    with served.client(accept=accept, traceparent=f"00-{TRACE}-00f067aa0ba902b7-01") as client:
        answered = ask(client, question)
        assert answered.headers["x-request-id"] == TRACE
    found = spans(exporter, TRACE)
    assert {*STEPS, "question"} <= found.keys(), "all of them in the caller's trace"
    root = found["question"]
    assert root.parent is not None and f"{root.parent.span_id:016x}" == "00f067aa0ba902b7"
    above = {"link": "understand", "draft": "ask_sql", "guard": "ask_sql", "run": "ask_sql"}
    for step in STEPS:
        parent = found[above.get(step, "question")]
        assert found[step].parent is not None and found[step].parent.span_id == parent.context.span_id, step
    told = root.attributes or {}
    assert (told["shoptalk.skill"], told["shoptalk.request"]) == ("ask_sql", TRACE)
    assert told["shoptalk.status"] in ("answered", "clarify") and told["shoptalk.rows"] == 2


def test_nothing_of_the_shop_or_of_a_question_is_in_a_trace(
    served: ServedShop, exporter: InMemorySpanExporter
) -> None:
    with served.client() as client:
        rows = ask(client, BY_COUNTRY).json()["tables"][0]["rows"]
        for question in (PLAIN, HARD, "Who is Weiss4711?", "Revenue of Lamp in Germany", "delete everything"):
            ask(client, question)
    told = json.dumps([json.loads(each.to_json()) for each in exporter.get_finished_spans()])
    assert told.count('"question"') >= 6
    words = ["Weiss4711", "Lamp", "revenue", "Revenue", "delete", "SELECT", "sales", "country"]
    assert {row[0] for row in rows} == {"Germany", "France"}
    assert not [word for word in (*words, *(row[0] for row in rows)) if word in told]


def test_of_an_error_only_its_kind_is_told(exporter: InMemorySpanExporter) -> None:
    with pytest.raises(ValueError), span("step"):
        raise ValueError("row 7: ana@shop.example")
    (step,) = exporter.get_finished_spans()
    assert step.status.description == "ValueError" and "ana@" not in step.to_json() and not step.events


def test_without_a_setting_no_collector_is_looked_for() -> None:
    script = """
import sys
from app.settings import Settings
from app.tracing import start_tracing
start_tracing(Settings.from_environment({}))
import bot.assistant
assert not [name for name in sys.modules if name.startswith("opentelemetry.sdk")], "imported when needed only"
"""
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True)


def test_missing_packages_are_told_with_the_command_that_brings_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with pytest.raises(WrongUse, match=r'pip install -e "\.\[otel\]"'):
        start_tracing(Settings.from_environment({"SHOPTALK_TRACES_URL": "http://127.0.0.1:4318"}))


SCRIPT = """
import sys
from app.settings import Settings
from ui.command import leave, settings_of_process
settings_of_process()
from llm.traced import span, trace_to
with span("question", request="abc"), span("run", rows=2):
    pass
leave(0)
"""


class Collector(HTTPServer):
    """Takes what a collector takes, on loopback."""

    def __init__(self) -> None:
        self.got: list[tuple[str, bytes]] = []
        super().__init__(("127.0.0.1", 0), Collecting)


class Collecting(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        assert isinstance(self.server, Collector)
        self.server.got.append((self.path, body))
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.mark.parametrize("variable", ["SHOPTALK_TRACES_URL", "OTEL_EXPORTER_OTLP_ENDPOINT"])
def test_a_process_that_ends_has_sent_its_spans(tmp_path: Path, variable: str) -> None:
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    with Collector() as collector:
        threading.Thread(target=collector.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{collector.server_port}"
        environment = {**os.environ, "SHOPTALK_HOME": str(tmp_path), variable: address}
        subprocess.run([sys.executable, "-c", SCRIPT], cwd=ROOT, env=environment, check=True)
        collector.shutdown()
    ((path, body),) = collector.got
    assert path == "/v1/traces"
    told = ExportTraceServiceRequest.FromString(body)
    names = {s.name for r in told.resource_spans for scope in r.scope_spans for s in scope.spans}
    assert names == {"question", "run"} and b"shoptalk" in body


def test_a_collector_that_is_not_there_holds_nothing_up_and_fails_nothing(tmp_path: Path) -> None:
    environment = {**os.environ, "SHOPTALK_HOME": str(tmp_path), "SHOPTALK_TRACES_URL": "http://127.0.0.1:9"}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], cwd=ROOT, env=environment, check=False, timeout=60,
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0 and "Traceback (most" not in done.stderr
