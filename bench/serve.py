"""What asking over HTTP costs: overhead of an answer, answers a second, memory of an idle event stream.

    python -m bench.serve                   200 answers, 8 clients, 400 idle streams
    python -m bench.serve --answers 1000 --clients 16 --streams 1000
    python -m bench.serve --kills 100       what 100 kills under load lose

The server is a process of its own with people and keys, and a model that is scripted, so that only the way to
an answer and back is measured, never the model: the same question is asked in the process, through the same
desk, and over HTTP with a key, in turns. Idle streams ask a question whose model does not write: the first 16
are answered by workers, the others wait in line and are counted.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import multiprocessing
import statistics
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

import httpx
import psutil

from bench.kills import kill_often
from bench.record import RESULTS, circumstances, write_result
from bench.serving import QUESTION, serve

SLOW = "Where do we make good money?"
WORKERS = 16


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--answers", type=int, default=200, help="answers each way (default 200)")
    parser.add_argument("--clients", type=int, default=8, help="clients at once (default 8)")
    parser.add_argument("--streams", type=int, default=400, help="idle streams (default 400)")
    parser.add_argument(
        "--kills", type=int, default=0, help="kill a server so often instead (bench/kills.py)"
    )
    options = parser.parse_args()
    if options.kills:
        _kills(options)
        return
    with tempfile.TemporaryDirectory() as folder, _server(Path(folder)) as (server, address, key):
        with httpx.Client(base_url=address, headers={"Authorization": f"Bearer {key}"}, timeout=60) as client:
            measured = _overhead(client, options.answers)
        measured |= _throughput(address, key, options.answers, options.clients)
        measured |= asyncio.run(_idle(server, address, key, options.streams))
    figures = {name: f"{value:,.2f}" for name, value in measured.items()}
    result = {"options": vars(options), "figures": figures, **circumstances()}
    path = write_result(RESULTS / "serve.json", result)
    for name, value in measured.items():
        print(f"{name:<58} {value:>10.2f}")
    print(f"raw: {path}")


def _kills(options: argparse.Namespace) -> None:
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        measured = asdict(kill_often(Path(folder), options.kills))
    measured["minutes"] = round((time.perf_counter() - started) / 60, 1)
    path = write_result(
        RESULTS / "kills.json", {"options": vars(options), "figures": measured, **circumstances()}
    )
    for name, value in measured.items():
        print(f"{name.replace('_', ' '):<20} {value}")
    print(f"raw: {path}")


def _overhead(client: httpx.Client, answers: int) -> dict[str, float]:
    """Milliseconds of answers in the server's process and over HTTP, in turns."""
    for _ in range(5):
        _ask(client)
    inside, around = [], []
    for _ in range(answers):
        inside.append(client.get("/inside").json()["seconds"] * 1_000)
        started = time.perf_counter()
        _ask(client)
        around.append((time.perf_counter() - started) * 1_000)
    bare = []
    for _ in range(answers):
        started = time.perf_counter()
        client.get("/v1/models").raise_for_status()
        bare.append((time.perf_counter() - started) * 1_000)
    extra = statistics.median(around) - statistics.median(inside)
    return {
        "request with a key that asks nothing, median ms": statistics.median(bare),
        "answer in the process, median ms": statistics.median(inside),
        "answer in the process, 99th percentile ms": _percentile(inside),
        "answer over HTTP, median ms": statistics.median(around),
        "answer over HTTP, 99th percentile ms": _percentile(around),
        "overhead of HTTP, difference of the medians, ms": extra,
    }


def _throughput(address: str, key: str, answers: int, clients: int) -> dict[str, float]:
    def asks(count: int) -> None:
        headers = {"Authorization": f"Bearer {key}"}
        with httpx.Client(base_url=address, headers=headers, timeout=120) as client:
            for _ in range(count):
                _ask(client)

    each = max(1, answers // clients)
    started = time.perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        list(pool.map(asks, [each] * clients))
    return {f"answers a second, {clients} clients": each * clients / (time.perf_counter() - started)}


async def _idle(server: psutil.Process, address: str, key: str, streams: int) -> dict[str, float]:
    """What each stream adds to the server's memory once its workers are all busy."""
    headers = {"Authorization": f"Bearer {key}", "Accept": "text/event-stream"}
    limits = httpx.Limits(max_connections=None)
    async with (
        httpx.AsyncClient(base_url=address, headers=headers, limits=limits, timeout=120) as client,
        contextlib.AsyncExitStack() as stack,
    ):
        before = 0
        for number in range(WORKERS + streams):
            if number == WORKERS:
                await asyncio.sleep(2)
                before = server.memory_info().rss
            asked = client.stream("POST", "/v1/ask", json={"question": SLOW})
            response = await stack.enter_async_context(asked)
            response.raise_for_status()
        figures = (await client.get("/metrics", headers={"Accept": "*/*"})).text
        gauges = dict(line.rsplit(" ", 1) for line in figures.splitlines() if not line.startswith("#"))
        held = float(gauges["shoptalk_questions_queued"])
        after = server.memory_info().rss
    return {"idle streams": held, "memory of an idle stream, kB": (after - before) / held / 1e3}


def _ask(client: httpx.Client) -> None:
    response = client.post("/v1/ask", json={"question": QUESTION})
    response.raise_for_status()
    assert response.json()["status"] == "answered", response.text


def _percentile(values: list[float], share: float = 0.99) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


@contextlib.contextmanager
def _server(folder: Path) -> Iterator[tuple[psutil.Process, str, str]]:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(folder, theirs), daemon=True)
    process.start()
    try:
        address, key = ours.recv()
        yield psutil.Process(process.pid), address, key
    finally:
        process.kill()
        process.join()


if __name__ == "__main__":
    main()
