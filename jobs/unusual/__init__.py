"""What moved that should not have: metrics and their parts, each against its own past, by day or by week."""

from __future__ import annotations

from bot.job import Job, read_cases
from jobs.unusual.looking import run_unusual
from jobs.unusual.unusual_told import draw_unusual, tell_unusual
from jobs.unusual.unusual_words import PARAMETERS, claims

job = Job(
    name="unusual",
    description={
        "en": "What was unusual: figures off their usual course, since when, by how much, what carries it.",
        "zh": "哪里不正常：哪些数字偏离了常态、从何时起、偏离多少、由什么引起变动。",
    },
    utterances={
        "en": ("Anything unusual last month?", "Any anomalies in orders by country?"),
        "zh": ("上个月有什么异常？", "最近有什么不正常的？"),
    },
    parameters=PARAMETERS,
    claims=claims,
    run=run_unusual,
    tell=tell_unusual,
    draw=draw_unusual,
    texts=__package__,
    cases=read_cases(__package__),
)
