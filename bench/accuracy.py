"""Are the answers right? The whole assistant on hand-written questions with gold SQL.

    python -m bench.accuracy
    python -m bench.accuracy --questions bench/questions/online_retail.jsonl \\
        --shop examples/online_retail/shop.yml

The first asks both halves of the demonstration shop's questions. Every question goes through the assistant as
a user's does, earlier turns first. A question with gold SQL is right when the first table shown holds the
gold rows: *strict*, and *contained* (a further column is no fault), both defined in ``finetune.match``. A
question without gold SQL is right when the assistant declines or asks back as expected. Misses are listed
only with ``--misses``, so that a half that nobody looks at stays unseen.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.cases import FOLDER, Question, QuestionFileError, load_questions
from bench.record import RESULTS, circumstances, peak_memory_mb, restart_peak_memory, write_result
from finetune.match import is_answer_contained, is_same_result
from finetune.scores import bootstrap_interval, mean
from sql.types import Value

if TYPE_CHECKING:
    from app.rooms import Room
    from bot.answer import Answer
    from bot.assistant import Assistant
    from sql.question.linking import Links
    from sql.shop.workspace import Workspace
    from sql.statement.written import After, Writer, Written

SEALED = ("demo_test", "demo_heldout")
"""Files that nobody looks into who tunes anything: only their totals are printed."""
DEMO_FILES = (FOLDER / "demo_dev.jsonl", FOLDER / "demo_test.jsonl")
WARM_UP = "How many products are there?"
"""Asked before the clock starts, so that loading the model is not counted as answering."""

Rows = tuple[tuple[Value, ...], ...]


@dataclass(frozen=True, kw_only=True)
class Statement:
    """One reply of the model, and what it is worth before it is run."""

    text: str
    """As the model wrote it, in the question language."""
    verdict: str
    """``fine``; ``senseless``: what could answer nothing, and was given up before the guard saw it;
    ``unfinished``; ``refused`` by the guard; or no statement: ``nothing`` (the data cannot answer), ``asks``
    (which of two readings is meant)."""
    tokens: int


@dataclass(frozen=True, kw_only=True)
class Result:
    """What became of one question."""

    id: str
    topic: str
    language: str
    is_follow_up: bool
    expected: str
    status: str
    skill: str
    is_strict: bool
    is_contained: bool
    question: str
    standalone_question: str
    sql: tuple[str, ...]
    text: str
    confidence: float
    seconds_to_first_event: float
    seconds_to_rows: float | None
    """``None`` when no rows came."""
    seconds: float
    statements: tuple[Statement, ...]
    """What the model wrote; none where it was not asked."""


@dataclass
class Tap:
    """Stands before a writer and keeps what a model wrote, not what was written without one."""

    writer: Writer
    written: list[Written] = field(default_factory=list)

    def draft(
        self,
        links: Links,
        *,
        samples: int = 1,
        temperature: float = 0.0,
        failures: Sequence[tuple[str, str]] = (),
        after: After | None = None,
        cancel: threading.Event | None = None,
    ) -> list[Written]:
        """See ``sql.statement.written.Writer``."""
        drafts = self.writer.draft(
            links, samples=samples, temperature=temperature, failures=failures, after=after, cancel=cancel
        )
        self.written += [draft for draft in drafts if not draft.is_certain]
        return drafts

    def take(self) -> list[Written]:
        """What was written since the last call."""
        written, self.written = self.written, []
        return written


def run_golds(workspace: Workspace, questions: Iterable[Question]) -> dict[str, list[Rows]]:
    """Question id → the rows of each of its gold statements; one that does not run stops the measurement."""
    golds: dict[str, list[Rows]] = {}
    for question in questions:
        golds[question.id] = []
        for statement in question.golds:
            table = workspace.run(statement)
            if table.is_truncated:
                raise ValueError(f"gold of {question.id} gives too many rows to compare: {statement}")
            golds[question.id].append(table.rows)
    return golds


def ask(assistant: Assistant, question: Question) -> tuple[Answer, float, float | None, float]:
    """The answer to the last turn, and seconds to the first event, to the rows and to the end."""
    from bot.memory import Conversation

    conversation = Conversation()
    for turn in question.turns[:-1]:
        for _ in assistant.answer(turn, conversation):
            pass
    started = time.perf_counter()
    first = rows = None
    answer = None
    for event in assistant.answer(question.turns[-1], conversation):
        seconds = time.perf_counter() - started
        first = seconds if first is None else first
        if event.name == "rows" and rows is None:
            rows = seconds
        if event.name == "done":
            answer = event.data
    if answer is None or first is None:
        raise RuntimeError(f"{question.id}: the assistant ended without an answer")
    return answer, first, rows, time.perf_counter() - started


def judge(
    question: Question,
    golds: Sequence[Rows],
    answer: Answer,
    seconds: tuple[float, float | None, float],
    statements: tuple[Statement, ...] = (),
) -> Result:
    """Compare an answer with what was expected."""
    if question.sql is None:
        is_strict = is_contained = answer.status == question.status
    else:
        shown = answer.tables[0].rows if answer.status == "answered" and answer.tables else None
        is_strict = shown is not None and any(
            is_same_result(shown, gold, ordered=question.ordered) for gold in golds
        )
        is_contained = is_strict or (
            shown is not None
            and any(is_answer_contained(shown, gold, ordered=question.ordered) for gold in golds)
        )
    first, rows, total = seconds
    return Result(
        id=question.id,
        topic=question.topic,
        language=question.language,
        is_follow_up=question.is_follow_up,
        expected=question.status,
        status=answer.status,
        skill=answer.skill,
        is_strict=is_strict,
        is_contained=is_contained,
        question=question.turns[-1],
        standalone_question=answer.standalone_question,
        sql=tuple(table.query.sql for table in answer.tables),
        text=answer.text,
        confidence=answer.confidence,
        seconds_to_first_event=first,
        seconds_to_rows=rows,
        seconds=total,
        statements=statements,
    )


def judge_statement(workspace: Workspace, written: Written) -> Statement:
    """What becomes of a reply of the model before anything runs."""
    text = written.completions[-1].text
    return Statement(text=text, verdict=_verdict(workspace, written), tokens=len(written.logprobs))


def _verdict(workspace: Workspace, written: Written) -> str:
    from sql.errors import UnsafeQuery

    if written.is_declined:
        return "nothing"
    if written.choices:
        return "asks"
    if written.is_unfinished:
        return "unfinished"
    if written.fault is not None:
        return "senseless"
    try:
        workspace.guard.check(written.sql)
    except UnsafeQuery:
        return "refused"
    return "fine"


def summarise(results: Sequence[Result]) -> dict[str, Any]:
    """The figures of one run; shares are fractions."""
    answerable = [r for r in results if r.expected == "answered"]
    rows = [r.seconds_to_rows for r in results if r.seconds_to_rows is not None]
    verdicts = Counter(s.verdict for r in results for s in r.statements)
    return {
        "questions": len(results),
        **_share(answerable),
        "by_language": _groups(answerable, lambda r: r.language),
        "by_turns": _groups(answerable, lambda r: "follow-up" if r.is_follow_up else "first question"),
        "by_writer": _groups(answerable, lambda r: "model" if r.statements else "no model asked"),
        "by_topic": _groups(answerable, lambda r: r.topic),
        "by_expected_status": {
            expected: {
                "questions": len(group),
                "status_right": mean([r.status == expected for r in group]),
                "statuses": dict(Counter(r.status for r in group)),
            }
            for expected, group in _grouped(results, lambda r: r.expected).items()
        },
        "statements": sum(n for verdict, n in verdicts.items() if verdict not in ("nothing", "asks")),
        "statements_senseless": verdicts["senseless"],
        "statements_unfinished": verdicts["unfinished"],
        "statements_refused": verdicts["refused"],
        "seconds_to_rows": _seconds(rows),
        "seconds_to_first_event": _seconds([r.seconds_to_first_event for r in results]),
        "seconds_to_answer": _seconds([r.seconds for r in results]),
    }


def _share(results: Sequence[Result]) -> dict[str, Any]:
    strict = [r.is_strict for r in results]
    contained = [r.is_contained for r in results]
    return {
        "answerable": len(results),
        "strict": mean(strict),
        "strict_95": list(bootstrap_interval(strict)),
        "contained": mean(contained),
        "contained_95": list(bootstrap_interval(contained)),
    }


def _grouped(results: Sequence[Result], key: Callable[[Result], str]) -> dict[str, list[Result]]:
    groups: dict[str, list[Result]] = {}
    for result in results:
        groups.setdefault(key(result), []).append(result)
    return groups


def _groups(results: Sequence[Result], key: Callable[[Result], str]) -> dict[str, dict[str, Any]]:
    return {name: _share(group) for name, group in sorted(_grouped(results, key).items())}


def _seconds(values: Sequence[float]) -> dict[str, float]:
    if not values:
        return {"median": 0.0, "p95": 0.0}
    return {"median": float(np.percentile(values, 50)), "p95": float(np.percentile(values, 95))}


def to_text(name: str, summary: dict[str, Any]) -> str:
    """The figures for a reader."""

    def share(part: dict[str, Any]) -> str:
        low, high = part["strict_95"]
        return (
            f"{part['strict']:6.1%} strict ({low:.0%} to {high:.0%}), {part['contained']:6.1%} contained, "
            f"{part['answerable']} questions"
        )

    lines = [f"{name}", f"  execution accuracy         {share(summary)}"]
    for groups in ("by_language", "by_turns", "by_writer", "by_topic"):
        lines += [f"    {group:<24} {share(part)}" for group, part in summary[groups].items()]
    for expected, part in summary["by_expected_status"].items():
        seen = ", ".join(f"{status} {n}" for status, n in sorted(part["statuses"].items()))
        lines.append(f"  should be {expected:<16} {part['status_right']:6.1%} ({seen})")
    lines.append(
        f"  statements                 {summary['statements']}: "
        f"{summary['statements_senseless']} without sense, "
        f"{summary['statements_unfinished']} without an end, {summary['statements_refused']} refused"
    )
    for title, key in (
        ("first event", "seconds_to_first_event"),
        ("rows", "seconds_to_rows"),
        ("answer", "seconds_to_answer"),
    ):
        part = summary[key]
        lines.append(f"  seconds to {title:<15} median {part['median']:.2f}, p95 {part['p95']:.2f}")
    return "\n".join(lines)


def figures(record: dict[str, Any]) -> dict[str, str]:
    """What the README quotes of a run: label → value."""
    found: dict[str, str] = {}
    for name, summary in record["summary"].items():
        unsound = sum(summary[f"statements_{kind}"] for kind in ("senseless", "unfinished", "refused"))
        languages = ", ".join(f"{key} {part['strict']:.1%}" for key, part in summary["by_language"].items())
        rows = summary["seconds_to_rows"]
        found |= {
            f"{name}: execution accuracy": f"{summary['strict']:.1%} ({languages})",
            f"{name}: answer contained": f"{summary['contained']:.1%}",
            f"{name}: statements given up before they ran": f"{unsound} of {summary['statements']}",
            f"{name}: seconds to rows": f"median {rows['median']:.2f}, p95 {rows['p95']:.2f}",
            f"{name}: seconds to first event": f"median {summary['seconds_to_first_event']['median']:.2f}",
        }
        if follow_ups := summary["by_turns"].get("follow-up"):
            found[f"{name}: follow-ups"] = f"{follow_ups['strict']:.1%}"
    peak, plain = record["peak_memory_mb"], record["baseline"]
    label = ", ".join(record["results"])
    found[f"{label}: peak memory"] = (
        f"{peak['loading']:,.0f} MB loading, {peak['answering']:,.0f} MB answering"
    )
    if plain:
        found[f"{label}: plain prompt, no grammar"] = (
            f"{plain['strict']:.1%} strict, {plain['fails_to_run']:.1%} do not run"
        )
    return found


def measure(room: Room, tap: Tap, questions: Sequence[Question], title: str) -> list[Result]:
    """Ask every question once, with a progress bar on standard error."""
    from tqdm import tqdm

    from app.person import Person

    golds = run_golds(room.workspace, questions)
    assistant = room.assistant(Person())
    results = []
    for question in tqdm(questions, desc=title, unit="question"):
        tap.take()
        answer, first, rows, total = ask(assistant, question)
        statements = tuple(judge_statement(room.workspace, written) for written in tap.take())
        results.append(judge(question, golds[question.id], answer, (first, rows, total), statements))
    return results


@contextlib.contextmanager
def opened_shop(
    shop: str | None, role: str | None, *, asks_always: bool = False
) -> Iterator[tuple[Room, Tap]]:
    """The shop as a role sees it, warmed up, and the tap before what writes its statements.

    Args:
        asks_always: ask the model even where the question's words leave a single statement.
    """
    from app.house import House
    from app.person import Person
    from app.settings import Settings, prepare_process
    from sql.statement.placed import Placed

    settings = Settings.from_environment()
    prepare_process(settings)
    person = Person(role=role)
    with House(settings) as house, house.room(shop, person) as room:
        room.shared.engine.load()
        for _ in room.assistant(person).answer(WARM_UP):
            pass
        if asks_always and isinstance(room.asker.writer, Placed):
            room.asker.writer = room.asker.writer.writer
        tap = Tap(room.asker.writer)
        room.asker.writer = tap
        yield room, tap


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; exit status 0 done, 1 failed, 2 wrong use."""
    from app.errors import AppError
    from llm.errors import LlmError
    from sql.errors import SqlError

    options = _options().parse_args(arguments)
    try:
        return run(options)
    except (QuestionFileError, SqlError, LlmError, AppError, OSError) as error:
        print(f"bench.accuracy: {error}", file=sys.stderr)
        return 2 if isinstance(error, QuestionFileError) else 1


