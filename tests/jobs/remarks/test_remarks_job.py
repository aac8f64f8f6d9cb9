"""Counting what reviews say: all in scope, by words and by name, under roles, with both sides quoted."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from reviewed_shop import TEXTS, made

from bot.answer import Answer
from bot.assistant import Assistant
from bot.memory import Conversation
from jobs import JOBS
from jobs.remarks.remarks_counted import _around
from llm.scripted import ScriptedEngine
from retrieval.opinion_mining.said_tables import Said
from sql.ask import open_asker
from sql.question.linking import Vocabulary
from sql.shop.shopfile import load_shop
from sql.shop.workspace import Workspace, open_workspace
from telling.writer import Composed, numbers_without_receipt

COUNT = sum(times for *_, times in TEXTS)


@dataclass(frozen=True)
class Made:
    """Tables that are made already."""

    said: Said | None

    def open(self) -> Said | None:
        return self.said


def assistant_of(workspace: Workspace, vocabulary: Vocabulary, said: Said | None) -> Assistant:
    asker = open_asker(workspace, ScriptedEngine([]), vocabulary)
    return Assistant(workspace, asker, None, jobs=JOBS, vocabulary=vocabulary, said=Made(said))


@pytest.fixture(scope="session")
def assistant(reviewed: Workspace, reviewed_words: Vocabulary, said: Said) -> Assistant:
    return assistant_of(reviewed, reviewed_words, said)


def answer(assistant: Assistant, question: str, talk: Conversation | None = None) -> Answer:
    found = list(assistant.answer(question, talk))[-1].data
    assert isinstance(found, Answer)
    told = Composed(text=found.text, figures=found.figures, restated=found.restated)
    assert numbers_without_receipt(told) == []
    return found


def rows(found: Answer) -> dict[object, tuple[object, ...]]:
    """Group → reviews, those that name it, complaints, praise."""
    return {str(row[0]): (row[1], row[2], row[4], row[5]) for row in found.tables[0].rows}


def test_a_share_is_counted_over_all_reviews(assistant: Assistant) -> None:
    found = answer(assistant, "What share of reviews mention the battery?")
    assert found.skill == "remarks"
    assert rows(found) == {"": (COUNT, 34, 16, 15)}
    assert f"**34** of **{COUNT}** reviews name “battery”" in found.text
    assert "“电池”" in found.text or "(counted" not in found.text
    assert found.tables[1].rows == ((COUNT,),)


QUESTIONS = [
    ("Share of negative remarks on the battery by product", {"Vale Radio": (34, 34, 16, 15)}),
    ("Which product gets the most complaints about the switch?", {"Nova Lamp": (42, 22, 12, 8)}),
    ("how many reviews mention the switch in Germany?", {"": (38, 11, 6, 4)}),
    ("关于电池的抱怨最多的商品", {"Vale Radio": (34, 34, 16, 15)}),
    ('remarks aspect=switch only="Nova Lamp"', {"": (42, 22, 12, 8)}),
]


@pytest.mark.parametrize(("question", "expected"), QUESTIONS)
def test_questions_are_counted_as_by_hand(
    assistant: Assistant, question: str, expected: dict[str, object]
) -> None:
    assert rows(answer(assistant, question)) == expected


def test_what_is_said_most_is_listed(assistant: Assistant) -> None:
    found = answer(assistant, "What do customers complain about most?")
    assert list(rows(found))[:2] == ["battery", "switch"]
    assert rows(found)["switch"] == (COUNT, 22, 12, 8)
    assert found.chart is not None
    praised = answer(assistant, "What do buyers praise most?")
    assert next(iter(rows(praised))) == "light"
    only = answer(assistant, f"What do customers complain about most for {TEXTS[0][0]}?")
    assert list(rows(only)) == ["switch"]


def test_by_month_is_in_order_of_time(assistant: Assistant) -> None:
    found = answer(assistant, "按月看电池差评占比")
    months = [row[0] for row in found.tables[0].rows]
    assert len(months) == 6 and months == sorted(months)
    assert sum(row[2] for row in found.tables[0].rows) == 34


def test_follow_ups_change_the_parameters(assistant: Assistant) -> None:
    talk = Conversation()
    assert rows(answer(assistant, "What share of reviews mention the switch?", talk))[""] == (
        COUNT,
        22,
        12,
        8,
    )
    assert list(rows(answer(assistant, "by product instead", talk))) == ["Nova Lamp", "Vale Radio"]
    positive = answer(assistant, "only positive ones", talk)
    assert positive.parameters["sign"] == "praise" and positive.parameters["aspect"] == "switch"
    radio = answer(assistant, "and for Vale Radio?", talk)
    assert "Nova Lamp" not in rows(radio)


def test_a_word_that_was_not_learnt_is_looked_for(assistant: Assistant) -> None:
    assert rows(answer(assistant, "What share of reviews mention instructions?"))[""][:2] == (COUNT, 1)
    assert rows(answer(assistant, "提到耐用的评价占多少"))[""] == (COUNT, 10, 0, 10)
    none = answer(assistant, "What share of reviews mention the unicorn?")
    assert none.status == "answered" and "None of" in none.text
    quoted = answer(assistant, 'remarks aspect="b\' OR 1=1 %"')
    assert rows(quoted)[""][1] == 0


def test_both_sides_are_quoted_where_opinion_is_split(assistant: Assistant) -> None:
    found = answer(assistant, "What share of reviews mention the battery?")
    said = {hit.document.text for hit in found.citations}
    assert {"The battery is terrible."} <= said and len(said) > 1
    assert "Opinion is split" in found.text
    assert all(hit.document.id in found.text.replace("\\", "") for hit in found.citations)


def test_the_period_limits_what_is_counted(assistant: Assistant) -> None:
    found = answer(assistant, "What do customers complain about most in May 2026?")
    assert found.tables[1].rows[0][0] < COUNT
    empty = answer(assistant, "What do customers complain about most in 2019?")
    assert empty.status == "declined" and "no reviews" in empty.text


@pytest.mark.parametrize(
    ("question", "part"),
    [
        ("remarks per=colour", "per"),
        ("remarks top=900", "1 to 50"),
        ("remarks sign=angry", "complaints or praise or both"),
        (f'remarks aspect="{"x" * 60}"', "a word or two"),
    ],
)
def test_wrong_parameters_are_refused_with_what_is_expected(
    assistant: Assistant, question: str, part: str
) -> None:
    found = answer(assistant, question)
    assert found.status == "declined" and part in found.text


def test_a_role_counts_its_own_rows_and_is_told_so(reviewed_file: Path, tmp_path: Path) -> None:
    workspace = open_workspace(load_shop(reviewed_file), role="german")
    said = made(workspace, tmp_path)
    found = answer(
        assistant_of(workspace, Vocabulary.build(workspace), said),
        "What share of reviews mention the battery?",
    )
    assert rows(found)[""][0] == COUNT // 2
    assert any("german" in warning for warning in found.warnings)
    said.close()
    workspace.close()


def test_who_sees_groups_only_is_told_nothing(reviewed_file: Path) -> None:
    workspace = open_workspace(load_shop(reviewed_file), role="counter")
    found = answer(
        assistant_of(workspace, Vocabulary.build(workspace), None), "What do customers complain about most?"
    )
    assert found.status == "declined" and found.citations == ()
    workspace.close()


def test_figures_stay_figures(assistant: Assistant) -> None:
    for question in ("average rating by product", "How many reviews were there in May?", "评分最高的商品"):
        found = list(assistant.answer(question))[-1].data
        assert found.skill != "remarks"


def test_a_long_review_is_quoted_around_what_it_says() -> None:
    clauses = [(0, "a" * 200), (200, "b" * 200), (400, "c. "), (403, "d")]
    assert _around(clauses, 400) == f"… {'b' * 200}c. d"
    assert _around(clauses[2:], 403) == "c. d"
