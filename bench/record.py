"""What every measurement writes down beside its figures: code, versions, machine, time; and where."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import importlib.metadata
import json
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "build" / "bench"
PACKAGES = (
    "bitsandbytes",
    "duckdb",
    "faiss-cpu",
    "gradio",
    "llguidance",
    "numpy",
    "pandas",
    "peft",
    "scikit-learn",
    "sqlglot",
    "statsmodels",
    "torch",
    "transformers",
    "xllamacpp",
)


def circumstances() -> dict[str, Any]:
    """When, where and on which code a measurement ran; figures without it are not comparable."""
    from llm.hardware import describe

    return {
        "at": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "command": " ".join([Path(sys.executable).name, *sys.orig_argv[1:]]),
        "commit": _git("rev-parse", "HEAD"),
        "is_dirty": bool(_git("status", "--porcelain", "--untracked-files=no")),
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in PACKAGES},
        "hardware": dataclasses.asdict(describe()),
        "load_average": list(os.getloadavg()) if hasattr(os, "getloadavg") else None,
    }


def peak_memory_mb() -> float:
    """The most resident memory this process has held since it began, or since a restart, in 10**6 bytes.

    Only Linux can restart the count; elsewhere the peak is always that of the whole process.
    """
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024 / 1e6
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6


def restart_peak_memory() -> None:
    """Begin counting :func:`peak_memory_mb` anew, so that loading can be told from answering."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def write_result(path: Path, result: dict[str, Any]) -> Path:
    """Write a result as JSON, whole or not at all.

    What stands under its key ``figures`` (label → value, both in words) appears in the table that
    ``python -m bench`` prints at the end.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(result, file, ensure_ascii=False, indent=1, default=str)
            file.write("\n")
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return path


def _git(*arguments: str) -> str:
    try:
        result = subprocess.run(
            ["git", "-C", str(ROOT), *arguments], capture_output=True, text=True, check=True, timeout=30
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return result.stdout.strip()


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None