def run(options: argparse.Namespace) -> int:
    """Measure what the options name, print it and keep it."""
    from app.engines import adapter_of
    from app.settings import Settings

    files = [Path(f) for f in options.questions or DEMO_FILES]
    sealed = [path.name for path in files if path.stem in SEALED]
    if options.misses and sealed:
        raise QuestionFileError(
            Path(sealed[0]), 1, "is kept unseen: only its totals are shown; leave out --misses"
        )
    parts = {path.stem: load_questions(path)[: options.limit] for path in files}
    out = Path(options.out) if options.out else RESULTS / f"accuracy-{'-'.join(parts)}.json"
    with opened_shop(options.shop, options.role, asks_always=options.asks_always) as (room, tap):
        loading = peak_memory_mb()
        restart_peak_memory()
        raw = {name: measure(room, tap, questions, name) for name, questions in parts.items()}
        answering = peak_memory_mb()
        adapter = adapter_of(Settings.from_environment())
        engine = room.shared.engine.name + (f" + {adapter}" if adapter else "")
        baseline = _baseline(room, parts, options.baseline)
    record = {
        "bench": "accuracy",
        **circumstances(),
        "engine": engine,
        "shop": options.shop or "demo",
        "peak_memory_mb": {"loading": loading, "answering": answering},
        "summary": {name: summarise(results) for name, results in raw.items()},
        "baseline": baseline,
        "results": {name: [dataclasses.asdict(r) for r in results] for name, results in raw.items()},
    }
    if len(raw) > 1:
        record["summary"]["all"] = summarise([r for results in raw.values() for r in results])
    record["figures"] = figures(record)
    write_result(out, record)
    _print(record, raw, options.misses)
    print(f"raw results: {out}")
    return 0


