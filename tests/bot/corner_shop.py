"""A shop small enough to check by hand: 48 sales, six customers, ten reviews, two languages, two roles.

Shared by the tests of ``bot`` and the scenarios. Sales: one per month and category from 2025-07 to 2026-06
(12 × 4); amount = 10 × the month's number in the series × the category's factor, so that every total can be
worked out on paper: a month's revenue is 100 times its number.
"""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from sql.question.linking import Vocabulary
from sql.shop.shopfile import load_shop
from sql.shop.workspace import Workspace, open_workspace

HERE = Path(__file__).parent
CATEGORIES = {"Audio": 1, "Kitchen": 2, "Lighting": 3, "Bags": 4}
PRODUCTS = {
    "Audio": "Lumo Headphones",
    "Kitchen": "Steel Pan",
    "Lighting": "Desk Lamp",
    "Bags": "City Backpack",
}
COUNTRIES = ("Germany", "France", "China")
SEGMENTS = ("new", "regular", "loyal")
CHANNELS = ("web", "app")


def months() -> list[dt.date]:
    """The twelve months that the shop has sales in, 2025-07 to 2026-06."""
    return [dt.date(2025 + (6 + i) // 12, (6 + i) % 12 + 1, 1) for i in range(12)]


def sales() -> list[tuple[object, ...]]:
    """Rows of ``raw_sales``."""
    rows: list[tuple[object, ...]] = []
    for number, month in enumerate(months(), start=1):
        for category, factor in CATEGORIES.items():
            order = len(rows) + 1
            at = dt.datetime(month.year, month.month, 5 + factor, 12)
            who = (order % 6 + 1, COUNTRIES[order % 3], SEGMENTS[order % 3])
            amount = 10 * number * factor
            what = (PRODUCTS[category], category, factor, amount, CHANNELS[order % 2])
            rows.append((order, at, *who, *what))
    return rows


def build_small_shop(folder: Path) -> Path:
    """Write ``shop.duckdb`` and ``shop.yml``; returns the path of the latter."""
    folder.mkdir(parents=True, exist_ok=True)
    connection = duckdb.connect(str(folder / "shop.duckdb"))
    connection.execute((HERE / "corner.sql").read_text(encoding="utf-8"))
    connection.executemany(f"INSERT INTO raw_sales VALUES ({', '.join('?' * 10)})", sales())
    for i in range(1, 7):
        row = [i, f"Person {i}", f"person{i}@example.org", COUNTRIES[i % 3], dt.datetime(2025, i, 1)]
        connection.execute("INSERT INTO raw_customers VALUES (?, ?, ?, ?, ?)", row)
    connection.close()
    shutil.copy(HERE / "corner.yml", folder / "shop.yml")
    return folder / "shop.yml"


# --- fixtures, imported by the conftest of each folder that tests on this shop


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
