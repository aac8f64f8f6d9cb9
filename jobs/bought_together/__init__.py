"""What is bought together: pairs of products, by how surely they share more orders than chance gives them."""

from __future__ import annotations

from bot.job import Job, read_cases
from jobs.bought_together.pair_words import PARAMETERS, claims
from jobs.bought_together.pairs import run_pairs
from jobs.bought_together.pairs_told import draw_pairs, tell_pairs

job = Job(
    name="bought_together",
    description={
        "en": "Which products are bought together more often than chance would have it.",
        "zh": "哪些商品常一起买，且多于偶然。",
    },
    utterances={
        "en": ("Which products are bought together?", "Customers who bought this also bought"),
        "zh": ("哪些商品常一起买？", "买了这个的顾客还买了什么？"),
    },
    parameters=PARAMETERS,
    claims=claims,
    run=run_pairs,
    tell=tell_pairs,
    draw=draw_pairs,
    needs=("order", "product"),
    texts=__package__,
    cases=read_cases(__package__),
)
