"""A reply to a customer: drafted from the shop's own sentences and an order's facts, each with its source."""

from __future__ import annotations

from bot.job import Job, read_cases
from jobs.reply.reply_making import run_reply
from jobs.reply.reply_told import tell_reply
from jobs.reply.reply_words import NAME, PARAMETERS, claims, follow, picks_up

job = Job(
    name=NAME,
    description={
        "en": "A reply to a customer's letter, drafted from the shop's macros and the order's facts.",
        "zh": "根据店铺的话术和订单事实，为顾客来信起草回复。",
    },
    utterances={
        "en": ("Draft a reply", "Answer this letter: Hello, where is my order 1042?", "Reply in German"),
        "zh": ("写一个回复", "帮我回复这位客户", "回复这封信：我的订单1042到哪了？"),
    },
    parameters=PARAMETERS,
    claims=claims,
    follow=follow,
    picks_up=picks_up,
    run=run_reply,
    tell=tell_reply,
    draw=lambda evidence, shop, language: None,
    needs=("order",),
    texts=("jobs.order_card", __package__),
    cases=read_cases(__package__),
)
