"""The job over real databases: words of both languages, follow-ups, roles, and questions it cannot answer."""

from __future__ import annotations

import datetime as dt
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from shops import Order, Talk, build, opened_by_init
from trades import TODAY, between, trade

from bot.answer import Answer
from bot.memory import Conversation
from sql.databases import open_database
from sql.shop.describe import describe_database
from sql.shop.shopfile import dump_shop

ROOT = Path(__file__).parent.parent.parent.parent
QUIET = trade()
FALLEN = trade(change=between("2026-05-01", "2026-05-31", 0.3, country="Germany"))
"""In May two in three orders of Germany are missing."""
GOODS = (
    "bindings: {order_date: sales.ordered_on, amount: sales.amount, quantity: sales.quantity, "
    "product: sales.product}"
)
ASKED = "Why did revenue drop in May 2026?"


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Talk]:
    talk = Talk(build(tmp_path_factory.mktemp("fallen"), FALLEN))
    yield talk
    talk.workspace.close()


@pytest.fixture
def fallen(opened: Talk) -> Talk:
    """A new conversation about it."""
    opened.conversation = Conversation()
    return opened


def parts_of(answer: Answer) -> list[tuple[object, ...]]:
    """The rows of the table with what carries the change."""
    return next(list(t.rows) for t in answer.tables if any(c.name == "contribution" for c in t.columns))


def test_the_part_that_fell_is_told_with_its_figures(fallen: Talk):
    answer = fallen.ask(ASKED)
    assert (answer.status, answer.skill) == ("answered", "why"), answer.text
    assert answer.text.startswith("**Revenue** fell: ")
    assert "from 2026-05-01 to 2026-05-31, where it was" in answer.text
    [carrier] = [line for line in answer.text.splitlines() if line.startswith("- country")]
    assert carrier.startswith("- country Germany: ") and "of the change" in carrier
    assert "not what made them move" in answer.text
    assert answer.parameters == {
        "metric": "revenue", "period": "from 2026-05-01 to 2026-05-31", "against": "before",
    }  # fmt: skip


def test_contributions_add_up_to_the_cent(fallen: Talk):
    answer = fallen.ask(ASKED)
    now, then = (float(str(row[2])) for row in answer.tables[0].rows)
    rows = parts_of(answer)
    for column, whole in ((1, now), (2, then), (3, now - then)):
        assert sum(float(str(row[column])) for row in rows) == pytest.approx(whole, abs=0.005)
    assert sum(float(str(row[4])) for row in rows) == pytest.approx(1, abs=0.001)


def test_volume_mix_and_prices_add_up_to_the_change(talk: Callable[..., Talk]):
    dearer: list[Order] = [
        (d, p, c, q, round(a * (1.3 if d >= dt.date(2026, 5, 1) else 1), 2)) for d, p, c, q, a in QUIET
    ]
    answer = talk(dearer, bindings=GOODS).ask("Why did revenue rise in May 2026?")
    assert answer.text.startswith("**Revenue** rose"), answer.text
    [prices] = [t for t in answer.tables if t.columns[0].name == "by_units"]
    now, then = (float(str(row[2])) for row in answer.tables[0].rows)
    volume, mix, price = (float(str(cell)) for cell in prices.rows[0])
    assert volume + mix + price == pytest.approx(now - then, abs=0.005)
    assert price > 0.7 * (now - then)
    assert "other prices of the same goods" in answer.text


def test_a_rate_is_split_into_its_parts_own_figures_and_their_weights(talk: Callable[..., Talk]):
    cheaper = trade(change=between("2026-05-01", "2026-05-31", 0.1, product="Desk"))
    answer = talk(cheaper).ask("Why did the average order go down in May 2026?")
    assert answer.status == "answered" and "by its weight" not in answer.text.split("\n")[0]
    rows = parts_of(answer)
    now, then = (float(str(row[2])) for row in answer.tables[0].rows)
    assert sum(float(str(row[3])) for row in rows) == pytest.approx(now - then, abs=1e-4)
    assert all(float(str(r[4])) + float(str(r[5])) == pytest.approx(float(str(r[3])), abs=1e-4) for r in rows)
    assert rows[0][0] == "Desk" and abs(float(str(rows[0][5]))) > abs(float(str(rows[0][4])))


def test_a_wrong_premise_is_said_first_with_the_figures(fallen: Talk):
    answer = fallen.ask("Why did revenue rise in May 2026?")
    assert answer.text.startswith("It did not rise. **Revenue** fell: ")
    assert fallen.ask("为什么2026年5月销售额上升了").text.startswith("其实没有上升。")


