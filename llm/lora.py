"""LoRA adapters beside frozen weights, for every precision: ``y = W x + scale * B (A x)``.

Reads the folders that peft writes (adapter_config.json, adapter_model.safetensors) and adds them without
merging, because merged weights that are rounded to 4 or 8 bits again lose what was trained. peft itself is
not imported to serve: it takes seconds to import and does not know packed layers. Not covered: DoRA, trained
biases, modules saved whole, adapters on embeddings; such a folder is refused by name.

Source: Hu et al., LoRA: Low-Rank Adaptation of Large Language Models, 2021.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from llm.adapters import MANIFEST
from llm.errors import EngineUnavailable, UnknownAdapter

_KEY = re.compile(r"^base_model\.model\.(?P<module>.+)\.lora_(?P<part>[AB])\.weight$")


@dataclass(frozen=True)
class LowRank:
    """One layer's adapter."""

    down: torch.Tensor
    """A, shape (rank, in)."""
    up: torch.Tensor
    """B times the scale, shape (out, rank)."""


class AdaptedLinear(nn.Module):
    """A frozen linear layer with adapters by name, of which at most one is active."""

    def __init__(self, base: nn.Module) -> None:
        super().__init__()
        self.base = base
        self.adapters: dict[str, LowRank] = {}
        self.active: LowRank | None = None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return shape (..., out); the base layer's own result, bit for bit, while no adapter is active."""
        result: torch.Tensor = self.base(x)
        if self.active is None:
            return result
        return result + nn.functional.linear(nn.functional.linear(x, self.active.down), self.active.up)


def add_adapters(model: nn.Module, folders: Mapping[str, Path], dtype: torch.dtype) -> None:
    """Put the adapters of ``folders`` (name to peft folder) beside the layers of ``model``; none is active.

    Raises:
        EngineUnavailable: a folder is not an adapter, does not fit the model, or uses what is not supported.
    """
    for name, folder in folders.items():
        for layer, low_rank in _read(model, name, folder, dtype).items():
            module = model.get_submodule(layer)
            if not isinstance(module, AdaptedLinear):
                adapted = AdaptedLinear(module)
                parent, _, leaf = layer.rpartition(".")
                setattr(model.get_submodule(parent), leaf, adapted)
                module = adapted
            module.adapters[name] = low_rank


def activate(model: nn.Module, name: str | None) -> None:
    """Make the adapter ``name`` the active one, or none."""
    for module in model.modules():
        if isinstance(module, AdaptedLinear):
            module.active = None if name is None else module.adapters.get(name)


def reads_own_part(folder: Path) -> bool:
    """Whether an adapter was trained on what follows the shared part of prompts, and not on that part.

    Such an adapter leaves the shared part to the bare model, whose keys and values then serve every adapter.
    An adapter without a manifest reads everything.
    Source: Greenewald et al., Activated LoRA: Fine-tuned LLMs for Intrinsics, 2025.
    """
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(manifest, dict) and manifest.get("reads") == "own part"


def check_adapter(name: str | None, known: Mapping[str, Path]) -> None:
    """Raise UnknownAdapter, naming those that exist, unless ``name`` is ``None`` or known."""
    if name is not None and name not in known:
        listed = ", ".join(sorted(known)) or "none is loaded"
        raise UnknownAdapter(f"No adapter is called {name!r}; known: {listed}. Nothing was generated.")


def _read(model: nn.Module, name: str, folder: Path, dtype: torch.dtype) -> dict[str, LowRank]:
    from safetensors.torch import load_file

    def refuse(reason: str) -> EngineUnavailable:
        return EngineUnavailable(f"Adapter {name!r} in {folder} cannot be used: {reason}. It was not loaded.")

    try:
        config: dict[str, Any] = json.loads((folder / "adapter_config.json").read_text(encoding="utf-8"))
        tensors = load_file(folder / "adapter_model.safetensors")
    except FileNotFoundError as error:
        raise refuse(f"{Path(error.filename or folder).name} is missing") from error
    except Exception as error:  # a damaged file: json's and safetensors' errors have no common base
        raise refuse(f"it cannot be read ({error})") from error
    if config.get("peft_type") != "LORA":
        raise refuse(f"its kind is {config.get('peft_type')!r}, expected 'LORA'")
    for feature in ("use_dora", "modules_to_save", "alora_invocation_tokens", "lora_bias", "use_qalora"):
        if config.get(feature):
            raise refuse(f"it uses {feature}, which is not supported")
    if config.get("bias", "none") != "none":
        raise refuse(f"it trains biases ({config['bias']!r}), which is not supported")

    parts: dict[str, dict[str, torch.Tensor]] = {}
    for key, tensor in tensors.items():
        match = _KEY.match(key)
        if match is None:
            raise refuse(f"tensor {key!r} is not a LoRA weight of a linear layer")
        parts.setdefault(match["module"], {})[match["part"]] = tensor
    modules = dict(model.named_modules())
    result = {}
    for layer, pair in parts.items():
        if set(pair) != {"A", "B"}:
            raise refuse(f"layer {layer} lacks one of its two matrices")
        down, up = pair["A"], pair["B"]
        target = modules.get(layer)
        target = target.base if isinstance(target, AdaptedLinear) else target
        shape = (getattr(target, "out_features", None), getattr(target, "in_features", None))
        if shape != (up.shape[0], down.shape[1]):
            raise refuse(f"layer {layer} has shape {shape} in the model, {(up.shape[0], down.shape[1])} here")
        device = next(iter(model.parameters())).device
        scale = _scale(config, layer, rank=down.shape[0])
        result[layer] = LowRank(down.to(device, dtype), (up.float() * scale).to(device, dtype))
    if not result:
        raise refuse("it holds no weights")
    return result


def _scale(config: Mapping[str, Any], layer: str, rank: int) -> float:
    alpha = config.get("lora_alpha", 8)
    for pattern, own in (config.get("alpha_pattern") or {}).items():
        if re.search(rf"(^|\.){pattern}$", layer):
            alpha = own
            break
    return float(alpha) / (math.sqrt(rank) if config.get("use_rslora") else rank)
