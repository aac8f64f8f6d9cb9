"""Personal data in free text: what is found of it, and what is taken for it that is none.

    SHOPTALK_DATA=/path/to/data python -m bench.personal [--only en|zh] [--part seen|held] [--misses 20]

English: ``pii``, synthetic sentences with marked spans. Rules were changed by the errors on three quarters
of its templates; of the others (those whose number leaves 3 when divided by 4) only the counts were looked
at. Chinese: ``bench/personal_zh.txt``, sentences of shops written for this, more than half of them without
anything personal; every fourth line is held out alike.

A marked span is found (recall) when something that was found overlaps it; the same kind and both ends are
told beside. A found span is right (precision) when it overlaps a marked one. What ``pii`` marks that is no
person's (organisations, days, ages, nationalities, titles, domains) counts as not marked; places alone are
left out of both, for they stand in addresses too.

Beside ours: Presidio's recognisers with spaCy's small English model, where ``presidio_analyzer`` and the
model are installed (``--presidio MODEL``); they are no dependency of the project.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.record import RESULTS, circumstances, write_result

CHINESE = Path(__file__).parent / "personal_zh.txt"
KINDS = {
    "PERSON": "name",
    "STREET_ADDRESS": "address",
    "ZIP_CODE": "address",
    "CREDIT_CARD": "card",
    "PHONE_NUMBER": "phone",
    "EMAIL_ADDRESS": "email",
    "IBAN_CODE": "iban",
    "US_SSN": "id",
    "US_DRIVER_LICENSE": "id",
    "IP_ADDRESS": "ip",
}
"""Entity of ``pii`` → kind; the others are nobody's."""
PRESIDIO = {
    "PERSON": "name",
    "CREDIT_CARD": "card",
    "PHONE_NUMBER": "phone",
    "EMAIL_ADDRESS": "email",
    "IBAN_CODE": "iban",
    "US_SSN": "id",
    "US_DRIVER_LICENSE": "id",
    "US_PASSPORT": "id",
    "US_ITIN": "id",
    "UK_NHS": "id",
    "UK_NINO": "id",
    "IP_ADDRESS": "ip",
}

Found = tuple[int, int, str]
"""Start, end (not included), kind."""
Finder = Callable[[str], list[Found]]


@dataclass(frozen=True, kw_only=True)
class Sentence:
    """A text with its marked spans."""

    text: str
    marked: tuple[Found, ...]
    neutral: tuple[Found, ...] = ()
    """Where finding something is neither right nor wrong."""
    group: int = 0
    """Template or line; every fourth is held out."""


def english(folder: Path) -> list[Sentence]:
    """The sentences of ``pii``."""
    found = []
    for each in json.loads((folder / "pii" / "synth_dataset_v2.json").read_text("utf-8")):
        spans = [(s["start_position"], s["end_position"], s["entity_type"]) for s in each["spans"]]
        marked = tuple((start, end, KINDS[kind]) for start, end, kind in spans if kind in KINDS)
        neutral = tuple(span for span in spans if span[2] == "GPE")
        found.append(
            Sentence(text=each["full_text"], marked=marked, neutral=neutral, group=each["template_id"])
        )
    return found


def chinese() -> list[Sentence]:
    """The sentences of ``personal_zh.txt``: ``{kind|text}`` marks a span; lines with # are comments."""
    found = []
    for number, line in enumerate(CHINESE.read_text("utf-8").splitlines()):
        if not line or line.startswith("#"):
            continue
        text, marked = "", []
        for part in re.split(r"(\{[a-z]+\|[^}]+\})", line):
            match = re.fullmatch(r"\{([a-z]+)\|([^}]+)\}", part)
            if match:
                marked.append((len(text), len(text) + len(match[2]), match[1]))
            text += match[2] if match else part
        found.append(Sentence(text=text, marked=tuple(marked), group=number))
    return found


def ours(text: str) -> list[Found]:
    """What ``sql.personal`` finds, without any customer's name."""
    from sql.personal import find

    return [(span.start, span.end, span.kind) for span in find(text)]


