"""Campaigns: were they worth it, who should get the next, how to split a budget, would a switch pay."""

from __future__ import annotations

from bot.job import Job, read_cases
from jobs.campaign.campaign_told import draw_campaign, tell_campaign
from jobs.campaign.campaign_words import PARAMETERS, claims
from jobs.campaign.campaigning import run_campaign

job = Job(
    name="campaign",
    description={
        "en": "Whether campaigns were worth it, who should get the next one, and how to split a budget.",
        "zh": "活动是否划算、下次该发给谁、预算怎么分。",
    },
    utterances={
        "en": (
            "Who should get the next voucher?",
            "Which campaign worked best?",
            "How should I split 5000 between the channels?",
        ),
        "zh": ("优惠券应该发给谁？", "哪个活动效果最好？", "5000预算怎么分？"),
    },
    parameters=PARAMETERS,
    claims=claims,
    run=run_campaign,
    tell=tell_campaign,
    draw=draw_campaign,
    needs=("order_date",),
    texts=__package__,
    cases=read_cases(__package__),
)
