"""Thumbs are appended, the last one counts, and writers do not mix."""

from __future__ import annotations

import multiprocessing
import threading
from pathlib import Path

import pytest

from bot.answer import Answer
from bot.feedback import MAX_COMMENT, FeedbackLog


def answer(id: str) -> Answer:
    return Answer(
        question="q",
        standalone_question="销售额?",
        language="en",
        skill="ask_sql",
        status="answered",
        text="t",
        id=id,
    )


def write_many(path: Path, start: int) -> None:
    log = FeedbackLog(path)
    for number in range(start, start + 50):
        log.add(answer(str(number)), "up", comment="x" * 1500)


def test_a_verdict_is_read_back(tmp_path: Path):
    log = FeedbackLog(tmp_path / "kept" / "feedback.jsonl")
    written = log.add(answer("a"), "down", comment="wrong month\nreally")
    assert log.read() == [written]
    assert written.standalone_question == "销售额?"
    assert written.at.endswith("+00:00")


def test_nothing_was_said_yet(tmp_path: Path):
    assert FeedbackLog(tmp_path / "none.jsonl").read() == []


def test_a_change_of_mind_replaces_and_taking_back_removes(tmp_path: Path):
    log = FeedbackLog(tmp_path / "feedback.jsonl")
    log.add(answer("a"), "up")
    log.add(answer("b"), "up")
    log.add(answer("a"), "down")
    log.add(answer("b"), "none")
    assert [(f.answer, f.verdict) for f in log.read()] == [("a", "down")]
    assert len((tmp_path / "feedback.jsonl").read_text(encoding="utf-8").splitlines()) == 4


def test_an_unknown_verdict_is_refused(tmp_path: Path):
    with pytest.raises(ValueError, match="one of up, down, none, got 'maybe'"):
        FeedbackLog(tmp_path / "f.jsonl").add(answer("a"), "maybe")  # type: ignore[arg-type]


def test_long_comments_are_cut(tmp_path: Path):
    assert (
        len(FeedbackLog(tmp_path / "f.jsonl").add(answer("a"), "up", comment="x" * 5000).comment)
        == MAX_COMMENT
    )


def test_threads_do_not_mix_lines(tmp_path: Path):
    log = FeedbackLog(tmp_path / "f.jsonl")

    def write(writer: int) -> None:
        for number in range(20):
            log.add(answer(f"{writer}-{number}"), "up")

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(log.read()) == 160


def test_processes_do_not_mix_lines(tmp_path: Path):
    path = tmp_path / "f.jsonl"
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=write_many, args=(path, start)) for start in (0, 50)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [p.exitcode for p in processes] == [0, 0]
    assert len(FeedbackLog(path).read()) == 100


def test_lines_that_are_no_verdict_are_passed_over_with_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    log = FeedbackLog(tmp_path / "f.jsonl")
    log.add(answer("a"), "up")
    with log.path.open("a", encoding="utf-8") as file:
        file.write('{]\n{"verdict": "up"}\n\n[1]\n')
    log.add(answer("b"), "up")
    assert [f.answer for f in log.read()] == ["a", "b"]
    assert [record.getMessage().split(" is no")[0].split(", ")[-1] for record in caplog.records] == [
        "line 2", "line 3", "line 5",
    ]  # fmt: skip


def test_a_line_that_a_crash_left_unfinished_swallows_nothing(tmp_path: Path):
    log = FeedbackLog(tmp_path / "f.jsonl")
    log.add(answer("a"), "up")
    with log.path.open("a", encoding="utf-8") as file:
        file.write('{"answer": "b", "ver')
    log.add(answer("c"), "down")
    assert [f.answer for f in log.read()] == ["a", "c"]
