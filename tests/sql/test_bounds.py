"""Numbers that are part of what they bound, or not, as the question says."""

from __future__ import annotations

import pytest

from sql.question.linking import Links
from sql.question.numbers import find_numbers
from sql.statement.bounds import bounded, bounds_said
from sql.statement.parse import parse

SIGNS = {
    "<=": "not over N, not exceeding N, doesn't exceed N, maximum N, max. of N, <= N, "
    "未超过N, 没超过N, 小于等于N, N天内",
    ">=": "not under N, minimum N, starting at N, upwards of N, >= N, N plus, N and up, "
    "满N元, 达到N, 大于等于N, 不低于N",
    ">": "more expensive than N, in excess of N, beyond N, > N, 高出N",
    "<": "cheaper than N, < N, 没到N, 没有达到N, 未达N, 不满N",
}
SAID = [
    ("nearly out of, say 5 or fewer left?", {5: "<="}),
    ("at least 8 rentals this year", {8: ">="}),
    ("fewer than 5 left", {5: "<"}),
    ("orders over $100", {100: ">"}),
    ("no more than 3 items", {3: "<="}),
    ("10 units or more", {10: ">="}),
    ("5 pieces max", {5: "<="}),
    ("3 at least, 9 at most", {3: ">=", 9: "<="}),
    ("满5(含)以上", {5: ">="}),
    ("库存＜5", {5: "<"}),
    ("orders of more than 3 pieces or above 1500 yuan", {3: ">", 1500: ">"}),
    ("fewer than 5 lines or under 20 €", {5: "<", 20: "<"}),
    ("3+ orders", {3: ">="}),
    ("more than 50 long and more than 30 high", {50: ">", 30: ">"}),
    ("orders between 5 and 10", {}),
    ("above 5 or at most 5", {}),
    ("库存少于10件的", {10: "<"}),
    ("10件以上的订单", {10: ">="}),
    ("10块以上（不含10块）的发票", {}),
    ("不超过3个", {3: "<="}),
    ("消费超过1000的", {1000: ">"}),
    ("over one million in sales", {1_000_000: ">"}),
    *((words.replace("N", "7"), {7: sign}) for sign, some in SIGNS.items() for words in some.split(", ")),
]
STATEMENTS = [
    ("5 or fewer left", "SELECT name FROM p WHERE stock < 5", "SELECT name FROM p WHERE stock <= 5"),
    ("under 5", "SELECT name FROM p WHERE stock <= 5", "SELECT name FROM p WHERE stock < 5"),
    # inside, and of counts
    (
        "two or more lines, over 9 each: at least 2",
        "SELECT id FROM o WHERE id HAS lines COUNT > 2",
        "SELECT id FROM o WHERE id HAS lines COUNT >= 2",
    ),
    # the other direction may say the same of the rest, and another number is none of the bound's
    ("no fewer than 5", "SELECT name FROM p WHERE stock <= 5", "SELECT name FROM p WHERE stock <= 5"),
    ("at least 5", "SELECT name FROM p WHERE stock > 4", "SELECT name FROM p WHERE stock > 4"),
]


def linked(question: str) -> Links:
    return Links(question=question, mentions=(), numbers=find_numbers(question))


@pytest.mark.parametrize(("question", "signs"), SAID, ids=[q for q, _ in SAID])
def test_words_beside_a_number_say_its_sign(question: str, signs: dict[int, str]) -> None:
    said = bounds_said(linked(question))
    assert {int(value): sign for value, sign in said.items()} == signs


@pytest.mark.parametrize(("question", "written", "right"), STATEMENTS, ids=[q for q, _, _ in STATEMENTS])
def test_a_statement_bounds_as_the_question_says(question: str, written: str, right: str) -> None:
    assert bounded(parse(written), linked(question)) == parse(right)
