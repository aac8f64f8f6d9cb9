"""Time between purchases: how many days pass before a customer buys again, by how many times they have."""

from __future__ import annotations

from bot.job import Job, read_cases
from jobs.order_gaps.gap_words import PARAMETERS, claims
from jobs.order_gaps.gaps import run_gaps
from jobs.order_gaps.gaps_told import draw_gaps, tell_gaps

job = Job(
    name="order_gaps",
    description={
        "en": "The time between a customer's orders: median, quartiles and the middle eighty per cent.",
        "zh": "顾客两次购买之间的时间：中位数、四分位数和中间八成的范围。",
    },
    utterances={
        "en": ("Time between orders", "How many days pass between a customer's orders?"),
        "zh": ("顾客的购买间隔", "顾客隔多少天再下单？"),
    },
    parameters=PARAMETERS,
    claims=claims,
    run=run_gaps,
    tell=tell_gaps,
    draw=draw_gaps,
    needs=("customer", "order_date"),
    texts=__package__,
    cases=read_cases(__package__),
)
