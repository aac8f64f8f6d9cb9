"""Rows without a time are counted where the figure goes by that time, and nowhere else."""

from __future__ import annotations

import pytest

from bench.language_shop import TODAY, language_shop
from sql.statement.compile import compile_statement, compile_undated
from sql.statement.parse import parse

SHOP = language_shop("x.duckdb")


@pytest.mark.parametrize(
    ("statement", "is_counted"),
    [
        ("SELECT COUNT(*) FROM customers WHERE DURING('2025')", True),
        ("SELECT country, COUNT(customer_id) FROM customers WHERE DURING('2025') GROUP BY country", True),
        ("SELECT COUNT(*) FROM customers", False),
        # of orders and visits, which have days of their own
        ("SELECT COUNT(order_id) FROM customers WHERE customer_id = 1 AND DURING('2025')", False),
        ("SELECT SUM(total) FROM customers WHERE DURING('2025')", False),
        ("SELECT revenue FROM customers WHERE DURING('2025')", False),
    ],
)
def test_rows_without_a_time_are_those_of_the_figures_own_clock(statement: str, is_counted: bool) -> None:
    compiled = compile_statement(parse(statement), SHOP, "duckdb", TODAY)
    assert (compile_undated(compiled, SHOP) is not None) == is_counted
