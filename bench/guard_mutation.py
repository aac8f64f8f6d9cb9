"""Hostile statements, mutated by grammar, through the guard and a database full of trip-wires.

    python -m bench.guard_mutation [--dialects duckdb,sqlite,postgres,mysql] [--count 25000] [--seed 7]
                                   [--first 0] [--tricks] [--keep] [--out NAME]

For each dialect: ``--count`` mutants (``bench.mutation.mutate``) of honest statements and of the tricks of
``tests/sql/tricks``, each under a role, tried in the yard (``bench.mutation.yard``, which says what the
trip-wires are). PostgreSQL and MySQL are real servers, started for this alone. ``SHOPTALK_DATA`` adds the
gold statements of ``spider_train`` to the honest ones.

A trip is printed with the statement made as short as it still trips, and becomes a new line of
``tests/sql/tricks/found.txt`` unless ``--keep`` is given. ``--tricks`` tries the corpus itself first.
Prints counts, what was refused and why, and what the database said; status 1 when a wire tripped.
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import re
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.mutation.data import make_guard
from bench.mutation.mutate import Mutant, Mutator, spider_folder, tokens
from bench.mutation.tricks import DIALECTS, FOLDER, add_trick, read_tricks
from bench.mutation.yard import FILE_DIALECTS, Outcome, Yard, open_server_yard, open_yard
from bench.record import RESULTS, circumstances, write_result
from sql.errors import UnsafeQuery
from sql.types import Dialect

BATCH = 250
"""Statements between two looks at the wires outside the answers."""
AGAIN = 20
"""Every such-and-such statement goes through a second guard, made anew, which must say the same."""
TRIES = 250
"""How often a statement that trips is made shorter."""


@dataclass(kw_only=True)
class Tally:
    """What came of the statements of one dialect."""

    dialect: Dialect
    counts: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    guard_ms: list[float] = field(default_factory=list)
    trips: list[Outcome] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)
    """Trips of the wires outside the answers, with the statements among which it happened."""
    seconds: float = 0.0

    def add(self, outcome: Outcome) -> None:
        """Count one statement."""
        self.counts["statements"] += 1
        self.counts["allowed" if outcome.is_allowed else "refused"] += 1
        if outcome.is_allowed:
            self.counts["unstable" if outcome.is_unstable else f"allowed: {outcome.kind}"] += 1
        else:
            self.reasons[f"{outcome.kind}: {plain_reason(outcome.reason)}"] += 1
        self.guard_ms.append(outcome.guard_s * 1000)
        if outcome.trip:
            self.trips.append(outcome)

    def record(self) -> dict[str, Any]:
        """For the result file."""
        return {
            "counts": dict(self.counts),
            "reasons": dict(self.reasons.most_common()),
            "trips": [vars(trip) for trip in self.trips],
            "outside": self.outside,
            "guard_ms": {
                "median": statistics.median(self.guard_ms or [0.0]),
                "p99": percentile(self.guard_ms or [0.0]),
            },
            "seconds": self.seconds,
        }


def percentile(values: Sequence[float], share: float = 0.99) -> float:
    """The value that ``share`` of ``values`` do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def plain_reason(reason: str) -> str:
    """A reason without the names in it, so that equal ones can be counted."""
    short = re.sub(r"[;:(].*", "", reason)
    short = re.sub(r"'[^']*'|\"[^\"]*\"|`[^`]*`|[\d,]+", "…", short)
    short = re.sub(r"\b\w+\.\w+\b", "…", short)
    for start in ("there is no column", "there is no view", "the view", "the type", "Column"):
        short = re.sub(rf"^{start} .*? (in|is|could)\b", rf"{start} … \1", short)
        short = re.sub(rf"^({start}) \S+$", r"\1 …", short)
    return re.sub(r"^\S+ (is not an allowed function|is not supported)", r"… \1", short).strip()[:90]


def try_all(
    yard: Yard,
    mutants: Iterator[Mutant],
    tally: Tally,
    *,
    report: Callable[[str], None],
    tricks: Path | None = FOLDER,
) -> None:
    """Try every mutant; count into ``tally``, print trips, add them to the corpus in ``tricks``."""
    start = time.perf_counter()
    batch: list[Mutant] = []
    seen: set[str] = set()
    for mutant in mutants:
        statement = yard.fill(mutant.statement)
        outcome = yard.try_statement(mutant.role, statement)
        tally.add(outcome)
        batch.append(mutant)
        if mutant.number % AGAIN == 0:
            check_again(yard, outcome, tally, report)
        if outcome.trip:
            report(_trip(yard, mutant, outcome, seen, tricks))
        if len(batch) >= BATCH:
            _look_outside(yard, batch, tally, report)
            batch = []
            _progress(tally, time.perf_counter() - start)
    _look_outside(yard, batch, tally, report)
    tally.seconds += time.perf_counter() - start


