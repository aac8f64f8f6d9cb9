"""The job over real databases: who leaves, groups, words of both languages, roles, data too poor for it."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
from buying_shop import TODAY, Bought, Talk, build, living_rows, random_rows

from bot.job import Request
from bot.memory import Conversation
from bot.parameters import Length, changed, read_settings
from bot.route import route
from bot.understand import understand
from jobs import JOBS
from jobs.churn import job as churn
from jobs.churn.returning import fit_returning
from jobs.churn.signals import SIGNALS, Signals
from jobs.churn.standing import Standing
from jobs.purchases import PurchaseReader
from sql.question.linking import link
from sql.shop.workspace import Workspace

SEVERAL = living_rows(leaving="Spain", customers=330, days=600)
"""Of Spain most have left half a year ago."""


@pytest.fixture(scope="module")
def living(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Talk]:
    """A conversation about a shop that several tests ask."""
    about = Talk(build(tmp_path_factory.mktemp("living"), SEVERAL))
    yield about
    about.workspace.close()


def test_customers_are_told_with_what_is_at_risk_why_and_how_well_it_was_told_before(living: Talk):
    answer = living.ask('churn horizon="3 months" top=20')
    assert (answer.skill, answer.status) == ("churn", "answered"), answer.text
    table = answer.tables[0]
    names = [column.name for column in table.columns]
    rows = [dict(zip(names, row, strict=True)) for row in table.rows]
    assert len(rows) == 20
    risks = [row["value_at_risk"] for row in rows]
    assert risks == sorted(risks, reverse=True)
    by_customer = {
        who: sorted(r.at for r in SEVERAL if r.customer == who) for who in (r["customer_id"] for r in rows)
    }
    for row in rows:
        days = by_customer[row["customer_id"]]
        assert (row["purchases"], row["last_purchase"]) == (len(days), days[-1])
        assert row["days_since"] == (TODAY - days[-1]).days
        assert 0 <= row["chance"] <= 1 and row["value_at_risk"] <= row["usual_value"]
    assert answer.unheard == () and "by" not in answer.parameters
    for part in ("AUC", "Brier", "BG/NBD", "of the lowest", "it advises nothing", "against its own rhythm"):
        assert part in answer.text
    tests = {row[0]: row[1:3] for row in answer.tables[2].rows}
    assert tests["ours"][0] > 0.7 and tests["ours"][1] <= tests["recency"][1] + 1
    assert sum(row[1] for row in answer.tables[3].rows) == answer.tables[2].rows[0][3]
    assert "person" not in answer.text.lower()


def test_a_leaving_country_falls_deepest(living: Talk):
    answer = living.ask("churn risk by country")
    assert answer.parameters["by"] == "country"
    table = answer.tables[0]
    names = [column.name for column in table.columns]
    assert table.rows[0][0] == "Spain"
    falls = [row[names.index("change")] for row in table.rows]
    assert falls == sorted(falls) and falls[0] < min(falls[1:]) - 0.1
    assert answer.text.index("- Spain") < answer.text.index("- Germany")
    assert answer.chart is not None and answer.chart["encoding"]["yOffset"] == {"field": "group"}


def test_the_likeliest_to_buy_come_first_when_that_is_asked(living: Talk):
    answer = living.ask("Who is likely to buy again in the next 6 weeks?")
    assert answer.parameters["rank"] == "buying" and answer.parameters["horizon"] == "6 weeks"
    chances = [row[1] for row in answer.tables[0].rows]
    assert chances == sorted(chances, reverse=True) and chances[0] > 0.7


SIX_WEEKS = Length(count=6, unit="week")
CONVERSATIONS = [
    [
        ("Which customers are about to leave?", {"rank": "leaving"}),
        ("top 5", {"rank": "leaving", "top": 5}),
        ("next 6 weeks instead", {"horizon": SIX_WEEKS, "top": 5}),
        ("for Germany only", {"only": {"country": ("Germany",)}, "horizon": SIX_WEEKS}),
    ],
    [
        ("谁会再次购买？", {"rank": "buying"}),
        ("未来两个月呢", {"rank": "buying", "horizon": Length(count=2, unit="month")}),
    ],
    [("按国家看流失风险", {"by": "country", "rank": "leaving"})],
    [("churn risk in Germany by product", {"by": "product", "only": {"country": ("Germany",)}})],
    [("Which customers are at risk?", {"rank": "leaving"})],
    [("Which customers will stop buying in the next 6 weeks?", {"rank": "leaving", "horizon": SIX_WEEKS})],
]


@pytest.mark.parametrize("talked", CONVERSATIONS, ids=lambda talked: talked[0][0])
def test_words_of_both_languages_and_follow_ups_set_what_it_runs_with(living: Talk, talked: list[Any]):
    tools, question = living.assistant.tools, None
    for message, wanted in talked:
        said = link(message, tools.vocabulary, TODAY)
        if question is None:
            understood = understand(message, None, tools.vocabulary, TODAY, JOBS)
            assert route(understood, tools).job.name == "churn"
        before = link(question, tools.vocabulary, TODAY) if question else None
        question = changed(before, said, churn.parameters) if before is not None else message
        assert question is not None
        values = read_settings(
            link(question, tools.vocabulary, TODAY), churn.parameters, tools.vocabulary, "en"
        ).values
        assert wanted.items() <= values.items() and ("by" in values) == ("by" in wanted), (message, values)


@pytest.mark.parametrize("engine", ["duckdb", "sqlite"])
def test_the_database_scores_as_the_model_does(tmp_path: Path, engine: str):
    about = Talk(build(tmp_path, living_rows(9), engine=engine))
    tools = about.assistant.tools
    request = Request(question="", language="en", links=link("", tools.vocabulary, TODAY))
    signals = Signals(reader=PurchaseReader(request, tools, {}), days=60, has_season=True)
    seen = [signals.snapshot(TODAY - dt.timedelta(days=60 * k), 400, 1_000) for k in range(5)]
    model = fit_returning(SIGNALS, seen[2:], seen[1], seen[0], 60)
    standing = Standing(signals=signals, model=model, shop=about.workspace.shop)
    whole, means = standing.whole()
    table, added, _ = standing.customers("leaving", 50, means)
    told = dict(zip(seen[0].customers, model.probabilities(seen[0]), strict=True))
    logits = dict(zip(seen[0].customers, model.logits(seen[0]), strict=True))
    mean = sum(told.values()) / len(told)
    assert whole.rows[0][:3] == (len(told), round(sum(told.values())), pytest.approx(mean, abs=1e-4))
    base = float(np.mean(list(logits.values())))
    for row, parts in zip(table.rows, added.rows, strict=True):
        assert row[1] == pytest.approx(told[row[0]], abs=6e-5)
        assert sum(parts[1:]) == pytest.approx(logits[row[0]] - base, abs=1e-3)
    about.workspace.close()


def test_nothing_of_the_tested_days_is_looked_at(tmp_path: Path):
    day = TODAY - dt.timedelta(days=90)
    rows = living_rows(9)
    found = []
    for name, kept in (("all", rows), ("before", [row for row in rows if row.at <= day])):
        (tmp_path / name).mkdir()
        about = Talk(build(tmp_path / name, kept))
        tools = about.assistant.tools
        request = Request(question="", language="en", links=link("", tools.vocabulary, TODAY))
        signals = Signals(reader=PurchaseReader(request, tools, {}), days=90, has_season=True)
        found.append(signals.snapshot(day, 400, 1_000))
        about.workspace.close()
    assert found[0].customers == found[1].customers
    assert np.array_equal(found[0].signals, found[1].signals)
    assert found[0].later.sum() > 0 and found[1].later.sum() == 0


def test_a_role_of_few_rows_learns_from_a_part_and_ranks_them_all(talk: Callable[..., Talk]):
    answer = talk(SEVERAL, role="narrow").ask("Which customers are about to leave?")
    assert answer.status == "answered"
    assert answer.tables[1].rows[0][0] == len({row.customer for row in SEVERAL})
    assert answer.tables[2].rows[0][3] <= 150


def test_a_role_without_amounts_counts_purchases(talk: Callable[..., Talk]):
    answer = talk(SEVERAL, role="penniless").ask("Which customers are about to leave?")
    assert answer.status == "answered" and "EUR" not in answer.text


def test_a_role_with_part_of_the_rows_gets_that_part(talk: Callable[..., Talk]):
    answer = talk(SEVERAL, role="german").ask('churn horizon="6 weeks"')
    german = {row.customer for row in SEVERAL if row.country == "Germany"}
    assert answer.status == "answered" and answer.tables[1].rows[0][0] == len(german)
    assert {row[0] for row in answer.tables[0].rows} <= german and "only the part" in answer.warnings[0]


def test_a_hundred_thousand_customers_are_aggregated_in_the_database(tmp_path: Path):
    path = build(tmp_path, [])
    with duckdb.connect(str(tmp_path / "shop.duckdb")) as connection:
        connection.execute(
            """INSERT INTO sales
            SELECT i, i % 100_000, TIMESTAMP '2026-06-30' - to_days(days), 'Lamp', 'Germany', 9
            FROM (SELECT i, CAST(hash(i) % 720 AS INTEGER) AS days FROM range(220_000) AS t(i))"""
        )
    about = Talk(path)
    answer = about.ask("Which customers are about to leave?")
    about.workspace.close()
    assert answer.status == "answered", answer.text
    assert answer.tables[1].rows[0][0] == 100_000 and len(answer.tables[0].rows) == 10
    assert answer.tables[2].rows[0][3] <= 1_000, "no more are read than the role may read rows"
    assert not any(table.is_truncated for table in answer.tables)


FEW = random_rows(1, orders=20)
LEAVING = "Which customers are about to leave?"


def _once(count: int) -> list[Bought]:
    return [Bought(n, n, TODAY - dt.timedelta(days=n % 700)) for n in range(1, count)]


@pytest.mark.parametrize(
    ("rows", "message", "says"),
    [
        ([], LEAVING, "has a customer"),
        ([Bought(1, 1, TODAY)], LEAVING, "Too few customers to learn from: 1"),
        ([Bought(n, None, TODAY) for n in range(300)], "谁会再次购买？", "没有任何购买带有顾客"),
        (_once(400), LEAVING, "None of the 399 customers bought on more than one day"),
        (random_rows(1, customers=200, orders=900, days=21), LEAVING, "too little history"),
        (random_rows(1, customers=200, orders=900, days=21), "哪些顾客可能流失？", "历史太短"),
        (random_rows(1, customers=200, orders=900, days=200), LEAVING, "Up to 49 days"),
        (
            [row._replace(at=TODAY + dt.timedelta(days=30)) for row in random_rows(1, customers=200)],
            LEAVING,
            "has a customer",
        ),
        (
            [row._replace(amount=-1.0) for row in random_rows(1, customers=200)],
            LEAVING,
            "has a customer",
        ),
        (FEW, 'churn horizon="3 days"', "at least 7 days"),
        (FEW, "churn horizon=soon", "expected 1 to 366"),
        (FEW, "churn top=0", "expected 1 to 200"),
        (FEW, "churn by=amount", "expected a column to group by"),
        (FEW, "churn rank=best", "expected leaving or buying"),
        (
            [row._replace(product=f"Thing {n % 9}") for n, row in enumerate(SEVERAL)],
            "Churn risk by product",
            "many have several of it",
        ),
    ],
    ids=[
        "empty", "one", "no customers", "once only", "three weeks", "three weeks, Chinese", "half a year",
        "to come", "returns only", "three days", "soon", "none", "by amount", "best", "by product",
    ],
)  # fmt: skip
def test_what_cannot_be_told_is_said_with_the_way_out(
    talk: Callable[..., Talk], rows: list[Bought], message: str, says: str
):
    answer = talk(rows).ask(message)
    assert (answer.status, says in answer.text) == ("declined", True), answer.text


def test_a_shorter_time_is_offered_where_the_past_is_short_and_can_be_chosen(talk: Callable[..., Talk]):
    about = talk(random_rows(1, customers=200, orders=900, days=200))
    answer = about.ask("Which customers are about to leave?")
    assert answer.options == ("Who is likely to buy again in the next 7 weeks?",)
    assert about.ask(answer.options[0]).status == "answered"


def test_rows_without_a_customer_and_returns_do_not_count_as_purchases(talk: Callable[..., Talk]):
    few = living_rows(2, customers=150, days=480)
    odd = [Bought(90_000 + n, None, TODAY - dt.timedelta(days=n)) for n in range(300)]
    odd += [row._replace(amount=-abs(row.amount), order=80_000 + n) for n, row in enumerate(few[::3])]
    odd += [Bought(70_000, 1, dt.date(2099, 1, 1))]
    plain, mixed = (
        talk(rows, engine=engine).ask("churn") for rows, engine in ((few, "duckdb"), ([*few, *odd], "sqlite"))
    )
    names = [column.name for column in plain.tables[1].columns]
    assert plain.tables[1].rows[0][0] == mixed.tables[1].rows[0][0]
    at = names.index("usual_value")
    assert mixed.tables[1].rows[0][at] < plain.tables[1].rows[0][at]


def test_a_group_that_was_told_wrongly_is_named(talk: Callable[..., Talk]):
    rows = living_rows(5, customers=900, leaving="Spain", share=1.0)
    late = TODAY - dt.timedelta(days=90)
    rows = [row for row in rows if row.country != "Spain" or row.at <= late]
    answer = talk(rows).ask('churn horizon="12 weeks"')
    assert answer.status == "answered"
    assert "Spain" in {row[0] for row in answer.tables[4].rows}
    assert "Spain (" in answer.text.split("clearly off on that day")[1]


@pytest.mark.parametrize(
    "message",
    ["How many customers churned last month?", "customers by country", "orders that will be shipped"],
)
def test_what_asks_for_figures_is_not_taken_for_it(living: Talk, message: str):
    living.conversation = Conversation()
    assert living.ask(message).skill != "churn"


@pytest.mark.slow
def test_the_segment_that_the_demonstration_shop_loses_falls_deepest(
    demo_folder: Path, demo_workspace: Workspace
):
    truths = json.loads((demo_folder / "truths.json").read_text(encoding="utf-8"))["truths"]
    [planted] = [truth for truth in truths if truth["kind"] == "churn"]
    answer = Talk(demo_workspace).ask("Churn risk by segment")
    names = [column.name for column in answer.tables[0].columns]
    first = dict(zip(names, answer.tables[0].rows[0], strict=True))
    assert first["segment"] == planted["segment"]
    assert first["share_before"] - first["share"] > 0.2, "most of them have left"
    assert planted["segment"] in {row[0] for row in answer.tables[4].rows}, (
        "nobody could know half a year before"
    )
