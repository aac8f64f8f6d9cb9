"""Rules in words: how they are read in both languages, what is asked back, when they hold, and for whom."""

# ruff: noqa: E501

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "forecast"))
sys.path.insert(0, str(Path(__file__).parent.parent / "unusual"))

from shops import Order, Talk, build
from trades import TODAY, between, trade

from bot.errors import AskBack, Declined
from jobs.notify.rule import Rule
from jobs.notify.rule_checking import Seen, alarms
from jobs.notify.rule_reading import asks_for_rule, read_rule

RETURNS = """
  returns:
    time: returned_on
    key: [return_id]
    columns:
      return_id: {type: integer}
      returned_on: {type: date}
      product: {type: text, sampled: true}
      quantity: {type: integer}
  stock:
    key: [product]
    columns:
      product: {type: text, sampled: true}
      on_hand: {type: integer}
metrics:
  returned_units: {view: returns, sql: SUM(quantity), synonyms: [退货件数]}
  return_rate: {sql: returned_units / units_sold, unit: '%', synonyms: [退货率]}
  units_in_stock: {view: stock, sql: SUM(on_hand), synonyms: [stock, 库存]}
"""


def build_shop(folder: Path, orders: list[Order], returns: list[tuple[dt.date, str, int]]) -> Path:
    """The shop of the forecasts, with returns and stock."""
    import duckdb

    path = build(folder, orders, today=TODAY.isoformat())
    text = path.read_text(encoding="utf-8").replace("metrics:\n", RETURNS.lstrip("\n"), 1)
    text = text.replace(
        "  partner: {minimum_group: 3}", "  partner: {minimum_group: 3}\n  seller: {views: [sales]}"
    )
    path.write_text(text, encoding="utf-8")
    with duckdb.connect(str(folder / "shop.duckdb")) as opened:
        opened.execute(
            "CREATE TABLE returns (return_id INTEGER, returned_on DATE, product VARCHAR, quantity INTEGER)"
        )
        for number, each in enumerate(returns, 1):
            opened.execute("INSERT INTO returns VALUES (?, ?, ?, ?)", [number, *each])
        opened.execute(
            "CREATE TABLE stock AS SELECT * FROM (VALUES ('Lamp', 12), ('Chair', 80)) t(product, on_hand)"
        )
    return path


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """In one week of May lamps come back fourteen times; chairs come back once, and then twice."""
    bad = between("2026-06-16", "2026-06-16", 0.05)
    orders = trade(160, change=bad)
    monday = dt.date(2026, 5, 11)
    returns = [(monday + dt.timedelta(days=back * -7), "Lamp", 2) for back in range(8)]
    returns += [(monday + dt.timedelta(days=3), "Lamp", 12)]
    returns += [(monday - dt.timedelta(days=7), "Chair", 1), (monday, "Chair", 2)]
    return build_shop(tmp_path_factory.mktemp("rules"), orders, returns)


@pytest.fixture(scope="module")
def about(shop: Path) -> Iterator[Talk]:
    talk = Talk(shop)
    yield talk
    talk.workspace.close()


@pytest.fixture(scope="module")
def read(about: Talk) -> Callable[..., Rule]:
    tools = about.assistant.tools
    dialect = about.workspace.catalog.dialect
    return lambda text, **how: read_rule(text, tools.vocabulary, dialect, TODAY, "owner", **how)


# ---- reading ----------------------------------------------------------------------------------------------

READ: list[tuple[str, dict[str, Any]]] = [
    ("tell me when the return rate of any product doubles",
     {"metric": "return_rate", "kind": "change", "side": "above", "amount": 2.0, "by": "product", "per": "week", "least": 10}),
    ("warn me if stock of Lamp falls below 20",
     {"metric": "units_in_stock", "kind": "level", "side": "below", "amount": 20.0, "only": {"product": ("Lamp",)}, "per": "now", "least": 0}),
    ("alert when revenue of a day is under 1,000",
     {"metric": "revenue", "kind": "level", "side": "below", "amount": 1000.0, "per": "day", "by": "", "least": 0}),
    ("退货率翻倍时告诉我", {"metric": "return_rate", "kind": "change", "amount": 2.0, "side": "above"}),
    ("当日销售额低于一千提醒我", {"metric": "revenue", "kind": "level", "amount": 1000.0, "side": "below", "per": "day"}),
    ("任何商品的库存低于20件时通知我", {"metric": "units_in_stock", "by": "product", "amount": 20.0, "per": "now"}),
    ("如果Germany的周销售额下降超过三成，提醒我",
     {"metric": "revenue", "side": "below", "amount": 0.7, "per": "week", "only": {"country": ("Germany",)}}),
    ("let me know when daily orders drop by 30 % against the same weekday",
     {"metric": "orders", "kind": "change", "side": "below", "amount": 0.7, "per": "day", "against": "weekday"}),
    ("notify us if orders of any country in a month rise by more than 50% over the previous month",
     {"metric": "orders", "by": "country", "amount": 1.5, "per": "month", "against": "before"}),
    ("Tell me if the return rate exceeds 5 %, with at least 30 returns",
     {"metric": "return_rate", "kind": "level", "side": "above", "amount": 0.05, "least": 30}),
    ("warn me when weekly revenue halves compared with last year", {"amount": 0.5, "against": "year", "per": "week"}),
]  # fmt: skip


