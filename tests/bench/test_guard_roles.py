"""The comparison of roles with copies: a small seeded part of it, and that a broken guard makes it fail."""

from __future__ import annotations

import random
import sqlite3
from pathlib import Path

import pytest

from bench import guard_roles
from bench.guard_roles import CANARY, Count, Rule, Setting, compare, copy_sqlite, plant
from sql.databases import open_database
from sql.lock.guard import Guard
from sql.lock.terms import Source
from sql.semantics import Role, View
from sql.shop.drafting import shop_from_catalog

TABLES = """
CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT, land TEXT, paid REAL);
INSERT INTO people VALUES (1, 'Ana', 'de', 5), (2, 'Bo', 'cn', 7), (3, 'Cy', 'de', NULL), (4, 'Di', 'fr', 9);
CREATE TABLE orders (id INTEGER, person INTEGER, note TEXT);
INSERT INTO orders VALUES (1, 1, 'quick'), (2, 2, '17'), (3, 2, 'slow'), (4, 4, 'x');
"""
STATEMENTS = (
    "SELECT COUNT(*), SUM(paid), MAX(paid) FROM people",
    "SELECT land, COUNT(*) AS n FROM people GROUP BY land ORDER BY n DESC, land",
    "SELECT * FROM people",
    "SELECT name FROM people",
    "SELECT COUNT(*) FROM people WHERE name LIKE 'CANARY%'",
    "SELECT p.land, o.note FROM people AS p JOIN orders AS o ON o.person = p.id",
    "SELECT land FROM people WHERE id IN (SELECT person FROM orders)",
    "SELECT COUNT(*) FROM people WHERE ABS(CASE WHEN paid > 1e6 THEN -9223372036854775807 - 1 END) > 0",
)


def ask(tmp_path: Path) -> Count:
    """All statements under a role that sees the people of one land, without their names."""
    whole = tmp_path / "whole.sqlite"
    connection = sqlite3.connect(whole)
    connection.executescript(TABLES)
    connection.close()
    database = open_database(str(whole))
    shop = shop_from_catalog(database.catalog(), name="x", database=str(whole))
    rule = Rule(column="land", operator="=", values=("de",), attribute="mine")
    role = Role(name="r", masked=frozenset({("people", "name")}), rows={"people": rule.for_role()})
    setting = Setting(
        name="x",
        shop=shop,
        role=role,
        user={"mine": "de"},
        rules={"people": rule},
        shown={"people": ("id", "land", "paid"), "orders": ("id", "person", "note")},
    )
    plant(whole, setting)
    copies = tmp_path / "copy.sqlite", tmp_path / "backwards.sqlite"
    copy_sqlite(whole, copies[0], setting)
    copy_sqlite(whole, copies[1], setting, backwards=True)
    count = Count()
    guard = Guard(shop, database.catalog(), role, setting.user)
    for sql in STATEMENTS:
        compare(
            setting,
            guard,
            database,
            sql,
            lambda text: guard_roles.ask_sqlite(copies[0], text),
            lambda text: guard_roles.ask_sqlite(copies[1], text),
            canaries=frozenset(),
            count=count,
        )
    return count


def test_a_role_is_answered_like_the_copy_of_what_it_may_see(tmp_path: Path) -> None:
    count = ask(tmp_path)
    assert count.failures == []
    assert count.equal == 6 and count.outcomes["refused here, unknown there"] == 2


def test_canaries_stand_wherever_the_role_may_not_look(tmp_path: Path) -> None:
    ask(tmp_path)
    rows = guard_roles.ask_sqlite(
        tmp_path / "whole.sqlite", "SELECT name, land, paid FROM people ORDER BY id"
    )
    assert all(str(name).startswith(CANARY) for name, _, _ in rows)
    told = sorted((str(land), paid) for _, land, paid in rows if land != "de")
    assert [land for land, _ in told] == ["cn", "fr"] and all(paid > 900_000_000 for _, paid in told)
    assert sorted(str(paid) for _, land, paid in rows if land == "de") == ["5.0", "None"]
    copied = guard_roles.ask_sqlite(tmp_path / "copy.sqlite", "SELECT * FROM people ORDER BY 1")
    assert copied == [(1, "de", 5.0), (3, "de", None)]


def test_a_guard_that_forgets_the_rows_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    narrow = Guard._narrow
    monkeypatch.setattr(
        Guard, "_narrow", lambda self, view, shown, body, rows: narrow(self, view, shown, body, None)
    )
    count = ask(tmp_path)
    assert len(count.failures) >= 5
    assert guard_roles.report(count) == 1


def test_a_guard_that_forgets_the_masks_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = Guard._source

    def unmasked(self: Guard, view: View) -> Source:
        self._masked = set()
        return source(self, view)

    monkeypatch.setattr(Guard, "_source", unmasked)
    count = ask(tmp_path)
    assert any("A hidden value was told" in failure for failure in count.failures)
    assert guard_roles.report(count) == 1


def test_nothing_compared_is_no_success(capsys: pytest.CaptureFixture[str]) -> None:
    assert guard_roles.report(Count()) == 1
    assert "answered the same: 0" in capsys.readouterr().out


def test_a_seeded_part_over_real_databases_holds(data_folder: Path) -> None:
    count = Count()
    guard_roles.run_spider(data_folder, databases=2, statements=40, seed=11, count=count)
    assert count.failures == []
    assert count.equal >= 40


def test_rules_are_written_alike_for_the_role_and_for_the_copy() -> None:
    rng = random.Random(5)
    values = {("v", "c"): ["it's", "b", "c\\d", 'e"f']}
    for _ in range(40):
        rule = guard_roles._draw_rule(rng, "c", values, "v", "a0")
        text, bound = rule.for_copy()
        assert text.count("?") == len(bound)
        assert (":a0" in rule.for_role()) == (rule.attribute is not None and bool(bound))
