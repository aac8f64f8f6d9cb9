"""What a question asks of fairness: what the job claims, and its parameters by words and by name."""
# ruff: noqa: E501

from __future__ import annotations

import re

from bot.job import Claim, Strength, Understood
from bot.parameters import (
    Choice,
    ColumnName,
    Duration,
    Parameter,
    Whole,
    find_ahead,
    find_grouping,
    in_words,
)
from jobs.asked_of_models import FAIR, asks_if_fair

CUE, NAME = FAIR, re.compile(r"^fairness\b")
FILLER = re.compile(
    r"(?i)^(?:please|tell|show|give|me|us|is|are|was|were|do|does|did|the|a|an|our|my|your|it|its|this|that|these|of|in|to|for|by|on|at|with|and|or|between|among|across|against|any|how|what|whether|if|all|every|each|group|groups|people|customers?|buyers?|shop"
    r"|fair\w*|unfair\w*|bias\w*|discriminat\w+|equal\w*|treat\w*|differ\w*|alike|same|accurate|often|well|models?|churn\w*|risk\w*|predict\w+|scores?|scoring|audience|vouchers?|coupons?|campaigns?|mailings?|list|select\w*|leav\w+|lapse|about|check|test|there|who|gets?|get|sent|be|being|has|have)$"
    r"|^[的了吗呢请我们给和与对是有会不各个之间看一下哪些不同按公平歧视偏见模型流失风险预测打分评名单优惠券活动选择顾客户会员客群组人是否]+$"
)
OF = Parameter(
    name="of",
    about={"en": "who is about to leave, or whom to send a campaign", "zh": "流失预测，或活动名单"},
    kind=Choice(("churn", "audience")),
    find=in_words(
        [
            (re.compile(r"(?i)\b(?:audience|vouchers?|coupons?|campaigns?|mailings?|newsletters?)\b|名单|优惠券|活动|红包"), "audience"),
            (re.compile(r"(?i)\b(?:churn\w*|risk\w*|leav\w+|lapse)\b|流失|风险"), "churn"),
        ]
    ),
)  # fmt: skip
BY = Parameter(
    name="by",
    about={
        "en": "groups by this column; else by each that customers have",
        "zh": "按这一列分组；不说则逐列查看",
    },
    kind=ColumnName(),
    find=find_grouping,
)
HORIZON = Parameter(
    name="horizon",
    about={"en": "bought again within this time, or gone", "zh": "这段时间内是否再次购买"},
    kind=Duration(366),
    find=find_ahead,
)
SHARE = Parameter(
    name="share",
    about={"en": "of a hundred customers, how many are told to be at risk, or stand on the list", "zh": "每百位顾客中视为有风险或列入名单的人数"},
    kind=Whole(1, 50),
    find=in_words([(re.compile(r"(?i)\b(?:top|riskiest|worst)\s+(\d{1,2})\s?(?:%|per\s?cent)"), r"\1"), (re.compile(r"(?:最危险|风险最高)的?(?:前)?(\d{1,2})\s?[%％]"), r"\1")]),
)  # fmt: skip
MARGIN = Parameter(
    name="margin",
    about={"en": "points of per cent within which groups may differ", "zh": "各组可以相差的百分点"},
    kind=Whole(0, 50),
    find=in_words([(re.compile(r"(?i)\b(?:margin|tolerance)\s+(?:of\s+)?(\d{1,2})\b"), r"\1"), (re.compile(r"(?:容许|允许)(?:相差)?(\d{1,2})个?(?:百分)?点"), r"\1")]),
)  # fmt: skip
LEAST = Parameter(
    name="least",
    about={"en": "customers of the smallest group that is compared", "zh": "参与比较的最小一组的人数"},
    kind=Whole(20, 100_000),
    find=in_words([(re.compile(r"(?i)\bgroups?\s+of\s+(?:at\s+least\s+)?(\d{2,6})\b"), r"\1"), (re.compile(r"(?:至少|不少于)(\d{2,6})[人位]"), r"\1")]),
)  # fmt: skip
PARAMETERS = (OF, BY, HORIZON, SHARE, MARGIN, LEAST)


def claims(understood: Understood) -> Claim | None:
    """What asks whether a model that scores people treats groups alike."""
    if not asks_if_fair(understood.standalone):
        return None
    return Claim(strength=Strength.SAID, reason="cue")
