"""What is told of a statement of the question language: read off it, with its doubt before the figure."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "sql"))

import asking_shop

from bot.assistant import Assistant
from bot.errors import AskBack, Declined
from bot.job import Request, Tools
from bot.memory import Conversation
from bot.route import route
from bot.understand import understand
from jobs.ask_sql import job
from llm.scripted import ScriptedEngine
from sql.ask import CannotAnswer, open_asker
from sql.question.linking import Vocabulary, link
from sql.shop.workspace import Workspace, open_workspace
from telling.writer import Composed, numbers_without_receipt, write

CASES: list[tuple[str, str, str, tuple[str, ...], tuple[str, ...]]] = [
    (
        "Revenue without Kitchen in May 2026",
        "en",
        "SELECT revenue FROM sales WHERE DURING('May 2026') AND category <> 'Kitchen'",
        ("Revenue", "without category Kitchen", "May 2026: 2026-05-01 to 2026-05-31", "300.00 EUR"),
        (),
    ),
    (
        "2026年5月除了厨房以外的销售额",
        "zh",
        "SELECT revenue FROM sales WHERE DURING('2026年5月') AND category <> 'Kitchen'",
        ("销售额", "不含品类为Kitchen", "300.00 EUR"),
        ("Revenue",),
    ),
    (
        "average units per order",
        "en",
        "SELECT AVG(units_sold PER order_id) FROM sales",
        ("Average units sold of each order id", "1.6"),
        ("avg",),
    ),
    (
        "share of revenue from the app",
        "en",
        "SELECT SHARE(revenue, channel = 'app') FROM sales",
        ("Share of revenue where channel is app", "84.6%"),
        ("0.84",),
    ),
    (
        "median revenue",
        "en",
        "SELECT revenue FROM sales",
        ("Not taken into account: “median”",),
        (),
    ),
]


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    opened = open_workspace(asking_shop.asking_shop(asking_shop.build(tmp_path_factory.mktemp("shop"))))
    yield opened
    opened.close()


def answered(
    workspace: Workspace, question: str, language: str, *replies: str | list[str], logprob: float = -0.001
) -> Composed:
    vocabulary = Vocabulary.build(workspace)
    engine = ScriptedEngine(replies, adapters=["language"], logprob=logprob)
    asker = open_asker(workspace, engine, vocabulary, adapter="language")
    tools = Tools(workspace=workspace, asker=asker, retriever=None, vocabulary=vocabulary, jobs=(job,))
    links = link(question, vocabulary, workspace.today)
    evidence = job.run(Request(question=question, language=language, links=links), tools)
    return write(evidence, job.tell, workspace.shop, job.words(language), workspace.role)


@pytest.mark.parametrize(("question", "language", "statement", "says", "never"), CASES)
def test_an_answer_says_what_its_statement_says(question, language, statement, says, never, workspace):
    composed = answered(workspace, question, language, statement, [statement] * 3)
    for part in says:
        assert part in composed.text
    for part in never:
        assert part not in composed.text
    assert numbers_without_receipt(composed) == []


def test_what_is_left_out_stands_before_the_figure(workspace):
    text = answered(
        workspace, "median revenue", "en", "SELECT revenue FROM sales", ["SELECT revenue FROM sales"] * 3
    ).text
    assert text.index("median") < text.index("520")


@pytest.mark.parametrize(
    ("question", "language", "statement"),
    [
        ("revenue next month", "en", "SELECT revenue FROM sales WHERE DURING('next month')"),
        ("下个月的销售额", "zh", "SELECT revenue FROM sales WHERE DURING('下个月')"),
    ],
)
def test_what_is_still_to_come_is_no_zero(question, language, statement, workspace):
    with pytest.raises(Declined) as raised:
        answered(workspace, question, language, statement, [statement] * 3)
    assert raised.value.key == "not_yet"


def test_that_nothing_is_due_by_a_day_of_its_own_is_an_answer(workspace):
    statement = "SELECT COUNT(order_id) FROM orders WHERE DURING(delivered_at, 'next week')"
    composed = answered(workspace, "how many orders arrive next week", "en", statement, [statement] * 3)
    assert "next week" in composed.text and "0" in composed.text


def test_rows_without_a_time_are_told_before_a_figure_that_leaves_them_out(tmp_path):
    """A cancelled order was never delivered, so that by its day of delivery no month has it."""
    shop = asking_shop.asking_shop(asking_shop.build(tmp_path))
    by_delivery = tuple(replace(v, time="delivered_at") if v.name == "orders" else v for v in shop.views)
    some = "SELECT COUNT(*) FROM orders WHERE DURING('May 2026')"
    delivered, cancelled = (f"{some} AND status = '{state}'" for state in ("delivered", "cancelled"))
    with closing(open_workspace(replace(shop, views=by_delivery))) as opened:
        told = answered(opened, "orders in May 2026", "en", some, [some] * 3).text
        complete = answered(opened, "delivered orders in May 2026", "en", delivered, [delivered] * 3).text
        in_zh = some.replace("May 2026", "2026年5月") + " AND status IN ('delivered', 'cancelled')"
        zh = answered(opened, "2026年5月delivered和cancelled的订单数", "zh", in_zh, [in_zh] * 3).text
        with pytest.raises(Declined) as raised:  # not one of them has a day
            answered(opened, "cancelled orders in May 2026", "en", cancelled, [cancelled] * 3)
    assert "have no delivered at" in told and told.index("have no") < told.index("May 2026: 2026-05-01")
    assert "没有" in zh and "不属于任何时期" in zh
    assert "have no" not in complete
    assert raised.value.key == "untimed" and raised.value.values["period"] == "May 2026"


def test_two_readings_are_asked_back_in_words(workspace):
    with pytest.raises(AskBack) as raised:
        answered(
            workspace, "How are sales?", "en", "ASK SELECT revenue FROM sales | SELECT units_sold FROM sales"
        )
    assert raised.value.options == ("revenue.", "units sold.")


def test_a_reading_that_is_hardly_likely_is_asked_back_and_no_figure_shown(workspace):
    statement = "SELECT SHARE(revenue, channel = 'app') FROM sales WHERE DURING('May 2024')"
    with pytest.raises(AskBack) as raised:
        answered(workspace, "zzz qqq May 2024", "en", statement, [statement] * 3, logprob=-4.0)
    (option,) = raised.value.options
    assert option.startswith("share of revenue where channel is app")
    assert (raised.value.key, raised.value.values) == ("unsure_words", {"names": "“zzz”, “qqq”"})


def test_a_question_back_names_the_words_that_nothing_answers_to_and_they_stay_words(workspace):
    statement = "SELECT revenue FROM sales WHERE country = 'Germany'"
    for question, names in (
        ("revenue in <b>Wien</b> in Germany", "“Wien”"),
        ("revenue in Germany in *Wien*", "“Wien”"),
    ):
        with pytest.raises(AskBack) as raised:
            answered(workspace, question, "en", statement, [statement] * 3, logprob=-4.0)
        assert raised.value.values["names"] == names


def test_whoever_goes_on_after_being_asked_back_changes_the_reading_that_was_offered(workspace):
    unsure = "SELECT channel, revenue FROM sales WHERE DURING('May 2024') GROUP BY channel"
    share = "SELECT channel, SHARE(revenue) FROM sales WHERE DURING('May 2026') GROUP BY channel"
    vocabulary = Vocabulary.build(workspace)
    engine = ScriptedEngine([unsure, [unsure] * 3, share, [share] * 3], adapters=["language"], logprob=-0.2)
    asker = open_asker(workspace, engine, vocabulary, adapter="language")
    assistant = Assistant(workspace, asker, None, jobs=(job,), vocabulary=vocabulary, engine=engine)
    talk = Conversation()
    first = [event.data for event in assistant.answer("zzz qqq by channel in May 2024", talk)][-1]
    assert first.status == "clarify" and first.statement == ""
    list(assistant.answer("as a percentage", talk))
    assert f"Before: {unsure}" in engine.calls[-1].prompt.rest


def test_another_statement_that_was_written_is_the_second_choice(workspace):
    share = "SELECT SHARE(revenue, channel = 'app') FROM sales WHERE DURING('May 2024')"
    plain = "SELECT revenue FROM sales WHERE DURING('May 2024')"
    with pytest.raises(AskBack) as raised:
        answered(workspace, "zzz median qqq May 2024", "en", share, [share, plain, share], logprob=-4.0)
    assert len(raised.value.options) == 2
    assert {option.split()[0] for option in raised.value.options} == {"share", "revenue;"}


def test_what_no_word_was_linked_of_is_the_models_to_decline(workspace):
    vocabulary = Vocabulary.build(workspace)
    engine = ScriptedEngine(["NOTHING"], adapters=["language"])
    asker = open_asker(workspace, engine, vocabulary, adapter="language")
    tools = Tools(workspace=workspace, asker=asker, retriever=None, vocabulary=vocabulary, jobs=(job,))
    understood = understand("how many lorries do we own", None, vocabulary, workspace.today, (job,))
    assert route(understood, tools).job is job
    with pytest.raises(CannotAnswer):
        asker.ask(understood.links)
