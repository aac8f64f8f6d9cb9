"""What reviews say, measured: sentiment by ratings, aspects with their sign by hand-made marks, the planted
batch.

    SHOPTALK_DATA=… python -m bench.evidence
    python -m bench.evidence --only demo

Sentiment: ``clothing_reviews``, 4 and 5 stars against 1 and 2, each text by a classifier that has not seen
its piece of clothing; and Chinese texts that were written for this by hand. Beside it stands VADER where it
is installed (``pip install vaderSentiment`` in an environment of its own; the project does not need it).

Aspects: ``aspect_reviews``. A remark is right where people marked an aspect in the same sentence with the
same sign and the two share their last word, in the singular, or one holds the other's last word; each mark
counts for one remark. Marks of what the sentence does not name ([u], [p]) are left out. Settings were chosen
on seven of the products; the other seven are told.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import tempfile
import zipfile
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bench.record import RESULTS, ROOT, circumstances, write_result
from llm.hardware import set_threads

set_threads()

CHINESE = ROOT / "bench" / "questions" / "review_sentiment_zh.tsv"
FOLDS = 4
TUNED = {
    "Canon_G3", "Nikon_coolpix_4300", "Canon_PowerShot_SD500", "Diaper_Champ", "ipod", "MicroMP3", "norton",
}  # fmt: skip
"""Products that settings were chosen on."""
_MARK = re.compile(r"([^,\[\]]+)((?:\[[^\]]*\])+)")

Judge = Callable[[str], float]
"""Above 0 for praise, below for complaint."""


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.evidence", description="Measure what reviews say.")
    parser.add_argument(
        "--only", choices=("sentiment", "chinese", "aspects", "demo"), help="one part; left out: all"
    )
    options = parser.parse_args()
    record: dict[str, Any] = {"circumstances": circumstances(), "figures": {}}
    parts = {"sentiment": sentiment, "chinese": chinese, "aspects": aspects, "demo": demo}
    for name, part in parts.items():
        if options.only in (None, name):
            for what, figure in part().items():
                record["figures"][f"{name}: {what}"] = figure
                print(f"{name}: {what}: {figure}")
    print(f"\nRaw figures: {write_result(RESULTS / 'evidence.json', record)}")
    return 0


def vader() -> Judge | None:
    """VADER's compound score, where it is installed."""
    try:
        from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer
    except ImportError:
        return None
    analyzer = SentimentIntensityAnalyzer()
    return lambda text: float(analyzer.polarity_scores(text)["compound"])


def data_folder(name: str) -> Path | None:
    """A folder of the public data, or ``None`` with a word why it is left out."""
    data = os.environ.get("SHOPTALK_DATA")
    if data and (Path(data) / name).is_dir():
        return Path(data) / name
    print(f"left out: SHOPTALK_DATA does not name a folder with {name}")
    return None


# ---- sentiment ---------------------------------------------------------------------------------------------


def sentiment() -> dict[str, str]:
    """Ratings 4 and 5 against 1 and 2, by held-out pieces of clothing."""
    import pyarrow.parquet as pq
    from sklearn.model_selection import GroupKFold

    from retrieval.opinion_mining.opinions import features
    from retrieval.opinion_mining.sentiment import fit

    folder = data_folder("clothing_reviews")
    if folder is None:
        return {}
    rows = [
        row
        for row in pq.read_table(folder / "clothing_reviews.parquet").to_pylist()
        if row["rating"] != 3 and row["review_text"]
    ]
    texts = [f"{row['title'] or ''}\n{row['review_text']}" for row in rows]
    truth = np.array([row["rating"] >= 4 for row in rows])
    found = [features(text) for text in texts]
    scores = np.zeros(len(rows))
    for train, test in GroupKFold(FOLDS).split(found, truth, [row["clothing_id"] for row in rows]):
        # The shipped classifier has read these reviews, so it is left out.
        model = fit([found[place] for place in train], truth[train].tolist(), None)
        scores[test] = [model.score(found[place]) for place in test]
    figures = {"ours": scored(scores, truth)}
    if (judge := vader()) is not None:
        figures["VADER"] = scored(np.array([judge(text) for text in texts]), truth)
    figures["always praise"] = scored(np.ones(len(rows)), truth)
    return figures


def chinese() -> dict[str, str]:
    """The shipped classifier on Chinese texts of our own."""
    from retrieval.opinion_mining.sentiment import shipped

    lines = [
        line.split("\t") for line in CHINESE.read_text(encoding="utf-8").splitlines() if line[:1] in "01"
    ]
    truth = np.array([kind == "1" for kind, _ in lines])
    figures = {"ours": scored(np.array([shipped().of(text) for _, text in lines]), truth)}
    if (judge := vader()) is not None:
        figures["VADER"] = scored(np.array([judge(text) for _, text in lines]), truth)
    return figures


def scored(scores: Any, truth: Any) -> str:
    """Accuracy, and the mean of both kinds' recall; a score of 0 is no complaint."""
    right = (scores >= 0) == truth
    balanced = (right[truth].mean() + right[~truth].mean()) / 2
    texts = f"{len(truth):,} texts ({(~truth).mean():.1%} complaints)"
    return f"accuracy {right.mean():.3f}, balanced {balanced:.3f}, of {texts}"


