"""What is slow is made at its first use: once, in front of all who wait, and again after a failure."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from app.once import Once
from llm.waiting import Wait, listening, tell

MODEL = Wait(what="model")


def together(work: Callable[[], object], times: int = 8) -> None:
    threads = [threading.Thread(target=work) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not any(thread.is_alive() for thread in threads)


def test_many_who_ask_at_once_get_the_one_that_the_first_made() -> None:
    made: list[object] = []
    gate = threading.Barrier(8)

    def make() -> object:
        made.append(object())
        return made[-1]

    once, got = Once[object](), list[object]()

    def ask() -> None:
        gate.wait(30)
        got.append(once.get(make))

    assert not once.is_made and made == []
    together(ask)
    assert len(made) == 1 and once.is_made
    assert got == made * 8


def test_a_failure_is_told_to_who_made_it_and_the_next_one_tries_again() -> None:
    outcomes = iter([OSError("disk full"), "index"])

    def make() -> str:
        outcome = next(outcomes)
        if isinstance(outcome, OSError):
            raise outcome
        return str(outcome)

    once = Once()
    with pytest.raises(OSError, match="disk full"):
        once.get(make)
    assert not once.is_made
    assert once.get(make) == once.get(make) == "index"


def test_nothing_can_be_made_as_well() -> None:
    made: list[int] = []
    once = Once[None]()
    for _ in "first", "second":
        assert once.get(lambda: made.append(1)) is None
    assert made == [1]


def test_who_comes_while_it_is_made_is_told_what_it_is_at() -> None:
    has_begun, may_end = threading.Event(), threading.Event()

    def make() -> str:
        tell(MODEL)
        has_begun.set()
        may_end.wait(30)
        return "engine"

    once = Once()
    heard: dict[str, list[Wait]] = {"first": [], "second": []}

    def ask(name: str) -> None:
        def hear(wait: Wait) -> None:
            heard[name].append(wait)
            if name == "second":
                may_end.set()  # only once the second was told does the making end

        with listening(hear):
            once.get(make)

    first = threading.Thread(target=ask, args=("first",))
    first.start()
    assert has_begun.wait(30)
    ask("second")
    first.join(30)
    assert heard == {"first": [MODEL], "second": [MODEL]}


def test_listeners_of_two_threads_do_not_mix() -> None:
    heard: list[Wait] = []
    with listening(heard.append):
        together(lambda: tell(MODEL))
        assert heard == []
        tell(MODEL)
    tell(MODEL)
    assert heard == [MODEL]
