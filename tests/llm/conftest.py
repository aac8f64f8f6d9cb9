"""Fixtures of the engine tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tiny_model import write_adapter, write_gguf, write_model

from llm.engine import Prompt

INVOCATION = "Which"
"""What the tiny adapter begins to work from."""


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Qwen2 model with two layers and random weights, as transformers loads it."""
    return write_model(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="session")
def tiny_gguf(tiny_folder: Path) -> Path:
    """The same model as llama.cpp loads it."""
    return write_gguf(tiny_folder)


@pytest.fixture(scope="session")
def tiny_adapter(tiny_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An activated LoRA with random weights, written as peft writes it."""
    from llm.chat import ChatTokenizer

    tokens = ChatTokenizer(tiny_folder).encode_reply(INVOCATION)[:-1]
    return write_adapter(tmp_path_factory.mktemp("adapter"), seed=1, alora_invocation_tokens=list(tokens))


@pytest.fixture(scope="session")
def tiny_llama(tiny_gguf: Path, tiny_adapter: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The tiny model in llama.cpp, with its adapter."""
    from llm.gguf_adapter import as_gguf
    from llm.llama_engine import LlamaEngine

    home = tmp_path_factory.mktemp("llama")
    adapters = {"shop": as_gguf(tiny_adapter, home)}
    return LlamaEngine(tiny_gguf, adapters=adapters, threads=1, kept=home / "prompts", windows=[1024])


@pytest.fixture(scope="session")
def tiny_torch(tiny_folder: Path, tiny_adapter: Path) -> Any:
    """The tiny model in transformers, with its adapter."""
    from llm.torch_engine import TorchEngine

    return TorchEngine(tiny_folder, device="cpu", precision="float32", adapters={"shop": tiny_adapter})


@pytest.fixture
def prompt() -> Prompt:
    """A prompt with every part filled."""
    return Prompt(system="You are terse.", fixed="Tables: a, or.\n", rest="Which?", lead="SELECT ")
