"""Results taken apart: parts that add up to what each model's own job tells; words, roles, refusals."""

from __future__ import annotations

import datetime as dt
import math
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "customers"))
sys.path.insert(0, str(Path(__file__).parent.parent / "campaign"))
sys.path.insert(0, str(Path(__file__).parent.parent / "price"))

from buying_shop import TODAY, Talk, living_rows
from buying_shop import build as build_buying
from campaign_shop import Made, made_up
from campaign_shop import build as build_campaigns
from priced_shop import build as build_priced
from priced_shop import kitchen

from bot.answer import Answer
from bot.route import route
from bot.understand import understand
from jobs import JOBS
from jobs.asked_of_models import asks_why
from jobs.forecast.model import forecast, parts_ahead
from jobs.shapley import shapley


def rows_of(answer: Answer, table: int) -> list[dict[str, Any]]:
    names = [column.name for column in answer.tables[table].columns]
    return [dict(zip(names, row, strict=True)) for row in answer.tables[table].rows]


def check_adds_up(answer: Answer, within: float = 0.002) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    assert (answer.skill, answer.status) == ("explain", "answered"), answer.text
    [whole], parts = rows_of(answer, 0), rows_of(answer, 1)
    assert whole["start"] + sum(part["adds"] for part in parts) == pytest.approx(whole["end"], abs=within)
    assert answer.chart is not None
    bars = answer.chart["data"]["values"]
    assert len(bars) == len(parts) + 2 and bars[-1]["high"] == pytest.approx(whole["end"], abs=within)
    return whole, parts


# ---- Shapley values ---------------------------------------------------------------------------------------


def test_shapley_values_add_up_and_share_what_is_won_together():
    found = shapley(lambda some: np.array(2.0 * (0 in some) + 6.0 * ({1, 2} <= some)), 4)
    assert found.tolist() == pytest.approx([2.0, 3.0, 3.0, 0.0]), "worked by hand; the last adds nothing"
    numbers = np.array([0.6, 4.0, 50.0])
    product = shapley(
        lambda some: np.array(math.prod(numbers[at] if at in some else 1.0 for at in range(3))), 3
    )
    assert product.sum() == pytest.approx(0.6 * 4 * 50 - 1)
    with pytest.raises(ValueError, match="from 1 to 10, got 0"):
        shapley(lambda some: np.array(0.0), 0)


# ---- customers --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("living")
    return build_buying(folder, living_rows(leaving="Spain", customers=220, days=600))


@pytest.fixture(scope="module")
def living(shop: Path) -> Iterator[Talk]:
    about = Talk(shop)
    yield about
    about.workspace.close()


def test_a_customers_probability_is_the_one_that_churn_tells_and_its_log_odds_add_up(living: Talk):
    churn = living.ask("Which customers are about to leave?")
    told = rows_of(churn, 0)[0]
    reasons = rows_of(churn, 5)[0]
    answer = living.ask(f"why {told['customer_id']}?")
    whole, parts = check_adds_up(answer)
    assert whole["chance"] == pytest.approx(told["chance"], abs=2e-4)
    assert 1 / (1 + math.exp(-whole["end"])) == pytest.approx(whole["chance"], abs=2e-4)
    assert sorted(p["adds"] for p in parts) == pytest.approx(
        sorted(v for k, v in reasons.items() if k != "customer_id"), abs=2e-4
    )
    silence = next(p for p in parts if "last purchase" in p["reason"])
    assert silence["here"] == pytest.approx(told["days_since"], abs=0.01)
    assert all(p["odds_times"] == pytest.approx(math.exp(p["adds"]), rel=0.006) for p in parts)
    assert answer.parameters["of"] == "churn" and "no proof of a cause" in answer.text


def test_a_customers_value_is_the_one_on_the_card(living: Talk):
    who = rows_of(living.ask("who is likely to buy again?"), 0)[0]["customer_id"]
    whole, parts = check_adds_up(living.ask(f"Why is customer {who} worth that much next year?"), within=0.01)
    card = living.ask(f"Who is customer {who}?")
    expected = next(
        row[[c.name for c in table.columns].index("expected_value")]
        for table in card.tables
        for row in table.rows
        if "expected_value" in [c.name for c in table.columns]
    )
    assert whole["end"] == pytest.approx(expected, abs=0.01) and len(parts) == 3


def test_a_forecast_adds_up_to_the_one_that_is_told(living: Talk):
    told = living.ask("Forecast orders for the next 6 weeks")
    total = sum(row["orders"] for row in rows_of(told, 0))
    whole, _ = check_adds_up(living.ask("why?"), within=0.01)
    assert whole["end"] == pytest.approx(total, abs=0.5 * len(told.tables[0].rows))
    answer = living.ask("为什么订单数的预测会下降？")
    check_adds_up(answer, within=0.01)
    assert answer.language == "zh" and "预测" in answer.text


def test_every_method_of_a_forecast_is_the_sum_of_its_parts():
    draw = np.random.default_rng(3)
    time = np.arange(64)
    values = (40 + 10 * np.sin(2 * np.pi * time / 4) + draw.normal(0, 2, 64))[None, :]
    against = values[:, -6:].mean(axis=1)
    found = forecast(values, 6, (4,))
    for method in ("naive", "level+smoothed", "learned", found.method):
        parts = parts_ahead(values, 6, (4,), method, against)
        whole = against[:, None] + np.sum(list(parts.values()), axis=0)
        assert whole.shape == (1, 6) and (whole >= 0).all(), method
    assert whole == pytest.approx(found.middle, abs=1e-6), "the method that was chosen, which comes last"


