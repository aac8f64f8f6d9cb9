"""Of what did not happen lately the running month counts as well."""

from __future__ import annotations

import datetime as dt

import pytest

from sql.statement.not_lately import not_lately
from sql.statement.parse import parse

TODAY = dt.date(2026, 3, 31)
ASKED = "SELECT name FROM customers WHERE customer_id {}"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("HAS NO orders DURING('last 3 months')", "HAS NO orders DURING('2026-01-01 to 2026-03-31')"),
        ("HAS NO orders DURING('近三个月')", "HAS NO orders DURING('2026-01-01 to 2026-03-31')"),
        ("HAS NO orders DURING('the past two weeks')", "HAS NO orders DURING('2026-03-18 to 2026-03-31')"),
        ("HAS NO orders DURING('last half year')", "HAS NO orders DURING('2025-10-01 to 2026-03-31')"),
        (
            "HAS orders (customer_id HAS NO visits DURING('last 2 weeks'))",
            "HAS orders (customer_id HAS NO visits DURING('2026-03-18 to 2026-03-31'))",
        ),
        # what happened is counted in full units, and other words mean what they say
        ("HAS orders DURING('last 3 months')", None),
        ("HAS NO orders DURING('last 3 full months')", None),
        ("HAS NO orders DURING('last 90 days')", None),
        ("HAS NO orders DURING('last month')", None),
        ("HAS NO orders", None),
    ],
)
def test_who_did_nothing_lately(written: str, meant: str | None) -> None:
    statement = parse(ASKED.format(written))
    assert str(not_lately(statement, TODAY)) == str(parse(ASKED.format(meant or written)))
