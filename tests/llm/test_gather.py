"""Tasks in threads whose engine calls meet in batches: what meets is never up to the clock."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from llm.engine import Completion, Prompt, Request
from llm.errors import InvalidGrammar, UnknownAdapter
from llm.gather import Gathering
from llm.scripted import ScriptedEngine


class Batched(ScriptedEngine):
    """Says what it was asked, and keeps which questions met."""

    def __init__(self) -> None:
        super().__init__(lambda prompt: f"{prompt.rest} {prompt.lead}")
        self.batches: list[list[str]] = []

    def complete_batch(self, requests: Sequence[Request]) -> list[list[Completion]]:
        self.batches.append([request.prompt.rest for request in requests])
        return [self.complete(**vars(request)) for request in requests]


def asks(engine: Any, name: str, calls: int, wait: float = 0.0) -> Callable[[], str]:
    def work() -> str:
        said = ""
        for _ in range(calls):
            time.sleep(wait)
            (completion,) = engine.complete(Prompt(system="", fixed="", rest=name, lead=said))
            said = completion.text
        return said

    return work


def test_calls_meet_and_answers_come_as_tasks_end() -> None:
    engine = Batched()
    gathering = Gathering(engine)
    tasks = [
        asks(gathering, name, calls, wait=0.002 * calls)
        for name, calls in zip("abcde", (2, 1, 3, 0, 1), strict=True)
    ]
    assert list(gathering.run(tasks, together=3)) == ["b ", "", "a a ", "e ", "c c c "]
    assert engine.batches == [["a", "b", "c"], ["a", "c", "e"], ["c"]]


@pytest.mark.parametrize("together", [1, 2, 9])
def test_an_engine_without_batches_is_asked_one_by_one(together: int) -> None:
    engine = ScriptedEngine(lambda prompt: prompt.rest)
    gathering = Gathering(engine)
    found = list(gathering.run([asks(gathering, name, 2) for name in "abcd"], together=together))
    assert found == ["a", "b", "c", "d"]
    assert len(engine.calls) == 8


def test_only_the_task_that_asked_wrongly_hears_of_it() -> None:
    gathering = Gathering(Batched())

    def wrong() -> str:
        with pytest.raises(UnknownAdapter):
            gathering.complete(Prompt(system="", fixed="", rest="x"), adapter="nowhere")
        with pytest.raises(InvalidGrammar):
            gathering.complete(Prompt(system="", fixed="", rest="x"), grammar="start: (")
        return "told"

    assert list(gathering.run([asks(gathering, "a", 2), wrong], together=2)) == ["a a ", "told"]


def test_what_a_task_raises_comes_out_and_the_others_end() -> None:
    gathering = Gathering(ScriptedEngine(lambda prompt: prompt.rest))

    def fails() -> str:
        gathering.complete(Prompt(system="", fixed="", rest="x"))
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        list(gathering.run([asks(gathering, "a", 99), fails], together=2))
    deadline = time.monotonic() + 5
    while any(thread.name == "gathered" for thread in threading.enumerate()):
        assert time.monotonic() < deadline, "a task's thread is still there"
        time.sleep(0.01)


def test_outside_a_run_calls_pass_straight_through() -> None:
    gathering = Gathering(ScriptedEngine(["one", "two"]))
    prompt = Prompt(system="", fixed="", rest="x")
    assert gathering.complete(prompt)[0].text == "one"
    assert "".join(piece.text for piece in gathering.stream(prompt)) == "two"
    assert gathering.name == gathering.engine.name and gathering.adapters == ()


def test_together_below_one_is_wrong_use() -> None:
    with pytest.raises(ValueError, match="together"):
        list(Gathering(ScriptedEngine([])).run([lambda: 1], together=0))
