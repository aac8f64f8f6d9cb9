"""Outcomes of an evaluation and the figures that follow from them: plain data and arithmetic."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from finetune.hardness import CLASSES

Verdict = Literal[
    "correct", "wrong", "abstained", "unparsed", "unresolved", "refused", "failed", "gold_failed"
]
"""``wrong``: it ran and gave other rows. ``abstained``: declined, or asked back. ``unparsed``: the statement
is in no grammar. ``unresolved``: it names what does not exist, or could mean nothing. ``refused``: the guard
for another reason. ``failed``: the database or a budget stopped it.
``gold_failed``: the gold statement itself did not run, so the question was not asked and does not count."""

RESAMPLES = 10_000
"""Draws behind each bootstrap interval."""


@dataclass(frozen=True, kw_only=True)
class Preview:
    """The start of a result, as text, to be looked at."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str | None, ...], ...]
    """At most a few, each value cut; ``None`` is NULL."""
    total: int
    """Rows of the whole result."""

    @classmethod
    def from_json(cls, fields: dict[str, Any] | None) -> Preview | None:
        """The same from what ``dataclasses.asdict`` and JSON made of it."""
        if fields is None:
            return None
        rows = tuple(map(tuple, fields["rows"]))
        return cls(columns=tuple(fields["columns"]), rows=rows, total=int(fields["total"]))


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
    hardness: str = "unknown"
    """Class of the gold statement, see :mod:`finetune.hardness`; ``unknown`` when sqlglot cannot read it."""
    source: str = ""
    """Where the question comes from, as its line says; empty when it does not."""
    drafted: str | None = None
    """The last statement written, also where none ran."""
    prompt_tokens: int | None = None
    """Tokens of all prompts; ``None`` when the engine cannot count them."""
    written_tokens: int = 0
    """Tokens written, over all tries and samples."""
    calls: int = 0
    """Times the model was asked."""
    gold_rows: Preview | None = None
    """Kept for misses only."""
    rows: Preview | None = None
    """Kept for misses only; ``None`` as well when nothing ran."""

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> Outcome:
        """The same from what ``dataclasses.asdict`` and JSON made of it.

        Raises:
            TypeError, KeyError, ValueError: the fields are not those of an outcome.
        """
        previews = {name: Preview.from_json(fields.get(name)) for name in ("gold_rows", "rows")}
        return cls(**{**fields, **previews})


