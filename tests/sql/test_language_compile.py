"""What statements become: the pitfalls of other semantic layers, errors, roles, links."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bench.language import same
from bench.language_shop import TODAY, Tables, build_file, language_shop, rows
from sql.databases import open_database
from sql.errors import NotAllowed, TwoWays, WrongStatement
from sql.lock.guard import Guard
from sql.semantics import Metric, Role, Shop, View, ViewColumn
from sql.shop.workspace import Workspace, open_workspace
from sql.statement.compile import Compiled, compile_statement
from sql.statement.parse import parse
from sql.statement.spans import span_of
from sql.types import QueryLimits

SHOP = language_shop("nowhere")


def compiled(text: str, shop: Shop = SHOP, dialect: Any = "duckdb", role: Role | None = None) -> Compiled:
    return compile_statement(parse(text), shop, dialect, TODAY, role)


@pytest.fixture(scope="module")
def tables() -> Tables:
    return rows()


@pytest.fixture(scope="module", params=["duckdb", "sqlite"])
def workspace(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, tables: Tables
) -> Iterator[Workspace]:
    location = str(build_file(tmp_path_factory.mktemp("compile"), request.param, tables))
    opened = open_workspace(language_shop(location), database=open_database(location))
    yield opened
    opened.close()


def ask(workspace: Workspace, text: str, role: Role | None = None) -> list[tuple[Any, ...]]:
    opened = workspace
    if role is not None:
        guard = Guard(workspace.shop, workspace.catalog, role)
        opened = replace(workspace, role=role, guard=guard)
    made = compile_statement(parse(text), workspace.shop, workspace.catalog.dialect, TODAY, opened.role)
    return list(opened.run(made.sql).rows)


# ---- pitfalls seen in other semantic layers -------------------------------------------------------------


def test_two_facts_that_share_a_dimension_do_not_multiply(workspace: Workspace) -> None:
    together = ask(workspace, "SELECT category, units, returned FROM lines GROUP BY category")
    units = ask(workspace, "SELECT category, units FROM lines GROUP BY category")
    returned = dict(ask(workspace, "SELECT category, returned FROM returns GROUP BY category"))
    assert together == [(category, n, returned[category]) for category, n in units]


def test_a_comparison_has_its_first_period(workspace: Workspace) -> None:
    months = ask(workspace, "SELECT MONTH, BEFORE(visits) FROM visits WHERE DURING('2025') GROUP BY MONTH")
    december = ask(workspace, "SELECT visits FROM visits WHERE DURING('December 2024')")
    assert len(months) == 12 and months[0][1] == december[0][0] > 0


def test_after_an_empty_month_the_next_is_compared_with_that_month(workspace: Workspace) -> None:
    by_month = {
        str(month)[:7]: before
        for month, before in ask(
            workspace, "SELECT MONTH, BEFORE(order_count) FROM orders WHERE DURING('2024') GROUP BY MONTH"
        )
    }
    assert by_month["2024-09"] == 0 and by_month["2024-08"] > 0  # nobody ordered in August


def test_a_total_is_never_repeated_over_groups_that_it_has_not() -> None:
    with pytest.raises(
        WrongStatement, match="stock cannot be split by channel, which is of orders: both only share products"
    ):
        compiled("SELECT channel, in_stock FROM orders GROUP BY channel")


def test_divisions_are_of_fractions(workspace: Workspace) -> None:
    (ratio, count, orders) = ask(workspace, "SELECT buyers / order_count, buyers, order_count FROM orders")[0]
    assert 0 < ratio < 1 and same([(ratio,)], [(count / orders,)])


def test_a_level_takes_the_last_day_and_all_of_its_rows(workspace: Workspace, tables: Tables) -> None:
    last = max(r["taken_on"] for r in tables["stock"])
    right = sum(r["on_hand"] for r in tables["stock"] if r["taken_on"] == last)
    assert ask(workspace, "SELECT in_stock FROM stock") == [(right,)]


def test_a_running_total_takes_the_last_value_of_each_unit(workspace: Workspace) -> None:
    quarters = ask(
        workspace, "SELECT QUARTER, RUNNING(visits) FROM visits WHERE DURING('2025') GROUP BY QUARTER"
    )
    whole = ask(workspace, "SELECT visits FROM visits WHERE DURING('2025')")
    assert quarters[-1][1] == whole[0][0]


def test_a_view_with_a_time_is_not_grouped_by_it_unless_asked(workspace: Workspace) -> None:
    assert len(ask(workspace, "SELECT visits FROM visits")) == 1


def test_a_condition_behind_a_to_many_link_leaves_each_row_once(workspace: Workspace, tables: Tables) -> None:
    toys = {p["product_id"] for p in tables["products"] if p["category"] == "toys"}
    orders = {line["order_id"] for line in tables["lines"] if line["product_id"] in toys}
    right = sum(r["order_id"] in orders for r in tables["orders"])
    assert ask(workspace, "SELECT order_count FROM orders WHERE category = 'toys'") == [(right,)]
    assert ask(
        workspace, "SELECT order_count FROM orders WHERE order_id HAS NO lines (category = 'toys')"
    ) == [(len(tables["orders"]) - right,)]


def test_a_metric_may_be_called_like_its_column(workspace: Workspace) -> None:
    metric = Metric(name="quantity", view="lines", sql="SUM(quantity)")
    shop = replace(workspace.shop, metrics=(*workspace.shop.metrics, metric))
    figures = "quantity, units, RANK(quantity), RANK(units)"
    text = f"SELECT channel, {figures} FROM lines GROUP BY channel HAVING quantity > 1"
    made = compile_statement(parse(text), shop, workspace.catalog.dialect, TODAY)
    found = workspace.run(made.sql).rows
    assert found and all(a == b and c == d for _, a, b, c, d in found)


@pytest.mark.parametrize("dialect", ["duckdb", "sqlite", "postgres", "mysql"])
def test_each_database_gets_its_own_words_for_times(dialect: str) -> None:
    sql = compiled("SELECT MONTH, WEEKDAY, revenue FROM lines GROUP BY MONTH, WEEKDAY", dialect=dialect).sql
    words = {"duckdb": "ISODOW", "sqlite": "'start of month'", "postgres": "ISODOW", "mysql": "WEEKDAY("}
    assert words[dialect] in sql


def test_the_groups_of_one_leaf_stand_once(workspace: Workspace) -> None:
    found = ask(
        workspace, "SELECT MONTH, source, visits FROM customers WHERE DURING('2025') GROUP BY MONTH, source"
    )
    assert len({row[:2] for row in found}) == len(found)


def test_names_that_several_sources_have_may_be_ordered_by(workspace: Workspace) -> None:
    found = ask(
        workspace,
        "SELECT category, units, returned FROM lines GROUP BY category ORDER BY category DESC LIMIT 2",
    )
    assert [row[0] for row in found] == ["toys", "bags"]


def test_nothing_is_told_to_anybody_by_compiling() -> None:
    made = compiled("SELECT revenue FROM lines")  # no engine, no network: the tests' own network is closed
    assert made.sql == "SELECT COALESCE(SUM(amount), 0) AS revenue FROM lines"


def test_a_rank_and_a_rolling_figure_of_a_shifted_period_keep_their_rows(workspace: Workspace) -> None:
    figures = "BEFORE(ROLLING(visits, 3), 1 YEAR), RANK(visits)"
    found = ask(workspace, f"SELECT MONTH, {figures} FROM visits WHERE DURING('2025') GROUP BY MONTH")
    year_before = ask(
        workspace, "SELECT MONTH, ROLLING(visits, 3) FROM visits WHERE DURING('2024') GROUP BY MONTH"
    )
    assert [row[1] for row in found] == [row[1] for row in year_before]
    assert len({row[2] for row in found}) > 1


def test_one_table_reached_twice_is_joined_twice(workspace: Workspace) -> None:
    found = ask(
        workspace,
        "SELECT wrap_id.category, product_id.category, units FROM lines GROUP BY "
        "wrap_id.category, product_id.category",
    )
    assert len(found) > 4 and len({row[:2] for row in found}) == len(found)


def test_averages_behind_a_to_many_link_count_each_row_once_per_group(
    workspace: Workspace, tables: Tables
) -> None:
    products = {p["product_id"]: p["category"] for p in tables["products"]}
    by_category: dict[Any, set[int]] = {}
    for line in tables["lines"]:
        by_category.setdefault(products.get(line["product_id"]), set()).add(line["order_id"])
    totals = {o["order_id"]: o["total"] for o in tables["orders"]}
    toys = [totals[o] for o in by_category["toys"] if totals.get(o) is not None]
    found = dict(ask(workspace, "SELECT category, AVG(total) FROM orders GROUP BY category"))
    assert same([(found["toys"],)], [(sum(toys) / len(toys),)])


def test_a_share_of_a_coarser_unit_is_of_that_units_whole(workspace: Workspace) -> None:
    whole = ask(workspace, "SELECT buyers FROM orders WHERE DURING('2025')")[0][0]
    figures, both_years = "SHARE(buyers PER YEAR), buyers", "from 2024-01-01 to 2025-12-31"
    text = f"SELECT YEAR, MONTH, {figures} FROM orders WHERE DURING('{both_years}') GROUP BY YEAR, MONTH"
    found = ask(workspace, text)
    in_2025 = [row for row in found if str(row[0]).startswith("2025")]
    assert len(in_2025) == 12 and same([(row[2],) for row in in_2025], [(row[3] / whole,) for row in in_2025])


# ---- the text of it -------------------------------------------------------------------------------------


def test_a_plain_statement_is_the_sql_that_a_person_would_write() -> None:
    made = compiled(
        "SELECT channel, order_count FROM orders WHERE DURING('2025') GROUP BY channel ORDER BY "
        "order_count DESC LIMIT 3"
    )
    assert made.sql == (
        "SELECT channel, COUNT(*) AS order_count FROM orders WHERE ordered_at >= '2025-01-01' "
        "AND ordered_at < '2026-01-01' "
        "GROUP BY channel ORDER BY order_count DESC, channel LIMIT 3"
    )


def test_what_is_taken_for_granted_is_told_as_data() -> None:
    def told(text: str) -> set[tuple[str, str]]:
        return {(a.kind, a.about) for a in compiled(text).assumptions}

    assert told("SELECT category, order_value FROM orders GROUP BY category") == {("overlap", "orders")}
    assert ("own clock", "returned: returns.returned_at") in told(
        "SELECT MONTH, units, returned FROM lines GROUP BY MONTH"
    )
    assert ("present left out", "last 3 months") in told(
        "SELECT units FROM lines WHERE DURING('last 3 months')"
    )
    assert ("to date", "this year") in told("SELECT units FROM lines WHERE DURING('this year')")
    assert ("same days", "this year") in told("SELECT GROWTH(units) FROM lines WHERE DURING('this year')")
    assert ("first ever", "customer_id in orders") in told(
        "SELECT order_count FROM orders WHERE IS_FIRST(MONTH PER customer_id)"
    )
    assert ("ties by name", "channel") in told(
        "SELECT channel, order_count FROM orders GROUP BY channel ORDER BY order_count LIMIT 1"
    )
    assert ("last day", "in_stock: taken_on") in told("SELECT in_stock FROM stock")
    assert ("without a value", "channel") in told("SELECT order_count FROM orders WHERE channel <> 'web'")
    assert ("entities with rows", "customer_id") in told(
        "SELECT AVG(order_count PER customer_id) FROM orders"
    )
    assert ("whole", "MONTH") in told(
        "SELECT MONTH, channel, SHARE(units) FROM lines GROUP BY MONTH, channel"
    )


def test_a_calendar_of_many_days_is_whole_on_mariadb_too() -> None:
    sql = compiled("SELECT DAY, visits FROM visits GROUP BY DAY", dialect="mysql").sql
    assert "calendar_starts" in sql and "n < 900" in sql  # it counts no further than 1,000 in one recursion


# ---- faults ---------------------------------------------------------------------------------------------

FAULTS = [
    ("SELECT revenu FROM lines", "revenu", "has no column revenu"),
    ("SELECT SUM(amont) FROM lines", "amont", "near: amount"),
    ("SELECT units FROM line", "line", "there is no view line; views: customers"),
    ("SELECT units FROM lines WHERE DURING('some day')", "'some day'", "names no one period"),
    (
        "SELECT units FROM lines WHERE DURING('2025') AND DURING('2024')",
        "DURING('2024')",
        "one period at a time",
    ),
    ("SELECT GROWTH(units) FROM lines", "GROWTH(units)", "needs a period"),
    ("SELECT BEFORE(units, 1 YEAR) FROM lines", "BEFORE(units, 1 YEAR)", "compares periods"),
    ("SELECT YEAR, GROWTH(units, 1 MONTH) FROM lines GROUP BY YEAR", "GROWTH", "no whole number of YEAR"),
    ("SELECT RUNNING(units) FROM lines", "RUNNING(units)", "goes along a unit of time"),
    ("SELECT MONTH, RUNNING(in_stock) FROM stock GROUP BY MONTH", "RUNNING", "levels of different days"),
    ("SELECT WEEK, MONTH, units FROM lines GROUP BY WEEK, MONTH", "WEEK", "weeks do not fit"),
    (
        "SELECT YEAR, FISCAL_YEAR, units FROM lines GROUP BY YEAR, FISCAL_YEAR",
        "FISCAL_YEAR",
        "do not fit into each other",
    ),
    ("SELECT WEEK, RUNNING(units, YEAR) FROM lines GROUP BY WEEK", "RUNNING", "weeks do not fit into a YEAR"),
    (
        "SELECT channel, SHARE(average_total) FROM orders GROUP BY channel",
        "SHARE",
        "SHARE is of sums and counts",
    ),
    ("SELECT SHARE(units) FROM lines", "SHARE(units)", "is of nothing"),
    ("SELECT AVG(country) FROM customers", "AVG(country)", "holds no numbers"),
    ("SELECT revenue PER order_id FROM lines", "revenue PER order_id", "needs a figure"),
    ("SELECT channel, units FROM lines GROUP BY channel LIMIT 2 PER country", "country", "is not grouped by"),
    ("SELECT channel, units FROM lines GROUP BY channel ORDER BY country", "country", "is not shown"),
    ("SELECT order_id, category FROM orders", "orders", "has several values for one row"),
    ("SELECT units FROM lines WHERE quantity = 'many'", "'many'", "holds numbers"),
    (
        "SELECT PAIRS(category PER order_id), units FROM lines GROUP BY PAIRS(category PER order_id)",
        "units",
        "beside PAIRS",
    ),
    (
        "SELECT channel, AVG(visits PER ALL customer_id) FROM customers GROUP BY channel",
        "channel",
        "leave channel or ALL out",
    ),
    ("SELECT units FROM lines WHERE channel = category", "channel", ""),
    ("SELECT COUNT(DAY), units FROM lines", "units", "stands alone"),
    ("SELECT MONTH, RANK(SHARE(units)) FROM lines GROUP BY MONTH", "RANK", "rank the figure itself"),
    ("SELECT SUM(total) FROM lines", "total", "stands beside several of lines: write FROM orders"),
    ("SELECT AVG(price) FROM products WHERE DURING('2025')", "products", "products has no time"),
]


@pytest.mark.parametrize(
    ("text", "about", "reason"), [f for f in FAULTS if f[2]], ids=[f[0][:60] for f in FAULTS if f[2]]
)
def test_a_fault_is_told_with_its_place_and_the_way_out(text: str, about: str, reason: str) -> None:
    with pytest.raises(WrongStatement, match=r"^Statement") as caught:
        compiled(text)
    assert reason in caught.value.reason
    assert caught.value.text[caught.value.at :].startswith(about.split(",")[0]) or caught.value.at == len(
        caught.value.text
    )


# ---- links ----------------------------------------------------------------------------------------------


def test_two_ways_are_asked_back_and_never_chosen_in_silence() -> None:
    views = tuple(replace(view, prefer={}) for view in SHOP.views)
    text = "SELECT category, units FROM lines GROUP BY category"
    asked = (
        r"category of products by product_id or category of products by wrap_id\? Write product_id.category"
    )
    with pytest.raises(TwoWays, match=asked):
        compiled(text, replace(SHOP, views=views))
    assert "ON products.product_id = lines.product_id" in compiled(text).sql  # prefer says so
    written = compiled("SELECT wrap_id.category, units FROM lines GROUP BY wrap_id.category").sql
    assert "ON products.product_id = lines.wrap_id" in written


def test_the_nearest_way_is_taken_before_a_longer_one() -> None:
    sql = compiled("SELECT category, returned FROM returns GROUP BY category").sql
    assert "products.product_id = returns.product_id" in sql and "lines" not in sql


def test_what_a_view_lacks_in_shop_yml_is_told() -> None:
    views = tuple(replace(v, key=()) if v.name == "orders" else v for v in SHOP.views)
    with pytest.raises(WrongStatement, match=r"GAP needs the key of orders in shop\.yml"):
        compiled("SELECT AVG(GAP(ordered_at PER customer_id)) FROM orders", replace(SHOP, views=views))
    with pytest.raises(WrongStatement, match="it is in products, to which no refs lead"):
        compiled("SELECT category, order_value FROM orders GROUP BY category", replace(SHOP, views=views))


# ---- roles ----------------------------------------------------------------------------------------------

LIMITS = QueryLimits(max_rows=5_000, timeout_s=60, max_cost=1e18)
SPAIN = Role(
    name="spain",
    rows={"customers": "country = 'spain'", "orders": "channel = 'web'"},
    masked=frozenset({("orders", "total"), ("lines", "amount")}),
    limits=LIMITS,
)
ASKED_BY_SPAIN = [
    "SELECT order_count, visits FROM orders",
    "SELECT MONTH, order_count, GROWTH(order_count, 1 YEAR), RUNNING(buyers) FROM orders "
    "WHERE DURING('2025') GROUP BY MONTH",
    "SELECT country, COUNT(customer_id) FROM customers WHERE customer_id HAS orders COUNT "
    ">= 2 GROUP BY country",
    "SELECT COUNT(customer_id) FROM customers WHERE customer_id HAS NO orders (channel = 'app')",
    "SELECT AVG(order_count PER ALL customer_id), MEDIAN(order_count PER customer_id) FROM customers",
    "SELECT FIRST(YEAR PER customer_id), SHARE(order_count) FROM orders GROUP BY FIRST(YEAR PER customer_id)",
]


@pytest.mark.parametrize("text", ASKED_BY_SPAIN)
def test_a_role_gets_what_a_shop_of_its_rows_alone_would_give(
    workspace: Workspace, tables: Tables, tmp_path: Path, text: str
) -> None:
    seen = dict(tables)
    seen["customers"] = [r for r in tables["customers"] if r["country"] == "spain"]
    seen["orders"] = [r for r in tables["orders"] if r["channel"] == "web"]
    location = str(build_file(tmp_path, workspace.catalog.dialect, seen))
    copy = open_workspace(language_shop(location), database=open_database(location))
    try:
        assert same(ask(workspace, text, SPAIN), ask(copy, text))
    finally:
        copy.close()


@pytest.mark.parametrize(
    "text",
    [
        "SELECT order_value FROM orders",
        "SELECT channel, SHARE(order_value) FROM orders GROUP BY channel",
        "SELECT order_count FROM orders WHERE total > 20",
        "SELECT COUNT(customer_id) FROM customers WHERE customer_id HAS orders (total > 20)",
        "SELECT AVG(revenue PER customer_id) FROM orders",
        "SELECT order_count FROM orders HAVING revenue PER order_id > 5",
        "SELECT BUCKET(total, 20), order_count FROM orders GROUP BY BUCKET(total, 20)",
        "SELECT order_id FROM orders ORDER BY total",
        "SELECT MEDIAN(amount) FROM lines",
        "SELECT MONTH, ROLLING(order_value, 3) FROM orders GROUP BY MONTH",
    ],
)
def test_a_masked_column_is_refused_in_every_leaf(workspace: Workspace, text: str) -> None:
    with pytest.raises(NotAllowed, match="hidden from the role spain"):
        ask(workspace, text, SPAIN)


def test_a_view_that_is_not_open_is_refused_in_every_leaf(workspace: Workspace) -> None:
    role = Role(name="narrow", views=frozenset({"orders", "customers"}), limits=LIMITS)
    for text in (
        "SELECT category, order_count FROM orders GROUP BY category",
        "SELECT order_count, visits FROM orders",
        "SELECT order_count FROM orders WHERE customer_id HAS NO visits",
    ):
        with pytest.raises(NotAllowed, match="not open to the role narrow"):
            ask(workspace, text, role)


PARTNER = Role(name="partner", minimum_group=5, group_units={"orders": "customer_id"}, limits=LIMITS)


def test_a_role_of_groups_gets_plain_figures_and_no_small_group(workspace: Workspace, tables: Tables) -> None:
    found = ask(
        workspace,
        "SELECT channel, order_count, order_value, average_total FROM orders GROUP BY channel",
        PARTNER,
    )
    buyers = {
        channel: {o["customer_id"] for o in tables["orders"] if o["channel"] == channel} - {None}
        for channel in ("app", "shop", "web", None)
    }
    assert {row[0] for row in found} == {c for c, who in buyers.items() if len(who) >= 5}
    months = ask(
        workspace, "SELECT MONTH, order_count FROM orders WHERE DURING('2025') GROUP BY MONTH", PARTNER
    )
    assert len(months) < 12  # no calendar: what is small or empty is left out alike


@pytest.mark.parametrize(
    "text",
    [
        "SELECT MONTH, GROWTH(order_count) FROM orders WHERE DURING('2025') GROUP BY MONTH",
        "SELECT channel, SHARE(order_count) FROM orders GROUP BY channel",
        "SELECT MEDIAN(total) FROM orders",
        "SELECT AVG(order_count PER customer_id) FROM orders",
        "SELECT order_count FROM orders WHERE customer_id HAS visits",
        "SELECT order_count, visits FROM orders",
        "SELECT country, order_count FROM orders GROUP BY country",
        "SELECT MAX(total) FROM orders",
        "SELECT order_id, total FROM orders",
        "SELECT channel, order_count FROM orders GROUP BY channel ORDER BY order_count LIMIT 1 PER channel",
        "SELECT COUNT(order_id) FROM orders HAVING order_count PER customer_id > 3",
    ],
)
def test_what_cannot_be_held_to_a_minimum_group_is_refused(workspace: Workspace, text: str) -> None:
    with pytest.raises(NotAllowed, match="the role partner sees figures about groups of at least 5 only"):
        ask(workspace, text, PARTNER)


# ---- periods --------------------------------------------------------------------------------------------

SPANS = [
    ("last 3 months", dt.date(2026, 3, 1), dt.date(2026, 6, 1)),
    ("past two weeks", dt.date(2026, 6, 1), dt.date(2026, 6, 15)),
    ("最近三个月", dt.date(2026, 3, 1), dt.date(2026, 6, 1)),
    ("last 30 days", dt.date(2026, 5, 19), dt.date(2026, 6, 18)),
    ("this month", dt.date(2026, 6, 1), dt.date(2026, 6, 18)),
    ("May", dt.date(2026, 5, 1), dt.date(2026, 6, 1)),
    ("2026-05-01 to 2026-05-31", dt.date(2026, 5, 1), dt.date(2026, 6, 1)),
    ("since March 2026", dt.date(2026, 3, 1), None),
    ("fiscal year 2025/26", dt.date(2025, 4, 1), dt.date(2026, 4, 1)),
    ("fiscal year 2026", dt.date(2025, 4, 1), dt.date(2026, 4, 1)),
    ("FY2026", dt.date(2025, 4, 1), dt.date(2026, 4, 1)),
    ("this fiscal year", dt.date(2026, 4, 1), dt.date(2026, 6, 18)),
    ("last fiscal year", dt.date(2025, 4, 1), dt.date(2026, 4, 1)),
    ("last fiscal quarter", dt.date(2026, 1, 1), dt.date(2026, 4, 1)),
    ("2025/26财年", dt.date(2025, 4, 1), dt.date(2026, 4, 1)),
]


@pytest.mark.parametrize(("words", "start", "end"), SPANS)
def test_a_periods_words_mean_full_units_and_end_with_today(
    words: str, start: dt.date, end: dt.date | None
) -> None:
    span = span_of(words, TODAY, 4)
    assert span is not None and (span.start, span.end) == (start, end)


def test_a_column_called_month_is_that_column_and_in_capitals_the_unit() -> None:
    columns = (ViewColumn(name="month", type="text"), ViewColumn(name="at", type="date"))
    shop = Shop(name="s", database="d", views=(View(name="v", columns=columns, time="at"),))
    assert compiled("SELECT month, COUNT(*) FROM v GROUP BY month", shop).sql.startswith(
        "SELECT month, COUNT(*)"
    )
    assert "calendar" in compiled("SELECT MONTH, COUNT(*) FROM v GROUP BY MONTH", shop).sql
    assert "calendar" in compiled("SELECT year, COUNT(*) FROM v GROUP BY year", shop).sql
