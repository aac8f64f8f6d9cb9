import logging
import threading
from typing import Any

import pytest
from fake_talk import FakeAssistant

from bot.answer import Answer, Event
from llm.waiting import Wait
from ui.talk import Talk, Turn, Visitor, Visitors, follow, messages_of, turn_at


def talk_with(assistant: Any) -> Talk:
    return Talk(assistant=assistant, new_conversation=list, shop="Shop", role="owner")


def ask(question: str, visitor: Visitor | None = None, assistant: Any = None) -> list[Turn]:
    return list(
        follow(talk_with(assistant or FakeAssistant()), visitor or Visitor(conversation=[]), question)
    )


def test_steps_come_one_by_one_and_the_answer_last() -> None:
    visitor = Visitor(conversation=[])
    seen = []
    for turn in follow(talk_with(FakeAssistant()), visitor, "Revenue by month"):
        messages = messages_of(visitor.turns)
        seen.append((len(turn.steps), bool(turn.text), turn.answer is not None, len(messages)))
    assert seen[0] == (0, False, False, 2)
    assert seen[-1][0] == 3 and seen[-1][2]
    steps = messages_of(visitor.turns)[1]
    assert steps["metadata"]["status"] == "done"
    assert "Understood as: Revenue by month" in steps["content"] and "12 rows in 0.03 s" in steps["content"]


def test_steps_are_told_in_the_language_of_the_question() -> None:
    turn = ask("上个月的销售额是多少？")[-1]
    assert turn.steps[0][0] == "理解为"


@pytest.mark.parametrize(
    ("question", "words"),
    [
        (
            "What do buyers say?",
            ["Loading the language model", "number 1 in line", "Reading 9,711 reviews and reports"],
        ),
        ("顾客怎么说？", ["正在加载语言模型", "第 1 位", "正在读取 9,711 条评论和报告"]),
    ],
)
def test_who_waits_for_something_slow_reads_what_it_is(question: str, words: list[str]) -> None:
    class Slow(FakeAssistant):
        def answer(self, question: str, *more: Any) -> Any:
            first, *rest = super().answer(question, *more)
            yield first
            yield Event(name="waiting", data=Wait(what="model"))
            for place in ("3", "2", "1"):
                yield Event(name="waiting", data=Wait(what="line", values={"place": place}))
            yield Event(name="waiting", data=Wait(what="index", values={"count": "9,711"}))
            yield from rest

    steps = [title for title, _ in ask(question, assistant=Slow())[-1].steps]
    assert all(word in step for word, step in zip(words, steps[1:4], strict=True)), steps


def test_a_bug_becomes_a_sentence_and_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    visitor = Visitor(conversation=[])
    with caplog.at_level(logging.ERROR):
        turn = ask("please crash", visitor)[-1]
    assert "Something broke on our side" in turn.note
    assert "ZeroDivisionError" in caplog.text
    assert "ZeroDivisionError" not in str(messages_of(visitor.turns))
    assert not visitor.is_busy


def test_a_stopped_question_says_so_and_leaves_the_visitor_free() -> None:
    visitor = Visitor(conversation=[])
    running = follow(talk_with(FakeAssistant()), visitor, "answer slowly")
    next(running), next(running), next(running)
    assert visitor.is_busy
    visitor.cancel.set()
    turn = list(running)[-1]
    assert turn.note.startswith("Stopped.")
    assert not visitor.is_busy


@pytest.mark.parametrize("events", [1, 2])
def test_a_closed_generator_counts_as_stopped(events: int) -> None:
    visitor = Visitor(conversation=[])
    running = follow(talk_with(FakeAssistant()), visitor, "answer slowly")
    for _ in range(events):
        next(running)
    running.close()  # type: ignore[attr-defined]
    assert visitor.turns[-1].note.startswith("Stopped.")


