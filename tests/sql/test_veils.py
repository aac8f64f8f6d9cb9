"""Columns seen through a veil: what a role may do with them, and that no statement tells what is hidden."""
# ruff: noqa: E501

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from sql.databases import open_database
from sql.errors import NotAllowed, UnsafeQuery
from sql.lock.run import run
from sql.shop.describe import describe_database
from sql.shop.people_columns import phone_regions
from sql.shop.shopfile import dump_shop, load_shop
from sql.shop.workspace import Workspace, open_workspace
from sql.statement.compile import compile_statement
from sql.statement.parse import parse
from sql.statement.seen import seen_shop
from sql.types import QueryLimits

ROWS = """
CREATE TABLE people (person_id INTEGER, full_name VARCHAR, email VARCHAR, country VARCHAR);
CREATE TABLE letters (letter_id INTEGER, person_id INTEGER, sender VARCHAR, topic VARCHAR, message VARCHAR);
INSERT INTO people VALUES (1, 'Zorka Quill', 'zorka@shop.example', 'Austria'), (2, 'Bo Tan', 'bo@shop.example', 'China'),
  (3, '王小明', NULL, 'China'), (4, 'Zorka Quill', 'zorka@shop.example', 'Italy');
INSERT INTO letters VALUES
  (10, 1, 'zorka@shop.example', 'late', 'Where is order 4711? Zorka Quill, +43 660 1234567'),
  (11, 2, 'bo@shop.example', 'late', 'The lamp broke after 3 days.'),
  (12, 3, NULL, 'refund', '我叫王小明，手机13800138000，订单4712'),
  (13, 1, 'zorka@shop.example', 'refund', NULL);
"""
SHOP = """
name: Letters
database: {database}
today: 2026-06-30
views:
  people:
    columns:
      person_id: {{type: integer}}
      full_name: {{type: text}}
      email: {{type: text}}
      country: {{type: text, sampled: true}}
  letters:
    columns:
      letter_id: {{type: integer}}
      person_id: {{type: integer}}
      sender: {{type: text}}
      topic: {{type: text}}
      message: {{type: text}}
roles:
  owner: {{}}
  clerk: {{masked: [people.full_name], pseudonyms: [people.email, letters.sender]}}
  agent: {{masked: [people.full_name], free_text: shown}}
  packer: {{masked: [letters.topic]}}
  seller: {{views: [letters], pseudonyms: [letters.sender]}}
default_role: clerk
"""
SALT = b"s" * 32


