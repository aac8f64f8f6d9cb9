"""A peft LoRA folder as the GGUF file that llama.cpp loads beside a model; needs neither torch nor peft.

Written at first use into the home folder, named by what it was made of, so that the project ships an adapter
once. One with ``alora_invocation_tokens`` (activated LoRA: it works from the last place in the prompt
where those tokens stand) stays one. Covers linear layers of the Qwen2 family, whose rows llama.cpp keeps in
the order that transformers has (those of Llama it does not). Not covered, and refused by name: DoRA, trained
biases, modules saved whole, adapters on embeddings, layers that share weights.

Sources: convert_lora_to_gguf.py and src/llama-adapter.cpp of ggml-org/llama.cpp, for names and types; Hu et
al., LoRA, 2021; Greenewald et al., Activated LoRA: Fine-tuned LLMs for Intrinsics, 2025.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from llm.errors import EngineUnavailable

ARCHITECTURE = "qwen2"
"""llama.cpp refuses the file beside a model of another architecture."""
CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
FORM = 2
"""Part of the names of the files; raise it when the same adapter would be written differently."""
UNSUPPORTED = (
    *("use_dora", "modules_to_save", "lora_bias", "use_qalora", "layer_replication", "target_parameters"),
    *("trainable_token_indices", "use_bdlora", "arrow_config", "kasa_config", "monteclora_config"),
)
"""Settings of peft's LoraConfig with which the weights mean more than ``W x + scale * B (A x)``."""
_KEY = re.compile(r"^base_model\.model\.(?P<layer>.+)\.lora_(?P<part>[AB])\.weight$")


def as_gguf(folder: Path, home: Path) -> Path:
    """Return the GGUF file of the peft adapter in ``folder``, made below ``home`` unless it is there.

    Raises:
        EngineUnavailable: see :func:`convert_adapter`.
    """
    try:
        made_of = b"".join((folder / name).read_bytes() for name in (CONFIG, WEIGHTS))
    except OSError as error:
        raise _refusal(folder, f"{Path(error.filename or folder).name} is missing") from error
    mark = hashlib.sha256(f"{FORM}\n".encode() + made_of).hexdigest()[:16]
    file = home / f"{folder.name}-{mark}.gguf"
    if not file.is_file():
        convert_adapter(folder, file)
    return file


def convert_adapter(folder: Path, file: Path) -> None:
    """Write the peft adapter in ``folder`` to ``file`` (whole or not at all), in the precision it is kept in.

    Raises:
        EngineUnavailable: it cannot be read, or uses what is not supported here; nothing was written.
    """
    import gguf

    config, tensors = _read(folder)
    layers = _pairs(folder, config, tensors)
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, unfinished = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    os.close(handle)  # a name of its own: two processes may make the same file at once
    try:
        writer = gguf.GGUFWriter(unfinished, ARCHITECTURE)
        writer.add_type(gguf.GGUFType.ADAPTER)
        writer.add_string(gguf.Keys.Adapter.TYPE, "lora")
        writer.add_float32(gguf.Keys.Adapter.LORA_ALPHA, float(config.get("lora_alpha", 8)))
        invocation = config.get("alora_invocation_tokens")
        if invocation:
            if len(invocation) < 2:
                raise _refusal(folder, "its invocation is a single token, and llama.cpp needs two")
            # Of UINT32: an array of Python's integers would be written as INT32, which llama.cpp refuses.
            # Without the first: peft's adapter works from the first invocation token on, llama.cpp's from the
            # token before it (as of b11549; tests/llm/test_llama_engine.py compares the two).
            writer.add_key_value(
                gguf.Keys.Adapter.ALORA_INVOCATION_TOKENS,
                [int(token) for token in invocation[1:]],
                gguf.GGUFValueType.ARRAY,
                sub_type=gguf.GGUFValueType.UINT32,
            )
        for name, (down, up) in layers.items():
            writer.add_tensor(f"{name}.lora_a", down)
            writer.add_tensor(f"{name}.lora_b", up)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        Path(unfinished).replace(file)
    finally:
        Path(unfinished).unlink(missing_ok=True)


