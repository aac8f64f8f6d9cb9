"""How long until a stranger sees the page: ``make demo`` in a fresh clone, with empty home and caches.

    python -m bench.startup                      first start, disk used, second start
    python -m bench.startup --interrupt 10,60    also: Ctrl-C after so many seconds, then a second run

The clone is of the last commit: what is not committed is not measured. Weights and packages are really
downloaded, so the first start says as much about the connection as about the project. pip's own settings
(index, mirrors) are left as they are; its cache is emptied by pointing it elsewhere.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.record import RESULTS, ROOT, circumstances, write_result

TIMEOUT_S = 3_600.0
"""Seconds after which a start has failed."""
STOP_S = 30.0
"""Seconds that ``make demo`` is given to end after Ctrl-C."""


class StartFailed(Exception):
    """``make demo`` ended before the page answered, or took too long; its last lines follow."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """A fresh clone with a home and caches of its own, all in one temporary folder."""

    folder: Path

    @property
    def clone(self) -> Path:
        return self.folder / "shoptalk"

    @property
    def log(self) -> Path:
        return self.folder / "make-demo.log"

    def environment(self, port: int) -> dict[str, str]:
        """The process's environment with everything that is kept pointing into this place."""
        own = {
            "SHOPTALK_HOME": str(self.folder / "home"),
            "SHOPTALK_PORT": str(port),
            "PIP_CACHE_DIR": str(self.folder / "cache" / "pip"),
            "XDG_CACHE_HOME": str(self.folder / "cache"),
            "HF_HOME": str(self.folder / "cache" / "huggingface"),
            "BROWSER": "true",
        }
        outside = {k: v for k, v in os.environ.items() if not k.startswith(("SHOPTALK_", "VIRTUAL_ENV"))}
        return outside | own

    def disk_mb(self) -> dict[str, float]:
        """Megabytes (10**6 bytes) in the environment, the home, the caches and the clone itself."""
        parts = {
            "environment": self.clone / ".venv",
            "home": self.folder / "home",
            "caches": self.folder / "cache",
        }
        sizes = {name: disk_usage(path) / 1e6 for name, path in parts.items()}
        sizes["clone"] = disk_usage(self.clone) / 1e6 - sizes["environment"]
        return sizes | {"total": sum(sizes.values())}


@contextlib.contextmanager
def fresh_place(keep: bool = False) -> Iterator[Place]:
    """A clone of the last commit in a temporary folder that is removed afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="shoptalk-startup-"))
    try:
        place = Place(folder=folder)
        subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", str(ROOT), str(place.clone)], check=True)
        yield place
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)


def start(place: Place, *, timeout_s: float = TIMEOUT_S) -> tuple[float, subprocess.Popen[bytes]]:
    """Run ``make demo`` until the page answers; seconds, and the process that serves it.

    Raises:
        StartFailed: it ended or took too long; it has been stopped then.
    """
    port = free_port()
    started = time.perf_counter()
    process = make_demo(place, port)
    while not answers(port):
        if process.poll() is not None:
            stop(process)
            raise StartFailed(f"make demo ended with status {process.returncode}\n{tail(place.log)}")
        if time.perf_counter() - started > timeout_s:
            stop(process)
            raise StartFailed(f"no page after {timeout_s:.0f} s\n{tail(place.log)}")
        time.sleep(0.1)
    return time.perf_counter() - started, process


def make_demo(place: Place, port: int) -> subprocess.Popen[bytes]:
    """``make demo`` in a process group of its own, so that Ctrl-C reaches all of it and nothing else."""
    with place.log.open("ab") as log:
        return subprocess.Popen(
            ["make", "demo"],
            cwd=place.clone,
            env=place.environment(port),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def stop(process: subprocess.Popen[bytes]) -> float:
    """Press Ctrl-C: the signal goes to the whole group, as a terminal sends it. Seconds until it ended."""
    started = time.perf_counter()
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGINT)
    try:
        process.wait(timeout=STOP_S)
    except subprocess.TimeoutExpired:
        pass
    finally:
        # Whoever is left of our own group after the grace period.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    return time.perf_counter() - started


def answers(port: int) -> bool:
    """Whether the page is served."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def memory_mb(process: subprocess.Popen[bytes]) -> float:
    """Resident memory of a process and everything below it, in MB (10**6 bytes)."""
    import psutil

    family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
    total = 0
    for member in family:
        with contextlib.suppress(psutil.Error):
            total += member.memory_info().rss
    return total / 1e6


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def disk_usage(path: Path) -> int:
    """Bytes on disk below ``path``; a file with two names counts once, a missing path is 0."""
    seen: set[tuple[int, int]] = set()
    total = 0
    for folder, _, files in os.walk(path):
        for name in files:
            with contextlib.suppress(OSError):
                facts = os.lstat(os.path.join(folder, name))
                if (facts.st_dev, facts.st_ino) not in seen:
                    seen.add((facts.st_dev, facts.st_ino))
                    total += facts.st_blocks * 512
    return total


