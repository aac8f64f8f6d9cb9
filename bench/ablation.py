"""What each part of the way from a question to SQL over plain tables brings, one part changed at a time.

    SHOPTALK_DATA=/path/to/data python -m bench.ablation [--side validation] [--adapter NAME] [--only NAME …]
        [--limit N] [--batch N] [--list]

Every way answers the fixed sample of held-out questions of ``finetune/heldout.yml`` (150 for validation, 300
for testing), several at once, so that seconds are those of a question among others. Outcomes are kept under
``build/bench/ablation`` as they come: a stopped run goes on, and a way is never measured twice under the same
name, engine and adapter. Prints a table: execution accuracy with its interval over databases, the difference
to the whole way question by question, statements that do not parse or resolve, tokens and seconds. With
``--recall`` it asks no model and tells what linking leaves within reach: the tables and columns it names, and
the texts a statement may compare with.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import json
import os
import random
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import sqlglot
from sqlglot import exp

from bench.record import RESULTS, circumstances, write_result
from finetune.evaluate import evaluate
from finetune.heldout import Split, is_sampled, split
from finetune.scores import EvaluationReport, mean_interval
from finetune.ways import PLAIN, CanAsk, Way, open_unseen, open_way, product
from llm.engine import Engine, Prompt
from sql.ask import SqlAsker, open_asker
from sql.question.linking import Links, Vocabulary, link
from sql.shop.workspace import Workspace
from sql.statement.canonical import Canonical, NotCanonical, Schema, canonical
from sql.statement.free_draft import FreeDrafter
from sql.statement.prompt import template
from sql.statement.table_draft import TableDrafter, create_statements, texts

WHOLE = "whole"
SOLVED = 3
"""Solved examples that are shown."""
_KEY = re.compile(r",?\n  FOREIGN KEY [^\n]*")


# ---- ways -----------------------------------------------------------------------------------------------

Drafter = TableDrafter | FreeDrafter
Change = Callable[[SqlAsker, Workspace], None]
"""Makes the product's asker into that of a way."""


def _drafter(asker: SqlAsker) -> Drafter:
    assert isinstance(asker.writer, TableDrafter | FreeDrafter)
    return asker.writer


def _in_grammar(asker: SqlAsker, workspace: Workspace) -> None:
    """Canonical SQL also without an adapter."""
    if not isinstance(asker.writer, TableDrafter):
        asker.writer = TableDrafter(asker.vocabulary, workspace.catalog, _drafter(asker).engine)


def _in_own_words(asker: SqlAsker, workspace: Workspace) -> None:
    asker.writer = FreeDrafter(asker.vocabulary, workspace.catalog, _drafter(asker).engine)


def _greedy(asker: SqlAsker, _: Workspace) -> None:
    """Go on from the greedy first line, whatever it leads to."""
    if isinstance(asker.writer, TableDrafter):
        asker.writer.looks = 1


def _without_repair(asker: SqlAsker, _: Workspace) -> None:
    asker.repairs = 0


def _without_hints(asker: SqlAsker, _: Workspace) -> None:
    drafter = _drafter(asker)
    whole = drafter.prompt

    def prompt(links: Links, failures: Sequence[tuple[str, str]] = ()) -> Prompt:
        kept = tuple(m for m in links.mentions if m.kind != "value")
        return whole(replace(links, mentions=kept), failures)

    drafter.prompt = prompt  # type: ignore[method-assign]


def _describe(asker: SqlAsker, tables: str) -> None:
    """Show this schema."""
    drafter = _drafter(asker)
    named_first = isinstance(drafter, TableDrafter)
    drafter.fixed = template("tables").substitute(tables=tables) if named_first else tables + "\n"


def _one_line_each(asker: SqlAsker, workspace: Workspace) -> None:
    views = workspace.guard.views
    _describe(asker, "\n".join(f"{v.name}({', '.join(c.name for c in v.columns)})" for v in views))


def _without_values(asker: SqlAsker, workspace: Workspace) -> None:
    bare = Vocabulary(views=asker.vocabulary.views, metrics=())
    _describe(asker, create_statements(bare.views, workspace.catalog, bare))


def _without_keys(asker: SqlAsker, workspace: Workspace) -> None:
    drafter = _drafter(asker)
    drafter.fixed = _KEY.sub("", drafter.fixed)


def _solved(folder: Path) -> Change:
    """Show the nearest training questions with their statements, of other databases."""
    nearest = functools.cache(functools.partial(_nearest_solved, folder))

    def change(asker: SqlAsker, _: Workspace) -> None:
        drafter = _drafter(asker)
        whole, find = drafter.prompt, nearest()

        def prompt(links: Links, failures: Sequence[tuple[str, str]] = ()) -> Prompt:
            made = whole(links, failures)
            names_first = isinstance(drafter, TableDrafter)
            pairs = [(q, c.text if names_first else c.sql) for q, c in find(links.question)]
            shown = "".join(f"\nQuestion: {q}\n{sql}\n" for q, sql in pairs)
            return replace(made, rest=f"\nOther databases:{shown}{made.rest}")

        drafter.prompt = prompt  # type: ignore[method-assign]

    return change


