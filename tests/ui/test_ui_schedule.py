"""``shoptalk schedule``: adding, listing, running and taking out, and what cannot be used."""

from __future__ import annotations

import datetime as dt
import json
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from roles_shop import ROLES
from served_shop import serving
from typer.testing import CliRunner
from ui_shop import SHOP, build_shop

from app.finding import find_shop
from app.schedules.lookup import schedules_of
from app.settings import Settings
from ui.cli import app
from ui.scheduling import run_schedules

MONTHLY = ("monthly report", "--every", "month on the 1st at 07:00")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    head, tail = SHOP.split("roles:\n")
    described = head + ROLES.replace("IN (SELECT1)", "= :product") + tail.split("default_role: owner\n")[1]
    described = described.replace("today:", "time_zone: Europe/Berlin\ntoday:")
    return build_shop(tmp_path_factory.mktemp("schedule"), description=described)


class Command:
    def __init__(self, folder: Path, shop: Path) -> None:
        self.home, self.shop, self.out = folder / "home", shop, folder / "out"
        self.environment = {"SHOPTALK_HOME": str(self.home), "SHOPTALK_ENGINE_URL": ""}

    def run(self, *arguments: str) -> Any:
        return CliRunner().invoke(app, ["schedule", *arguments], env=self.environment)

    def json(self, *arguments: str) -> dict[str, Any]:
        result = self.run(*arguments, "--json")
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)  # type: ignore[no-any-return]

    def add(self, *arguments: str) -> dict[str, Any]:
        return self.json("add", *arguments, "--to", str(self.out), "--shop", str(self.shop))


@pytest.fixture
def command(tmp_path: Path, shop: Path) -> Command:
    return Command(tmp_path, shop)


def test_what_is_read_is_shown_with_the_next_runs_and_kept(command: Command) -> None:
    to = ("--to", str(command.out), "--shop", str(command.shop))
    shown = command.run("add", *MONTHLY, *to, "--dry-run")
    assert shown.exit_code == 0, shown.output
    assert "monthly report: every month on the 1st at 07:00" in shown.stdout
    assert shown.stdout.count("-01 07:00") == 3 and "(Europe/Berlin)" in shown.stdout
    assert "Not kept" in shown.stdout and command.json("list") == {"schedules": []}
    added = command.run("add", *MONTHLY, *to)
    [kept] = command.json("list")["schedules"]
    assert f"Kept as {kept['id']}." in added.stdout
    twice = command.run("add", "Monthly  report", "--every", "1st of the month, 7 am", *to)
    assert twice.exit_code == 2 and f"scheduled already, as {kept['id']}" in twice.stderr
    chinese = command.run("add", "上个月卖得怎么样？", "--every", "每周一 8点", *to)
    assert "上个月卖得怎么样？: 每周一 08:00" in chinese.stdout


def test_one_is_run_paused_resumed_and_removed(command: Command) -> None:
    id = command.add(*MONTHLY)["id"]
    ran = command.run("run", id)
    assert ran.exit_code == 0 and ran.stdout.rstrip().endswith("delivered"), ran.output
    [page] = command.out.glob("*.html")
    assert f"-monthly-report-{id[:4]}.html" in page.name
    assert "Tiny: monthly report, May 2026" in page.read_text("utf-8")
    assert command.run("pause", id).stdout == f"Paused: {id}, monthly report.\n"
    assert "paused; last" in command.run("list").stdout
    assert command.json("resume", id)["next_at"] is not None
    assert command.run("remove", id).stdout == f"Removed: {id}, monthly report.\n"
    assert command.json("list") == {"schedules": []} and page.exists()


def test_a_job_by_its_name_is_run(command: Command) -> None:
    added = command.add("job unusual period='last month'", "--every", "monday 08:00")
    assert added["message"] == 'unusual period="last month"'
    ran = command.run("run", added["id"])
    assert ran.exit_code == 1 and "not delivered: " in ran.stdout, "four sales are no past to judge by"


@pytest.mark.parametrize(
    ("what", "report", "message"),
    [
        ("Weekly report", "weekly", ""),
        ("库存报告", "stock", ""),
        ("report customers", "customers", ""),
        ("Report on sales by country", "monthly", "Report on sales by country"),
    ],
)
def test_any_report_is_scheduled_by_what_it_is_called(
    command: Command, what: str, report: str, message: str
) -> None:
    read = command.add(what, "--every", "monday 08:00", "--dry-run")
    assert (read["report"], read["form"], read["message"]) == (report, "html", message)


def test_a_report_is_delivered_as_a_pdf(command: Command) -> None:
    added = command.add("monthly report", "--every", "monday 08:00", "--pdf")
    assert command.json("run", added["id"])["last"]["outcome"] == "delivered"
    [file] = command.out.iterdir()
    assert file.suffix == ".pdf" and file.read_bytes().startswith(b"%PDF")


