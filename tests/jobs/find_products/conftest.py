"""Conversations about the range of a small shop, its products and reviews in indexes of their own."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from range_shop import Talk, build_range


@pytest.fixture(scope="session")
def range_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_range(tmp_path_factory.mktemp("range"))


@pytest.fixture
def shop(range_folder: Path, tmp_path: Path) -> Iterator[Callable[..., Talk]]:
    """Opens the shop under a role."""
    opened: list[Talk] = []

    def about(role: str | None = None, **how: Any) -> Talk:
        opened.append(Talk(range_folder / "shop.yml", tmp_path, role, **how))
        return opened[-1]

    yield about
    for each in opened:
        each.workspace.close()
