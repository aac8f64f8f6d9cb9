"""The card of one order, also of one that a customer's letter is about: what a service desk asks first."""

from __future__ import annotations

from bot.job import Job, read_cases
from jobs.order_card.order_facts import run_cards
from jobs.order_card.order_told import tell_cards
from jobs.order_card.order_words import PARAMETERS, claims, follow

job = Job(
    name="order_card",
    description={
        "en": "The card of an order: items, state, when it comes, payments, tickets; also for a letter.",
        "zh": "订单卡片：商品、状态、何时送达、付款、退货和工单；也可以直接粘贴顾客的来信。",
    },
    utterances={
        "en": ("What's happening with an order?", "Where is order 1042?", "When will order 1042 arrive?"),
        "zh": ("查一下某个订单", "订单1042怎么样了", "订单1042什么时候到？"),
    },
    parameters=PARAMETERS,
    claims=claims,
    follow=follow,
    run=run_cards,
    tell=tell_cards,
    draw=lambda evidence, shop, language: None,
    needs=("order",),
    texts=__package__,
    cases=read_cases(__package__),
)
