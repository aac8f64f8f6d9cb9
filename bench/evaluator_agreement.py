"""Do our verdicts agree with the public Spider evaluator? Its execution match and its hardness, beside ours.

    pip install --target test-suite-needs nltk sqlparse
    PYTHONPATH=test-suite-needs SHOPTALK_DATA=/path/to/data \\
        python -m bench.evaluator_agreement test-suite-sql-eval  # a checkout of taoyds/test-suite-sql-eval

Pairs (gold, prediction) are made from the gold statements of ``spider_train``, seeded: the gold itself, the
gold with one thing changed (:data:`CHANGES`), and other golds of the same database. Both judge every pair on
the same file; every difference is printed with its reason, found by judging once more with one rule of ours
put aside. Status 1 when a difference is left without a reason. The public code is run, not copied; it opens
databases for writing, so it gets copies.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import importlib
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, ModuleType

import sqlglot
from sqlglot import exp

from bench.record import RESULTS, circumstances, write_result
from finetune.evaluate import has_order
from finetune.gold import Gold, run_golds
from finetune.hardness import hardness_of
from finetune.match import is_same_result

SEED = 4
GOLDS = 400
"""Gold statements that pairs are made from."""
OURS_S = 1.0
"""Seconds for one statement of ours; a pair beyond it is left out, because theirs could not be stopped."""
MAX_ROWS = 20_000
"""Rows of a result of ours; a pair beyond it is left out, because theirs takes minutes over it."""
THEIRS_S = 20
"""Seconds for the public evaluator on one pair: it may try very many permutations of columns."""


@dataclass(frozen=True, kw_only=True)
class Pair:
    """One prediction to be judged against its gold."""

    database: str
    kind: str
    gold: str
    predicted: str


@dataclass(frozen=True, kw_only=True)
class Judged:
    """What both said, and why they differ."""

    pair: Pair
    ours: bool
    theirs: bool | None
    """``None``: it did not finish or stopped with an error."""
    theirs_by_default: bool | None
    """The same with DISTINCT taken out of both statements, which is its default."""
    why: str = ""


# --- changes: each returns the changed tree, or None where there is nothing of the kind ------------------


def _same(tree: exp.Query, chance: random.Random) -> exp.Query | None:
    return tree


def _literal(tree: exp.Query, chance: random.Random) -> exp.Query | None:
    literals = [n for n in tree.find_all(exp.Literal) if n.find_ancestor(exp.Where, exp.Having)]
    if not literals:
        return None
    chosen = chance.choice(literals)
    others = [n for n in literals if n.is_string == chosen.is_string and n.this != chosen.this]
    if others:
        text = chance.choice(others).this
    else:
        text = f"{chosen.this}x" if chosen.is_string else str(float(chosen.this) * 2 + 1)
    chosen.replace(exp.Literal(this=text, is_string=chosen.is_string))
    return tree


def _condition(tree: exp.Query, chance: random.Random) -> exp.Query | None:
    wheres = list(tree.find_all(exp.Where))
    if not wheres:
        return None
    where = chance.choice(wheres)
    if isinstance(where.this, exp.Connector):
        where.set("this", chance.choice([where.this.left, where.this.right]).copy())
    else:
        where.pop()
    return tree


def _aggregate(tree: exp.Query, chance: random.Random) -> exp.Query | None:
    kinds = (exp.Sum, exp.Avg, exp.Min, exp.Max)
    found = [node for node in tree.find_all(exp.AggFunc) if isinstance(node, (*kinds, exp.Count))]
    if not found:
        return None
    chosen = chance.choice(found)
    inner = chosen.this
    if isinstance(chosen, exp.Count) and isinstance(inner, exp.Star):
        chosen.replace(
            exp.Sum(this=exp.Literal.number(1)) if chance.random() < 0.5 else exp.Literal.number(1)
        )
    else:
        kind = chance.choice([k for k in kinds if not isinstance(chosen, k)])
        chosen.replace(kind(this=inner.copy()))
    return tree


def _order(tree: exp.Query, chance: random.Random) -> exp.Query | None:
    order = tree.args.get("order")
    if order is None:
        return None
    if chance.random() < 0.5:
        for term in order.expressions:
            term.set("desc", not term.args.get("desc"))
    else:
        tree.set("order", None)
    return tree


def _added_order(tree: exp.Query, chance: random.Random) -> exp.Query | None:
    if tree.args.get("order") is not None or not isinstance(tree, exp.Select):
        return None
    return tree.order_by(exp.Ordered(this=exp.Literal.number(1), desc=chance.random() < 0.5))


def _columns(tree: exp.Query, chance: random.Random) -> exp.Query | None:
    if not isinstance(tree, exp.Select) or len(tree.expressions) < 2:
        return None
    tree.set("expressions", list(reversed(tree.expressions)))
    return tree


def _extra_column(tree: exp.Query, chance: random.Random) -> exp.Query | None:
    if not isinstance(tree, exp.Select):
        return None
    first = tree.expressions[0].copy() if chance.random() < 0.5 else exp.Literal.number(1)
    tree.append("expressions", first)
    return tree


def _distinct(tree: exp.Query, chance: random.Random) -> exp.Query | None:
    if not isinstance(tree, exp.Select):
        return None
    tree.set("distinct", None if tree.args.get("distinct") else exp.Distinct())
    return tree


def _twice(tree: exp.Query, chance: random.Random) -> exp.Query | None:
    if tree.args.get("order") is not None or tree.args.get("limit") is not None:
        return None
    return exp.union(tree.copy(), tree.copy(), distinct=False, dialect="sqlite")


def _aliases(tree: exp.Query, chance: random.Random) -> exp.Query | None:
    if not isinstance(tree, exp.Select) or any(e.is_star for e in tree.expressions):
        return None
    named = [exp.alias_(e.unalias().copy(), f"c{i}") for i, e in enumerate(tree.expressions)]
    tree.set("expressions", named)
    return tree


def _limit(tree: exp.Query, chance: random.Random) -> exp.Query | None:
    limit = tree.args.get("limit")
    if limit is None:
        return None
    if chance.random() < 0.5:
        return tree.limit(int(limit.expression.this) + 1)
    tree.set("limit", None)
    return tree


def _wrapped(wrap: Callable[[exp.Expression], exp.Expression]) -> Callable[..., exp.Query | None]:
    def change(tree: exp.Query, chance: random.Random) -> exp.Query | None:
        if not isinstance(tree, exp.Select) or any(e.is_star for e in tree.expressions):
            return None
        tree.set("expressions", [wrap(e.unalias().copy()) for e in tree.expressions])
        return tree

    return change


CHANGES: dict[str, Callable[[exp.Query, random.Random], exp.Query | None]] = {
    "the gold itself": _same,
    "another literal": _literal,
    "a condition less": _condition,
    "another aggregate": _aggregate,
    "another order, or none": _order,
    "an order more": _added_order,
    "columns reversed": _columns,
    "a column more": _extra_column,
    "DISTINCT more or less": _distinct,
    "every row twice": _twice,
    "columns renamed": _aliases,
    "another limit, or none": _limit,
    "numbers as decimals": _wrapped(
        lambda e: exp.Add(this=exp.Paren(this=e), expression=exp.Literal.number("0.0"))
    ),
    "values as text": _wrapped(lambda e: exp.cast(e, "text")),
    "upper case": _wrapped(lambda e: exp.Upper(this=e)),
    "a hair more": _wrapped(
        lambda e: exp.Mul(this=exp.Paren(this=e), expression=exp.Literal.number("1.000000000001"))
    ),
}
OTHER = "another gold of the same database"


def make_pairs(golds: Sequence[tuple[str, str]], chance: random.Random) -> Iterator[Pair]:
    """Every change that fits each gold, and two other golds of its database."""
    by_database: dict[str, list[str]] = {}
    for database, gold in golds:
        by_database.setdefault(database, []).append(gold)
    for database, gold in golds:
        for kind, change in CHANGES.items():
            if predicted := changed(gold, change, chance):
                yield Pair(database=database, kind=kind, gold=gold, predicted=predicted)
        others = [other for other in by_database[database] if other != gold]
        for other in chance.sample(others, min(2, len(others))):
            yield Pair(database=database, kind=OTHER, gold=gold, predicted=other)


def changed(
    gold: str, change: Callable[[exp.Query, random.Random], exp.Query | None], chance: random.Random
) -> str | None:
    """The gold with the change as SQLite text; ``None`` where it does not fit."""
    if change is _same:
        return gold
    try:
        tree = sqlglot.parse_one(gold, read="sqlite")
    except sqlglot.errors.SqlglotError:
        return None
    result = change(tree, chance) if isinstance(tree, exp.Query) else None
    return None if result is None else result.sql(dialect="sqlite")


# --- judging ----------------------------------------------------------------------------------------------


class TooSlow(Exception):
    """The public evaluator did not finish."""


@contextlib.contextmanager
def _within(seconds: int) -> Iterator[None]:
    def stop(number: int, frame: FrameType | None) -> None:
        raise TooSlow

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def ask_theirs(module: ModuleType, file: Path, pair: Pair, *, keep_distinct: bool) -> bool | None:
    """The verdict of the public evaluator; it stops with errors of its own on some statements."""
    try:
        with _within(THEIRS_S):
            return bool(
                module.eval_exec_match(
                    db=str(file),
                    p_str=pair.predicted,
                    g_str=pair.gold,
                    plug_value=False,
                    keep_distinct=keep_distinct,
                    progress_bar_for_each_datapoint=False,
                )
            )
    except (TooSlow, AssertionError, IndexError, TypeError, ValueError):
        return None


def ask_ours(pair: Pair, gold: Gold, predicted: Gold, **rules: float | bool) -> bool:
    """Our verdict; ``rules`` put one rule aside."""
    ordered = bool(rules.get("ordered", has_order(pair.gold)))
    tolerance = {"tolerance": float(rules["tolerance"])} if "tolerance" in rules else {}
    return predicted.problem is None and is_same_result(
        predicted.rows, gold.rows, ordered=ordered, **tolerance
    )


def reason_for(module: ModuleType, pair: Pair, gold: Gold, predicted: Gold, theirs: bool | None) -> str:
    """Which rule explains a difference; empty when none does."""
    if theirs is None:
        return "theirs does not finish or stops with an error"
    has_words = "order by" in pair.gold.lower()
    if has_words != has_order(pair.gold) and ask_ours(pair, gold, predicted, ordered=has_words) == theirs:
        return "the gold orders a subquery only: order counts for them, not for us"
    if ask_ours(pair, gold, predicted, tolerance=0.0) == theirs:
        return "numbers differ by rounding: a relative 1e-9 is allowed here, nothing there"
    first = (gold.rows, predicted.rows)
    if not module.quick_rej(*first, has_words) and module.quick_rej(*map(_floating, first), has_words):
        return "theirs sorts each row's values as text first, where 10 and 10.0 take other places"
    return ""


def _floating(rows: Sequence[Sequence[object]]) -> list[tuple[object, ...]]:
    """The rows with every whole number as a floating one."""
    return [tuple(float(v) if isinstance(v, int) else v for v in row) for row in rows]


def judge(module: ModuleType, file: Path, pair: Pair, gold: Gold, predicted: Gold) -> Judged:
    """Both verdicts on one pair."""
    ours = ask_ours(pair, gold, predicted)
    theirs = ask_theirs(module, file, pair, keep_distinct=True)
    return Judged(
        pair=pair,
        ours=ours,
        theirs=theirs,
        theirs_by_default=ask_theirs(module, file, pair, keep_distinct=False),
        why="" if ours == theirs else reason_for(module, pair, gold, predicted, theirs),
    )


def judge_all(module: ModuleType, data: Path, pairs: Sequence[Pair]) -> tuple[list[Judged], int]:
    """Every pair judged on a copy of its database, and how many were left out: slow, long or no gold."""
    from tqdm import tqdm

    judged: list[Judged] = []
    left_out = 0
    bar = tqdm(total=len(pairs), unit="pair", desc="agreement")
    with bar, tempfile.TemporaryDirectory() as temporary:
        for database in dict.fromkeys(pair.database for pair in pairs):
            group = [pair for pair in pairs if pair.database == database]
            file = Path(temporary) / database / f"{database}.sqlite"
            file.parent.mkdir()
            shutil.copyfile(data / "database" / database / file.name, file)
            texts = list(dict.fromkeys(text for pair in group for text in (pair.gold, pair.predicted)))
            results = dict(
                zip(texts, run_golds(file, texts, timeout_s=OURS_S, max_rows=MAX_ROWS), strict=True)
            )
            for pair in group:
                gold, predicted = results[pair.gold], results[pair.predicted]
                is_slow = any("took more" in (r.problem or "") for r in (gold, predicted))
                if gold.problem is not None or is_slow or "gives more" in (predicted.problem or ""):
                    left_out += 1
                else:
                    judged.append(judge(module, file, pair, gold, predicted))
                bar.update()
            shutil.rmtree(file.parent)
    return judged, left_out


def compare_hardness(
    checkout: ModuleType, parser: ModuleType, data: Path, golds: Sequence[tuple[str, str]]
) -> dict[str, object]:
    """Our class and theirs of every gold that their parser reads; back-ticks are taken out for it."""
    schemas: dict[str, object] = {}
    evaluator = checkout.Evaluator()
    unread, same, differ = 0, 0, []
    for database, gold in golds:
        if database not in schemas:
            file = data / "database" / database / f"{database}.sqlite"
            schemas[database] = parser.Schema(parser.get_schema(str(file)))
        try:
            theirs = evaluator.eval_hardness(parser.get_sql(schemas[database], gold.replace("`", "")))
        except (AssertionError, KeyError, IndexError, TypeError, ValueError):
            unread += 1
            continue
        if theirs == hardness_of(gold):
            same += 1
        else:
            differ.append({"database": database, "sql": gold, "theirs": theirs, "ours": hardness_of(gold)})
    return {"same": same, "unread_by_theirs": unread, "differ": differ}


# --- the command ------------------------------------------------------------------------------------------


def load_public(checkout: Path) -> tuple[ModuleType, ModuleType, ModuleType]:
    """Their execution match, evaluation and parser, imported from the checkout.

    Raises:
        ValueError: the folder is no checkout, or a package that it needs is missing.
    """
    if not (checkout / "exec_eval.py").is_file():
        raise ValueError(f"{checkout} has no exec_eval.py; expected a checkout of test-suite-sql-eval")
    sys.path.insert(0, str(checkout))
    try:
        nltk = importlib.import_module("nltk")
        tokenizer = importlib.import_module("nltk.tokenize").NLTKWordTokenizer()
        nltk.word_tokenize = tokenizer.tokenize  # the same for one sentence, without data to be downloaded
        names = ("exec_eval", "evaluation", "process_sql")
        return tuple(importlib.import_module(name) for name in names)  # type: ignore[return-value]
    except ImportError as error:
        raise ValueError(f"the public evaluator needs {error.name}; pip install nltk sqlparse") from error


def read_golds(data: Path) -> list[tuple[str, str]]:
    """(database, gold statement), each once, in the file's order."""
    lines = (data / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    records = [json.loads(line) for line in lines]
    return list(dict.fromkeys((record["database"], record["sql"]) for record in records))


def to_text(judged: Sequence[Judged], left_out: int) -> str:
    """Counts by kind of pair, then every difference."""
    lines = ["kind of pair                         pairs  right: ours  theirs  differ  differ by default"]
    for kind in [*CHANGES, OTHER]:
        group = [j for j in judged if j.pair.kind == kind]
        lines.append(
            f"{kind:<36} {len(group):>5}  {sum(j.ours for j in group):>11}  "
            f"{sum(bool(j.theirs) for j in group):>6}  {sum(j.ours != j.theirs for j in group):>6}  "
            f"{sum(j.ours != j.theirs_by_default for j in group):>17}"
        )
    differ = [j for j in judged if j.ours != j.theirs]
    lines.append(f"{len(judged):,} pairs judged, {left_out} left out, {len(differ)} differences")
    for why, count in Counter(j.why or "WITHOUT A REASON" for j in differ).most_common():
        lines.append(f"  {count:>5}  {why}")
    for j in differ:
        lines += [
            f"\n{j.pair.database}, {j.pair.kind}: ours {j.ours}, theirs {j.theirs}",
            f"  reason    {j.why or 'none found'}",
            f"  gold      {j.pair.gold}",
            f"  predicted {j.pair.predicted}",
        ]
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; exit status 0 every difference has a reason, 1 not, 2 wrong use."""
    parser = argparse.ArgumentParser(prog="python -m bench.evaluator_agreement", description=__doc__)
    parser.add_argument("checkout", type=Path, help="a checkout of taoyds/test-suite-sql-eval")
    parser.add_argument("--golds", type=int, default=GOLDS, help=f"golds to make pairs from; default {GOLDS}")
    options = parser.parse_args(arguments)
    data = Path(os.environ.get("SHOPTALK_DATA", "")) / "spider_train"
    if not (data / "questions.jsonl").is_file():
        print(f"bench.evaluator_agreement: {data} has no questions.jsonl; set SHOPTALK_DATA", file=sys.stderr)
        return 2
    try:
        execution, evaluation, public_parser = load_public(options.checkout)
    except ValueError as error:
        print(f"bench.evaluator_agreement: {error}", file=sys.stderr)
        return 2
    started = time.perf_counter()
    golds = read_golds(data)
    hardness = compare_hardness(evaluation, public_parser, data, golds)
    chance = random.Random(SEED)
    chosen = chance.sample(golds, min(options.golds, len(golds)))
    judged, left_out = judge_all(execution, data, list(make_pairs(chosen, chance)))
    print(to_text(judged, left_out))
    differ = hardness["differ"]
    assert isinstance(differ, list)
    print(
        f"\nhardness: {hardness['same']} golds in the same class, {len(differ)} in another, "
        f"{hardness['unread_by_theirs']} that their parser does not read"
    )
    for found in differ:
        print(f"  ours {found['ours']}, theirs {found['theirs']}: {found['database']}: {found['sql']}")
    record = {
        "bench": "evaluator_agreement",
        **circumstances(),
        "pairs": len(judged),
        "left_out": left_out,
        "seconds": time.perf_counter() - started,
        "differences": [dataclasses.asdict(j) for j in judged if j.ours != j.theirs],
        "differences_by_default": sum(j.ours != j.theirs_by_default for j in judged),
        "hardness": hardness,
    }
    print(f"raw results: {write_result(RESULTS / 'evaluator-agreement.json', record)}")
    return 1 if any(j.ours != j.theirs and not j.why for j in judged) else 0


if __name__ == "__main__":
    sys.exit(main())
