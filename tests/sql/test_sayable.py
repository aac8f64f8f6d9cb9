"""What a statement for one question may hold, beyond the question's own words."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from described_shop import described, inserted

from llm.constraint import accepts
from sql.question.linking import Vocabulary, link
from sql.shop.workspace import Workspace, open_workspace
from sql.statement.language_grammar import LanguageGrammar
from sql.statement.sayable import sayable
from sql.statement.seen import seen_shop

KINDS = [
    *("Backpacks", "Tents", "Sleeping bags", "Stoves", "Climbing shoes", "Trousers", "Jackets", "Lamps"),
    *("Ropes", "Helmets", "Maps", "Bottles", "Poles", "Gaiters"),
]
SCRIPT = "\n".join(
    [
        "CREATE TABLE products (product_id INTEGER PRIMARY KEY, kind VARCHAR, cost INTEGER, price INTEGER);",
        inserted("products", [f"({n}, '{KINDS[n % 14]}', {n}, {2 * n})" for n in range(1, 43)]),
        "CREATE TABLE targets (target_id INTEGER PRIMARY KEY, target_year INTEGER, target_quarter INTEGER,"
        " goal INTEGER);",
        inserted("targets", [f"({n}, {2024 + n // 4}, {n % 4 + 1}, {n * 100})" for n in range(12)]),
        "CREATE TABLE orders (order_id INTEGER PRIMARY KEY, order_no VARCHAR, pieces INTEGER,"
        " ordered_at DATE, product_id INTEGER REFERENCES products, address_type VARCHAR, phone VARCHAR);",
        inserted(
            "orders",
            [
                f"({n}, '#SW{n:04}', {n % 5 + 1}, '2025-0{n % 9 + 1}-10', {n % 42 + 1},"
                f" '{['billing', 'shipping'][n % 2]}', '0170 {n:06}')"
                for n in range(1, 61)
            ],
        ),
    ]
)
CASES = [
    # values in the other language, kinds of addresses, texts as codes
    ("背包有几种", "SELECT COUNT(*) FROM products WHERE kind = 'Backpacks'", ""),
    ("how many are for billing", "SELECT COUNT(*) FROM orders WHERE address_type = 'billing'", ""),
    ("order #SW0012", "SELECT ordered_at FROM orders WHERE order_no = '#SW0012'", ""),
    ("all backpacks", "SELECT COUNT(*) FROM products WHERE kind LIKE '%backpack%'", ""),
    # years and quarters that a column holds as numbers
    ("goals for Q3 2025", "SELECT goal FROM targets WHERE target_year = 2025 AND target_quarter = 3", ""),
    # sums of differences and shares of sums
    ("profit", "SELECT SUM(pieces * (price - cost)) FROM orders", ""),
    ("margin", "SELECT (SUM(price) - SUM(cost)) / SUM(price) FROM products", ""),
    ("a part of both", "SELECT SUM(cost) / (SUM(cost) + SUM(price)) FROM products", ""),
    ("what an order is worth", "SELECT AVG(SUM(pieces * price) PER order_no) FROM orders", ""),
    ("a month on average", "SELECT AVG(SUM(pieces) PER ALL MONTH) FROM orders", ""),
    ("compared", "SELECT ONLY(SUM(price) / SUM(cost), product_id > 0) FROM products", ""),
    ("where we keep less than 2", "SELECT kind, price - cost FROM products WHERE price - cost < 2", ""),
    (
        "周末和平时",
        "SELECT ONLY(SUM(pieces), WEEKDAY IN (6, 7)), ONLY(SUM(pieces), WEEKDAY <= 5) FROM orders",
        "",
    ),
    # letters and digits on end, a single sign
    ("小汤圆576的订单", "SELECT COUNT(*) FROM orders WHERE order_no = '汤圆576'", ""),
    ("8424西瓜的订单", "SELECT COUNT(*) FROM orders WHERE order_no = '8424西瓜'", ""),
    ("带杯字的商品", "SELECT COUNT(*) FROM products WHERE kind LIKE '%杯%'", ""),
    # the first few
    ("of the top 3", "SELECT SUM(pieces) FROM orders WHERE TOP(SUM(pieces) PER product_id, 3)", ""),
    (
        "goals of the 3",
        "SELECT cost FROM products WHERE NOT BOTTOM(COUNT(*) PER product_id FROM orders, 3, pieces > 0)",
        "",
    ),
    # lengths of time, days that have passed, decades, places
    ("open for over 2 weeks", "SELECT order_no FROM orders WHERE DURING('before 2025-08-27')", ""),
    (
        "kinds nobody bought, not bought in 90 days",
        "SELECT kind FROM products WHERE product_id HAS NO orders DURING('last 90 days')",
        "",
    ),
    ("三个月没卖的", "SELECT kind FROM products WHERE product_id HAS NO orders DURING('近三个月')", ""),
    ("that should be here by now", "SELECT order_no FROM orders WHERE ordered_at < '2025-09-10'", ""),
    (
        "from the 80s",
        "SELECT order_no FROM orders WHERE ordered_at BETWEEN '1980-01-01' AND '1989-12-31'",
        "",
    ),
    (
        "the third best kind",
        "SELECT kind, SUM(price) FROM products GROUP BY kind HAVING RANK(SUM(price)) = 3",
        "",
    ),
    # what the statement before counts by stays sayable
    (
        "only those of billing",
        "SELECT COUNT(*) FROM products WHERE product_id HAS orders COUNT >= 7",
        "SELECT COUNT(*) FROM products WHERE product_id HAS orders COUNT >= 7",
    ),
]
NEVER = [
    ("how many kinds", "SELECT COUNT(*) FROM products WHERE kind = 'Backpacks'"),  # too many to be offered
    ("how many", "SELECT COUNT(*) FROM products WHERE product_id HAS orders COUNT >= 7"),
]


@pytest.fixture(scope="module", params=["duckdb", "sqlite"])
def workspace(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Workspace]:
    opened = open_workspace(described(request.param, SCRIPT, tmp_path_factory.mktemp("said")).shop)
    yield opened
    opened.close()


def is_sayable(question: str, statement: str, previous: str, workspace: Workspace) -> bool:
    vocabulary = Vocabulary.build(workspace)
    links = link(question, vocabulary, workspace.today)
    said = sayable(links, vocabulary, workspace, previous=previous)
    return accepts(LanguageGrammar(seen_shop(workspace), is_taught=True).of(said), statement)


@pytest.mark.parametrize(("question", "statement", "previous"), CASES, ids=[case[0] for case in CASES])
def test_what_a_question_means_can_be_said(
    question: str, statement: str, previous: str, workspace: Workspace
) -> None:
    assert is_sayable(question, statement, previous, workspace)


@pytest.mark.parametrize(("question", "statement"), NEVER, ids=[case[0] for case in NEVER])
def test_what_nothing_in_a_question_stands_for_cannot(
    question: str, statement: str, workspace: Workspace
) -> None:
    assert not is_sayable(question, statement, "", workspace)
