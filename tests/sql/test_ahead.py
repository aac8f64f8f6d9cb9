"""Days to come, and what they are asked of."""

from __future__ import annotations

import datetime as dt

import pytest

from sql.question.ahead import periods_ahead
from sql.question.periods import find_periods
from sql.statement.spans import span_of

TODAY = dt.date(2026, 6, 30)  # a Tuesday
AHEAD = [
    # question, first day, the day after the last
    ("what is due tomorrow", "2026-07-01", "2026-07-02"),
    ("bookings of the day after tomorrow", "2026-07-02", "2026-07-03"),
    ("contracts that end next month", "2026-07-01", "2026-08-01"),
    ("deliveries expected next week", "2026-07-06", "2026-07-13"),
    ("the week after next", "2026-07-13", "2026-07-20"),
    ("batches that expire in the next 30 days", "2026-07-01", "2026-07-31"),
    ("batches expiring within three months", "2026-07-01", "2026-10-01"),
    ("subscriptions due in 2 weeks", "2026-07-01", "2026-07-15"),
    ("下周三要送的单", "2026-07-08", "2026-07-09"),
    ("下个月到期的合同", "2026-07-01", "2026-08-01"),
    ("下下周的预约", "2026-07-13", "2026-07-20"),
    ("未来30天内到期的批次", "2026-07-01", "2026-07-31"),
    ("未来半年到期的批次", "2026-07-01", "2026-12-31"),
    ("三个月内要到期的药", "2026-07-01", "2026-10-01"),
    ("明年的续费", "2027-01-01", "2028-01-01"),
    ("后天", "2026-07-02", "2026-07-03"),
]
BEHIND = [
    "orders within three months", "sold in 2 weeks", "the next customer", "一下周期", "查看下周边商品",
    "下半年的销售额", "three months ago", "last week", "最近30天内",
]  # fmt: skip


@pytest.mark.parametrize(("question", "start", "end"), AHEAD)
def test_days_to_come(question: str, start: str, end: str) -> None:
    [period] = periods_ahead(question, TODAY)
    assert (str(period.start), str(period.end)) == (start, end)
    assert question[period.first : period.last] == period.text


@pytest.mark.parametrize("question", BEHIND)
def test_what_lies_behind_is_no_day_to_come(question: str) -> None:
    assert periods_ahead(question, TODAY) == ()


@pytest.mark.parametrize("words", ["next week", "tomorrow", "下个月", "the next 30 days"])
def test_a_statement_may_hold_them(words: str) -> None:
    span = span_of(words, TODAY, 1)
    assert span is not None and span.start is not None and span.start > TODAY and not span.is_to_date
    assert find_periods(words, TODAY) == ()
