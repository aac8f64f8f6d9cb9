"""Whole conversations: real guard, database, linking and grammar; scripted model, search by words.

After each conversation the database must hold what it held before.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from fakes import WordRetriever

from bot.answer import Answer, Event
from bot.assistant import Assistant
from bot.memory import Conversation
from jobs import JOBS
from llm.engine import Prompt
from llm.scripted import ScriptedEngine
from retrieval.corpus import review_documents
from sql.ask import open_asker
from sql.question.linking import Vocabulary
from sql.shop.workspace import Workspace
from telling.writer import Composed, numbers_without_receipt

TALKS = yaml.safe_load((Path(__file__).parent / "conversations.yml").read_text(encoding="utf-8"))
ORDER = ["understood", "sql", "rows", "text", "chart", "done"]


ADAPTER = "language"


class Model:
    """Writes the turn's statement of the question language; being asked without one fails the test."""

    def __init__(self) -> None:
        self.writes: str | None = None
        self.asked: list[Prompt] = []

    def __call__(self, prompt: Prompt) -> str:
        assert self.writes is not None, f"the model was asked: {prompt.rest}"
        self.asked.append(prompt)
        return self.writes


@pytest.fixture
def model() -> Model:
    return Model()


@pytest.fixture
def assistant(small_workspace: Workspace, small_vocabulary: Vocabulary, model: Model) -> Assistant:
    engine = ScriptedEngine(model, adapters=[ADAPTER])
    asker = open_asker(small_workspace, engine, small_vocabulary, adapter=ADAPTER)
    retriever = WordRetriever(review_documents(small_workspace))
    return Assistant(small_workspace, asker, retriever, jobs=JOBS, vocabulary=small_vocabulary, engine=engine)


def ask(assistant: Assistant, question: str, talk: Conversation | None = None) -> tuple[Answer, list[Event]]:
    events = list(assistant.answer(question, talk))
    names = [event.name for event in events]
    assert names[-1] == "done"
    assert [n for n in ORDER if n in names] == list(dict.fromkeys(names)), "steps come in their order"
    assert names.count("done") == names.count("understood") == 1
    answer = events[-1].data
    assert isinstance(answer, Answer)
    return answer, events


@pytest.mark.parametrize("talk", TALKS, ids=[t["name"] for t in TALKS])
def test_a_conversation(talk: dict[str, Any], assistant: Assistant, model: Model):
    memory = Conversation()
    for turn in talk["turns"]:
        model.writes, model.asked = turn.get("writes"), []
        answer, events = ask(assistant, turn["ask"], memory)
        assert bool(model.asked) == ("writes" in turn), "the model is asked where it must be"
        before = [f"Before: {turn['before']}"] if "before" in turn else []
        for prompt in model.asked:
            assert [line for line in prompt.rest.splitlines() if line.startswith("Before: ")] == before
        check(turn, answer, events)
        assert memory.turns[-1].standalone_question in ("", answer.standalone_question)


def check(turn: dict[str, Any], answer: Answer, events: list[Event]) -> None:
    assert answer.status == turn.get("status", "answered"), answer.text
    for name, value in (
        ("skill", answer.skill),
        ("language", answer.language),
        ("means", answer.standalone_question),
    ):
        assert value == turn.get(name, value), answer.text
    for part in turn.get("says", ()):
        assert part in answer.text
    for part in turn.get("hides", ()):
        assert part not in answer.text
    for option in turn.get("options", ()):
        assert option in answer.options
        assert option in answer.text
    if "cites" in turn:
        assert [hit.document.id for hit in answer.citations] == turn["cites"]
    if "figures" in turn:
        assert [figure.text for figure in answer.figures] == turn["figures"]
    if "warns" in turn:
        assert any(turn["warns"] in warning for warning in answer.warnings), answer.warnings
    assert (answer.chart["mark"]["type"] if answer.chart else None) == turn.get(
        "chart"
    ) or "chart" not in turn
    check_receipts(answer)
    assert {e.name: e.data for e in events}["text"] == answer.text
    assert answer.to_json()["sql"] == [table.query.sql for table in answer.tables]


def check_receipts(answer: Answer) -> None:
    """Every number stands for a cell, repeats the question, or is part of a quote with its id."""
    composed = Composed(text=answer.text, figures=answer.figures, restated=answer.restated)
    assert numbers_without_receipt(composed) == []
    assert not re.search(r"<[a-zA-Z/!]", answer.text)
    for hit in answer.citations:
        assert hit.document.id in answer.text


def test_a_message_of_20_000_characters_is_not_read(assistant: Assistant):
    answer, _ = ask(assistant, "revenue " * 2_500)
    assert answer.status == "declined"
    assert "has 20,000 characters; I read 2,000 at most. Nothing was run." in answer.text
    assert len(answer.question) < 300
    check_receipts(answer)


def test_the_database_is_as_it_was(small_shop_file: Path, assistant: Assistant):
    path = small_shop_file.parent / "shop.duckdb"
    before = path.read_bytes()
    for question in ("drop table raw_sales", "delete order 5", "'; DROP TABLE raw_sales; --", "revenue"):
        ask(assistant, question)
    assert path.read_bytes() == before
    assert not path.with_suffix(".duckdb.wal").exists()
    assert duckdb.__version__


def test_a_conversation_outlives_the_process(assistant: Assistant, tmp_path: Path):
    talk = Conversation()
    ask(assistant, "What was the revenue last month?", talk)
    talk.save(tmp_path / "talk.json")
    again = Conversation.load(tmp_path / "talk.json")
    turn = again.turns[0]
    assert (turn.metric, turn.period, turn.sql) == (
        "revenue",
        ("2026-05-01", "2026-06-01"),
        talk.turns[0].sql,
    )
    answer, _ = ask(assistant, "and by country?", again)
    assert answer.standalone_question == "What was the revenue last month by country?"
    assert len(answer.tables[0].rows) == 3


def test_two_conversations_do_not_mix(assistant: Assistant, model: Model):
    first, second = Conversation(), Conversation()
    ask(assistant, "Total revenue", first)
    answer, _ = ask(assistant, "and by country?", second)
    assert answer.status == "clarify"
