"""Nothing that is measured with is trained on: databases, made-up questions, variants."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bench.cases import FOLDER, bare, load_questions
from bench.heldout import measured_keys
from finetune.examples import made_up_examples, read_written, spider_examples
from finetune.generate import Pair
from finetune.heldout import MEASURED, OUTSIDE, databases, is_measured_with, split, wording
from sql.question.linking import Vocabulary, link
from sql.shop.workspace import Workspace
from sql.statement.shop_draft import metrics_of
from sql.statement.shop_form import expand, view_of
from sql.statement.written import NOTHING

DEMO_WRITTEN = Path(__file__).parents[2] / "demo" / "questions.tsv"


def test_the_keys_are_those_of_the_questions_that_measure() -> None:
    assert MEASURED.read_text(encoding="utf-8") == measured_keys(), "run python -m bench.heldout --write"


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("How many customers?", "how many  customers", True),
        ("上个月的销售额是多少？", "上个月的销售额是多少", True),
        ("Revenue in May", "Revenue in June", False),
    ],
)
def test_a_question_is_known_by_its_letters(one: str, other: str, is_same: bool) -> None:
    assert (wording(one) == wording(other)) == is_same


@pytest.mark.slow
def test_made_up_questions_are_none_that_measure(
    demo_workspace: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The generator is made to say a measured question: it must not come through."""
    from finetune import examples

    measured = json.loads(
        (Path(__file__).parents[2] / "bench" / "questions" / "demo_dev.jsonl")
        .read_text("utf-8")
        .splitlines()[0]
    )["turns"][0]
    real = examples.generate

    def leaking(*arguments: Any, **options: Any) -> Any:
        yield Pair(turns=(measured,), language="en", kind="figure", view="sales", statement="SELECT 1")
        yield from real(*arguments, **options)

    monkeypatch.setattr(examples, "generate", leaking)
    made, counts = made_up_examples(demo_workspace, count=300, progress=False)
    assert counts["measured with"] >= 1 and counts["failing"] == 0
    assert len(made) > 200
    assert not any(is_measured_with(e.prompt.rest.split("\n")[1].removeprefix("Question: ")) for e in made)


@pytest.mark.slow
def test_no_written_question_is_answered_like_one_that_nobody_looks_at(demo_workspace: Workspace) -> None:
    """The same question in other words would be given away."""
    vocabulary = Vocabulary.build(demo_workspace)
    learnt = set()
    for question, form in read_written(DEMO_WRITTEN, demo_workspace):
        view = vocabulary.view(view_of(form))
        assert view is not None
        periods = link(question, vocabulary, demo_workspace.today).periods
        learnt.add(bare(expand(form, view, metrics_of(view, vocabulary), periods, "duckdb")))
    assert len(learnt) > 200
    for name in ("demo_test", "demo_heldout"):
        sealed = load_questions(FOLDER / f"{name}.jsonl")
        golds = {q.id: {bare(sql) for sql in (q.sql, *q.also)} for q in sealed if q.sql}
        assert not {id for id, found in golds.items() if found & learnt}


@pytest.mark.slow
def test_parts_of_a_shop_are_shops_of_their_own(demo_workspace: Workspace) -> None:
    made, _ = made_up_examples(demo_workspace, count=100, parts=3, progress=False)
    prompts = {e.database: e.prompt.fixed for e in made}
    assert sorted(prompts) == ["Lindgrove", *(f"Lindgrove {n}" for n in range(1, 4))]
    views = {name: fixed.count("CREATE VIEW") for name, fixed in prompts.items()}
    assert views.pop("Lindgrove") > 4 >= max(views.values())
    assert any("CREATE VIEW customers" in fixed for name, fixed in prompts.items() if name != "Lindgrove")
    assert not any("\n  email " in fixed for fixed in prompts.values()), "masked for the role"
    for example in made:
        if example.reply != NOTHING:
            assert (
                f"CREATE VIEW {example.reply.splitlines()[0].removeprefix('-- ')} (" in example.prompt.fixed
            )
    again, _ = made_up_examples(demo_workspace, count=100, parts=3, progress=False)
    assert again == made


def test_so_many_questions_of_each_database(data_folder: Path) -> None:
    folder = data_folder / "spider_train"
    made, counts = spider_examples(
        folder, "train", databases=["college_1", "store_1"], per_database=9, progress=False
    )
    assert 12 < len(made) == counts.made <= 18
    assert {e.database for e in made} == {"college_1", "store_1"}
    assert len({(e.database, e.reply) for e in made}) >= len(made) - 2, "paraphrases come last"


def test_examples_are_of_their_side_alone(data_folder: Path) -> None:
    """On a few databases of each side: names decide, before any file is opened."""
    folder = data_folder / "spider_train"
    cases = [json.loads(line) for line in (folder / "questions.jsonl").read_text("utf-8").splitlines()]
    names = sorted({c["database"] for c in cases})
    held = {n.lower() for side in ("test", "validation") for n in databases(side)}  # type: ignore[arg-type]
    few = [*sorted(held)[:2], *[n for n in names if n.lower() not in held][:2]]
    made, _ = spider_examples(folder, "train", databases=few, variants=1, progress=False)
    found = {e.database for e in made}
    assert {n.removesuffix("-1") for n in found} == set(few[2:])
    assert any(n.endswith("-1") for n in found)
    assert not {n.lower() for n in found} & (held | OUTSIDE)
    assert all(split(n) == "train" for n in few[2:])
