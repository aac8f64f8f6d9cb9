"""Fixtures of the engine tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from tiny_model import write_adapter, write_model

from llm.engine import Prompt


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Qwen2 model with two layers and random weights, as the engine finds it on disk."""
    return write_model(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="session")
def tiny_adapter(tiny_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A LoRA adapter with random weights, written as peft writes it."""
    return write_adapter(tmp_path_factory.mktemp("adapter"), seed=1)


@pytest.fixture
def prompt() -> Prompt:
    """A prompt with every part filled."""
    return Prompt(system="You are terse.", fixed="Tables: a, or.\n", rest="Which?", lead="SELECT ")
