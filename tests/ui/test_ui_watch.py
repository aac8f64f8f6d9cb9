"""``shoptalk watch``: each event once, the inbox, and history replayed; no model is loaded."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from ui.cli import app

sys.path.insert(0, str(Path(__file__).parent.parent / "jobs" / "forecast"))
sys.path.insert(0, str(Path(__file__).parent.parent / "jobs" / "unusual"))

from shops import build
from trades import between, trade


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """For three days at the end hardly anything is sold to Germany, and in May a chair is in fashion."""
    germany = between("2026-06-24", "2026-06-26", 0.1, country="Germany")
    chairs = between("2026-05-12", "2026-05-14", 4.0, product="Chair")
    orders = trade(
        change=lambda day, product, country: germany(day, product, country) * chairs(day, product, country)
    )
    return build(tmp_path_factory.mktemp("watch"), orders)


class Watch:
    def __init__(self, home: Path, shop: Path) -> None:
        self.home, self.shop = home, shop

    def run(self, *arguments: str) -> Any:
        environment = {"SHOPTALK_HOME": str(self.home), "SHOPTALK_ENGINE_URL": ""}
        return CliRunner().invoke(app, ["watch", "--shop", str(self.shop), *arguments], env=environment)

    def messages(self, *arguments: str) -> list[dict[str, Any]]:
        result = self.run(*arguments, "--json")
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)["messages"]  # type: ignore[no-any-return]


@pytest.fixture
def watch(tmp_path: Path, shop: Path) -> Watch:
    return Watch(tmp_path, shop)


def test_an_event_is_told_once_and_waits_in_the_inbox(watch: Watch):
    [told] = watch.messages()
    log = (watch.home / "audit" / "audit.jsonl").read_text(encoding="utf-8")
    assert [json.loads(line)["kind"] for line in log.splitlines()] == ["begun", "watch"]
    assert told["day"] == "2026-06-28" and "Germany" in told["text"]["en"]
    assert "Germany" in told["text"]["zh"] and "预期" in told["text"]["zh"]
    assert watch.run().stdout == "Nothing new.\n"
    assert [each["id"] for each in watch.messages("--inbox")] == [told["id"]]
    shown = watch.run("--inbox").stdout
    assert told["id"] in shown and "2026-06-24" in shown and "shoptalk job unusual metric=" in shown
    assert f"Snoozed: {told['id']}, until 20" in watch.run("--snooze", told["id"], "--for", "7d").stdout
    assert watch.messages("--inbox") == []
    assert watch.run("--acknowledge", told["id"]).stdout == f"Acknowledged: {told['id']}.\n"
    assert watch.run("--inbox").stdout == "The inbox is empty.\n"


def test_a_muted_series_is_not_told_until_it_is_told_of_again(watch: Watch):
    for metric in ("orders", "units_sold", "revenue"):
        assert watch.run("--mute", metric).stdout.startswith(f"Muted: {metric}.")
    assert watch.messages() == []
    for metric in ("orders", "units_sold", "revenue"):
        watch.run("--unmute", metric)
    assert len(watch.messages()) == 1


def test_a_replay_tells_each_event_on_the_evening_of_its_day(watch: Watch):
    told = watch.messages("--replay", "2026-05-01")
    about = {part: [m for m in told if part in m["text"]["en"]] for part in ("Chair", "Germany")}
    assert [m["day"] for m in about["Chair"]] == ["2026-05-12"]
    assert next(m["day"] for m in about["Germany"]) in ("2026-06-25", "2026-06-26")
    assert "2026-05-13" not in about["Chair"][0]["text"]["en"], "it knows of no later day"
    assert len(told) == 2
    assert watch.messages("--inbox") == [], "a replay keeps nothing"


def test_each_role_has_an_inbox_of_its_own(watch: Watch):
    assert len(watch.messages()) == 1
    assert watch.messages("--role", "local") == [], "France alone had no outage"
    assert watch.messages("--inbox", "--role", "local") == []
    assert len(list((watch.home / "shops").glob("*/watch/*.json"))) == 2


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--replay", "yesterday"], "expected a day such as 2026-05-31"),
        (["--replay", "2027-01-01"], "today is 2026-06-28 here"),
        (["--inbox", "--mute", "orders"], "at a time"),
        (["--snooze", "abc"], "--snooze ID and --for SPAN go together"),
        (["--for", "7d"], "--snooze ID and --for SPAN go together"),
        (["--snooze", "abc", "--for", "soon"], "such as 12h, 7d or 2w"),
        (["--acknowledge", "abc"], "no message 'abc'"),
        (["--unmute", "abc"], "is not muted"),
        (["--language", "fr"], "use en or zh"),
        (["--role", "nobody"], "has owner"),
    ],
)
def test_wrong_use_names_the_right_one(watch: Watch, arguments: list[str], says: str):
    result = watch.run(*arguments)
    assert result.exit_code == 2 and says in result.stderr, result.stderr


def test_a_shop_without_a_past_is_told_why(tmp_path: Path):
    path = build(tmp_path, trade(10))
    watch = Watch(tmp_path / "home", path)
    young = watch.run()
    assert young.exit_code == 1 and "too little history: 10 days" in young.stderr
    hidden = watch.run("--role", "timeless", "--language", "zh")
    assert hidden.exit_code == 1 and "没有可观察的指标" in hidden.stderr
