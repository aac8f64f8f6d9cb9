"""The model's network: transformers' own modules, filled layer by layer in the precision asked for.

Precisions: ``float32``, ``bfloat16`` (the weights are read from the file's pages, not copied), ``float16``
and ``int8`` (packed for CPUs, see ``llm.packed``), ``nf4`` (bitsandbytes).
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import torch
from torch import nn

from llm.errors import EngineUnavailable
from llm.kv import ATTENTION, CacheShape, KvCache, attend
from llm.packed import HalfLinear, Int8Linear, Lookup

logger = logging.getLogger(__name__)

Precision = Literal["int8", "float16", "bfloat16", "nf4", "float32"]
PRECISIONS: tuple[Precision, ...] = get_args(Precision)
NOT_INT8 = ("down_proj",)
"""Layers that stay float16 under ``int8``. Their activations have the widest range: half of the whole error
came from them, and for one token float16 is as quick (``bench/engine.py``)."""


@dataclass(frozen=True)
class Network:
    """A causal language model in ``eval`` mode and what a decode loop must know of it."""

    model: Any
    precision: Precision
    device: torch.device
    vocabulary: int
    """Number of logits per token."""
    window: int
    """Tokens of prompt and reply together that the model was made for."""
    shape: CacheShape

    def hidden(self, tokens: torch.Tensor, cache: KvCache, counts: list[int]) -> torch.Tensor:
        """Feed ``tokens`` (rows, new), of which ``counts[i]`` in row ``i`` are real; return hidden states.

        Returns:
            shape (rows, new, hidden size); what padding got is meaningless.
        """
        positions, mask = cache.begin(counts)
        result: torch.Tensor = self.model.model(
            input_ids=tokens,
            attention_mask={"full_attention": mask},
            position_ids=positions,
            past_key_values=cache,
            use_cache=True,
        ).last_hidden_state
        return result

    def logits(self, hidden: torch.Tensor) -> torch.Tensor:
        """Return float32 logits, shape (..., vocabulary), of hidden states (..., hidden size)."""
        result: torch.Tensor = self.model.lm_head(hidden).float()
        return result


def load_network(folder: Path, *, precision: Precision, device: str = "cpu") -> Network:
    """Load the model kept in ``folder`` (config.json, model*.safetensors).

    Raises:
        EngineUnavailable: a file is missing, or the model is of a kind that is not supported here.
    """
    from transformers import AttentionInterface, AutoConfig, AutoModelForCausalLM
    from transformers import logging as transformers_logging

    transformers_logging.disable_progress_bar()
    AttentionInterface.register(ATTENTION, attend)
    if not (folder / "config.json").is_file():
        raise EngineUnavailable(f"{folder} holds no model (config.json is missing). Run: shoptalk weights")
    config = AutoConfig.from_pretrained(folder, local_files_only=True)
    layer_types = set(getattr(config, "layer_types", ["full_attention"]))
    if layer_types != {"full_attention"}:
        raise EngineUnavailable(f"{folder}: attention of kind {sorted(layer_types)} is not supported here.")
    config._attn_implementation = ATTENTION
    if precision == "nf4":
        model, dtype = _load_nf4(folder, config, device)
    else:
        with torch.device("meta"):
            model = AutoModelForCausalLM.from_config(config)
        dtype = torch.bfloat16 if precision == "bfloat16" else torch.float32
        _fill(model, folder, precision, device)
    model.eval()
    heads = config.num_key_value_heads
    size = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    where = torch.device(device)
    return Network(
        model=model,
        precision=precision,
        device=where,
        vocabulary=config.vocab_size,
        window=config.max_position_embeddings,
        shape=CacheShape(layers=config.num_hidden_layers, heads=heads, size=size, dtype=dtype, device=where),
    )


def _load_nf4(folder: Path, config: Any, device: str) -> tuple[Any, torch.dtype]:
    from transformers import AutoModelForCausalLM, BitsAndBytesConfig

    # Only CPUs and cards with bfloat16 arithmetic gain from it; it is what LoRA adapters are trained in, too.
    quantisation = BitsAndBytesConfig(
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=torch.bfloat16
    )
    model = AutoModelForCausalLM.from_pretrained(
        folder,
        config=config,
        dtype=torch.bfloat16,
        quantization_config=quantisation,
        device_map={"": device},
        local_files_only=True,
        attn_implementation=ATTENTION,
    )
    return model, torch.bfloat16


def read_layers(folder: Path, precision: Precision, count: int) -> list[nn.Module]:
    """Return the matrices of the first ``count`` blocks, in ``precision`` on the CPU, to measure them."""
    tensors = Tensors(folder)
    layers = []
    for name in tensors:
        parts = name.split(".")
        if parts[:2] == ["model", "layers"] and int(parts[2]) < count and name.endswith("_proj.weight"):
            weight, bias = tensors[name], tensors.get(name.removesuffix("weight") + "bias")
            layers.append(_linear(parts[-2], weight, bias, precision, "cpu"))
    return layers


class Tensors:
    """The tensors of a folder's safetensors files, read when asked for: pages of the file, not copies."""

    def __init__(self, folder: Path) -> None:
        from safetensors import safe_open

        self._folder = folder
        index = folder / "model.safetensors.index.json"
        if index.is_file():
            self._files: dict[str, str] = json.loads(index.read_text(encoding="utf-8"))["weight_map"]
            return
        path = folder / "model.safetensors"
        if not path.is_file():
            raise EngineUnavailable(f"{path} is missing. Run: shoptalk weights")
        try:
            file: Any = safe_open(path, "pt")
        except Exception as error:  # safetensors' error has no public base that covers a cut file
            raise EngineUnavailable(f"{path} is damaged ({error}). Run: shoptalk weights") from error
        self._files = dict.fromkeys(file.keys(), path.name)

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._files))

    def __getitem__(self, name: str) -> torch.Tensor:
        from safetensors import safe_open

        # Opened anew each time: pages that were read count as this process's memory until the file is closed.
        file: Any = safe_open(self._folder / self._files[name], "pt")
        tensor: torch.Tensor = file.get_tensor(name)
        return tensor

    def get(self, name: str) -> torch.Tensor | None:
        """Return the tensor, ``None`` where there is none of this name."""
        return self[name] if name in self._files else None


