"""What a message says of orders: whose it is, which numbers it has, what a reply to a card means."""

from __future__ import annotations

from pathlib import Path

import pytest

from jobs.order_card.order_letters import is_letter, upset_in
from jobs.order_card.order_states import way_of
from jobs.order_card.order_wishes import wishes_of
from jobs.order_card.order_words import follow, is_about_orders, loose_numbers, references

LINES = (Path(__file__).parent / "order_routes.txt").read_text(encoding="utf-8").splitlines()
ROUTES = [line.split(" | ", 1) for line in LINES if line.strip() and not line.startswith("#")]


def whose(message: str) -> str:
    if is_about_orders(message):
        return "card" if references(message) else "asks"
    return "letter" if is_letter(message) else "not"


@pytest.mark.parametrize(("expected", "message"), ROUTES, ids=[f"{q} → {e}" for e, q in ROUTES])
def test_a_message_is_whose_it_is(expected: str, message: str):
    assert whose(message) == expected


@pytest.mark.parametrize(
    ("message", "numbers"),
    [
        ("order 1042", ["1042"]),
        ("Order no. A-1042!", ["A-1042"]),
        ("my order number is SO2024/00017.", ["SO2024/00017"]),
        ("order 1,042", ["1042"]),
        ("orders 1042, 1043 and 1044", ["1042, 1043, 1044"]),
        ("order_card order=1042", ["1042"]),
        ('order_card order="1042, 1043"', ["1042, 1043"]),
        ("order 1042 and order #7", ["1042, 7"]),
        ("about order 12 and, later, order 13", ["12", "13"]),
        ("订单1042、1043", ["1042, 1043"]),
        ("订单号：A-1042", ["A-1042"]),
        ("1042号订单", ["1042"]),
        ("1042这单到哪了", ["1042"]),
        ("XS202511192437 这单送到了没", ["XS202511192437"]),
        ("帮我查下XS202511192437", ["XS202511192437"]),
        ("has SO2025-11190042 been shipped?", []),
        ("has SO202511190042 been shipped?", ["SO202511190042"]),
        ("write to ab12345678@example.com", []),
        ("I want to order 2 lamps", []),
        ("I placed an order 2 weeks ago", []),
        ("an order of 2025", []),
        ("orders 2025", []),
        ("order 10.5", []),
        ("reorder 5", []),
    ],
)
def test_numbers_are_read_where_an_order_is_named(message: str, numbers: list[str]):
    assert [each.text for each in references(message)] == numbers


def test_a_letter_without_the_word_has_numbers_that_may_be_one():
    text = "I wrote on 2026-05-03 about A-1042, paid 120.50 EUR, call 0049301234567, it is 2026 now."
    assert [each.text for each in loose_numbers(text)] == ["A-1042"]


@pytest.mark.parametrize(
    ("previous", "message", "means"),
    [
        ("What's happening with order 1042?", "what's in it?", "what's in it? (order 1042)"),
        ("What's happening with order 1042?", "when will it arrive?", "when will it arrive? (order 1042)"),
        ("订单1042怎么样了", "里面有什么商品？", "里面有什么商品？（订单 1042）"),
        ("订单1042怎么样了", "付款了吗", "付款了吗（订单 1042）"),
        ("order_card order=A-1042", "any tickets?", "any tickets? (order A-1042)"),
        ("show order 7", "where is it now?", "where is it now? (order 7)"),
        ("show order 7", "when was it paid?", "when was it paid? (order 7)"),
        ("订单7怎么样了", "它付款了吗", "它付款了吗（订单 7）"),
        ("订单7怎么样了", "到哪了", "到哪了（订单 7）"),
        ("show orders 7 and 8", "were they paid?", "were they paid? (orders 7, 8)"),
        ("what's in it? (order 1042)", "was it paid?", "was it paid? (order 1042)"),
        ("What's happening with order 1042?", "1043", None),
        ("What's happening with order 1042?", "revenue by country", None),
        ("What's happening with order 1042?", "is it raining?", None),
        ("What's happening with order 1042?", "how many tickets last month?", None),
        ("What's happening with order 1042?", "when will order 1043 arrive?", None),
        ("What's happening with an order?", "A-1042", "What's happening with an order? (order A-1042)"),
        ("Dear team, my order 12 is late. Bye, Anna. Thanks", "13", "Show order 13"),
        ("Dear team, my parcel is late!! Where is it? Thanks", "it is A-13",
         "Dear team, my parcel is late!! Where is it? Thanks (order A-13)"),
        ("Revenue by month", "what's in it?", None),
    ],
)  # fmt: skip
def test_what_is_said_after_a_card_keeps_to_its_order(previous: str, message: str, means: str | None):
    assert follow(previous, message) == means


@pytest.mark.parametrize(
    ("state", "words", "way"),
    [
        ("delivered", (), "delivered"),
        ("Completed", (), "delivered"),
        ("已签收", (), "delivered"),
        ("cancelled", (), "off"),
        ("payment_failed", (), "off"),
        ("已取消", (), "off"),
        ("refunded", (), "off"),
        ("shipped", ("on the way",), "open"),
        ("paid", ("待发货",), "open"),
        ("未完成", (), "open"),
        ("not delivered", (), "open"),
        ("partially delivered", (), "open"),
        ("open", ("未完成",), "open"),
        ("9", ("called off", "cancelled"), "off"),
        ("2", ("arrived", "已送达"), "delivered"),
        ("2", (), "open"),
    ],
)
def test_a_state_says_whether_an_order_comes(state: str, words: tuple[str, ...], way: str):
    assert way_of(state, words) == way


@pytest.mark.parametrize(
    ("letter", "signs"),
    [
        ("Please tell me where it is. Thank you.", ()),
        ("This is the THIRD time I'm writing!! Unacceptable.", ("THIRD time", "!!", "Unacceptable")),
        ("太差了！！第三次了，我要投诉。", ("太差", "！！", "第三次", "投诉")),
        ("My order SO2024/17 and my IBAN", ()),
    ],
)
def test_anger_is_counted_by_what_stands_there(letter: str, signs: tuple[str, ...]):
    assert upset_in(letter) == signs


@pytest.mark.parametrize(
    ("letter", "wish"),
    [
        ("My parcel with the two lamps has not turned up so far. Order 7.", "where"),
        ("Kindly cancel the order, we do not need it any longer.", "cancel"),
        ("I'd like to send the shoes back and get my money refunded.", "return"),
        ("The kettle came with a broken lid and the cable is missing.", "wrong"),
        ("We moved last week, please use our new address for the delivery.", "address"),
        ("Could I have an invoice with my company's name on it?", "invoice"),
        ("I am lodging a complaint about your rude staff.", "complaint"),
        ("Does the lamp also come in black?", "other"),
        ("快递三天没有动静了，东西到哪儿了？", "where"),
        ("帮我把这单取消了吧，不需要了。", "cancel"),
        ("鞋子太小，我要退货退款。", "return"),
        ("杯子收到时已经碎了。", "wrong"),
        ("请把收货地址改成我公司。", "address"),
        ("麻烦开一张发票给我。", "invoice"),
    ],
)
def test_what_a_letter_wants_is_read_from_its_sentences(letter: str, wish: str):
    found = wishes_of(letter)[0]
    assert found.name == wish
    assert not found.sentence or found.sentence in letter
