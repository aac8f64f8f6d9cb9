"""Makes the classifier of praise and complaint that is shipped: from the demonstration's phrases and CC0
reviews.

    SHOPTALK_DATA=… python -m bench.sentiment_shipped

Writes ``retrieval/opinion_mining/sentiment.json.gz``; ``sentiment.md`` beside it says what is in it.
Nothing of the reviews is kept but words and pairs of words that many of them have.
"""

from __future__ import annotations

import gzip
import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from random import Random

from bench.record import ROOT

PLACE = ROOT / "retrieval" / "opinion_mining" / "sentiment.json.gz"
LEAST_TEXTS = {"en": 8, "zh": 2}
KEPT = 24_000
"""Features with the greatest weights."""
CHINESE = 3.0
"""What a Chinese phrase counts for, of which there are few beside the English reviews."""
TURNS = 3
"""Times that each phrase of the demonstration is filled in."""


def main() -> int:
    """Command line; exit status 1 without the reviews."""
    from retrieval.opinion_mining.opinions import features
    from retrieval.opinion_mining.sentiment import fit

    data = os.environ.get("SHOPTALK_DATA")
    if not data:
        print("SHOPTALK_DATA does not name a folder with clothing_reviews")
        return 1
    found, kinds = [], []
    for text, is_good in [*phrases("reviews_en"), *phrases("reviews_zh"), *clothing(Path(data))]:
        found.append(features(text))
        kinds.append(is_good)
    chinese = [any(character >= "\u3400" for word in each for character in word) for each in found]
    weigh = [CHINESE if is_so else 1.0 for is_so in chinese]
    model = fit(found, kinds, None, least=2, weigh=weigh)
    times: dict[str, int] = {}
    for each in found:
        for name in set(each):
            times[name] = times.get(name, 0) + 1
    common = [
        name for name in model.weights
        if times[name] >= LEAST_TEXTS["zh" if any(c >= "\u3400" for c in name) else "en"]
    ]  # fmt: skip
    common.sort(key=lambda name: -abs(model.weights[name]))
    weights = {name: round(model.weights[name], 3) for name in sorted(common[:KEPT])}
    kept = json.dumps(replace(model, weights=weights).to_json(), ensure_ascii=False, separators=(",", ":"))
    PLACE.write_bytes(gzip.compress(kept.encode(), 9, mtime=0))
    print(f"{len(found):,} texts, {len(weights):,} features, {PLACE.stat().st_size:,} bytes: {PLACE}")
    return 0


def phrases(name: str) -> list[tuple[str, bool]]:
    """The demonstration's own phrases of praise and complaint, with their slots as a word."""
    import re

    from demo.texts import fragments

    dice, found = Random(7), []
    read = fragments(name)
    for key, polarity in sorted(read.keys):
        for line in read._by_key[key, polarity] if polarity in ("+", "-") else ():
            for phrase in line[1]:
                for _ in range(TURNS):
                    filled = re.sub(r"\{([^{}]*)\}", lambda m: dice.choice(m[1].split("|")), phrase)
                    found.append(
                        (
                            re.sub(r"<[a-z_A-Z]+>", "it" if name.endswith("en") else "它", filled),
                            polarity == "+",
                        )
                    )
    return found


def clothing(data: Path) -> list[tuple[str, bool]]:
    """Titles and texts of the CC0 reviews, those of three stars left out."""
    import pyarrow.parquet as pq

    rows = pq.read_table(data / "clothing_reviews" / "clothing_reviews.parquet").to_pylist()
    rated = [row for row in rows if row["rating"] != 3]
    return [
        (row[name], row["rating"] >= 4) for name in ("title", "review_text") for row in rated if row[name]
    ]


if __name__ == "__main__":
    sys.exit(main())
