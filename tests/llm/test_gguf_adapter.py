"""Adapters as GGUF files: the same numbers under llama.cpp's names, and refusals of what it cannot hold."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny_model import write_adapter

from llm.adapters import SHIPPED, default_adapter
from llm.errors import EngineUnavailable
from llm.gguf_adapter import as_gguf, convert_adapter
from llm.weights import DEFAULT_MODEL

OURS = SHIPPED / str(default_adapter(DEFAULT_MODEL))
Q_PROJ = "base_model.model.model.layers.1.self_attn.q_proj"


def read(file: Path) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    import gguf

    reader = gguf.GGUFReader(file)
    fields = {name: field.contents() for name, field in reader.fields.items()}
    return fields, {tensor.name: np.array(tensor.data) for tensor in reader.tensors}


def weights(folder: Path) -> dict[str, np.ndarray]:
    from safetensors.numpy import load_file

    found: dict[str, np.ndarray] = load_file(folder / "adapter_model.safetensors")
    return found


def replace_weights(folder: Path, tensors: dict[str, np.ndarray]) -> None:
    from safetensors.numpy import save_file

    save_file(tensors, folder / "adapter_model.safetensors")


def test_every_matrix_is_there_under_the_name_of_its_weight(tmp_path: Path) -> None:
    folder, file = write_adapter(tmp_path, seed=3), tmp_path / "a.gguf"
    convert_adapter(folder, file)
    fields, tensors = read(file)
    assert {name: value for name, value in fields.items() if not name.startswith("GGUF.")} == {
        "general.architecture": "qwen2",
        "general.type": "adapter",
        "adapter.type": "lora",
        "adapter.lora.alpha": 8.0,
    }
    names = {"self_attn.q_proj": "attn_q", "mlp.down_proj": "ffn_down"}
    expected = {
        f"blk.{layer}.{name}.weight.lora_{part.lower()}": values
        for layer in range(2)
        for module, name in names.items()
        for part in "AB"
        for values in [weights(folder)[f"base_model.model.model.layers.{layer}.{module}.lora_{part}.weight"]]
    }
    assert set(tensors) == set(expected)
    for name, values in expected.items():
        assert tensors[name].dtype == values.dtype and np.array_equal(tensors[name], values), name


@pytest.mark.parametrize("module", ["q", "k", "v", "o", "gate", "up", "down"])
def test_all_linear_layers_of_the_shipped_adapter_have_names(module: str, tmp_path: Path) -> None:
    _, tensors = read(as_gguf(OURS, tmp_path))
    name = {"o": "attn_output", "q": "attn_q", "k": "attn_k", "v": "attn_v"}.get(module, f"ffn_{module}")
    assert {f"blk.{layer}.{name}.weight.lora_{p}" for layer in range(28) for p in "ab"} <= set(tensors)
    assert len(tensors) == 28 * 7 * 2 and {t.dtype for t in tensors.values()} == {np.dtype(np.float16)}


def test_an_activated_adapter_names_its_tokens_as_llama_cpp_reads_them(tmp_path: Path) -> None:
    import gguf

    file = tmp_path / "a.gguf"
    convert_adapter(write_adapter(tmp_path, seed=3, alora_invocation_tokens=[198, 14582, 25]), file)
    field = gguf.GGUFReader(file).fields["adapter.alora.invocation_tokens"]
    assert field.types == [gguf.GGUFValueType.ARRAY, gguf.GGUFValueType.UINT32]
    assert field.contents() == [14582, 25], "llama.cpp's begins one token before them"


SCALES = [
    ({"use_rslora": True}, 8 / 4**0.5),
    ({"alpha_pattern": {"q_proj": 3}}, 3 / 4),
    ({"alpha_pattern": {"layers.1.self_attn.q_proj": 2}, "lora_alpha": 16}, 2 / 4),
    ({"alpha_pattern": {"down_proj": 2}}, 8 / 4),
]


@pytest.mark.parametrize(("config", "scale"), SCALES)
def test_the_scale_of_a_layer_stays_what_peft_made_it(
    config: dict[str, Any], scale: float, tmp_path: Path
) -> None:
    folder, file = write_adapter(tmp_path, seed=3, **config), tmp_path / "a.gguf"
    convert_adapter(folder, file)
    fields, tensors = read(file)
    up = tensors["blk.1.attn_q.weight.lora_b"]
    written = up * (fields["adapter.lora.alpha"] / up.shape[1])  # what llama.cpp adds
    assert written == pytest.approx(weights(folder)[f"{Q_PROJ}.lora_B.weight"] * scale, rel=1e-5)


def test_bfloat16_loses_nothing(tmp_path: Path) -> None:
    import torch
    from safetensors.torch import load_file, save_file

    folder, file = write_adapter(tmp_path, seed=3), tmp_path / "a.gguf"
    kept = {n: w.bfloat16() for n, w in load_file(folder / "adapter_model.safetensors").items()}
    save_file(kept, folder / "adapter_model.safetensors")
    convert_adapter(folder, file)
    wanted = kept[f"{Q_PROJ}.lora_A.weight"].to(torch.float32).numpy()
    assert np.array_equal(read(file)[1]["blk.1.attn_q.weight.lora_a"], wanted)


REFUSED = [
    ({"peft_type": "ADALORA"}, "its kind is 'ADALORA', expected 'LORA'"),
    ({"use_dora": True}, "uses use_dora"),
    ({"modules_to_save": ["lm_head"]}, "uses modules_to_save"),
    ({"lora_bias": True}, "uses lora_bias"),
    ({"bias": "all"}, r"trains biases \('all'\)"),
]


@pytest.mark.parametrize(("config", "reason"), REFUSED, ids=str)
def test_what_the_file_cannot_hold_is_refused(config: dict[str, Any], reason: str, tmp_path: Path) -> None:
    folder = write_adapter(tmp_path, seed=3, **config)
    with pytest.raises(EngineUnavailable, match=f"cannot be used by llama.cpp: .*{reason}.*Nothing was"):
        convert_adapter(folder, tmp_path / "out" / "a.gguf")
    assert not (tmp_path / "out").exists()


MISSHAPEN = [
    ("base_model.model.model.layers.0.linear_attn.in_proj", "no linear layer of a qwen2 block"),
    ("base_model.model.transformer.h.0.attn.c_attn", "no linear layer of a qwen2 block"),
    ("base_model.model.lm_head", "no linear layer of a qwen2 block"),
]


@pytest.mark.parametrize(("layer", "reason"), MISSHAPEN)
def test_a_layer_of_another_architecture_is_refused(layer: str, reason: str, tmp_path: Path) -> None:
    folder = write_adapter(tmp_path, seed=3)
    pair = {
        f"{layer}.lora_A.weight": np.ones((4, 64), "f4"),
        f"{layer}.lora_B.weight": np.ones((64, 4), "f4"),
    }
    replace_weights(folder, weights(folder) | pair)
    with pytest.raises(EngineUnavailable, match=reason):
        convert_adapter(folder, tmp_path / "a.gguf")


def test_damaged_and_incomplete_weights_are_refused(tmp_path: Path) -> None:
    folder, file = write_adapter(tmp_path, seed=3), tmp_path / "a.gguf"
    whole = weights(folder)
    trained = "base_model.model.model.norm.weight"
    for tensors, reason in (
        ({n: w for n, w in whole.items() if n != f"{Q_PROJ}.lora_B.weight"}, "lacks one of its two matrices"),
        (whole | {f"{Q_PROJ}.lora_B.weight": np.ones((64, 5), "f4")}, "have ranks 4, 5"),
        (whole | {f"{Q_PROJ}.lora_A.weight": np.ones((4, 64), "i4")}, "is of type I32"),
        (whole | {trained: np.ones((64,), "f4")}, f"tensor '{trained}' is not a LoRA weight"),
        ({}, "it holds no weights"),
    ):
        replace_weights(folder, tensors)
        with pytest.raises(EngineUnavailable, match=reason):
            convert_adapter(folder, file)
    (folder / "adapter_model.safetensors").write_bytes(b"cut")
    with pytest.raises(EngineUnavailable, match="cannot be read"):
        convert_adapter(folder, file)
    (folder / "adapter_model.safetensors").unlink()
    with pytest.raises(EngineUnavailable, match=r"adapter_model\.safetensors is missing"):
        as_gguf(folder, tmp_path / "home")
    assert not file.exists() and not list(tmp_path.glob(".*"))


def test_it_is_made_once_and_anew_when_the_adapter_changes(tmp_path: Path) -> None:
    home, folder = tmp_path / "home", tmp_path / "a"
    folder.mkdir()
    first = as_gguf(write_adapter(folder, seed=3), home)
    stamp = first.stat().st_mtime_ns
    assert as_gguf(folder, home) == first and first.stat().st_mtime_ns == stamp
    moved = tmp_path / "elsewhere" / "a"
    shutil.copytree(folder, moved)
    assert as_gguf(moved, home) == first
    config = json.loads((folder / "adapter_config.json").read_text())
    (folder / "adapter_config.json").write_text(json.dumps(config | {"alora_invocation_tokens": [1, 2]}))
    second = as_gguf(folder, home)
    assert second != first and as_gguf(write_adapter(folder, seed=4), home) not in (first, second)
    assert sorted(file.suffix for file in home.iterdir()) == [".gguf"] * 3


def test_it_needs_neither_torch_nor_peft(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from llm.gguf_adapter import as_gguf; "
        "as_gguf(Path(sys.argv[1]), Path(sys.argv[2])); "
        "print([m for m in ('torch', 'transformers', 'peft') if m in sys.modules])"
    )
    command = [sys.executable, "-c", code, str(OURS), str(tmp_path)]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "[]\n"
