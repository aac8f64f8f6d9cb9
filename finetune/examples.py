"""Training examples: prompts exactly as they are at serving, with the reply that the model should learn.

An example keeps the prompt in two parts. The shared part (system message and schema) is the same for all
questions of a database and is stored once; the own part is short. A file of examples is JSON lines: first
``{"database", "system", "fixed"}`` of each database, then ``{"database", "rest", "reply"}`` of each example.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import json
import logging
import random
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from finetune.enlarge import make_variant, synonyms
from finetune.errors import TrainingError
from finetune.generate import generate
from finetune.heldout import Split, is_measured_with, split
from finetune.ways import open_unseen
from llm.constraint import accepts
from llm.engine import Prompt
from sql.errors import SqlError
from sql.question.linking import Links, Vocabulary, link
from sql.question.periods import find_periods
from sql.question.words import spaced
from sql.semantics import ViewColumn
from sql.shop.workspace import Workspace, open_workspace
from sql.statement.canonical import NotCanonical, Schema, canonical
from sql.statement.grammar import quote_name, quote_text
from sql.statement.shop_draft import describe_shop, metrics_of, shop_prompt, words_of
from sql.statement.shop_form import expand, form_grammar, view_of
from sql.statement.table_draft import describe_tables, table_prompt
from sql.statement.written import NOTHING

logger = logging.getLogger(__name__)

DESCRIBED = " (described)"
"""Ends the name of a database that is asked as a described shop."""
MAX_SYNONYMS = 3
"""Other words that a column of a database is given."""
PARTS_PER_QUESTION = 1
"""Smaller shops in which a written question is asked again."""


@dataclass(frozen=True, kw_only=True)
class Example:
    """One question with its right reply."""

    database: str
    prompt: Prompt
    reply: str


@dataclass(frozen=True, kw_only=True)
class Counts:
    """What became of the questions of a file."""

    made: int
    not_canonical: int
    """Their gold statement has no canonical form."""
    repeated: int
    """The same question with the same statement stood there before."""


def spider_examples(
    folder: Path,
    side: Split,
    *,
    databases: Iterable[str] | None = None,
    per_database: int | None = None,
    unanswerable: int = 0,
    variants: int = 0,
    is_described: bool = False,
    seed: int = 7,
    progress: bool = True,
) -> tuple[list[Example], Counts]:
    """Examples of the questions of one side of ``spider_train``.

    Args:
        folder: holds ``questions.jsonl`` and ``database/NAME/NAME.sqlite``.
        side: which databases, by ``finetune.heldout.split``.
        databases: only these of them; ``None`` is all.
        per_database: at most so many questions of each, drawn with ``seed``; a statement that two questions
            share comes again only when the others are used up. ``None`` is all.
        unanswerable: so many questions of other databases for each that name nothing it has, to be declined.
        variants: how many variants of each database to ask the same questions of; see ``finetune.enlarge``.
        is_described: ask each database as a described shop, in shop form, what a single table answers.
        progress: show a progress bar on standard error.
    Raises:
        TrainingError: the folder lacks the questions, or none of them are of that side.
    """
    from tqdm import tqdm

    file = folder / "questions.jsonl"
    if not file.is_file():
        raise TrainingError(f"{file} does not exist; expected the public set's questions.jsonl there")
    wanted = None if databases is None else set(databases)
    cases: dict[str, list[tuple[str, str]]] = {}
    repeated = 0
    for line in file.read_text(encoding="utf-8").splitlines():
        case = json.loads(line)
        name = case["database"]
        if split(name) != side or (wanted is not None and name not in wanted):
            continue
        pair = (case["question"].strip(), case["sql"])
        if pair in cases.setdefault(name, []):
            repeated += 1
        else:
            cases[name].append(pair)
    if not cases:
        raise TrainingError(f"{file} holds no question of the side {side!r}")
    if is_described and (unanswerable or variants):
        raise ValueError("described databases have no variants and no unanswerable questions")
    if per_database is not None:
        cases = {name: _draw(pairs, per_database, f"{seed}:{name}") for name, pairs in cases.items()}
    examples: list[Example] = []
    refused = 0
    names = sorted(cases)
    for name in tqdm(names, desc="examples", unit="database", disable=not progress):
        path = folder / "database" / name / f"{name}.sqlite"
        ask = described_examples if is_described else database_examples
        for made in ask(path, cases[name]):
            if made is None:
                refused += 1
            else:
                examples.append(made)
        if unanswerable:
            examples += unanswerable_examples(path, _others(cases, name, seed), unanswerable)
        for number in range(1, variants + 1):
            other = random.Random(f"{name}:{number}").choice(names)
            beside = folder / "database" / other / f"{other}.sqlite"
            examples += _variant_examples(path, beside, number, cases[name])
    return examples, Counts(made=len(examples), not_canonical=refused, repeated=repeated)


def _draw(pairs: Sequence[tuple[str, str]], count: int, seed: str) -> list[tuple[str, str]]:
    """``count`` of the pairs at random, those with a statement of their own before paraphrases."""
    shuffled = random.Random(seed).sample(pairs, len(pairs))
    first = list({sql: (question, sql) for question, sql in reversed(shuffled)}.values())
    return [*first, *(pair for pair in shuffled if pair not in first)][:count]


def _others(cases: dict[str, list[tuple[str, str]]], name: str, seed: int) -> Iterator[str]:
    """Questions of the other databases, in random order."""
    rng = random.Random(f"{seed}:{name}:others")
    other = [question for each, pairs in cases.items() if each != name for question, _ in pairs]
    yield from rng.sample(other, len(other))


def unanswerable_examples(path: Path, questions: Iterable[str], count: int) -> list[Example]:
    """Up to ``count`` of the questions that name nothing the database has, as examples that decline them."""
    with _prompting(path) as (_, prompt_of):
        prompts = (prompt for links, prompt in map(prompt_of, questions) if not links.mentions)
        return [
            Example(database=path.stem, prompt=prompt, reply=NOTHING)
            for prompt in itertools.islice(prompts, count)
        ]


@contextlib.contextmanager
def _prompting(path: Path) -> Iterator[tuple[Schema, Callable[[str], tuple[Links, Prompt]]]]:
    """A database's schema, and what makes links and prompt of a question about it."""
    workspace = open_unseen(path)
    try:
        vocabulary = Vocabulary.build(workspace)
        views = workspace.guard.views
        schema = Schema.of(views, workspace.catalog)
        fixed = describe_tables(views, workspace.catalog, vocabulary)

        def prompt_of(question: str) -> tuple[Links, Prompt]:
            links = link(question, vocabulary, workspace.today)
            return links, table_prompt(links, fixed, schema)

        yield schema, prompt_of
    finally:
        workspace.close()


