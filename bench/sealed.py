"""Shops that nobody prepared for: sealed questions, asked of described shops and of bare databases.

    python -m bench.sealed --every 2 --out build/bench/sealed.json

Made-up shops of ``bench/sealed`` whose questions and gold SQL were written by nobody who builds; no model
was trained on them and nothing was tuned to them. Three have a ``shop.yml``, from which alone their questions
were written; six are bare databases, asked about as their people would. Who builds does not open them: only
totals are printed. Outcomes are kept beside ``--out`` (``.jsonl``) as they come, and a run
that was stopped goes on there. Each question goes through the whole assistant, earlier turns first,

* ``described``: over the shop's own description, where it has one,
* ``init``: over the same database as ``shoptalk init`` describes it,
* ``simplest``: :mod:`bench.simplest` with the bare model; what has no answer and follow-ups are left out.

Right is a first table that holds the gold rows; a further column is no fault (``finetune.match``), nor a
month told by its first day, nor a figure with more decimals than the gold's two, nor a share that is told in
per cent, nor a month in which nothing happened told with 0, nor a weekday told by its number, nor a date
where the table writes 20250314, nor a moment where it writes a text. A question
that has no answer, or two readings, is right when it is declined or asked back.
"""

from __future__ import annotations

import argparse
import calendar
import contextlib
import dataclasses
import datetime as dt
import decimal
import json
import math
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.accuracy import ask, opened_shop
from bench.cases import Question
from bench.record import RESULTS, ROOT, circumstances, peak_memory_mb, write_result
from finetune.gold import Gold, run_golds
from finetune.match import is_answer_contained
from finetune.scores import bootstrap_interval, mean

if TYPE_CHECKING:
    from llm.engine import Engine

SEALED = Path(__file__).parent / "sealed"
BUILT = ROOT / "build" / "sealed"
WAYS = ("described", "init", "simplest")
SURE = 0.8
"""Confidence from which an answer is told without a doubt."""


@dataclass(frozen=True, kw_only=True)
class Sealed:
    """One question with its gold statements over the tables of its shop."""

    question: Question
    kind: str
    """``question``, ``follow_up``, ``unanswerable`` or ``ambiguous``."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of one question by one way."""

    shop: str
    way: str
    id: str
    kind: str
    language: str
    status: str
    is_right: bool
    confidence: float
    seconds: float


def load(name: str, folder: Path = SEALED) -> list[Sealed]:
    """The questions of one shop."""
    found = []
    for line in (folder / name / "questions.jsonl").read_text("utf-8").splitlines():
        record: dict[str, Any] = json.loads(line)
        kind, sql = record["kind"], record.get("sql") or []
        golds = [*([sql] if isinstance(sql, str) else sql), *record.get("sqls", ())]
        if kind in ("unanswerable", "ambiguous"):
            golds = []  # right is to say so, or to ask back
        elif kind == "question" and len(record["turns"]) > 1:
            kind = "follow_up"
        question = Question(
            id=record["id"],
            language=record["language"],
            topic=kind,
            turns=tuple(record["turns"]),
            sql=golds[0] if golds else None,
            status="answered" if golds else "declined",
            ordered=bool(record.get("ordered")),
            also=tuple(golds[1:]),
        )
        found.append(Sealed(question=question, kind=kind))
    return found


def prepare(name: str, folder: Path = SEALED, built: Path = BUILT) -> tuple[Path, Path | None, Path]:
    """Make the shop's database; returns it, its own description, and the one that ``init`` writes."""
    from app.finding import shop_of_location
    from finetune.shops.recipe import build
    from sql.shop.shopfile import dump_shop, load_shop

    database = (built / name / "shop.duckdb").resolve()
    build(folder / name / "tables.yml", database)
    described, bare = database.with_name("shop.yml"), database.with_name("init.yml")
    shop = shop_of_location(str(database))
    own = folder / name / "shop.yml"
    if own.exists():
        described.write_text(own.read_text("utf-8"), encoding="utf-8")
        shop = dataclasses.replace(shop, today=load_shop(described).today)
    bare.write_text(dump_shop(shop), encoding="utf-8")
    return database, described if own.exists() else None, bare


def golds_of(database: Path, sealed: Sequence[Sealed]) -> dict[str, list[Gold]]:
    """Question id → rows of each gold statement; raises ``ValueError`` where one does not run."""
    found = {}
    for each in sealed:
        found[each.question.id] = run_golds(database, each.question.golds)
        for gold in found[each.question.id]:
            if gold.problem is not None:
                raise ValueError(f"gold of {each.question.id}: {gold.problem}")
    return found


def is_right(rows: Sequence[Sequence[Any]], question: Question, golds: Sequence[Gold]) -> bool:
    """Whether rows hold those of a gold statement, however their days and decimals are spelled."""
    return any(
        is_answer_contained(ours, theirs, ordered=question.ordered)
        for gold in golds
        for ours, theirs in _spellings(rows, gold.rows)
    )