def presidio(model: str, language: str) -> Finder:
    """What Presidio finds with a spaCy model, at its own threshold."""
    from presidio_analyzer import AnalyzerEngine
    from presidio_analyzer.nlp_engine import NlpEngineProvider

    settings = {"nlp_engine_name": "spacy", "models": [{"lang_code": language, "model_name": model}]}
    engine = NlpEngineProvider(nlp_configuration=settings).create_engine()
    analyzer = AnalyzerEngine(nlp_engine=engine, supported_languages=[language])

    def find(text: str) -> list[Found]:
        results = analyzer.analyze(text=text, language=language, entities=list(PRESIDIO))
        return [(r.start, r.end, PRESIDIO[r.entity_type]) for r in results if r.score >= 0.35]

    return find


def measure(sentences: Sequence[Sentence], find: Finder, misses: int = 0) -> dict[str, Any]:
    """Counts by kind: marked, found, found exactly, and of what was found the wrong ones."""
    counts: dict[str, Counter[str]] = {}
    shown: list[str] = []
    started = time.perf_counter()
    for sentence in sentences:
        found = find(sentence.text)
        for span in sentence.marked:
            of = counts.setdefault(span[2], Counter())
            of["marked"] += 1
            near = [each for each in found if _overlap(each, span)]
            of["covered"] += bool(near)
            of["found"] += any(each[2] == span[2] for each in near)
            of["exact"] += any(each[:2] == span[:2] for each in near)
            if not near:
                shown.append(f"missed {span[2]}: {sentence.text[span[0] : span[1]]!r} in {sentence.text!r}")
        for each in found:
            if any(_overlap(each, span) for span in sentence.marked):
                counts.setdefault(each[2], Counter())["right"] += 1
            elif not any(_overlap(each, span) for span in sentence.neutral):
                counts.setdefault(each[2], Counter())["wrong"] += 1
                shown.append(f"wrong {each[2]}: {sentence.text[each[0] : each[1]]!r} in {sentence.text!r}")
    seconds = time.perf_counter() - started
    for line in shown[:: max(1, len(shown) // misses)] if misses else ():
        print(line[:260])
    total = sum(counts.values(), Counter())
    return {
        "sentences": len(sentences),
        "seconds": round(seconds, 2),
        "all": _rates(total),
        "kinds": {kind: _rates(counts[kind]) for kind in sorted(counts)},
    }


def _overlap(one: Found, other: Found) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def _rates(of: Counter[str]) -> dict[str, float | int | None]:
    told = of["right"] + of["wrong"]
    return {
        "marked": of["marked"],
        "recall": round(of["covered"] / of["marked"], 3) if of["marked"] else None,
        "recall, same kind": round(of["found"] / of["marked"], 3) if of["marked"] else None,
        "recall, exact": round(of["exact"] / of["marked"], 3) if of["marked"] else None,
        "told": told,
        "precision": round(of["right"] / told, 3) if told else None,
    }


def main() -> int:
    """Measure and print; the raw result goes to ``build/bench``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=("en", "zh"))
    parser.add_argument("--part", choices=("seen", "held"))
    parser.add_argument("--misses", type=int, default=0, help="how many errors to show")
    parser.add_argument("--presidio", default="", metavar="MODEL", help="measure Presidio with this model")
    options = parser.parse_args()
    data = os.environ.get("SHOPTALK_DATA")
    if options.only != "zh" and not (data and (Path(data) / "pii").is_dir()):
        print("SHOPTALK_DATA does not name a folder with pii; --only zh needs none", file=sys.stderr)
        return 2
    record: dict[str, Any] = {"finder": options.presidio or "ours"}
    for language in (options.only,) if options.only else ("en", "zh"):
        sentences = english(Path(data or "")) if language == "en" else chinese()
        find = presidio(options.presidio, language) if options.presidio else ours
        find("")
        for part in (options.part,) if options.part else ("seen", "held"):
            chosen = [each for each in sentences if (each.group % 4 == 3) == (part == "held")]
            record[f"{language}, {part}"] = measure(chosen, find, options.misses)
    for name, result in record.items():
        if isinstance(result, dict):
            print(f"{name}: {result['sentences']} sentences, {result['seconds']} s; all {result['all']}")
            for kind, rates in result["kinds"].items():
                print(f"  {kind}: {rates}")
    if not (options.only or options.part or options.presidio):
        record["figures"] = {
            f"Personal data in texts, {name}: recall, precision": "{recall}, {precision}".format(
                **result["all"]
            )
            for name, result in record.items()
            if isinstance(result, dict)
        }
        write_result(RESULTS / "personal.json", record | {"circumstances": circumstances()})
    return 0


if __name__ == "__main__":
    sys.exit(main())
