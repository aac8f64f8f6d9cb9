"""The shop whose reviews are counted."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from reviewed_shop import reviewed, reviewed_file, reviewed_words, said  # noqa: F401 - fixtures