def _variant_examples(
    path: Path, beside: Path, number: int, pairs: Iterable[tuple[str, str]]
) -> list[Example]:
    """Examples over one variant of a database, for the pairs whose SQL has a canonical form."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"{path.stem}-{number}.sqlite"
        variant = make_variant(path, file, seed=number, distractors=beside)
        translated = []
        for question, sql in pairs:
            with contextlib.suppress(NotCanonical):
                translated.append((question, variant.translate(sql)))
        return [made for made in database_examples(file, translated) if made is not None]


def database_examples(path: Path, pairs: Iterable[tuple[str, str]]) -> Iterator[Example | None]:
    """Examples of (question, SQL) pairs over one database; ``None`` where the SQL has no canonical form."""
    with _prompting(path) as (schema, prompt_of):
        for question, sql in pairs:
            try:
                made = canonical(sql, schema)
            except NotCanonical as reason:
                logger.debug("left out: %s", reason)
                yield None
                continue
            _, prompt = prompt_of(question)
            yield Example(database=path.stem, prompt=prompt, reply=made.text)


def described_examples(path: Path, pairs: Iterable[tuple[str, str]]) -> Iterator[Example | None]:
    """Examples over one database as a described shop: each table a view, with other words for its columns.

    ``None`` comes where the SQL is not one SELECT over one table, or is beyond shop form.
    """
    with contextlib.closing(_open_described(path)) as workspace:
        schema = Schema.of(workspace.guard.views, workspace.catalog)
        for question, sql in pairs:
            try:
                lead, _, statement = canonical(sql, schema).text.partition("\n")
            except NotCanonical as reason:
                logger.debug("left out: %s", reason)
                yield None
                continue
            if "," in lead or " / " in lead:
                yield None
            else:
                yield from shop_examples(workspace, [(question, _with_rank(statement))])


def _with_rank(statement: str) -> str:
    """A ranking shows what it ranks by, as those of a shop do."""
    before, ordered, after = statement.rpartition(" ORDER BY ")
    key, limited, _ = after.partition(" LIMIT ")
    key = key.removesuffix(" DESC")
    items = before.partition(" FROM ")[0]
    if not ordered or not limited or key in items or items.startswith("SELECT DISTINCT "):
        return statement
    return statement.replace(" FROM ", f", {key} FROM ", 1)


def _open_described(path: Path) -> Workspace:
    """A database with synonyms for the words of its columns' names, as someone would have described it."""
    plain = open_unseen(path)
    try:
        known = synonyms()
        views = tuple(
            replace(view, columns=tuple(_with_words(column, known) for column in view.columns))
            for view in plain.shop.views
        )
        shop = replace(plain.shop, name=f"{path.stem}{DESCRIBED}", views=views)
        return open_workspace(shop, database=plain.database)
    except BaseException:
        plain.close()
        raise


