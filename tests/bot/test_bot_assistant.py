"""The way of a question: events in order, errors in words, stopping at any point, one line in the log."""

from __future__ import annotations

import dataclasses
import itertools
import json
import logging
import threading
import time
from collections.abc import Callable

import pytest
from fakes import WordRetriever, WrittenAsker

from bot.answer import Answer
from bot.assistant import Assistant
from bot.job import Request, Tools
from bot.memory import Conversation
from jobs import JOBS
from llm.errors import EngineUnavailable, WeightsMissing
from llm.waiting import Wait, tell
from retrieval.corpus import review_documents
from retrieval.errors import IndexCorrupt
from retrieval.types import Filters, Hit
from sql.ask import CannotAnswer
from sql.errors import (
    DatabaseUnavailable,
    NotAllowed,
    QueryCancelled,
    QueryFailed,
    QueryTimeout,
    QueryTooLarge,
    UnknownName,
    UnsafeQuery,
)
from sql.question.answerable import Verdict
from sql.question.linking import Mention, Vocabulary
from sql.shop.workspace import Workspace
from telling.evidence import Evidence

MONTHLY = "SELECT DATE_TRUNC('month', ordered_at) AS month, SUM(amount) AS revenue FROM sales GROUP BY 1"

EMAIL = Mention(kind="column", view="customers", name="email", start=0, end=5, text="email", score=1.0)
Make = Callable[..., Assistant]


@pytest.fixture
def make(workspace: Workspace, vocabulary: Vocabulary) -> Make:
    def made(reply: str | Exception = MONTHLY, **more: object) -> Assistant:
        asker = WrittenAsker(workspace, vocabulary, {}, **more)  # type: ignore[arg-type]
        asker.default = reply
        return Assistant(
            workspace, asker, WordRetriever(review_documents(workspace)), jobs=JOBS, vocabulary=vocabulary
        )

    return made


def last(assistant: Assistant, question: str, **more: object) -> Answer:
    answer = list(assistant.answer(question, **more))[-1].data  # type: ignore[arg-type]
    assert isinstance(answer, Answer)
    return answer


def test_the_steps_of_a_figure(make: Make):
    events = list(make().answer("Revenue by month"))
    assert [e.name for e in events] == ["understood", "sql", "rows", "text", "chart", "done"]
    answer = events[-1].data
    assert events[0].data == {
        "standalone_question": "Revenue by month",
        "language": "en",
        "skill": "ask_sql",
    }
    assert events[1].data["sql"] == answer.tables[0].query.sql
    assert events[2].data is answer.tables[0]
    assert events[3].data == answer.text
    assert events[4].data == answer.chart
    assert answer.seconds["total"] >= answer.seconds["understand"]
    assert len(answer.id) == 12


def test_who_waits_is_told_for_what(make: Make):
    """What is made in the worker's thread is told among the question's own steps."""

    class Loading(WrittenAsker):
        def ask(self, question: str, **more: object) -> object:
            tell(Wait(what="model"))
            return super().ask(question, **more)  # type: ignore[arg-type]

    assistant = make()
    tools = assistant.tools
    asker = Loading(tools.workspace, tools.vocabulary, {})
    asker.default = MONTHLY
    assistant.tools = dataclasses.replace(tools, asker=asker)
    events = list(assistant.answer("Revenue by month"))
    assert [e.name for e in events][:4] == ["understood", "waiting", "sql", "rows"]
    assert events[1].data == Wait(what="model")


def test_the_first_step_does_not_wait_for_the_model(make: Make):
    gate = threading.Event()
    events = make(gate=gate).answer("Revenue by month")
    assert next(events).name == "understood"
    gate.set()  # and only now may the model write
    assert list(events)[-1].data.status == "answered"


