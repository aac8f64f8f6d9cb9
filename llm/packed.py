"""Linear layers for CPUs: weights packed once as float16 or int8, activations in float32.

On CPUs without AVX-512 neither bfloat16 nor NF4 has quick kernels; these two, of PyTorch's own FBGEMM
operators, do. Scheme of int8: one scale per output channel; activations are quantised per token.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

_ACTIVATION_LEVELS = 63
"""Activations take 7 bits: on AVX2 two products of 8-bit numbers do not fit the 16-bit sum."""


class HalfLinear(nn.Module):
    """``y = x W' + b`` with W in float16, unpacked to float32 inside the kernel; x and y in float32."""

    def __init__(self, weight: torch.Tensor, bias: torch.Tensor | None) -> None:
        super().__init__()
        self._packed = torch.ops.quantized.linear_prepack_fp16(
            weight.float(), None if bias is None else bias.float()
        )
        self.out_features, self.in_features = weight.shape

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return shape (..., out_features)."""
        result: torch.Tensor = torch.ops.quantized.linear_dynamic_fp16(x, self._packed)
        return result


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
        weight = weight.float()
        scale = (weight.abs().amax(dim=1) / 127).clamp_min(1e-12)
        return (weight / scale[:, None]).round().to(torch.int8), scale

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return shape (..., out_features)."""
        peak = x.abs().amax(dim=-1, keepdim=True).clamp_min(1e-12)
        result: torch.Tensor = torch.ops.quantized.linear_with_input_q_dq_qweight_dq_output_fp32(
            x / peak, 1 / _ACTIVATION_LEVELS, _ACTIVATION_LEVELS + 1, self._packed
        )
        result = result * peak
        return result if self.bias is None else result + self.bias


class Lookup(nn.Module):
    """Embedding that reads its rows from the file's pages and converts only those."""

    def __init__(self, weight: torch.Tensor, dtype: torch.dtype) -> None:
        super().__init__()
        self._weight, self._dtype = weight, dtype

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Return shape (..., hidden size) for token ids of shape (...)."""
        return self._weight[tokens].to(self._dtype)