def _fill(model: Any, folder: Path, precision: Precision, device: str) -> None:
    """Give every module of a model on the meta device its weights, a few modules at a time."""
    tensors = Tensors(folder)
    dtype = torch.bfloat16 if precision == "bfloat16" else torch.float32
    linears: dict[str, nn.Linear] = {}
    for name, module in list(model.named_modules()):
        parent_name, _, leaf = name.rpartition(".")
        if isinstance(module, nn.Linear):
            linears[name] = module
        elif isinstance(module, nn.Embedding):
            lookup = Lookup(tensors[f"{name}.weight"].to(device), dtype)
            setattr(model.get_submodule(parent_name), leaf, lookup)
        elif hasattr(module, "inv_freq"):  # computed from the configuration, in no file
            setattr(model.get_submodule(parent_name), leaf, type(module)(model.config).to(device))
        else:
            for own, _ in list(module.named_parameters(recurse=False)):
                tensor = tensors[f"{name}.{own}"].to(device, dtype)
                setattr(module, own, nn.Parameter(tensor, requires_grad=False))

    def build(name: str) -> tuple[str, nn.Module]:
        weight, bias = tensors.get(f"{name}.weight"), tensors.get(f"{name}.bias")
        if weight is None and name == "lm_head":  # tied: the embedding is the output layer too
            weight = tensors["model.embed_tokens.weight"]
        if weight is None:
            raise EngineUnavailable(f"{folder}: tensor {name}.weight is missing. Run: shoptalk weights")
        return name, _linear(name.split(".")[-1], weight, bias, precision, device)

    # Packing runs on one core per layer; the largest come first, so that no core ends up alone with one.
    order = sorted(linears, key=lambda name: linears[name].weight.numel(), reverse=True)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with ThreadPoolExecutor(max_workers=threads) as pool:
            for name, linear in pool.map(build, order):
                parent_name, _, leaf = name.rpartition(".")
                setattr(model.get_submodule(parent_name), leaf, linear)
    finally:
        torch.set_num_threads(threads)
    left = [name for name, tensor in model.named_parameters() if tensor.is_meta]
    if left:
        raise EngineUnavailable(f"{folder}: no weights for {', '.join(left[:3])}. Nothing was loaded.")


def _linear(
    name: str, weight: torch.Tensor, bias: torch.Tensor | None, precision: Precision, device: str
) -> nn.Module:
    if precision == "float16" or (precision == "int8" and name in NOT_INT8):
        return HalfLinear(weight, bias)
    if precision == "int8":
        return Int8Linear(*Int8Linear.quantise(weight), bias)
    if precision == "nf4":
        import bitsandbytes

        four_bit = bitsandbytes.nn.Linear4bit(
            weight.shape[1], weight.shape[0], bias is not None, torch.bfloat16, quant_type="nf4"
        )
        state = {"weight": weight} if bias is None else {"weight": weight, "bias": bias}
        four_bit.load_state_dict(state)
        quantised: nn.Module = four_bit.to(device).eval()
        return quantised
    dtype = torch.bfloat16 if precision == "bfloat16" else torch.float32
    with torch.device("meta"):
        linear = nn.Linear(weight.shape[1], weight.shape[0], bias=bias is not None)
    linear.weight = nn.Parameter(weight.to(device, dtype), requires_grad=False)
    if bias is not None:
        linear.bias = nn.Parameter(bias.to(device, dtype), requires_grad=False)
    return linear
