"""The monthly report: a job made of checked queries; rendered, kept, searched and cited.

It describes what happened in a month; it does not explain causes, and nothing in it is written by a model.
"""

from __future__ import annotations

import re

from bot.job import Claim, Job, Strength, Understood, read_cases
from jobs.report.asked import MONTH, draw_month, report_month, tell_month

_REPORT = re.compile(
    r"(?i)\bmonthly\s+reports?\b|\breports?\s+(?:for|on|of|about)\s+(?:the\s+)?(?:(?:last|this|previous|past)\s+month|"
    r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\b|\d{4}-\d{2}\b)|月度?报(?![警修销价名失损税关])告?"
)


def claims(understood: Understood) -> Claim | None:
    """A report of a month, by that name."""
    if _REPORT.search(understood.standalone):
        return Claim(strength=Strength.SAID, reason="cue")
    return None


job = Job(
    name="report",
    description={
        "en": "The report of a month: every figure beside the month before and a year before.",
        "zh": "某个月的月度报告：每个指标都与上月和去年同月对比。",
    },
    utterances={
        "en": ("Monthly report for last month", "Show me the monthly report", "Report for May 2026"),
        "zh": ("上个月的月报", "给我看月度报告", "2026年5月的月度报告"),
    },
    parameters=(MONTH,),
    claims=claims,
    run=report_month,
    tell=tell_month,
    draw=draw_month,
    texts=__package__,
    cases=read_cases(__package__),
)
