"""What is older than it may be goes; what is younger, the audit log and everything else stays."""

from __future__ import annotations

import datetime as dt
import json
import os
import threading
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.feedback_log import FeedbackLog
from app.settings import Settings
from app.store_tables import CONVERSATIONS
from app.team_store import Store
from app.too_old import forget_older, keep_to_it
from bot.audit import AuditLog
from ui.cli import app

OLD, YOUNG = 200, 10
"""Days."""


def line(days: int) -> str:
    at = dt.datetime.now(dt.UTC) - dt.timedelta(days=days)
    verdict = {"answer": f"a{days}", "question": "Who?", "standalone_question": "Who?", "skill": "ask_sql",
               "sql": [], "verdict": "up", "comment": "", "at": at.isoformat(timespec="seconds")}  # fmt: skip
    return json.dumps(verdict)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    settings = Settings(home=tmp_path, keep_days=180)
    (settings.home / "feedback.jsonl").write_text(f"{line(OLD)}\n{line(YOUNG)}\n", "utf-8")
    assert answers(settings) == ["a200", "a10"]
    with Store.of(settings).begin() as connection:
        for days in (OLD, YOUNG):
            row = {"person": "ana", "id": f"c{days}", "body": "{}", "used_at": ago(days)}
            connection.execute(CONVERSATIONS.insert(), [row])
    readers = settings.shops / "tiny-1" / "readers-1"
    for name, days in (("2025-01-monthly", OLD), ("2026-05-monthly", YOUNG)):
        for suffix in (".json", ".html"):
            aged(readers / "reports" / f"{name}{suffix}", days)
    aged(readers / "indexed.json", YOUNG)
    for name, days in (("old", OLD), ("young", YOUNG)):
        aged(settings.brought / name / "kept.json", days)
        os.utime(settings.brought / name, times=(ago(days), ago(days)))
    return settings


def answers(settings: Settings) -> list[str]:
    """Those that feedback was given on."""
    return [each.answer for each in FeedbackLog.of(settings).read()]


def conversations(settings: Settings) -> list[str]:
    with Store.of(settings).begin() as connection:
        return [row.id for row in connection.execute(CONVERSATIONS.select())]


def ago(days: int) -> float:
    return (dt.datetime.now(dt.UTC) - dt.timedelta(days=days)).timestamp()


def aged(path: Path, days: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("{}", "utf-8")
    os.utime(path, times=(ago(days), ago(days)))


def files(settings: Settings) -> set[str]:
    audit = settings.audit.parent
    return {
        path.relative_to(settings.home).as_posix()
        for path in settings.home.rglob("*")
        if path.is_file() and not path.is_relative_to(audit) and path.suffix != ".lock"
    }


def test_only_what_is_older_goes(settings: Settings) -> None:
    before = files(settings)
    counted = forget_older(settings, 180, is_dry=True)
    assert [(each.store, each.found) for each in counted] == [
        ("feedback", 1), ("conversations", 1), ("past reports", 1), ("files opened on the page", 1),
    ]  # fmt: skip
    assert files(settings) == before
    assert answers(settings) == ["a200", "a10"] and conversations(settings) == ["c200", "c10"]
    assert forget_older(settings, 180, is_dry=False) == counted
    gone = {"reports/2025-01-monthly.json", "reports/2025-01-monthly.html", "indexed.json"}
    assert before - files(settings) == {f"shops/tiny-1/readers-1/{name}" for name in gone} | {
        "brought/old/kept.json"
    }
    assert answers(settings) == ["a10"] and conversations(settings) == ["c10"]
    assert all(each.found == 0 for each in forget_older(settings, 180, is_dry=False))


def test_the_audit_log_stays_and_says_that_it_was_done(settings: Settings) -> None:
    forget_older(settings, 0.5, is_dry=False, person="ana")
    forget_older(settings, 0.5, is_dry=False, person="ana")
    checked = AuditLog(settings.audit).verify()
    assert not checked.problems
    told = settings.audit.read_text("utf-8")
    assert "delete what is older than 0.5 days" in told and "ana" in told


def test_a_server_keeps_to_the_setting(settings: Settings) -> None:
    closing = threading.Event()
    keeping = threading.Thread(target=keep_to_it, args=(settings, closing))
    keeping.start()
    for _ in range(500):
        if answers(settings) == ["a10"]:
            break
        closing.wait(0.02)
    closing.set()
    keeping.join(20)
    assert answers(settings) == ["a10"] and not keeping.is_alive()


def test_without_a_setting_everything_is_kept(settings: Settings) -> None:
    before = files(settings)
    keep_to_it(Settings(home=settings.home), threading.Event())
    assert files(settings) == before


@pytest.mark.parametrize(
    ("arguments", "status", "told"),
    [
        (["--older-than", "180d", "--dry-run"], 0, "Would be deleted"),
        (["--older-than", "26w", "--yes"], 0, "older than 182 days; the audit log stays whole"),
        (["--older-than", "half a year", "--yes"], 2, "such as 180d or 26w"),
        (["--older-than", "180d"], 2, "--dry-run to look first"),
        (["--older-than", "180d", "20002", "--yes"], 2, "Name a customer, or a span"),
        (["--older-than", "180d", "--yes", "--role", "owner"], 2, "all shops together"),
        ([], 2, "Name a customer, or a span"),
    ],
)
def test_the_command(settings: Settings, arguments: list[str], status: int, told: str) -> None:
    result = CliRunner().invoke(app, ["forget", *arguments], env={"SHOPTALK_HOME": str(settings.home)})
    assert result.exit_code == status, result.output
    assert told in result.output
