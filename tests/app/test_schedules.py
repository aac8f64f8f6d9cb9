"""Schedules: each run once, in its person's name, whatever is killed, missed, refused or revoked."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from roles_shop import build_roles_shop
from ui_shop import SHOP, Writer, build_shop

from app.errors import NotDelivered, WrongUse
from app.finding import find_shop
from app.house import House
from app.keyring import Keyring
from app.library import open_texts
from app.schedules import Schedule, Schedules, read_timetable
from app.schedules.lookup import schedules_of
from app.schedules.runner import POLL_S, WAITS, Runner
from app.schedules.targets import Parcel, Target, into_folder
from app.settings import Settings
from jobs.report.archive import Archive
from sql.shop.workspace import open_workspace
from sql.traces import Traces

pytestmark = pytest.mark.long

FIRST = dt.datetime(2026, 7, 1, 5, tzinfo=dt.UTC)
"""07:00 in Berlin."""
DAY = dt.timedelta(days=1)


class Place:
    """A shop, its schedules, and a clock that stands still."""

    def __init__(self, folder: Path, shop: Path) -> None:
        self.settings = Settings(home=folder / "home")
        self.shop = shop
        self.out = folder / "out"
        self.now = FIRST
        self.schedules = schedules_of(self.settings, find_shop(self.settings, str(shop)))
        self.house = House(self.settings, load=lambda _: Writer("SELECT revenue FROM sales"))
        self.told: list[tuple[str, Parcel]] = []
        self.refusals: list[Exception] = []
        self.runner = Runner(
            self.house, {"folder": into_folder, "mail": self.courier}, tell=str, clock=lambda: self.now
        )

    def courier(self, target: Target, parcel: Parcel) -> None:
        if self.refusals:
            raise self.refusals.pop(0)
        self.told.append((target.place, parcel))

    def add(self, what: str = "monthly report", **changed: Any) -> Schedule:
        timetable = read_timetable("day at 07:00")
        assert timetable is not None
        schedule = Schedule(
            what=what, message="" if what == "monthly report" else what, language="en", timetable=timetable,
            to=(str(self.out),), shop=str(self.shop), zone="Europe/Berlin", person="anna", role=None,
            due=timetable.next_after(FIRST - DAY / 2, ZoneInfo("Europe/Berlin")),
        )  # fmt: skip
        schedule = replace(schedule, **changed)
        self.schedules.add(schedule)
        return schedule

    def run_due(self) -> Schedule:
        self.runner.run_due(self.schedules)
        [schedule] = self.schedules.all()
        return schedule

    def files(self) -> list[str]:
        return sorted(path.name for path in self.out.glob("*"))


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_roles_shop(tmp_path_factory.mktemp("scheduled"))


@pytest.fixture
def place(tmp_path: Path, shop: Path) -> Iterator[Place]:
    found = Place(tmp_path, shop)
    yield found
    found.house.close()


def test_a_report_is_delivered_once_archived_and_found_again(place: Place) -> None:
    added = place.add()
    assert place.schedules.all() == [added], "what is kept is what was added"
    place.now = FIRST - DAY / 48
    assert place.run_due().last is None, "half an hour too early"
    place.now = FIRST
    ran = place.run_due()
    assert ran.last is not None and ran.last.outcome == "delivered" and ran.due == FIRST + DAY
    assert place.files() == [f"2026-07-01-0700-monthly-report-{ran.id[:4]}.html"]
    assert "Tiny: monthly report, May 2026" in (place.out / place.files()[0]).read_text("utf-8")
    place.run_due()
    assert len(place.files()) == 1
    [folder] = place.schedules.folder.parent.glob("readers-*")
    assert Archive(folder / "reports").ids() == ("2026-05-monthly",)
    workspace = open_workspace(find_shop(place.settings, str(place.shop)))
    try:
        index = open_texts(place.settings, workspace)
        assert index is not None and "report:2026-05-monthly#overview" in index.ids()
        place.add("What was the revenue last month?")
        place.runner.run_due(place.schedules)
        index = open_texts(place.settings, workspace)
    finally:
        workspace.close()
    [id] = [id for id in Archive(folder / "reports").ids() if id.startswith("2026-07-01-0700-")]
    assert index is not None and f"report:{id}#answer" in index.ids(), "an answer is found as a report is"
    assert "150" in Archive(folder / "reports").load(id).sections[0].text


def test_runs_that_were_missed_are_made_up_for_once(place: Place) -> None:
    place.add()
    place.now = FIRST + 9 * DAY + DAY / 4
    ran = place.run_due()
    assert len(place.files()) == 1 and place.files()[0].startswith("2026-07-01-0700")
    assert ran.due == FIRST + 10 * DAY


def test_what_fails_is_tried_again_with_growing_waits_and_then_given_up(place: Place) -> None:
    place.add(to=("mail:anna@example.org", str(place.out)))
    place.refusals = [NotDelivered("550 no such user")] * 4
    for number, wait in enumerate(WAITS, start=1):
        failed = place.run_due()
        assert failed.tries == number and failed.due == FIRST and failed.next_at == place.now + wait
        assert failed.last is not None and failed.last.reason == "550 no such user"
        assert failed.sent == (str(place.out),), "the folder got it, and gets it no more"
        (place.out / place.files()[0]).write_text("kept")
        assert place.run_due() == failed, "not before its time"
        place.now += wait
    given_up = place.run_due()
    assert given_up.retry_at is None and given_up.due == FIRST + DAY and given_up.sent == ()
    assert given_up.last is not None and given_up.last.outcome == "not delivered"
    assert (place.out / place.files()[0]).read_text() == "kept"
    place.now = FIRST + DAY
    assert place.run_due().last.outcome == "delivered"  # type: ignore[union-attr]
    assert [to for to, _ in place.told] == ["anna@example.org"]


def test_what_cannot_be_answered_is_told_and_not_tried_again(place: Place) -> None:
    place.add("Delete all orders")
    ran = place.run_due()
    assert ran.last is not None and ran.last.outcome == "not delivered" and ran.last.reason
    assert ran.tries == 0 and ran.due == FIRST + DAY and place.files() == []


def test_a_folder_that_cannot_be_written_is_told_and_tried_again(place: Place) -> None:
    place.out.write_text("a file stands there")
    ran = place.run_due() if place.add() else None
    assert ran is not None and ran.last is not None and ran.last.outcome == "not delivered"
    assert str(place.out) in ran.last.reason and ran.tries == 1
    place.out.unlink()
    place.now += WAITS[0]
    assert place.run_due().last.outcome == "delivered"  # type: ignore[union-attr]


def test_nothing_hidden_from_the_role_is_delivered(place: Place) -> None:
    place.add("Revenue by country", role="branch", attributes={"country": "France", "product": "Chair"})
    ran = place.run_due()
    assert ran.last is not None and ran.last.outcome == "delivered", ran.last
    page = (place.out / place.files()[0]).read_text("utf-8")
    assert "150" in page and "Germany" not in page and "branch" in page
    assert [folder.parent.name for folder in place.settings.shops.glob("*/*/reports")] != []
    log = place.settings.audit.read_text("utf-8").splitlines()
    asked = [json.loads(line) for line in log if json.loads(line)["kind"] == "question"]
    assert [(each["role"], each["person"]) for each in asked] == [("branch", "anna")]


def test_groups_that_are_too_small_stay_hidden_and_are_not_archived(place: Place) -> None:
    place.add("Revenue by country", role="partner")
    place.run_due()
    page = (place.out / place.files()[0]).read_text("utf-8")
    assert "France" in page and "Germany" not in page, "one sale is no group of two"
    assert list(place.settings.shops.glob("*/*/reports/*")) == []


def test_a_person_whose_key_is_revoked_gets_nothing(place: Place) -> None:
    keyring = Keyring.of(place.settings)
    key = keyring.add("anna", role="owner")
    place.add(has_key=True)
    assert place.run_due().last.outcome == "delivered"  # type: ignore[union-attr]
    keyring.revoke(key.facts.id)
    place.now += DAY
    ran = place.run_due()
    assert ran.last is not None and ran.last.outcome == "not allowed" and "revoked" in ran.last.reason
    assert len(place.files()) == 1
    keyring.add("anna", role="partner")
    place.now += DAY
    ran = place.run_due()
    assert ran.last is not None and "Role 'partner'" in ran.last.reason, "the role that they have now"


def test_a_role_that_is_gone_is_told(place: Place) -> None:
    place.add(role="boss")
    ran = place.run_due()
    assert ran.last is not None and "shop 'Tiny' has owner" in ran.last.reason and ran.tries == 0


def test_the_same_words_twice_are_told_and_not_doubled(place: Place) -> None:
    added = place.add()
    with pytest.raises(WrongUse, match=f"scheduled already, as {added.id}"):
        place.add()
    assert place.schedules.all() == [added]


def test_two_runners_do_not_run_one_schedule_twice(place: Place) -> None:
    place.add(to=("mail:anna@example.org",))
    begun, may_end = threading.Event(), threading.Event()

    def slow(target: Target, parcel: Parcel) -> None:
        begun.set()
        assert may_end.wait(60)
        place.told.append((target.place, parcel))

    first = Runner(place.house, {"mail": slow}, tell=str, clock=lambda: place.now)
    thread = threading.Thread(target=first.run_due, args=(place.schedules,))
    thread.start()
    assert begun.wait(60)
    assert place.runner.run_due(place.schedules) == 0, "another runs it"
    [schedule] = place.schedules.all()
    place.schedules.remove(schedule.id)
    may_end.set()
    thread.join(60)
    assert len(place.told) == 1
    assert place.schedules.all() == [], "what was removed while it ran does not come back"


def test_a_paused_schedule_runs_only_when_it_is_told_to(place: Place) -> None:
    added = place.add(is_paused=True)
    assert place.run_due() == added
    ran = place.runner.run(place.schedules, added.id, is_forced=True)
    assert ran is not None and ran.last is not None and ran.last.outcome == "delivered" and ran.is_paused


def test_a_file_that_was_damaged_stops_no_other(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    place.add()
    (place.schedules.folder / "00000000.json").write_text('{"format": 1, "what"')
    assert place.run_due().last.outcome == "delivered"  # type: ignore[union-attr]
    assert "00000000.json" in caplog.text and "add the schedule again" in caplog.text


def test_the_loop_goes_on_after_what_cannot_be_noted_and_ends_when_told(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.add()
    waits: list[float] = []

    class Stop(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            waits.append(timeout or 0.0)
            return len(waits) > 3

    def full(id: str, change: Any) -> None:
        raise OSError(28, "No space left on device", str(place.schedules.folder))

    with monkeypatch.context() as patched:
        patched.setattr(place.schedules, "change", full)
        place.runner.keep_running(lambda: [place.schedules], Stop())
    assert waits == [0.0, *[WAITS[0].total_seconds()] * 3]
    waits.clear()
    place.runner.keep_running(lambda: [place.schedules], Stop())
    assert waits == [0.0, POLL_S, POLL_S, POLL_S] and len(place.files()) == 1


PAGE_END = "</html>"


@pytest.mark.timeout(300)
@pytest.mark.skipif(not hasattr(os, "fork"), reason="kills a forked process")
def test_thirty_kills_lose_nothing_and_leave_nothing_half(tmp_path: Path) -> None:
    shop = build_shop(tmp_path / "shop", description=SHOP)
    place = Place(tmp_path, shop)
    place.add()
    runs = random.Random(7)
    helper = [sys.executable, str(Path(__file__).parent / "schedule_process.py")]
    process = subprocess.Popen(
        [*helper, str(place.schedules.folder), str(place.settings.home)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent.parent)},
    )  # fmt: skip
    assert process.stdin is not None and process.stdout is not None

    def run(now: dt.datetime, kill_after_s: float | None = None) -> float:
        process.stdin.write(f"{now.isoformat()}\n")  # type: ignore[union-attr]
        process.stdin.flush()  # type: ignore[union-attr]
        child, started = int(process.stdout.readline()), time.monotonic()  # type: ignore[union-attr]
        if kill_after_s is not None:
            time.sleep(kill_after_s)
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        assert process.stdout.readline() == "ended\n"  # type: ignore[union-attr]
        return time.monotonic() - started

    try:
        whole_s = run(FIRST)
        done, due = {FIRST}, FIRST + DAY
        for number in range(1, 31):
            now = FIRST + number * DAY
            run(now, runs.uniform(0, whole_s))
            [schedule] = place.schedules.all()
            pages = {path.name[:15]: path for path in place.out.glob("*.html")}
            for path in (*pages.values(), *place.settings.shops.glob("*/*/reports/*.html")):
                assert path.read_text("utf-8").rstrip().endswith(PAGE_END), f"{path} is half"
            for path in place.settings.shops.glob("*/*/reports/*.json"):
                assert Archive(path.parent).load(path.stem).sections
            if schedule.due > now:
                assert schedule.last is not None and schedule.last.outcome == "delivered"
                assert schedule.last.due == due
                done.add(due)
                due = schedule.due
            assert schedule.due == due, "what was not noted is still due"
        run(FIRST + 31 * DAY)
        [schedule] = place.schedules.all()
        assert schedule.last is not None and schedule.last.outcome == "delivered" and schedule.last.due == due
    finally:
        process.stdin.close()
        process.wait(60)
        process.stdout.close()
        place.house.close()
    berlin = ZoneInfo("Europe/Berlin")
    noted = {f"{each.astimezone(berlin):%Y-%m-%d-%H%M}" for each in done | {due}}
    assert noted <= {path.name[:15] for path in place.out.glob("*.html")}, "noted, and not there"
    assert not noted & {path.name[1:16] for path in place.out.glob(".*")}, "a half of what is whole by now"
    assert 1 < len(noted) < 32, "some kills came in time, and some too late"


def test_schedules_that_name_a_person_are_forgotten(place: Place) -> None:
    place.add("Revenue of ana.kovac@example.org")
    kept = place.add("Revenue of Björn", person="bo")
    traces = Traces(pseudonym="x", texts=("ana.kovac@example.org",))
    assert place.schedules.forget(traces, is_dry=True) == 1 and len(place.schedules.all()) == 2
    assert place.schedules.forget(traces, is_dry=False) == 1
    assert place.schedules.all() == [kept]
    assert Schedules(place.out / "none").forget(traces, is_dry=False) == 0
    assert not (place.out / "none").exists()
