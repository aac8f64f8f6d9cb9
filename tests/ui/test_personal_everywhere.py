"""One text with every kind of personal data, on every surface, for a role that may not see who people are."""
# ruff: noqa: E501

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from mcp_clients import calling, over_http
from served_shop import ServedShop, ask, serving
from typer.testing import CliRunner
from ui_shop import SHOP, build_shop

from app.person import Person
from sql.shop.shopfile import load_shop
from sql.shop.workspace import open_workspace
from ui import present
from ui.chats.replies import reply_of
from ui.cli import app as command_line
from ui.mounted import mounts_for

ENGLISH = (
    "The lamp flickers and Quill Zorka Brandt is angry. Mail zorka.b@mail.example or call +43 660 1234567, card "
    "4111 1111 1111 1111, IBAN DE89 3704 0044 0532 0130 00, SSN 123-45-6789, from 203.0.113.77, "
    "24 Clarke Avenue, Leeds. WeChat: zorka_2020. Order 4711."
)
CHINESE = "台灯很亮，收件人王小明，手机13800138000，身份证11010519491231002X，地址上海市浦东新区张杨路500号，订单4712。"
HIDDEN = (
    "Zorka", "Quill", "zorka.b@", "660 1234567", "4111 1111", "DE89", "123-45-6789", "203.0.113.77", "Clarke",
    "zorka_2020", "王小明", "13800138000", "11010519491231002X", "张杨路",
)  # fmt: skip
KEPT = ("flickers", "4711", "4712", "台灯很亮")
PEOPLE = """\
  people:
    columns:
      person_id: {type: integer}
      full_name: {type: text}
      email: {type: text}
  notes:
    columns:
      note_id: {type: integer}
      note: {type: text}
metrics:
"""
ROLES = """\
roles:
  owner: {}
  desk: {masked: [people.full_name, people.email]}
default_role: desk
"""


def build(folder: Path) -> Path:
    head, tail = SHOP.replace("metrics:\n", PEOPLE, 1).split("roles:\n")
    path = build_shop(folder, description=head + ROLES + tail.split("default_role: owner\n")[1])
    with duckdb.connect(str(folder / "shop.duckdb")) as database:
        database.execute("CREATE TABLE people (person_id INTEGER, full_name VARCHAR, email VARCHAR)")
        database.execute("INSERT INTO people VALUES (1, 'Zorka Brandt Quill', 'zorka.b@mail.example')")
        database.execute("INSERT INTO people VALUES (2, 'Quill Zorka Brandt', NULL), (3, '王小明', NULL)")
        database.execute("CREATE TABLE notes (note_id INTEGER, note VARCHAR)")
        for number, text in enumerate((ENGLISH, CHINESE), 1):
            database.execute("INSERT INTO notes VALUES (?, ?)", [number, text])
            row = [90 + number, "2026-06-02", 1, "zh" if number == 2 else "en", "Lamp", text]
            database.execute("INSERT INTO raw_reviews VALUES (?, ?, ?, ?, ?, ?)", row)
    return path


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedShop]:
    with serving(tmp_path_factory.mktemp("personal"), mounts=mounts_for, build=build) as served:
        yield served


@pytest.fixture(scope="module")
def keys(served: ServedShop) -> dict[str, str]:
    return {role: served.key(role, role) for role in ("desk", "owner")}


def hidden_in(told: str) -> list[str]:
    return [each for each in HIDDEN if each in told]


ASKED = ("What do customers say about the lamp?", "顾客怎么评价Lamp？")


@pytest.mark.parametrize("question", ASKED)
def test_http_tells_nothing_personal(served: ServedShop, keys: dict[str, str], question: str) -> None:
    with served.client(keys["desk"]) as client:
        answer = ask(client, question).json()
    assert answer["status"] == "answered", answer["text"]
    assert not hidden_in(str(answer))


def test_what_is_found_is_masked_and_the_rest_stays(served: ServedShop, keys: dict[str, str]) -> None:
    told = {}
    for role in ("desk", "owner"):
        with served.client(keys[role]) as client:
            found = [
                client.get("/v1/search", params={"text": text, "k": 10}) for text in ("lamp flickers", "台灯")
            ]
            told[role] = "".join(each.text for each in found)
    assert not hidden_in(told["desk"]) and all(each in told["desk"] for each in KEPT)
    assert "[name]" in told["desk"] and "[姓名]" in told["desk"] and "[IP address]" in told["desk"]
    assert hidden_in(told["owner"]) == list(HIDDEN)


def test_mcp_tells_nothing_personal(served: ServedShop, keys: dict[str, str]) -> None:
    with calling(over_http(f"{served.address}/mcp", keys["desk"])) as caller:
        said = [
            caller.result("ask", question=ASKED[0]),
            caller.result("search", text="lamp flickers"),
            caller.result("run_statement", statement="SELECT note_id, note FROM notes"),
            caller.result("run_job", job="report", parameters={"month": "2026-05"}),
        ]
        refused = caller.call(
            "run_statement", statement="SELECT note_id FROM notes WHERE note LIKE '%Zorka%'"
        )
    assert not hidden_in(str(said)) and "[phone]" in str(said[2])
    assert refused.is_error and "own words" in refused.content[0].text


def test_chats_and_files_show_nothing_personal(served: ServedShop) -> None:
    with served.house.room(str(served.shop), Person(role="desk")) as room:
        *_, last = room.assistant(Person(role="desk")).answer(ASKED[0])
        table = room.workspace.run("SELECT note_id, note FROM notes")
    reply = reply_of(last.data, None)
    shown = (
        reply.text + reply.doubt + "".join(a.content.decode("utf-8", "ignore") for a in reply.attachments())
    )
    assert not hidden_in(shown) and not hidden_in(present.to_csv(table).decode())
    assert "[card]" in present.to_csv(table).decode()


@pytest.mark.parametrize(
    "command",
    [
        ("search", "lamp flickers", "--json"),
        ("compile", "SELECT note_id, note FROM notes", "--run"),
    ],
    ids=lambda command: command[0],
)
def test_the_command_line_tells_nothing_personal(
    served: ServedShop, command: tuple[str, ...], tmp_path: Path
) -> None:
    arguments = [*command, "--shop", str(served.shop), "--role", "desk"]
    result = CliRunner().invoke(command_line, arguments, env={"SHOPTALK_HOME": str(tmp_path)})
    assert result.exit_code == 0, result.output
    assert not hidden_in(result.output)


def test_nothing_personal_is_kept_for_the_role(served: ServedShop, tmp_path: Path) -> None:
    arguments = ["index", "--shop", str(served.shop), "--role", "desk"]
    assert CliRunner().invoke(command_line, arguments, env={"SHOPTALK_HOME": str(tmp_path)}).exit_code == 0
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    kept = "".join(path.read_bytes().decode("utf-8", "ignore") for path in files)
    assert "flickers" in kept and not hidden_in(kept)


def test_the_owner_reads_it_all(served: ServedShop) -> None:
    workspace = open_workspace(load_shop(served.shop), role="owner")
    try:
        assert workspace.run("SELECT note FROM notes ORDER BY note_id").rows == ((ENGLISH,), (CHINESE,))
    finally:
        workspace.close()
