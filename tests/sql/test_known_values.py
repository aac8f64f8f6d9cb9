"""Values that stand in lists: a product of several categories in one text."""

from __future__ import annotations

import pytest

from sql.semantics import Shop, View, ViewColumn
from sql.statement.known_values import in_lists
from sql.statement.parse import parse
from sql.statement.routes import Routes

SHOP = Shop(
    name="x",
    database="x.duckdb",
    views=(
        View(
            name="products",
            columns=tuple(ViewColumn(name=n, type="text") for n in ("name", "categories", "size", "brand")),
        ),
    ),
)
VALUES = {
    ("products", "categories"): (
        "Candles",
        "Candles, Gifts",
        "Gifts, Tea",
        "Tea",
        "Teapots",
        "Home > Candles",
    ),
    ("products", "size"): ("10, round", "12, oval", "14, flat"),  # one text each, with a comma in it
    ("products", "brand"): ("Nord", "Alba"),
}
CASES = [
    ("categories = 'Candles'", "categories LIKE '%Candles%'"),
    ("categories <> 'gifts'", "categories NOT LIKE '%gifts%'"),
    # Tea is a part of Teapots too, so that a pattern would find more than is meant
    ("categories = 'Tea'", "categories IN ('Gifts, Tea', 'Tea')"),
    ("size = '10, round'", "size = '10, round'"),
    ("brand = 'Nord'", "brand = 'Nord'"),
    ("name = 'Candles'", "name = 'Candles'"),
]


@pytest.mark.parametrize(("said", "meant"), CASES, ids=[said for said, _ in CASES])
def test_a_part_of_a_list_is_looked_for_inside_it(said: str, meant: str) -> None:
    statement = parse(f"SELECT name FROM products WHERE {said}")
    assert str(in_lists(statement, SHOP, Routes(SHOP), VALUES)) == f"SELECT name FROM products WHERE {meant}"
