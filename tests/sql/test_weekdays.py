"""Days of the week in questions."""

from __future__ import annotations

import pytest

from sql.question.weekdays import weekdays_in


@pytest.mark.parametrize(
    ("question", "days"),
    [
        ("what do we sell on Saturdays?", (6,)),
        ("Monday against friday", (1, 5)),
        ("orders on weekends", (6, 7)),
        ("average revenue on weekdays", (1, 2, 3, 4, 5)),
        ("周末卖得怎么样", (6, 7)),
        ("周六周日的订单", (6, 7)),
        ("星期天和礼拜一", (7, 1)),
        ("工作日的单量", (1, 2, 3, 4, 5)),
        ("上周的订单", ()),
        ("sunny side mugs", ()),
        ("一周卖多少", ()),
    ],
)
def test_weekdays(question: str, days: tuple[int, ...]) -> None:
    assert weekdays_in(question) == days
