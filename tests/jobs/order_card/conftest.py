"""Conversations about the orders of a small shop that shares no name with the demonstration's."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parent.parent / "forecast"))

from desk_shops import build_desk
from shops import Talk


@pytest.fixture(scope="session")
def desk_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_desk(tmp_path_factory.mktemp("desk"))


@pytest.fixture
def desk(desk_folder: Path) -> Iterator[Callable[..., Talk]]:
    """Opens the shop under a role."""
    opened: list[Talk] = []

    def about(role: str | None = None) -> Talk:
        opened.append(Talk(desk_folder / "shop.yml", role))
        return opened[-1]

    yield about
    for each in opened:
        each.workspace.close()