def _progress(tally: Tally, seconds: float) -> None:
    if tally.counts["statements"] % (10 * BATCH) == 0:
        trips = len(tally.trips) + len(tally.outside)
        words = f"{tally.counts['statements']:,} statements, {trips} trips, {seconds:.0f} s"
        print(f"{tally.dialect}: {words}", file=sys.stderr, flush=True)


def check_again(yard: Yard, outcome: Outcome, tally: Tally, report: Callable[[str], None]) -> None:
    """A guard made anew must say the same, in the same words."""
    guard = yard.guards[outcome.role]
    fresh = make_guard(guard.shop, guard.catalog, guard.role)
    try:
        said = ("", fresh.check(outcome.statement).sql)
    except UnsafeQuery as error:
        said = (error.reason, "")
    except Exception as error:
        said = (f"crash {error}", "")
    tally.counts["checked again"] += 1
    if said != ("" if outcome.is_allowed else outcome.reason, outcome.sql):
        tally.outside.append(f"the guard says two things about {outcome.statement!r}: {said}")
        report(tally.outside[-1])


def _trip(yard: Yard, mutant: Mutant, outcome: Outcome, seen: set[str], tricks: Path | None) -> str:
    kind = trip_kind(outcome.trip)
    short = minimise(yard, mutant, kind)
    again = yard.try_statement(mutant.role, yard.fill(short))
    # One line of the corpus for each way out, not for each mutant that takes it.
    shape = f"{mutant.role}/{kind}/{re.sub(r'[0-9]+', '0', short)}"
    if tricks is not None and shape not in seen:
        seen.add(shape)
        add_trick(yard.dialect, mutant.role, short, f"{again.trip or outcome.trip}", tricks)
    lines = (
        f"TRIP {yard.dialect} {mutant.role} mutant {mutant.number}: {outcome.trip}",
        f"  statement: {mutant.statement[:400]!r}",
        f"  shortest:  {short!r}",
        f"  ran:       {again.sql[:600]}",
    )
    return "\n".join(lines)


def trip_kind(trip: str) -> str:
    """What two trips have in common when they are of one kind."""
    return " ".join(trip.split()[:3])


