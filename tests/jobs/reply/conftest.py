"""Conversations about replies of a small shop."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parent.parent / "order_card"))
sys.path.insert(0, str(Path(__file__).parent.parent / "forecast"))

from reply_shop import build_replying
from shops import Talk


@pytest.fixture(scope="session")
def replying_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_replying(tmp_path_factory.mktemp("replying")).parent


@pytest.fixture
def replying(replying_folder: Path) -> Iterator[Callable[..., Talk]]:
    """Opens the shop under a role."""
    opened: list[Talk] = []

    def about(role: str | None = None) -> Talk:
        opened.append(Talk(replying_folder / "shop.yml", role))
        return opened[-1]

    yield about
    for each in opened:
        each.workspace.close()
