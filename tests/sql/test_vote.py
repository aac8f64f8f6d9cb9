"""Plain tables that nobody described: what a statement may say, votes, repairs, declining, on a real SQLite
file."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import pytest

from llm.scripted import ReplyNotInGrammar, ScriptedEngine
from sql.ask import CannotAnswer, SqlAsker, open_asker
from sql.databases import open_database
from sql.errors import Senseless
from sql.question.linking import Vocabulary, link
from sql.question.stretches import question_stretches
from sql.shop.drafting import shop_from_catalog
from sql.shop.workspace import Workspace, open_workspace
from sql.statement.language_grammar import NOTHING
from sql.statement.sayable import sayable
from sql.statement.vote import TEMPERATURE

ADAPTER = "language"
TABLES = """
CREATE TABLE city (id INTEGER PRIMARY KEY, city_name TEXT, country TEXT);
CREATE TABLE store (
  store_id INTEGER PRIMARY KEY, city_id INTEGER REFERENCES city(id), product_line TEXT, opened INTEGER,
  owner_email TEXT);
INSERT INTO city VALUES (1, 'Rome', 'Italy'), (2, 'Oslo', 'Norway'), (3, 'Turin', 'Italy');
INSERT INTO store VALUES
  (10, 1, 'Lamps', 1999, 'a@example.com'), (11, 1, 'Mugs', 2005, NULL), (12, 2, 'Bags', 2005, NULL);
