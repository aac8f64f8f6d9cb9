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
import threading
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
from sql.ask import SqlAsker
from sql.canonical import NotCanonical, Schema, canonical
from sql.linking import Links, Vocabulary, link
from sql.prompt import template
from sql.table_draft import TableDrafter, describe_tables, texts
from sql.types import Catalog
from sql.workspace import Workspace
from sql.written import Written

WHOLE = "whole"
SOLVED = 3
"""Solved examples that are shown."""
_KEY = re.compile(r",?\n  FOREIGN KEY [^\n]*")


# ---- ways -----------------------------------------------------------------------------------------------


class _Greedy(TableDrafter):
    """Goes on from the greedy first line, whatever it leads to."""

    def __init__(
        self, vocabulary: Vocabulary, catalog: Catalog, engine: Engine, *, adapter: str | None = None
    ) -> None:
        super().__init__(vocabulary, catalog, engine, adapter=adapter)
        self.looks = 1


class _NoHints(TableDrafter):
    def prompt(self, links: Links, failures: Sequence[tuple[str, str]] = ()) -> Prompt:
        kept = tuple(m for m in links.mentions if m.kind != "value")
        return super().prompt(replace(links, mentions=kept), failures)


class _NoGrammar(TableDrafter):
    """One reply, as it comes; the first line that names the tables is taken off."""

    def draft(
        self,
        links: Links,
        *,
        samples: int = 1,
        temperature: float = 0.0,
        failures: Sequence[tuple[str, str]] = (),
        cancel: threading.Event | None = None,
    ) -> list[Written]:
        found = self.engine.complete(
            self.prompt(links, failures),
            adapter=self.adapter,
            samples=samples,
            temperature=temperature,
            max_tokens=220,
            cancel=cancel,
        )
        return [Written(sql=_statement(c.text), completions=(c,)) for c in found]


def _statement(reply: str) -> str:
    fenced = re.search(r"```(?:sql)?\n(.*?)(?:```|\Z)", reply, re.DOTALL)
    lines = (fenced[1] if fenced else reply).splitlines()
    text = " ".join(line for line in lines if not line.startswith("--"))
    return text.partition(";")[0].strip()


class _Solved(TableDrafter):
    """Shows the nearest training questions with their statements, of other databases."""

    nearest: Callable[[str], Sequence[tuple[str, str]]]

    def prompt(self, links: Links, failures: Sequence[tuple[str, str]] = ()) -> Prompt:
        made = super().prompt(links, failures)
        shown = "".join(f"\nQuestion: {q}\n{sql}\n" for q, sql in self.nearest(links.question))
        return replace(made, rest=f"\nOther databases:{shown}{made.rest}")


Describe = Callable[[Workspace, Vocabulary], str]


def _one_line_each(workspace: Workspace, _: Vocabulary) -> str:
    views = workspace.guard.views
    lines = "\n".join(f"{v.name}({', '.join(c.name for c in v.columns)})" for v in views)
    return template("tables").substitute(tables=lines)


def _without_values(workspace: Workspace, vocabulary: Vocabulary) -> str:
    bare = Vocabulary(views=vocabulary.views, metrics=())
    return describe_tables(workspace.guard.views, workspace.catalog, bare)


def _without_keys(workspace: Workspace, vocabulary: Vocabulary) -> str:
    return _KEY.sub("", describe_tables(workspace.guard.views, workspace.catalog, vocabulary))


def _way(
    name: str,
    *,
    writer: Callable[[Vocabulary, Catalog, Engine, str | None], TableDrafter] | None = None,
    describe: Describe | None = None,
    votes: int = 1,
    repairs: int = 2,
) -> Way:
    def make(workspace: Workspace, engine: Engine, adapter: str | None) -> CanAsk:
        vocabulary = Vocabulary.build(workspace)
        made = (writer or _plain_writer)(vocabulary, workspace.catalog, engine, adapter)
        if describe is not None:
            made.fixed = describe(workspace, vocabulary)
        return SqlAsker(workspace, vocabulary, made, votes=votes, repairs=repairs)

    return Way(name=name, open=functools.partial(open_way, make_asker=make))


def _plain_writer(
    vocabulary: Vocabulary, catalog: Catalog, engine: Engine, adapter: str | None
) -> TableDrafter:
    return TableDrafter(vocabulary, catalog, engine, adapter=adapter)


def _writer_of(kind: type[TableDrafter]) -> Callable[..., TableDrafter]:
    return lambda vocabulary, catalog, engine, adapter: kind(vocabulary, catalog, engine, adapter=adapter)


def _solved_way(name: str, folder: Path) -> Way:
    """Opened late: the embedder and the training questions are needed by this way alone."""
    nearest = functools.cache(functools.partial(_nearest_solved, folder))

    def writer(vocabulary: Vocabulary, catalog: Catalog, engine: Engine, adapter: str | None) -> TableDrafter:
        made = _Solved(vocabulary, catalog, engine, adapter=adapter)
        made.nearest = nearest()
        return made

    return _way(name, writer=writer)


def _nearest_solved(folder: Path) -> Callable[[str], Sequence[tuple[str, str]]]:
    import numpy as np

    from retrieval.embed import load_embedder

    cases = [json.loads(line) for line in (folder / "questions.jsonl").read_text("utf-8").splitlines()]
    known = [c for c in cases if c["source"] == "spiderman" and split(c["database"]) == "train"]
    random.Random(7).shuffle(known)
    solved: list[tuple[str, str]] = []
    schemas: dict[str, Schema] = {}
    for case in known[:2_000]:
        name = case["database"]
        if name not in schemas:
            workspace = open_unseen(folder / "database" / name / f"{name}.sqlite")
            schemas[name] = Schema.of(workspace.guard.views, workspace.catalog)
            workspace.close()
        with contextlib.suppress(NotCanonical):
            solved.append((case["question"].strip(), canonical(case["sql"], schemas[name]).text))
    embedder = load_embedder()
    vectors = embedder.embed([question for question, _ in solved])

    def nearest(question: str) -> list[tuple[str, str]]:
        (asked,) = embedder.embed([question], as_question=True)
        order = np.argsort(vectors @ asked)[::-1][:SOLVED]
        return [solved[n] for n in reversed(order)]

    return nearest


def ways(folder: Path) -> dict[str, Way]:
    """Every way by the name that the table gives it; what differs from ``WHOLE`` is in the name."""
    whole = product()
    return {
        "plain prompt, no grammar": PLAIN,
        WHOLE: whole,
        "without grammar": _way("no grammar", writer=_writer_of(_NoGrammar)),
        "greedy first line": _way("greedy", writer=_writer_of(_Greedy)),
        "without repair": _way("no repair", repairs=0),
        "without value hints": _way("no hints", writer=_writer_of(_NoHints)),
        "schema: one line a table": _way("one line", describe=_one_line_each),
        "schema: without values": _way("no values", describe=_without_values),
        "schema: without keys": _way("no keys", describe=_without_keys),
        f"{SOLVED} nearest solved examples": _solved_way("solved", folder),
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
    parser.add_argument("--limit", type=int, default=None, metavar="N", help="the first N questions only")
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
    from ui.open import load_engine
    from ui.settings import Settings, prepare_process

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
