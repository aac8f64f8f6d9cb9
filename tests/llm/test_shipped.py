"""The adapters that come with the project: small, 16 bits, with a card that says what they are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from llm.adapters import SHIPPED, Data, default_adapter, find_adapters, speaks
from llm.weights import DEFAULT_MODEL

HEADINGS = ("## What it does", "## Data", "## Licences", "## Figures", "## Limits", "## How it was made")
FOLDERS = sorted(folder for folder in SHIPPED.iterdir() if folder.is_dir())


LARGER = "qwen2.5-coder-1.5b-instruct"


@pytest.mark.parametrize(
    ("model", "over"), [(DEFAULT_MODEL, "shop"), (DEFAULT_MODEL, "tables"), (LARGER, "language")]
)
def test_each_model_has_one_for_what_it_is_asked(model: str, over: Data) -> None:
    name = default_adapter(model, over)
    assert name is not None
    assert find_adapters(model, SHIPPED)[name] == SHIPPED / name
    assert speaks(SHIPPED / name) == (over == "language")


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_it_is_whole_and_small(folder: Path) -> None:
    from safetensors import safe_open

    assert max(file.stat().st_size for file in folder.iterdir()) <= 40_000_000
    with safe_open(folder / "adapter_model.safetensors", framework="pt") as weights:
        assert {weights.get_slice(name).get_dtype() for name in weights.keys()} <= {"F16", "BF16"}  # noqa: SIM118
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    assert manifest["data"] and manifest["settings"]["seed"] is not None
    assert manifest["best_loss"] < manifest["first_loss"]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_its_card_tells_of_it(folder: Path) -> None:
    card = (folder / "README.md").read_text("utf-8")
    for heading in (
        "## What it does",
        "## Data",
        "## Licences",
        "## Figures",
        "## Limits",
        "## How it was made",
    ):
        assert heading in card
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    assert manifest["model"] in card.casefold()