@dataclass(frozen=True, kw_only=True)
class EvaluationReport:
    """Every outcome, and what follows from them. Shares are fractions of the questions whose gold runs."""

    engine: str
    outcomes: tuple[Outcome, ...]
    way: str = "product"
    """How the questions went: ``product`` or ``plain``, see :mod:`finetune.ways`."""

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
        """95 % bootstrap interval of :attr:`accuracy`, questions resampled: for the same databases."""
        return bootstrap_interval([o.verdict == "correct" for o in self.asked])

    @property
    def cluster_interval(self) -> tuple[float, float]:
        """95 % bootstrap interval of :attr:`accuracy`, whole databases resampled: the one to quote for
        databases never seen, because questions about one database succeed and fail together."""
        return cluster_interval(list(self._marks(lambda o: o.database).values()))

    def share(self, *verdicts: Verdict) -> float:
        """Fraction of the asked questions with one of these verdicts."""
        return mean([o.verdict in verdicts for o in self.asked])

    def seconds(self, percentile: float) -> float:
        """Seconds from question to rows at a percentile from 0 to 100; 0 when nothing was asked."""
        return float(np.percentile([o.seconds for o in self.asked], percentile)) if self.asked else 0.0

    @property
    def tokens(self) -> tuple[float | None, float]:
        """Mean tokens a question, of the prompts (``None``: not counted) and written."""
        asked = self.asked
        if not asked:
            return None, 0.0
        read = [o.prompt_tokens for o in asked if o.prompt_tokens is not None]
        mean_read = sum(read) / len(read) if len(read) == len(asked) else None
        return mean_read, sum(o.written_tokens for o in asked) / len(asked)

    def by_database(self) -> dict[str, tuple[int, float]]:
        """Database → questions asked, execution accuracy."""
        return self._by(lambda o: o.database)

    def by_hardness(self) -> dict[str, tuple[int, float]]:
        """Class of the gold statement → questions asked, execution accuracy; from easy to extra hard."""
        found = self._by(lambda o: o.hardness)
        return {name: found[name] for name in (*CLASSES, "unknown") if name in found}

    def by_source(self) -> dict[str, tuple[int, float]]:
        """Source of the question → questions asked, execution accuracy; empty when no line names one."""
        return {name: part for name, part in self._by(lambda o: o.source).items() if name}

    def _marks(self, key: Callable[[Outcome], str]) -> dict[str, list[bool]]:
        groups: dict[str, list[bool]] = {}
        for outcome in self.asked:
            groups.setdefault(key(outcome), []).append(outcome.verdict == "correct")
        return dict(sorted(groups.items()))

    def _by(self, key: Callable[[Outcome], str]) -> dict[str, tuple[int, float]]:
        return {name: (len(marks), mean(marks)) for name, marks in self._marks(key).items()}

    def to_json(self) -> dict[str, Any]:
        """Plain JSON types: the figures, then every question."""
        prompt_tokens, written_tokens = self.tokens
        groups = {
            "by_hardness": self.by_hardness(),
            "by_source": self.by_source(),
            "by_database": self.by_database(),
        }
        return {
            "engine": self.engine,
            "way": self.way,
            "questions": len(self.outcomes),
            "asked": len(self.asked),
            "execution_accuracy": self.accuracy,
            "execution_accuracy_95": list(self.interval),
            "execution_accuracy_95_by_database": list(self.cluster_interval),
            "answer_contained": self.contained,
            "unparsed": self.share("unparsed"),
            "unresolved": self.share("unresolved"),
            "refused": self.share("refused"),
            "failed": self.share("failed"),
            "abstained": self.share("abstained"),
            "gold_failed": len(self.outcomes) - len(self.asked),
            "seconds": {"median": self.seconds(50), "p95": self.seconds(95)},
            "tokens": {"prompt": prompt_tokens, "written": written_tokens},
            **{
                title: {
                    name: {"asked": asked, "execution_accuracy": share}
                    for name, (asked, share) in part.items()
                }
                for title, part in groups.items()
            },
            "outcomes": [dataclasses.asdict(outcome) for outcome in self.outcomes],
        }

    def to_text(self) -> str:
        """The figures for a reader, one a line."""
        (low, high), (least, most) = self.interval, self.cluster_interval
        prompt_tokens, written_tokens = self.tokens
        read = "not counted" if prompt_tokens is None else f"{prompt_tokens:,.0f}"
        lines = [
            f"engine               {self.engine}",
            f"way                  {self.way}",
            f"questions            {len(self.asked)} on {len(self.by_database())} databases",
            f"execution accuracy   {self.accuracy:.1%} (95 % interval {low:.1%} to {high:.1%} over questions,"
            f" {least:.1%} to {most:.1%} over databases)",
        ]
        lines += [
            f"  {name:<18} {part:6.1%} of {asked}" for name, (asked, part) in self.by_hardness().items()
        ]
        lines += [f"  {name:<18} {part:6.1%} of {asked}" for name, (asked, part) in self.by_source().items()]
        lines += [
            f"answer contained     {self.contained:.1%}",
            f"do not parse         {self.share('unparsed'):.1%}",
            f"unknown names        {self.share('unresolved'):.1%}",
            f"refused              {self.share('refused'):.1%}",
            f"fail to run          {self.share('failed'):.1%}",
            f"abstained            {self.share('abstained'):.1%}",
            f"seconds              median {self.seconds(50):.2f}, 95th percentile {self.seconds(95):.2f}",
            f"tokens a question    {read} read, {written_tokens:,.0f} written",
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


def cluster_interval(
    groups: Sequence[Sequence[bool]], *, level: float = 0.95, seed: int = 0
) -> tuple[float, float]:
    """Percentile bootstrap interval of the share of true marks over all groups, whole groups resampled.

    Each draw takes as many groups as there are, with replacement, and divides all true marks by all marks.
    ``(0, 0)`` for no marks; one group alone has no spread to resample. Source: Davison & Hinkley, Bootstrap
    Methods and their Application, section 3.8.

    Args:
        groups: marks by database; empty groups count as nothing.
    """
    sizes = np.array([len(group) for group in groups if group])
    if not sizes.size:
        return 0.0, 0.0
    trues = np.array([sum(group) for group in groups if group])
    picks = np.random.default_rng(seed).integers(0, sizes.size, size=(RESAMPLES, sizes.size))
    draws = trues[picks].sum(axis=1) / sizes[picks].sum(axis=1)
    low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def mean(marks: Sequence[bool]) -> float:
    """Share of true marks; 0 for no marks."""
    return sum(marks) / len(marks) if marks else 0.0
