"""A statement over a view of which it names nothing is over the view whose columns it names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from described_shop import described, inserted

from llm.scripted import ScriptedEngine
from sql.question.linking import Vocabulary, link
from sql.shop.workspace import Workspace, open_workspace
from sql.statement.language_draft import LanguageDrafter

SCRIPT = "\n".join(
    [
        "CREATE TABLE regions (region_id INTEGER PRIMARY KEY, region VARCHAR);",
        inserted("regions", ["(1, 'North')", "(2, 'South')"]),
        "CREATE TABLE customers (customer_id INTEGER PRIMARY KEY, company VARCHAR, credit_limit INTEGER,"
        " region_id INTEGER REFERENCES regions);",
        inserted("customers", [f"({n}, 'Firm {n}', {n * 100}, {n % 2 + 1})" for n in range(1, 7)]),
        "CREATE TABLE orders (order_id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers,"
        " ordered_at DATE, total INTEGER);",
        inserted("orders", [f"({n}, {n % 3 + 1}, '2025-0{n % 9 + 1}-10', {n})" for n in range(1, 31)]),
    ]
)
CASES = [
    ("average credit limit per region",
     "SELECT region, AVG(credit_limit) FROM orders GROUP BY region",
     "SELECT region, AVG(credit_limit) FROM customers GROUP BY region"),
    ("companies with a credit limit above 300",
     "SELECT company FROM orders WHERE credit_limit > 300",
     "SELECT company FROM customers WHERE credit_limit > 300"),
    ("whose credit limit is highest",
     "SELECT company FROM orders ORDER BY credit_limit DESC LIMIT 1",
     "SELECT company FROM customers ORDER BY credit_limit DESC LIMIT 1"),
    # those who ordered
    ("average credit limit per region of our orders",
     "SELECT region, AVG(credit_limit) FROM orders GROUP BY region", ""),
    # orders are counted, or a time of theirs is meant
    ("how many per region", "SELECT region, COUNT(*) FROM orders GROUP BY region", ""),
    ("companies in May", "SELECT company FROM orders WHERE DURING('May')", ""),
    # a column of its own
    ("companies above 20", "SELECT company FROM orders WHERE total > 20", ""),
]  # fmt: skip


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    folder: Path = tmp_path_factory.mktemp("regions")
    opened = open_workspace(described("duckdb", SCRIPT, folder).shop)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def vocabulary(workspace: Workspace) -> Vocabulary:
    return Vocabulary.build(workspace)


@pytest.mark.parametrize(("question", "reply", "meant"), CASES, ids=[case[0] for case in CASES])
def test_it_is_over_what_it_tells(
    question: str, reply: str, meant: str, workspace: Workspace, vocabulary: Vocabulary
) -> None:
    writer = LanguageDrafter(workspace, vocabulary, ScriptedEngine([reply] * 4))
    written = writer.draft(link(question, vocabulary, workspace.today))[0]
    assert written.compiled is not None, written.fault
    assert str(written.compiled.statement) == (meant or reply)
