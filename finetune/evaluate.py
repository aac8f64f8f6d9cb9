"""Execution accuracy of question → SQL on databases that were never seen: ``shoptalk evaluate``.

Each question goes the way it goes in the product (linking, grammar, guard, repair, budget) or another way
of :mod:`finetune.ways`, on an SQLite or DuckDB file described as ``shoptalk init`` does, and the rows are
compared with those of the gold statement. Greedy decoding and a fixed order make two runs equal but for the
seconds. Several questions about one database can be asked at once; what an engine decodes side by side is
rounded otherwise than a single call, so that a near tie may fall otherwise.
Not covered: conversations (``bench.accuracy`` has those).
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import json
import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, get_args

from finetune.counting import Counting
from finetune.errors import EvaluationError
from finetune.gold import Gold, is_sqlite, run_golds
from finetune.hardness import hardness_of
from finetune.heldout import Split, is_sampled, split
from finetune.match import is_answer_contained, is_same_result
from finetune.scores import EvaluationReport, Outcome, Preview, Verdict
from finetune.ways import Reply, Way, product
from llm.engine import Engine
from sql.errors import SqlError
from sql.types import Value

logger = logging.getLogger(__name__)

SUFFIXES = (".sqlite", ".duckdb")
SHOWN_ROWS = 10
"""Rows of a missed result that are kept to be looked at."""
_SHOWN_CHARACTERS = 120
_SHOWN_COLUMNS = 12


@dataclass(frozen=True, kw_only=True)
class Case:
    """One line of a question file."""

    line: int
    database: str
    question: str
    sql: str
    source: str = ""


def evaluate(
    questions: Path,
    database_root: Path,
    *,
    engine: Engine,
    adapter: str | None = None,
    way: Way | None = None,
    side: Split | None = None,
    sample: bool = False,
    progress: bool = True,
    limit: int | None = None,
    batch: int = 1,
    resume: Path | None = None,
) -> EvaluationReport:
    """Ask every question of a file and compare the rows with the gold rows.

    Args:
        questions: lines ``{"database", "question", "sql"}``; ``source`` is kept when there, other fields are
            ignored.
        database_root: folder with ``NAME/NAME.sqlite`` or ``NAME/NAME.duckdb``.
        engine: the model.
        adapter: name of a LoRA adapter of the engine; ``None`` for the bare model.
        way: how a question becomes rows; ``None`` is the product's.
        side: only databases that ``finetune.heldout`` puts on this side; ``None`` for all.
        sample: only the questions of the fixed samples of ``finetune.heldout``.
        progress: show a progress bar on standard error.
        limit: ask only so many of the questions chosen so far, spread evenly over the file; ``None`` for all.
        batch: questions about one database that are asked at once, each in a thread of its own; their seconds
            are then those of a question among others.
        resume: a file that keeps each outcome as it comes. Started again with the same file, questions,
            engine and way, the evaluation goes on where it was stopped.
    Raises:
        EvaluationError: a line cannot be used, a database is missing or no question is left, found before any
            question is asked; or a file turns out to be no database when its turn comes.
        LlmError: the engine cannot be reached or has no such adapter.
    """
    cases = _chosen(questions, load_cases(questions), side, sample)
    if limit is not None and limit < len(cases):
        cases = [cases[place * len(cases) // limit] for place in range(limit)]
    files = {case.database: _database_file(questions, case, database_root) for case in cases}
    name = engine.name + (f" + {adapter}" if adapter else "")
    way = way or product()
    run = {"engine": name, "way": way.name, **({"batch": str(batch)} if batch > 1 else {})}
    done = _read_kept(resume, run) if resume else {}
    pending = [case for case in cases if _key(case) not in done]
    already = [done[_key(case)] for case in cases if _key(case) in done]
    bar, show = _progress(len(cases), already, progress)
    with bar, _keeping(resume, run) as keep:
        for database in dict.fromkeys(case.database for case in pending):
            group = [case for case in pending if case.database == database]
            for outcome in _evaluate_database(questions, files[database], group, way, engine, adapter, batch):
                done[_key(outcome)] = outcome
                keep(outcome)
                show(outcome)
    return EvaluationReport(engine=name, way=way.name, outcomes=tuple(done[_key(case)] for case in cases))


def _chosen(questions: Path, cases: list[Case], side: Split | None, sample: bool) -> list[Case]:
    """The cases on one side, or in the samples; ``EvaluationError`` when none is left."""
    try:
        chosen = [c for c in cases if side is None or split(c.database) == side]
    except ValueError as error:
        raise EvaluationError(questions, None, f"{error}; leave the split out") from error
    chosen = [c for c in chosen if not sample or is_sampled(c.database, c.question)]
    if not chosen:
        wanted = " and ".join(
            [*([f"on the side {side!r}"] if side else []), *(["in the samples"] if sample else [])]
        )
        raise EvaluationError(questions, None, f"holds no question {wanted}; finetune/heldout.yml lists them")
    return chosen


def load_cases(questions: Path) -> list[Case]:
    """Read a question file; ``EvaluationError`` names the first line that cannot be used."""
    try:
        text = questions.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise EvaluationError(questions, None, f"cannot be read: {error}") from error
    cases = []
    for line, record in enumerate(text.splitlines(), start=1):
        if not record.strip():
            continue
        try:
            fields = json.loads(record)
        except json.JSONDecodeError as error:
            raise EvaluationError(
                questions, line, f"is no JSON ({error.msg}, column {error.colno})"
            ) from error
        cases.append(_case(questions, line, fields))
    if not cases:
        raise EvaluationError(questions, None, "holds no question; expected one JSON object a line")
    return cases


def _case(questions: Path, line: int, fields: Any) -> Case:
    wanted = ("database", "question", "sql")
    if not isinstance(fields, dict):
        raise EvaluationError(questions, line, "is no JSON object with database, question and sql")
    for name in wanted:
        if not isinstance(fields.get(name), str) or not fields[name].strip():
            raise EvaluationError(questions, line, f"field {name!r} is missing or no text")
    if Path(fields["database"]).name != fields["database"] or fields["database"] in (".", ".."):
        raise EvaluationError(questions, line, f"database {fields['database']!r} is no plain name")
    source = fields.get("source")
    return Case(
        line=line,
        source=source if isinstance(source, str) else "",
        **{name: fields[name] for name in wanted},
    )


def _database_file(questions: Path, case: Case, root: Path) -> Path:
    candidates = [root / case.database / f"{case.database}{suffix}" for suffix in SUFFIXES]
    for candidate in candidates:
        if candidate.is_file():
            return candidate
    expected = " or ".join(str(c) for c in candidates)
    raise EvaluationError(questions, case.line, f"no database {case.database!r}; expected {expected}")


def _evaluate_database(
    questions: Path,
    file: Path,
    cases: Sequence[Case],
    way: Way,
    engine: Engine,
    adapter: str | None,
    batch: int,
) -> Iterator[Outcome]:
    """Golds first, then the questions: DuckDB opens a file only once at a time with one set of settings."""
    with contextlib.ExitStack() as stack:
        counting = Counting(engine)
        try:
            golds = run_golds(file, [case.sql for case in cases])
            dialect = "sqlite" if is_sqlite(file) else "duckdb"
            answer = stack.enter_context(way.open(file, counting, adapter))
        except (SqlError, OSError) as error:
            raise EvaluationError(questions, cases[0].line, f"{file} cannot be opened: {error}") from error

        def ask(case: Case, gold: Gold) -> Outcome:
            counting.take()
            started = time.perf_counter()
            reply = answer(case.question)
            return _judged(case, dialect, gold, reply, time.perf_counter() - started, counting)

        tasks = []
        for case, gold in zip(cases, golds, strict=True):
            if gold.problem is not None:
                logger.warning("line %d: the gold statement does not run: %s", case.line, gold.problem)
                yield _outcome(case, dialect, "gold_failed", reason=gold.problem)
            else:
                tasks.append(functools.partial(ask, case, gold))
        if batch == 1:  # here, so that an interruption ends it at once
            yield from (task() for task in tasks)
        else:
            pool = stack.enter_context(ThreadPoolExecutor(max_workers=batch, thread_name_prefix="question"))
            yield from pool.map(lambda task: task(), tasks)


def _judged(case: Case, dialect: str, gold: Gold, reply: Reply, seconds: float, engine: Counting) -> Outcome:
    ordered = has_order(case.sql, dialect)
    verdict, is_contained = reply.verdict or "failed", False
    if reply.rows is not None:
        is_same = is_same_result(reply.rows, gold.rows, ordered=ordered)
        is_contained = is_same or is_answer_contained(reply.rows, gold.rows, ordered=ordered)
        verdict = "correct" if is_same else "wrong"
    outcome = _outcome(case, dialect, verdict, reason=reply.reason)
    is_miss = verdict != "correct"
    return dataclasses.replace(
        outcome,
        sql=reply.sql,
        drafted=reply.drafted,
        is_contained=is_contained,
        seconds=seconds,
        **dataclasses.asdict(engine.take()),
        gold_rows=preview(gold.columns, gold.rows) if is_miss else None,
        rows=preview(reply.columns, reply.rows) if is_miss and reply.rows is not None else None,
    )


def _outcome(case: Case, dialect: str, verdict: Verdict, *, reason: str) -> Outcome:
    return Outcome(
        line=case.line,
        database=case.database,
        question=case.question,
        gold=case.sql,
        sql=None,
        verdict=verdict,
        is_contained=False,
        reason=reason,
        seconds=0.0,
        hardness=hardness_of(case.sql, dialect) or "unknown",
        source=case.source,
    )


def preview(columns: Sequence[str], rows: Sequence[Sequence[Value]]) -> Preview:
    """The first rows as text, long values cut."""
    return Preview(
        columns=tuple(columns[:_SHOWN_COLUMNS]),
        rows=tuple(tuple(_shown(value) for value in row[:_SHOWN_COLUMNS]) for row in rows[:SHOWN_ROWS]),
        total=len(rows),
    )


def _shown(value: Value) -> str | None:
    if value is None:
        return None
    text = str(value)
    return text if len(text) <= _SHOWN_CHARACTERS else text[: _SHOWN_CHARACTERS - 1] + "…"


def has_order(sql: str, dialect: str = "sqlite") -> bool:
    """Whether a gold statement orders its result, so that the order of rows counts.

    Only the outermost ORDER BY counts. A statement that sqlglot does not read is judged by its words.
    """
    import sqlglot
    from sqlglot import exp

    try:
        tree = sqlglot.parse_one(sql, read=dialect)
    except sqlglot.errors.SqlglotError:
        return "order by" in sql.lower()
    return isinstance(tree, exp.Query) and tree.args.get("order") is not None


def _key(item: Case | Outcome) -> tuple[int, str, str, str]:
    gold = item.sql if isinstance(item, Case) else item.gold
    return item.line, item.database, item.question, gold


def _progress(
    total: int, already: Sequence[Outcome], wanted: bool
) -> tuple[contextlib.AbstractContextManager[Any], Callable[[Outcome], None]]:
    """A progress bar on standard error that shows the accuracy so far, and the function that moves it."""
    from tqdm import tqdm

    bar = tqdm(total=total, initial=len(already), disable=not wanted, unit="question", desc="evaluate")
    counts: Counter[str] = Counter(outcome.verdict for outcome in already)

    def show(outcome: Outcome) -> None:
        counts[outcome.verdict] += 1
        asked = sum(counts.values()) - counts["gold_failed"]
        bar.set_postfix_str(f"{counts['correct']} of {asked} right")
        bar.update()

    return bar, show


@contextlib.contextmanager
def _keeping(resume: Path | None, run: dict[str, str]) -> Iterator[Callable[[Outcome], None]]:
    """Append each outcome to the resume file as it comes, so that a kill loses one question at most."""
    if resume is None:
        yield lambda outcome: None
        return
    is_new = not resume.exists() or resume.stat().st_size == 0
    with resume.open("a", encoding="utf-8") as file:
        if is_new:
            _append(file, run)
        yield lambda outcome: _append(file, dataclasses.asdict(outcome))


def _append(file: IO[str], record: dict[str, Any]) -> None:
    file.write(json.dumps(record, ensure_ascii=False) + "\n")
    file.flush()


def _read_kept(resume: Path, run: dict[str, str]) -> dict[tuple[int, str, str, str], Outcome]:
    """Outcomes kept by an earlier run; a last line cut by a kill is dropped from the file."""
    if not resume.exists() or resume.stat().st_size == 0:
        return {}
    text = resume.read_text(encoding="utf-8")
    if not text.endswith("\n"):
        text = text[: text.rfind("\n") + 1]
        resume.write_text(text, encoding="utf-8")
    kept: dict[tuple[int, str, str, str], Outcome] = {}
    for line, record in enumerate(text.splitlines(), start=1):
        try:
            fields = json.loads(record)
            if line == 1:
                _check_run(resume, {key: str(fields[key]) for key in run}, run)
                continue
            outcome = Outcome.from_json(fields)
            if outcome.verdict not in get_args(Verdict):
                raise ValueError(f"unknown verdict {outcome.verdict!r}")
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise EvaluationError(resume, line, f"is no kept outcome ({error}); remove the file") from error
        kept[_key(outcome)] = outcome
    return kept


def _check_run(resume: Path, kept: dict[str, str], run: dict[str, str]) -> None:
    if kept != run:
        raise EvaluationError(
            resume,
            1,
            f"was begun with {', '.join(kept.values())}; this run uses {', '.join(run.values())}. "
            "Name another file to keep both",
        )
