"""The audit log: whole lines from many writers, and no change to it that is not found."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.audit import AuditLog, audited
from bot.errors import NotRecorded
from sql.record import Statement, note

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def log(tmp_path: Path) -> AuditLog:
    return AuditLog(tmp_path / "audit" / "audit.jsonl")


def ask(log: AuditLog, question: str, sql: str = "SELECT 1") -> None:
    entry = log.begin("question", question, shop="Tiny", role="clerk", user={"store": "Berlin"})
    entry.note(Statement(sql=sql, verdict="ran", rows=3, seconds=0.1234567))
    entry.end("answered", standalone_question=f"{question}!", skill="ask_sql")


def lines(log: AuditLog) -> list[bytes]:
    return log.path.read_bytes().splitlines(keepends=True)


def test_a_question_is_one_line_with_all_of_it(log: AuditLog) -> None:
    entry = log.begin("question", "Umsatz — 销售额?", shop="Tiny", role="clerk", user={"store": ("A", 2)})
    entry.note(Statement(sql="DROP TABLE x", verdict="refused", reason="no query"))
    entry.note(Statement(sql="SELECT 1", verdict="ran", rows=3, seconds=0.1234567))
    entry.end("answered", standalone_question="whole", skill="ask_sql")
    begun, told = log.entries()
    assert begun["kind"] == "begun" and begun["of"] == "question" and begun["id"] == told["id"]
    assert told.pop("seconds") >= 0 and told.pop("time").endswith("+00:00")
    del told["id"], told["previous"]
    assert told.pop("salt") != begun["salt"]
    assert told == {
        "n": 2, "kind": "question", "question": "Umsatz — 销售额?", "shop": "Tiny", "role": "clerk",
        "person": "", "request": "", "user": {"store": ["A", 2]}, "standalone_question": "whole",
        "skill": "ask_sql", "status": "answered", "rows": 3,
        "statements": [
            {"sql": "DROP TABLE x", "verdict": "refused", "reason": "no query", "rows": 0, "seconds": 0},
            {"sql": "SELECT 1", "verdict": "ran", "reason": "", "rows": 3, "seconds": 0.123},
        ],
    }  # fmt: skip


def test_an_untouched_log_verifies(log: AuditLog) -> None:
    assert log.verify().problems == ()
    for i in range(5):
        ask(log, f"q{i}\u2028\ud800\n\x00")  # no character of a question breaks a line
    found = log.verify()
    assert (found.lines, found.problems, found.unfinished, found.broken_off) == (10, (), (), 0)
    assert log.verify(known=[found.head]).problems == ()
    ask(log, "later")
    assert log.verify(known=[found.head]).problems == ()
    assert "which was known" in log.verify(known=["f" * 64]).problems[0]


def changed(text: list[bytes]) -> list[bytes]:
    return [line.replace(b"SELECT 1", b"SELECT 2") if i == 3 else line for i, line in enumerate(text)]


def put_in(text: list[bytes]) -> list[bytes]:
    return [*text[:4], text[1], *text[4:]]


TAMPERED: dict[str, Callable[[list[bytes]], list[bytes]]] = {
    "changed": changed,
    "first line changed": lambda t: [t[0].replace(b"begun", b"begum"), *t[1:]],
    "last line changed": lambda t: [*t[:-1], t[-1].replace(b"clerk", b"owner")],
    "removed": lambda t: [*t[:3], *t[4:]],
    "first removed": lambda t: t[1:],
    "last removed": lambda t: t[:-1],
    "last two removed": lambda t: t[:-2],
    "all removed": lambda t: [],
    "moved": lambda t: [*t[:2], t[4], t[3], t[2], *t[5:]],
    "put in": put_in,
    "made unreadable": lambda t: [*t[:2], b"xxx\n", *t[3:]],
    "last cut short": lambda t: [*t[:-1], t[-1][:20]],
    "added at the end": lambda t: [*t, t[-1], t[-1]],
}


@pytest.mark.parametrize("how", sorted(TAMPERED))
@pytest.mark.parametrize("goes_on", [False, True], ids=["at once", "after more questions"])
def test_no_tampering_stays_unseen(log: AuditLog, how: str, goes_on: bool) -> None:
    for i in range(4):
        ask(log, f"q{i}")
    log.path.write_bytes(b"".join(TAMPERED[how](lines(log))))
    if goes_on:
        ask(log, "afterwards")
        assert list(log.entries())[-1]["question"] == "afterwards", "what comes later is still kept"
    assert log.verify().problems, how


@pytest.mark.parametrize("goes_on", [False, True])
def test_a_removed_head_is_seen(log: AuditLog, goes_on: bool) -> None:
    ask(log, "q")
    log.path.with_suffix(".head").unlink()
    if goes_on:
        ask(log, "afterwards")
    assert "head" in log.verify().problems[0]


def test_a_line_that_a_crash_cut_short_is_told_and_is_no_tampering(log: AuditLog) -> None:
    ask(log, "q")
    with log.path.open("ab") as file:
        file.write(b'{"n": 3, "time": "2026')
    assert (log.verify().problems, log.verify().broken_off) == ((), 1)
    ask(log, "afterwards")
    found = log.verify()
    assert (found.problems, found.broken_off) == ((), 1)
    assert [e["kind"] for e in log.entries()] == ["begun", "question", "remark", "begun", "question"]


def test_a_crash_between_line_and_head_is_no_tampering(log: AuditLog) -> None:
    ask(log, "q")
    head = log.path.with_suffix(".head").read_bytes()
    log.append({"kind": "begun", "id": "x"})
    log.path.with_suffix(".head").write_bytes(head)
    assert log.verify().problems == ()
    ask(log, "afterwards")
    assert log.verify().problems == ()


def test_a_question_that_never_ended_is_seen(log: AuditLog) -> None:
    log.begin("question", "q", shop="Tiny", role="clerk", id="lost")
    assert log.verify().unfinished == ("lost",)


def test_a_statement_that_ends_after_its_question_is_kept_too(log: AuditLog) -> None:
    entry = log.begin("question", "q", shop="Tiny", role="clerk", id="a")
    entry.end("failed")
    entry.end("answered")
    entry.note(Statement(sql="SELECT late", verdict="stopped"))
    assert [e["kind"] for e in log.entries()] == ["begun", "question", "late"]
    assert list(log.entries())[-1]["statements"][0]["sql"] == "SELECT late"
    assert log.verify().unfinished == ()


def test_the_chain_goes_on_through_new_files(log: AuditLog) -> None:
    log.max_bytes = 1_000
    for i in range(12):
        ask(log, f"q{i}")
    names = [path.name for path in log.files()]
    assert names[:2] == ["audit-000001.jsonl", "audit-000002.jsonl"] and names[-1] == "audit.jsonl"
    assert log.verify().problems == () and log.verify().lines == 24
    assert [e["n"] for e in log.entries()] == list(range(1, 25))
    log.files()[1].unlink()
    assert log.verify().problems


def test_a_new_file_may_be_the_moment_of_a_crash(log: AuditLog) -> None:
    ask(log, "q")
    os.replace(log.path, log.path.with_stem("audit-000001"))
    ask(log, "afterwards")
    assert log.verify().problems == () and log.verify().lines == 4


@pytest.mark.skipif(os.name != "posix", reason="modes of files are POSIX's")
def test_only_its_owner_may_read_the_log(log: AuditLog) -> None:
    ask(log, "q")
    assert {p.name: p.stat().st_mode & 0o777 for p in log.path.parent.iterdir()} == {
        "audit.jsonl": 0o600, "audit.head": 0o600, "audit.lock": 0o600,
    }  # fmt: skip
    assert log.path.parent.stat().st_mode & 0o777 == 0o700
    log.path.chmod(0o644)
    ask(log, "q")
    assert log.path.stat().st_mode & 0o777 == 0o600


def test_threads_and_processes_write_one_chain(log: AuditLog) -> None:
    script = (
        "import sys; from pathlib import Path; from bot.audit import AuditLog\n"
        "log = AuditLog(Path(sys.argv[1]), max_bytes=4000)\n"
        "for i in range(15): log.begin('question', f'p{i}', shop='s', role='r').end('answered')"
    )
    log.max_bytes = 4_000
    others = [subprocess.Popen([sys.executable, "-c", script, str(log.path)], cwd=ROOT) for _ in range(2)]
    threads = [threading.Thread(target=lambda: [ask(log, "t") for _ in range(10)]) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [other.wait(60) for other in others] == [0, 0]
    found = log.verify()
    assert (found.lines, found.problems) == (2 * (2 * 15 + 3 * 10), ())


def test_a_log_that_cannot_be_written_refuses_before_anything_is_done(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    log = AuditLog(tmp_path / "file" / "audit.jsonl")
    entered = False
    with (
        pytest.raises(NotRecorded, match=r"file.*cannot be written.*nothing was changed.*ask again"),
        audited(log, "report", "monthly", shop="s", role="r"),
    ):
        entered = True
    assert not entered


def test_a_half_written_line_is_an_error_and_the_next_one_stands_alone(
    log: AuditLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(log, "q")
    write = os.write
    with monkeypatch.context() as full:
        full.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:30]))
        with pytest.raises(NotRecorded, match="30 of"):
            log.append({"kind": "begun"})
    ask(log, "afterwards")
    assert (log.verify().problems, log.verify().broken_off) == ((), 1)


def test_what_a_block_does_is_told_with_how_it_ended(log: AuditLog) -> None:
    with audited(log, "report", "monthly", shop="s", role="r"):
        note(Statement(sql="SELECT 1", verdict="ran", rows=1))
    with pytest.raises(ValueError, match="bug"), audited(log, "search", "x", shop="s", role="r"):
        raise ValueError("a bug")
    done, failed = (e for e in log.entries() if e["kind"] != "begun")
    assert (done["status"], len(done["statements"])) == ("done", 1)
    assert (failed["status"], failed["reason"]) == ("failed", "ValueError")
    assert "a bug" not in json.dumps(failed)
    note(Statement(sql="SELECT 2", verdict="ran"))
    assert len(list(log.entries())) == 4
