"""The comparison of training methods: equal data, a table, and nothing trained twice."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from tiny_model import write_model

from bench.methods import TRIALS, Trial, draw, learn, main, table, train
from finetune.examples import Example, read_examples, write_examples
from llm.engine import Prompt


def examples(count: int) -> list[Example]:
    return [
        Example(
            database=f"d{n % 3}",
            prompt=Prompt(system="SQL.", fixed=f"CREATE TABLE d{n % 3} (a);", rest=f"\nQuestion: {n}\n"),
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
    folder = tmp_path / TRIALS[0].name
    folder.mkdir()
    (folder / "manifest.json").write_text(json.dumps({"status": "done", "steps": 3}))
    monkeypatch.setattr("bench.methods.ProcessPoolExecutor", lambda *a, **k: pytest.fail("trained again"))
    assert train(TRIALS[0], tmp_path, tmp_path, tmp_path, "cpu")["steps"] == 3


# peft 0.21 asks transformers 5.23 for a name that is about to change.
@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning")
@pytest.mark.parametrize("trial", [t for t in TRIALS if not t.needs_cuda], ids=lambda trial: trial.name)
def test_every_method_trains_as_its_configuration_says(trial: Trial, tmp_path: Path) -> None:
    model = write_model(tmp_path)
    checked = [replace(example, database="other") for example in examples(6)]
    common = {"batch": 2, "accumulate": 1, "epochs": 2}
    run = learn(trial, model, examples(12), checked, tmp_path / "run", "cpu", **common)
    assert (run.status, run.steps) == ("done", 12)
    # Virtual tokens and triplets start as noise; a dozen steps are too few for them on this model.
    assert trial.name in ("prefix-16", "adalora-8") or run.best_loss < run.first_loss
    config = json.loads((tmp_path / "run" / "adapter_config.json").read_text())
    assert bool(config.get("alora_invocation_tokens")) == (trial.adapter is None)
    if trial.adapter is not None:
        assert config["peft_type"] == trial.adapter(12).peft_type.value
    if trial.name == "adalora-8":
        ranks = [sum(kept) for kept in config["rank_pattern"].values()]
        assert sum(ranks) < 12 * len(ranks)  # it was told of the steps, and gave ranks up


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
