"""Jobs turn a request into evidence: totals that mean something, quotes under conditions, help."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest
import sqlglot
from fakes import WordRetriever, WrittenAsker
from tables import make_table

from bot.errors import Declined
from bot.job import Request, Tools, words_of
from bot.offers import suggestions
from jobs import JOBS
from jobs.ask_reviews import job as ask_reviews
from jobs.ask_reviews.quoting import find_reviews, overview_sql, speaks_of, telling, topic_of
from jobs.ask_sql.figures import answer_with_sql, total_sql
from jobs.help.overview import what_there_is
from retrieval.corpus import review_documents
from retrieval.types import Document, Filters, Hit
from sql.question.linking import Vocabulary, link
from sql.shop.workspace import Workspace
from sql.types import Table
from telling.evidence import Evidence, Scope
from telling.row_scope import scope_of
from telling.writer import Composed, write

TODAY = dt.date(2026, 6, 30)


@pytest.fixture
def retriever(workspace: Workspace) -> WordRetriever:
    return WordRetriever(review_documents(workspace))


@pytest.fixture
def tools(workspace: Workspace, vocabulary: Vocabulary, retriever: WordRetriever) -> Tools:
    asker = WrittenAsker(workspace, vocabulary, {})
    return Tools(workspace=workspace, asker=asker, retriever=retriever, vocabulary=vocabulary, jobs=JOBS)


def request(question: str, tools: Tools, language: str = "en") -> Request:
    return Request(
        question=question, language=language, links=link(question, tools.vocabulary, tools.workspace.today)
    )


# --- figures


def with_sql(question: str, sql: str, tools: Tools, confidence: float = 0.9):
    asker = WrittenAsker(tools.workspace, tools.vocabulary, {question: sql}, confidence=confidence)
    return answer_with_sql(request(question, tools), dataclasses.replace(tools, asker=asker))


@pytest.mark.parametrize(
    ("sql", "column", "adds_up"),
    [
        ("SELECT country, SUM(amount) AS revenue FROM sales GROUP BY 1", "revenue", True),
        ("SELECT country, COUNT(*) AS n FROM sales GROUP BY country ORDER BY n DESC", "n", True),
        ("SELECT country, ROUND(SUM(amount), 2) AS revenue FROM sales GROUP BY 1", "revenue", True),
        ("SELECT country, SUM(amount) - SUM(quantity) AS x FROM sales GROUP BY 1", "x", True),
        ("SELECT country, AVG(amount) AS a FROM sales GROUP BY 1", "a", False),
        ("SELECT country, COUNT(DISTINCT customer_id) AS n FROM sales GROUP BY 1", "n", False),
        ("SELECT country, SUM(amount) / COUNT(*) AS n FROM sales GROUP BY 1", "n", False),
        ("SELECT country, MAX(amount) AS n FROM sales GROUP BY 1", "n", False),
        ("SELECT country, SUM(amount) AS n FROM sales GROUP BY 1 LIMIT 3", "n", False),
        ("SELECT country, SUM(amount) AS n FROM sales GROUP BY 1 HAVING SUM(amount) > 9", "n", False),
        ("SELECT country, amount AS n FROM sales", "n", False),
        (
            "SELECT country, SUM(amount) / SUM(SUM(amount)) OVER () AS n FROM sales GROUP BY 1",
            "n",
            False,
        ),
        ("SELECT 1 UNION SELECT 2", "n", False),
    ],
)
def test_only_what_adds_up_is_added_up(sql: str, column: str, adds_up: bool, workspace: Workspace):
    total = total_sql(sqlglot.parse_one(sql, read="duckdb"), column, "duckdb")
    assert (total is not None) == adds_up
    if total is not None:
        rows = workspace.run(sql).rows
        assert workspace.run(total).rows == ((sum(row[1] for row in rows),),)


def test_groups_come_with_their_total(tools: Tools):
    sql = "SELECT country, SUM(amount) AS revenue FROM sales GROUP BY 1"
    evidence = with_sql("Revenue by country", sql, tools)
    assert evidence.parts == {"total": 1}
    assert evidence.tables[1].rows[0][0] == 7800
    assert evidence.sql == sql


def test_an_empty_result_comes_with_the_span_of_the_data(tools: Tools):
    sql = "SELECT SUM(amount) AS revenue FROM sales WHERE ordered_at < '2020-01-01'"
    evidence = with_sql("Revenue in 2019", sql, tools)
    assert evidence.parts == {"coverage": 1}
    assert evidence.about == "sales"
    assert evidence.tables[1].rows == ((dt.datetime(2025, 7, 6, 12), dt.datetime(2026, 6, 9, 12)),)


def test_unsure_and_unread_words_become_warnings(tools: Tools):
    sql = "SELECT SUM(amount) AS revenue FROM sales"
    evidence = with_sql("Why is revenue from unicorns low?", sql, tools, confidence=0.1)
    assert [key for key, _ in evidence.warnings] == ["low_confidence", "unknown_words", "causes"]
    assert "unicorns" in evidence.warnings[1][1]["names"]
    assert with_sql("Revenue", sql, tools).warnings == ()


def test_without_a_model_figures_are_declined(tools: Tools):
    with pytest.raises(Declined) as caught:
        answer_with_sql(request("Revenue", tools), dataclasses.replace(tools, asker=None))
    assert caught.value.key == "no_engine"


def days(text: str, first: str = "", last: str = "") -> Scope:
    return Scope(
        period_text=text,
        period_first=dt.date.fromisoformat(first) if first else None,
        period_last=dt.date.fromisoformat(last) if last else None,
    )


MAY = ("2026-05-01", "2026-05-31")


@pytest.mark.parametrize(
    ("question", "where", "scope"),
    [
        ("last month", "ordered_at >= '2026-05-01' AND ordered_at < '2026-06-01'", days("last month", *MAY)),
        ("last month", "ordered_at BETWEEN '2026-05-01' AND '2026-05-31 23:59'", days("last month", *MAY)),
        ("in 2025", "EXTRACT(YEAR FROM ordered_at) = 2025", days("2025", "2025-01-01", "2025-12-31")),
        ("in May", "STRFTIME(ordered_at, '%Y-%m') = '2026-05'", days("May", *MAY)),
        ("since March", "ordered_at >= '2026-03-01'", days("since March", "2026-03-01")),
        # The statement is about another month: nothing of the question's period may be claimed.
        ("last month", "ordered_at >= '2026-04-01' AND ordered_at < '2026-05-01'", Scope()),
        ("last month", "amount > 5", Scope()),
        ("in Germany", "country = 'Germany'", Scope(values=("Germany",))),
        ("in Germany", "country = 'France'", Scope()),
    ],
)
def test_only_what_the_statement_holds_to_is_repeated(
    question: str, where: str, scope: Scope, vocabulary: Vocabulary
):
    links = link(f"revenue {question}", vocabulary, TODAY)
    tree = sqlglot.parse_one(f"SELECT SUM(amount) FROM sales WHERE {where}", read="duckdb")
    assert scope_of(links, tree) == scope


# --- reviews


@pytest.mark.parametrize(
    ("question", "filters"),
    [
        ("What do buyers say about the battery?", {}),
        ("What do buyers say about the Lumo Headphones?", {"products": frozenset({"Lumo Headphones"})}),
        ("opinions on kitchenware", {"categories": frozenset({"Kitchen"})}),
        ("Any complaints about the zipper?", {"max_rating": 3}),
        ("What do people like most?", {"min_rating": 4}),
        ("positive reviews of bags", {"min_rating": 4, "categories": frozenset({"Bags"})}),
        ("show me 1-star reviews", {"min_rating": 1, "max_rating": 1}),
        ("有哪些关于电池的差评？", {"max_rating": 3}),
        ("一星评价说了什么", {"min_rating": 1, "max_rating": 1}),
        ("reviews in Chinese about sound", {"languages": frozenset({"zh"})}),
        ("What did buyers say last month?",
         {"written_from": dt.datetime(2026, 5, 1), "written_before": dt.datetime(2026, 6, 1)}),
        ("What did buyers say since March?", {"written_from": dt.datetime(2026, 3, 1)}),
    ],
)  # fmt: skip
def test_conditions_come_from_what_was_linked(
    question: str, filters: dict[str, object], tools: Tools, retriever: WordRetriever
):
    find_reviews(request(question, tools), tools)
    assert retriever.filters is not None
    expected = dataclasses.asdict(Filters(kinds=frozenset({"review"}), **filters))  # type: ignore[arg-type]
    assert dataclasses.asdict(retriever.filters) == expected


def test_the_count_is_under_the_same_conditions_as_the_quotes(tools: Tools):
    evidence = find_reviews(request("Any complaints about the straps of bags?", tools), tools)
    assert evidence.tables[0].rows[0][0] == 2
    assert [h.document.id for h in evidence.hits] == ["review:10"]
    assert (evidence.scope.values, evidence.scope.max_stars) == (("Bags",), 3)


def test_a_value_with_quotes_stays_a_value(tools: Tools, workspace: Workspace):
    from jobs.ask_reviews.quoting import _Wanted

    source = workspace.shop.reviews
    assert source is not None
    wanted = _Wanted(products=("x'); DROP TABLE raw_sales; --",))
    sql = overview_sql(wanted, request("reviews", tools).links, source)
    assert workspace.run(sql).rows[0][0] == 0


def test_weak_hits_are_left_out_unless_no_topic_was_named(tools: Tools, workspace: Workspace):
    class Weak:
        left_out = 0

        def search(self, text: str, k: int, filters: Filters | None = None) -> list[Hit]:
            return [Hit(document=d, score=1.0, similarity=0.1) for d in review_documents(workspace)[:3]]

    weak = dataclasses.replace(tools, retriever=Weak())
    assert find_reviews(request("What do buyers say about unicorns?", weak), weak).hits == ()
    assert len(find_reviews(request("Show me customer reviews", weak), weak).hits) == 3


def review(text: str, similarity: float | None = 0.5) -> Hit:
    return Hit(
        document=Document(id=f"review:{text}", kind="review", text=text), score=1.0, similarity=similarity
    )


@pytest.mark.parametrize(
    ("text", "similarity", "speaks"),
    [
        ("lasts for days", 0.35, True),
        ("lasts for days", 0.25, False),
        ("a long story in which batteries are named too", 0.2, True),
        ("a long story in which batteries are named too", 0.1, False),
        ("found by keywords alone", None, True),
    ],
)
def test_naming_the_topic_makes_up_for_some_distance(text: str, similarity: float | None, speaks: bool):
    assert speaks_of(review(text, similarity), "battery") == speaks


def test_quotes_do_not_repeat_each_other_and_short_ones_come_last():
    texts = [
        "top",
        "电池不行，一会儿就没电了。",
        "电池不行，一会儿就没电了～退了",
        "The battery died after one month",
    ]
    shown = [hit.document.text for hit in telling([review(text) for text in texts])]
    assert shown == ["电池不行，一会儿就没电了。", "The battery died after one month", "top"]


def test_reviews_that_cannot_be_quoted_are_declined(tools: Tools, workspace: Workspace):
    wish = request("What do buyers say?", tools)
    with pytest.raises(Declined, match="no_index"):
        find_reviews(wish, dataclasses.replace(tools, retriever=None))
    with pytest.raises(Declined, match="unbound"):
        ask_reviews.check_needs(dataclasses.replace(workspace.shop, reviews=None))


def test_a_role_that_may_not_read_reviews_gets_none(tools: Tools, workspace: Workspace):
    class Blind:
        views = tuple(v for v in workspace.guard.views if v.name != "reviews")

    hidden = dataclasses.replace(tools, workspace=dataclasses.replace(workspace, guard=Blind()))  # type: ignore[arg-type]
    with pytest.raises(Declined, match="hidden"):
        find_reviews(request("What do buyers say?", tools), hidden)


@pytest.mark.parametrize(
    ("question", "topic"),
    [
        ("What do buyers say about the battery?", "battery"),
        ("Is the material comfortable according to reviews?", "material comfortable"),
        ("What do people think of the battery life of it?", "battery life of it"),
        ("customer reviews", ""),
        ("What are people unhappy with?", ""),
        ("顾客对音质有什么评价？", "音质"),
        ("有哪些关于电池的差评？", "电池"),
        ("看看评价", ""),
    ],
)
def test_the_topic_is_what_reviews_shall_speak_of(question: str, topic: str):
    assert topic_of(question) == topic


def test_reviews_are_counted_by_a_query_and_quoted(workspace: Workspace):
    def say(*tables: Table, **more: object) -> Composed:
        evidence = Evidence(tables=tables, **more)  # type: ignore[arg-type]
        return write(evidence, ask_reviews.tell, workspace.shop, words_of("en", ask_reviews))

    overview = make_table(workspace, [("reviews", "integer"), ("average_rating", "number")], [[1234, 3.25]])
    hit = review("Good.")
    composed = say(overview, hits=(hit,))
    assert composed.text.startswith(
        "Of **1,234** reviews with an average rating of **3.25**, these come closest"
    )
    assert [f.text for f in composed.figures] == ["1,234", "3.25"]
    none = say(overview, scope=Scope(values=("Bags",)))
    assert none.text.startswith("No review speaks of that (Bags).")
    assert say(hits=(hit,)).text.startswith("These reviews come closest to the question:")


# --- help


def test_help_tells_what_the_role_sees_and_what_not(tools: Tools):
    facts = what_there_is(request("help", tools), tools)
    assert facts.views == ("sales", "customers", "reviews")
    assert "campaigns" in facts.hidden
    assert "customers: email" in facts.hidden
    assert "units sold" in facts.metrics
    assert ask_reviews.description["en"] in facts.jobs
    chinese = what_there_is(request("帮助", tools, "zh"), tools)
    assert chinese.examples == ("上个月的销售额是多少？",)
    assert "客户的邮箱" in chinese.hidden


def test_a_shop_without_suggestions_gets_some_from_its_metrics(workspace: Workspace, vocabulary: Vocabulary):
    shop = dataclasses.replace(workspace.shop, suggestions=())
    assert suggestions(shop, "en", vocabulary)[0] == "revenue"
    assert suggestions(shop, "zh", vocabulary)[0] == "销售额是多少？"
    assert suggestions(shop, "en") == ()
