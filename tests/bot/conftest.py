"""The small shop, opened under its default role and as its owner."""

from __future__ import annotations

from corner_shop import owner, small_shop_file, vocabulary, workspace  # noqa: F401 - fixtures