@pytest.fixture(scope="module", params=["duckdb", "sqlite"])
def shop_file(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("letters")
    database = folder / f"letters.{request.param}"
    if request.param == "duckdb":
        with duckdb.connect(str(database)) as connection:
            connection.execute(ROWS)
    else:
        sqlite = sqlite3.connect(database)
        sqlite.executescript(ROWS)
        sqlite.close()
    (folder / "shop.yml").write_text(SHOP.format(database=database.name), "utf-8")
    return folder / "shop.yml"


@pytest.fixture(scope="module")
def clerk(shop_file: Path) -> Iterator[Workspace]:
    workspace = open_workspace(load_shop(shop_file), salt=lambda: SALT)
    yield workspace
    workspace.close()


def cells(workspace: Workspace, sql: str) -> list[tuple[object, ...]]:
    return list(workspace.run(sql).rows)


SHOWN = "SELECT message FROM letters ORDER BY letter_id"


def test_words_are_shown_without_what_is_personal(clerk: Workspace) -> None:
    assert [row[0] for row in cells(clerk, SHOWN)] == [
        "Where is order 4711? [name], [phone]",
        "The lamp broke after 3 days.",
        "我叫[姓名]，手机[电话]，订单4712",
        None,
    ]


@pytest.mark.parametrize(
    ("role", "is_masked"), [("owner", False), ("agent", False), ("packer", False), ("seller", True)]
)
def test_a_role_that_may_not_see_who_people_are_reads_masked_words(
    shop_file: Path, role: str, is_masked: bool
) -> None:
    workspace = open_workspace(load_shop(shop_file), role=role)
    try:
        texts = " ".join(str(row[0]) for row in cells(workspace, SHOWN))
    finally:
        workspace.close()
    assert ("[phone]" in texts) is is_masked and ("Zorka" in texts) is not is_masked


def test_a_setting_that_is_read_is_written_again(shop_file: Path, tmp_path: Path) -> None:
    shop = load_shop(shop_file)
    written = tmp_path / "again.yml"
    written.write_text(dump_shop(shop), "utf-8")
    assert load_shop(written).roles == shop.roles
    assert "free_text: shown" in written.read_text("utf-8")
    assert "free_text: masked" not in written.read_text("utf-8")  # as it is by itself


TOLD = [
    "SELECT email, country FROM people ORDER BY 2",
    "SELECT * FROM letters ORDER BY letter_id",
    "SELECT x.message AS said FROM letters AS x ORDER BY x.letter_id",
    "WITH t AS (SELECT letter_id AS n, message AS m FROM letters) SELECT m FROM t ORDER BY n",
    "SELECT q.b FROM (SELECT message AS b, letter_id AS n FROM letters) AS q ORDER BY q.n",
    "SELECT p.country, l.message FROM people AS p JOIN letters AS l ON l.person_id = p.person_id",
    "SELECT message FROM letters WHERE message IS NOT NULL UNION ALL SELECT message FROM letters",
    "SELECT message FROM letters WHERE EXISTS (SELECT message FROM letters WHERE letter_id = 10)",
    "SELECT sender, COUNT(*) AS n FROM letters GROUP BY sender",
    "SELECT COUNT(DISTINCT sender) AS n FROM letters",
    "SELECT p.email FROM people AS p JOIN letters AS l ON l.sender = p.email",
    "SELECT email FROM people WHERE email IN (SELECT sender FROM letters)",
    "SELECT email FROM people UNION SELECT sender FROM letters",
    "SELECT DISTINCT sender FROM letters",
    "SELECT COUNT(message) AS n, AVG(LENGTH(message)) AS length FROM letters",
    "SELECT email, ROW_NUMBER() OVER (PARTITION BY email ORDER BY person_id) AS n FROM people",
]


@pytest.mark.parametrize("sql", TOLD)
def test_what_is_told_holds_nobody(clerk: Workspace, sql: str) -> None:
    rows = cells(clerk, sql)
    told = repr(rows)
    assert rows
    for hidden in ("Zorka", "Quill", "zorka@", "bo@", "王小明", "13800138000", "660"):
        assert hidden not in told


REFUSED = [
    "SELECT letter_id FROM letters WHERE message LIKE '%Zorka%'",
    "SELECT letter_id FROM letters WHERE message = 'x'",
    "SELECT SUBSTR(message, 1, 3) AS part FROM letters",
    "SELECT UPPER(message) AS m FROM letters",
    "SELECT message || 'x' AS m FROM letters",
    "SELECT MAX(message) AS m FROM letters",
    "SELECT letter_id FROM letters ORDER BY message",
    "SELECT message FROM letters ORDER BY 1",
    "SELECT message FROM letters ORDER BY (1)",
    "SELECT message AS m FROM letters ORDER BY m",
    "SELECT DISTINCT message FROM letters",
    "SELECT message, COUNT(*) AS n FROM letters GROUP BY message",
    "SELECT COUNT(DISTINCT message) AS n FROM letters",
    "SELECT message FROM letters UNION SELECT 'Where is order 4711?'",
    "SELECT message FROM letters EXCEPT SELECT message FROM letters",
    "SELECT CASE WHEN message IS NULL THEN 'a' ELSE message END AS m FROM letters",
    "SELECT COALESCE(message, '') AS m FROM letters",
    "SELECT letter_id FROM letters WHERE (SELECT m.message FROM letters AS m WHERE m.letter_id = 10) LIKE 'W%'",
    "SELECT letter_id FROM letters WHERE 'x' IN (SELECT message FROM letters)",
    "SELECT (SELECT message FROM letters WHERE letter_id = 10) || 'x' AS m FROM people",
    "SELECT t.m FROM (SELECT message AS m FROM letters) AS t WHERE t.m LIKE '%Z%'",
    "WITH t AS (SELECT message AS m FROM letters) SELECT COUNT(*) AS n FROM t WHERE m LIKE '%Z%'",
    "WITH t(a) AS (SELECT message FROM letters) SELECT COUNT(*) AS n FROM t WHERE a LIKE '%Z%'",
    "SELECT COUNT(*) AS n FROM (SELECT message FROM letters) AS t(a) WHERE a LIKE '%Z%'",
    "SELECT COUNT(*) AS n FROM letters AS a JOIN letters AS b ON a.message = b.message",
    "SELECT COUNT(*) AS n FROM letters AS a JOIN letters AS b USING (message)",
    "SELECT COUNT(*) AS n FROM letters AS a NATURAL JOIN (SELECT message FROM letters) AS b",
    "SELECT letter_id, ROW_NUMBER() OVER (ORDER BY message) AS n FROM letters",
    "SELECT email FROM people WHERE email = 'zorka@shop.example'",
    "SELECT email FROM people WHERE email < 'm'",
    "SELECT email FROM people WHERE email LIKE 'z%'",
    "SELECT email FROM people WHERE email IN ('zorka@shop.example')",
    "SELECT email FROM people WHERE email IN (SELECT topic FROM letters)",
    "SELECT COUNT(*) AS n FROM people AS p JOIN (SELECT 'zorka@shop.example' AS e) AS g ON g.e = p.email",
    "SELECT email FROM people UNION SELECT 'zorka@shop.example'",
    "SELECT COUNT(DISTINCT e) AS n FROM (SELECT email AS e FROM people UNION ALL SELECT 'zorka@shop.example') AS t",
    "SELECT email FROM people ORDER BY email",
    "SELECT email, COUNT(*) AS n FROM people GROUP BY email ORDER BY 1",
    "SELECT MIN(email) AS m FROM people",
    "SELECT SUBSTR(email, 1, 1) AS c FROM people",
    "SELECT LENGTH(email) AS c FROM people",
    "SELECT email || '' AS e FROM people",
    "SELECT CASE email WHEN 'zorka@shop.example' THEN 1 ELSE 0 END AS hit FROM people",
    "SELECT full_name FROM people",
    "SELECT p.person_id FROM people AS p WHERE EXISTS (SELECT 1 FROM letters AS l WHERE l.person_id = p.person_id AND l.message LIKE '%Z%')",
    "SELECT letter_id FROM letters WHERE message IS 'x'",
    "SELECT letter_id FROM letters WHERE NOT message IS NULL AND message > 'W'",
    "SELECT letter_id FROM letters ORDER BY (SELECT m.message FROM letters AS m WHERE m.letter_id = 10)",
    "SELECT LAG(message) OVER (ORDER BY letter_id) AS m FROM letters",
    "SELECT email, RANK() OVER (ORDER BY email) AS n FROM people",
    "SELECT COUNT(*) AS n FROM people JOIN (SELECT 'zorka@shop.example' AS email) AS g USING (email)",
    "SELECT email FROM people INTERSECT SELECT 'zorka@shop.example'",
    "SELECT topic, COUNT(*) AS n FROM letters GROUP BY topic HAVING MAX(message) > 'W'",
    "SELECT p.country FROM people AS p JOIN letters AS l ON l.message = p.country",
    "SELECT email FROM people UNION ALL SELECT sender FROM letters ORDER BY 1",
    "SELECT email FROM people UNION ALL SELECT sender FROM letters ORDER BY email",
    "SELECT COUNT(*) AS n FROM (SELECT email FROM people UNION ALL SELECT NULL) AS t WHERE t.email > 'b'",
    "SELECT CAST(message AS INTEGER) AS n FROM letters",
]


@pytest.mark.parametrize("sql", REFUSED)
def test_what_would_tell_the_hidden_is_refused(clerk: Workspace, sql: str) -> None:
    with pytest.raises(UnsafeQuery):
        clerk.guard.check(sql)


def test_the_refusal_says_what_can_be_done(clerk: Workspace) -> None:
    with pytest.raises(NotAllowed, match=r"own words.*shown as it stands.*search"):
        clerk.guard.check("SELECT letter_id FROM letters WHERE message LIKE '%Zorka%'")
    with pytest.raises(NotAllowed, match=r"pseudonym.*counted, grouped by and joined"):
        clerk.guard.check("SELECT email FROM people ORDER BY email")


DUCKDB = [
    "SELECT email, country FROM people ORDER BY ALL",
    "SELECT message AS m, m LIKE '%Z%' AS hit FROM letters",
    "SELECT letter_id, message AS m FROM letters WHERE m LIKE '%Z%'",
    "SELECT letters FROM letters",
    "SELECT UNNEST([message]) AS m FROM letters",
    "SELECT message IS DISTINCT FROM 'x' AS m FROM letters",
    "SELECT STRING_AGG(message, ' ') AS m FROM letters",
    "SELECT email, FIRST_VALUE(email) OVER (ORDER BY email) AS f FROM people",
    "SELECT * REPLACE (message || 'x' AS message) FROM letters",
    "SELECT l.* FROM letters AS l, LATERAL (SELECT l.message AS q) AS t WHERE t.q LIKE '%Z%'",
    "SELECT u.w FROM letters AS l, UNNEST(STRING_SPLIT(l.message, ' ')) AS u(w)",
    "SELECT LIST(message) AS m FROM letters",
    "SELECT message FROM letters GROUP BY ALL",
    "SELECT message FROM letters ORDER BY ALL",
    "SELECT letter_id FROM letters QUALIFY ROW_NUMBER() OVER (PARTITION BY message ORDER BY letter_id) = 1",
    "SELECT DISTINCT ON (message) letter_id FROM letters",
    "SELECT COUNT(*) FILTER (WHERE message LIKE '%Z%') AS n FROM letters",
    "WITH RECURSIVE t AS (SELECT message AS m, 1 AS n FROM letters UNION ALL SELECT m, n + 1 FROM t WHERE n < 2) SELECT m FROM t",
    "SELECT {'a': message} AS s FROM letters",
    "SELECT ARG_MAX(message, letter_id) AS m FROM letters",
]


@pytest.mark.parametrize("sql", DUCKDB)
def test_what_only_duckdb_can_say_is_refused(clerk: Workspace, sql: str) -> None:
    with pytest.raises(UnsafeQuery):
        clerk.guard.check(sql)


def test_a_value_has_one_pseudonym_everywhere(clerk: Workspace, shop_file: Path) -> None:
    there = dict(cells(clerk, "SELECT person_id, email FROM people"))
    assert there[1] == there[4] != there[2] and there[3] is None
    assert str(there[1]).startswith("p-") and len(str(there[1])) == 18
    here = cells(clerk, "SELECT DISTINCT sender FROM letters WHERE sender IS NOT NULL")
    assert {row[0] for row in here} == {there[1], there[2]}
    seller = open_workspace(load_shop(shop_file), role="seller", salt=lambda: SALT)
    other = open_workspace(load_shop(shop_file), role="seller", salt=lambda: b"t" * 32)
    try:
        sent = "SELECT sender FROM letters WHERE letter_id = 10"
        assert cells(seller, sent) == [(there[1],)] != cells(other, sent)
    finally:
        seller.close()
        other.close()


def test_counts_and_joins_are_those_of_the_values(clerk: Workspace, shop_file: Path) -> None:
    owner = open_workspace(load_shop(shop_file), role="owner")
    try:
        for sql in (
            "SELECT COUNT(DISTINCT email) AS n FROM people",
            "SELECT COUNT(*) AS n FROM people AS p JOIN letters AS l ON l.sender = p.email",
            "SELECT COUNT(*) AS n FROM (SELECT email FROM people GROUP BY email) AS t",
        ):
            assert cells(clerk, sql) == cells(owner, sql)
    finally:
        owner.close()


def test_a_guard_with_another_budget_keeps_the_veil(clerk: Workspace) -> None:
    limits = QueryLimits(max_rows=2)
    table = run(clerk.guard.within(limits).check(SHOWN), clerk.database, limits)
    assert table.is_truncated and "[name]" in str(table.rows[0][0])


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("free_text: hidden", "write shown or masked"),
        ("masked: [people.email], pseudonyms: [people.email]", "leave it out of one of the two"),
        ("pseudonyms: [people.mail]", "mail"),
    ],
)
def test_what_no_role_can_say_is_told(shop_file: Path, tmp_path: Path, written: str, reason: str) -> None:
    text = shop_file.read_text("utf-8").replace("owner: {}", "owner: {" + written + "}", 1)
    wrong = tmp_path / "shop.yml"
    wrong.write_text(text, "utf-8")
    with pytest.raises(Exception, match=reason):
        load_shop(wrong)


