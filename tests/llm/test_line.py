"""The line in front of the engine's places."""

from __future__ import annotations

import threading
import time

import pytest

from llm.line import Line
from llm.waiting import Wait, listening


def wait_until(condition: object) -> None:
    """What never happens, the test's own limit ends."""
    while not condition():  # type: ignore[operator]
        time.sleep(0.005)


class People:
    """Threads that take places in a line and hold them until told to go."""

    def __init__(self, line: Line) -> None:
        self.line = line
        self.inside: list[str] = []
        self.heard: dict[str, list[int]] = {}
        self.leave: dict[str, threading.Event] = {}
        self.threads: list[threading.Thread] = []

    def come(self, name: str, count: int = 1) -> None:
        self.heard[name], self.leave[name] = [], threading.Event()

        def hear(wait: Wait) -> None:
            assert wait.what == "line"
            self.heard[name].append(int(wait.values["place"]))

        def stay() -> None:
            with listening(hear), self.line.take(count) as places:
                assert len(places) == count
                self.inside.append(name)
                self.leave[name].wait(10)

        thread = threading.Thread(target=stay)
        self.threads.append(thread)
        thread.start()

    def go(self, *names: str) -> None:
        for name in names:
            self.leave[name].set()


def test_who_comes_first_is_served_first_and_hears_the_place_in_line() -> None:
    people = People(Line(1))
    people.come("a")
    wait_until(lambda: people.inside == ["a"])
    for number, name in enumerate("bcd", start=1):
        people.come(name)
        wait_until(lambda number=number, name=name: people.heard[name] == [number])
    people.go("a")
    wait_until(lambda: people.inside == ["a", "b"] and people.heard["d"] == [3, 2])
    people.go("b")
    wait_until(lambda: people.heard["d"][-1] == 1)
    people.go("c", "d")
    for thread in people.threads:
        thread.join(10)
    assert people.inside == list("abcd")
    assert people.heard == {"a": [], "b": [1], "c": [2, 1], "d": [3, 2, 1]}


def test_who_needs_many_places_is_not_overtaken_for_ever() -> None:
    people = People(Line(3))
    people.come("a")
    wait_until(lambda: people.inside == ["a"])
    people.come("many", count=3)
    wait_until(lambda: people.heard["many"] == [1])
    people.come("late")
    wait_until(lambda: people.heard["late"] == [2])
    assert people.inside == ["a"], "two places are free, and kept for the one who came before"
    people.go("a")
    wait_until(lambda: people.inside == ["a", "many"])
    people.go("many", "late")
    for thread in people.threads:
        thread.join(10)
    assert people.inside == ["a", "many", "late"]


def test_a_cancelled_wait_ends_without_a_place_and_the_others_move_up() -> None:
    line, cancel = Line(1), threading.Event()
    got: list[list[int]] = []

    def wait() -> None:
        with line.take(1, cancel) as places:
            got.append(list(places))

    with line.take():
        waiting = threading.Thread(target=wait)
        waiting.start()
        cancel.set()
        waiting.join(10)
    assert got == [[]]
    with line.take() as places:
        assert places == [0]


def test_the_preferred_place_is_given_if_it_is_free() -> None:
    line = Line(4)
    with (
        line.take(1, prefer=lambda place: place == 2) as first,
        line.take(1, prefer=lambda place: place == 2) as second,
    ):
        assert first == [2] and second != [2]


@pytest.mark.parametrize("count", [0, 3])
def test_more_places_than_there_are_is_wrong_use(count: int) -> None:
    with pytest.raises(ValueError, match="between 1 and 2"), Line(2).take(count):
        pass