# ---- aspects -----------------------------------------------------------------------------------------------


Marked = list[tuple[str, list[tuple[str, int]]]]
"""Sentences, each with its marks: aspect and sign."""


def marked(folder: Path) -> dict[str, Marked]:
    """Product → its sentences."""
    found: dict[str, Marked] = {}
    for archive in sorted(folder.glob("*.zip")):
        with zipfile.ZipFile(archive) as opened:
            for name in opened.namelist():
                if name.endswith(".txt") and "README" not in name and "MACOSX" not in name:
                    text = opened.read(name).decode("latin-1")
                    lines = [line.partition("##") for line in text.splitlines() if "##" in line]
                    found[Path(name).stem] = [(said.strip(), _marks(marks)) for marks, _, said in lines]
    return dict(sorted(found.items()))


def _marks(text: str) -> list[tuple[str, int]]:
    found = []
    for match in _MARK.finditer(text):
        sign = re.search(r"\[([+-])\d?\]", match[2])
        if sign is not None and not re.search(r"\[[up]\]", match[2]):
            found.append((match[1].strip().lower(), 1 if sign[1] == "+" else -1))
    return found


def aspects() -> dict[str, str]:
    """Aspect and sign on products that no setting was chosen by, and VADER over the same aspects."""
    folder = data_folder("aspect_reviews")
    if folder is None:
        return {}
    products = [sentences for name, sentences in marked(folder).items() if name not in TUNED]
    figures = {}
    judges: dict[str, Judge | None] = {"ours": None}
    if (judge := vader()) is not None:
        judges["VADER over our aspects"] = judge
    for name, each in judges.items():
        counts, signs = Counter[str](), Counter[tuple[int, int]]()
        for sentences in products:
            _count(sentences, each, counts, signs)
        figures[f"{name}, all sentences"] = _f1(counts, "found")
        figures[f"{name}, sentences with a mark"] = _f1(counts, "found_in_marked")
        right = sum(times for (true, told), times in signs.items() if true == told)
        figures[f"{name}, sign of aspects that were found"] = (
            f"{right / max(sum(signs.values()), 1):.3f} of {sum(signs.values())} {dict(signs)}"
        )
    return figures


def _f1(counts: Counter[str], found: str) -> str:
    precision, recall = counts["right"] / max(counts[found], 1), counts["right"] / max(counts["marks"], 1)
    f1 = 2 * precision * recall / max(precision + recall, 1e-9)
    of = f"{counts['marks']} marks, {counts[found]} remarks"
    return f"F1 {f1:.3f} (precision {precision:.3f}, recall {recall:.3f}; {of})"


def _count(
    sentences: Marked, judge: Judge | None, counts: Counter[str], signs: Counter[tuple[int, int]]
) -> None:
    from retrieval.embed import load_embedder
    from retrieval.opinion_mining.aspects import learn, split
    from retrieval.opinion_mining.clause_reading import read, remarks
    from retrieval.opinion_mining.sentiment import shipped

    texts = [read(text, shipped()) for text, _ in sentences]
    learnt = learn([[each.words for each in text] for text in texts], load_embedder())
    forms = {each.name: [split(form) for form in each.forms] for each in learnt.all}
    for (text, marks), found in zip(sentences, texts, strict=True):
        said: Counter[str] = Counter()
        for remark in remarks(found, learnt):
            said[remark.aspect] += remark.polarity
        if judge is not None:
            compound = judge(text)
            said = Counter(dict.fromkeys(said, (compound > 0.05) - (compound < -0.05)))
        told = {name: 1 if sign > 0 else -1 for name, sign in said.items() if sign}
        counts["found"] += len(told)
        counts["found_in_marked"] += len(told) if marks else 0
        counts["marks"] += len(marks)
        used: set[int] = set()
        for name, sign in told.items():
            alike = [
                n for n, (mark, _) in enumerate(marks) if n not in used and _is_same(split(mark), forms[name])
            ]
            right = [n for n in alike if marks[n][1] == sign]
            if alike:
                used.add((right or alike)[0])
                signs[marks[(right or alike)[0]][1], sign] += 1
            counts["right"] += bool(right)


def _is_same(mark: Sequence[str], forms: Sequence[Sequence[str]]) -> bool:
    return bool(mark) and any(form[-1] in mark or mark[-1] in form for form in forms)


# ---- the demonstration shop --------------------------------------------------------------------------------


def demo() -> dict[str, str]:
    """Whether the faulty batch is what its product's reviews complain about most, and shares beside hand
    counts.
    """
    from app.house import House, last_answer
    from app.person import Person
    from app.settings import Settings

    product = "Fjordlyd Over-Ear Headphones 300"
    figures = {}
    with (
        tempfile.TemporaryDirectory(prefix="shoptalk-bench-") as home,
        House(Settings(home=Path(home))) as house,
    ):
        seat = house.at(None, Person())
        about = last_answer(seat.answer(f"What do customers complain about most for {product}?"))
        figures["complained about most of the planted product"] = str(about.tables[0].rows[0][:6])
        months = last_answer(seat.answer(f"share of negative remarks on battery by month for {product}"))
        peak = max(months.tables[0].rows, key=lambda row: row[4])
        figures["month with most complaints on its battery"] = str(peak[:6])
    return figures


if __name__ == "__main__":
    sys.exit(main())
