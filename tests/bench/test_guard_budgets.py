"""A small part of bench/guard_budgets.py, and the proof that its trip-wires trip."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator
from typing import Any, get_args

import pytest

from bench import guard_budgets
from bench.guard_budgets import Range, ranges, statements
from sql.types import Dialect, QueryLimits

LIMITS = QueryLimits(max_rows=1_000, timeout_s=0.5, max_memory_mb=128)
SMALL = ("cross join of six", "recursion without end", "window over everything", "wide result")


@pytest.fixture(
    scope="module",
    params=["duckdb", "sqlite", *(pytest.param(k, marks=pytest.mark.slow) for k in ("postgres", "mysql"))],
)
def range_(request: pytest.FixtureRequest) -> Iterator[Range]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(guard_budgets, "ROWS", 10_000)
        with ranges(request.param, LIMITS) as opened:
            yield opened


@pytest.mark.parametrize("name", SMALL)
def test_an_expensive_statement_ends_inside_its_budget(range_: Range, name: str) -> None:
    sql = statements(range_.database.dialect)[name]
    for checks_cost in (True, False):
        outcome = range_.shoot(name, sql, checks_cost=checks_cost)
        assert not outcome.fault, outcome
        assert outcome.way != "failed", outcome


def test_every_statement_of_the_catalogue_is_for_a_known_dialect() -> None:
    for dialect in get_args(Dialect):
        found = statements(dialect)
        assert len(found) > 45 and not any(
            word in sql
            for sql in found.values()
            for word in ("{long}", "{needle}", "{hundred}", "{thousand}")
        )


class Slow:
    """A database that does one thing wrong."""

    def __init__(self, database: Any, **wrong: Any) -> None:
        self._database = database
        self._wrong = wrong

    def __getattr__(self, name: str) -> Any:
        return getattr(self._database, name)

    def execute(self, query: Any, limits: Any, cancel: Any = None) -> Any:
        time.sleep(self._wrong.get("sleep", 0))
        self.kept = bytearray(self._wrong.get("memory", 0))
        table = self._database.execute(query, limits, cancel)
        return dataclasses.replace(table, rows=()) if self._wrong.get("forget") else table


@pytest.mark.parametrize(
    ("wrong", "fault"),
    [
        ({"sleep": 1.7}, "it took"),
        ({"memory": 80_000_000}, "memory grew"),
        ({"forget": True}, "the next question was answered by"),
    ],
)
def test_its_wires_trip(
    range_: Range, wrong: dict[str, Any], fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard_budgets, "FIXED_MB", 0)
    monkeypatch.setattr(guard_budgets, "SLACK", 0.2)
    if "memory" in wrong:  # of this process: where there is a server, its memory is measured instead
        range_ = dataclasses.replace(range_, server=None)
    broken = dataclasses.replace(range_, database=Slow(range_.database, **wrong))
    assert fault in broken.shoot("x", "SELECT COUNT(*) FROM sold", checks_cost=False).fault


@pytest.mark.slow
def test_a_server_that_goes_on_is_seen(range_: Range, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard_budgets, "PATIENCE_S", 2.0)
    monkeypatch.setattr(guard_budgets, "_busy", lambda server: "for ever")
    if range_.server is None:
        range_ = dataclasses.replace(range_, server=_Nobody())  # type: ignore[arg-type]
    assert "went on" in range_.shoot("x", "SELECT COUNT(*) FROM sold", checks_cost=False).fault


class _Nobody:
    """A server of which only the memory is asked."""

    def memory_mb(self) -> float:
        return 1.0