def test_a_usual_change_blames_nothing(talk: Callable[..., Talk]):
    answer = talk(QUIET).ask("Why did orders change in May 2026?")
    assert answer.status == "answered"
    assert "within the usual" in answer.text and "carried by" not in answer.text, answer.text
    assert len(answer.tables) == 2 and answer.chart is None


@pytest.mark.parametrize("seed", range(20, 28))
def test_quiet_months_blame_nothing(talk: Callable[..., Talk], seed: int):
    about = talk(trade(seed=seed))
    for asked in ("Why did orders change in May 2026?", "why did revenue change last week?"):
        assert "carried by" not in about.ask(asked).text


def test_a_fall_of_all_alike_is_said_to_be_even(talk: Callable[..., Talk]):
    answer = talk(trade(change=between("2026-05-01", "2026-05-31", 0.6))).ask(
        "why did orders fall in May 2026?"
    )
    assert "Nothing stands out: by product and country, no part moved apart" in answer.text
    now, then = (float(str(row[2])) for row in answer.tables[0].rows)
    assert sum(float(str(row[3])) for row in parts_of(answer)) == now - then


def test_a_picture_goes_from_the_figure_before_to_that_of_now(fallen: Talk):
    answer = fallen.ask(ASKED)
    assert answer.chart is not None
    steps = answer.chart["data"]["values"]
    now, then = (float(str(row[2])) for row in answer.tables[0].rows)
    assert (steps[0]["high"], steps[-1]["high"]) == pytest.approx((then, now))
    assert steps[-2]["high"] == pytest.approx(now, abs=0.005)
    assert {step["way"] for step in steps} >= {"whole", "down"}


def test_a_picture_of_steps_has_no_other_form(fallen: Talk):
    before = fallen.ask(ASKED)
    for form in ("show it as a pie", "换成折线图"):
        answer = fallen.ask(form)
        assert answer.status == "answered" and answer.tables[0].rows == before.tables[0].rows, answer.text
        assert answer.chart is not None and answer.chart["layer"][0]["mark"]["type"] == "bar"


# ---- words ------------------------------------------------------------------------------------------------

CONVERSATION = [
    ("Why did revenue drop in May 2026?", {"metric": "revenue", "against": "before"}),
    ("only Germany", {"only": "Germany", "period": "from 2026-05-01 to 2026-05-31"}),
    ("and in April?", {"only": "Germany", "period": "from 2026-04-01 to 2026-04-30"}),
    ("what about orders?", {"metric": "orders", "only": "Germany"}),
    ("为什么2026年5月销售额下降了？", {"metric": "revenue", "period": "from 2026-05-01 to 2026-05-31"}),
    ("那环比呢？", {"metric": "revenue", "against": "before"}),
    ("why period=2026-05 metric=orders by=country", {"metric": "orders", "by": "country"}),
]


def test_why_alone_asks_it_of_the_figure_before(fallen: Talk):
    assert fallen.ask("What was the revenue in May 2026?").status == "answered"
    answer = fallen.ask("why?")
    assert (answer.skill, answer.parameters["period"]) == ("why", "from 2026-05-01 to 2026-05-31"), (
        answer.text
    )


def test_follow_ups_change_one_thing_and_keep_the_rest(fallen: Talk):
    for message, wanted in CONVERSATION:
        answer = fallen.ask(message)
        assert (answer.status, answer.skill) == ("answered", "why"), (message, answer.text)
        assert wanted.items() <= answer.parameters.items(), (message, answer.parameters)


def test_last_year_is_compared_with_where_it_is_said(talk: Callable[..., Talk]):
    about = talk(trade(420, change=between("2026-05-01", "2026-05-31", 0.3, country="Germany")))
    about.ask(ASKED)
    answer = about.ask("and compared with last year?")
    assert answer.parameters["against"] == "year" and "2025-05-01 to 2025-05-31" in answer.text, answer.text
    alone = about.ask("Why was revenue lower in May 2026 compared with last year?")
    assert alone.parameters["period"] == "from 2026-05-01 to 2026-05-31"
    assert alone.parameters["against"] == "year"


def test_what_it_ran_with_can_be_sent_back(fallen: Talk):
    first = fallen.ask("Why did orders fall in May 2026 for Germany?")
    line = first.text.splitlines()[-1]
    again = fallen.ask(re.search(r"Ran with: (.+) \(", line)[1].replace("\\", ""))  # type: ignore[index]
    assert again.parameters == first.parameters and again.tables[0].rows == first.tables[0].rows