def test_nobody_a_stranger_and_words_that_name_no_result_are_asked_back(living: Talk):
    assert living.ask("Why is this customer at risk?").status == "clarify"
    assert living.ask("17").parameters.get("customer") == "17", "a number alone answers which one"
    hostile = living.ask('explain of=churn customer="1 OR 1=1"')
    assert hostile.status in ("clarify", "declined") and hostile.tables == ()
    nobody = living.ask("Why is customer 999999 at risk?")
    assert nobody.status == "clarify" and "no customer 999999" in nobody.text
    assert living.ask("explain").skill != "explain" or living.ask("explain of=churn").status == "clarify"


@pytest.mark.parametrize(
    ("role", "question", "says"),
    [
        ("blind", "explain of=churn customer=5", "may not see"),
        ("blind", "explain of=recommend customer=5", "may not see"),
        ("partner", "explain of=churn customer=5", ""),
        ("penniless", "explain of=value customer=5", "sees no amounts"),
    ],
)
def test_a_role_that_may_not_see_it_gets_nothing(shop: Path, role: str, question: str, says: str):
    about = Talk(shop, role)
    try:
        answer = about.ask(question)
        assert answer.status == "declined" and answer.tables == () and says in answer.text
    finally:
        about.workspace.close()


# ---- offers and prices ------------------------------------------------------------------------------------


def test_a_recommendations_score_is_the_sum_of_what_was_bought(tmp_path: Path):
    from buying_shop import Bought, random_rows

    rows = random_rows(4, customers=40, orders=300, products=9)
    rows = [r for r in rows if r.customer is not None]
    rows += [Bought(9001, 500, TODAY - dt.timedelta(days=9), "Thing 1"), Bought(9001, 500, TODAY, "Thing 2")]
    about = Talk(build_buying(tmp_path, rows))
    try:
        first = about.ask("What should I recommend to customer 500?").tables[0].rows[0]
        answer = about.ask("why?")
        whole, parts = check_adds_up(answer)
        assert whole["product"] == first[0] and {p["reason"] for p in parts} == {"Thing 1", "Thing 2"}
        strongest = max(parts, key=lambda part: part["adds"])
        assert strongest["reason"] == first[1] and strongest["here"] == first[2]
        other = about.ask('explain of=recommend customer=500 product="Thing 1"')
        assert other.status == "declined" and "is not recommended" in other.text
    finally:
        about.workspace.close()


def test_the_money_of_a_price_is_the_new_price_and_the_units_lost_at_it(tmp_path: Path):
    about = Talk(build_priced(tmp_path, kitchen()))
    try:
        told = rows_of(about.ask("Can I raise the price of Pan A by 5 %?"), 0)[0]
        whole, parts = check_adds_up(about.ask("why?"), within=0.02)
        assert whole["end"] - whole["start"] == pytest.approx(told["money_change"], abs=0.02)
        assert parts[0]["adds"] > 0 > parts[1]["adds"] and whole["elasticity"] == told["elasticity"]
        assert about.ask("Why is the best price so?").status == "clarify", "which product"
    finally:
        about.workspace.close()


def test_the_uplift_of_a_customer_on_the_list_adds_up(tmp_path: Path):
    start = dt.date(2025, 8, 1)
    rounds = [
        Made(name=f"Round {n}", start=start + dt.timedelta(days=40 * n), lift=0.15, sent=1900, held=1900)
        for n in range(6)
    ]
    about = Talk(build_campaigns(tmp_path, made_up(rounds, customers=4000, lifted="rare")))
    try:
        listed = rows_of(about.ask("Who should get the next voucher?"), 0)[0]
        answer = about.ask(f"Why should customer {listed['customer_id']} get the voucher?")
        whole, parts = check_adds_up(answer)
        assert answer.parameters["of"] == "audience" and len(parts) == 3
        assert whole["end"] == pytest.approx(listed["uplift"], abs=2e-4) and whole["end"] > whole["start"]
    finally:
        about.workspace.close()


# ---- words ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "of"),
    [
        ("Why is customer 12 at risk?", "churn"),
        ("What makes customer 12 likely to leave?", "churn"),
        ("为什么顾客12可能流失？", "churn"),
        ("Explain the forecast of revenue for the next 8 weeks", "forecast"),
        ("Why does the forecast fall?", "forecast"),
        ("解释下个月销售额的预测", "forecast"),
        ("Why is this product recommended to customer 12?", "recommend"),
        ("为什么给顾客12推荐这个商品？", "recommend"),
        ("Why is customer 12 worth so much?", "value"),
        ("Explain the price sensitivity of the Lamp", "price"),
        ("Why did customer 12 get the voucher?", "audience"),
    ],
)
def test_words_of_both_languages_ask_for_the_explanation_of_one_model(living: Talk, question: str, of: str):
    tools = living.assistant.tools
    understood = understand(question, None, tools.vocabulary, TODAY, JOBS)
    chosen = route(understood, tools)
    assert chosen.job.name == "explain"
    assert next(p for p in chosen.job.parameters if p.name == "of").find(understood.links).text == of


@pytest.mark.parametrize(
    "question",
    [
        "Why did revenue drop last month?",
        "退货率为什么上升？",
        "What reasons do customers give for returns in reviews of the campaign?",
        "Forecast revenue for the next 8 weeks",
        "Which customers are at risk?",
        "How many customers are at risk and why?",
    ],
)
def test_other_questions_stay_with_their_jobs(question: str):
    assert not asks_why(question)
