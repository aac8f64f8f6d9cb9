"""What to order and when: order points, days that stock lasts, dead stock, and what its absence cost."""

from __future__ import annotations

from bot.job import Job, read_cases
from jobs.stock_advice.advising import run_stock
from jobs.stock_advice.stock_told import draw_stock, tell_stock
from jobs.stock_advice.stock_words import PARAMETERS, claims

job = Job(
    name="stock",
    description={
        "en": "What to reorder and how much, how long stock lasts, dead stock, and what stock-outs cost.",
        "zh": "该补什么货、补多少，库存还能撑多久，滞销品，以及断货的损失。",
    },
    utterances={
        "en": (
            "What should I reorder?",
            "Which products will run out in the next two weeks?",
            "Dead stock by category",
            "What did the stock-outs of last quarter cost?",
        ),
        "zh": ("哪些商品要补货？", "库存还能撑多久？", "滞销品有哪些？", "上季度断货损失了多少？"),
    },
    parameters=PARAMETERS,
    claims=claims,
    run=run_stock,
    tell=tell_stock,
    draw=draw_stock,
    needs=("on_hand", "product", "order_date", "quantity"),
    texts=__package__,
    cases=read_cases(__package__),
)
