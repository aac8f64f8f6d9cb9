"""Linear layers for CPUs: weights packed once as float16 or int8, activations in float32.

On CPUs without AVX-512 neither bfloat16 nor NF4 has quick kernels; these two, of PyTorch's own FBGEMM
operators, do. Scheme of int8: one scale per output channel, and per token one for its activations. The usual
scheme, one scale for all activations of a call, had ten times the error (0.119 against 0.012 nats on 375
tokens of SQL), because a few tokens' activations are a hundred times the others'; and its result for a token
would depend on which other tokens happen to be in the call.
"""

from __future__ import annotations

import warnings
from typing import Any

import torch
from torch import nn

_ACTIVATION_LEVELS = 63
"""Activations take 7 bits: on AVX2 two products of 8-bit numbers do not fit the 16-bit sum."""
_ROWS = 8192
"""Rows of a weight that are converted at a time: bounds the memory that packing takes on top."""


# Quantised tensors are deprecated, without a successor that is quick on AVX2 (torch 2.13: onednn.qlinear
# takes four times as long per token). pyproject.toml caps torch, and llm.precision leaves out what fails.
# torch says so once per process: here, where it can be hushed without touching other threads' warnings.
with warnings.catch_warnings():
    warnings.filterwarnings("ignore", "torch.quantize_per_tensor", UserWarning)
    torch._make_per_channel_quantized_tensor(
        torch.zeros(1, 1, dtype=torch.int8), torch.ones(1), torch.zeros(1, dtype=torch.long), 0
    )


class HalfLinear(nn.Module):
    """``y = x W' + b`` with W in float16, unpacked to float32 inside the kernel; x and y in float32."""

    def __init__(self, weight: torch.Tensor, bias: torch.Tensor | None) -> None:
        super().__init__()
        self.out_features, self.in_features = weight.shape
        bias = None if bias is None else bias.float()
        # A wide layer (the output layer) is packed in blocks, else its copy in float32 alone takes 0.5 GB.
        self._packed = [
            torch.ops.quantized.linear_prepack_fp16(
                weight[start : start + 4 * _ROWS].float(),
                None if bias is None else bias[start : start + 4 * _ROWS],
            )
            for start in range(0, self.out_features, 4 * _ROWS)
        ]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return shape (..., out_features)."""
        blocks = [torch.ops.quantized.linear_dynamic_fp16(x, packed) for packed in self._packed]
        return blocks[0] if len(blocks) == 1 else torch.cat(blocks, dim=-1)


class Int8Linear(nn.Module):
    """``y = x W' + b`` with W in int8 (a scale per output channel) and x in 7 bits (a scale per token)."""

    def __init__(self, weight: torch.Tensor, scale: torch.Tensor, bias: torch.Tensor | None) -> None:
        """Pack.

        Args:
            weight: int8, shape (out, in).
            scale: float32, shape (out,); the real weight is ``weight * scale[:, None]``.
        """
        super().__init__()
        self.out_features, self.in_features = weight.shape
        zero = torch.zeros(len(scale), dtype=torch.long)
        tensor: Any = torch._make_per_channel_quantized_tensor(weight, scale.double(), zero, 0)
        self._packed = torch.ops.quantized.linear_prepack(tensor, None)
        self.bias = None if bias is None else nn.Parameter(bias.float(), requires_grad=False)

    @staticmethod
    def quantise(weight: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return (int8 weight, float32 scale per output channel) of a float weight of shape (out, in)."""
        result = torch.empty(weight.shape, dtype=torch.int8)
        scale = torch.empty(len(weight), dtype=torch.float32)
        for start in range(0, len(weight), _ROWS):
            block = weight[start : start + _ROWS].float()
            least, most = torch.aminmax(block, dim=1)
            own = (torch.maximum(-least, most) / 127).clamp_min_(1e-12)
            scale[start : start + _ROWS] = own
            result[start : start + _ROWS] = block.div_(own[:, None]).round_()
        return result, scale

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return shape (..., out_features)."""
        peak = x.abs().amax(dim=-1, keepdim=True).clamp_min_(1e-12)
        result: torch.Tensor = torch.ops.quantized.linear_with_input_q_dq_qweight_dq_output_fp32(
            x / peak, 1 / _ACTIVATION_LEVELS, _ACTIVATION_LEVELS + 1, self._packed
        )
        result = result.mul_(peak)
        return result if self.bias is None else result.add_(self.bias)


class Lookup(nn.Module):
    """Embedding that reads its rows from the file's pages and converts only those."""

    def __init__(self, weight: torch.Tensor, dtype: torch.dtype) -> None:
        super().__init__()
        self._weight, self._dtype = weight, dtype

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Return shape (..., hidden size) for token ids of shape (...)."""
        return self._weight[tokens].to(self._dtype)
