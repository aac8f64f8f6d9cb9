"""What stands around a question is left out; what may narrow it stays."""

from __future__ import annotations

import datetime as dt

import pytest

from sql.question.asides import linked_without_asides, without_asides
from sql.question.linking import Links, Mention, MentionKind, Vocabulary
from sql.shop.workspace import Workspace


def links(message: str, *named: str, kind: MentionKind = "column") -> Links:
    """Links of a message in which the words of ``named`` are the shop's."""
    at = [(word, message.index(word)) for word in named]
    mentions = tuple(
        Mention(kind=kind, view="v", name="c", start=n, end=n + len(word), text=word, score=1.0)
        for word, n in at
    )
    return Links(question=message, mentions=mentions)


@pytest.mark.parametrize(
    ("message", "asked"),
    [
        ("Hi team, how many orders in May? Many thanks, Moira", "how many orders in May?"),
        ("Good morning. which parcels are late? Kind regards, Joost Bakker", "which parcels are late?"),
        ("Ops check: parcels still in transit", "parcels still in transit"),
        ("For the quality meeting: refund sum by reason", "refund sum by reason"),
        ("Just curious for the newsletter: who bought vinyl and CDs", "who bought vinyl and CDs"),
        ("Orders per month for 2025 please, need it for the board slide", "Orders per month for 2025 please"),
        ("stock value for each store, for year end", "stock value for each store"),
        ("Discounts by shop. Bookkeeper here, for the management pack", "Discounts by shop."),
        ("Dad would like to know who spent most", "who spent most"),
        (
            "Dear all, for the invitation to the tasting I would need to know how many restaurants are new",
            "I would need to know how many restaurants are new",
        ),
        ("Who has under 3 stars? I want to have a word with them.", "Who has under 3 stars?"),
        ("who hasn't bought since May? want to ring them up", "who hasn't bought since May?"),
        ("articles never sold online? thinking of a clear out", "articles never sold online?"),
        ("SO25562 - customer on the phone, where is it", "SO25562 - where is it"),
        ("amounts, not counts", "amounts"),
        ("chap from Lee Ltd on the phone, what did he buy", "chap from Lee Ltd, what did he buy"),
        ("要看金额，不要数量", "要看金额"),
        ("你好，客户在催，麻烦看下 DD2025 到哪一步了", "麻烦看下 DD2025 到哪一步了"),
        ("老板要看数：每个大类销售额各多少", "每个大类销售额各多少"),
        ("做复盘用：今年的新客占多少比例？", "今年的新客占多少比例？"),
        ("每个月实际退款金额，财务对账用，谢谢", "每个月实际退款金额"),
        ("买过纸尿裤又买过奶粉的会员有多少个？想给她们发一波短信", "买过纸尿裤又买过奶粉的会员有多少个？"),
        ("冲锋衣哪几款库存不到10件了，我要补货", "冲锋衣哪几款库存不到10件了"),
        ("仓库这边问下，待发货的单子还有几单", "待发货的单子还有几单"),
        ("早啊，今年到现在营业额多少？开会要讲", "今年到现在营业额多少？"),
    ],
)  # fmt: skip
def test_asides_are_left_out(message: str, asked: str) -> None:
    assert without_asides(links(message)) == asked


@pytest.mark.parametrize(
    "message",
    [
        "This is about Lille. How many orders last month?",  # narrows what is asked
        "For our vinyl I would like to know the revenue",
        "for the Marseille store I'd like to know the takings",
        "We sell vinyl. How many last year?",
        "I want to write to everyone who has bought Barolo",
        "I'm preparing a mail to workshops: which of them have not ordered since June?",  # "them" are those
        "I am preparing the talks with Maison Brule: what did we sell of theirs?",
        "I am planning a talk with Hollm: what did we buy last year?",
        "Farrow here, my numbers this quarter?",  # whose numbers
        "orders by channel, without returns please send",
        "revenue 2025, not including vouchers",
        "黑胶：上个月卖了多少",
        "吉林跟云南的供应商是哪家，联系人叫啥",
        "进货(原因1)没写供应商的有几笔",
        "送过一次、两次、三次……的客户分别有多少家,只看今年",
        "今天的订单，要给客户发货的有哪些？",
        "会员有多少，要给他们发三月消费过的",
        "哪些商品，需要补货",
        "列出订单，要发货",
        "本月的订单，需要处理的",
        "有多少单，客户投诉",
        "How many customers? I'd like to contact inactive ones",
        "Number of customers; I'd like to thank repeat buyers",
        "orders, that we have put on hold",
        "how many orders in May? we're thinking of excluding gift cards",
        "for those not on the budget plan can you give the average total",
        "how many orders, evening",
        "Hi there",
        "谢谢",
        "thanks, Moira",
    ],
)
def test_what_may_narrow_a_question_stays(message: str) -> None:
    assert without_asides(links(message)) == message


@pytest.mark.parametrize(
    ("message", "named"),
    [
        ("For the newsletter, how many signed up", "newsletter"),
        ("for the campaign meeting: which coupons were used", "campaign"),
        ("活动，一共花了多少钱", "活动"),
        ("Hi Kitty, how many sold", "Kitty"),
        ("how many orders are there, quickly", "quickly"),
    ],
)
def test_what_the_shop_knows_stays(message: str, named: str) -> None:
    assert without_asides(links(message, named, kind="value")) == message
    assert without_asides(links(message)) != message


def test_a_caller_asks_for_no_customer(demo_workspace: Workspace) -> None:
    vocabulary, today = Vocabulary.build(demo_workspace), dt.date(2026, 6, 30)
    said = linked_without_asides("how many orders in May? the customer is on the phone", vocabulary, today)
    assert said.question == "how many orders in May?"
    assert all(
        m.end <= len(said.question) and said.question[m.start : m.end] == m.text for m in said.mentions
    )
