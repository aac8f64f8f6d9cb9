"""One engine measured in its own process, for ``bench.engine``: its work and its figures are JSON.

It runs against this build and against earlier ones, whose ``complete`` took keywords and not a request; so it
imports nothing of ``bench`` and is started by its path with the build to measure first on PYTHONPATH.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

BEGAN = time.perf_counter()


def peak_memory_mb() -> float:
    """The most resident memory of this process so far, in 10**6 bytes.

    Linux hands ``ru_maxrss`` on to a program that a large process starts, so it is read elsewhere there.
    """
    status = Path("/proc/self/status")
    if status.exists():
        (line,) = (each for each in status.read_text("ascii").splitlines() if each.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024 / 1e6
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6


class Probe:
    """An engine that was opened, asked the same way whatever its build."""

    def __init__(self, work: Mapping[str, Any]) -> None:
        from llm.hardware import set_threads

        set_threads()
        from llm import engine as protocol
        from llm.adapters import SHIPPED, find_adapters
        from llm.load import open_engine

        self.protocol = protocol
        adapters = find_adapters(work["model"], SHIPPED)
        self.engine = open_engine(Path(work["home"]), model=work["model"], adapters=adapters, progress=False)

    def ask(self, asked: Mapping[str, Any], **changed: Any) -> list[Any]:
        """The completions of one recorded request."""
        fields = {**asked, **changed}
        prompt = self.protocol.Prompt(**fields.pop("prompt"))
        if fields["adapter"] not in self.engine.adapters:
            fields["adapter"] = None
        import inspect

        if "request" in inspect.signature(self.engine.complete).parameters:
            return list(self.engine.complete(self.protocol.Request(prompt=prompt, **fields)))
        return list(self.engine.complete(prompt, **fields))


def measure(work: Mapping[str, Any]) -> dict[str, Any]:
    """Load, and unless only starts are wanted answer one after the other, then eight at once."""
    requests = work["requests"]
    probe = Probe(work)
    loaded = time.perf_counter() - BEGAN
    probe.ask(requests[0], max_tokens=1, samples=1)
    first = time.perf_counter() - BEGAN
    figures: dict[str, Any] = {"engine": probe.engine.name, "load_s": loaded, "first_token_s": first}
    if work.get("only_starts"):
        return figures
    for asked in {one["prompt"]["fixed"]: one for one in requests}.values():  # each start is read
        probe.ask(asked, max_tokens=1, samples=1)
    tokens, began = 0, time.perf_counter()
    for asked in requests:
        tokens += sum(reply.tokens for reply in probe.ask(asked))
    seconds = time.perf_counter() - began
    figures |= {"tokens": tokens, "seconds": seconds, "tokens_per_s": tokens / seconds}
    figures["peak_memory_mb"] = peak_memory_mb()
    single = [{**asked, "samples": 1, "temperature": 0.0} for asked in requests]
    began = time.perf_counter()
    with ThreadPoolExecutor(work["people"]) as pool:
        list(pool.map(probe.ask, single * work["rounds"]))
    minutes = (time.perf_counter() - began) / 60
    figures["replies_per_minute"] = len(single) * work["rounds"] / minutes
    figures["threads"] = threading.active_count()
    return figures


if __name__ == "__main__":
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    print(json.dumps(measure(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))))