def test_the_json_is_the_public_contract(make: Make):
    data = last(make(), "Revenue by month").to_json()
    json.dumps(data)
    assert set(data) >= {
        "question", "standalone_question", "language", "skill", "status", "text", "sql", "tables", "chart",
        "citations", "figures", "confidence", "warnings", "seconds",
    }  # fmt: skip
    assert set(data["seconds"]) >= {"understand", "draft", "run", "total"}
    assert data["tables"][0]["columns"][0] == {
        "name": "month",
        "type": data["tables"][0]["columns"][0]["type"],
    }
    assert data["figures"][0].keys() == {"text", "table", "row", "column"}


@pytest.mark.parametrize(
    ("error", "status", "part"),
    [
        (
            CannotAnswer(Verdict(kind="missing", missing=("ghosts",))),
            "declined",
            "I find nothing for “ghosts”",
        ),
        (
            CannotAnswer(Verdict(kind="missing", why="the question names nothing")),
            "declined",
            "cannot answer that: the question names nothing.",
        ),
        (CannotAnswer(Verdict(kind="hidden", hidden=(EMAIL,))), "declined", "may not see email"),
        (NotAllowed("SELECT 1", "customers.email is hidden"), "declined", "customers.email is hidden"),
        (UnknownName("SELECT 1", "no column x"), "failed", "passes the checks: no column x"),
        (UnsafeQuery("DELETE", "expected a query"), "failed", "passes the checks: expected a query"),
        (QueryFailed("Binder Error: secret"), "failed", "the database accepts"),
        (QueryTimeout("10 s"), "failed", "took too long for the role analyst"),
        (QueryTooLarge("1 GB"), "failed", "more memory or more work than the role analyst may use"),
        (
            DatabaseUnavailable("shop.duckdb is gone."),
            "failed",
            "cannot be read: shop.duckdb is gone. Nothing",
        ),
        (WeightsMissing("Run shoptalk doctor."), "failed", "language model is not available"),
        (EngineUnavailable("no server"), "failed", "language model is not available"),
    ],
)
def test_expected_errors_become_words(error: Exception, status: str, part: str, make: Make):
    talk = Conversation()
    events = list(make(error).answer("Revenue by month", talk))
    answer = events[-1].data
    assert [e.name for e in events] == ["understood", "text", "done"]
    assert (answer.status, answer.skill) == (status, "ask_sql")
    assert part in answer.text
    assert talk.turns[-1].status == status
    assert talk.last is None


def test_error_messages_are_escaped_and_show_no_statement(make: Make):
    answer = last(make(UnsafeQuery("SELECT secret", "<b>[x](http://e)</b>")), "Revenue by month")
    assert "<b>" not in answer.text
    assert "](http:" not in answer.text
    assert "secret" not in answer.text


def test_a_broken_index_is_told(workspace: Workspace, vocabulary: Vocabulary, tmp_path):
    class Broken:
        def search(self, text: str, k: int, filters: Filters | None = None) -> list[Hit]:
            raise IndexCorrupt(tmp_path, "a file was changed")

    assistant = Assistant(workspace, None, Broken(), jobs=JOBS, vocabulary=vocabulary)
    answer = last(assistant, "What do buyers say about the battery?")
    assert answer.status == "failed"
    assert "index of texts cannot be used" in answer.text
    assert "a file was changed" in answer.text


def test_without_model_or_index_the_rest_works(workspace: Workspace, vocabulary: Vocabulary):
    assistant = Assistant(workspace, None, None, jobs=JOBS, vocabulary=vocabulary)
    assert last(assistant, "help").status == "answered"
    assert "doctor" in last(assistant, "Revenue by month").text
    assert last(assistant, "What do buyers say about the battery?").status == "declined"


def test_a_bug_is_logged_and_rises(make: Make, caplog: pytest.LogCaptureFixture):
    with pytest.raises(ZeroDivisionError):
        list(make(ZeroDivisionError("ours")).answer("Revenue by month"))
    assert [r.levelname for r in caplog.records] == ["ERROR"]
    assert "failed in job ask_sql" in caplog.text


