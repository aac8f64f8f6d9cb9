import pytest

from finetune.hardness import hardness_of

# Each worked out by hand from the published rules: clauses, nestings, others.
CASES = [
    ("SELECT name FROM t", "easy"),
    ("SELECT name FROM t WHERE a = 1", "easy"),
    ("SELECT COUNT(*) FROM t", "easy"),
    ("SELECT name, age FROM t", "medium"),
    ("SELECT name FROM t WHERE a = 1 AND b = 2", "medium"),
    ("SELECT name FROM t WHERE a = 1 OR b = 2", "medium"),
    ("SELECT name FROM t ORDER BY age DESC LIMIT 1", "medium"),
    ("SELECT t.name FROM t JOIN u ON t.id = u.id WHERE u.a = 1", "medium"),
    ("SELECT name FROM t WHERE name LIKE '%a%'", "medium"),
    ("SELECT MAX(a), MIN(a), AVG(a) FROM t WHERE a > 1 AND b > 2", "hard"),
    ("SELECT a, COUNT(*) FROM t GROUP BY a ORDER BY COUNT(*) DESC LIMIT 1", "hard"),
    ("SELECT name FROM t WHERE a > (SELECT AVG(a) FROM t)", "hard"),
    ("SELECT name FROM t WHERE id NOT IN (SELECT id FROM u)", "hard"),
    ("SELECT name FROM t EXCEPT SELECT name FROM u", "hard"),
    ("SELECT t.name FROM t JOIN u ON t.id = u.id WHERE u.a = 1 GROUP BY t.id LIMIT 1", "extra"),
    ("SELECT a, b FROM t WHERE a = 1 UNION SELECT a, b FROM u", "extra"),
    ("SELECT name FROM t WHERE a IN (SELECT a FROM u) AND b IN (SELECT b FROM u)", "extra"),
    # The set operation's second part and what stands in subqueries are not counted.
    ("SELECT name FROM t EXCEPT SELECT t.name FROM t JOIN u ON t.id = u.id WHERE u.a = 1 OR u.b = 2", "hard"),
    ("SELECT name FROM t WHERE a = (SELECT MAX(a) FROM u WHERE b = 1 AND c = 2 ORDER BY d LIMIT 1)", "hard"),
    ("SELECT COUNT(*) FROM (SELECT a FROM t WHERE b = 1 GROUP BY a HAVING COUNT(*) > 2)", "easy"),
    # A negated condition counts like an aggregate, as in the public evaluator.
    ("SELECT COUNT(*) FROM t WHERE a IN (SELECT a FROM u)", "hard"),
    ("SELECT COUNT(*) FROM t WHERE a NOT IN (SELECT a FROM u)", "extra"),
    ('SELECT `a b` FROM `t u` WHERE `c` = "d"', "easy"),
]


@pytest.mark.parametrize(("sql", "expected"), CASES, ids=[sql[:60] for sql, _ in CASES])
def test_the_class_follows_from_the_counts(sql, expected):
    assert hardness_of(sql) == expected


def test_what_is_no_query_has_no_class():
    assert hardness_of("SELECT FROM WHERE") is None
    assert hardness_of("DELETE FROM t") is None
    assert hardness_of("SELECT a FROM t WHERE b = TRUE QUALIFY c = 1", "duckdb") == "easy"
