"""Conversations about shops made in the test's own folder."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "unusual"))

import trades  # noqa: F401 - leads to shops
from shops import Order, Talk, build


@pytest.fixture
def talk(tmp_path: Path) -> Iterator[Callable[..., Talk]]:
    """Opens a shop with these orders."""
    opened: list[Talk] = []

    def about(orders: list[Order], *, role: str | None = None, **how: str) -> Talk:
        opened.append(Talk(build(tmp_path, orders, **how), role))
        return opened[-1]

    yield about
    for each in opened:
        each.workspace.close()
