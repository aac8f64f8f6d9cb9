"""shoptalk people: keys are shown once, lists show none, and what is wrong is told in one line."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from roles_shop import build_roles_shop
from typer.testing import CliRunner

from app.keyring import Keyring
from app.settings import Settings
from ui.cli import app

Run = Callable[..., Any]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in list(os.environ):
        if name.startswith("SHOPTALK_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("SHOPTALK_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def run(home: Path) -> Run:
    return lambda *arguments: CliRunner().invoke(app, ["people", *map(str, arguments)])


def test_a_key_is_printed_once_and_works(run: Run, home: Path) -> None:
    made = run("add", "ana", "--role", "branch", "--attribute", "country=Germany,France", "--expires", "90d")
    assert made.exit_code == 0, made.output
    key = made.stdout.strip()
    person = Keyring.of(Settings(home=home)).person_of_key(key)
    assert (person.id, person.role, dict(person.attributes)) == (
        "ana",
        "branch",
        {"country": ("Germany", "France")},
    )
    told = run("list").stdout
    assert "ana  branch country=['Germany', 'France']" in told and "valid until 20" in told
    secret = key.split("_", 2)[2]  # which may hold underscores itself
    assert secret not in told + run("list", "--json").stdout + made.stderr


def test_machines_get_json(run: Run) -> None:
    made = json.loads(run("add", "ana", "--role", "owner", "--json").stdout)
    assert made["name"] == "ana" and made["key"].startswith(f"st_{made['id']}_") and made["state"] == "valid"
    [ana] = json.loads(run("list", "--json").stdout)["people"]
    assert (ana["role"], ana["attributes"], ana["keys"][0]["id"]) == ("owner", {}, made["id"])
    assert json.loads(run("revoke", made["id"], "--json").stdout) == {"revoked": [made["id"]]}
    [ana] = json.loads(run("list", "--json").stdout)["people"]
    assert ana["keys"][0]["state"] == "revoked"


def test_an_empty_list_says_how_to_begin(run: Run) -> None:
    assert "shoptalk people add NAME --role ROLE" in run("list").stdout
    assert json.loads(run("list", "--json").stdout) == {"people": []}


def test_a_role_can_be_checked_against_the_shop(run: Run, tmp_path: Path) -> None:
    shop = build_roles_shop(tmp_path / "shop")
    wrong = run("add", "ana", "--role", "boss", "--shop", shop)
    assert wrong.exit_code == 2 and "has owner, branch, partner" in wrong.stderr
    lacking = run("add", "ana", "--role", "branch", "--attribute", "country=France", "--shop", shop)
    assert lacking.exit_code == 2 and "--attribute product=…" in lacking.stderr
    assert json.loads(run("list", "--json").stdout) == {"people": []}
    assert run("add", "ana", "--role", "owner", "--shop", shop).exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("add", "ana"), "say the role"),
        (("add", "a b", "--role", "owner"), "NAME is 'a b'"),
        (("add", "ana", "--role", "owner", "--expires", "soon"), "write a number with h, d or w"),
        (("add", "ana", "--role", "owner", "--expires", "0d"), "write a number with h, d or w"),
        (("add", "ana", "--role", "owner", "--attribute", "country"), "expected NAME=VALUE"),
        (("revoke", "ana"), "nobody has a key yet"),
    ],
)
def test_wrong_use_is_told_in_one_line_and_changes_nothing(
    arguments: tuple[str, ...], words: str, run: Run, home: Path
) -> None:
    result = run(*arguments)
    assert result.exit_code == 2 and result.stdout == ""
    [line] = [line for line in result.stderr.splitlines() if line.startswith("shoptalk: ")]
    assert words in line
    assert not (home / "store.db").exists()


def test_the_list_says_who_is_who_elsewhere(run: Run, home: Path) -> None:
    home.mkdir()
    (home / "people.yml").write_text(
        "people:\n"
        "  ana: {role: owner, oidc: a-1}\n"
        "  bo: {role: clerk, slack: U0BO, oidc: b-1}\n"
        "  clerks: {role: clerk, oidc_group: /shop/clerks}\n"
        "  cy: {role: clerk, feishu: ou_cy00000000}\n",
        "utf-8",
    )
    listed = run("list")
    assert listed.exit_code == 0, listed.stderr
    assert listed.stdout.splitlines() == [
        "ana  owner signs in as a-1",
        "bo  clerk U0BO signs in as b-1",
        "clerks  clerk signs in as /shop/clerks",
        "cy  clerk ou_cy00000000",
    ]
    people = {each["name"]: each for each in json.loads(run("list", "--json").stdout)["people"]}
    assert {name: each["oidc"] for name, each in people.items()} == {
        "ana": "a-1", "bo": "b-1", "clerks": "/shop/clerks", "cy": None,
    }  # fmt: skip
