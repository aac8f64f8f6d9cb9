"""Thanks, "are you sure?", "what does that mean?": answered as such, and nothing is run or left behind."""

from __future__ import annotations

import pytest
from fakes import WrittenAsker

from bot.answer import Answer
from bot.assistant import Assistant
from bot.courtesies import courtesy_of
from bot.memory import Conversation, Turn
from jobs import JOBS

READ = Turn(
    question="revenue in May",
    standalone_question="revenue in May",
    skill="ask_sql",
    status="answered",
    read_as="revenue, May 2026.",
    confidence=0.86,
)
SAID: list[tuple[str, str]] = [
    ("thanks", "thanks"),
    ("Thank you very much!", "thanks"),
    ("ok great, thx", "thanks"),
    ("好的，谢谢你", "thanks"),
    ("Are you sure?", "how_sure"),
    ("really? are you sure about that?", "how_sure"),
    ("is that right", "how_sure"),
    ("你确定吗？", "how_sure"),
    ("这个准吗", "how_sure"),
    ("What does that mean?", "what_it_means"),
    ("how did you get that", "what_it_means"),
    ("这是什么意思", "what_it_means"),
    ("怎么算的？", "what_it_means"),
]
NOT_SAID = [
    "thanks, and in June?",
    "how many thank-you cards did we sell",
    "is that right for Germany too",
    "what does shipping cost",
    "are you sure that revenue fell in May",
    "谢谢，那六月呢",
    "确定收货的订单有多少",
    "平均客单价怎么算的",
]


@pytest.mark.parametrize(("message", "key"), SAID)
def test_it_is_answered_as_what_it_is(message: str, key: str) -> None:
    courtesy = courtesy_of(message, READ)
    assert courtesy is not None and courtesy.key == key


@pytest.mark.parametrize("message", NOT_SAID)
def test_a_question_with_such_words_stays_a_question(message: str) -> None:
    assert courtesy_of(message, READ) is None


def test_without_an_answer_there_is_nothing_to_explain() -> None:
    for last in (None, Turn(question="x", standalone_question="x", skill="none", status="declined")):
        courtesy = courtesy_of("are you sure?", last)
        assert courtesy is not None and courtesy.key == "nothing_to_explain"


def test_nothing_is_run_and_the_question_before_is_still_gone_on_from(workspace, vocabulary) -> None:
    asker = WrittenAsker(workspace, vocabulary, {})
    assistant = Assistant(workspace, asker, None, jobs=JOBS, vocabulary=vocabulary)
    conversation = Conversation()

    def said(message: str) -> Answer:
        answer = list(assistant.answer(message, conversation))[-1].data
        assert isinstance(answer, Answer)
        return answer

    said("Revenue by country")
    thanked = said("thanks!")
    assert thanked.status == "answered" and thanked.tables == () and "welcome" in thanked.text
    assert len(asker.asked) == 1
    assert said("and in May 2026?").standalone_question == "Revenue by country in May 2026"
