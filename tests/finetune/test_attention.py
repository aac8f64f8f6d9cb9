"""Attention over a shared beginning gives what attention over whole rows gives, gradients too."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from finetune.attention import attend


@pytest.mark.parametrize(("rows", "heads", "groups", "known", "own"), [(3, 4, 2, 5, 4), (1, 6, 1, 1, 1)])
def test_it_equals_attention_over_whole_rows(
    rows: int, heads: int, groups: int, known: int, own: int
) -> None:
    torch.manual_seed(3)
    width = 8
    query = torch.randn(rows, heads, own, width, requires_grad=True)
    key, value = (torch.randn(rows, groups, own, width, requires_grad=True) for _ in range(2))
    keys, values = (torch.randn(1, groups, known, width) for _ in range(2))
    layer = torch.nn.Module()
    layer.layer_idx = 1  # type: ignore[assignment]
    found, _ = attend(
        layer,
        query,
        key,
        value,
        None,
        scaling=0.3,
        shared=[(keys[:, :, :0], values[:, :, :0]), (keys, values)],
    )

    whole_key, whole_value = (
        torch.cat([before.expand(rows, -1, -1, -1), after], dim=2).repeat_interleave(heads // groups, dim=1)
        for before, after in ((keys, key), (values, value))
    )
    seen = torch.ones(own, known + own, dtype=torch.bool).tril(known)
    expected = functional.scaled_dot_product_attention(
        query, whole_key, whole_value, attn_mask=seen, scale=0.3
    ).transpose(1, 2)
    torch.testing.assert_close(found, expected)

    weight = torch.randn_like(expected)
    ours = torch.autograd.grad((found * weight).sum(), (query, key, value))
    theirs = torch.autograd.grad((expected * weight).sum(), (query, key, value))
    for one, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one, other)


def test_rows_without_a_beginning_are_causal() -> None:
    torch.manual_seed(3)
    query, key, value = torch.randn(1, 2, 4, 8), torch.randn(1, 1, 4, 8), torch.randn(1, 1, 4, 8)
    found, _ = attend(torch.nn.Module(), query, key, value, None, scaling=0.3)
    first, _ = attend(torch.nn.Module(), query[:, :, :1], key[:, :, :1], value[:, :, :1], None, scaling=0.3)
    torch.testing.assert_close(found[:, :1], first)
