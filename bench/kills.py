"""Kills a server in the middle of its work, again and again, and looks for what it had said was kept.

    python -m bench.serve --kills 100

Clients ask, go on with their conversations and give thumbs; the server is ended with SIGKILL at a random
moment, and started again over the same files. In the end whatever it had answered 200 to is looked for: the
verdict, the audit log's line (and an unbroken chain), and each question in its conversation.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import httpx

from app.conversations import Conversations
from app.feedback_log import FeedbackLog
from app.person import Person
from app.settings import Settings
from app.team_store import Store
from bench.serving import QUESTION, serve, settings_of
from bot.audit import AuditLog

QUESTIONS = (QUESTION, "And by country?", "Revenue by country last month", "Revenue this year")
TURNS = 6
"""Questions after which a client begins a new conversation."""
START_S = 120.0


@dataclass
class Acknowledged:
    """What clients were told is kept."""

    answers: set[str] = field(default_factory=set)
    verdicts: dict[str, str] = field(default_factory=dict)
    """The last one of each answer, with those that were sent and not acknowledged left out."""
    talks: dict[str, list[str]] = field(default_factory=dict)
    """The questions of each conversation that were answered, in order."""


@dataclass(frozen=True, kw_only=True)
class Lost:
    """What of it is not there any more."""

    kills: int
    answers: int
    """Acknowledged, as the other two."""
    verdicts: int
    turns: int
    lost_audit_rows: int
    lost_verdicts: int
    lost_turns: int
    problems: tuple[str, ...]
    """What ``AuditLog.verify`` finds."""


def kill_often(folder: Path, times: int, *, clients: int = 2, seed: int = 0) -> Lost:
    """Start and kill a server over ``folder`` that many times.

    Args:
        clients: that ask side by side.
    """
    chance, settings, told = random.Random(seed), settings_of(folder), Acknowledged()
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["bench.serving"])
    for _ in range(times):
        ours, theirs = context.Pipe()
        process = context.Process(target=serve, args=(folder, theirs), daemon=True)
        process.start()
        try:
            _run(process.pid, ours, told, clients, chance)
        finally:
            process.kill()
            process.join()
            ours.close()
    return _lost(settings, told, times)


def _run(pid: int | None, ours: Connection, told: Acknowledged, clients: int, chance: random.Random) -> None:
    """Let clients ask, and kill the server some time after the first answer."""
    assert pid is not None
    if not ours.poll(START_S):
        raise RuntimeError("the server did not start")
    address, key = ours.recv()
    first = threading.Event()
    asking = [
        threading.Thread(target=_ask, args=(address, key, told, first, random.Random(chance.random())))
        for _ in range(clients)
    ]
    for each in asking:
        each.start()
    if not first.wait(START_S):
        raise RuntimeError("the server did not answer")
    time.sleep(chance.uniform(0, 0.5))
    os.kill(pid, signal.SIGKILL)
    for each in asking:
        each.join()


def _ask(address: str, key: str, told: Acknowledged, first: threading.Event, chance: random.Random) -> None:
    """One client: asks, goes on and judges until the server is gone."""
    headers = {"Authorization": f"Bearer {key}"}
    with httpx.Client(base_url=address, headers=headers, timeout=START_S) as client:
        try:
            while True:
                conversation = None
                for _ in range(TURNS):
                    question = chance.choice(QUESTIONS)
                    body = {"question": question} | ({"conversation": conversation} if conversation else {})
                    answered = client.post("/v1/ask", json=body).raise_for_status().json()
                    conversation = answered["conversation"]
                    told.answers.add(answered["id"])
                    told.talks.setdefault(conversation, []).append(question)
                    first.set()
                    verdict = chance.choice(("up", "down"))
                    said = {"answer": answered["id"], "verdict": verdict, "comment": "x" * 200}
                    client.post("/v1/feedback", json=said).raise_for_status()
                    told.verdicts[answered["id"]] = verdict
        except httpx.TransportError:
            return


def _lost(settings: Settings, told: Acknowledged, times: int) -> Lost:
    store, log = Store.of(settings), AuditLog(settings.audit)
    ended = {entry["id"] for entry in log.entries() if entry["kind"] == "question"}
    verdicts = {each.answer: each.verdict for each in FeedbackLog(store).read()}
    kept = _questions(store, told.talks)
    lost_turns = sum(
        len(asked) - _common(asked, kept.get(id, ())) for id, asked in told.talks.items()
    )  # fmt: skip
    store.close()
    return Lost(
        kills=times,
        answers=len(told.answers),
        verdicts=len(told.verdicts),
        turns=sum(map(len, told.talks.values())),
        lost_audit_rows=len(told.answers - ended),
        lost_verdicts=sum(verdicts.get(id) != verdict for id, verdict in told.verdicts.items()),
        lost_turns=lost_turns,
        problems=log.verify().problems,
    )


def _questions(store: Store, talks: dict[str, list[str]]) -> dict[str, Sequence[str]]:
    """What stands in each conversation, read as a server would go on with it."""
    conversations = Conversations(store, clock=lambda: time.time() + 3_600)  # nobody holds one any more
    found: dict[str, Sequence[str]] = {}
    for id in talks:
        memory: Any = conversations.begin(Person(id="bench"), id).memory
        found[id] = [turn.question for turn in memory.turns]
    conversations.close()
    return found


def _common(asked: Sequence[str], kept: Sequence[str]) -> int:
    """How many of the questions stand there, in order from the first on."""
    pairs = zip(asked, kept, strict=False)
    return next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(asked), len(kept)))
