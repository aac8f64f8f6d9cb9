"""Who leaves and who buys again: each customer's probability to buy in time, what is at stake, and why."""

from __future__ import annotations

from bot.job import Job, read_cases
from jobs.churn.churn_told import draw_churn, tell_churn
from jobs.churn.churn_words import PARAMETERS, claims
from jobs.churn.churning import run_churn

job = Job(
    name="churn",
    description={
        "en": "Who is about to leave and who will buy again, and how well that was told before.",
        "zh": "哪些顾客可能流失、哪些会再次购买，附以往预测的准确程度。",
    },
    utterances={
        "en": (
            "Which customers are about to leave?",
            "Who is likely to buy again in the next 3 months?",
            "Churn risk by country",
        ),
        "zh": ("哪些顾客可能流失？", "谁会再次购买？", "按国家看流失风险"),
    },
    parameters=PARAMETERS,
    claims=claims,
    run=run_churn,
    tell=tell_churn,
    draw=draw_churn,
    needs=("customer", "order_date"),
    texts=__package__,
    cases=read_cases(__package__),
)
