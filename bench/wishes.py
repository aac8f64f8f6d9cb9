"""What letters want, by the service desk's classifier, on utterances of others: ``python -m bench.wishes``.

Measured on the categories of ``support_intents`` (English) that have one counterpart among ours. Two are left
out, for they mix several of ours: ORDER (to cancel, change, track) and DELIVERY (methods and times). No
category is about where something is or what came wrong: both can only be told by mistake here. Nothing is
learnt from it. Beside it the simplest rule: one word for each wish.
"""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bench.record import RESULTS, circumstances, write_result
from jobs.order_card.order_wishes import OTHER, probabilities

FILE = Path("support_intents") / "support_intents.parquet"
WISH_OF = {
    "CANCEL": "cancel",
    "REFUND": "return",
    "SHIPPING": "address",
    "INVOICE": "invoice",
    "FEEDBACK": "complaint",
    "ACCOUNT": OTHER,
    "CONTACT": OTHER,
    "PAYMENT": OTHER,
    "SUBSCRIPTION": OTHER,
}
"""Category of the data → our wish."""
WORDS = {
    "cancel": "cancel",
    "return": "return|refund|money back",
    "address": "address",
    "invoice": "invoice|bill",
    "complaint": "complain|claim",
}


def by_words(text: str) -> str:
    """The simplest rule: the first wish of which a word stands there."""
    return next((wish for wish, words in WORDS.items() if re.search(words, text.lower())), OTHER)


def by_classifier(texts: Sequence[str]) -> list[str]:
    """The likeliest wish of each text, read as one sentence."""
    return [max(row, key=lambda wish: row[wish]) for row in probabilities(texts)]


def f1_scores(actual: Sequence[str], told: Sequence[str]) -> dict[str, float]:
    """F1 of each wish that occurs in ``actual``."""
    real, said = np.array(actual), np.array(told)
    scores = {}
    for wish in sorted(set(actual)):
        hit = float(((real == wish) & (said == wish)).sum())
        scores[wish] = 2 * hit / float((real == wish).sum() + (said == wish).sum())
    return scores


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=os.environ.get("SHOPTALK_DATA"), help="the public data")
    options = parser.parse_args(arguments)
    if options.data is None:
        parser.error("set SHOPTALK_DATA, or give --data: the folder with the public data")
    import pyarrow.parquet as parquet

    rows = parquet.read_table(options.data / FILE).to_pylist()
    rows = [row for row in rows if row["category"] in WISH_OF]
    texts = [row["instruction"] for row in rows]
    actual = [WISH_OF[row["category"]] for row in rows]
    ways = {"ours": by_classifier(texts), "one word for each": [by_words(text) for text in texts]}
    scores = {way: f1_scores(actual, told) for way, told in ways.items()}
    macro = {way: float(np.mean(list(each.values()))) for way, each in scores.items()}
    print(f"{len(texts):,} utterances\n\n{'wish':<12}" + "".join(f"{way:>20}" for way in ways))
    for wish in scores["ours"]:
        print(f"{wish:<12}" + "".join(f"{each[wish]:>20.3f}" for each in scores.values()))
    print(f"{'macro-F1':<12}" + "".join(f"{score:>20.3f}" for score in macro.values()))
    result = {
        "figures": {"Wishes of letters, macro-F1": f"{macro['ours']:.3f}"},
        "utterances": len(texts),
        "scores": scores,
        "macro": macro,
        **circumstances(),
    }
    print(f"\nKept in {write_result(RESULTS / 'wishes.json', result)}")


if __name__ == "__main__":
    main()
