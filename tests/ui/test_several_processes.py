"""Servers as processes over one store: one goes on where another began, and a kill loses nothing."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from served_shop import HARD, ask, until
from servers import Server

from app.feedback_log import FeedbackLog
from app.team_store import Store
from bench.kills import kill_often
from bench.serving import QUESTION, serve, settings_of
from bot.audit import AuditLog

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["bench.serving"])


@contextmanager
def server(folder: Path, store: str) -> Iterator[tuple[str, str, Any]]:
    ours, theirs = CONTEXT.Pipe()
    process = CONTEXT.Process(target=serve, args=(folder, theirs, store), daemon=True)
    process.start()
    try:
        assert ours.poll(120)
        address, key = ours.recv()
        yield address, key, process
    finally:
        process.kill()
        process.join()


def client(address: str, key: str) -> httpx.Client:
    return httpx.Client(base_url=address, headers={"Authorization": f"Bearer {key}"}, timeout=60)


@pytest.fixture
def team(postgres_server: Server) -> Server:
    return postgres_server.create_database("team")


@pytest.mark.timeout(300)
def test_two_processes_serve_one_team(team: Server, tmp_path: Path) -> None:
    store = team.admin_url
    with server(tmp_path, store) as (first, key, process), server(tmp_path, store) as (second, _, _):
        with client(first, key) as here, client(second, key) as there:
            begun = ask(here, QUESTION).json()
            went_on = ask(there, "And by country?", conversation=begun["conversation"]).json()
            assert went_on["conversation"] == begun["conversation"]
            assert {row[0] for row in went_on["tables"][0]["rows"]} == {"Germany", "France"}
            back = ask(here, "As a percentage", conversation=begun["conversation"]).json()
            assert back["status"] == "answered" and "country" in back["read_as"]
            judged = there.post("/v1/feedback", json={"answer": back["id"], "verdict": "down"})
            assert judged.status_code == 200, "an answer of the other process"

            held = here.stream(
                "POST", "/v1/ask", json={"question": HARD, "conversation": begun["conversation"]},
                headers={"Accept": "text/event-stream"},
            )  # fmt: skip
            with held as stream:
                lines = stream.iter_lines()  # kept: an iterator that nobody holds hangs up
                next(lines)
                busy = ask(there, QUESTION, conversation=begun["conversation"])
                assert busy.status_code == 409, "one question at a time, wherever it is asked"
                process.kill()

        with client(second, key) as there:
            _elsewhere(team, "ALTER DATABASE team ALLOW_CONNECTIONS false")
            try:
                _elsewhere(
                    team, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'team'"
                )
                told = ask(there, QUESTION)
                assert (told.status_code, told.headers["retry-after"]) == (503, "5")
                assert told.json()["type"] == "urn:shoptalk:problem:store-away"
                assert team.admin_password not in told.text
            finally:
                _elsewhere(team, "ALTER DATABASE team ALLOW_CONNECTIONS true")
            assert ask(there, QUESTION).status_code == 200, "it is used again when it is back"
            until(
                lambda: ask(there, QUESTION, conversation=begun["conversation"]).status_code == 200,
                tries=1_500,
            )  # who was killed in the middle holds it no longer than said
    settings = settings_of(tmp_path, store)
    log = AuditLog(settings.audit)
    assert log.verify().problems == (), "two processes wrote one chain"
    people = {entry.get("person") for entry in log.entries() if entry["kind"] == "question"}
    assert people == {"bench"}
    kept = Store.of(settings)
    assert [(each.answer, each.verdict) for each in FeedbackLog(kept).read()] == [(back["id"], "down")]
    kept.close()
    assert not settings.store_file.exists(), "nothing of it stands beside the given store"


def _elsewhere(team: Server, sql: str) -> None:
    """Through another database of the server: a database does not close itself."""

    replace(team, admin_url=team.admin_url.rpartition("/")[0] + "/shop").execute(sql)


@pytest.mark.timeout(600)
def test_a_kill_at_any_moment_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    lost = kill_often(tmp_path, 10)
    assert lost.answers >= 10 and lost.verdicts
    assert (lost.lost_audit_rows, lost.lost_verdicts, lost.lost_turns) == (0, 0, 0)
    assert lost.problems == ()
    entries = list(AuditLog(settings_of(tmp_path).audit).entries())
    assert all(entry["request"] for entry in entries if entry["kind"] in ("begun", "question"))
