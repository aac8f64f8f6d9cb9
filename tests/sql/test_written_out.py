"""Messages typed in a hurry: the words that ask are put right, and nothing else is touched."""

from __future__ import annotations

import pytest

from sql.question.written_out import written_out

NAMES = frozenset(["yr", "reven"])
CASES = [
    ("how mny sold this yr", "how many sold this year"),
    ("busiset hour, and the bigest payout", "busiest hour, and the biggest payout"),
    ("Teh total of lst mnth, w/o returns", "the total of last month, without returns"),
    ("avarage days btwn order and delivery", "average days between order and delivery"),
    ("list yesterdays orders and last months sales", "list yesterday's orders and last month's sales"),
    ("takings lastmonth", "takings last month"),
    ("sales yesturday compred with the wk befor", "sales yesterday compared with the week before"),
]
AS_THEY_ARE = [
    "percentages of the monthly totals, averaged",
    "orders of Teh Wei Ling",  # a family's name
    "orders in OT and FO",
    "what did fo@shop.example and adn-204 order",
    'reviews with "befor" in them',
    "stock what=lst per=mnth",
    "see shop.example/teh?yr=2",
    "mouth wash and moth balls",
    "the latent print powder, and the fattest quarters",
    "the oddest orders, and the bushiest plants",
    "销售额 yr2024",
    "the last weeks of June",
    "in the last months",
]


@pytest.mark.parametrize(("typed", "meant"), CASES)
def test_words_that_ask_are_read_as_they_are_meant(typed: str, meant: str) -> None:
    assert written_out(typed, lambda word: False) == meant


@pytest.mark.parametrize("message", AS_THEY_ARE)
def test_what_is_no_mistyped_word_that_asks_stays(message: str) -> None:
    assert written_out(message, lambda word: False) == message


def test_a_name_of_the_shop_stays() -> None:
    assert written_out("yr and wk of reven", NAMES.__contains__) == "yr and week of reven"
