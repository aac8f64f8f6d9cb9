"""``shoptalk finetune`` and the adapters it leaves: on real databases and a tiny random model."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
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

VIEW = """
name: {name}
database: {name}.sqlite
today: 2026-05-20
views:
  people:
    description: one row per member of the club
    time: joined_on
    key: [id]
    columns:
      id: {{type: integer}}
      name: {{type: text, synonyms: [member]}}
      age: {{type: integer}}
      joined_on: {{type: date}}
metrics:
  members: {{view: people, sql: COUNT(*), synonyms: [how many people]}}
"""
MEMBERS, ALL = "SELECT members FROM people", "SELECT name FROM people"
OLD = f"{ALL} WHERE age > 30"
PAIRS: list[dict[str, Any]] = [
    {"turns": ["How many people are there?"], "statement": MEMBERS},
    {"turns": ["Names of people older than 30?"], "statement": OLD},
    {"turns": ["and above 40"], "statement": OLD.replace("3", "4"), "previous": OLD, "kind": "follow_up"},
    {"turns": ["what do they earn"], "kind": "unanswerable", "note": "no wages"},
    {"turns": ["the best people"], "kind": "ask_back", "note": "?", "choices": [MEMBERS, ALL]},
    {"turns": ["a report please"], "kind": "job", "note": "report"},
    {"turns": ["those near retirement"], "statement": OLD.replace("30", "61")},  # no word says 61
]


def written(file: Path, *pairs: dict[str, Any]) -> Path:
    usual = {"persona": "owner", "language": "en", "kind": "question"}
    lines = [json.dumps(usual | {"id": f"p-{number}"} | pair) for number, pair in enumerate(pairs)]
    file.write_text("".join(f"{line}\n" for line in lines))
    return file


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):
        if name.startswith("SHOPTALK_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("SHOPTALK_HOME", str(tmp_path / "home"))


@pytest.fixture
def threads() -> Iterator[None]:
    """Leave later tests as many threads as they had: training takes all cores."""
    import torch

    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.fixture
def town(tmp_path: Path) -> Path:
    """A shop to learn from."""
    return shop(tmp_path, "town")


def shop(folder: Path, name: str) -> Path:
    with sqlite3.connect(folder / f"{name}.sqlite") as connection:
        connection.execute(
            "CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT, age INTEGER, joined_on DATE)"
        )
        rows = [(1, "Ann", 31, "2026-05-02"), (2, "Bo", 20, "2025-01-01")]
        connection.executemany("INSERT INTO people VALUES (?, ?, ?, ?)", rows)
    connection.close()
    file = folder / f"{name}.yml"
    file.write_text(VIEW.format(name=name))
    return file


def run(*arguments: object) -> Any:
    return CliRunner().invoke(app, [str(a) for a in arguments])


@pytest.mark.usefixtures("threads")
def test_from_questions_to_an_adapter_that_is_found(
    town: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOPTALK_MODEL_PATH", str(write_model(_made(tmp_path / "tiny"))))
    pairs, files = written(tmp_path / "pairs.jsonl", *PAIRS), []
    for file in (town, shop(tmp_path, "village")):
        files.append(file.with_suffix(".jsonl"))
        made = run("finetune", "examples", "--pairs", pairs, "--shop", file, "--out", files[-1], "--json")
        assert made.exit_code == 0, made.output
        told = json.loads(made.stdout)
        assert (told["file"], told["examples"], told["left_out"]) == (str(files[-1]), 5, [7])
        assert "line 7: SELECT name FROM people WHERE age > 61" in made.stderr
    out = tmp_path / "home" / "adapters" / "mine"
    out.parent.mkdir(parents=True)
    command = (
        *("finetune", "train", "--examples", files[0], "--validation", files[1]),
        *("--out", out, "--rank", 2, "--epochs", 3, "--device", "cpu", "--json"),
    )
    trained = run(*command)
    assert trained.exit_code == 0, trained.output
    told = json.loads(trained.stdout)
    assert (told["status"], told["steps"]) == ("done", 3)
    assert "for schemas: about" in trained.stderr
    manifest = json.loads((out / "manifest.json").read_text())
    assert (manifest["model"], manifest["over"]) == ("tiny", ["language"])
    assert (manifest["databases"], manifest["validation_databases"]) == (["town"], ["village"])
    assert set(manifest["data"]) == {"town.jsonl", "village.jsonl"}
    assert find_adapters("tiny", tmp_path / "home" / "adapters") == {"mine": out}
    told = json.loads(run("doctor", "--json").stdout)["sections"]["Language model"]
    assert told["adapter: mine"] == f"not used: {out}"
    monkeypatch.setenv("SHOPTALK_ADAPTER", "mine")
    told = json.loads(run("doctor", "--json").stdout)["sections"]["Language model"]
    assert told["adapter: mine"] == f"used: {out}"
    again = run(*command)
    assert again.exit_code == 1
    assert "finished run" in again.stderr


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


FAULTY: dict[str, tuple[list[dict[str, Any]], str]] = {
    "a statement that names what is not there": (
        [PAIRS[0], {"turns": ["wages"], "statement": "SELECT wages FROM people"}],
        "line 2, statement: Statement",
    ),
    "a statement that is cut off": (
        [{"turns": ["people"], "statement": "SELECT members FROM"}],
        "line 1, statement: Statement, at its end",
    ),
    "a statement before that means nothing": (
        [PAIRS[1], PAIRS[2] | {"previous": "SELECT wages FROM people"}],
        "line 2, previous: Statement",
    ),
    "a reading that means nothing": (
        [PAIRS[4] | {"choices": [MEMBERS, "SELECT wages FROM people"]}],
        "line 1, choices: Statement",
    ),
    "a line of another form": ([PAIRS[0], {"turns": ["people"]}], "line 2: a pair of kind question needs a"),
    "a question that stands twice": ([PAIRS[0], PAIRS[0]], "line 2: the same question stands on line 1"),
    "nothing to learn": ([PAIRS[5]], "holds nothing that a model could learn"),
    "no line at all": ([], "holds nothing that a model could learn"),
}


@pytest.mark.parametrize(("pairs", "reason"), FAULTY.values(), ids=FAULTY)
def test_a_fault_in_the_pairs_is_told_with_its_line_and_nothing_is_written(
    pairs: list[dict[str, Any]], reason: str, town: Path, tmp_path: Path
) -> None:
    file, out = written(tmp_path / "pairs.jsonl", *pairs), tmp_path / "examples.jsonl"
    told = run("finetune", "examples", "--pairs", file, "--shop", town, "--out", out)
    assert told.exit_code == 1
    assert f"{file}, {reason}" in told.stderr or f"{file}: {reason}" in told.stderr
    assert not list(tmp_path.glob("examples.jsonl*"))


def test_what_the_database_says_of_a_failure_is_not_repeated(tmp_path: Path) -> None:
    """It may quote a value."""
    with duckdb.connect(str(tmp_path / "mails.duckdb")) as connection:
        connection.execute("CREATE TABLE mails AS SELECT 'ann@example.com' AS mail")
    mails = tmp_path / "mails.yml"
    mails.write_text(
        "name: mails\ndatabase: mails.duckdb\nviews:\n  people:\n    sql: SELECT CAST(mail AS INTEGER) AS id "
        "FROM mails\n    columns: {id: {type: integer}}\n"
    )
    file = written(tmp_path / "pairs.jsonl", {"turns": ["all"], "statement": "SELECT id FROM people"})
    told = run("finetune", "examples", "--pairs", file, "--shop", mails, "--out", tmp_path / "out.jsonl")
    assert told.exit_code == 1 and "ann@example.com" not in told.stderr
    assert f"{file}, line 1, statement: " in told.stderr


ONE_FILE = ("--examples", "x", "--validation", "x", "--out", "x")
WRONG = {
    "no folder to write to": (["examples", "--pairs", "pairs.jsonl", "--out", "no/x"], "does not exist"),
    "pairs that are not there": (["examples", "--pairs", "none.jsonl", "--out", "x"], "none.jsonl"),
    "a shop that is not there": (
        ["examples", "--pairs", "pairs.jsonl", "--shop", "none.yml", "--out", "x"],
        "none.yml",
    ),
    "a method of another name": (["train", *ONE_FILE, "--method", "dora"], "'dora'"),
    "a device of another name": (["train", *ONE_FILE, "--device", "tpu"], "'tpu'"),
}


@pytest.mark.parametrize(("arguments", "reason"), WRONG.values(), ids=WRONG)
def test_wrong_use_is_told(
    arguments: list[str], reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    pairs = written(tmp_path / "pairs.jsonl", PAIRS[0])
    told = run("finetune", *arguments)
    assert told.exit_code == 2
    assert reason in told.stderr
    assert list(tmp_path.iterdir()) == [pairs]


def test_a_missing_file_of_examples_is_named(tmp_path: Path) -> None:
    told = run(
        *("finetune", "train", "--examples", tmp_path / "none.jsonl"),
        *("--validation", tmp_path / "none.jsonl", "--out", tmp_path / "out"),
    )
    assert told.exit_code == 1
    assert "none.jsonl cannot be read" in told.stderr


def adapter(folder: Path, model: str = "tiny", **manifest: Any) -> Path:
    folder.mkdir(parents=True)
    write_adapter(folder, seed=1, alora_invocation_tokens=[1, 2])
    (folder / "manifest.json").write_text(json.dumps({"model": model} | manifest))
    return folder


def test_only_adapters_of_the_model_are_found(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    right = adapter(tmp_path / "right", over=["language"])
    adapter(tmp_path / "other", model="another-model", over=["language"])
    write_adapter(_made(tmp_path / "unsigned"), seed=1, alora_invocation_tokens=[1, 2])
    (tmp_path / "empty").mkdir()
    assert find_adapters("tiny", tmp_path, tmp_path / "absent") == {"right": right}
    assert not [r for r in caplog.records if r.levelname == "WARNING"], "they are no fault"


@pytest.mark.parametrize("over", [{"over": ["shop"]}, {"over": ["tables"]}, {}], ids=str)
def test_an_adapter_that_writes_no_question_language_is_left_out(
    over: dict[str, Any], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    earlier = adapter(tmp_path / "earlier", **over)
    assert find_adapters("tiny", tmp_path) == {}
    (told,) = [r.message for r in caplog.records if r.levelname == "WARNING"]
    assert told.startswith(f"The adapter in {earlier} was trained by an earlier version")
    assert "docs/train.md" in told


def test_an_adapter_without_invocation_tokens_is_left_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    old = write_adapter(_made(tmp_path / "old"), seed=1)
    (old / "manifest.json").write_text(json.dumps({"model": "tiny", "over": ["language"]}))
    assert find_adapters("tiny", tmp_path) == {}
    assert f"{old} names no invocation tokens and is left out" in caplog.text


def test_which_adapter_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = tmp_path / "tiny"
    model.mkdir()

    def chosen(**options: Any) -> str | None:
        return adapter_of(Settings(home=tmp_path, model_path=model, **options))

    assert chosen() is None, "none comes with this model"
    ours = adapter(tmp_path / "shipped" / "ours", over=["language"])
    adapter(tmp_path / "adapters" / "mine", over=["language"])
    monkeypatch.setattr("llm.adapters.SHIPPED", tmp_path / "shipped")
    assert chosen() == "ours"
    assert chosen(adapter="mine") == "mine"
    assert chosen(adapter="none") is None
    with pytest.raises(WrongUse, match="'yours'; known: ours, mine, none"):
        chosen(adapter="yours")
    assert chosen(engine_url="http://127.0.0.1:1") is None, "a server's adapters are its own"
    assert chosen(engine_url="http://127.0.0.1:1", adapter="theirs") == "theirs"
    (ours / "adapter_model.safetensors").unlink()
    assert chosen() is None, "removed, the bare model writes"