def _way(name: str, change: Change) -> Way:
    def make(workspace: Workspace, engine: Engine, adapter: str | None) -> CanAsk:
        vocabulary = Vocabulary.build(workspace)
        asker = open_asker(workspace, engine, vocabulary, adapter=adapter, asks_always=True)
        change(asker, workspace)
        return asker

    return Way(name=name, open=functools.partial(open_way, make_asker=make))


def _nearest_solved(folder: Path) -> Callable[[str], Sequence[tuple[str, Canonical]]]:
    import numpy as np

    from retrieval.embed import load_embedder

    cases = [json.loads(line) for line in (folder / "questions.jsonl").read_text("utf-8").splitlines()]
    known = [c for c in cases if c["source"] == "spiderman" and split(c["database"]) == "train"]
    random.Random(7).shuffle(known)
    solved: list[tuple[str, Canonical]] = []
    schemas: dict[str, Schema] = {}
    for case in known[:2_000]:
        name = case["database"]
        if name not in schemas:
            workspace = open_unseen(folder / "database" / name / f"{name}.sqlite")
            schemas[name] = Schema.of(workspace.guard.views, workspace.catalog)
            workspace.close()
        with contextlib.suppress(NotCanonical):
            solved.append((case["question"].strip(), canonical(case["sql"], schemas[name])))
    embedder = load_embedder()
    vectors = embedder.embed([question for question, _ in solved])

    def nearest(question: str) -> list[tuple[str, Canonical]]:
        (asked,) = embedder.embed([question], as_question=True)
        order = np.argsort(vectors @ asked)[::-1][:SOLVED]
        return [solved[n] for n in reversed(order)]

    return nearest


def ways(folder: Path) -> dict[str, Way]:
    """Every way by the name that the table gives it; what differs from ``WHOLE`` is in the name."""
    return {
        "plain prompt, unchecked": PLAIN,
        WHOLE: product(),
        "under the grammar": _way("grammar", _in_grammar),
        "in the model's own words": _way("own words", _in_own_words),
        "greedy first line": _way("greedy", _greedy),
        "without repair": _way("no repair", _without_repair),
        "without value hints": _way("no hints", _without_hints),
        "schema: one line a table": _way("one line", _one_line_each),
        "schema: without values": _way("no values", _without_values),
        "schema: without keys": _way("no keys", _without_keys),
        f"{SOLVED} nearest solved examples": _way("solved", _solved(folder)),
        "4 votes": product(votes=4),
        "8 votes": product(votes=8),
    }


# ---- what linking leaves within reach -------------------------------------------------------------------


def recall(folder: Path, side: Split) -> Counter[str]:
    """Counts over the sample: needed and linked tables, columns, and texts within reach."""
    counts: Counter[str] = Counter()
    cases = [json.loads(line) for line in (folder / "questions.jsonl").read_text("utf-8").splitlines()]
    chosen = [c for c in cases if split(c["database"]) == side and is_sampled(c["database"], c["question"])]
    for name in dict.fromkeys(c["database"] for c in chosen):
        workspace = open_unseen(folder / "database" / name / f"{name}.sqlite")
        try:
            vocabulary = Vocabulary.build(workspace)
            schema = Schema.of(workspace.guard.views, workspace.catalog)
            for case in (c for c in chosen if c["database"] == name):
                _count_recall(
                    case, schema, vocabulary, link(case["question"], vocabulary, workspace.today), counts
                )
        finally:
            workspace.close()
    return counts


def _count_recall(
    case: dict[str, str], schema: Schema, vocabulary: Vocabulary, links: Links, counts: Counter[str]
) -> None:
    counts["questions"] += 1
    try:
        made = canonical(case["sql"], schema)
    except NotCanonical:
        counts["questions without canonical form"] += 1
        return
    tree = sqlglot.parse_one(made.sql, read=schema.dialect)
    linked = {m.view.lower() for m in links.mentions}
    named = {(m.view.lower(), m.name.lower()) for m in links.mentions if m.kind in ("column", "value")}
    for table in {t for path in made.paths for t in path.tables}:
        counts["tables needed"] += 1
        counts["tables linked"] += table.lower() in linked
    for column in {c.name.lower() for c in tree.find_all(exp.Column)}:
        counts["columns needed"] += 1
        counts["columns linked"] += any(name == column for _, name in named)
    allowed = set(texts(links, made.paths, vocabulary))
    needed = {literal.name for literal in tree.find_all(exp.Literal) if literal.is_string}
    counts["texts needed"] += len(needed)
    counts["texts within reach"] += len(needed & allowed)
    counts["questions with every text within reach"] += needed <= allowed


