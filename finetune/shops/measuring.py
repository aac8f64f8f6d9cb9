"""Asks the set's questions of an engine and counts what is right; fits the doubt that answers are told with.

Only shops that no adapter was trained on say anything: the set's validation shops (``VALIDATION``).
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from finetune.match import is_answer_contained
from finetune.shops.check import BUILT, ask, opened
from finetune.shops.question_pairs import SET, Pair, load_pairs
from finetune.shops.shop_examples import as_served
from llm.engine import Engine
from llm.errors import LlmError
from sql.ask import Ambiguous, CannotAnswer, open_asker
from sql.errors import SqlError
from sql.question.linking import Vocabulary
from sql.statement.doubt import AGAINST, FOR, WEIGHTS, probability
from sql.statement.written import After

VALIDATION = ("stationery_cn", "wine_merchant", "bare_spare_parts")
"""Shops that are kept out of training: to choose the best step by, and to fit the doubt on."""
RIDGE = 2.0
"""Weight in the fit of the squared distance from ``PRIOR``."""
PRIOR = {
    "likelihood": 1.0,
    "weakest": 0.3,
    "unheard": -2.0,
    "invented": -0.7,
    "empty": -0.5,
    "unexplained": -0.5,
    "again": -0.3,
    "unshared": -1.5,
    "length": -0.2,
}
"""What the weights are before anything was seen: a sign that occurred in few answers keeps about this."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of one question."""

    shop: str
    id: str
    kind: str
    language: str
    verdict: str
    """``right``, ``wrong``, ``declined``, ``asked back`` or ``failed``."""
    said: str
    """The statement, or why there is none."""
    seconds: float
    confidence: float = 0.0
    signs: Mapping[str, float] = field(default_factory=dict)


def measure(
    names: Iterable[str],
    engine: Engine,
    *,
    adapter: str | None,
    every: int = 1,
    root: Path = SET,
    built: Path = BUILT,
) -> Iterable[Outcome]:
    """Ask every ``every``-th pair of the named shops as a user would, and judge the rows.

    A follow-up goes to the model with the statement before, whatever its words alone would mean. Jobs are
    left out: they are asked of the whole assistant.
    """
    for name in names:
        with opened(name, root, built) as workspace:
            vocabulary = Vocabulary.build(workspace)
            asker = open_asker(workspace, engine, vocabulary, adapter=adapter)
            model = open_asker(workspace, engine, vocabulary, adapter=adapter, asks_always=True)
            pairs = [p for p in load_pairs([name], root) if p.kind != "job"]
            for pair in pairs[::every]:
                started = time.monotonic()
                verdict, text, confidence, signs = "failed", "", 0.0, {}
                try:
                    said = as_served(pair, vocabulary, workspace)
                    if pair.previous:
                        answer = model.ask(said, after=After(said=said, statement=pair.previous))
                    else:
                        answer = asker.ask(said)
                    assert answer.compiled is not None
                    text, confidence = str(answer.compiled.statement), answer.confidence
                    signs = dict(answer.signs)
                    verdict = "right" if _is_right(answer.table.rows, pair, workspace) else "wrong"
                except CannotAnswer as error:
                    verdict, text = "declined", str(error)
                except Ambiguous:
                    verdict = "asked back"
                except (SqlError, LlmError) as error:
                    text = f"{type(error).__name__}: {error}"
                yield Outcome(
                    shop=name,
                    id=pair.id,
                    kind=pair.kind,
                    language=pair.language,
                    verdict=verdict,
                    said=text,
                    seconds=time.monotonic() - started,
                    confidence=confidence,
                    signs=signs,
                )


def _is_right(rows: Sequence[Sequence[Any]], pair: Pair, workspace: Any) -> bool:
    if not pair.statement:
        return False
    _, gold = ask(workspace, pair.statement)
    return is_answer_contained(rows, gold.rows, ordered="ORDER BY" in pair.statement)


