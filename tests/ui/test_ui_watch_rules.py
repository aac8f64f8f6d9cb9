"""``shoptalk watch rule``: added, looked at on new rows, told once to inbox and folder; without a model."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest
from mock_slack import BOT_TOKEN, mock_slack
from postbox import MailServer
from typer.testing import CliRunner

from app.house import House, last_answer
from app.person import Person, account
from app.rules.keeping import rules_of
from app.rules.rule_watch import check_rules
from app.schedules.mail import Mailer
from app.settings import Settings
from sql.shop.shopfile import load_shop
from sql.traces import Traces
from ui.chats.slack.posting import Poster
from ui.cli import app

sys.path.insert(0, str(Path(__file__).parent.parent / "jobs" / "forecast"))
sys.path.insert(0, str(Path(__file__).parent.parent / "jobs" / "unusual"))

from shops import build
from trades import trade

BELOW = "tell me when orders of any product of a day are below 3"
HOSTILE = "<b>[Lamp](http://e.org)</b>"


class Watch:
    def __init__(self, folder: Path) -> None:
        self.home, self.folder = folder / "home", folder
        self.shop = build(folder, trade(60), today="max(sales.ordered_on)")

    @property
    def environment(self) -> dict[str, str]:
        return {"SHOPTALK_HOME": str(self.home), "SHOPTALK_ENGINE_URL": ""}

    @property
    def settings(self) -> Settings:
        return Settings(home=self.home)

    def run(self, *arguments: str) -> Any:
        shop = ["--shop", str(self.shop)]
        return CliRunner().invoke(app, ["watch", *arguments, *shop], env=self.environment)

    def told(self, *arguments: str) -> list[dict[str, Any]]:
        result = self.run(*arguments, "--json")
        assert result.exit_code == 0, result.output
        messages: list[dict[str, Any]] = json.loads(result.stdout)["messages"]
        return [each for each in messages if each["series"][0]["metric"].startswith("rule ")]

    def sell(self, day: str, orders: dict[str, int]) -> None:
        """New rows of one day."""
        with duckdb.connect(str(self.folder / "shop.duckdb")) as opened:
            [(last,)] = opened.execute("SELECT MAX(order_id) FROM sales").fetchall()
            for product, count in orders.items():
                for _ in range(count):
                    last += 1
                    opened.execute(
                        "INSERT INTO sales VALUES (?, ?, ?, 'France', 1, 40)", [last, day, product]
                    )


@pytest.fixture
def watch(tmp_path: Path) -> Watch:
    return Watch(tmp_path)


def test_a_rule_is_told_once_on_new_rows_to_the_inbox_and_to_a_folder(watch: Watch):
    out = watch.folder / "out"
    added = watch.run("rule", "add", BELOW, "--to", str(out))
    assert added.exit_code == 0 and "is below 3" in added.stdout and "Tried on the last" in added.stdout
    [id] = [line.split()[-1].strip(".") for line in added.stdout.splitlines() if line.startswith("Kept as")]
    assert id in watch.run("rule", "list").stdout
    assert watch.told() == [], "what was before it was added is not told"
    watch.sell("2026-06-29", {"Lamp": 9, "Chair": 1, "Desk": 8})
    [message] = watch.told()
    assert "Chair" in message["text"]["en"] and "规则成立" in message["text"]["zh"]
    assert "Lamp" not in message["text"]["en"] and message["series"][0]["value"] == "Chair"
    [page] = out.glob("*.html")
    assert "Chair" in page.read_text(encoding="utf-8")
    watch.sell("2026-06-30", {"Lamp": 9, "Chair": 1, "Desk": 8})
    assert watch.told() == [], "it goes on, and was told"
    watch.sell("2026-07-01", {"Lamp": 9, "Chair": 9, "Desk": 8})
    watch.sell("2026-07-02", {"Lamp": 9, "Chair": 1, "Desk": 8})
    assert [each["series"][0]["first"] for each in watch.told()] == ["2026-07-02"]
    assert len(watch.told("--inbox")) == 2 and len(list(out.glob("*.html"))) == 2
    assert watch.run("--acknowledge", message["id"]).exit_code == 0
    assert len(watch.told("--inbox")) == 1
    assert watch.run("--mute", f"rule {id}").exit_code == 0
    watch.sell("2026-07-03", {"Lamp": 1, "Chair": 9, "Desk": 8})
    assert watch.told() == [], "muted"
    assert watch.run("rule", "remove", id).stdout == f"Removed: {id}.\n"
    assert watch.run("rule", "remove", id).exit_code == 2


def test_what_is_not_understood_keeps_nothing(watch: Watch):
    result = watch.run("rule", "add", "tell me when the moon is full")
    assert result.exit_code == 1 and "no condition that I know" in result.stdout
    assert watch.run("rule", "add", BELOW, "--dry-run").stdout.endswith("Not kept (--dry-run).\n")
    assert "There is no rule" in watch.run("rule", "list").stdout
    assert watch.run("rule", "add", BELOW, "--to", "mail:nobody").exit_code == 2
    chinese = watch.run("rule", "add", "当日销售额低于一千提醒我", "--json")
    assert json.loads(chinese.stdout)["rule"]["amount"] == 1000.0


def test_a_rule_that_cannot_be_delivered_or_looked_at_says_so_and_is_tried_again(watch: Watch):
    blocked = watch.folder / "blocked"
    assert watch.run("rule", "add", BELOW, "--to", str(blocked)).exit_code == 0
    blocked.write_text("a file where the folder should be", encoding="utf-8")
    watch.sell("2026-06-29", {"Lamp": 9, "Chair": 1, "Desk": 8})
    assert len(watch.told()) == 1
    assert "1 not delivered yet" in watch.run("rule", "list").stdout
    blocked.unlink()
    watch.told()
    assert len(list(blocked.glob("*.html"))) == 1, "at the next look"
    assert "not delivered" not in watch.run("rule", "list").stdout
    text = watch.shop.read_text(encoding="utf-8")
    watch.shop.write_text(
        text.replace("  orders: {view: sales", "  bookings: {view: sales"), encoding="utf-8"
    )
    watch.sell("2026-06-30", {"Lamp": 9, "Chair": 9, "Desk": 8})
    watch.told()
    assert "not there for this role any more" in watch.run("rule", "list").stdout
    watch.shop.write_text(text, encoding="utf-8")
    watch.told()
    assert "could not be done" not in watch.run("rule", "list").stdout


def test_what_is_new_goes_by_mail_and_to_a_channel_once(watch: Watch):
    mail, settings = MailServer(), watch.settings
    to = ["--to", "mail:anna@example.org", "--to", "slack:#sales"]
    try:
        with mock_slack() as slack:
            settings = replace(
                settings, smtp_host="127.0.0.1", smtp_port=mail.port, smtp_from="shop@example.org",
                slack_bot_token=BOT_TOKEN,
            )  # fmt: skip
            couriers = {"mail": Mailer(settings), "slack": Poster(settings, slack.base_url)}

            def look() -> int:
                person = Person(id=account())
                return len(check_rules(settings, str(watch.shop), person, couriers).messages)

            assert watch.run("rule", "add", BELOW, *to).exit_code == 0
            watch.sell("2026-06-29", {"Lamp": 9, "Chair": 1, "Desk": 8})
            mail.postbox.refuses = "451 4.3.0 come again"
            assert look() == 1
            [posted] = slack.in_thread("#sales", None)
            assert "Chair" in posted.words and mail.postbox.taken == []
            assert "1 not delivered yet" in watch.run("rule", "list").stdout
            mail.postbox.refuses = ""
            assert look() == 0, "nothing is new, but the mail goes out"
            body = mail.postbox.message().get_body()
            assert body is not None and "Chair" in body.get_content()
            assert mail.postbox.taken[0].rcpt_tos == ["anna@example.org"]
            look()
            assert len(mail.postbox.taken) == len(slack.in_thread("#sales", None)) == 1
    finally:
        mail.controller.stop()


def test_each_rule_sees_what_its_keepers_role_sees(watch: Watch):
    local = ["--role", "local"]
    assert watch.run("rule", "add", "tell me when orders of a day are below 5", *local).exit_code == 0
    watch.sell("2026-06-29", {"Lamp": 1})
    result = watch.run("--json")
    assert "Rules of others told 1" in result.stderr
    assert watch.told("--inbox") == [] and len(watch.told("--inbox", *local)) == 1


def test_a_message_in_the_chat_is_read_back_and_kept_when_that_is_said(watch: Watch):
    from bot.memory import Conversation

    with House(watch.settings) as house:
        seat = house.at(str(watch.shop), Person(id="ana", role="local"))
        talk = Conversation()
        shown = last_answer(seat.answer("Alert me when revenue of a day is under 1,000", talk))
        assert (shown.skill, shown.status) == ("notify", "answered") and "not kept yet" in shown.text
        description = load_shop(watch.shop)
        assert rules_of(watch.settings, description).all() == []
        reading = house.at(str(watch.shop), Person(id="ana", role="local", keeps_rules=False))
        assert "cannot be kept from here" in last_answer(reading.answer("keep it", talk)).text
        assert rules_of(watch.settings, description).all() == []
        assert "Kept." in last_answer(seat.answer(f"{shown.standalone_question} keep=yes", talk)).text
    [kept] = rules_of(watch.settings, description).all()
    assert (kept.person, kept.role, kept.rule.amount) == ("ana", "local", 1000.0)


def test_a_strangers_name_is_only_a_name_and_is_forgotten(watch: Watch):
    assert watch.run("rule", "add", BELOW).exit_code == 0
    watch.sell("2026-06-28", {HOSTILE: 9})
    watch.sell("2026-06-29", {"Lamp": 9, "Chair": 9, "Desk": 8, HOSTILE: 1})
    [message] = watch.told()
    assert "<b>" not in message["text"]["en"] and "[Lamp](http:" not in message["text"]["en"]
    rules = rules_of(watch.settings, load_shop(watch.shop))
    assert rules.all()[0].holding == (HOSTILE,)
    assert rules.forget(Traces(pseudonym="x", texts=("Ana Souza",)), is_dry=False) == 0
    assert rules.forget(Traces(pseudonym="x", texts=(HOSTILE,)), is_dry=False) == 1
    assert rules.all() == [], "whoever is named in a rule is forgotten with it"
