"""The question language read, printed and edited: no shop, no database."""

from __future__ import annotations

import random

import pytest

from bench.language_statements import Maker
from sql.errors import WrongStatement
from sql.statement import sentence as la
from sql.statement.parse import MAX_DEPTH, MAX_LENGTH, parse

SAME = """
SELECT takings FROM purchases WHERE DURING('last month')
SELECT MONTH, takings, GROWTH(takings, 1 YEAR) FROM purchases WHERE DURING('this year') GROUP BY MONTH
SELECT region, title, sold FROM purchases GROUP BY region, title ORDER BY sold DESC LIMIT 2 PER region
SELECT COUNT(purchase_id) FROM purchases HAVING COUNT(author) PER purchase_id > 2
SELECT COUNT(id) FROM readers WHERE id HAS purchases DURING('2023') AND id HAS NO purchases DURING('2024')
SELECT SHARE(readers, reader_id HAS purchases COUNT >= 2) FROM purchases
SELECT SHARE(readers, region = 'north' AND age > 30) FROM purchases
SELECT COUNT(id) FROM a WHERE id HAS b (x = 'y' AND z IN (1, 2)) DURING('2025') WITHIN 7 DAY COUNT(w) <= 3
SELECT genre, refunded_copies / copies_sold FROM purchases GROUP BY genre
SELECT (a - b) / (c * 2), a - (b - c), a / (b / c) FROM s
SELECT SHARE(a PER b, c), RANK(a PER d), RUNNING(a, YEAR), ROLLING(a, 3), BEFORE(a, 2 WEEK) FROM s
SELECT BUCKET(revenue PER order_id, 5, 15), TILE(m PER ALL e, 10), FIRST(MONTH PER e), AGE(WEEK PER e) FROM s
SELECT PAIRS(product PER order_id), COUNT(order_id) FROM s GROUP BY PAIRS(product PER order_id)
SELECT AVG(GAP(at PER who)), AVG(DAYS(a, b)), PERCENTILE(x, 99.5), AVG((a / b) PER e) FROM s
SELECT a FROM s WHERE (x = 1 OR y IN ('a', 'b') AND z > 3) AND NOT flag AND w NOT BETWEEN -1 AND 2.5
SELECT a FROM s WHERE t IS NOT NULL AND u NOT LIKE '%it''s%' AND DURING(sent_at, '2025') AND v = TRUE
SELECT "order", "MONTH", month, "two words", orders.city FROM "group" WHERE "it""s" <> 'x'
SELECT 收入 FROM 销售 WHERE 地区 = '北京' AND DURING('2024年3月')
SELECT MONTH(sent_at), HOUR, FISCAL_QUARTER FROM s GROUP BY MONTH(sent_at), HOUR, FISCAL_QUARTER
SELECT COUNT(*), COUNT(DAY) FROM s HAVING a = 0 AND b IS NULL ORDER BY a, b DESC LIMIT 5
SELECT revenue PER order_id, COUNT(order_id) FROM s GROUP BY revenue PER order_id
SELECT SHARE(a, TOP(a PER b, 10)) FROM s WHERE NOT BOTTOM(AVG(c) PER d, 3, DURING('2025') AND e = 'x')
SELECT a FROM s WHERE NOT TOP(COUNT(*) PER b FROM "group", 3, c = 'd') AND BOTTOM(e PER f FROM t, 1)
SELECT top FROM bottom WHERE top > 3 AND NOT bottom
""".strip().splitlines()

OTHER_SPELLINGS = [
    ("select a from s where x != 1 group by a;", "SELECT a FROM s WHERE x <> 1 GROUP BY a"),
    ("SELECT DISTINCT a, b FROM s", "SELECT a, b FROM s GROUP BY a, b"),
    ("SELECT COUNT(DISTINCT a) FROM s ORDER BY a ASC", "SELECT COUNT(a) FROM s ORDER BY a"),
    ("SELECT growth(a, 2 months) FROM s", "SELECT GROWTH(a, 2 MONTH) FROM s"),
    ("SELECT ((a)) FROM s WHERE (x = 1)", "SELECT a FROM s WHERE x = 1"),
]