def tail(log: Path, lines: int = 20) -> str:
    text = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
    return "\n".join(text.splitlines()[-lines:])


def measure_starts() -> dict[str, Any]:
    """First start, disk, second start, and how long Ctrl-C takes."""
    with fresh_place() as place:
        first, process = start(place)
        memory = memory_mb(process)
        stopped = stop(process)
        disk = place.disk_mb()
        second, process = start(place)
        stop(process)
    return {
        "first_start_s": first,
        "second_start_s": second,
        "stop_s": stopped,
        "disk_mb": disk,
        "memory_at_the_page_mb": memory,
    }


def measure_interrupt(after_s: float) -> dict[str, Any]:
    """Ctrl-C in the middle of a first ``make demo``; then a second one must come up."""
    with fresh_place() as place:
        process = make_demo(place, free_port())
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=after_s)
        stopped = stop(process)
        said = tail(place.log, 3)
        result = {"interrupted_after_s": after_s, "stop_s": stopped, "last_lines": said}
        try:
            seconds, process = start(place)
        except StartFailed as error:
            return result | {"second_run": "failed", "reason": str(error)}
        stop(process)
        return result | {"second_run": "page answered", "second_run_s": seconds}


def to_text(result: dict[str, Any]) -> str:
    """The figures for a reader."""
    lines = []
    if "first_start_s" in result:
        disk = result["disk_mb"]
        lines += [
            f"make demo, fresh clone, empty home and caches   {result['first_start_s']:.1f} s to the page",
            f"second start                                    {result['second_start_s']:.1f} s",
            f"Ctrl-C to the end                               {result['stop_s']:.1f} s",
            f"disk                                            {disk['total']:,.0f} MB (environment "
            f"{disk['environment']:,.0f}, home {disk['home']:,.0f}, caches {disk['caches']:,.0f})",
            f"memory while the page waits                     {result['memory_at_the_page_mb']:,.0f} MB",
        ]
    for one in result["interrupts"]:
        came = f"{one['second_run_s']:.1f} s to the page" if "second_run_s" in one else one["reason"]
        lines.append(f"Ctrl-C after {one['interrupted_after_s']:g} s, then make demo again: {came}")
    return "\n".join(lines)


def figures(result: dict[str, Any]) -> dict[str, str]:
    """What the README quotes: label → value."""
    found = {}
    if "first_start_s" in result:
        found = {
            "make demo, fresh clone, empty home and caches": f"{result['first_start_s']:.1f} s",
            "make demo, second start": f"{result['second_start_s']:.1f} s",
            "make demo, disk": f"{result['disk_mb']['total']:,.0f} MB",
        }
    came = [one for one in result["interrupts"] if one["second_run"] == "page answered"]
    if result["interrupts"]:
        found["Ctrl-C, then make demo again"] = f"{len(came)} of {len(result['interrupts'])} came up"
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; exit status 1 when a page did not come up."""
    parser = argparse.ArgumentParser(prog="python -m bench.startup", description="Seconds to the page.")
    parser.add_argument(
        "--interrupt", default="", metavar="S,S", help="also press Ctrl-C after so many seconds"
    )
    parser.add_argument("--only-interrupt", action="store_true", help="leave the plain starts out")
    parser.add_argument("--out", type=Path, default=RESULTS / "startup.json", metavar="FILE")
    options = parser.parse_args(arguments)
    moments = [float(s) for s in options.interrupt.split(",") if s.strip()]
    try:
        result = {} if options.only_interrupt else measure_starts()
    except StartFailed as error:
        print(error, file=sys.stderr)
        return 1
    result["interrupts"] = [measure_interrupt(moment) for moment in moments]
    write_result(options.out, {"bench": "startup", **circumstances(), **result, "figures": figures(result)})
    print(to_text(result))
    return int(any(one["second_run"] == "failed" for one in result["interrupts"]))


if __name__ == "__main__":
    sys.exit(main())
