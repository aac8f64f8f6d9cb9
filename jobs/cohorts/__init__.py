"""Retention by cohort: of the customers who first bought in a month, how many bought again, and when."""

from __future__ import annotations

from bot.job import Job, read_cases
from jobs.cohorts.cohort_words import PARAMETERS, claims
from jobs.cohorts.retention import run_cohorts
from jobs.cohorts.retention_told import draw_cohorts, tell_cohorts

job = Job(
    name="cohorts",
    description={
        "en": "Retention by cohort: how many of those who first bought in a month came back, and when.",
        "zh": "按首购月份的留存率：各月首次购买的顾客有多少再次购买，以及何时。",
    },
    utterances={
        "en": (
            "Retention by cohort",
            "How many of the customers who first bought in January came back?",
        ),
        "zh": ("按首购月份的留存率", "各月新客的复购留存"),
    },
    parameters=PARAMETERS,
    claims=claims,
    run=run_cohorts,
    tell=tell_cohorts,
    draw=draw_cohorts,
    needs=("customer", "order_date"),
    texts=__package__,
    cases=read_cases(__package__),
)
