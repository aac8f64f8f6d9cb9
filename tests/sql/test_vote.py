"""Plain tables: the prompt, two steps of drafting, values, votes and repairs, on a real SQLite file."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import pytest

from llm.scripted import ReplyNotInGrammar, ScriptedEngine
from sql.ask import CannotAnswer, SqlAsker
from sql.errors import SqlError
from sql.question.linking import Vocabulary, link
from sql.question.stretches import question_stretches
from sql.shop.shopfile import shop_from_catalog
from sql.shop.workspace import Workspace, open_workspace
from sql.statement.table_draft import TableDrafter, texts
from sql.statement.written import NOTHING

TABLES = """
CREATE TABLE city (id INTEGER PRIMARY KEY, city_name TEXT, country TEXT);
CREATE TABLE store (
  store_id INTEGER PRIMARY KEY, city_id INTEGER REFERENCES city(id), product_line TEXT, opened INTEGER,
  owner_email TEXT);
INSERT INTO city VALUES (1, 'Rome', 'Italy'), (2, 'Oslo', 'Norway'), (3, 'Turin', 'Italy');
INSERT INTO store VALUES
  (10, 1, 'Lamps', 1999, 'a@example.com'), (11, 1, 'Mugs', 2005, NULL), (12, 2, 'Bags', 2005, NULL);
