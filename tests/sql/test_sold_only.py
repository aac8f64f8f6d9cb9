"""Averages of an order's money count the orders that its revenue counts."""

from __future__ import annotations

import contextlib
import datetime as dt
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from llm.scripted import ScriptedEngine
from sql.question.linking import Links, Mention, Vocabulary, link
from sql.semantics import Metric, Shop, View, ViewColumn
from sql.shop.workspace import open_workspace
from sql.statement.language_draft import LanguageDrafter
from sql.statement.parse import parse
from sql.statement.sold_only import sold_only

SOLD = "SUM(CASE WHEN (status IS NULL OR status NOT IN ('cancelled', 'void')) THEN {} END)"
SHOP = Shop(
    name="x",
    database="x.duckdb",
    is_drafted=True,
    today=dt.date(2026, 1, 1),
    views=(
        View(
            name="orders",
            columns=tuple(
                ViewColumn(name=name, type=kind)  # type: ignore[arg-type]
                for name, kind in (("total", "number"), ("freight", "number"), ("status", "text"))
            ),
        ),
        View(
            name="lines",
            columns=(ViewColumn(name="amount", type="number"), ViewColumn(name="counts", type="integer")),
        ),
    ),
    metrics=(
        Metric(name="revenue", view="orders", sql=SOLD.format("total")),
        Metric(name="by_line", view="lines", sql="SUM(CASE WHEN counts = 1 THEN amount END)"),
        Metric(name="value", view="orders", sql=f"{SOLD.format('total')} * 1.0 / COUNT(*)"),
    ),
)
CASES = [
    (
        "SELECT MEDIAN(total) FROM orders",
        "SELECT MEDIAN(total) FROM orders WHERE status NOT IN ('cancelled', 'void')",
    ),
    ("SELECT AVG(amount) FROM lines", "SELECT AVG(amount) FROM lines WHERE counts = 1"),
    # what it counts by itself, what has no such metric, what is looked for, and rows
    ("SELECT revenue FROM orders", "SELECT revenue FROM orders"),
    ("SELECT AVG(freight) FROM orders", "SELECT AVG(freight) FROM orders"),
    (
        "SELECT AVG(total) FROM orders WHERE status = 'void'",
        "SELECT AVG(total) FROM orders WHERE status = 'void'",
    ),
    ("SELECT MAX(total) FROM orders", "SELECT MAX(total) FROM orders"),
    ("SELECT total FROM orders", "SELECT total FROM orders"),
]


@pytest.mark.parametrize(("written", "counted"), CASES, ids=[written for written, _ in CASES])
def test_money_is_of_what_was_sold(written: str, counted: str) -> None:
    links = Links(question="what is it", mentions=())
    assert str(sold_only(parse(written), links, SHOP, "duckdb")) == counted


def test_a_state_that_the_question_names_and_a_described_shop_stay() -> None:
    statement = parse("SELECT AVG(total) FROM orders")
    named = Mention(
        kind="value", view="orders", name="status", value="void", text="void", start=0, end=4, score=1.0
    )
    assert sold_only(statement, Links(question="void orders", mentions=(named,)), SHOP, "duckdb") == statement
    plain = Links(question="what is it", mentions=())
    assert sold_only(statement, plain, replace(SHOP, is_drafted=False), "duckdb") == statement


@pytest.mark.parametrize(
    ("question", "where", "counted"),
    [
        (
            "who bought Audio",
            "id HAS items (kind = 'Audio')",
            "id HAS items (kind = 'Audio' AND counts_as_sold = 1)",
        ),
        ("who bought nothing", "id HAS NO items", "id HAS NO items (counts_as_sold = 1)"),
        ("who bought and cancelled", "id HAS items (status = 'void')", "id HAS items (status = 'void')"),
        ("who has Audio", "id HAS items (kind = 'Audio')", "id HAS items (kind = 'Audio')"),
    ],
)
def test_who_bought_something_bought_what_counts(question: str, where: str, counted: str) -> None:
    items = View(
        name="items",
        columns=tuple(
            ViewColumn(name=name, type=kind)  # type: ignore[arg-type]
            for name, kind in (("kind", "text"), ("status", "text"), ("counts_as_sold", "integer"))
        ),
    )
    shop = replace(SHOP, views=(*SHOP.views, items))
    statement = parse(f"SELECT COUNT(id) FROM orders WHERE {where}")
    told = sold_only(statement, Links(question=question, mentions=()), shop, "duckdb")
    assert str(told) == f"SELECT COUNT(id) FROM orders WHERE {counted}"


def test_those_among_the_first_are_ranked_by_what_counts_as_sold() -> None:
    """What orders are counted stays as it is asked; a condition inside TOP is no condition of the whole."""
    top = "SELECT COUNT(id) FROM orders WHERE TOP(SUM(total) PER id, 5{})"
    told = sold_only(parse(top.format("")), Links(question="their orders", mentions=()), SHOP, "duckdb")
    assert str(told) == top.format(", status NOT IN ('cancelled', 'void')")
    again = sold_only(told, Links(question="their orders", mentions=()), SHOP, "duckdb")
    assert again == told


def test_what_a_rule_adds_is_nothing_that_the_model_made_up(tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "shop.duckdb")) as database:
        database.execute("CREATE TABLE orders (id INTEGER, total DOUBLE, freight DOUBLE, status VARCHAR)")
        database.execute("INSERT INTO orders VALUES (1, 10, 2, 'paid'), (2, 90, 2, 'void')")
    views = (SHOP.views[0],)
    shop = replace(SHOP, database=str(tmp_path / "shop.duckdb"), views=views, metrics=SHOP.metrics[:1])
    with contextlib.closing(open_workspace(shop)) as workspace:
        vocabulary = Vocabulary.build(workspace)
        engine = ScriptedEngine(["SELECT MEDIAN(total) FROM orders"])
        links = link("what is the median of an order", vocabulary, workspace.today)
        (written,) = LanguageDrafter(workspace, vocabulary, engine).draft(links)
    assert written.compiled is not None
    assert "status NOT IN ('cancelled', 'void')" in str(written.compiled.statement)
    assert written.invented == 0
