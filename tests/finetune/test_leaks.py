"""Nothing that is measured with is learnt from: questions, the shops that choose the step, other shops."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from bench.cases import FOLDER
from bench.heldout import MAX_SHARED, measured_keys
from finetune.examples import read_examples
from finetune.heldout import MEASURED, is_measured_with, wording
from finetune.shops.__main__ import main
from finetune.shops.measuring import VALIDATION
from finetune.shops.question_pairs import SET, load_pairs, shop_names
from llm.adapters import MANIFEST, SHIPPED
from sql.shop.shopfile import load_shop

ROOT = Path(__file__).parents[2]
OTHERS = {"demo": ROOT / "demo", "online_retail": ROOT / "examples" / "online_retail"}
"""Shops that are measured with and not in the set."""
NEAR = 0.8
"""Share of the runs of three letters that two questions have in common, from which one is the other."""


def measured() -> dict[str, str]:
    """Every turn that something is measured with, and its file."""
    found = {}
    for file in FOLDER.glob("*.jsonl"):
        for line in file.read_text("utf-8").splitlines():
            record = json.loads(line)
            found |= dict.fromkeys(record.get("turns") or [record["question"]], file.name)
    return found


def learnt() -> dict[str, str]:
    """Every turn of the set, and its shop."""
    return {turn: pair.shop for pair in load_pairs() for turn in pair.turns}


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


def test_no_question_of_the_set_is_one_that_measures() -> None:
    """By their words; shop and line are told, never the question: nobody may see what measures."""
    keys = set(map(wording, measured()))
    assert len(keys) > 500
    assert [f"{p.shop}:{p.line}" for p in load_pairs() if keys & set(map(wording, p.turns))] == []


def threes(question: str) -> frozenset[str]:
    letters = re.sub(r"[\W_]+", "", question).casefold()
    return frozenset(letters[n : n + 3] for n in range(len(letters) - 2))


def test_no_question_of_the_set_is_near_one_that_measures() -> None:
    """The same question but for a word would be given away as well."""
    own = [(shop, threes(question)) for question, shop in learnt().items()]
    holding = defaultdict(list)
    for number, (_, parts) in enumerate(own):
        for part in parts:
            holding[part].append(number)
    near = Counter()
    for question, file in measured().items():
        parts = threes(question)
        shared = Counter(number for part in parts for number in holding[part])
        for number, count in shared.items():
            if count >= NEAR * len(parts | own[number][1]):
                near[file, own[number][0]] += 1
    assert near == {}


def test_a_question_that_measures_is_found_when_a_shop_is_checked(tmp_path: Path) -> None:
    from finetune.shops.check import check

    (measuring,) = [q for q, file in measured().items() if q == "How many customers do we have?"]
    assert is_measured_with(measuring)
    (tmp_path / "shop").mkdir()
    for name in ("shop.yml", "tables.yml"):
        (tmp_path / "shop" / name).write_bytes((SET / "bakery_chain" / name).read_bytes())
    pair = {"id": "1", "persona": "owner", "language": "en", "kind": "question"}
    pair |= {"turns": ["how many customers do we have"], "statement": "SELECT COUNT(member_id) FROM members"}
    (tmp_path / "shop" / "questions.jsonl").write_text(json.dumps(pair) + "\n")
    findings, _ = check(["shop"], tmp_path, tmp_path / "built")
    assert [(f.line, f.is_wrong) for f in findings] == [(1, True)]
    assert "measured with a question of the same words" in findings[0].text


def names(file: Path) -> set[tuple[str, str]]:
    shop = load_shop(file / "shop.yml", variables={"SHOPTALK_DATA": "/nowhere"})
    return {(view.name.lower(), column.name.lower()) for view in shop.views for column in view.columns}


@pytest.mark.parametrize("measuring", [*VALIDATION, *OTHERS])
def test_no_shop_to_learn_from_is_a_relative_of_one_that_measures(measuring: str) -> None:
    """None has more than half of the smaller one's names, by which a public database is held out too."""
    own = names(OTHERS.get(measuring, SET / measuring))
    assert own
    for name in set(shop_names()) - set(VALIDATION):
        other = names(SET / name)
        assert len(own & other) <= MAX_SHARED * min(len(own), len(other)), name


def test_examples_to_learn_from_are_of_other_shops_than_those_to_validate_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = ["bakery_chain", *VALIDATION]
    monkeypatch.setattr("finetune.shops.__main__.shop_names", lambda: sorted(few))
    files = tmp_path / "train.jsonl", tmp_path / "validation.jsonl"
    assert main(["examples", "--out", str(files[0]), "--validation", str(files[1])]) == 0
    sides = [{example.database for example in read_examples(file)[0]} for file in files]
    assert sides == [{"bakery_chain"}, set(VALIDATION)]


def test_the_shipped_adapters_learnt_from_other_shops() -> None:
    for folder in SHIPPED.iterdir():
        manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
        assert manifest["databases"] and manifest["validation_databases"]
        assert not {*manifest["databases"]} & {*VALIDATION, *OTHERS, "Lindgrove"}
        assert {*manifest["validation_databases"]} <= {*VALIDATION}