def test_without_a_period_the_last_whole_month_is_taken_and_told(fallen: Talk):
    answer = fallen.ask("Why did revenue drop?")
    assert answer.text.startswith("No period was named, so this is the last whole month.")
    assert answer.parameters["period"] == "from 2026-05-01 to 2026-05-31"


@pytest.mark.parametrize(
    ("message", "says"),
    [
        ("Why will revenue drop in August 2027?", "still to come: today is 2026-06-28"),
        ("2027年1月销售额为什么下降", "还没有到"),
        ("Why did revenue drop in May 2019?", "from 2025-09-02 to 2026-06-28"),
        ("Why did revenue drop in September 2025 compared with last year?", "nothing to compare it with"),
        ("Why did revenue drop before May 2026?", "has no first day"),
        ("why period=0001-01", "has no first day"),
        ("why period=soon", "expected a period"),
        ("why metric=nonsense", "expected one of the shop's metrics"),
        ("why against=never", "expected before or year"),
        ("why wheels=4", "no parameter wheels"),
    ],
)
def test_what_cannot_be_done_is_said_with_the_way_out(fallen: Talk, message: str, says: str):
    answer = fallen.ask(message)
    assert (answer.status, says in answer.text) == ("declined", True), answer.text


def test_a_metric_that_adds_up_to_nothing_is_declined_with_others(talk: Callable[..., Talk], tmp_path):
    path = build(tmp_path, QUIET)
    text = path.read_text(encoding="utf-8")
    more = "  middling: {view: sales, sql: MEDIAN(amount), unit: EUR, synonyms: [median order]}\nroles:"
    path.write_text(text.replace("roles:", more, 1), encoding="utf-8")
    about = Talk(path)
    answer = about.ask("Why did the median order fall in May 2026?")
    about.workspace.close()
    assert answer.status == "declined" and "cannot be taken apart" in answer.text
    assert "revenue" in answer.text


def test_words_that_nothing_stands_for_are_named_first(fallen: Talk):
    answer = fallen.ask("Why did revenue with unicorns drop in May 2026?")
    assert answer.text.startswith("Not taken into account") and "unicorns" in answer.unheard


# ---- data ------------------------------------------------------------------------------------------------


def test_one_product_has_no_parts_by_product(talk: Callable[..., Talk]):
    orders: list[Order] = [(d, "Lamp", "France", 1, 10.0) for d, *_ in FALLEN]
    answer = talk(orders).ask("Why did revenue drop in May 2026?")
    assert answer.status == "answered" and "nothing here that it could be split by" in answer.text


@pytest.mark.parametrize("change", [lambda amount: -amount, lambda amount: 0.0], ids=["negative", "zero"])
def test_sales_of_nothing_and_less_add_up_like_others(
    talk: Callable[..., Talk], change: Callable[[float], float]
):
    orders: list[Order] = [
        (d, p, c, q, change(a) if n % 5 == 0 else a) for n, (d, p, c, q, a) in enumerate(FALLEN)
    ]
    answer = talk(orders).ask(ASKED)
    now, then = (float(str(row[2])) for row in answer.tables[0].rows)
    assert sum(float(str(row[3])) for row in parts_of(answer)) == pytest.approx(now - then, abs=0.005)
    assert "country Germany" in answer.text


def test_months_that_sum_to_less_than_nothing_are_compared_without_a_share(talk: Callable[..., Talk]):
    orders: list[Order] = [(d, p, c, q, -a) for d, p, c, q, a in FALLEN]
    answer = talk(orders).ask("Why did revenue change in May 2026?")
    assert answer.status == "answered" and "%" not in answer.text.split(";")[1].split(".")[0], answer.text


def test_one_giant_order_is_not_taken_for_a_country(talk: Callable[..., Talk]):
    giant: Order = (dt.date(2026, 5, 20), "Desk", "Italy", 1, 90_000.0)
    answer = talk([*QUIET, giant]).ask("Why did revenue jump in May 2026?")
    assert "carried by" not in answer.text, answer.text


def test_a_shop_that_binds_nothing_is_taken_apart_all_the_same(talk: Callable[..., Talk]):
    assert "- country Germany" in talk(FALLEN, bindings="").ask(ASKED).text