def test_nothing_is_asked_while_a_question_is_being_answered() -> None:
    assistant, visitor = FakeAssistant(), Visitor(conversation=[])
    running = follow(talk_with(assistant), visitor, "answer slowly")
    next(running), next(running)
    visitor.turns.append(Turn(question="prices.xlsx", note="This file cannot be opened."))
    assert ask("Stock", visitor, assistant) == []
    assert [t.question for t in visitor.turns] == ["answer slowly", "prices.xlsx"]
    assert not visitor.cancel.is_set()
    running.close()  # type: ignore[attr-defined]
    assert ask("Stock", visitor, assistant)[-1].answer is not None


def test_of_many_questions_at_the_same_moment_one_is_asked() -> None:
    visitor = Visitor(conversation=[])
    start = threading.Barrier(16)
    begun: list[Turn | None] = []

    def press_enter() -> None:
        start.wait()
        begun.append(visitor.begin("Revenue"))

    threads = [threading.Thread(target=press_enter) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(begun) == 16 and len([turn for turn in begun if turn is not None]) == 1
    assert len(visitor.turns) == 1


def test_an_assistant_that_ends_without_an_answer_does_not_hang_the_page() -> None:
    class Silent:
        def answer(self, question: str, conversation: Any = None, cancel: Any = None) -> Any:
            yield Event(
                name="understood", data={"standalone_question": question, "language": "en", "skill": "x"}
            )

    assert ask("hello", assistant=Silent())[-1].note


def test_two_visitors_do_not_mix_and_follow_ups_see_their_own_past() -> None:
    assistant = FakeAssistant()
    visitors = Visitors(list)
    for session, question in (("a", "Revenue"), ("b", "Stock"), ("a", "and by country?")):
        list(follow(talk_with(assistant), visitors.of(session), question))
    assert assistant.seen[2] == ("and by country?", ["Revenue", "and by country?"])
    assert [t.question for t in visitors.of("b").turns] == ["Stock"]


def test_leaving_or_starting_over_stops_the_running_question() -> None:
    visitors = Visitors(list)
    first = visitors.of("a")
    assert visitors.restart("a") is not first
    assert first.cancel.is_set()
    second = visitors.of("a")
    assert visitors.holds("a", second) and not visitors.holds("a", first)
    assert not second.is_next, "nothing was asked before it"
    second.begin("Revenue")
    third, fourth = visitors.restart("a"), visitors.restart("a")
    assert third.is_next and fourth.is_next and not visitors.of("b").is_next
    visitors.leave("b")
    second = fourth
    visitors.leave("a")
    assert second.cancel.is_set() and len(visitors) == 0 and not visitors.holds("a", second)


def test_the_visitor_unused_for_longest_is_forgotten_first() -> None:
    visitors = Visitors(list, most=2)
    oldest = visitors.of("a")
    visitors.of("b"), visitors.of("c")
    assert len(visitors) == 2 and oldest.cancel.is_set()
    assert visitors.of("a") is not oldest


def test_many_threads_get_one_visitor_per_session() -> None:
    visitors = Visitors(list)
    found: list[Visitor] = []
    threads = [threading.Thread(target=lambda: found.append(visitors.of("same"))) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(v) for v in found}) == 1


def test_a_message_leads_back_to_its_turn() -> None:
    visitor = Visitor(conversation=[])
    ask("Revenue", visitor), ask("Stock", visitor)
    messages = messages_of(visitor.turns)
    assert [turn_at(visitor.turns, i) for i in range(len(messages) + 1)] == [0, 0, 0, 1, 1, 1, None]


def test_a_question_back_offers_its_options() -> None:
    common: dict[str, Any] = {
        "question": "best?",
        "standalone_question": "best?",
        "language": "en",
        "skill": "none",
    }
    turn = Turn(question="best?")
    turn.answer = Answer(**common, status="clarify", text="Best by what?", options=("By revenue", "By units"))
    turn.text = turn.answer.text
    assert messages_of([turn])[-1]["options"] == [
        {"label": "By revenue", "value": "By revenue"},
        {"label": "By units", "value": "By units"},
    ]


def test_what_the_asker_types_is_text_not_markup() -> None:
    turn = ask("<img src=x onerror=alert(1)> [a](http://b)")[-1]
    content = messages_of([turn])[0]["content"]
    assert content == r"&lt;img src=x onerror=alert(1)&gt; \[a\](http\://b)"
