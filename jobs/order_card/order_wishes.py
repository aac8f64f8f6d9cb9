"""What a letter wants, by a small classifier: logistic regression on runs of letters.

It learns from ``wishes.yml``, for letters in German from ``wishes_de.yml``. Each sentence is read by itself,
and what it was read from is told with it. The phrases are the project's own; ``bench.wishes`` measures it on
utterances of others.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from threadpoolctl import threadpool_limits

from bot.followup import length_of
from jobs.order_card.order_letters import sentences_of
from sql.yaml_text import read_yaml

OTHER = "other"
SURE = 0.45
"""Probability from which a sentence is taken to want something."""
MOST_WISHES = 3
LEAST_OF_CLAUSE = 2.0
"""English words, or pairs of Chinese characters, of a clause that is read by itself."""
_CLAUSES = re.compile(r"[,，、]|\b(?:and|but|so|und|aber)\b")
RUNS = (1, 5)
"""Lengths of the runs of letters, both inclusive."""
STRENGTH = 20.0
"""Inverse of the regularisation."""


@dataclass(frozen=True, kw_only=True)
class Wish:
    """Something that a letter wants."""

    name: str
    sentence: str
    """The sentence that says it most clearly; empty for ``other``."""
    probability: float


def wishes_of(text: str, language: str = "") -> tuple[Wish, ...]:
    """What a letter wants, the surest first; ``other`` alone where no sentence is sure enough.

    Args:
        language: of the letter; all but ``de`` are read as English and Chinese are.
    """
    pieces = _pieces(text)
    best: dict[str, Wish] = {}
    for sentence, row in zip(pieces, probabilities(pieces, language), strict=True):
        name = max(row, key=lambda each: row[each])
        found = Wish(name=name, sentence=sentence, probability=row[name])
        is_told = found.name != OTHER and found.probability >= SURE
        if is_told and (name not in best or best[name].probability < found.probability):
            best[name] = found
    ranked = sorted(best.values(), key=lambda wish: -wish.probability)
    return tuple(ranked[:MOST_WISHES]) or (Wish(name=OTHER, sentence="", probability=0.0),)


def _pieces(text: str) -> tuple[str, ...]:
    """The sentences of a letter, and the clauses of each: one sentence may want two things."""
    found: list[str] = []
    for sentence in sentences_of(text):
        clauses = [clause.strip() for clause in _CLAUSES.split(sentence)]
        found += [sentence, *(clause for clause in clauses if length_of(clause) >= LEAST_OF_CLAUSE)]
    return tuple(dict.fromkeys(found))


def probabilities(sentences: Sequence[str], language: str = "") -> list[dict[str, float]]:
    """Wish → probability, for each sentence."""
    if not sentences:
        return []
    model = _model("wishes_de.yml" if language == "de" else "wishes.yml")
    rows = model.predict_proba([plain(sentence) for sentence in sentences])
    return [dict(zip(map(str, model.classes_), map(float, row), strict=True)) for row in rows]


def plain(sentence: str) -> str:
    """A sentence in small letters, with every number alike."""
    return " ".join(re.sub(r"[#№]?\b[a-z]{0,8}[-/]?[0-9][a-z0-9/-]*", " 0 ", sentence.lower()).split())


@cache
def _model(learnt_from: str) -> Any:
    """The classifier, fitted at its first use, in well under a second."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    phrases = [
        (plain(phrase), name) for name, texts in phrases_by_wish(learnt_from).items() for phrase in texts
    ]
    model = make_pipeline(
        TfidfVectorizer(analyzer="char_wb", ngram_range=RUNS, sublinear_tf=True),
        LogisticRegression(C=STRENGTH, max_iter=1_000, class_weight="balanced"),
    )
    with threadpool_limits(1):  # several threads would spin more than they add
        return model.fit([text for text, _ in phrases], [name for _, name in phrases])


def phrases_by_wish(learnt_from: str = "wishes.yml") -> dict[str, tuple[str, ...]]:
    """What it learns from, in all languages of the file."""
    text = resources.files(__package__).joinpath(learnt_from).read_text(encoding="utf-8")
    return {name: tuple(itertools.chain(*said.values())) for name, said in read_yaml(text).items()}
