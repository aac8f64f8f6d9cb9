"""Canonical SQL means what it was made from, and its grammar holds it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from finetune.evaluate import has_order
from finetune.match import is_same_result
from llm.constraint import accepts
from sql.databases import open_database
from sql.shop.shopfile import shop_from_catalog
from sql.statement.canonical import MAX_TABLES, NotCanonical, Schema, canonical
from sql.statement.canonical_grammar import paths_grammar, query_grammar

TABLES = """
CREATE TABLE city (id INTEGER PRIMARY KEY, Name TEXT, "Area km2" REAL);
CREATE TABLE shop (
  shop_id INTEGER PRIMARY KEY, city_id INTEGER REFERENCES city(id), name TEXT, opened INTEGER);
CREATE TABLE visit (
  visit_id INTEGER PRIMARY KEY, shop_id INTEGER REFERENCES shop(shop_id),
  from_city INTEGER REFERENCES city(id), to_city INTEGER REFERENCES city(id), spent REAL);
INSERT INTO city VALUES (1, 'Rome', 1285.0), (2, 'Oslo', 454.0), (3, 'O''Hara', NULL);
INSERT INTO shop VALUES (10, 1, 'Lamps', 1999), (11, 1, 'Mugs', 2005), (12, 2, 'Bags', 2005);
INSERT INTO visit VALUES (100, 10, 1, 2, 5.5), (101, 10, 2, 1, 7), (102, 12, 3, 2, 1), (103, 11, 1, 1, NULL);
"""

FORMS = [
    ("select NAME from City", "-- city\n", "SELECT Name FROM city"),
    (
        "SELECT t1.name, count(*) AS n FROM shop t1 JOIN visit AS t2 ON t1.shop_id = t2.shop_id "
        "GROUP BY t1.name ORDER BY n DESC, t1.name ASC LIMIT 2",
        "-- shop, visit\n",
        "SELECT shop.name, COUNT(*) FROM shop JOIN visit ON visit.shop_id = shop.shop_id "
        "GROUP BY shop.name ORDER BY COUNT(*) DESC, shop.name LIMIT 2",
    ),
    (
        'SELECT "Area km2" FROM city WHERE NOT name IN ("Rome", "O\'Hara") AND "area km2" IS NOT NULL',
        "-- city\n",
        "SELECT \"Area km2\" FROM city WHERE Name NOT IN ('Rome', 'O''Hara') AND \"Area km2\" IS NOT NULL",
    ),
    (
        "SELECT name FROM shop WHERE opened = (SELECT MAX(opened) FROM shop) EXCEPT SELECT name FROM city",
        "-- shop / shop / city\n",
        "SELECT name FROM shop WHERE opened = (SELECT MAX(opened) FROM shop) EXCEPT SELECT Name FROM city",
    ),
    (
        "SELECT c.name FROM visit v, city c WHERE v.from_city = c.id AND (v.spent > 2 OR v.spent < 1)",
        "-- city, visit ON from_city\n",
        "SELECT city.Name FROM city JOIN visit ON visit.from_city = city.id "
        "WHERE visit.spent > 2 OR visit.spent < 1",
    ),
    (  # the table asked about first, then what is joined to it
        "SELECT v.spent, c.name FROM city c JOIN shop s ON s.city_id = c.id "
        "JOIN visit v ON v.shop_id = s.shop_id",
        "-- visit, shop, city ON city_id, shop_id\n",
        "SELECT visit.spent, city.Name FROM visit JOIN shop ON visit.shop_id = shop.shop_id "
        "JOIN city ON shop.city_id = city.id",
    ),
    (  # rows are counted: those that no other table points at
        "SELECT COUNT(*) FROM city JOIN shop ON shop.city_id = city.id WHERE city.name = 'Rome'",
        "-- shop, city\n",
        "SELECT COUNT(*) FROM shop JOIN city ON shop.city_id = city.id WHERE city.Name = 'Rome'",
    ),
    (
        "SELECT DISTINCT (name) FROM shop WHERE (opened BETWEEN 1990 AND 1999 AND name <> '') OR opened = 4",
        "-- shop\n",
        "SELECT DISTINCT name FROM shop WHERE (opened BETWEEN 1990 AND 1999 AND name <> '') OR opened = 4",
    ),
]

REFUSED = [
    ("SELECT a.name FROM shop a JOIN shop b ON a.city_id = b.city_id", "joined with itself"),
    ("SELECT name FROM shop s WHERE EXISTS (SELECT 1 FROM visit v WHERE v.shop_id = s.shop_id)", "SELECT"),
    ("SELECT shop.name FROM shop JOIN visit ON shop.opened = visit.spent", "not joined along known keys"),
    ("SELECT n FROM (SELECT COUNT(*) AS n FROM shop)", "subquery in FROM"),
    ("SELECT nothing FROM shop", "column nothing"),
    ("SELECT 1 FROM nowhere", "no table nowhere"),
    ("DROP TABLE shop", "no query"),
    ("SELECT FROM WHERE", "cannot be read"),
    ("SELECT name FROM shop LEFT JOIN visit ON visit.shop_id = shop.shop_id", "inner joins"),
    ("WITH t AS (SELECT 1 AS x) SELECT x FROM t", "With"),
]


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    path = tmp_path_factory.mktemp("canonical") / "towns.sqlite"
    opened = sqlite3.connect(path)
    opened.executescript(TABLES)
    opened.commit()
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def schema(connection: sqlite3.Connection) -> Schema:
    return read_schema(Path(connection.execute("PRAGMA database_list").fetchone()[2]))


def read_schema(path: Path) -> Schema:
    database = open_database(str(path))
    catalog = database.catalog()
    database.close()
    return Schema.of(shop_from_catalog(catalog, name="x", database="x").views, catalog)


@pytest.mark.parametrize(("sql", "lead", "text"), FORMS)
def test_one_form_with_the_same_rows(
    sql: str, lead: str, text: str, schema: Schema, connection: sqlite3.Connection
) -> None:
    made = canonical(sql, schema)
    assert (made.lead, made.sql) == (lead, text)
    assert connection.execute(made.text).fetchall() == connection.execute(sql).fetchall()
    assert canonical(made.sql, schema) == made
    assert accepts(paths_grammar(schema), made.lead)
    assert accepts(query_grammar(made.paths, schema), made.sql)


@pytest.mark.parametrize(("sql", "reason"), REFUSED)
def test_what_has_no_canonical_form_is_refused(sql: str, reason: str, schema: Schema) -> None:
    with pytest.raises(NotCanonical, match=reason):
        canonical(sql, schema)


def test_paths_join_along_keys_and_are_told_apart_by_name(schema: Schema) -> None:
    names = [path.name for path in schema.paths]
    assert len(names) == len(set(names))
    assert {"city", "shop", "visit", "city, shop", "shop, city", "city, shop, visit"} <= set(names)
    assert sum(path.tables == ("city", "visit") for path in schema.paths) == 2
    for path in schema.paths:
        for place, table in enumerate(path.tables[1:], start=1):
            before = path.tables[:place]
            assert any({e.many, e.one} <= {table, *before} for e in path.edges if table in (e.many, e.one))
    assert max(len(path.tables) for path in schema.paths) <= MAX_TABLES


def test_the_grammar_knows_only_the_columns_of_the_paths(schema: Schema) -> None:
    (path,) = [p for p in schema.paths if p.name == "shop"]
    grammar = query_grammar([path], schema, ["Rome"])
    assert accepts(grammar, "SELECT name FROM shop WHERE name = 'Rome'")
    for wrong in (
        "SELECT spent FROM shop",
        "SELECT name FROM city",
        "SELECT name FROM shop WHERE name = 'Oslo'",
        "SELECT name FROM shop WHERE opened = (SELECT MAX(opened) FROM shop)",
        "SELECT name FROM shop; DROP TABLE shop",
    ):
        assert not accepts(grammar, wrong)


@pytest.mark.data
@pytest.mark.slow
def test_honest_queries_have_a_canonical_form(data_folder: Path) -> None:
    """Every fifth database of the public set: at least 97 in 100 have one, all with the same rows."""
    folder = data_folder / "spider_train"
    golds: dict[str, dict[str, None]] = {}
    for line in (folder / "questions.jsonl").read_text(encoding="utf-8").splitlines():
        case = json.loads(line)
        golds.setdefault(case["database"], {})[case["sql"]] = None
    total = covered = 0
    for name in list(golds)[::5]:
        path = folder / "database" / name / f"{name}.sqlite"
        schema = read_schema(path)
        opened = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        opened.text_factory = lambda raw: raw.decode("utf-8", errors="replace")
        for sql in golds[name]:
            total += 1
            try:
                made = canonical(sql, schema)
            except NotCanonical:
                continue
            covered += 1
            rows = [opened.execute(text).fetchmany(5_000) for text in (made.text, sql)]
            assert is_same_result(rows[0], rows[1], ordered=has_order(sql)), f"{sql}\n{made.text}"
        opened.close()
    assert covered >= 0.97 * total
