"""What a question asks of prices, in both languages; and what of it stays a figure."""

from __future__ import annotations

from pathlib import Path

import pytest
from asked_alone import linked, understood

from bot.parameters import find_said, read_settings
from jobs import JOBS
from jobs.price.price_words import PARAMETERS, claims
from sql.question.linking import Vocabulary

LINES = (Path(__file__).parent / "price_routes.txt").read_text(encoding="utf-8").splitlines()
ROUTES = [line.split(" | ", 1) for line in LINES if line.strip() and not line.startswith("#")]


@pytest.mark.parametrize(("whose", "question"), ROUTES, ids=[f"{q} → {w}" for w, q in ROUTES])
def test_a_question_is_whose_it_is(whose: str, question: str, vocabulary: Vocabulary):
    assert (claims(understood(question, vocabulary)) is not None) == (whose == "price")


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("can I raise the price of the Steel Pan by 5%?", {"product": "Steel Pan", "change": 5}),
        ("Should we cut prices of Audio by 10 per cent?", {"product": "Audio", "change": -10}),
        ("what happens if we raise prices by 7.5 %?", {"change": 7.5}),
        ("if we increase prices by five percent", {"change": 5}),
        ("what happens if prices go down by 5 %?", {"change": -5}),
        ("涨价5%会怎么样", {"change": 5}),
        ("降价百分之十会怎么样", {"change": -10}),
        ("涨价一成有什么影响", {"change": 10}),
        (
            "what should I charge for the Steel Pan, at most 5 % per step?",
            {"product": "Steel Pan", "max_change": 5},
        ),
        ("price elasticity by product", {"by": "product"}),
        ("哪些商品对价格最敏感", {"by": "product"}),
        ("price change=-10", {"change": -10}),
        ('price product="Steel Pan" change=+5% max_change=20', {"product": "Steel Pan", "change": 5}),
    ],
)
def test_words_give_values(question: str, said: dict[str, object], vocabulary: Vocabulary):
    links = linked(question, vocabulary)
    settings = read_settings(links, PARAMETERS, vocabulary, "en")
    for name, value in said.items():
        if name == "product":
            assert find_said(links, PARAMETERS)[name].text == value
        else:
            assert settings.values[name] == value


@pytest.mark.parametrize("question", [question for whose, question in ROUTES if whose == "price"])
def test_no_job_before_it_takes_its_questions(question: str, vocabulary: Vocabulary):
    asked = understood(question, vocabulary)
    claimed = {job.name: job.claims(asked) for job in JOBS}
    strongest = max(claim.strength for claim in claimed.values() if claim is not None)
    assert next(name for name, claim in claimed.items() if claim and claim.strength == strongest) == "price"