def _refusal(folder: Path, reason: str) -> EngineUnavailable:
    return EngineUnavailable(
        f"The adapter in {folder} cannot be used by llama.cpp: {reason}. Nothing was written."
    )


def _read(folder: Path) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """The configuration, checked, and the tensors; of bfloat16, which numpy does not have, as float32."""
    from safetensors import SafetensorError, deserialize

    try:
        config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        raw = deserialize((folder / WEIGHTS).read_bytes())  # type: ignore[no-untyped-call]
    except FileNotFoundError as error:
        raise _refusal(folder, f"{Path(error.filename or folder).name} is missing") from error
    except (OSError, ValueError, SafetensorError) as error:
        raise _refusal(folder, f"it cannot be read ({error})") from error
    if not isinstance(config, dict) or config.get("peft_type") != "LORA":
        kind = config.get("peft_type") if isinstance(config, dict) else config
        raise _refusal(folder, f"its kind is {kind!r}, expected 'LORA'")
    for feature in UNSUPPORTED:
        if config.get(feature):
            raise _refusal(folder, f"it uses {feature}, which is not supported")
    if config.get("bias", "none") != "none":
        raise _refusal(folder, f"it trains biases ({config['bias']!r}), which is not supported")
    tensors = {}
    for name, kept in raw:
        values = bytes(kept["data"])
        match kept["dtype"]:
            case "F16":
                tensor = np.frombuffer(values, np.float16)
            case "F32":
                tensor = np.frombuffer(values, np.float32)
            case "BF16":
                tensor = (np.frombuffer(values, np.uint16).astype(np.uint32) << 16).view(np.float32)
            case other:
                raise _refusal(folder, f"tensor {name!r} is of type {other}, which is not supported")
        tensors[name] = tensor.reshape(kept["shape"])
    return config, tensors


def _pairs(
    folder: Path, config: Mapping[str, Any], tensors: Mapping[str, np.ndarray]
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """A and B by llama.cpp's names of their weights; B so scaled that one alpha holds for all layers."""
    import gguf

    parts: dict[str, dict[str, np.ndarray]] = {}
    for key, tensor in tensors.items():
        found = _KEY.match(key)
        if found is None or tensor.ndim != 2:
            raise _refusal(folder, f"tensor {key!r} is not a LoRA weight of a linear layer")
        parts.setdefault(found["layer"], {})[found["part"]] = tensor
    if not parts:
        raise _refusal(folder, "it holds no weights")
    blocks = 1 + max((int(n) for layer in parts for n in re.findall(r"\.(\d+)\.", layer)), default=0)
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.QWEN2, blocks)
    alpha = float(config.get("lora_alpha", 8))
    result = {}
    for layer, pair in parts.items():
        if set(pair) != {"A", "B"}:
            raise _refusal(folder, f"layer {layer} lacks one of its two matrices")
        down, up = pair["A"], pair["B"]
        if down.shape[0] != up.shape[1]:
            raise _refusal(
                folder, f"the two matrices of layer {layer} have ranks {down.shape[0]}, {up.shape[1]}"
            )
        name = names.get_name(layer)
        if name is None or not name.startswith("blk."):
            raise _refusal(folder, f"layer {layer} is no linear layer of a {ARCHITECTURE} block")
        factor = scale_of(config, layer, rank=down.shape[0]) / (alpha / down.shape[0])
        up = up if factor == 1 else (up.astype(np.float32) * factor).astype(np.float32)
        result[f"{name}.weight"] = (down, up)
    return result


def scale_of(config: Mapping[str, Any], layer: str, rank: int) -> float:
    """What peft multiplies ``B (A x)`` of ``layer`` by, from its LoraConfig as a dictionary."""
    alpha = config.get("lora_alpha", 8)
    for pattern, own in (config.get("alpha_pattern") or {}).items():
        if re.search(rf"(^|\.){pattern}$", layer):
            alpha = own
            break
    return float(alpha) / (math.sqrt(rank) if config.get("use_rslora") else rank)