def test_a_first_description_marks_the_columns_that_hold_personal_data(shop_file: Path) -> None:
    database = load_shop(shop_file).database
    location = str(shop_file.parent / database)
    described = describe_database(open_database(location), name="letters", location=location)
    column = described.shop.view("letters").column("message")  # type: ignore[union-attr]
    assert column is not None and column.free_text
    [told] = [each for each in described.decisions if each.place == "views.letters.columns.message"]
    assert (
        "2 of 3 texts (67%: telephone numbers, names)" in told.text or "names, telephone numbers" in told.text
    )
    assert "3 条中有 2 条" in told.text_zh
    others = [c.name for v in described.shop.views for c in v.columns if c.free_text and c.name != "message"]
    assert others == []


def test_numbers_of_the_shops_own_countries_are_known(shop_file: Path, tmp_path: Path) -> None:
    described = load_shop(shop_file)
    assert "PT" not in phone_regions(described)
    text = shop_file.read_text("utf-8").replace(
        "country: {type: text, sampled: true}", "country: {type: text, values: {Portugal: [葡萄牙]}}"
    )
    (tmp_path / "shop.yml").write_text(text, "utf-8")
    assert "PT" in phone_regions(load_shop(tmp_path / "shop.yml"))


@pytest.mark.parametrize(
    "statement",
    ["SELECT sender, COUNT(*) FROM letters GROUP BY sender", "SELECT letters.sender, COUNT(*) FROM letters GROUP BY letters.sender",
     "SELECT sender, COUNT(*) FROM letters GROUP BY sender ORDER BY COUNT(*) DESC LIMIT 2"],
)  # fmt: skip
def test_the_question_language_groups_by_pseudonyms(clerk: Workspace, statement: str) -> None:
    compiled = compile_statement(
        parse(statement), seen_shop(clerk), clerk.catalog.dialect, clerk.today, clerk.role
    )
    told = repr(clerk.run(compiled.sql).rows)
    assert "p-" in told and "zorka@" not in told
