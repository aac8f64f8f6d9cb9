"""The prompt: what it holds, what it leaves out, and that text from strangers stays text."""

from __future__ import annotations

import asking_shop
import pytest
import small_shop

from sql.databases import open_database
from sql.linking import Vocabulary, link
from sql.prompt import build_prompt, example_draft, fixed_part, made_examples, one_line, template
from sql.semantics import Example
from sql.shopfile import shop_from_catalog
from sql.workspace import open_workspace


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    opened = open_workspace(asking_shop.asking_shop(asking_shop.build(tmp_path_factory.mktemp("prompt"))))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def vocabulary(workspace):
    return Vocabulary.build(workspace)


def test_the_fixed_part_is_the_same_for_every_question(workspace, vocabulary):
    parts = {
        build_prompt(
            link(question, vocabulary, workspace.today),
            workspace.shop,
            vocabulary,
            workspace.catalog,
            "2026-06-30",
        ).fixed
        for question in ("revenue last month", "德国有多少客户？")
    }
    assert len(parts) == 1


def test_the_fixed_part_shows_views_metrics_and_examples_but_nothing_hidden(workspace, vocabulary):
    fixed = fixed_part(workspace.shop, vocabulary, workspace.catalog)
    assert "orders(order_id integer, ordered_at timestamp, status" in fixed
    assert "revenue = SUM(amount) FROM sales" in fixed
    assert "-- sales\nSELECT SUM(amount) AS revenue" in fixed
    assert "email" not in fixed and "order_items" not in fixed


def test_hints_name_the_metric_the_value_and_the_period(workspace, vocabulary):
    links = link("turnover in Germany last month", vocabulary, workspace.today)
    rest = build_prompt(
        links, workspace.shop, vocabulary, workspace.catalog, "2026-06-30", scopes=("sales",)
    ).rest
    assert "-- turnover: SUM(amount) AS revenue" in rest
    assert "-- Germany: country = 'Germany'" in rest
    assert "-- last month: ordered_at >= '2026-05-01' AND ordered_at < '2026-06-01'" in rest


def test_only_the_last_failure_is_shown_and_cut(workspace, vocabulary):
    links = link("revenue", vocabulary, workspace.today)
    failures = [("SELECT 1", "first"), ("SELECT 2", "second\n" + "x" * 1000)]
    rest = build_prompt(
        links, workspace.shop, vocabulary, workspace.catalog, "2026-06-30", failures=failures
    ).rest
    assert "first" not in rest and "Error: second x" in rest
    assert max(len(line) for line in rest.splitlines()) < 320


def test_a_dollar_sign_in_a_question_is_text(workspace, vocabulary):
    links = link("revenue over $schema and ${question}", vocabulary, workspace.today)
    rest = build_prompt(links, workspace.shop, vocabulary, workspace.catalog, "2026-06-30").rest
    assert "$schema and ${question}" in rest


@pytest.mark.parametrize("name", ["system", "fixed", "rest", "repair"])
def test_every_template_is_a_file(name):
    assert template(name).template


def test_one_line_cuts_and_flattens():
    assert one_line("a\n b\t c", 10) == "a b c"
    assert one_line("abcdef", 4) == "abc…"


def test_the_first_line_of_an_example_leaves_inner_tables_out():
    sql = "SELECT name FROM a JOIN b ON a.x = b.x WHERE a.x NOT IN (SELECT x FROM c)"
    assert example_draft(Example(question="?", sql=sql)).splitlines()[0] == "-- a, b"


@pytest.mark.parametrize("dialect", ["duckdb", "sqlite"])
def test_examples_made_from_a_schema_run_on_it(tmp_path, dialect):
    database = open_database(str(small_shop.build(tmp_path, dialect)))
    workspace = open_workspace(
        shop_from_catalog(database.catalog(), name="small", database="small"), database=database
    )
    examples = made_examples(Vocabulary.build(workspace), workspace.catalog)
    assert any("JOIN" in e.sql for e in examples)
    for example in examples:
        workspace.run(example.sql)
