"""Choosing the precision: the rule, the measurement, what is kept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from llm import precision
from llm.errors import EngineUnavailable
from llm.precision import choose, quickest_worth_it


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precision, "_SECONDS", 0.02)


@pytest.mark.parametrize(
    ("seconds", "best"),
    [
        ({"float16": 1.0, "int8": 0.69, "bfloat16": 5.0}, "int8"),
        ({"float16": 1.0, "int8": 0.95, "bfloat16": 5.0}, "float16"),
        ({"float16": 2.0, "int8": 1.5, "bfloat16": 1.0, "nf4": 0.95}, "bfloat16"),
        ({"bfloat16": 1.0, "nf4": 0.5}, "nf4"),
        ({"float32": 9.0}, "float32"),
    ],
)
def test_the_quickest_is_taken_unless_a_more_exact_one_is_as_quick(seconds: Any, best: str) -> None:
    assert quickest_worth_it(seconds) == best


def test_measures_once_and_keeps_the_result(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert choose(tmp_path, tiny_folder, "cpu", measure=False) is None
    first = choose(tmp_path, tiny_folder, "cpu")
    assert first is not None and first.precision in ("float16", "int8", "bfloat16")
    assert "measured on this CPU" in first.reason and "float16" in first.reason
    monkeypatch.setattr(precision, "_measure", lambda *_: pytest.fail("measured again"))
    assert choose(tmp_path, tiny_folder, "cpu") == first
    assert choose(tmp_path, tiny_folder, "cpu", measure=False) == first


def test_another_cpu_is_measured_anew(tiny_folder: Path, tmp_path: Path) -> None:
    choose(tmp_path, tiny_folder, "cpu")
    path = tmp_path / "precision.json"
    (key, value), *_ = json.loads(path.read_text()).items()
    path.write_text(json.dumps({key.replace("torch", "another torch"): value}))
    choose(tmp_path, tiny_folder, "cpu")
    assert len(json.loads(path.read_text())) == 2


@pytest.mark.parametrize("damage", ["{", "[]", '{"a": 1}', '{"a": {"seconds": {}, "when": "x"}}'])
def test_a_damaged_file_is_measured_anew(tiny_folder: Path, tmp_path: Path, damage: str) -> None:
    (tmp_path / "precision.json").write_text(damage)
    assert choose(tmp_path, tiny_folder, "cpu") is not None


def test_what_does_not_work_here_is_left_out(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from llm import network

    read_layers = network.read_layers

    def broken(folder: Path, name: Any, count: int) -> Any:
        if name != "float32":
            raise RuntimeError(f"no operator for {name}")
        return read_layers(folder, name, count)

    monkeypatch.setattr(network, "read_layers", broken)
    choice = choose(tmp_path, tiny_folder, "cpu")
    assert choice is not None and choice.precision == "float32"


def test_the_settings_win(tiny_folder: Path, tmp_path: Path) -> None:
    choice = choose(tmp_path, tiny_folder, "cpu", "float32")
    assert choice is not None
    assert (choice.precision, choice.reason) == ("float32", "asked for in the settings")
    assert not (tmp_path / "precision.json").exists()


def test_a_card_takes_nf4(tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for installed, expected in ((True, "nf4"), (False, "bfloat16")):
        monkeypatch.setattr(precision, "_has_bitsandbytes", lambda value=installed: value)
        choice = choose(tmp_path, tiny_folder, "cuda")
        assert choice is not None and choice.precision == expected


@pytest.mark.parametrize(
    ("device", "wanted", "message"),
    [
        ("cpu", "int3", "No precision is called 'int3'"),
        ("cuda", "int8", "int8 is for CPUs"),
    ],
)
def test_what_cannot_be(tiny_folder: Path, tmp_path: Path, device: str, wanted: str, message: str) -> None:
    with pytest.raises(EngineUnavailable, match=message):
        choose(tmp_path, tiny_folder, device, wanted)
