"""Questions that need no model: what is written for them, and what is left to the model."""

from __future__ import annotations

from collections.abc import Iterator

import asking_shop
import pytest

from llm.scripted import ScriptedEngine
from sql.ask import open_asker
from sql.question.linking import Vocabulary, link
from sql.shop.workspace import Workspace, open_workspace
from sql.statement.language_draft import LanguageDrafter
from sql.statement.placed import Placed
from sql.statement.written import After

PLACED: list[tuple[str, str]] = [
    ("revenue", "SELECT revenue FROM sales"),
    ("What was the revenue last month?", "SELECT revenue FROM sales WHERE DURING('last month')"),
    ("revenue by country", "SELECT country, revenue FROM sales GROUP BY country"),
    (
        "Please show me revenue by month in 2026",
        "SELECT MONTH, revenue FROM sales WHERE DURING('in 2026') GROUP BY MONTH",
    ),
    (
        "revenue in Germany in May 2026",
        "SELECT revenue FROM sales WHERE DURING('in May 2026') AND country = 'Germany'",
    ),
    ("上个月的销售额是多少？", "SELECT revenue FROM sales WHERE DURING('上个月')"),
    ("按渠道的利润", "SELECT channel, profit FROM sales GROUP BY channel"),
    ("monthly revenue in France", "SELECT MONTH, revenue FROM sales WHERE country = 'France' GROUP BY MONTH"),
]  # fmt: skip
LEFT = [
    "revenue without Kitchen",
    "average revenue per customer",
    "revenue of new customers last month",
    "top 3 products by revenue",
    "how did revenue develop compared with last year",
    "revenue in Germany and France",
    "revenue and profit by country",
    "How are sales?",
    "how many revenue",
    "revenue by warehouse",
    "revenue last month and this month",
    "share of revenue from the app",
    "revenue per order",
    "除了厨房的销售额",
    "哪个渠道的利润最高",
    "each revenue above 100",
]
GOES_ON = [
    ("and in France?", "revenue in France", "SELECT revenue FROM sales WHERE country = 'France'"),
    ("by month", "revenue by month", "SELECT MONTH, revenue FROM sales GROUP BY MONTH"),
    ("as a percentage", "revenue by country", None),
    ("without Audio", "revenue by country", None),
]
"""Message, what it means alone, and what is written without a model."""


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    shop = asking_shop.asking_shop(asking_shop.build(tmp_path_factory.mktemp("shop")))
    opened = open_workspace(shop, role="analyst")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def vocabulary(workspace: Workspace) -> Vocabulary:
    return Vocabulary.build(workspace)


@pytest.fixture
def placed(workspace: Workspace, vocabulary: Vocabulary) -> Placed:
    return Placed(workspace, vocabulary, LanguageDrafter(workspace, vocabulary, ScriptedEngine([])))


@pytest.mark.parametrize(("question", "statement"), PLACED, ids=[q for q, _ in PLACED])
def test_a_question_whose_every_word_has_one_place_needs_no_model(
    question: str, statement: str, placed: Placed, workspace: Workspace, vocabulary: Vocabulary
) -> None:
    compiled = placed.statement(link(question, vocabulary, workspace.today))
    assert compiled is not None
    same = placed.writer.compile(statement)
    assert str(compiled.statement).replace("'in ", "'") == str(same.statement).replace("'in ", "'")


@pytest.mark.parametrize("question", LEFT)
def test_a_word_that_could_change_the_figure_is_the_models(
    question: str, placed: Placed, workspace: Workspace, vocabulary: Vocabulary
) -> None:
    assert placed.statement(link(question, vocabulary, workspace.today)) is None


@pytest.mark.parametrize(("message", "alone", "statement"), GOES_ON, ids=[m for m, _, _ in GOES_ON])
def test_a_message_that_goes_on_is_placed_where_its_own_words_are(
    message: str,
    alone: str,
    statement: str | None,
    workspace: Workspace,
    vocabulary: Vocabulary,
) -> None:
    by_model = "SELECT country, SHARE(revenue) FROM sales GROUP BY country"
    engine = ScriptedEngine([by_model, [by_model] * 3])
    asker = open_asker(workspace, engine, vocabulary)
    said, question = (link(text, vocabulary, workspace.today) for text in (message, alone))
    before = "SELECT country, revenue FROM sales GROUP BY country"
    answer = asker.ask(question, after=After(said=said, statement=before))
    assert answer.compiled is not None
    assert str(answer.compiled.statement) == (statement or by_model)
    if statement is None:
        assert f"Before: {before}" in engine.calls[0].prompt.rest
        assert f"Question: {message}" in engine.calls[0].prompt.rest
    else:
        assert engine.calls == []


@pytest.mark.parametrize(
    "before",
    [
        "SELECT country, SHARE(revenue) FROM sales GROUP BY country",
        "SELECT country, revenue FROM sales WHERE category <> 'Audio' GROUP BY country",
        "SELECT country, revenue FROM sales GROUP BY country ORDER BY revenue DESC LIMIT 2",
        "no statement at all",
    ],
)
def test_what_only_the_statement_before_holds_is_not_lost(
    before: str, workspace: Workspace, vocabulary: Vocabulary
) -> None:
    by_model = "SELECT country, SHARE(revenue) FROM sales WHERE DURING('May 2026') GROUP BY country"
    engine = ScriptedEngine([by_model, [by_model] * 3])
    said, question = (
        link(text, vocabulary, workspace.today)
        for text in ("and in May 2026?", "revenue by country in May 2026")
    )
    answer = open_asker(workspace, engine, vocabulary).ask(question, after=After(said=said, statement=before))
    assert engine.calls and answer.compiled is not None and "SHARE" in str(answer.compiled.statement)


def test_a_statement_that_means_nothing_any_more_is_not_gone_on_from(
    workspace: Workspace, vocabulary: Vocabulary
) -> None:
    reply = "SELECT country, SHARE(revenue) FROM sales GROUP BY country"
    engine = ScriptedEngine([reply, [reply] * 3])
    said = link("as a percentage", vocabulary, workspace.today)
    after = After(said=said, statement="SELECT secret FROM vault")
    open_asker(workspace, engine, vocabulary).ask(said, after=after)
    assert "vault" not in engine.calls[0].prompt.rest
