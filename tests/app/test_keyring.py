"""People and their keys: shown once, revocable, expiring, and nothing of them on disk that opens anything."""

from __future__ import annotations

import datetime as dt
import re
import stat
from pathlib import Path
from typing import Any

import pytest

from app.errors import BadKey, WrongUse
from app.keyring import Keyring
from app.person import Person
from app.team_store import Store

NOW = dt.datetime(2026, 5, 1, 12, tzinfo=dt.UTC)


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> dt.datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def keyring(tmp_path: Path, clock: Clock) -> Keyring:
    return Keyring(Store.in_file(tmp_path / "store.db"), tmp_path / "people.yml", clock=clock)


def reason(keyring: Keyring, key: str) -> str:
    with pytest.raises(BadKey) as caught:
        keyring.person_of_key(key)
    return caught.value.reason


def test_nobody_is_there_before_the_first_key_and_looking_makes_no_file(
    keyring: Keyring, tmp_path: Path
) -> None:
    assert not keyring.has_people and keyring.members() == ()
    assert reason(keyring, "st_" + "0" * 12 + "_" + "a" * 43) == "unknown"
    assert not (tmp_path / "store.db").exists()


def test_a_key_opens_as_its_person(keyring: Keyring) -> None:
    key = keyring.add("ana", role="branch", attributes={"country": ("Germany", "France"), "desk": 7})
    person = Person(id="ana", role="branch", attributes={"country": ("Germany", "France"), "desk": 7})
    assert keyring.person_of_key(key.text) == person
    assert keyring.has_people and [member.name for member in keyring.members()] == ["ana"]
    elsewhere = Keyring(Store.in_file(keyring.people_file.parent / "store.db"), keyring.people_file)
    assert elsewhere.person_of_key(key.text) == person, "another process knows it too"


def test_the_secret_is_in_no_file_and_only_the_owner_reads_it(keyring: Keyring, tmp_path: Path) -> None:
    key = keyring.add("ana", role="owner").text
    token = keyring.open_session(key)
    held = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert key[16:].encode() not in held
    assert token.encode() not in held and b"$argon2id$" in held
    assert stat.S_IMODE((tmp_path / "store.db").stat().st_mode) == 0o600


@pytest.mark.parametrize("change", ["secret", "id", "cut", "longer", "empty", "sql"])
def test_a_key_that_is_not_the_one_that_was_made_opens_nothing(change: str, keyring: Keyring) -> None:
    key = keyring.add("ana", role="owner").text
    other = keyring.add("bo", role="owner").text
    wrong = {
        "secret": key[:-1] + ("a" if key[-1] != "a" else "b"),
        "id": other[:16] + key[16:],
        "cut": key[:-1],
        "longer": key + "a",
        "empty": "",
        "sql": "st_' OR 1=1 --_" + "a" * 43,
    }[change]
    keyring.person_of_key(key)
    assert reason(keyring, wrong) == "unknown"


def test_an_expired_key_says_so_to_who_has_it_whole(keyring: Keyring, clock: Clock) -> None:
    key = keyring.add("ana", role="owner", expires_in=dt.timedelta(days=90)).text
    clock.now += dt.timedelta(days=89)
    assert keyring.person_of_key(key).id == "ana"
    clock.now += dt.timedelta(days=1)
    assert reason(keyring, key) == "expired"
    assert reason(keyring, key[:-2] + "__") == "unknown"


@pytest.mark.parametrize("by", ["name", "id"])
def test_a_revoked_key_opens_nothing_and_neither_does_its_session(by: str, keyring: Keyring) -> None:
    key = keyring.add("ana", role="owner")
    other = keyring.add("bo", role="owner")
    token = keyring.open_session(key.text)
    assert keyring.person_of_session(token).id == "ana"
    assert keyring.revoke("ana" if by == "name" else key.facts.id) == (key.facts.id,)
    assert reason(keyring, key.text) == "revoked"
    with pytest.raises(BadKey, match="revoked"):
        keyring.person_of_session(token)
    assert keyring.person_of_key(other.text).id == "bo" and keyring.has_people
    with pytest.raises(WrongUse, match="was revoked before"):
        keyring.revoke(key.facts.id)


