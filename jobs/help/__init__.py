"""What can be asked here: the shop's views, metrics and examples, its jobs, and what the role may not see."""
# ruff: noqa: E501

from __future__ import annotations

import re

from bot.job import Claim, Job, Strength, Understood, read_cases
from jobs.help.overview import tell_overview, what_there_is
from sql.question.answerable import names_figures

_HELLO = re.compile(
    r"(?ix)^\W*(?:hello|hi|hey|good\ (?:morning|afternoon|evening)|help(?:\ me)?|\?|start)\b[\s\w]{0,12}\W*$"
    r"|^\W*(?:你好|您好|嗨|早上好|下午好|晚上好|帮助|帮帮我|使用说明)\W*$"
    r"|\bwhat\ (?:can|could)\ (?:you\ do|i\ ask|you\ (?:answer|tell\ me))|\bwho\ are\ you\b|\bhow\ do(?:es)?\ (?:you|this)\ work\b"
    r"|\bwhat\ (?:kind\ of\ |sort\ of\ )?(?:data|questions|tables|views|metrics)\ (?:do\ you\ (?:have|know|answer)|are\ there|is\ there|can)"
    r"|(?:你|您)(?:能|可以|会)(?:做|干|回答|帮我做)?(?:什么|些什么|哪些)|你是谁|(?:有|可以问)(?:哪些|什么)(?:数据|问题|指标|表)\W*$|怎么(?:用|使用)(?:你|这个)?\W*$"
)


def claims(understood: Understood) -> Claim:
    """Greetings, and what asks for help; a greeting before a question is none."""
    if _HELLO.search(understood.standalone) and not names_figures(understood.links):
        return Claim(strength=Strength.SAID, reason="cue")
    return Claim(strength=Strength.POSSIBLE)


job = Job(
    name="help",
    description={
        "en": "What can be asked here, with examples, and what the role may not see.",
        "zh": "这里可以问什么、有哪些例子，以及角色看不到什么。",
    },
    utterances={
        "en": (
            "Help",
            "What can you do?",
            "What data do you have?",
            "Hello",
            "Which questions can I ask?",
            "Who are you?",
        ),
        "zh": ("帮助", "你能做什么？", "有哪些数据？", "你好", "你是谁？"),
    },
    claims=claims,
    run=what_there_is,
    tell=tell_overview,
    draw=lambda evidence, shop, language: None,
    texts=__package__,
    is_offered=False,
    cases=read_cases(__package__),
)
