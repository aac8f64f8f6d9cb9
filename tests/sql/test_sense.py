"""Conditions that can never hold together are refused; all others are left alone."""

from __future__ import annotations

import pytest

from sql.errors import Senseless
from sql.statement.sense import refuse_contradictions
from sql.types import Dialect

NEVER = [
    "SELECT a FROM t WHERE c = 'x' AND c = 'y'",
    "SELECT a FROM t JOIN u ON u.id = t.id WHERE t.c = 'x' AND u.d > 3 AND t.c = 'y'",
    "SELECT a FROM t WHERE is_open AND NOT is_open",
    "SELECT a FROM t WHERE n > 5 AND (m = 1 AND NOT n > 5)",
    "SELECT a FROM t WHERE c IN ('x', 'y') AND NOT c IN ('x', 'y', 'z')",
    "SELECT a FROM t WHERE c = 'x' AND c <> 'x'",
    "SELECT a FROM t WHERE n IN (1, 2) AND n = 3",
    "SELECT c, COUNT(*) FROM t GROUP BY c HAVING COUNT(*) = 1 AND COUNT(*) = 2",
    "SELECT a FROM t WHERE a IN (SELECT b FROM u WHERE c = 'x' AND c = 'y')",
    "SELECT a FROM t WHERE n > 5 AND n < 5",
    "SELECT a FROM t WHERE n >= 5 AND m = 1 AND n < 5",
    "SELECT a FROM t WHERE n > 5.5 AND n > 2 AND n <= 4",
    "SELECT a FROM t WHERE d >= '2025-01-01' AND d < '2026-01-01' AND d >= '2026-01-01'",
]
SHARE = "COUNT(CASE WHEN {} THEN 1 END) * 1.0 / COUNT(*)"
X, OPEN = "c = 'x'", "c = 'x' AND is_open"
EMPTY_SHARES = [
    f"SELECT {SHARE.format(X)} FROM t WHERE c = 'x' AND n > 3",
    f"SELECT {SHARE.format(OPEN)} FROM t WHERE is_open AND c = 'x'",
    f"SELECT c, {SHARE.format(X)} FROM t GROUP BY c",
    f"SELECT is_open, {SHARE.format('NOT is_open')} FROM t GROUP BY is_open",
    f"SELECT a FROM u WHERE n > (SELECT {SHARE.format(X)} FROM t WHERE c = 'x')",
]
SHARES = [
    f"SELECT {SHARE.format(X)} FROM t WHERE n > 3",
    f"SELECT {SHARE.format(OPEN)} FROM t WHERE is_open",
    f"SELECT d, {SHARE.format(X)} FROM t GROUP BY d",
    f"SELECT a FROM t WHERE c = 'x' AND n > (SELECT {SHARE.format(X)} FROM t)",
    "SELECT SUM(CASE WHEN c = 'x' THEN 1 END) FROM t WHERE c = 'x'",
]
MAYBE = [
    "SELECT a FROM t WHERE c = 'x' OR c = 'y'",
    "SELECT a FROM t WHERE c = 'x' AND d = 'y'",
    "SELECT a FROM t WHERE t.c = 'x' AND u.c = 'y'",
    "SELECT a FROM t WHERE c IN ('x', 'y') AND c <> 'x'",
    "SELECT a FROM t WHERE is_open AND NOT is_late",
    "SELECT a FROM t WHERE c = 'x' INTERSECT SELECT a FROM t WHERE c = 'y'",
    "SELECT a FROM t WHERE c = d AND c = 'x'",
    "SELECT a FROM t WHERE n > 5 AND n > 5",
    "SELECT a FROM t WHERE n >= 5 AND n <= 5",
    "SELECT a FROM t WHERE n > 5 AND m < 5",
    "SELECT a FROM t WHERE n > 5 AND n < m",
    "SELECT a FROM t WHERE d >= '2025-01-01' AND d < '2026-01-01' AND d < '2025-07-01'",
    "SELECT a FROM t WHERE c >= 'x' AND c < 'a'",
    "SELECT a FROM t WHERE (",
]


@pytest.mark.parametrize("sql", NEVER)
@pytest.mark.parametrize("dialect", ["duckdb", "sqlite", "postgres"])
def test_what_never_holds_is_refused(sql: str, dialect: Dialect) -> None:
    with pytest.raises(Senseless, match="never hold together"):
        refuse_contradictions(sql, dialect)


def test_a_list_names_nothing_twice() -> None:
    with pytest.raises(Senseless, match="named twice"):
        refuse_contradictions("SELECT a FROM t WHERE NOT n IN (0, 1, 1)", "duckdb")


@pytest.mark.parametrize("sql", EMPTY_SHARES)
def test_a_share_of_what_all_rows_are_is_refused(sql: str) -> None:
    with pytest.raises(Senseless, match="holds for all rows or for none"):
        refuse_contradictions(sql, "duckdb")


@pytest.mark.parametrize("sql", [*MAYBE, *SHARES])
def test_what_may_hold_is_left_alone(sql: str) -> None:
    refuse_contradictions(sql, "duckdb")