def _with_words(column: ViewColumn, known: Mapping[str, Sequence[str]]) -> ViewColumn:
    words = spaced(column.name).split()
    other = [
        " ".join([*words[:n], w, *words[n + 1 :]])
        for n, word in enumerate(words)
        for w in known.get(word, ())
    ]
    return replace(column, synonyms=(*column.synonyms, *other[:MAX_SYNONYMS]))


def shop_examples(workspace: Workspace, pairs: Iterable[tuple[str, str | None]]) -> Iterator[Example | None]:
    """Examples of (question, statement in shop form) pairs over a described shop.

    A statement of ``None`` is learnt as "nothing answers this". ``None`` comes where the product could not
    write the statement: linking finds another value or period, and the question's grammar has no room for it.
    """
    vocabulary = Vocabulary.build(workspace)
    dialect = workspace.catalog.dialect
    fixed = describe_shop(vocabulary)
    for question, statement in pairs:
        links = link(question, vocabulary, workspace.today)
        prompt = shop_prompt(links, fixed, vocabulary, dialect)
        if statement is None:
            yield Example(database=workspace.shop.name, prompt=prompt, reply=NOTHING)
            continue
        view = vocabulary.view(view_of(statement))
        if view is None:
            raise TrainingError(f"{statement!r} reads a view that {workspace.shop.name} does not have")
        words = words_of(links, view, vocabulary)
        grammar = form_grammar(view, metrics_of(view, vocabulary), words, dialect)
        if accepts(grammar, statement):
            yield Example(
                database=workspace.shop.name, prompt=prompt, reply=f"-- {quote_name(view.name)}\n{statement}"
            )
        else:
            logger.debug("out of reach: %s: %s", question, statement)
            yield None