def test_a_session_ends_by_itself_and_by_signing_out(keyring: Keyring, clock: Clock) -> None:
    key = keyring.add("ana", role="owner").text
    first, second = keyring.open_session(key), keyring.open_session(key)
    keyring.close_session(first)
    for token in (first, "", "x"):
        with pytest.raises(BadKey):
            keyring.person_of_session(token)
    clock.now += dt.timedelta(hours=11, minutes=59)
    assert keyring.person_of_session(second).id == "ana"
    clock.now += dt.timedelta(minutes=1)
    with pytest.raises(BadKey):
        keyring.person_of_session(second)


def test_a_second_key_keeps_the_role_unless_another_is_said(keyring: Keyring) -> None:
    first = keyring.add("ana", role="branch", attributes={"country": "France"}).text
    second = keyring.add("ana").text
    assert keyring.person_of_key(second) == keyring.person_of_key(first)
    keyring.add("ana", role="owner")
    assert keyring.person_of_key(first) == Person(id="ana", role="owner"), "one person, one role"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"name": ""}, "NAME is ''"),
        ({"name": "a b", "role": "owner"}, "use up to 64 letters"),
        ({"name": "a\nb", "role": "owner"}, "use up to 64 letters"),
        ({"name": "x" * 65, "role": "owner"}, "use up to 64 letters"),
        ({"name": "ana"}, "say the role: --role NAME"),
        ({"name": "ana", "role": "owner", "expires_in": dt.timedelta(0)}, "valid for some time"),
    ],
)
def test_what_cannot_be_added_changes_nothing(arguments: Any, words: str, keyring: Keyring) -> None:
    with pytest.raises(WrongUse, match=words):
        keyring.add(**arguments)
    assert not keyring.has_people


def test_nobody_is_revoked_who_is_not_there(keyring: Keyring) -> None:
    with pytest.raises(WrongUse, match="nobody has a key yet"):
        keyring.revoke("ana")
    keyring.add("ana", role="owner")
    with pytest.raises(WrongUse, match="no person and no key 'bo'"):
        keyring.revoke("bo")


def test_the_file_says_role_and_attributes_and_counts_at_once(keyring: Keyring) -> None:
    keyring.people_file.write_text("people:\n  bo: {role: branch, attributes: {country: [France, 7]}}\n")
    assert keyring.has_people, "whoever stands there is a person, with a key or without"
    with pytest.raises(WrongUse, match=r"stands in .*people\.yml"):
        keyring.add("bo", role="owner")
    key = keyring.add("bo").text
    assert keyring.person_of_key(key) == Person(id="bo", role="branch", attributes={"country": ("France", 7)})
    keyring.people_file.write_text("people:\n  bo: {role: owner}\n")
    assert keyring.person_of_key(key) == Person(id="bo", role="owner")
    keyring.people_file.write_text("people: {}\n")
    assert reason(keyring, key) == "revoked", "who was taken out of the file is not let in"


@pytest.mark.parametrize(
    "text",
    [
        "people: [ana]", "roles: {}", "people: {ana: owner}", "people: {ana: {}}", "people: {1: {role: a}}",
        "people: {ana: {role: owner, admin: true}}", "people: {ana: {role: a, attributes: {b: {c: 1}}}}",
        "people: {ana: {role: a, attributes: {b: true}}}", "people: {", "people: {ana: {role: a}}\nx: 1",
    ],
)  # fmt: skip
def test_a_damaged_file_lets_nobody_in(text: str, keyring: Keyring) -> None:
    key = keyring.add("ana", role="owner").text
    keyring.people_file.write_text(text)
    with pytest.raises(WrongUse, match=r"people\.yml"):
        keyring.person_of_key(key)
    keyring.people_file.write_bytes(b"\xff\xfe")
    with pytest.raises(WrongUse, match="cannot be read"):
        keyring.members()


# --- Slack ------------------------------------------------------------------------------------------------

SLACK = """\
people:
  sellers: {role: seller, slack_group: S0SELL}
  ana: {role: owner, slack: U0ANA}
  others: {role: clerk, slack_group: S0OTHER}
  bo: {role: clerk}
"""


