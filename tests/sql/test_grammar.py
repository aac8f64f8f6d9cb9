"""Every statement that a grammar allows names only what exists: checked by walking the grammars at random."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import asking_shop
import pytest
import small_shop

from llm.constraint import Constraint, byte_tokenizer
from llm.engine import Engine
from llm.scripted import ScriptedEngine
from sql.databases import open_database
from sql.errors import NotAllowed, QueryFailed, Senseless, Ungrouped
from sql.question.linking import Vocabulary, link
from sql.shop.shopfile import shop_from_catalog
from sql.shop.workspace import Workspace, open_workspace
from sql.statement.grammar import quote_name, quote_text
from sql.statement.shape import count_statements
from sql.statement.shop_draft import ShopDrafter
from sql.statement.table_draft import TableDrafter
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


def test_a_quote_in_a_value_stays_inside_its_literal() -> None:
    assert quote_text("O'Neil'; --") == "'O''Neil''; --'"
    assert quote_name('a"b') == '"a""b"'


def test_the_statements_of_shapes_are_counted() -> None:
    assert count_statements([("x", ("1", "2", "")), ("y",)]) == 4


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
def test_every_statement_in_shop_form_passes_the_guard(tmp_path: Path, question: str) -> None:
    workspace = open_workspace(asking_shop.asking_shop(asking_shop.build(tmp_path)))
    vocabulary = Vocabulary.build(workspace)
    writer = ShopDrafter(vocabulary, workspace.catalog.dialect, nobody())
    links = link(question, vocabulary, workspace.today)
    leads = [f"-- {quote_name(view.name)}\n" for view in vocabulary.views]
    check(workspace, lambda rng: writer.second(rng.choice(leads), links), 60)


@pytest.mark.parametrize(
    "question",
    ["How many orders did customers from China place?", "Which products above 5 were ordered in China?"],
)
@pytest.mark.parametrize("dialect", ["duckdb", "sqlite"])
def test_every_statement_over_joined_tables_passes_the_guard(
    tmp_path: Path, dialect: Dialect, question: str
) -> None:
    workspace = small(tmp_path, dialect)
    vocabulary = Vocabulary.build(workspace)
    writer = TableDrafter(vocabulary, workspace.catalog, nobody())
    links = link(question, vocabulary, workspace.today)
    paths = [f"-- {path.name}\n" for path in writer.schema.paths]
    assert any("," in path for path in paths)
    check(workspace, lambda rng: writer.second(rng.choice(paths), links), 90)


def nobody() -> Engine:
    return ScriptedEngine([])


def check(
    workspace: Workspace,
    second: Callable[[random.Random], tuple[str, Callable[[str], str]]],
    count: int,
) -> None:
    """Unknown names are never written; what the guard passes, the database can plan.

    What a grammar cannot see may fail: a column that is neither grouped by nor counted, in the guard, or a
    text compared with a number, in the database.
    """
    rng = random.Random(11)
    passed = 0
    for _ in range(count):
        grammar, to_sql = second(rng)
        text = walk(grammar, rng)
        if text is None:
            continue
        try:
            sql = to_sql(text)
        except Senseless:
            continue
        try:
            query = workspace.guard.check(sql)
        except (NotAllowed, Ungrouped):
            continue
        try:
            workspace.database.explain(query)
        except QueryFailed as error:
            names = ("Catalog", "no such", "syntax", "Parser", "GROUP BY")
            assert not any(w in str(error) for w in names), f"{sql}\n{error}"
            continue
        passed += 1
    assert passed > count / 10
