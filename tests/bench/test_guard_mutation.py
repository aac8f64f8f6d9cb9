"""A small part of the mutants, and that the harness finds, shortens and keeps what gets out."""

from __future__ import annotations

import contextlib
import os
import pickle
import subprocess
import sys

import pytest

from bench.guard_mutation import Tally, check_again, minimise, plain_reason, show, trip_kind, try_all
from bench.mutation.data import make_guard
from bench.mutation.mutate import Mutant, Mutator
from bench.mutation.tricks import read_tricks
from bench.mutation.yard import FILE_DIALECTS, open_yard, settle
from bench.record import ROOT
from sql.errors import UnsafeQuery
from sql.lock.guard import _SEAL, CheckedQuery, Guard

PAIR = ("duckdb", "mysql")
COUNT = 200
"""Mutants of each dialect; ``python -m bench.guard_mutation`` tries 25,000."""


@pytest.fixture(scope="module")
def yards(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("mutants")
    with contextlib.ExitStack() as stack:
        yield {d: stack.enter_context(open_yard(d, folder / d)) for d in FILE_DIALECTS}


@pytest.mark.parametrize("dialect", FILE_DIALECTS)
def test_no_mutant_trips_a_wire(dialect, yards, tmp_path):
    mutator, tally, said = Mutator(dialect, seed=3), Tally(dialect=dialect), []
    mutants = (mutator.mutant(number) for number in range(COUNT))
    with contextlib.chdir(yards[dialect].ground):
        try_all(yards[dialect], mutants, tally, report=said.append, tricks=tmp_path)
    assert said == []
    assert tally.counts["statements"] == COUNT
    assert tally.counts["allowed"] > 0.2 * COUNT, "mutants that are all refused prove nothing"
    assert tally.counts["refused"] > 0.2 * COUNT
    assert len(tally.reasons) > 15
    assert f"{COUNT} statements" in show(tally)


def test_a_mutant_is_the_same_alone_and_in_another_process():
    code = (
        "from bench.mutation.mutate import Mutator; import logging; logging.disable(logging.CRITICAL)\n"
        f"for dialect in {PAIR!r}:\n"
        "    mutator = Mutator(dialect, seed=3)\n"
        "    for number in range(20, 36): print(ascii(mutator.mutant(number)))\n"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "77", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-W", "ignore", "-c", code]
    other = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=ROOT, check=True)
    mine = []
    for dialect in PAIR:
        mutator = Mutator(dialect, seed=3)
        mine += [ascii(mutator.mutant(number)) for number in reversed(range(20, 36))][::-1]
    assert other.stdout.splitlines() == mine


def test_reasons_are_the_same_in_another_process(yards):
    """Of refusals and of what is let through; sets in the guard would make them differ."""
    code = (
        "import sys, pickle, logging; logging.disable(logging.CRITICAL);"
        "from bench.mutation.data import make_guard, yard_shop; from sql.errors import UnsafeQuery\n"
        "catalog, mutants = pickle.load(sys.stdin.buffer)\n"
        "shop = yard_shop('yard'); guards = {r.name: make_guard(shop, catalog, r) for r in shop.roles}\n"
        "for role, statement in mutants:\n"
        "    try: print(ascii(guards[role].check(statement).sql))\n"
        "    except UnsafeQuery as error: print(ascii(error.reason))\n"
    )
    yard, mutator = yards["duckdb"], Mutator("duckdb", seed=3)
    mutants = [mutator.mutant(number) for number in range(80)]
    given = pickle.dumps((yard.databases["true"].catalog(), [(m.role, m.statement) for m in mutants]))
    environment = {**os.environ, "PYTHONHASHSEED": "5", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-W", "ignore", "-c", code]
    other = subprocess.run(command, input=given, capture_output=True, env=environment, cwd=ROOT, check=True)
    mine = []
    for mutant in mutants:
        guard = make_guard(
            yard.guards["owner"].shop, yard.guards["owner"].catalog, yard.guards[mutant.role].role
        )
        try:
            mine.append(ascii(guard.check(mutant.statement).sql))
        except UnsafeQuery as error:
            mine.append(ascii(error.reason))
    assert other.stdout.decode().splitlines() == mine


# ---- with a guard that lets everything through ----------------------------------------------------------


@pytest.fixture
def careless(monkeypatch):
    """No guard at all: the harness must then find what there is to find."""

    def check(self, sql):
        return CheckedQuery(sql=sql, dialect=self.dialect, role=self.role.name, views=(), seal=_SEAL)

    monkeypatch.setattr(Guard, "check", check)


def test_what_trips_is_shortened_printed_and_kept(yards, tmp_path, careless):
    yard, tally, said = yards["sqlite"], Tally(dialect="sqlite"), []
    long = (
        "SELECT o.order_id, (SELECT MAX(s.password) FROM secrets AS s) AS x "
        "FROM orders AS o WHERE o.order_id > 1 ORDER BY o.order_id"
    )
    mutants = [
        Mutant(number=1, role="owner", statement=long),
        Mutant(number=2, role="owner", statement="SELECT COUNT(*) AS n FROM secrets"),
        Mutant(number=3, role="owner", statement="SELECT COUNT(*) AS n FROM products"),
    ]
    try_all(yard, iter(mutants), tally, report=said.append, tricks=tmp_path)
    assert len(tally.trips) == 2
    kept = [trick.statement for trick in read_tricks(tmp_path)]
    assert len(kept) == 2
    assert len(kept[0]) < 0.9 * len(long)
    assert all("secrets" in statement for statement in kept)
    assert len(said) == 2 and "hidden data change the rows" in said[1]


def test_without_a_guard_mutants_do_trip(yards, tmp_path, careless):
    """The mutants are hostile: they get something out where nobody stands in the way.

    Few do here, since the views, which most of them read, are made by the guard; how many depends on whether
    the public data is there to make mutants of.
    """
    yard, mutator = yards["sqlite"], Mutator("sqlite", seed=3)
    mutants = [mutator.mutant(number) for number in range(200)]
    outcomes = [yard.try_statement(m.role, yard.fill(m.statement)) for m in mutants]
    assert any(outcome.trip for outcome in outcomes)


def test_the_shortest_text_still_trips(yards, careless):
    mutant = Mutant(
        number=1, role="owner", statement="SELECT 1, 2, password FROM secrets WHERE 1 = 1 OR 2 = 2"
    )
    short = minimise(yards["sqlite"], mutant, trip_kind("a row holds 'CANARY'"))
    assert short.replace(" ", "") in ("SELECTpasswordFROMsecrets", "SELECT1,passwordFROMsecrets")


def test_a_limit_among_equal_rows_is_chance_and_one_by_something_hidden_is_not(yards, careless):
    yard = yards["sqlite"]
    for statement, is_trip in (
        ("SELECT country FROM customers GROUP BY country ORDER BY 1 + 0 * COUNT(*) LIMIT 1", False),
        ("SELECT customer_id FROM customers ORDER BY email, customer_id LIMIT 3", True),
        ("SELECT customer_id, ROW_NUMBER() OVER (ORDER BY email) AS n FROM customers", True),
        ("SELECT customer_id, ROW_NUMBER() OVER (ORDER BY 1 + 0) AS n FROM customers", False),
        ("SELECT customer_id FROM customers ORDER BY pin DESC LIMIT 3", True),
    ):
        assert bool(yard.try_statement("analyst", statement).trip) == is_trip, statement
    query = CheckedQuery(
        sql="SELECT a FROM (SELECT 1 AS a, 2 AS b LIMIT 9223372036854775807) AS t ORDER BY 1 + 0 LIMIT 3",
        dialect="sqlite", role="owner", views=(), seal=_SEAL,
    )  # fmt: skip
    assert "ORDER BY 1 + 0, 1 LIMIT 3" in settle(query).sql
    assert "AS b LIMIT 9223372036854775807" in settle(query).sql
    query = CheckedQuery(
        sql="SELECT a + 1, ABS(a), a FROM t LIMIT 3", dialect="sqlite", role="owner", views=(), seal=_SEAL
    )
    assert "ORDER BY 1, 2, 3 LIMIT 3" in settle(query).sql.replace(" NULLS FIRST", "")


def test_only_an_error_that_a_fixed_plan_does_not_know_counts_as_one_of_the_plan(yards, careless):
    yard = yards["duckdb"]
    for statement in (
        "SELECT CASE WHEN MAX(pin) > 77001500 THEN CAST('x' AS INTEGER) END FROM customers",
        "SELECT COUNT(*) FROM customers WHERE pin > 77001500",
    ):
        assert yard.try_statement("owner", statement).trip, statement
    two = yard.with_fixed_plan("true", "SELECT 2 AS a"), yard.with_fixed_plan("owner", "SELECT b")
    assert two[0].rows == ((2,),) and "b" in two[1].error


def test_a_guard_that_says_two_things_is_reported(yards, monkeypatch):
    yard, tally, said = yards["sqlite"], Tally(dialect="sqlite"), []
    outcome = yard.try_statement("owner", "SELECT nothing FROM products")
    check_again(yard, outcome, tally, said.append)
    assert said == []
    monkeypatch.setattr("bench.guard_mutation.make_guard", lambda shop, catalog, role: yard.guards["china"])
    outcome = yard.try_statement("owner", "SELECT name FROM customers")
    check_again(yard, outcome, tally, said.append)
    assert "two things" in said[0]


def test_harm_outside_the_answer_is_traced_to_its_statement(yards, tmp_path, monkeypatch):
    yard, tally, said = yards["sqlite"], Tally(dialect="sqlite"), []
    real = yard.try_statement

    def harmful(role, statement):
        if "quantity" in statement:
            (yard.ground / "out.txt").write_text("x")
        return real(role, statement)

    monkeypatch.setattr(yard, "try_statement", harmful)
    mutants = [
        Mutant(number=n, role="owner", statement=f"SELECT {column} FROM sales")
        for n, column in enumerate(("product", "quantity", "amount"))
    ]
    try_all(yard, iter(mutants), tally, report=said.append, tricks=tmp_path)
    assert len(tally.outside) == 1
    assert "out.txt" in tally.outside[0]
    assert "SELECT quantity" in tally.outside[0] and "SELECT amount" not in tally.outside[0]


def test_reasons_are_counted_without_their_names():
    assert plain_reason("there is no view sale; near: sales") == "there is no view …"
    assert plain_reason("there is no column x in sales; near: y") == "there is no column … in sales"
    assert plain_reason("LEAK is not an allowed function") == "… is not an allowed function"
    assert (
        plain_reason("customers.name is hidden from the role a; leave it out")
        == "… is hidden from the role a"
    )
