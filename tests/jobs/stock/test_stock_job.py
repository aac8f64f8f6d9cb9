"""The job over real databases: order points by hand, censored days, stock-outs, roles, poor data."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from buying_shop import Talk
from stocked_shop import BESIDE, BOUND, LEVEL, PAST, SUPPLY, Stocked, build, day

from bot.answer import Answer
from bot.job import Request, Tools
from bot.parameters import Settings
from jobs.stock_advice import job as stock
from sql.question.linking import Links, Vocabulary
from sql.shop.shopfile import load_shop
from sql.shop.workspace import Workspace, open_workspace

pytestmark = pytest.mark.long


def rows_of(answer: Answer, table: int = 0) -> list[dict[str, Any]]:
    assert answer.status == "answered", answer.text
    names = [column.name for column in answer.tables[table].columns]
    return [dict(zip(names, row, strict=True)) for row in answer.tables[table].rows]


STEADY = dict.fromkeys(range(70), 2)
"""Two a day for ten weeks, which are too few for a season."""
EVERY_WEEK = dict.fromkeys(range(0, 70, 7), 30)


@pytest.mark.parametrize("engine", ["duckdb", "sqlite"])
def test_an_order_point_is_the_quantile_of_demand_until_the_next_delivery(
    talk: Callable[..., Talk], engine: str
):
    shop = Stocked().product("Pan", sold=STEADY, on_hand=20, on_order=10, counts=EVERY_WEEK)
    answer = talk(shop, engine=engine).ask("What should I reorder?")
    [row] = rows_of(answer)
    # 21 days of 2 a day; variance 42 of chance and 42² / 140 of the pace's own doubt; 95 % of that are 54.8
    assert row == {
        "product": "Pan", "on_hand": 20, "on_order": 10, "lead_time": 14, "expected_demand": 42.0,
        "demand_low": pytest.approx(32.9, abs=0.05), "demand_high": pytest.approx(51.7, abs=0.05),
        "days_left": 10, "days_left_early": 8, "order_point": 55, "safety_stock": 13.0,
        "order_quantity": 55 + 14 - 30,
    }  # fmt: skip
    [whole] = rows_of(answer, 1)
    assert (whole["to_order"], whole["pieces_to_order"], whole["order_value"]) == (1, 39, 117.0)
    assert "Pan: order 39. 20 in stock, 10 on the way, order point 55" in answer.text
    assert "in 95 % of all cases" in answer.text and answer.unheard == ()


@pytest.mark.parametrize(
    ("message", "point", "quantity"),
    [
        ("stock service=80", 48, 48 + 14 - 30),
        ("stock lead_time='1 week'".replace("'", '"'), 38, 38 + 14 - 30),
        ("stock review='2 weeks'".replace("'", '"'), 71, 71 + 28 - 30),
        ("What should I reorder with a service level of 80 %?", 48, 32),
        ("What should I reorder with a lead time of one week?", 38, 22),
        ("哪些商品要补货，服务水平80%？", 48, 32),
    ],
)
def test_service_lead_time_and_review_move_the_order_point(
    talk: Callable[..., Talk], message: str, point: int, quantity: int
):
    shop = Stocked().product("Pan", sold=STEADY, on_hand=20, on_order=10, counts=EVERY_WEEK)
    [row] = rows_of(talk(shop).ask(message))
    assert (row["order_point"], row["order_quantity"]) == (point, quantity)


@pytest.mark.parametrize("engine", ["duckdb", "sqlite"])
def test_days_without_stock_are_not_days_without_demand(talk: Callable[..., Talk], engine: str):
    sold = dict.fromkeys(range(35, 70), 4)
    counts = {age: 50 if age > 35 else 0 for age in range(0, 70, 7)}
    answer = talk(Stocked().product("Pan", sold=sold, counts=counts), engine=engine).ask(
        "What should I reorder?"
    )
    [row] = rows_of(answer)
    assert row["expected_demand"] == pytest.approx(4 * 21)
    assert "1 products were out of stock on 35 days of the last 26 weeks" in answer.text


def test_without_past_levels_it_says_that_demand_may_be_too_low(talk: Callable[..., Talk]):
    sold = dict.fromkeys(range(35, 70), 4)
    about = talk(Stocked().product("Pan", sold=sold), bindings=f"bindings: {{{LEVEL}, {BESIDE}}}")
    answer = about.ask("What should I reorder?")
    [row] = rows_of(answer)
    assert row["expected_demand"] == pytest.approx(2 * 21)
    assert "count as days without demand" in answer.text


def test_a_sale_after_an_empty_count_ends_the_stock_out(talk: Callable[..., Talk]):
    sold = {age: 1 for age in range(70) if not 10 <= age <= 16}
    counts = {age: 0 if age == 14 else 9 for age in range(0, 70, 7)}
    answer = talk(Stocked().product("Pan", sold=sold, counts=counts, on_hand=9)).ask("stock what=lost")
    [row] = rows_of(answer)
    assert row["days_out"] == 7 and row["pieces_lost"] == pytest.approx(7.0)
    assert row["lost_low"] < 7 < row["lost_high"] and row["value_lost"] == pytest.approx(70.0)


def test_backorders_are_sales_and_no_stock_out(talk: Callable[..., Talk]):
    counts = dict.fromkeys(range(0, 70, 7), -3)
    answer = talk(Stocked().product("Pan", sold=STEADY, on_hand=-5, counts=counts)).ask("stock")
    [row] = rows_of(answer)
    assert (row["expected_demand"], row["order_quantity"]) == (42.0, 55 + 14 + 5)
    assert row["days_left"] == 0 and "1 have a stock below zero" in answer.text


def test_what_never_sold_is_dead_and_what_is_new_is_unknown(talk: Callable[..., Talk]):
    empty = {age: 0 if 7 <= age < 119 else 9 for age in range(0, 140, 7)}
    shop = (
        Stocked()
        .product("Dust", on_hand=40, cost=2.5, counts=dict.fromkeys(range(0, 140, 7), 40))
        .product("Old", sold={100: 3}, on_hand=4, cost=1.0, counts=dict.fromkeys(range(0, 140, 7), 4))
        .product("Fresh", sold={2: 1}, on_hand=9, counts={0: 9})
        .product("Back", sold={120: 5}, on_hand=9, counts=empty)
        .product("Pan", sold=STEADY, on_hand=500, counts=EVERY_WEEK)
    )  # fmt: skip
    about = talk(shop)
    answer = about.ask("dead stock")
    assert [(r["product"], r["on_hand"], r["last_sold"], r["value"]) for r in rows_of(answer)] == [
        ("Dust", 40, None, 100.0),
        ("Old", 4, day(100), 4.0),
    ]
    assert "never sold as far as the data go back" in answer.text and "100 days ago" in answer.text
    assert [
        r["product"] for r in rows_of(about.ask("Which products have not sold for 105 days? dead stock"))
    ] == ["Dust"]
    told = rows_of(about.ask("How many days of stock are left for Fresh?"))
    assert told == [
        {"product": "Fresh", "on_hand": 9, "on_order": 0, "daily_demand": None, "days_left": None,
         "days_left_early": None, "chance": None}
    ]  # fmt: skip
    assert "too few days to say what it sells" in about.ask("stock only=Fresh").text
    ordered = [r["product"] for r in rows_of(about.ask("What should I reorder?"))]
    assert ordered == ["Back"], "it sold as soon as it was in stock"


def test_what_runs_out_in_time_comes_by_day_with_its_chance(talk: Callable[..., Talk]):
    shop = Stocked()
    for name, on_hand in (("Soon", 20), ("Perhaps", 33), ("Later", 60), ("Gone", 0)):
        shop.product(name, sold=STEADY, on_hand=on_hand, counts=EVERY_WEEK)
    about = talk(shop)
    answer = about.ask("Which products will run out in the next two weeks?")
    rows = rows_of(answer)
    assert answer.parameters["within"] == "2 weeks"
    assert [row["product"] for row in rows] == ["Soon", "Perhaps"]
    assert rows[0]["chance"] > 0.85 and 0.1 < rows[1]["chance"] < 0.5
    assert rows[0]["days_left"] == 10 and "1 are out of stock today" in answer.text
    assert about.ask("哪些商品快卖完了？").skill == "stock"
    assert answer.chart is not None


def test_groups_add_their_products_up(talk: Callable[..., Talk]):
    shop = Stocked().product("Lamp", sold=STEADY, on_hand=900, category="Light", counts=EVERY_WEEK)
    for name in ("Pan", "Pot"):
        shop.product(name, sold=STEADY, on_hand=20, on_order=10, counts=EVERY_WEEK)
    about = talk(shop)
    rows = {row["category"]: row for row in rows_of(about.ask("What should I reorder by category?"))}
    assert (rows["Kitchen"]["to_order"], rows["Kitchen"]["pieces_to_order"]) == (2, 78)
    assert rows["Light"]["to_order"] == 0
    for message in (
        "dead stock by category",
        "stock what=days_left by=category",
        "stock what=lost by=category",
    ):
        assert about.ask(message).status == "answered", message


@pytest.mark.parametrize(
    ("bindings", "deliveries", "point", "says"),
    [
        (f"{LEVEL}, {PAST}", (), 55, "14 days are taken"),
        (f"{LEVEL}, {PAST}, {SUPPLY}", [(60, 53), (40, 33), (20, 13)], 38, "took 7 days on average"),
        (f"{LEVEL}, {PAST}, {SUPPLY}", [(60, 57), (40, 33), (20, 9)], 46, "how it varied"),
    ],
    ids=["unknown", "own past", "unsteady"],
)  # fmt: skip
def test_lead_times_are_those_of_deliveries_and_else_told_to_be_taken(
    talk: Callable[..., Talk], bindings: str, deliveries: list[tuple[int, int]], point: int, says: str
):
    shop = Stocked().product("Pan", sold=STEADY, on_hand=9, counts=EVERY_WEEK, deliveries=deliveries)
    answer = talk(shop, bindings=f"bindings: {{{bindings}}}").ask("What should I reorder?")
    assert rows_of(answer)[0]["order_point"] == point and says in answer.text


MAY = "from 2026-05-01 to 2026-05-31"
QUESTIONS = [
    ("What should I reorder?", {"what": "reorder", "service": "95", "review": "1 week"}),
    ("only Pan", {"only": "Pan"}),
    ("哪些商品要补货？", {"what": "reorder"}),
    ("How much of the Pan do I need to order again?", {"what": "reorder", "only": "Pan"}),
    ("How many days of stock are left for Pan?", {"what": "days_left", "only": "Pan"}),
    ("Pan的库存还能撑多久？", {"what": "days_left", "only": "Pan"}),
    ("When will the Pan run out?", {"what": "days_left", "only": "Pan"}),
    ("Slow-moving products not sold for 60 days", {"what": "dead", "unsold": "60 days"}),
    ("滞销品有哪些？", {"what": "dead"}),
    ("60天没有卖出的滞销品", {"what": "dead", "unsold": "60 days"}),
    ("What did the stock-outs of last month cost?", {"what": "lost", "period": MAY}),
    ("上个月断货损失了多少？", {"what": "lost", "period": MAY}),
    ("How much did we lose to being out of stock?", {"what": "lost"}),
]  # fmt: skip


def test_words_of_both_languages_and_follow_ups_set_what_it_runs_with(talk: Callable[..., Talk]):
    sold = {age: 2 for age in range(70) if not 40 <= age <= 50}
    counts = {age: 0 if age == 42 else 9 for age in range(0, 70, 7)}
    about = talk(Stocked().product("Pan", sold=sold, on_hand=12, counts=counts))
    for message, wanted in QUESTIONS:
        answer = about.ask(message)
        assert (answer.skill, answer.status) == ("stock", "answered"), (message, answer.text)
        assert wanted.items() <= answer.parameters.items(), (message, answer.parameters)
        assert answer.unheard == (), (message, answer.unheard)


def test_figures_of_the_data_stay_figures(talk: Callable[..., Talk]):
    about = talk(Stocked().product("Pan", sold=STEADY, on_hand=12))
    for message in (
        "Which products are below their reorder point?",
        "低于补货点的商品有哪些？",
        "Which products are out of stock?",
        "How many products have dropped below the level where we should reorder?",
        "How many units are in stock?",
    ):
        assert about.ask(message).skill != "stock", message


EVIL = "'; DROP TABLE stock; -- <script>alert(1)</script> [x](http://e.org)"


def test_a_name_that_a_stranger_chose_is_only_a_name(talk: Callable[..., Talk]):
    shop = Stocked()
    for name in (EVIL, "Pan", "datum.x"):
        shop.product(name, sold=dict.fromkeys(range(140), 2), on_hand=3, category=EVIL, counts=EVERY_WEEK)
    about = talk(shop, bindings=BOUND.replace("amount:", "category: sales.category, amount:"))
    for message in ("What should I reorder?", "dead stock", "stock what=days_left", "stock by=category"):
        answer = about.ask(message)
        assert answer.status == "answered" and "<script>" not in answer.text, answer.text
        assert "](http:" not in answer.text


@pytest.mark.parametrize(
    ("role", "message", "says"),
    [
        ("partner", "What should I reorder?", "groups only"),
        ("blind", "What should I reorder?", "may not see"),
        ("local", "What should I reorder?", "only a part of what is sold"),
        ("owner", "stock service=30", "expected 50 to 99"),
        ("owner", "stock what=everything", "expected reorder or days_left"),
        ("owner", "stock lead_time=soon", "such as 6 weeks"),
        ("owner", "stock only=Unicorn", "expected values of the shop"),
        ("owner", "What should I reorder for Germany?", "do not lead to each other"),
        ("owner", "stock what=lost period=2027-01", "after the shop's day"),
        ("owner", "stock by=country", "do not lead to each other"),
    ],
)
def test_what_may_not_or_cannot_be_told_is_declined_with_the_way_out(
    talk: Callable[..., Talk], role: str, message: str, says: str
):
    shop = Stocked().product("Pan", sold=STEADY, on_hand=12, counts=EVERY_WEEK)
    answer = talk(shop, role=role).ask(message)
    assert (answer.status, says in answer.text.replace("\\", "")) == ("declined", True), answer.text
    assert "12" not in answer.text


def test_a_role_without_costs_gets_no_value_and_one_of_a_part_is_told_so(talk: Callable[..., Talk]):
    shop = Stocked().product("Pan", sold=STEADY, on_hand=12, counts=EVERY_WEEK)
    shop.product("Lamp", sold=STEADY, on_hand=12, category="Light", counts=EVERY_WEEK)
    answer = talk(shop, role="costless").ask("What should I reorder?")
    assert "at cost" not in answer.text and "order_value" not in rows_of(answer, 1)[0]
    told = talk(shop, role="kitchen").ask("What should I reorder?")
    assert [row["product"] for row in rows_of(told)] == ["Pan"] and "a part of the stock" in told.text


@pytest.mark.parametrize(
    ("bindings", "message", "says"),
    [
        ("", "What should I reorder?", "bindings: {on_hand: stock.on_hand, product: sales.product"),
        ("", "库存还能撑多久？", "on_hand: stock.on_hand"),
        (f"bindings: {{{LEVEL}}}", "What did last month's stock-outs cost?", "stock_date: counts.counted_on"),
    ],
)  # fmt: skip
def test_a_shop_that_binds_too_little_gets_the_line_to_write(
    talk: Callable[..., Talk], bindings: str, message: str, says: str
):
    about = talk(Stocked().product("Pan", sold=STEADY, on_hand=12), bindings=bindings)
    answer = about.ask(message)
    assert (answer.status, says in answer.text.replace("\\", "")) == ("declined", True), answer.text


def test_an_empty_shop_says_that_there_is_nothing(talk: Callable[..., Talk]):
    answer = talk(Stocked()).ask("What should I reorder?")
    assert answer.status == "declined" and "No product with a stock" in answer.text


def test_forty_thousand_products_are_worked_out_in_the_database(tmp_path: Path):
    draw, count = np.random.default_rng(3), 40_000
    shop = Stocked()
    names = [f"P{number:05}" for number in range(count)]
    levels = draw.integers(0, 30, count).tolist()
    shop.stock = [(n, "Kitchen", level, 0, 14, 2.0) for n, level in zip(names, levels, strict=True)]
    who, ages = draw.integers(0, count, 200_000).tolist(), draw.integers(0, 180, 200_000).tolist()
    dates = {age: day(age) for age in range(180)}
    shop.sales = [
        (dates[age], names[one], "Kitchen", "Germany", 1, 10.0) for one, age in zip(who, ages, strict=True)
    ]
    path = build(tmp_path, shop, bindings=f"bindings: {{{LEVEL}, {BESIDE}}}")
    workspace = open_workspace(load_shop(path))
    nothing = Vocabulary(views=workspace.guard.views, metrics=())
    tools = Tools(workspace=workspace, asker=None, retriever=None, vocabulary=nothing, jobs=())
    try:
        for what in ("reorder", "dead", "days_left"):
            settings = Settings(values={"what": what})
            links = Links(question="stock", mentions=())
            told = stock.run(Request(question="stock", language="en", links=links, settings=settings), tools)
            whole = dict(zip([c.name for c in told.tables[1].columns], told.tables[1].rows[0], strict=True))
            assert whole["products"] == count and len(told.tables[0].rows) == 10
            if what == "reorder":
                assert whole["out_now"] == levels.count(0) and 0 < whole["to_order"] < count
    finally:
        workspace.close()


def test_a_season_is_that_of_the_category(talk: Callable[..., Talk]):
    """Two years in which June doubles what is sold; today is the first of June's days."""
    today = dt.date(2026, 6, 1)
    shop = Stocked()
    for name in ("Pan", "Pot", "Lid"):
        sold = {}
        for back in range(760):
            at = today - dt.timedelta(days=back)
            sold[back + (day(0) - today).days] = 8 if at.month == 6 else 4
        shop.product(name, sold=sold, on_hand=10)
    about = talk(
        shop,
        bindings=f"bindings: {{{LEVEL}, {BESIDE}, category: sales.category}}",
        today=today.isoformat(),
    )
    answer = about.ask("What should I reorder?")
    flat = 4 * 21
    assert all(row["expected_demand"] > 1.2 * flat for row in rows_of(answer)), answer.tables[0].rows
    assert "follows its category's forecast" in answer.text


@pytest.mark.slow
def test_the_stock_outs_that_are_planted_are_found_with_what_they_lost(
    demo_folder: Path, demo_workspace: Workspace
):
    truths = json.loads((demo_folder / "truths.json").read_text(encoding="utf-8"))["truths"]
    planted = [truth for truth in truths if truth["kind"] == "stock_out"]
    about = Talk(demo_workspace)
    held = []
    for truth in planted[::3]:  # each is asked for by itself, which takes seconds
        first, last = truth["first_day"], truth["last_day"]
        answer = about.ask(f'stock what=lost only="{truth["product"]}" period="from {first} to {last}"')
        [row] = rows_of(answer)
        days = (dt.date.fromisoformat(last) - dt.date.fromisoformat(first)).days + 1
        assert abs(row["days_out"] - days) <= 1, truth
        held.append(row["lost_low"] <= truth["lost_units"] <= row["lost_high"])
    assert sum(held) >= 0.6 * len(held), held
    now = rows_of(about.ask("What should I reorder?"), 1)[0]["out_now"]
    assert now >= sum(truth["is_today"] for truth in planted) > 0
