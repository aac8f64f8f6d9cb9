"""Every statement that a grammar allows names only what exists: checked by walking the grammar at random."""

from __future__ import annotations

import random
import time

import asking_shop
import pytest
import small_shop

from llm.constraint import Constraint, accepts, byte_tokenizer
from sql.cues import find_cues
from sql.databases import open_database
from sql.draft import Drafter, literals, statement
from sql.errors import QueryFailed
from sql.grammar import (
    Freedom,
    Literals,
    Scope,
    ScopeColumn,
    count_statements,
    open_grammar,
    quote_name,
    quote_text,
    shaped_grammar,
    time_grain,
    time_part,
)
from sql.linking import Vocabulary, link
from sql.scopes import make_scopes
from sql.shape import read_views
from sql.shopfile import shop_from_catalog
from sql.workspace import open_workspace

SALES = Scope(
    name="sales",
    source="sales",
    columns=(
        ScopeColumn(sql="country", type="text", texts=("Germany", "Cote d'Ivoire")),
        ScopeColumn(sql="amount", type="number"),
        ScopeColumn(sql="ordered_at", type="timestamp", dates=("ordered_at >= '2026-05-01'",)),
        ScopeColumn(sql="is_gift", type="boolean"),
    ),
    metrics=(("SUM(amount)", "revenue"),),
)
WORDS = Literals(texts=("Blue Ocean",), numbers=("0", "5"), limits=(1, 5))


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


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT SUM(amount) AS revenue FROM sales",
        "SELECT country, SUM(amount) AS revenue FROM sales GROUP BY 1 ORDER BY SUM(amount) DESC LIMIT 5",
        "SELECT country FROM sales GROUP BY 1 HAVING COUNT(*) > 5",
        (
            "SELECT COUNT(DISTINCT country) FROM sales WHERE country = 'Cote d''Ivoire' AND amount "
            "BETWEEN 0 AND 5"
        ),
        "SELECT DISTINCT country FROM sales WHERE ordered_at >= '2026-05-01' OR NOT is_gift",
        "SELECT SUM(CASE WHEN country = 'Germany' THEN amount ELSE 0 END) FROM sales",
        "SELECT country, amount FROM sales WHERE amount > (SELECT AVG(amount) FROM sales)",
        "SELECT amount FROM sales WHERE ordered_at IS NULL ORDER BY amount ASC",
    ],
)
def test_allowed(sql):
    assert accepts(open_grammar([SALES], WORDS, Freedom()), f"-- sales\n{sql}")


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT SUM(price) AS revenue FROM sales",
        "SELECT country FROM orders",
        "SELECT sleep(5) FROM sales",
        "SELECT country FROM sales WHERE country = 'Atlantis'",
        "SELECT country FROM sales WHERE amount > 7",
        "SELECT SUM(country) FROM sales",
        "SELECT country FROM sales; DROP TABLE sales",
        "DELETE FROM sales",
        "SELECT country FROM sales LIMIT 9999999",
    ],
)
def test_not_allowed(sql):
    assert not accepts(open_grammar([SALES], WORDS, Freedom()), f"-- sales\n{sql}")


def test_a_must_cannot_be_left_out():
    import dataclasses

    scope = dataclasses.replace(SALES, must=("country = 'Germany'", ("amount > 5", "amount < 5")))
    grammar = open_grammar([scope], WORDS, Freedom(), names_scope=False)
    assert not accepts(grammar, "SELECT amount FROM sales")
    assert accepts(grammar, "SELECT amount FROM sales WHERE country = 'Germany' AND amount < 5")
    assert accepts(grammar, "SELECT amount FROM sales WHERE country = 'Germany' AND amount > 5 AND is_gift")


def test_columns_are_held_to_the_scope_that_the_first_line_names():
    other = Scope(name="stock", source="stock", columns=(ScopeColumn(sql="on_hand", type="integer"),))
    grammar = open_grammar([SALES, other], WORDS, Freedom())
    assert accepts(grammar, "-- stock\nSELECT on_hand FROM stock")
    assert not accepts(grammar, "-- stock\nSELECT amount FROM sales")


