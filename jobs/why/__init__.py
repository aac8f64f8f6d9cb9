"""Why a figure rose or fell: what carries the change, what came before it, and what customers write of it."""

from __future__ import annotations

from bot.job import Job, read_cases
from jobs.why.explaining import run_why
from jobs.why.why_told import draw_why, tell_why
from jobs.why.why_words import PARAMETERS, claims

job = Job(
    name="why",
    description={
        "en": "Why a figure rose or fell: which parts carry the change, and what came before it.",
        "zh": "某个数字为什么上升或下降：变化来自哪些部分，此前发生了什么。",
    },
    utterances={
        "en": ("Why did revenue drop last month?", "What drove the change in orders last month?"),
        "zh": ("上个月销售额为什么下降了？", "退货率为什么上升？"),
    },
    parameters=PARAMETERS,
    claims=claims,
    run=run_why,
    tell=tell_why,
    draw=draw_why,
    texts=__package__,
    cases=read_cases(__package__),
)