def _baseline(room: Room, parts: dict[str, list[Question]], count: int) -> dict[str, Any] | None:
    if count < 1:
        return None
    from bench.baseline import measure_baseline

    questions = [q for part in parts.values() for q in part if q.sql is not None and not q.is_follow_up]
    return measure_baseline(room.workspace, room.shared.engine, questions, count)


def _print(record: dict[str, Any], raw: dict[str, list[Result]], misses: bool) -> None:
    from llm.hardware import describe

    print(f"engine    {record['engine']}\nhardware  {describe()}\ncommit    {record['commit'][:10]}")
    for name, summary in record["summary"].items():
        print(to_text(name, summary))
    peak = record["peak_memory_mb"]
    print(f"peak memory {peak['loading']:,.0f} MB while loading, {peak['answering']:,.0f} MB while answering")
    if record["baseline"]:
        from bench.baseline import to_text as baseline_text

        print(baseline_text(record["baseline"]))
    if misses:
        for result in (r for results in raw.values() for r in results if not r.is_contained):
            print(
                f"\n{result.id}: {result.question}\n  {result.status} by {result.skill}: {result.text[:200]}"
            )
            print("\n".join(f"  {s.verdict}: {s.text}" for s in result.statements))


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench.accuracy", description="Accuracy of the whole assistant."
    )
    parser.add_argument(
        "--questions", action="append", metavar="FILE", help="default: both halves for the demo"
    )
    parser.add_argument("--shop", help="a shop.yml; default: the demonstration shop")
    parser.add_argument("--role", help="a role of the shop; default: its default role")
    parser.add_argument("--limit", type=int, help="only the first so many questions of each file")
    parser.add_argument(
        "--baseline", type=int, default=0, metavar="N", help="also N questions with a plain prompt"
    )
    parser.add_argument(
        "--asks-always",
        action="store_true",
        help="ask the model even where the question's words leave a single statement",
    )
    parser.add_argument("--misses", action="store_true", help="list what went wrong; not for the test half")
    parser.add_argument("--out", metavar="FILE", help="raw results; default: build/bench/accuracy-NAMES.json")
    return parser


if __name__ == "__main__":
    sys.exit(main())
