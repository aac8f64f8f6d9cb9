"""A rule in words for the watch: read, shown back with how often it would have told, and kept if wished."""

from __future__ import annotations

from bot.job import Job, read_cases
from jobs.notify.notify_told import draw_notify, tell_notify
from jobs.notify.notify_words import PARAMETERS, claims, follow
from jobs.notify.notifying import run_notify

job = Job(
    name="notify",
    description={
        "en": "A rule in words, by which you are told when a figure falls, rises or doubles.",
        "zh": "一条用文字写的规则：某个数字下降、上升或翻倍时提醒您。",
    },
    utterances={
        "en": ("Tell me when the return rate of any product doubles", "Alert me when revenue is under 1,000"),
        "zh": ("退货率翻倍时告诉我", "当日销售额低于一千提醒我"),
    },
    parameters=PARAMETERS,
    claims=claims,
    follow=follow,
    run=run_notify,
    tell=tell_notify,
    draw=draw_notify,
    texts=__package__,
    cases=read_cases(__package__),
)
