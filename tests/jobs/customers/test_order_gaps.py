"""The time between purchases against numpy's quantiles, and shops in which nobody buys twice."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable

import numpy as np
import pytest
from buying_shop import TODAY, Bought, Talk, random_rows


def days_of(rows: list[Bought]) -> dict[int, list[dt.date]]:
    found: dict[int, set[dt.date]] = defaultdict(set)
    for row in rows:
        if row.customer is not None and row.amount >= 0:
            found[row.customer].add(row.at.date() if isinstance(row.at, dt.datetime) else row.at)
    return {who: sorted(days) for who, days in found.items()}


@pytest.mark.parametrize("engine", ["duckdb", "sqlite"])
def test_quantiles_and_shares_are_those_of_brute_force(talk: Callable[..., Talk], engine: str):
    rows = random_rows(7, customers=90)
    answer = talk(rows, engine=engine).ask("Time between orders")
    gaps: dict[int, list[int]] = defaultdict(list)
    reached: dict[int, int] = defaultdict(int)
    for days in days_of(rows).values():
        for place, day in enumerate(days, 1):
            reached[min(place, 5)] += 1
            if place < len(days):
                gaps[min(place, 5)].append((days[place] - day).days)
    assert [row[0] for row in answer.tables[0].rows] == sorted(reached)
    for purchases, customers, again, share, *quantiles in answer.tables[0].rows:
        assert (customers, again) == (reached[purchases], len(gaps[purchases]))
        assert float(str(share)) == pytest.approx(again / customers)
        wanted = np.quantile(gaps[purchases], [0.1, 0.25, 0.5, 0.75, 0.9])
        assert [float(str(q)) for q in quantiles] == pytest.approx(list(wanted))
    whole = [gap for each in gaps.values() for gap in each]
    row = answer.tables[1].rows[0]
    assert row[2] == len(whole) and float(str(row[6])) == pytest.approx(np.median(whole))


def test_orders_of_one_day_are_one_purchase(talk: Callable[..., Talk]):
    morning, evening = dt.datetime(2026, 5, 1, 8), dt.datetime(2026, 5, 1, 20)
    rows = [Bought(1, 1, morning), Bought(2, 1, evening), Bought(3, 1, dt.datetime(2026, 5, 11, 1))]
    answer = talk(rows).ask("Time between orders")
    assert "lie **10 days** in the median" in answer.text
    assert (
        answer.tables[0].rows[1][:3] == (2, 1, 0)
        and "after purchase 2: none of 1 bought again" in answer.text
    )


@pytest.mark.parametrize("message", [
    "Time between orders", "What is the time between two purchases?",
    "How long is it between a customer's orders?", "How many days pass between first and second order?",
    "顾客的购买间隔", "复购周期", "顾客隔多久再来买？",
])  # fmt: skip
def test_it_is_asked_for_in_words(talk: Callable[..., Talk], message: str):
    answer = talk(random_rows(7)).ask(message)
    assert (answer.skill, answer.status) == ("order_gaps", "answered"), answer.text


def test_the_rows_can_be_limited(talk: Callable[..., Talk]):
    rows = random_rows(7)
    about = talk(rows)
    about.ask("Time between orders")
    answer = about.ask("for Germany only")
    german = days_of([row for row in rows if row.country == "Germany"])
    assert answer.parameters == {"only": "Germany"}
    assert answer.tables[1].rows[0][1] == sum(map(len, german.values()))


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [Bought(1, 1, TODAY)],
        [Bought(n, n, TODAY - dt.timedelta(days=n)) for n in range(1, 200)],
        [Bought(1, 1, TODAY), Bought(2, 1, dt.date(2026, 1, 1), amount=-10.0)],
        [Bought(1, 1, TODAY), Bought(2, 1, TODAY + dt.timedelta(days=9))],
    ],
    ids=["empty", "one customer", "once only", "a return", "a day to come"],
)
def test_where_nobody_bought_twice_it_says_so(talk: Callable[..., Talk], rows: list[Bought]):
    answer = talk(rows).ask("Time between orders")
    assert answer.status == "declined" and "bought on more than one day" in answer.text


def test_a_picture_has_a_range_for_each_number_of_purchases(talk: Callable[..., Talk]):
    chart = talk(random_rows(7)).ask("顾客的购买间隔").chart
    assert chart is not None and [point["y"] for point in chart["data"]["values"]] == [
        "1",
        "2",
        "3",
        "4",
        "5+",
    ]
    assert all(
        p["low"] <= p["lower"] <= p["median"] <= p["upper"] <= p["high"] for p in chart["data"]["values"]
    )
