"""A rule in words for the watch: read, shown back with how often it would have told, and kept if wished."""

from __future__ import annotations

from bot.job import Job, read_cases
from jobs.alert.alert_told import draw_alert, tell_alert
from jobs.alert.alert_words import PARAMETERS, claims, follow
from jobs.alert.alerting import run_alert

job = Job(
    name="alert",
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
    run=run_alert,
    tell=tell_alert,
    draw=draw_alert,
    texts=__package__,
    cases=read_cases(__package__),
)