def summary(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Shares of what was asked, and how true the confidence is."""
    questions = [o for o in outcomes if o.kind == "question"]
    changed = [o for o in outcomes if o.kind == "follow_up"]
    others = [o for o in outcomes if o.kind not in ("question", "follow_up")]
    answered = [o for o in outcomes if o.verdict in ("right", "wrong")]
    sure = [o for o in answered if o.confidence >= 0.8]
    seconds = sorted(o.seconds for o in outcomes) or [0.0]
    return {
        "questions": len(questions),
        "right": _share(questions, "right"),
        **{f"right_{x}": _share([o for o in questions if o.language == x], "right") for x in ("en", "zh")},
        "declined_or_asked_back": _share(questions, "declined", "asked back"),
        "failed": _share(questions, "failed"),
        "follow_ups": len(changed),
        "follow_ups_right": _share(changed, "right"),
        "others": len(others),
        "others_declined_or_asked_back": _share(others, "declined", "asked back"),
        "sure": len(sure),
        "sure_and_wrong": _share(sure, "wrong"),
        "calibration_error": calibration_error(answered),
        "seconds_median": seconds[len(seconds) // 2],
        "seconds_p95": seconds[int(0.95 * (len(seconds) - 1))],
    }


def _share(outcomes: Sequence[Outcome], *verdicts: str) -> float:
    return sum(o.verdict in verdicts for o in outcomes) / len(outcomes) if outcomes else 0.0


def calibration_error(answered: Sequence[Outcome], bins: int = 10) -> float:
    """Expected calibration error: the mean gap between confidence and share of right ones, over bins of ten.

    Source: Guo et al., On Calibration of Modern Neural Networks, 2017.
    """
    error = 0.0
    for n in range(bins):
        inside = [o for o in answered if n / bins <= o.confidence < (n + 1) / bins + (n == bins - 1)]
        if inside:
            mean = sum(o.confidence for o in inside) / len(inside)
            error += abs(mean - _share(inside, "right")) * len(inside) / len(answered)
    return error


def fit(outcomes: Sequence[Outcome], steps: int = 2000) -> dict[str, float]:
    """Weights for ``sql.statement.doubt`` by penalised maximum likelihood, from answers that a model wrote.

    A sign that can only speak against an answer, or only for it, is held to that side.

    Raises:
        ValueError: fewer than 30 answers, or all of them right or all wrong.
    """
    answered = [
        o for o in outcomes if o.verdict in ("right", "wrong") and o.signs and o.signs.get("likelihood", -1)
    ]
    is_right = np.array([o.verdict == "right" for o in answered], dtype=float)
    if len(answered) < 30 or is_right.min() == is_right.max():
        raise ValueError(f"{len(answered)} answers are too few to fit, or all of them came out alike")
    names = list(WEIGHTS)
    seen = np.array([[o.signs.get(name, 0.0) for name in names] for o in answered])
    prior = np.array([PRIOR.get(name, 0.0) for name in names])
    weights = prior.copy()
    penalty = np.full(len(names), RIDGE / len(answered))
    penalty[names.index("bias")] = 0.0
    low = np.array([0.0 if name in FOR else -np.inf for name in names])
    high = np.array([0.0 if name in AGAINST else np.inf for name in names])
    for _ in range(steps):  # Newton would be quicker and may diverge where the classes part
        chance = 1.0 / (1.0 + np.exp(-seen @ weights))
        gradient = seen.T @ (chance - is_right) / len(answered) + penalty * (weights - prior)
        weights -= 0.3 * gradient
        weights = np.clip(weights, low, high)
    return {name: round(float(w), 3) for name, w in zip(names, weights, strict=True)}


def weighed(outcomes: Iterable[Outcome], weights: Mapping[str, float]) -> list[Outcome]:
    """The outcomes with the confidence that ``weights`` give; what no model wrote keeps its own."""
    return [
        replace(o, confidence=probability(o.signs, weights)) if o.signs.get("likelihood") else o
        for o in outcomes
    ]


def write_outcomes(outcomes: Iterable[Outcome], file: Path) -> list[Outcome]:
    """Append each outcome as it comes; returns all."""
    found = []
    with file.open("a", encoding="utf-8") as out:
        for outcome in outcomes:
            out.write(json.dumps(asdict(outcome), ensure_ascii=False) + "\n")
            out.flush()
            found.append(outcome)
    return found


def read_outcomes(files: Iterable[Path]) -> list[Outcome]:
    """The outcomes of one or several files."""
    return [
        Outcome(**json.loads(line)) for file in files for line in file.read_text("utf-8").splitlines() if line
    ]
