"""Recommendations beside a brute-force walk, their reasons, and what is never recommended."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
from buying_shop import Talk
from offering_shop import BOUND, NAMES, SOLD

from bot.answer import Answer
from jobs.recommend.alike import varied
from jobs.recommend.walking import ALPHA, BETA

TEA = (
    dict.fromkeys(range(1, 9), "tpc") | dict.fromkeys(range(9, 13), "tp") | dict.fromkeys(range(20, 30), "lb")
)
TEA |= {30: "t", 31: "tr", 32: "r", 33: ""}


def rows_of(answer: Answer) -> list[dict[str, Any]]:
    assert answer.status == "answered", answer.text
    names = [column.name for column in answer.tables[0].columns]
    return [dict(zip(names, row, strict=True)) for row in answer.tables[0].rows]


def products_of(answer: Answer) -> list[str]:
    return [row["product"] for row in rows_of(answer)]


def by_hand(bought: Mapping[int, str], asked: str, without: int | None = None) -> dict[str, float]:
    """Letter → score, by the walk's own definition."""
    buyers: dict[str, int] = defaultdict(int)
    for letters in bought.values():
        for letter in letters:
            buyers[letter] += 1
    scores: dict[str, float] = defaultdict(float)
    for start in asked:
        for letter in buyers:
            both = [w for w, has in bought.items() if start in has and letter in has and w != without]
            if letter != start and letter not in asked and len(both) >= 2:
                pull = sum(len(bought[w]) ** -ALPHA for w in both)
                scores[letter] += pull * buyers[start] ** -ALPHA * buyers[letter] ** -BETA
    return scores


@pytest.mark.parametrize("engine", ["duckdb", "sqlite"])
def test_a_customer_is_recommended_what_a_walk_by_hand_finds(talk: Callable[..., Talk], engine: str):
    draw = np.random.default_rng(5)
    letters = list(NAMES)
    bought = {n: "".join(draw.choice(letters, int(draw.integers(1, 6)), replace=False)) for n in range(1, 90)}
    about = talk(bought, engine=engine)
    for who in (3, 17, 40):
        answer = about.ask(f"recommend customer={who} top=9")
        wanted = by_hand(bought, bought[who], without=who)
        rows = rows_of(answer)
        assert {row["product"] for row in rows} == {NAMES[letter] for letter in wanted}
        assert rows[0]["product"] == NAMES[max(wanted, key=lambda letter: wanted[letter])]
        for row in rows:
            start, end = ({v: k for k, v in NAMES.items()}[row[c]] for c in ("because_of", "product"))
            others = [has for w, has in bought.items() if w != who and start in has]
            assert row["buyers"] == len(others) and row["together"] == sum(end in has for has in others)


def test_the_reason_is_told_in_numbers(talk: Callable[..., Talk]):
    answer = talk(TEA).ask("What should I recommend to customer 30?")
    assert rows_of(answer)[0] == {
        "product": "Tea Pot", "because_of": "Green Tea", "together": 12, "buyers": 13, "share": 0.9231
    }  # fmt: skip
    assert "Tea Pot: bought by 12 of the 13 who bought Green Tea" in answer.text
    assert "Desk Lamp" not in answer.text


def test_nothing_out_of_stock_sent_back_or_bought_before_is_recommended(talk: Callable[..., Talk]):
    question = "What should I recommend to customer 30?"
    assert products_of(talk(TEA).ask(question)) == ["Tea Pot", "Cup"]
    assert products_of(talk(TEA, empty="p").ask(question)) == ["Cup"]
    assert products_of(talk(TEA, returned={30: "c", 1: "p"}).ask(question)) == ["Tea Pot"]
    about = talk(TEA)
    assert products_of(about.ask("recommend customer=9")) == ["Cup"]
    assert "Green Tea" in products_of(about.ask("recommend customer=9 again=yes"))


def test_a_basket_of_several_and_words_of_both_languages(talk: Callable[..., Talk]):
    about = talk(TEA)
    for message in (
        "What goes well with the Green Tea?",
        "Which products are similar to the Green Tea?",
        "Recommend something for a basket of Green Tea and Cup",
        "和 Green Tea 类似的商品",
        'recommend of="Green Tea"',
        "What could you recommend with Green Tea?",
    ):
        answer = about.ask(message)
        assert answer.skill == "recommend" and products_of(answer)[0] == "Tea Pot", (message, answer.text)
        assert answer.unheard == (), (message, answer.unheard)
    for message in ("该给顾客30推荐什么？", "请为30号顾客推荐商品", "Suggest something for client 30"):
        answer = about.ask(message)
        assert answer.parameters["customer"] == "30" and products_of(answer) == ["Tea Pot", "Cup"], message
    assert products_of(about.ask("and to customer 20?"))[0] == "Green Tea"


