"""What a question demands of a statement, and how the grammar then insists on it."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterator
from typing import Any

import asking_shop
import pytest

from llm.constraint import accepts
from sql.question.linking import Vocabulary, link
from sql.shop.workspace import open_workspace
from sql.statement.demands import narrowed
from sql.statement.shop_draft import metrics_of, words_of
from sql.statement.shop_form import Words, form_grammar

TODAY = dt.date(2026, 6, 30)


@pytest.fixture(scope="module")
def vocabulary(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vocabulary]:
    shop = asking_shop.asking_shop(asking_shop.build(tmp_path_factory.mktemp("demands")))
    workspace = open_workspace(shop)
    yield Vocabulary.build(workspace)
    workspace.close()


def narrow(vocabulary: Vocabulary, question: str, sql: str, name: str) -> tuple[Words, Words | None]:
    """The words of a question before and after a look at a statement over one view."""
    view, links = vocabulary.view(name), link(question, vocabulary, TODAY)
    assert view is not None
    words = words_of(links, view, vocabulary)
    return words, narrowed(words, links, sql, view, metrics_of(view, vocabulary), "duckdb")


def demanded(vocabulary: Vocabulary, question: str, sql: str, view: str = "sales") -> dict[str, Any]:
    """What the words insist on after the look, and did not before."""
    words, after = narrow(vocabulary, question, sql, view)
    if after is None:
        return {}
    names = [field.name for field in dataclasses.fields(Words)]
    return {name: getattr(after, name) for name in names if getattr(after, name) != getattr(words, name)}


@pytest.mark.parametrize(
    ("question", "sql", "expected"),
    [
        ("Pieces by brand", "SELECT brand, SUM(amount) FROM sales GROUP BY brand", {"quantity"}),
        ("Pieces by brand", "SELECT brand, SUM(quantity) FROM sales GROUP BY brand", set()),
        ("各品牌的件数", "SELECT brand, SUM(amount) FROM sales GROUP BY brand", {"quantity"}),
        ("How many items of Audio were sold?", "SELECT SUM(quantity) FROM sales", set()),
        ("Which order number is the latest?", "SELECT MAX(ordered_at) FROM sales", set()),
        ("How much money came in?", "SELECT SUM(quantity) FROM sales", {"amount", "profit"}),
        ("How much money came in?", "SELECT SUM(amount) AS revenue FROM sales", set()),
        ("How much money did the pieces cost?", "SELECT SUM(quantity) FROM sales", {"amount", "profit"}),
        ("卖了多少钱？", "SELECT COUNT(*) FROM sales", {"amount", "profit"}),
        ("Brands with pieces over 3", "SELECT brand FROM sales WHERE amount > 3", set()),
        ("Pieces for more than 50 euros", "SELECT SUM(profit) FROM sales", {"quantity"}),
        ("Pieces by brand", "SELECT brand, FROM WHERE", set()),
    ],
)
def test_numbers_that_a_statement_misses(
    vocabulary: Vocabulary, question: str, sql: str, expected: set[str]
) -> None:
    assert demanded(vocabulary, question, sql).get("measures", set()) == expected


TWO = "SELECT SUM(amount) FROM sales WHERE country IN ('Germany', 'France')"


@pytest.mark.parametrize(
    ("question", "sql", "expected"),
    [
        ("Revenue in Germany compared with France", TWO, ("country",)),
        ("Revenue in Germany compared with the neighbours", TWO, ("country",)),
        ("德国和法国的销售额对比", TWO, ("country",)),
        ("Revenue in Germany compared with France", f"{TWO} GROUP BY country", ()),
        ("Revenue in Germany compared with France", TWO.replace("SUM", "country, SUM"), ()),
        ("Revenue in Germany and France", TWO, ()),
        ("Does Germany bring in more revenue than France?", TWO, ("country",)),
        ("Revenue of more than 3 pieces in Germany and France", TWO, ()),
        ("Total revenue of each, Germany and France, combined", TWO, ()),
        ("Revenue in Germany compared with last year", "SELECT SUM(amount) FROM sales", ()),
        ("Revenue in Germany compared with France", "SELECT FROM WHERE", ()),
    ],
)
def test_what_is_compared_is_grouped_by(
    vocabulary: Vocabulary, question: str, sql: str, expected: tuple[str, ...]
) -> None:
    assert demanded(vocabulary, question, sql).get("groups", ()) == expected


@pytest.mark.parametrize(
    ("question", "sql", "expected"),
    [
        ("When did customer 3 last order?", "SELECT ordered_at FROM orders WHERE customer_id = 3", "desc"),
        ("When did customer 3 first order?", "SELECT ordered_at FROM orders WHERE customer_id = 3", "asc"),
        ("When did customer 3 last order?", "SELECT MAX(ordered_at) FROM orders WHERE customer_id = 3", None),
        (
            "When did customer 3 last order?",
            "SELECT ordered_at FROM orders WHERE customer_id = 3 ORDER BY ordered_at DESC LIMIT 1",
            None,
        ),
        ("When was order 3 placed?", "SELECT ordered_at FROM orders WHERE order_id = 3", None),
        ("The last orders of customer 3", "SELECT ordered_at FROM orders WHERE customer_id = 3", None),
    ],
)
def test_one_time_of_many(vocabulary: Vocabulary, question: str, sql: str, expected: str | None) -> None:
    assert demanded(vocabulary, question, sql, "orders").get("extreme") == expected


@pytest.mark.parametrize(
    ("question", "sql", "expected"),
    [
        ("Which brand has the lowest profit?", "SELECT brand, SUM(profit) FROM sales GROUP BY brand", True),
        ("Which product has the lowest profit?", "SELECT product, profit FROM sales", True),
        (
            "Which brand has the lowest profit?",
            "SELECT brand FROM sales GROUP BY brand ORDER BY SUM(profit) LIMIT 1",
            False,
        ),
        ("What was the lowest profit?", "SELECT MIN(profit) FROM sales", False),
        ("Profit by brand", "SELECT brand, SUM(profit) FROM sales GROUP BY brand", False),
    ],
)
def test_a_ranking_is_sorted(vocabulary: Vocabulary, question: str, sql: str, expected: bool) -> None:
    assert demanded(vocabulary, question, sql).get("is_ranking", False) == expected


@pytest.mark.parametrize(
    ("question", "view", "sql", "expected"),
    [
        ("How many brands were sold?", "sales", "SELECT COUNT(*) FROM sales", "brand"),
        ("多少个品牌卖出去了？", "sales", "SELECT COUNT(*) FROM sales", "brand"),
        ("How many brands were sold?", "sales", "SELECT COUNT(DISTINCT brand) FROM sales", None),
        ("How many orders came in?", "orders", "SELECT COUNT(*) FROM orders", None),
        ("How many pieces were sold?", "sales", "SELECT COUNT(*) FROM sales", None),
        ("How many customers are there?", "customers", "SELECT COUNT(*) FROM customers", None),
        ("Which brands were sold how many times?", "sales", "SELECT brand, COUNT(*) FROM sales", None),
        ("How many brands were sold?", "sales", "SELECT FROM WHERE", None),
    ],
)
def test_things_are_counted_and_not_rows(
    vocabulary: Vocabulary, question: str, view: str, sql: str, expected: str | None
) -> None:
    assert demanded(vocabulary, question, sql, view).get("counted") == expected


@pytest.mark.parametrize(
    ("question", "sql", "expected"),
    [
        ("What share of revenue comes from Germany?", "SELECT SUM(amount) FROM sales", "alone"),
        ("Which share of revenue comes from Germany by brand?", "SELECT SUM(amount) FROM sales", "grouped"),
        ("各品牌的德国销售额占比", "SELECT SUM(amount) FROM sales", "grouped"),
        (
            "What percentage of revenue comes from Germany?",
            "SELECT SUM(CASE WHEN country = 'Germany' THEN amount END) / SUM(amount) FROM sales",
            None,
        ),
        ("What share of revenue comes from Germany?", "SELECT SUM(profit) / SUM(amount) FROM sales", "alone"),
        ("How many share a brand?", "SELECT COUNT(*) FROM sales", None),
    ],
)
def test_a_share_is_of_a_part(vocabulary: Vocabulary, question: str, sql: str, expected: str | None) -> None:
    assert demanded(vocabulary, question, sql).get("share") == expected


@pytest.mark.parametrize(
    ("question", "sql", "is_missing"),
    [
        ("Brands by profit, best first", "SELECT brand FROM sales GROUP BY brand ORDER BY 1 LIMIT 1", True),
        ("Brand by brand, the profit", "SELECT brand FROM sales GROUP BY brand ORDER BY 1 LIMIT 1", True),
        ("The 3 brands by profit, best first", "SELECT brand FROM sales GROUP BY brand LIMIT 3", False),
        ("Brands by profit, best first", "SELECT brand FROM sales GROUP BY brand ORDER BY 1", False),
        ("Best brand by profit", "SELECT brand FROM sales GROUP BY brand ORDER BY 1 LIMIT 1", False),
    ],
)
def test_all_are_asked_for_and_not_the_first(
    vocabulary: Vocabulary, question: str, sql: str, is_missing: bool
) -> None:
    assert demanded(vocabulary, question, sql).get("is_whole", False) == is_missing


@pytest.mark.parametrize(
    ("question", "sql", "is_missing"),
    [
        ("Which brands sold few pieces altogether?", "SELECT brand, quantity FROM sales", True),
        ("Which brands sold few pieces?", "SELECT brand, quantity FROM sales", False),
        ("Which brands sold few pieces altogether?", "SELECT brand, SUM(quantity) FROM sales", False),
        ("Brands and pieces", "SELECT brand, quantity, COUNT(*) FROM sales GROUP BY brand, quantity", True),
        ("Rows by pieces and brand", "SELECT COUNT(*) FROM sales GROUP BY quantity, brand", False),
        ("Rows of pieces", "SELECT quantity, COUNT(*) FROM sales GROUP BY quantity", False),
    ],
)
def test_numbers_that_belong_together_are_added_up(
    vocabulary: Vocabulary, question: str, sql: str, is_missing: bool
) -> None:
    assert demanded(vocabulary, question, sql).get("is_summed", False) == is_missing


BRANDS = "SELECT brand FROM sales GROUP BY brand HAVING"


@pytest.mark.parametrize(
    ("question", "sql", "expected"),
    [
        ("Brands with at least 20 pieces", f"{BRANDS} SUM(quantity) < 20", ["quantity >= 20"]),
        ("Brands with at least 20 pieces", f"{BRANDS} SUM(amount) >= 20", ["quantity >= 20"]),
        ("Brands with at least 20 pieces", f"{BRANDS} SUM(quantity) >= 20", None),
        ("Brands with at least 20 orders", f"{BRANDS} SUM(quantity) >= 20", []),
        ("Brands with at least 20 orders", f"{BRANDS} COUNT(DISTINCT order_id) >= 20", None),
        ("Brands over 20 euros", f"{BRANDS} SUM(quantity) > 20", ["amount > 20", "profit > 20"]),
        ("Brands over 20 euros", "SELECT brand FROM sales WHERE amount > 20", None),
        (
            "Brands with more than 20",
            "SELECT brand FROM sales",
            ["quantity > 20", "amount > 20", "profit > 20"],
        ),
        ("Brands with more than 20", "SELECT brand FROM sales WHERE amount BETWEEN 20 AND 50", None),
        ("Brands of a margin below 20 %", f"{BRANDS} SUM(profit) / SUM(amount) < 0.2", None),
        ("Brands without more than 20 pieces", "SELECT brand FROM sales", None),
        ("Orders of more than 20 days", "SELECT brand FROM sales", None),
        ("至少 20 件数的品牌", f"{BRANDS} SUM(quantity) < 20", ["quantity >= 20"]),
    ],
)
def test_bounds_are_those_of_the_question(
    vocabulary: Vocabulary, question: str, sql: str, expected: list[str] | None
) -> None:
    bounds = demanded(vocabulary, question, sql).get("bounds", ())
    assert [row for bound in bounds for row in bound.rows] == (expected or [])
    assert bool(bounds) == (expected is not None)


@pytest.mark.parametrize(
    ("question", "sql", "expected"),
    [
        ("Which brands never sold in Germany?", "SELECT brand FROM sales WHERE country = 'Germany'", True),
        ("从未在德国卖过的品牌有哪些", "SELECT brand FROM sales WHERE country = 'Germany'", True),
        ("Which brands never sold in Germany?", "SELECT brand FROM sales WHERE country <> 'Germany'", False),
        ("Which brands sold in Germany never again?", "SELECT brand FROM sales", False),
        ("Did it never sell in Germany?", "SELECT brand FROM sales WHERE country = 'Germany'", False),
    ],
)
def test_never_is_a_condition_on_groups(
    vocabulary: Vocabulary, question: str, sql: str, expected: bool
) -> None:
    found = demanded(vocabulary, question, sql).get("never", ())
    assert found == (("country = 'Germany'",) if expected else ())


@pytest.mark.parametrize(
    ("question", "sql", "said", "unsaid"),
    [
        (
            "What share of revenue comes from Germany?",
            "SELECT SUM(amount) FROM sales",
            "SELECT SHARE(revenue, country = 'Germany') FROM sales",
            "SELECT brand, SHARE(revenue, country = 'Germany') FROM sales GROUP BY brand",
        ),
        (
            "What share of the pieces by brand went to Germany?",
            "SELECT SUM(amount) FROM sales",
            "SELECT brand, SHARE(SUM(quantity), country = 'Germany') FROM sales GROUP BY brand",
            "SELECT brand, SUM(quantity) FROM sales GROUP BY brand",
        ),
        (
            "Brands by profit, best first",
            "SELECT brand, SUM(profit) FROM sales GROUP BY brand ORDER BY 2 LIMIT 1",
            "SELECT brand, profit FROM sales GROUP BY brand ORDER BY profit DESC",
            "SELECT brand, profit FROM sales GROUP BY brand ORDER BY profit DESC LIMIT 1",
        ),
        (
            "Which brands sold fewer than 5 pieces altogether?",
            "SELECT brand, quantity FROM sales WHERE quantity < 5",
            "SELECT brand, SUM(quantity) FROM sales GROUP BY brand HAVING SUM(quantity) < 5",
            "SELECT brand, quantity FROM sales WHERE quantity < 5",
        ),
        (
            "Brands with at least 5 orders over 50 euros",
            "SELECT brand FROM sales",
            "SELECT brand FROM sales WHERE amount > 50 GROUP BY brand HAVING orders >= 5",
            "SELECT brand FROM sales WHERE amount > 50 GROUP BY brand",
        ),
        (
            "Which brands never sold in Germany?",
            "SELECT brand FROM sales WHERE country = 'Germany'",
            "SELECT brand FROM sales GROUP BY brand HAVING SHARE(COUNT(*), country = 'Germany') = 0",
            "SELECT brand FROM sales WHERE country = 'Germany' GROUP BY brand",
        ),
        (
            "Which brands never sold in Germany last month?",
            "SELECT brand FROM sales WHERE country = 'Germany'",
            "SELECT brand FROM sales WHERE DURING(ordered_at, 'last month') GROUP BY brand"
            " HAVING SHARE(COUNT(*), country = 'Germany') = 0",
            "SELECT brand FROM sales",
        ),
        (
            "Does Germany sell more pieces of Audio than France?",
            "SELECT SUM(quantity) FROM sales WHERE country IN ('Germany', 'France') AND category = 'Audio'",
            "SELECT country, SUM(quantity) FROM sales WHERE category = 'Audio' GROUP BY country",
            "SELECT country, SUM(quantity) FROM sales GROUP BY country",
        ),
    ],
)
def test_the_grammar_insists(vocabulary: Vocabulary, question: str, sql: str, said: str, unsaid: str) -> None:
    before, after = narrow(vocabulary, question, sql, "sales")
    view = vocabulary.view("sales")
    assert after is not None and view is not None
    metrics = metrics_of(view, vocabulary)
    assert accepts(form_grammar(view, metrics, after, "duckdb"), said)
    assert not accepts(form_grammar(view, metrics, after, "duckdb"), unsaid)
    assert accepts(form_grammar(view, metrics, before, "duckdb"), unsaid)


def test_a_text_that_is_no_select_is_written_again_only_for_conditions(vocabulary: Vocabulary) -> None:
    view, links = vocabulary.view("sales"), link("Revenue in Germany", vocabulary, TODAY)
    assert view is not None
    words = words_of(links, view, vocabulary)
    assert narrowed(words, links, "SELECT FROM WHERE", view, (), "duckdb") is None
    held = dataclasses.replace(words, must=[["country = 'Germany'"]])
    assert narrowed(held, links, "SELECT FROM WHERE", view, (), "duckdb") == held