"""

LEAD = "-- store\n"
JOINED = "-- city, store\n"


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    path = tmp_path_factory.mktemp("tables") / "stores.sqlite"
    with sqlite3.connect(path) as connection:
        connection.executescript(TABLES)
    connection.close()
    from sql.databases import open_database

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
    engine = ScriptedEngine(replies)
    writer = TableDrafter(vocabulary, workspace.catalog, engine)
    return SqlAsker(workspace, vocabulary, writer, votes=votes), engine


def test_first_the_tables_then_the_query(workspace: Workspace, vocabulary: Vocabulary) -> None:
    sql = "SELECT COUNT(*) FROM city JOIN store ON store.city_id = city.id WHERE city.country = 'Italy'"
    tables, engine = asker(workspace, vocabulary, [JOINED, sql])
    answer = tables.ask("How many stores are in Italy?")
    assert answer.table.rows == ((2,),)
    first, second = engine.calls
    assert (first.prompt.lead, second.prompt.lead) == ("", JOINED)
    assert first.prompt.fixed == second.prompt.fixed and first.prompt.rest == second.prompt.rest
    assert "-- city.country = 'Italy'" in first.prompt.rest
    assert "FOREIGN KEY (city_id) REFERENCES city(id)" in first.prompt.fixed
    assert "product_line TEXT, -- 'Bags', 'Lamps', 'Mugs'" in first.prompt.fixed


def test_values_of_personal_columns_are_not_shown(workspace: Workspace, vocabulary: Vocabulary) -> None:
    tables, _ = asker(workspace, vocabulary, [])
    assert "owner_email TEXT" in tables.writer.fixed and "example.com" not in tables.writer.fixed


@pytest.mark.parametrize(
    "wrong",
    [
        "SELECT city_name FROM store",
        "SELECT COUNT(*) FROM store WHERE product_line = 'Sofas'",
        "SELECT COUNT(*) FROM city",
    ],
)
def test_the_second_step_knows_only_what_the_first_chose(
    wrong: str, workspace: Workspace, vocabulary: Vocabulary
) -> None:
    tables, _ = asker(workspace, vocabulary, [LEAD, wrong])
    with pytest.raises(ReplyNotInGrammar):
        tables.ask("How many stores are there?")


def test_the_result_that_most_drafts_give_wins(workspace: Workspace, vocabulary: Vocabulary) -> None:
    one, other = "SELECT COUNT(*) FROM store", "SELECT COUNT(DISTINCT store_id) FROM store"
    greedy = "SELECT COUNT(*) FROM store WHERE opened = 2005"
    tables, engine = asker(workspace, vocabulary, [LEAD, greedy, [LEAD, LEAD], [one, other]], votes=3)
    answer = tables.ask("How many stores opened, all in all, before or after 2005?")
    assert answer.table.rows == ((3,),)
    assert answer.attempts[-1].sql == one
    assert [c.samples for c in engine.calls] == [1, 1, 2, 2]


ALL_JOINED = "SELECT COUNT(*) FROM store JOIN city ON store.city_id = city.id"
ALL = "SELECT COUNT(*) FROM store"


def with_adapter(
    workspace: Workspace, vocabulary: Vocabulary, replies: list[str | list[str]], logprob: float
) -> tuple[SqlAsker, ScriptedEngine]:
    engine = ScriptedEngine(replies, adapters=["a"], logprob=logprob)
    writer = TableDrafter(vocabulary, workspace.catalog, engine, adapter="a")
    return SqlAsker(workspace, vocabulary, writer), engine


def test_an_adapters_statement_is_the_likeliest_of_a_few(
    workspace: Workspace, vocabulary: Vocabulary
) -> None:
    """Each token of a scripted reply is as likely as any other, so that the shorter text is the likelier."""
    replies: list[str | list[str]] = [
        "-- store, city\n",
        ALL_JOINED,
        [LEAD, "-- store, city / store, city / store, city\n"] * 2 + [LEAD],
        ALL,
    ]
    tables, engine = with_adapter(workspace, vocabulary, [*replies, "SELECT id FROM city"], logprob=-0.1)
    assert tables.ask("How many stores are there?").attempts[-1].sql == ALL
    assert [call.samples for call in engine.calls] == [1, 1, 5, 1]
    assert engine.calls[-1].prompt.lead == LEAD


def test_a_statement_that_nothing_could_beat_is_not_compared(
    workspace: Workspace, vocabulary: Vocabulary
) -> None:
    tables, engine = with_adapter(workspace, vocabulary, [LEAD, ALL], logprob=-0.0001)
    assert tables.ask("How many stores are there?").table.rows == ((3,),)
    assert len(engine.calls) == 2


NEVER = "SELECT COUNT(*) FROM store WHERE opened = 1999 AND opened = 2005"
EITHER = "SELECT COUNT(*) FROM store WHERE opened IN (1999, 2005)"


def test_what_never_holds_gives_way_to_the_likeliest_of_a_few_more(
    workspace: Workspace, vocabulary: Vocabulary
) -> None:
    tables, engine = asker(workspace, vocabulary, [LEAD, NEVER, [NEVER, EITHER, ALL, EITHER]])
    assert tables.ask("How many stores opened in 1999 and 2005?").attempts[-1].sql == ALL
    assert [(call.samples, call.temperature) for call in engine.calls] == [(1, 0.0), (1, 0.0), (4, 1.0)]
    tables, engine = asker(workspace, vocabulary, [LEAD, NEVER, [NEVER] * 4, [LEAD] * 5, LEAD, EITHER])
    answer = tables.ask("How many stores opened in 1999 and 2005?")
    assert answer.table.rows == ((3,),) and "never hold together" in (answer.attempts[0].error or "")


def test_only_an_adapter_declines_and_only_where_no_word_is_known(
    workspace: Workspace, vocabulary: Vocabulary
) -> None:
    tables, _ = with_adapter(workspace, vocabulary, [NOTHING], logprob=-0.0001)
    with pytest.raises(CannotAnswer, match="names nothing"):
        tables.ask("What is the meaning of life?")
    tables, _ = with_adapter(workspace, vocabulary, [LEAD, ALL], logprob=-0.0001)
    assert tables.ask("What is the number of all branches?").table.rows == ((3,),)
    tables, _ = with_adapter(workspace, vocabulary, [NOTHING], logprob=-0.0001)
    with pytest.raises(ReplyNotInGrammar):
        tables.ask("How many stores are there?")


def test_drafts_that_all_differ_leave_the_greedy_one(workspace: Workspace, vocabulary: Vocabulary) -> None:
    replies = [LEAD, "SELECT MIN(opened) FROM store", [LEAD], ["SELECT MAX(opened) FROM store"]]
    tables, _ = asker(workspace, vocabulary, replies, votes=2)
    assert tables.ask("When was the first store opened?").table.rows == ((1999,),)


TWICE = "-- store / store\n"
UNEVEN = "SELECT opened FROM store UNION SELECT opened, product_line FROM store"
"""The grammar counts no columns; the database does."""


def test_a_failed_draft_is_repaired_with_its_error(workspace: Workspace, vocabulary: Vocabulary) -> None:
    replies = [TWICE, UNEVEN, LEAD, "SELECT COUNT(*) FROM store"]
    tables, engine = asker(workspace, vocabulary, replies)
    answer = tables.ask("How many stores?")
    assert answer.table.rows == ((3,),)
    assert [bool(a.error) for a in answer.attempts] == [True, False]
    assert "This attempt failed" in engine.calls[2].prompt.rest


def test_a_model_that_insists_is_not_asked_for_ever(workspace: Workspace, vocabulary: Vocabulary) -> None:
    tables, engine = asker(workspace, vocabulary, [TWICE, UNEVEN] * 3)
    with pytest.raises(SqlError):
        tables.ask("How many stores?")
    assert len(engine.calls) == 4


def test_a_question_about_nothing_here_is_declined(workspace: Workspace, vocabulary: Vocabulary) -> None:
    tables, engine = asker(workspace, vocabulary, [])
    with pytest.raises(CannotAnswer, match="names nothing"):
        tables.ask("What is the meaning of life?")
    assert not engine.calls


def test_votes_below_one_are_wrong_use(workspace: Workspace, vocabulary: Vocabulary) -> None:
    with pytest.raises(ValueError, match="votes"):
        asker(workspace, vocabulary, [], votes=0)


def test_texts_are_of_the_question_or_of_the_database(workspace: Workspace, vocabulary: Vocabulary) -> None:
    tables, _ = asker(workspace, vocabulary, [])
    (store,) = tables.writer.read_lead(LEAD)
    question = "Which store has 'Blue Sky' or 李雷 on 2024-05-06 and contains Lam?"
    links = link(question, vocabulary, workspace.today)
    found = texts(links, [store], vocabulary)
    assert {"Blue Sky", "Mugs", "李雷", "2024-05-06", "%Lam%", "Lam%"} <= set(found)
    assert "Rome" not in found  # a value of a table that the query does not read
    assert not any("\n" in t for t in found)


def test_stretches_begin_and_end_with_telling_words() -> None:
    found = question_stretches("Who lives in the Bank of China, sex M?")
    assert {"Bank of China", "China", "M"} <= set(found)
    assert "the Bank" not in found


def test_a_first_line_of_unknown_tables_is_wrong(workspace: Workspace, vocabulary: Vocabulary) -> None:
    tables, _ = asker(workspace, vocabulary, [])
    with pytest.raises(ValueError, match="no such tables: nowhere"):
        tables.writer.read_lead("-- store / nowhere\n")