def _spellings(
    rows: Sequence[Sequence[Any]], gold: Sequence[Sequence[Any]]
) -> Iterator[tuple[Sequence[Sequence[Any]], Sequence[Sequence[Any]]]]:
    """Both results as they are, rounded to two decimals, and our days as a gold may tell their unit."""
    yield rows, gold
    rounded = [[_rounded(v) for v in row] for row in gold]
    filled = [row for row in rows if not _is_empty(row)]
    for ours in (rows, filled) if len(filled) < len(rows) else (rows,):
        for tell in _UNITS:
            told = [[tell(day) if (day := _day(v)) else _as_written(v) for v in row] for row in ours]
            yield [[_rounded(v) for v in row] for row in told], rounded
            yield [[_rounded(_in_per_cent(v)) for v in row] for row in told], rounded
        numbered = [
            [_WEEKDAYS.get(v, _rounded(v)) if isinstance(v, str) else _rounded(v) for v in row]
            for row in gold
        ]
        if numbered != rounded:
            yield [[_rounded(v) for v in row] for row in ours], numbered


def _is_empty(row: Sequence[Any]) -> bool:
    """Whether a row tells a unit of time in which nothing happened."""
    figures = [v for v in row if not isinstance(v, dt.date)]
    return len(figures) < len(row) and all(v is None or v == 0 for v in figures)


def _in_per_cent(value: Any) -> Any:
    """A share or growth as a gold may tell it: 0.183 as 18.3."""
    is_share = isinstance(value, float) and not isinstance(value, bool) and abs(value) < 20
    return value * 100 if is_share else value


_WEEKDAYS = {name: number for number, name in enumerate(calendar.day_name, 1)} | {
    f"{week}{day}": number for number, day in enumerate("一二三四五六日", 1) for week in ("周", "星期")
}
"""A weekday's name as a gold may tell it → the number that ours is, which the page shows by its name."""
_UNITS: tuple[Callable[[dt.date], Any], ...] = (
    lambda day: day,
    str,
    lambda day: f"{day:%Y-%m}",
    lambda day: day.year,
    lambda day: str(day.year),
    lambda day: day.month,
    lambda day: f"{day:%m}",
    lambda day: (day.month + 2) // 3,
    lambda day: f"{day.year}-Q{(day.month + 2) // 3}",
    lambda day: int(f"{day:%Y%m%d}"),
    lambda day: int(f"{day:%Y%m}"),
)
"""What a day that begins a unit may be told as."""


def _day(value: Any) -> dt.date | None:
    if isinstance(value, dt.datetime):
        return value.date() if value.time() == dt.time() else None
    return value if isinstance(value, dt.date) else None


def _as_written(value: Any) -> Any:
    """A moment as a table of texts writes it."""
    is_moment = isinstance(value, dt.datetime) and value.time() != dt.time()
    return value.isoformat(" ", "seconds") if is_moment else value


def _rounded(value: Any) -> Any:
    is_number = isinstance(value, int | float | decimal.Decimal) and not isinstance(value, bool)
    return round(float(value), 2) if is_number and math.isfinite(value) else value


def by_assistant(
    name: str, way: str, description: Path, sealed: Sequence[Sealed], golds: dict[str, list[Gold]]
) -> Iterator[Outcome]:
    """Ask the whole assistant."""
    from app.person import Person

    with opened_shop(str(description), None) as (room, _):
        assistant = room.assistant(Person())
        for each in sealed:
            answer, _, _, seconds = ask(assistant, each.question)
            if each.question.sql is None:
                right = answer.status in ("declined", "clarify")
            else:
                shown = answer.tables[0].rows if answer.status == "answered" and answer.tables else None
                right = shown is not None and is_right(shown, each.question, golds[each.question.id])
            yield Outcome(
                shop=name,
                way=way,
                id=each.question.id,
                kind=each.kind,
                language=each.question.language,
                status=answer.status,
                is_right=right,
                confidence=answer.confidence or 0.0,
                seconds=seconds,
            )


def by_simplest(
    name: str,
    database: Path,
    today: Any,
    engine: Engine,
    sealed: Sequence[Sealed],
    golds: dict[str, list[Gold]],
) -> Iterator[Outcome]:
    """Ask the simplest way."""
    from bench.simplest import simplest_way

    way = simplest_way(database, today)
    for each in sealed:
        if each.kind != "question":
            continue
        started = time.perf_counter()
        _, reply = way.ask(engine, each.question.turns[-1])
        right = reply.problem is None and is_right(reply.rows, each.question, golds[each.question.id])
        yield Outcome(
            shop=name,
            way="simplest",
            id=each.question.id,
            kind=each.kind,
            language=each.question.language,
            status="answered" if reply.problem is None else "failed",
            is_right=right,
            confidence=0.0,
            seconds=time.perf_counter() - started,
        )


def keep(outcome: Outcome, file: Path) -> None:
    """Append an outcome, so that a run that is stopped goes on where it was."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a", encoding="utf-8") as out:
        out.write(json.dumps(dataclasses.asdict(outcome)) + "\n")


def read_kept(file: Path) -> list[Outcome]:
    """What was kept so far; delete the file to begin anew."""
    if not file.exists():
        return []
    return [Outcome(**json.loads(line)) for line in file.read_text("utf-8").splitlines() if line]


def summarise(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Way → its figures; shares are fractions."""
    ways: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        ways[outcome.way].append(outcome)
    return {way: _figures(found) for way, found in ways.items()}


