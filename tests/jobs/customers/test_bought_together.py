"""Pairs against brute force, their ranking, and names that strangers chose."""

from __future__ import annotations

import datetime as dt
import itertools
import math
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import pytest
from buying_shop import TODAY, Bought, Talk, opened_by_init, random_rows

from telling.charts import to_png, to_svg


def baskets_of(rows: list[Bought], per: str = "order") -> dict[int, set[str]]:
    found: dict[int, set[str]] = defaultdict(set)
    for row in rows:
        key = row.order if per == "order" else row.customer
        if key is not None and row.amount >= 0:
            found[key].add(row.product)
    return found


def by_hand(
    baskets: dict[int, set[str]], least: int
) -> dict[tuple[str, str], tuple[int, float, float, float]]:
    """Pair → orders together, lift and the ends of its interval."""
    count = len(baskets)
    single: dict[str, int] = defaultdict(int)
    both: dict[tuple[str, str], int] = defaultdict(int)
    for products in baskets.values():
        for product in products:
            single[product] += 1
        for pair in itertools.combinations(sorted(products), 2):
            both[pair] += 1
    found = {}
    for (a, b), n in both.items():
        if n >= least:
            lift = n * count / (single[a] * single[b])
            spread = 1 / n - 1 / single[a] - 1 / single[b] - 1 / count + 2 * n / (single[a] * single[b])
            reach = math.exp(1.959964 * math.sqrt(max(spread, 0)))
            found[a, b] = (n, lift, lift / reach, lift * reach)
    return found


@pytest.mark.parametrize("engine", ["duckdb", "sqlite"])
@pytest.mark.parametrize("per", ["order", "customer"])
def test_pairs_are_those_of_brute_force(talk: Callable[..., Talk], engine: str, per: str):
    rows = random_rows(11, products=9)
    answer = talk(rows, engine=engine).ask(f"bought_together per={per} least=8 top=100")
    wanted = by_hand(baskets_of(rows, per), 8)
    table = answer.tables[0]
    assert {(r[0], r[1]) for r in table.rows} == set(wanted)
    for row in table.rows:
        n, lift, low, high = wanted[row[0], row[1]]
        assert row[2] == n and [row[6], row[7], row[8]] == pytest.approx([lift, low, high])
    lows = [row[7] for row in table.rows]
    assert lows == sorted(lows, reverse=True)


def test_a_pair_that_was_seen_a_few_times_does_not_come_before_a_sure_one(talk: Callable[..., Talk]):
    rows = [
        Bought(n, n, TODAY, product)
        for n in range(1, 201)
        for product in (("Tea", "Pot") if n <= 90 else ("Rug",))
    ]
    rows += [Bought(n, n, TODAY, product) for n in range(201, 204) for product in ("Orchid", "Bark")]
    rows += [Bought(n, n, TODAY, "Orchid") for n in range(204, 206)]
    table = talk(rows).ask("bought_together least=3").tables[0]
    assert [(row[0], row[1]) for row in table.rows] == [("Bark", "Orchid"), ("Pot", "Tea")] or table.rows[0][
        6
    ] < 40
    raw = {(row[0], row[1]): row[6] for row in table.rows}
    sure = {(row[0], row[1]): row[7] for row in table.rows}
    assert raw["Bark", "Orchid"] > 10 * raw["Pot", "Tea"]
    assert sure["Bark", "Orchid"] / raw["Bark", "Orchid"] < sure["Pot", "Tea"] / raw["Pot", "Tea"]


QUESTIONS = [
    ("Which products are bought together?", {"per": "order"}),
    ("bought together at least 9 times", {"least": "9"}),
    ("What is bought together with Thing 1?", {"of": "Thing 1"}),
    ("and with Thing 2?", {"of": "Thing 2"}),
    ("top 3", {"of": "Thing 2", "top": "3"}),
    ("Customers who bought Thing 1 also bought", {"per": "customer", "of": "Thing 1"}),
    ("哪些商品常一起买？", {"per": "order"}),
    ("与 Thing 3 一起购买的商品", {"of": "Thing 3"}),
    ("买了 Thing 3 的顾客还买了什么？", {"per": "customer", "of": "Thing 3"}),
]


def test_words_of_both_languages_and_follow_ups_set_what_it_runs_with(talk: Callable[..., Talk]):
    about = talk(random_rows(11))
    for message, wanted in QUESTIONS:
        answer = about.ask(message)
        assert (answer.skill, answer.status) == ("bought_together", "answered"), (message, answer.text)
        assert wanted.items() <= answer.parameters.items(), (message, answer.parameters)
        if "of" in wanted:
            assert {row[0] for row in answer.tables[0].rows} == {wanted["of"]}


def test_partners_of_a_product_in_one_country_are_those_of_its_orders(talk: Callable[..., Talk]):
    rows = random_rows(11)
    answer = talk(rows).ask("What is bought together with Thing 1 in Germany?")
    wanted = by_hand(baskets_of([row for row in rows if row.country == "Germany"]), 5)
    told = {tuple(sorted(row[:2])): row[2] for row in answer.tables[0].rows}
    assert told == {pair: n for pair, (n, *_) in wanted.items() if "Thing 1" in pair}
    assert "Germany" in answer.text.splitlines()[0]


