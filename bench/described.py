"""How well ``init`` describes databases that nobody described: ``python -m bench.described [SHOP …]``.

Each bare shop of the training set has a description that its author corrected by hand, and pairs whose
statements were written over it. The same statements are run over what ``init`` makes of the database by
itself: where a link, a key or a day is not found, rows differ or the statement does not compile. They also
differ where revenue leaves out other states than the author's, and a renamed column does not compile, so the
share is a lower bound.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from bench.record import circumstances
from finetune.shops.check import BUILT, ask, opened
from finetune.shops.draft import draft
from finetune.shops.question_pairs import SET, load_pairs
from sql.errors import SqlError


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Statements of one shop over its author's description and over ``init``'s."""

    shop: str
    same: int
    """With the same rows, in any order."""
    other: tuple[str, ...]
    """With other rows."""
    failed: tuple[str, ...]
    """That do not compile or run."""

    @property
    def share(self) -> float:
        """Same of all, in [0, 1]."""
        return self.same / max(1, self.same + len(self.other) + len(self.failed))


def bare_shops() -> list[str]:
    """The shops of the set whose descriptions began as ``init``'s."""
    return sorted(folder.name for folder in SET.iterdir() if folder.name.startswith("bare_"))


def described(name: str, root: Path) -> Outcome:
    """Describe a shop's database anew below ``root`` and run its statements over both descriptions."""
    folder = root / name
    folder.mkdir(parents=True)
    shutil.copy(SET / name / "tables.yml", folder)
    draft(name, root, BUILT)
    same, other, failed = 0, [], []
    statements = {
        s: None for pair in load_pairs([name], SET) for _, s in pair.statements if s.startswith("SELECT")
    }
    with opened(name, SET, BUILT) as by_hand, opened(name, root, BUILT) as by_itself:
        for statement in statements:
            wanted = _rows(ask(by_hand, statement)[1].rows)
            try:
                found = _rows(ask(by_itself, statement)[1].rows)
            except SqlError:
                failed.append(statement)
                continue
            if found == wanted:
                same += 1
            else:
                other.append(statement)
    return Outcome(shop=name, same=same, other=tuple(other), failed=tuple(failed))


def _rows(rows: Iterable[tuple[object, ...]]) -> list[str]:
    return sorted(map(str, rows))


def main() -> None:
    """Tell of each shop, and of all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("shops", nargs="*", help="without one, all")
    parser.add_argument("--show", action="store_true", help="the statements that are not the same")
    given = parser.parse_args()
    outcomes = []
    print(circumstances())
    with tempfile.TemporaryDirectory() as folder:
        for name in given.shops or bare_shops():
            outcome = described(name, Path(folder))
            outcomes.append(outcome)
            print(
                f"{name}: {outcome.same} the same, {len(outcome.other)} others, {len(outcome.failed)} failed"
            )
            if given.show:
                print(*(f"  other: {s}" for s in outcome.other), sep="\n")
                print(*(f"  failed: {s}" for s in outcome.failed), sep="\n")
    same = sum(o.same for o in outcomes)
    total = same + sum(len(o.other) + len(o.failed) for o in outcomes)
    print(f"all: {same} of {total} the same ({same / max(1, total):.1%})")


if __name__ == "__main__":
    main()
