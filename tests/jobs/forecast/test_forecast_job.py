"""The job over real databases: words of both languages, follow-ups, roles, and data too poor for it."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from shops import BOUND, Order, Talk, daily, opened_by_init

TODAY = dt.date(2026, 6, 28)  # a Sunday
YEAR = daily(364, TODAY)


def figures(text: str) -> list[float]:
    """The middles that are listed."""
    return [
        float(n.replace(",", "")) for n in re.findall(r"^- [^\n]*?[:：] ?(-?[\d,]+(?:\.\d+)?)", text, re.M)
    ]


def test_a_day_of_the_week_is_gone_on_with(talk: Callable[..., Talk]):
    answer = talk(YEAR).ask("Forecast revenue by day for the next 7 days")
    assert answer.status == "answered" and answer.skill == "forecast"
    told = figures(answer.text)
    assert len(told) == 7 and told[5] == pytest.approx(20, abs=1) and told[0] == pytest.approx(10, abs=1)
    assert "2026-06-29" in answer.text and "MASE" in answer.text
    assert answer.parameters == {"metric": "revenue", "horizon": "7 days", "grain": "day", "level": "80"}
    assert [c.name for c in answer.tables[0].columns][-4:] == ["low_80", "high_80", "low_95", "high_95"]
    assert answer.to_json()["parameters"]["horizon"] == "7 days"
    assert answer.chart is not None and [layer["mark"]["type"] for layer in answer.chart["layer"]] == [
        "area", "area", "line", "line",
    ]  # fmt: skip


CONVERSATION = [
    ("Forecast revenue for the next 4 weeks", {"metric": "revenue", "horizon": "4 weeks"}),
    ("and for Lamp only?", {"metric": "revenue", "horizon": "4 weeks", "only": "Lamp"}),
    ("with 95 %", {"level": "95", "only": "Lamp"}),
    ("next 3 months instead", {"horizon": "3 months", "grain": "month", "level": "95"}),
    ("what about units?", {"metric": "units_sold", "horizon": "3 months"}),
    ("by country", {"by": "country", "metric": "units_sold"}),
    ("weekly", {"grain": "week", "by": "country"}),
    ("预测未来4周的销售额", {"metric": "revenue", "horizon": "4 weeks", "grain": "week"}),
    ("那订单数呢？", {"metric": "orders", "horizon": "4 weeks"}),
    ("未来两个月呢", {"metric": "orders", "horizon": "2 months", "grain": "month"}),
    ("按国家呢", {"metric": "orders", "by": "country"}),
    ('forecast metric=units_sold horizon="2 weeks"', {"metric": "units_sold", "horizon": "2 weeks"}),
    ("next 5 weeks instead", {"metric": "units_sold", "horizon": "5 weeks"}),
]


def test_follow_ups_change_one_thing_and_keep_the_rest(talk: Callable[..., Talk]):
    about = talk(YEAR)
    for message, wanted in CONVERSATION:
        answer = about.ask(message)
        assert answer.status == "answered", (message, answer.text)
        assert wanted.items() <= answer.parameters.items(), (message, answer.parameters)


def test_what_it_ran_with_can_be_sent_back(talk: Callable[..., Talk]):
    about = talk(YEAR)
    first = about.ask("Predict units by country for the next 3 weeks")
    line = first.text.splitlines()[-1]
    again = about.ask(re.search(r"Ran with: (.+) \(", line)[1].replace("\\", ""))  # type: ignore[index]
    assert again.parameters == first.parameters and again.tables[0].rows == first.tables[0].rows


@pytest.mark.parametrize(
    ("message", "status", "says"),
    [
        ("forecast horizon=0", "declined", "expected 1 to 366 days"),
        ("Forecast revenue for the next 10,000 days", "declined", "expected 1 to 366 days"),
        ("Forecast revenue for the next 200 days", "declined", "at most 92 times a day"),
        ("预测未来10000天的销售额", "declined", "应为1 到 366"),
        ("forecast level=100", "declined", "expected 50 to 99"),
        ("forecast wheels=4", "declined", "no parameter wheels"),
        ("forecast by=amount", "declined", "expected a column to group by"),
        ("forecast by=ordered_on", "declined", "expected a column to group by"),
        ("forecast metric=nonsense", "declined", "expected one of the shop's metrics"),
        ("Forecast average order", "declined", "does not add up"),
        ("预测客单价", "declined", "不能随时间累加"),
        ("Forecast revenue last month", "clarify", "That period is over"),
        ("预测上个月的销售额", "clarify", "这段时间已经过去"),
        ("revenue next month", "clarify", "more than one way"),
        ("下个月的销售额", "clarify", "几种理解"),
    ],
)
def test_what_cannot_be_done_is_said_with_the_way_out(
    talk: Callable[..., Talk], message: str, status: str, says: str
):
    answer = talk(YEAR).ask(message)
    assert (answer.status, says in answer.text) == (status, True), answer.text


@pytest.mark.parametrize(
    ("message", "choice", "horizon"),
    [("revenue next month", "1", "1 month"), ("下个月的销售额", "第一个", "1 month")],
)
def test_of_two_readings_one_is_chosen(talk: Callable[..., Talk], message: str, choice: str, horizon: str):
    about = talk(YEAR)
    assert len(about.ask(message).options) == 2
    assert about.ask(choice).parameters["horizon"] == horizon


@pytest.mark.parametrize("message", ["predict the weather", "will customers be happy?", "预测天气"])
def test_what_is_no_forecast_of_the_shop_is_not_taken_for_one(talk: Callable[..., Talk], message: str):
    assert talk(YEAR).ask(message).skill != "forecast"


def test_a_day_in_the_future_is_a_horizon(talk: Callable[..., Talk]):
    answer = talk(YEAR).ask("Forecast revenue in August 2026")
    assert answer.parameters["horizon"] == "10 weeks" and "2026-08-24" in answer.text


def test_words_that_nothing_stands_for_are_named_first(talk: Callable[..., Talk]):
    answer = talk(YEAR).ask("Forecast revenue of unicorns for the next 4 weeks")
    assert answer.text.startswith("Not taken into account") and "unicorns" in answer.unheard


# ---- data ------------------------------------------------------------------------------------------------


def test_three_weeks_are_too_little_and_it_says_what_would_do(talk: Callable[..., Talk]):
    answer = talk(daily(21, TODAY)).ask("Forecast revenue for the next month")
    assert answer.status == "declined"
    assert "by day takes 28 days, by week 12 weeks, by month 9 months" in answer.text
    assert answer.options == ("revenue by day",)


def test_three_months_are_too_little_by_month_and_enough_by_week(talk: Callable[..., Talk]):
    about = talk(daily(100, TODAY))
    answer = about.ask("预测下个月的销售额")
    assert answer.status == "declined" and answer.options[0] == "按周预测接下来4周的销售额"
    assert about.ask(answer.options[0]).status == "answered"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            lambda day, amount: 0.0 if dt.date(2026, 2, 1) <= day < dt.date(2026, 3, 8) else amount,
            "missing data",
        ),
        (lambda day, amount: -400.0 if day == dt.date(2026, 5, 13) else amount, "Below zero at times"),
        (lambda day, amount: 50_000.0 if day == dt.date(2026, 5, 13) else amount, "one giant order"),
        (lambda day, amount: 0.0 if day >= dt.date(2026, 6, 1) else amount, "Nothing at the end"),
        (lambda day, amount: amount if day.day == 3 else 0.0, "now and then only"),
    ],
    ids=["gap", "negative", "giant", "stopped", "sparse"],
)
def test_broken_data_are_gone_on_with_and_told(
    talk: Callable[..., Talk], change: Callable[[dt.date, float], float], says: str
):
    orders: list[Order] = [(d, p, c, q, change(d, amount)) for d, p, c, q, amount in YEAR]
    answer = talk(orders).ask("Forecast revenue for the next 4 weeks")
    assert answer.status == "answered" and says in answer.text
    assert all(-100 < middle < 120 for middle in figures(answer.text))


def test_nothing_but_zeros_is_no_history(talk: Callable[..., Talk]):
    answer = talk([(d, p, c, q, 0.0) for d, p, c, q, _ in YEAR]).ask("Forecast revenue for the next 4 weeks")
    assert answer.status == "declined" and "no rows to go on from" in answer.text


def test_an_empty_table_is_no_history(talk: Callable[..., Talk]):
    assert talk([]).ask("Forecast revenue by product for the next 4 weeks").status == "declined"


def test_a_row_dated_ahead_of_today_is_left_out(talk: Callable[..., Talk]):
    late: Order = (dt.date(2099, 1, 1), "Lamp", "France", 1, 1e6)
    answer = talk([*YEAR, late]).ask("Forecast revenue for the next 4 weeks")
    assert answer.status == "answered" and max(figures(answer.text)) < 200


def test_a_week_that_is_not_over_is_forecast_whole(talk: Callable[..., Talk]):
    orders = [order for order in YEAR if order[0] <= dt.date(2026, 6, 24)]
    answer = talk(orders, today="2026-06-24").ask("Forecast revenue for the next 2 weeks")
    assert "has begun already" in answer.text
    assert figures(answer.text) == pytest.approx([80, 80, 80], abs=8)


def test_of_forty_thousand_products_the_largest_are_shown(talk: Callable[..., Talk]):
    many: list[Order] = [
        (TODAY - dt.timedelta(days=n % 300), f"Thing {n}", "France", 1, 1.0) for n in range(40_000)
    ]
    stars = [o for name in ("Star", "Moon") for o in daily(364, TODAY, product=name)]
    answer = talk([*many, *stars]).ask("Forecast revenue by product for the next 4 weeks, top 2")
    assert answer.status == "answered"
    assert {row[1] for row in answer.tables[0].rows} == {"Star", "Moon"} and "Only the largest" in answer.text


def test_one_product_makes_one_series(talk: Callable[..., Talk]):
    answer = talk(YEAR).ask("各商品未来4周的销售额预测")
    assert {row[1] for row in answer.tables[0].rows} == {"Lamp"} and "只显示了最大" not in answer.text


# ---- who asks, and what the shop says ---------------------------------------------------------------------


@pytest.mark.parametrize("message", ["Forecast revenue for the next 4 weeks", "forecast metric=revenue"])
def test_a_role_that_may_not_see_the_column_is_told_so(talk: Callable[..., Talk], message: str):
    answer = talk(YEAR, role="blind").ask(message)
    assert answer.status == "declined" and "may not see" in answer.text
    assert not answer.tables


@pytest.mark.parametrize(("message", "says"), [
    ("forecast horizon=4weeks", "nothing to forecast"), ("forecast metric=orders", "has no time"),
    ("预测未来4周的订单数", "没有时间"),
])  # fmt: skip
def test_a_role_that_may_not_see_the_time_is_told_without_its_name(
    talk: Callable[..., Talk], message: str, says: str
):
    answer = talk(YEAR, role="timeless").ask(message)
    assert answer.status == "declined" and says in answer.text and "ordered" not in answer.text


def test_such_a_role_gets_what_it_may_see(talk: Callable[..., Talk]):
    assert talk(YEAR, role="blind").ask("Forecast units for the next 4 weeks").status == "answered"


def test_a_role_with_part_of_the_rows_gets_the_forecast_of_that_part(talk: Callable[..., Talk]):
    answer = talk(YEAR, role="local").ask("Forecast units for the next 4 weeks")
    assert figures(answer.text) == pytest.approx([3.5] * 4, abs=1) and "only the part" in answer.warnings[0]


def test_periods_that_are_hidden_are_not_taken_for_empty(talk: Callable[..., Talk]):
    orders = [order for order in YEAR if order[0].isocalendar().week % 9 or order[0].weekday() < 2]
    answer = talk(orders, role="partner").ask("Forecast units for the next 4 weeks")
    assert answer.status == "declined" and "They are not empty" in answer.text


def test_a_shop_that_binds_nothing_is_told_the_line_to_write(talk: Callable[..., Talk]):
    about = talk(YEAR, bindings="")
    answer = about.ask("Forecast revenue for the next 4 weeks")
    assert answer.status == "declined"
    assert "bindings: {order\\_date: sales.ordered\\_on}" in answer.text
    assert "order\\_date: sales" in about.ask("预测未来4周的销售额").text
    assert BOUND.startswith("bindings: {order_date: sales.ordered_on")


def test_a_shop_opened_by_init_is_forecast_in_both_languages(tmp_path: Path):
    about = Talk(opened_by_init(tmp_path, YEAR))
    try:
        bindings = about.workspace.shop.bindings
        assert bindings["order_date"] == "sales.ordered_on" and bindings["amount"] == "sales.amount"
        assert bindings["product"] == "sales.product" and bindings["country"] == "sales.country"
        for message in ("Forecast revenue by product for the next 4 weeks", "预测未来4周的销售额"):
            assert about.ask(message).status == "answered"
    finally:
        about.workspace.close()
