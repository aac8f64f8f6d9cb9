"""Conversations about shops with stock, made in the test's own folder."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parent.parent / "customers"))

from buying_shop import Talk
from stocked_shop import Stocked, build


@pytest.fixture
def talk(tmp_path: Path) -> Iterator[Callable[..., Talk]]:
    """Opens a shop with that stock."""
    opened: list[Talk] = []

    def about(stocked: Stocked, *, role: str | None = None, **how: Any) -> Talk:
        folder = tmp_path / str(len(opened))
        folder.mkdir()
        opened.append(Talk(build(folder, stocked, **how), role))
        return opened[-1]

    yield about
    for each in opened:
        each.workspace.close()
