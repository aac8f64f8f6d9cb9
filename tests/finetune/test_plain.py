import datetime as dt

import pytest

from finetune.plain import create_statements, plain_prompt, statement_of, verdict_of_problem
from llm.engine import Completion, Request
from sql.types import Catalog, CatalogColumn, CatalogTable, ForeignKey

KEY = ForeignKey(columns=("order_id",), target_table="orders", target_columns=("order_id",))
LINES = CatalogTable(
    name="lines",
    columns=(
        CatalogColumn(name="line_id", type="integer", database_type="INTEGER"),
        CatalogColumn(name="order_id", type="integer", database_type="INTEGER"),
    ),
    primary_key=("line_id",),
    foreign_keys=(KEY,),
)
ODD = CatalogTable(
    name="2 nd",
    columns=(CatalogColumn(name='Sum "x"', type="number", database_type=""),),
)


def test_create_statements_show_types_and_keys():
    assert create_statements(Catalog(dialect="duckdb", tables=(LINES,))) == (
        "CREATE TABLE lines (\n  line_id INTEGER,\n  order_id INTEGER,\n  PRIMARY KEY (line_id),\n"
        "  FOREIGN KEY (order_id) REFERENCES orders (order_id)\n);"
    )


def test_names_that_are_no_words_are_quoted():
    assert (
        create_statements(Catalog(dialect="sqlite", tables=(ODD,)))
        == 'CREATE TABLE "2 nd" (\n  "Sum ""x"""\n);'
    )


def test_the_prompt_names_the_dialect_and_the_day_when_there_is_one():
    catalog = Catalog(dialect="sqlite", tables=(LINES,))
    assert "one SQLite SELECT statement" in plain_prompt(catalog).system
    assert "Today" not in plain_prompt(catalog).fixed
    assert plain_prompt(catalog, dt.date(2026, 5, 1)).fixed.endswith(");\n\nToday is 2026-05-01.\n")


def test_one_greedy_reply_without_grammar_is_asked_for():
    class Writes:
        name, adapters = "fake", ("shop",)

        def complete(self, request, cancel=None):
            prompt = request.prompt
            assert request == Request(prompt=prompt, adapter="shop", max_tokens=256)
            assert prompt.rest == "Question: How many?"
            return [Completion(text="```sql\nSELECT 1;\n```", logprobs=(), tokens=3, finish="stop")]

    prompt = plain_prompt(Catalog(dialect="duckdb", tables=(LINES,)))
    assert prompt.ask(Writes(), "How many?", adapter="shop")[0] == "SELECT 1"


@pytest.mark.parametrize(
    ("reply", "statement"),
    [
        ("SELECT 1", "SELECT 1"),
        ("SELECT 1;\nSELECT 2;", "SELECT 1"),
        ("```sql\nSELECT 1;\n```", "SELECT 1"),
        ("Here it is:\n```\nSELECT 1\n```\nDone.", "SELECT 1"),
        ("```sql\nSELECT 1", "SELECT 1"),
        ("", ""),
    ],
)
def test_the_statement_in_a_reply(reply, statement):
    assert statement_of(reply) == statement


@pytest.mark.parametrize("suffix", ["sqlite", "duckdb"])
@pytest.mark.parametrize(
    ("statement", "verdict"),
    [
        ("SELEC 1", "unparsed"),
        ("SELECT COUNT( FROM t", "unparsed"),
        ("SELECT b FROM t", "unresolved"),
        ("SELECT a FROM u", "unresolved"),
        ("SELECT surely_not_there(a) FROM t", "unresolved"),
        ("DROP TABLE t", "failed"),
    ],
)
def test_the_databases_own_words_give_the_verdict(tmp_path, suffix, statement, verdict):
    import sqlite3

    import duckdb

    from finetune.gold import run_golds

    path = tmp_path / f"t.{suffix}"
    with (sqlite3 if suffix == "sqlite" else duckdb).connect(str(path)) as connection:
        connection.execute("CREATE TABLE t (a INTEGER)")
    connection.close()
    (result,) = run_golds(path, [statement])
    assert verdict_of_problem(result.problem) == verdict
