"""Retention by cohort against brute force, its words, and data that it cannot be told of."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable

import pytest
from buying_shop import TODAY, Bought, Talk, random_rows

Counts = dict[tuple[dt.date, int], int]


def by_hand(rows: list[Bought], months: int, over: dt.date) -> tuple[Counts, dict[dt.date, int]]:
    """Customers by cohort and age; and of each cohort those with a second day of purchase."""
    days: dict[int, set[dt.date]] = defaultdict(set)
    for row in rows:
        day = row.at.date() if isinstance(row.at, dt.datetime) else row.at
        if row.customer is not None and row.amount >= 0 and day <= TODAY:
            days[row.customer].add(day)
    counts: dict[tuple[dt.date, int], set[int]] = defaultdict(set)
    back: dict[dt.date, int] = defaultdict(int)

    def unit(day: dt.date) -> int:
        return (day.year * 12 + day.month - 1) // months

    for who, bought in days.items():
        first = min(bought)
        start = dt.date(first.year, first.month - (first.month - 1) % months, 1)
        if first >= over:
            continue
        back[start] += len(bought) > 1
        for day in bought:
            if day < over:
                counts[start, unit(day) - unit(first)].add(who)
    return {place: len(who) for place, who in counts.items()}, back


@pytest.mark.parametrize("engine", ["duckdb", "sqlite"])
@pytest.mark.parametrize(("unit", "months"), [("month", 1), ("quarter", 3)])
def test_counts_and_shares_are_those_of_brute_force(
    talk: Callable[..., Talk], engine: str, unit: str, months: int
):
    rows = random_rows(3)
    answer = talk(rows, engine=engine).ask(f"cohorts unit={unit}")
    wanted, back = by_hand(rows, months, dt.date(2026, 7, 1))
    told = {(dt.date.fromisoformat(str(r[0])[:10]), r[1]): r[2] for r in answer.tables[2].rows}
    assert told == wanted
    for start, size, came_back, share, *ages in answer.tables[0].rows:
        assert (size, came_back) == (wanted[start, 0], back[start])
        assert share == pytest.approx(came_back / size, abs=5e-5)
        for age, cell in enumerate(ages, 1):
            if cell is not None:
                assert cell == pytest.approx(wanted.get((start, age), 0) / size, abs=5e-5)


def test_an_age_is_shared_by_those_who_have_reached_it(talk: Callable[..., Talk]):
    rows = [
        Bought(order, who, dt.date(2026, month, 5 + order))
        for order, (who, month) in enumerate([(1, 4), (1, 5), (1, 6), (2, 4), (3, 5), (4, 6)], 1)
    ]
    answer = talk(rows).ask("Retention by cohort")
    assert answer.tables[1].rows == ((1, 3, 1, 0.3333), (2, 2, 1, 0.5))
    assert answer.tables[0].rows == (
        (dt.date(2026, 4, 1), 2, 1, 0.5, 0.5, 0.5),
        (dt.date(2026, 5, 1), 1, 0, 0.0, 0.0, None),
        (dt.date(2026, 6, 1), 1, 0, 0.0, None, None),
    )
    assert "in month 1 after it: 33.3% bought (1 of 3)" in answer.text
    assert answer.chart is not None
    assert [layer["mark"]["type"] for layer in answer.chart["layer"]] == ["rect", "text"]
    assert {"y": "2026-04", "x": 2, "share": 0.5} in answer.chart["data"]["values"]


def test_a_month_that_is_not_over_is_left_out(talk: Callable[..., Talk]):
    rows = [
        Bought(1, 1, dt.date(2026, 4, 3)),
        Bought(2, 1, dt.date(2026, 6, 9)),
        Bought(3, 2, dt.date(2026, 6, 9)),
    ]
    answer = talk(rows, today=dt.date(2026, 6, 20)).ask("Retention by cohort")
    assert answer.tables[0].rows == ((dt.date(2026, 4, 1), 1, 1, 1.0, 0.0),)


CONVERSATION = [
    ("Retention by cohort", {"unit": "month"}),
    ("by quarter", {"unit": "quarter"}),
    ("for Germany only", {"unit": "quarter", "only": "Germany"}),
    ("How many customers who first bought in August 2024 came back?", {"first": "2024-08-01..2024-08-31"}),
    ("and in September 2024?", {"first": "2024-09-01..2024-09-30"}),
    ("按首购季度的留存率", {"unit": "quarter"}),
    ("2025年首次购买的顾客有多少再次购买？", {"first": "2025-01-01..2025-12-31"}),
    ("cohorts first=2025-07-01..2025-12-31 only=France", {"only": "France"}),
]  # fmt: skip


def test_words_of_both_languages_and_follow_ups_set_what_it_runs_with(talk: Callable[..., Talk]):
    about = talk(random_rows(5, customers=150, days=700))
    for message, wanted in CONVERSATION:
        answer = about.ask(message)
        assert (answer.skill, answer.status) == ("cohorts", "answered"), (message, answer.text)
        assert wanted.items() <= answer.parameters.items(), (message, answer.parameters)


def test_one_cohort_says_how_many_came_back(talk: Callable[..., Talk]):
    rows = [Bought(n, n % 4, dt.date(2026, 1, 3 + n)) for n in range(1, 6)]
    answer = talk(rows).ask("How many of the customers who first bought in January came back?")
    assert answer.text.startswith(
        "Of 4 customers who first bought in January 2026, 1 (25.0%) bought again on a later day."
    )


def test_two_dozen_cohorts_are_shown_and_that_there_are_more_is_said(talk: Callable[..., Talk]):
    rows = [Bought(n, n, dt.date(2022 + n // 12, n % 12 + 1, 5)) for n in range(54)]
    answer = talk(rows).ask("Retention by cohort")
    assert len(answer.tables[0].rows) == 24 and "Earlier cohorts are not shown" in answer.text
    assert not any(table.is_truncated for table in answer.tables)


# ---- what it cannot be told of ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "message", "says"),
    [
        ([], "Retention by cohort", "No customer first bought in that time"),
        ([Bought(1, None, TODAY)], "各月新客的复购留存", "没有顾客首次购买"),
        ([Bought(1, 1, dt.date(2027, 1, 1))], "Retention by cohort", "No customer first bought"),
        ([Bought(1, 1, dt.date(2026, 1, 1), amount=-5)], "Retention by cohort", "No customer first bought"),
        (random_rows(1), "cohorts first=yesterday", "expected days from one to another"),
        (random_rows(1), "cohorts first=2026-02-01..2026-01-01", "expected days from one to another"),
        (random_rows(1), "cohorts unit=week", "expected month or quarter"),
        (random_rows(1), "cohorts first=2031-01-01..2031-02-01", "No customer first bought in that time"),
    ],
    ids=["empty", "no customers", "future", "returns", "no day", "backwards", "unit", "future cohort"],
)
def test_what_cannot_be_told_is_said_with_the_way_out(
    talk: Callable[..., Talk], rows: list[Bought], message: str, says: str
):
    answer = talk(rows).ask(message)
    assert (answer.status, says in answer.text) == ("declined", True), answer.text


QUESTIONS = ["Retention by cohort", "Time between orders", "Which customers are about to leave?"]


@pytest.mark.parametrize("message", [*QUESTIONS, "bought_together per=customer"])
def test_a_role_that_may_not_see_who_bought_is_told_so(talk: Callable[..., Talk], message: str):
    answer = talk(random_rows(1), role="blind").ask(message)
    assert answer.status == "declined" and "The role blind may not see" in answer.text
    assert not answer.tables


@pytest.mark.parametrize("message", [*QUESTIONS, "Which products are bought together?", "顾客的购买间隔"])
def test_a_role_that_sees_groups_only_is_told_what_it_can_ask(talk: Callable[..., Talk], message: str):
    answer = talk(random_rows(1), role="partner").ask(message)
    assert answer.status == "declined" and not answer.tables
    assert "Ask for customers or orders by month instead" in answer.text or "可以问按月" in answer.text


@pytest.mark.parametrize("message", [*QUESTIONS, "Which products are bought together?"])
def test_a_shop_that_binds_nothing_is_told_the_line_to_write(talk: Callable[..., Talk], message: str):
    answer = talk(random_rows(1), bindings="").ask(message)
    assert answer.status == "declined" and "bindings: {" in answer.text


def test_a_role_with_part_of_the_rows_gets_the_cohorts_of_that_part(talk: Callable[..., Talk]):
    rows = random_rows(3)
    answer = talk(rows, role="german").ask("Retention by cohort")
    wanted, _ = by_hand([row for row in rows if row.country == "Germany"], 1, dt.date(2026, 7, 1))
    assert {(r[0], r[1]): r[2] for r in answer.tables[2].rows} == wanted
    assert "only the part" in answer.warnings[0]


@pytest.mark.parametrize(
    "message",
    [
        "How many orders came back?",
        "how many customers are there",
        "cohorts by quarter of the first order: revenue by quarters since",
        "cohorts by year of the first order",
        "average days between two orders of a customer",
        "time between orders by country",
        "下单间隔的中位数是多少天",
        "days between two orders in 2025",
        "which countries are bought together",
        "which products are bought together most often, top 5 pairs",
        "哪两个商品最常一起买",
        "which products were bought together last month",
        "churn in May 2026",
        "平均隔多少天客户会再买一次",
    ],
)
def test_what_is_no_question_of_these_jobs_is_not_taken_for_one(talk: Callable[..., Talk], message: str):
    skills = {"cohorts", "order_gaps", "bought_together", "churn"}
    assert talk(random_rows(1, orders=20)).ask(message).skill not in skills
