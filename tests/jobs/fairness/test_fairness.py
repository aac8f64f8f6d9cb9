"""Differences between groups: planted ones are warned of, equal ones are not; small groups, roles, words."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "customers"))

from buying_shop import TODAY, Talk, build, living_rows

from bot.answer import Answer
from bot.route import route
from bot.understand import understand
from jobs import JOBS
from jobs.fairness.differences import Group, compare

DRAWS = 50
"""Of equal groups; the stated rate allows 2.5 of them to be warned of at all."""


def drawn(draw: np.random.Generator, shares: dict[str, float], people: int = 400) -> list[Group]:
    """Groups whose members are selected with these probabilities and come back with one that is known."""
    found = []
    for name, share in shares.items():
        chance = draw.beta(2, 3, people)
        came = draw.random(people) < chance
        selected = draw.random(people) < share
        found.append(
            Group(
                column="country",
                name=name,
                people=people,
                selected=int(selected.sum()),
                came=int(came.sum()),
                selected_came=int((selected & came).sum()),
                expected=float(chance.sum()),
                spread=float((chance * (1 - chance)).sum()),
            )
        )
    return found


def test_equal_groups_are_warned_of_no_more_often_than_stated_even_without_a_margin():
    draw = np.random.default_rng(11)
    shares = dict.fromkeys(("a", "b", "c", "d"), 0.2)
    warned = [
        any(each.is_warned for each in compare(drawn(draw, shares), margin=0.0, least=50))
        for _ in range(DRAWS)
    ]
    assert sum(warned) <= 0.05 * DRAWS


def test_a_planted_difference_is_warned_of_and_one_within_the_margin_is_not():
    draw = np.random.default_rng(12)
    shares = {"a": 0.2, "b": 0.2, "c": 0.2, "d": 0.45}
    groups = drawn(draw, shares, people=800)
    told = compare(groups, margin=0.05, least=50)
    planted = [each for each in told if each.group.name == "d" and each.measure == "selected"]
    assert [each.is_warned for each in planted] == [True] and planted[0].low > 0.05
    assert planted[0].difference == pytest.approx(0.25, abs=0.06)
    assert not any(each.is_warned for each in told if each.measure == "off")
    assert not any(each.is_warned for each in compare(groups, margin=0.5, least=50))


def test_a_model_that_errs_more_for_one_group_is_warned_of_by_its_errors():
    even, odd = (
        Group(column="c", name=name, people=1000, selected=200, came=500, selected_came=wrong,
              expected=500.0 + more, spread=230.0)
        for name, wrong, more in (("even", 40, 0.0), ("odd", 120, 150.0))
    )  # fmt: skip
    warned = {
        (each.group.name, each.measure)
        for each in compare([even, odd], margin=0.05, least=50)
        if each.is_warned
    }
    assert warned == {(n, m) for n in ("even", "odd") for m in ("false_alarm", "missed", "off")}


def test_a_small_group_is_among_the_others_and_is_not_compared_by_itself():
    large = [Group(column="c", name=name, people=500, selected=100) for name in ("a", "b")]
    small = Group(column="c", name="few", people=49, selected=49)
    told = compare([*large, small], margin=0.05, least=50)
    assert {each.group.name for each in told} == {"a", "b"} and {each.measure for each in told} == {
        "selected"
    }
    assert told[0].others == pytest.approx((100 + 49) / 549)
    assert compare([small], margin=0.05, least=50) == []


@pytest.fixture(scope="module")
def shops(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Path]]:
    equal, planted = (tmp_path_factory.mktemp(name) for name in ("equal", "planted"))
    yield {
        "equal": build(equal, living_rows(3, customers=400, days=560)),
        "planted": build(planted, living_rows(leaving="Spain", customers=400, days=560, share=0.9)),
    }


def asked(shop: Path, question: str, role: str | None = None) -> Answer:
    about = Talk(shop, role)
    try:
        return about.ask(question)
    finally:
        about.workspace.close()


def rows_of(answer: Answer) -> list[dict[str, Any]]:
    names = [column.name for column in answer.tables[0].columns]
    return [dict(zip(names, row, strict=True)) for row in answer.tables[0].rows]


def test_the_country_that_leaves_is_warned_of_and_equal_countries_are_not(shops: dict[str, Path]):
    answer = asked(shops["planted"], "Is the churn model fair by country?")
    assert (answer.skill, answer.status) == ("fairness", "answered"), answer.text
    warned = [row for row in rows_of(answer) if row["warned_of"]]
    assert warned and warned[0]["group"] == "Spain" and "Spain" in answer.text
    assert all(row["low"] > 0.05 or row["high"] < -0.05 for row in warned)
    assert answer.chart is not None and "no proof of a wrong" in answer.text
    even = asked(shops["equal"], "流失模型对各个国家的顾客公平吗？")
    assert not any(row["warned_of"] for row in rows_of(even)) and "没有需要警惕的组" in even.text
    assert len(rows_of(even)) == 12, "three countries on four measures are all in the table, never hidden"


def test_margin_and_least_are_the_askers(shops: dict[str, Path]):
    wide = asked(shops["planted"], "fairness of=churn by=country margin=50")
    assert not any(row["warned_of"] for row in rows_of(wide)) and wide.parameters["margin"] == "50"
    few = asked(shops["planted"], "fairness of=churn by=country least=5000")
    assert few.status == "declined" and "at least 5000 customers" in few.text


@pytest.mark.parametrize(
    ("role", "question", "says"),
    [
        ("blind", "Is the churn model fair by country?", "may not see"),
        ("partner", "Is the churn model fair by country?", ""),
        ("owner", "Is the campaign list biased?", "who is on it, not yet who would have bought"),
        ("blind", "Is the campaign list biased?", "may not see"),
    ],
)
def test_who_may_not_see_it_or_cannot_be_grouped_gets_a_reason(
    shops: dict[str, Path], role: str, question: str, says: str
):
    answer = asked(shops["planted"], question, role)
    assert answer.skill == "fairness" and says in answer.text
    if role in ("blind", "partner"):
        assert answer.status == "declined" and answer.tables == ()


@pytest.mark.parametrize(
    ("question", "job"),
    [
        ("Is the churn model biased against any country?", "fairness"),
        ("Does the churn risk model treat countries differently?", "fairness"),
        ("流失预测有没有歧视？", "fairness"),
        ("活动名单公平吗？", "fairness"),
        ("Churn risk by country", "churn"),
    ],
)
def test_words_lead_there(shops: dict[str, Path], question: str, job: str):
    about = Talk(shops["equal"])
    try:
        tools = about.assistant.tools
        assert route(understand(question, None, tools.vocabulary, TODAY, JOBS), tools).job.name == job
    finally:
        about.workspace.close()
