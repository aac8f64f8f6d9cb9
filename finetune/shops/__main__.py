"""``python -m finetune.shops``: draft, check, run, write as examples, measure a model, fit the doubt."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from finetune.errors import FinetuneError
from finetune.shops.check import Counts, ask, check, opened
from finetune.shops.draft import draft
from finetune.shops.measuring import VALIDATION, fit, measure, read_outcomes, summary, weighed, write_outcomes
from finetune.shops.question_pairs import shop_names
from finetune.shops.shop_examples import examples_of
from llm.weights import DEFAULT_MODEL
from sql.errors import SqlError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0: all is right, 1: something is wrong, 2: wrong use."""
    parser = argparse.ArgumentParser(prog="python -m finetune.shops", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    checks = commands.add_parser("check", help="run every statement of the named shops, else of all")
    checks.add_argument("names", nargs="*", metavar="NAME", help="folder in finetune/shops/set")
    checks.add_argument("--write", action="store_true", help="store each statement in its one spelling")
    checks.add_argument("--json", action="store_true", help="print JSON for machines")
    drafts = commands.add_parser("draft", help="describe bare databases of the set as shoptalk init does")
    drafts.add_argument("names", nargs="+", metavar="NAME", help="folder in finetune/shops/set")
    runs = commands.add_parser("run", help="print the rows of one statement")
    runs.add_argument("name", metavar="NAME", help="folder in finetune/shops/set")
    runs.add_argument("statement", metavar="STATEMENT", help="in the question language")
    writes = commands.add_parser("examples", help="write training examples, and those to validate with")
    writes.add_argument("--out", type=Path, required=True, metavar="FILE.jsonl")
    writes.add_argument("--validation", type=Path, required=True, metavar="FILE.jsonl")
    measures = commands.add_parser("measure", help="ask a model the questions of the validation shops")
    measures.add_argument("names", nargs="*", metavar="NAME", help="other shops than those")
    measures.add_argument(
        "--weights", type=Path, required=True, metavar="DIR", help="folder that shoptalk doctor names"
    )
    measures.add_argument("--model", default=DEFAULT_MODEL, metavar="NAME", help="default: %(default)s")
    measures.add_argument("--adapter", metavar="NAME", help="left out: the one that comes with it")
    measures.add_argument("--every", type=int, default=1, metavar="N", help="only every Nth question")
    measures.add_argument("--out", type=Path, required=True, metavar="FILE.jsonl", help="outcomes, appended")
    fits = commands.add_parser("fit", help="fit sql.statement.doubt to outcomes")
    fits.add_argument("files", nargs="+", type=Path, metavar="FILE.jsonl")
    given = parser.parse_args(arguments)
    if given.command == "run":
        return _run(given.name, given.statement)
    if given.command == "draft":
        return _draft(given.names)
    if given.command == "examples":
        return _examples(given.out, given.validation)
    if given.command == "measure":
        return _measure(given.names, given.weights, given.model, given.adapter, given.every, given.out)
    if given.command == "fit":
        outcomes = read_outcomes(given.files)
        weights = fit(outcomes)
        told = {"weights": weights, "with_them": summary(weighed(outcomes, weights))}
        _say(json.dumps(told, indent=1))
        return 0
    return _check(given.names or shop_names(), is_written=given.write, as_json=given.json)


def _check(names: Sequence[str], *, is_written: bool, as_json: bool) -> int:
    findings, counts = check(names, is_written=is_written)
    wrong = sum(finding.is_wrong for finding in findings)
    if as_json:
        told = {"wrong": wrong, "findings": [vars(f) for f in findings], "counts": counts.as_json()}
        _say(json.dumps(told, ensure_ascii=False, indent=1))
    else:
        _say(*map(str, findings), *_lines(counts), f"{wrong} wrong, {len(findings) - wrong} warnings")
    return 1 if wrong else 0


def _lines(counts: Counts) -> list[str]:
    rare = [word for word, count in counts.words.items() if count == 0]
    return [
        f"{counts.pairs} pairs of {counts.shops} shops",
        f"kinds: {_listed(counts.kinds)}",
        f"languages: {_listed(counts.languages)}",
        f"personas: {_listed(counts.personas)}",
        f"words: {_listed(Counter({w: c for w, c in counts.words.items() if c}))}",
        f"words without a pair: {', '.join(rare) or 'none'}",
    ]


def _listed(counter: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counter.most_common())


def _draft(names: Sequence[str]) -> int:
    for name in names:
        try:
            _say(str(draft(name)))
        except (FinetuneError, SqlError) as error:
            sys.stderr.write(f"{error}\n")
            return 1
    return 0


def _run(name: str, statement: str) -> int:
    try:
        with opened(name) as workspace:
            compiled, table = ask(workspace, statement)
    except (FinetuneError, SqlError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    rows = ["\t".join("" if cell is None else str(cell) for cell in row) for row in table.rows]
    _say("\t".join(column.name for column in compiled.columns), *rows, f"({len(rows)} rows)")
    return 0


def _examples(out: Path, validation: Path) -> int:
    from finetune.examples import write_examples

    for file, names in (
        (out, [name for name in shop_names() if name not in VALIDATION]),
        (validation, list(VALIDATION)),
    ):
        made, unsayable = examples_of(names)
        write_examples(made, file)
        _say(f"{file}: {len(made)} examples; {len(unsayable)} left out that the grammar does not let through")
    return 0


def _measure(
    names: Sequence[str], weights: Path, model: str, adapter: str | None, every: int, out: Path
) -> int:
    from llm.adapters import SHIPPED, default_adapter, find_adapters
    from llm.load import open_engine

    adapter = adapter or default_adapter(model)
    engine = open_engine(
        weights, model=model, adapters=find_adapters(model, SHIPPED, weights.parent / "adapters")
    )
    found = write_outcomes(measure(names or VALIDATION, engine, adapter=adapter, every=every), out)
    _say(json.dumps(summary(found), indent=1))
    return 0


def _say(*lines: str) -> None:
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    sys.exit(main())