EVIL = "'; DROP TABLE sales; -- <script>alert(1)</script> [x](http://e.org)"


def test_a_name_that_a_stranger_chose_is_only_a_name(talk: Callable[..., Talk]):
    rows = [Bought(n, n, TODAY, product) for n in range(1, 30) for product in (EVIL, "datum.x", "Tea")]
    about = talk(rows)
    answer = about.ask("Which products are bought together?")
    assert answer.status == "answered" and "<script>" not in answer.text and "](http:" not in answer.text
    assert answer.chart is not None
    assert to_svg(answer.chart, 600).startswith("<svg") and to_png(answer.chart, 300)[:4] == b"\x89PNG"
    assert about.ask("bought_together of=Tea").status == "answered"


@pytest.mark.parametrize(
    ("rows", "message", "says"),
    [
        ([], "Which products are bought together?", "at least 5 times"),
        ([Bought(1, 1, TODAY)], "哪些商品常一起买？", "达到 5 次"),
        ([Bought(n, n, TODAY) for n in range(40)], "Which products are bought together?", "per=customer"),
        (random_rows(1), "bought_together least=100000", "at least 100000 times"),
        (random_rows(1), "bought_together least=0", "expected 1 to"),
        (random_rows(1), "bought_together of=Unicorn", "expected values of the shop"),
        (
            random_rows(1),
            "What is bought together with Thing 1 at least 999 times?",
            "with Thing 1 at least 999",
        ),
        (
            [Bought(n, n, TODAY, p, amount=-1) for n in range(40) for p in ("Tea", "Pot")],
            "Which products are bought together?",
            "at least 5 times",
        ),
    ],
    ids=["empty", "one order", "one product", "too many", "none", "unknown", "of one", "returns"],
)
def test_where_nothing_is_it_says_so_with_the_way_out(
    talk: Callable[..., Talk], rows: list[Bought], message: str, says: str
):
    answer = talk(rows).ask(message)
    assert (answer.status, says in answer.text) == ("declined", True), answer.text


def test_a_shop_without_customers_is_asked_about_its_orders(talk: Callable[..., Talk]):
    bound = "bindings: {order: sales.order_id, product: sales.product}"
    about = talk(random_rows(11), bindings=bound)
    assert about.ask("Which products are bought together?").status == "answered"
    answer = about.ask("bought_together per=customer")
    assert answer.status == "declined" and "where its customers are" in answer.text


def test_lines_lead_to_their_order_and_its_date(tmp_path_factory: pytest.TempPathFactory):
    """Order and product of two views: read from the view with several rows for each of the other."""
    import duckdb

    folder = tmp_path_factory.mktemp("two-views")
    with duckdb.connect(str(folder / "shop.duckdb")) as connection:
        connection.execute(
            "CREATE TABLE orders AS SELECT i AS order_id, i % 7 AS customer_id, "
            "DATE '2026-01-01' + CAST(i AS INTEGER) AS placed_on, 10.0 AS total FROM range(60) AS t(i)"
        )
        connection.execute(
            "CREATE TABLE lines AS "
            "SELECT i AS order_id, UNNEST(['Tea', 'Pot']) AS product FROM range(60) AS t(i)"
        )
    (folder / "shop.yml").write_text(
        "name: Two\ndatabase: shop.duckdb\ntoday: 2026-06-30\nviews:\n"
        "  orders: {time: placed_on, key: [order_id], columns: {order_id: {type: integer},"
        " customer_id: {type: integer}, placed_on: {type: date}, total: {type: number}}}\n"
        "  lines: {refs: {order_id: orders}, columns: {order_id: {type: integer}, product: {type: text}}}\n"
        "metrics: {revenue: {view: orders, sql: SUM(total)}}\n"
        "bindings: {order: orders.order_id, product: lines.product, customer: orders.customer_id,"
        " order_date: orders.placed_on, amount: orders.total}\n",
        encoding="utf-8",
    )
    about = Talk(folder / "shop.yml")
    try:
        row = about.ask("Which products are bought together?").tables[0].rows[0]
        assert row[:3] == ("Pot", "Tea", 60) and row[6] == pytest.approx(1.0)
        assert about.ask("Time between orders").tables[1].rows[0][6] == 7
    finally:
        about.workspace.close()
    assert dt.date(2026, 6, 30) == TODAY


def test_a_shop_opened_by_init_binds_what_these_jobs_need(tmp_path: Path):
    about = Talk(opened_by_init(tmp_path, random_rows(11)))
    try:
        bindings = about.workspace.shop.bindings
        assert (bindings["order"], bindings["customer"]) == ("sales.order_id", "sales.customer_id")
        for message in ("Which products are bought together?", "哪些商品常一起买？"):
            assert about.ask(message).status == "answered"
        for message in ("Retention by cohort", "按首购月份的留存率", "Time between orders", "顾客的购买间隔"):
            assert about.ask(message).status == "answered"
    finally:
        about.workspace.close()
