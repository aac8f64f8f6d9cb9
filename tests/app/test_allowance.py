"""What one person may ask: counted apart, refused with the time of the next one."""

import pytest

from app.allowance import Allowance
from app.errors import TooManyQuestions


def refused(allowance: Allowance, person: str) -> TooManyQuestions:
    with pytest.raises(TooManyQuestions) as caught:
        allowance.take(person)
    return caught.value


def test_questions_a_minute_are_counted_for_each_person_apart() -> None:
    allowance = Allowance(2, 0)
    allowance.take("ana")
    allowance.take("ana")
    error = refused(allowance, "ana")
    assert (error.most, error.is_day) == (2, False) and 1 <= error.retry_after_s <= 60
    allowance.take("bo")


def test_the_day_counts_too_and_a_refused_question_counts_for_neither() -> None:
    allowance = Allowance(5, 3)
    for _ in range(3):
        allowance.take("ana")
    for _ in range(3):
        error = refused(allowance, "ana")
    assert (error.most, error.is_day) == (3, True) and 60 < error.retry_after_s <= 86_400


def test_zero_is_as_many_as_one_likes() -> None:
    allowance = Allowance(0, 0)
    for _ in range(200):
        allowance.take("ana")
