"""Gold SQL put into the question language: only where the rows are the gold's."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from finetune.errors import EvaluationError
from finetune.spider_pairs import SpiderQuestion, examples_of, pairs_over, read_questions
from finetune.ways import open_unseen

SCRIPT = """
CREATE TABLE customers (customer_id INTEGER PRIMARY KEY, customer_name TEXT, city TEXT, age INTEGER);
CREATE TABLE orders (order_id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers (customer_id),
    status TEXT, weight INTEGER);
INSERT INTO customers VALUES (1, 'Ann', 'Bath', 30), (2, 'Bob', 'York', 41), (3, 'Cyd', 'Bath', 28);
INSERT INTO orders VALUES (1, 1, 'open', 5), (2, 1, 'sent', 7), (3, 2, 'sent', 9), (4, 2, 'sent', 4),
    (5, 2, 'open', 1);
"""
SAID = [
    ("SELECT count(*) FROM customers", "SELECT number_of_customers FROM customers"),
    (
        "SELECT city, count(*) FROM customers GROUP BY city",
        "SELECT city, number_of_customers FROM customers GROUP BY city",
    ),
    ("SELECT avg(age), min(age) FROM customers", "SELECT AVG(age), MIN(age) FROM customers"),
    (
        "SELECT T1.customer_name FROM customers AS T1 JOIN orders AS T2 ON T1.customer_id = T2.customer_id "
        "GROUP BY T1.customer_id ORDER BY count(*) DESC LIMIT 1",
        "SELECT customer_name, number_of_orders FROM orders GROUP BY customer_name "
        "ORDER BY number_of_orders DESC LIMIT 1",
    ),
    (
        'SELECT customer_name FROM customers WHERE city = "York"',
        "SELECT customer_name FROM customers WHERE city = 'York'",
    ),
    (
        "SELECT customer_name FROM customers WHERE customer_id NOT IN (SELECT customer_id FROM orders)",
        "SELECT customer_name FROM customers WHERE customer_id HAS NO orders",
    ),
    (
        "SELECT customer_name FROM customers EXCEPT SELECT T1.customer_name FROM customers AS T1 JOIN orders "
        "AS T2 ON T1.customer_id = T2.customer_id WHERE T2.status = 'open'",
        "SELECT customer_name FROM customers WHERE customer_id HAS NO orders (status = 'open')",
    ),
    (
        "SELECT customer_name FROM customers WHERE age = (SELECT max(age) FROM customers)",
        "SELECT customer_name FROM customers ORDER BY age DESC LIMIT 1",
    ),
    (
        "SELECT customer_name FROM customers WHERE age BETWEEN 28 AND 30 OR city LIKE 'Y%' ORDER BY age",
        "SELECT customer_name FROM customers WHERE (age BETWEEN 28 AND 30 OR city LIKE 'Y%') ORDER BY age",
    ),
    (
        "SELECT T1.city, sum(T2.weight) FROM customers AS T1 JOIN orders AS T2 "
        "ON T1.customer_id = T2.customer_id WHERE T2.status <> 'open' GROUP BY T1.city",
        "SELECT city, SUM(weight) FROM orders WHERE status <> 'open' GROUP BY city",
    ),
    ("SELECT count(DISTINCT city) FROM customers", "SELECT COUNT(city) FROM customers"),
]
LEFT_OUT = [
    ("SELECT customer_name FROM customers WHERE age > (SELECT avg(age) FROM customers)", "a subquery"),
    ("SELECT city FROM customers UNION SELECT status FROM orders", "a set operation"),
    ("SELECT customer_name FROM customers WHERE city = 'Leeds'", "no rows"),
    ("SELECT nothing FROM customers", "does not run"),
    (
        "SELECT a.customer_name FROM customers a JOIN customers b ON a.city = b.city AND a.age < b.age",
        "joined to itself",
    ),
]


@pytest.fixture
def database(tmp_path: Path) -> Path:
    folder = tmp_path / "database" / "little_shop"
    folder.mkdir(parents=True)
    with sqlite3.connect(folder / "little_shop.sqlite") as connection:
        connection.executescript(SCRIPT)
    connection.close()
    return folder / "little_shop.sqlite"


def said(database: Path, sql: str, question: str = "?") -> tuple[str | None, str]:
    workspace = open_unseen(database)
    try:
        asked = [SpiderQuestion(database="little_shop", question=question, sql=sql)]
        ((_, statement, reason),) = pairs_over(workspace, database, asked)
    finally:
        workspace.close()
    return statement, reason


@pytest.mark.parametrize(("sql", "statement"), SAID)
def test_a_gold_is_said_in_the_question_language(sql: str, statement: str, database: Path) -> None:
    assert said(database, sql) == (statement, "")


@pytest.mark.parametrize(("sql", "reason"), LEFT_OUT)
def test_what_has_no_form_is_left_out_with_the_reason(sql: str, reason: str, database: Path) -> None:
    statement, told = said(database, sql)
    assert statement is None and reason in told


def test_a_gold_that_counts_all_is_none_of_a_question_for_different_ones(database: Path) -> None:
    statement, reason = said(database, "SELECT count(city) FROM customers", "How many different cities?")
    assert statement is None and "different" in reason


def test_examples_are_of_databases_that_may_be_trained_on_alone(database: Path, tmp_path: Path) -> None:
    lines = [
        {"database": "little_shop", "question": "How many customers are there?", "sql": SAID[0][0]},
        {"database": "little_shop", "question": "Who is above average?", "sql": LEFT_OUT[0][0]},
        {"database": "bike_1", "question": "How many?", "sql": SAID[0][0]},
    ]
    (tmp_path / "questions.jsonl").write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    examples, counts = examples_of(tmp_path)
    assert [example.reply for example in examples] == [SAID[0][1]]
    assert counts == {"said": 1, "a comparison with a subquery": 1}


def test_one_of_the_outside_databases_is_refused(tmp_path: Path) -> None:
    line = {"database": "concert_singer", "question": "How many?", "sql": "SELECT 1"}
    (tmp_path / "questions.jsonl").write_text(json.dumps(line), encoding="utf-8")
    with pytest.raises(ValueError, match="outside check"):
        read_questions(tmp_path / "questions.jsonl")


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="cannot be read"):
        read_questions(tmp_path / "questions.jsonl")
