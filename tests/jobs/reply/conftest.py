"""Conversations about replies of a small shop, opened once for each role."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parent.parent / "order_card"))
sys.path.insert(0, str(Path(__file__).parent.parent / "forecast"))

from reply_shop import MACROS, build_replying
from shops import Talk


@pytest.fixture(scope="session")
def replying_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_replying(tmp_path_factory.mktemp("replying")).parent


@pytest.fixture(scope="session")
def opened(replying_folder: Path) -> Iterator[dict[str | None, Talk]]:
    found: dict[str | None, Talk] = {}
    yield found
    for each in found.values():
        each.workspace.close()


@pytest.fixture
def replying(replying_folder: Path, opened: dict[str | None, Talk]) -> Callable[..., Talk]:
    """The shop under a role, in a new conversation."""

    def about(role: str | None = None) -> Talk:
        if role not in opened:
            opened[role] = Talk(replying_folder / "shop.yml", role)
        opened[role].conversation.clear()
        return opened[role]

    return about


@pytest.fixture
def with_macros(
    replying_folder: Path, replying: Callable[..., Talk]
) -> Iterator[Callable[[str | None], Talk]]:
    """The shop with another file of macros, which is read anew for each letter; ``None`` takes it away."""
    path = replying_folder / "macros.yml"

    def about(text: str | None) -> Talk:
        path.unlink() if text is None else path.write_text(text, encoding="utf-8")
        return replying()

    yield about
    path.write_bytes(MACROS.read_bytes())