def test_what_others_recommend_is_not_asked_here(talk: Callable[..., Talk]):
    about = talk(TEA)
    for message in (
        "Do customers recommend the Green Tea?",
        "Which products are bought together?",
        "推荐率是多少",
    ):
        assert about.ask(message).skill != "recommend", message


def test_a_customer_without_purchases_gets_what_most_buy(talk: Callable[..., Talk]):
    answer = talk(TEA).ask("What should I recommend to customer 33?")
    assert products_of(answer)[:2] == ["Green Tea", "Tea Pot"] and "what most customers bought" in answer.text


def test_a_product_that_nobody_bought_gets_what_is_called_alike(talk: Callable[..., Talk]):
    answer = talk(TEA).ask("What goes well with the Desk Lamp Nova?")
    assert products_of(answer)[0] == "Desk Lamp" and "called most alike" in answer.text


def test_names_and_numbers_that_are_not_known_are_asked_back_with_the_nearest(talk: Callable[..., Talk]):
    about = talk(TEA)
    answer = about.ask("What should I recommend to customer 35?")
    assert answer.status == "clarify" and answer.options[0] == "What should I recommend to customer 32?"
    answer = about.ask("Which products go well with the Tee Potte?")
    assert answer.status == "clarify" and any("Tea Pot" in option for option in answer.options), answer
    assert about.ask(answer.options[0]).status == "answered"
    text = talk(TEA, key="text")
    assert products_of(text.ask("What should I recommend to customer C-30?")) == ["Tea Pot", "Cup"]
    assert text.ask("recommend customer=C-300").status == "clarify"
    assert about.ask("recommend customer=abc").status == "clarify"
    assert about.ask("recommend").status == "clarify"


def test_a_role_that_may_not_see_customers_asks_for_products_only(talk: Callable[..., Talk]):
    about = talk(TEA, role="clerk")
    answer = about.ask("What should I recommend to customer 30?")
    assert answer.status == "declined" and "Green Tea" not in answer.text
    told = about.ask("What goes well with the Green Tea?")
    assert "in 12 of the 14 orders with Green Tea" in told.text
    assert talk(TEA, role="partner").ask("What goes well with the Green Tea?").status == "declined"


EVIL = "1042'; DROP TABLE sales; --"


@pytest.mark.parametrize(
    ("bindings", "message", "says"),
    [
        ("", "What should I recommend to customer 1?", "bindings: {product: sales.product}"),
        ("bindings: {product: sales.product}", "What goes well with the Cup?", "customer: sales.customer"),
        (BOUND, "recommend customer=1 top=500", "expected 1 to 50"),
        (BOUND, "recommend of=Unicorn", "expected values of the shop"),
    ],
)
def test_what_cannot_be_told_is_declined_with_the_way_out(
    talk: Callable[..., Talk], bindings: str, message: str, says: str
):
    answer = talk(TEA, bindings=bindings).ask(message)
    assert (answer.status, says in answer.text.replace("\\", "")) == ("declined", True), answer.text


def test_a_key_that_a_stranger_wrote_is_only_a_key(talk: Callable[..., Talk]):
    for key in ("text", "integer"):
        about = talk(TEA, key=key)
        assert about.ask(f'recommend customer="{EVIL}"').status in ("clarify", "declined")
        assert about.ask('recommend customer="x\' OR 1=1"').status == "clarify"
        assert about.ask("What goes well with the Cup?").status == "answered"


def test_a_shop_without_stock_says_that_it_does_not_know(talk: Callable[..., Talk]):
    answer = talk(TEA, bindings=f"bindings: {{{SOLD}}}").ask("What should I recommend to customer 30?")
    assert "Whether these are in stock is not known" in answer.text


def test_one_product_leaves_nothing_to_recommend(talk: Callable[..., Talk]):
    answer = talk(dict.fromkeys(range(1, 9), "t")).ask("What should I recommend to customer 1?")
    assert answer.status == "declined" and "left to recommend" in answer.text


def test_a_varied_list_takes_what_is_unlike_before_what_is_nearly_the_same():
    alike = np.eye(3)
    alike[0, 1] = alike[1, 0] = 1.0
    assert varied(np.array([1.0, 0.9, 0.8]), alike, 3) == [0, 2, 1]
    assert varied(np.array([1.0, 0.9, 0.1]), alike, 2) == [0, 1]
    assert varied(np.array([]), np.zeros((0, 0)), 3) == []