def minimise(yard: Yard, mutant: Mutant, kind: str) -> str:
    """The statement without every piece that it can lose and still trip in the same way."""
    best = tokens(mutant.statement, yard.dialect)
    size, tries = max(1, len(best) // 2), 0
    while size >= 1 and tries < TRIES:
        position, is_shorter = 0, False
        while position < len(best) and tries < TRIES:
            candidate = best[:position] + best[position + size :]
            tries += 1
            outcome = yard.try_statement(mutant.role, yard.fill("".join(candidate)))
            if outcome.trip and trip_kind(outcome.trip) == kind:
                best, is_shorter = candidate, True
            else:
                position += size
        size = size if is_shorter and size == 1 else size // 2
    return "".join(best).strip() or mutant.statement


def _look_outside(yard: Yard, batch: list[Mutant], tally: Tally, report: Callable[[str], None]) -> None:
    """Ask the wires outside the answers; when one tripped, find the statement by trying each alone."""
    trips = yard.tripped()
    if not trips:
        return
    culprits = []
    for mutant in batch:
        yard.try_statement(mutant.role, yard.fill(mutant.statement))
        if yard.tripped():
            culprits.append(f"{mutant.role} mutant {mutant.number}: {mutant.statement!r}")
    where = "; ".join(culprits[:5]) or f"one of the mutants {batch[0].number} to {batch[-1].number}"
    tally.outside.append(f"{', '.join(trips)}: {where}")
    report(f"TRIP {yard.dialect} {tally.outside[-1]}")


@contextlib.contextmanager
def open_any_yard(dialect: Dialect) -> Iterator[Yard]:
    """The yard of a dialect in a temporary folder, with a server of its own where it needs one."""
    with tempfile.TemporaryDirectory(prefix="yard-") as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        if dialect in FILE_DIALECTS:
            yield stack.enter_context(open_yard(dialect, folder / "yard"))
            return
        from bench import servers

        folder.chmod(0o755)  # the server's user must reach the honey files
        server = stack.enter_context(servers.postgres() if dialect == "postgres" else servers.mysql())
        yield stack.enter_context(open_server_yard(server, folder / "yard"))


def try_tricks(yard: Yard, tally: Tally, report: Callable[[str], None]) -> None:
    """The corpus itself, under every role that it names, held to its verdicts."""
    for trick in read_tricks():
        if yard.dialect not in trick.dialects:
            continue
        for role in trick.roles:
            outcome = yard.try_statement(role, yard.fill(trick.statement))
            wrong = verdict_fault(trick.verdict, outcome)
            tally.counts["tricks"] += 1
            if wrong:
                tally.outside.append(f"{trick.place} {role}: {wrong}: {trick.statement[:200]!r}")
                report(f"TRICK {yard.dialect} {tally.outside[-1]}")
    tally.outside += yard.tripped()


def verdict_fault(verdict: str, outcome: Outcome) -> str:
    """What is wrong with the outcome of a trick, or nothing."""
    if outcome.trip:
        return outcome.trip
    if verdict == "refuse" and outcome.is_allowed:
        return f"was let through as {outcome.sql[:300]}"
    if verdict == "allow" and not (outcome.is_allowed and outcome.kind == "ran"):
        return f"{outcome.kind}: {outcome.reason}"
    return ""


def show(tally: Tally) -> str:
    """The tally in words."""
    n = max(1, tally.counts["statements"])
    trips = len(tally.trips) + len(tally.outside)
    lines = [
        f"{tally.dialect}: {tally.counts['statements']:,} statements in {tally.seconds:.0f} s, "
        f"{tally.counts['allowed']:,} allowed ({tally.counts['allowed'] / n:.1%}), {trips} trips",
        f"  guard: median {statistics.median(tally.guard_ms or [0]):.1f} ms, "
        f"99th percentile {percentile(tally.guard_ms or [0]):.1f} ms (processor time)",
    ]
    lines += [f"  {count:>7,}  {what}" for what, count in sorted(tally.counts.items())]
    lines += [f"  {count:>7,}  {what}" for what, count in tally.reasons.most_common(25)]
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; see the module's docstring."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--dialects", default=",".join(DIALECTS), help="with commas (default: all four)")
    parser.add_argument("--count", type=int, default=25_000, help="mutants for each dialect (default 25,000)")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--first", type=int, default=0, help="number of the first mutant (default 0)")
    parser.add_argument("--tricks", action="store_true", help="try the corpus of tricks first")
    parser.add_argument("--keep", action="store_true", help="keep the corpus as it is, whatever trips")
    parser.add_argument("--out", default="guard_mutation", help="name of the result file")
    options = parser.parse_args(arguments)
    logging.getLogger("sqlglot").setLevel(logging.ERROR)
    logging.getLogger("sql").setLevel(logging.ERROR)
    tallies = []
    for dialect in options.dialects.split(","):
        if dialect not in DIALECTS:
            parser.error(f"{dialect!r} is no dialect; there are {', '.join(DIALECTS)}")
        tally = Tally(dialect=dialect)
        mutator = Mutator(dialect, options.seed, spider_folder())
        with open_any_yard(dialect) as yard:
            if options.tricks:
                try_tricks(yard, tally, print)
            numbers = range(options.first, options.first + options.count)
            mutants = (mutator.mutant(number) for number in numbers)
            try_all(yard, mutants, tally, report=_say, tricks=None if options.keep else FOLDER)
        print(show(tally), flush=True)
        tallies.append(tally)
    trips = sum(len(t.trips) + len(t.outside) for t in tallies)
    statements = sum(t.counts["statements"] for t in tallies)
    allowed = sum(t.counts["allowed"] for t in tallies)
    words = f"{statements:,} mutants, {allowed:,} allowed, {trips} trips"
    result = {
        "bench": "guard_mutation",
        **circumstances(),
        "seed": options.seed,
        "dialects": {t.dialect: t.record() for t in tallies},
        "figures": {"hostile mutants, all dialects": words},
    }
    print(f"{words}; raw result: {write_result(RESULTS / f'{options.out}.json', result)}")
    return int(trips > 0)


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
