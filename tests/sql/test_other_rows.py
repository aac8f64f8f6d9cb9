"""A question about one thing that happens is not answered with another: rentals, sales, refunds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import duckdb
import pytest

from llm.scripted import ScriptedEngine
from sql.question.linking import Vocabulary, link
from sql.semantics import Metric, Shop, View, ViewColumn
from sql.shop.workspace import Workspace, open_workspace
from sql.statement.carried_over import lost
from sql.statement.language_draft import LanguageDrafter
from sql.statement.other_rows import given_back, named_elsewhere
from sql.statement.parse import parse
from sql.statement.written import After

TABLES = """
CREATE TABLE customers (customer_id INTEGER, name VARCHAR, joined_on DATE);
CREATE TABLE rentals (rental_id INTEGER, customer_id INTEGER, out_on DATE, fee INTEGER);
CREATE TABLE sales (sale_id INTEGER, customer_id INTEGER, sold_on DATE, total INTEGER, return_reason VARCHAR);
CREATE TABLE refunds (refund_id INTEGER, sale_id INTEGER, refunded_on DATE, amount INTEGER);
"""


def view(name: str, time: str, numbers: str, refs: dict[str, str], *synonyms: str) -> View:
    columns = [ViewColumn(name=each, type="integer") for each in numbers.split()]
    columns.append(ViewColumn(name=time, type="date"))
    if name == "sales":
        columns.append(ViewColumn(name="return_reason", type="text", synonyms=("退货原因",)))
    key = (numbers.split()[0],)
    return View(name=name, columns=tuple(columns), time=time, key=key, refs=refs, synonyms=synonyms)


SHOP = Shop(
    name="films",
    database="",
    views=(
        view("customers", "joined_on", "customer_id", {}, "顾客"),
        view("rentals", "out_on", "rental_id customer_id fee", {"customer_id": "customers"}, "租借"),
        view("sales", "sold_on", "sale_id customer_id total", {"customer_id": "customers"}, "销售"),
        view("refunds", "refunded_on", "refund_id sale_id amount", {"sale_id": "sales"}, "退款"),
    ),
    metrics=(
        Metric(name="revenue", view="sales", sql="SUM(total)"),
        Metric(name="number_of_sales", view="sales", sql="COUNT(*)"),
    ),
)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    path = tmp_path_factory.mktemp("films") / "shop.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(TABLES)
    opened = open_workspace(replace(SHOP, database=str(path)))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def vocabulary(workspace: Workspace) -> Vocabulary:
    return Vocabulary.build(workspace)


ELSEWHERE = [
    ("what did we earn on rentals this year", "SELECT revenue FROM sales", ["rentals"]),
    ("今年租借的收入", "SELECT revenue FROM sales", ["租借"]),
    ("what did we earn on rentals", "SELECT SUM(fee) FROM rentals", []),
    ("revenue without rentals", "SELECT revenue FROM sales", []),
    ("sales to customers", "SELECT revenue FROM sales", []),
    ("customers without rentals", "SELECT name FROM customers WHERE customer_id HAS NO rentals", []),
    ("refunds of the sales in May", "SELECT revenue FROM sales WHERE DURING('May')", []),  # linked
]
BACK = [
    ("how much money did we give back in May", "SELECT revenue FROM sales", ["give back"]),
    ("今年一共退给客人多少钱", "SELECT revenue FROM sales", ["退给"]),
    ("今年一共退给客人多少钱", "SELECT SUM(amount) FROM refunds", []),
    ("退货原因有哪些", "SELECT return_reason FROM sales GROUP BY return_reason", []),
    ("how many sales were refunded", "SELECT COUNT(sale_id) FROM sales WHERE sale_id HAS refunds", []),
    ("revenue in May", "SELECT revenue FROM sales", []),
]
THEM = [
    ("SELECT SUM(fee) FROM rentals", "the amount of them", "SELECT SUM(amount) FROM refunds", ("them",)),
    ("SELECT SUM(fee) FROM rentals", "each customer of it", "SELECT SUM(total) FROM sales", ("fee",)),
    ("SELECT number_of_sales FROM sales", "the amount of them", "SELECT SUM(amount) FROM refunds", ()),
    ("SELECT SUM(fee) FROM rentals", "and their median", "SELECT MEDIAN(fee) FROM rentals", ()),
]


@pytest.mark.parametrize(("question", "statement", "told"), ELSEWHERE)
def test_what_happens_is_told_of_its_own_rows(question, statement, told, workspace, vocabulary):
    links = link(question, vocabulary, workspace.today)
    assert named_elsewhere(links, parse(statement), workspace.shop) == told


@pytest.mark.parametrize(("question", "statement", "told"), BACK)
def test_what_goes_back_is_no_revenue(question, statement, told, workspace, vocabulary):
    links = link(question, vocabulary, workspace.today)
    assert given_back(links, parse(statement), workspace.shop) == told


@pytest.mark.parametrize(("previous", "said", "statement", "told"), THEM)
def test_they_are_what_was_told_of_before(previous, said, statement, told, workspace, vocabulary):
    links = link(said, vocabulary, workspace.today)
    assert lost(parse(previous), parse(statement), links, workspace.shop) == told


@pytest.mark.parametrize(
    ("whole", "statement", "told"),
    [
        (
            "what did we earn on rentals by month",
            "SELECT MONTH, revenue FROM sales GROUP BY MONTH",
            ("rentals",),
        ),
        ("what did we earn on sales by month", "SELECT MONTH, revenue FROM sales GROUP BY MONTH", ()),
    ],
)
def test_what_was_asked_before_is_still_asked(whole, statement, told, workspace, vocabulary):
    engine = ScriptedEngine([statement, [statement] * 3], adapters=["language"])
    said = link("by month", vocabulary, workspace.today)
    after = After(said=said, statement="SELECT revenue FROM sales")
    links = link(whole, vocabulary, workspace.today)
    drafter = LanguageDrafter(workspace, vocabulary, engine, adapter="language")
    assert drafter.draft(links, after=after)[0].unheard == told
