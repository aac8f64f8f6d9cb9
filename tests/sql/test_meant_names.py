"""Whose name is meant where an order leads to several things with one."""

from __future__ import annotations

import re

import pytest

from sql.question.linking import Links, Mention
from sql.semantics import Shop, View, ViewColumn
from sql.statement.meant_names import with_meant_names
from sql.statement.parse import parse
from sql.statement.routes import Routes


def view(name: str, *columns: str, **refs: str) -> View:
    made = tuple(ViewColumn(name=each, type="integer" if each.endswith("id") else "text") for each in columns)
    return View(name=name, columns=made, key=(columns[0],), refs=refs)


SHOP = Shop(
    name="x",
    database="x.duckdb",
    views=(
        view("orders", "order_id", "customer_id", "branch_id", customer_id="customers", branch_id="branches"),
        view("customers", "customer_id", "name", "city_id", city_id="cities"),
        view("branches", "branch_id", "name", "city_id", city_id="cities"),
        view("cities", "city_id", "name"),
        view("lines", "line_id", "order_id", "title_id", order_id="orders", title_id="titles"),
        view("titles", "title_id", "name"),
    ),
)
CASES = [
    ("the city of each order", "SELECT name FROM lines", "SELECT name FROM lines"),
    ("which branches and lines", "SELECT name FROM lines", "SELECT branches.name FROM lines"),
    (
        "lines per customer",
        "SELECT name, COUNT(*) FROM lines GROUP BY name",
        "SELECT customers.name, COUNT(*) FROM lines GROUP BY customers.name",
    ),
    # the nearest is named, several others are, it is said already, and the own column of a link
    ("titles that customers bought", "SELECT name FROM lines", "SELECT name FROM lines"),
    ("customers and branches", "SELECT name FROM lines", "SELECT name FROM lines"),
    ("customers", "SELECT branches.name FROM lines", "SELECT branches.name FROM lines"),
    ("customers", "SELECT customer_id FROM orders", "SELECT customer_id FROM orders"),
]


def linked(question: str) -> Links:
    """The question with the views that it names, in the singular or the plural."""
    mentions = []
    for each in SHOP.views:
        stem = each.name.removesuffix("ies").removesuffix("s")
        found = re.search(rf"\b{stem}(?:y|ies|s)?\b", question)
        if found is not None:
            mentions.append(
                Mention(
                    kind="view",
                    view=each.name,
                    name=each.name,
                    value=None,
                    text=found[0],
                    start=found.start(),
                    end=found.end(),
                    score=1.0,
                )
            )
    return Links(question=question, mentions=tuple(mentions))


def test_a_thing_s_own_title_is_meant_and_not_the_name_of_its_category() -> None:
    shop = Shop(
        name="x",
        database="x.duckdb",
        views=(
            view("titles", "title_id", "title_name", "city_id", city_id="cities"),
            view("cities", "city_id", "name"),
        ),
    )
    (never,) = (parse("SELECT name FROM titles WHERE title_id > 3"),)
    asked = {"which titles were never ordered": "title_name", "which cities have titles": "name"}
    for question, column in asked.items():
        meant = with_meant_names(never, linked(question), shop, Routes(shop))
        assert str(meant) == f"SELECT {column} FROM titles WHERE title_id > 3"


@pytest.mark.parametrize(("question", "written", "meant"), CASES, ids=[f"{q}: {w}" for q, w, _ in CASES])
def test_a_name_is_of_the_thing_that_the_question_names(question: str, written: str, meant: str) -> None:
    assert str(with_meant_names(parse(written), linked(question), SHOP, Routes(SHOP))) == meant
