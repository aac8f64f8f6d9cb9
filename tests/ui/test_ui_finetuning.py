"""``shoptalk finetune`` and the adapters it leaves: on a real database and a tiny random model."""

from __future__ import annotations

import json
import os
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from tiny_model import write_adapter, write_model
from typer.testing import CliRunner

from app.engines import adapter_of
from app.errors import WrongUse
from app.settings import Settings
from llm.adapters import find_adapters
from ui.cli import app

# peft 0.21 asks transformers 5.23 for a name that is about to change.
pytestmark = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning")

PAIRS = [
    ("How many people are there?", "SELECT count(*) FROM people"),
    ("Names of people older than 30?", "SELECT name FROM people WHERE age > 30"),
    ("How many people are there?", "SELECT count(*) FROM people"),
]


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):
        if name.startswith("SHOPTALK_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("SHOPTALK_HOME", str(tmp_path / "home"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two databases as public sets are laid out: one is held out for validation by ``heldout.yml``."""
    from finetune.heldout import databases

    lines = []
    for name in ("town", databases("validation")[0], databases("test")[0]):
        home = tmp_path / "set" / "database" / name
        home.mkdir(parents=True)
        with sqlite3.connect(home / f"{name}.sqlite") as connection:
            connection.execute("CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT, age INTEGER)")
            connection.executemany("INSERT INTO people VALUES (?, ?, ?)", [(1, "Ann", 31), (2, "Bo", 20)])
        connection.close()
        lines += [{"database": name, "question": q, "sql": s} for q, s in PAIRS]
    (tmp_path / "set" / "questions.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    return tmp_path / "set"


def run(*arguments: object) -> Any:
    return CliRunner().invoke(app, [str(a) for a in arguments])


def test_from_questions_to_an_adapter_that_is_found(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOPTALK_MODEL_PATH", str(write_model(_made(tmp_path / "tiny"))))
    files = {}
    for side in ("train", "validation"):
        files[side] = tmp_path / f"{side}.jsonl"
        made = run(
            "finetune", "examples", "--folder", folder, "--split", side, "--out", files[side], "--json"
        )
        assert made.exit_code == 0, made.output
        assert json.loads(made.stdout)["examples"] == 2
        assert "1 repeated" in made.stderr
    described = tmp_path / "described.jsonl"
    made = run("finetune", "examples", "--folder", folder, "--described", "--out", described, "--json")
    assert made.exit_code == 0, made.output
    assert json.loads(made.stdout)["examples"] == 2 and "shop form" in made.stderr
    assert '"database": "town (described)"' in described.read_text()
    out = tmp_path / "home" / "adapters" / "mine"
    out.parent.mkdir(parents=True)
    command = (
        *("finetune", "train", "--examples", files["train"], "--validation", files["validation"]),
        *("--out", out, "--rank", 2, "--epochs", 3, "--device", "cpu", "--json"),
    )
    trained = run(*command)
    assert trained.exit_code == 0, trained.output
    told = json.loads(trained.stdout)
    assert (told["status"], told["steps"]) == ("done", 3)
    assert "for schemas: about" in trained.stderr
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["model"] == "tiny"
    assert manifest["databases"] == ["town"]
    assert set(manifest["data"]) == {"train.jsonl", "validation.jsonl"}
    assert find_adapters("tiny", tmp_path / "home" / "adapters") == {"mine": out}
    told = json.loads(run("doctor", "--json").stdout)["sections"]["Language model"]
    assert told["adapter: mine"] == f"not used: {out}"
    monkeypatch.setenv("SHOPTALK_ADAPTER", "mine")
    told = json.loads(run("doctor", "--json").stdout)["sections"]["Language model"]
    assert told["adapter: mine"] == f"used over a described shop and plain tables: {out}"
    again = run(*command)
    assert again.exit_code == 1
    assert "finished run" in again.stderr


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


WRONG = {
    "a side that is for measuring": (
        ["examples", "--folder", "set", "--split", "test", "--out", "x"],
        "'test'",
    ),
    "no folder to write to": (["examples", "--folder", "set", "--out", "no/x"], "does not exist"),
    "described databases with variants": (
        ["examples", "--folder", "set", "--out", "x", "--described", "--variants", "1"],
        "--described goes with neither",
    ),
    "a file of written questions that is not there": (
        ["questions", "--out", "x", "--also", "none.tsv"],
        "none.tsv",
    ),
    "a method of another name": (
        ["train", "--examples", "x", "--validation", "x", "--out", "x", "--method", "dora"],
        "'dora'",
    ),
    "a device of another name": (
        ["train", "--examples", "x", "--validation", "x", "--out", "x", "--device", "tpu"],
        "'tpu'",
    ),
}


@pytest.mark.parametrize(("arguments", "reason"), WRONG.values(), ids=WRONG)
def test_wrong_use_is_told(
    arguments: list[str], reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    told = run("finetune", *arguments)
    assert told.exit_code == 2
    assert reason in told.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_missing_file_of_examples_is_named(tmp_path: Path) -> None:
    told = run(
        *("finetune", "train", "--examples", tmp_path / "none.jsonl"),
        *("--validation", tmp_path / "none.jsonl", "--out", tmp_path / "out"),
    )
    assert told.exit_code == 1
    assert "none.jsonl cannot be read" in told.stderr


def test_only_adapters_of_the_model_are_found(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for name, model in (("right", "tiny"), ("other", "another-model")):
        folder = write_adapter(_made(tmp_path / name), seed=1, alora_invocation_tokens=[1, 2])
        (folder / "manifest.json").write_text(json.dumps({"model": model}))
    write_adapter(_made(tmp_path / "unsigned"), seed=1, alora_invocation_tokens=[1, 2])
    (tmp_path / "empty").mkdir()
    old = write_adapter(_made(tmp_path / "old"), seed=1)
    (old / "manifest.json").write_text(json.dumps({"model": "tiny", "reads": "own part"}))
    assert find_adapters("tiny", tmp_path, tmp_path / "absent") == {"right": tmp_path / "right"}
    assert f"{old} names no invocation tokens and is left out" in caplog.text


def test_which_adapter_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = tmp_path / "tiny"
    model.mkdir()

    def chosen(*, is_plain: bool = False, **options: Any) -> str | None:
        return adapter_of(Settings(home=tmp_path, model_path=model, **options), is_plain=is_plain)

    assert chosen() is None, "none comes with this model"
    for home, name, over in (
        ("shipped", "ours", ["shop"]),
        ("shipped", "theirs", ["tables"]),
        ("adapters", "mine", []),
    ):
        folder = tmp_path / home / name
        folder.mkdir(parents=True)
        write_adapter(folder, seed=1, alora_invocation_tokens=[1, 2])
        (folder / "manifest.json").write_text(json.dumps({"model": "tiny", "over": over}))
    monkeypatch.setattr("llm.adapters.SHIPPED", tmp_path / "shipped")
    assert (chosen(), chosen(is_plain=True)) == ("ours", "theirs")
    assert chosen(adapter="mine") == "mine"
    assert chosen(adapter="none") is None
    with pytest.raises(WrongUse, match="'yours'; known: ours, theirs, mine, none"):
        chosen(adapter="yours")
    assert chosen(engine_url="http://127.0.0.1:1") is None, "a server's adapters are its own"
    assert chosen(engine_url="http://127.0.0.1:1", adapter="theirs") == "theirs"
    (tmp_path / "shipped" / "ours" / "adapter_model.safetensors").unlink()
    assert (chosen(), chosen(is_plain=True)) == (None, "theirs"), "removed, the bare model writes"
