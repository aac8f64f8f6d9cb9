"""Every statement that a grammar allows names only what exists: checked by walking the grammars at random."""

from __future__ import annotations

import json
import random
from pathlib import Path

import asking_shop
import pytest
import small_shop

from llm.constraint import Constraint, byte_tokenizer
from llm.scripted import ScriptedEngine
from sql.databases import open_database
from sql.errors import QueryFailed, TwoWays, WrongStatement
from sql.question.linking import Vocabulary, link
from sql.shop.drafting import shop_from_catalog
from sql.shop.workspace import Workspace, open_workspace
from sql.statement.grammar import lark_text, number_text
from sql.statement.language_draft import LanguageDrafter
from sql.statement.parse import parse
from sql.statement.sayable import sayable
from sql.statement.sentence import Number, Text, written_name
from sql.types import Dialect


def walk(grammar: str, rng: random.Random, limit: int = 700) -> str | None:
    """A random sentence of the grammar; ``None`` when it did not end within ``limit`` bytes."""
    constraint = Constraint(byte_tokenizer(), grammar)
    text = bytearray()
    while len(text) < limit:
        if constraint.is_finished or (constraint.is_complete and rng.random() < 0.4):
            return text.decode()
        choices = [t for t in constraint.allowed() if t < 256]
        byte = int(rng.choice(choices))
        constraint.consume([byte])
        text.append(byte)
    return None


def test_a_quote_in_a_value_or_a_name_stays_inside_it() -> None:
    assert str(Text("O'Neil'; --")) == "'O''Neil''; --'"
    assert written_name('a"b') == '"a""b"'
    assert json.loads(lark_text('a"b\\c\n价')) == 'a"b\\c\n价'


@pytest.mark.parametrize("number", [0, 5, 1_500_000, 0.5, 12.75, 0.00005, 123_456_789.123])
def test_a_number_is_read_back_as_it_is_written(number: float) -> None:
    read = [n for n in parse(f"SELECT a FROM b WHERE a > {number_text(number)}").walk() if type(n) is Number]
    assert [float(n.text) for n in read] == [number]


def small(folder: Path, dialect: Dialect) -> Workspace:
    database = open_database(str(small_shop.build(folder, dialect)))
    return open_workspace(
        shop_from_catalog(database.catalog(), name="small", database="small"), database=database
    )


@pytest.mark.parametrize(
    "question",
    [
        "revenue by country in May 2026",
        "Which brands sold more than 5 units in Germany or France?",
        "the trend of profit for 'Blue Ocean' and Atlantis",
        "orders that were not delivered last month",
        "share of the app in revenue per quarter",
        "顾客最多的五个国家",
        "something else entirely about O'Neil's mountains",
    ],
)
def test_every_statement_over_a_described_shop_can_be_checked(tmp_path: Path, question: str) -> None:
    check(open_workspace(asking_shop.asking_shop(asking_shop.build(tmp_path))), question, 60)


@pytest.mark.parametrize(
    "question",
    ["How many orders did customers from China place?", "Which products above 5 were ordered in China?"],
)
@pytest.mark.parametrize("dialect", ["duckdb", "sqlite"])
def test_every_statement_over_plain_tables_can_be_checked(
    tmp_path: Path, dialect: Dialect, question: str
) -> None:
    check(small(tmp_path, dialect), question, 90)


def check(workspace: Workspace, question: str, count: int) -> None:
    """Unknown names are never written; what the language can mean, the guard passes and the database plans.

    What a grammar cannot see may fail: words that make no sense together, which are told, and a text compared
    with a number, in the database.
    """
    vocabulary = Vocabulary.build(workspace)
    writer = LanguageDrafter(workspace, vocabulary, ScriptedEngine([]))
    links = link(question, vocabulary, workspace.today)
    grammar = writer.grammar.of(sayable(links, vocabulary, workspace))
    rng = random.Random(11)
    passed = 0
    for _ in range(count):
        text = walk(grammar, rng)
        if text is None:
            continue
        parse(text)  # whatever the grammar lets through can be read
        try:
            sql = writer.compile(text).sql
        except (WrongStatement, TwoWays):
            continue
        query = workspace.guard.check(sql)
        try:
            workspace.database.explain(query)
        except QueryFailed as error:
            assert "type" in str(error), f"{text}\n{sql}\n{error}"
            continue
        passed += 1
    workspace.close()
    assert passed > count / 10


@pytest.mark.parametrize(
    "text",
    [
        "SELECT COUNT(MONTH), PAIRS(brand PER order_id) FROM sales",
        "SELECT GROWTH(revenue, 2026 YEAR) FROM sales WHERE DURING('May 2026')",
        "SELECT country FROM sales WHERE MIN(brand) PER order_id BETWEEN 2 AND 5",
        "SELECT BUCKET(country, 5), revenue FROM sales GROUP BY BUCKET(country, 5)",
        "SELECT MAX(MIN(category) PER product) + revenue FROM sales",
        "SELECT revenue FROM sales WHERE country = 'Germany' AND country = 'France'",
        "SELECT revenue FROM sales WHERE country = 'Germany' AND country IN ('China', 'France')",
        "SELECT customer_id FROM customers WHERE customer_id HAS sales AND customer_id HAS NO sales",
        "SELECT AVG(DAYS(delivered_at, delivered_at)) FROM orders",
        "SELECT status, amount FROM orders GROUP BY status",
    ],
)
def test_words_that_make_no_sense_together_are_told(tmp_path: Path, text: str) -> None:
    workspace = open_workspace(asking_shop.asking_shop(asking_shop.build(tmp_path)))
    writer = LanguageDrafter(workspace, Vocabulary.build(workspace), ScriptedEngine([]))
    with pytest.raises(WrongStatement):
        writer.compile(text)