@pytest.mark.parametrize(("text", "wanted"), READ, ids=[text for text, _ in READ])
def test_words_of_both_languages_become_a_typed_rule(
    read: Callable[..., Rule], text: str, wanted: dict[str, Any]
):
    assert asks_for_rule(text)
    rule = read(text)
    assert {name: getattr(rule, name) for name in wanted} == wanted


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("tell me when revenue is strange", "rule_no_condition"),
        ("tell me when it doubles", "rule_no_metric"),
        ("tell me when purple revenue is below 5", "rule_not_understood"),
        ("tell me when revenue in May is below 5", "rule_not_understood"),
        ("tell me when revenue or orders are below 5", "rule_not_understood"),
        ("tell me when revenue is below 5 or above 9", "rule_two_conditions"),
        ("tell me when the return rate is above 5", "rule_percent"),
        ("tell me when orders are above 5 %", "rule_no_percent"),
        ("tell me when orders rise by 5", "rule_by_percent"),
        ("tell me when revenue is below 900 dollars", "rule_currency"),
        ("tell me when stock doubles", "rule_no_time"),
        ("tell me when weekly orders double against the same weekday", "rule_no_weekday"),
        ("紫色的销售额低于五百提醒我", "rule_not_understood"),
    ],
)
def test_what_is_not_understood_is_asked_back_and_never_guessed(
    read: Callable[..., Rule], text: str, key: str
):
    with pytest.raises(AskBack) as asked:
        read(text)
    assert asked.value.key == key


@pytest.mark.parametrize(
    "text",
    [
        "Please tell me the revenue of last month",
        "告诉我上个月的销售额",
        "Did revenue double last month?",
        "Remind me what a return is",
        "Which products are below 5 in stock?",
    ],
)
def test_questions_are_no_rules(text: str):
    assert not asks_for_rule(text)


# ---- when it holds ----------------------------------------------------------------------------------------


def seen(figures: list[list[float]], counts: list[list[float]] | None = None, judged_from: int = 0) -> Seen:
    grid = np.array(figures, dtype=float)
    return Seen(
        names=tuple("abc"[: len(grid)]),
        starts=tuple(dt.date(2026, 1, 5) + dt.timedelta(days=7 * n) for n in range(grid.shape[1])),
        figures=grid,
        counts=np.array(counts if counts is not None else np.full(grid.shape, 99.0), dtype=float),
        source=None,  # type: ignore[arg-type]
        judged_from=judged_from,
    )


def rule(**how: Any) -> Rule:
    given = {"text": "", "metric": "m", "kind": "change", "side": "above", "amount": 2.0, "per": "week"}
    return Rule(**{**given, **how})


def test_one_to_two_is_no_alarm_and_ten_to_twenty_is():
    small = seen([[1, 2, 2], [10, 20, 20]], [[1, 2, 2], [10, 20, 20]])
    told, _ = alarms(rule(least=10), small)
    assert [(alarm.value, alarm.first.day, alarm.base) for alarm in told] == [("b", 12, 10.0)]
    told, _ = alarms(rule(least=0), small)
    assert [alarm.value for alarm in told] == ["a", "b"]


def test_a_run_is_told_once_and_goes_on_from_the_look_before():
    level = rule(kind="level", side="below", amount=5.0)
    told, now = alarms(level, seen([[9, 4, 3, 9, 2, 1]]))
    assert [alarm.figure for alarm in told] == [4.0, 2.0] and now == ("a",)
    told, now = alarms(level, seen([[1, 1, 9, 4]], judged_from=1), already=("a",))
    assert [alarm.figure for alarm in told] == [4.0] and now == ("a",)
    told, now = alarms(level, seen([[1, 1]], judged_from=1), already=("a",))
    assert told == [] and now == ("a",)


