"""Variants of a real SQLite database: other names, the same rows."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from finetune.enlarge import make_variant, synonyms
from finetune.examples import database_examples
from sql.question.words import spaced
from sql.statement.canonical import NotCanonical

SHOP = """
CREATE TABLE customers (customer_id INTEGER PRIMARY KEY, customer_name TEXT, city TEXT);
CREATE TABLE orders (
  order_id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers(customer_id), amount REAL,
  "Order Date" DATE);
INSERT INTO customers VALUES (1, 'Ann', 'Rome'), (2, 'Bo', 'Oslo');
INSERT INTO orders VALUES (1, 1, 10.5, '2026-01-01'), (2, 1, 4, '2026-02-01'), (3, 2, 7, NULL);
"""
OTHER = "CREATE TABLE planes (plane TEXT, seats INTEGER); INSERT INTO planes VALUES ('A', 100);"

STATEMENTS = [
    "SELECT count(*) FROM orders",
    "SELECT T1.customer_name, sum(T2.amount) FROM customers AS T1 JOIN orders AS T2 "
    "ON T1.customer_id = T2.customer_id GROUP BY T1.customer_id ORDER BY sum(T2.amount) DESC",
    'SELECT "Order Date" FROM orders WHERE amount > (SELECT avg(amount) FROM orders)',
    "SELECT city FROM customers WHERE customer_id NOT IN (SELECT customer_id FROM orders WHERE amount > 5)",
    "SELECT customer_name FROM customers WHERE city = 'Rome' UNION SELECT city FROM customers",
]
SEEDS = range(12)


def build(path: Path, script: str) -> Path:
    with sqlite3.connect(path) as connection:
        connection.executescript(script)
    connection.close()
    return path


def rows(path: Path, sql: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(path)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("shop") / "shop.sqlite", SHOP)


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("other") / "other.sqlite", OTHER)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_translated_statement_gives_the_same_rows(
    seed: int, shop: Path, other: Path, tmp_path: Path
) -> None:
    variant = make_variant(shop, tmp_path / "v.sqlite", seed=seed, distractors=other)
    for sql in STATEMENTS:
        assert rows(variant.path, variant.translate(sql)) == rows(shop, sql), sql
    pairs = [("How much did Ann spend?", variant.translate(STATEMENTS[1]))]
    (example,) = database_examples(variant.path, pairs)
    assert example is not None and variant.tables["orders"] in example.reply


def test_the_same_seed_makes_the_same_variant_and_others_differ(
    shop: Path, other: Path, tmp_path: Path
) -> None:
    made = [
        make_variant(shop, tmp_path / f"{n}.sqlite", seed=seed, distractors=other)
        for n, seed in enumerate([*SEEDS, *SEEDS])
    ]
    described = [rows(v.path, "SELECT sql FROM sqlite_master") for v in made]
    half = len(SEEDS)
    assert described[:half] == described[half:]
    assert len({str(d) for d in described}) > half // 2
    assert any("planes" in str(d) for d in described)
    names = {variant.columns["orders", "Order Date"] for variant in made}
    assert len(names) > 2 and all(spaced(name) for name in names)


def test_a_file_that_is_there_stays(shop: Path, tmp_path: Path) -> None:
    (tmp_path / "v.sqlite").write_text("mine")
    with pytest.raises(FileExistsError, match="left as it is"):
        make_variant(shop, tmp_path / "v.sqlite", seed=1)
    assert (tmp_path / "v.sqlite").read_text() == "mine"


def test_a_statement_without_canonical_form_is_refused(shop: Path, tmp_path: Path) -> None:
    variant = make_variant(shop, tmp_path / "v.sqlite", seed=1)
    with pytest.raises(NotCanonical):
        variant.translate("SELECT a.city FROM customers AS a JOIN customers AS b ON a.city = b.city")


def test_each_word_stands_in_one_group_and_is_written_as_names_are_read() -> None:
    known = synonyms()
    assert all(word in known[other] for word, others in known.items() for other in others)
    assert all(isinstance(word, str) and spaced(word) == word for word in known)