@pytest.mark.parametrize("steps", [0, 1, 2, 3])
def test_stopping_at_any_point_ends_in_stopped(steps: int, make: Make):
    cancel = threading.Event()
    events = make().answer("Revenue by month", cancel=cancel)
    seen = [e.name for e in itertools.islice(events, steps)]
    cancel.set()
    rest = list(events)
    assert [e.name for e in rest][-2:] == ["text", "done"]
    answer = rest[-1].data
    assert (answer.status, answer.text) == ("failed", "Stopped. Nothing was changed.")
    assert answer.chart is None
    assert len(seen) == steps


def test_stopping_does_not_wait_for_the_model(make: Make):
    """Not even for one that does not hear: it is still at it when the answer is there."""
    has_begun, gate, has_ended = threading.Event(), threading.Event(), threading.Event()

    class Deaf(WrittenAsker):
        def ask(self, question: str, **more: object) -> object:
            has_begun.set()
            gate.wait(60)
            has_ended.set()
            raise QueryCancelled("stopped")

    assistant = make()
    tools = assistant.tools
    assistant.tools = dataclasses.replace(tools, asker=Deaf(tools.workspace, tools.vocabulary, {}))
    cancel = threading.Event()
    events = assistant.answer("上个月的销售额是多少？", cancel=cancel)
    next(events)
    threading.Thread(target=lambda: has_begun.wait(60) and cancel.set()).start()
    answer = list(events)[-1].data
    assert has_begun.is_set() and not has_ended.is_set()
    gate.set()
    assert answer.text == "已停止。没有任何改动。"


def test_closing_the_stream_stops_the_job(workspace: Workspace, vocabulary: Vocabulary):
    stopped = threading.Event()

    def wait(request: Request, tools: Tools) -> Evidence:
        request.on_sql("SELECT 1")
        if request.cancel.wait(60):
            stopped.set()
        return Evidence()

    slow = tuple(dataclasses.replace(job, run=wait) for job in JOBS)
    events = Assistant(workspace, None, None, jobs=slow, vocabulary=vocabulary).answer("Revenue by month")
    assert [next(events).name, next(events).name] == ["understood", "sql"]
    events.close()  # type: ignore[attr-defined]
    assert stopped.wait(60)


def test_one_line_is_logged_and_no_word_of_the_asker(make: Make, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.INFO)
    answer = last(make(), "Revenue by month for Germany")
    lines = [r.getMessage() for r in caplog.records if r.name == "bot.assistant"]
    assert len(lines) == 1
    assert lines[0].startswith(f"question {answer.id} skill=ask_sql status=answered seconds=")
    assert lines[0].endswith("rows=12")
    assert "Germany" not in caplog.text


def test_several_people_may_ask_at_once(make: Make):
    gate = threading.Event()
    assistant = make(gate=gate)
    answers: list[Answer] = []
    threads = [
        threading.Thread(target=lambda: answers.append(last(assistant, "Revenue by month"))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    while len(assistant.tools.asker.asked) < 8:  # type: ignore[union-attr]
        time.sleep(0.01)
    gate.set()  # all of them are under way
    for thread in threads:
        thread.join()
    assert [a.status for a in answers] == ["answered"] * 8
    assert len({a.id for a in answers}) == 8


def test_warnings_are_sentences_in_the_askers_language(make: Make):
    answer = last(make(confidence=0.1), "每个月的销售额")
    assert answer.warnings == ("我不确定这条查询是否符合您的意思，请核对。",)
    assert answer.confidence == 0.1


def test_other_languages_are_answered_in_english_with_a_note(make: Make):
    answer = last(make(), "Zeige mir den Umsatz nach Land für Kitchen: revenue by country")
    assert answer.language == "de"
    assert answer.text.startswith("I answer in English or Chinese")
    assert "Revenue" in answer.text
