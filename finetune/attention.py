"""Attention of several short rows over one beginning that they share, which is stored once and never copied.

Transformers' own attention wants the shared keys and values repeated for every row and every query head; over
a shop's description of 1,000 tokens that copying was nearly half of what a forward pass took on a CPU.

Source of sharing keys among query heads: Ainslie et al., GQA, 2023.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

NAME = "shared_beginning"
"""What ``attn_implementation`` is called."""


def register() -> str:
    """Make :func:`attend` known to transformers, and return its name there."""
    from transformers import AttentionInterface

    AttentionInterface.register(NAME, attend)
    return NAME


def attend(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    *,
    scaling: float,
    shared: Sequence[tuple[torch.Tensor, torch.Tensor]] | None = None,
    **_: Any,
) -> tuple[torch.Tensor, None]:
    """Causal attention; rows are filled from the left, so that nothing real ever sees what fills them up.

    Args:
        module: the attention layer, which knows its ``layer_idx``.
        query: shape (rows, heads, own tokens, width).
        key, value: shape (rows, key heads, own tokens, width).
        attention_mask: not looked at.
        shared: per layer the keys and values of the beginning, each (1, key heads, shared tokens, width);
            ``None`` when the rows are whole.
    Returns:
        Shape (rows, own tokens, heads, width).
    """
    import torch
    from torch.nn import functional

    if shared is None:
        whole = functional.scaled_dot_product_attention(
            query, key, value, is_causal=query.shape[2] > 1, scale=scaling, enable_gqa=True
        )
        return whole.transpose(1, 2), None
    keys, values = shared[int(module.layer_idx)]  # type: ignore[arg-type]
    rows, heads, own, width = query.shape
    groups, known = keys.shape[1], keys.shape[2]
    share = heads // groups
    # Key heads come first: then every product with the shared part is one matrix product per key head.
    asked = (query * scaling).reshape(rows, groups, share * own, width).transpose(0, 1)
    before = asked.reshape(groups, rows * share * own, width) @ keys[0].transpose(1, 2)
    within = asked @ key.transpose(0, 1).transpose(2, 3)
    later = torch.ones(own, own, dtype=torch.bool, device=query.device).triu(1)
    within = within.view(groups, rows, share, own, own).masked_fill(later, float("-inf"))
    scores = torch.cat([before.view(groups, rows, share, own, known), within], dim=-1)
    weights = scores.softmax(dim=-1, dtype=torch.float32).to(query.dtype)
    of_before, of_within = weights[..., :known], weights[..., known:]
    found = (of_before.reshape(groups, rows * share * own, known) @ values[0]).view(
        groups, rows, share * own, width
    )
    found = found + of_within.reshape(groups, rows, share * own, own) @ value.transpose(0, 1)
    return found.transpose(0, 1).reshape(rows, heads, own, width).transpose(1, 2), None