# ---- the table ------------------------------------------------------------------------------------------


def compare(report: EvaluationReport, whole: EvaluationReport | None) -> str:
    """The difference in accuracy to the whole way, in points, with its interval question by question."""
    if whole is None or whole is report:
        return "–"
    right = {o.line: o.verdict == "correct" for o in whole.asked}
    steps = [float(o.verdict == "correct") - right[o.line] for o in report.asked if o.line in right]
    low, high = mean_interval(steps)
    return f"{100 * sum(steps) / len(steps):+.1f} [{100 * low:+.1f}, {100 * high:+.1f}]"


def row(name: str, report: EvaluationReport, whole: EvaluationReport | None) -> str:
    """One line of the table, for Markdown."""
    low, high = report.cluster_interval
    read, written = report.tokens
    accuracy = f"{100 * report.accuracy:.1f} [{100 * low:.0f}, {100 * high:.0f}]"
    broken = sum(o.verdict in ("unparsed", "unresolved") for o in report.asked)
    return (
        f"| {name} | {accuracy} | {compare(report, whole)} "
        f"| {broken} | {100 * report.share('failed', 'refused', 'abstained'):.1f} "
        f"| {'–' if read is None else f'{read:.0f}'} + {written:.0f} "
        f"| {report.seconds(50):.1f} / {report.seconds(95):.1f} |"
    )


HEAD = (
    "| way | execution accuracy [95 %] | points to the whole | broken | failed, % | tokens read + written "
    "| seconds median / p95 |\n|---|---|---|---|---|---|---|"
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; see the module's docstring."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--side", choices=("validation", "test"), default="validation")
    parser.add_argument("--adapter", default=None, metavar="NAME", help="a LoRA adapter (default: none)")
    parser.add_argument("--only", action="append", metavar="NAME", help="ways to measure (default: all)")
    parser.add_argument(
        "--limit", type=int, default=None, metavar="N", help="only N questions, spread over all"
    )
    parser.add_argument("--batch", type=int, default=8, metavar="N", help="questions asked at once (8)")
    parser.add_argument("--recall", action="store_true", help="what linking leaves within reach; no model")
    parser.add_argument("--list", action="store_true", help="print the names of the ways")
    options = parser.parse_args(arguments)
    folder = Path(os.environ.get("SHOPTALK_DATA", "")) / "spider_train"
    if not (folder / "questions.jsonl").is_file():
        print("SHOPTALK_DATA does not name a folder with spider_train; nothing was measured", file=sys.stderr)
        return 2
    if options.recall:
        for what, count in recall(folder, options.side).items():
            print(f"{count:>7,}  {what}")
        return 0
    known = ways(folder)
    if options.list:
        print("\n".join(known))
        return 0
    if unknown := set(options.only or ()) - set(known):
        parser.error(f"no way is called {', '.join(sorted(unknown))}; --list shows them")
    chosen = {name: way for name, way in known.items() if not options.only or name in options.only}
    reports = dict(_measure(chosen, folder, options))
    print(HEAD)
    for name, report in reports.items():
        print(row(name, report, reports.get(WHOLE)))
    result = {
        "bench": "ablation",
        **circumstances(),
        "side": options.side,
        "adapter": options.adapter,
        "batch": options.batch,
        "figures": {
            f"{options.side}, {name}": f"{100 * r.accuracy:.1f} % of {len(r.asked)}"
            for name, r in reports.items()
        },
    }
    print(f"raw outcomes in {RESULTS / 'ablation'}; {write_result(RESULTS / 'ablation.json', result)}")
    return 0


def _measure(
    chosen: dict[str, Way], folder: Path, options: argparse.Namespace
) -> Iterator[tuple[str, EvaluationReport]]:
    from app.engines import load_engine
    from app.settings import Settings, prepare_process

    settings = Settings.from_environment()
    prepare_process(settings)
    engine = load_engine(settings)
    (RESULTS / "ablation").mkdir(parents=True, exist_ok=True)
    for name, way in chosen.items():
        parts = (options.side, options.adapter or "bare", way.name, engine.name, f"batch {options.batch}")
        file = re.sub(r"[^\w.]+", "-", " ".join(parts)) + ".jsonl"
        print(f"{name} …", file=sys.stderr)
        yield (
            name,
            evaluate(
                folder / "questions.jsonl",
                folder / "database",
                engine=engine,
                adapter=options.adapter,
                way=way,
                side=options.side,
                sample=True,
                limit=options.limit,
                batch=options.batch,
                resume=RESULTS / "ablation" / file,
            ),
        )


if __name__ == "__main__":
    sys.exit(main())
