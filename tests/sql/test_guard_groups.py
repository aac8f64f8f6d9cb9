"""Aggregates only: what a role with a minimum group may ask, and what no small group may tell."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import small_shop

from sql.databases import Database, open_database
from sql.errors import NotAllowed, ShopFileError, UnsafeQuery
from sql.lock.guard import Guard
from sql.lock.run import run
from sql.semantics import Metric, Role
from sql.times import PARTS, UNITS, grain_start, part_of
from sql.types import Dialect

METRICS = (
    Metric(name="revenue", view="sales", sql="SUM(amount)"),
    Metric(
        name="lamps",
        view="sales",
        sql="1.0 * SUM(CASE WHEN product = 'Lamp' THEN amount ELSE 0 END) / SUM(amount)",
    ),
    Metric(name="latest", view="sales", sql="MAX(ordered_at)"),
)
ROWS = Role(name="statistics", minimum_group=2)
PEOPLE = Role(
    name="research", minimum_group=2, group_units={"customers": "customer_id", "orders": "customer_id"}
)


@pytest.fixture(scope="module", params=["duckdb", "sqlite"])
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Database:
    return open_database(str(small_shop.build(tmp_path_factory.mktemp("groups"), request.param)))


def guard_of(database: Database, role: Role) -> Guard:
    shop = dataclasses.replace(small_shop.small_shop(Path("x")), metrics=METRICS)
    return Guard(shop, database.catalog(), role)


def ask(database: Database, role: Role, text: str) -> list[tuple[object, ...]]:
    guard = guard_of(database, role)
    query = guard.check(text)
    assert guard.check(query.sql) == query
    assert query.minimum_group == role.minimum_group
    return sorted(run(query, database, role.limits).rows, key=str)


def test_groups_of_at_least_the_minimum_are_shown_and_smaller_ones_are_not(database: Database) -> None:
    everything = ask(database, ROWS, "SELECT product, COUNT(*) AS n FROM sales GROUP BY product")
    assert everything == [("Mug", 2)], "Lamp and Bag stand on one row each"
    assert ask(database, ROWS, "SELECT DISTINCT product FROM sales") == [("Mug",)]
    assert ask(database, ROWS, "SELECT product FROM sales GROUP BY 1 ORDER BY 1") == [("Mug",)]


def test_a_total_needs_its_minimum_too(database: Database) -> None:
    assert ask(database, ROWS, "SELECT COUNT(*) FROM sales") == [(4,)]
    assert ask(database, ROWS, "SELECT COUNT(*) FROM sales WHERE product = 'Lamp'") == []
    assert ask(database, ROWS, "SELECT COUNT(*) FROM sales WHERE product = 'nothing of the kind'") == []


def test_a_unit_counts_people_and_not_their_rows(database: Database) -> None:
    text = "SELECT status, COUNT(*) FROM orders GROUP BY status"
    assert ask(database, ROWS, text) == [("delivered", 2)]
    one = "SELECT COUNT(*) FROM orders WHERE customer_id = 1"
    assert ask(database, ROWS, one) == [(2,)]
    assert ask(database, PEOPLE, one) == [], "two orders, but of one customer"


def test_a_column_that_is_mostly_empty_does_not_tell_its_only_value(database: Database) -> None:
    """China has two customers, one of whom told the year of birth."""
    china = "SELECT country, {} FROM customers GROUP BY country"
    assert ask(database, PEOPLE, china.format("COUNT(*)")) == [("China", 2)]
    for figure in ('AVG("born in")', 'SUM("born in")', 'COUNT("born in")', 'COUNT(DISTINCT "born in")'):
        assert ask(database, PEOPLE, china.format(figure)) == []
        assert ask(database, ROWS, china.format(figure)) == []


def test_metrics_may_be_asked_word_for_word(database: Database) -> None:
    lamps = METRICS[1].sql
    assert ask(database, ROWS, f"SELECT ROUND(100 * ({lamps}), 1) AS share FROM sales") == [(20.0,)]
    assert ask(database, ROWS, f"SELECT s.country, {lamps} AS share FROM sales AS s GROUP BY s.country") != []
    with pytest.raises(NotAllowed, match="word for word"):
        guard_of(database, ROWS).check(f"SELECT {lamps.replace('Lamp', 'Mug')} FROM sales")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("SELECT * FROM sales", "value of single rows"),
        ("SELECT product, amount FROM sales GROUP BY product", "amount is a value of single rows"),
        ("SELECT MAX(amount) FROM sales", "can give one row's value"),
        ("SELECT MIN(product) FROM sales", "can give one row's value"),
        ("SELECT GROUP_CONCAT(product) FROM sales", "can give one row's value"),
        ("SELECT MAX(ordered_at) FROM sales", "can give one row's value"),
        ("SELECT SUM(amount * 2) FROM sales", "one whole column"),
        ("SELECT SUM(CASE WHEN order_id = 10 THEN amount END) FROM sales", "one whole column"),
        ("SELECT SUM(DISTINCT amount) FROM sales", "one whole column"),
        ("SELECT COUNT(DISTINCT order_id + 0) FROM sales", "one whole column"),
        ("SELECT SUM(amount) FILTER (WHERE order_id = 10) FROM sales", "FILTER"),
        ("SELECT SUM(amount) OVER () FROM sales", "GROUP BY"),
        ("SELECT COUNT(*) FROM sales, orders", "one view"),
        ("SELECT COUNT(*) FROM sales AS a JOIN sales AS b ON a.order_id = b.order_id", "one view"),
        ("SELECT COUNT(*) FROM (SELECT order_id FROM sales) AS t", "without a SELECT inside"),
        ("WITH t AS (SELECT * FROM sales) SELECT COUNT(*) FROM t", "one view"),
        ("SELECT COUNT(*) FROM sales UNION SELECT COUNT(*) FROM sales", "one view"),
        ("SELECT COUNT(*) FROM sales WHERE order_id IN (SELECT order_id FROM orders)", "one view"),
        ("SELECT COUNT(*) FROM sales WHERE order_id = (SELECT 10)", "without a SELECT inside"),
        ("SELECT COUNT(*) FROM sales WHERE CAST(product AS INTEGER) = 1", "only dates may be CAST"),
        ("SELECT COUNT(*) FROM sales WHERE 1 / (quantity - 2) > 0", "single rows' values"),
        ("SELECT COUNT(*) FROM sales WHERE product = 5", "values of its own type"),
        ("SELECT COUNT(*) FROM sales WHERE product LIKE country", "pattern in quotes"),
        ("SELECT COUNT(*) FROM sales WHERE product LIKE 'L\\'", "pattern in quotes"),
        ("SELECT SQRT(amount) AS s, COUNT(*) FROM sales GROUP BY s", "single rows' values"),
        ("SELECT country FROM sales GROUP BY country HAVING MAX(amount) > 1", "can give one row's value"),
        ("SELECT country FROM sales GROUP BY country HAVING 1 / (COUNT(*) - 1) > 0", "only compare figures"),
        ("SELECT country FROM sales GROUP BY country HAVING amount > 5", "value of single rows"),
        ("SELECT country FROM sales GROUP BY country ORDER BY amount", "value of single rows"),
        ("SELECT country FROM sales GROUP BY country ORDER BY MAX(amount)", "can give one row's value"),
        ("SELECT product AS country, COUNT(*) FROM sales GROUP BY country", "give the result another name"),
        ("SELECT SUM(amount) AS amount FROM sales GROUP BY country HAVING amount > 5", "single rows"),
        ("SELECT COUNT(*) FROM sales GROUP BY 2", "Unknown output column"),
        ("SELECT COUNT(*) FROM sales GROUP BY COUNT(*)", "aggregate"),
    ],
)
def test_what_could_tell_of_one_row_is_refused(database: Database, text: str, words: str) -> None:
    with pytest.raises(UnsafeQuery, match=words.replace("(", r"\(")) as caught:
        guard_of(database, ROWS).check(text)
    assert isinstance(caught.value, NotAllowed) or text.endswith("GROUP BY 2")


def test_the_conditions_cannot_be_written_away(database: Database) -> None:
    for text in (
        "SELECT product, COUNT(*) FROM sales GROUP BY product HAVING COUNT(*) >= 1",
        "SELECT product, COUNT(*) FROM sales GROUP BY product HAVING COUNT(*) >= 2 OR 1 = 1",
        "SELECT product, COUNT(*) FROM sales GROUP BY product HAVING NOT COUNT(*) >= 2",
        "SELECT product, COUNT(*) FROM sales GROUP BY product HAVING (COUNT(*) >= 2) = FALSE",
    ):
        rows = ask(database, ROWS, text)
        assert all(count >= 2 for _, count in rows)  # type: ignore[operator]


def test_a_question_about_no_data_is_not_held_to_groups(database: Database) -> None:
    guard = guard_of(database, ROWS)
    assert guard.check("SELECT 1 AS one").minimum_group is None


@pytest.mark.parametrize(
    ("role", "words"),
    [
        (Role(name="r", minimum_group=1), "at least 2"),
        (Role(name="r", minimum_group=5, group_units={"sales": "customer"}), "no such column"),
        (
            Role(
                name="r",
                minimum_group=5,
                group_units={"customers": "customer_id"},
                masked=frozenset({("customers", "customer_id")}),
            ),
            "leave it unmasked",
        ),
    ],
)
def test_a_minimum_that_cannot_be_held_is_told(database: Database, role: Role, words: str) -> None:
    with pytest.raises(ShopFileError, match=words):
        guard_of(database, role)


@pytest.mark.parametrize("dialect", ["duckdb", "sqlite", "postgres", "mysql"])
def test_every_unit_and_part_of_a_time_may_be_grouped_by(dialect: Dialect, tmp_path: Path) -> None:
    database = open_database(str(small_shop.build(tmp_path, "duckdb")))
    catalog = dataclasses.replace(database.catalog(), dialect=dialect)
    shop = dataclasses.replace(small_shop.small_shop(Path("x")), metrics=METRICS)
    guard = Guard(shop, catalog, ROWS)
    made = [grain_start("ordered_at", unit, dialect) for unit in UNITS]
    made += [part_of("ordered_at", part, dialect) for part in PARTS]
    for key in made:
        query = guard.check(f"SELECT {key.sql(dialect=dialect)} AS k, COUNT(*) AS n FROM sales GROUP BY 1")
        assert "HAVING COUNT(*) >= 2" in query.sql
    if dialect == "sqlite":
        return  # there a text that is no date is NULL
    for unit in UNITS:  # elsewhere its failure would tell a row's value
        text = grain_start("CAST(product AS DATE)", unit, dialect).sql(dialect=dialect)
        with pytest.raises(NotAllowed):
            guard.check(f"SELECT {text} AS k, COUNT(*) AS n FROM sales GROUP BY 1")


@pytest.mark.parametrize("dialect", ["postgres", "mysql"])
def test_the_form_is_the_same_in_the_other_dialects(dialect: Dialect, tmp_path: Path) -> None:
    database = open_database(str(small_shop.build(tmp_path, "duckdb")))
    catalog = dataclasses.replace(database.catalog(), dialect=dialect)
    shop = dataclasses.replace(small_shop.small_shop(Path("x")), metrics=METRICS)
    guard = Guard(shop, catalog, ROWS)
    month = {"postgres": "DATE_TRUNC('month', ordered_at)", "mysql": "DATE_FORMAT(ordered_at, '%Y-%m')"}[
        dialect
    ]
    query = guard.check(f"SELECT {month} AS month, SUM(amount) AS total FROM sales GROUP BY 1 ORDER BY 1")
    assert "HAVING COUNT(*) >= 2 AND COUNT(amount) >= 2" in query.sql
    assert guard.check(query.sql) == query
    with pytest.raises(NotAllowed):
        guard.check("SELECT MAX(amount) FROM sales")
