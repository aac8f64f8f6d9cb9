"""The small shop and its stand-ins, shared with the tests of ``bot``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "bot"))

from corner_shop import build_small_shop

from sql.question.linking import Vocabulary
from sql.shop.shopfile import load_shop
from sql.shop.workspace import Workspace, open_workspace


@pytest.fixture(scope="session")
def small_shop_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_small_shop(tmp_path_factory.mktemp("corner"))


@pytest.fixture(scope="session")
def small_workspace(small_shop_file: Path) -> Iterator[Workspace]:
    opened = open_workspace(load_shop(small_shop_file))
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def small_vocabulary(small_workspace: Workspace) -> Vocabulary:
    return Vocabulary.build(small_workspace)
