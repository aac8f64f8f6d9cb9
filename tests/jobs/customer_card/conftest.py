"""Conversations about the customers of a small shop that shares no name with the demonstration's."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parent.parent / "forecast"))

from people_shop import build_people
from shops import Talk


@pytest.fixture(scope="session")
def people_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_people(tmp_path_factory.mktemp("people"))


@pytest.fixture
def people(people_folder: Path) -> Iterator[Callable[..., Talk]]:
    """Opens the shop under a role."""
    opened: list[Talk] = []

    def about(role: str | None = None) -> Talk:
        opened.append(Talk(people_folder / "shop.yml", role))
        return opened[-1]

    yield about
    for each in opened:
        each.workspace.close()
