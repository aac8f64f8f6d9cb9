"""The small shop and its stand-ins, shared with the tests of ``bot``."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "bot"))

from corner_shop import owner, small_shop_file, vocabulary, workspace  # noqa: F401 - fixtures
