"""Every measurement in turn, each in a process of its own: ``python -m bench`` or ``make bench``.

Prints each one's own figures and at the end one table of those that the README quotes; ``build/bench/`` keeps
the raw results and ``summary.json``. A measurement that fails does not stop the others, but the exit status
tells of it.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.record import RESULTS, ROOT, circumstances, write_result

QUESTIONS = Path("bench/questions/online_retail.jsonl")
RETAIL = Path("examples/online_retail/shop.yml")


@dataclass(frozen=True, kw_only=True)
class Step:
    """One measurement: a module of this package and what it is given."""

    name: str
    module: str
    arguments: tuple[str, ...] = ()
    why_not: Callable[[], str | None] = lambda: None
    """A reason to leave it out here, or ``None``."""


def _not_there(module: str) -> str | None:
    return None if importlib.util.find_spec(module) else f"{module} does not exist"


def _no_data(file: str) -> str | None:
    folder = os.environ.get("SHOPTALK_DATA")
    if folder and (Path(folder) / file).is_file():
        return None
    return f"SHOPTALK_DATA does not name a folder with {file}"


def _no_retail() -> str | None:
    return _no_data("online_retail/online_retail.parquet")


def _no_sales() -> str | None:
    return _no_data("weekly_sales/weekly_sales.parquet") or _no_data("cdnow/CDNOW_master.txt") or _no_retail()


def _no_letters() -> str | None:
    return _no_data("support_intents/support_intents.parquet")


def _no_pii() -> str | None:
    return _no_data("pii/synth_dataset_v2.json")


def _no_spider() -> str | None:
    return _no_data("spider_train/questions.jsonl")


def _no_injections() -> str | None:
    return _no_data("sql_injection/libinjection.parquet")


STEPS = (
    Step(name="engine", module="bench.engine"),
    Step(name="retrieval", module="bench.retrieval"),
    Step(name="accuracy", module="bench.accuracy", arguments=("--baseline", "40")),
    Step(
        name="online_retail",
        module="bench.accuracy",
        arguments=("--questions", str(QUESTIONS), "--shop", str(RETAIL), "--baseline", "30"),
        why_not=_no_retail,
    ),
    Step(name="guard_spider", module="bench.guard_spider", why_not=_no_spider),
    Step(name="guard_cost", module="bench.guard_cost"),
    Step(name="guard_roles", module="bench.guard_roles", why_not=_no_spider),
    Step(name="guard_budgets", module="bench.guard_budgets"),
    Step(name="guard_mutation", module="bench.guard_mutation", arguments=("--keep",)),
    Step(name="guard_injection", module="bench.guard_injection", why_not=_no_injections),
    Step(name="jobs", module="bench.jobs", why_not=_no_sales),
    Step(name="wishes", module="bench.wishes", why_not=_no_letters),
    Step(name="personal", module="bench.personal", why_not=_no_pii),
    Step(name="talk_around", module="bench.talk_around"),
    Step(name="serve", module="bench.serve"),
    Step(name="startup", module="bench.startup", arguments=("--interrupt", "45")),
)


def run(step: Step) -> dict[str, Any]:
    """Run one measurement and return how it went; its output goes straight to ours."""
    reason = _not_there(step.module) or step.why_not()
    if reason:
        print(f"=== {step.name}: left out, {reason}", flush=True)
        return {"status": "left out", "reason": reason, "seconds": 0.0}
    print(f"=== {step.name}", flush=True)
    started = time.perf_counter()
    code = subprocess.run([sys.executable, "-m", step.module, *step.arguments], cwd=ROOT).returncode
    return {"status": "failed" if code else "done", "seconds": time.perf_counter() - started}


def figures(folder: Path = RESULTS) -> dict[str, str]:
    """The figures that the README quotes: what each raw result says under ``figures``, label to value."""
    found: dict[str, str] = {}
    for path in sorted(folder.glob("*.json")):
        record = json.loads(path.read_text(encoding="utf-8"))
        if record.get("bench") != "summary":
            found |= record.get("figures", {})
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; exit status 1 when a measurement failed."""
    names = [step.name for step in STEPS]
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure everything.")
    parser.add_argument("--only", action="append", choices=names, help="may be given several times")
    parser.add_argument("--skip", action="append", choices=names, default=[])
    options = parser.parse_args(arguments)
    chosen = [s for s in STEPS if s.name in (options.only or names) and s.name not in options.skip]
    RESULTS.mkdir(parents=True, exist_ok=True)
    outcomes = {step.name: run(step) for step in chosen}
    quoted = figures()
    path = write_result(
        RESULTS / "summary.json",
        {"bench": "summary", **circumstances(), "steps": outcomes, "figures": quoted},
    )
    print("\n=== summary")
    for name, outcome in outcomes.items():
        print(f"{name:<20} {outcome['status']:<9} {outcome['seconds']:8.1f} s")
    width = max(map(len, quoted), default=0)
    print("\n".join(f"{label:<{width}}  {value}" for label, value in quoted.items()))
    print(f"raw results: {path.parent}")
    return int(any(outcome["status"] == "failed" for outcome in outcomes.values()))


if __name__ == "__main__":
    sys.exit(main())
