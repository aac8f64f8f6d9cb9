"""Follow-ups that a rule makes of the statement before; no model is asked for them."""

from __future__ import annotations

from typing import Any

import pytest

from bot.answer import Answer
from bot.assistant import Assistant
from bot.edits import edited
from bot.memory import Conversation
from jobs import JOBS
from llm.scripted import ScriptedEngine
from sql.ask import open_asker
from sql.semantics import Metric, Shop, View, ViewColumn
from sql.statement.parse import parse

BY = "SELECT country, revenue FROM sales WHERE DURING('May 2026') GROUP BY country"
SHARES = "SELECT country, SHARE(revenue) FROM sales WHERE DURING('May 2026') GROUP BY country"
BESIDE = "SELECT revenue, BEFORE(revenue) FROM sales WHERE DURING('May 2026')"
RANKED = "SELECT product, revenue FROM sales GROUP BY product ORDER BY revenue DESC LIMIT 5"
AVERAGED = "SELECT country, AVG(amount) FROM sales WHERE DURING('May 2026') GROUP BY country"
CASES = [
    ("as a percentage", BY, SHARES),
    ("show that in percent, please", BY, SHARES),
    ("换成百分比", BY, SHARES),
    ("and as a percentage", BESIDE, "SELECT GROWTH(revenue) FROM sales WHERE DURING('May 2026')"),
    (
        "as percentages of the total",
        RANKED,
        "SELECT product, SHARE(revenue) FROM sales GROUP BY product ORDER BY SHARE(revenue) DESC LIMIT 5",
    ),
    ("sort ascending", BY, f"{BY} ORDER BY revenue"),
    ("highest first", BY, f"{BY} ORDER BY revenue DESC"),
    ("sorry, i meant the median", AVERAGED, AVERAGED.replace("AVG", "MEDIAN")),
    (
        "no, the median please",
        "SELECT country, average_order_value FROM sales GROUP BY country",
        "SELECT country, MEDIAN(revenue PER order_id) FROM sales GROUP BY country",
    ),
    ("use the maximum instead", AVERAGED, AVERAGED.replace("AVG", "MAX")),
    ("不好意思，我是说中位数", AVERAGED, AVERAGED.replace("AVG", "MEDIAN")),
    ("从高到低排序", BY, f"{BY} ORDER BY revenue DESC"),
]  # fmt: skip
NONE = [
    ("the median", "SELECT country, COUNT(*) FROM sales GROUP BY country"),
    ("the average", AVERAGED),
    ("total", BY),
    ("as a percentage", "SELECT revenue FROM sales"),
    ("as a percentage", "SELECT MONTH, revenue FROM sales GROUP BY MONTH"),
    ("as a percentage", "SELECT country, AVG(amount) FROM sales GROUP BY country"),
    ("as a percentage", "SELECT country, average_rating FROM reviews GROUP BY country"),
    ("sort ascending", RANKED),
    ("sort ascending", "SELECT revenue FROM sales"),
    ("revenue as a percentage of profit", BY),
    ("what percentage is that", BY),
]


@pytest.mark.parametrize(("message", "before", "after"), CASES, ids=[f"{c[0]}, {c[1][:30]}" for c in CASES])
def test_a_rule_knows_what_the_message_makes_of_it(workspace, message: str, before: str, after: str) -> None:
    made = edited(message, parse(before), workspace.shop, workspace.catalog.dialect)
    assert str(made) == after


@pytest.mark.parametrize(("message", "before"), NONE)
def test_what_no_rule_knows_is_the_models(workspace, message: str, before: str) -> None:
    assert edited(message, parse(before), workspace.shop, workspace.catalog.dialect) is None


def test_in_a_conversation_no_model_is_asked_and_the_next_message_goes_on_from_it(
    workspace, vocabulary
) -> None:
    engine = ScriptedEngine([], adapters=["language"])
    asker = open_asker(workspace, engine, vocabulary, adapter="language")
    assistant = Assistant(workspace, asker, None, jobs=JOBS, vocabulary=vocabulary)
    talk = Conversation()

    def say(message: str) -> Answer:
        answer: Any = list(assistant.answer(message, talk))[-1].data
        assert isinstance(answer, Answer) and answer.status == "answered", answer.text
        return answer

    first = say("Revenue by country")
    shares = say("as a percentage")
    assert "SHARE(revenue)" in shares.statement and "%" in shares.text
    assert sum(float(str(row[1])) for row in shares.tables[0].rows) == pytest.approx(1)
    assert shares.confidence <= first.confidence
    values = [row[1] for row in say("sort ascending").tables[0].rows]
    assert values == sorted(values)
    assert not engine.calls


@pytest.mark.parametrize(
    ("average", "each"),
    [
        (
            "SUM(CASE WHEN state <> 'off' THEN paid END) * 1.0 / SUM(CASE WHEN state <> 'off' THEN 1 END)",
            "id",
        ),
        ("SUM(CASE WHEN state <> 'off' THEN paid END) * 1.0 / COUNT(*)", "id"),
        (
            "SUM(CASE WHEN state <> 'off' THEN paid END) "
            "/ COUNT(DISTINCT CASE WHEN state <> 'off' THEN ref END)",
            "ref",
        ),
        ("SUM(CASE WHEN state <> 'off' THEN paid END) / SUM(pieces)", ""),
        ("SUM(pieces) / COUNT(*)", ""),
    ],
)
def test_what_an_average_is_of_is_read_off_its_definition(average: str, each: str) -> None:
    names = {"id": "integer", "ref": "text", "state": "text", "paid": "number", "pieces": "integer"}
    columns = tuple(ViewColumn(name=name, type=kind) for name, kind in names.items())  # type: ignore[arg-type]
    takings = "SUM(CASE WHEN state <> 'off' THEN paid END)"
    shop = Shop(
        name="x",
        database="x",
        views=(View(name="orders", columns=columns, key=("id",)),),
        metrics=(
            Metric(name="takings", view="orders", sql=takings),
            Metric(name="basket", view="orders", sql=average),
        ),
    )
    made = edited("the median", parse("SELECT basket FROM orders"), shop, "duckdb")
    assert str(made) == (f"SELECT MEDIAN(takings PER {each}) FROM orders" if each else "None")
