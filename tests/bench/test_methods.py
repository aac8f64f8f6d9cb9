"""The comparison of training methods: equal data, a table, and nothing trained twice."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.methods import TRIALS, draw, main, table, train
from finetune.examples import Example, read_examples, write_examples
from llm.engine import Prompt


def examples(count: int) -> list[Example]:
    return [
        Example(
            database=f"d{n % 3}",
            prompt=Prompt(system="SQL.", fixed=f"CREATE TABLE d{n % 3} (a);", rest=f"\nquestion {n}\n"),
            reply=f"-- d{n % 3}\nSELECT a",
        )
        for n in range(count)
    ]


def test_every_method_learns_from_the_same_draw(tmp_path: Path) -> None:
    write_examples(examples(30), tmp_path / "all.jsonl")
    (tmp_path / "out").mkdir()
    first = draw(tmp_path / "all.jsonl", 10, tmp_path / "out")
    assert len(read_examples(first)[0]) == 10
    before = first.read_bytes()
    first.unlink()
    assert draw(tmp_path / "all.jsonl", 10, tmp_path / "out").read_bytes() == before


def test_a_method_that_is_done_is_not_trained_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "lora-8").mkdir()
    (tmp_path / "lora-8" / "manifest.json").write_text(json.dumps({"status": "done", "steps": 3}))
    monkeypatch.setattr("subprocess.run", lambda *a, **k: pytest.fail("it was trained again"))
    assert train(TRIALS[0], tmp_path, tmp_path, tmp_path, "cpu")["steps"] == 3


def test_the_table_has_the_bare_model_and_every_method() -> None:
    manifest = {
        "first_loss": 1.5, "best_loss": 0.5, "first_exact": 0.1, "best_exact": 0.4, "steps": 12,
        "tokens": 1200, "seconds": 60.0, "peak_memory_mb": 3000,
    }  # fmt: skip
    accuracy = {"bare": {"accuracy": 0.3, "interval": (0.2, 0.4)}}
    lines = table({"lora-8": manifest, "prefix-16": manifest}, accuracy)
    assert lines[2] == "| bare model | 1.500 | 10.0 | 30.0 [20, 40] | – | – | – |"
    assert lines[3] == "| lora-8 | 0.500 | 40.0 | – | 12 | 20 | 3,000 |"
    assert len(lines) == 5


def test_without_data_accuracy_cannot_be_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("SHOPTALK_DATA", raising=False)
    assert main(["--examples", "x", "--validation", "x", "--evaluate", "--out", str(tmp_path / "o")]) == 2
    assert "nothing was trained" in capsys.readouterr().err and not (tmp_path / "o").exists()