def test_shapes_leave_only_their_choices():
    grammar = shaped_grammar([("SELECT a FROM t", (" ORDER BY a", "")), ("SELECT b FROM t",)])
    assert [
        accepts(grammar, s) for s in ("SELECT a FROM t", "SELECT a FROM t ORDER BY a", "SELECT b FROM t")
    ] == [True] * 3
    assert not accepts(grammar, "SELECT b FROM t ORDER BY a")
    assert count_statements([("x", ("1", "2", "")), ("y",)]) == 4


def test_a_quote_in_a_value_stays_inside_its_literal():
    assert quote_text("O'Neil'; --") == "'O''Neil''; --'"
    assert quote_name('a"b') == '"a""b"'


def test_no_scope_is_refused():
    with pytest.raises(ValueError, match="at least one scope"):
        open_grammar([], WORDS, Freedom())


@pytest.mark.parametrize("dialect", ["duckdb", "sqlite"])
@pytest.mark.parametrize("grain", ["day", "week", "month", "quarter", "year"])
def test_time_expressions_run(tmp_path, dialect, grain):
    database = open_database(str(small_shop.build(tmp_path, dialect)))
    shop = shop_from_catalog(database.catalog(), name="small", database="small")
    workspace = open_workspace(shop, database=database)
    rows = workspace.run(f"SELECT DISTINCT {time_grain('ordered_at', grain, dialect)} FROM orders").rows
    assert len(rows) == {"day": 4, "week": 4, "month": 3, "quarter": 1, "year": 1}[grain]
    workspace.run(f"SELECT {time_part('ordered_at', 'hour', dialect)} FROM orders")


QUESTIONS = [
    "revenue by country in May 2026",
    "Which brands sold more than 5 units in Germany or France?",
    "the trend of profit for 'Blue Ocean' and Atlantis",
    "orders that were not delivered last month",
    "share of the app in revenue per quarter",
    "顾客最多的五个国家",
    "something else entirely about mountains",
]


@pytest.mark.parametrize("question", QUESTIONS)
def test_every_statement_over_views_passes_the_guard_and_the_database(tmp_path, question):
    shop = asking_shop.asking_shop(asking_shop.build(tmp_path))
    workspace = open_workspace(shop)
    vocabulary = Vocabulary.build(workspace)
    drafter = Drafter(workspace, None, vocabulary)  # type: ignore[arg-type]  # nothing is drafted here
    links = link(question, vocabulary, workspace.today)
    rng = random.Random(11)
    for is_open in (False, True):
        plan = drafter.plan(links, is_open=is_open)
        _check_sentences(workspace, plan.grammar, rng, 25)


@pytest.mark.parametrize(
    "question",
    ["How many orders did customers from China place?", "Which products above 5 were ordered in China?"],
)
@pytest.mark.parametrize("dialect", ["duckdb", "sqlite"])
def test_every_statement_over_joined_tables_passes_the_guard_and_the_database(tmp_path, dialect, question):
    database = open_database(str(small_shop.build(tmp_path, dialect)))
    shop = shop_from_catalog(database.catalog(), name="small", database="small")
    workspace = open_workspace(shop, database=database)
    vocabulary = Vocabulary.build(workspace)
    links = link(question, vocabulary, workspace.today)
    cues = find_cues(links)
    scopes = make_scopes(links, read_views(links, vocabulary), cues, vocabulary, workspace.catalog)
    assert any(" JOIN " in s.source for s in scopes)
    grammar = open_grammar(scopes, literals(links, cues, scopes), Freedom(set_operations=True))
    _check_sentences(workspace, grammar, random.Random(5), 40)


def _check_sentences(workspace, grammar: str, rng: random.Random, count: int) -> None:
    """Unknown names are never drafted; what the guard passes, the database can plan."""
    seen = 0
    for _ in range(count):
        text = walk(grammar, rng)
        if text is None:
            continue
        seen += 1
        sql = statement(text)
        query = workspace.guard.check(sql)
        try:
            workspace.database.explain(query)
        except QueryFailed as error:
            pytest.fail(f"{sql}\n{error}")
    assert seen > count / 4


def test_a_wide_schema_compiles_quickly():
    columns = tuple(ScopeColumn(sql=f"column_{i}", type="integer") for i in range(60))
    scopes = [Scope(name=f"t{i}", source=f"t{i}", columns=columns) for i in range(30)]
    started = time.process_time()
    constraint = Constraint(byte_tokenizer(), open_grammar(scopes, WORDS, Freedom(set_operations=True)))
    constraint.allowed()
    assert time.process_time() - started < 1.0
