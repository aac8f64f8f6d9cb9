"""Examples of questions about a shop: prompts as they are at serving, replies that its grammar allows."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from finetune.shops.check import opened
from finetune.shops.question_pairs import Pair, load_pairs
from finetune.shops.shop_examples import examples_of, examples_over
from llm.scripted import ScriptedEngine
from sql.ask import Ambiguous, CannotAnswer, open_asker
from sql.question.linking import Vocabulary, link
from sql.shop.workspace import Workspace
from sql.statement.language_grammar import ASK, NOTHING, OR
from sql.statement.written import After

SHOP = "bakery_chain"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the shop's database is made."""
    return tmp_path_factory.mktemp("built")


@pytest.fixture(scope="module")
def workspace(built: Path) -> Iterator[Workspace]:
    with opened(SHOP, built=built) as workspace:
        yield workspace


def pair(question: str, statement: str = "", **more: Any) -> Pair:
    kind = "question" if statement else "unanswerable"
    usual = {"shop": SHOP, "id": "1", "persona": "owner", "language": "en", "kind": kind, "line": 7}
    return Pair(**(usual | {"turns": (question,), "statement": statement} | more))


def test_examples_are_asked_as_the_product_asks_and_answered_as_it_lets_a_model_answer(
    workspace: Workspace, built: Path
) -> None:
    pairs = [p for p in load_pairs([SHOP]) if p.kind != "job"]
    made, unsayable = examples_of([SHOP], built=built)
    assert unsayable == [] and len(made) == len(pairs)
    replies = {example.prompt: example.reply for example in made}
    engine = ScriptedEngine(replies.__getitem__, adapters=["mine"])  # it refuses what the grammar forbids
    vocabulary = Vocabulary.build(workspace)
    asker = open_asker(workspace, engine, vocabulary, adapter="mine", asks_always=True)
    for each in pairs:
        said = link(each.turns[-1], vocabulary, workspace.today)
        after = After(said=said, statement=each.previous) if each.previous else None
        with contextlib.suppress(CannotAnswer, Ambiguous):
            asker.ask(said, after=after)
    asked = [request.prompt for request in engine.calls if request.samples == 1]
    assert asked == [example.prompt for example in made]
    assert {example.database for example in made} == {SHOP}
    assert any("\nBefore: SELECT " in prompt.rest for prompt in asked)


REVENUE, ORDERS = "SELECT revenue FROM order_lines", "SELECT order_count FROM orders"
REPLIES = {
    "a question": (pair("revenue please", REVENUE), REVENUE),
    "one that the data cannot answer": (pair("how many ovens are there"), NOTHING),
    "one to ask back": (
        pair("how did we do", kind="ask_back", choices=(REVENUE, ORDERS, "SELECT waste_rate FROM waste")),
        f"{ASK}{REVENUE}{OR}{ORDERS}",
    ),
    "the period comes first": (
        pair("sales in Leiden in 2025", f"{REVENUE} WHERE city = 'Leiden' AND DURING('2025')"),
        f"{REVENUE} WHERE DURING('2025') AND city = 'Leiden'",
    ),
    "the period is said as in the question": (
        pair("revenue of March 2025", f"{REVENUE} WHERE DURING('2025-03')"),
        f"{REVENUE} WHERE DURING('March 2025')",
    ),
    "a follow-up may say what was said before": (
        pair(
            "only Leiden",
            f"{REVENUE} WHERE DURING('2025') AND city = 'Leiden'",
            previous=f"{REVENUE} WHERE DURING('2025')",
            kind="follow_up",
        ),
        f"{REVENUE} WHERE DURING('2025') AND city = 'Leiden'",
    ),
}


@pytest.mark.parametrize(("asked", "reply"), REPLIES.values(), ids=REPLIES)
def test_what_a_model_learns_to_reply(asked: Pair, reply: str, workspace: Workspace) -> None:
    ((example,), unsayable) = examples_over(workspace, [asked], SHOP)
    assert example.reply == reply and unsayable == []


def test_what_is_no_question_and_what_no_model_could_say_are_left_out(workspace: Workspace) -> None:
    job = pair("write me a report", kind="job", note="report")
    unsayable = pair("revenue of large orders", f"{REVENUE} WHERE amount > 77")
    assert examples_over(workspace, [job, unsayable], SHOP) == ([], [(unsayable, unsayable.statement)])


def test_the_same_question_gives_the_same_prompt_whatever_the_hash_seed(
    workspace: Workspace, built: Path
) -> None:
    script = (
        "import sys; from pathlib import Path; from finetune.shops.shop_examples import examples_of\n"
        "made, _ = examples_of([sys.argv[1]], built=Path(sys.argv[2]))\n"
        "print([(e.prompt, e.reply) for e in made])"
    )
    texts = {
        subprocess.run(
            [sys.executable, "-c", script, SHOP, built],
            env={**os.environ, "PYTHONHASHSEED": str(seed)},
            cwd=Path(__file__).parents[2],
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for seed in range(3)
    }
    (text,) = texts
    assert text.count("Question: ") == sum(p.kind != "job" for p in load_pairs([SHOP]))
