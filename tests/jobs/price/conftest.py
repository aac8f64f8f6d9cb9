"""Conversations about shops with prices, made in the tests' own folders."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parent.parent / "customers"))

from buying_shop import Talk
from priced_shop import Priced, build, kitchen


@pytest.fixture(scope="session")
def kitchen_rows() -> Priced:
    """Products of two categories with known elasticities."""
    return kitchen()


@pytest.fixture(scope="session")
def kitchen_shop(tmp_path_factory: pytest.TempPathFactory, kitchen_rows: Priced) -> Path:
    """The same as a shop."""
    return build(tmp_path_factory.mktemp("kitchen"), kitchen_rows)


@pytest.fixture
def talk(tmp_path: Path) -> Iterator[Callable[..., Talk]]:
    """Opens a shop with those rows, or one that is there."""
    opened: list[Talk] = []

    def about(priced: Priced | Path, *, role: str | None = None, **how: Any) -> Talk:
        folder = tmp_path / str(len(opened))
        folder.mkdir()
        shop = priced if isinstance(priced, Path) else build(folder, priced, **how)
        opened.append(Talk(shop, role))
        return opened[-1]

    yield about
    for each in opened:
        each.workspace.close()
