"""The adapters that come with the project: small, 16 bits, with a card that says what they are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from llm.adapters import LANGUAGE, MANIFEST, SHIPPED, default_adapter, find_adapters
from llm.weights import DEFAULT_MODEL, known_models

HEADINGS = ("## What it does", "## Data", "## Licences", "## Figures", "## Limits", "## How it was made")
FOLDERS = sorted(folder for folder in SHIPPED.iterdir() if folder.is_dir())


def test_the_default_model_has_one(caplog: pytest.LogCaptureFixture) -> None:
    name = default_adapter(DEFAULT_MODEL)
    assert name is not None
    assert find_adapters(DEFAULT_MODEL, SHIPPED)[name] == SHIPPED / name
    assert not [r for r in caplog.records if r.levelname == "WARNING"], "none is left out as outdated"


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_it_writes_the_question_language_of_a_known_model(folder: Path) -> None:
    manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
    assert manifest["over"] == [LANGUAGE] and manifest["model"] in known_models()


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_it_is_whole_and_small(folder: Path) -> None:
    from safetensors import safe_open

    assert max(file.stat().st_size for file in folder.iterdir()) <= 40_000_000
    with safe_open(folder / "adapter_model.safetensors", framework="pt") as weights:
        assert {weights.get_slice(name).get_dtype() for name in weights.keys()} <= {"F16", "BF16"}  # noqa: SIM118
    manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
    assert manifest["data"] and manifest["settings"]["seed"] is not None
    assert manifest["best_loss"] < manifest["first_loss"]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_its_card_tells_of_it(folder: Path) -> None:
    card = (folder / "README.md").read_text("utf-8")
    for heading in HEADINGS:
        assert heading in card
    manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
    assert manifest["model"] in card.casefold()
