"""The answer before in another form: the same rows, another chart, and no new question."""

from __future__ import annotations

from typing import Any

import pytest

from bot.answer import Answer
from bot.assistant import Assistant
from bot.memory import Conversation
from bot.redrawing import chart_asked
from jobs import JOBS
from llm.scripted import ScriptedEngine
from sql.ask import open_asker
from sql.question.linking import Links, Mention

ASKED = [
    ("show as pie", "pie"),
    ("Show it as a pie chart, please", "pie"),
    ("ok, now as a donut", "pie"),
    ("can you draw that as a bar chart?", "bar"),
    ("as columns", "bar"),
    ("make it a line graph instead", "line"),
    ("just the table", "table"),
    ("show me the table", "table"),
    ("饼图", "pie"),
    ("换成饼状图", "pie"),
    ("用柱状图显示一下", "bar"),
    ("请画成折线图", "line"),
    ("以表格的形式展示", "table"),
]
QUESTIONS = [
    "show pies sold last month",
    "revenue as a line by month",
    "which bars sell best",
    "top selling tables",
    "pie chart of revenue by country",
    "折线图按月的销售额",
    "桌子和椅子的销量",
]


@pytest.mark.parametrize(("message", "kind"), ASKED)
def test_a_message_that_only_wants_a_form(message: str, kind: str | None) -> None:
    assert chart_asked(Links(question=message, mentions=())) == kind


@pytest.mark.parametrize("message", QUESTIONS)
def test_a_question_with_such_words_stays_a_question(message: str) -> None:
    assert chart_asked(Links(question=message, mentions=())) is None


def test_a_value_of_the_shop_is_no_form() -> None:
    pies = Mention(
        kind="value", view="sales", name="category", value="Pies", start=0, end=4, text="pies", score=1.0
    )
    assert chart_asked(Links(question="pies", mentions=())) == "pie"
    assert chart_asked(Links(question="pies", mentions=(pies,))) is None


class Talk:
    def __init__(self, workspace: Any, vocabulary: Any, *replies: str) -> None:
        self.engine = ScriptedEngine(replies, adapters=["language"])
        asker = open_asker(workspace, self.engine, vocabulary, adapter="language")
        self.assistant = Assistant(workspace, asker, None, jobs=JOBS, vocabulary=vocabulary)
        self.conversation = Conversation()

    def say(self, message: str) -> Answer:
        answer = list(self.assistant.answer(message, self.conversation))[-1].data
        assert isinstance(answer, Answer)
        return answer


def mark(answer: Answer) -> str | None:
    return answer.chart["mark"]["type"] if answer.chart is not None else None


def test_the_same_rows_are_drawn_otherwise_and_can_still_be_followed(workspace, vocabulary) -> None:
    talk = Talk(workspace, vocabulary)
    first = talk.say("Revenue by country")
    assert mark(first) == "bar"
    pie = talk.say("show as pie")
    assert (mark(pie), pie.tables[0].rows) == ("arc", first.tables[0].rows)
    assert (pie.statement, pie.confidence) == (first.statement, first.confidence)
    assert pie.chart is not None and first.chart is not None
    assert pie.chart["data"] == first.chart["data"]
    assert mark(talk.say("换成柱状图")) == "bar"
    table = talk.say("show me the table")
    assert (table.chart, table.tables[0].rows) == (None, first.tables[0].rows)
    line = talk.say("as a line")
    assert mark(line) == "bar" and any("line needs time" in warning for warning in line.warnings)
    assert talk.say("and in May 2026?").standalone_question == "Revenue by country in May 2026"
    assert not talk.engine.calls


def test_over_time_lines_become_bars(workspace, vocabulary) -> None:
    talk = Talk(workspace, vocabulary)
    assert mark(talk.say("Revenue by month")) == "line"
    bars = talk.say("as a bar chart")
    assert mark(bars) == "bar" and bars.chart is not None
    assert bars.chart["encoding"]["x"]["type"] == "temporal"


def test_without_an_answer_it_is_a_question_like_any_other(workspace, vocabulary) -> None:
    talk = Talk(workspace, vocabulary, "NOTHING", ["NOTHING"] * 3)
    assert talk.say("show as pie").status in ("clarify", "declined")
