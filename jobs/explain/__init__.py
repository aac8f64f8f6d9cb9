"""Why a model says what it says: what each part adds to its result, exactly, in words and as a picture."""

from __future__ import annotations

from bot.job import Job, read_cases
from jobs.explain.explain_told import draw_explained, tell_explained
from jobs.explain.explain_words import PARAMETERS, claims, follow, picks_up
from jobs.explain.taking_apart import run_explain

job = Job(
    name="explain",
    description={
        "en": "Why a model says so of a customer, a price or a forecast: what each part adds, exactly.",
        "zh": "模型为什么这样判断一位顾客、一个价格或一个预测：每个部分各增减多少。",
    },
    utterances={
        "en": ("Why is customer 1042 at risk?", "Explain the forecast of revenue"),
        "zh": ("顾客1042为什么可能流失？", "为什么预测会下降？"),
    },
    parameters=PARAMETERS,
    claims=claims,
    follow=follow,
    picks_up=picks_up,
    run=run_explain,
    tell=tell_explained,
    draw=draw_explained,
    texts=__package__,
    cases=read_cases(__package__),
)
