"""New customers or returning ones, as the question says."""

from __future__ import annotations

import pytest

from sql.question.linking import Links
from sql.statement.newness import new_or_returning
from sql.statement.parse import parse
from sql.statement.read_aloud import Reader

NEW = "SELECT revenue FROM sales WHERE DURING('Q1 2026') AND IS_FIRST(QUARTER PER customer_id)"
AGAIN = "SELECT revenue FROM sales WHERE DURING('Q1 2026') AND NOT IS_FIRST(QUARTER PER customer_id)"
CASES = [
    ("revenue from returning customers in Q1 2026", NEW, AGAIN),
    ("老客户的销售额", NEW, AGAIN),
    ("revenue of repeat buyers", NEW, AGAIN),
    ("revenue from new customers in Q1 2026", AGAIN, NEW),
    ("新客的销售额", AGAIN, NEW),
    ("first-time buyers only", AGAIN, NEW),
    ("revenue of new and returning customers", NEW, NEW),
    ("新老客户的销售额", NEW, NEW),
    ("revenue from existing products", NEW, NEW),
]


@pytest.mark.parametrize(("question", "written", "meant"), CASES, ids=[c[0] for c in CASES])
def test_the_condition_keeps_those_that_are_asked_for(question: str, written: str, meant: str) -> None:
    assert str(new_or_returning(parse(written), Links(question=question, mentions=()))) == meant


def test_they_are_told_apart_in_words() -> None:
    condition = parse(NEW).where[1]
    assert Reader().condition(condition) == "new customers of the quarter"
    assert Reader("zh").condition(condition).startswith("该季度的新")