"""


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    path = tmp_path_factory.mktemp("tables") / "stores.sqlite"
    with sqlite3.connect(path) as connection:
        connection.executescript(TABLES)
    connection.close()
    database = open_database(str(path))
    shop = shop_from_catalog(database.catalog(), name="stores", database=str(path))
    opened = open_workspace(shop, database=database)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def vocabulary(workspace: Workspace) -> Vocabulary:
    return Vocabulary.build(workspace)


def asker(
    workspace: Workspace, vocabulary: Vocabulary, replies: list[str | list[str]], votes: int = 1
) -> tuple[SqlAsker, ScriptedEngine]:
    engine = ScriptedEngine(replies, adapters=[ADAPTER])
    opened = open_asker(workspace, engine, vocabulary, adapter=ADAPTER, votes=votes, asks_always=True)
    return opened, engine


def test_tables_are_joined_by_the_keys_of_the_database(workspace: Workspace, vocabulary: Vocabulary) -> None:
    tables, engine = asker(workspace, vocabulary, ["SELECT COUNT(*) FROM store WHERE country = 'Italy'"])
    assert tables.ask("How many stores are in Italy?").table.rows == ((2,),)
    (call,) = engine.calls
    assert "Italy: country = 'Italy'" in call.prompt.rest
    assert "product_line ['Bags' 'Lamps' 'Mugs']" in call.prompt.fixed


def test_values_of_personal_columns_are_not_shown(workspace: Workspace, vocabulary: Vocabulary) -> None:
    tables, engine = asker(workspace, vocabulary, ["SELECT COUNT(*) FROM store"])
    tables.ask("How many stores are there?")
    (call,) = engine.calls
    assert "owner_email" in call.prompt.fixed and "example.com" not in call.prompt.fixed
    assert "example.com" not in (call.grammar or "")


@pytest.mark.parametrize(
    "wrong",
    [
        "SELECT owner FROM store",
        "SELECT COUNT(*) FROM shops",
        "SELECT COUNT(*) FROM store WHERE product_line = 'Sofas'",
        "SELECT COUNT(*) FROM store WHERE opened = 2004",
    ],
)
def test_a_statement_says_only_what_the_database_or_the_question_has(
    wrong: str, workspace: Workspace, vocabulary: Vocabulary
) -> None:
    tables, _ = asker(workspace, vocabulary, [wrong])
    with pytest.raises(ReplyNotInGrammar):
        tables.ask("How many stores are there?")


ONE, OTHER = "SELECT COUNT(*) FROM store", "SELECT COUNT(store_id) FROM store"
GREEDY = "SELECT COUNT(*) FROM store WHERE product_line = 'Mugs'"


def test_the_result_that_most_statements_give_wins(workspace: Workspace, vocabulary: Vocabulary) -> None:
    tables, engine = asker(workspace, vocabulary, [GREEDY, [ONE, OTHER]], votes=3)
    answer = tables.ask("How many stores are there?")
    assert answer.table.rows == ((3,),)
    assert answer.compiled is not None and str(answer.compiled.statement) == ONE
    assert [(c.samples, c.temperature) for c in engine.calls] == [(1, 0.0), (2, TEMPERATURE)]


def test_statements_that_all_differ_leave_the_greedy_one(
    workspace: Workspace, vocabulary: Vocabulary
) -> None:
    replies: list[str | list[str]] = ["SELECT MIN(opened) FROM store", ["SELECT MAX(opened) FROM store"]]
    tables, _ = asker(workspace, vocabulary, replies, votes=2)
    assert tables.ask("When was the first store opened?").table.rows == ((1999,),)


@pytest.mark.parametrize(("sampled", "declines"), [([NOTHING, ONE], True), ([ONE, OTHER], False)])
def test_most_votes_decline_or_answer(
    workspace: Workspace, vocabulary: Vocabulary, sampled: list[str], declines: bool
) -> None:
    tables, _ = asker(workspace, vocabulary, [NOTHING, sampled], votes=3)
    if declines:
        with pytest.raises(CannotAnswer, match="nothing in the data answers the question"):
            tables.ask("How many stores are there?")
    else:
        assert tables.ask("How many stores are there?").table.rows == ((3,),)


def test_a_question_about_nothing_here_is_declined_by_the_model(
    workspace: Workspace, vocabulary: Vocabulary
) -> None:
    tables, engine = asker(workspace, vocabulary, [NOTHING])
    with pytest.raises(CannotAnswer, match="names nothing"):
        tables.ask("What is the meaning of life?")
    assert len(engine.calls) == 1


def test_a_word_that_nobody_knows_is_left_to_the_model(workspace: Workspace, vocabulary: Vocabulary) -> None:
    tables, _ = asker(workspace, vocabulary, [ONE])
    assert tables.ask("What is the number of all branches?").table.rows == ((3,),)


WRONG = "SELECT country FROM city GROUP BY country ORDER BY opened"


def test_a_failed_statement_is_repaired_with_its_error(workspace: Workspace, vocabulary: Vocabulary) -> None:
    tables, engine = asker(workspace, vocabulary, [WRONG, [WRONG] * 3, ONE])
    answer = tables.ask("How many stores?")
    assert answer.table.rows == ((3,),)
    assert [bool(a.error) for a in answer.attempts] == [True, False]
    assert [call.samples for call in engine.calls] == [1, 3, 1]
    assert f"This statement was refused: {WRONG}" in engine.calls[2].prompt.rest


def test_a_model_that_insists_is_not_asked_for_ever(workspace: Workspace, vocabulary: Vocabulary) -> None:
    tables, engine = asker(workspace, vocabulary, [WRONG, [WRONG] * 3] * 3)
    with pytest.raises(Senseless, match="Nothing was run"):
        tables.ask("How many stores?")
    assert len(engine.calls) == 4


def test_votes_below_one_are_wrong_use(workspace: Workspace, vocabulary: Vocabulary) -> None:
    with pytest.raises(ValueError, match="votes"):
        asker(workspace, vocabulary, [], votes=0)


def test_texts_are_of_the_question_and_values_of_the_database(
    workspace: Workspace, vocabulary: Vocabulary
) -> None:
    question = "Which store has 'Blue Sky' or 李雷 on 2024-05-06 and contains Lam?"
    said = sayable(link(question, vocabulary, workspace.today), vocabulary, workspace)
    assert {"Blue Sky", "李雷", "Lam"} <= set(said.texts) and not any("\n" in t for t in said.texts)
    assert "2024-05-06" in said.days
    assert set(said.values["store", "product_line"]) == {"Bags", "Lamps", "Mugs"}
    assert set(said.values["city", "country"]) == {"Italy", "Norway"}
    assert not any("email" in column for _, column in said.values)


def test_stretches_begin_and_end_with_telling_words() -> None:
    found = question_stretches("Who lives in the Bank of China, sex M?")
    assert {"Bank of China", "China", "M"} <= set(found)
    assert "the Bank" not in found