def _figures(found: Sequence[Outcome]) -> dict[str, Any]:
    questions = [o for o in found if o.kind == "question"]
    answered = [o for o in questions if o.status == "answered"]
    others = [o for o in found if o.kind in ("unanswerable", "ambiguous")]
    shown = [o for o in found if o.status == "answered"]
    sure = [o for o in shown if o.confidence >= SURE]
    marks = [o.is_right for o in questions]
    seconds = [o.seconds for o in found]
    ranked = sorted(answered, key=lambda o: -o.confidence)
    most = ranked[: round(0.8 * len(questions))]
    return {
        "questions": len(questions),
        "right": mean(marks),
        "right_95": list(bootstrap_interval(marks)),
        **{f"right_{x}": mean([o.is_right for o in questions if o.language == x]) for x in ("en", "zh")},
        **{
            f"right_{shop}": mean([o.is_right for o in questions if o.shop == shop])
            for shop in sorted({o.shop for o in found})
        },
        "answered": len(answered),
        "answered_and_wrong": mean([not o.is_right for o in answered]),
        "answerable_declined": mean([o.status == "declined" for o in questions]),
        "answerable_asked_back": mean([o.status == "clarify" for o in questions]),
        "follow_ups": sum(o.kind == "follow_up" for o in found),
        "follow_ups_right": mean([o.is_right for o in found if o.kind == "follow_up"]),
        "others": len(others),
        "others_declined_or_asked_back": mean([o.is_right for o in others]),
        "sure": len(sure),
        "sure_and_wrong": mean([not o.is_right for o in sure]),
        "calibration_error": _calibration_error(shown),
        "wrong_at_80_coverage": mean([not o.is_right for o in most]),
        "seconds_median": float(np.percentile(seconds, 50)) if seconds else 0.0,
        "seconds_p95": float(np.percentile(seconds, 95)) if seconds else 0.0,
    }


def _calibration_error(shown: Sequence[Outcome], bins: int = 10) -> float:
    """Expected calibration error over bins of equal width (Guo et al., 2017)."""
    error = 0.0
    for n in range(bins):
        inside = [
            o for o in shown if n <= o.confidence * bins < n + 1 or (n == bins - 1 and o.confidence == 1)
        ]
        if inside:
            gap = abs(mean([o.is_right for o in inside]) - sum(o.confidence for o in inside) / len(inside))
            error += gap * len(inside) / len(shown)
    return error


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; exit status 0 done."""
    parser = argparse.ArgumentParser(prog="python -m bench.sealed", description=__doc__.partition("\n")[0])
    parser.add_argument("shops", nargs="*", metavar="SHOP", help="default: all of bench/sealed")
    parser.add_argument("--way", action="append", choices=WAYS, help="default: all three")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="only every Nth question")
    parser.add_argument("--out", type=Path, default=RESULTS / "sealed.json")
    options = parser.parse_args(arguments)
    kept = options.out.with_suffix(".jsonl")
    outcomes = read_kept(kept)
    names = options.shops or sorted(path.parent.name for path in SEALED.glob("*/questions.jsonl"))
    for name in names:
        database, described, bare = prepare(name)
        sealed = load(name)[:: options.every]
        golds = golds_of(database, sealed)
        for way in options.way or WAYS:
            if way == "described" and described is None:
                continue
            done = {o.id for o in outcomes if (o.shop, o.way) == (name, way)}
            left = [each for each in sealed if each.question.id not in done]
            for outcome in _ask(name, way, (database, described, bare), left, golds) if left else ():
                outcomes.append(outcome)
                keep(outcome, kept)
            print(f"{name} by {way}: done", file=sys.stderr)
    summary = summarise(outcomes)
    record = {
        "bench": "sealed",
        **circumstances(),
        "every": options.every,
        "peak_memory_mb": peak_memory_mb(),
        "summary": summary,
        "outcomes": [dataclasses.asdict(o) for o in outcomes],
    }
    write_result(options.out, record)
    print(json.dumps(summary, indent=1))
    return 0


@cache
def _bare_engine() -> Engine:
    from app.engines import load_engine
    from app.settings import Settings

    return load_engine(Settings.from_environment())


def _ask(
    name: str,
    way: str,
    files: tuple[Path, Path | None, Path],
    sealed: Sequence[Sealed],
    golds: dict[str, list[Gold]],
) -> Iterator[Outcome]:
    from tqdm import tqdm

    from sql.shop.shopfile import load_shop
    from sql.shop.workspace import open_workspace

    database, described, bare = files
    if way == "simplest":
        workspace = open_workspace(load_shop(bare))
        today = workspace.today
        workspace.close()
        asked = by_simplest(name, database, today, _bare_engine(), sealed, golds)
    else:
        asked = by_assistant(name, way, (way == "described" and described) or bare, sealed, golds)
    with contextlib.closing(asked):
        yield from tqdm(asked, desc=f"{name}, {way}", unit="question")


if __name__ == "__main__":
    sys.exit(main())