WRONG = [
    ("SELECT a b", 9, "expected FROM, found 'b'"),
    ("SELECT a FROM", 13, "expected a view, the statement ends"),
    ("SELECT a FROM s GRUOP BY a", 16, "expected WHERE or GROUP BY or HAVING"),
    ("SELECT foo(a) FROM s", 7, "one of the words SUM, AVG"),
    ("SELECT a FROM s WHERE x + 1", 27, "a sign such as ="),
    ("SELECT a FROM s WHERE DURING(3)", 29, "expected a column"),
    ("SELECT a FROM s WHERE x = 'abc", 26, "close the text with '"),
    ("SELECT GROWTH(a, 1 FORTNIGHT) FROM s", 19, "a unit of time (DAY, WEEK"),
    ("SELECT PERCENTILE(x, 140) FROM s", 21, "a percentage from 0 to 100"),
    ("SELECT a FROM s LIMIT many", 22, "a number of rows"),
    ("SELECT TILE(a, 10) FROM s", 12, "a figure PER entity"),
    ("SELECT a FROM s WHERE TOP(a, 10)", 26, "a figure PER entity"),
    ("SELECT a FROM s WHERE TOP(a PER b, few)", 35, "a number of places"),
    ("SELECT TOP(a PER b, 10) FROM s", 7, "one of the words SUM, AVG"),
    ("SELECT a FROM s LIMIT 2 PER a + b", 28, "a dimension"),
    ("SELECT a FROM s; DROP TABLE s", 15, "has no meaning here"),
    ("DELETE FROM s", 0, "expected SELECT"),
    ("SELECT (SELECT a FROM s) FROM s", 8, "expected a column, a metric"),
    ("SELECT a FROM s JOIN t", 16, "expected WHERE"),
    ("", 0, "expected SELECT"),
]


def read(text: str) -> str:
    return str(parse(text))


@pytest.mark.parametrize("text", SAME)
def test_a_statement_is_printed_as_it_was_written(text: str) -> None:
    assert read(text) == text
    assert parse(read(text)) == parse(text)


@pytest.mark.parametrize(("text", "printed"), OTHER_SPELLINGS)
def test_another_spelling_is_printed_in_the_one_spelling(text: str, printed: str) -> None:
    assert read(text) == printed


@pytest.mark.parametrize(("text", "at", "reason"), WRONG)
def test_a_wrong_statement_says_where_and_what_was_expected(text: str, at: int, reason: str) -> None:
    with pytest.raises(WrongStatement) as caught:
        parse(text)
    if at < len(text):
        assert caught.value.at == at
    assert reason in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "SELECT " + "(" * 2_000,
        "SELECT a FROM s WHERE " + "(" * (MAX_DEPTH * 3) + "x = 1",
        "x" * (MAX_LENGTH + 1),
    ],
)
def test_a_statement_without_end_is_refused_and_not_followed(text: str) -> None:
    with pytest.raises(WrongStatement):
        parse(text)


def test_random_statements_are_read_back_equal() -> None:
    maker = Maker(3)
    for _ in range(500):
        statement = maker.statement()
        assert parse(str(statement)) == statement


def test_broken_statements_raise_nothing_but_wrong_statement() -> None:
    dice, maker = random.Random(5), Maker(4)
    for _ in range(500):
        text = str(maker.statement())
        at = dice.randrange(len(text))
        broken = text[:at] + dice.choice(["", "'", "(", ")", ",", " PER ", "\x00", "é"]) + text[at + 1 :]
        try:
            parse(broken)
        except WrongStatement as error:
            assert 0 <= error.at <= len(broken)


STATEMENT = parse(
    "SELECT country, revenue FROM sales WHERE channel = 'app' AND DURING('May 2026') GROUP BY country "
    "ORDER BY revenue DESC LIMIT 3"
)
EDITS = [
    (
        STATEMENT.with_period("June 2026"),
        "SELECT country, revenue FROM sales WHERE channel = 'app' AND DURING('June 2026') GROUP BY country "
        "ORDER BY revenue DESC LIMIT 3",
    ),
    (
        STATEMENT.with_period(None).limited(None),
        "SELECT country, revenue FROM sales WHERE channel = 'app' GROUP BY country ORDER BY revenue DESC",
    ),
    (
        STATEMENT.with_condition(la.Compare(la.Name("channel"), "=", la.Text("web"))),
        "SELECT country, revenue FROM sales WHERE DURING('May 2026') AND channel = 'web' GROUP BY country "
        "ORDER BY revenue DESC LIMIT 3",
    ),
    (
        STATEMENT.without("channel").with_groups(la.Name("city")),
        "SELECT city, revenue FROM sales WHERE DURING('May 2026') GROUP BY city ORDER BY "
        "revenue DESC LIMIT 3",
    ),
    (
        STATEMENT.with_figures(la.Share(la.Name("revenue"))),
        "SELECT country, SHARE(revenue) FROM sales WHERE channel = 'app' AND DURING('May 2026') "
        "GROUP BY country "
        "ORDER BY SHARE(revenue) DESC LIMIT 3",
    ),
    (
        STATEMENT.ordered(la.Name("revenue")).limited(1, la.Name("country")),
        "SELECT country, revenue FROM sales WHERE channel = 'app' AND DURING('May 2026') GROUP BY country "
        "ORDER BY revenue LIMIT 1 PER country",
    ),
]


@pytest.mark.parametrize(("edited", "printed"), EDITS)
def test_a_statement_is_edited_part_by_part(edited: la.Statement, printed: str) -> None:
    assert str(edited) == printed
    assert parse(printed) == edited
