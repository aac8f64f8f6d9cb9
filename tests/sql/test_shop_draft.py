"""Shop form with a scripted model on a real shop: the prompt, two steps, what may be compared with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import asking_shop
import pytest

from llm.constraint import accepts
from llm.engine import Completion
from llm.scripted import ReplyNotInGrammar, ScriptedEngine
from sql.ask import CannotAnswer, SqlAsker
from sql.question.linking import Vocabulary, link
from sql.shop.workspace import Workspace, open_workspace
from sql.statement.shop_draft import ShopDrafter, metrics_of, words_of
from sql.statement.shop_form import form_grammar
from sql.statement.written import NOTHING


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    opened = open_workspace(asking_shop.asking_shop(asking_shop.build(tmp_path_factory.mktemp("draft"))))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def vocabulary(workspace: Workspace) -> Vocabulary:
    return Vocabulary.build(workspace)


def asker(
    workspace: Workspace,
    vocabulary: Vocabulary,
    *replies: str | list[str],
    votes: int = 1,
    adapter: str | None = None,
) -> tuple[SqlAsker, ScriptedEngine]:
    engine = ScriptedEngine(replies, adapters=["shop"])
    writer = ShopDrafter(vocabulary, workspace.catalog.dialect, engine, adapter=adapter)
    return SqlAsker(workspace, vocabulary, writer, votes=votes), engine


def test_first_the_view_then_the_query(workspace: Workspace, vocabulary: Vocabulary) -> None:
    ask, engine = asker(
        workspace,
        vocabulary,
        "-- sales\n",
        "SELECT revenue FROM sales WHERE DURING(ordered_at, 'last month')",
    )
    answer = ask.ask("What was the revenue last month?")
    assert [float(v) for v in answer.table.rows[0]] == [340.0]
    assert answer.table.query.sql.endswith(
        "SELECT SUM(amount) AS revenue FROM sales"
        " WHERE ordered_at >= '2026-05-01' AND ordered_at < '2026-06-01' LIMIT 101"
    )
    first, second = engine.calls
    assert (first.prompt.lead, second.prompt.lead) == ("", "-- sales\n")
    assert "-- 'last month' is a period" in first.prompt.rest
    assert "-- revenue: revenue of sales" in first.prompt.rest
    assert "-- revenue = SUM(amount)" in first.prompt.fixed


def test_only_linked_values_may_be_compared_with(workspace: Workspace, vocabulary: Vocabulary) -> None:
    ask, _ = asker(
        workspace, vocabulary, "-- sales\n", "SELECT revenue FROM sales WHERE country = 'Atlantis'"
    )
    with pytest.raises(ReplyNotInGrammar):
        ask.ask("What was the revenue in Germany?")


def test_values_of_other_words_are_linked(workspace: Workspace, vocabulary: Vocabulary) -> None:
    links = link("德国上个月的销售额", vocabulary, workspace.today)
    view = vocabulary.view("sales")
    assert view is not None
    words = words_of(links, view, vocabulary)
    assert words.values["country"][0] == "Germany"
    assert [p.text for p in words.periods] == ["上个月"]


@pytest.mark.parametrize(
    ("question", "condition"),
    [
        ("What was the revenue in Germany?", "country = 'Germany'"),
        ("What was the revenue outside of Germany?", "country <> 'Germany'"),
        ("Revenue of the headphones in hand", "product LIKE '%headphones%'"),
        ("What was the revenue last month all told?", "DURING(ordered_at, 'last month')"),
        (
            "Revenue in Germany last month, all told",
            "country = 'Germany' AND DURING(ordered_at, 'last month') AND quantity > 1",
        ),
    ],
)
def test_what_is_left_out_is_insisted_on(
    workspace: Workspace, vocabulary: Vocabulary, question: str, condition: str
) -> None:
    wide = "SELECT revenue FROM sales"
    ask, engine = asker(workspace, vocabulary, "-- sales\n", wide, f"{wide} WHERE {condition}")
    answer = ask.ask(question)
    assert answer.unused == () and len(engine.calls) == 3
    ask, _ = asker(workspace, vocabulary, "-- sales\n", wide, wide)
    with pytest.raises(ReplyNotInGrammar):
        ask.ask(question)


@pytest.mark.parametrize(
    ("question", "lead", "other"),
    [
        ("How did all in all the revenue in Germany look?", "-- orders\n", "-- sales\n"),
        ("How did all in all the revenue in Germany look?", "-- customers\n", "-- sales\n"),
        ("Which people signed up from France, by and large?", "-- sales\n", "-- customers\n"),
    ],
)
def test_a_view_without_words_of_the_question_gives_way(
    workspace: Workspace, vocabulary: Vocabulary, question: str, lead: str, other: str
) -> None:
    drafter = ShopDrafter(vocabulary, workspace.catalog.dialect, ScriptedEngine([]))
    links = link(question, vocabulary, workspace.today)
    assert drafter.better_leads(links, other) is None
    found = drafter.better_leads(links, lead)
    assert found is not None and other.strip() in found[0] and lead.strip() not in found[0]
    assert drafter.better_leads(links, NOTHING) is None


@pytest.mark.parametrize(
    ("likely", "sql"),
    [
        (-0.4, "SELECT COUNT(*) FROM sales WHERE country = 'Germany'"),
        (-4.0, "SELECT COUNT(*) FROM orders"),
    ],
)
def test_a_better_fitting_view_must_be_likely_enough(
    workspace: Workspace, vocabulary: Vocabulary, likely: float, sql: str
) -> None:
    engine = ScriptedEngine(["-- orders\n", "-- sales\n", sql])

    def complete(*args: object, **options: object) -> list[Completion]:
        made = ScriptedEngine.complete(engine, *args, **options)
        is_other = made[0].text == "-- sales\n"
        return [replace(c, logprobs=tuple(likely for _ in c.logprobs)) if is_other else c for c in made]

    engine.complete = complete
    drafter = ShopDrafter(vocabulary, workspace.catalog.dialect, engine)
    links = link("How did all in all Germany look?", vocabulary, workspace.today)
    assert sql.split(" FROM ")[1] in drafter.draft(links)[0].sql


def test_an_unlikely_statement_is_compared_with_a_few_more(
    workspace: Workspace, vocabulary: Vocabulary
) -> None:
    class Doubtful(ScriptedEngine):
        def complete(self, *args: object, **options: object) -> list[Completion]:
            made = super().complete(*args, **options)
            return [replace(c, logprobs=(-9.0,)) if "MIN" in c.text else c for c in made]

    replies = ["-- sales\n", "SELECT MIN(amount) FROM sales"]
    engine = Doubtful([*replies, ["SELECT MAX(amount) FROM sales", *["SELECT MIN(amount) FROM sales"] * 3]])
    links = link("How did the amounts look?", vocabulary, workspace.today)
    drafter = ShopDrafter(vocabulary, workspace.catalog.dialect, engine)
    assert "MAX" in drafter.draft(links)[0].sql


def test_nothing_is_insisted_on_of_a_row_asked_for_by_its_key(
    workspace: Workspace, vocabulary: Vocabulary
) -> None:
    one = "SELECT status FROM orders WHERE order_id = 2"
    ask, engine = asker(workspace, vocabulary, "-- orders\n", one, [one] * 4)
    assert ask.ask("Has anything arrived of number 2?").table.rows == (("cancelled",),)
    assert [call.samples for call in engine.calls] == [1, 1, 4]


def test_where_nothing_can_be_insisted_on_a_few_more_are_looked_at(
    workspace: Workspace, vocabulary: Vocabulary
) -> None:
    count = "SELECT COUNT(*) FROM sales"
    told = "SELECT COUNT(*) FROM sales WHERE product = 'Nordlys Over-Ear Headphones 300'"
    question = "How often were the Nordlys over-ear headphones bought?"
    ask, engine = asker(workspace, vocabulary, "-- sales\n", count, [count, told, count, count])
    assert "Over-Ear" in ask.ask(question).table.query.sql
    assert [call.samples for call in engine.calls] == [1, 1, 4]
    ask, _ = asker(workspace, vocabulary, "-- sales\n", count, [count] * 4)
    assert ask.ask(question).unused, "it stands, and is told to be doubtful"


def test_numbers_left_out_are_written_again_without_the_others(
    workspace: Workspace, vocabulary: Vocabulary
) -> None:
    wrong = "SELECT brand, SUM(amount) FROM sales GROUP BY brand"
    right = "SELECT brand, SUM(quantity) FROM sales GROUP BY brand"
    ask, engine = asker(workspace, vocabulary, "-- sales\n", wrong, right)
    assert "SUM(quantity)" in ask.ask("Pieces by brand after returns").table.query.sql
    assert [call.samples for call in engine.calls] == [1, 1, 1]
    for other in (wrong, "SELECT brand, revenue FROM sales", "SELECT brand, COUNT(*) FROM sales"):
        ask, _ = asker(workspace, vocabulary, "-- sales\n", wrong, other)
        with pytest.raises(ReplyNotInGrammar):
            ask.ask("Pieces by brand after returns")


@pytest.mark.parametrize(
    ("question", "first", "again"),
    [
        (
            "How much revenue came from Germany compared with France?",
            "SELECT revenue FROM sales WHERE country IN ('Germany', 'France')",
            "SELECT country, revenue FROM sales WHERE country IN ('Germany', 'France') GROUP BY country",
        ),
        (
            "Which brand has the highest profit of them all?",
            "SELECT brand, profit FROM sales GROUP BY brand",
            "SELECT brand, profit FROM sales GROUP BY brand ORDER BY profit DESC LIMIT 1",
        ),
        (
            "When was something of Nordlys last bought by anybody?",
            "SELECT ordered_at FROM sales WHERE brand = 'Nordlys'",
            "SELECT MAX(ordered_at) FROM sales WHERE brand = 'Nordlys'",
        ),
        (
            "How many brands were bought by anybody in Germany?",
            "SELECT COUNT(*) FROM sales WHERE country = 'Germany'",
            "SELECT COUNT(DISTINCT brand) FROM sales WHERE country = 'Germany'",
        ),
    ],
)
def test_groups_order_the_last_time_and_what_is_counted_are_insisted_on(
    workspace: Workspace, vocabulary: Vocabulary, question: str, first: str, again: str
) -> None:
    links = link(question, vocabulary, workspace.today)
    engine = ScriptedEngine(["-- sales\n", first, again])
    (made,) = ShopDrafter(vocabulary, workspace.catalog.dialect, engine).draft(links)
    assert made.completions[-1].text == again
    engine = ScriptedEngine(["-- sales\n", first, first])
    with pytest.raises(ReplyNotInGrammar):
        ShopDrafter(vocabulary, workspace.catalog.dialect, engine).draft(links)


@pytest.mark.parametrize(
    ("question", "is_said"), [("What did number 2 contain?", True), ("Which orders are cancelled?", False)]
)
def test_a_key_is_compared_with_numbers_of_the_question_only(
    workspace: Workspace, vocabulary: Vocabulary, question: str, is_said: bool
) -> None:
    links = link(question, vocabulary, workspace.today)
    view = vocabulary.view("orders")
    assert view is not None
    grammar = form_grammar(view, metrics_of(view, vocabulary), words_of(links, view, vocabulary), "duckdb")
    assert accepts(grammar, "SELECT status FROM orders WHERE order_id = 2") == is_said
    assert not accepts(grammar, "SELECT status FROM orders WHERE order_id IN (0, 1)")
    assert accepts(grammar, "SELECT status FROM orders WHERE amount > 0")


@pytest.mark.parametrize(
    ("question", "sql", "is_said"),
    [
        ("Which brand has the lowest profit of all?", "{} profit DESC LIMIT 1", False),
        ("Which brand has the lowest profit of all?", "{} profit LIMIT 1", True),
        ("Which brand has the lowest profit of all?", "{} SUM(profit) DESC LIMIT 1", False),
        ("Which brand has the lowest profit of all?", "{} brand DESC LIMIT 1", True),
        ("Which brand has the highest profit of all?", "{} profit LIMIT 1", False),
        ("Which brand has the highest profit of all?", "{} profit DESC LIMIT 1", True),
        ("Which brand has the highest profit of all?", "{} brand, profit LIMIT 1", True),
        ("Which brand is the worst?", "{} profit LIMIT 1", True),
    ],
)
def test_a_ranking_goes_the_way_that_the_question_says(
    workspace: Workspace, vocabulary: Vocabulary, question: str, sql: str, is_said: bool
) -> None:
    statement = sql.format("SELECT brand, profit FROM sales GROUP BY brand ORDER BY")
    ask, _ = asker(workspace, vocabulary, "-- sales\n", statement)
    if is_said:
        assert ask.ask(question).table.rows
    else:
        with pytest.raises(ReplyNotInGrammar):
            ask.ask(question)


def test_votes_are_counted_by_result(workspace: Workspace, vocabulary: Vocabulary) -> None:
    ask, _ = asker(
        workspace,
        vocabulary,
        "-- sales\n",
        "SELECT COUNT(*) FROM sales",
        ["-- sales\n", "-- sales\n"],
        ["SELECT revenue FROM sales", "SELECT SUM(amount) FROM sales"],
        votes=3,
    )
    assert "SUM(amount)" in ask.ask("What was the revenue?").table.query.sql


def test_a_trained_model_may_say_that_nothing_answers(workspace: Workspace, vocabulary: Vocabulary) -> None:
    question = "What was the revenue of our competitors?"
    ask, _ = asker(workspace, vocabulary, NOTHING, adapter="shop")
    with pytest.raises(CannotAnswer, match="nothing in the data"):
        ask.ask(question)
    ask, _ = asker(workspace, vocabulary, NOTHING)
    with pytest.raises(ReplyNotInGrammar):
        ask.ask(question)


def test_one_vote_of_three_to_decline_is_outvoted(workspace: Workspace, vocabulary: Vocabulary) -> None:
    ask, _ = asker(
        workspace,
        vocabulary,
        NOTHING,
        ["-- sales\n", "-- sales\n"],
        "SELECT revenue FROM sales",
        ["SELECT revenue FROM sales"],
        votes=3,
        adapter="shop",
    )
    assert "SUM(amount)" in ask.ask("What was the revenue?").table.query.sql
