"""Conversations about shops made in the test's own folder."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from buying_shop import Bought, Talk, build


@pytest.fixture
def talk(tmp_path: Path) -> Iterator[Callable[..., Talk]]:
    """Opens a shop in which that was bought."""
    opened: list[Talk] = []

    def about(rows: list[Bought], *, role: str | None = None, **how: Any) -> Talk:
        opened.append(Talk(build(tmp_path, rows, **how), role))
        return opened[-1]

    yield about
    for each in opened:
        each.workspace.close()
