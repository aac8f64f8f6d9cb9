"""Whether models that score people treat groups of them alike: who is selected, and where it errs."""

from __future__ import annotations

from bot.job import Job, read_cases
from jobs.fairness.fairness_told import draw_fairness, tell_fairness
from jobs.fairness.fairness_words import PARAMETERS, claims
from jobs.fairness.group_counts import run_fairness

job = Job(
    name="fairness",
    description={
        "en": "Whether churn and campaign lists treat groups of customers alike, with intervals.",
        "zh": "流失预测和活动名单对各组顾客是否一视同仁，附区间。",
    },
    utterances={
        "en": ("Is the churn model fair by country?", "Is the campaign audience biased?"),
        "zh": ("流失模型对各国顾客公平吗？", "活动名单有没有偏见？"),
    },
    parameters=PARAMETERS,
    claims=claims,
    run=run_fairness,
    tell=tell_fairness,
    draw=draw_fairness,
    needs=("customer", "order_date"),
    texts=__package__,
    cases=read_cases(__package__),
)
