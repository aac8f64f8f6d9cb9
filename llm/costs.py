"""What a model has cost on this machine: noted while it answers, told by ``shoptalk doctor``."""

from __future__ import annotations

import datetime as dt
import json
import logging
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

logger = logging.getLogger(__name__)

FILE = "costs.json"


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Measured here, over the last answers of one run."""

    threads: int
    load_s: float
    read_tokens_per_s: float
    written_tokens_per_s: float
    memory_mb: float
    """Of the whole process, resident, in 10**6 bytes."""
    on: str = ""
    """The day, ISO."""

    def __str__(self) -> str:
        """One line for ``doctor``."""
        return (
            f"loads in {self.load_s:.1f} s, reads {self.read_tokens_per_s:.0f} and writes "
            f"{self.written_tokens_per_s:.0f} tokens a second with {self.threads} threads, "
            f"{self.memory_mb / 1e3:.1f} GB of memory in all (measured here on {self.on})"
        )


def note_cost(home: Path, model: str, cost: Cost) -> None:
    """Keep ``cost`` in ``home``; a disk that takes nothing is no reason to fail."""
    rows = {name: asdict(known) for name, known in costs(home).items()}
    rows[model] = asdict(cost) | {"on": dt.date.today().isoformat()}
    unfinished = home / f"{FILE}.{os.getpid()}.part"
    try:
        unfinished.write_text(json.dumps(rows, indent=1), encoding="utf-8")
        unfinished.replace(home / FILE)
    except OSError as error:
        logger.info("what %s cost is not kept: %s", model, error)


def costs(home: Path) -> Mapping[str, Cost]:
    """What is known of each model that has run here, by name; empty where nothing was kept."""
    try:
        rows = json.loads((home / FILE).read_text(encoding="utf-8"))
        return {name: Cost(**row) for name, row in rows.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}
