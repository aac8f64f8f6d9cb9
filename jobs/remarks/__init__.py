"""What reviews speak of, counted over all of them: aspects with praise and complaint, shares, and quotes."""

from __future__ import annotations

from bot.job import Job, read_cases
from jobs.remarks.remarks_counted import count_remarks
from jobs.remarks.remarks_told import draw_remarks, tell_remarks
from jobs.remarks.remarks_words import PARAMETERS, claims

job = Job(
    name="remarks",
    description={
        "en": "What reviews praise and complain about, counted over all of them, with the error.",
        "zh": "评价里夸什么、抱怨什么，按全部评价统计，并给出判断误差。",
    },
    utterances={
        "en": (
            "What do customers complain about most?",
            "What share of reviews mention the battery?",
            "Share of negative remarks on the zip by month",
        ),
        "zh": ("差评主要说什么？", "提到电池的评价占多少？", "大家最常抱怨什么？"),
    },
    needs=("reviews",),
    parameters=PARAMETERS,
    claims=claims,
    run=count_remarks,
    tell=tell_remarks,
    draw=draw_remarks,
    texts=__package__,
    cases=read_cases(__package__),
)
