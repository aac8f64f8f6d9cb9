"""The guard: every line of guard_cases.sql, the texts that run, the type, and what may never happen."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import re
from pathlib import Path

import pytest
import small_shop
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import sql.errors
from sql.databases import Database, open_database
from sql.errors import NotAllowed, ShopFileError, SqlError, UnknownName, UnsafeQuery
from sql.lock.functions import BY_DIALECT, function_names
from sql.lock.guard import CheckedQuery, Guard
from sql.lock.run import run
from sql.lock.schemas import translate_views
from sql.semantics import Role, Shop, View
from sql.types import Dialect, QueryLimits

CASES = Path(__file__).with_name("guard_cases.sql")
DIALECTS: tuple[Dialect, ...] = ("duckdb", "sqlite")
"""Those that need no server."""
GROUPS = {"both": DIALECTS, "all": (*DIALECTS, "postgres", "mysql")}
_VERDICT = re.compile(r"^(\w+) ([\w,]+) (\w+)(?:: (.*))?$")


def cases() -> list[object]:
    """One test per line and dialect."""
    found = []
    for number, line in enumerate(CASES.read_text(encoding="utf-8").splitlines(), 1):
        statement, mark, rule = line.rpartition(" --: ")
        if not mark:
            continue
        match = _VERDICT.match(rule)
        assert match, f"line {number} of {CASES.name}: {rule!r}"
        verdict, dialects, role, words = match.groups()
        text = re.sub(r"\{(\d+)\*([^}]*)\}", lambda m: m.group(2) * int(m.group(1)), statement)
        for dialect in GROUPS.get(dialects) or dialects.split(","):
            name = f"{number}-{dialect}-{role}-{statement[:40]}"
            found.append(
                pytest.param(text.replace("\\n", "\n"), verdict, dialect, role, words or "", id=name)
            )
    return found


@pytest.fixture(scope="module")
def databases(tmp_path_factory: pytest.TempPathFactory) -> dict[Dialect, Database]:
    folder = tmp_path_factory.mktemp("guard")
    return {dialect: open_database(str(small_shop.build(folder, dialect))) for dialect in DIALECTS}


@pytest.fixture(scope="module")
def guards(databases: dict[Dialect, Database]) -> dict[tuple[Dialect, str], Guard]:
    shop = small_shop.small_shop(Path("small"))
    catalogs = {dialect: databases[dialect].catalog() for dialect in DIALECTS}
    for dialect in ("postgres", "mysql"):
        catalogs[dialect] = dataclasses.replace(catalogs["duckdb"], dialect=dialect)
    return {
        (dialect, role.name): Guard(shop, catalog, role)
        for dialect, catalog in catalogs.items()
        for role in shop.roles
    }


@pytest.mark.parametrize(("statement", "verdict", "dialect", "role", "words"), cases())
def test_case_file(statement, verdict, dialect, role, words, guards, databases):
    guard = guards[dialect, role]
    if verdict == "allow":
        query = guard.check(statement)
        assert guard.check(query.sql) == query, "what it prints is what it would print again"
        assert "/*" not in query.sql and "--" not in re.sub(r"'[^']*'", "", query.sql)
        if dialect in databases:
            run(query, databases[dialect], guard.role.limits)
        return
    with pytest.raises(getattr(sql.errors, verdict)) as caught:
        guard.check(statement)
    assert type(caught.value).__name__ == verdict, caught.value.reason
    assert words in caught.value.reason


def test_the_case_file_holds_more_than_a_hundred_of_each():
    verdicts = [case.values[1] for case in cases()]
    assert verdicts.count("allow") > 200
    assert len(verdicts) - verdicts.count("allow") > 500
    dialects = [case.values[2] for case in cases()]
    assert min(map(dialects.count, GROUPS["all"])) > 100


# ---- what runs ------------------------------------------------------------------------------------------


def test_the_text_that_runs_is_written_out_in_full(guards):
    query = guards["duckdb", "china"].check("select country, customer_id from customers")
    assert query.sql == (
        'WITH customers_view AS (SELECT customer_id, email, country, "born in" '
        "FROM (SELECT * FROM customers) AS customers WHERE (country = 'China' AND name <> 'Bo') "
        "LIMIT 9223372036854775807) "
        "SELECT country, customer_id FROM customers_view AS customers LIMIT 101"
    )
    assert query.views == ("customers",)
    assert (query.role, query.dialect) == ("china", "duckdb")


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_role_gets_its_rows_only(dialect, guards, databases):
    def ask(role: str, text: str) -> object:
        guard = guards[dialect, role]
        return run(guard.check(text), databases[dialect], guard.role.limits).rows

    assert ask("owner", "SELECT COUNT(*) FROM sales") == ((4,),)
    assert ask("china", "SELECT COUNT(*) FROM sales") == ((2,),)
    assert ask("china", "SELECT customer_id FROM customers") == ((3,),)
    assert ask("china", "WITH sales AS (SELECT * FROM sales) SELECT COUNT(*) FROM sales") == ((2,),)
    assert ask("china", "SELECT COUNT(*) FROM sales AS a, sales AS b") == ((4,),)
    assert ask("china", "SELECT (SELECT COUNT(*) FROM sales) AS n FROM customers") == ((2,),)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_star_leaves_masked_columns_out(dialect, guards, databases):
    guard = guards[dialect, "analyst"]
    table = run(guard.check("SELECT * FROM customers"), databases[dialect], guard.role.limits)
    assert [c.name for c in table.columns] == ["customer_id", "country", "born in"]
    assert not any("email" in view.name or view.column("email") for view in guard.views)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_cte_named_like_a_view_reads_the_view_and_not_the_table(dialect, guards, databases):
    guard = guards[dialect, "owner"]
    text = "WITH orders AS (SELECT * FROM orders WHERE status = 'shipped') SELECT orders.order_id FROM orders"
    assert run(guard.check(text), databases[dialect], guard.role.limits).rows == ((13,),)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_text_in_double_quotes_means_the_same_as_in_sqlite(dialect, guards, databases):
    if dialect == "duckdb":
        with pytest.raises(UnknownName):
            guards[dialect, "owner"].check('SELECT product FROM sales WHERE country = "China"')
        return
    query = guards[dialect, "owner"].check('SELECT COUNT(*) FROM sales WHERE country = "China"')
    assert "'China'" in query.sql and '"China"' not in query.sql
    assert run(query, databases[dialect], QueryLimits()).rows == ((2,),)


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("SELECT product FROM sales", 101),
        ("SELECT product FROM sales LIMIT 3", 3),
        ("SELECT product FROM sales LIMIT 101", 101),
        ("SELECT product FROM sales LIMIT 5000", 101),
        ("SELECT product FROM sales UNION ALL SELECT product FROM sales", 101),
        ("WITH t AS (SELECT 1 AS x LIMIT 7) SELECT x FROM t", 101),
    ],
)
def test_the_outermost_limit_is_the_budget_and_one_row(text, limit, guards):
    assert guards["duckdb", "owner"].check(text).sql.endswith(f"LIMIT {limit}")


def test_order_and_offset_survive_the_limit(guards, databases):
    query = guards["sqlite", "owner"].check("SELECT product FROM sales ORDER BY amount DESC LIMIT 2 OFFSET 1")
    assert run(query, databases["sqlite"], QueryLimits()).rows == (("Lamp",), ("Mug",))


def test_a_column_named_like_a_keyword_or_with_spaces_is_quoted(guards):
    assert '"born in"' in guards["duckdb", "analyst"].check("SELECT * FROM customers").sql


def test_view_and_column_names_are_found_in_any_letter_case(guards):
    query = guards["duckdb", "owner"].check('SELECT Sales.AMOUNT FROM "SALES"')
    assert query.views == ("sales",)


# ---- the type -------------------------------------------------------------------------------------------


def test_nobody_else_makes_a_checked_query(guards):
    query = guards["duckdb", "owner"].check("SELECT 1 AS one")
    with pytest.raises(TypeError, match=r"only sql\.lock\.guard makes"):
        CheckedQuery(sql="DROP TABLE orders", dialect="duckdb", role="owner", views=())
    with pytest.raises((TypeError, ValueError)):
        dataclasses.replace(query, sql="DROP TABLE orders")
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(query)
    with pytest.raises(TypeError, match="cannot be pickled"):
        copy.copy(query)
    with pytest.raises(dataclasses.FrozenInstanceError):
        query.sql = "DROP TABLE orders"


def test_two_checks_of_one_statement_are_equal(guards):
    guard = guards["duckdb", "owner"]
    assert guard.check("SELECT 1 AS one") == guard.check("select 1 as one")
    assert guard.check("SELECT 1 AS one") != guard.check("SELECT 2 AS one")
    assert hash(guard.check("SELECT 1 AS one")) == hash(guard.check("SELECT 1 AS one"))


def test_run_takes_nothing_but_a_checked_query(databases):
    with pytest.raises(TypeError, match=r"only a CheckedQuery runs, not str"):
        run("SELECT 1", databases["duckdb"], QueryLimits())  # type: ignore[arg-type]


def test_a_query_for_one_dialect_does_not_run_in_another(guards, databases):
    with pytest.raises(TypeError, match="written for duckdb"):
        run(guards["duckdb", "owner"].check("SELECT 1"), databases["sqlite"], QueryLimits())


# ---- descriptions that cannot work ----------------------------------------------------------------------


def guard_of(databases: dict[Dialect, Database], view: View, role: Role | None = None) -> Guard:
    shop = Shop(name="x", database="x", views=(view,))
    return Guard(shop, databases["duckdb"].catalog(), role or Role(name="owner"))


@pytest.mark.parametrize(
    ("view_sql", "words"),
    [
        ("SELECT nothing FROM orders", "nothing"),
        ("SELECT order_id FROM order", "order"),
        ("SELECT order_id FROM ordres", "near: orders"),
        ("SELECT order_id AS number FROM orders", "gives no column order_id"),
        ("DELETE FROM orders", "expected one SELECT"),
        ("SELECT order_id FROM orders; SELECT 1", "expected one SELECT"),
        ("SELECT order_id FROM (", "the SELECT of the view v"),
    ],
)
def test_a_view_that_cannot_work_is_named(view_sql, words, databases):
    with pytest.raises(ShopFileError, match=re.escape(words)):
        guard_of(databases, View(name="v", sql=view_sql, columns=(small_shop.column("order_id"),)))


def test_a_view_without_sql_must_be_a_table(databases):
    with pytest.raises(ShopFileError, match="near: orders"):
        guard_of(databases, View(name="order", columns=(small_shop.column("order_id"),)))
    with pytest.raises(ShopFileError, match="has no column number"):
        guard_of(databases, View(name="orders", columns=(small_shop.column("number"),)))


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("staus = 'x'", "no column staus; near: status"),
        ("status = ", "is not a condition"),
        ("order_id IN (SELECT order_id FROM orders)", "may not hold a subquery"),
        ("other.status = 'x'", "may name columns of orders only"),
        ("read_text(status) = 'x'", "not an allowed function"),
        ("status = ?", "parameters"),
    ],
)
def test_a_rule_about_rows_that_cannot_work_is_named(rule, words, databases):
    view = View(name="orders", columns=(small_shop.column("order_id"), small_shop.column("status", "text")))
    with pytest.raises(ShopFileError, match=re.escape(words)):
        guard_of(databases, view, Role(name="r", rows={"orders": rule}))


def test_a_role_that_may_see_no_column_is_refused(databases):
    view = View(name="orders", columns=(small_shop.column("status", "text"),))
    with pytest.raises(ShopFileError, match="may see no column of orders"):
        guard_of(databases, view, Role(name="r", masked=frozenset({("orders", "status")})))


def test_a_view_shows_only_its_declared_columns(databases):
    view = View(name="customers", columns=(small_shop.column("customer_id"),))
    guard = guard_of(databases, view)
    with pytest.raises(UnknownName, match="no column email"):
        guard.check("SELECT email FROM customers")
    assert "email" not in guard.check("SELECT * FROM customers NATURAL JOIN customers AS other").sql


@pytest.mark.parametrize("dialect", sorted(BY_DIALECT))
def test_function_names_are_upper_case_and_hold_no_way_out(dialect):
    names = function_names(dialect)
    assert all(name == name.upper() for name in names)
    assert {"SUM", "COUNT", "ROUND"} <= names
    dangerous = (
        *(
            "READ_",
            "LOAD",
            "SLEEP",
            "FILE",
            "GETENV",
            "SETTING",
            "EXEC",
            "SYSTEM",
            "VERSION",
            "USER",
            "SCHEMA",
        ),
        *("REPEAT", "BLOB", "QUERY", "SHELL"),
    )
    assert not [name for name in names if any(word in name for word in dangerous)]


# ---- properties -----------------------------------------------------------------------------------------

_WORDS = """
SELECT FROM WHERE GROUP BY ORDER HAVING LIMIT OFFSET UNION ALL EXCEPT JOIN LEFT ON USING WITH AS DISTINCT NOT
IN EXISTS NULL IS AND OR LIKE BETWEEN CASE WHEN THEN ELSE END CAST OVER PARTITION INSERT INTO DELETE DROP
TABLE PIVOT LATERAL VALUES QUALIFY FILTER sales orders customers secrets sqlite_master amount country email
name
order_id password t a b ( ) ( ) , . * = < > + - / || ; 1 2 0.5 'x' "x" `x` [ ] { } ? $1 :a -- /* */ COUNT(
SUM( MAX( read_text( DATE_TRUNC( '中文' 😀 \\ % :: -> @ #
"""


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    text=st.one_of(
        st.text(max_size=80), st.lists(st.sampled_from(tuple(_WORDS.split())), max_size=25).map(" ".join)
    ),
    dialect=st.sampled_from(DIALECTS),
    role=st.sampled_from(["owner", "analyst", "china"]),
)
def test_any_text_is_refused_or_stable(text, dialect, role, guards):
    guard = guards[dialect, role]
    try:
        query = guard.check(text)
    except SqlError as error:
        assert isinstance(error, UnsafeQuery)
        assert error.reason
        return
    assert guard.check(query.sql) == query
    assert (
        "secrets" not in re.sub(r"'[^']*'|\"[^\"]*\"", "", query.sql.lower())
        or "secrets_2" in query.sql.lower()
    )


COLUMNS = st.sampled_from(["order_id", "ordered_at", "country", "product", "quantity", "amount"])


@st.composite
def honest(draw) -> str:
    """Small honest statements over ``sales``."""
    group = draw(COLUMNS)
    value = draw(st.sampled_from(["COUNT(*)", "SUM(amount)", "MAX(quantity)", "COUNT(DISTINCT product)"]))
    where = draw(st.sampled_from(["", " WHERE amount > 10", " WHERE country <> 'x' AND product IS NOT NULL"]))
    order = draw(st.sampled_from(["", " ORDER BY 2 DESC", " ORDER BY n", f" ORDER BY {group}"]))
    limit = draw(st.sampled_from(["", " LIMIT 2"]))
    text = f"SELECT {group}, {value} AS n FROM sales{where} GROUP BY {group}{order}{limit}"
    wrap = draw(st.sampled_from(["{}", "SELECT * FROM ({}) AS t", "WITH t AS ({}) SELECT * FROM t"]))
    return wrap.format(text)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=honest(), dialect=st.sampled_from(DIALECTS))
def test_honest_statements_pass_and_run(text, dialect, guards, databases):
    guard = guards[dialect, "analyst"]
    query = guard.check(text)
    assert guard.check(query.sql) == query
    assert run(query, databases[dialect], guard.role.limits).columns[-1].name == "n"


def test_a_hidden_view_is_told_apart_from_one_that_is_not_there(guards):
    with pytest.raises(NotAllowed):
        guards["duckdb", "china"].check("SELECT * FROM orders")
    with pytest.raises(UnknownName):
        guards["duckdb", "china"].check("SELECT * FROM order_lines")


@pytest.mark.parametrize("target", ["sqlite", "postgres", "mysql"])
def test_the_guard_judges_statements_of_a_dialect_without_its_database(target, databases):
    view = View(
        name="late",
        sql="SELECT order_id, DATE_DIFF('day', ordered_at, CURRENT_DATE) AS days FROM orders",
        columns=(small_shop.column("order_id"), small_shop.column("days")),
    )
    shop = Shop(name="x", database="x", views=(view,), roles=(Role(name="r", rows={"late": "days > 3"}),))
    catalog = dataclasses.replace(databases["duckdb"].catalog(), dialect=target)
    there = translate_views(shop, "duckdb", target)
    guard = Guard(there, catalog, there.roles[0])
    query = guard.check("SELECT AVG(days) AS mean FROM late")
    assert query.dialect == target and guard.check(query.sql) == query
    for text in ("SELECT SLEEP(10)", "SELECT PG_SLEEP(10)", "SELECT * FROM orders", "DELETE FROM late"):
        with pytest.raises(UnsafeQuery):
            guard.check(text)


def test_the_parser_logs_nothing_of_what_is_asked(guards, caplog):
    with caplog.at_level("DEBUG"), pytest.raises(UnsafeQuery):
        guards["postgres", "owner"].check("SET ROLE canary")
    assert "canary" not in caplog.text