def test_what_is_not_delivered_is_told_with_the_next_try(command: Command) -> None:
    added = command.json(
        "add", *MONTHLY, "--to", "mail:anna@example.org", "--shop", str(command.shop)
    )  # fmt: skip
    ran = command.run("run", added["id"])
    assert ran.exit_code == 1 and "set SHOPTALK_SMTP_HOST" in ran.stdout and "tried again at" in ran.stdout
    command.environment |= {
        "SHOPTALK_SMTP_HOST": "127.0.0.1", "SHOPTALK_SMTP_PORT": "1", "SHOPTALK_SMTP_FROM": "a@example.org"
    }  # fmt: skip
    assert "127.0.0.1:1 cannot be used: Connection refused" in command.run("run", added["id"]).stdout
    assert "Connection refused" in command.run("list").stdout


def test_a_revoked_person_is_named_in_the_list(command: Command) -> None:
    people = ["people", "add", "anna", "--role", "owner"]
    assert CliRunner().invoke(app, people, env=command.environment).exit_code == 0
    id = command.add(*MONTHLY, "--as", "anna")["id"]
    assert "anna as the role of their key" in command.run("list").stdout
    CliRunner().invoke(app, ["people", "revoke", "anna"], env=command.environment)
    assert "will not run: anna: The key is revoked." in command.run("list").stdout
    [listed] = command.json("list")["schedules"]
    assert listed["blocked"] == "anna: The key is revoked."
    ran = command.run("run", id)
    assert ran.exit_code == 1 and "not allowed" in ran.stdout and not command.out.exists()


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"what": " "}, "WHAT is empty"),
        ({"what": "job nothing"}, "There is no job 'nothing'"),
        ({"what": "job forecast pace=fast"}, "takes no 'pace'"),
        ({"what": 'job forecast horizon="6'}, "cannot be read"),
        ({"every": "now and then"}, '"monday 08:00", "month on the 1st at 07:00", "每周一 08:00"'),
        ({"every": "每两周"}, '"每月1号 7点"'),
        ({"to": "mail:anna"}, "mail:anna@example.org"),
        ({"to": "slack:<!here>"}, "slack:#sales"),
        ({"role": "boss"}, "'Tiny' has owner, branch, partner"),
        ({"role": "branch"}, "--user country="),
        ({"as": "eve"}, "eve has no valid key"),
        ({"as": "eve", "role": "owner"}, "leave --role and --user out"),
        ({"shop": "nowhere.yml"}, "does not exist"),
        ({"shop": "postgresql://me:s3cret@localhost/shop"}, "password, which schedules do not keep"),
    ],
)
def test_wrong_use_names_the_right_one(command: Command, changed: dict[str, str], says: str) -> None:
    options = {"every": "day at 07:00", "to": str(command.out), "shop": str(command.shop)} | changed
    what = options.pop("what", "monthly report")
    result = command.run("add", what, *[each for k, v in options.items() for each in (f"--{k}", v)])
    assert result.exit_code == 2 and says in result.stderr, result.output
    assert "s3cret" not in result.stderr
    assert list(command.home.glob("shops/*/schedules/*.json")) == []


def test_a_folder_that_is_none_or_closed_is_refused(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    refused = command.run("add", *MONTHLY, "--to", str(file / "in"), "--shop", str(command.shop))
    assert refused.exit_code == 2 and "is a file" in refused.stderr


@pytest.mark.parametrize("action", ["run", "remove", "pause", "resume"])
@pytest.mark.parametrize("id", ["1a2b3c4d", "../../people", "*"])
def test_an_id_that_is_none_is_told(command: Command, action: str, id: str) -> None:
    result = command.run(action, id)
    assert result.exit_code == 2 and "There is no schedule" in result.stderr


def test_a_process_of_its_own_runs_what_is_due_and_ends_on_sigterm(command: Command) -> None:
    added = command.add(*MONTHLY)
    schedules = schedules_of(
        Settings(home=command.home), find_shop(Settings(home=command.home), added["shop"])
    )
    past = dt.datetime.now(dt.UTC) - dt.timedelta(days=40)
    schedules.change(added["id"], lambda each: replace(each, due=past))
    process = subprocess.Popen(
        [sys.executable, "-m", "ui.cli", "schedule", "serve"],
        env={**os.environ, **command.environment}, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("Schedules are run: 1 now")
        deadline = time.monotonic() + 120
        while schedules.all()[0].last is None and time.monotonic() < deadline:
            time.sleep(0.1)
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.stdout.close()  # type: ignore[union-attr]
    [schedule] = schedules.all()
    assert schedule.last is not None and schedule.last.outcome == "delivered"
    assert len(list(command.out.glob("*.html"))) == 1 and schedule.due > dt.datetime.now(dt.UTC)


def test_a_server_runs_the_schedules_of_its_shop_until_it_stops(tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        command = Command(tmp_path, served.shop)
        id = command.add(*MONTHLY)["id"]
        schedules = schedules_of(served.settings, find_shop(served.settings, str(served.shop)))
        schedules.change(id, lambda each: replace(each, due=dt.datetime(2026, 6, 1, tzinfo=dt.UTC)))
        closing = threading.Event()
        thread = threading.Thread(target=run_schedules, args=(served.desk, closing))
        thread.start()
        deadline = time.monotonic() + 60
        while schedules.all()[0].last is None and time.monotonic() < deadline:
            time.sleep(0.05)
        served.desk.stop(10)
        closing.set()
        thread.join(30)
        assert schedules.all()[0].last.outcome == "delivered"  # type: ignore[union-attr]
        assert len(list(command.out.glob("*.html"))) == 1
