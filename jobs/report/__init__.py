"""Reports of a week or a month: jobs and checked queries that a file names; rendered, kept, searched, cited.

``described`` reads the files, ``gathering`` asks, ``sections_told`` words, ``building`` makes what is kept.
A report describes what happened in a time; it does not explain causes, and no model writes in it.
"""

from __future__ import annotations

import re

from bot.job import Claim, Job, Strength, Understood, read_cases
from jobs.report.asked import MONTH, NAME, WEEK, draw_report, find_name, run_report, tell_report

_OF_A_MONTH = re.compile(
    r"(?i)\breports?\s+(?:for|on|of|about)\s+(?:the\s+)?(?:(?:last|this|previous|past)\s+(?:month|week)|"
    r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\b|\d{4}-\d{2}\b)|月度?报(?![警修销价名失损税关])告?"
)


def claims(understood: Understood) -> Claim | None:
    """A report that is called by its name, or one of a month or week."""
    if find_name(understood.links) is not None or _OF_A_MONTH.search(understood.standalone):
        return Claim(strength=Strength.SAID, reason="cue")
    return None


job = Job(
    name="report",
    description={
        "en": "Reports of a week or month: what matters most, every figure beside earlier ones.",
        "zh": "周报、月报等报告：先说最重要的变化，每个指标都与之前对比。",
    },
    utterances={
        "en": (
            "Monthly report for last month",
            "Send me the weekly report",
            "Show me the monthly report",
            "Report for May 2026",
        ),
        "zh": ("上个月的月报", "给我看周报", "给我看月度报告", "2026年5月的月度报告"),
    },
    parameters=(NAME, MONTH, WEEK),
    claims=claims,
    run=run_report,
    tell=tell_report,
    draw=draw_report,
    texts=__package__,
    cases=read_cases(__package__),
)
