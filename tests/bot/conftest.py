"""The small shop, opened under its default role and as its owner."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from corner_shop import build_small_shop

from sql.question.linking import Vocabulary
from sql.shop.shopfile import load_shop
from sql.shop.workspace import Workspace, open_workspace


@pytest.fixture(scope="session")
def small_shop_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_small_shop(tmp_path_factory.mktemp("corner"))


@pytest.fixture(scope="session")
def workspace(small_shop_file: Path) -> Iterator[Workspace]:
    opened = open_workspace(load_shop(small_shop_file))
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def owner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """The same shop in a file of its own: one process opens a DuckDB file once."""
    opened = open_workspace(load_shop(build_small_shop(tmp_path_factory.mktemp("owner"))), role="owner")
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def vocabulary(workspace: Workspace) -> Vocabulary:
    return Vocabulary.build(workspace)
