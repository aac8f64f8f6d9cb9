"""Thumbs: the last one counts, writers do not mix, and those of an earlier version are taken over."""

from __future__ import annotations

import multiprocessing
import threading
from pathlib import Path

import pytest

from app.feedback_log import FeedbackLog
from app.settings import Settings
from app.team_store import Store
from bot.answer import Answer
from bot.feedback import MAX_COMMENT


def answer(id: str, forgotten: int = 0) -> Answer:
    return Answer(
        question="q", standalone_question="销售额?", language="en", skill="ask_sql", status="answered",
        text="t", id=id, forgotten=forgotten,
    )  # fmt: skip


@pytest.fixture
def log(tmp_path: Path) -> FeedbackLog:
    return FeedbackLog(Store.in_file(tmp_path / "kept" / "store.db"))


def write_many(path: Path, start: int) -> None:
    log = FeedbackLog(Store.in_file(path))
    for number in range(start, start + 25):
        log.add(answer(str(number)), "up", comment="x" * 1500)


def test_a_verdict_is_read_back(log: FeedbackLog) -> None:
    written = log.add(answer("a"), "down", comment="wrong month\nreally")
    assert log.read() == [written]
    assert written.standalone_question == "销售额?" and written.at.endswith("+00:00")


def test_nothing_was_said_yet_and_looking_makes_no_file(log: FeedbackLog, tmp_path: Path) -> None:
    assert log.read() == [] and list(tmp_path.iterdir()) == []


def test_a_change_of_mind_replaces_and_taking_back_removes(log: FeedbackLog) -> None:
    for id, verdict in (("a", "up"), ("b", "up"), ("a", "down"), ("b", "none")):
        log.add(answer(id), verdict)  # type: ignore[arg-type]
    assert [(each.answer, each.verdict) for each in log.read()] == [("a", "down")]


def test_an_unknown_verdict_is_refused(log: FeedbackLog) -> None:
    with pytest.raises(ValueError, match="one of up, down, none, got 'maybe'"):
        log.add(answer("a"), "maybe")  # type: ignore[arg-type]


def test_long_comments_are_cut(log: FeedbackLog) -> None:
    assert len(log.add(answer("a"), "up", comment="x" * 5000).comment) == MAX_COMMENT


def test_of_an_answer_from_before_somebody_was_forgotten_only_the_verdict_is_kept(tmp_path: Path) -> None:
    log = FeedbackLog(Store.in_file(tmp_path / "store.db"), lambda: 2)
    log.add(answer("old", forgotten=1), "up")
    log.add(answer("new", forgotten=2), "up")
    assert [(each.answer, each.standalone_question) for each in log.read()] == [
        ("old", ""),
        ("new", "销售额?"),
    ]


def test_threads_do_not_mix(log: FeedbackLog) -> None:
    def write(writer: int) -> None:
        for number in range(10):
            log.add(answer(f"{writer}-{number}"), "up")

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(log.read()) == 80


def test_processes_do_not_mix_nor_make_the_tables_twice(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=write_many, args=(path, start)) for start in (0, 25)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [p.exitcode for p in processes] == [0, 0]
    assert len(FeedbackLog(Store.in_file(path)).read()) == 50


LINES = """\
{"answer": "a", "question": "q", "standalone_question": "Q", "skill": "ask_sql", "sql": ["SELECT 1"],\
 "verdict": "up", "comment": "", "at": "2026-11-01T10:00:00+00:00"}
{]
{"verdict": "up"}
{"answer": "b", "question": "q", "standalone_question": "Q", "skill": "ask_sql", "sql": [],\
 "verdict": "up", "comment": "", "at": "2026-11-01T10:00:01+00:00"}
{"answer": "b", "ver"""


def test_the_file_of_an_earlier_version_is_taken_over_and_gone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    older = tmp_path / "feedback.jsonl"
    older.write_text(LINES, "utf-8")
    log = FeedbackLog.of(Settings(home=tmp_path))
    assert [(each.answer, each.sql) for each in log.read()] == [("a", ("SELECT 1",)), ("b", ())]
    assert not older.exists()
    told = [record.getMessage().split(", ")[1].split(" is no")[0] for record in caplog.records]
    assert told == ["line 2", "line 3", "line 5"]
    older.write_text(LINES, "utf-8")  # as if it had been cut off before the file was gone
    log.add(answer("b"), "down")
    assert [(each.answer, each.verdict) for each in log.read()] == [("a", "up"), ("b", "down")]
