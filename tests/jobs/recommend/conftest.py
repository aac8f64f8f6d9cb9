"""Conversations about shops made in the test's own folder."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parent.parent / "customers"))

from buying_shop import Talk
from offering_shop import build


@pytest.fixture
def talk(tmp_path: Path) -> Iterator[Callable[..., Talk]]:
    """Opens a shop in which customers bought that."""
    opened: list[Talk] = []

    def about(bought: dict[int, str], *, role: str | None = None, **how: Any) -> Talk:
        folder = tmp_path / str(len(opened))
        folder.mkdir()
        opened.append(Talk(build(folder, bought, **how), role))
        return opened[-1]

    yield about
    for each in opened:
        each.workspace.close()
