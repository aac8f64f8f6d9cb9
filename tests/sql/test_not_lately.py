"""Of what did not happen lately the running month counts as well."""

from __future__ import annotations

import datetime as dt

import pytest

from sql.question.linking import Links
from sql.question.periods import find_periods
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
    statement, links = parse(ASKED.format(written)), Links(question="", mentions=())
    assert str(not_lately(statement, links, TODAY)) == str(parse(ASKED.format(meant or written)))


@pytest.mark.parametrize(
    ("question", "written", "meant"),
    [
        ("who has not bought in 90 days", "HAS NO orders WITHIN 90 DAY", "2026-01-01 to 2026-03-31"),
        ("三个月没下单的客户", "HAS NO orders WITHIN 3 MONTH", "2026-01-01 to 2026-03-31"),
        ("no order within 90 days of joining", "HAS NO orders WITHIN 90 DAY", None),
        ("who has not bought in 90 days", "HAS orders WITHIN 90 DAY", None),
    ],
)
def test_for_how_long_nothing_happened(question: str, written: str, meant: str | None) -> None:
    links = Links(question=question, mentions=(), periods=find_periods(question, TODAY))
    found = str(not_lately(parse(ASKED.format(written)), links, TODAY))
    assert found == ASKED.format(f"HAS NO orders DURING('{meant}')" if meant else written)