def test_unknown_figures_and_amounts_that_are_just_met_do_not_hold_for_a_level():
    nan = float("nan")
    assert alarms(rule(kind="level", side="below", amount=5.0), seen([[5, nan, 6]]))[0] == []
    assert alarms(rule(kind="level", side="above", amount=5.0), seen([[5, nan, 4]]))[0] == []
    assert alarms(rule(), seen([[nan, 7, nan, 9]]))[0] == []
    [met] = alarms(rule(side="below", amount=0.5), seen([[10, 5]]))[0]
    assert met.figure == 5.0 and alarms(rule(side="below", amount=0.5), seen([[0, 0]]))[0] == []


# ---- as an answer -----------------------------------------------------------------------------------------


def test_the_rule_is_shown_back_with_what_it_would_have_told(about: Talk):
    answer = about.ask("tell me when the return rate of any product doubles")
    assert (answer.skill, answer.status) == ("notify", "answered"), answer.text
    assert "any one product of a week is at least 2 times that of the week before" in answer.text
    assert "at least 10 (returned units)" in answer.text and "not kept yet" in answer.text
    assert [(row[0], row[1]) for row in answer.tables[0].rows] == [(dt.date(2026, 5, 11), "Lamp")]
    loose = about.ask("least=1")
    assert ("Chair" in {row[1] for row in loose.tables[0].rows}) and loose.parameters["least"] == "1"
    kept = about.ask("keep it")
    assert kept.skill == "notify" and "cannot be kept from here" in kept.text, "nothing keeps rules here"


def test_a_day_that_fell_is_found_in_the_past(about: Talk):
    answer = about.ask("Warn me when revenue of a day falls by 70 % against the same weekday")
    assert [row[0] for row in answer.tables[0].rows] == [dt.date(2026, 6, 16)]
    chinese = about.ask("当日销售额低于五百提醒我")
    assert [row[0] for row in chinese.tables[0].rows] == [dt.date(2026, 6, 16)] and "低于" in chinese.text
    stock = about.ask("warn me if stock of any product falls below 20")
    assert "It is so now for 1: Lamp" in stock.text and "cannot be said" in stock.text


@pytest.mark.parametrize(
    ("role", "text", "says"),
    [
        ("blind", "tell me when revenue of a day is under 1,000", ""),
        ("timeless", "tell me when orders of a day are under 5", ""),
        ("seller", "tell me when the return rate doubles", ""),
    ],
)
def test_a_role_has_no_rule_of_what_it_may_not_see(shop: Path, role: str, text: str, says: str):
    talk = Talk(shop, role)
    try:
        answer = talk.ask(text)
        assert answer.status in ("declined", "clarify") and answer.tables == (), answer.text
        assert "Lamp" not in answer.text
    finally:
        talk.workspace.close()


def test_a_role_of_groups_is_not_told_that_a_hidden_period_is_nothing(tmp_path: Path):
    orders = [(TODAY - dt.timedelta(days=back), "Lamp", "France", 1, 10.0) for back in range(60)
              for _ in range(1 if back == 30 else 5)]  # fmt: skip
    path = build_shop(tmp_path, orders, [])
    talk = Talk(path, "partner")
    try:
        answer = talk.ask("tell me when orders of a day are below 3")
        assert answer.status != "answered" or answer.tables[0].rows == ()
    finally:
        talk.workspace.close()


def test_names_of_strangers_are_only_names(tmp_path: Path):
    hostile = "<img src=x onerror=alert(1)> keep=yes [x](http://e.org)"
    orders = [(TODAY - dt.timedelta(days=back), hostile, "France", 1, 10.0) for back in range(1, 40)]
    talk = Talk(build_shop(tmp_path, orders, []))
    try:
        answer = talk.ask("tell me when orders of any product of a day are above 0")
        assert answer.status == "answered" and "<img" not in answer.text
        assert "[x](http:" not in answer.text and "\\[x\\](http\\:" in answer.text
        assert "not kept yet" in answer.text
    finally:
        talk.workspace.close()


def test_a_rule_of_a_figure_that_is_gone_says_so(about: Talk):
    from bot.job import Request
    from jobs.notify.rule_checking import look
    from sql.question.linking import Links

    request = Request(question="", language="en", links=Links(question="", mentions=()))
    with pytest.raises(Declined) as declined:
        look(rule(metric="no_such_metric"), request, about.assistant.tools)
    assert declined.value.key == "rule_gone"
