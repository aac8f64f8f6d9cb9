"""Key-value cache of the decode loop: one buffer per layer, rows of different length, prefixes kept in place.

transformers' own dynamic cache copies everything at every token; here a token's keys and values are written
into a buffer that was allocated once, and attention looks at the filled part of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch.nn.functional import scaled_dot_product_attention

ATTENTION = "shoptalk"
"""Name under which :func:`attend` is registered with transformers."""


@dataclass(frozen=True, kw_only=True)
class CacheShape:
    """What one token's keys and values look like."""

    layers: int
    heads: int
    """Key-value heads."""
    size: int
    """Numbers per head."""
    dtype: torch.dtype
    device: torch.device


@dataclass
class KvCache:
    """Keys and values of a batch; row ``i`` holds ``lengths[i]`` tokens. Passed to the model as its cache.

    Buffers have shape (rows, key-value heads, capacity, head size). What lies beyond a row's length is
    left over from longer replies or padding, and masked.
    """

    shape: CacheShape
    capacity: int
    lengths: list[int]
    keys: list[torch.Tensor] = field(default_factory=list)
    values: list[torch.Tensor] = field(default_factory=list)
    _where: tuple[Any, ...] = ()
    _end: int = 0

    @classmethod
    def empty(cls, shape: CacheShape, capacity: int, rows: int = 1) -> KvCache:
        """Return a cache without tokens that holds ``capacity`` of them per row before it has to grow."""
        size = (rows, shape.heads, capacity, shape.size)
        buffers = [torch.zeros(size, dtype=shape.dtype, device=shape.device) for _ in range(2 * shape.layers)]
        return cls(shape, capacity, [0] * rows, buffers[::2], buffers[1::2])

    def begin(self, counts: Sequence[int]) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Make room for ``counts[i]`` new tokens in row ``i``; return their positions and attention mask.

        Rows with fewer than ``max(counts)`` tokens are padded at the right; the padding's keys are
        overwritten by the row's next tokens.

        Returns:
            positions, shape (rows, new); mask, boolean, shape (rows, 1, new, filled), ``None`` where every
            new token may see everything.
        """
        new = max(counts)
        self._reserve(max(length + new for length in self.lengths))
        start = torch.tensor(self.lengths, device=self.shape.device)
        positions = start[:, None] + torch.arange(new, device=self.shape.device)
        self._end = max(length + new for length in self.lengths)
        if len(self.lengths) == 1:
            self._where = (slice(None), slice(None), slice(self.lengths[0], self._end))
        else:
            rows = torch.arange(len(self.lengths), device=self.shape.device)[:, None]
            self._where = (rows, slice(None), positions)
        self.lengths = [length + count for length, count in zip(self.lengths, counts, strict=True)]
        if new == 1 and len(self.lengths) == 1:
            return positions, None
        filled = torch.arange(self._end, device=self.shape.device)
        return positions, (filled[None, None, :] <= positions[:, :, None])[:, None]

    def update(
        self, keys: torch.Tensor, values: torch.Tensor, layer: int, *_: Any, **__: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Store one layer's new keys and values; return the filled part. Called by the model.

        Args:
            keys: shape (rows, key-value heads, new, head size); ``values`` alike.
            layer: index of the layer.
        """
        if len(self.lengths) > 1:  # advanced indices move to the front: (rows, new, heads, size)
            keys, values = keys.transpose(1, 2), values.transpose(1, 2)
        self.keys[layer][self._where] = keys
        self.values[layer][self._where] = values
        return self.keys[layer][:, :, : self._end], self.values[layer][:, :, : self._end]

    def get_seq_length(self, *_: Any) -> int:
        """Return the longest row's length; part of the interface that transformers expects."""
        return max(self.lengths)

    def crop(self, length: int) -> None:
        """Forget every token after the first ``length`` of each row; the buffers stay."""
        self.lengths = [min(length, old) for old in self.lengths]

    def copy(self, length: int, *, rows: int = 1, room: int = 0) -> KvCache:
        """Return a new cache of ``rows`` equal rows: the first ``length`` tokens of the only row here.

        Args:
            room: tokens per row that the new cache can take before it grows.
        """
        result = KvCache.empty(self.shape, length + room, rows)
        for source, target in zip(self.keys + self.values, result.keys + result.values, strict=True):
            target[:, :, :length] = source[:1, :, :length]
        result.lengths = [length] * rows
        return result

    def keep(self, rows: Sequence[int]) -> None:
        """Leave these rows, in this order; one named twice is copied."""
        index = torch.tensor(list(rows), device=self.shape.device)
        self.keys = [buffer.index_select(0, index) for buffer in self.keys]
        self.values = [buffer.index_select(0, index) for buffer in self.values]
        self.lengths = [self.lengths[row] for row in rows]

    def tail(self, row: int, start: int) -> list[torch.Tensor]:
        """Copies of a row's keys, then values, from token ``start`` on; shape (heads, tokens, size) each."""
        end = self.lengths[row]
        return [buffer[row, :, start:end].clone() for buffer in self.keys + self.values]

    def append(self, row: int, tail: Sequence[torch.Tensor], count: int) -> None:
        """Add the first ``count`` tokens of what :meth:`tail` gave to a row."""
        start = self.lengths[row]
        self._reserve(start + count)
        for buffer, kept in zip(self.keys + self.values, tail, strict=True):
            buffer[row, :, start : start + count] = kept[:, :count]
        self.lengths[row] += count

    def _reserve(self, length: int) -> None:
        if length <= self.capacity:
            return
        capacity = max(length, self.capacity * 3 // 2)
        for buffers in (self.keys, self.values):
            for layer, old in enumerate(buffers):
                new = old.new_zeros(old.shape[0], old.shape[1], capacity, old.shape[3])
                new[:, :, : self.capacity] = old
                buffers[layer] = new
        self.capacity = capacity


def attend(
    module: Any,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    mask: torch.Tensor | None,
    *,
    scaling: float | None = None,
    **_: Any,
) -> tuple[torch.Tensor, None]:
    """Attention with grouped heads that never copies keys or values.

    transformers repeats each key-value head for its group of query heads, which copies the whole cache seven
    times over for this family. Here the group's heads stand in line as further queries instead.

    Args:
        query: shape (rows, heads, new, size); ``key`` and ``value``: (rows, key-value heads, filled, size).
        mask: see :meth:`KvCache.begin`.
    Returns:
        shape (rows, new, heads, size).
    """
    rows, heads, new, size = query.shape
    groups = key.shape[1]
    packed = query.reshape(rows, groups, heads // groups * new, size)
    if mask is not None:
        mask = mask.repeat(1, 1, heads // groups, 1)
    result = scaled_dot_product_attention(packed, key, value, attn_mask=mask, scale=scaling)
    return result.reshape(rows, heads, new, size).transpose(1, 2), None
