"""Outcomes of an evaluation and the figures that follow from them: plain data and arithmetic."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

Verdict = Literal[
    "correct", "wrong", "abstained", "unparsed", "unresolved", "refused", "failed", "gold_failed"
]
"""``wrong``: it ran and gave other rows. ``unparsed``, ``unresolved``: the statement is no SQL, or names what
does not exist. ``refused``: the guard for another reason. ``failed``: the database or a budget stopped it.
``gold_failed``: the gold statement itself did not run, so the question was not asked and does not count."""

RESAMPLES = 10_000
"""Draws behind each bootstrap interval."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of one question."""

    line: int
    database: str
    question: str
    gold: str
    sql: str | None
    """The statement whose rows were compared, or ``None`` when none ran."""
    verdict: Verdict
    is_contained: bool
    """The relaxed measure: the gold result is among the columns of the prediction."""
    reason: str
    """Why there are no rows, in words; empty when there are."""
    seconds: float
    """From the question to its rows."""


@dataclass(frozen=True, kw_only=True)
class EvaluationReport:
    """Every outcome, and what follows from them. Shares are fractions of the questions whose gold runs."""

    engine: str
    outcomes: tuple[Outcome, ...]

    @property
    def asked(self) -> tuple[Outcome, ...]:
        """The outcomes that count: those whose gold statement ran."""
        return tuple(o for o in self.outcomes if o.verdict != "gold_failed")

    @property
    def accuracy(self) -> float:
        """Share of strict matches; 0 when nothing was asked."""
        return self.share("correct")

    @property
    def contained(self) -> float:
        """Share of relaxed matches, see :mod:`finetune.match`."""
        return mean([o.is_contained for o in self.asked])

    @property
    def interval(self) -> tuple[float, float]:
        """95 % bootstrap interval of :attr:`accuracy`."""
        return bootstrap_interval([o.verdict == "correct" for o in self.asked])

    def share(self, *verdicts: Verdict) -> float:
        """Fraction of the asked questions with one of these verdicts."""
        return mean([o.verdict in verdicts for o in self.asked])

    def seconds(self, percentile: float) -> float:
        """Seconds from question to rows at a percentile from 0 to 100; 0 when nothing was asked."""
        return float(np.percentile([o.seconds for o in self.asked], percentile)) if self.asked else 0.0

    def by_database(self) -> dict[str, tuple[int, float]]:
        """Database → questions asked, execution accuracy."""
        groups: dict[str, list[bool]] = {}
        for outcome in self.asked:
            groups.setdefault(outcome.database, []).append(outcome.verdict == "correct")
        return {name: (len(marks), mean(marks)) for name, marks in sorted(groups.items())}

    def to_json(self) -> dict[str, Any]:
        """Plain JSON types: the figures, then every question."""
        low, high = self.interval
        return {
            "engine": self.engine,
            "questions": len(self.outcomes),
            "asked": len(self.asked),
            "execution_accuracy": self.accuracy,
            "execution_accuracy_95": [low, high],
            "answer_contained": self.contained,
            "unparsed": self.share("unparsed"),
            "unresolved": self.share("unresolved"),
            "refused": self.share("refused"),
            "failed": self.share("failed"),
            "abstained": self.share("abstained"),
            "gold_failed": len(self.outcomes) - len(self.asked),
            "seconds": {"median": self.seconds(50), "p95": self.seconds(95)},
            "by_database": {
                name: {"asked": asked, "execution_accuracy": accuracy}
                for name, (asked, accuracy) in self.by_database().items()
            },
            "outcomes": [dataclasses.asdict(outcome) for outcome in self.outcomes],
        }

    def to_text(self) -> str:
        """The figures for a reader, one a line."""
        low, high = self.interval
        lines = [
            f"engine               {self.engine}",
            f"questions            {len(self.asked)} on {len(self.by_database())} databases",
            f"execution accuracy   {self.accuracy:.1%} (95 % interval {low:.1%} to {high:.1%})",
            f"answer contained     {self.contained:.1%}",
            f"do not parse         {self.share('unparsed'):.1%}",
            f"unknown names        {self.share('unresolved'):.1%}",
            f"refused              {self.share('refused'):.1%}",
            f"fail to run          {self.share('failed'):.1%}",
            f"abstained            {self.share('abstained'):.1%}",
            f"seconds              median {self.seconds(50):.2f}, 95th percentile {self.seconds(95):.2f}",
        ]
        golds = [o for o in self.outcomes if o.verdict == "gold_failed"]
        if golds:
            lines.append(f"not counted          {len(golds)} whose gold statement does not run:")
            lines += [f"  line {o.line} ({o.database}): {o.reason}" for o in golds[:10]]
            if len(golds) > 10:
                lines.append(f"  and {len(golds) - 10} more, see the JSON")
        return "\n".join(lines)


def bootstrap_interval(marks: Sequence[bool], *, level: float = 0.95, seed: int = 0) -> tuple[float, float]:
    """Percentile bootstrap interval of the share of true marks; ``(0, 0)`` for no marks.

    Drawing n marks with replacement and counting the true ones is one draw from a binomial distribution, so
    the resamples are drawn from that. Source: Efron & Tibshirani, An Introduction to the Bootstrap, ch. 13.
    """
    if not marks:
        return 0.0, 0.0
    draws = np.random.default_rng(seed).binomial(len(marks), mean(marks), RESAMPLES) / len(marks)
    low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def mean(marks: Sequence[bool]) -> float:
    """Share of true marks; 0 for no marks."""
    return sum(marks) / len(marks) if marks else 0.0
