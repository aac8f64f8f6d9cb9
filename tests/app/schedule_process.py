"""A process of its own that runs what is due, in children that a test can kill: ``FOLDER HOME``.

Reads a moment a line; forks a child that runs what is due then, prints its process id, and ``ended`` when it
has. Everything is imported before, so that a kill falls into the run.
"""

from __future__ import annotations

import datetime as dt
import importlib
import os
import sys
from pathlib import Path

from app.house import House
from app.schedules import Schedules
from app.schedules.runner import Runner
from app.schedules.targets import into_folder
from app.settings import Settings

NEEDED = (
    "bot.route", "duckdb", "filelock", "jinja2", "jobs.report.archive", "pydantic",
    "sql.databases.duckdb_database", "sqlglot.dialects.duckdb", "telling.charts", "vl_convert",
)  # fmt: skip
"""Loaded in a run, else by each child anew."""


def main(folder: Path, home: Path) -> None:
    for name in NEEDED:
        importlib.import_module(name)
    for line in sys.stdin:
        now = dt.datetime.fromisoformat(line.strip())
        child = os.fork()
        if child == 0:
            with House(Settings(home=home)) as house:
                runner = Runner(house, {"folder": into_folder}, tell=str, clock=lambda now=now: now)
                runner.run_due(Schedules(folder))
            os._exit(0)
        print(child, flush=True)
        os.waitpid(child, 0)
        print("ended", flush=True)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
