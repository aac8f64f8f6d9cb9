#!/usr/bin/env bash
# FastAPI 0.165.0 with opentelemetry-sdk 1.45.2: no instrumentation package is installed, no middleware added and nothing of
# FastAPI configured, yet as soon as a process sets OpenTelemetry's global tracer provider, for spans of its own, every
# request is a span too, and its attribute url.query holds the whole query string. What people search for, such as a
# customer's address, leaves for the collector.
# Seen: three spans of fastapi.* and one of the request, with url.query "q=ana%40shop.example". Fails when that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check fastapi==0.165.0 opentelemetry-sdk==1.45.2 httpx
cat > "$folder/show.py" <<'PYTHON'
import sys

from fastapi import FastAPI
from fastapi.testclient import TestClient
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

app = FastAPI()


@app.get("/search")
def search(q: str) -> str:
    return "found"


kept = InMemorySpanExporter()
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(kept))
trace.set_tracer_provider(provider)
TestClient(app).get("/search?q=ana@shop.example")
spans = {span.name: dict(span.attributes) for span in kept.get_finished_spans()}
print(spans)
queries = {name: attributes.get("url.query") for name, attributes in spans.items()}
expected = {"fastapi.dependencies": None, "fastapi.endpoint": None, "fastapi.serialization": None,
            "GET /search": "q=ana%40shop.example"}
sys.exit(0 if queries == expected else "this has changed")
PYTHON
"$folder/venv/bin/python" "$folder/show.py"
