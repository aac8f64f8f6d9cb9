"""What is kept is made once, closed once, never under somebody who uses it, and all of it in the end."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable

import pytest

from app.errors import HouseClosed
from app.kept import Held, Kept


class Thing:
    """Knows whether it was closed, and complains when it is closed twice or while in use."""

    def __init__(self, name: str = "") -> None:
        self.name = name
        self.users = 0
        self.closed = 0
        self.lock = threading.Lock()

    def close(self) -> None:
        with self.lock:
            assert self.users == 0, f"{self.name} was closed under its user"
            self.closed += 1


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def made() -> list[Thing]:
    return []


@pytest.fixture
def make(made: list[Thing]) -> Callable[[str], Callable[[], Thing]]:
    def of(name: str) -> Callable[[], Thing]:
        def make() -> Thing:
            made.append(Thing(name))
            return made[-1]

        return make

    return of


def names(things: list[Thing], closed: int) -> list[str]:
    return [thing.name for thing in things if thing.closed == closed]


def test_the_one_unused_for_longest_is_closed_first(made, make) -> None:
    kept: Kept[str, Thing] = Kept(2)
    for name in ("a", "b", "a", "c", "a", "b"):
        with kept.lent(name, make(name)):
            pass
    assert [thing.name for thing in made] == ["a", "b", "c", "b"]
    assert names(made, closed=1) == ["b", "c"] and names(made, closed=0) == ["a", "b"]
    assert len(kept) == 2
    assert (kept.has("a"), kept.has("b"), kept.has("c")) == (True, True, False)


def test_one_in_use_is_closed_only_when_it_is_given_back(made, make) -> None:
    kept: Kept[str, Thing] = Kept(1)
    with kept.lent("a", make("a")) as first:
        with kept.lent("b", make("b")) as second, kept.lent("b", make("b")) as again:
            assert second is again
            assert (first.closed, second.closed) == (0, 0), "more than may be kept are in use"
        assert (first.closed, second.closed) == (0, 1), "of the two the idle one goes"
    assert first.closed == 0 and len(kept) == 1


def test_at_the_end_all_are_closed_and_nothing_is_lent_any_more(made, make) -> None:
    kept: Kept[str, Thing] = Kept(5)
    with kept.lent("a", make("a")), kept.lent("b", make("b")):
        with kept.lent("c", make("c")):
            pass
        kept.close()
        kept.close()
        assert names(made, closed=1) == ["c"]
        with pytest.raises(HouseClosed), kept.lent("a", make("a")):
            pass
    assert [thing.closed for thing in made] == [1, 1, 1]


def test_what_cannot_be_made_is_tried_again_by_the_next(made, make) -> None:
    kept: Kept[str, Thing] = Kept(1)

    def fails() -> Thing:
        raise OSError("no such database")

    with pytest.raises(OSError, match="no such database"), kept.lent("a", fails):
        pass
    assert len(kept) == 0 and not kept.has("a")
    with kept.lent("a", make("a")) as thing:
        assert thing is made[0]


def test_an_old_one_is_made_anew_and_closed_when_its_last_user_is_done(made, make) -> None:
    clock = Clock()
    kept: Kept[str, Thing] = Kept(3, renew_s=60, clock=clock)
    with kept.lent("a", make("a")) as old:
        clock.now = 60
        with kept.lent("a", make("a")) as same:
            assert same is old
        clock.now = 61
        assert not kept.has("a")
        with kept.lent("a", make("a")) as new:
            assert new is not old and old.closed == 0
    assert (old.closed, new.closed, len(kept)) == (1, 0, 1)


def test_what_was_given_up_is_not_made_again() -> None:
    held: Held[Thing] = Held()
    thing = Thing()
    with held.used(lambda: thing):
        held.give_up()
        held.give_up()
        assert thing.closed == 0
    assert thing.closed == 1
    with pytest.raises(HouseClosed), held.used(Thing):
        pass


def test_many_threads_share_few_places(made, make) -> None:
    """Eight threads, five keys, two places: each is made once at a time, and closed under nobody."""
    kept: Kept[str, Thing] = Kept(2)
    faults: list[BaseException] = []

    def work(seed: int) -> None:
        dice = random.Random(seed)
        try:
            for _ in range(200):
                name = dice.choice("abcde")
                with kept.lent(name, make(name)) as thing:
                    with thing.lock:
                        thing.users += 1
                    assert thing.name == name and thing.closed == 0
                    with thing.lock:
                        thing.users -= 1
        except BaseException as fault:
            faults.append(fault)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults, faults[0]
    assert len(kept) == 2 and len(names(made, closed=0)) == 2
    kept.close()
    assert {thing.closed for thing in made} == {1}