def made_up_examples(
    workspace: Workspace,
    *,
    count: int,
    parts: int = 0,
    written: Sequence[tuple[str, str]] = (),
    seed: int = 7,
    progress: bool = True,
) -> tuple[list[Example], Counter[str]]:
    """Examples of made-up questions over a described shop, and how many were left out and why.

    Args:
        count: questions to make up, shared out equally among the shop and its parts.
        parts: shops of one to four of its views to ask about as well. The model then learns to read which
            views there are, and most prompts are short.
        written: questions that somebody wrote, with their statements; see :func:`read_written`. Each is also
            asked in ``PARTS_PER_QUESTION`` of the parts.

    Every statement is written out, checked by the guard and run; one that fails, or whose question the
    product could not answer with it, is left out. So are follow-ups (the product puts them and their earlier
    turns into one question before it drafts) and questions that something is measured with.

    Raises:
        TrainingError: nothing is left.
    """
    from tqdm import tqdm

    examples: list[Example] = []
    counts: Counter[str] = Counter()
    asked = [workspace, *(_part(workspace, f"{seed}:{n}", n) for n in range(1, parts + 1))]
    shares = _shared_out(written, asked, seed)
    with tqdm(total=count + sum(map(len, shares)), desc="questions", disable=not progress) as bar:
        for each, also in zip(asked, shares, strict=True):
            pairs = _made_up(each, count // len(asked), seed, counts)
            bar.update(count // len(asked) - len(pairs))
            examples += _of_pairs(each, [*pairs, *also], counts, bar.update)
    if not examples:
        raise TrainingError(
            f"no question could be made about {workspace.shop.name}; has it views with words?"
        )
    return examples, counts


def _part(workspace: Workspace, seed: str, number: int) -> Workspace:
    """The shop of one to four views of a workspace, as the same role sees them; the database is shared."""
    rng = random.Random(seed)
    shop, role = workspace.shop, workspace.role
    seen = [v for v in shop.views if role.views is None or v.name in role.views]
    chosen = {v.name for v in rng.sample(seen, min(rng.randint(1, 4), len(seen)))}
    part = replace(
        shop,
        name=f"{shop.name} {number}",
        views=tuple(v for v in shop.views if v.name in chosen),
        metrics=tuple(m for m in shop.metrics if m.view in chosen),
        roles=(
            replace(
                role,
                views=None,
                masked=frozenset((view, column) for view, column in role.masked if view in chosen),
                rows={view: rule for view, rule in role.rows.items() if view in chosen},
                group_units={view: unit for view, unit in role.group_units.items() if view in chosen},
            ),
        ),
        default_role=role.name,
        today=workspace.today,
        examples=(),
        suggestions=(),
        reviews=None,
        bindings={},
    )
    return open_workspace(part, database=workspace.database, user=workspace.user)


def _made_up(
    workspace: Workspace, count: int, seed: int, counts: Counter[str]
) -> list[tuple[str, str | None]]:
    """Made-up questions of one turn with their statements; the others are counted."""
    vocabulary = Vocabulary.build(workspace)
    pairs = []
    for pair in generate(workspace.shop, vocabulary.values, workspace.today, count=count, seed=seed):
        if is_measured_with(pair.turns[-1]):
            counts["measured with"] += 1
        elif len(pair.turns) == 1:
            pairs.append((pair.turns[0], pair.statement))
        else:
            counts["follow-ups"] += 1
    return pairs


def _of_pairs(
    workspace: Workspace,
    pairs: Sequence[tuple[str, str | None]],
    counts: Counter[str],
    done: Callable[[int], object],
) -> list[Example]:
    """Examples of those pairs that the product could write and that run; the others are counted."""
    vocabulary = Vocabulary.build(workspace)
    examples = []
    for (question, statement), example in zip(pairs, shop_examples(workspace, pairs), strict=True):
        done(1)
        if example is None:
            counts["out of reach"] += 1
        elif statement is not None and not _runs(statement, question, workspace, vocabulary):
            counts["failing"] += 1
        else:
            examples.append(example)
    return examples


def _shared_out(
    written: Sequence[tuple[str, str]], asked: Sequence[Workspace], seed: int
) -> list[list[tuple[str, str]]]:
    """Which written questions to ask in which shop: all in the first, each in a few of the others."""
    rng = random.Random(seed)
    shares: list[list[tuple[str, str]]] = [[] for _ in asked]
    for question, statement in written:
        if is_measured_with(question):
            continue
        view = view_of(statement)
        able = [n for n, each in enumerate(asked) if n and any(v.name == view for v in each.guard.views)]
        for number in (0, *rng.sample(able, min(PARTS_PER_QUESTION, len(able)))):
            shares[number].append((question, statement))
    return shares


def read_written(file: Path, workspace: Workspace) -> list[tuple[str, str]]:
    """Questions that somebody wrote, with their statements in shop form.

    A line of the file is a question, a tab, and its statement. A question mark that stands for the words of
    a period there (``DURING(ordered_at, ?)``) is filled from the question, in order.

    Raises:
        TrainingError: a line is wrong; it is named.
    """
    found = []
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise TrainingError(f"{file} cannot be read: {error}") from error
    for number, line in enumerate(lines, start=1):
        question, tab, statement = line.partition("\t")
        if not tab or not question.strip():
            raise TrainingError(f"{file}, line {number}: expected a question, a tab and its statement")
        periods = [quote_text(p.text) for p in find_periods(question, workspace.today)]
        parts = statement.strip().split("?")
        if len(parts) - 1 > len(periods):
            raise TrainingError(
                f"{file}, line {number}: the statement has {len(parts) - 1} periods, "
                f"and {len(periods)} were found in {question!r}"
            )
        filled = "".join(
            part + said
            for part, said in itertools.zip_longest(parts, periods[: len(parts) - 1], fillvalue="")
        )
        try:
            view_of(filled)
        except SqlError as error:
            raise TrainingError(f"{file}, line {number}: {error}") from error
        found.append((question.strip(), filled))
    return found


def _runs(statement: str, question: str, workspace: Workspace, vocabulary: Vocabulary) -> bool:
    view = vocabulary.view(view_of(statement))
    assert view is not None
    periods = link(question, vocabulary, workspace.today).periods
    dialect = workspace.catalog.dialect
    try:
        workspace.run(expand(statement, view, metrics_of(view, vocabulary), periods, dialect))
    except SqlError as error:
        logger.info("left out: %s: %s", statement, error)
        return False
    return True


def write_examples(examples: Iterable[Example], file: Path) -> str:
    """Write a file of examples, whole or not at all; return its SHA-256."""
    shared: dict[str, Prompt] = {}
    lines: list[str] = []
    for example in examples:
        known = shared.setdefault(example.database, example.prompt)
        if (known.system, known.fixed) != (example.prompt.system, example.prompt.fixed):
            raise TrainingError(f"examples of {example.database} do not share one system message and schema")
        lines.append(
            _line({"database": example.database, "rest": example.prompt.rest, "reply": example.reply})
        )
    heads = [_line({"database": n, "system": p.system, "fixed": p.fixed}) for n, p in shared.items()]
    data = "".join(heads + lines).encode()
    unfinished = file.with_name(f"{file.name}.part")
    unfinished.write_bytes(data)
    unfinished.replace(file)
    return hashlib.sha256(data).hexdigest()


def _line(record: dict[str, str]) -> str:
    return json.dumps(record, ensure_ascii=False) + "\n"


def read_examples(file: Path) -> tuple[list[Example], str]:
    """The examples of a file, and its SHA-256.

    Raises:
        TrainingError: the file is missing or a line of it cannot be used; with the line.
    """
    try:
        data = file.read_bytes()
    except OSError as error:
        raise TrainingError(f"{file} cannot be read: {error.strerror or error}") from error
    shared: dict[str, tuple[str, str]] = {}
    examples = []
    for number, line in enumerate(data.decode("utf-8", "replace").splitlines(), start=1):
        try:
            record = json.loads(line)
            name = record["database"]
            if "fixed" in record:
                shared[name] = (record["system"], record["fixed"])
                continue
            system, fixed = shared[name]
            prompt = Prompt(system=system, fixed=fixed, rest=record["rest"])
            examples.append(Example(database=name, prompt=prompt, reply=record["reply"]))
        except (ValueError, KeyError, TypeError) as error:
            raise TrainingError(f"{file}, line {number}: is no example ({error!r})") from error
    if not examples:
        raise TrainingError(f"{file} holds no example; nothing was trained")
    return examples, hashlib.sha256(data).hexdigest()
