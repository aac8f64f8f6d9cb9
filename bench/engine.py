"""The language model alone, this build beside an earlier one: load, memory, tokens per second, many people.

    python -m bench.engine                              this build, each model that is here
    python -m bench.engine --against 4de5d21            and that commit, in turns, in the same run
    python -m bench.engine --against 4de5d21 --accuracy 150
    python -m bench.engine --against 4de5d21 --starts   only load and first token, three times in a row

The work is what the product asks of a model: the requests (prompt, grammar, adapter, samples) that the
demonstration shop's questions lead to, recorded from this build and given to both; who lacks the adapter
that they name answers them without one. ``--accuracy N`` also asks both builds N validation questions of
databases that were never seen, by the product's way, each with the adapter that it comes with, and counts
the right ones (SHOPTALK_DATA must name the folder of public data). Each figure is measured in a process of
its own; the builds take turns, so that a busy moment of the machine does not fall on one of them alone. In
turns a machine may read the files from disk each time; of ``--starts`` the first fills its memory with them.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.cases import FOLDER, load_questions
from bench.record import RESULTS, ROOT, circumstances, write_result

if TYPE_CHECKING:
    import threading

    from llm.engine import Completion, Engine, Request

MODELS = ("qwen2.5-coder-1.5b-instruct", "qwen2.5-coder-0.5b-instruct")
"""The first is the one that the product asks."""
PEOPLE = 8
FIGURES = ("load_s", "first_token_s", "tokens_per_s", "peak_memory_mb", "replies_per_minute")
EVALUATE = """
import inspect, json, sys
from llm.hardware import set_threads
set_threads()
from pathlib import Path
from finetune.evaluate import evaluate
from llm.adapters import SHIPPED, default_adapter, find_adapters
from llm.load import open_engine
home, model, data, count = sys.argv[1:]
choice = {"over": "tables"} if "over" in inspect.signature(default_adapter).parameters else {}
adapter = default_adapter(model, **choice)
engine = open_engine(Path(home), model=model, adapters=find_adapters(model, SHIPPED), progress=False)
folder = Path(data) / "spider_train"
report = evaluate(folder / "questions.jsonl", folder / "database", engine=engine, adapter=adapter,
                  side="validation", sample=True, limit=int(count), progress=False)
right = [outcome.verdict == "correct" for outcome in report.outcomes]
print(json.dumps({"right": sum(right), "asked": len(right),
                  "seconds": sorted(outcome.seconds for outcome in report.outcomes)}))
"""
"""Runs in either build; earlier ones chose the adapter by the data too."""


class Recorder:
    """An engine that keeps what it is asked; ``llm.engine.Engine``."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.requests: list[Request] = []

    @property
    def name(self) -> str:
        return self.engine.name

    @property
    def adapters(self) -> tuple[str, ...]:
        return self.engine.adapters

    def complete(self, request: Request, cancel: threading.Event | None = None) -> list[Completion]:
        self.requests.append(request)
        return self.engine.complete(request, cancel)


