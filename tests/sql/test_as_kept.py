"""A name that the question writes otherwise than the data is found; one that is there as written stays."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from described_shop import described, inserted

from sql.shop.workspace import Workspace, open_workspace
from sql.statement.as_kept import KeptValues, as_kept
from sql.statement.parse import parse
from sql.statement.routes import Routes

PEOPLE = [
    ("Anna Lee", "0151 2247731", "A-10"),
    ("ANNA LEE", "0151 2240005", "A-11"),
    ("Bo Smith", "0160 3340005", "A-12"),
    ("Hollins Nurseries", "0160 1111111", "A-100%"),
    ("王小红", "0160 2222222", "B-1"),
]
SCRIPT = "\n".join(
    [
        "CREATE TABLE customers"
        " (customer_id INTEGER PRIMARY KEY, full_name VARCHAR, phone VARCHAR, code VARCHAR);",
        inserted("customers", [f"({n}, '{a}', '{b}', '{c}')" for n, (a, b, c) in enumerate(PEOPLE, 1)]),
        "CREATE TABLE orders"
        " (order_id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers, total INTEGER,"
        " increment_id VARCHAR, salesperson_name VARCHAR);",
        inserted("orders", [f"({n}, {n % 5 + 1}, {n}, '{n:09d}', 'Sam Porter')" for n in range(1, 21)]),
    ]
)
ASKED = "SELECT COUNT(order_id) FROM orders WHERE {}"
CASES = [
    ("full_name = 'bo smith'", "full_name = 'Bo Smith'"),
    ("full_name = 'anna lee'", "full_name IN ('ANNA LEE', 'Anna Lee')"),
    ("full_name <> 'bo smith'", "full_name <> 'Bo Smith'"),
    ("full_name = 'Hollins'", "full_name = 'Hollins Nurseries'"),
    ("full_name = 'anna'", "full_name IN ('ANNA LEE', 'Anna Lee')"),
    ("full_name = '小红'", "full_name = '王小红'"),
    ("phone = '7731'", "phone LIKE '%7731'"),
    ("increment_id = '7'", "increment_id = '000000007'"),
    ("increment_id = '07'", "increment_id = '000000007'"),
    (
        "customer_id HAS customers (full_name = 'bo smith')",
        "customer_id HAS customers (full_name = 'Bo Smith')",
    ),
    # nobody of that name there, and one elsewhere
    ("salesperson_name = 'hollins nurseries'", "full_name = 'Hollins Nurseries'"),
    ("salesperson_name = '王小红'", "full_name = '王小红'"),
    ("salesperson_name = 'Carla'", None),
    ("salesperson_name <> 'Hollins Nurseries'", None),
    ("increment_id = 'Sam Porter'", None),
    # there as it is written, nobody's, two that end so, too short, a sign that LIKE reads
    ("full_name = 'Anna Lee'", None),
    ("full_name = 'Carla'", None),
    ("phone = '0005'", None),
    ("full_name = 'an'", None),
    ("full_name = 'ann'", None),
    ("full_name <> 'hollins'", None),
    ("code = 'A-1'", None),
    ("code = '100'", None),
    ("code = 'A-1%'", None),
    ("increment_id = '21'", None),
]


@pytest.fixture(scope="module", params=["duckdb", "sqlite"])
def workspace(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Workspace]:
    found = described(request.param, SCRIPT, tmp_path_factory.mktemp("kept"))
    opened = open_workspace(found.shop)
    yield opened
    opened.close()


@pytest.mark.parametrize(("written", "meant"), CASES, ids=[case[0] for case in CASES])
def test_a_name_is_compared_as_the_data_keep_it(
    written: str, meant: str | None, workspace: Workspace
) -> None:
    shop = workspace.shop
    statement = parse(ASKED.format(written))
    found = as_kept(statement, shop, Routes(shop), {}, KeptValues(workspace))
    assert str(found) == ASKED.format(meant or written)


def test_a_column_whose_values_are_known_is_not_looked_at_again(workspace: Workspace) -> None:
    statement = parse(ASKED.format("full_name = 'bo smith'"))
    known = {("customers", "full_name"): ("Bo Smith",)}
    assert as_kept(statement, workspace.shop, Routes(workspace.shop), known, _not_asked) == statement


def _not_asked(*asked: object) -> list[str]:
    raise AssertionError(asked)