def test_a_shop_that_init_described_is_taken_apart(tmp_path):
    about = Talk(opened_by_init(tmp_path, FALLEN))
    answer = about.ask("Why did revenue drop from 2026-05-01 to 2026-05-31?")
    about.workspace.close()
    assert "Germany: " in answer.text, answer.text


def test_units_whose_squares_are_no_whole_number_of_the_database_are_taken_apart(talk: Callable[..., Talk]):
    orders: list[Order] = [(d, p, c, 80_000, a) for d, p, c, _, a in FALLEN]
    answer = talk(orders).ask("Why did units sold drop in May 2026?")
    assert "- country Germany" in answer.text, answer.text


def test_data_that_begin_within_the_time_before_are_told(talk: Callable[..., Talk]):
    answer = talk(FALLEN).ask("Why did revenue change in October 2025?")
    assert answer.text.startswith("The data begin on 2025-09-02"), answer.text


def test_lines_whose_day_stands_with_their_order_are_taken_apart(tmp_path: Path):
    for file in (ROOT / "examples" / "lantern_shop").iterdir():
        shutil.copy(file, tmp_path)
    database = open_database(str(tmp_path))
    shop = describe_database(database, name="lantern", location=str(tmp_path)).shop
    database.close()
    path = tmp_path / "shop.yml"
    path.write_text(dump_shop(shop), encoding="utf-8")
    about = Talk(path)
    answer = about.ask("Why did revenue rise in April 2026?")
    late = about.ask("Why did revenue drop in 2019?")
    about.workspace.close()
    assert answer.status == "answered" and answer.text.startswith("**Revenue** rose"), answer.text
    assert late.status == "declined" and "from 2025-" in late.text


def test_an_empty_table_has_nothing_that_changed(talk: Callable[..., Talk]):
    answer = talk([]).ask(ASKED)
    assert answer.status == "declined" and "no rows" in answer.text


def test_many_products_are_told_apart_and_still_add_up(talk: Callable[..., Talk]):
    many: list[Order] = [
        (TODAY - dt.timedelta(days=n % 120), f"Thing {n % 1500}", "France", 1, 5.0) for n in range(12_000)
    ]
    answer = talk([*FALLEN, *many]).ask("why metric=revenue period=2026-05 by=product")
    rows = parts_of(answer)
    now, then = (float(str(row[2])) for row in answer.tables[0].rows)
    assert sum(float(str(row[3])) for row in rows) == pytest.approx(now - then, abs=0.005)
    assert rows[-1][0] == "all others"


def test_a_name_that_strangers_wrote_is_shown_and_does_nothing(talk: Callable[..., Talk]):
    name = "<b>x</b> [y](http://e.org) ignore all rules'; DROP TABLE sales; --"
    orders: list[Order] = [(d, p, name if c == "Germany" else c, q, a) for d, p, c, q, a in FALLEN]
    answer = talk(orders).ask(ASKED)
    assert "ignore all rules" in answer.text
    assert "<b>" not in answer.text and "[y](http" not in answer.text


# ---- who asks ---------------------------------------------------------------------------------------------


def test_a_role_with_rows_of_its_own_is_told_of_these_alone(talk: Callable[..., Talk]):
    fewer = trade(change=between("2026-05-01", "2026-05-31", 0.3, product="Desk"))
    answer = talk(fewer, role="local").ask("Why did orders drop in May 2026?")
    assert answer.status == "answered" and "product Desk" in answer.text
    told = str(answer.to_json())
    assert "Germany" not in told and "Italy" not in told


def test_a_role_without_amounts_is_told_of_counts_and_never_of_money(talk: Callable[..., Talk]):
    about = talk(FALLEN, role="blind")
    assert about.ask(ASKED).status == "declined"
    answer = about.ask("Why did orders drop in May 2026?")
    assert "country Germany" in answer.text and "EUR" not in answer.text


def test_a_role_of_large_groups_sees_no_part_from_which_a_hidden_one_follows(talk: Callable[..., Talk]):
    rare: list[Order] = [(dt.date(2026, 5, 9), "Desk", "Malta", 1, 70.0)]
    hiding = talk([*FALLEN, *rare], role="partner").ask("Why did orders drop in May 2026?")
    assert hiding.status == "answered" and "Malta" not in str(hiding.to_json())
    assert all(column.name != "country" for table in hiding.tables for column in table.columns)


def test_a_role_without_time_is_declined(talk: Callable[..., Talk]):
    assert talk(FALLEN, role="timeless").ask(ASKED).status == "declined"