def recorded(home: Path, count: int) -> list[dict[str, Any]]:
    """The requests of ``count`` development questions over the demonstration shop, as plain data."""
    from llm.adapters import SHIPPED, default_adapter, find_adapters
    from llm.load import open_engine
    from sql.ask import open_asker
    from sql.errors import SqlError
    from sql.question.linking import Vocabulary
    from sql.shop.shopfile import load_shop
    from sql.shop.workspace import open_workspace

    model = MODELS[0]
    recorder = Recorder(open_engine(home, model=model, adapters=find_adapters(model, SHIPPED)))
    workspace = open_workspace(load_shop(_demo() / "shop.yml"))
    try:
        vocabulary = Vocabulary.build(workspace)
        adapter = default_adapter(model)
        asker = open_asker(workspace, recorder, vocabulary, adapter=adapter, asks_always=True)
        questions = [q for q in load_questions(FOLDER / "demo_dev.jsonl") if len(q.turns) == 1]
        for question in questions[:: max(1, len(questions) // count)][:count]:
            with contextlib.suppress(SqlError):  # an answer is not what is measured here
                asker.ask(question.turns[0])
    finally:
        workspace.close()
    return [dataclasses.asdict(request) for request in recorder.requests]


def _demo() -> Path:
    from demo.build import build_demo, is_built

    folder = ROOT / "build" / "bench" / "demo"
    if not is_built(folder):
        build_demo(folder)
    return folder


@contextlib.contextmanager
def build_of(commit: str | None) -> Iterator[Path]:
    """The folder with the code of ``commit``; this one's for ``None``."""
    if commit is None:
        yield ROOT
        return
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "build"
        git = ["git", "-C", str(ROOT), "worktree"]
        subprocess.run([*git, "add", "--detach", "--quiet", str(place), commit], check=True)
        try:
            yield place
        finally:
            subprocess.run([*git, "remove", "--force", str(place)], check=True)


def run(build: Path, arguments: Sequence[str]) -> dict[str, Any]:
    """Run Python with ``build`` first on its path; what it printed last, or why it failed."""
    environment = {**os.environ, "PYTHONPATH": str(build)}
    done = subprocess.run(
        [sys.executable, *arguments], cwd=build, env=environment, capture_output=True, text=True
    )
    if done.returncode != 0:
        return {"failed": (done.stderr.strip().splitlines() or ["no output"])[-1]}
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def compared(builds: Mapping[str, Path], work: Mapping[str, Any], repeats: int) -> dict[str, list[Any]]:
    """Each build's figures, ``repeats`` times in turns; of starts, in a row without the first."""
    results: dict[str, list[Any]] = {name: [] for name in builds}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "work.json"
        file.write_text(json.dumps(work), encoding="utf-8")
        turns = [name for _ in range(repeats) for name in builds]
        if work["only_starts"]:
            turns = [name for name in builds for _ in range(repeats + 1)]
        for place, name in enumerate(turns):
            found = run(builds[name], [str(ROOT / "bench" / "engine_probe.py"), str(file)])
            if not work["only_starts"] or turns[:place].count(name):
                results[name].append(found)
                print(f"  {name}: {row(found)}", flush=True)
    return results


def row(found: Mapping[str, Any]) -> str:
    """One line of figures."""
    if "failed" in found:
        return f"failed: {found['failed']}"
    return ", ".join(f"{key} {found[key]:,.1f}" for key in FIGURES if key in found)


def medians(runs: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """The median of each figure over the runs that did not fail."""
    good = [found for found in runs if "failed" not in found]
    known = [key for key in FIGURES if good and key in good[0]]
    return {key: statistics.median(found[key] for found in good) for key in known}


def main() -> int:
    """Measure, print, keep the raw figures; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m bench.engine", description=__doc__.split("\n")[0])
    parser.add_argument("--against", metavar="COMMIT", help="an earlier build to measure in turns with this")
    parser.add_argument("--models", nargs="+", default=MODELS, help="default: %(default)s")
    parser.add_argument("--questions", type=int, default=10, metavar="N", help="recorded questions (10)")
    parser.add_argument("--repeats", type=int, default=2, metavar="N", help="runs of each build (2)")
    parser.add_argument("--accuracy", type=int, default=0, metavar="N", help="validation questions (none)")
    parser.add_argument(
        "--bare", action="store_true", help="no adapter: what is written is as long in builds that lack one"
    )
    parser.add_argument("--starts", action="store_true", help="only load and first token, in a row")
    options = parser.parse_args()
    from app.settings import Settings

    home = Settings.from_environment().weights
    requests = recorded(home, options.questions)
    if options.bare:
        requests = [{**request, "adapter": None} for request in requests]
    print(f"{len(requests)} requests of {options.questions} questions were recorded.")
    results: dict[str, Any] = {}
    with contextlib.ExitStack() as stack:
        names = {"this build": None} | ({options.against: options.against} if options.against else {})
        builds = {name: stack.enter_context(build_of(commit)) for name, commit in names.items()}
        for model in options.models:
            print(model)
            work = {"home": str(home), "model": model, "requests": requests, "people": PEOPLE, "rounds": 1}
            work["only_starts"] = options.starts
            results[model] = compared(builds, work, options.repeats)
            data = os.environ.get("SHOPTALK_DATA")
            if options.accuracy and data and model == MODELS[0]:
                arguments = [str(home), model, data, str(options.accuracy)]
                for name, build in builds.items():
                    found = run(build, ["-c", EVALUATE, *arguments])
                    results[model][f"{name}, accuracy"] = [found]
                    print(f"  {name}: {found.get('right')} of {found.get('asked')} right", flush=True)
    figures = {
        f"{model}, {name}": row(medians(runs))
        for model, found in results.items()
        for name, runs in found.items()
        if medians_apply(runs)
    }
    path = write_result(RESULTS / "engine.json", {"figures": figures, "results": results, **circumstances()})
    print(f"\nRaw figures: {path}")
    return (
        1 if any("failed" in found for runs in results.values() for r in runs.values() for found in r) else 0
    )


def medians_apply(runs: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the runs hold seconds (and not counts of right answers) and one of them did not fail."""
    return any("load_s" in found for found in runs)


if __name__ == "__main__":
    sys.exit(main())
