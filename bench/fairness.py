"""How often equal groups are warned of, and how often planted differences are.

Groups are drawn with known probabilities. Run by
``python -m bench.fairness``.
"""

from __future__ import annotations

import argparse
import json
import platform
from pathlib import Path

import numpy as np

from jobs.fairness.differences import Group, compare

DRAWS = 1_000
GROUPS, PEOPLE = 6, 400
BASE = 0.2
"""Share that is selected of every group but the planted one."""
PLANTED = (0.0, 0.05, 0.1, 0.15, 0.2)
"""By how much more one group is selected."""
MARGIN, LEAST = 0.05, 50


def drawn(draw: np.random.Generator, more: float) -> list[Group]:
    """Groups of one size; the last is selected more often."""
    found = []
    for place in range(GROUPS):
        chance = draw.beta(2, 3, PEOPLE)
        came = draw.random(PEOPLE) < chance
        selected = draw.random(PEOPLE) < BASE + more * (place == GROUPS - 1)
        found.append(
            Group(
                column="group",
                name=place,
                people=PEOPLE,
                selected=int(selected.sum()),
                came=int(came.sum()),
                selected_came=int((selected & came).sum()),
                expected=float(chance.sum()),
                spread=float((chance * (1 - chance)).sum()),
            )
        )
    return found


def warned(more: float, margin: float) -> tuple[float, float]:
    """Shares of the draws with any warning, and with the planted group's selection warned of."""
    draw = np.random.default_rng(0)
    anyone = planted = 0
    for _ in range(DRAWS):
        told = [each for each in compare(drawn(draw, more), margin=margin, least=LEAST) if each.is_warned]
        anyone += bool(told)
        planted += any(each.group.name == GROUPS - 1 and each.measure == "selected" for each in told)
    return anyone / DRAWS, planted / DRAWS


def main() -> None:
    """Print a line for each, and keep them below ``build/bench``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.parse_args()
    found = {
        "equal, no margin": warned(0.0, 0.0),
        **{f"{more:.0%} more, margin {MARGIN:.0%}": warned(more, MARGIN) for more in PLANTED},
    }
    for name, (anyone, planted) in found.items():
        print(f"{name}: any warning {anyone:.3f}, the planted group's selection {planted:.3f}")
    out = Path("build/bench/fairness.json")
    out.parent.mkdir(parents=True, exist_ok=True)
    kept = {"draws": DRAWS, "groups": GROUPS, "people": PEOPLE, "python": platform.python_version(), **found}
    out.write_text(json.dumps(kept, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
