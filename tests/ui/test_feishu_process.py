"""``shoptalk feishu``: the long connection, from start to end, and what it says when it cannot be."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from feishu_desk import ANA, PEOPLE
from mock_feishu import APP_ID, BOT, SECRET, MockFeishu, delivery, mock_feishu
from roles_shop import build_roles_shop
from served_shop import PLAIN, until
from typer.testing import CliRunner

from ui.cli import app as command_line

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def feishu() -> Iterator[MockFeishu]:
    with mock_feishu() as feishu:
        yield feishu


def environment(home: Path, feishu: MockFeishu, **more: str) -> dict[str, str]:
    return {
        "SHOPTALK_HOME": str(home), "SHOPTALK_ENGINE_URL": "http://127.0.0.1:9/v1",
        "SHOPTALK_FEISHU_URL": feishu.address, "SHOPTALK_FEISHU_APP_ID": APP_ID,
        "SHOPTALK_FEISHU_APP_SECRET": SECRET, **more,
    }  # fmt: skip


def written(text: str, id: str) -> dict[str, object]:
    mention = {"key": "@_user_1", "id": {"open_id": BOT, "user_id": None}, "name": "x", "tenant_key": "mock"}
    message = {
        "message_id": id, "chat_id": "oc_1", "chat_type": "group", "message_type": "text",
        "content": f'{{"text": "@_user_1 {text}"}}', "mentions": [mention], "create_time": "1800000000000",
    }  # fmt: skip
    sender = {"sender_id": {"open_id": ANA}, "sender_type": "user", "tenant_key": "mock"}
    return delivery("im.message.receive_v1", {"sender": sender, "message": message})


@pytest.fixture
def process(feishu: MockFeishu, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """It is connected."""
    shop = build_roles_shop(tmp_path / "shop")
    (tmp_path / "people.yml").write_text(PEOPLE, "utf-8")
    process = subprocess.Popen(
        [sys.executable, "-c", "from ui.cli import main; main()", "feishu", "--shop", str(shop)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT,
        env={**os.environ, **environment(tmp_path, feishu)},
    )  # fmt: skip
    with process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline().startswith("Shoptalk answers in Feishu, as 小店 Bot")
            yield process
        finally:
            process.kill()


def test_the_process_answers_connects_again_and_ends_with_a_sentence_where_it_cannot(
    feishu: MockFeishu, process: subprocess.Popen[str]
) -> None:
    id = f"om_{uuid.uuid4().hex}"
    feishu.push(written(PLAIN, id))
    until(lambda: any(each.buttons for each in feishu.answering(id)), tries=3_000)
    (posted,) = feishu.answering(id)
    assert feishu.acknowledged[0]["code"] == 200 and posted.in_thread and "150.00 EUR" in posted.words
    press = {
        "operator": {"open_id": ANA}, "action": {"tag": "button", "value": posted.value("up")},
        "context": {"open_message_id": posted.id, "open_chat_id": "oc_1"},
    }  # fmt: skip
    feishu.push(delivery("card.action.trigger", press))
    until(lambda: len(feishu.acknowledged) == 2)
    toast = json.loads(base64.b64decode(feishu.acknowledged[1]["data"]))["toast"]
    assert toast["content"] == "Thank you. Kept as a good answer."
    feishu.drop()
    until(lambda: feishu.is_connected)
    late = f"om_{uuid.uuid4().hex}"
    feishu.push(written(PLAIN, late))
    until(lambda: any("150.00 EUR" in each.words for each in feishu.answering(late)))
    feishu.drop(is_final=True)  # how SIGTERM ends it is the same for all chats: tests/ui/test_slack.py
    out, err = process.communicate(timeout=60)
    assert process.returncode == 1 and "Traceback" not in err, err
    assert "The long connection to Feishu has ended (ClientException) and cannot be opened again." in err
    assert SECRET not in out + err and "ws://" not in out + err and out == ""


@pytest.mark.parametrize(
    ("more", "told", "status"),
    [
        ({"SHOPTALK_FEISHU_APP_ID": ""}, "SHOPTALK_FEISHU_APP_ID (cli_…)", 2),
        ({"SHOPTALK_FEISHU_APP_SECRET": ""}, "SHOPTALK_FEISHU_APP_SECRET. docs/feishu.md", 2),
        ({"SHOPTALK_FEISHU_URL": "http://open.feishu.example"}, "expected https://open.feishu.cn or", 2),
        ({"SHOPTALK_FEISHU_APP_SECRET": "hush"}, "Feishu does not know this app (code 10014", 1),
        ({"SHOPTALK_FEISHU_URL": "http://127.0.0.1:9"}, "does not answer at http://127.0.0.1:9: Connect", 1),
    ],
)  # fmt: skip
def test_what_is_missing_or_wrong_is_one_plain_sentence(
    more: dict[str, str], told: str, status: int, feishu: MockFeishu, tmp_path: Path
) -> None:
    shop = build_roles_shop(tmp_path / "shop")
    said = CliRunner().invoke(
        command_line, ["feishu", "--shop", str(shop)], env=environment(tmp_path, feishu, **more)
    )
    last = said.stderr.strip().splitlines()[-1]
    assert said.exit_code == status and told in " ".join(said.stderr.split()), said.stderr
    assert "hush" not in said.output and "Traceback" not in said.stderr and last.endswith(".")
