"""The card of one customer: since when, orders, value so far and ahead, rhythm, interests, what is open."""

from __future__ import annotations

from bot.job import Job, read_cases
from jobs.customer_card.customer_facts import run_card
from jobs.customer_card.customer_told import tell_card
from jobs.customer_card.customer_words import PARAMETERS, claims, follow

job = Job(
    name="customer_card",
    description={
        "en": "The card of a customer: orders, value now and ahead, rhythm, interests, returns, tickets.",
        "zh": "顾客卡片：订单、迄今和预期的价值、购买节奏、兴趣、退货和工单。",
    },
    utterances={
        "en": ("Who is customer 1042?", "Tell me about customer 1042", "Customer card for 1042"),
        "zh": ("客户1042的情况", "这位顾客是谁", "查一下顾客1042"),
    },
    parameters=PARAMETERS,
    claims=claims,
    follow=follow,
    run=run_card,
    tell=tell_card,
    draw=lambda evidence, shop, language: None,
    needs=("customer", "order_date"),
    texts=__package__,
    cases=read_cases(__package__),
)
