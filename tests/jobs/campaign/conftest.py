"""Conversations about shops with campaigns, made in the tests' own folders."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parent.parent / "customers"))

from buying_shop import Talk
from campaign_shop import Made, Rows, build, made_up


@pytest.fixture(scope="session")
def lamp_rows() -> Rows:
    """A campaign that worked, one that did nothing, dear ones that helped a little, and one to come."""
    return made_up(
        [
            Made(name="Bright Spring 2025", start=dt.date(2025, 4, 1), lift=0.25, cost=1500),
            Made(name="Dull Summer 2025", start=dt.date(2025, 7, 1), lift=0.0, cost=4000, channel="social"),
            Made(name="Late Autumn 2025", start=dt.date(2025, 10, 1), lift=0.2, cost=1500),
            Made(name="Cold Winter 2025", start=dt.date(2025, 12, 1), lift=0.0, cost=4000, channel="social"),
            Made(name="Bright Spring 2026", start=dt.date(2026, 4, 1), lift=0.25, cost=1500),
            Made(name="Next Summer 2026", start=dt.date(2026, 7, 20), cost=1000),
        ]
    )


@pytest.fixture(scope="session")
def lamp_shop(tmp_path_factory: pytest.TempPathFactory, lamp_rows: Rows) -> Path:
    """The same as a shop."""
    return build(tmp_path_factory.mktemp("lamps"), lamp_rows)


@pytest.fixture
def talk(tmp_path: Path) -> Iterator[Callable[..., Talk]]:
    """Opens a shop with those rows, or one that is there."""
    opened: list[Talk] = []

    def about(rows: Rows | Path, *, role: str | None = None, **how: Any) -> Talk:
        folder = tmp_path / str(len(opened))
        folder.mkdir()
        shop = rows if isinstance(rows, Path) else build(folder, rows, **how)
        opened.append(Talk(shop, role))
        return opened[-1]

    yield about
    for each in opened:
        each.workspace.close()
