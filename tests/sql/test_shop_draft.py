"""Shop form with a scripted model on a real shop: the prompt, two steps, what may be compared with."""

from __future__ import annotations

from collections.abc import Iterator

import asking_shop
import pytest

from llm.scripted import ReplyNotInGrammar, ScriptedEngine
from sql.ask import CannotAnswer, SqlAsker
from sql.linking import Vocabulary, link
from sql.shop_draft import ShopDrafter, words_of
from sql.workspace import Workspace, open_workspace
from sql.written import NOTHING


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
