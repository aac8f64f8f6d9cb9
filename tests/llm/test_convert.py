"""The copy of the weights that transformers loads: made once, whole or not at all."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from llm import convert
from llm.convert import ensure_folder
from llm.errors import LlmError, WeightsMissing

FILES = ("config.json", "model.safetensors", "tokenizer.json")
SPEC = SimpleNamespace(name="small", file="small.gguf", sha256="5" * 64, converted_bytes=1)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of weights with a small file in the place of the official one, and a quick conversion."""
    file = tmp_path / "small.gguf"
    file.write_bytes(b"GGUF")
    monkeypatch.setattr(convert, "known_models", lambda: {"small": SPEC})
    monkeypatch.setattr(convert, "model_name", lambda model: "small")
    monkeypatch.setattr(convert, "ensure_weights", lambda *_, **__: file)
    monkeypatch.setattr(convert, "_run", fake_run)
    return tmp_path


def fake_run(gguf: Path, folder: Path) -> None:
    for name in FILES:
        (folder / name).write_text(f"{name} of {gguf.name}")


def made(home: Path) -> Path:
    return ensure_folder(home, "small", progress=False)


def test_it_is_made_once(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = made(home)
    assert folder == home / "small" and all((folder / name).is_file() for name in FILES)
    monkeypatch.setattr(convert, "_run", lambda *_: pytest.fail("converted again"))
    assert made(home) == folder


def test_that_of_another_file_is_made_again(home: Path) -> None:
    folder = made(home)
    (folder / convert.MADE).write_text("of an older one")
    (folder / "left.txt").write_text("over")
    assert made(home) == folder and not (folder / "left.txt").exists()


def test_an_interrupted_conversion_leaves_nothing_half_done(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_: Path, folder: Path) -> None:
        (folder / "config.json").write_text("half")
        raise KeyboardInterrupt

    monkeypatch.setattr(convert, "_run", interrupted)
    with pytest.raises(KeyboardInterrupt):
        made(home)
    assert not (home / "small").exists() and not list(home.glob("*.part"))


def test_what_a_killed_conversion_left_is_cleared(home: Path) -> None:
    left = home / "small.x1y2.part"
    left.mkdir()
    (left / "model.safetensors").write_text("half")
    assert made(home).is_dir() and not left.exists()


def test_a_failed_conversion_says_why(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    done = SimpleNamespace(returncode=1, stderr="Traceback\nMemoryError: no room\n", stdout="")
    monkeypatch.setattr(convert.subprocess, "run", lambda *_, **__: done)
    with pytest.raises(LlmError, match="could not be converted: MemoryError: no room"):
        convert._run(home / "a.gguf", home)


def test_a_full_disk_is_noticed_first(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("llm.weights.shutil.disk_usage", lambda _: SimpleNamespace(free=0))
    with pytest.raises(WeightsMissing, match="are needed to convert"):
        made(home)


def test_a_folder_is_used_as_it_is(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    with pytest.raises(WeightsMissing, match=r"lacks config\.json, tokenizer\.json"):
        ensure_folder(tmp_path, str(mine))
    for name in FILES:
        (mine / name).write_text("mine")
    assert ensure_folder(tmp_path, str(mine)) == mine