@pytest.mark.parametrize(
    ("user", "groups", "id", "role"),
    [
        ("U0ANA", [], "ana", "owner"),
        ("U0ANA", ["S0SELL"], "ana", "owner"),  # their own line wins
        ("U0EVE", ["S0OTHER", "S0SELL"], "sellers:U0EVE", "seller"),  # the first in the file
        ("U0EVE", ["S0ELSE"], None, None),
        ("", [], None, None),
        ("bo", [], None, None),
    ],
)
def test_an_account_of_slack_is_who_the_file_says(
    user: str, groups: list[str], id: str | None, role: str | None, keyring: Keyring
) -> None:
    keyring.people_file.write_text(SLACK, "utf-8")
    found = keyring.person_of_slack(user, groups.__contains__)
    assert (found and found.id, found and found.role) == (id, role)
    assert [(member.name, member.slack) for member in keyring.members()] == [
        ("ana", "U0ANA"), ("bo", ""), ("others", "S0OTHER"), ("sellers", "S0SELL"),
    ]  # fmt: skip


def test_somebody_is_who_they_are_by_name_while_they_may_ask(keyring: Keyring, clock: Clock) -> None:
    def refused(name: str) -> str:
        with pytest.raises(BadKey) as caught:
            keyring.person_of_name(name)
        return caught.value.reason

    assert refused("cy") == "unknown"
    first = keyring.add("cy", role="clerk", attributes={"store": 7}, expires_in=dt.timedelta(days=1))
    assert keyring.person_of_name("cy") == Person(id="cy", role="clerk", attributes={"store": 7})
    keyring.add("cy", role="owner")
    keyring.revoke(first.facts.id)
    assert keyring.person_of_name("cy").role == "owner", "another key is valid, and says another role"
    keyring.revoke("cy")
    assert refused("cy") == "revoked"
    keyring.add("cy", expires_in=dt.timedelta(days=1))
    clock.now += dt.timedelta(days=1)
    assert refused("cy") == "expired"
    keyring.people_file.write_text(SLACK, "utf-8")
    assert keyring.person_of_name("ana").role == "owner", "the file names their account of Slack"
    assert (refused("bo"), refused("sellers")) == ("unknown", "unknown"), "neither can ask by that name"


@pytest.mark.parametrize(
    ("user", "id"), [("ou_ana00000000", "ana"), ("ou_bo000000000", None), ("U0ANA", None), ("", None)]
)
def test_an_account_of_feishu_is_who_the_file_says(user: str, id: str | None, keyring: Keyring) -> None:
    people = f"{SLACK}  cy: {{role: clerk}}\n".replace("U0ANA}", "U0ANA, feishu: ou_ana00000000}")
    keyring.people_file.write_text(people, "utf-8")
    found = keyring.person_of_feishu(user)
    assert (found and found.id) == id
    assert {member.name: member.feishu for member in keyring.members()}["ana"] == "ou_ana00000000"


def test_a_group_gets_no_key(keyring: Keyring) -> None:
    keyring.people_file.write_text(SLACK, "utf-8")
    with pytest.raises(WrongUse, match="each person their own key"):
        keyring.add("sellers")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("ana: {role: a, slack: ana}", "slack is 'ana'"),
        ("ana: {role: a, slack: 7}", "slack is 7"),
        ("ana: {role: a, slack: S0SELL}", "slack is 'S0SELL'"),
        ("ana: {role: a, slack_group: U0ANA}", "slack_group is 'U0ANA'"),
        ("ana: {role: a, slack: U0ANA, slack_group: S0SELL}", "two names"),
        ("ana: {role: a, slack: U0ANA}\n  bo: {role: b, slack: U0ANA}", "U0ANA stands behind two names"),
        ("ana: {role: a, slack_group: S0SELL, feishu: ou_ana00000000}", "slack_group and feishu"),
        ("ana: {role: a, feishu: ana}", "feishu is 'ana'; expected an id such as ou_"),
        ("ana: {role: a, feishu: ou_a}\n  bo: {role: b, feishu: ou_a}", "feishu is 'ou_a'"),
        (
            "ana: {role: a, feishu: ou_ana00000000}\n  bo: {role: b, feishu: ou_ana00000000}",
            "ou_ana00000000 stands behind two names",
        ),
        ("ana: {slack: U0ANA}", "has no role"),
    ],
)
def test_a_line_about_a_chat_that_cannot_be_is_told(line: str, told: str, keyring: Keyring) -> None:
    keyring.people_file.write_text(f"people:\n  {line}\n", "utf-8")
    with pytest.raises(WrongUse, match=re.escape(told)):
        keyring.person_of_slack("U0ANA", lambda group: False)
