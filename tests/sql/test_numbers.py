"""Numbers in questions, as a table of cases: what is said, and its values in order."""

from __future__ import annotations

import pytest

from sql.question.numbers import find_numbers, zh_number

CASES = """
orders over 1.5k euros | 1500
orders over 2万元 | 20000
orders above one million | 1000000
orders above 1,234.50 | 1234.5
orders above 1.234,50 EUR | 1234.5
12.000,50 | 12000.5
1 000 euros | 1000
1'000 CHF | 1000
2.000 orders | 2000
rating of 4.5 or more | 4.5
12.345 | 12.345
1,5 stars | 1.5
ids 1,5,7 | 1 5 7
1,5 and 7 | 1 5 7
top 5, 10 and 20 | 5 10 20
under .5 | 0.5
over 50% | 50
over $1m | 1000000
a 5m cable | 5
over 3.5m euros | 3500000
10bn | 10000000000
half a million | 500000
two and a half million | 2500000
a dozen products | 12
two dozen | 24
twenty five products | 25
twenty-five products | 25
one hundred and fifty | 150
one million two hundred thousand | 1200000
three thousand and five | 3005
ten and twenty | 10 20
five ten | 5 10
sixteen of sixty | 16 60
hundreds of orders |
10k-20k | 10000 20000
between 10 and 20k | 10000 20000
between 10-20 | 10 20
1到2万 | 10000 20000
5-10万 | 50000 100000
500ml bottles | 500
more than twice | 2
more than ５０ items | 50
前十名 | 10
倒数五名的商品 | 5
超过一千五百元 | 1500
超过1千5百元 | 1500
1万5 | 15000
超过3.5万 | 35000
两千三以上 | 2300
一百零五 | 105
两万五以上的客户 | 25000
一千到五千、一万以上 | 1000 5000 10000
百分之五十 | 50
订单金额的第90百分位 | 90
十二个 | 12
几十个订单 |
千万不要 |
成千上万 |
哪一个 |
"""


@pytest.mark.parametrize("case", CASES.strip().splitlines())
def test_every_way_of_saying_a_number(case: str) -> None:
    question, _, values = case.partition("|")
    assert [n.value for n in find_numbers(question)] == [float(value) for value in values.split()]
    assert all(question[n.start : n.end] == n.text for n in find_numbers(question))


@pytest.mark.parametrize(
    ("text", "value"),
    [("十二", 12), ("30", 30), ("一万五", 15_000), ("一万五千", 15_000), ("三百五十", 350)],
)
def test_chinese_numerals(text: str, value: int) -> None:
    assert zh_number(text) == value


def test_what_is_no_number_has_no_value() -> None:
    assert [zh_number(text) for text in ("", "abc", "第一")] == [None, None, None]
